/* X25519 (RFC 7748, section 5) on AVX2, four rows side by side, one in each 64-bit lane.
 *
 * A field element modulo p = 2^255 - 19 is ten limbs of 26 and 25 bits in turn, limb i at bit
 * ceil(25.5 i), each in the low half of its lane as vpmuludq takes it. A unit is 2^26 + 2^13 for even
 * limbs and 2^25 + 2^13 for odd ones. The limbs of what multiplications return are below one unit
 * (tight), those of a sum of two tight elements below two, those of a difference below three;
 * sums and differences are not carried. multiply_elements takes 3 units and 2, square takes 3.
 *
 * The ladder runs over the bits 254..3; the scalar's low three bits are zero, so three
 * doublings end it. The groups of LANES rows of a chunk share one inversion, lane by lane
 * (Montgomery's trick).
 *
 * A step of the ladder is about 2050 vector instructions, 690 of them vpmuludq. On Zen 4 that is at
 * least 515 cycles and takes 650: the CPU does not look ahead as far as one product, and waits for
 * its last carries. Short chains of carries and distance between dependent products matter more
 * than a few instructions.
 */
#include <immintrin.h>

#include "bytes.h"
#include "kernels.h"

#define LANES 4
#define CHUNK 64
#define GROUPS (CHUNK / LANES)
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#define BITS(i) ((i) % 2 ? 25 : 26)
#define LOW(n) ((UINT64_C(1) << (n)) - 1)
#define EACH_LIMB(i) for (int i = 0; i < 10; i++)

typedef __m256i vec;

typedef struct {
  vec v[10];
} element;

INLINE vec splat(uint64_t x) { return _mm256_set1_epi64x((long long)x); }
INLINE vec plus(vec a, vec b) { return _mm256_add_epi64(a, b); }
INLINE vec minus(vec a, vec b) { return _mm256_sub_epi64(a, b); }
INLINE vec times(vec a, vec b) { return _mm256_mul_epu32(a, b); }
INLINE vec left(vec a, int n) { return _mm256_slli_epi64(a, n); }
INLINE vec right(vec a, int n) { return _mm256_srli_epi64(a, n); }
INLINE vec either(vec a, vec b) { return _mm256_or_si256(a, b); }
INLINE vec low(vec a, int n) { return _mm256_and_si256(a, splat(LOW(n))); }

/* sum + a * b. The empty statement keeps sums in the order they are written in: gcc would rather
 * begin all columns of a product at once, spill them, and take a seventh longer. */
INLINE vec mac(vec sum, vec a, vec b) {
  sum = plus(sum, times(a, b));
  __asm__("" : "+x"(sum));
  return sum;
}

/* Makes compilers load again what they would keep, which with 16 registers means to spill it. */
INLINE void forget_loads(void) { __asm__ volatile("" : : : "memory"); }

INLINE vec times_19(vec a) { return plus(plus(a, plus(a, a)), left(a, 4)); }

/* Limb i of 2p, which exceeds one unit. */
INLINE vec twice_p(int i) { return splat(2 * (LOW(BITS(i)) - (i ? 0 : 18))); }

INLINE void carry(vec *from, vec *to, int bits) {
  *to = plus(*to, right(*from, bits));
  *from = low(*from, bits);
}

/* Columns below 2^63, column 9 below 2^58, to a tight element, in three rounds of independent carries
 * (two chains around the element would be three carries less and take longer). Even columns carry
 * less than 2^37 and become 26 bits. Odd ones then carry less than 2^38 + 2^13, column 9 less than
 * 2^33 + 2^13 and 19 times that, and become 25 bits. Even ones, now below 2^38 + 2^27, carry at most
 * 2^12 + 2 and become 26 bits again. */
INLINE void carry_columns(element *r, vec c0, vec c1, vec c2, vec c3, vec c4, vec c5, vec c6, vec c7, vec c8,
                          vec c9) {
  carry(&c0, &c1, 26);
  carry(&c2, &c3, 26);
  carry(&c4, &c5, 26);
  carry(&c6, &c7, 26);
  carry(&c8, &c9, 26);
  c0 = plus(c0, times_19(right(c9, 25)));
  c9 = low(c9, 25);
  carry(&c1, &c2, 25);
  carry(&c3, &c4, 25);
  carry(&c5, &c6, 25);
  carry(&c7, &c8, 25);
  carry(&c0, &c1, 26);
  carry(&c2, &c3, 26);
  carry(&c4, &c5, 26);
  carry(&c6, &c7, 26);
  carry(&c8, &c9, 26);
  r->v[0] = c0;
  r->v[1] = c1;
  r->v[2] = c2;
  r->v[3] = c3;
  r->v[4] = c4;
  r->v[5] = c5;
  r->v[6] = c6;
  r->v[7] = c7;
  r->v[8] = c8;
  r->v[9] = c9;
}

/* The five columns of a product of polynomials modulo w^5 - 19. 19 b must be below 2^32. */
INLINE void multiply_polynomials(vec *r, vec a0, vec a1, vec a2, vec a3, vec a4, vec b0, vec b1, vec b2,
                                 vec b3, vec b4) {
  const vec k = splat(19);
  r[4] = mac(times(a0, b4), a1, b3);
  r[4] = mac(mac(mac(r[4], a2, b2), a3, b1), a4, b0);
  vec t4 = times(k, b4);
  r[3] = mac(times(a0, b3), a1, b2);
  r[3] = mac(mac(mac(r[3], a2, b1), a3, b0), a4, t4);
  vec t3 = times(k, b3);
  r[2] = mac(times(a0, b2), a1, b1);
  r[2] = mac(mac(mac(r[2], a2, b0), a3, t4), a4, t3);
  vec t2 = times(k, b2);
  r[1] = mac(times(a0, b1), a1, b0);
  r[1] = mac(mac(mac(r[1], a2, t4), a3, t3), a4, t2);
  vec t1 = times(k, b1);
  r[0] = mac(times(a0, b0), a1, t4);
  r[0] = mac(mac(mac(r[0], a2, t3), a3, t2), a4, t1);
}

/* x below 3 units times y below 2 units, tight.
 *
 * With w = 2^51, an element is E + 2^26 O, polynomials in w of its even and of its odd limbs. A product is
 * E E' + 2 w O O' + 2^26 ((E + O)(E' + O') - E E' - O O'): 75 multiplications instead of 100. 19 times a limb
 * of E' + O' is below 19 * 2 (2^26 + 2^25 + 2^14) < 2^32.
 *
 * Let U = 2^52 + 2^42. The product of two units is below U (both even), U / 2 or U / 4 (both odd),
 * that of two sums of an even and an odd unit below 2.25 U. Columns of E E' are below 6 * 77 U, as
 * 77 = 1 + 4 * 19, those of O O' below a quarter of that, those of the sums below 2.25 times that,
 * which is below 2^63. At the end column 0 is the largest, below 6 * 77 U + 38 * 5 * 6 U / 4 < 2^62;
 * column 9, ten products of an even and an odd limb, is below 30 U < 2^57. */
NOINLINE void multiply_elements(element *r, const element *x, const element *y) {
  const vec *a = x->v, *b = y->v;
  vec e[5], o[5], s[5];
  multiply_polynomials(e, a[0], a[2], a[4], a[6], a[8], b[0], b[2], b[4], b[6], b[8]);
  forget_loads();
  multiply_polynomials(o, a[1], a[3], a[5], a[7], a[9], b[1], b[3], b[5], b[7], b[9]);
  forget_loads();
  multiply_polynomials(s, plus(a[0], a[1]), plus(a[2], a[3]), plus(a[4], a[5]), plus(a[6], a[7]),
                       plus(a[8], a[9]), plus(b[0], b[1]), plus(b[2], b[3]), plus(b[4], b[5]),
                       plus(b[6], b[7]), plus(b[8], b[9]));
  carry_columns(r, plus(e[0], times_19(plus(o[4], o[4]))), minus(minus(s[0], e[0]), o[0]),
                plus(e[1], plus(o[0], o[0])), minus(minus(s[1], e[1]), o[1]), plus(e[2], plus(o[1], o[1])),
                minus(minus(s[2], e[2]), o[2]), plus(e[3], plus(o[2], o[2])), minus(minus(s[3], e[3]), o[3]),
                plus(e[4], plus(o[3], o[3])), minus(minus(s[4], e[4]), o[4]));
}

/* x below 3 units squared, tight. The product of two odd limbs counts twice, what lies beyond column 9
 * comes back 19 times. 19 times an even limb and 38 times an odd one are below 57 (2^26 + 2^14) < 2^32.
 * Column 0 is below 9 * 124.5 U < 2^63, the largest, column 9 below 9 * 5 U < 2^58. */
NOINLINE void square(element *r, const element *x) {
  const vec *a = x->v;
  const vec k19 = splat(19), k38 = splat(38);
  vec d9 = plus(a[9], a[9]);
  vec d1 = plus(a[1], a[1]);
  vec d7 = plus(a[7], a[7]);
  vec d3 = plus(a[3], a[3]);
  vec d5 = plus(a[5], a[5]);
  vec c9 = mac(mac(mac(mac(times(d9, a[0]), d1, a[8]), d7, a[2]), d3, a[6]), d5, a[4]);
  vec t9 = times(a[9], k38);
  vec c7 = mac(mac(mac(mac(times(d7, a[0]), d1, a[6]), d5, a[2]), d3, a[4]), t9, a[8]);
  vec t7 = times(a[7], k38);
  vec c5 = mac(mac(mac(mac(times(d5, a[0]), d1, a[4]), d3, a[2]), t9, a[6]), t7, a[8]);
  vec t5 = times(a[5], k38);
  vec c3 = mac(mac(mac(mac(times(d3, a[0]), d1, a[2]), t9, a[4]), t5, a[8]), t7, a[6]);
  vec t3 = times(a[3], k38);
  vec c1 = mac(mac(mac(mac(times(d1, a[0]), t9, a[2]), t3, a[8]), t7, a[4]), t5, a[6]);
  vec d0 = plus(a[0], a[0]);
  vec d2 = plus(a[2], a[2]);
  vec c8 = mac(mac(mac(mac(mac(times(d0, a[8]), d1, d7), d2, a[6]), d3, d5), a[4], a[4]), t9, a[9]);
  vec t8 = times(a[8], k19);
  vec c6 = mac(mac(mac(mac(mac(times(d0, a[6]), d1, d5), d2, a[4]), d3, a[3]), d7, t9), t8, a[8]);
  vec d6 = plus(a[6], a[6]);
  vec c4 = mac(mac(mac(mac(mac(times(d0, a[4]), d1, d3), a[2], a[2]), d5, t9), d6, t8), t7, a[7]);
  vec d4 = plus(a[4], a[4]);
  vec t6 = times(a[6], k19);
  vec c2 = mac(mac(mac(mac(mac(times(d0, a[2]), d1, a[1]), d3, t9), d4, t8), d5, t7), t6, a[6]);
  vec c0 = mac(mac(mac(mac(mac(times(a[0], a[0]), d1, t9), d2, t8), d3, t7), d4, t6), t5, a[5]);
  carry_columns(r, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
}

/* 9 * tight = tight: the carries are below 2^4. */
INLINE void times_9(element *r, const element *a) {
  vec c = splat(0);
  EACH_LIMB(i) {
    vec t = times(a->v[i], splat(9));
    r->v[i] = plus(low(t, BITS(i)), c);
    c = right(t, BITS(i));
  }
  r->v[0] = plus(r->v[0], times(c, splat(19)));
}

/* Tight a and b to their sum, below 2 units, and their difference, below 3. */
INLINE void add_subtract(element *sum, element *difference, const element *a, const element *b) {
  EACH_LIMB(i) {
    vec s = plus(a->v[i], b->v[i]), d = minus(plus(a->v[i], twice_p(i)), b->v[i]);
    sum->v[i] = s;
    difference->v[i] = d;
  }
  forget_loads();
}

/* a, or b in the lanes where the top bit of the mask is set. */
INLINE void choose(element *r, vec mask, const element *a, const element *b) {
  EACH_LIMB(i) {
    r->v[i] = _mm256_castpd_si256(_mm256_blendv_pd(_mm256_castsi256_pd(a->v[i]), _mm256_castsi256_pd(b->v[i]),
                                                   _mm256_castsi256_pd(mask)));
  }
  forget_loads();
}

/* Tight aa = (x + z)^2 and bb = (x - z)^2 to e = aa - bb, below 3 units, and f = aa + 121665 e. The carries
 * of f are below 2^19 and 19 of them below 2^23, so that f is below 1.2 units. */
INLINE void double_factors(element *e, element *f, const element *aa, const element *bb) {
  vec c = splat(0);
  EACH_LIMB(i) {
    vec a = aa->v[i], d = minus(plus(a, twice_p(i)), bb->v[i]);
    vec t = plus(times(d, splat(121665)), a);
    e->v[i] = d;
    f->v[i] = plus(low(t, BITS(i)), c);
    c = right(t, BITS(i));
  }
  f->v[0] = plus(f->v[0], times(c, splat(19)));
  forget_loads();
}

/* Word j of four rows of 32 bytes. */
INLINE void load_words(vec *words, const uint8_t *const *rows) {
  for (int j = 0; j < 4; j++) {
    uint64_t word[LANES];
    for (int i = 0; i < LANES; i++) word[i] = load64_le(rows[i] + 8 * j);
    words[j] = _mm256_loadu_si256((const vec *)word);
  }
}

/* Bytes to a tight element below 2^255; the top bit is dropped. */
INLINE void load_element(element *r, const uint8_t *const *rows) {
  vec w[4];
  load_words(w, rows);
  r->v[0] = low(w[0], 26);
  r->v[1] = low(right(w[0], 26), 25);
  r->v[2] = low(either(right(w[0], 51), left(w[1], 13)), 26);
  r->v[3] = low(right(w[1], 13), 25);
  r->v[4] = right(w[1], 38);
  r->v[5] = low(w[2], 25);
  r->v[6] = low(right(w[2], 25), 26);
  r->v[7] = low(either(right(w[2], 51), left(w[3], 13)), 25);
  r->v[8] = low(right(w[3], 12), 26);
  r->v[9] = low(right(w[3], 38), 25);
}

/* Tight to the one representative below p. The value is below 2p, so p goes into it once
 * exactly if adding 19 carries out of bit 255. */
INLINE void canonical(element *t) {
  vec c = splat(19);
  EACH_LIMB(i) c = right(plus(t->v[i], c), BITS(i));
  c = times(c, splat(19));
  EACH_LIMB(i) {
    c = plus(t->v[i], c);
    t->v[i] = low(c, BITS(i));
    c = right(c, BITS(i));
  }
}

/* Canonical to bytes, the first n rows. */
INLINE void store_element(uint8_t *const *out, size_t n, const element *a) {
  const vec *v = a->v;
  uint64_t words[4][LANES];
  vec w[4] = {
      either(either(v[0], left(v[1], 26)), left(v[2], 51)),
      either(either(right(v[2], 13), left(v[3], 13)), left(v[4], 38)),
      either(either(v[5], left(v[6], 25)), left(v[7], 51)),
      either(either(right(v[7], 13), left(v[8], 12)), left(v[9], 38)),
  };
  for (int j = 0; j < 4; j++) _mm256_storeu_si256((vec *)words[j], w[j]);
  for (size_t i = 0; i < n; i++)
    for (int j = 0; j < 4; j++) store64_le(out[i] + 8 * j, words[j][i]);
}

/* r = a^(2^n) * b for n > 0, all tight. */
static void square_times(element *r, const element *a, int n, const element *b) {
  element t;
  square(&t, a);
  while (--n) square(&t, &t);
  multiply_elements(r, &t, b);
}

/* a^(p - 2), tight; e_n is a^(2^n - 1). p - 2 = (2^250 - 1) 2^5 + 11. */
static void invert(element *r, const element *a) {
  element a2, a9, a11, e5, e10, e20, e50, e100, t;
  square(&a2, a);
  square_times(&a9, &a2, 2, a);
  multiply_elements(&a11, &a9, &a2);
  square_times(&e5, &a11, 1, &a9);
  square_times(&e10, &e5, 5, &e5);
  square_times(&e20, &e10, 10, &e10);
  square_times(&t, &e20, 20, &e20);
  square_times(&e50, &t, 10, &e10);
  square_times(&e100, &e50, 50, &e50);
  square_times(&t, &e100, 100, &e100);
  square_times(&t, &t, 50, &e50);
  square_times(r, &t, 5, &a11);
}

/* x : z, tight, becomes its double. */
static void double_point(element *x, element *z) {
  element a, b, e, f;
  add_subtract(&a, &b, x, z);
  square(&a, &a);
  square(&b, &b);
  double_factors(&e, &f, &a, &b);
  multiply_elements(x, &a, &b);
  multiply_elements(z, &e, &f);
}

/* x : z, tight, is the scalar times the point whose u is *u, or 9 where u is NULL, in each lane.
 *
 * (x2, z2) and (x3, z3) are consecutive multiples, in an order that depends on the last bit.
 * Their sum comes out the same in both orders up to a sign that is squared away, so that
 * only the inputs of the doubling are chosen by the bit. The order of the statements keeps products
 * away from those they depend on. */
NOINLINE void ladder(element *x, element *z, const vec *scalar, const element *u) {
  element x2, z2, x3, z3, a, b, c, d, p, q, e, f;
  vec last = splat(0);
  EACH_LIMB(i) {
    x2.v[i] = z3.v[i] = splat(i == 0);
    z2.v[i] = splat(0);
    x3.v[i] = u ? u->v[i] : splat(i == 0 ? 9 : 0);
  }
  for (int i = 254; i >= 3; i--) {
    vec bit = _mm256_sll_epi64(scalar[i / 64], _mm_cvtsi32_si128(63 - i % 64)); /* on top */
    vec mask = _mm256_xor_si256(bit, last);
    last = bit;
    add_subtract(&a, &b, &x2, &z2);
    add_subtract(&c, &d, &x3, &z3);
    choose(&p, mask, &a, &c);
    choose(&q, mask, &b, &d);
    square(&p, &p);
    square(&q, &q);
    multiply_elements(&d, &d, &a);
    multiply_elements(&c, &b, &c);
    double_factors(&e, &f, &p, &q);
    multiply_elements(&x2, &p, &q);
    add_subtract(&a, &b, &d, &c);
    multiply_elements(&z2, &e, &f);
    square(&z3, &b);
    square(&x3, &a);
    if (u)
      multiply_elements(&z3, &z3, u);
    else
      times_9(&z3, &z3);
  }
  choose(x, last, &x2, &x3);
  choose(z, last, &z2, &z3);
  for (int i = 0; i < 3; i++) double_point(x, z);
}

/* Writes x / z for n rows in groups of LANES, zero where z is zero: such a z becomes 1, so that it
 * does not zero the product over all groups, and its x becomes 0. Overwrites x and z. */
NOINLINE void divide(uint8_t *const *out, element *x, element *z, size_t n) {
  const size_t groups = (n + LANES - 1) / LANES;
  element products[GROUPS], inverse, t;
  for (size_t g = 0; g < groups; g++) {
    canonical(&z[g]);
    vec any = z[g].v[0];
    for (int i = 1; i < 10; i++) any = either(any, z[g].v[i]);
    vec zero = _mm256_cmpeq_epi64(any, splat(0));
    z[g].v[0] = either(z[g].v[0], right(zero, 63));
    EACH_LIMB(i) x[g].v[i] = _mm256_andnot_si256(zero, x[g].v[i]);
    if (g)
      multiply_elements(&products[g], &products[g - 1], &z[g]);
    else
      products[0] = z[0];
  }
  invert(&inverse, &products[groups - 1]);
  for (size_t g = groups; g-- > 0;) {
    t = inverse;
    if (g) multiply_elements(&t, &inverse, &products[g - 1]);
    multiply_elements(&t, &t, &x[g]);
    multiply_elements(&inverse, &inverse, &z[g]);
    canonical(&t);
    store_element(out + g * LANES, n - g * LANES < LANES ? n - g * LANES : LANES, &t);
  }
}

/* Both functions of the kernel; the base point where points is NULL. */
static void run(uint8_t *const *out, const uint8_t *const *scalars, const uint8_t *const *points, size_t n) {
  element x[GROUPS], z[GROUPS], u;
  vec scalar[4];
  for (size_t start = 0; start < n; start += CHUNK) {
    const size_t rows = n - start < CHUNK ? n - start : CHUNK;
    for (size_t first = 0; first < rows; first += LANES) {
      const uint8_t *s[LANES], *p[LANES];
      for (size_t lane = 0; lane < LANES; lane++) {
        size_t row = start + (first + lane < rows ? first + lane : rows - 1); /* the last row pads */
        s[lane] = scalars[row];
        if (points) p[lane] = points[row];
      }
      load_words(scalar, s);
      if (points) load_element(&u, p);
      ladder(&x[first / LANES], &z[first / LANES], scalar, points ? &u : NULL);
    }
    divide(out + start, x, z, rows);
  }
}

/* One row alone is faster in portable C than in a vector of its own: 36 us, not 49, on Zen 4. */
extern const sphinx_x25519_kernel sphinx_portable_x25519;

static void multiply(uint8_t *const *out, const uint8_t *const *scalars, const uint8_t *const *points,
                     size_t n) {
  const size_t alone = n % LANES == 1;
  run(out, scalars, points, n - alone);
  if (alone) sphinx_portable_x25519.multiply(out + n - 1, scalars + n - 1, points + n - 1, 1);
}

static void multiply_base(uint8_t *const *out, const uint8_t *const *scalars, size_t n) {
  const size_t alone = n % LANES == 1;
  run(out, scalars, NULL, n - alone);
  if (alone) sphinx_portable_x25519.multiply_base(out + n - 1, scalars + n - 1, 1);
}

const sphinx_x25519_kernel sphinx_avx2_x25519 = {
    {"avx2", CPU_AVX2 | CPU_BMI2, 10, LANES}, multiply, multiply_base, 0, NULL, NULL};
