/* SHUFFLE(mask type, a, b, indices...): elements of the vectors a and b, numbered through. The mask
 * type is an integer vector like a. Compilers before gcc 12 know only gcc's own form. */
#ifndef SPHINX_SHUFFLE_H
#define SPHINX_SHUFFLE_H

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(mask, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(mask, a, b, ...) __builtin_shuffle(a, b, (mask){__VA_ARGS__})
#endif

#endif
