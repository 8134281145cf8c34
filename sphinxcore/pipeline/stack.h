/* What kernels and steps leave behind. */
#ifndef SPHINX_STACK_H
#define SPHINX_STACK_H

#include "kernels.h"

/* As deep as kernels and steps may have used the stack: steps keep less than 16 KiB on it themselves. */
#define SPHINX_WIPED_STACK (SPHINX_KERNEL_STACK + (16u << 10))

/* Wipes so much of the stack below the caller, and the vector registers: they keep what was in them
 * last until something saves them in memory. The dynamic linker does so where a function is called
 * for the first time. */
void sphinx_wipe_stack(const sphinx_backend *b);

#endif
