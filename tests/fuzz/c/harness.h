/* What the libFuzzer harnesses have in common: an input that is taken apart, memory of exact sizes,
 * and the backends that this CPU runs. The first backend of a comparison is the portable one. */
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

#define MAX_BACKENDS 8

static void require(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "fuzz: %s\n", what);
  abort();
}

/* malloc, never NULL; the bytes are not initialised, and MemorySanitizer knows. */
static void *allocate(size_t size) {
  void *p = malloc(size ? size : 1);
  require(p != NULL, "no memory");
  return p;
}

static inline void *zeros(size_t size) {
  void *p = allocate(size);
  memset(p, 0, size);
  return p;
}

typedef struct {
  const uint8_t *data;
  size_t size;
} input;

/* The next byte; zero where there is none. */
static unsigned next(input *in) {
  if (in->size == 0) return 0;
  in->size--;
  return *in->data++;
}

static unsigned next2(input *in) {
  const unsigned high = next(in);
  return high << 8 | next(in);
}

/* Bytes that look random, and follow from `seed`; or all alike for the last seeds. */
static void fill(uint8_t *p, size_t size, unsigned seed) {
  uint64_t state = 0x9e3779b97f4a7c15 * (seed + 1);
  for (size_t i = 0; i < size; i++) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    p[i] = seed == 254 ? 0 : seed == 255 ? 255 : (uint8_t)(state >> 32);
  }
}

/* The backends for this CPU, each once with everything it has and once without the features of
 * `without`, so that all kernels have their turn. Returns how many there are. */
static size_t make_backends(sphinx_backend *backends, uint32_t without) {
  const uint32_t cpu = sphinx_cpu_features();
  sphinx_backend b;
  size_t n = 1;
  for (size_t i = 0; sphinx_backend_name(i); i++) {
    if (sphinx_backend_make(&b, i, cpu)) continue;
    if (b.required == 0) {
      backends[0] = b;
      continue;
    }
    backends[n++] = b;
    if (!sphinx_backend_make(&b, i, cpu & (~without | b.required))) backends[n++] = b;
  }
  return n;
}

/* Says which kernels will run. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  sphinx_backend b;
  (void)argc, (void)argv;
  for (size_t i = 0; sphinx_backend_name(i); i++) {
    if (sphinx_backend_make(&b, i, sphinx_cpu_features())) {
      printf("fuzz: %s: not run, this CPU lacks its instructions\n", sphinx_backend_name(i));
      continue;
    }
    printf("fuzz: %s: %s, %s, %s, %s, %s\n", b.name, b.x25519->kernel.name, b.sha256->kernel.name,
           b.aes128->kernel.name, b.chacha20->kernel.name, b.blake2b->kernel.name);
  }
  fflush(stdout);
  return 0;
}

#endif
