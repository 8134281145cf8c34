"""Points are decoded from their canonical encoding only, and only if in the subgroup."""

import random
from typing import Any

import py_arkworks_bls12381 as arkworks
import pytest
from coconut_points import COMPRESSED, FLAGS, INFINITY, SIGN, P, outside_the_subgroup

import credentials as cr
from credentials.bls12381 import ORDER, Curve, Scalar


def _group(curve: Curve, number: int) -> Any:
    return (curve.g1, curve.g2)[number - 1]


@pytest.mark.parametrize("number", [1, 2])
def test_round_trip(curve: Curve, number: int) -> None:
    group = _group(curve, number)
    for scalar in (1, 2, ORDER - 1):
        encoded = group.sum_public([group.generator], [Scalar(scalar)]).encode()
        assert group.decode(encoded, "it").encode() == encoded


@pytest.mark.parametrize("number", [1, 2])
def test_outside_the_subgroup(curve: Curve, number: int) -> None:
    with pytest.raises(cr.DecodeError, match="subgroup"):
        _group(curve, number).decode(outside_the_subgroup(number), "it")


@pytest.mark.parametrize("number", [1, 2])
def test_identity_is_refused_unless_allowed(curve: Curve, number: int) -> None:
    group = _group(curve, number)
    encoded = group.identity.encode()
    assert encoded == bytes([COMPRESSED | INFINITY]) + bytes(48 * number - 1)
    with pytest.raises(cr.DecodeError, match="identity"):
        group.decode(encoded, "it")
    assert group.decode(encoded, "it", identity=True) == group.identity


@pytest.mark.parametrize("number", [1, 2])
def test_wrong_flags(curve: Curve, number: int) -> None:
    group = _group(curve, number)
    encoded = group.generator.encode()
    right = {encoded[0] & FLAGS, encoded[0] & FLAGS ^ SIGN}
    for flags in range(0, 0x100, 0x20):
        raw = bytes([encoded[0] & ~FLAGS | flags]) + encoded[1:]
        if flags in right:
            assert group.decode(raw, "it").encode() == raw
        else:
            with pytest.raises(cr.DecodeError):
                group.decode(raw, "it", identity=True)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("place", [0, 1, -1])
def test_infinity_with_a_body(curve: Curve, number: int, place: int) -> None:
    raw = bytearray(_group(curve, number).identity.encode())
    raw[place] |= 1
    with pytest.raises(cr.DecodeError):
        _group(curve, number).decode(bytes(raw), "it", identity=True)


@pytest.mark.parametrize(("number", "half"), [(1, 0), (2, 0), (2, 1)])
def test_coordinates_that_are_not_reduced(curve: Curve, number: int, half: int) -> None:
    """x + p stands for the same x, where it fits."""
    group = _group(curve, number)
    start, tried = 48 * half, 0
    for scalar in range(1, 60):
        encoded = group.sum_public([group.generator], [Scalar(scalar)]).encode()
        flags = encoded[start] & FLAGS if start == 0 else 0
        x = int.from_bytes(encoded[start : start + 48], "big") - (flags << 376)
        if x + P < 1 << 381:
            more = (x + P + (flags << 376)).to_bytes(48, "big")
            raw = encoded[:start] + more + encoded[start + 48 :]
            with pytest.raises(cr.DecodeError):
                group.decode(raw, "it")
            tried += 1
    assert tried


@pytest.mark.parametrize("number", [1, 2])
def test_other_lengths(curve: Curve, number: int) -> None:
    group = _group(curve, number)
    encoded = group.generator.encode()
    for raw in (b"", encoded[:-1], encoded + b"\0", encoded * 2):
        with pytest.raises(cr.DecodeError):
            group.decode(raw, "it")


@pytest.mark.parametrize("number", [1, 2])
def test_random_bytes_decode_alike_everywhere(curve: Curve, number: int) -> None:
    """What a backend accepts is what the third library accepts and encodes to the same bytes."""
    third = (arkworks.G1Point, arkworks.G2Point)[number - 1]
    group = _group(curve, number)
    draw = random.Random(17)
    good = group.generator.encode()
    refused = 0
    for _ in range(300):
        raw = bytearray(good)
        for _ in range(draw.choice((1, 1, 2, 48))):
            raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        encoded = bytes(raw)
        try:
            canonical = bytes(third.from_compressed_bytes(encoded).to_compressed_bytes())
        except ValueError:
            canonical = b""
        if canonical == encoded:
            assert group.decode(encoded, "it", identity=True).encode() == encoded
        else:
            refused += 1
            with pytest.raises(cr.DecodeError):
                group.decode(encoded, "it", identity=True)
    assert refused > 200
