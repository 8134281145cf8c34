"""Encodings of points that must be refused."""

import random
from typing import Any

import py_arkworks_bls12381 as arkworks

P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
"""Order of the field of G1's coordinates."""

COMPRESSED, INFINITY, SIGN = 0x80, 0x40, 0x20
FLAGS = COMPRESSED | INFINITY | SIGN
COORDINATE = 48

NUMBERS = {"G1": 1, "G2": 2}
"""Coordinates are of so many field elements."""

ORDER_THREE = bytes([COMPRESSED]) + bytes(COORDINATE - 1)
"""(0, 2): on the curve of G1, and three times it is the identity."""


def third(number: int) -> Any:
    """G1 or G2 of the third library."""
    return (arkworks.G1Point, arkworks.G2Point)[number - 1]


def identity(number: int) -> bytes:
    return bytes([COMPRESSED | INFINITY]) + bytes(COORDINATE * number - 1)


def outside_the_subgroup(number: int, seed: int = 0) -> bytes:
    """A point on the curve and not in the subgroup, canonically encoded."""
    draw = random.Random(number + 2 * seed)
    while True:
        x = [draw.randrange(P).to_bytes(COORDINATE, "big") for _ in range(number)]
        encoded = bytearray(b"".join(x))
        encoded[0] |= COMPRESSED
        try:
            point = third(number).from_compressed_bytes_unchecked(bytes(encoded))
        except ValueError:
            continue
        if not point.is_in_subgroup():
            return bytes(encoded)


def opposite(encoded: bytes) -> bytes:
    """The point with the other sign."""
    return bytes([encoded[0] ^ SIGN]) + encoded[1:]


def unchecked_sum(number: int, a: bytes, b: bytes) -> bytes:
    """a + b, on the curve only."""
    decode = third(number).from_compressed_bytes_unchecked
    return bytes((decode(a) + decode(b)).to_compressed_bytes())


def aliases(encoded: bytes) -> list[bytes]:
    """The same point with a coordinate that is not reduced: x + p, where it fits."""
    found = []
    for start in range(0, len(encoded), COORDINATE):
        flags = encoded[start] & FLAGS if start == 0 else 0
        part = encoded[start : start + COORDINATE]
        x = int.from_bytes(part, "big") - (flags << 376) + P
        if x < 1 << 381:
            more = (x + (flags << 376)).to_bytes(COORDINATE, "big")
            found.append(encoded[:start] + more + encoded[start + COORDINATE :])
    return found


def not_canonical(number: int, encoded: bytes) -> dict[str, bytes]:
    """Encodings of the right length that are of no point, or of one that has another."""
    size = COORDINATE * number
    found = {}
    sign = encoded[0] & SIGN
    for flags in range(0, 0x100, SIGN):
        if flags not in (COMPRESSED, COMPRESSED | SIGN):
            found[f"flags {flags:#x}"] = bytes([encoded[0] & ~FLAGS | flags]) + encoded[1:]
    for place in (0, 1, size - 1):
        raw = bytearray(identity(number))
        raw[place] |= 1
        found[f"infinity with a body at {place}"] = bytes(raw)
    found["infinity with a sign"] = bytes([FLAGS]) + bytes(size - 1)
    for start in range(0, size, COORDINATE):
        for x in (P, P + 1, (1 << 381) - 1):
            part = bytearray(x.to_bytes(COORDINATE, "big"))
            if start == 0:
                part[0] |= COMPRESSED | sign
            found[f"x = {x - P} + p at {start}"] = (
                encoded[:start] + bytes(part) + encoded[start + COORDINATE :]
            )
    return found
