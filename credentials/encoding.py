"""Reading of encodings, strictly, and index sets."""

from collections.abc import Iterable
from typing import Any

from credentials._checks import any_bytes
from credentials.bls12381 import SCALAR_SIZE, Scalar
from credentials.errors import DecodeError, LengthError, SuiteError
from credentials.suite import HEADER_SIZE, PREFIX, Type


class Reader:
    """Takes the fields of one encoding, front to back."""

    def __init__(self, raw: Any, what: str, *types: Type) -> None:
        """Check the header. `raw` is copied if it could change."""
        self.raw = any_bytes(raw, what)
        self._what = what
        self._at = HEADER_SIZE
        if len(self.raw) < HEADER_SIZE:
            raise LengthError(f"{what}: {len(self.raw)} bytes are no header")
        if not self.raw.startswith(PREFIX):
            raise SuiteError(f"{what}: another format, version or suite: {self.raw[:6].hex()}")
        number = self.raw[HEADER_SIZE - 1]
        if number not in types:
            raise SuiteError(
                f"{what}: type {number}, expected {' or '.join(str(int(t)) for t in types)}"
            )
        self.type = Type(number)

    @classmethod
    def bare(cls, raw: Any, what: str) -> "Reader":
        """A reader of fields without a header."""
        self = cls.__new__(cls)
        self.raw = any_bytes(raw, what)
        self._what = what
        self._at = 0
        return self

    def take(self, size: int) -> bytes:
        """The next `size` bytes. Raises LengthError if there are fewer."""
        end = self._at + size
        if end > len(self.raw):
            raise LengthError(f"{self._what}: bytes are missing: it has {len(self.raw)}")
        part = self.raw[self._at : end]
        self._at = end
        return part

    def integer(self, size: int) -> int:
        """The next integer, big-endian."""
        return int.from_bytes(self.take(size), "big")

    def rest(self, size: int) -> None:
        """Refuse unless exactly `size` bytes are left: before anything costly is decoded."""
        left = len(self.raw) - self._at
        if left != size:
            raise LengthError(
                f"{self._what}: {len(self.raw)} bytes, expected {len(self.raw) - left + size}"
            )

    def remaining(self) -> bytes:
        """All that is left."""
        return self.take(len(self.raw) - self._at)

    def scalar(self, what: str) -> Scalar:
        """The next scalar."""
        return Scalar.decode(self.take(SCALAR_SIZE), f"{self._what}: {what}")


def bitmap_size(attributes: int) -> int:
    """Bytes of an index set."""
    return (attributes + 7) // 8


def encode_indices(indices: Iterable[int], attributes: int) -> bytes:
    """Attribute j is bit j - 1 of a big-endian number."""
    bits = 0
    for j in indices:
        bits |= 1 << (j - 1)
    return bits.to_bytes(bitmap_size(attributes), "big")


def decode_indices(encoded: bytes, attributes: int, what: str) -> tuple[int, ...]:
    """The index set, ascending. Raises DecodeError if a spare bit is set."""
    bits = int.from_bytes(encoded, "big")
    if bits >> attributes:
        raise DecodeError(f"{what}: the index set has a bit above attribute {attributes}")
    return tuple(j for j in range(1, attributes + 1) if bits >> (j - 1) & 1)
