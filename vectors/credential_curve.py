"""Vectors of points, sums and pairings, of which the curve is curve_model.py."""

from collections.abc import Sequence
from typing import Any

from credential_basics import common_keys, hexes, new, refusal
from curve_model import G1, G2, INFINITY, Group, P, R
from document import File
from stream import Stream
from tampering import POINT1, POINT2, Field, replaced, scalar, tampered


def points_file() -> File:
    file = new(
        "BLS12381Point",
        "bls12381_point",
        "Compressed points, decoded strictly. scalar: the point is so many times the generator.",
        "The identity decodes only where it is allowed.",
    )
    for group in (G1, G2):
        file.group(group=group.name)
        _points_of(file, group)
    return file


def _points_of(file: File, group: Group) -> None:
    def add(comment: str, flags: Sequence[str], point: Any, k: int) -> None:
        fields = {
            "encoded": group.encode(point).hex(),
            "uncompressed": group.encode_whole(point).hex(),
            "scalar": scalar(k).hex(),
            "result": "valid",
        }
        file.add(comment, flags, fields)

    names = {0: "0", 1: "1", 2: "2", 3: "3", 1 << 64: "2^64", 1 << 128: "2^128"}
    names |= {(1 << 255) % R: "2^255 mod r", R - 2: "r - 2", R - 1: "r - 1"}
    for k, name in names.items():
        point = group.multiply(group.generator, k)
        add(f"{name} times the generator", [] if k else ["Identity"], point, k)
    stream = Stream(f"points {group.name}")
    for i in range(8):
        k = stream.number(48) % R
        add(f"random multiple {i}", [], group.multiply(group.generator, k), k)

    def refuse(comment: str, flag: str, encoded: bytes) -> None:
        curve = common_keys().verification_key.parameters.curve
        decode = (curve.g1 if group is G1 else curve.g2).decode
        fields = refusal(comment, lambda: decode(encoded, comment, identity=True))
        file.add(comment, [flag], {"encoded": encoded.hex(), **fields})

    good = group.encode(group.generator)
    infinity = group.encode(None)
    field = Field("point", POINT1 if group is G1 else POINT2)
    for one in tampered(good, [field]):
        if one.flag not in ("OtherPoint", "Identity"):
            refuse(one.comment, one.flag, one.raw)
    if group is G1:
        xs: list[Any] = list(range(50))
    else:
        xs = [(c0, c1) for c0 in range(7) for c1 in range(7)]
    outside = [p for p in map(group.lift, xs) if p is not None]
    for number, point in enumerate(outside[:8]):
        refuse(f"not in the subgroup, number {number}", "NotInSubgroup", group.encode(point))
    for cofactor_point in (group.multiply(point, R) for point in outside[:4]):
        refuse(
            "of an order that divides the cofactor", "NotInSubgroup", group.encode(cofactor_point)
        )
    refuse("uncompressed", "NonCanonicalPoint", group.encode_whole(group.generator))
    refuse("uncompressed identity", "NonCanonicalPoint", group.encode_whole(None))
    for what, first in (("all flags", 0xE0), ("infinity, not compressed", 0x40), ("no flags", 0)):
        refuse(f"identity with {what}", "NonCanonicalPoint", bytes([first]) + infinity[1:])
    for i in range(0, group.size, 48):
        top = good[i] & 0xE0
        x_is_p = bytes([top | P >> 376]) + int.to_bytes(P % (1 << 376), 47, "big")
        refuse(f"element {i // 48} of x is p", "NonCanonicalPoint", replaced(good, i, x_is_p))
    infinity_flag = bytes([good[0] | INFINITY]) + good[1:]
    refuse("a point with the flag of infinity", "NonCanonicalPoint", infinity_flag)
    if group is G2:
        refuse("a bit above the second element", "NonCanonicalPoint", replaced(good, 48, b"\x9f"))


def pairing_file() -> File:
    file = new(
        "BLS12381Pairing",
        "bls12381_pairing",
        "Pairs of a point of G1 and one of G2: valid, if the product of their pairings is 1.",
        "Valid ones follow from bilinearity, invalid ones from the pairing being non-degenerate.",
    )
    file.group()
    stream = Stream("pairings")

    def add(comment: str, exponents: Sequence[tuple[int, int]]) -> None:
        pairs = [
            [
                G1.encode(G1.multiply(G1.generator, a % R)).hex(),
                G2.encode(G2.multiply(G2.generator, b % R)).hex(),
            ]
            for a, b in exponents
        ]
        valid = sum(a * b for a, b in exponents) % R == 0
        flags = [] if valid else ["NotOne"]
        result = "valid" if valid else "invalid"
        file.add(comment, flags, {"pairs": pairs, "result": result})

    a, b, c, d = (stream.number(48) % R for _ in range(4))
    add("no pair", [])
    add("one pair of generators", [(1, 1)])
    add("identity in G1", [(0, b)])
    add("identity in G2", [(a, 0)])
    add("an identity beside generators", [(0, b), (1, 1)])
    add("P and -P", [(a, b), (-a, b)])
    add("Q and -Q", [(a, b), (a, -b)])
    add("P and -P, other Q", [(a, b), (-a, b + 1)])
    add("(a*b, 1) and (a, b)", [(-a * b, 1), (a, b)])
    add("(1, a*b) and (a, b)", [(1, -a * b), (a, b)])
    add("off by one", [(1 - a * b, 1), (a, b)])
    add("both signs positive", [(a * b, 1), (a, b)])
    add("four pairs", [(a, b), (c, d), (-c, d), (-a * b, 1)])
    add("four pairs, one wrong", [(a, b), (c, d), (-c, d), (-a * b, 2)])
    add("a pair r times has exponent 0", [(a, b), (a, -b), (R - 1, 1), (1, 1)])
    return file


def sum_file() -> File:
    file = new(
        "BLS12381Sum",
        "bls12381_sum",
        "Sums of scalar * point.",
    )
    for group in (G1, G2):
        file.group(group=group.name)
        stream = Stream(f"sums {group.name}")

        def add(comment: str, terms: Sequence[tuple[int, int]], group: Group = group) -> None:
            points = [group.multiply(group.generator, a % R) for a, _ in terms]
            total = group.multiply(group.generator, sum(a * k for a, k in terms) % R)
            fields = {
                "points": hexes(group.encode(point) for point in points),
                "scalars": [scalar(k).hex() for _, k in terms],
                "sum": group.encode(total).hex(),
                "result": "valid",
            }
            file.add(comment, [], fields)

        def random(count: int, size: int, stream: Stream = stream) -> list[tuple[int, int]]:
            return [(stream.number(2) + 1, stream.number(size) % R) for _ in range(count)]

        for count in (0, 1, 2, 31, 32, 33, 100):
            add(f"{count} random terms", random(count, 48))
        for count in (1, 16, 64):
            add(f"{count} terms, 128 bits", random(count, 16))
        add("short and long scalars", random(10, 16) + random(3, 48))
        add("an identity among the points", [(0, 5), (3, 7)])
        add("identities alone", [(0, 5), (0, 7)])
        for k, name in ((0, "0"), (1, "1"), (R - 1, "r - 1"), (1 << 128, "2^128")):
            add(f"scalar {name}", [(3, k)])
            add(f"scalar {name} among others", [(3, k), *random(2, 48)])
        k = stream.number(48) % R
        add("equal points", [(5, k), (5, k), (5, k + 1)])
        add("P and -P with one scalar", [(5, k), (-5, k)])
        add("one point, scalars that cancel", [(5, k), (5, R - k)])
        add("all scalars are 0", [(5, 0), (6, 0)])
    return file
