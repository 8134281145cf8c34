/* Multiplication of the base point, u = 9: two combs of it whose teeth are 32 bits apart, as constants.
 *
 * All lanes read the same entries, so that one vector holds a limb of all eight and a lane's entry
 * is picked by a permutation. The entries' z is 1. */
#ifndef SPHINX_IFMA_BASE_H
#define SPHINX_IFMA_BASE_H

#include "ifma_comb.h"

#define BASE_COLUMNS (COLUMNS / 2)

/* y - x, y + x and 2 d x y of P3 +- P2 +- P1 +- P0, as in a comb, for Pi = 8 2^(64 i + 32 half) B; limbs
 * of 51 bits, entry by entry. tests/sphinx/test_base_point.py computes them. */
static const uint64_t BASE[2][3][5][ENTRIES] __attribute__((aligned(64))) = {
    {
        {
            {0x0785c224700bd, 0x3a8a8f170ea20, 0x643cb7edcddd7, 0x489e3f313f312, 0x273d13fa7ab76,
             0x7d13acccbc265, 0x1fa89ada3b0f4, 0x787872a59fa64},
            {0x12cf92922a469, 0x30c5a4fe6c95a, 0x13dadd8afec20, 0x61d7a3fd5a709, 0x0d4d9e49b0294,
             0x6f7071e5387f7, 0x09263e3bc8659, 0x165f07dd4cd5b},
            {0x062f6b257e22f, 0x68d03a58f35fa, 0x262f2593ca19b, 0x64b109889c35d, 0x0971cd726eaa9,
             0x4e8b6f11ba1f7, 0x5acc30b2bc5ce, 0x778852cfd9fcc},
            {0x4c2553e72ea54, 0x429399ce28ea8, 0x11efe6be16a50, 0x7a9bc53a788af, 0x1dd2f42d70084,
             0x58b6bc8ca0142, 0x465446c41dd9f, 0x1606e0ef72147},
            {0x44c867d76f8f3, 0x4608ffacf7e60, 0x1cdd44f209e15, 0x742361aa8a3d5, 0x0ce4932139d21,
             0x078d0f3248657, 0x31f8a31665048, 0x741fcd0817ec5},
        },
        {
            {0x53e0df8bb0b8e, 0x3f689ab1e1753, 0x0edbbc00e9c3e, 0x01274a483089e, 0x33e160db460df,
             0x52e4037099da0, 0x33e3c1b43e475, 0x3b6551a3e6477},
            {0x17220a7043709, 0x1088739a200b8, 0x4db34d6fbdfaf, 0x3bf974a93af36, 0x4d815040e5360,
             0x68418d1f91fa4, 0x21dc9201e2561, 0x4a361e192362b},
            {0x4b3ec9227dc84, 0x570357dc489cb, 0x36e15bd669507, 0x6cb0e2ec9ac20, 0x38fb8c31be388,
             0x4de37cd9c9227, 0x7bfb346a74ee9, 0x19d1b8f7c4519},
            {0x2e569d3d22c12, 0x04a6cff5840b0, 0x6feb2448861f2, 0x50933fea8bc27, 0x740ac98c8c176,
             0x78e970698288e, 0x29971645b4653, 0x50e3cbb2ae4fc},
            {0x321ef9dc85181, 0x1cf3b935c2867, 0x46c18e1875640, 0x312a6d080afc6, 0x4eee33c5a7b71,
             0x50064ac9c2d3a, 0x1b8f9626d3ff4, 0x5772fd9e39956},
        },
        {
            {0x21998fb18e677, 0x0a32f7afe67ee, 0x09fe86a5017ef, 0x6e1747b269e79, 0x4646a3a6e82dd,
             0x6a59dee9aa4c4, 0x63f545ab18b87, 0x42a62a1780920},
            {0x5211cad58875e, 0x3f2416050aef0, 0x6ca1394ba1a8f, 0x03de1ff0e9458, 0x7634ba99fa6d5,
             0x50dfed35435b8, 0x0a722d52939cc, 0x107dffef1bb0b},
            {0x262bafe8d11fb, 0x20c972f336778, 0x288d58046bc35, 0x248a91c49c6ab, 0x3fc2d296d4220,
             0x70794df2cc8a9, 0x4e16a3a6f7652, 0x77cf2d693cc31},
            {0x7f72ead113e67, 0x42f785e2a6c80, 0x30899b53ebc3d, 0x1aa858a1eb042, 0x01e1e058d439d,
             0x5a3bef4808beb, 0x4e5d3f7eb1497, 0x37187b5f2867e},
            {0x0a80dfed5e281, 0x170a312681b27, 0x57ff12d2cec83, 0x6c1538ef57307, 0x21bac0e4a3192,
             0x188a573d25f01, 0x00b09735754ef, 0x6a7c76702cdec},
        },
    },
    {
        {
            {0x33e235d5328d3, 0x1e931853defa4, 0x77642a5d72a50, 0x01b48283bb7e2, 0x35476ce0fb7e1,
             0x7cf87a3bf5194, 0x30191d7f79ea3, 0x79ae5b8145a58},
            {0x6f885bd736a09, 0x4736d5c8ece00, 0x08daa0089bc45, 0x687a26a851305, 0x209db12d59927,
             0x597a2658d086d, 0x37b270c5f28f0, 0x1f3ee05609032},
            {0x507d99d5128b8, 0x147f337adc649, 0x11a8462e7c94f, 0x79f96854ddcda, 0x353487aeb7030,
             0x0bb5e8ccc1844, 0x60cd79b65b8d5, 0x383bf766a2b2b},
            {0x03e098eb0da09, 0x3186cafb831b1, 0x7513e1c36669e, 0x668b823f9f434, 0x7e312d923c748,
             0x14c6474e54aa8, 0x58d7979621802, 0x51cee32bdeddf},
            {0x0445384fd7016, 0x299b5cfd74f32, 0x416f280dcf1d1, 0x53f34614c97b1, 0x144cdb80eeb9a,
             0x3574ef71bd0f3, 0x3474934a84517, 0x5f9f86eefea48},
        },
        {
            {0x09d9ac9939cff, 0x7b3f620bf9cd0, 0x6a92ec9f627cc, 0x65f63d4dc80e4, 0x18cf77aa739e3,
             0x0888689f01e0a, 0x26edc3fbeaf81, 0x74fc638c3c625},
            {0x53727f52aaa32, 0x4fa50115218ea, 0x1e4def9ea58ac, 0x014cfcbb7fa00, 0x63e4a607d5c1f,
             0x413478346e03a, 0x213db0ee7c414, 0x1861943cadf7a},
            {0x03e1d96ad3da3, 0x675b18e2de125, 0x089d1bc8d9969, 0x6d0db18fb3d14, 0x2dee47e0e67fa,
             0x56c755951c3cf, 0x1a944252424af, 0x6c65eba640d6a},
            {0x6469bcf0636dd, 0x7604efe61dda2, 0x37aafb1052dbd, 0x0630628dead1b, 0x324377cedac05,
             0x7878eeca01d21, 0x022a97f073d7f, 0x30ad49cc16080},
            {0x799bfd80acd6e, 0x21ca5427bfbaf, 0x6adf8255aade2, 0x20ab4648a4c31, 0x2fc50463d840c,
             0x26a06c2e91da7, 0x5d5044f4d9bf4, 0x1e607cc2d06b6},
        },
        {
            {0x49508ed2d02ec, 0x32ba921a85a0f, 0x36ad7e487b204, 0x18afa3fb4fc94, 0x475604eb5d7c4,
             0x253bad1ba0289, 0x2dfda71786d8d, 0x295f4cb458b3e},
            {0x0fdc673227a09, 0x7ace4a23ef9c4, 0x2dc4c5a0f58a0, 0x7695683606ef9, 0x65dd799d1977c,
             0x40d28bb5b9548, 0x4bad203df693b, 0x5c3c2a0235e8e},
            {0x3e3d13715ee12, 0x3995cee80b814, 0x20a2522f8ff74, 0x3d39bf57b0b4a, 0x4c3059e96444d,
             0x5f43f0b9aa2aa, 0x1c7e168e3b428, 0x7c1918d601a42},
            {0x342d0d413bcca, 0x07211062a519f, 0x4fcc05f0e2095, 0x7fcae8ab9d91d, 0x2043a94775472,
             0x5f96a5e93ff77, 0x76f5b7e3f1134, 0x1ef5cb8528871},
            {0x600ae120ef800, 0x47be88634e9eb, 0x2e6dfd54385da, 0x2934dd807344a, 0x672c0d4e592b6,
             0x29b1a13b1aac6, 0x33db9309070f7, 0x244fb369f674c},
        },
    },
};

typedef struct {
  element minus, plus, twice_dt;
} affine;

INLINE element permute(const uint64_t limbs[5][ENTRIES], vector entry) {
  element r;
  UNROLL for (int i = 0; i < 5; i++) {
    r.v[i] = _mm512_permutexvar_epi64(entry, _mm512_load_si512(limbs[i]));
  }
  return r;
}

/* The entry of half 0 or 1 for column j, its sign included: bits as recode() makes them. */
INLINE affine select_base_entry(const vector bits[TEETH], int half, int j) {
  const vector one = splat(1);
  const __m128i shift = _mm_cvtsi32_si128(j + BASE_COLUMNS * half);
  const vector b0 = _mm512_and_si512(_mm512_srl_epi64(bits[0], shift), one);
  const vector b1 = _mm512_and_si512(_mm512_srl_epi64(bits[1], shift), one);
  const vector b2 = _mm512_and_si512(_mm512_srl_epi64(bits[2], shift), one);
  const vector entry = plus(b0, plus(plus(b1, b1), _mm512_slli_epi64(b2, 2)));
  const __mmask8 negative = _mm512_testn_epi64_mask(_mm512_srl_epi64(bits[3], shift), one);
  const element minus = permute(BASE[half][0], entry), plus_x = permute(BASE[half][1], entry);
  affine r = {choose(negative, &minus, &plus_x), choose(negative, &plus_x, &minus),
              permute(BASE[half][2], entry)};
  negate_lanes(&r.twice_dt, negative);
  return r;
}

/* Adds q; if another addition follows, y - x, y + x and t are made for it, tight. */
INLINE void add_affine(point *p, element *y_minus_x, element *y_plus_x, const affine *q, int again) {
  const element c = multiply_beside(&p->t, &q->twice_dt, &p->z, NULL); /* below 2^60 */
  const element d = add(&p->z, &p->z);
  element f = subtract(&d, &c, 10), g = add(&d, &c);
  const element a = multiply_beside(y_minus_x, &q->minus, &f, &g);
  const element b = multiply_beside(y_plus_x, &q->plus, NULL, NULL);
  element e = subtract(&b, &a, 9), h = add(&b, &a);
  p->z = multiply_beside(&f, &g, &e, &h);
  p->x = multiply_beside(&e, &f, NULL, NULL);
  p->y = multiply_beside(&g, &h, &p->x, NULL);
  if (!again) {
    p->y = carry(p->y);
    return;
  }
  *y_minus_x = subtract(&p->y, &p->x, 9);
  *y_plus_x = add(&p->y, &p->x);
  p->t = carry(multiply_beside(&e, &h, y_minus_x, y_plus_x));
}

/* x : z, tight, is the u of the scalars (words as for the ladder) times the base point. */
static void multiply_base_point(element *x, element *z, const vector words[4]) {
  vector bits[TEETH];
  recode(bits, words);
  element y_minus_x = small(1), y_plus_x = small(1);
  point p = {small(0), small(1), small(1), small(0)};
  for (int j = BASE_COLUMNS - 1; j >= 0; j--) {
    if (j < BASE_COLUMNS - 1) double_edwards(&p, 1, &y_minus_x, &y_plus_x);
    affine entry = select_base_entry(bits, 1, j);
    add_affine(&p, &y_minus_x, &y_plus_x, &entry, 1);
    entry = select_base_entry(bits, 0, j);
    add_affine(&p, &y_minus_x, &y_plus_x, &entry, 0);
  }
  to_montgomery(x, z, &p);
}

#endif
