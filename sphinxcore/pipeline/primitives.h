/* The primitives over any number of rows: what kernels and steps do for one group at a time.
 *
 * Nothing secret is left on the stack or in freed memory. Functions that return an int return
 * 0, or -1 where there was no memory, with nothing written. */
#ifndef SPHINX_PRIMITIVES_H
#define SPHINX_PRIMITIVES_H

#include "kernels.h"
#include "rows.h"

/* X25519 of RFC 7748; points.data == NULL: of the base point. */
void rows_x25519(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows scalars, sphinx_rows points,
                 size_t n);

/* A comb of one row, as it is kept: words of 64 bits. 0 if the backend has no combs. */
size_t kept_comb_size(const sphinx_backend *b);

/* Combs of n points on the curve, kept_comb_size() bytes each, one behind the other. */
int rows_make_combs(const sphinx_backend *b, uint64_t *kept, sphinx_rows points, size_t n);

/* X25519 of each point by the first of its `links` scalars, which lie link_stride bytes apart, of
 * the result by the second, and so on. Points marked on_curve take one multiplication by the
 * product of the scalars, with the point's comb where combs[i] is not NULL; combs may be NULL, too.
 * Points, what marks them, and which have combs, are public. */
int rows_x25519_chain(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows scalars,
                      ptrdiff_t link_stride, size_t links, sphinx_rows points, const uint8_t *on_curve,
                      const uint64_t *const *combs, size_t n);

/* X25519 of each point by both its scalars, with combs if the backend has them. */
int rows_x25519_twice(const sphinx_backend *b, sphinx_out_rows first_out, sphinx_out_rows second_out,
                      sphinx_rows first, sphinx_rows second, sphinx_rows points, size_t n);

void rows_aes128_ctr(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
                     sphinx_rows keys, sphinx_rows ivs, size_t n);

void rows_chacha20(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
                   sphinx_rows keys, sphinx_rows ivs, size_t n);

void rows_blake2b(const sphinx_backend *b, sphinx_out_rows out, size_t out_size, sphinx_rows data,
                  size_t size, sphinx_rows keys, size_t key_size, size_t n);

int rows_hmac_sha256(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows keys, size_t key_size,
                     sphinx_rows data, size_t size, size_t n);

int rows_hkdf_sha256(const sphinx_backend *b, sphinx_out_rows out, size_t out_size, const uint8_t *salt,
                     size_t salt_size, sphinx_rows ikm, size_t ikm_size, const uint8_t *info,
                     size_t info_size, size_t n);

int rows_lioness_encrypt(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
                         sphinx_rows keys, size_t n);

int rows_lioness_decrypt(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
                         sphinx_rows keys, size_t n);

#endif
