/* The 32 registers of AVX-512. No code of older sets clears those above 15, and the C library's memcpy goes
 * through them. */
#include "kernels.h"

static void clear(void) {
  __asm__ volatile("vzeroall\n\t"
                   ".irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n\t"
                   "vpxorq %%xmm\\n, %%xmm\\n, %%xmm\\n\n\t" /* and all above */
                   ".endr"
                   :
                   :
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                     "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20",
                     "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30",
                     "xmm31");
}

const sphinx_registers_kernel sphinx_avx512_registers = {{"avx512", CPU_AVX512, 1, 1}, clear};
