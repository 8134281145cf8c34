#include "hmac.h"

#include "bytes.h"

static const uint32_t INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static void start(uint32_t (*state)[8], size_t n) {
  for (size_t i = 0; i < n; i++) memcpy(state[i], INITIAL, sizeof INITIAL);
}

/* Absorbs the last `size` bytes of messages of which `before` bytes, whole blocks, are in
 * state[] already, and writes the digests. */
static void finish(const sphinx_sha256_kernel *k, size_t before, const uint8_t *const *data, size_t size,
                   size_t n, hmac_scratch *s) {
  const size_t whole = size / 64, rest = size % 64;
  const size_t blocks = rest + 9 <= 64 ? 1 : 2;
  k->compress(s->state, data, whole, n);
  for (size_t i = 0; i < n; i++) {
    uint8_t *tail = s->block[i];
    memcpy(tail, data[i] + 64 * whole, rest);
    memset(tail + rest, 0, 64 * blocks - rest);
    tail[rest] = 0x80;
    store64_be(tail + 64 * blocks - 8, 8 * (uint64_t)(before + size));
    s->tail[i] = tail;
  }
  k->compress(s->state, s->tail, blocks, n);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < 8; j++) store32_be(s->digest[i] + 4 * j, s->state[i][j]);
  }
}

/* The states after the two padded keys: all that HMAC needs of a key. */
static void set_keys(const sphinx_sha256_kernel *k, const uint8_t *const *keys, size_t key_size, size_t n,
                     hmac_scratch *s) {
  if (key_size > 64) {
    start(s->state, n);
    finish(k, 0, keys, key_size, n, s);
    for (size_t i = 0; i < n; i++) s->pointer[i] = s->digest[i];
    keys = s->pointer;
    key_size = HMAC_SIZE;
  }
  for (size_t i = 0; i < n; i++) {
    memset(s->block[i], 0x36, 64);
    for (size_t j = 0; j < key_size; j++) s->block[i][j] ^= keys[i][j];
    s->tail[i] = s->block[i];
  }
  start(s->inner, n);
  k->compress(s->inner, s->tail, 1, n);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < 64; j++) s->block[i][j] ^= 0x36 ^ 0x5c;
  }
  start(s->outer, n);
  k->compress(s->outer, s->tail, 1, n);
}

/* digest[] = HMAC of data[] under the keys set before. */
static void tag(const sphinx_sha256_kernel *k, const uint8_t *const *data, size_t size, size_t n,
                hmac_scratch *s) {
  memcpy(s->state, s->inner, n * sizeof *s->state);
  finish(k, 64, data, size, n, s);
  memcpy(s->state, s->outer, n * sizeof *s->state);
  for (size_t i = 0; i < n; i++) s->pointer[i] = s->digest[i];
  finish(k, 64, s->pointer, HMAC_SIZE, n, s);
}

void hmac_sha256(const sphinx_sha256_kernel *k, const uint8_t *const *keys, size_t key_size,
                 const uint8_t *const *data, size_t size, size_t n, hmac_scratch *s) {
  set_keys(k, keys, key_size, n, s);
  tag(k, data, size, n, s);
}

void hkdf_sha256(const sphinx_sha256_kernel *k, uint8_t *const *out, size_t out_size, const uint8_t *salt,
                 size_t salt_size, const uint8_t *const *ikm, size_t ikm_size, const uint8_t *info,
                 size_t info_size, size_t n, hmac_scratch *s) {
  const size_t row = hkdf_message_size(info_size);
  if (n == 0) return;

  /* Extract. One salt for all rows: its states are computed once. An empty salt is a key of
   * zero bytes, which pads to the same block as the 32 zero bytes of the RFC. */
  set_keys(k, &salt, salt_size, 1, s);
  for (size_t i = 1; i < n; i++) {
    memcpy(s->inner[i], s->inner[0], sizeof *s->inner);
    memcpy(s->outer[i], s->outer[0], sizeof *s->outer);
  }
  tag(k, ikm, ikm_size, n, s);
  for (size_t i = 0; i < n; i++) {
    memcpy(s->message + row * i, s->digest[i], HMAC_SIZE); /* set_keys reuses digest */
    s->pointer[i] = s->message + row * i;
  }
  set_keys(k, s->pointer, HMAC_SIZE, n, s);

  /* Expand: T(j) = HMAC(PRK, T(j-1) || info || j), T(0) empty. */
  for (size_t i = 0; i < n; i++) memcpy(s->message + row * i + HMAC_SIZE, info, info_size);
  for (size_t done = 0, j = 1; done < out_size; done += HMAC_SIZE, j++) {
    const size_t first = j == 1 ? HMAC_SIZE : 0;
    const size_t take = out_size - done < HMAC_SIZE ? out_size - done : HMAC_SIZE;
    const uint8_t *messages[SPHINX_ROWS];
    for (size_t i = 0; i < n; i++) {
      uint8_t *m = s->message + row * i;
      m[row - 1] = (uint8_t)j;
      messages[i] = m + first;
    }
    tag(k, messages, row - first, n, s);
    for (size_t i = 0; i < n; i++) {
      memcpy(out[i] + done, s->digest[i], take);
      memcpy(s->message + row * i, s->digest[i], HMAC_SIZE);
    }
  }
}
