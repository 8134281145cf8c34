/* The most vpmadd52luq on 512 bits that this CPU executes: 16 chains that do not wait for each
 * other, enough for two pipes of four cycles' latency, and nothing else. Needs AVX-512 IFMA. */
#include <stdint.h>

#define MADD(register) "vpmadd52luq %%zmm16, %%zmm16, %%zmm" #register "\n\t"
#define MADD_16                                                                                    \
  MADD(0) MADD(1) MADD(2) MADD(3) MADD(4) MADD(5) MADD(6) MADD(7)                                  \
  MADD(8) MADD(9) MADD(10) MADD(11) MADD(12) MADD(13) MADD(14) MADD(15)

/* Does 64 n multiply-adds, of whatever the registers hold. */
void independent_madds(uint64_t n) {
  while (n--) {
    __asm__ volatile(MADD_16 MADD_16 MADD_16 MADD_16
                     :
                     :
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                       "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  }
}
