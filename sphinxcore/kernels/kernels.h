/* The kernel contract: what one instruction set offers, primitive by primitive.
 *
 * A kernel is one file, <set>_<primitive>.c, that defines one `const` object named
 * sphinx_<set>_<primitive> of the type below and nothing else that is not static.
 * setup.py compiles each file with the flags of its set and passes the list to
 * backends.c, which picks the kernels of a backend by CPU bits and rank.
 *
 * Rules for every function:
 *  - n >= 0 rows, one pointer per row, any alignment. Short vectors are padded inside.
 *  - Control flow and addresses depend on n, lengths and pointers only, never on bytes.
 *  - Row i of the output may be exactly row i of an input (in place); no other overlap.
 *  - No allocation, no errors, at most SPHINX_KERNEL_STACK bytes of stack. What is left on
 *    the stack and in vector registers is wiped by the caller (sphinx_wipe_stack).
 */
#ifndef SPHINX_KERNELS_H
#define SPHINX_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define COMB_ALIGNMENT 64
#define SPHINX_KERNEL_STACK (48u << 10)

/* Instructions this CPU and its operating system run, as sphinx_cpu_features() tells. */
enum {
  CPU_BMI2 = 1u << 0,
  CPU_AESNI = 1u << 1, /* with SSSE3 and SSE4.1 */
  CPU_SHANI = 1u << 2, /* with SSSE3 and SSE4.1 */
  CPU_AVX2 = 1u << 3,
  CPU_VAES = 1u << 4,   /* 256-bit forms, AVX2 */
  CPU_AVX512 = 1u << 5, /* F, BW, DQ and VL */
  CPU_IFMA = 1u << 6,   /* AVX512IFMA, with CPU_AVX512 */
};

uint32_t sphinx_cpu_features(void);
const char *sphinx_cpu_feature_name(unsigned bit); /* NULL beyond the last */

typedef struct {
  const char *name;  /* the instruction set, as in the file name */
  uint32_t required; /* CPU_* bits without which nothing here may be called */
  unsigned rank;     /* among the kernels a backend may use the highest rank is taken */
  unsigned lanes;    /* rows computed side by side */
} sphinx_kernel;

/* u-coordinates on Curve25519 and its twist (RFC 7748).
 * Scalars: 32 bytes little endian, a multiple of 8, below 2^255 (clamped or not).
 * Points: 32 bytes, top bit ignored, values from 2^255-19 up are reduced.
 * out: canonical; zero for points of low order. multiply_base: the point is u = 9. */
typedef struct {
  sphinx_kernel kernel;
  void (*multiply)(uint8_t *const *out, const uint8_t *const *scalars, const uint8_t *const *points,
                   size_t n);
  void (*multiply_base)(uint8_t *const *out, const uint8_t *const *scalars, size_t n);
  /* Combs make several multiplications of the same points cheaper; a kernel without them has zeros
   * here. One comb of comb_size bytes, at a multiple of COMB_ALIGNMENT, serves `lanes` rows, and
   * the last one of n rows as many as are left. It is a number of vectors of `lanes` words of 64
   * bits, word l of each belonging to row l, so that rows of several combs can make up another.
   * Combs hold nothing secret. Rows whose out is NULL are left out; their scalars must be
   * readable. */
  size_t comb_size;
  void (*make_combs)(uint8_t *combs, const uint8_t *const *points, size_t n);
  void (*multiply_combs)(uint8_t *const *out, const uint8_t *const *scalars, const uint8_t *combs, size_t n);
} sphinx_x25519_kernel;

/* FIPS 180-4 SHA-256: runs `blocks` consecutive 64-byte blocks at data[i] through states[i]. */
typedef struct {
  sphinx_kernel kernel;
  void (*compress)(uint32_t (*states)[8], const uint8_t *const *data, size_t blocks, size_t n);
} sphinx_sha256_kernel;

/* out[i] = in[i] xor keystream, len bytes each row. */
typedef struct {
  sphinx_kernel kernel;
  /* AES-128 in counter mode; ivs[i] is the first counter block, 16 bytes, big endian, all 128
   * bits count up; ivs == NULL: zero. */
  void (*ctr)(uint8_t *const *out, const uint8_t *const *in, size_t len, const uint8_t *const *keys,
              const uint8_t *const *ivs, size_t n);
} sphinx_aes128_kernel;

typedef struct {
  sphinx_kernel kernel;
  /* RFC 8439 ChaCha20, 32-byte keys; ivs[i] is counter (4 bytes, little endian) then nonce
   * (12 bytes); ivs == NULL: zero. len is at most 64 * (2^32 - counter). */
  void (*crypt)(uint8_t *const *out, const uint8_t *const *in, size_t len, const uint8_t *const *keys,
                const uint8_t *const *ivs, size_t n);
} sphinx_chacha20_kernel;

/* RFC 7693 BLAKE2b of len bytes each row, keyed with key_len (0..64) bytes each row
 * (keys == NULL when key_len is 0), digests of out_len (1..64) bytes. */
typedef struct {
  sphinx_kernel kernel;
  void (*hash)(uint8_t *const *out, size_t out_len, const uint8_t *const *in, size_t len,
               const uint8_t *const *keys, size_t key_len, size_t n);
} sphinx_blake2b_kernel;

/* Zeroes all vector registers that its set has. */
typedef struct {
  sphinx_kernel kernel;
  void (*clear)(void);
} sphinx_registers_kernel;

/* A backend: one kernel per primitive. `registers` is the best for the CPU, whatever the backend may
 * use: the C library uses everything. */
typedef struct {
  const char *name;
  uint32_t required;
  const sphinx_x25519_kernel *x25519;
  const sphinx_sha256_kernel *sha256;
  const sphinx_aes128_kernel *aes128;
  const sphinx_chacha20_kernel *chacha20;
  const sphinx_blake2b_kernel *blake2b;
  const sphinx_registers_kernel *registers;
} sphinx_backend;

/* Backends compiled in, best first; NULL beyond the last. */
const char *sphinx_backend_name(size_t i);

/* Fills `backend` with the best kernels for a CPU with the features `cpu`.
 * Returns 0, or the CPU_* bits that `cpu` lacks. */
uint32_t sphinx_backend_make(sphinx_backend *backend, size_t i, uint32_t cpu);

#endif
