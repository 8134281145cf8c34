#include "bounds.h"

#include "avx2_x25519.c"

/* Rows of four words out of vectors of one word each, and back. */
typedef struct {
  uint64_t words[LANES][4];
  const uint8_t *in[LANES];
  uint8_t *out[LANES];
} rows;

static void to_rows(rows *r, const vec *v) {
  uint64_t words[4][LANES];
  for (int j = 0; j < 4; j++) _mm256_storeu_si256((vec *)words[j], v[j]);
  for (int i = 0; i < LANES; i++) {
    for (int j = 0; j < 4; j++) r->words[i][j] = words[j][i];
    r->in[i] = r->out[i] = (uint8_t *)r->words[i];
  }
}

static void zero(element *r) { EACH_LIMB(i) r->v[i] = splat(0); }

OPERATION(carry_columns, const vec *c = in[0].v;
          carry_columns(out, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]);)
OPERATION(multiply, multiply_elements(out, &in[0], &in[1]);)
OPERATION(square, square(out, in);)
OPERATION(times_9, times_9(out, in);)
OPERATION(add_subtract, add_subtract(&out[0], &out[1], &in[0], &in[1]);)
OPERATION(choose, choose(out, left(in[2].v[0], 63), &in[0], &in[1]);)
OPERATION(double_factors, double_factors(&out[0], &out[1], &in[0], &in[1]);)
OPERATION(load, rows r; to_rows(&r, in[0].v); load_element(out, r.in);)
OPERATION(canonical, out[0] = in[0]; canonical(out);)
OPERATION(store, rows r; zero(out); to_rows(&r, out[0].v); store_element(r.out, LANES, in);
          load_words(out[0].v, r.in);)
OPERATION(square_5_times, square_times(out, &in[0], 5, &in[1]);)
OPERATION(invert, invert(out, in);)
OPERATION(double_point, out[0] = in[0]; out[1] = in[1]; double_point(&out[0], &out[1]);)
OPERATION(ladder, ladder(&out[0], &out[1], in[1].v, &in[0]);)
OPERATION(base_ladder, ladder(&out[0], &out[1], in[0].v, NULL);)

static const operation OPERATIONS[] = {
    {"carry_columns", 1, 1, run_carry_columns},
    {"multiply", 2, 1, run_multiply},
    {"square", 1, 1, run_square},
    {"times_9", 1, 1, run_times_9},
    {"add_subtract", 2, 2, run_add_subtract},
    {"choose", 3, 1, run_choose},
    {"double_factors", 2, 2, run_double_factors},
    {"load", 1, 1, run_load},
    {"canonical", 1, 1, run_canonical},
    {"store", 1, 1, run_store},
    {"square_5_times", 2, 1, run_square_5_times},
    {"invert", 1, 1, run_invert},
    {"double_point", 2, 2, run_double_point},
    {"ladder", 2, 2, run_ladder},
    {"base_ladder", 1, 2, run_base_ladder},
    {NULL, 0, 0, NULL},
};

const subject SUBJECT = {&sphinx_avx2_x25519.kernel, sizeof(element), OPERATIONS};
