/* ChaCha20 (RFC 8439, sections 2.3 and 2.4) with AVX2: eight blocks side by side.
 *
 * Vector i holds word i of the eight blocks, one block per element: consecutive blocks of one row,
 * or, where rows are short or end in a few blocks, equally many blocks of several rows. */
#include <immintrin.h>

#include "bytes.h"
#include "kernels.h"

#define LANES 8
#define BLOCK 64

typedef __m256i vector;

static inline __m256i add(__m256i a, __m256i b) { return _mm256_add_epi32(a, b); }

/* Rotations to the left; those by whole bytes are shuffles of bytes. */
static inline __m256i rotate16(__m256i x) {
  return _mm256_shuffle_epi8(x, _mm256_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3,
                                                 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
}
static inline __m256i rotate8(__m256i x) {
  return _mm256_shuffle_epi8(x, _mm256_setr_epi8(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14, 3, 0,
                                                 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14));
}
static inline __m256i rotate(__m256i x, int bits) {
  return _mm256_or_si256(_mm256_slli_epi32(x, bits), _mm256_srli_epi32(x, 32 - bits));
}

static inline void quarter_round(__m256i *a, __m256i *b, __m256i *c, __m256i *d) {
  *a = add(*a, *b), *d = rotate16(_mm256_xor_si256(*d, *a));
  *c = add(*c, *d), *b = rotate(_mm256_xor_si256(*b, *c), 12);
  *a = add(*a, *b), *d = rotate8(_mm256_xor_si256(*d, *a));
  *c = add(*c, *d), *b = rotate(_mm256_xor_si256(*b, *c), 7);
}

/* Transposes 8 x 8 words. Word i of row r is written ri:
 *
 *   00 01 02 ... 07      00 10 01 11 04 14 05 15      00 10 20 30 04 14 24 34      00 10 20 ... 70
 *   10 11 12 ... 17  ->  02 12 03 13 06 16 07 17  ->  01 11 21 31 05 15 25 35  ->  01 11 21 ... 71
 *   20 21 22 ... 27      20 30 21 31 24 34 25 35      ...                          ...
 *   ...                  ...                          40 50 60 70 44 54 64 74      07 17 27 ... 77 */
static inline void transpose(__m256i v[8]) {
  __m256i w[8];
  for (int i = 0; i < 8; i += 2) {
    w[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
    w[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    __m256i a = _mm256_unpacklo_epi64(w[i], w[i + 2]), b = _mm256_unpackhi_epi64(w[i], w[i + 2]);
    __m256i c = _mm256_unpacklo_epi64(w[i + 4], w[i + 6]), d = _mm256_unpackhi_epi64(w[i + 4], w[i + 6]);
    v[2 * i] = _mm256_permute2x128_si256(a, c, 0x20);
    v[2 * i + 1] = _mm256_permute2x128_si256(b, d, 0x20);
    v[2 * i + 4] = _mm256_permute2x128_si256(a, c, 0x31);
    v[2 * i + 5] = _mm256_permute2x128_si256(b, d, 0x31);
  }
}

/* The initial state of one row in all lanes. */
static inline void start_row(__m256i start[16], const uint8_t *key, const uint8_t *iv) {
  static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  for (int i = 0; i < 4; i++) start[i] = _mm256_set1_epi32((int)sigma[i]);
  for (int i = 0; i < 8; i++) start[4 + i] = _mm256_set1_epi32((int)load32_le(key + 4 * i));
  for (int i = 0; i < 4; i++) start[12 + i] = _mm256_set1_epi32(iv ? (int)load32_le(iv + 4 * i) : 0);
}

/* The initial states of LANES rows. */
static inline void start_rows(__m256i start[16], const uint8_t *const keys[LANES],
                              const uint8_t *const ivs[LANES]) {
  const __m128i sigma = _mm_setr_epi32(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);
  for (int i = 0; i < LANES; i++) {
    const __m128i low = _mm_loadu_si128((const __m128i *)keys[i]);
    const __m128i high = _mm_loadu_si128((const __m128i *)(keys[i] + 16));
    start[i] = _mm256_set_m128i(low, sigma);
    start[8 + i] =
        _mm256_set_m128i(ivs[i] ? _mm_loadu_si128((const __m128i *)ivs[i]) : _mm_setzero_si128(), high);
  }
  transpose(start);
  transpose(start + 8);
}

/* out = in ^ stream, `size` <= BLOCK bytes. */
static inline void add_stream(uint8_t *out, const uint8_t *in, __m256i low, __m256i high, size_t size) {
  if (size == BLOCK) {
    low = _mm256_xor_si256(low, _mm256_loadu_si256((const __m256i *)in));
    high = _mm256_xor_si256(high, _mm256_loadu_si256((const __m256i *)(in + 32)));
    _mm256_storeu_si256((__m256i *)out, low);
    _mm256_storeu_si256((__m256i *)(out + 32), high);
  } else {
    uint8_t stream[BLOCK];
    _mm256_storeu_si256((__m256i *)stream, low);
    _mm256_storeu_si256((__m256i *)(stream + 32), high);
    for (size_t i = 0; i < size; i++) out[i] = in[i] ^ stream[i];
  }
}

/* Blocks `first` and on of rows 0 to live - 1: lane l works on row l / per_row, where per_row
 * divides LANES. start[] holds the states of block 0. */
static inline __attribute__((always_inline)) void crypt_blocks(uint8_t *const *out, const uint8_t *const *in,
                                                               size_t len, const __m256i start[16],
                                                               size_t first, size_t per_row, size_t live) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i blocks = _mm256_and_si256(lanes, _mm256_set1_epi32((int)per_row - 1));
  const __m256i counter = add(add(start[12], _mm256_set1_epi32((int)(uint32_t)first)), blocks);
  __m256i v[16];
  for (int i = 0; i < 16; i++) v[i] = i == 12 ? counter : start[i];
  for (int i = 0; i < 10; i++) {
    for (int j = 0; j < 4; j++) quarter_round(&v[j], &v[4 + j], &v[8 + j], &v[12 + j]);
    for (int j = 0; j < 4; j++)
      quarter_round(&v[j], &v[4 + (j + 1) % 4], &v[8 + (j + 2) % 4], &v[12 + (j + 3) % 4]);
  }
  for (int i = 0; i < 16; i++) v[i] = add(v[i], i == 12 ? counter : start[i]);
  transpose(v);
  transpose(v + 8);
  for (size_t i = 0; i < per_row * live; i++) {
    size_t row = i / per_row, offset = BLOCK * (first + i % per_row);
    if (offset >= len) continue;
    size_t size = len - offset < BLOCK ? len - offset : BLOCK;
    add_stream(out[row] + offset, in[row] + offset, v[i], v[8 + i], size);
  }
}

#include "chacha20_rows.h"

const sphinx_chacha20_kernel sphinx_avx2_chacha20 = {{"avx2", CPU_AVX2 | CPU_BMI2, 10, LANES}, crypt};
