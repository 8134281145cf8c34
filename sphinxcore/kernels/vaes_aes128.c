/* AES-128 (FIPS 197) in counter mode (NIST SP 800-38A, section 6.5) with VAES on 512-bit vectors.
 *
 * While keys are expanded, a vector holds a round key of KEYS rows. Then the rows are encrypted
 * one after another, and a vector holds PER_VECTOR blocks of one row. */
#include <immintrin.h>

#include "bytes.h"
#include "kernels.h"

#define KEYS 4
#define PER_VECTOR 4
#define VECTOR 64
#define ROUNDS 10

/* Vectors side by side. Six hold a packet's 360 bytes of routing information. */
#define WIDE 6
#define NARROW 2

/* 128-bit part r of round_keys[i] becomes round key i of row r. */
static void expand_keys(__m512i round_keys[ROUNDS + 1], const uint8_t *const keys[KEYS]) {
  /* The last column, rotated, in every column: ShiftRows does nothing then, and aesenclast is
   * SubBytes and the addition of the round constant. */
  const __m512i rotated = _mm512_set1_epi32(0x0c0f0e0d);
  __m512i key = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)keys[0]));
  key = _mm512_inserti32x4(key, _mm_loadu_si128((const __m128i *)keys[1]), 1);
  key = _mm512_inserti32x4(key, _mm_loadu_si128((const __m128i *)keys[2]), 2);
  key = _mm512_inserti32x4(key, _mm_loadu_si128((const __m128i *)keys[3]), 3);
  round_keys[0] = key;
  for (int i = 1, constant = 1; i <= ROUNDS; i++) {
    __m512i t = _mm512_aesenclast_epi128(_mm512_shuffle_epi8(key, rotated), _mm512_set1_epi32(constant));
    /* Every column is added to all later ones. */
    key = _mm512_xor_si512(key, _mm512_bslli_epi128(key, 4));
    key = _mm512_xor_si512(key, _mm512_bslli_epi128(key, 8));
    round_keys[i] = key = _mm512_xor_si512(key, t);
    constant = constant << 1 ^ (constant >> 7) * 0x11b;
  }
}

/* The PER_VECTOR counter blocks from `first` blocks after iv on. The lower half of iv and the upper
 * half, as numbers, are at 0 and 1 of every 128-bit part. From zero nothing carries. */
static inline __m512i counters(__m512i iv, int from_zero, size_t first) {
  const __m512i reversed =
      _mm512_broadcast_i32x4(_mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  const __m512i parts = _mm512_setr_epi64(0, 0, 1, 0, 2, 0, 3, 0);
  const __m512i more = _mm512_add_epi64(parts, _mm512_maskz_set1_epi64(0x55, (long long)first));
  __m512i sum = more;
  if (!from_zero) {
    sum = _mm512_add_epi64(iv, more);
    __mmask8 carry = (__mmask8)(_mm512_cmplt_epu64_mask(sum, more) << 1);
    sum = _mm512_mask_sub_epi64(sum, carry, sum, _mm512_set1_epi64(-1));
  }
  return _mm512_shuffle_epi8(sum, reversed);
}

/* The first `size` of 64 bytes. */
static inline __mmask64 first_bytes(size_t size) {
  return _bzhi_u64(UINT64_MAX, size < VECTOR ? (unsigned)size : VECTOR);
}

/* `vectors` vectors from byte `start` on, a constant; the last ones may lie beyond the end. */
static inline __attribute__((always_inline)) void crypt_vectors(uint8_t *out, const uint8_t *in, size_t len,
                                                                const __m512i key[ROUNDS + 1], __m512i iv,
                                                                int from_zero, size_t start, int vectors) {
  __m512i v[WIDE];
  for (int i = 0; i < vectors; i++) {
    size_t first = (start / VECTOR + (size_t)i) * PER_VECTOR;
    v[i] = _mm512_xor_si512(counters(iv, from_zero, first), key[0]);
  }
  for (int round = 1; round < ROUNDS; round++) {
    for (int i = 0; i < vectors; i++) v[i] = _mm512_aesenc_epi128(v[i], key[round]);
  }
  for (int i = 0; i < vectors; i++) {
    size_t offset = start + VECTOR * (size_t)i;
    if (offset >= len) break;
    __mmask64 mask = first_bytes(len - offset);
    __m512i x = _mm512_xor_si512(key[ROUNDS], _mm512_maskz_loadu_epi8(mask, in + offset));
    _mm512_mask_storeu_epi8(out + offset, mask, _mm512_aesenclast_epi128(v[i], x));
  }
}

/* Row r of those whose keys have been expanded. */
static void crypt_row(uint8_t *out, const uint8_t *in, size_t len, const __m512i round_keys[ROUNDS + 1],
                      size_t r, const uint8_t *iv) {
  __m512i key[ROUNDS + 1], counter = _mm512_setzero_si512();
  for (int i = 0; i <= ROUNDS; i++) {
    key[i] = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)&round_keys[i] + r));
  }
  if (iv)
    counter = _mm512_broadcast_i32x4(_mm_set_epi64x((long long)load64_be(iv), (long long)load64_be(iv + 8)));
  size_t done = 0;
  for (; len - done > NARROW * VECTOR; done += WIDE * VECTOR) {
    crypt_vectors(out, in, len, key, counter, !iv, done, WIDE);
    if (len - done <= WIDE * VECTOR) return;
  }
  if (done < len) crypt_vectors(out, in, len, key, counter, !iv, done, NARROW);
}

static void ctr(uint8_t *const *out, const uint8_t *const *in, size_t len, const uint8_t *const *keys,
                const uint8_t *const *ivs, size_t n) {
  __m512i round_keys[ROUNDS + 1];
  for (size_t i = 0; i < n; i += KEYS) {
    const uint8_t *row_keys[KEYS];
    size_t rows = n - i < KEYS ? n - i : KEYS;
    for (size_t r = 0; r < KEYS; r++) row_keys[r] = keys[i + (r < rows ? r : rows - 1)];
    expand_keys(round_keys, row_keys);
    for (size_t r = 0; r < rows; r++)
      crypt_row(out[i + r], in[i + r], len, round_keys, r, ivs ? ivs[i + r] : NULL);
  }
}

const sphinx_aes128_kernel sphinx_vaes_aes128 = {
    {"vaes", CPU_VAES | CPU_AVX512 | CPU_BMI2 | CPU_AESNI, 20, KEYS}, ctr};
