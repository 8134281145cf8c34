#include "primitives.h"

#include <stdlib.h>
#include <string.h>

#include "constant_time.h"
#include "hmac.h"
#include "lioness.h"
#include "scalars.h"
#include "stack.h"

typedef const uint8_t *in_pointers[SPHINX_ROWS];
typedef uint8_t *out_pointers[SPHINX_ROWS];

static void point_at(const uint8_t **pointers, sphinx_rows rows, size_t start, size_t n) {
  for (size_t i = 0; i < n; i++) pointers[i] = row_of(rows, start + i);
}

static void point_out(uint8_t **pointers, sphinx_out_rows rows, size_t start, size_t n) {
  for (size_t i = 0; i < n; i++) pointers[i] = out_row_of(rows, start + i);
}

void rows_x25519(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows scalars, sphinx_rows points,
                 size_t n) {
  uint8_t clamped[SPHINX_ROWS][SCALAR_SIZE];
  in_pointers scalar, point;
  out_pointers result;
  for (size_t start = 0; start < n; start += SPHINX_ROWS) {
    const size_t rows = rows_at_most(n - start);
    for (size_t i = 0; i < rows; i++) {
      scalar_clamp(clamped[i], row_of(scalars, start + i));
      scalar[i] = clamped[i];
    }
    point_out(result, out, start, rows);
    if (points.data) {
      point_at(point, points, start, rows);
      b->x25519->multiply(result, scalar, point, rows);
    } else {
      b->x25519->multiply_base(result, scalar, rows);
    }
  }
  wipe(clamped, sizeof clamped);
  sphinx_wipe_stack(b);
}

/* Room for the combs of a group, aligned; to be freed is *memory. NULL where there is none. */
static uint8_t *combs_of_group(const sphinx_backend *b, uint8_t **memory) {
  const size_t lanes = b->x25519->kernel.lanes;
  *memory = malloc((SPHINX_ROWS + lanes - 1) / lanes * b->x25519->comb_size + COMB_ALIGNMENT);
  return *memory ? *memory + -(uintptr_t)*memory % COMB_ALIGNMENT : NULL;
}

size_t kept_comb_size(const sphinx_backend *b) { return b->x25519->comb_size / b->x25519->kernel.lanes; }

int rows_make_combs(const sphinx_backend *b, uint64_t *kept, sphinx_rows points, size_t n) {
  const size_t lanes = b->x25519->kernel.lanes, words = kept_comb_size(b) / sizeof *kept;
  uint8_t *memory;
  uint64_t *comb = (uint64_t *)combs_of_group(b, &memory);
  in_pointers point;
  if (!comb) return -1;
  for (size_t start = 0; start < n; start += lanes) {
    const size_t rows = n - start < lanes ? n - start : lanes;
    point_at(point, points, start, rows);
    b->x25519->make_combs((uint8_t *)comb, point, rows);
    for (size_t l = 0; l < rows; l++) {
      for (size_t w = 0; w < words; w++) kept[(start + l) * words + w] = comb[w * lanes + l];
    }
  }
  free(memory);
  return 0;
}

/* Kept combs side by side, as the kernel wants them; rows that are not there are the first again. */
static void gather_combs(const sphinx_backend *b, uint64_t *combs, const uint64_t *const *kept, size_t n) {
  const size_t lanes = b->x25519->kernel.lanes, words = kept_comb_size(b) / sizeof *combs;
  for (size_t start = 0; start < n; start += lanes, combs += words * lanes) {
    for (size_t l = 0; l < lanes; l++) {
      const uint64_t *row = kept[start + l < n ? start + l : start];
      for (size_t w = 0; w < words; w++) combs[w * lanes + l] = row[w];
    }
  }
}

int rows_x25519_chain(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows scalars,
                      ptrdiff_t link_stride, size_t links, sphinx_rows points, const uint8_t *on_curve,
                      const uint64_t *const *combs, size_t n) {
  uint8_t product[SPHINX_ROWS][SCALAR_SIZE], factor[SPHINX_ROWS][SCALAR_SIZE];
  size_t folded[SPHINX_ROWS]; /* rows that are multiplied link by link */
  in_pointers scalar, point, combed_scalar;
  out_pointers result, combed_result;
  const uint64_t *kept[SPHINX_ROWS];
  uint8_t *memory = NULL, *gathered = combs ? combs_of_group(b, &memory) : NULL;
  if (combs && !gathered) return -1;
  for (size_t start = 0; start < n; start += SPHINX_ROWS) {
    const size_t rows = rows_at_most(n - start);
    size_t n_folded = 0, n_combed = 0, n_plain = 0;
    for (size_t i = 0; i < rows; i++) {
      const uint8_t *own = row_of(scalars, start + i);
      scalar_clamp(product[i], own);
      if (!on_curve[start + i]) {
        folded[n_folded++] = start + i;
      } else {
        for (size_t j = 1; j < links; j++) {
          scalar_clamp(factor[i], own + link_stride * (ptrdiff_t)j);
          scalar_product(product[i], product[i], factor[i]);
        }
      }
      if (combs && combs[start + i]) {
        kept[n_combed] = combs[start + i];
        combed_scalar[n_combed] = product[i];
        combed_result[n_combed++] = out_row_of(out, start + i);
      } else {
        point[n_plain] = row_of(points, start + i);
        scalar[n_plain] = product[i];
        result[n_plain++] = out_row_of(out, start + i);
      }
    }
    b->x25519->multiply(result, scalar, point, n_plain);
    if (n_combed) {
      gather_combs(b, (uint64_t *)gathered, kept, n_combed);
      b->x25519->multiply_combs(combed_result, combed_scalar, gathered, n_combed);
    }
    for (size_t j = 1; j < links && n_folded; j++) {
      for (size_t i = 0; i < n_folded; i++) {
        scalar_clamp(factor[i], row_of(scalars, folded[i]) + link_stride * (ptrdiff_t)j);
        scalar[i] = factor[i];
        point[i] = result[i] = out_row_of(out, folded[i]);
      }
      b->x25519->multiply(result, scalar, point, n_folded);
    }
  }
  free(memory);
  wipe(product, sizeof product);
  wipe(factor, sizeof factor);
  sphinx_wipe_stack(b);
  return 0;
}

static void multiply_combs(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows scalars, size_t start,
                           size_t rows, const uint8_t *combs) {
  uint8_t clamped[SPHINX_ROWS][SCALAR_SIZE];
  in_pointers scalar;
  out_pointers result;
  for (size_t i = 0; i < rows; i++) {
    scalar_clamp(clamped[i], row_of(scalars, start + i));
    scalar[i] = clamped[i];
  }
  point_out(result, out, start, rows);
  b->x25519->multiply_combs(result, scalar, combs, rows);
  wipe(clamped, sizeof clamped);
}

int rows_x25519_twice(const sphinx_backend *b, sphinx_out_rows first_out, sphinx_out_rows second_out,
                      sphinx_rows first, sphinx_rows second, sphinx_rows points, size_t n) {
  if (b->x25519->comb_size == 0) {
    rows_x25519(b, first_out, first, points, n);
    rows_x25519(b, second_out, second, points, n);
    return 0;
  }
  uint8_t *memory, *combs = combs_of_group(b, &memory);
  if (!combs) return -1;
  in_pointers point;
  for (size_t start = 0; start < n; start += SPHINX_ROWS) {
    const size_t rows = rows_at_most(n - start);
    point_at(point, points, start, rows);
    b->x25519->make_combs(combs, point, rows);
    multiply_combs(b, first_out, first, start, rows, combs);
    multiply_combs(b, second_out, second, start, rows, combs);
  }
  free(memory);
  sphinx_wipe_stack(b);
  return 0;
}

/* The contract of both stream ciphers' kernels. */
typedef void (*cipher)(uint8_t *const *out, const uint8_t *const *in, size_t size, const uint8_t *const *keys,
                       const uint8_t *const *ivs, size_t n);

static void encrypt(const sphinx_backend *b, cipher crypt, sphinx_out_rows out, sphinx_rows data, size_t size,
                    sphinx_rows keys, sphinx_rows ivs, size_t n) {
  in_pointers in, key, iv;
  out_pointers result;
  for (size_t start = 0; start < n; start += SPHINX_ROWS) {
    const size_t rows = rows_at_most(n - start);
    point_at(in, data, start, rows);
    point_at(key, keys, start, rows);
    point_at(iv, ivs, start, rows);
    point_out(result, out, start, rows);
    crypt(result, in, size, key, iv, rows);
  }
  sphinx_wipe_stack(b);
}

void rows_aes128_ctr(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
                     sphinx_rows keys, sphinx_rows ivs, size_t n) {
  encrypt(b, b->aes128->ctr, out, data, size, keys, ivs, n);
}

void rows_chacha20(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
                   sphinx_rows keys, sphinx_rows ivs, size_t n) {
  encrypt(b, b->chacha20->crypt, out, data, size, keys, ivs, n);
}

void rows_blake2b(const sphinx_backend *b, sphinx_out_rows out, size_t out_size, sphinx_rows data,
                  size_t size, sphinx_rows keys, size_t key_size, size_t n) {
  in_pointers in, key;
  out_pointers result;
  for (size_t start = 0; start < n; start += SPHINX_ROWS) {
    const size_t rows = rows_at_most(n - start);
    point_at(in, data, start, rows);
    point_at(key, keys, start, rows);
    point_out(result, out, start, rows);
    b->blake2b->hash(result, out_size, in, size, key, key_size, rows);
  }
  sphinx_wipe_stack(b);
}

static void wipe_and_free(const sphinx_backend *b, void *scratch, size_t size) {
  wipe(scratch, size);
  free(scratch);
  sphinx_wipe_stack(b);
}

int rows_hmac_sha256(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows keys, size_t key_size,
                     sphinx_rows data, size_t size, size_t n) {
  in_pointers in, key;
  hmac_scratch *scratch = malloc(sizeof *scratch);
  if (!scratch) return -1;
  for (size_t start = 0; start < n; start += SPHINX_ROWS) {
    const size_t rows = rows_at_most(n - start);
    point_at(in, data, start, rows);
    point_at(key, keys, start, rows);
    hmac_sha256(b->sha256, key, key_size, in, size, rows, scratch);
    for (size_t i = 0; i < rows; i++) memcpy(out_row_of(out, start + i), scratch->digest[i], HMAC_SIZE);
  }
  wipe_and_free(b, scratch, sizeof *scratch);
  return 0;
}

int rows_hkdf_sha256(const sphinx_backend *b, sphinx_out_rows out, size_t out_size, const uint8_t *salt,
                     size_t salt_size, sphinx_rows ikm, size_t ikm_size, const uint8_t *info,
                     size_t info_size, size_t n) {
  in_pointers in;
  out_pointers result;
  const size_t scratch_size = sizeof(hmac_scratch) + SPHINX_ROWS * hkdf_message_size(info_size);
  hmac_scratch *scratch = malloc(scratch_size);
  if (!scratch) return -1;
  scratch->message = (uint8_t *)(scratch + 1);
  for (size_t start = 0; start < n; start += SPHINX_ROWS) {
    const size_t rows = rows_at_most(n - start);
    point_at(in, ikm, start, rows);
    point_out(result, out, start, rows);
    hkdf_sha256(b->sha256, result, out_size, salt, salt_size, in, ikm_size, info, info_size, rows, scratch);
  }
  wipe_and_free(b, scratch, scratch_size);
  return 0;
}

typedef void (*block_cipher)(const sphinx_backend *b, uint8_t *const *out, const uint8_t *const *in,
                             size_t size, const uint8_t *const *keys, size_t n, lioness_scratch *scratch);

static int lioness(block_cipher crypt, const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data,
                   size_t size, sphinx_rows keys, size_t n) {
  in_pointers in, key;
  out_pointers result;
  lioness_scratch *scratch = malloc(sizeof *scratch);
  if (!scratch) return -1;
  for (size_t start = 0; start < n; start += SPHINX_ROWS) {
    const size_t rows = rows_at_most(n - start);
    point_at(in, data, start, rows);
    point_at(key, keys, start, rows);
    point_out(result, out, start, rows);
    crypt(b, result, in, size, key, rows, scratch);
  }
  wipe_and_free(b, scratch, sizeof *scratch);
  return 0;
}

int rows_lioness_encrypt(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
                         sphinx_rows keys, size_t n) {
  return lioness(lioness_encrypt, b, out, data, size, keys, n);
}

int rows_lioness_decrypt(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
                         sphinx_rows keys, size_t n) {
  return lioness(lioness_decrypt, b, out, data, size, keys, n);
}
