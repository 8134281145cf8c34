#include "hop.h"

#include <stdlib.h>

#include "bytes.h"
#include "constant_time.h"
#include "scalars.h"
#include "stack.h"

#define SHARED_SECRET_SIZE 32u
#define STREAM_KEY_SIZE 16u

struct sphinx_scratch {
  size_t size; /* of this allocation, for wiping */
  hmac_scratch hmac;
  lioness_scratch lioness;
  uint8_t shared[SPHINX_ROWS][SHARED_SECRET_SIZE]; /* shared secrets, then clamped blinding factors */
  uint8_t payload_keys[SPHINX_ROWS][LIONESS_KEY_SIZE];
  size_t position, rows;     /* of the group in the order of the batch */
  int64_t live[SPHINX_ROWS]; /* rows of the group that are still worked on */
  size_t place[SPHINX_ROWS]; /* where in the group they stand */
  const uint8_t *a[SPHINX_ROWS], *b[SPHINX_ROWS], *key[SPHINX_ROWS];
  uint8_t *out[SPHINX_ROWS];
  uint8_t *routing; /* SPHINX_ROWS rows of routing_size + slot_size, at the end of the allocation */
};

static size_t max_size(size_t a, size_t b) { return a > b ? a : b; }

sphinx_scratch *sphinx_scratch_new(const sphinx_format *f) {
  const size_t message = hkdf_message_size(max_size(f->secret_info_size, f->payload_info_size));
  const size_t size = sizeof(sphinx_scratch) + SPHINX_ROWS * (message + f->routing_size + f->slot_size);
  sphinx_scratch *s = malloc(size);
  if (!s) return NULL;
  s->size = size;
  s->hmac.message = (uint8_t *)(s + 1);
  s->routing = s->hmac.message + SPHINX_ROWS * message;
  return s;
}

void sphinx_scratch_free(const sphinx_backend *b, sphinx_scratch *s) {
  if (!s) return;
  wipe(s, s->size);
  free(s);
  sphinx_wipe_stack(b);
}

static uint8_t *header(const sphinx_format *f, const sphinx_batch *batch, int64_t row) {
  return batch->headers + f->header_size * (size_t)row;
}

static uint8_t *secret(const sphinx_format *f, const sphinx_batch *batch, int64_t row) {
  return batch->secrets + f->secret_size * (size_t)row;
}

static int is_zero(const uint8_t *p, size_t n) {
  uint8_t any = 0;
  for (size_t i = 0; i < n; i++) any |= p[i];
  return any == 0;
}

static uint8_t *combs_of_group(const sphinx_backend *b, const sphinx_batch *batch, const sphinx_scratch *s) {
  return batch->combs + b->x25519->comb_size * (s->position / b->x25519->kernel.lanes);
}

static void make_combs(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch,
                       sphinx_scratch *s) {
  const int64_t *order = batch->order + s->position;
  for (size_t i = 0; i < s->rows; i++) s->b[i] = header(f, batch, order[i]);
  b->x25519->make_combs(combs_of_group(b, batch, s), s->b, s->rows);
}

/* out[i] = a[i] times the alpha of the row at places[i] of the group. */
static void multiply_alphas(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch,
                            const size_t *places, size_t n, sphinx_scratch *s) {
  const int64_t *order = batch->order + s->position;
  if (!batch->combs) {
    for (size_t i = 0; i < n; i++) s->b[i] = header(f, batch, order[places[i]]);
    b->x25519->multiply(s->out, s->a, s->b, n);
    return;
  }
  uint8_t *out[SPHINX_ROWS] = {NULL};
  for (size_t i = 0; i < s->rows; i++) s->b[i] = batch->keys[0];
  for (size_t i = 0; i < n; i++) {
    out[places[i]] = s->out[i];
    s->b[places[i]] = s->a[i];
  }
  b->x25519->multiply_combs(out, s->b, combs_of_group(b, batch, s), s->rows);
}

/* Tries one key per live row and settles the rows it can; the others stay BAD_MAC. Whether a
 * packet is rejected, and for which reason, is not secret. */
static void try_keys(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch,
                     const int8_t *keys, size_t n, sphinx_scratch *s) {
  for (size_t i = 0; i < n; i++) {
    s->a[i] = batch->keys[keys[i]];
    s->out[i] = s->shared[i];
  }
  multiply_alphas(b, f, batch, s->place, n, s);

  for (size_t i = 0; i < n; i++) {
    s->a[i] = s->shared[i];
    s->out[i] = secret(f, batch, s->live[i]);
  }
  hkdf_sha256(b->sha256, s->out, f->secret_size, NULL, 0, s->a, SHARED_SECRET_SIZE, f->secret_info,
              f->secret_info_size, n, &s->hmac);

  for (size_t i = 0; i < n; i++) {
    s->key[i] = secret(f, batch, s->live[i]) + f->mac_key_offset;
    s->a[i] = header(f, batch, s->live[i]) + f->alpha_size + f->mac_size;
  }
  hmac_sha256(b->sha256, s->key, f->mac_key_size, s->a, f->routing_size, n, &s->hmac);

  for (size_t i = 0; i < n; i++) {
    const int64_t row = s->live[i];
    uint8_t *keep = secret(f, batch, row);
    const uint64_t good = ct_equal(s->hmac.digest[i], header(f, batch, row) + f->alpha_size, f->mac_size);
    const int zero = is_zero(s->shared[i], SHARED_SECRET_SIZE);
    SPHINX_DECLASSIFY(&good, sizeof good);
    SPHINX_DECLASSIFY(&zero, sizeof zero);
    if (zero) {
      batch->status[row] = STATUS_BAD_PUBLIC_VALUE;
    } else if (good) {
      batch->status[row] = STATUS_AUTHENTIC;
      batch->key_index[row] = keys[i];
      memcpy(batch->tags + f->tag_size * (size_t)row, keep + f->tag_offset, f->tag_size);
      continue;
    }
    wipe(keep, f->secret_size);
  }
}

void sphinx_authenticate(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch,
                         size_t start, size_t stop, sphinx_scratch *s) {
  for (size_t done = start; done < stop; done += SPHINX_ROWS) {
    const size_t rows = rows_at_most(stop - done);
    const int64_t *order = batch->order + done;
    s->position = done;
    s->rows = rows;
    for (size_t i = 0; i < rows; i++) {
      const int64_t row = order[i];
      const int fits = batch->sizes[row] >= (int64_t)f->minimum_size;
      if (fits) {
        memcpy(header(f, batch, row), batch->packets + batch->offsets[row], f->header_size);
      } else {
        memset(header(f, batch, row), 0, f->alpha_size); /* combs are made of all rows */
      }
      batch->status[row] = fits ? STATUS_BAD_MAC : STATUS_BAD_LENGTH;
      batch->key_index[row] = -1;
      memset(batch->tags + f->tag_size * (size_t)row, 0, f->tag_size);
    }
    /* A row with a hint is tried once, with that key; the others with every key in turn. */
    for (size_t pass = 0; pass < batch->n_keys; pass++) {
      int8_t keys[SPHINX_ROWS];
      size_t n = 0;
      for (size_t i = 0; i < rows; i++) {
        const int8_t hint = batch->key_hints[order[i]];
        if (batch->status[order[i]] != STATUS_BAD_MAC || (hint >= 0 && pass > 0)) continue;
        keys[n] = hint >= 0 ? hint : (int8_t)pass;
        s->place[n] = i;
        s->live[n++] = order[i];
      }
      if (n == 0) continue;
      if (batch->combs && pass == 0) make_combs(b, f, batch, s);
      try_keys(b, f, batch, keys, n, s);
    }
  }
}

static int has_explicit_key(const sphinx_format *f, uint16_t version) {
  for (size_t i = 0; i < f->n_explicit_versions; i++) {
    if (f->explicit_versions[i] == version) return 1;
  }
  return 0;
}

/* Where row i of the group has its decrypted routing information. */
static uint8_t *routing(const sphinx_format *f, const sphinx_scratch *s, size_t i) {
  return s->routing + (f->routing_size + f->slot_size) * i;
}

/* Decrypts the routing information of live rows and writes what it says. Rows that it rejects
 * leave `live`; returns how many remain. */
static size_t read_routing(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch,
                           size_t n, sphinx_scratch *s) {
  for (size_t i = 0; i < n; i++) {
    uint8_t *r = routing(f, s, i);
    memcpy(r, header(f, batch, s->live[i]) + f->alpha_size + f->mac_size, f->routing_size);
    memset(r + f->routing_size, 0, f->slot_size);
    s->a[i] = s->out[i] = r;
    s->key[i] = secret(f, batch, s->live[i]) + f->stream_key_offset;
  }
  b->aes128->ctr(s->out, s->a, f->routing_size + f->slot_size, s->key, NULL, n);

  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    const int64_t row = s->live[i];
    const uint8_t *r = routing(f, s, i);
    uint8_t *out = batch->out + batch->out_offsets[row];
    SPHINX_DECLASSIFY(r, 1); /* the flag */
    SPHINX_DECLASSIFY(r + f->version_offset, 2);
    uint8_t status = r[0] == f->forward_flag ? STATUS_FORWARD : STATUS_DELIVER;
    if (r[0] != f->forward_flag && r[0] != f->final_flag) {
      status = STATUS_BAD_ROUTING_FLAG;
    } else if (batch->sizes[row] < (int64_t)(f->header_size + f->minimum_payload_size)) {
      status = STATUS_BAD_PAYLOAD_LENGTH;
    }
    batch->status[row] = status;
    if (status == STATUS_FORWARD) {
      memcpy(batch->next_hops + f->address_size * (size_t)row, r + f->address_offset, f->address_size);
      batch->delays[row] = load64_be(r + f->delay_offset);
      memcpy(out + f->alpha_size, r + f->next_mac_offset, f->mac_size + f->routing_size);
    } else if (status == STATUS_DELIVER) {
      memcpy(batch->destinations + f->address_size * (size_t)row, r + f->address_offset, f->address_size);
      memcpy(batch->identifiers + f->identifier_size * (size_t)row, r + f->identifier_offset,
             f->identifier_size);
      memset(out, 0, f->header_size);
    } else {
      memset(batch->tags + f->tag_size * (size_t)row, 0, f->tag_size);
      batch->key_index[row] = -1;
      memset(out, 0, (size_t)batch->sizes[row]);
      wipe(secret(f, batch, row), f->secret_size);
      continue;
    }
    batch->versions[row] = (uint16_t)(r[f->version_offset] << 8 | r[f->version_offset + 1]);
    s->place[kept] = s->place[i];
    s->live[kept++] = row;
  }
  return kept;
}

/* alpha' = X25519(blinding factor, alpha), for rows that go on. */
static void blind(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch, size_t n,
                  sphinx_scratch *s) {
  size_t places[SPHINX_ROWS], forward = 0;
  for (size_t i = 0; i < n; i++) {
    const int64_t row = s->live[i];
    if (batch->status[row] != STATUS_FORWARD) continue;
    scalar_clamp(s->shared[forward], secret(f, batch, row) + f->blinding_offset);
    s->a[forward] = s->shared[forward];
    places[forward] = s->place[i];
    s->out[forward++] = batch->out + batch->out_offsets[row];
  }
  if (forward) multiply_alphas(b, f, batch, places, forward, s);
}

/* key[i] = payload key of live row i. */
static void find_payload_keys(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch,
                              size_t n, sphinx_scratch *s) {
  size_t seeds = 0;
  for (size_t i = 0; i < n; i++) {
    const int64_t row = s->live[i];
    const uint8_t *in_secret = secret(f, batch, row) + f->payload_key_offset;
    s->key[i] = in_secret;
    if (has_explicit_key(f, batch->versions[row])) continue;
    s->a[seeds] = in_secret;
    s->out[seeds] = s->payload_keys[i];
    s->key[i] = s->payload_keys[i];
    seeds++;
  }
  hkdf_sha256(b->sha256, s->out, LIONESS_KEY_SIZE, f->payload_salt, f->payload_salt_size, s->a,
              f->payload_seed_size, f->payload_info, f->payload_info_size, seeds, &s->hmac);
}

/* Takes one layer off the payloads, in runs of rows of one size: `order` puts those together. */
static void open_payloads(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch,
                          size_t n, sphinx_scratch *s) {
  for (size_t start = 0, stop; start < n; start = stop) {
    const int64_t size = batch->sizes[s->live[start]];
    for (stop = start; stop < n && batch->sizes[s->live[stop]] == size; stop++) {
      const int64_t row = s->live[stop];
      s->a[stop] = batch->packets + batch->offsets[row] + f->header_size;
      s->out[stop] = batch->out + batch->out_offsets[row] + f->header_size;
    }
    lioness_decrypt(b, s->out + start, s->a + start, (size_t)size - f->header_size, s->key + start,
                    stop - start, &s->lioness);
  }
}

void sphinx_unwrap(const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch, size_t start,
                   size_t stop, sphinx_scratch *s) {
  for (size_t done = start; done < stop; done += SPHINX_ROWS) {
    size_t n = 0;
    s->position = done;
    s->rows = rows_at_most(stop - done);
    for (size_t i = 0; i < s->rows; i++) {
      const int64_t row = batch->order[done + i];
      if (batch->status[row] == STATUS_AUTHENTIC && batch->accept[row]) {
        s->place[n] = i;
        s->live[n++] = row;
        continue;
      }
      if (batch->status[row] == STATUS_AUTHENTIC) {
        batch->status[row] = STATUS_REPLAYED;
        wipe(secret(f, batch, row), f->secret_size);
      }
      memset(batch->out + batch->out_offsets[row], 0, (size_t)batch->sizes[row]);
    }
    if (n == 0) continue;
    n = read_routing(b, f, batch, n, s);
    blind(b, f, batch, n, s);
    find_payload_keys(b, f, batch, n, s);
    open_payloads(b, f, batch, n, s);
    for (size_t i = 0; i < n; i++) wipe(secret(f, batch, s->live[i]), f->secret_size);
  }
}
