/* X25519 (RFC 7748, section 5) on AVX-512 IFMA, eight rows side by side.
 *
 * A field element modulo p = 2^255 - 19 is five vectors of limbs of 51 bits; 64-bit lane l belongs
 * to row l. vpmadd52 multiplies the low 52 bits of its operands, silently, so sizes matter:
 *   tight: every limb below 2^51 + 2^18, what carry() returns; operands of multiplications;
 *   raw:   every limb below 2^59, a product or a square that is not carried.
 * Sums and differences of raw elements are below 2^61 and are carried before they are multiplied;
 * products themselves are carried only where they are multiplied next. A ladder step so has 391
 * multiply-adds and 11 carries.
 *
 * What bounds a step is the multiplier, one vpmadd52 or vpmullq per cycle on Zen 4, and that carries
 * run on the other ports only if they stand between multiplications that do not wait for them:
 * hence multiply_beside() and square_beside(), which carry other elements meanwhile.
 */
#include <immintrin.h>

#include "bytes.h"
#include "constant_time.h"
#include "kernels.h"

#define LANES 8
#define CHUNK 8 /* vectors that share one inversion */
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

/* x : z, raw, is the scalar times the point whose u is *u, or 9 where u is NULL. words[i] has 64
 * bits of each row's scalar.
 *
 * (x2, z2) and (x3, z3) are consecutive multiples, in an order that depends on the last bit. Their
 * sum comes out the same in both orders up to a sign that is squared away, so that only the
 * inputs of the doubling are chosen by the bit. a, b: sum and difference of x2 and z2; c, d: of
 * x3 and z3. The scalar's low three bits are zero: the caller doubles three times. */
INLINE void ladder(element *x, element *z, const vector words[4], const element *u) {
  const vector zero = splat(0), one = splat(1);
  vector last = zero;
  element a = {{one, zero, zero, zero, zero}}, b = a, c, d, x2, z2, x3, z3 = a;
  x3 = u ? *u : (element){{splat(9), zero, zero, zero, zero}};
  c = add(&x3, &z3);
  d = subtract(&x3, &z3, 9);
  c = carry(c);
  d = carry(d);
  for (int i = 254; i >= 3; i--) {
    const vector bit = _mm512_sll_epi64(words[i / 64], _mm_cvtsi32_si128(63 - i % 64));
    const __mmask8 swap = _mm512_movepi64_mask(_mm512_xor_si512(bit, last));
    last = bit;
    const element da = multiply_beside(&d, &a, NULL, NULL);
    const element cb = multiply_beside(&c, &b, NULL, NULL);
    const element p = choose(swap, &a, &c), q = choose(swap, &b, &d);
    element sum = add(&da, &cb), difference = subtract(&da, &cb, 9);
    element pp = square_beside(&p, &difference, NULL);
    element qq = square_beside(&q, &sum, &pp);
    element e = subtract(&pp, &qq, 9);
    element squared = square_beside(&difference, &e, &qq);
    element f = add_121665_times(&pp, &e);
    x3 = square_beside(&sum, &squared, &f);
    if (u) {
      z3 = multiply_beside(&squared, u, NULL, NULL);
    } else {
      UNROLL for (int j = 0; j < 5; j++) z3.v[j] = plus(squared.v[j], _mm512_slli_epi64(squared.v[j], 3));
    }
    x2 = multiply_beside(&pp, &qq, NULL, NULL);
    c = add(&x3, &z3);
    d = subtract(&x3, &z3, 9);
    z2 = multiply_beside(&e, &f, &c, &d);
    a = add(&x2, &z2);
    b = subtract(&x2, &z2, 9);
    a = carry(a);
    b = carry(b);
  }
  const __mmask8 swap = _mm512_movepi64_mask(last);
  *x = choose(swap, &x2, &x3);
  *z = choose(swap, &z2, &z3);
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

/* a^(p - 2); e_n is a^(2^n - 1). p - 2 = (2^250 - 1) 2^5 + 11. */
static element invert(const element *a) {
  const element a2 = carry(square_beside(a, NULL, NULL));
  const element a9 = square_times(a2, 2, a);
  const element a11 = multiply_elements(&a9, &a2);
  const element e5 = square_times(a11, 1, &a9);
  const element e10 = square_times(e5, 5, &e5);
  const element e20 = square_times(e10, 10, &e10);
  const element e40 = square_times(e20, 20, &e20);
  const element e50 = square_times(e40, 10, &e10);
  const element e100 = square_times(e50, 50, &e50);
  const element e200 = square_times(e100, 100, &e100);
  const element e250 = square_times(e200, 50, &e50);
  return square_times(e250, 5, &a11);
}

/* x : z, tight, becomes its double, tight. */
static void double_point(element *x, element *z) {
  const element a = carry(add(x, z)), b = carry(subtract(x, z, 9));
  const element aa = carry(square_beside(&a, NULL, NULL)), bb = carry(square_beside(&b, NULL, NULL));
  const element e = carry(subtract(&aa, &bb, 9)), f = carry(add_121665_times(&aa, &e));
  *x = multiply_elements(&aa, &bb);
  *z = multiply_elements(&e, &f);
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

/* Bytes of up to LANES rows to limbs below 2^51; the top bit is dropped. Lanes without a row repeat
 * the first. */
static element load(const uint8_t *const *rows, size_t n) {
  uint64_t limbs[5][LANES] __attribute__((aligned(64)));
  for (size_t l = 0; l < LANES; l++) {
    const uint8_t *p = rows[l < n ? l : 0];
    const uint64_t w0 = load64_le(p), w1 = load64_le(p + 8), w2 = load64_le(p + 16), w3 = load64_le(p + 24);
    limbs[0][l] = w0 & LOW51;
    limbs[1][l] = (w0 >> 51 | w1 << 13) & LOW51;
    limbs[2][l] = (w1 >> 38 | w2 << 26) & LOW51;
    limbs[3][l] = (w2 >> 25 | w3 << 39) & LOW51;
    limbs[4][l] = w3 >> 12 & LOW51;
  }
  element r;
  for (int i = 0; i < 5; i++) r.v[i] = _mm512_load_si512(limbs[i]);
  return r;
}

/* Canonical to the bytes of up to LANES rows. */
static void store(uint8_t *const *rows, const element *a, size_t n) {
  uint64_t t[5][LANES] __attribute__((aligned(64)));
  for (int i = 0; i < 5; i++) _mm512_store_si512(t[i], a->v[i]);
  for (size_t l = 0; l < n; l++) {
    store64_le(rows[l], t[0][l] | t[1][l] << 51);
    store64_le(rows[l] + 8, t[1][l] >> 13 | t[2][l] << 38);
    store64_le(rows[l] + 16, t[2][l] >> 26 | t[3][l] << 25);
    store64_le(rows[l] + 24, t[3][l] >> 39 | t[4][l] << 12);
  }
}

static void load_scalars(vector words[4], const uint8_t *const *rows, size_t n) {
  uint64_t w[4][LANES] __attribute__((aligned(64)));
  for (size_t l = 0; l < LANES; l++) {
    for (int i = 0; i < 4; i++) w[i][l] = load64_le(rows[l < n ? l : 0] + 8 * i);
  }
  for (int i = 0; i < 4; i++) words[i] = _mm512_load_si512(w[i]);
}

/* Writes x / z for up to CHUNK vectors of rows, zero where z is zero: such a z becomes 1, so that
 * it does not zero the product of its lane, and its x becomes 0. Overwrites x and z. */
static void divide(uint8_t *const *out, element *x, element *z, size_t n) {
  const size_t vectors = (n + LANES - 1) / LANES;
  element products[CHUNK]; /* of z[0] to z[i] */
  for (size_t i = 0; i < vectors; i++) {
    element t = canonical(z[i]);
    vector any = t.v[0];
    for (int j = 1; j < 5; j++) any = _mm512_or_si512(any, t.v[j]);
    const __mmask8 zero = _mm512_testn_epi64_mask(any, any);
    t.v[0] = _mm512_mask_mov_epi64(t.v[0], zero, splat(1));
    for (int j = 0; j < 5; j++) x[i].v[j] = _mm512_mask_mov_epi64(x[i].v[j], zero, splat(0));
    z[i] = t;
    products[i] = i ? multiply_elements(&products[i - 1], &z[i]) : z[i];
  }
  element inverse = invert(&products[vectors - 1]);
  for (size_t i = vectors; i-- > 0;) {
    element t = i ? multiply_elements(&inverse, &products[i - 1]) : inverse;
    t = multiply_elements(&t, &x[i]);
    t = canonical(t);
    store(out + LANES * i, &t, n - LANES * i < LANES ? n - LANES * i : LANES);
    inverse = multiply_elements(&inverse, &z[i]);
  }
}

INLINE void multiply_rows(uint8_t *const *out, const uint8_t *const *scalars, const uint8_t *const *points,
                          size_t n) {
  element x[CHUNK], z[CHUNK];
  for (size_t start = 0; start < n; start += LANES * CHUNK) {
    const size_t rows = n - start < LANES * CHUNK ? n - start : LANES * CHUNK;
    for (size_t i = 0; i < rows; i += LANES) {
      element *xi = &x[i / LANES], *zi = &z[i / LANES], u;
      vector words[4];
      load_scalars(words, scalars + start + i, rows - i);
      if (points) u = load(points + start + i, rows - i);
      ladder(xi, zi, words, points ? &u : NULL);
      *xi = carry(*xi);
      *zi = carry(*zi);
      for (int j = 0; j < 3; j++) double_point(xi, zi);
    }
    divide(out + start, x, z, rows);
  }
}

static void multiply(uint8_t *const *out, const uint8_t *const *scalars, const uint8_t *const *points,
                     size_t n) {
  multiply_rows(out, scalars, points, n);
}

static void multiply_base(uint8_t *const *out, const uint8_t *const *scalars, size_t n) {
  multiply_rows(out, scalars, NULL, n);
}

const sphinx_x25519_kernel sphinx_ifma_x25519 = {
    {"ifma", CPU_AVX512 | CPU_IFMA | CPU_BMI2, 20, LANES}, multiply, multiply_base};
