/* The backends, and which kernels each one takes.
 *
 * setup.py defines SPHINX_KERNELS as the list of kernel files it compiled, X(set, primitive)
 * for each, so that a new kernel is a new file and nothing here. */
#include "kernels.h"

#define X(set, primitive) extern const sphinx_##primitive##_kernel sphinx_##set##_##primitive;
SPHINX_KERNELS
#undef X

typedef enum { x25519, sha256, aes128, chacha20, blake2b, registers } primitive_id;

/* Every kernel object starts with its sphinx_kernel. */
static const struct {
  primitive_id primitive;
  const sphinx_kernel *kernel;
} KERNELS[] = {
#define X(set, primitive) {primitive, &sphinx_##set##_##primitive.kernel},
    SPHINX_KERNELS
#undef X
};

/* `required` is what makes the backend worth its name: its curve arithmetic. `allowed` keeps
 * the narrower backends free of what a CPU they are meant for would not have. */
static const struct {
  const char *name;
  uint32_t required, allowed;
} BACKENDS[] = {
    {"avx512", CPU_AVX512 | CPU_IFMA | CPU_BMI2, UINT32_MAX},
    {"avx2", CPU_AVX2 | CPU_BMI2, CPU_BMI2 | CPU_AESNI | CPU_SHANI | CPU_AVX2 | CPU_VAES},
    {"portable", 0, 0},
};

static const sphinx_kernel *best(primitive_id primitive, uint32_t usable) {
  const sphinx_kernel *chosen = NULL;
  for (size_t i = 0; i < sizeof KERNELS / sizeof *KERNELS; i++) {
    const sphinx_kernel *k = KERNELS[i].kernel;
    if (KERNELS[i].primitive != primitive || (k->required & ~usable)) continue;
    if (!chosen || k->rank > chosen->rank) chosen = k;
  }
  return chosen;
}

/* A backend is there if a kernel for its own curve arithmetic was compiled. */
static int compiled_in(size_t i) {
  const sphinx_kernel *k = best(x25519, BACKENDS[i].allowed);
  return k && (k->required & BACKENDS[i].required) == BACKENDS[i].required;
}

static size_t nth_compiled_in(size_t n) {
  size_t i = 0;
  for (; i < sizeof BACKENDS / sizeof *BACKENDS; i++) {
    if (compiled_in(i) && n-- == 0) break;
  }
  return i;
}

const char *sphinx_backend_name(size_t n) {
  const size_t i = nth_compiled_in(n);
  return i < sizeof BACKENDS / sizeof *BACKENDS ? BACKENDS[i].name : NULL;
}

uint32_t sphinx_backend_make(sphinx_backend *backend, size_t n, uint32_t cpu) {
  const size_t i = nth_compiled_in(n);
  const uint32_t missing = BACKENDS[i].required & ~cpu;
  if (missing) return missing;
  const uint32_t usable = cpu & BACKENDS[i].allowed;
  backend->name = BACKENDS[i].name;
  backend->required = BACKENDS[i].required;
  backend->x25519 = (const sphinx_x25519_kernel *)best(x25519, usable);
  backend->sha256 = (const sphinx_sha256_kernel *)best(sha256, usable);
  backend->aes128 = (const sphinx_aes128_kernel *)best(aes128, usable);
  backend->chacha20 = (const sphinx_chacha20_kernel *)best(chacha20, usable);
  backend->blake2b = (const sphinx_blake2b_kernel *)best(blake2b, usable);
  backend->registers = (const sphinx_registers_kernel *)best(registers, cpu);
  return 0;
}
