/* The LIONESS wide-block cipher on ChaCha20 and keyed BLAKE2b (Anderson and Biham 1996), over rows. */
#ifndef SPHINX_LIONESS_H
#define SPHINX_LIONESS_H

#include "kernels.h"
#include "rows.h"

#define LIONESS_KEY_SIZE 192u /* K1 (32), K2 (64), K3 (32), K4 (64) */
#define LIONESS_LEFT_SIZE 32u /* the right half is the rest, at least one byte */

/* Scratch for one group of rows. Holds secrets: wipe it. */
typedef struct {
  uint8_t left[SPHINX_ROWS][LIONESS_LEFT_SIZE], key[SPHINX_ROWS][LIONESS_LEFT_SIZE];
  uint8_t *right_out[SPHINX_ROWS], *digests[SPHINX_ROWS];
  const uint8_t *right[SPHINX_ROWS], *pointers[SPHINX_ROWS];
} lioness_scratch;

/* Rows of `size` bytes, more than LIONESS_LEFT_SIZE; n <= SPHINX_ROWS; out[i] may be in[i]. */
void lioness_encrypt(const sphinx_backend *b, uint8_t *const *out, const uint8_t *const *in, size_t size,
                     const uint8_t *const *keys, size_t n, lioness_scratch *scratch);
void lioness_decrypt(const sphinx_backend *b, uint8_t *const *out, const uint8_t *const *in, size_t size,
                     const uint8_t *const *keys, size_t n, lioness_scratch *scratch);

#endif
