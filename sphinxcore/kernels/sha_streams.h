/* SHA-256 compression (FIPS 180-4, section 6.2.2) with the SHA instructions, several rows
 * interleaved: the result of two rounds is awaited longer than they keep the unit busy.
 *
 * The instructions want the working variables as two vectors, written from the highest word down:
 * ABEF and CDGH. sha256rnds2 does two rounds and returns the new ABEF; the old ABEF is the new
 * CDGH. */
#ifndef SPHINX_SHA_STREAMS_H
#define SPHINX_SHA_STREAMS_H

#include <immintrin.h>

#include <stddef.h>
#include <stdint.h>

#define BLOCK 64
#define MAX_STREAMS 4
#define INLINE static inline __attribute__((always_inline))

/* FIPS 180-4, section 4.2.2. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

typedef struct {
  __m128i abef, cdgh;
} variables;

INLINE __m128i load(const void *p) { return _mm_loadu_si128((const __m128i *)p); }
INLINE void store(void *p, __m128i v) { _mm_storeu_si128((__m128i *)p, v); }

/* state[] is A to H; DCBA stands for its first half, from the highest word down. */
INLINE variables load_state(const uint32_t state[8]) {
  __m128i cdab = _mm_shuffle_epi32(load(state), 0xb1), efgh = _mm_shuffle_epi32(load(state + 4), 0x1b);
  return (variables){_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

INLINE void store_state(uint32_t state[8], variables v) {
  __m128i feba = _mm_shuffle_epi32(v.abef, 0x1b), dchg = _mm_shuffle_epi32(v.cdgh, 0xb1);
  store(state, _mm_blend_epi16(feba, dchg, 0xf0));
  store(state + 4, _mm_alignr_epi8(dchg, feba, 8));
}

INLINE void load_block(__m128i w[4], const uint8_t *block) {
  const __m128i big_endian = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
  for (int i = 0; i < 4; i++) w[i] = _mm_shuffle_epi8(load(block + 16 * i), big_endian);
}

/* Rounds 4i to 4i + 3. w[] holds the last 16 words of the schedule, w[i % 4] those of these rounds,
 * which are replaced by the words of 16 rounds later. */
INLINE void four_rounds(variables *v, __m128i w[4], int i) {
  __m128i *next = &w[i % 4], last = w[(i + 3) % 4];
  __m128i x = _mm_add_epi32(*next, load(K + 4 * i));
  v->cdgh = _mm_sha256rnds2_epu32(v->cdgh, v->abef, x);
  v->abef = _mm_sha256rnds2_epu32(v->abef, v->cdgh, _mm_shuffle_epi32(x, 0x0e));
  if (i >= 12) return;
  *next =
      _mm_add_epi32(_mm_sha256msg1_epu32(*next, w[(i + 1) % 4]), _mm_alignr_epi8(last, w[(i + 2) % 4], 4));
  *next = _mm_sha256msg2_epu32(*next, last);
}

/* Rows 0 to rows - 1, a constant of at most MAX_STREAMS. */
INLINE void compress_rows(uint32_t (*states)[8], const uint8_t *const *data, size_t blocks, int rows) {
  variables v[MAX_STREAMS];
  for (int r = 0; r < rows; r++) v[r] = load_state(states[r]);
  for (size_t block = 0; block < blocks; block++) {
    variables before[MAX_STREAMS];
    __m128i w[MAX_STREAMS][4];
    for (int r = 0; r < rows; r++) {
      before[r] = v[r];
      load_block(w[r], data[r] + BLOCK * block);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
      for (int r = 0; r < rows; r++) four_rounds(&v[r], w[r], i);
    }
    for (int r = 0; r < rows; r++) {
      v[r].abef = _mm_add_epi32(v[r].abef, before[r].abef);
      v[r].cdgh = _mm_add_epi32(v[r].cdgh, before[r].cdgh);
    }
  }
  for (int r = 0; r < rows; r++) store_state(states[r], v[r]);
}

#endif
