/* Loaded before the C library: lets one allocation fail, and looks into what is freed.
 *
 * Python starts with PYTHONMALLOC=malloc, so that each of its allocations is one of these.
 * Allocations that the modules in `spared` ask for themselves do not count: Rust ends the process
 * where there is no memory. What is freed, or moved by realloc, is searched for pieces of secrets
 * while `pieces` is set. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SPARED 64
#define MAX_KINDS 64
#define PIECE 8
#define STEP 4 /* where in a secret pieces begin; objects begin at multiples of 8 */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

/* Set by failures.py. */
atomic_long failing_left = -1;           /* so many allocations succeed before one fails; -1: all do */
uintptr_t failing_spared[MAX_SPARED][2]; /* addresses of code whose allocations do not count */
uintptr_t failing_only[2];               /* if set, no others than this code's do */
const uint64_t *failing_pieces;          /* a hash table of `failing_mask` + 1 places, zero: none */
const uint8_t *failing_kinds;
uint64_t failing_mask;

/* Read by failures.py. */
atomic_long failing_blocks, failing_failed;
atomic_long failing_found[MAX_KINDS];

static int fails(const void *caller) {
  const uintptr_t at = (uintptr_t)caller;
  if (atomic_load_explicit(&failing_left, memory_order_relaxed) < 0) return 0;
  if (failing_only[1] && (at < failing_only[0] || at >= failing_only[1])) return 0;
  for (size_t i = 0; i < MAX_SPARED && failing_spared[i][1]; i++) {
    if (at >= failing_spared[i][0] && at < failing_spared[i][1]) return 0;
  }
  if (atomic_fetch_sub(&failing_left, 1) != 0) return 0;
  atomic_fetch_add(&failing_failed, 1);
  errno = ENOMEM;
  return 1;
}

static void *counted(void *p) {
  if (p) atomic_fetch_add_explicit(&failing_blocks, 1, memory_order_relaxed);
  return p;
}

static void search(const uint8_t *p, size_t size) {
  if (!failing_pieces) return;
  for (size_t i = 0; i + PIECE <= size; i += STEP) {
    uint64_t word;
    memcpy(&word, p + i, PIECE);
    if (!word) continue;
    for (uint64_t place = word & failing_mask; failing_pieces[place]; place = (place + 1) & failing_mask) {
      if (failing_pieces[place] != word) continue;
      atomic_fetch_add(&failing_found[failing_kinds[place]], 1);
      break;
    }
  }
}

static void forget(void *p, size_t size) {
  atomic_fetch_sub_explicit(&failing_blocks, 1, memory_order_relaxed);
  search(p, size);
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size) { return fails(CALLER) ? NULL : counted(__libc_malloc(size)); }

void *calloc(size_t n, size_t size) { return fails(CALLER) ? NULL : counted(__libc_calloc(n, size)); }

void free(void *p) {
  const int before = errno;
  if (p) forget(p, malloc_usable_size(p));
  __libc_free(p);
  errno = before;
}

/* Moves what changes its size much, so that what is left behind can be searched. */
void *realloc(void *old, size_t size) {
  if (fails(CALLER)) return NULL;
  if (!old) return counted(__libc_malloc(size));
  const size_t before = malloc_usable_size(old);
  if (size <= before && size > before / 2) return old;
  void *p = counted(__libc_malloc(size));
  if (!p) return NULL;
  memcpy(p, old, before < size ? before : size);
  forget(old, before);
  __libc_free(old);
  return p;
}

void *memalign(size_t alignment, size_t size) {
  return fails(CALLER) ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
  return fails(CALLER) ? NULL : counted(__libc_memalign(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  if (fails(CALLER)) return ENOMEM;
  void *p = counted(__libc_memalign(alignment, size));
  if (!p) return ENOMEM;
  *out = p;
  return 0;
}

/* How NumPy gets memory for its arrays, without the cache that it has otherwise: a capsule of this is
 * given to PyDataMem_SetHandler. */
static void *for_array(void *context, size_t size) {
  (void)context;
  return malloc(size);
}

static void *zeros_for_array(void *context, size_t n, size_t size) {
  (void)context;
  return calloc(n, size);
}

static void *more_for_array(void *context, void *p, size_t size) {
  (void)context;
  return realloc(p, size);
}

static void free_of_array(void *context, void *p, size_t size) {
  (void)context, (void)size;
  free(p);
}

struct {
  char name[127];
  uint8_t version;
  void *context;
  void *(*malloc)(void *, size_t);
  void *(*calloc)(void *, size_t, size_t);
  void *(*realloc)(void *, void *, size_t);
  void (*free)(void *, void *, size_t);
} failing_handler = {"failing", 1, NULL, for_array, zeros_for_array, more_for_array, free_of_array};
