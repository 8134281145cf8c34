/* What kernels and steps leave on the stack. */
#ifndef SPHINX_STACK_H
#define SPHINX_STACK_H

/* Wipes the stack below the caller, as deep as kernels and steps may have used it. */
void sphinx_wipe_stack(void);

#endif
