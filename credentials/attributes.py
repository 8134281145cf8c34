"""Attributes: typed values, and the scalars that are signed."""

from enum import IntEnum
from typing import Any, NoReturn

from credentials.bls12381 import SCALAR_SIZE, Scalar, hash_to_scalar
from credentials.encoding import Reader
from credentials.errors import ArgumentError, ArgumentTypeError, DecodeError
from credentials.suite import BYTES_TAG, TEXT_TAG

Value = bytes | str | int
"""What an attribute is in Python."""

LONGEST = 65535
INTEGER_SIZE = 16
INTEGER_LIMIT = 1 << (8 * INTEGER_SIZE)
_LENGTH_SIZE = 2


class Kind(IntEnum):
    """What an attribute can be. In a schema, ANY stands for bytes, text or integer."""

    BYTES = 0
    TEXT = 1
    INTEGER = 2
    SCALAR = 3
    ANY = 255


class Attribute:
    """A value with its kind, its typed encoding and its scalar. It may be secret."""

    __slots__ = ("encoded", "kind", "scalar", "value")
    value: Value
    kind: Kind
    encoded: bytes
    scalar: Scalar

    def __init__(self, value: Any, what: str) -> None:
        """Take exactly bytes, str or int: no subclass, so no bool and no NumPy scalar."""
        if type(value) is bytes:
            self._hashed(value, Kind.BYTES, value, BYTES_TAG, what)
        elif type(value) is str:
            try:
                data = value.encode()
            except UnicodeEncodeError:
                raise ArgumentError(f"{what} is text with a lone surrogate") from None
            self._hashed(value, Kind.TEXT, data, TEXT_TAG, what)
        elif type(value) is int:
            if not 0 <= value < INTEGER_LIMIT:
                raise ArgumentError(f"{what} must be in [0, 2^{8 * INTEGER_SIZE})")
            encoded = bytes([Kind.INTEGER]) + value.to_bytes(INTEGER_SIZE, "big")
            self._fill(value, Kind.INTEGER, encoded, Scalar(value))
        else:
            raise ArgumentTypeError(f"{what} must be bytes, str or int, not {type(value).__name__}")

    def _hashed(self, value: Value, kind: Kind, data: bytes, tag: bytes, what: str) -> None:
        if len(data) > LONGEST:
            raise ArgumentError(f"{what} must be at most {LONGEST} bytes, not {len(data)}")
        encoded = bytes([kind]) + len(data).to_bytes(_LENGTH_SIZE, "big") + data
        self._fill(value, kind, encoded, hash_to_scalar(data, tag))

    def _fill(self, value: Value, kind: Kind, encoded: bytes, scalar: Scalar) -> None:
        put = object.__setattr__
        put(self, "value", value)
        put(self, "kind", kind)
        put(self, "encoded", encoded)
        put(self, "scalar", scalar)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("attributes are immutable")

    def __repr__(self) -> str:
        return f"<Attribute {self.kind.name.lower()}>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("an attribute may be secret: it is not pickled or copied")


def read_attribute(reader: Reader, schema_kind: Kind, what: str) -> Attribute:
    """The next typed attribute, which is not a scalar. Raises DecodeError."""
    number = reader.integer(1)
    if number not in (Kind.BYTES, Kind.TEXT, Kind.INTEGER):
        raise DecodeError(f"{what} has the kind {number}: 0, 1 or 2 was expected")
    if schema_kind not in (Kind.ANY, number):
        raise DecodeError(f"{what} is {Kind(number).name}, and the key has {schema_kind.name}")
    if number == Kind.INTEGER:
        return Attribute(reader.integer(INTEGER_SIZE), what)
    data = reader.take(reader.integer(_LENGTH_SIZE))
    if number == Kind.BYTES:
        return Attribute(data, what)
    try:
        return Attribute(data.decode(), what)
    except UnicodeDecodeError:
        raise DecodeError(f"{what} is not UTF-8") from None


def encode_scalar_attribute(scalar: Scalar) -> bytes:
    """The typed encoding of a nullifier secret."""
    return bytes([Kind.SCALAR]) + scalar.encode()


def read_scalar_attribute(reader: Reader, what: str) -> Scalar:
    """The next typed attribute, which is a nullifier secret. Raises DecodeError."""
    if reader.integer(1) != Kind.SCALAR:
        raise DecodeError(f"{what} is not a scalar, which the key's schema has there")
    scalar = Scalar.decode(reader.take(SCALAR_SIZE), what)
    if not scalar:
        raise DecodeError(f"{what} is zero")
    return scalar
