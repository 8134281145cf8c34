/* SHA-256 compression (FIPS 180-4, section 6.2.2) with AVX2: eight rows side by side, one per 32-bit
 * lane. It is for CPUs without the SHA instructions.
 *
 * A vector holds a working variable, or a word of the message schedule, of all eight rows. A single
 * row goes to the portable kernel, which is faster than eight lanes of which one is wanted. */
#include <immintrin.h>

#include "kernels.h"
#include "sha256_constants.h"

#define LANES 8
#define BLOCK 64
#define INLINE static inline __attribute__((always_inline))

extern const sphinx_sha256_kernel sphinx_portable_sha256;

typedef uint32_t words __attribute__((vector_size(32)));

INLINE words splat(uint32_t x) { return (words)_mm256_set1_epi32((int)x); }
INLINE words load(const void *p) { return (words)_mm256_loadu_si256((const __m256i *)p); }
INLINE void store(void *p, words v) { _mm256_storeu_si256((__m256i *)p, (__m256i)v); }

INLINE words rotate(words x, int n) { return x >> n | x << (32 - n); }

/* Transposes 8 x 8 words. Word i of row r is written ri:
 *
 *   00 01 02 ... 07      00 10 01 11 04 14 05 15      00 10 20 30 04 14 24 34      00 10 20 ... 70
 *   10 11 12 ... 17  ->  02 12 03 13 06 16 07 17  ->  01 11 21 31 05 15 25 35  ->  01 11 21 ... 71
 *   20 21 22 ... 27      20 30 21 31 24 34 25 35      ...                          ...
 *   ...                  ...                          40 50 60 70 44 54 64 74      07 17 27 ... 77 */
INLINE void transpose(words v[LANES]) {
  __m256i w[LANES];
  for (int i = 0; i < LANES; i += 2) {
    w[i] = _mm256_unpacklo_epi32((__m256i)v[i], (__m256i)v[i + 1]);
    w[i + 1] = _mm256_unpackhi_epi32((__m256i)v[i], (__m256i)v[i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    __m256i a = _mm256_unpacklo_epi64(w[i], w[i + 2]), b = _mm256_unpackhi_epi64(w[i], w[i + 2]);
    __m256i c = _mm256_unpacklo_epi64(w[i + 4], w[i + 6]), d = _mm256_unpackhi_epi64(w[i + 4], w[i + 6]);
    v[2 * i] = (words)_mm256_permute2x128_si256(a, c, 0x20);
    v[2 * i + 1] = (words)_mm256_permute2x128_si256(b, d, 0x20);
    v[2 * i + 4] = (words)_mm256_permute2x128_si256(a, c, 0x31);
    v[2 * i + 5] = (words)_mm256_permute2x128_si256(b, d, 0x31);
  }
}

/* Words 0 to 15 of the schedule, from one block of each row at `offset`. */
INLINE void load_blocks(words w[16], const uint8_t *const rows[LANES], size_t offset) {
  const __m256i big_endian = _mm256_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1,
                                              0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
  for (int half = 0; half < 16; half += LANES) {
    for (int i = 0; i < LANES; i++) w[half + i] = load(rows[i] + offset + 4 * half);
    transpose(w + half);
  }
  for (int i = 0; i < 16; i++) w[i] = (words)_mm256_shuffle_epi8((__m256i)w[i], big_endian);
}

/* Word i of the schedule, 16 further on than the one it replaces. */
INLINE words expand(const words w[16], int i) {
  words x = w[(i + 1) % 16], y = w[(i + 14) % 16];
  return w[i] + w[(i + 9) % 16] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
         (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
}

/* Round t + i, after which word i of the schedule is replaced. v[-i % 8] is the variable a: instead of
 * moving the variables along, the rounds name them in rotated order. Maj(a, b, c) is
 * b ^ ((a ^ b) & (b ^ c)), and this round's a ^ b is the next one's b ^ c. */
INLINE void round_of(words v[8], words *bc, words w[16], int t, int i) {
#define V(k) v[(k - i + 16) % 8]
  const words a = V(0), b = V(1), e = V(4), f = V(5), g = V(6);
  words sum = V(7) + splat(K[t + i]) + w[i] + (g ^ (e & (f ^ g)));
  sum += rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
  const words ab = a ^ b;
  V(3) += sum;
  V(7) = sum + (b ^ (ab & *bc)) + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22));
  *bc = ab;
#undef V
  if (t < 48) w[i] = expand(w, i);
}

/* rows <= LANES rows; the lanes beyond repeat the last one. */
static void compress_rows(uint32_t (*states)[8], const uint8_t *const *data, size_t blocks, size_t rows) {
  const uint8_t *row[LANES];
  words state[8], w[16];
  for (size_t i = 0; i < LANES; i++) {
    row[i] = data[i < rows ? i : rows - 1];
    state[i] = load(states[i < rows ? i : rows - 1]);
  }
  transpose(state);
  for (size_t block = 0; block < blocks; block++) {
    words v[8], bc = state[1] ^ state[2];
    load_blocks(w, row, BLOCK * block);
    for (int i = 0; i < 8; i++) v[i] = state[i];
    for (int t = 0; t < 64; t += 16) {
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++) round_of(v, &bc, w, t, i);
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
  }
  transpose(state);
  for (size_t i = 0; i < rows; i++) store(states[i], state[i]);
}

static void compress(uint32_t (*states)[8], const uint8_t *const *data, size_t blocks, size_t n) {
  for (size_t i = 0; i < n; i += LANES) {
    size_t rows = n - i < LANES ? n - i : LANES;
    if (rows == 1) {
      sphinx_portable_sha256.compress(states + i, data + i, blocks, 1);
    } else {
      compress_rows(states + i, data + i, blocks, rows);
    }
  }
}

const sphinx_sha256_kernel sphinx_avx2_sha256 = {{"avx2", CPU_AVX2 | CPU_BMI2, 5, LANES}, compress};
