/* Runs the primitives and the hop with secrets that Valgrind takes for uninitialised memory, so
 * that it reports every branch and every address that depends on one. tests/ct/run.py builds and
 * starts it.
 *
 * harness               runs everything on every backend that Valgrind's CPU has;
 * harness undeclared    runs the hop with nothing declassified,
 * harness leaky-branch  and
 * harness leaky-address plant a leak: all three must be reported.
 *
 * Exits with 1 if a result is wrong; Valgrind replaces the code if it has reported anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "cases.h"
#include "constant_time.h"
#include "hmac.h"
#include "hop.h"
#include "kernels.h"
#include "lioness.h"
#include "primitives.h"
#include "scalars.h"

/* More than a group of rows, and no multiple of any number of lanes. */
#define ROWS (SPHINX_ROWS + 13)
#define MAX_SIZE 400

static void poison(const void *p, size_t size) { (void)VALGRIND_MAKE_MEM_UNDEFINED(p, size); }
static void reveal(const void *p, size_t size) { (void)VALGRIND_MAKE_MEM_DEFINED(p, size); }

int harness_declassifies = 1;

static void require(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "ct: wrong result: %s\n", what);
  exit(1);
}

static void require_equal(const void *a, const void *b, size_t size, const char *what) {
  reveal(a, size);
  reveal(b, size);
  require(memcmp(a, b, size) == 0, what);
}

/* xorshift64: any bytes will do, as long as they are not all the same. */
static void fill(void *p, size_t size) {
  static uint64_t state = 0x9e3779b97f4a7c15;
  for (size_t i = 0; i < size; i++) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    ((uint8_t *)p)[i] = (uint8_t)state;
  }
}

/* A table of rows of secret bytes. */
typedef struct {
  uint8_t bytes[ROWS * MAX_SIZE];
  size_t size;
} table;

static void make_secret(table *t, size_t size) {
  t->size = size;
  fill(t->bytes, ROWS * size);
  poison(t->bytes, ROWS * size);
}

static sphinx_rows in(const table *t) { return (sphinx_rows){t->bytes, (ptrdiff_t)t->size}; }
static sphinx_out_rows out(table *t) { return (sphinx_out_rows){t->bytes, (ptrdiff_t)t->size}; }

static table keys, ivs, data, first, second, third;

/* Multiplies by a chain of two scalars with a product and without, and by the base point. */
static void run_x25519(const sphinx_backend *b) {
  static const uint8_t ON_CURVE[ROWS] = {1, 0, 1}; /* the others are folded too */
  static table both;
  make_secret(&both, 2 * SCALAR_SIZE);
  make_secret(&keys, SCALAR_SIZE);
  data.size = first.size = second.size = third.size = SCALAR_SIZE;
  rows_x25519(b, out(&data), in(&keys), (sphinx_rows){NULL, 0}, ROWS);
  rows_x25519_chain(b, out(&first), in(&both), SCALAR_SIZE, 2, in(&data), ON_CURVE, NULL, ROWS);
  sphinx_rows scalars = in(&both);
  rows_x25519(b, out(&second), scalars, in(&data), ROWS);
  scalars.data += SCALAR_SIZE;
  rows_x25519(b, out(&third), scalars, in(&second), ROWS);
  require_equal(first.bytes, third.bytes, ROWS * SCALAR_SIZE, "X25519 chain");
}

typedef void (*stream_cipher)(const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
                              sphinx_rows keys, sphinx_rows ivs, size_t n);

static void run_stream(const sphinx_backend *b, stream_cipher crypt, size_t key_size, const char *what) {
  static const size_t SIZES[] = {0, 1, 16, 63, 360, MAX_SIZE};
  for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
    make_secret(&keys, key_size);
    make_secret(&ivs, 16);
    make_secret(&data, SIZES[i]);
    first.size = second.size = SIZES[i];
    crypt(b, out(&first), in(&data), SIZES[i], in(&keys), in(&ivs), ROWS);
    crypt(b, out(&second), in(&first), SIZES[i], in(&keys), in(&ivs), ROWS);
    require_equal(data.bytes, second.bytes, ROWS * SIZES[i], what);
  }
}

/* Rows one by one give what they give together. */
static void run_hashes(const sphinx_backend *b) {
  static const size_t SIZES[] = {0, 1, 55, 64, 129, 300};
  for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
    const size_t size = SIZES[i];
    make_secret(&keys, 64);
    make_secret(&data, size);

    first.size = second.size = 64;
    rows_blake2b(b, out(&first), 64, in(&data), size, in(&keys), 64, ROWS);
    for (size_t row = 0; row < ROWS; row++) {
      const sphinx_out_rows one = {second.bytes + 64 * row, 64};
      const sphinx_rows from = {data.bytes + size * row, 0}, key = {keys.bytes + 64 * row, 0};
      rows_blake2b(b, one, 64, from, size, key, 64, 1);
    }
    require_equal(first.bytes, second.bytes, ROWS * 64, "BLAKE2b");

    first.size = second.size = HMAC_SIZE;
    require(rows_hmac_sha256(b, out(&first), in(&keys), 16, in(&data), size, ROWS) == 0, "memory");
    for (size_t row = 0; row < ROWS; row++) {
      const sphinx_out_rows one = {second.bytes + HMAC_SIZE * row, HMAC_SIZE};
      const sphinx_rows from = {data.bytes + size * row, 0}, key = {keys.bytes + 64 * row, 0};
      require(rows_hmac_sha256(b, one, key, 16, from, size, 1) == 0, "memory");
    }
    require_equal(first.bytes, second.bytes, ROWS * HMAC_SIZE, "HMAC");

    /* The first block of an expansion does not depend on how many follow. */
    static const uint8_t SALT[] = "salt", INFO[] = "info";
    first.size = 300, second.size = HMAC_SIZE;
    require(rows_hkdf_sha256(b, out(&first), 300, SALT, sizeof SALT, in(&data), size, INFO, sizeof INFO,
                             ROWS) == 0,
            "memory");
    require(rows_hkdf_sha256(b, out(&second), HMAC_SIZE, SALT, sizeof SALT, in(&data), size, INFO,
                             sizeof INFO, ROWS) == 0,
            "memory");
    for (size_t row = 0; row < ROWS; row++)
      require_equal(first.bytes + 300 * row, second.bytes + HMAC_SIZE * row, HMAC_SIZE, "HKDF");
  }
}

static void run_lioness(const sphinx_backend *b) {
  static const size_t SIZES[] = {33, 64, 100, 397};
  for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
    make_secret(&keys, LIONESS_KEY_SIZE);
    make_secret(&data, SIZES[i]);
    first.size = second.size = SIZES[i];
    require(rows_lioness_decrypt(b, out(&first), in(&data), SIZES[i], in(&keys), ROWS) == 0, "memory");
    require(rows_lioness_encrypt(b, out(&second), in(&first), SIZES[i], in(&keys), ROWS) == 0, "memory");
    require_equal(data.bytes, second.bytes, ROWS * SIZES[i], "LIONESS");
  }
}

/* Both stages, on packets of the vectors. Keys and packets are secret; which packets are bad,
 * and why, and the version and flag of a hop are not: hop.c declassifies them. With hints each
 * packet is opened with its key, else all keys are tried. */
static void run_hop(const sphinx_backend *b, int hinted) {
  static uint8_t private_keys[N_KEYS][SCALAR_SIZE], packets[PACKETS_SIZE], opened[PACKETS_SIZE];
  static uint8_t status[N_CASES], accept[N_CASES];
  static int8_t key_index[N_CASES], hints[N_CASES];
  static int64_t offsets[N_CASES], sizes[N_CASES], order[N_CASES];
  static uint16_t versions[N_CASES];
  static uint64_t delays[N_CASES];
  const size_t address_size = FORMAT.address_size, secrets_size = N_CASES * FORMAT.secret_size;
  sphinx_batch batch = {
      .packets = packets,
      .offsets = offsets,
      .sizes = sizes,
      .order = order,
      .keys = (const uint8_t (*)[SCALAR_SIZE])private_keys,
      .n_keys = N_KEYS,
      .key_hints = hints,
      .headers = calloc(N_CASES, FORMAT.header_size),
      .secrets = calloc(N_CASES, FORMAT.secret_size),
      .status = status,
      .tags = calloc(N_CASES, FORMAT.tag_size),
      .key_index = key_index,
      .accept = accept,
      .versions = versions,
      .next_hops = calloc(N_CASES, address_size),
      .destinations = calloc(N_CASES, address_size),
      .identifiers = calloc(N_CASES, FORMAT.identifier_size),
      .delays = delays,
      .out = opened,
      .out_offsets = offsets,
  };
  sphinx_scratch *scratch = sphinx_scratch_new(&FORMAT);
  require(scratch && batch.headers && batch.secrets && batch.tags && batch.next_hops && batch.destinations &&
              batch.identifiers,
          "memory");
  for (size_t i = 0; i < N_KEYS; i++) scalar_clamp(private_keys[i], KEYS[i]);
  int64_t offset = 0;
  for (size_t i = 0; i < N_CASES; i++) {
    order[i] = (int64_t)i;
    offsets[i] = offset;
    sizes[i] = (int64_t)CASES[i].size;
    hints[i] = hinted ? CASES[i].key : -1;
    accept[i] = i % 8 != 7;
    memcpy(packets + offset, CASES[i].packet, CASES[i].size);
    offset += sizes[i];
  }
  poison(private_keys, sizeof private_keys);
  poison(packets, sizeof packets);
  sphinx_authenticate(b, &FORMAT, &batch, 0, N_CASES, scratch);
  sphinx_unwrap(b, &FORMAT, &batch, 0, N_CASES, scratch);

  for (size_t i = 0; i < N_CASES; i++) {
    const uint8_t expected = CASES[i].status;
    const int authentic = expected == STATUS_FORWARD || expected == STATUS_DELIVER ||
                          expected == STATUS_BAD_ROUTING_FLAG || expected == STATUS_BAD_PAYLOAD_LENGTH;
    /* A packet for another key is opened where all are tried. */
    if (expected == STATUS_BAD_MAC && !hinted) continue;
    require(status[i] == (authentic && !accept[i] ? STATUS_REPLAYED : expected), "status of a packet");
  }
  reveal(batch.secrets, secrets_size);
  for (size_t i = 0; i < secrets_size; i++) require(batch.secrets[i] == 0, "secrets left after unwrap");
  sphinx_scratch_free(b, scratch);
  free(batch.headers), free(batch.secrets), free(batch.tags);
  free(batch.next_hops), free(batch.destinations), free(batch.identifiers);
}

volatile uint8_t sink; /* a store to it stays a store, and what it depends on stays a branch */

static int leak(const char *how) {
  sphinx_backend b;
  static const uint8_t TABLE[256] = {1, 2, 3};
  uint8_t secret = 1;
  poison(&secret, 1);
  if (strcmp(how, "leaky-branch") == 0) {
    if (secret & 1) sink = 1;
  } else if (strcmp(how, "leaky-address") == 0) {
    sink = TABLE[secret];
  } else if (strcmp(how, "undeclared") == 0) {
    size_t i = 0;
    while (sphinx_backend_make(&b, i, 0)) i++; /* the last one needs no CPU feature */
    harness_declassifies = 0;
    run_hop(&b, 1);
  } else {
    fprintf(stderr, "ct: no mode %s\n", how);
    return 2;
  }
  return 0;
}

int main(int argc, char **argv) {
  if (!RUNNING_ON_VALGRIND) {
    fprintf(stderr, "ct: run this under Valgrind; tests/ct/run.py does\n");
    return 2;
  }
  if (argc > 1) return leak(argv[1]);
  const uint32_t cpu = sphinx_cpu_features();
  for (size_t i = 0; sphinx_backend_name(i); i++) {
    sphinx_backend b;
    if (sphinx_backend_make(&b, i, cpu)) {
      printf("ct: %s: not checked, Valgrind's CPU lacks its instructions\n", sphinx_backend_name(i));
      continue;
    }
    run_x25519(&b);
    run_stream(&b, rows_aes128_ctr, 16, "AES-128-CTR");
    run_stream(&b, rows_chacha20, 32, "ChaCha20");
    run_hashes(&b);
    run_lioness(&b);
    run_hop(&b, 1);
    run_hop(&b, 0);
    printf("ct: %s: primitives and %d packets ran\n", b.name, 2 * N_CASES);
  }
  return 0;
}
