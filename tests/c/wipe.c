/* Looks for secrets where they must not be any more: on the stack below whoever called the
 * library, and in memory that is freed. wipe.py makes the cases and what counts as a secret, in a
 * file, and builds and starts this.
 *
 * Every call runs on a stack of its own, painted before, all of which is searched after it, and so
 * are the vector registers. The linker binds functions at the start, since binding them later writes to the
 * stack, and puts wrappers around malloc, free and sphinx_wipe_stack.
 *
 * wipe FILE               runs everything on every backend of this CPU;
 * wipe FILE unwiped       does so with sphinx_wipe_stack left out: secrets must be found;
 * wipe FILE planted-stack and planted-heap leave a secret: it must be found.
 *
 * Prints lines of words for wipe.py:
 *   wipes SIZE, the bytes of stack that sphinx_wipe_stack wipes
 *   found BACKEND CALL stack|registers|heap SECRET PLACE
 *   ran BACKEND CALL DEPTH
 * Exits with 1 if a result is wrong or something fails. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "cases.h"
#include "constant_time.h"
#include "hmac.h"
#include "hop.h"
#include "lioness.h"
#include "primitives.h"
#include "scalars.h"
#include "stack.h"

#define STACK_SIZE (1u << 20)
#define PAINT 0xa5
#define PIECE 8 /* bytes of a secret in a row that are no accident */

enum {
  PRIVATE_KEYS,
  PACKETS,
  KEY_HINTS,
  STATUSES,
  SCALARS,
  SECOND_SCALARS,
  POINTS,
  PRODUCTS,
  KEYS,
  DATA,
  PIECES,
  LABELS,
  N_TABLES
};

typedef struct {
  uint64_t rows, size;
  uint8_t *bytes;
} table;

static table tables[N_TABLES];
static const char *current_backend = "-", *current_call = "-";
static int wiping = 1;

static void require(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "wipe: %s %s: %s\n", current_backend, current_call, what);
  exit(1);
}

/* The pieces of secrets, as a hash table. Zero is no piece. -------------------------------------- */

#define SLOTS (1u << 20)

static uint64_t slot_piece[SLOTS];
static uint8_t slot_label[SLOTS];

static size_t first_slot(uint64_t piece) { return piece * UINT64_C(0x9e3779b97f4a7c15) >> 44; }

static void make_slots(void) {
  require(tables[PIECES].rows < SLOTS / 4, "too many pieces");
  for (size_t i = 0; i < tables[PIECES].rows; i++) {
    uint64_t piece;
    memcpy(&piece, tables[PIECES].bytes + PIECE * i, PIECE);
    size_t slot = first_slot(piece);
    while (slot_piece[slot] && slot_piece[slot] != piece) slot = (slot + 1) % SLOTS;
    slot_piece[slot] = piece;
    slot_label[slot] = tables[LABELS].bytes[i];
  }
}

static int label_of(uint64_t piece) {
  if (piece == 0) return -1;
  for (size_t slot = first_slot(piece); slot_piece[slot]; slot = (slot + 1) % SLOTS) {
    if (slot_piece[slot] == piece) return slot_label[slot];
  }
  return -1;
}

/* `place` is what is printed for p[size]. */
static void search(const uint8_t *p, size_t size, const char *where) {
  for (size_t i = 0; i + PIECE <= size; i++) {
    uint64_t piece;
    memcpy(&piece, p + i, PIECE);
    const int label = label_of(piece);
    if (label < 0) continue;
    printf("found %s %s %s %d %zu\n", current_backend, current_call, where, label, size - i);
  }
}

/* Wrappers ----------------------------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void __real_free(void *p);
void __real_sphinx_wipe_stack(const sphinx_backend *b);
void *__wrap_malloc(size_t size);
void __wrap_free(void *p);
void __wrap_sphinx_wipe_stack(const sphinx_backend *b);

static size_t freed;

void *__wrap_malloc(size_t size) {
  void *p = __real_malloc(size);
  if (p) memset(p, PAINT, malloc_usable_size(p));
  return p;
}

void __wrap_free(void *p) {
  if (p) search(p, malloc_usable_size(p), "heap");
  freed++;
  __real_free(p);
}

void __wrap_sphinx_wipe_stack(const sphinx_backend *b) {
  if (wiping) __real_sphinx_wipe_stack(b);
}

/* Calls ---------------------------------------------------------------------------------------------- */

#define ROWS 77 /* more than a group of rows, and no multiple of any number of lanes */
#define MAX_SIZE 256

static uint8_t result[ROWS * MAX_SIZE], second_result[ROWS * MAX_SIZE];
static sphinx_batch batch;
static sphinx_scratch *scratch;

static sphinx_rows in(int which) { return (sphinx_rows){tables[which].bytes, (ptrdiff_t)tables[which].size}; }

static sphinx_out_rows out(uint8_t *bytes, size_t size) { return (sphinx_out_rows){bytes, (ptrdiff_t)size}; }

static void x25519(const sphinx_backend *b) {
  rows_x25519(b, out(result, SCALAR_SIZE), in(SCALARS), in(POINTS), ROWS);
}

static void x25519_base(const sphinx_backend *b) {
  rows_x25519(b, out(result, SCALAR_SIZE), in(SCALARS), (sphinx_rows){NULL, 0}, ROWS);
}

static void x25519_one(const sphinx_backend *b) {
  rows_x25519(b, out(result, SCALAR_SIZE), in(SCALARS), in(POINTS), 1);
}

static void x25519_twice(const sphinx_backend *b) {
  require(rows_x25519_twice(b, out(result, SCALAR_SIZE), out(second_result, SCALAR_SIZE), in(SCALARS),
                            in(SECOND_SCALARS), in(POINTS), ROWS) == 0,
          "memory");
}

static void chain(const sphinx_backend *b, const uint64_t *const *combs) {
  static uint8_t on_curve[ROWS];
  static uint8_t both[ROWS * 2 * SCALAR_SIZE];
  for (size_t i = 0; i < ROWS; i++) {
    on_curve[i] = i % 3 != 0;
    memcpy(both + 2 * SCALAR_SIZE * i, tables[SCALARS].bytes + SCALAR_SIZE * i, SCALAR_SIZE);
    memcpy(both + 2 * SCALAR_SIZE * i + SCALAR_SIZE, tables[SECOND_SCALARS].bytes + SCALAR_SIZE * i,
           SCALAR_SIZE);
  }
  require(rows_x25519_chain(b, out(result, SCALAR_SIZE), (sphinx_rows){both, 2 * SCALAR_SIZE}, SCALAR_SIZE, 2,
                            in(POINTS), on_curve, combs, ROWS) == 0,
          "memory");
}

static void x25519_chain(const sphinx_backend *b) { chain(b, NULL); }

/* Combs for three rows in four. */
static void x25519_chain_combs(const sphinx_backend *b) {
  static uint64_t kept[ROWS * 512];
  const uint64_t *combs[ROWS];
  const size_t words = kept_comb_size(b) / sizeof *kept;
  require(words <= 512, "combs are larger than was thought");
  require(rows_make_combs(b, kept, in(POINTS), ROWS) == 0, "memory");
  for (size_t i = 0; i < ROWS; i++) combs[i] = i % 4 ? kept + words * i : NULL;
  chain(b, combs);
}

static void aes128_ctr(const sphinx_backend *b) {
  rows_aes128_ctr(b, out(result, tables[DATA].size), in(DATA), tables[DATA].size, in(KEYS), in(POINTS), ROWS);
}

static void chacha20(const sphinx_backend *b) {
  rows_chacha20(b, out(result, tables[DATA].size), in(DATA), tables[DATA].size, in(KEYS), in(POINTS), ROWS);
}

static void blake2b(const sphinx_backend *b) {
  rows_blake2b(b, out(result, 32), 32, in(DATA), tables[DATA].size, in(KEYS), 64, ROWS);
}

static void hmac(const sphinx_backend *b) {
  require(rows_hmac_sha256(b, out(result, HMAC_SIZE), in(KEYS), 16, in(DATA), tables[DATA].size, ROWS) == 0,
          "memory");
}

static void hkdf(const sphinx_backend *b) {
  static const uint8_t INFO[] = "info";
  require(rows_hkdf_sha256(b, out(result, 192), 192, NULL, 0, in(KEYS), 32, INFO, sizeof INFO, ROWS) == 0,
          "memory");
}

static void lioness_encrypt_rows(const sphinx_backend *b) {
  require(rows_lioness_encrypt(b, out(result, tables[DATA].size), in(DATA), tables[DATA].size, in(KEYS),
                               ROWS) == 0,
          "memory");
}

static void lioness_decrypt_rows(const sphinx_backend *b) {
  require(rows_lioness_decrypt(b, out(result, tables[DATA].size), in(DATA), tables[DATA].size, in(KEYS),
                               ROWS) == 0,
          "memory");
}

/* As NativeHopBatch calls them: the scratch is freed at the same depth. */
static void authenticate(const sphinx_backend *b) {
  scratch = sphinx_scratch_new(&FORMAT);
  require(scratch != NULL, "memory");
  sphinx_authenticate(b, &FORMAT, &batch, 0, ROWS, scratch);
  sphinx_scratch_free(b, scratch);
}

static void unwrap(const sphinx_backend *b) {
  scratch = sphinx_scratch_new(&FORMAT);
  require(scratch != NULL, "memory");
  sphinx_unwrap(b, &FORMAT, &batch, 0, ROWS, scratch);
  sphinx_scratch_free(b, scratch);
}

static void plant(const sphinx_backend *b) {
  volatile uint8_t left[4 * PIECE];
  (void)b;
  for (size_t i = 0; i < sizeof left; i++) left[i] = tables[SCALARS].bytes[i];
}

/* The stack ------------------------------------------------------------------------------------------ */

typedef void (*function)(const sphinx_backend *b);

static uint8_t stack[STACK_SIZE] __attribute__((aligned(4096)));
static const uint8_t *frame;
static function to_call;

static sphinx_backend *to_use;
static ucontext_t here, there;

#define VECTOR_SIZE 64
static uint8_t registers[32][VECTOR_SIZE];

/* The vector registers as the call left them. */
static inline __attribute__((always_inline)) void save_registers(uint32_t cpu) {
#ifdef __x86_64__
#define LOW "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15"
#define HIGH "16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31"
#define SAVE(move, vector, numbers)                                                                          \
  __asm__ volatile(".irp n, " numbers "\n\t" move " %%" vector "\\n, 64*\\n(%0)\n\t.endr"                    \
                   :                                                                                         \
                   : "r"(registers)                                                                          \
                   : "memory")
  if (cpu & CPU_AVX512) {
    SAVE("vmovdqu64", "zmm", LOW ", " HIGH);
  } else if (cpu & CPU_AVX2) {
    SAVE("vmovdqu", "ymm", LOW);
  } else {
    SAVE("movdqu", "xmm", LOW);
  }
#else
  (void)cpu;
#endif
}

/* Does not return, but goes back, which takes no more stack than a call does. */
static void on_stack(void) {
  const uint32_t cpu = sphinx_cpu_features();
  frame = __builtin_frame_address(0);
  to_call(to_use);
  save_registers(cpu);
  swapcontext(&there, &here);
}

static void call(sphinx_backend *b, const char *name, function f) {
  current_call = name;
  to_call = f;
  to_use = b;
  memset(stack, PAINT, sizeof stack);
  require(getcontext(&there) == 0, "no context");
  there.uc_stack.ss_sp = stack;
  there.uc_stack.ss_size = sizeof stack;
  makecontext(&there, on_stack, 0);
  require(swapcontext(&here, &there) == 0, "no context");
  const uint8_t *deepest = stack;
  while (*deepest == PAINT) deepest++;
  printf("ran %s %s %zu\n", current_backend, name, (size_t)(frame - deepest));
  search((const uint8_t *)registers, sizeof registers, "registers");
  search(stack, (size_t)(frame - stack), "stack");
  search(frame, (size_t)(stack + sizeof stack - frame), "stack-above");
}

static void run_hop(sphinx_backend *b, int combs, int hinted) {
  static uint8_t keys[16][SCALAR_SIZE], status[ROWS], accept[ROWS];
  static int8_t key_index[ROWS], hints[ROWS];
  static int64_t offsets[ROWS], sizes[ROWS], order[ROWS];
  static uint16_t versions[ROWS];
  static uint64_t delays[ROWS];
  static uint8_t headers[ROWS * MAX_HEADER], secrets[ROWS * MAX_SECRET], tags[ROWS * MAX_SECRET],
      addresses[3][ROWS * MAX_HEADER], opened[ROWS * MAX_PACKET];
  static uint8_t comb_memory[(ROWS + 7) / 8 * MAX_COMB] __attribute__((aligned(COMB_ALIGNMENT)));
  require(tables[PRIVATE_KEYS].rows <= 16 && tables[PACKETS].size <= MAX_PACKET &&
              b->x25519->comb_size <= MAX_COMB,
          "a size of this program is too small");
  batch = (sphinx_batch){
      .packets = tables[PACKETS].bytes,
      .offsets = offsets,
      .sizes = sizes,
      .order = order,
      .keys = (const uint8_t (*)[SCALAR_SIZE])keys,
      .n_keys = tables[PRIVATE_KEYS].rows,
      .key_hints = hints,
      .headers = headers,
      .secrets = secrets,
      .combs = combs ? comb_memory : NULL,
      .status = status,
      .tags = tags,
      .key_index = key_index,
      .accept = accept,
      .versions = versions,
      .next_hops = addresses[0],
      .destinations = addresses[1],
      .identifiers = addresses[2],
      .delays = delays,
      .out = opened,
      .out_offsets = offsets,
  };
  for (size_t i = 0; i < batch.n_keys; i++) {
    scalar_clamp(keys[i], tables[PRIVATE_KEYS].bytes + SCALAR_SIZE * i);
  }
  for (size_t i = 0; i < ROWS; i++) {
    order[i] = (int64_t)i;
    sizes[i] = (int64_t)tables[PACKETS].size;
    offsets[i] = (int64_t)(i * tables[PACKETS].size);
    hints[i] = hinted ? (int8_t)tables[KEY_HINTS].bytes[i] : -1;
    accept[i] = i % 8 != 7;
  }
  call(b, combs ? "authenticate-with-combs" : "authenticate", authenticate);
  call(b, combs ? "unwrap-with-combs" : "unwrap", unwrap);
  for (size_t i = 0; i < ROWS; i++) {
    const uint8_t expected = tables[STATUSES].bytes[i];
    const int taken = expected == STATUS_FORWARD || expected == STATUS_DELIVER;
    require(status[i] == (taken && !accept[i] ? STATUS_REPLAYED : expected), "status of a packet");
  }
  for (size_t i = 0; i < ROWS * FORMAT.secret_size; i++) {
    require(secrets[i] == 0, "secrets are left in the batch");
  }
}

static void run(sphinx_backend *b) {
  current_backend = b->name;
  call(b, "x25519", x25519);
  require(memcmp(result, tables[PRODUCTS].bytes, ROWS * SCALAR_SIZE) == 0, "wrong products");
  call(b, "x25519-base", x25519_base);
  call(b, "x25519-one", x25519_one);
  call(b, "x25519-twice", x25519_twice);
  call(b, "x25519-chain", x25519_chain);
  if (kept_comb_size(b)) call(b, "x25519-chain-combs", x25519_chain_combs);
  call(b, "aes128-ctr", aes128_ctr);
  call(b, "chacha20", chacha20);
  call(b, "blake2b", blake2b);
  call(b, "hmac-sha256", hmac);
  call(b, "hkdf-sha256", hkdf);
  call(b, "lioness-encrypt", lioness_encrypt_rows);
  call(b, "lioness-decrypt", lioness_decrypt_rows);
  const size_t before = freed;
  for (int hinted = 0; hinted < 2; hinted++) {
    run_hop(b, 0, hinted);
    if (b->x25519->comb_size) run_hop(b, 1, hinted);
  }
  require(freed > before, "no memory was freed: the wrapper is not in place");
}

static void read_tables(const char *path) {
  FILE *f = fopen(path, "rb");
  require(f != NULL, "cannot open the file of cases");
  for (int i = 0; i < N_TABLES; i++) {
    table *t = &tables[i];
    require(fread(t, sizeof(uint64_t), 2, f) == 2, "the file of cases is too short");
    t->bytes = __real_malloc(t->rows * t->size + 1);
    require(t->bytes && fread(t->bytes, t->size, t->rows, f) == t->rows, "the file of cases is too short");
  }
  fclose(f);
  for (int i = PACKETS; i <= DATA; i++) {
    require(tables[i].rows == ROWS, "the file of cases has another number of rows");
  }
  require(tables[DATA].size <= MAX_SIZE && tables[KEYS].size <= MAX_SIZE, "rows are too long");
}

int main(int argc, char **argv) {
  const char *mode = argc > 2 ? argv[2] : "";
  require(argc > 1, "no file of cases given");
  read_tables(argv[1]);
  make_slots();
  if (strcmp(mode, "planted-stack") == 0) {
    call(NULL, mode, plant);
    return 0;
  }
  if (strcmp(mode, "planted-heap") == 0) {
    uint8_t *p = malloc(SCALAR_SIZE);
    require(p != NULL, "memory");
    memcpy(p, tables[SCALARS].bytes, SCALAR_SIZE);
    __asm__ volatile("" : : "r"(p) : "memory");
    free(p);
    return 0;
  }
  wiping = strcmp(mode, "unwiped") != 0;
  require(!wiping || !*mode, "no such mode");
  printf("wipes %zu\n", (size_t)SPHINX_WIPED_STACK);
  for (size_t i = 0; sphinx_backend_name(i); i++) {
    sphinx_backend b;
    if (sphinx_backend_make(&b, i, sphinx_cpu_features())) continue;
    run(&b);
  }
  return 0;
}
