/* What kernels and steps leave behind. */
#ifndef SPHINX_STACK_H
#define SPHINX_STACK_H

#include "kernels.h"

/* Wipes the stack below the caller, as deep as kernels and steps may have used it, and the vector
 * registers: they keep what was in them last until something saves them in memory. The dynamic
 * linker does so where a function is called for the first time. */
void sphinx_wipe_stack(const sphinx_backend *b);

#endif
