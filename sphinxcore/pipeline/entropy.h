/* Random bytes of the operating system, written where they are wanted and nowhere else. */
#ifndef SPHINX_ENTROPY_H
#define SPHINX_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0, or -1 where the system has no such function or refuses. */
int sphinx_entropy(uint8_t *out, size_t size);

#endif
