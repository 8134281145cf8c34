/* The 32 registers of AVX-512. Those above 15 no code of older sets clears, and the C library's memcpy goes
 * through them. */
#include "kernels.h"

#define CLEAR(n) "vpxorq %%xmm" #n ", %%xmm" #n ", %%xmm" #n "\n\t" /* and all above */

static void clear(void) {
  __asm__ volatile(
      "vzeroall\n\t" CLEAR(16) CLEAR(17) CLEAR(18) CLEAR(19) CLEAR(20) CLEAR(21) CLEAR(22) CLEAR(23) CLEAR(24)
          CLEAR(25) CLEAR(26) CLEAR(27) CLEAR(28) CLEAR(29) CLEAR(30) CLEAR(31)
      :
      :
      : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
        "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22",
        "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

const sphinx_registers_kernel sphinx_avx512_registers = {{"avx512", CPU_AVX512, 1, 1}, clear};
