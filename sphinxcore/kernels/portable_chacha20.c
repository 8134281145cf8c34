/* ChaCha20 (RFC 8439, sections 2.3 and 2.4) in portable C.
 *
 * Four blocks of one row run side by side: vector i holds word i of the four blocks, one block
 * per element. The results are transposed to the order of the stream. */
#include "bytes.h"
#include "kernels.h"
#include "shuffle.h"

typedef uint32_t words __attribute__((vector_size(16)));
typedef uint16_t halves __attribute__((vector_size(16)));

static inline words splat(uint32_t x) { return (words){x, x, x, x}; }

static inline words rotate(words x, int n) { return x << n | x >> (32 - n); }

/* Swapping halves is a shuffle, which SSE2 and NEON do faster than two shifts and an or. */
static inline words rotate16(words x) {
  halves h = (halves)x;
  return (words)SHUFFLE(halves, h, h, 1, 0, 3, 2, 5, 4, 7, 6);
}

static inline void quarter_round(words *a, words *b, words *c, words *d) {
  *a += *b, *d = rotate16(*d ^ *a);
  *c += *d, *b = rotate(*b ^ *c, 12);
  *a += *b, *d = rotate(*d ^ *a, 8);
  *c += *d, *b = rotate(*b ^ *c, 7);
}

/* Transposes four vectors of four words. */
static inline void transpose(words *v) {
  words a = SHUFFLE(words, v[0], v[1], 0, 4, 1, 5);
  words b = SHUFFLE(words, v[2], v[3], 0, 4, 1, 5);
  words c = SHUFFLE(words, v[0], v[1], 2, 6, 3, 7);
  words d = SHUFFLE(words, v[2], v[3], 2, 6, 3, 7);
  v[0] = SHUFFLE(words, a, b, 0, 1, 4, 5);
  v[1] = SHUFFLE(words, a, b, 2, 3, 6, 7);
  v[2] = SHUFFLE(words, c, d, 0, 1, 4, 5);
  v[3] = SHUFFLE(words, c, d, 2, 3, 6, 7);
}

/* Four consecutive blocks of key stream: vector 4i + j becomes words 4i to 4i + 3 of block j. */
static inline void four_blocks(words v[16], const words start[16]) {
  for (int i = 0; i < 16; i++) v[i] = start[i];
  for (int i = 0; i < 10; i++) {
    for (int j = 0; j < 4; j++) quarter_round(&v[j], &v[4 + j], &v[8 + j], &v[12 + j]);
    for (int j = 0; j < 4; j++)
      quarter_round(&v[j], &v[4 + (j + 1) % 4], &v[8 + (j + 2) % 4], &v[12 + (j + 3) % 4]);
  }
  for (int i = 0; i < 16; i++) v[i] += start[i];
  for (int i = 0; i < 16; i += 4) transpose(v + i);
}

static void crypt_row(uint8_t *out, const uint8_t *in, size_t len, const uint8_t *key, const uint8_t *iv) {
  static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  words start[16], v[16];
  for (int i = 0; i < 4; i++) start[i] = splat(sigma[i]);
  for (int i = 0; i < 8; i++) start[4 + i] = splat(load32_le(key + 4 * i));
  for (int i = 0; i < 4; i++) start[12 + i] = splat(iv ? load32_le(iv + 4 * i) : 0);
  start[12] += (words){0, 1, 2, 3};
  for (; len >= 256; out += 256, in += 256, len -= 256) {
    four_blocks(v, start);
    for (int i = 0; i < 16; i++) {
      words x;
      memcpy(&x, in + 16 * i, 16);
      x ^= v[i % 4 * 4 + i / 4];
      memcpy(out + 16 * i, &x, 16);
    }
    start[12] += splat(4);
  }
  if (len == 0) return;
  uint8_t stream[256];
  four_blocks(v, start);
  for (int i = 0; i < 16; i++) memcpy(stream + 16 * i, &v[i % 4 * 4 + i / 4], 16);
  for (size_t i = 0; i < len; i++) out[i] = in[i] ^ stream[i];
}

static void crypt(uint8_t *const *out, const uint8_t *const *in, size_t len, const uint8_t *const *keys,
                  const uint8_t *const *ivs, size_t n) {
  for (size_t i = 0; i < n; i++) crypt_row(out[i], in[i], len, keys[i], ivs ? ivs[i] : NULL);
}

const sphinx_chacha20_kernel sphinx_portable_chacha20 = {{"portable", 0, 0, 1}, crypt};
