"""The field functions of the X25519 kernels at the limits of the limbs that they document.

tests/c/bounds_<set>.c includes a kernel's source and runs its static functions, compiled with
the kernel's flags, on limbs from here: every limb as large as its class allows, mixtures, values
around p and 2p. Results are compared with Python's integers, and every limb with its bound.
"""

import operator
import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, product
from pathlib import Path

import numpy as np
import pytest
from c import compiling

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROWS = 192
"""Rows per operation: in 192 calls of the portable kernel, 24 of the widest."""

LANES = {"portable": 1, "avx2": 4, "ifma": 8}

LACKS_FEATURES = 3
"""Exit code of the program."""

Words = Sequence[int]
Relation = Callable[[Words, Words], bool]


# Classes of elements --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Class:
    """Elements whose limbs are below `limits`, limb i with the weight 2^positions[i]."""

    positions: tuple[int, ...]
    limits: tuple[int, ...]
    values: tuple[int, ...] = ()
    """Values that count among the limbs to be tried, or, with `only`, all there are."""
    only: bool = False

    def value(self, limbs: Sequence[int]) -> int:
        return sum(limb << position for limb, position in zip(limbs, self.positions, strict=True))

    def limbs(self, value: int) -> list[int] | None:
        """The limbs of a value, the last one taking what is left; None if it does not fit."""
        ends = (*self.positions[1:], value.bit_length() + 1)
        limbs = [
            (value & ((1 << max(end, position)) - 1)) >> position
            for position, end in zip(self.positions, ends, strict=True)
        ]
        return limbs if self.holds(limbs) else None

    def holds(self, limbs: Sequence[int]) -> bool:
        return all(limb < limit for limb, limit in zip(limbs, self.limits, strict=True))

    def largest(self) -> list[int]:
        return [limit - 1 for limit in self.limits]

    def draw(self, rng: random.Random) -> list[int]:
        """Limbs that are at their limits, or random, or those of a nasty value."""
        if self.only or (self.values and rng.random() < 0.3):
            limbs = self.limbs(rng.choice(self.values))
            if limbs is None:
                raise ValueError("a value does not fit its class")
            return limbs
        kind = rng.randrange(4)
        if kind == 0:
            return [rng.choice((0, limit - 1)) for limit in self.limits]
        if kind == 1:
            return [limit - 1 - rng.randrange(min(limit, 64)) for limit in self.limits]
        if kind == 2:
            return [
                rng.choice((0, 1 % limit, limit - 1, limit // 2, rng.randrange(limit)))
                for limit in self.limits
            ]
        return [rng.randrange(limit) for limit in self.limits]


AROUND_P = (*range(P - 20, P + 19), 0, 1, 18, 19, 2**254, 2**255 - 1)

RADIX_51 = tuple(range(0, 255, 51))
RADIX_25 = (0, 26, 51, 77, 102, 128, 153, 179, 204, 230)
UNITS = tuple(2**bits + 2**13 for bits in (26, 25) * 5)


def radix_51(limit: int) -> Class:
    return Class(RADIX_51, (limit,) * 5, AROUND_P)


def units(numerator: int, denominator: int = 1) -> Class:
    limits = tuple(-(-unit * numerator // denominator) for unit in UNITS)
    return Class(RADIX_25, limits, AROUND_P)


def alone(limit: int, limbs: int) -> Class:
    """A number in the first limb."""
    return Class((0,) * limbs, (limit, *(1,) * (limbs - 1)))


SCALARS = tuple(
    8 * k for k in (0, 1, 2, 3, ORDER // 2, ORDER // 2 + 1, 2**251, 2**252 - 2, 2**252 - 1)
)


def words(limbs: int, top: int = 2**64, values: tuple[int, ...] = ()) -> Class:
    """32 bytes as words of 64 bits."""
    positions = tuple(64 * i for i in range(limbs))
    return Class(positions, (2**64, 2**64, 2**64, top, *(1,) * (limbs - 4)), values)


def scalars(limbs: int) -> Class:
    """Scalars are multiples of 8: see `masked`."""
    return words(limbs, 2**63, SCALARS)


# What operations compute ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Operation:
    inputs: tuple[Class, ...]
    outputs: tuple[Class, ...]
    relation: Relation
    """Whether the values of the outputs are right for those of the inputs."""
    rows: int = ROWS


def congruent(a: int, b: int) -> bool:
    return (a - b) % P == 0


def all_congruent(found: Words, expected: Words) -> bool:
    return all(congruent(a, b) for a, b in zip(found, expected, strict=True))


def modulo_p(compute: Callable[..., int | tuple[int, ...]]) -> Relation:
    """The outputs are congruent to what `compute` makes of the inputs."""

    def relation(i: Words, o: Words) -> bool:
        expected = compute(*i)
        return all_congruent(o, expected if isinstance(expected, tuple) else (expected,))

    return relation


def exactly(compute: Callable[..., int | tuple[int, ...]]) -> Relation:
    def relation(i: Words, o: Words) -> bool:
        expected = compute(*i)
        return tuple(o) == (expected if isinstance(expected, tuple) else (expected,))

    return relation


def montgomery_double(x: int, z: int) -> tuple[int, int]:
    aa, bb = (x + z) ** 2, (x - z) ** 2
    return aa * bb, (aa - bb) * (aa + 121665 * (aa - bb))


def multiple(scalar: int, u: int) -> tuple[int, int]:
    """x : z of the scalar times the point u (RFC 7748, section 5)."""
    x2, z2, x3, z3 = 1, 0, u, 1
    for i in reversed(range(256)):
        if scalar >> i & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        da, cb = (x3 - z3) * (x2 + z2), (x3 + z3) * (x2 - z2)
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = (c % P for c in montgomery_double(x2, z2))
        if scalar >> i & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return x2, z2


def same_point(a: Words, b: Words) -> bool:
    """Both x : z are the same point; where z is zero, x does not matter."""
    infinite = a[1] % P == 0
    return infinite == (b[1] % P == 0) and (infinite or congruent(a[0] * b[1], a[1] * b[0]))


def masked(scalar: int) -> int:
    """What the kernels take a scalar for whose low bits are not zero."""
    return scalar & -8


def doublings_left(kernel_doubles: bool) -> Relation:
    """A ladder over the bits 254..3, then three doublings where the ladder has them."""
    return lambda i, o: same_point(o, multiple(masked(i[1]) >> (0 if kernel_doubles else 3), i[0]))


def base_ladder(i: Words, o: Words) -> bool:
    return same_point(o, multiple(masked(i[0]), 9))


Coordinates = tuple[int, int, int, int]


def edwards(a: int, b: int, c: int, d: int) -> Coordinates:
    """x y z t of the factors e, f, g and h."""
    return a * b, c * d, b * c, a * d


def edwards_double(x: int, y: int, z: int, t: int = 0) -> Coordinates:
    xx, yy, zz = x * x, y * y, z * z
    g = yy - xx
    return edwards((x + y) ** 2 - xx - yy, 2 * zz - g, g, xx + yy)


def edwards_add(
    y_minus_x: int, y_plus_x: int, z: int, t: int, minus: int, plus: int, z2: int, dt2: int
) -> Coordinates:
    a, b, c, d = y_minus_x * minus, y_plus_x * plus, t * dt2, z * z2
    return edwards(b - a, d - c, d + c, b + a)


def double_5_times(x: int, y: int, z: int, t: int) -> Coordinates:
    for _ in range(5):
        x, y, z, t = (c % P for c in edwards_double(x, y, z))
    return x, y, z, t


def is_square(n: int) -> bool:
    return pow(n, (P - 1) // 2, P) in (0, 1)


def is_on_curve(u: int) -> bool:
    return is_square(u * (u * u + 486662 * u + 1))


def to_edwards(i: Words, o: Words) -> bool:
    """y = (u - 1) / (u + 1) and -x^2 + y^2 = 1 + d x^2 y^2, z t = x y, on the curve, else anything."""
    (u,) = i
    x, y, z, t, usable = o
    on_curve = is_on_curve(u) and not congruent(u, -1)
    if not on_curve or not usable:
        return bool(usable) == on_curve
    return (
        congruent(y * (u + 1), z * (u - 1))
        and congruent(z * t, x * y)
        and congruent((y * y - x * x) * z * z, z**4 + D * x * x * y * y)
    )


def recode(scalar: int) -> tuple[int, ...]:
    """The four teeth's bits, 1 for plus, all but the last relative to the last."""
    k = masked(scalar) // 8
    odd = k if k % 2 else ORDER - k
    signs = (odd - 1) // 2 + 2**255
    teeth = [signs >> 64 * i & (2**64 - 1) for i in range(4)]
    return *(tooth ^ teeth[3] for tooth in teeth[:3]), teeth[3]


COLUMN = 17
"""As in bounds_ifma.c."""


def column_of(bits: int, column: int) -> tuple[int, bool]:
    """The entry that a column's bits choose, and whether it is subtracted."""
    b0, b1, b2, b3 = (bits >> 64 * i + column & 1 for i in range(4))
    return b0 + 2 * b1 + 4 * b2, b3 == 0


def select_entry(i: Words, o: Words) -> bool:
    entry, negative = column_of(i[-1], COLUMN)
    minus, plus, z2, dt2 = i[4 * entry : 4 * entry + 4]
    return tuple(o) == ((plus, minus, z2, 2 * P - dt2) if negative else (minus, plus, z2, dt2))


def tooth_sum(entry: int, weights: Sequence[int]) -> int:
    """The scalar of P3 +- P2 +- P1 +- P0, without the factor 8."""
    return weights[3] + sum(
        -weight if entry >> i & 1 else weight for i, weight in enumerate(weights[:3])
    )


def is_entry(minus: int, plus: int, z2: int, dt2: int, scalar: int, u: int) -> bool:
    """The entry is the point scalar times u, or its opposite, in the form for additions."""
    x2, y2 = plus - minus, plus + minus
    on_curve = congruent((y2 * y2 - x2 * x2) * z2 * z2, z2**4 + D * (x2 * y2) ** 2)
    product_is_right = congruent(dt2 * z2, D * x2 * y2)
    return (
        on_curve
        and product_is_right
        and same_point((z2 + y2, z2 - y2), multiple(scalar % (8 * ORDER), u))
    )


def make_comb(i: Words, o: Words) -> bool:
    (u,), (usable, kept, *entries) = i, o
    weights = [8 * 2 ** (64 * tooth) for tooth in range(4)]
    return (
        usable == 1
        and kept == u
        and all(is_entry(*entries[4 * e : 4 * e + 4], tooth_sum(e, weights), u) for e in range(8))
    )


def select_base_entry(i: Words, o: Words) -> bool:
    for half in range(2):
        entry, negative = column_of(i[0], COLUMN + 32 * half)
        minus, plus, dt2 = o[3 * half : 3 * half + 3]
        weights = [8 * 2 ** (64 * tooth + 32 * half) for tooth in range(4)]
        if negative:
            minus, plus, dt2 = plus, minus, -dt2
        if not is_entry(minus, plus, 2, dt2, tooth_sum(entry, weights), 9):
            return False
    return True


def add_affine(again: bool) -> Relation:
    def relation(i: Words, o: Words) -> bool:
        _, _, z, t, y_minus_x, y_plus_x, minus, plus, dt2 = i
        x, y, new_z, new_t = edwards_add(y_minus_x, y_plus_x, z, t, minus, plus, 2, dt2)
        if again:
            return all_congruent(o, (x, y, new_z, new_t, y - x, y + x))
        return all_congruent(o[:3], (x, y, new_z))

    return relation


def add_edwards(i: Words, o: Words) -> bool:
    expected = edwards_add(i[4], i[5], i[2], i[3], *i[6:])
    return all_congruent(o[:3], expected[:3])


def add_edwards_with_t(i: Words, o: Words) -> bool:
    return all_congruent(o, edwards_add(i[4], i[5], i[2], i[3], *i[6:]))


def double_for_addition(i: Words, o: Words) -> bool:
    x, y, z, t = edwards_double(*i)
    return all_congruent(o, (x, y, z, t, y - x, y + x))


def sum_of_points(
    x: int, y: int, z: int, t: int, minus: int, plus: int, z2: int, dt2: int
) -> Coordinates:
    return edwards_add(y - x, y + x, z, t, minus, plus, z2, dt2)


# The kernels ----------------------------------------------------------------------------------------


def common(tight: Class, limbs: int, below_p: Class) -> dict[str, Operation]:
    """What all kernels have, with the same bounds in their own classes."""
    mask = alone(2, limbs)
    return {
        "canonical": Operation((tight,), (below_p,), exactly(lambda a: a % P)),
        "load": Operation(
            (words(limbs, values=AROUND_P),), (below_p,), exactly(lambda a: a % 2**255)
        ),
        "store": Operation((below_p,), (words(limbs),), exactly(lambda a: a)),
        "choose": Operation((tight, tight, mask), (tight,), exactly(lambda a, b, m: b if m else a)),
        "multiply": Operation((tight, tight), (tight,), modulo_p(operator.mul)),
        "square_5_times": Operation((tight, tight), (tight,), modulo_p(lambda a, b: a**32 * b)),
        "invert": Operation((tight,), (tight,), modulo_p(lambda a: pow(a, P - 2, P))),
        "double_point": Operation((tight, tight), (tight, tight), modulo_p(montgomery_double)),
        "ladder": Operation((tight, scalars(limbs)), (tight, tight), doublings_left(True), 32),
        "base_ladder": Operation((scalars(limbs),), (tight, tight), base_ladder, 32),
    }


def portable() -> dict[str, Operation]:
    tight, loose, below = radix_51(2**51 + 2**24), radix_51(2**53), radix_51(2**51)
    return common(tight, 5, below) | {
        "add": Operation((tight, tight), (loose,), exactly(operator.add)),
        "subtract": Operation((tight, tight), (loose,), exactly(lambda a, b: a - b + 2 * P)),
        "wrap": Operation(
            (below, alone(2**58, 5)), (tight,), modulo_p(lambda a, carry: a + 19 * carry)
        ),
        "multiply": Operation((loose, loose), (tight,), modulo_p(operator.mul)),
        "square": Operation((loose,), (tight,), modulo_p(lambda a: a * a)),
        "add_121665_times": Operation(
            (tight, loose), (tight,), modulo_p(lambda a, e: a + 121665 * e)
        ),
        "times_9": Operation((tight,), (tight,), modulo_p(lambda a: 9 * a)),
        "choose": Operation(
            (loose, loose, alone(2, 5)), (loose,), exactly(lambda a, b, m: b if m else a)
        ),
    }


def avx2() -> dict[str, Operation]:
    tight, two, three = units(1), units(2), units(3)
    below = Class(RADIX_25, tuple(unit - 2**13 for unit in UNITS), AROUND_P)
    columns = Class(RADIX_25, (2**63,) * 9 + (2**58,))
    return common(tight, 10, below) | {
        "carry_columns": Operation((columns,), (tight,), modulo_p(lambda a: a)),
        "multiply": Operation((three, two), (tight,), modulo_p(operator.mul)),
        "square": Operation((three,), (tight,), modulo_p(lambda a: a * a)),
        "times_9": Operation((tight,), (tight,), modulo_p(lambda a: 9 * a)),
        "add_subtract": Operation(
            (tight, tight), (two, three), exactly(lambda a, b: (a + b, a - b + 2 * P))
        ),
        "choose": Operation(
            (three, three, alone(2, 10)), (three,), exactly(lambda a, b, m: b if m else a)
        ),
        "double_factors": Operation(
            (tight, tight),
            (three, units(12, 10)),
            modulo_p(lambda a, b: (a - b, a + 121665 * (a - b))),
        ),
    }


def ifma() -> dict[str, Operation]:
    tight, below = radix_51(2**51 + 2**18), radix_51(2**51)
    raw = radix_51(2**59)  # what fold() says
    sums, carried = radix_51(2**63), radix_51(2**64)
    columns = [
        2**52 * sum(i + j == k for i in range(5) for j in range(5))
        + 2 * (2**50 + 2**19) * sum(i + j + 1 == k for i in range(5) for j in range(5))
        for k in range(10)
    ]
    low_columns = Class(RADIX_51, tuple(columns[:5]))
    high_columns = Class(tuple(255 + i for i in RADIX_51), tuple(columns[5:]))
    below_52 = radix_51(2**52)
    cached = (tight, tight, tight, tight)
    point, one_bit = (tight, tight, raw, tight), alone(2, 5)
    any_u = radix_51(2**51)
    on_curve = Class(
        RADIX_51, (2**51,) * 5, tuple(u for u in (*range(2, 80), *AROUND_P) if is_on_curve(u)), True
    )
    operations = common(tight, 5, below) | {
        "carry": Operation((carried,), (tight,), modulo_p(lambda a: a)),
        "fold": Operation((low_columns, high_columns), (raw,), modulo_p(operator.add)),
        "multiply_beside": Operation(
            (tight, below_52, carried, carried),
            (radix_51(2**60), tight, tight),
            modulo_p(lambda a, b, p, q: (a * b, p, q)),
        ),
        "square_beside": Operation(
            (tight, carried, carried), (raw, tight, tight), modulo_p(lambda a, p, q: (a * a, p, q))
        ),
        "add": Operation((radix_51(2**62), radix_51(2**62)), (sums,), exactly(operator.add)),
        "subtract_9": Operation((raw, raw), (sums,), exactly(lambda a, b: a - b + 2**9 * P)),
        "subtract_10": Operation(
            (radix_51(2**60), radix_51(2**60)), (sums,), exactly(lambda a, b: a - b + 2**10 * P)
        ),
        "add_121665_times": Operation(
            (tight, tight), (radix_51(2**53),), modulo_p(lambda a, e: a + 121665 * e)
        ),
        "power_250": Operation(
            (tight,), (tight, tight), modulo_p(lambda a: (pow(a, 2**250 - 1, P), a**11))
        ),
        "canonical": Operation(
            (tight,), (below, one_bit), exactly(lambda a: (a % P, int(a % P == 0)))
        ),
        "ladder": Operation((tight, scalars(5)), (raw, raw), doublings_left(False), 32),
        "double_edwards": Operation(
            point,
            (tight, tight, raw, *[carried] * 3),
            lambda i, o: all_congruent(o[:3], edwards_double(*i)[:3]),
        ),
        "double_for_addition": Operation(
            point, (raw, raw, raw, tight, tight, tight), double_for_addition
        ),
        "add_edwards": Operation(
            (*point, tight, tight, tight, tight, tight, below_52),
            (tight, tight, raw, carried),
            add_edwards,
        ),
        "add_edwards_with_t": Operation(
            (*point, tight, tight, tight, tight, tight, below_52),
            (tight, tight, raw, tight),
            add_edwards_with_t,
        ),
        "double_5_times": Operation(point, (tight, tight, raw, tight), modulo_p(double_5_times)),
        "sum_of_points": Operation(
            (*point, *cached), (tight, tight, raw, tight), modulo_p(sum_of_points)
        ),
        "to_cached": Operation(
            point, cached, modulo_p(lambda x, y, z, t: (y - x, y + x, 2 * z, 2 * D * t))
        ),
        "negate": Operation(
            cached, cached, modulo_p(lambda minus, plus, z2, dt2: (plus, minus, z2, -dt2))
        ),
        "negate_lanes": Operation(
            (tight, one_bit), (below_52,), exactly(lambda a, m: 2 * P - a if m else a)
        ),
        "to_montgomery": Operation(
            point, (tight, tight), modulo_p(lambda x, y, z, t: (z + y, z - y))
        ),
        "to_edwards": Operation((any_u,), (tight, tight, tight, tight, one_bit), to_edwards),
        "recode": Operation(
            (scalars(5),),
            (words(5),),
            exactly(lambda k: sum(word << 64 * i for i, word in enumerate(recode(k)))),
        ),
        "select_entry": Operation(
            (*cached * 8, words(5)), (tight, tight, tight, below_52), select_entry
        ),
        "make_comb": Operation((on_curve,), (one_bit, below, *cached * 8), make_comb, 16),
        "multiply_comb": Operation(
            (on_curve, scalars(5)),
            (tight, tight),
            lambda i, o: same_point(o, multiple(masked(i[1]), i[0])),
            32,
        ),
        "add_affine": Operation(
            (*point, tight, tight, tight, tight, below_52),
            (tight, tight, raw, *[carried] * 3),
            add_affine(False),
        ),
        "add_affine_again": Operation(
            (*point, tight, tight, tight, tight, below_52),
            (tight, raw, raw, tight, tight, tight),
            add_affine(True),
        ),
        "select_base_entry": Operation(
            (words(5),), (below, below, below_52) * 2, select_base_entry, 32
        ),
        "multiply_base_point": Operation((scalars(5),), (tight, tight), base_ladder, 32),
    }
    del operations["base_ladder"]
    return operations


OPERATIONS = {"portable": portable(), "avx2": avx2(), "ifma": ifma()}
CASES = [(kernel, name) for kernel, operations in OPERATIONS.items() for name in operations]
SANITIZER = ("-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all")
"""Instead of -O3: with these gcc takes half a minute for the widest kernel as it is."""


# Running them ---------------------------------------------------------------------------------------


@cache
def program(kernel: str, sanitized: bool) -> Path:
    """The program that runs the functions of a kernel on this CPU; skips where it cannot be."""
    if compiling.compiler() is None:
        pytest.skip("there is no C compiler")
    if kernel not in compiling.setup()["INSTRUCTION_SETS"]:
        pytest.skip(f"{kernel} kernels are not made for this processor")
    extra = SANITIZER if sanitized else ()
    folder = compiling.BUILD / ("bounds-sanitized" if sanitized else "bounds")
    sources = {
        compiling.HERE / f"bounds_{kernel}.c": kernel,
        compiling.HERE / "bounds.c": None,
        compiling.KERNELS / "cpu.c": None,
    }
    if kernel == "avx2":  # it takes its last row to the portable kernel
        sources[compiling.KERNELS / "portable_x25519.c"] = "portable"
    objects = [
        compiling.compile_object(source, folder, instruction_set, extra=extra)
        for source, instruction_set in sources.items()
    ]
    return compiling.link(folder / f"bounds_{kernel}", objects, extra=extra)


def run(built: Path, *arguments: str, data: bytes = b"") -> bytes:
    done = subprocess.run([built, *arguments], input=data, capture_output=True, check=False)
    if done.returncode == LACKS_FEATURES:
        pytest.skip(done.stderr.decode().strip())
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def rows(operation: Operation, rng: random.Random) -> Iterator[list[list[int]]]:
    """Limbs of the inputs: every choice of largest and zero, if that is few, then drawn ones."""
    inputs = operation.inputs
    extremes = [(given.largest(), [0] * len(given.limits)) for given in inputs]
    if not any(given.only for given in inputs):
        chosen = product(*extremes) if len(inputs) <= 4 else zip(*extremes, strict=True)
        yield from map(list, chosen)
    while True:
        yield [given.draw(rng) for given in inputs]


@pytest.mark.parametrize(
    "sanitized", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["shipped", "sanitized"]
)
@pytest.mark.parametrize("kernel", OPERATIONS)
def test_every_operation_is_described(kernel: str, sanitized: bool) -> None:
    listed = [line.split() for line in run(program(kernel, sanitized)).decode().splitlines()]
    assert {name: (int(i), int(o)) for name, i, o in listed} == {
        name: (len(operation.inputs), len(operation.outputs))
        for name, operation in OPERATIONS[kernel].items()
    }


@pytest.mark.parametrize(
    "sanitized", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["shipped", "sanitized"]
)
@pytest.mark.parametrize(("kernel", "name"), CASES, ids=["-".join(case) for case in CASES])
def test_results_and_bounds(kernel: str, name: str, sanitized: bool) -> None:
    operation, lanes = OPERATIONS[kernel][name], LANES[kernel]
    built = program(kernel, sanitized)
    limbs = len(operation.inputs[0].limits)
    given = list(islice(rows(operation, random.Random(f"{kernel} {name}")), operation.rows))
    calls = np.array(given, np.uint64).reshape(-1, lanes, len(operation.inputs), limbs)
    output = run(built, name, data=calls.transpose(0, 2, 3, 1).tobytes())
    found = np.frombuffer(output, np.uint64).reshape(-1, len(operation.outputs), limbs, lanes)
    results = found.transpose(0, 3, 1, 2).reshape(-1, len(operation.outputs), limbs).tolist()
    for row, result in zip(given, results, strict=True):
        for element, expected in zip(result, operation.outputs, strict=True):
            assert expected.holds(element), (row, element, expected.limits)
        values = [of.value(limbs) for of, limbs in zip(operation.inputs, row, strict=True)]
        outcomes = [of.value(limbs) for of, limbs in zip(operation.outputs, result, strict=True)]
        assert operation.relation(values, outcomes), (row, result)
