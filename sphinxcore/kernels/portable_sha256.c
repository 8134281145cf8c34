/* SHA-256 compression (FIPS 180-4, section 6.2.2) in portable C, one row after another.
 *
 * The eight working variables are plain locals: instead of moving them along in every round,
 * the rounds name them in rotated order. The message schedule keeps its last 16 words. */
#include "bytes.h"
#include "kernels.h"
#include "sha256_constants.h"

static inline uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* Round t + i; w is word t + i of the message schedule. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                                     \
  do {                                                                                                       \
    h += (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) + K[t + i] + w[i];             \
    d += h;                                                                                                  \
    h += (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));                         \
  } while (0)

#define EIGHT_ROUNDS(i)                                                                                      \
  do {                                                                                                       \
    ROUND(a, b, c, d, e, f, g, h, (i));                                                                      \
    ROUND(h, a, b, c, d, e, f, g, (i) + 1);                                                                  \
    ROUND(g, h, a, b, c, d, e, f, (i) + 2);                                                                  \
    ROUND(f, g, h, a, b, c, d, e, (i) + 3);                                                                  \
    ROUND(e, f, g, h, a, b, c, d, (i) + 4);                                                                  \
    ROUND(d, e, f, g, h, a, b, c, (i) + 5);                                                                  \
    ROUND(c, d, e, f, g, h, a, b, (i) + 6);                                                                  \
    ROUND(b, c, d, e, f, g, h, a, (i) + 7);                                                                  \
  } while (0)

/* Word i of the schedule, 16 further on than the one it replaces. */
static inline uint32_t expand(const uint32_t w[16], int i) {
  uint32_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];
  return w[i] + w[(i + 9) & 15] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
         (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
}

static void compress_block(uint32_t state[8], const uint8_t *block) {
  uint32_t w[16];
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 16; i++) w[i] = load32_be(block + 4 * i);
  for (int t = 0;; t += 16) {
    EIGHT_ROUNDS(0);
    EIGHT_ROUNDS(8);
    if (t == 48) break;
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) w[i] = expand(w, i);
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void compress(uint32_t (*states)[8], const uint8_t *const *data, size_t blocks, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t block = 0; block < blocks; block++) compress_block(states[i], data[i] + 64 * block);
}

const sphinx_sha256_kernel sphinx_portable_sha256 = {{"portable", 0, 0, 1}, compress};
