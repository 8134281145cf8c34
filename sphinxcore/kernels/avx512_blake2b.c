/* Keyed BLAKE2b (RFC 7693, sections 3.1 to 3.3) with AVX-512: eight rows side by side, one per
 * 64-bit lane.
 *
 * A vector holds one word of the state or of the message block of all eight rows. The 32 words
 * fill the registers. Four rows or fewer go to the kernel with four lanes. */
#include <immintrin.h>

#include "blake2b_rounds.h"
#include "kernels.h"

#define LANES 8
#define BLOCK 128
#define HALF 64

extern const sphinx_blake2b_kernel sphinx_avx2_blake2b;

static inline __m512i splat(uint64_t x) { return _mm512_set1_epi64((long long)x); }
static inline __m512i add(__m512i a, __m512i b) { return _mm512_add_epi64(a, b); }
static inline __m512i xor(__m512i a, __m512i b) { return _mm512_xor_si512(a, b); }

/* Four of the mixing functions of section 3.1, step by step: what waits for a result is then four
 * instructions behind it. Function i works on column i for shift 0, on diagonal i for shift 1;
 * x and y are its two words of the message. */
static inline __attribute__((always_inline)) void mix(__m512i *v, int shift, __m512i x0, __m512i y0,
                                                      __m512i x1, __m512i y1, __m512i x2, __m512i y2,
                                                      __m512i x3, __m512i y3) {
  const __m512i x[4] = {x0, x1, x2, x3}, y[4] = {y0, y1, y2, y3};
  __m512i *a = v, *b = v + 4, *c = v + 8, *d = v + 12;
#define B b[(i + shift) % 4]
#define C c[(i + 2 * shift) % 4]
#define D d[(i + 3 * shift) % 4]
  for (int i = 0; i < 4; i++) a[i] = add(add(a[i], x[i]), B);
  for (int i = 0; i < 4; i++) D = _mm512_ror_epi64(xor(D, a[i]), 32);
  for (int i = 0; i < 4; i++) C = add(C, D);
  for (int i = 0; i < 4; i++) B = _mm512_ror_epi64(xor(B, C), 24);
  for (int i = 0; i < 4; i++) a[i] = add(add(a[i], y[i]), B);
  for (int i = 0; i < 4; i++) D = _mm512_ror_epi64(xor(D, a[i]), 16);
  for (int i = 0; i < 4; i++) C = add(C, D);
  for (int i = 0; i < 4; i++) B = _mm512_ror_epi64(xor(B, C), 63);
#undef B
#undef C
#undef D
}

#define ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15)                          \
  do {                                                                                                       \
    mix(v, 0, m[s0], m[s1], m[s2], m[s3], m[s4], m[s5], m[s6], m[s7]);                                       \
    mix(v, 1, m[s8], m[s9], m[s10], m[s11], m[s12], m[s13], m[s14], m[s15]);                                 \
  } while (0)

/* Transposes 4 x 4 pairs of words, the 128-bit parts of four vectors that lie two apart. */
static inline void transpose_pairs(__m512i *v) {
  __m512i a = _mm512_shuffle_i64x2(v[0], v[2], 0x44), b = _mm512_shuffle_i64x2(v[4], v[6], 0x44);
  __m512i c = _mm512_shuffle_i64x2(v[0], v[2], 0xee), d = _mm512_shuffle_i64x2(v[4], v[6], 0xee);
  v[0] = _mm512_shuffle_i64x2(a, b, 0x88);
  v[2] = _mm512_shuffle_i64x2(a, b, 0xdd);
  v[4] = _mm512_shuffle_i64x2(c, d, 0x88);
  v[6] = _mm512_shuffle_i64x2(c, d, 0xdd);
}

/* Transposes 8 x 8 words. Word i of row r is written ri:
 *
 *   00 01 02 03 ... 07        00 10 02 12 04 14 06 16        00 10 20 30 ... 70
 *   10 11 12 13 ... 17   ->   01 11 03 13 05 15 07 17   ->   01 11 21 31 ... 71
 *   20 21 22 23 ... 27        20 30 22 32 24 34 26 36        02 12 22 32 ... 72
 *   ...                       ...                            ...                 */
static inline void transpose(__m512i v[8]) {
  for (int i = 0; i < 8; i += 2) {
    __m512i even = _mm512_unpacklo_epi64(v[i], v[i + 1]);
    v[i + 1] = _mm512_unpackhi_epi64(v[i], v[i + 1]);
    v[i] = even;
  }
  transpose_pairs(v);
  transpose_pairs(v + 1);
}

/* The first `size` of 64 bytes. */
static inline __mmask64 first_bytes(size_t size) {
  return _bzhi_u64(UINT64_MAX, size < HALF ? (unsigned)size : HALF);
}

/* Takes `size` bytes of each row at `offset`, at most a block, into h, filled up with zeros;
 * `count` bytes have been taken in with them, `last` is all ones for the last block, else
 * zero. Rows are shorter than 2^64 bytes: the upper half of the counter is zero. */
static void compress(__m512i h[8], const uint8_t *const rows[LANES], size_t offset, size_t size,
                     uint64_t count, uint64_t last) {
  __m512i v[16], m[16];
  const size_t second = size > HALF ? HALF : 0;
  const __mmask64 low = first_bytes(size), high = second ? first_bytes(size - second) : 0;
  for (int i = 0; i < LANES; i++) m[i] = _mm512_maskz_loadu_epi8(low, rows[i] + offset);
  transpose(m);
  for (int i = 0; i < LANES; i++) m[8 + i] = _mm512_maskz_loadu_epi8(high, rows[i] + offset + second);
  transpose(m + 8);
  for (int i = 0; i < 8; i++) {
    v[i] = h[i];
    v[8 + i] = splat(IV[i]);
  }
  v[12] = xor(v[12], splat(count));
  v[14] = xor(v[14], splat(last));
  TWELVE_ROUNDS(ROUND);
  for (int i = 0; i < 8; i++) h[i] = xor(h[i], xor(v[i], v[8 + i]));
}

/* rows <= LANES rows; the lanes beyond repeat the last one. */
static void hash_rows(uint8_t *const *out, size_t out_len, const uint8_t *const *in, size_t len,
                      const uint8_t *const *keys, size_t key_len, size_t rows) {
  const uint8_t *data[LANES], *key[LANES];
  __m512i h[8];
  uint64_t before = 0;
  for (size_t i = 0; i < LANES; i++) {
    size_t row = i < rows ? i : rows - 1;
    data[i] = in[row];
    key[i] = key_len ? keys[row] : NULL;
  }
  for (int i = 0; i < 8; i++) h[i] = splat(IV[i]);
  h[0] = xor(h[0], splat(0x01010000 ^ (uint64_t)key_len << 8 ^ (uint64_t)out_len));
  if (key_len) {
    before = BLOCK;
    compress(h, key, 0, key_len, before, len ? 0 : UINT64_MAX);
  }
  if (len || !key_len) {
    size_t done = 0;
    for (; len - done > BLOCK; done += BLOCK) compress(h, data, done, BLOCK, before + done + BLOCK, 0);
    compress(h, data, done, len - done, before + len, UINT64_MAX);
  }
  transpose(h);
  for (size_t i = 0; i < rows; i++) _mm512_mask_storeu_epi8(out[i], first_bytes(out_len), h[i]);
}

static void hash(uint8_t *const *out, size_t out_len, const uint8_t *const *in, size_t len,
                 const uint8_t *const *keys, size_t key_len, size_t n) {
  for (size_t i = 0; i < n; i += LANES) {
    size_t rows = n - i < LANES ? n - i : LANES;
    const uint8_t *const *row_keys = key_len ? keys + i : NULL;
    if (rows <= LANES / 2) {
      sphinx_avx2_blake2b.hash(out + i, out_len, in + i, len, row_keys, key_len, rows);
    } else {
      hash_rows(out + i, out_len, in + i, len, row_keys, key_len, rows);
    }
  }
}

const sphinx_blake2b_kernel sphinx_avx512_blake2b = {{"avx512", CPU_AVX512 | CPU_AVX2 | CPU_BMI2, 20, LANES},
                                                     hash};
