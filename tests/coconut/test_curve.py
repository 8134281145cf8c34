"""Points and pairings against a third library, on every backend."""

import importlib.util
import random
from collections.abc import Callable
from typing import Any

import py_arkworks_bls12381 as arkworks
import pytest

import credentials as cr
from credentials import _backends
from credentials.bls12381 import G1, G2, ORDER, Curve, Scalar, pick_curve
from credentials.bls12381.sums import FixedBase, sum_by_windows

EDGES = [0, 1, 2, 3, 2**127, 2**128, 2**128 + 1, ORDER // 2, ORDER // 2 + 1, ORDER - 2, ORDER - 1]


def _group(curve: Curve, number: int) -> Any:
    return (curve.g1, curve.g2)[number - 1]


def _third(number: int) -> Any:
    return (arkworks.G1Point, arkworks.G2Point)[number - 1]


def _multiple(number: int, scalar: int) -> bytes:
    """scalar * generator by the third library."""
    product = _third(number)() * arkworks.Scalar.from_be_bytes(scalar.to_bytes(32, "big"))
    return bytes(product.to_compressed_bytes())


def _points(group: Any, number: int, logs: list[int]) -> list[Any]:
    return [group.decode(_multiple(number, log), "a point", identity=True) for log in logs]


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("scalar", EDGES)
def test_multiples_of_the_generator(curve: Curve, number: int, scalar: int) -> None:
    group = _group(curve, number)
    wanted = _multiple(number, scalar)
    assert group.sum_public([group.generator], [Scalar(scalar)]).encode() == wanted
    plain = group.decode(group.generator.encode(), "the generator")
    assert group.sum_public([plain], [Scalar(scalar)]).encode() == wanted


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("scalar", EDGES)
def test_secret_multiples(number: int, scalar: int) -> None:
    group = _group(pick_curve("blst"), number)
    assert group.sum_secret([group.generator], [Scalar(scalar)]).encode() == _multiple(
        number, scalar
    )


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("n", [0, 1, 2, 7, 31, 32, 33, 70])
@pytest.mark.parametrize("bits", [1, 16, 128, 255])
def test_sums_of_products(curve: Curve, number: int, n: int, bits: int) -> None:
    draw = random.Random(1000 * n + bits)
    group = _group(curve, number)
    logs = [draw.randrange(ORDER) for _ in range(n)]
    scalars = [draw.getrandbits(bits) % ORDER for _ in range(n)]
    if n > 6:
        logs[1], logs[3], logs[4] = logs[0], ORDER - logs[2], 0  # equal, opposite, identity
        scalars[1:7] = [scalars[0], scalars[2], scalars[2], 5, 0, ORDER - 1]
    total = sum(log * scalar for log, scalar in zip(logs, scalars, strict=True)) % ORDER
    points = _points(group, number, logs)
    got = group.sum_public(points, [Scalar(scalar) for scalar in scalars])
    assert got.encode() == _multiple(number, total)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("width", range(1, 9))
def test_windows_of_every_width(number: int, width: int) -> None:
    group = _group(pick_curve("blst"), number)
    logs = [3, 5, 5, ORDER - 5, 7]
    scalars = [255, -128, 2**200 + 1, ORDER // 2, -1]
    points = [point._point for point in _points(group, number, logs)]
    got = sum_by_windows(
        list(zip(points, scalars, strict=True)), width, lambda point: -point
    ).compress()
    total = sum(log * scalar for log, scalar in zip(logs, scalars, strict=True)) % ORDER
    assert got == _multiple(number, total)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("width", [1, 2, 6, 8])
def test_tables_of_every_width(number: int, width: int) -> None:
    group = _group(pick_curve("blst"), number)
    (point,) = _points(group, number, [11])
    plain: Callable[[Any, int], Any] = lambda p, k: p.scalar_mul(k)  # noqa: E731
    base = FixedBase(point._point, plain, lambda p: -p, width, uses_before_table=1)
    for scalar in [*EDGES[1:], *EDGES[1:]]:  # the first without the table
        assert base.multiply(scalar).compress() == _multiple(number, 11 * scalar % ORDER)
    assert base.multiply(0) is None


@pytest.mark.parametrize("number", [1, 2])
def test_group_operations(curve: Curve, number: int) -> None:
    group = _group(curve, number)
    a, b, total, difference, opposite, zero = _points(
        group, number, [5, 9, 14, ORDER - 4, ORDER - 5, 0]
    )
    assert a + b == total
    assert a - b == difference
    assert -a == opposite
    assert a - a == zero == group.identity
    assert (a - a).is_identity
    assert not a.is_identity
    assert a != b
    assert hash(a + b) == hash(total)


def test_pairing_products(curve: Curve) -> None:
    (p2, p3, p6) = _points(curve.g1, 1, [2, 3, 6])
    (q3, q4, q1) = _points(curve.g2, 2, [3, 4, 1])
    identity1, identity2 = curve.g1.identity, curve.g2.identity
    one = curve.pairing_product_is_one
    assert one([])
    assert one([(p2, q3), (-p6, q1)])
    assert one([(p2, q3), (p2, q3), (-p3, q4)])
    assert one([(identity1, q3), (p2, identity2)])
    assert one([(p2, q3), (identity1, q4), (-p6, q1)])
    assert not one([(p2, q3), (-p6, q3)])
    assert not one([(p2, q3)])
    assert not one([(p2, q3), (p6, q1)])


def test_pairing_is_that_of_the_third_library(curve: Curve) -> None:
    draw = random.Random(3)
    for _ in range(3):
        a, b, c = (draw.randrange(1, ORDER) for _ in range(3))
        d = a * b * pow(c, -1, ORDER) % ORDER
        third = arkworks.GT.pairing_check(
            [
                arkworks.G1Point.from_compressed_bytes(_multiple(1, a)),
                arkworks.G1Point.from_compressed_bytes(_multiple(1, ORDER - c)),
            ],
            [
                arkworks.G2Point.from_compressed_bytes(_multiple(2, b)),
                arkworks.G2Point.from_compressed_bytes(_multiple(2, d)),
            ],
        )
        p, q = _points(curve.g1, 1, [a, ORDER - c])
        r, s = _points(curve.g2, 2, [b, d])
        assert third
        assert curve.pairing_product_is_one([(p, r), (q, s)])


def test_lists_of_different_lengths_are_refused(curve: Curve) -> None:
    with pytest.raises(cr.ArgumentError):
        curve.g1.sum_public([curve.g1.generator], [])
    with pytest.raises(cr.ArgumentError):
        curve.g1.sum_secret([], [Scalar(1)])


def test_types_are_checked(curve: Curve) -> None:
    with pytest.raises(cr.ArgumentTypeError):
        curve.g1.sum_public([curve.g2.generator], [Scalar(1)])  # type: ignore[list-item]
    with pytest.raises(cr.ArgumentTypeError):
        curve.g1.sum_public([curve.g1.generator], [1])  # type: ignore[list-item]
    with pytest.raises(cr.ArgumentTypeError):
        curve.g1.generator + curve.g2.generator  # type: ignore[operator]


@pytest.mark.parametrize("kind", [G1, G2])
def test_a_point_has_no_constructor(kind: type) -> None:
    with pytest.raises(TypeError):
        kind()


def test_points_do_not_change(curve: Curve) -> None:
    with pytest.raises(AttributeError):
        curve.g1.generator._point = None
    with pytest.raises(AttributeError):
        del curve.g1.generator._point


def test_backends_do_not_mix() -> None:
    if len(cr.available_backends()) < 2:
        pytest.skip("one backend only")
    a, b = (pick_curve(name) for name in cr.available_backends()[:2])
    with pytest.raises(cr.BackendError):
        a.g1.generator + b.g1.generator
    with pytest.raises(cr.BackendError):
        a.g1.sum_public([b.g1.generator], [Scalar(1)])
    with pytest.raises(cr.BackendError):
        a.pairing_product_is_one([(a.g1.generator, b.g2.generator)])


def test_without_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_backends.VARIABLE, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(_backends, "_found", _backends._found.__wrapped__)
    assert cr.available_backends() == ()
    assert cr.missing_backends()["blst"] == "the package pyblst is not installed"
    with pytest.raises(cr.BackendError, match=r'pip install "sphinxcore\[credentials\]"'):
        cr.deal_keys(cr.Parameters(attributes=2, domain=b"a"), threshold=2, authorities=3)


def test_blspy_takes_no_secrets() -> None:
    if "blspy" in cr.missing_backends():
        pytest.skip(cr.missing_backends()["blspy"])
    group = pick_curve("blspy").g1
    with pytest.raises(cr.BackendError, match="secrets"):
        group.sum_secret([group.generator], [Scalar(1)])
