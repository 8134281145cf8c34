/* Whether the time of a kernel depends on secrets, in the manner of dudect (Reparaz, Balasch and
 * Verbauwhede 2017): two classes of secrets, fixed ones and random ones, timed in random order,
 * and Welch's t of the two samples. timing.py builds and starts this.
 *
 * timing MILLIONS       all kernels that Valgrind cannot run and this CPU can;
 * timing MILLIONS NAME  those whose names begin so; `leaky` leaks, and must be found.
 *
 * Prints a line per kernel: name, samples, mean cycles of the time-stamp counter, the largest |t|
 * over all croppings, and which one that is. Exits with 1 where it is LIMIT or more. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "kernels.h"

#define LIMIT 4.5
#define ROWS 16
#define WARM_UP 1000

extern const sphinx_x25519_kernel sphinx_ifma_x25519;
extern const sphinx_sha256_kernel sphinx_shani_sha256, sphinx_avx512_sha256;
extern const sphinx_aes128_kernel sphinx_vaes_aes128;
extern const sphinx_chacha20_kernel sphinx_avx512_chacha20;
extern const sphinx_blake2b_kernel sphinx_avx512_blake2b;

/* xoshiro256**, seeded by the time-stamp counter. */
static uint64_t state[4];

static uint64_t random64(void) {
  const uint64_t x = state[1] * 5, result = (x << 7 | x >> 57) * 9, t = state[1] << 17;
  state[2] ^= state[0], state[3] ^= state[1], state[1] ^= state[2], state[0] ^= state[3];
  state[2] ^= t;
  state[3] = state[3] << 45 | state[3] >> 19;
  return result;
}

/* A secret of every row: key, scalar, state or message. */
typedef uint8_t secrets[ROWS][64];

static secrets now, fixed;
static uint8_t points[ROWS][32], data[ROWS][512], results[ROWS][512],
    combs[1 << 15] __attribute__((aligned(COMB_ALIGNMENT)));
static const uint8_t *secret_rows[ROWS], *point_rows[ROWS], *data_rows[ROWS];
static uint8_t *out[ROWS];

static void multiply(void) { sphinx_ifma_x25519.multiply(out, secret_rows, point_rows, 8); }
static void multiply_base(void) { sphinx_ifma_x25519.multiply_base(out, secret_rows, 8); }
static void multiply_combs(void) { sphinx_ifma_x25519.multiply_combs(out, secret_rows, combs, 8); }
static void sha256_avx512(void) {
  static uint32_t states[ROWS][8];
  sphinx_avx512_sha256.compress(states, secret_rows, 1, 7);
}
static void sha256_shani(void) {
  static uint32_t states[ROWS][8];
  sphinx_shani_sha256.compress(states, secret_rows, 1, 3);
}
static void aes128_keys(void) { sphinx_vaes_aes128.ctr(out, data_rows, 376, secret_rows, NULL, 4); }
static void aes128_data(void) { sphinx_vaes_aes128.ctr(out, secret_rows, 64, data_rows, NULL, 4); }
static void chacha20_keys(void) { sphinx_avx512_chacha20.crypt(out, data_rows, 64, secret_rows, NULL, 16); }
static void chacha20_one(void) { sphinx_avx512_chacha20.crypt(out, data_rows, 512, secret_rows, NULL, 1); }
static void blake2b_keys(void) { sphinx_avx512_blake2b.hash(out, 32, data_rows, 300, secret_rows, 64, 8); }
static void blake2b_data(void) { sphinx_avx512_blake2b.hash(out, 32, secret_rows, 64, NULL, 0, 8); }

/* A few steps more if a bit is set that half of the random secrets have. */
static void leaky(void) {
  volatile uint32_t steps = 0;
  for (uint32_t i = 0; i < 16u + 4u * (now[0][8] & 1u); i++) steps = steps + 1;
}

typedef struct {
  const char *name;
  uint32_t required;
  void (*run)(void);
} target;

#define AVX512 (CPU_AVX512 | CPU_BMI2)
static const target TARGETS[] = {
    {"ifma_x25519 multiply", AVX512 | CPU_IFMA, multiply},
    {"ifma_x25519 multiply_base", AVX512 | CPU_IFMA, multiply_base},
    {"ifma_x25519 multiply_combs", AVX512 | CPU_IFMA, multiply_combs},
    {"avx512_sha256 compress", AVX512 | CPU_SHANI, sha256_avx512},
    {"shani_sha256 compress", CPU_SHANI, sha256_shani},
    {"vaes_aes128 ctr, keys", AVX512 | CPU_VAES | CPU_AESNI, aes128_keys},
    {"vaes_aes128 ctr, data", AVX512 | CPU_VAES | CPU_AESNI, aes128_data},
    {"avx512_chacha20 crypt, 16 rows", AVX512, chacha20_keys},
    {"avx512_chacha20 crypt, 1 row", AVX512, chacha20_one},
    {"avx512_blake2b hash, keys", AVX512 | CPU_AVX2, blake2b_keys},
    {"avx512_blake2b hash, data", AVX512 | CPU_AVX2, blake2b_data},
    {"leaky loop", 0, leaky}, /* the last one, and only where it is asked for */
};

/* Draws a class, 1 for random secrets, and makes the secrets, with the same work for both. Scalars
 * are the first 32 bytes: multiples of 8 below 2^255. */
static int draw(void) {
  const uint64_t is_random = random64() >> 63;
  const uint64_t mask = -is_random;
  uint64_t *to = (uint64_t *)now;
  const uint64_t *from = (const uint64_t *)fixed;
  for (size_t i = 0; i < sizeof now / 8; i++) {
    uint64_t drawn = random64();
    if (i % 8 == 0) drawn &= ~UINT64_C(7);
    if (i % 8 == 3) drawn = (drawn & (UINT64_MAX >> 1)) | UINT64_C(1) << 62;
    to[i] = (drawn & mask) | (from[i] & ~mask);
  }
  return (int)is_random;
}

static uint64_t measure(void (*run)(void)) {
  unsigned core;
  _mm_lfence();
  const uint64_t start = __rdtsc();
  _mm_lfence();
  run();
  const uint64_t stop = __rdtscp(&core);
  _mm_lfence();
  return stop - start;
}

/* Welch's t of the samples below a limit. */
static double welch(const uint64_t *times, const uint8_t *classes, size_t n, uint64_t limit) {
  double count[2] = {0, 0}, mean[2] = {0, 0}, squares[2] = {0, 0};
  for (size_t i = 0; i < n; i++) {
    const int c = classes[i];
    if (times[i] >= limit) continue;
    const double difference = (double)times[i] - mean[c];
    count[c]++;
    mean[c] += difference / count[c];
    squares[c] += difference * ((double)times[i] - mean[c]);
  }
  if (count[0] < 100 || count[1] < 100) return 0;
  const double error = squares[0] / (count[0] - 1) / count[0] + squares[1] / (count[1] - 1) / count[1];
  return error > 0 ? (mean[0] - mean[1]) / sqrt(error) : mean[0] == mean[1] ? 0 : INFINITY;
}

static int by_size(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* Whole, and without what is above a percentile of both classes together: interrupts. */
static int test(const target *t, size_t n) {
  static const double PERCENTILES[] = {100, 99.9, 99, 95, 90, 75, 50, 25};
  uint64_t *times = malloc(n * sizeof *times), *sorted = malloc(n * sizeof *sorted);
  uint8_t *classes = malloc(n);
  double largest = 0, mean = 0, at = 100;
  if (!times || !sorted || !classes) return fprintf(stderr, "timing: no memory\n"), 1;
  for (size_t i = 0; i < WARM_UP; i++) {
    draw();
    measure(t->run);
  }
  for (size_t i = 0; i < n; i++) {
    classes[i] = (uint8_t)draw();
    times[i] = measure(t->run);
    mean += (double)times[i] / (double)n;
  }
  memcpy(sorted, times, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, by_size);
  for (size_t i = 0; i < sizeof PERCENTILES / sizeof *PERCENTILES; i++) {
    const size_t rank = (size_t)((double)n * PERCENTILES[i] / 100);
    const double found = fabs(welch(times, classes, n, rank < n ? sorted[rank] : UINT64_MAX));
    if (found <= largest) continue;
    largest = found;
    at = PERCENTILES[i];
  }
  printf("%-32s %9zu samples  mean %7.0f  |t| %6.2f below percentile %g%s\n", t->name, n, mean, largest, at,
         largest < LIMIT ? "" : "  DEPENDS ON SECRETS");
  fflush(stdout);
  free(times), free(sorted), free(classes);
  return largest >= LIMIT;
}

int main(int argc, char **argv) {
  const double millions = argc > 1 ? atof(argv[1]) : 1;
  const size_t n = (size_t)(1e6 * millions);
  const uint32_t cpu = sphinx_cpu_features();
  int failed = 0;
  if (n < 1000) return fprintf(stderr, "timing: how many millions of samples?\n"), 2;
  for (size_t i = 0; i < 4; i++) state[i] = __rdtsc() * UINT64_C(0x9e3779b97f4a7c15) + i;
  for (size_t i = 0; i < 100; i++) random64();
  for (size_t i = 0; i < ROWS; i++) {
    secret_rows[i] = now[i];
    point_rows[i] = points[i];
    data_rows[i] = data[i];
    out[i] = results[i];
    points[i][0] = 9;
    fixed[i][31] = 0x40; /* the scalar 2^254, otherwise zeros: as far from random as can be */
    for (size_t j = 0; j < sizeof data[i]; j++) data[i][j] = (uint8_t)random64();
  }
  if (!(sphinx_ifma_x25519.kernel.required & ~cpu)) {
    if (sphinx_ifma_x25519.comb_size > sizeof combs)
      return fprintf(stderr, "timing: combs are too large\n"), 2;
    sphinx_ifma_x25519.make_combs(combs, point_rows, 8);
  }
  const char *wanted = argc > 2 ? argv[2] : "";
  const size_t count = sizeof TARGETS / sizeof *TARGETS - !*wanted;
  for (size_t i = 0; i < count; i++) {
    if (strncmp(TARGETS[i].name, wanted, strlen(wanted)) != 0) continue;
    if (TARGETS[i].required & ~cpu) {
      printf("%-32s not run: this CPU lacks its instructions\n", TARGETS[i].name);
    } else {
      failed |= test(&TARGETS[i], n);
    }
  }
  return failed;
}
