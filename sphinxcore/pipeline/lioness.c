#include "lioness.h"

#include <string.h>

enum { K1 = 0, K2 = 32, K3 = 96, K4 = 128, STREAM_KEY_SIZE = 32, HASH_KEY_SIZE = 64 };

static void load(uint8_t *const *out, const uint8_t *const *in, size_t n, lioness_scratch *s) {
  for (size_t i = 0; i < n; i++) {
    memcpy(s->left[i], in[i], LIONESS_LEFT_SIZE);
    s->right[i] = in[i] + LIONESS_LEFT_SIZE;
    s->right_out[i] = out[i] + LIONESS_LEFT_SIZE;
  }
}

static void store(uint8_t *const *out, size_t n, const lioness_scratch *s) {
  for (size_t i = 0; i < n; i++) memcpy(out[i], s->left[i], LIONESS_LEFT_SIZE);
}

/* out = right ^ S(left ^ K). The first round that writes moves the right halves to `out`. */
static void stream_round(const sphinx_backend *b, const uint8_t *const *keys, size_t offset, size_t size,
                         size_t n, lioness_scratch *s) {
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < STREAM_KEY_SIZE; j++) s->key[i][j] = s->left[i][j] ^ keys[i][offset + j];
    s->pointers[i] = s->key[i];
  }
  b->chacha20->crypt(s->right_out, s->right, size, s->pointers, NULL, n);
  for (size_t i = 0; i < n; i++) s->right[i] = s->right_out[i];
}

/* left ^= H(K, right). */
static void hash_round(const sphinx_backend *b, const uint8_t *const *keys, size_t offset, size_t size,
                       size_t n, lioness_scratch *s) {
  for (size_t i = 0; i < n; i++) {
    s->digests[i] = s->key[i];
    s->pointers[i] = keys[i] + offset;
  }
  b->blake2b->hash(s->digests, LIONESS_LEFT_SIZE, s->right, size, s->pointers, HASH_KEY_SIZE, n);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < LIONESS_LEFT_SIZE; j++) s->left[i][j] ^= s->key[i][j];
  }
}

void lioness_encrypt(const sphinx_backend *b, uint8_t *const *out, const uint8_t *const *in, size_t size,
                     const uint8_t *const *keys, size_t n, lioness_scratch *s) {
  const size_t right = size - LIONESS_LEFT_SIZE;
  load(out, in, n, s);
  stream_round(b, keys, K1, right, n, s);
  hash_round(b, keys, K2, right, n, s);
  stream_round(b, keys, K3, right, n, s);
  hash_round(b, keys, K4, right, n, s);
  store(out, n, s);
}

void lioness_decrypt(const sphinx_backend *b, uint8_t *const *out, const uint8_t *const *in, size_t size,
                     const uint8_t *const *keys, size_t n, lioness_scratch *s) {
  const size_t right = size - LIONESS_LEFT_SIZE;
  load(out, in, n, s);
  hash_round(b, keys, K4, right, n, s);
  stream_round(b, keys, K3, right, n, s);
  hash_round(b, keys, K2, right, n, s);
  stream_round(b, keys, K1, right, n, s);
  store(out, n, s);
}
