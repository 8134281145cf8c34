/* X25519 (RFC 7748, section 5) on AVX-512 IFMA, eight rows side by side.
 *
 * A ladder step has 392 multiply-adds and 11 carries. Points that are multiplied twice get combs
 * (ifma_comb.h), the base point has its own (ifma_base.h). Up to CHUNK vectors of rows share one inversion
 * (Montgomery's trick). */
#include "ifma_base.h"

#define CHUNK 8

/* x : z, raw, is the scalar times the point whose u is *u. words[i] has 64 bits of each row's scalar.
 *
 * (x2, z2) and (x3, z3) are consecutive multiples, in an order that depends on the last bit. Their
 * sum comes out the same in both orders up to a sign that is squared away, so that only the
 * inputs of the doubling are chosen by the bit. a, b: sum and difference of x2 and z2; c, d: of
 * x3 and z3. The scalar's low three bits are zero: the caller doubles three times. */
INLINE void ladder(element *x, element *z, const vector words[4], const element *u) {
  const vector zero = splat(0), one = splat(1);
  vector last = zero;
  element a = {{one, zero, zero, zero, zero}}, b = a, c, d, x2, z2, x3, z3 = a;
  x3 = *u;
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
    z3 = multiply_beside(&squared, u, NULL, NULL);
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

/* x : z, tight, becomes its double, tight. */
static void double_point(element *x, element *z) {
  const element a = carry(add(x, z)), b = carry(subtract(x, z, 9));
  const element aa = carry(square_beside(&a, NULL, NULL)), bb = carry(square_beside(&b, NULL, NULL));
  const element e = carry(subtract(&aa, &bb, 9)), f = carry(add_121665_times(&aa, &e));
  *x = multiply_elements(&aa, &bb);
  *z = multiply_elements(&e, &f);
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

/* Canonical to the bytes of up to LANES rows; NULL is left out. */
static void store(uint8_t *const *rows, const element *a, size_t n) {
  uint64_t t[5][LANES] __attribute__((aligned(64)));
  for (int i = 0; i < 5; i++) _mm512_store_si512(t[i], a->v[i]);
  for (size_t l = 0; l < n; l++) {
    if (!rows[l]) continue;
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
    const __mmask8 zero = is_zero(&t);
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

/* x : z, tight, by the ladder and the three doublings that are left. */
INLINE void multiply_point(element *x, element *z, const vector words[4], const element *u) {
  ladder(x, z, words, u);
  *x = carry(*x);
  *z = carry(*z);
  for (int i = 0; i < 3; i++) double_point(x, z);
}

/* The base point where points is NULL. */
static void multiply_rows(uint8_t *const *out, const uint8_t *const *scalars, const uint8_t *const *points,
                          size_t n) {
  element x[CHUNK], z[CHUNK];
  for (size_t start = 0; start < n; start += LANES * CHUNK) {
    const size_t rows = n - start < LANES * CHUNK ? n - start : LANES * CHUNK;
    for (size_t i = 0; i < rows; i += LANES) {
      element *xi = &x[i / LANES], *zi = &z[i / LANES];
      vector words[4];
      load_scalars(words, scalars + start + i, rows - i);
      if (points) {
        const element u = load(points + start + i, rows - i);
        multiply_point(xi, zi, words, &u);
      } else {
        multiply_base_point(xi, zi, words);
      }
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

static void make_combs(uint8_t *combs, const uint8_t *const *points, size_t n) {
  comb *c = (comb *)combs;
  for (size_t i = 0; i < n; i += LANES) {
    const element u = load(points + i, n - i);
    make_comb(&c[i / LANES], &u);
  }
}

static int any_wanted(uint8_t *const *out, size_t n) {
  for (size_t i = 0; i < n && i < LANES; i++) {
    if (out[i]) return 1;
  }
  return 0;
}

/* Rows may come from different combs, see kernels.h. */
static int is_usable(const comb *c) {
  uint64_t usable = 1;
  for (size_t l = 0; l < LANES; l++) usable &= c->usable[l];
  return (int)usable;
}

static void multiply_combs(uint8_t *const *out, const uint8_t *const *scalars, const uint8_t *combs,
                           size_t n) {
  element x[CHUNK], z[CHUNK];
  const comb *c = (const comb *)combs;
  for (size_t start = 0; start < n; start += LANES * CHUNK) {
    const size_t rows = n - start < LANES * CHUNK ? n - start : LANES * CHUNK;
    for (size_t i = 0; i < rows; i += LANES, c++) {
      element *xi = &x[i / LANES], *zi = &z[i / LANES];
      vector words[4];
      *xi = *zi = small(1);
      if (!any_wanted(out + start + i, rows - i)) continue;
      load_scalars(words, scalars + start + i, rows - i);
      if (is_usable(c)) {
        multiply_comb(xi, zi, c, words);
      } else {
        multiply_point(xi, zi, words, &c->u);
      }
    }
    divide(out + start, x, z, rows);
  }
}

const sphinx_x25519_kernel sphinx_ifma_x25519 = {{"ifma", CPU_AVX512 | CPU_IFMA | CPU_BMI2, 20, LANES},
                                                 multiply,
                                                 multiply_base,
                                                 sizeof(comb),
                                                 make_combs,
                                                 multiply_combs};
