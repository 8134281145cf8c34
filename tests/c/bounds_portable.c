#include "bounds.h"

#include "portable_x25519.c"

OPERATION(add, out[0] = add(&in[0], &in[1]);)
OPERATION(subtract, out[0] = subtract(&in[0], &in[1]);)
OPERATION(wrap, out[0] = in[0]; wrap(&out[0], in[1].v[0]);)
OPERATION(multiply, out[0] = multiply_elements(&in[0], &in[1]);)
OPERATION(square, out[0] = square(&in[0]);)
OPERATION(add_121665_times, out[0] = add_121665_times(&in[0], &in[1]);)
OPERATION(times_9, out[0] = times_9(&in[0]);)
OPERATION(choose, out[0] = choose(-in[2].v[0], &in[0], &in[1]);)
OPERATION(canonical, out[0] = canonical(in[0]);)
OPERATION(load, out[0] = load((const uint8_t *)in[0].v);)
OPERATION(store, out[0].v[4] = 0; store((uint8_t *)out[0].v, &in[0]);)
OPERATION(square_5_times, out[0] = square_times(in[0], 5, &in[1]);)
OPERATION(invert, out[0] = invert(&in[0]);)
OPERATION(double_point, out[0] = in[0]; out[1] = in[1]; double_point(&out[0], &out[1]);)
OPERATION(ladder, ladder(&out[0], &out[1], (const uint8_t *)in[1].v, &in[0]);)
OPERATION(base_ladder, ladder(&out[0], &out[1], (const uint8_t *)in[0].v, NULL);)

static const operation OPERATIONS[] = {
    {"add", 2, 1, run_add},
    {"subtract", 2, 1, run_subtract},
    {"wrap", 2, 1, run_wrap},
    {"multiply", 2, 1, run_multiply},
    {"square", 1, 1, run_square},
    {"add_121665_times", 2, 1, run_add_121665_times},
    {"times_9", 1, 1, run_times_9},
    {"choose", 3, 1, run_choose},
    {"canonical", 1, 1, run_canonical},
    {"load", 1, 1, run_load},
    {"store", 1, 1, run_store},
    {"square_5_times", 2, 1, run_square_5_times},
    {"invert", 1, 1, run_invert},
    {"double_point", 2, 2, run_double_point},
    {"ladder", 2, 2, run_ladder},
    {"base_ladder", 1, 2, run_base_ladder},
    {NULL, 0, 0, NULL},
};

const subject SUBJECT = {&sphinx_portable_x25519.kernel, sizeof(element), OPERATIONS};
