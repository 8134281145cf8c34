/* ChaCha20 of rows, by blocks side by side: included by kernels that have said before what a `vector`
 * is and how many LANES it has, and have
 *  - start_row() and start_rows(): the initial states of one row in all lanes, of LANES rows;
 *  - crypt_blocks(): a block in each lane. */
#ifndef SPHINX_CHACHA20_ROWS_H
#define SPHINX_CHACHA20_ROWS_H

static void crypt_row(uint8_t *out, const uint8_t *in, size_t len, const uint8_t *key, const uint8_t *iv) {
  vector start[16];
  start_row(start, key, iv);
  for (size_t first = 0; BLOCK * first < len; first += LANES)
    crypt_blocks(&out, &in, len, start, first, LANES, 1);
}

/* Blocks `first` and on, at most per_row, of every row. */
static void crypt_ends(uint8_t *const *out, const uint8_t *const *in, size_t len, const uint8_t *const *keys,
                       const uint8_t *const *ivs, size_t n, size_t first, size_t per_row) {
  const size_t rows = LANES / per_row;
  for (size_t i = 0; i < n; i += rows) {
    const uint8_t *key[LANES], *iv[LANES];
    vector start[16];
    size_t live = n - i < rows ? n - i : rows;
    for (size_t lane = 0; lane < LANES; lane++) {
      size_t row = i + (lane / per_row < live ? lane / per_row : live - 1);
      key[lane] = keys[row];
      iv[lane] = ivs ? ivs[row] : NULL;
    }
    start_rows(start, key, iv);
    crypt_blocks(out + i, in + i, len, start, first, per_row, live);
  }
}

static void crypt(uint8_t *const *out, const uint8_t *const *in, size_t len, const uint8_t *const *keys,
                  const uint8_t *const *ivs, size_t n) {
  /* What is left of a row beyond full vectors shares one with other rows if it fills no more
   * than half of it. */
  const size_t blocks = len / BLOCK + (len % BLOCK != 0), rest = blocks % LANES;
  size_t per_row = 1;
  while (per_row < rest) per_row *= 2;
  const size_t own = rest == 0 || per_row == LANES ? len : BLOCK * (blocks - rest);
  for (size_t i = 0; i < n && own; i++) crypt_row(out[i], in[i], own, keys[i], ivs ? ivs[i] : NULL);
  if (own < len) crypt_ends(out, in, len, keys, ivs, n, own / BLOCK, per_row);
}

#endif
