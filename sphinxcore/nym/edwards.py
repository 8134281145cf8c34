"""Which 32 bytes are an Ed25519 public key, as curve25519-dalek decides it. Public data only."""

from functools import lru_cache

from sphinxcore._curve import A, P

_D = -(A - 2) * pow(A + 2, -1, P) % P
"""Of -x^2 + y^2 = 1 + d x^2 y^2, the Edwards form of Curve25519."""


@lru_cache(maxsize=1 << 12)
def is_point(raw: bytes) -> bool:
    """Whether the bytes decompress to a point: x^2 = (y^2 - 1) / (d y^2 + 1) is a square.

    Lenient as the network is: y is reduced modulo p, the sign of x = 0 may be set, and points of
    low order are taken. So the top bit, the sign, decides nothing.
    """
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    numerator, denominator = y * y - 1, _D * y * y + 1
    # A quotient is a square where the product is. No denominator is 0: -1/d is not a square.
    square = numerator * denominator % P
    return square == 0 or pow(square, (P - 1) // 2, P) == 1
