/* Keyed BLAKE2b (RFC 7693, sections 3.1 to 3.3) in portable C, one row after another.
 *
 * The work vector and the message block are plain locals and arrays with constant indices: the
 * twelve rounds are unrolled. */
#include "blake2b_rounds.h"
#include "bytes.h"
#include "kernels.h"

#define BLOCK 128

static inline uint64_t rotate(uint64_t x, int n) { return x >> n | x << (64 - n); }

#define MIX(a, b, c, d, x, y)                                                                                \
  do {                                                                                                       \
    a += b + (x);                                                                                            \
    d = rotate(d ^ a, 32);                                                                                   \
    c += d;                                                                                                  \
    b = rotate(b ^ c, 24);                                                                                   \
    a += b + (y);                                                                                            \
    d = rotate(d ^ a, 16);                                                                                   \
    c += d;                                                                                                  \
    b = rotate(b ^ c, 63);                                                                                   \
  } while (0)

#define ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15)                          \
  do {                                                                                                       \
    MIX(v0, v4, v8, v12, m[s0], m[s1]);                                                                      \
    MIX(v1, v5, v9, v13, m[s2], m[s3]);                                                                      \
    MIX(v2, v6, v10, v14, m[s4], m[s5]);                                                                     \
    MIX(v3, v7, v11, v15, m[s6], m[s7]);                                                                     \
    MIX(v0, v5, v10, v15, m[s8], m[s9]);                                                                     \
    MIX(v1, v6, v11, v12, m[s10], m[s11]);                                                                   \
    MIX(v2, v7, v8, v13, m[s12], m[s13]);                                                                    \
    MIX(v3, v4, v9, v14, m[s14], m[s15]);                                                                    \
  } while (0)

/* Takes one block in; `count` bytes have been taken in with it, `last` is all ones for the last
 * block, else zero. Rows are shorter than 2^64 bytes: the upper half of the counter is zero. */
static void compress(uint64_t h[8], const uint8_t *block, uint64_t count, uint64_t last) {
  uint64_t m[16];
  for (int i = 0; i < 16; i++) m[i] = load64_le(block + 8 * i);
  uint64_t v0 = h[0], v1 = h[1], v2 = h[2], v3 = h[3], v4 = h[4], v5 = h[5], v6 = h[6], v7 = h[7];
  uint64_t v8 = IV[0], v9 = IV[1], v10 = IV[2], v11 = IV[3];
  uint64_t v12 = IV[4] ^ count, v13 = IV[5], v14 = IV[6] ^ last, v15 = IV[7];
  TWELVE_ROUNDS(ROUND);
  h[0] ^= v0 ^ v8, h[1] ^= v1 ^ v9, h[2] ^= v2 ^ v10, h[3] ^= v3 ^ v11;
  h[4] ^= v4 ^ v12, h[5] ^= v5 ^ v13, h[6] ^= v6 ^ v14, h[7] ^= v7 ^ v15;
}

static void hash_row(uint8_t *out, size_t out_len, const uint8_t *in, size_t len, const uint8_t *key,
                     size_t key_len) {
  uint64_t h[8], count = 0;
  uint8_t block[BLOCK] = {0};
  memcpy(h, IV, sizeof h);
  h[0] ^= 0x01010000 ^ (uint64_t)key_len << 8 ^ (uint64_t)out_len;
  if (key_len) {
    memcpy(block, key, key_len);
    count = BLOCK;
    compress(h, block, count, len ? 0 : UINT64_MAX);
  }
  if (len || !key_len) {
    for (; len > BLOCK; in += BLOCK, len -= BLOCK) compress(h, in, count += BLOCK, 0);
    memset(block, 0, BLOCK);
    if (len) memcpy(block, in, len);
    compress(h, block, count + len, UINT64_MAX);
  }
  memcpy(out, h, out_len);
}

static void hash(uint8_t *const *out, size_t out_len, const uint8_t *const *in, size_t len,
                 const uint8_t *const *keys, size_t key_len, size_t n) {
  for (size_t i = 0; i < n; i++) hash_row(out[i], out_len, in[i], len, key_len ? keys[i] : NULL, key_len);
}

const sphinx_blake2b_kernel sphinx_portable_blake2b = {{"portable", 0, 0, 1}, hash};
