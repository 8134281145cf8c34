/* Wiping, and masks that the compiler cannot turn back into branches. */
#ifndef SPHINX_CONSTANT_TIME_H
#define SPHINX_CONSTANT_TIME_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Hides where a value came from, so that no later use of it becomes a branch. */
static inline uint64_t ct_hide(uint64_t v) {
  __asm__("" : "+r"(v));
  return v;
}

/* All ones if the two byte strings are equal, else zero. */
static inline uint64_t ct_equal(const uint8_t *a, const uint8_t *b, size_t n) {
  uint64_t difference = 0;
  for (size_t i = 0; i < n; i++) difference |= (uint64_t)(a[i] ^ b[i]);
  return ct_hide((difference - 1) >> 63) * UINT64_MAX;
}

/* Says that bytes are public from here on. Nothing in a build; tests/ct defines it, and finds
 * every branch and address that depends on bytes of which this was not said. */
#ifndef SPHINX_DECLASSIFY
#define SPHINX_DECLASSIFY(p, size) ((void)0)
#endif

/* memset to zero that is never optimised away. */
static inline void wipe(void *p, size_t n) {
  memset(p, 0, n);
  __asm__ volatile("" : : "r"(p) : "memory");
}

#endif
