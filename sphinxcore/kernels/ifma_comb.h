/* Combs: multiples of a point, made once, that make its multiplications cheap.
 *
 * A comb lies on the twisted Edwards curve -x^2 + y^2 = 1 + d x^2 y^2 that Curve25519 is birationally
 * equivalent to: y = (u - 1) / (u + 1); the sign of x does not matter, since only u is wanted in the
 * end. Its addition law is complete, so that no input is special. A scalar is 8 k with k < 2^252;
 * of k and l - k one is odd (l is the group order: 8 times a point is in that group, and the
 * opposite point has the same u), and an odd number is a sum of +-2^i over all bits i < 256.
 * Column j takes the bits j, j + 64, j + 128 and j + 192 at once: an entry of the comb is
 * P3 +- P2 +- P1 +- P0 with Pi = 8 2^(64 i) P, and the sign of P3 that of the whole.
 *
 * Combs hold nothing secret: points are public. Points on the twist have none; a vector with one
 * says so and keeps the points for the ladder. */
#ifndef SPHINX_IFMA_COMB_H
#define SPHINX_IFMA_COMB_H

#include <stddef.h>

#include "ifma_field.h"

#define TEETH 4
#define ENTRIES 8
#define COLUMNS 64

/* x y z t: x/z and y/z are the coordinates, t/z their product. x, y and t tight, z raw. */
typedef struct {
  element x, y, z, t;
} point;

/* A point to be added: y - x, y + x, 2 z and 2 d t, tight. */
typedef struct {
  element minus, plus, twice_z, twice_dt;
} cached;

typedef struct {
  element u;               /* limbs below 2^51 */
  uint64_t usable[8];      /* by row: 1 if it has a comb, and all rows that it was made with */
  cached entries[ENTRIES]; /* entry b0 + 2 b1 + 4 b2: Pi is subtracted where bi is set */
} comb;

static const uint64_t D[5] = {0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb,
                              0x52036cee2b6ff}; /* -121665 / 121666 */
static const uint64_t TWICE_D[5] = {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977,
                                    0x2406d9dc56dff};
static const uint64_t ROOT_OF_MINUS_1[5] = {0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60,
                                            0x78595a6804c9e, 0x2b8324804fc1d};

static element constant(const uint64_t limbs[5]) {
  element r;
  for (int i = 0; i < 5; i++) r.v[i] = splat(limbs[i]);
  return r;
}

static element small(uint64_t n) {
  const vector zero = splat(0);
  return (element){{splat(n), zero, zero, zero, zero}};
}

/* Doubles p; t is made only if it is asked for, with what an addition needs: y - x and y + x, tight.
 * Then x and y are raw. (Signs of all four coordinates are flipped: the point is the same.) */
INLINE void double_edwards(point *p, int for_addition, element *y_minus_x, element *y_plus_x) {
  element sum = add(&p->x, &p->y);
  const element xx = square_beside(&p->x, &sum, &p->z);
  const element yy = square_beside(&p->y, NULL, NULL);
  const element total = add(&xx, &yy); /* below 2^60 */
  element h = total, g = subtract(&yy, &xx, 9);
  const element zz = square_beside(&p->z, &h, &g);
  element f = add(&zz, &zz);
  f = add(&f, &xx);
  f = subtract(&f, &yy, 9); /* below 2^62 */
  const element squared_sum = square_beside(&sum, &f, NULL);
  element e = subtract(&squared_sum, &total, 10);
  p->y = multiply_beside(&g, &h, &e, NULL);
  p->x = multiply_beside(&e, &f, NULL, NULL);
  if (!for_addition) {
    p->z = multiply_beside(&f, &g, &p->x, &p->y);
    return;
  }
  *y_minus_x = subtract(&p->y, &p->x, 9);
  *y_plus_x = add(&p->y, &p->x);
  p->t = multiply_beside(&e, &h, y_minus_x, y_plus_x);
  p->z = multiply_beside(&f, &g, &p->t, NULL);
}

/* Adds q, whose coordinates are given one by one: twice_dt may be below 2^52. t is not made unless
 * it is asked for. */
INLINE void add_edwards(point *p, const element *y_minus_x, const element *y_plus_x, const cached *q,
                        int want_t) {
  const element c = multiply_beside(&p->t, &q->twice_dt, &p->z, NULL); /* below 2^60 */
  const element d = multiply_beside(&p->z, &q->twice_z, NULL, NULL);
  element f = subtract(&d, &c, 10), g = add(&d, &c);
  const element a = multiply_beside(y_minus_x, &q->minus, &f, &g);
  const element b = multiply_beside(y_plus_x, &q->plus, NULL, NULL);
  element e = subtract(&b, &a, 9), h = add(&b, &a);
  p->z = multiply_beside(&f, &g, &e, &h);
  p->x = multiply_beside(&e, &f, NULL, NULL);
  p->y = multiply_beside(&g, &h, &p->x, NULL);
  if (want_t) p->t = carry(multiply_beside(&e, &h, &p->y, NULL));
  if (!want_t) p->y = carry(p->y);
}

static __attribute__((noinline)) void double_times(point *p, int n) {
  element y_minus_x, y_plus_x;
  while (--n > 0) double_edwards(p, 0, NULL, NULL);
  double_edwards(p, 1, &y_minus_x, &y_plus_x);
  p->x = carry(p->x);
  p->y = carry(p->y);
}

static __attribute__((noinline)) void sum_of_points(point *r, const point *p, const cached *q) {
  const element y_minus_x = carry(subtract(&p->y, &p->x, 9)), y_plus_x = carry(add(&p->y, &p->x));
  *r = *p;
  add_edwards(r, &y_minus_x, &y_plus_x, q, 1);
}

static __attribute__((noinline)) void to_cached(cached *r, const point *p) {
  const element twice_d = constant(TWICE_D);
  r->minus = carry(subtract(&p->y, &p->x, 9));
  r->plus = carry(add(&p->y, &p->x));
  r->twice_z = carry(add(&p->z, &p->z));
  r->twice_dt = multiply_elements(&p->t, &twice_d);
}

static void negate(cached *p) {
  const element minus = p->minus, zero = small(0);
  p->minus = p->plus;
  p->plus = minus;
  p->twice_dt = carry(subtract(&zero, &p->twice_dt, 9));
}

/* A point with y = (u - 1) / (u + 1); returns the lanes whose u is on the curve, the others' points
 * mean nothing. x^2 = n / m with n = -4 u and m = d (u - 1)^2 + (u + 1)^2, and a root of that is
 * n m^3 (n m^7)^((p - 5) / 8), or its product with a root of -1. u = -1 is on the twist. */
static __mmask8 to_edwards(point *r, const element *u) {
  const element one = small(1), zero = small(0), d = constant(D), i = constant(ROOT_OF_MINUS_1);
  const element y = carry(subtract(u, &one, 9)), z = carry(add(u, &one));
  const element twice_u = add(u, u), four_u = carry(add(&twice_u, &twice_u));
  const element n = carry(subtract(&zero, &four_u, 9));
  const element yy = carry(square_beside(&y, NULL, NULL)), zz = square_beside(&z, NULL, NULL);
  const element dyy = multiply_beside(&yy, &d, NULL, NULL);
  const element m = carry(add(&dyy, &zz));
  const element m2 = carry(square_beside(&m, NULL, NULL)), m3 = multiply_elements(&m2, &m);
  const element m4 = carry(square_beside(&m2, NULL, NULL));
  const element nm3 = multiply_elements(&n, &m3), nm7 = multiply_elements(&nm3, &m4);
  element a11;
  const element e250 = power_250(&nm7, &a11), power = square_times(e250, 2, &nm7); /* 2^252 - 3 */
  element x = multiply_elements(&nm3, &power);
  const element xx = carry(square_beside(&x, NULL, NULL)), mxx = multiply_beside(&m, &xx, NULL, NULL);
  const element difference = canonical(carry(subtract(&mxx, &n, 9)));
  const element sum = canonical(carry(add(&mxx, &n)));
  const __mmask8 is_root = is_zero(&difference), is_turned = is_zero(&sum);
  const element turned = multiply_elements(&x, &i);
  x = choose(is_turned, &x, &turned);
  r->x = multiply_elements(&x, &z);
  r->y = y;
  r->z = z;
  r->t = multiply_elements(&x, &y);
  return is_root | is_turned;
}

/* Limbs of u below 2^51. */
static void make_comb(comb *c, const element *u) {
  point p, sum[3];
  cached tooth[TEETH - 1];
  c->u = *u;
  const int usable = to_edwards(&p, u) == 0xff;
  for (int l = 0; l < LANES; l++) c->usable[l] = usable;
  if (!usable) return;
  double_times(&p, 3);
  for (int i = 0; i < TEETH - 1; i++) {
    to_cached(&tooth[i], &p);
    double_times(&p, COLUMNS);
  }
  for (int b2 = 0; b2 < 2; b2++, negate(&tooth[2])) {
    sum_of_points(&sum[2], &p, &tooth[2]);
    for (int b1 = 0; b1 < 2; b1++, negate(&tooth[1])) {
      sum_of_points(&sum[1], &sum[2], &tooth[1]);
      for (int b0 = 0; b0 < 2; b0++, negate(&tooth[0])) {
        sum_of_points(&sum[0], &sum[1], &tooth[0]);
        to_cached(&c->entries[b0 + 2 * b1 + 4 * b2], &sum[0]);
      }
    }
  }
}

/* bits[i] of a row: the scalar's bits 64 i to 64 i + 63 in the form of the head comment, 1 for plus;
 * all but the last relative to the last. */
static void recode(vector bits[TEETH], const vector words[4]) {
  static const uint64_t L[4] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000};
  uint64_t w[4][LANES] __attribute__((aligned(64)));
  for (int i = 0; i < 4; i++) _mm512_store_si512(w[i], words[i]);
  for (int lane = 0; lane < LANES; lane++) {
    uint64_t k[4], opposite[4], borrow = 0;
    for (int i = 0; i < 4; i++) k[i] = w[i][lane] >> 3 | (i < 3 ? w[i + 1][lane] << 61 : 0);
    for (int i = 0; i < 4; i++) {
      const uint64_t difference = L[i] - k[i];
      opposite[i] = difference - borrow;
      borrow = (L[i] < k[i]) | (difference < borrow);
    }
    const uint64_t odd = -ct_hide(k[0] & 1);
    for (int i = 0; i < 4; i++) k[i] = (k[i] & odd) | (opposite[i] & ~odd);
    /* The sum of (2 b_i - 1) 2^i over all 256 bits of b = (k - 1) / 2 + 2^255 is k. */
    for (int i = 0; i < 4; i++) w[i][lane] = k[i] >> 1 | (i < 3 ? k[i + 1] << 63 : UINT64_C(1) << 63);
  }
  for (int i = 0; i < 4; i++) bits[i] = _mm512_load_si512(w[i]);
  for (int i = 0; i < TEETH - 1; i++) bits[i] = _mm512_xor_si512(bits[i], bits[TEETH - 1]);
  wipe(w, sizeof w);
}

/* An element of the entry that each lane's masks say, all entries being read; mask 0 is not used. */
INLINE element select_element(const comb *c, size_t offset, const __mmask8 masks[ENTRIES]) {
  element r;
  UNROLL for (int i = 0; i < 5; i++) {
    UNROLL for (int e = 0; e < ENTRIES; e++) {
      const element *x = (const element *)((const uint8_t *)&c->entries[e] + offset);
      r.v[i] = e ? _mm512_mask_mov_epi64(r.v[i], masks[e], x->v[i]) : x->v[i];
    }
  }
  return r;
}

/* x, tight, becomes 2 p - x in the lanes of the mask: below 2^52 there. */
INLINE void negate_lanes(element *x, __mmask8 mask) {
  UNROLL for (int i = 0; i < 5; i++) {
    const vector twice_p = splat(2 * (i ? LOW51 : LOW51 - 18));
    x->v[i] = _mm512_mask_sub_epi64(x->v[i], mask, twice_p, x->v[i]);
  }
}

/* The entry for column j, its sign included. */
INLINE cached select_entry(const comb *c, const vector bits[TEETH], int j) {
  const vector bit = splat(UINT64_C(1) << j);
  /* A tooth that differs from the last one in sign is subtracted. */
  const __mmask8 b0 = _mm512_test_epi64_mask(bits[0], bit), b1 = _mm512_test_epi64_mask(bits[1], bit);
  const __mmask8 b2 = _mm512_test_epi64_mask(bits[2], bit);
  const __mmask8 negative = _mm512_testn_epi64_mask(bits[3], bit);
  const __mmask8 masks[ENTRIES] = {0,
                                   b0 & ~b1 & ~b2,
                                   ~b0 & b1 & ~b2,
                                   b0 & b1 & ~b2,
                                   ~b0 & ~b1 & b2,
                                   b0 & ~b1 & b2,
                                   ~b0 & b1 & b2,
                                   b0 & b1 & b2};
  cached r;
  r.twice_dt = select_element(c, offsetof(cached, twice_dt), masks);
  negate_lanes(&r.twice_dt, negative);
  r.twice_z = select_element(c, offsetof(cached, twice_z), masks);
  const element minus = select_element(c, offsetof(cached, minus), masks);
  const element plus = select_element(c, offsetof(cached, plus), masks);
  r.minus = choose(negative, &minus, &plus);
  r.plus = choose(negative, &plus, &minus);
  return r;
}

/* u = (z + y) / (z - y) of a point with y tight and z raw, as x : z, tight. */
INLINE void to_montgomery(element *x, element *z, const point *p) {
  *x = carry(add(&p->z, &p->y));
  *z = carry(subtract(&p->z, &p->y, 9));
}

/* x : z, tight, is the u of the scalars (words as for the ladder) times the points of a usable comb. */
static void multiply_comb(element *x, element *z, const comb *c, const vector words[4]) {
  vector bits[TEETH];
  recode(bits, words);
  element y_minus_x = small(1), y_plus_x = small(1);
  point p = {small(0), small(1), small(1), small(0)};
  for (int j = COLUMNS - 1; j >= 0; j--) {
    if (j < COLUMNS - 1) double_edwards(&p, 1, &y_minus_x, &y_plus_x);
    const cached entry = select_entry(c, bits, j);
    add_edwards(&p, &y_minus_x, &y_plus_x, &entry, 0);
  }
  to_montgomery(x, z, &p);
}

#endif
