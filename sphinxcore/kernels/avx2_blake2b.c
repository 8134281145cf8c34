/* Keyed BLAKE2b (RFC 7693, sections 3.1 to 3.3) with AVX2: four rows side by side, one per 64-bit
 * lane. A vector holds one word of the state or of the message block of all four rows. A single
 * row goes to the portable kernel, which is faster than four lanes of which one is wanted. */
#include <immintrin.h>
#include <string.h>

#include "blake2b_rounds.h"
#include "kernels.h"

#define LANES 4
#define BLOCK 128

extern const sphinx_blake2b_kernel sphinx_portable_blake2b;

static inline __m256i splat(uint64_t x) { return _mm256_set1_epi64x((long long)x); }
static inline __m256i add(__m256i a, __m256i b) { return _mm256_add_epi64(a, b); }
static inline __m256i xor(__m256i a, __m256i b) { return _mm256_xor_si256(a, b); }

/* Rotations to the right; those by whole bytes are shuffles of bytes. */
static inline __m256i rotate32(__m256i x) { return _mm256_shuffle_epi32(x, 0xb1); }
static inline __m256i rotate24(__m256i x) {
  return _mm256_shuffle_epi8(x, _mm256_setr_epi8(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, 3, 4,
                                                 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10));
}
static inline __m256i rotate16(__m256i x) {
  return _mm256_shuffle_epi8(x, _mm256_setr_epi8(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, 2, 3,
                                                 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9));
}
static inline __m256i rotate63(__m256i x) { return xor(_mm256_srli_epi64(x, 63), add(x, x)); }

#define MIX(a, b, c, d, x, y)                                                                                \
  do {                                                                                                       \
    a = add(add(a, x), b);                                                                                   \
    d = rotate32(xor(d, a));                                                                                 \
    c = add(c, d);                                                                                           \
    b = rotate24(xor(b, c));                                                                                 \
    a = add(add(a, y), b);                                                                                   \
    d = rotate16(xor(d, a));                                                                                 \
    c = add(c, d);                                                                                           \
    b = rotate63(xor(b, c));                                                                                 \
  } while (0)

#define ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15)                          \
  do {                                                                                                       \
    MIX(v[0], v[4], v[8], v[12], m[s0], m[s1]);                                                              \
    MIX(v[1], v[5], v[9], v[13], m[s2], m[s3]);                                                              \
    MIX(v[2], v[6], v[10], v[14], m[s4], m[s5]);                                                             \
    MIX(v[3], v[7], v[11], v[15], m[s6], m[s7]);                                                             \
    MIX(v[0], v[5], v[10], v[15], m[s8], m[s9]);                                                             \
    MIX(v[1], v[6], v[11], v[12], m[s10], m[s11]);                                                           \
    MIX(v[2], v[7], v[8], v[13], m[s12], m[s13]);                                                            \
    MIX(v[3], v[4], v[9], v[14], m[s14], m[s15]);                                                            \
  } while (0)

/* Transposes 4 x 4 words. Word i of row r is written ri:
 *
 *   00 01 02 03        00 10 02 12        00 10 20 30
 *   10 11 12 13   ->   01 11 03 13   ->   01 11 21 31
 *   20 21 22 23        20 30 22 32        02 12 22 32
 *   30 31 32 33        21 31 23 33        03 13 23 33 */
static inline void transpose(__m256i v[4]) {
  __m256i a = _mm256_unpacklo_epi64(v[0], v[1]), b = _mm256_unpackhi_epi64(v[0], v[1]);
  __m256i c = _mm256_unpacklo_epi64(v[2], v[3]), d = _mm256_unpackhi_epi64(v[2], v[3]);
  v[0] = _mm256_permute2x128_si256(a, c, 0x20);
  v[1] = _mm256_permute2x128_si256(b, d, 0x20);
  v[2] = _mm256_permute2x128_si256(a, c, 0x31);
  v[3] = _mm256_permute2x128_si256(b, d, 0x31);
}

/* Takes one block of each row at `offset` into h; `count` bytes have been taken in with it, `last`
 * is all ones for the last block, else zero. Rows are shorter than 2^64 bytes: the upper half of
 * the counter is zero. */
static void compress(__m256i h[8], const uint8_t *const rows[LANES], size_t offset, uint64_t count,
                     uint64_t last) {
  __m256i v[16], m[16];
  for (int i = 0; i < 16; i += 4) {
    for (int j = 0; j < LANES; j++)
      m[i + j] = _mm256_loadu_si256((const __m256i *)(rows[j] + offset + 8 * i));
    transpose(m + i);
  }
  for (int i = 0; i < 8; i++) {
    v[i] = h[i];
    v[8 + i] = splat(IV[i]);
  }
  v[12] = xor(v[12], splat(count));
  v[14] = xor(v[14], splat(last));
  TWELVE_ROUNDS(ROUND);
  for (int i = 0; i < 8; i++) h[i] = xor(h[i], xor(v[i], v[8 + i]));
}

/* compress() of the last `size` bytes of each row, at most a block, filled up with zeros. */
static void compress_padded(__m256i h[8], const uint8_t *const rows[LANES], size_t offset, size_t size,
                            uint64_t count, uint64_t last) {
  uint8_t block[LANES][BLOCK] = {{0}};
  const uint8_t *padded[LANES];
  for (int i = 0; i < LANES; i++) {
    if (size) memcpy(block[i], rows[i] + offset, size);
    padded[i] = block[i];
  }
  compress(h, padded, 0, count, last);
}

/* rows <= LANES rows; the lanes beyond repeat the last one. */
static void hash_rows(uint8_t *const *out, size_t out_len, const uint8_t *const *in, size_t len,
                      const uint8_t *const *keys, size_t key_len, size_t rows) {
  const uint8_t *data[LANES], *key[LANES];
  __m256i h[8];
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
    compress_padded(h, key, 0, key_len, before, len ? 0 : UINT64_MAX);
  }
  if (len || !key_len) {
    size_t done = 0;
    for (; len - done > BLOCK; done += BLOCK) compress(h, data, done, before + done + BLOCK, 0);
    compress_padded(h, data, done, len - done, before + len, UINT64_MAX);
  }
  transpose(h);
  transpose(h + 4);
  for (size_t i = 0; i < rows; i++) {
    __m256i digest[2] = {h[i], h[4 + i]};
    memcpy(out[i], digest, out_len);
  }
}

static void hash(uint8_t *const *out, size_t out_len, const uint8_t *const *in, size_t len,
                 const uint8_t *const *keys, size_t key_len, size_t n) {
  for (size_t i = 0; i < n; i += LANES) {
    size_t rows = n - i < LANES ? n - i : LANES;
    const uint8_t *const *row_keys = key_len ? keys + i : NULL;
    if (rows == 1) {
      sphinx_portable_blake2b.hash(out + i, out_len, in + i, len, row_keys, key_len, 1);
    } else {
      hash_rows(out + i, out_len, in + i, len, row_keys, key_len, rows);
    }
  }
}

const sphinx_blake2b_kernel sphinx_avx2_blake2b = {{"avx2", CPU_AVX2 | CPU_BMI2, 10, LANES}, hash};
