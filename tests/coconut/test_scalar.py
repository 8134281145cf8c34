"""Scalars are integers modulo r, checked where they enter."""

import pickle

import pytest

import credentials as cr
from credentials.bls12381 import ORDER, Scalar

SOME = [0, 1, 2, 2**128, ORDER // 2, ORDER - 1]


@pytest.mark.parametrize("a", SOME)
@pytest.mark.parametrize("b", SOME)
def test_arithmetic_is_modulo_r(a: int, b: int) -> None:
    x, y = Scalar(a), Scalar(b)
    for got, wanted in [
        (x + y, a + b),
        (x - y, a - b),
        (x * y, a * b),
        (-x, -a),
        (a + y, a + b),
        (a * y, a * b),
    ]:
        assert type(got) is Scalar
        assert int(got) == wanted % ORDER


def test_inverse() -> None:
    assert Scalar(3) * Scalar(3).inverse() == 1
    with pytest.raises(cr.ArgumentError):
        Scalar(0).inverse()


@pytest.mark.parametrize("value", SOME)
def test_encoding_round_trip(value: int) -> None:
    encoded = Scalar(value).encode()
    assert encoded == value.to_bytes(32, "big")
    assert Scalar.decode(encoded, "it") == value


@pytest.mark.parametrize("encoded", [ORDER, ORDER + 1, 2**256 - 1])
def test_decode_refuses_what_is_not_below_r(encoded: int) -> None:
    with pytest.raises(cr.DecodeError):
        Scalar.decode(encoded.to_bytes(32, "big"), "it")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_decode_refuses_other_lengths(size: int) -> None:
    with pytest.raises(cr.DecodeError):
        Scalar.decode(bytes(size), "it")


@pytest.mark.parametrize("value", [-1, ORDER])
def test_constructor_refuses_values_out_of_range(value: int) -> None:
    with pytest.raises(cr.ArgumentError):
        Scalar(value)


@pytest.mark.parametrize("value", [True, 1.0, "1", b"1"])
def test_constructor_refuses_other_types(value: object) -> None:
    with pytest.raises(cr.ArgumentTypeError):
        Scalar(value)  # type: ignore[arg-type]


def test_a_scalar_is_not_shown_or_pickled() -> None:
    scalar = Scalar(123456789)
    assert "123456789" not in f"{scalar} {scalar!r}"
    with pytest.raises(TypeError):
        pickle.dumps(scalar)
