/* Arithmetic modulo p = 2^255 - 19 on AVX-512 IFMA, eight rows side by side.
 *
 * An element is five vectors of limbs of 51 bits; 64-bit lane l belongs to row l. vpmadd52
 * multiplies the low 52 bits of its operands, silently, so sizes matter:
 *   tight: every limb below 2^51 + 2^18, what carry() returns; operands of multiplications;
 *   raw:   every limb below 2^59, a product or a square that is not carried; below 2^60 where one
 *          operand has limbs up to 2^52.
 * Sums and differences of raw elements are below 2^63 and are carried before they are multiplied;
 * products themselves are carried only where they are multiplied next.
 *
 * What bounds all this is the multiplier, one vpmadd52 or vpmullq per cycle on Zen 4, and that
 * carries run on the other ports only if they stand between multiplications that do not wait for
 * them: hence multiply_beside() and square_beside(), which carry other elements meanwhile. */
#ifndef SPHINX_IFMA_FIELD_H
#define SPHINX_IFMA_FIELD_H

#include <immintrin.h>

#include "bytes.h"
#include "constant_time.h"
#include "kernels.h"

#define LANES 8
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#define LOW51 ((UINT64_C(1) << 51) - 1)

typedef __m512i vector;

typedef struct {
  vector v[5];
} element;

INLINE vector splat(uint64_t x) { return _mm512_set1_epi64((long long)x); }
INLINE vector plus(vector a, vector b) { return _mm512_add_epi64(a, b); }

/* c + the low or the high 52 bits of a b. */
INLINE vector low(vector c, vector a, vector b) { return _mm512_madd52lo_epu64(c, a, b); }
INLINE vector high(vector c, vector a, vector b) { return _mm512_madd52hi_epu64(c, a, b); }

/* gcc 12 would turn a known factor into shifts, additions and subtractions: more instructions. */
INLINE vector times_19(vector x) {
  vector nineteen = splat(19);
  __asm__("" : "+v"(nineteen));
  return _mm512_mullo_epi64(x, nineteen);
}

/* Limbs below 2^64 to tight: all carries at once. What leaves limb i is below 2^13, and 19 times
 * that below 2^18. */
INLINE void carry_limb(element *x, vector *carried, int i) {
  const vector above = _mm512_srli_epi64(x->v[i], 51);
  x->v[i] = _mm512_and_si512(x->v[i], splat(LOW51));
  if (i > 0) x->v[i] = plus(x->v[i], *carried);
  if (i == 4) x->v[0] = low(x->v[0], above, splat(19));
  *carried = above;
}

INLINE element carry(element x) {
  vector carried;
  UNROLL for (int i = 0; i < 5; i++) carry_limb(&x, &carried, i);
  return x;
}

/* Columns of weight 2^(51 i) to raw. The largest, c[0] + 19 c[5], has one low half, and 19 times four
 * low halves (below 2^52) and twice five high ones (below 2^50 + 2^19): less than 128 2^52. */
INLINE element fold(const vector c[10]) {
  element r;
  UNROLL for (int i = 0; i < 5; i++) r.v[i] = plus(c[i], times_19(c[i + 5]));
  return r;
}

/* A high half has weight 2^52, twice that of the next column: the high halves are summed first and
 * doubled at once. p and q, where given, are carried meanwhile. */
INLINE element multiply_beside(const element *x, const element *y, element *p, element *q) {
  const vector *a = x->v, *b = y->v;
  vector c[10], carried;
  UNROLL for (int i = 0; i < 10; i++) c[i] = splat(0);
  UNROLL for (int i = 0; i < 5; i++) {
    UNROLL for (int j = 0; j < 5; j++) c[i + j + 1] = high(c[i + j + 1], a[i], b[j]);
    if (p) carry_limb(p, &carried, i);
  }
  UNROLL for (int i = 1; i < 10; i++) c[i] = plus(c[i], c[i]);
  UNROLL for (int i = 0; i < 5; i++) {
    UNROLL for (int j = 0; j < 5; j++) c[i + j] = low(c[i + j], a[i], b[j]);
    if (q) carry_limb(q, &carried, i);
  }
  return fold(c);
}

/* Products of different limbs occur twice, so those are doubled once more. */
INLINE element square_beside(const element *x, element *p, element *q) {
  const vector *a = x->v;
  vector c[10], carried;
  UNROLL for (int i = 0; i < 10; i++) c[i] = splat(0);
  UNROLL for (int i = 0; i < 5; i++) {
    UNROLL for (int j = i + 1; j < 5; j++) c[i + j + 1] = high(c[i + j + 1], a[i], a[j]);
    if (p) carry_limb(p, &carried, i);
  }
  UNROLL for (int i = 2; i < 9; i++) c[i] = plus(c[i], c[i]);
  UNROLL for (int i = 0; i < 5; i++) {
    UNROLL for (int j = i + 1; j < 5; j++) c[i + j] = low(c[i + j], a[i], a[j]);
    if (q) carry_limb(q, &carried, i);
  }
  UNROLL for (int i = 0; i < 5; i++) c[2 * i + 1] = high(c[2 * i + 1], a[i], a[i]);
  UNROLL for (int i = 1; i < 10; i++) c[i] = plus(c[i], c[i]);
  UNROLL for (int i = 0; i < 5; i++) c[2 * i] = low(c[2 * i], a[i], a[i]);
  return fold(c);
}

INLINE element add(const element *a, const element *b) {
  element r;
  UNROLL for (int i = 0; i < 5; i++) r.v[i] = plus(a->v[i], b->v[i]);
  return r;
}

/* a - b + 2^k p, positive in every limb if those of b are below 2^(50 + k). */
INLINE element subtract(const element *a, const element *b, int k) {
  element r;
  UNROLL for (int i = 0; i < 5; i++) {
    const vector multiple = splat((i ? LOW51 : LOW51 - 18) << k);
    r.v[i] = _mm512_sub_epi64(plus(a->v[i], multiple), b->v[i]);
  }
  return r;
}

/* Tight + 121665 tight: below 2^53. */
INLINE element add_121665_times(const element *a, const element *e) {
  const vector factor = splat(121665);
  vector above[5];
  element r;
  UNROLL for (int i = 0; i < 5; i++) {
    above[i] = high(splat(0), e->v[i], factor); /* below 2^17 */
    above[i] = plus(above[i], above[i]);
  }
  UNROLL for (int i = 0; i < 5; i++) r.v[i] =
      plus(a->v[i], low(i ? above[i - 1] : splat(0), e->v[i], factor));
  r.v[0] = low(r.v[0], above[4], splat(19));
  return r;
}

/* a, or b in the lanes of the mask. */
INLINE element choose(__mmask8 mask, const element *a, const element *b) {
  element r;
  UNROLL for (int i = 0; i < 5; i++) r.v[i] = _mm512_mask_mov_epi64(a->v[i], mask, b->v[i]);
  return r;
}

/* Tight times tight, and tight squared, to tight. */
static __attribute__((noinline)) element multiply_elements(const element *x, const element *y) {
  return carry(multiply_beside(x, y, NULL, NULL));
}

/* x^(2^n) y. */
static __attribute__((noinline)) element square_times(element x, int n, const element *y) {
  while (n--) x = carry(square_beside(&x, NULL, NULL));
  return multiply_elements(&x, y);
}

/* a^(2^250 - 1) and a^11; e_n is a^(2^n - 1). */
static element power_250(const element *a, element *a11) {
  const element a2 = carry(square_beside(a, NULL, NULL));
  const element a9 = square_times(a2, 2, a);
  *a11 = multiply_elements(&a9, &a2);
  const element e5 = square_times(*a11, 1, &a9);
  const element e10 = square_times(e5, 5, &e5);
  const element e20 = square_times(e10, 10, &e10);
  const element e40 = square_times(e20, 20, &e20);
  const element e50 = square_times(e40, 10, &e10);
  const element e100 = square_times(e50, 50, &e50);
  const element e200 = square_times(e100, 100, &e100);
  return square_times(e200, 50, &e50);
}

/* a^(p - 2): p - 2 = (2^250 - 1) 2^5 + 11. */
static element invert(const element *a) {
  element a11;
  const element e250 = power_250(a, &a11);
  return square_times(e250, 5, &a11);
}

/* Tight to the one representative below p. Its value is below 2p, so p goes into it once exactly
 * if adding 19 carries out of bit 255. */
static element canonical(element t) {
  vector c = splat(19);
  UNROLL for (int i = 0; i < 5; i++) c = _mm512_srli_epi64(plus(t.v[i], c), 51);
  t.v[0] = low(t.v[0], c, splat(19));
  UNROLL for (int i = 0; i < 4; i++) {
    t.v[i + 1] = plus(t.v[i + 1], _mm512_srli_epi64(t.v[i], 51));
    t.v[i] = _mm512_and_si512(t.v[i], splat(LOW51));
  }
  t.v[4] = _mm512_and_si512(t.v[4], splat(LOW51));
  return t;
}

static __mmask8 is_zero(const element *canonical_element) {
  vector any = canonical_element->v[0];
  for (int i = 1; i < 5; i++) any = _mm512_or_si512(any, canonical_element->v[i]);
  return _mm512_testn_epi64_mask(any, any);
}

#endif
