/* The vector registers of the baseline: compilers and the C library use them in any code. */
#include "kernels.h"

/* Those that a caller wants kept, the compiler saves. */
static void clear(void) {
#if defined(__x86_64__)
  __asm__ volatile(".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t"
                   "pxor %%xmm\\n, %%xmm\\n\n\t"
                   ".endr"
                   :
                   :
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                     "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#elif defined(__aarch64__)
  __asm__ volatile(
      ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, "
      "25, 26, 27, 28, 29, 30, 31\n\t"
      "movi v\\n\\().16b, #0\n\t"
      ".endr"
      :
      :
      : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
        "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29",
        "v30", "v31");
#endif
}

const sphinx_registers_kernel sphinx_portable_registers = {{"portable", 0, 0, 1}, clear};
