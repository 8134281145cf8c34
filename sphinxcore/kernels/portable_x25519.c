/* X25519 (RFC 7748, section 5) in portable C, one row after another.
 *
 * A field element modulo p = 2^255 - 19 is five limbs of 51 bits in uint64_t. Two sizes occur:
 *   tight: every limb below 2^51 + 2^24, which every multiplication returns and the swap keeps;
 *   loose: every limb below 2^53, a sum or a difference of two tight elements, not carried.
 * The ladder runs over the bits 254..3; the scalar's low three bits are zero, so three
 * doublings end it. Up to CHUNK rows share one inversion (Montgomery's trick).
 */
#include "bytes.h"
#include "constant_time.h"
#include "kernels.h"

#define CHUNK 64
#define INLINE static inline __attribute__((always_inline))
#define LOW51 ((UINT64_C(1) << 51) - 1)

__extension__ typedef unsigned __int128 uint128;

typedef struct {
  uint64_t v[5];
} element;

static const element ONE = {{1, 0, 0, 0, 0}};

/* Tight + tight = loose: 2 (2^51 + 2^24) < 2^53. */
INLINE element add(const element *a, const element *b) {
  element r;
  for (int i = 0; i < 5; i++) r.v[i] = a->v[i] + b->v[i];
  return r;
}

/* Tight - tight = loose. Adding 2p, whose limbs exceed 2^52 - 39, keeps every limb positive;
 * the result is below 2^51 + 2^24 + 2^52 < 2^53. */
INLINE element subtract(const element *a, const element *b) {
  element r;
  r.v[0] = a->v[0] + 2 * (LOW51 - 18) - b->v[0];
  for (int i = 1; i < 5; i++) r.v[i] = a->v[i] + 2 * LOW51 - b->v[i];
  return r;
}

INLINE uint128 product(uint64_t a, uint64_t b) { return (uint128)a * b; }

/* The low 51 bits of a column's sum; what is above is the next column's carry. It is added as 128
 * bits because gcc 12 would fetch the upper half of a 64-bit carry, a zero, from memory. */
INLINE uint64_t low51(uint128 r) { return (uint64_t)r & LOW51; }

/* Brings the carry out of limb 4, below 2^58, back to limb 0: 19 times it is below 2^63. What that
 * carries into limb 1 is below 2^13 and stays there. */
INLINE void wrap(element *t, uint64_t carry) {
  t->v[0] += 19 * carry;
  t->v[1] += t->v[0] >> 51;
  t->v[0] &= LOW51;
}

/* Loose * loose = tight. Columns 0 to 3 hold at most 77 units of 2^106 and a carry below 2^64,
 * less than 2^113; column 4 holds five units and a carry, less than 2^109. 19 times a limb is
 * below 2^58. */
INLINE element multiply_elements(const element *x, const element *y) {
  const uint64_t *a = x->v, *b = y->v;
  uint64_t b1 = 19 * b[1], b2 = 19 * b[2], b3 = 19 * b[3], b4 = 19 * b[4];
  element t;
  uint128 r =
      product(a[0], b[0]) + product(a[1], b4) + product(a[2], b3) + product(a[3], b2) + product(a[4], b1);
  t.v[0] = low51(r);
  r = product(a[0], b[1]) + product(a[1], b[0]) + product(a[2], b4) + product(a[3], b3) + product(a[4], b2) +
      (r >> 51);
  t.v[1] = low51(r);
  r = product(a[0], b[2]) + product(a[1], b[1]) + product(a[2], b[0]) + product(a[3], b4) +
      product(a[4], b3) + (r >> 51);
  t.v[2] = low51(r);
  r = product(a[0], b[3]) + product(a[1], b[2]) + product(a[2], b[1]) + product(a[3], b[0]) +
      product(a[4], b4) + (r >> 51);
  t.v[3] = low51(r);
  r = product(a[0], b[4]) + product(a[1], b[3]) + product(a[2], b[2]) + product(a[3], b[1]) +
      product(a[4], b[0]) + (r >> 51);
  t.v[4] = low51(r);
  wrap(&t, (uint64_t)(r >> 51));
  return t;
}

/* Loose squared = tight; the columns are those of multiply_elements. 38 times a limb is below
 * 2^59. */
INLINE element square(const element *x) {
  const uint64_t *a = x->v;
  uint64_t d0 = 2 * a[0], d1 = 2 * a[1], d2 = 2 * a[2];
  uint64_t a3 = 19 * a[3], a4 = 19 * a[4], d4 = 2 * a4;
  element t;
  uint128 r = product(a[0], a[0]) + product(a[1], d4) + product(d2, a3);
  t.v[0] = low51(r);
  r = product(d0, a[1]) + product(a[2], d4) + product(a[3], a3) + (r >> 51);
  t.v[1] = low51(r);
  r = product(d0, a[2]) + product(a[1], a[1]) + product(a[3], d4) + (r >> 51);
  t.v[2] = low51(r);
  r = product(d0, a[3]) + product(d1, a[2]) + product(a[4], a4) + (r >> 51);
  t.v[3] = low51(r);
  r = product(d0, a[4]) + product(d1, a[3]) + product(a[2], a[2]) + (r >> 51);
  t.v[4] = low51(r);
  wrap(&t, (uint64_t)(r >> 51));
  return t;
}

/* Tight + 121665 * loose = tight: every sum is below 2^70, so that a carry is below 2^19 and
 * 19 of them below 2^24; one parallel pass is enough. */
INLINE element add_121665_times(const element *a, const element *e) {
  element t;
  uint64_t c[5];
  for (int i = 0; i < 5; i++) {
    uint128 r = product(121665, e->v[i]) + a->v[i];
    t.v[i] = (uint64_t)r & LOW51;
    c[i] = (uint64_t)(r >> 51);
  }
  t.v[0] += 19 * c[4];
  for (int i = 1; i < 5; i++) t.v[i] += c[i - 1];
  return t;
}

/* 9 * tight = tight: the carries are below 2^4. */
INLINE element times_9(const element *a) {
  element t;
  for (int i = 0; i < 5; i++) t.v[i] = (9 * a->v[i] & LOW51) + (i ? 9 * a->v[i - 1] >> 51 : 0);
  t.v[0] += 19 * (9 * a->v[4] >> 51);
  return t;
}

/* a, or b where the mask is all ones; any limbs. */
INLINE element choose(uint64_t mask, const element *a, const element *b) {
  element r;
  for (int i = 0; i < 5; i++) r.v[i] = a->v[i] ^ (mask & (a->v[i] ^ b->v[i]));
  return r;
}

/* Bytes to a tight element below 2^255; the top bit is dropped. */
static element load(const uint8_t *p) {
  uint64_t w0 = load64_le(p), w1 = load64_le(p + 8), w2 = load64_le(p + 16), w3 = load64_le(p + 24);
  element r = {{w0 & LOW51, (w0 >> 51 | w1 << 13) & LOW51, (w1 >> 38 | w2 << 26) & LOW51,
                (w2 >> 25 | w3 << 39) & LOW51, w3 >> 12 & LOW51}};
  return r;
}

/* Tight to the one representative below p. The value is below 2p, so p goes into it once
 * exactly if adding 19 carries out of bit 255. */
static element canonical(element t) {
  uint64_t c = 19;
  for (int i = 0; i < 5; i++) c = (t.v[i] + c) >> 51;
  t.v[0] += 19 * c;
  for (int i = 0; i < 4; i++) {
    t.v[i + 1] += t.v[i] >> 51;
    t.v[i] &= LOW51;
  }
  t.v[4] &= LOW51;
  return t;
}

/* Canonical to bytes. */
static void store(uint8_t *p, const element *a) {
  const uint64_t *t = a->v;
  store64_le(p, t[0] | t[1] << 51);
  store64_le(p + 8, t[1] >> 13 | t[2] << 38);
  store64_le(p + 16, t[2] >> 26 | t[3] << 25);
  store64_le(p + 24, t[3] >> 39 | t[4] << 12);
}

/* a^(2^n) * b, all tight. */
static __attribute__((noinline)) element square_times(element a, int n, const element *b) {
  while (n--) a = square(&a);
  return multiply_elements(&a, b);
}

/* a^(p - 2), tight; e_n is a^(2^n - 1). p - 2 = (2^250 - 1) 2^5 + 11. */
static element invert(const element *a) {
  element a2 = square(a);
  element a9 = square_times(a2, 2, a);
  element a11 = multiply_elements(&a9, &a2);
  element e5 = square_times(a11, 1, &a9);
  element e10 = square_times(e5, 5, &e5);
  element e20 = square_times(e10, 10, &e10);
  element e40 = square_times(e20, 20, &e20);
  element e50 = square_times(e40, 10, &e10);
  element e100 = square_times(e50, 50, &e50);
  element e200 = square_times(e100, 100, &e100);
  element e250 = square_times(e200, 50, &e50);
  return square_times(e250, 5, &a11);
}

/* x : z, tight, becomes its double. */
INLINE void double_point(element *x, element *z) {
  element a = add(x, z), b = subtract(x, z);
  element aa = square(&a), bb = square(&b);
  element e = subtract(&aa, &bb), f = add_121665_times(&aa, &e);
  *x = multiply_elements(&aa, &bb);
  *z = multiply_elements(&e, &f);
}

/* x : z, tight, is the scalar times the point whose u is *u, or 9 where u is NULL.
 *
 * (x2, z2) and (x3, z3) are consecutive multiples, in an order that depends on the last bit.
 * Their sum comes out the same in both orders up to a sign that is squared away, so that
 * only the inputs of the doubling are chosen by the bit. The order of the statements keeps
 * independent products next to each other and those that the next step waits for away from its
 * end; it saves 4 %. */
INLINE void ladder(element *x, element *z, const uint8_t *scalar, const element *u) {
  uint64_t words[4], last = 0;
  element x2 = ONE, z2 = {{0}}, x3 = {{9}}, z3 = ONE;
  if (u) x3 = *u;
  for (int i = 0; i < 4; i++) words[i] = load64_le(scalar + 8 * i);
  for (int i = 254; i >= 3; i--) {
    uint64_t bit = words[i / 64] >> i % 64 & 1;
    uint64_t mask = -ct_hide(bit ^ last);
    last = bit;
    element a = add(&x2, &z2), b = subtract(&x2, &z2);
    element c = add(&x3, &z3), d = subtract(&x3, &z3);
    element p = choose(mask, &a, &c), q = choose(mask, &b, &d);
    element pp = square(&p), qq = square(&q);
    element da = multiply_elements(&d, &a), cb = multiply_elements(&c, &b);
    element e = subtract(&pp, &qq), f = add_121665_times(&pp, &e);
    element sum = add(&da, &cb), difference = subtract(&da, &cb);
    z3 = square(&difference);
    z2 = multiply_elements(&e, &f);
    z3 = u ? multiply_elements(&z3, u) : times_9(&z3);
    x2 = multiply_elements(&pp, &qq);
    x3 = square(&sum);
  }
  uint64_t mask = -ct_hide(last);
  *x = choose(mask, &x2, &x3);
  *z = choose(mask, &z2, &z3);
  for (int i = 0; i < 3; i++) double_point(x, z);
}

/* Writes x / z for up to CHUNK rows, zero where z is zero: such a z becomes 1, so that it
 * does not zero the product of all, and its x becomes 0. Overwrites x and z. */
static void divide(uint8_t *const *out, element *x, element *z, size_t n) {
  element products[CHUNK + 1];
  products[0] = ONE;
  for (size_t i = 0; i < n; i++) {
    element t = canonical(z[i]);
    uint64_t zero = -ct_hide(((t.v[0] | t.v[1] | t.v[2] | t.v[3] | t.v[4]) - 1) >> 63);
    z[i].v[0] = t.v[0] | (zero & 1);
    for (int j = 1; j < 5; j++) z[i].v[j] = t.v[j];
    for (int j = 0; j < 5; j++) x[i].v[j] &= ~zero;
    products[i + 1] = multiply_elements(&products[i], &z[i]);
  }
  element inverse = invert(&products[n]);
  for (size_t i = n; i-- > 0;) {
    element t = multiply_elements(&inverse, &products[i]);
    t = multiply_elements(&t, &x[i]);
    t = canonical(t);
    store(out[i], &t);
    inverse = multiply_elements(&inverse, &z[i]);
  }
}

static void multiply(uint8_t *const *out, const uint8_t *const *scalars, const uint8_t *const *points,
                     size_t n) {
  element x[CHUNK], z[CHUNK];
  for (size_t start = 0; start < n; start += CHUNK) {
    size_t rows = n - start < CHUNK ? n - start : CHUNK;
    for (size_t i = 0; i < rows; i++) {
      element u = load(points[start + i]);
      ladder(&x[i], &z[i], scalars[start + i], &u);
    }
    divide(out + start, x, z, rows);
  }
}

static void multiply_base(uint8_t *const *out, const uint8_t *const *scalars, size_t n) {
  element x[CHUNK], z[CHUNK];
  for (size_t start = 0; start < n; start += CHUNK) {
    size_t rows = n - start < CHUNK ? n - start : CHUNK;
    for (size_t i = 0; i < rows; i++) ladder(&x[i], &z[i], scalars[start + i], NULL);
    divide(out + start, x, z, rows);
  }
}

const sphinx_x25519_kernel sphinx_portable_x25519 = {
    {"portable", 0, 0, 1}, multiply, multiply_base, 0, NULL, NULL};
