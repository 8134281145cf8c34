/* ChaCha20 (RFC 8439, sections 2.3 and 2.4) with AVX-512: sixteen blocks side by side.
 *
 * Vector i holds word i of the sixteen blocks, one block per element: consecutive blocks of one row,
 * or, where rows are short or end in a few blocks, equally many blocks of several rows. */
#include <immintrin.h>

#include "bytes.h"
#include "kernels.h"

#define LANES 16
#define BLOCK 64

typedef __m512i vector;

static inline __m512i add(__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }

/* Steps of four quarter rounds, one instruction after the other for all four: on columns for
 * shift 0, on diagonals for shift 1. */
static inline __attribute__((always_inline)) void quarter_rounds(__m512i *v, int shift) {
  __m512i *a = v, *b = v + 4, *c = v + 8, *d = v + 12;
#define STEP(x, y, z, bits)                                                                                  \
  for (int i = 0; i < 4; i++) x = add(x, y);                                                                 \
  for (int i = 0; i < 4; i++) z = _mm512_rol_epi32(_mm512_xor_si512(z, x), bits)
#define B b[(i + shift) % 4]
#define C c[(i + 2 * shift) % 4]
#define D d[(i + 3 * shift) % 4]
  STEP(a[i], B, D, 16);
  STEP(C, D, B, 12);
  STEP(a[i], B, D, 8);
  STEP(C, D, B, 7);
#undef B
#undef C
#undef D
#undef STEP
}

/* Transposes the 4 x 4 words in every 128-bit part of four vectors. */
static inline void transpose_words(__m512i *v) {
  __m512i a = _mm512_unpacklo_epi32(v[0], v[1]), b = _mm512_unpacklo_epi32(v[2], v[3]);
  __m512i c = _mm512_unpackhi_epi32(v[0], v[1]), d = _mm512_unpackhi_epi32(v[2], v[3]);
  v[0] = _mm512_unpacklo_epi64(a, b);
  v[1] = _mm512_unpackhi_epi64(a, b);
  v[2] = _mm512_unpacklo_epi64(c, d);
  v[3] = _mm512_unpackhi_epi64(c, d);
}

/* Transposes 4 x 4 parts of 128 bits, of four vectors that lie four apart. */
static inline void transpose_parts(__m512i *v) {
  __m512i a = _mm512_shuffle_i32x4(v[0], v[4], 0x44), b = _mm512_shuffle_i32x4(v[8], v[12], 0x44);
  __m512i c = _mm512_shuffle_i32x4(v[0], v[4], 0xee), d = _mm512_shuffle_i32x4(v[8], v[12], 0xee);
  v[0] = _mm512_shuffle_i32x4(a, b, 0x88);
  v[4] = _mm512_shuffle_i32x4(a, b, 0xdd);
  v[8] = _mm512_shuffle_i32x4(c, d, 0x88);
  v[12] = _mm512_shuffle_i32x4(c, d, 0xdd);
}

/* Transposes 16 x 16 words. Rr,c stands for the 4 x 4 words from word 4c of vector 4r on:
 *
 *   R0,0 R0,1 R0,2 R0,3        each R        R0,0 R1,0 R2,0 R3,0
 *   R1,0 R1,1 R1,2 R1,3   ->  transposed  -> R0,1 R1,1 R2,1 R3,1
 *   R2,0 R2,1 R2,2 R2,3       where it is    R0,2 R1,2 R2,2 R3,2
 *   R3,0 R3,1 R3,2 R3,3                      R0,3 R1,3 R2,3 R3,3   */
static inline void transpose(__m512i v[16]) {
  for (int i = 0; i < 16; i += 4) transpose_words(v + i);
  for (int i = 0; i < 4; i++) transpose_parts(v + i);
}

/* The first `size` of 64 bytes. */
static inline __mmask64 first_bytes(size_t size) {
  return _bzhi_u64(UINT64_MAX, size < BLOCK ? (unsigned)size : BLOCK);
}

/* The initial state of one row in all lanes. */
static inline void start_row(__m512i start[16], const uint8_t *key, const uint8_t *iv) {
  static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  for (int i = 0; i < 4; i++) start[i] = _mm512_set1_epi32((int)sigma[i]);
  for (int i = 0; i < 8; i++) start[4 + i] = _mm512_set1_epi32((int)load32_le(key + 4 * i));
  for (int i = 0; i < 4; i++) start[12 + i] = _mm512_set1_epi32(iv ? (int)load32_le(iv + 4 * i) : 0);
}

/* The initial states of LANES rows. */
static inline void start_rows(__m512i start[16], const uint8_t *const keys[LANES],
                              const uint8_t *const ivs[LANES]) {
  const __m512i sigma =
      _mm512_castsi128_si512(_mm_setr_epi32(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574));
  for (int i = 0; i < LANES; i++) {
    __m512i x = _mm512_inserti32x4(sigma, _mm_loadu_si128((const __m128i *)keys[i]), 1);
    x = _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(keys[i] + 16)), 2);
    start[i] =
        _mm512_inserti32x4(x, ivs[i] ? _mm_loadu_si128((const __m128i *)ivs[i]) : _mm_setzero_si128(), 3);
  }
  transpose(start);
}

/* Blocks `first` and on of rows 0 to live - 1: lane l works on row l / per_row, where per_row
 * divides LANES. start[] holds the states of block 0. */
static inline __attribute__((always_inline)) void crypt_blocks(uint8_t *const *out, const uint8_t *const *in,
                                                               size_t len, const __m512i start[16],
                                                               size_t first, size_t per_row, size_t live) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i blocks = _mm512_and_si512(lanes, _mm512_set1_epi32((int)per_row - 1));
  const __m512i counter = add(add(start[12], _mm512_set1_epi32((int)(uint32_t)first)), blocks);
  __m512i v[16];
  for (int i = 0; i < 16; i++) v[i] = i == 12 ? counter : start[i];
  for (int i = 0; i < 10; i++) {
    quarter_rounds(v, 0);
    quarter_rounds(v, 1);
  }
  for (int i = 0; i < 16; i++) v[i] = add(v[i], i == 12 ? counter : start[i]);
  transpose(v);
  for (size_t i = 0; i < per_row * live; i++) {
    size_t row = i / per_row, offset = BLOCK * (first + i % per_row);
    if (offset >= len) continue;
    __mmask64 mask = first_bytes(len - offset);
    __m512i x = _mm512_maskz_loadu_epi8(mask, in[row] + offset);
    _mm512_mask_storeu_epi8(out[row] + offset, mask, _mm512_xor_si512(x, v[i]));
  }
}

#include "chacha20_rows.h"

const sphinx_chacha20_kernel sphinx_avx512_chacha20 = {{"avx512", CPU_AVX512 | CPU_BMI2, 20, LANES}, crypt};
