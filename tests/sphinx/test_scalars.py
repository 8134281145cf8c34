"""X25519 and products of scalars against OpenSSL and libsodium, at the values where limbs overflow.

No backend takes X25519 from OpenSSL, so that it can judge all of them.
"""

import hashlib
import random
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from nacl.bindings import crypto_scalarmult
from nacl.exceptions import RuntimeError as NaClRuntimeError
from network import LOW_ORDER

import sphinxcore as sx
from sphinxcore._curve import is_on_curve

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
"""Order of the prime subgroup."""
CURVE_ORDER = 8 * L
TWIST_ORDER = 2 * (P + 1) - CURVE_ORDER
BASE = (9).to_bytes(32, "little")
RANDOM_CASES = 1200

Rows = npt.NDArray[np.uint8]


def little(value: int) -> bytes:
    return (value % 2**256).to_bytes(32, "little")


def clamp(scalar: bytes) -> int:
    value = int.from_bytes(scalar, "little")
    return value & (2**255 - 8) | 2**254


def as_rows(values: Sequence[bytes]) -> Rows:
    return np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1)


def rng(seed: str) -> random.Random:
    return random.Random(hashlib.sha256(seed.encode()).digest())


def openssl(scalar: bytes, point: bytes) -> bytes:
    try:
        public = X25519PublicKey.from_public_bytes(point)
        return X25519PrivateKey.from_private_bytes(scalar).exchange(public)
    except ValueError:  # OpenSSL refuses to return zero
        return bytes(32)


def fold(scalars: Sequence[bytes], point: bytes) -> bytes:
    for scalar in scalars:
        try:
            point = crypto_scalarmult(scalar, point)
        except NaClRuntimeError:  # libsodium refuses to return zero
            point = bytes(32)
    return point


SPECIAL_SCALARS = [
    little(value)
    for value in (
        *range(10),
        *(L + i for i in range(-9, 10)),
        *(8 * L + i for i in (-8, -1, 0, 1, 8)),
        *(2**255 - 1 - i for i in range(9)),
        *(2**254 + i for i in (-8, -1, 0, 1, 7, 8)),
        2**256 - 1,
        P - 1,
        P,
        int("a5" * 32, 16),
    )
]


def nasty_points() -> list[bytes]:
    """Low order, not canonical, and with limbs at the bounds of radix 2^51, 2^52, 2^25.5, 2^64."""
    points = [*LOW_ORDER]
    for value in range(25):
        points += [little(value), little(P - value), little(P + value), little(2**255 - 1 - value)]
        points += [little(2**256 - 1 - value), little(2**255 + value)]
    for radix, limbs in ((51, 5), (52, 5), (26, 10), (64, 4), (32, 8), (28, 9)):
        for limb in range(1, limbs):
            for near in (-1, 0, 1):
                points += [
                    little(2 ** (radix * limb) + near),
                    little(P - 2 ** (radix * limb) + near),
                ]
        top = 2**radix
        values = (0, 1, 18, 19, 20, top // 2, top - 20, top - 19, top - 18, top - 2, top - 1)
        draw = rng(f"limbs of {radix} bits")
        for _ in range(60):
            chosen = [draw.choice(values) for _ in range(limbs)]
            points.append(little(sum(limb << radix * i for i, limb in enumerate(chosen))))
    return points


@cache
def x25519_cases() -> tuple[Rows, Rows, Rows]:
    """Scalars, points and results: random ones and special ones."""
    draw = rng("x25519")
    pairs = [(draw.randbytes(32), draw.randbytes(32)) for _ in range(RANDOM_CASES)]
    pairs += [(draw.randbytes(32), point) for point in nasty_points()]
    pairs += [(scalar, draw.randbytes(32)) for scalar in SPECIAL_SCALARS]
    pairs += [(draw.choice(SPECIAL_SCALARS), point) for point in nasty_points()]
    results = [openssl(*pair) for pair in pairs]
    scalars, points = zip(*pairs, strict=True)
    return as_rows(scalars), as_rows(points), as_rows(results)


def test_x25519(backend_name: str) -> None:
    scalars, points, results = x25519_cases()
    assert len(results) >= 2000
    on_curve = sum(is_on_curve(point.tobytes()) for point in points)
    assert 0.3 < on_curve / len(points) < 0.7  # both the curve and its twist
    out = sx.batch.x25519(scalars, points, backend=backend_name)
    wrong = np.flatnonzero((out != results).any(axis=1))
    assert [(scalars[i].tobytes().hex(), points[i].tobytes().hex()) for i in wrong] == []
    assert (out[:, 31] < 128).all()


@pytest.mark.parametrize("curve_first", [True, False], ids=["curve, then twist", "mixed"])
def test_x25519_twice(curve_first: bool, backend_name: str) -> None:
    """Rows with a point of the twist are computed in another way, and those beside them."""
    scalars, points, results = x25519_cases()
    if curve_first:
        order = np.argsort([not is_on_curve(point.tobytes()) for point in points], kind="stable")
        scalars, points, results = scalars[order], points[order], results[order]
    others = np.roll(scalars, 1, axis=0)
    expected = sx.batch.x25519(others, points, backend="python")
    for n in (0, 1, 7, 65, len(points)):
        found, other_found = np.empty((n, 32), np.uint8), np.empty((n, 32), np.uint8)
        sx.backend(backend_name).x25519_twice(
            scalars[:n], others[:n], points[:n], found, other_found
        )
        assert np.array_equal(found, results[:n])
        assert np.array_equal(other_found, expected[:n])


def test_x25519_base(backend_name: str) -> None:
    scalars = x25519_cases()[0]
    expected = [openssl(scalar.tobytes(), BASE) for scalar in scalars]
    assert sx.batch.x25519(scalars, backend=backend_name).tobytes() == b"".join(expected)
    assert sx.batch.x25519(scalars, BASE, backend=backend_name).tobytes() == b"".join(expected)


def test_x25519_iterated(backend_name: str) -> None:
    """RFC 7748, section 5.2: after 1 and 1,000 iterations."""
    k = u = np.frombuffer(BASE, np.uint8).reshape(1, 32)
    for i in range(1000):
        k, u = sx.batch.x25519(k, u, backend=backend_name), k
        if i == 0:
            first = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
            assert k.tobytes().hex() == first
    last = "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"
    assert k.tobytes().hex() == last


# Chains: one multiplication by a product in place of many ------------------------------------------


def chain(backend_name: str, scalars: Sequence[Sequence[bytes]], points: Sequence[bytes]) -> Rows:
    on_curve = np.array([is_on_curve(point) for point in points])
    out = np.empty((len(points), 32), np.uint8)
    factors = as_rows([b"".join(row) for row in scalars]).reshape(len(points), -1, 32)
    kept = factors.copy()
    sx.backend(backend_name).x25519_chain(factors, as_rows(points), on_curve, out)
    # Points that come again may be multiplied in another way.
    for _ in range(2):
        again = np.empty_like(out)
        sx.backend(backend_name).x25519_chain(factors, as_rows(points), on_curve, again)
        assert (again == out).all()
    assert (factors == kept).all()
    return out


def check_chain(
    backend_name: str, scalars: Sequence[Sequence[bytes]], points: Sequence[bytes]
) -> None:
    out = chain(backend_name, scalars, points)
    for i, (row, point) in enumerate(zip(scalars, points, strict=True)):
        assert out[i].tobytes() == fold(row, point), ([s.hex() for s in row], point.hex())


@pytest.mark.parametrize("links", range(1, 7))
def test_chains_of_random_scalars(links: int, backend_name: str) -> None:
    """Half of the points are on the twist; of those on the curve 7 in 8 have a torsion part."""
    draw = rng(f"{links} links")
    n = 130
    scalars = [[draw.randbytes(32) for _ in range(links)] for _ in range(n)]
    points = [draw.randbytes(32) for _ in range(n)]
    assert 20 < sum(map(is_on_curve, points)) < n - 20
    check_chain(backend_name, scalars, points)


@pytest.mark.parametrize("links", range(1, 7))
def test_chains_of_edge_scalars(links: int, backend_name: str) -> None:
    draw = rng(f"{links} edge links")
    n = 150
    scalars = [[draw.choice(SPECIAL_SCALARS) for _ in range(links)] for _ in range(n)]
    points = [draw.choice([BASE, draw.randbytes(32)]) for _ in range(n)]
    for extreme in (b"\xff" * 32, bytes(32), little(L - 1)):
        scalars.append([extreme] * links)
        points.append(BASE)
    check_chain(backend_name, scalars, points)


@pytest.mark.parametrize("links", [1, 2, 6])
def test_chains_from_nasty_points(links: int, backend_name: str) -> None:
    draw = rng(f"{links} links from nasty points")
    points = nasty_points()
    scalars = [[draw.randbytes(32) for _ in range(links)] for _ in points]
    check_chain(backend_name, scalars, points)


def test_chains_of_known_and_new_points_side_by_side(backend_name: str) -> None:
    draw = rng("known and new")
    known = [draw.randbytes(32) for _ in range(40)]
    for n in (1, 8, 9, 40):
        chain(backend_name, [[draw.randbytes(32)]] * n, known[:n])
        points = [draw.choice([*known, draw.randbytes(32)]) for _ in range(130)]
        check_chain(backend_name, [[draw.randbytes(32) for _ in range(3)] for _ in points], points)


def test_more_points_than_are_remembered(backend_name: str) -> None:
    n = 9000
    points = np.frombuffer(rng("many points").randbytes(32 * n), np.uint8).reshape(n, 32)
    scalar = np.broadcast_to(as_rows([b"\x55" * 32]), (n, 32))
    expected = sx.batch.x25519(scalar, points)
    on_curve = np.array([is_on_curve(point.tobytes()) for point in points])
    for first in (0, 8900, 0):
        out = np.empty((n - first, 32), np.uint8)
        rows = scalar[first:, None], points[first:], on_curve[first:], out
        sx.backend(backend_name).x25519_chain(*rows)
        assert (out == expected[first:]).all()


def test_chains_from_torsion_points_are_zero(backend_name: str) -> None:
    scalars = [[b"\x77" * 32, b"\x99" * 32]] * len(LOW_ORDER)
    assert not chain(backend_name, scalars, LOW_ORDER).any()


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 63, 64, 65])
def test_chains_of_all_batch_sizes(n: int, backend_name: str) -> None:
    draw = rng(f"batch of {n}")
    scalars = [[draw.randbytes(32) for _ in range(3)] for _ in range(n)]
    points = [draw.randbytes(32) for _ in range(n)]
    if n:
        check_chain(backend_name, scalars, points)
        check_chain(backend_name, scalars, [BASE] * n)
        check_chain(backend_name, scalars, [b"\2" + bytes(31)] * n)  # all on the twist
    else:
        out = np.empty((0, 32), np.uint8)
        sx.backend(backend_name).x25519_chain(
            np.empty((0, 3, 32), np.uint8), out, np.empty(0, np.bool_), out
        )


def factors_of(target: int, draw: random.Random) -> list[bytes]:
    """Two clamped scalars whose product is 8 * target modulo l."""
    while True:
        first = clamp(draw.randbytes(32))
        # first * second = 8 target with second = 8 m, 2^251 <= m < 2^252.
        m = target * pow(first, -1, L) % L
        if 2**251 <= m < 2**252:
            second = 8 * m
            assert clamp(little(second)) == second
            assert first * second % L == 8 * target % L
            return [little(first), little(second)]


TARGETS = (
    *range(1, 6),
    *(L - i for i in range(1, 6)),
    *(2**252 + i for i in range(-4, 5)),
    *((L - 2**252) // 2 + i for i in range(-2, 3)),
    *(L // 2 + i for i in range(-2, 3)),
    2**64,
    2**128 - 1,
    2**192,
    2**251,
)
"""Values of a product, in eighths: at both ends and where it needs more bits than 2^252 has."""


@pytest.mark.parametrize("target", TARGETS)
def test_products_at_the_bounds(target: int, backend_name: str) -> None:
    """Random scalars meet products above 2^252 (modulo l) once in 2^127 times: make them."""
    draw = rng(f"target {target}")
    scalars = [factors_of(target, draw) for _ in range(4)]
    points = [BASE, *(_on_curve(draw) for _ in range(3))]
    check_chain(backend_name, scalars, points)
    longer = [[*row, little(2**254 + 8 * i)] for i, row in enumerate(scalars)]
    check_chain(backend_name, longer, points)


def _on_curve(draw: random.Random) -> bytes:
    while True:
        point = draw.randbytes(32)
        if is_on_curve(point):
            return point


def test_products_that_are_one(backend_name: str) -> None:
    """8 target = 1 modulo l: the chain gives back the point, if that is in the prime subgroup."""
    draw = rng("one")
    target = pow(8, -1, L)
    scalars = [factors_of(target, draw) for _ in range(5)]
    assert chain(backend_name, scalars, [BASE] * 5).tobytes() == BASE * 5


def test_no_clamped_scalar_is_zero_modulo_the_orders() -> None:
    """So that no chain from a point of high order is zero, on the curve or on its twist."""
    for order in (L, TWIST_ORDER // 4):
        # A clamped scalar is 8 m with 2^251 <= m < 2^252; the order is a prime above that.
        assert order > 2**252
