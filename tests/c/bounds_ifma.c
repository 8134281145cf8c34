#include "bounds.h"

#include "ifma_x25519.c"

/* Any column serves; multiply_comb and multiply_base_point take all of them. */
#define COLUMN 17 /* also of the base point's combs */

/* Rows of four words out of vectors of one word each, and back. */
typedef struct {
  uint64_t words[LANES][4];
  const uint8_t *in[LANES];
  uint8_t *out[LANES];
} rows;

static void to_rows(rows *r, const vector *v) {
  uint64_t words[4][LANES] __attribute__((aligned(64)));
  for (int j = 0; j < 4; j++) _mm512_store_si512(words[j], v[j]);
  for (int l = 0; l < LANES; l++) {
    for (int j = 0; j < 4; j++) r->words[l][j] = words[j][l];
    r->in[l] = r->out[l] = (uint8_t *)r->words[l];
  }
}

/* A mask as an element: one in its lanes. */
static element from_mask(__mmask8 mask) {
  element r = small(0);
  r.v[0] = _mm512_maskz_mov_epi64(mask, splat(1));
  return r;
}

static __mmask8 to_mask(const element *a) { return _mm512_test_epi64_mask(a->v[0], splat(1)); }

static point to_point(const element in[4]) { return (point){in[0], in[1], in[2], in[3]}; }
static cached to_entry(const element in[4]) { return (cached){in[0], in[1], in[2], in[3]}; }

static void from_point(element out[4], const point *p) {
  out[0] = p->x, out[1] = p->y, out[2] = p->z, out[3] = p->t;
}

static void from_entry(element out[4], const cached *q) {
  out[0] = q->minus, out[1] = q->plus, out[2] = q->twice_z, out[3] = q->twice_dt;
}

#define NOINLINE static __attribute__((noinline)) void

NOINLINE double_once(element *out, const element *in, int for_addition) {
  point p = to_point(in);
  out[4] = out[5] = small(0);
  if (for_addition) {
    double_edwards(&p, 1, &out[4], &out[5]);
  } else {
    double_edwards(&p, 0, NULL, NULL);
  }
  from_point(out, &p);
}

NOINLINE add_affine_once(element *out, const element *in, int again) {
  point p = to_point(in);
  const affine q = {in[6], in[7], in[8]};
  out[4] = in[4], out[5] = in[5];
  if (again) {
    add_affine(&p, &out[4], &out[5], &q, 1);
  } else {
    add_affine(&p, &out[4], &out[5], &q, 0);
  }
  from_point(out, &p);
}

NOINLINE add_once(element *out, const element *in, int want_t) {
  point p = to_point(in);
  const cached q = to_entry(in + 6);
  if (want_t) {
    add_edwards(&p, &in[4], &in[5], &q, 1);
  } else {
    add_edwards(&p, &in[4], &in[5], &q, 0);
  }
  from_point(out, &p);
}

OPERATION(carry, out[0] = carry(in[0]);)
OPERATION(fold, vector c[10]; for (int i = 0; i < 10; i++) c[i] = in[i / 5].v[i % 5]; out[0] = fold(c);)
OPERATION(multiply_beside, out[1] = in[2]; out[2] = in[3];
          out[0] = multiply_beside(&in[0], &in[1], &out[1], &out[2]);)
OPERATION(square_beside, out[1] = in[1]; out[2] = in[2]; out[0] = square_beside(in, &out[1], &out[2]);)
OPERATION(multiply, out[0] = multiply_elements(&in[0], &in[1]);)
OPERATION(add, out[0] = add(&in[0], &in[1]);)
OPERATION(subtract_9, out[0] = subtract(&in[0], &in[1], 9);)
OPERATION(subtract_10, out[0] = subtract(&in[0], &in[1], 10);)
OPERATION(add_121665_times, out[0] = add_121665_times(&in[0], &in[1]);)
OPERATION(choose, out[0] = choose(to_mask(&in[2]), &in[0], &in[1]);)
OPERATION(square_5_times, out[0] = square_times(in[0], 5, &in[1]);)
OPERATION(power_250, out[0] = power_250(&in[0], &out[1]);)
OPERATION(invert, out[0] = invert(&in[0]);)
OPERATION(canonical, out[0] = canonical(in[0]); out[1] = from_mask(is_zero(&out[0]));)
OPERATION(load, rows r; to_rows(&r, in[0].v); out[0] = load(r.in, LANES);)
OPERATION(store, rows r; out[0] = small(0); to_rows(&r, out[0].v); store(r.out, in, LANES);
          load_scalars(out[0].v, r.in, LANES);)
OPERATION(double_point, out[0] = in[0]; out[1] = in[1]; double_point(&out[0], &out[1]);)
OPERATION(ladder, ladder(&out[0], &out[1], in[1].v, &in[0]);)

OPERATION(double_edwards, double_once(out, in, 0);)
OPERATION(double_for_addition, double_once(out, in, 1);)
OPERATION(add_edwards, add_once(out, in, 0);)
OPERATION(add_edwards_with_t, add_once(out, in, 1);)
OPERATION(double_5_times, point p = to_point(in); double_times(&p, 5); from_point(out, &p);)
OPERATION(sum_of_points, point r; const point p = to_point(in); const cached q = to_entry(in + 4);
          sum_of_points(&r, &p, &q); from_point(out, &r);)
OPERATION(to_cached, cached r; const point p = to_point(in); to_cached(&r, &p); from_entry(out, &r);)
OPERATION(negate, cached q = to_entry(in); negate(&q); from_entry(out, &q);)
OPERATION(to_edwards, point r; out[4] = from_mask(to_edwards(&r, in)); from_point(out, &r);)
OPERATION(recode, vector bits[TEETH]; recode(bits, in[0].v); out[0] = small(0);
          for (int i = 0; i < TEETH; i++) out[0].v[i] = bits[i];)
OPERATION(select_entry, static comb c; for (int e = 0; e < ENTRIES; e++) c.entries[e] = to_entry(in + 4 * e);
          const cached r = select_entry(&c, in[4 * ENTRIES].v, COLUMN); from_entry(out, &r);)
OPERATION(negate_lanes, out[0] = in[0]; negate_lanes(out, to_mask(&in[1]));)
OPERATION(to_montgomery, const point p = to_point(in); to_montgomery(&out[0], &out[1], &p);)
OPERATION(make_comb, static comb c; make_comb(&c, &in[0]); out[0] = from_mask(c.usable[0] ? 0xff : 0);
          out[1] = c.u; for (int e = 0; e < ENTRIES; e++) from_entry(out + 2 + 4 * e, &c.entries[e]);)
/* Of a comb that cannot be used nothing is multiplied: zeros. */
OPERATION(multiply_comb, static comb c; make_comb(&c, &in[0]); out[0] = out[1] = small(0);
          if (c.usable[0]) multiply_comb(&out[0], &out[1], &c, in[1].v);)

OPERATION(add_affine, add_affine_once(out, in, 0);)
OPERATION(add_affine_again, add_affine_once(out, in, 1);)
OPERATION(
    select_base_entry, for (int half = 0; half < 2; half++) {
      const affine r = select_base_entry(in[0].v, half, COLUMN);
      out[3 * half] = r.minus, out[3 * half + 1] = r.plus, out[3 * half + 2] = r.twice_dt;
    })
OPERATION(multiply_base_point, multiply_base_point(&out[0], &out[1], in[0].v);)

static const operation OPERATIONS[] = {
    {"carry", 1, 1, run_carry},
    {"fold", 2, 1, run_fold},
    {"multiply_beside", 4, 3, run_multiply_beside},
    {"square_beside", 3, 3, run_square_beside},
    {"multiply", 2, 1, run_multiply},
    {"add", 2, 1, run_add},
    {"subtract_9", 2, 1, run_subtract_9},
    {"subtract_10", 2, 1, run_subtract_10},
    {"add_121665_times", 2, 1, run_add_121665_times},
    {"choose", 3, 1, run_choose},
    {"square_5_times", 2, 1, run_square_5_times},
    {"power_250", 1, 2, run_power_250},
    {"invert", 1, 1, run_invert},
    {"canonical", 1, 2, run_canonical},
    {"load", 1, 1, run_load},
    {"store", 1, 1, run_store},
    {"double_point", 2, 2, run_double_point},
    {"ladder", 2, 2, run_ladder},
    {"double_edwards", 4, 6, run_double_edwards},
    {"double_for_addition", 4, 6, run_double_for_addition},
    {"add_edwards", 10, 4, run_add_edwards},
    {"add_edwards_with_t", 10, 4, run_add_edwards_with_t},
    {"double_5_times", 4, 4, run_double_5_times},
    {"sum_of_points", 8, 4, run_sum_of_points},
    {"to_cached", 4, 4, run_to_cached},
    {"negate", 4, 4, run_negate},
    {"to_edwards", 1, 5, run_to_edwards},
    {"recode", 1, 1, run_recode},
    {"select_entry", 4 * ENTRIES + 1, 4, run_select_entry},
    {"negate_lanes", 2, 1, run_negate_lanes},
    {"to_montgomery", 4, 2, run_to_montgomery},
    {"make_comb", 1, 2 + 4 * ENTRIES, run_make_comb},
    {"multiply_comb", 2, 2, run_multiply_comb},
    {"add_affine", 9, 6, run_add_affine},
    {"add_affine_again", 9, 6, run_add_affine_again},
    {"select_base_entry", 1, 6, run_select_base_entry},
    {"multiply_base_point", 1, 2, run_multiply_base_point},
    {NULL, 0, 0, NULL},
};

const subject SUBJECT = {&sphinx_ifma_x25519.kernel, sizeof(element), OPERATIONS};
