"""Messages of `credentials` with one thing changed, field by field."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from curve_model import COMPRESSED, G1, G2, INFINITY, LARGER, Group, R

HEADER, BYTES, POINT1, POINT2, SCALAR = range(5)
"""Kinds of fields."""

SCALAR_SIZE = 32
SIZES = {HEADER: 7, POINT1: G1.size, POINT2: G2.size, SCALAR: SCALAR_SIZE}

TRUNCATED, TRAILING, NO_BYTES = "one byte less", "one byte more", "no bytes"


class Field(NamedTuple):
    """A field of a message."""

    name: str
    kind: int
    size: int = 0
    """Of a field of bytes; all others have one size."""


class Tampered(NamedTuple):
    """A message with one thing changed."""

    field: str
    comment: str
    flag: str
    raw: bytes


class BadPoints(NamedTuple):
    """What can stand in the place of a point of one group."""

    outside: bytes
    """On the curve, outside the subgroup."""
    beside: bytes
    """Its x is of no point."""
    other: bytes
    """A multiple of the generator."""


def _bad_points(group: Group) -> BadPoints:
    xs = [(x if group is G1 else (x, 0)) for x in range(1, 50)]
    lifted = {x: group.lift(x) for x in xs}
    outside = next(p for p in lifted.values() if p is not None and group.multiply(p, R) is not None)
    x = next(x for x, point in lifted.items() if point is None)
    beside = bytearray(group.field.encode(x))
    beside[0] |= COMPRESSED
    other = group.multiply(group.generator, 0xC0C0)
    return BadPoints(group.encode(outside), bytes(beside), group.encode(other))


BAD = {POINT1: _bad_points(G1), POINT2: _bad_points(G2)}


def scalar(value: int) -> bytes:
    return value.to_bytes(SCALAR_SIZE, "big")


def replaced(raw: bytes, start: int, new: bytes) -> bytes:
    """The bytes with `new` in place of as many from `start` on."""
    return raw[:start] + new + raw[start + len(new) :]


def tampered(raw: bytes, fields: Sequence[Field]) -> Iterator[Tampered]:
    """The message with each field changed in every way that its kind allows."""
    at = 0
    for field in fields:
        size = SIZES.get(field.kind, field.size)
        old = raw[at : at + size]
        for what, flag, new in _changes(field.kind, old):
            yield Tampered(field.name, f"{field.name}: {what}", flag, replaced(raw, at, new))
        at += size
    if at != len(raw):
        raise SystemExit(f"the fields have {at} bytes, the message {len(raw)}")
    yield Tampered("length", TRUNCATED, "WrongLength", raw[:-1])
    yield Tampered("length", TRAILING, "WrongLength", raw + b"\0")
    yield Tampered("length", NO_BYTES, "WrongLength", b"")


def _changes(kind: int, old: bytes) -> list[tuple[str, str, bytes]]:
    """What was done, the flag, and the field afterwards."""
    if kind == HEADER:
        names = ((0, "magic"), (4, "version"), (5, "suite"), (6, "type"))
        return [(name, "WrongHeader", _flip(old, i, 0x10)) for i, name in names]
    if kind == BYTES:
        last = len(old) - 1
        return [("a bit of its last byte is flipped", "FlippedField", _flip(old, last, 1))]
    if kind == SCALAR:
        value = int.from_bytes(old, "big")
        return [
            ("r", "ScalarRange", scalar(R)),
            ("2^256 - 1", "ScalarRange", scalar((1 << 256) - 1)),
            ("one more", "OtherScalar", scalar((value + 1) % R)),
        ]
    bad = BAD[kind]
    identity = bytes([COMPRESSED | INFINITY]) + bytes(len(old) - 1)
    body = identity[:-1] + b"\1"
    return [
        ("not in the subgroup", "NotInSubgroup", bad.outside),
        ("not on the curve", "NotOnCurve", bad.beside),
        ("the identity", "Identity", identity),
        ("the identity with a body", "NonCanonicalPoint", body),
        ("x >= p", "NonCanonicalPoint", b"\x9f" + b"\xff" * (len(old) - 1)),
        ("the flag of compression is missing", "NonCanonicalPoint", _flip(old, 0, COMPRESSED)),
        ("negated", "OtherPoint", _flip(old, 0, LARGER)),
        ("another point", "OtherPoint", bad.other),
    ]


def _flip(raw: bytes, i: int, mask: int) -> bytes:
    return raw[:i] + bytes([raw[i] ^ mask]) + raw[i + 1 :]


def offsets(parts: Sequence[Field]) -> dict[str, int]:
    """Where each field begins."""
    places, at = {}, 0
    for part in parts:
        places[part.name] = at
        at += SIZES.get(part.kind, part.size)
    return places
