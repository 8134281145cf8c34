/* What this CPU and its operating system run. The system must save a register file before its
 * instructions may be used: XCR0 tells (0x06: YMM, 0xe6: ZMM and masks). */
#include "kernels.h"

static const char *const NAMES[] = {"bmi2", "aesni", "shani", "avx2", "vaes", "avx512", "ifma"};

const char *sphinx_cpu_feature_name(unsigned bit) {
  return bit < sizeof NAMES / sizeof *NAMES ? NAMES[bit] : NULL;
}

#if defined(__x86_64__)
#include <cpuid.h>

static uint64_t xgetbv0(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static int bit(uint32_t word, unsigned n) { return word >> n & 1; }

uint32_t sphinx_cpu_features(void) {
  uint32_t a, b, c, d, ecx1, found = 0;
  if (!__get_cpuid(1, &a, &b, &ecx1, &d)) return 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  const int sse41 = bit(ecx1, 9) && bit(ecx1, 19); /* with SSSE3 */
  const uint64_t xcr0 = bit(ecx1, 27) ? xgetbv0() : 0;
  const int ymm = (xcr0 & 0x06) == 0x06;
  const int zmm = (xcr0 & 0xe6) == 0xe6;
  if (bit(b, 8)) found |= CPU_BMI2;
  if (sse41 && bit(ecx1, 25)) found |= CPU_AESNI;
  if (sse41 && bit(b, 29)) found |= CPU_SHANI;
  if (ymm && bit(b, 5)) found |= CPU_AVX2;
  if (ymm && bit(b, 5) && bit(c, 9)) found |= CPU_VAES;
  if (zmm && bit(b, 16) && bit(b, 17) && bit(b, 30) && bit(b, 31)) {
    found |= CPU_AVX512;
    if (bit(b, 21)) found |= CPU_IFMA;
  }
  return found;
}
#else
uint32_t sphinx_cpu_features(void) { return 0; }
#endif
