/* One addition after the other, each waiting for the one before: one core cycle each, on every
 * CPU that this is run on. Adding a register, since some CPUs add small constants for nothing. */
#include <stdint.h>

#define ADD(x, y) \
  x += y;         \
  __asm__ volatile("" : "+r"(x))
#define ADD_4(x, y) ADD(x, y); ADD(x, y); ADD(x, y); ADD(x, y)
#define ADD_16(x, y) ADD_4(x, y); ADD_4(x, y); ADD_4(x, y); ADD_4(x, y)

/* Does 64 n additions. */
uint64_t dependent_adds(uint64_t n) {
  uint64_t x = 0, y = 1;
  __asm__ volatile("" : "+r"(y));
  while (n--) {
    ADD_16(x, y); ADD_16(x, y); ADD_16(x, y); ADD_16(x, y);
  }
  return x;
}
