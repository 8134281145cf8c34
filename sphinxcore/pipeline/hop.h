/* One hop of a batch of Sphinx packets, in two stages, on the kernels of a backend. */
#ifndef SPHINX_HOP_H
#define SPHINX_HOP_H

#include "hmac.h"
#include "kernels.h"
#include "lioness.h"
#include "rows.h"

#define SPHINX_MAX_EXPLICIT_VERSIONS 8

/* A wire format, as sphinxcore.formats describes it: sizes and offsets in bytes. */
typedef struct {
  /* packet: alpha, MAC, routing information, payload */
  size_t alpha_size, mac_size, routing_size, header_size, minimum_size, minimum_payload_size;
  /* decrypted routing information; next_* of a forward hop, identifier of the final one */
  size_t slot_size, version_offset, address_offset, address_size, delay_offset, next_mac_offset,
      identifier_offset, identifier_size;
  uint8_t forward_flag, final_flag;
  /* expanded shared secret */
  size_t secret_size, stream_key_offset, mac_key_offset, mac_key_size, payload_key_offset, payload_seed_size,
      blinding_offset, tag_offset, tag_size;
  const uint8_t *secret_info, *payload_salt, *payload_info;
  size_t secret_info_size, payload_salt_size, payload_info_size;
  /* versions whose payload key stands in the secret itself */
  uint16_t explicit_versions[SPHINX_MAX_EXPLICIT_VERSIONS];
  size_t n_explicit_versions;
} sphinx_format;

/* Values of sphinxcore.Status; _native.pyx checks that they are the same. */
enum {
  STATUS_UNPROCESSED,
  STATUS_FORWARD,
  STATUS_DELIVER,
  STATUS_AUTHENTIC,
  STATUS_REPLAYED,
  STATUS_BAD_LENGTH,
  STATUS_BAD_PUBLIC_VALUE,
  STATUS_BAD_MAC,
  STATUS_BAD_ROUTING_FLAG,
  STATUS_BAD_PAYLOAD_LENGTH,
};

/* A batch: struct of arrays, one entry per row. Stage 1 reads packets and keys, and fills
 * headers, secrets, combs, status, tags and key_index; stage 2 reads those and fills the rest, which
 * is zero before. */
typedef struct {
  const uint8_t *packets;
  const int64_t *offsets, *sizes;
  const int64_t *order;      /* rows in the order in which they are worked on */
  const uint8_t (*keys)[32]; /* clamped private keys */
  size_t n_keys;
  const int8_t *key_hints; /* index of the key, or -1: try all in order */
  uint8_t *headers;        /* rows of header_size: what was authenticated is what is unwrapped */
  uint8_t *secrets;        /* rows of secret_size */
  uint8_t *combs;          /* combs of the alphas, one for `lanes` rows in `order`, or NULL: no combs */
  uint8_t *status;
  uint8_t *tags;
  int8_t *key_index;
  const uint8_t *accept; /* 0: replayed */
  uint16_t *versions;
  uint8_t *next_hops, *destinations, *identifiers;
  uint64_t *delays;
  uint8_t *out;
  const int64_t *out_offsets; /* rows as long as the packets */
} sphinx_batch;

typedef struct sphinx_scratch sphinx_scratch;

/* Scratch for one thread. sphinx_scratch_new returns NULL if there is no memory;
 * sphinx_scratch_free wipes it, and the stack that kernels of the backend may have left secrets on. */
sphinx_scratch *sphinx_scratch_new(const sphinx_format *format);
void sphinx_scratch_free(const sphinx_backend *b, sphinx_scratch *scratch);

/* Stage 1 for order[start..stop): ECDH, key schedule, header MAC. Where there are combs, `start` is a
 * multiple of the X25519 kernel's lanes, and stage 2 is called for the same ranges. */
void sphinx_authenticate(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch,
                         size_t start, size_t stop, sphinx_scratch *scratch);

/* Stage 2 for order[start..stop): routing information, blinding, payload. Wipes the rows of
 * `secrets` it used. */
void sphinx_unwrap(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch, size_t start,
                   size_t stop, sphinx_scratch *scratch);

#endif
