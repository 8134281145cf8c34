/* AES-128 (FIPS 197) in counter mode (NIST SP 800-38A, section 6.5), bitsliced in portable C.
 *
 * LANES blocks are computed at once, each with a key of its own. Vector 8r + j of a state holds
 * bit j of row r of the AES state: its element c belongs to column c, and bit l of an element
 * to lane l. ShiftRows rotates the elements of a vector, MixColumns combines whole vectors.
 * A block loaded as four words lies in this order up to a transposition of 32 x 32 bits. */
#include "bytes.h"
#include "kernels.h"
#include "shuffle.h"

#define LANES 32
#define ROUNDS 10

__extension__ typedef unsigned __int128 uint128;
typedef uint32_t vector __attribute__((vector_size(16)));

static inline vector splat(uint32_t x) { return (vector){x, x, x, x}; }

/* Transposes the 32 x 32 bits of every element: bit i of vector j becomes bit j of vector i. */
static void transpose(vector *v) {
  uint32_t mask = 0x0000ffff;
  for (int half = 16; half; half /= 2, mask ^= mask << half) {
    for (int i = 0; i < LANES; i = (i + half + 1) & ~half) {
      vector swap = (v[i] >> half ^ v[i + half]) & splat(mask);
      v[i + half] ^= swap;
      v[i] ^= swap << half;
    }
  }
}

/* SubBytes of the eight bits v[0..7] (lowest first) without the addition of 0x63: bits 0, 1, 5
 * and 6 come out inverted, which the round keys make good. The circuit is that of Boyar and
 * Peralta (A small depth-16 circuit for the AES S-box): linear maps around an inversion in
 * GF(2^4)^2 that shares its products' factors. */
static inline void substitute(vector *v) {
  vector x0 = v[7], x1 = v[6], x2 = v[5], x3 = v[4], x4 = v[3], x5 = v[2], x6 = v[1], x7 = v[0];
  /* Into the tower field. */
  vector y14 = x3 ^ x5, y13 = x0 ^ x6, y9 = x0 ^ x3, y8 = x0 ^ x5, x12 = x1 ^ x2;
  vector y1 = x12 ^ x7, y4 = y1 ^ x3, y12 = y13 ^ y14, y2 = y1 ^ x0, y5 = y1 ^ x6, y3 = y5 ^ y8;
  vector m = x4 ^ y12, y15 = m ^ x5, y20 = m ^ x1, y6 = y15 ^ x7, y10 = y15 ^ x12, y11 = y20 ^ y9;
  vector y7 = x7 ^ y11, y17 = y10 ^ y11, y19 = y10 ^ y8, y16 = x12 ^ y11, y21 = y13 ^ y16, y18 = x0 ^ y16;
  /* The norm. */
  vector p = y12 & y15, q = y13 & y16, r = y9 & y11;
  vector n0 = (y3 & y6) ^ p, n1 = (y4 & x7) ^ p, n2 = (y5 & y1) ^ q, n3 = (y2 & y7) ^ q;
  vector n4 = (y14 & y17) ^ r, n5 = (y8 & y10) ^ r;
  vector a = n0 ^ n4 ^ y20, b = n1 ^ n5 ^ y19, c = n2 ^ n4 ^ y21, d = n3 ^ n5 ^ y18;
  /* Its inverse. */
  vector ab = a ^ b, ac = a & c, f = d ^ ac, g = (ab & f) ^ b, h = ((b ^ ac) & (c ^ d)) ^ d;
  vector k = d & (f ^ h), i = k ^ c ^ h, j = ab ^ (g & (f ^ k));
  vector ji = j ^ i, gh = g ^ h, gj = g ^ j, hi = h ^ i, s = gh ^ ji;
  /* Products with the conjugate. */
  vector z0 = hi & y15, z1 = i & y6, z2 = h & x7, z3 = gj & y16, z4 = j & y1, z5 = g & y7;
  vector z6 = gh & y11, z7 = s & y17, z8 = ji & y10, z9 = hi & y12, z10 = i & y3, z11 = h & y4;
  vector z12 = gj & y13, z13 = j & y5, z14 = g & y2, z15 = gh & y9, z16 = s & y14, z17 = ji & y8;
  /* Out of the tower field. */
  vector t46 = z15 ^ z16, t48 = z5 ^ z13, t53 = z0 ^ z3, t57 = z2 ^ z12 ^ t53, t58 = z4 ^ t46;
  vector t59 = z3 ^ z6 ^ z7, t62 = z7 ^ z8 ^ t58, t63 = z9 ^ z10 ^ t58, t64 = z4 ^ t59;
  vector t65 = z14 ^ t57 ^ t62, t66 = z1 ^ t63, s3 = t53 ^ t66;
  v[7] = t59 ^ t63;
  v[6] = t64 ^ s3;
  v[5] = z16 ^ z17 ^ t64 ^ t65;
  v[4] = s3;
  v[3] = z2 ^ z5 ^ t66;
  v[2] = z10 ^ z11 ^ t65;
  v[1] = z12 ^ t48 ^ t62;
  v[0] = t48 ^ t46 ^ t57;
}

/* The round keys of one key per lane. All but the first are kept with 0x63 added to every byte;
 * that is what substitute() leaves out, since MixColumns maps a state of equal bytes to itself. */
static void expand_keys(vector round_keys[ROUNDS + 1][LANES], const uint8_t *const keys[LANES]) {
  vector key[LANES];
  for (int l = 0; l < LANES; l++) memcpy(&key[l], keys[l], 16);
  transpose(key);
  memcpy(round_keys[0], key, sizeof key);
  for (int round = 1, constant = 1; round <= ROUNDS; round++) {
    /* The last column alone is substituted: its four rows fit into the elements of one vector. */
    vector column[8];
    for (int j = 0; j < 8; j++) {
      vector low = SHUFFLE(vector, key[j], key[8 + j], 3, 7, 3, 7);
      vector high = SHUFFLE(vector, key[16 + j], key[24 + j], 3, 7, 3, 7);
      column[j] = SHUFFLE(vector, low, high, 0, 1, 4, 5);
    }
    substitute(column);
    for (int j = 0; j < 8; j++) {
      vector affine = splat(-(uint32_t)(0x63 >> j & 1)), c = column[j] ^ affine;
      vector rotated[4] = {
          SHUFFLE(vector, c, c, 1, 1, 1, 1) ^ splat(-(uint32_t)(constant >> j & 1)),
          SHUFFLE(vector, c, c, 2, 2, 2, 2),
          SHUFFLE(vector, c, c, 3, 3, 3, 3),
          SHUFFLE(vector, c, c, 0, 0, 0, 0),
      };
      /* Every column is added to all later ones. */
      for (int row = 0; row < 4; row++) {
        vector x = key[8 * row + j];
        x ^= SHUFFLE(vector, x, (vector){0}, 4, 0, 1, 2);
        x ^= SHUFFLE(vector, x, (vector){0}, 4, 5, 0, 1);
        key[8 * row + j] = x ^ rotated[row];
        round_keys[round][8 * row + j] = key[8 * row + j] ^ affine;
      }
    }
    constant = constant << 1 ^ (constant >> 7) * 0x11b;
  }
}

static inline void sub_bytes_and_shift_rows(vector *state) {
  for (int row = 0; row < 4; row++) substitute(state + 8 * row);
  for (int j = 0; j < 8; j++) {
    state[8 + j] = SHUFFLE(vector, state[8 + j], state[8 + j], 1, 2, 3, 0);
    state[16 + j] = SHUFFLE(vector, state[16 + j], state[16 + j], 2, 3, 0, 1);
    state[24 + j] = SHUFFLE(vector, state[24 + j], state[24 + j], 3, 0, 1, 2);
  }
}

/* Row r becomes 2 (r + r1) + r1 + r2 + r3 with the three rows after it. Bit by bit from the
 * highest down; `top` is what doubling carries out of a byte, to be reduced by 0x1b. */
static inline void mix_columns_and_add_key(vector *state, const vector *key) {
  vector top[4], high[4], low[4];
  for (int row = 0; row < 4; row++) top[row] = high[row] = state[8 * row + 7] ^ state[(8 * row + 15) % 32];
  for (int j = 7; j >= 0; j--) {
    vector next[4];
    for (int row = 0; row < 4; row++) {
      next[row] = state[(8 * row + 8) % 32 + j];
      low[row] = j ? state[8 * row + (j + 7) % 8] ^ state[(8 * row + 8) % 32 + (j + 7) % 8] : top[row];
    }
    for (int row = 0; row < 4; row++) {
      vector x = next[row] ^ high[(row + 2) % 4] ^ low[row] ^ key[8 * row + j];
      state[8 * row + j] = j && (0x1b >> j & 1) ? x ^ top[row] : x;
    }
    for (int row = 0; row < 4; row++) high[row] = low[row];
  }
}

static void encrypt(vector *state, vector round_keys[ROUNDS + 1][LANES]) {
  transpose(state);
  for (int i = 0; i < LANES; i++) state[i] ^= round_keys[0][i];
  for (int round = 1; round < ROUNDS; round++) {
    sub_bytes_and_shift_rows(state);
    mix_columns_and_add_key(state, round_keys[round]);
  }
  sub_bytes_and_shift_rows(state);
  for (int i = 0; i < LANES; i++) state[i] ^= round_keys[ROUNDS][i];
  transpose(state);
}

/* The counter block `block` blocks after iv. */
static inline vector counter(const uint8_t *iv, uint64_t block) {
  uint128 count = block;
  uint8_t bytes[16];
  vector v;
  if (iv) count += (uint128)load64_be(iv) << 64 | load64_be(iv + 8);
  store64_be(bytes, (uint64_t)(count >> 64));
  store64_be(bytes + 8, (uint64_t)count);
  memcpy(&v, bytes, 16);
  return v;
}

/* rows <= LANES rows; lane l works on row l % rows, and the lanes of a row on consecutive blocks. */
static void crypt_rows(uint8_t *const *out, const uint8_t *const *in, size_t len, const uint8_t *const *keys,
                       const uint8_t *const *ivs, size_t rows) {
  vector round_keys[ROUNDS + 1][LANES], state[LANES];
  const uint8_t *lane_keys[LANES];
  size_t per_row = LANES / rows;
  for (size_t l = 0; l < LANES; l++) lane_keys[l] = keys[l % rows];
  expand_keys(round_keys, lane_keys);
  for (size_t first = 0; 16 * first < len; first += per_row) {
    for (size_t l = 0; l < LANES; l++) state[l] = counter(ivs ? ivs[l % rows] : NULL, first + l / rows);
    encrypt(state, round_keys);
    for (size_t l = 0; l < rows * per_row; l++) {
      size_t row = l % rows, start = 16 * (first + l / rows);
      if (start >= len) break;
      const uint8_t *from = in[row] + start;
      uint8_t *to = out[row] + start;
      if (len - start >= 16) {
        vector x;
        memcpy(&x, from, 16);
        x ^= state[l];
        memcpy(to, &x, 16);
      } else {
        uint8_t stream[16];
        memcpy(stream, &state[l], 16);
        for (size_t i = 0; i < len - start; i++) to[i] = from[i] ^ stream[i];
      }
    }
  }
}

static void ctr(uint8_t *const *out, const uint8_t *const *in, size_t len, const uint8_t *const *keys,
                const uint8_t *const *ivs, size_t n) {
  while (n) {
    /* From 17 to 31 rows at once would leave nearly half the lanes idle. */
    size_t rows = n >= LANES ? LANES : n > LANES / 2 ? LANES / 2 : n;
    crypt_rows(out, in, len, keys, ivs, rows);
    out += rows, in += rows, keys += rows, n -= rows;
    if (ivs) ivs += rows;
  }
}

const sphinx_aes128_kernel sphinx_portable_aes128 = {{"portable", 0, 0, LANES}, ctr};
