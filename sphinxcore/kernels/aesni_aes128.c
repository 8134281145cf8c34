/* AES-128 (FIPS 197) in counter mode (NIST SP 800-38A, section 6.5) with the AES instructions.
 *
 * The keys of KEYS rows are expanded side by side, then the rows are encrypted one after another,
 * BLOCKS blocks side by side: an instruction's result is awaited eight times longer than it keeps
 * a unit busy. */
#include <immintrin.h>

#include "bytes.h"
#include "kernels.h"

#define KEYS 4
#define BLOCKS 8
#define BLOCK 16
#define ROUNDS 10

static inline __m128i load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }

/* round_keys[i][r] is round key i of row r. */
static void expand_keys(__m128i round_keys[ROUNDS + 1][KEYS], const uint8_t *const keys[KEYS]) {
  /* The last column, rotated, in every column: ShiftRows does nothing then, and aesenclast is
   * SubBytes and the addition of the round constant. */
  const __m128i rotated = _mm_set1_epi32(0x0c0f0e0d);
  __m128i key[KEYS];
  for (int r = 0; r < KEYS; r++) round_keys[0][r] = key[r] = load(keys[r]);
  for (int i = 1, constant = 1; i <= ROUNDS; i++) {
    for (int r = 0; r < KEYS; r++) {
      __m128i t = _mm_aesenclast_si128(_mm_shuffle_epi8(key[r], rotated), _mm_set1_epi32(constant));
      /* Every column is added to all later ones. */
      key[r] = _mm_xor_si128(key[r], _mm_slli_si128(key[r], 4));
      key[r] = _mm_xor_si128(key[r], _mm_slli_si128(key[r], 8));
      round_keys[i][r] = key[r] = _mm_xor_si128(key[r], t);
    }
    constant = constant << 1 ^ (constant >> 7) * 0x11b;
  }
}

/* One row; its round keys lie KEYS apart. */
static void crypt_row(uint8_t *out, const uint8_t *in, size_t len, const __m128i *round_keys,
                      const uint8_t *iv) {
  const __m128i reversed = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  uint64_t high = iv ? load64_be(iv) : 0, low = iv ? load64_be(iv + 8) : 0;
  for (size_t start = 0; start < len; start += BLOCKS * BLOCK) {
    __m128i v[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
      v[i] = _mm_shuffle_epi8(_mm_set_epi64x((long long)high, (long long)low), reversed);
      v[i] = _mm_xor_si128(v[i], round_keys[0]);
      low++;
      high += low == 0;
    }
    for (int round = 1; round < ROUNDS; round++) {
      for (int i = 0; i < BLOCKS; i++) v[i] = _mm_aesenc_si128(v[i], round_keys[KEYS * round]);
    }
    for (int i = 0; i < BLOCKS; i++) v[i] = _mm_aesenclast_si128(v[i], round_keys[KEYS * ROUNDS]);
    for (size_t i = 0; i < BLOCKS; i++) {
      size_t offset = start + BLOCK * i;
      if (offset >= len) break;
      if (len - offset >= BLOCK) {
        _mm_storeu_si128((__m128i *)(out + offset), _mm_xor_si128(v[i], load(in + offset)));
      } else {
        uint8_t stream[BLOCK];
        _mm_storeu_si128((__m128i *)stream, v[i]);
        for (size_t j = 0; j < len - offset; j++) out[offset + j] = in[offset + j] ^ stream[j];
      }
    }
  }
}

static void ctr(uint8_t *const *out, const uint8_t *const *in, size_t len, const uint8_t *const *keys,
                const uint8_t *const *ivs, size_t n) {
  __m128i round_keys[ROUNDS + 1][KEYS];
  for (size_t i = 0; i < n; i += KEYS) {
    const uint8_t *row_keys[KEYS];
    size_t rows = n - i < KEYS ? n - i : KEYS;
    for (size_t r = 0; r < KEYS; r++) row_keys[r] = keys[i + (r < rows ? r : rows - 1)];
    expand_keys(round_keys, row_keys);
    for (size_t r = 0; r < rows; r++)
      crypt_row(out[i + r], in[i + r], len, &round_keys[0][r], ivs ? ivs[i + r] : NULL);
  }
}

const sphinx_aes128_kernel sphinx_aesni_aes128 = {{"aesni", CPU_AESNI, 10, KEYS}, ctr};
