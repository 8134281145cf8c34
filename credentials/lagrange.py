"""Interpolation over distinct authority ids."""

from collections.abc import Sequence
from math import lcm, prod

from credentials.bls12381 import ORDER, Scalar


def at_zero(ids: Sequence[int]) -> tuple[list[Scalar], Scalar]:
    """(numerators, factor): the value at zero is factor * sum of numerator * value.

    Over a common denominator the numerators are small integers for small ids, so that their
    products with points are cheap.
    """
    numerators = [prod(k for k in ids if k != i) for i in ids]
    denominators = [prod(k - i for k in ids if k != i) for i in ids]
    common = lcm(*denominators)
    scaled = [n * (common // d) for n, d in zip(numerators, denominators, strict=True)]
    return [Scalar.reduce(n) for n in scaled], Scalar.reduce(common).inverse()


def dual_weights(ids: Sequence[int]) -> list[Scalar]:
    """v_i = 1 / prod (i - k): sum of v_i * f(i) * p(i) is zero for all deg f + deg p <= n - 2."""
    return [Scalar.reduce(pow(prod(i - k for k in ids if k != i), -1, ORDER)) for i in ids]


def evaluate(coefficients: Sequence[Scalar], x: int) -> Scalar:
    """The polynomial, lowest coefficient first, at x."""
    value = Scalar(0)
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value
