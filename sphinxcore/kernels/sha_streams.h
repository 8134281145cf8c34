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

#include "sha256_constants.h"

#define BLOCK 64
#define MAX_STREAMS 4
#define INLINE static inline __attribute__((always_inline))

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
