/* The primitives over rows, of any number and size, in place or not: all backends must write the same
 * bytes, and LIONESS must be undone by its inverse. tests/fuzz/c/run.py builds and runs it. */
#include "primitives.h"

#include "harness.h"
#include "hmac.h"
#include "lioness.h"
#include "scalars.h"

#define MAX_ROWS (SPHINX_ROWS + 12)
#define MAX_SIZE 700
#define LINKS 3

/* n rows of `size` bytes, the last one of which ends where the allocation does; or one row for all. */
typedef struct {
  uint8_t *data;
  size_t size;
  ptrdiff_t stride;
} table;

static table make(input *in, size_t n, size_t size) {
  const unsigned how = next(in), seed = next(in);
  const size_t gap = how & 1 ? how >> 4 : 0, rows = how & 2 || n == 0 ? 1 : n;
  table t = {NULL, size, how & 2 ? 0 : (ptrdiff_t)(size + gap)};
  t.data = allocate((rows - 1) * (size + gap) + size);
  fill(t.data, (rows - 1) * (size + gap) + size, seed);
  return t;
}

static sphinx_rows in_rows(const table *t) { return (sphinx_rows){t->data, t->stride}; }

/* What one primitive is computed from. */
typedef struct {
  unsigned which, links;
  size_t n, size, key_size, out_size;
  table keys, ivs, data;
  uint8_t salt[MAX_SIZE], info[MAX_SIZE], on_curve[MAX_ROWS], combed[MAX_ROWS];
  size_t salt_size, info_size;
} task;

/* Replaces the points of the rows that are said to be on the curve by multiples of the base point. */
static void put_on_curve(const sphinx_backend *b, task *t) {
  for (size_t i = 0; i < t->n; i++) {
    t->combed[i] = t->on_curve[i] >> 1 & 1;
    t->on_curve[i] &= 1;
    if (!t->on_curve[i]) continue;
    uint8_t *point = t->data.data + t->data.stride * (ptrdiff_t)i;
    const sphinx_out_rows out = {point, 0};
    rows_x25519(b, out, (sphinx_rows){point, 0}, (sphinx_rows){NULL, 0}, 1);
    if (!t->data.stride) memset(t->on_curve, 1, sizeof t->on_curve);
    if (!t->data.stride) break;
  }
}

/* The chain, with combs that were kept for some of the points on the curve. */
static int chain_with_combs(const sphinx_backend *b, const task *t, sphinx_out_rows out, sphinx_rows data) {
  const uint64_t *combs[MAX_ROWS] = {NULL};
  const size_t size = kept_comb_size(b);
  uint64_t *kept = allocate(t->n * size);
  uint8_t *points = allocate(t->n * SCALAR_SIZE);
  size_t n = 0;
  for (size_t i = 0; i < t->n; i++) {
    if (!t->on_curve[i] || !t->combed[i]) continue;
    memcpy(points + SCALAR_SIZE * n, t->data.data + t->data.stride * (ptrdiff_t)i, SCALAR_SIZE);
    combs[i] = kept + size / sizeof *kept * n++;
  }
  int failed = rows_make_combs(b, kept, (sphinx_rows){points, SCALAR_SIZE}, n);
  failed |=
      rows_x25519_chain(b, out, in_rows(&t->keys), SCALAR_SIZE, t->links, data, t->on_curve, combs, t->n);
  free(kept), free(points);
  return failed;
}

static task make_task(const sphinx_backend *b, input *in) {
  task t = {.which = next(in) % 10, .n = next(in) % MAX_ROWS, .size = next2(in) % MAX_SIZE};
  t.out_size = t.size;
  t.links = 1;
  const unsigned extra = next2(in);
  switch (t.which) {
  case 0: /* X25519 */
  case 1: /* of the base point */
  case 2: /* of a chain of scalars */
  case 3: /* of two scalars; keys and ivs */
    if (t.which == 2) t.links = 1 + extra % LINKS;
    t.size = t.out_size = SCALAR_SIZE;
    t.keys = make(in, t.n, SCALAR_SIZE * t.links);
    t.ivs = make(in, t.n, SCALAR_SIZE);
    break;
  case 4: /* AES-128-CTR */
  case 5: /* ChaCha20, whose counter must not overflow */
    t.keys = make(in, t.n, t.which == 4 ? 16 : 32);
    t.ivs = make(in, t.n, 16);
    if (t.which == 5)
      for (size_t i = 0; i < (t.ivs.stride ? t.n : 1); i++)
        t.ivs.data[t.ivs.stride * (ptrdiff_t)i + 3] &= 127;
    break;
  case 6: /* BLAKE2b */
    t.key_size = extra % 65;
    t.out_size = 1 + (extra >> 8) % 64;
    t.keys = make(in, t.n, t.key_size);
    break;
  case 7: /* HMAC-SHA256 */
    t.key_size = extra % MAX_SIZE;
    t.out_size = HMAC_SIZE;
    t.keys = make(in, t.n, t.key_size);
    break;
  case 8: /* HKDF-SHA256 */
    t.out_size = extra % HKDF_MAX_SIZE;
    t.salt_size = next2(in) % MAX_SIZE;
    t.info_size = next2(in) % MAX_SIZE;
    fill(t.salt, t.salt_size, extra & 255);
    fill(t.info, t.info_size, extra >> 8);
    break;
  default: /* LIONESS */
    t.size += LIONESS_LEFT_SIZE + 1;
    t.out_size = t.size;
    t.keys = make(in, t.n, LIONESS_KEY_SIZE);
  }
  t.data = make(in, t.n, t.size);
  fill(t.on_curve, sizeof t.on_curve, extra & 255);
  if (t.which == 2) put_on_curve(b, &t);
  return t;
}

/* Rows one behind the other; the second of a pair of results stands behind the first. */
static uint8_t *compute(const sphinx_backend *b, const task *t, int in_place) {
  const size_t size = t->n * t->out_size;
  uint8_t *result = allocate(2 * size);
  const sphinx_out_rows out = {result, (ptrdiff_t)t->out_size},
                        second = {result + size, (ptrdiff_t)t->out_size};
  const sphinx_rows keys = in_rows(&t->keys), ivs = in_rows(&t->ivs);
  sphinx_rows data = in_rows(&t->data);
  if (in_place && t->out_size == t->size) {
    for (size_t i = 0; i < t->n; i++)
      memcpy(result + t->size * i, data.data + data.stride * (ptrdiff_t)i, t->size);
    data = (sphinx_rows){result, (ptrdiff_t)t->size};
  }
  int failed = 0;
  switch (t->which) {
  case 0:
    rows_x25519(b, out, keys, data, t->n);
    break;
  case 1:
    rows_x25519(b, out, keys, (sphinx_rows){NULL, 0}, t->n);
    break;
  case 2:
    if (kept_comb_size(b))
      failed = chain_with_combs(b, t, out, data);
    else
      failed = rows_x25519_chain(b, out, keys, SCALAR_SIZE, t->links, data, t->on_curve, NULL, t->n);
    break;
  case 3:
    failed = rows_x25519_twice(b, out, second, keys, ivs, in_rows(&t->data), t->n);
    break;
  case 4:
    rows_aes128_ctr(b, out, data, t->size, keys, ivs, t->n);
    break;
  case 5:
    rows_chacha20(b, out, data, t->size, keys, ivs, t->n);
    break;
  case 6:
    rows_blake2b(b, out, t->out_size, data, t->size, keys, t->key_size, t->n);
    break;
  case 7:
    failed = rows_hmac_sha256(b, out, keys, t->key_size, data, t->size, t->n);
    break;
  case 8:
    failed = rows_hkdf_sha256(b, out, t->out_size, t->salt, t->salt_size, data, t->size, t->info,
                              t->info_size, t->n);
    break;
  default: {
    failed = rows_lioness_encrypt(b, out, data, t->size, keys, t->n);
    const sphinx_rows encrypted = {result, (ptrdiff_t)t->size};
    failed |= rows_lioness_decrypt(b, second, encrypted, t->size, keys, t->n);
    for (size_t i = 0; i < t->n; i++)
      require(!memcmp(result + size + t->size * i, t->data.data + t->data.stride * (ptrdiff_t)i, t->size),
              "LIONESS is not undone");
  }
  }
  require(!failed, "no memory");
  if (t->which != 3 && t->which != 9) memset(result + size, 0, size);
  return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input in = {data, size};
  sphinx_backend backends[MAX_BACKENDS];
  const size_t n_backends = make_backends(backends, next(&in));
  const unsigned in_place = next(&in);
  task t = make_task(&backends[0], &in);
  uint8_t *expected = compute(&backends[0], &t, 0);
  for (size_t i = 0; i < n_backends; i++) {
    uint8_t *found = compute(&backends[i], &t, in_place & 1);
    require(!memcmp(found, expected, 2 * t.n * t.out_size), "results differ");
    free(found);
  }
  free(expected), free(t.keys.data), free(t.ivs.data), free(t.data.data);
  return 0;
}
