/* Scalars of Curve25519 as the sender of a packet needs them. */
#ifndef SPHINX_SCALARS_H
#define SPHINX_SCALARS_H

#include <stdint.h>

#define SCALAR_SIZE 32

/* out = scalar with the bits of RFC 7748 set and cleared; out may be scalar. */
void scalar_clamp(uint8_t out[32], const uint8_t scalar[32]);

/* A scalar that multiplies any point of the curve (of the curve, not of its twist) to the same
 * u-coordinate as a and then b do. a: a multiple of 8 below 2^255, b: clamped; out: a multiple
 * of 8 below 2^255, and may be a or b. */
void scalar_product(uint8_t out[32], const uint8_t a[32], const uint8_t b[32]);

#endif
