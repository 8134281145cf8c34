/* What tests/sphinx/test_field_bounds.py runs of a kernel: its static functions, one by one, on
 * limbs from outside. A file bounds_<set>.c includes the kernel's source and defines SUBJECT. */
#ifndef SPHINX_TESTS_BOUNDS_H
#define SPHINX_TESTS_BOUNDS_H

#include "kernels.h"

typedef struct {
  const char *name;
  size_t inputs, outputs; /* elements */
  void (*run)(void *out, const void *in);
} operation;

typedef struct {
  const sphinx_kernel *kernel;
  size_t element_size;
  const operation *operations; /* the last one has no name */
} subject;

extern const subject SUBJECT;

/* run_<name>: what it computes, with the elements in[] and out[] of the kernel. */
#define OPERATION(name, ...)                                                                                 \
  static void run_##name(void *to, const void *from) {                                                       \
    element *out = to;                                                                                       \
    const element *in = from;                                                                                \
    __VA_ARGS__                                                                                              \
  }

#endif
