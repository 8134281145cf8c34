/* Compares the portable backend with the vector cases in cases.h, which run.py writes: primitives,
 * and packets through both stages of a hop. Needs nothing but a C library, so that it runs where
 * Python does not.
 *
 * harness          compares;
 * harness mutated  does so with a bit of every expected value flipped: all must differ.
 *
 * Prints how many values were compared and how many of them differ. Exits with 1 if any does, and
 * with 2 if it could not go on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "hop.h"
#include "kernels.h"
#include "primitives.h"
#include "scalars.h"

/* Types of what is in cases.h. */
typedef struct {
  size_t size;
  const uint8_t *data;
} text;

typedef enum {
  X25519,
  AES128_CTR,
  CHACHA20,
  HMAC,
  HKDF,
  BLAKE2B,
  LIONESS_ENCRYPT,
  LIONESS_DECRYPT
} operation;

/* `extra` is the counter block of a stream cipher, or HKDF's salt; `data` is a point, HKDF's info, or
 * data. Of a long result `expected` may be the SHA-256: `hashed`. */
typedef struct {
  const char *name;
  operation operation;
  unsigned iterations;
  text key, extra, data, expected;
  size_t size; /* of the result */
  int hashed;
} primitive_case;

/* Of fields that the outcome does not have the size is zero, and so are the bytes that are wanted. */
typedef struct {
  const char *name;
  int8_t key;
  uint8_t status;
  uint16_t version;
  uint64_t delay;
  text packet, tag, next_hop, destination, identifier, output;
  int hashed;
} packet_case;

#include "cases.h"

#define N_PRIMITIVES (sizeof PRIMITIVES / sizeof *PRIMITIVES)
#define N_PACKETS (sizeof PACKETS / sizeof *PACKETS)
#define N_KEYS (sizeof KEYS / sizeof *KEYS)
#define SHOWN 20

static int mutated;
static unsigned long compared, differ;

static void *allocate(size_t size) {
  void *p = calloc(size ? size : 1, 1);
  if (p) return p;
  fprintf(stderr, "no memory\n");
  exit(2);
}

static void require(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "%s\n", what);
  exit(2);
}

/* Without `expected`, zeros are wanted. */
static void compare(const char *name, const char *what, const void *actual, const void *expected,
                    size_t size) {
  uint8_t *wanted = allocate(size);
  require(size > 0, "an empty value was to be compared");
  if (expected) memcpy(wanted, expected, size);
  if (mutated) wanted[compared % size] ^= (uint8_t)(1 << compared % 8);
  compared++;
  if (memcmp(actual, wanted, size) != 0) {
    differ++;
    if (!mutated && differ <= SHOWN) fprintf(stderr, "%s: %s differs\n", name, what);
  }
  free(wanted);
}

/* SHA-256 of a result, by the kernel that HMAC's vectors have checked. */
static void sha256(const sphinx_backend *b, uint8_t digest[32], const uint8_t *data, size_t size) {
  uint32_t state[1][8] = {
      {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
  uint8_t end[2 * 64] = {0};
  const size_t rest = size % 64, end_blocks = rest < 64 - 8 ? 1 : 2;
  const uint8_t *ends = end;
  memcpy(end, data + size - rest, rest);
  end[rest] = 0x80;
  store64_be(end + 64 * end_blocks - 8, 8 * (uint64_t)size);
  b->sha256->compress(state, &data, size / 64, 1);
  b->sha256->compress(state, &ends, end_blocks, 1);
  for (size_t i = 0; i < 8; i++) store32_be(digest + 4 * i, state[0][i]);
}

static void compare_result(const sphinx_backend *b, const char *name, const uint8_t *actual, size_t size,
                           text expected, int hashed) {
  uint8_t digest[32];
  if (hashed) {
    sha256(b, digest, actual, size);
    actual = digest;
    size = sizeof digest;
  }
  require(expected.size == size, "a result of another size was expected");
  compare(name, "result", actual, expected.data, size);
}

/* Primitives ----------------------------------------------------------------------------------- */

static sphinx_rows in(const void *data) { return (sphinx_rows){data, 0}; }
static sphinx_out_rows out(void *data) { return (sphinx_out_rows){data, 0}; }

/* As in RFC 7748, 5.2: the result is the next scalar, and the scalar the next point. */
static void iterate_x25519(const sphinx_backend *b, uint8_t *result, const primitive_case *c) {
  uint8_t key[SCALAR_SIZE], point[SCALAR_SIZE], clamped[SCALAR_SIZE];
  memcpy(key, c->key.data, sizeof key);
  memcpy(point, c->data.data, sizeof point);
  for (unsigned i = 0; i < c->iterations; i++) {
    scalar_clamp(clamped, key);
    rows_x25519(b, out(result), in(clamped), in(point), 1);
    memcpy(point, key, sizeof point);
    memcpy(key, result, sizeof key);
  }
}

static void run_primitive(const sphinx_backend *b, const primitive_case *c) {
  uint8_t *result = allocate(c->size);
  const sphinx_rows keys = in(c->key.data), extra = in(c->extra.data), data = in(c->data.data);
  int failed = 0;
  switch (c->operation) {
  case X25519:
    iterate_x25519(b, result, c);
    break;
  case AES128_CTR:
    rows_aes128_ctr(b, out(result), data, c->size, keys, extra, 1);
    break;
  case CHACHA20:
    rows_chacha20(b, out(result), data, c->size, keys, extra, 1);
    break;
  case HMAC:
    failed = rows_hmac_sha256(b, out(result), keys, c->key.size, data, c->data.size, 1);
    break;
  case HKDF:
    failed = rows_hkdf_sha256(b, out(result), c->size, c->extra.data, c->extra.size, keys, c->key.size,
                              c->data.data, c->data.size, 1);
    break;
  case BLAKE2B:
    rows_blake2b(b, out(result), c->size, data, c->data.size, keys, c->key.size, 1);
    break;
  case LIONESS_ENCRYPT:
    failed = rows_lioness_encrypt(b, out(result), data, c->size, keys, 1);
    break;
  case LIONESS_DECRYPT:
    failed = rows_lioness_decrypt(b, out(result), data, c->size, keys, 1);
    break;
  }
  require(!failed, "no memory");
  /* A tag of fewer bytes than HMAC's is the beginning of one. */
  const size_t size = c->operation == HMAC ? c->expected.size : c->size;
  compare_result(b, c->name, result, size, c->expected, c->hashed);
  free(result);
}

/* The base point times two scalars, by their product and one after the other. */
static void run_product(const sphinx_backend *b, const primitive_case *c, const primitive_case *next) {
  static const uint8_t BASE[SCALAR_SIZE] = {9}, ON_CURVE[] = {1};
  uint8_t scalars[2 * SCALAR_SIZE], once[SCALAR_SIZE], twice[SCALAR_SIZE], product[SCALAR_SIZE];
  scalar_clamp(scalars, c->key.data);
  scalar_clamp(scalars + SCALAR_SIZE, next->key.data);
  rows_x25519(b, out(once), in(scalars), (sphinx_rows){NULL, 0}, 1);
  rows_x25519(b, out(twice), in(scalars + SCALAR_SIZE), in(once), 1);
  rows_x25519_chain(b, out(product), in(scalars), SCALAR_SIZE, 2, in(BASE), ON_CURVE, NULL, 1);
  compare(c->name, "product of its scalar and the next", product, twice, SCALAR_SIZE);
}

/* Packets -------------------------------------------------------------------------------------- */

static void compare_field(const packet_case *c, const char *what, const uint8_t *fields, size_t i,
                          size_t size, text expected) {
  require(expected.size == size || expected.size == 0, "a field of another size was expected");
  compare(c->name, what, fields + size * i, expected.size ? expected.data : NULL, size);
}

static int is_authentic(uint8_t status) {
  return status == STATUS_FORWARD || status == STATUS_DELIVER || status == STATUS_BAD_ROUTING_FLAG ||
         status == STATUS_BAD_PAYLOAD_LENGTH;
}

/* All packets are one batch; each is tried with the key of its case. */
static void run_packets(const sphinx_backend *b) {
  static const uint8_t AUTHENTIC = STATUS_AUTHENTIC;
  static uint8_t keys[N_KEYS][SCALAR_SIZE], status[N_PACKETS], accept[N_PACKETS];
  static int8_t key_index[N_PACKETS], hints[N_PACKETS];
  static int64_t offsets[N_PACKETS], sizes[N_PACKETS], order[N_PACKETS];
  static uint16_t versions[N_PACKETS];
  static uint64_t delays[N_PACKETS];
  size_t all = 0;
  for (size_t i = 0; i < N_KEYS; i++) scalar_clamp(keys[i], KEYS[i]);
  for (size_t i = 0; i < N_PACKETS; i++) {
    order[i] = (int64_t)i;
    offsets[i] = (int64_t)all;
    sizes[i] = (int64_t)PACKETS[i].packet.size;
    hints[i] = PACKETS[i].key;
    accept[i] = 1;
    all += PACKETS[i].packet.size;
  }
  uint8_t *packets = allocate(all);
  for (size_t i = 0; i < N_PACKETS; i++)
    memcpy(packets + offsets[i], PACKETS[i].packet.data, PACKETS[i].packet.size);
  sphinx_batch batch = {
      .packets = packets,
      .offsets = offsets,
      .sizes = sizes,
      .order = order,
      .keys = (const uint8_t (*)[SCALAR_SIZE])keys,
      .n_keys = N_KEYS,
      .key_hints = hints,
      .headers = allocate(N_PACKETS * FORMAT.header_size),
      .secrets = allocate(N_PACKETS * FORMAT.secret_size),
      .status = status,
      .tags = allocate(N_PACKETS * FORMAT.tag_size),
      .key_index = key_index,
      .accept = accept,
      .versions = versions,
      .next_hops = allocate(N_PACKETS * FORMAT.address_size),
      .destinations = allocate(N_PACKETS * FORMAT.address_size),
      .identifiers = allocate(N_PACKETS * FORMAT.identifier_size),
      .delays = delays,
      .out = allocate(all),
      .out_offsets = offsets,
  };
  sphinx_scratch *scratch = sphinx_scratch_new(&FORMAT);
  require(scratch != NULL, "no memory");

  sphinx_authenticate(b, &FORMAT, &batch, 0, N_PACKETS, scratch);
  for (size_t i = 0; i < N_PACKETS; i++) {
    const packet_case *c = &PACKETS[i];
    const int authentic = is_authentic(c->status);
    compare(c->name, "status of stage 1", &status[i], authentic ? &AUTHENTIC : &c->status, 1);
    compare_field(c, "tag of stage 1", batch.tags, i, FORMAT.tag_size, c->tag);
  }

  sphinx_unwrap(b, &FORMAT, &batch, 0, N_PACKETS, scratch);
  for (size_t i = 0; i < N_PACKETS; i++) {
    const packet_case *c = &PACKETS[i];
    const int accepted = c->status == STATUS_FORWARD || c->status == STATUS_DELIVER;
    const uint8_t *opened = batch.out + offsets[i];
    /* A payload comes behind a header of zeros. */
    const size_t before = c->status == STATUS_DELIVER ? FORMAT.header_size : 0;
    compare(c->name, "status", &status[i], &c->status, sizeof c->status);
    compare(c->name, "version", &versions[i], &c->version, sizeof c->version);
    compare(c->name, "delay", &delays[i], &c->delay, sizeof c->delay);
    compare_field(c, "tag", batch.tags, i, FORMAT.tag_size, accepted ? c->tag : (text){0, NULL});
    compare_field(c, "next hop", batch.next_hops, i, FORMAT.address_size, c->next_hop);
    compare_field(c, "destination", batch.destinations, i, FORMAT.address_size, c->destination);
    compare_field(c, "identifier", batch.identifiers, i, FORMAT.identifier_size, c->identifier);
    if (before) compare(c->name, "header of a payload", opened, NULL, before);
    if (accepted)
      compare_result(b, c->name, opened + before, c->packet.size - before, c->output, c->hashed);
    else if (c->packet.size > 0)
      compare(c->name, "output of a rejected packet", opened, NULL, c->packet.size);
  }
  compare("all packets", "what is left of their secrets", batch.secrets, NULL,
          N_PACKETS * FORMAT.secret_size);

  sphinx_scratch_free(b, scratch);
  free(packets), free(batch.headers), free(batch.secrets), free(batch.tags), free(batch.out);
  free(batch.next_hops), free(batch.destinations), free(batch.identifiers);
}

int main(int argc, char **argv) {
  sphinx_backend b;
  require(argc == 1 || (argc == 2 && strcmp(argv[1], "mutated") == 0), "usage: harness [mutated]");
  require(sphinx_backend_make(&b, 0, 0) == 0, "the first backend needs more than a plain CPU");
  mutated = argc == 2;
  for (size_t i = 0; i < N_PRIMITIVES; i++) {
    const primitive_case *c = &PRIMITIVES[i];
    run_primitive(&b, c);
    if (c->operation == X25519 && i + 1 < N_PRIMITIVES && c[1].operation == X25519) run_product(&b, c, c + 1);
  }
  run_packets(&b);
  printf("%s: %zu cases of primitives, %zu packets: %lu values compared, %lu differ\n", b.name, N_PRIMITIVES,
         N_PACKETS, compared, differ);
  return differ > 0;
}
