"""Facts about points of Curve25519, v^2 = u^3 + 486662 u^2 + u modulo 2^255 - 19. Public data only."""

from functools import lru_cache

P = 2**255 - 19
A = 486662

_ORDER_8 = (
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
)
_LOW_ORDER = frozenset((0, 1, P - 1, P, P + 1, *_ORDER_8))
"""Values below 2^255 that encode points of order 1, 2, 4 or 8 of the curve or its twist."""


def _masked(raw: bytes) -> int:
    return int.from_bytes(raw, "little") & (2**255 - 1)


def is_low_order(raw: bytes) -> bool:
    """Whether X25519 gives zero for this u-coordinate whatever the scalar (RFC 7748, section 6.1)."""
    return _masked(raw) in _LOW_ORDER


@lru_cache(maxsize=1 << 16)
def is_on_curve(raw: bytes) -> bool:
    """Whether the u-coordinate is one of the curve itself: u^3 + A u^2 + u is a square."""
    u = _masked(raw) % P
    square = (u * u + A * u + 1) * u % P
    return square == 0 or pow(square, (P - 1) // 2, P) == 1
