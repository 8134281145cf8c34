"""Scalars: integers modulo the group order."""

from typing import Any, NoReturn

from credentials.bls12381.constants import ORDER, SCALAR_SIZE
from credentials.errors import ArgumentError, ArgumentTypeError, DecodeError


class Scalar(int):
    """An integer in [0, r). Sums, differences and products are scalars again.

    It is not shown and not pickled, because it may be a secret. Python computes with it in a time
    that depends on its size.
    """

    __slots__ = ()

    def __new__(cls, value: int) -> "Scalar":
        if isinstance(value, bool) or not isinstance(value, int):
            raise ArgumentTypeError(f"a scalar must be an int, not {type(value).__name__}")
        if not 0 <= value < ORDER:
            raise ArgumentError("a scalar must be in [0, r)")
        return int.__new__(cls, value)

    @classmethod
    def reduce(cls, value: int) -> "Scalar":
        """`value` modulo r."""
        return int.__new__(cls, value % ORDER)

    @classmethod
    def decode(cls, encoded: bytes, what: str) -> "Scalar":
        """The scalar of 32 bytes, big-endian. Raises DecodeError if it is not below r."""
        value = int.from_bytes(encoded, "big")
        if len(encoded) != SCALAR_SIZE or value >= ORDER:
            raise DecodeError(f"{what} is not a scalar: 32 bytes below r were expected")
        return int.__new__(cls, value)

    def encode(self) -> bytes:
        """32 bytes, big-endian."""
        return int.to_bytes(self, SCALAR_SIZE, "big")

    def inverse(self) -> "Scalar":
        """The inverse modulo r. Raises ArgumentError for zero."""
        if not self:
            raise ArgumentError("zero has no inverse")
        return int.__new__(Scalar, pow(int(self), -1, ORDER))

    def __add__(self, other: int) -> "Scalar":
        return int.__new__(Scalar, int.__add__(self, other) % ORDER)

    def __sub__(self, other: int) -> "Scalar":
        return int.__new__(Scalar, int.__sub__(self, other) % ORDER)

    def __mul__(self, other: int) -> "Scalar":
        return int.__new__(Scalar, int.__mul__(self, other) % ORDER)

    def __neg__(self) -> "Scalar":
        return int.__new__(Scalar, int.__neg__(self) % ORDER)

    __radd__ = __add__
    __rmul__ = __mul__

    def __repr__(self) -> str:
        return "<Scalar>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("Scalar may be secret: it is not pickled or copied")
