/* Both stages of a hop, on batches that the input describes: packets with a right MAC over any
 * routing information, and others. All backends must fill all columns alike, however the batch is
 * split between calls, ordered and equipped with combs. tests/fuzz/c/run.py builds and runs it; with
 * PLANTED, one backend is wrong about the delay of some packets. */
#include "hop.h"

#include "format.h" /* FORMAT, written by run.py */
#include "harness.h"
#include "primitives.h"
#include "scalars.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define FENCE(p, size) ASAN_POISON_MEMORY_REGION(p, size)
#define UNFENCE(p, size) ASAN_UNPOISON_MEMORY_REGION(p, size)
#endif
#endif
#ifndef FENCE
#define FENCE(p, size) ((void)(p))
#define UNFENCE(p, size) ((void)(p))
#endif

#define MAX_ROWS (SPHINX_ROWS + 12)
#define MAX_KEYS 3
#define MAX_PACKET 1500u
#define GAP 32u /* between packets; no access to it is right */
#define SECRET_SIZE 512u

static const uint8_t POINTS[][SCALAR_SIZE] = {
    {9},
    {2},
    {0},
    {1},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
};
#define N_POINTS (sizeof POINTS / sizeof *POINTS)

typedef struct {
  size_t n, n_keys;
  uint8_t keys[MAX_KEYS][SCALAR_SIZE];
  uint8_t *packets;
  size_t packets_size;
  int64_t offsets[MAX_ROWS], sizes[MAX_ROWS], order[MAX_ROWS];
  int8_t hints[MAX_ROWS];
  uint8_t accept[MAX_ROWS];
} rows_in;

static sphinx_rows one(const uint8_t *data) { return (sphinx_rows){data, 0}; }
static sphinx_out_rows to(uint8_t *data) { return (sphinx_out_rows){data, 0}; }

/* Encrypts the routing information and puts the right MAC in front of it, as a sender would. */
static void authenticate(const sphinx_backend *b, const uint8_t *key, uint8_t *packet) {
  static const uint8_t NO_IV[16];
  const sphinx_format *f = &FORMAT;
  uint8_t shared[SCALAR_SIZE], secret[SECRET_SIZE], tag[HMAC_SIZE];
  uint8_t *routing = packet + f->alpha_size + f->mac_size;
  require(f->secret_size <= sizeof secret, "SECRET_SIZE is too small");
  rows_x25519(b, to(shared), one(key), one(packet), 1);
  require(!rows_hkdf_sha256(b, to(secret), f->secret_size, NULL, 0, one(shared), sizeof shared,
                            f->secret_info, f->secret_info_size, 1),
          "no memory");
  rows_aes128_ctr(b, to(routing), one(routing), f->routing_size, one(secret + f->stream_key_offset),
                  one(NO_IV), 1);
  require(!rows_hmac_sha256(b, to(tag), one(secret + f->mac_key_offset), f->mac_key_size, one(routing),
                            f->routing_size, 1),
          "no memory");
  memcpy(packet + f->alpha_size, tag, f->mac_size);
}

/* A packet as the next bytes of the input describe it. Returns its size. */
static size_t make_packet(const sphinx_backend *b, const rows_in *rows, input *in, uint8_t *packet) {
  static const uint8_t FLAGS[] = {1, 2, 1, 2, 1, 2, 0, 3};
  static const uint16_t VERSIONS[] = {259, 258, 260, 1, 257, 0, 256, 65535};
  const sphinx_format *f = &FORMAT;
  const unsigned kind = next(in), point = next(in), layer = next(in), size_code = next2(in);
  size_t size = f->header_size + size_code % 200;
  if (kind & 1) size = size_code % MAX_PACKET; /* of any size */
  fill(packet, MAX_PACKET, next(in));
  if (point < 2 * N_POINTS) memcpy(packet, POINTS[point % N_POINTS], SCALAR_SIZE);
  if (kind & 2 || size < f->header_size) return size; /* with a wrong MAC */
  uint8_t *routing = packet + f->alpha_size + f->mac_size;
  const unsigned version = layer & 64 ? next2(in) : VERSIONS[layer >> 3 & 7];
  routing[0] = layer & 128 ? (uint8_t)next(in) : FLAGS[layer & 7];
  routing[f->version_offset] = (uint8_t)(version >> 8);
  routing[f->version_offset + 1] = (uint8_t)version;
  authenticate(b, rows->keys[(kind >> 2) % rows->n_keys], packet);
  if (kind & 128) packet[f->alpha_size + (kind >> 4 & 7)] ^= 1;
  return size;
}

static void make_rows(const sphinx_backend *b, input *in, rows_in *rows) {
  uint8_t *packet = allocate(MAX_PACKET);
  size_t used = 0, room = GAP;
  rows->packets = allocate(room);
  rows->n_keys = 1 + next(in) % MAX_KEYS;
  for (size_t i = 0; i < rows->n_keys; i++) {
    fill(rows->keys[i], SCALAR_SIZE, next(in));
    scalar_clamp(rows->keys[i], rows->keys[i]);
  }
  while (in->size && rows->n < MAX_ROWS) {
    const unsigned how = next(in);
    const size_t size = make_packet(b, rows, in, packet);
    const size_t copies = how & 1 ? 1 + next(in) % 24 : 1;
    for (size_t i = 0; i < copies && rows->n < MAX_ROWS; i++) {
      const size_t row = rows->n++;
      used += GAP;
      room += size + GAP;
      rows->packets = realloc(rows->packets, room);
      require(rows->packets != NULL, "no memory");
      memcpy(rows->packets + used, packet, size);
      rows->offsets[row] = (int64_t)used;
      rows->sizes[row] = (int64_t)size;
      rows->hints[row] = how & 2 ? (int8_t)((how >> 2) % rows->n_keys) : -1;
      rows->accept[row] = how < 240;
      used += size;
    }
  }
  rows->packets_size = room;
  free(packet);
}

/* Rows of one size next to each other, as sphinxcore._packets has them; ties either way. */
static void sort(rows_in *rows, int reversed) {
  for (size_t i = 0; i < rows->n; i++) {
    size_t at = i;
    const int64_t row = (int64_t)(reversed ? rows->n - 1 - i : i);
    for (; at > 0 && rows->sizes[rows->order[at - 1]] > rows->sizes[row]; at--)
      rows->order[at] = rows->order[at - 1];
    rows->order[at] = row;
  }
}

static void fence(const rows_in *rows, uint8_t *buffer, int up) {
  for (size_t i = 0; i <= rows->n; i++) {
    uint8_t *gap = buffer + (i < rows->n ? (size_t)rows->offsets[i] : rows->packets_size) - GAP;
    if (up)
      FENCE(gap, GAP);
    else
      UNFENCE(gap, GAP);
  }
}

/* Runs both stages, `split` rows first. The caller frees what the batch points to. */
static sphinx_batch process(const sphinx_backend *b, const rows_in *rows, size_t split, int with_combs) {
  const sphinx_format *f = &FORMAT;
  const size_t n = rows->n, lanes = b->x25519->kernel.lanes;
  sphinx_batch batch = {
      .packets = rows->packets,
      .offsets = rows->offsets,
      .sizes = rows->sizes,
      .order = rows->order,
      .keys = rows->keys,
      .n_keys = rows->n_keys,
      .key_hints = rows->hints,
      .headers = allocate(n * f->header_size),
      .secrets = allocate(n * f->secret_size),
      .status = zeros(n),
      .tags = zeros(n * f->tag_size),
      .key_index = zeros(n),
      .accept = rows->accept,
      .versions = zeros(n * sizeof(uint16_t)),
      .next_hops = zeros(n * f->address_size),
      .destinations = zeros(n * f->address_size),
      .identifiers = zeros(n * f->identifier_size),
      .delays = zeros(n * sizeof(uint64_t)),
      .out = allocate(rows->packets_size),
      .out_offsets = rows->offsets,
  };
  if (with_combs && b->x25519->comb_size) {
    const size_t size = (n + lanes - 1) / lanes * b->x25519->comb_size;
    batch.combs = aligned_alloc(COMB_ALIGNMENT, size ? size : COMB_ALIGNMENT);
    require(batch.combs != NULL, "no memory");
  }
  sphinx_scratch *scratch = sphinx_scratch_new(f);
  require(scratch != NULL, "no memory");
  fence(rows, rows->packets, 1);
  fence(rows, batch.out, 1);
  split = n ? split % (n + 1) / lanes * lanes : 0;
  sphinx_authenticate(b, f, &batch, 0, split, scratch);
  sphinx_authenticate(b, f, &batch, split, n, scratch);
  sphinx_unwrap(b, f, &batch, 0, split, scratch);
  sphinx_unwrap(b, f, &batch, split, n, scratch);
  fence(rows, rows->packets, 0);
  fence(rows, batch.out, 0);
  sphinx_scratch_free(b, scratch);
  for (size_t i = 0; i < n; i++) {
    if (batch.status[i] == STATUS_BAD_LENGTH) continue; /* its row was never written */
    const uint8_t *secret = batch.secrets + f->secret_size * i;
    for (size_t j = 0; j < f->secret_size; j++) require(secret[j] == 0, "secrets are left after unwrap");
  }
  return batch;
}

static void finish(sphinx_batch *batch) {
  free(batch->headers), free(batch->secrets), free(batch->combs), free(batch->status), free(batch->tags);
  free(batch->key_index), free(batch->versions), free(batch->next_hops), free(batch->destinations);
  free(batch->identifiers), free(batch->delays), free(batch->out);
}

static void compare(const rows_in *rows, const sphinx_batch *a, const sphinx_batch *b) {
  const sphinx_format *f = &FORMAT;
  const size_t n = rows->n;
  require(!memcmp(a->status, b->status, n), "status differs");
  require(!memcmp(a->tags, b->tags, n * f->tag_size), "tags differ");
  require(!memcmp(a->key_index, b->key_index, n), "key index differs");
  require(!memcmp(a->versions, b->versions, n * sizeof(uint16_t)), "versions differ");
  require(!memcmp(a->next_hops, b->next_hops, n * f->address_size), "next hops differ");
  require(!memcmp(a->destinations, b->destinations, n * f->address_size), "destinations differ");
  require(!memcmp(a->identifiers, b->identifiers, n * f->identifier_size), "identifiers differ");
  require(!memcmp(a->delays, b->delays, n * sizeof(uint64_t)), "delays differ");
  for (size_t i = 0; i < n; i++)
    require(!memcmp(a->out + rows->offsets[i], b->out + rows->offsets[i], (size_t)rows->sizes[i]),
            "outputs differ");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input in = {data, size};
  sphinx_backend backends[MAX_BACKENDS];
  rows_in *rows = zeros(sizeof *rows);
  const size_t n_backends = make_backends(backends, next(&in));
  const unsigned how = next(&in), split = next(&in);
  make_rows(&backends[0], &in, rows);
  sort(rows, 0);
  sphinx_batch expected = process(&backends[0], rows, 0, 0);
  sort(rows, how & 1);
  for (size_t i = 0; i < n_backends; i++) {
    sphinx_batch found = process(&backends[i], rows, split, how & 2);
#ifdef PLANTED
    if (i > 0 && rows->n > 1 && found.versions[1] == 258) found.delays[1] ^= 1;
#endif
    compare(rows, &expected, &found);
    finish(&found);
  }
  finish(&expected);
  free(rows->packets);
  free(rows);
  return 0;
}
