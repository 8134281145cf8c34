"""The constants of kernels/ifma_base.h, computed from the curve."""

import re
from functools import cache
from pathlib import Path

HEADER = Path(__file__).resolve().parents[2] / "sphinxcore" / "kernels" / "ifma_base.h"

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
HALVES, TEETH, ENTRIES, LIMBS, RADIX = 2, 4, 8, 5, 51

Point = tuple[int, int]


def add(a: Point, b: Point) -> Point:
    """The sum on -x^2 + y^2 = 1 + d x^2 y^2."""
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - k, -1, P)
    return x % P, y % P


def times_power_of_two(point: Point, n: int) -> Point:
    for _ in range(n):
        point = add(point, point)
    return point


@cache
def base_point() -> Point:
    """u = 9 is y = 8 / 10; of the two x either will do, but the header has one of them."""
    y = 8 * pow(10, -1, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_1 % P
    assert x * x % P == square
    return x, y


@cache
def tooth(half: int, i: int) -> Point:
    """Pi = 8 2^(64 i + 32 half) times the base point."""
    return times_power_of_two(base_point(), 3 + 64 * i + 32 * half)


def entry(half: int, number: int) -> Point:
    """P3 +- P2 +- P1 +- P0: bit i of the number is set where Pi is subtracted."""
    *teeth, total = [tooth(half, i) for i in range(TEETH)]
    for i, (x, y) in enumerate(teeth):
        total = add(total, (-x % P, y) if number >> i & 1 else (x, y))
    return total


def test_constants() -> None:
    text = HEADER.read_text(encoding="ascii")
    table = re.search(r"BASE\[2\]\[3\]\[5\]\[ENTRIES\][^=]*= (\{.*?\});", text, re.DOTALL)
    assert table
    found = [int(value, 16) for value in re.findall(r"0x[0-9a-f]+", table[1])]
    expected = []
    for half in range(HALVES):
        points = [entry(half, number) for number in range(ENTRIES)]
        for coordinates in (
            [(y - x) % P for x, y in points],
            [(y + x) % P for x, y in points],
            [2 * D * x * y % P for x, y in points],
        ):
            for limb in range(LIMBS):
                expected += [c >> RADIX * limb & (2**RADIX - 1) for c in coordinates]
    assert found == expected
