/* Rows of arrays. They are worked on in groups of at most SPHINX_ROWS, so that what the steps
 * pass to each other stays in the second-level cache whatever the size of the batch. */
#ifndef SPHINX_ROWS_H
#define SPHINX_ROWS_H

#include <stddef.h>
#include <stdint.h>

#define SPHINX_ROWS 64

/* Rows `stride` bytes apart; a stride of zero is one row for all. */
typedef struct {
  const uint8_t *data;
  ptrdiff_t stride;
} sphinx_rows;

/* Rows to be written. Row i may be row i of an input, and overlaps nothing else. */
typedef struct {
  uint8_t *data;
  ptrdiff_t stride;
} sphinx_out_rows;

static inline size_t rows_at_most(size_t n) { return n < SPHINX_ROWS ? n : SPHINX_ROWS; }

static inline const uint8_t *row_of(sphinx_rows rows, size_t i) {
  return rows.data + rows.stride * (ptrdiff_t)i;
}

static inline uint8_t *out_row_of(sphinx_out_rows rows, size_t i) {
  return rows.data + rows.stride * (ptrdiff_t)i;
}

#endif
