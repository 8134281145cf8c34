/* bounds           prints the operations and how many elements each one takes and returns;
 * bounds OPERATION reads the elements of one call after another from stdin, and writes what
 *                  each call returns to stdout: words of 64 bits, limb after limb, and of a limb
 *                  lane after lane.
 *
 * Compiled without the kernel's flags. Exits with 3 if the CPU cannot run it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"

#define LACKS_FEATURES 3
#define ALIGNMENT 64

static int fail(const char *what) {
  fprintf(stderr, "bounds: %s\n", what);
  return 1;
}

static int run(const operation *op) {
  const size_t in_size = op->inputs * SUBJECT.element_size, out_size = op->outputs * SUBJECT.element_size;
  void *in = aligned_alloc(ALIGNMENT, (in_size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
  void *out = aligned_alloc(ALIGNMENT, (out_size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
  size_t got = in_size;
  if (!in || !out) return fail("no memory");
  while ((got = fread(in, 1, in_size, stdin)) == in_size) {
    op->run(out, in);
    if (fwrite(out, 1, out_size, stdout) != out_size) return fail("cannot write");
  }
  free(in), free(out);
  return got ? fail("the input ends within a call") : 0;
}

int main(int argc, char **argv) {
  if (SUBJECT.kernel->required & ~sphinx_cpu_features()) {
    fprintf(stderr, "bounds: this CPU lacks what the %s kernel needs\n", SUBJECT.kernel->name);
    return LACKS_FEATURES;
  }
  for (const operation *op = SUBJECT.operations; op->name; op++) {
    if (argc == 1) printf("%s %zu %zu\n", op->name, op->inputs, op->outputs);
    if (argc == 2 && strcmp(argv[1], op->name) == 0) return run(op);
  }
  return argc == 1 ? 0 : fail("no such operation");
}
