/* HMAC-SHA256 (RFC 2104) and HKDF-SHA256 (RFC 5869) over rows, on any SHA-256 kernel. */
#ifndef SPHINX_HMAC_H
#define SPHINX_HMAC_H

#include "kernels.h"
#include "rows.h"

#define HMAC_SIZE 32u
#define HKDF_MAX_SIZE (255u * HMAC_SIZE)

/* Scratch for one group of rows. Holds secrets: wipe it. `message` is SPHINX_ROWS rows of
 * hkdf_message_size(info_size) bytes, needed by HKDF only. */
typedef struct {
  uint32_t inner[SPHINX_ROWS][8], outer[SPHINX_ROWS][8], state[SPHINX_ROWS][8];
  uint8_t block[SPHINX_ROWS][2 * 64];
  uint8_t digest[SPHINX_ROWS][HMAC_SIZE];
  const uint8_t *pointer[SPHINX_ROWS], *tail[SPHINX_ROWS];
  uint8_t *message;
} hmac_scratch;

static inline size_t hkdf_message_size(size_t info_size) { return HMAC_SIZE + info_size + 1; }

/* scratch->digest[i] = HMAC(keys[i], data[i]), n <= SPHINX_ROWS. */
void hmac_sha256(const sphinx_sha256_kernel *k, const uint8_t *const *keys, size_t key_size,
                 const uint8_t *const *data, size_t size, size_t n, hmac_scratch *scratch);

/* out[i] = HKDF(salt, ikm[i], info), n <= SPHINX_ROWS, out_size <= HKDF_MAX_SIZE. */
void hkdf_sha256(const sphinx_sha256_kernel *k, uint8_t *const *out, size_t out_size, const uint8_t *salt,
                 size_t salt_size, const uint8_t *const *ikm, size_t ikm_size, const uint8_t *info,
                 size_t info_size, size_t n, hmac_scratch *scratch);

#endif
