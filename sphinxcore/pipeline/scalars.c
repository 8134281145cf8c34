/* Products modulo l = 2^252 + 27742317777372353535851937790883648493, the order of the prime
 * subgroup. Every scalar here is a multiple of 8, so it kills the torsion of the curve and
 * 8 (a/8 b mod l) is as good as a b: the product is taken modulo 8 l, in effect. */
#include "scalars.h"

#include "bytes.h"
#include "constant_time.h"

__extension__ typedef unsigned __int128 u128;

static const uint64_t L[4] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000};
static const uint64_t L_INVERSE = 0xd2b51da312547e1b; /* -1/l mod 2^64 */
/* 2^512 mod l */
static const uint64_t R2[4] = {0xa40611e3449c0f01, 0xd00e1ba768859347, 0xceec73d217f5be65,
                               0x0399411b7c309a3d};

/* out = a - b, returns the borrow (0 or 1). */
static uint64_t subtract(uint64_t out[4], const uint64_t a[4], const uint64_t b[4]) {
  uint64_t borrow = 0;
  for (int i = 0; i < 4; i++) {
    const u128 d = (u128)a[i] - b[i] - borrow;
    out[i] = (uint64_t)d;
    borrow = (uint64_t)(d >> 64) & 1;
  }
  return borrow;
}

static void select(uint64_t out[4], uint64_t mask, const uint64_t yes[4], const uint64_t no[4]) {
  mask = ct_hide(mask);
  for (int i = 0; i < 4; i++) out[i] = (yes[i] & mask) | (no[i] & ~mask);
}

/* Montgomery's product a b / 2^256 mod l, below l when a b < 2^256 l. The running sum stays
 * below 2^256 + l < 2^257: five words. */
static void montgomery(uint64_t out[4], const uint64_t a[4], const uint64_t b[4]) {
  uint64_t t[5] = {0};
  for (int i = 0; i < 4; i++) {
    u128 c = 0;
    uint64_t top;
    for (int j = 0; j < 4; j++) {
      c += (u128)a[j] * b[i] + t[j];
      t[j] = (uint64_t)c;
      c >>= 64;
    }
    c += t[4];
    t[4] = (uint64_t)c;
    top = (uint64_t)(c >> 64);
    const uint64_t q = t[0] * L_INVERSE;
    c = (u128)q * L[0] + t[0];
    c >>= 64;
    for (int j = 1; j < 4; j++) {
      c += (u128)q * L[j] + t[j];
      t[j - 1] = (uint64_t)c;
      c >>= 64;
    }
    c += t[4];
    t[3] = (uint64_t)c;
    t[4] = (uint64_t)(c >> 64) + top;
  }
  uint64_t reduced[4];
  const uint64_t borrow = subtract(reduced, t, L);
  select(out, t[4] - borrow, t, reduced); /* all ones: t < l */
}

void scalar_clamp(uint8_t out[32], const uint8_t scalar[32]) {
  memmove(out, scalar, 32);
  out[0] &= 248;
  out[31] = (uint8_t)((out[31] & 127) | 64);
}

void scalar_product(uint8_t out[32], const uint8_t a[32], const uint8_t b[32]) {
  uint64_t x[4], y[4], negative[4];
  for (int i = 0; i < 4; i++) {
    x[i] = load64_le(a + 8 * i) >> 3;
    if (i < 3) x[i] |= load64_le(a + 8 * i + 8) << 61;
    y[i] = load64_le(b + 8 * i);
  }
  montgomery(x, x, y); /* x < 2^252 and y < 2^255: the product is below 2^256 l */
  montgomery(x, x, R2);

  /* x < l, but 8 x must stay below 2^255. From 2^252 up take l - x, which is below 2^125: the
   * opposite point has the same u-coordinate. */
  subtract(negative, L, x);
  select(x, (uint64_t)0 - (x[3] >> 60), negative, x);
  for (int i = 0; i < 4; i++) store64_le(out + 8 * i, x[i] << 3 | (i ? x[i - 1] >> 61 : 0));
}
