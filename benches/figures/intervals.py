"""Confidence intervals of medians, from the order of the samples alone.

A median lies between the k-th smallest and the k-th largest of n samples, unless fewer than k of
them fell on one of its sides: the chance of that is binomial, whatever the samples' distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, exp, hypot, inf, log, nan
from statistics import median


@dataclass(frozen=True, slots=True)
class Interval:
    """A median and what it lies between."""

    low: float
    middle: float
    high: float

    def over(self, other: "Interval") -> "Interval":
        """The quotient of two independent positive medians, of about the same confidence as both.

        On a logarithmic scale their distances to an end add up as errors do: by squares.
        """
        if not (self.low > 0 and other.low > 0):
            return Interval(0, self.middle / other.middle if other.middle > 0 else nan, inf)
        middle = self.middle / other.middle
        down = hypot(log(self.middle / self.low), log(other.high / other.middle))
        up = hypot(log(self.high / self.middle), log(other.middle / other.low))
        return Interval(middle * exp(-down), middle, middle * exp(up))


def of_median(samples: Sequence[float], error: float) -> Interval:
    """Misses the median of positive numbers with a probability of at most `error`.

    With too few samples for that it reaches from 0 to infinity.
    """
    n = len(samples)
    if not n:
        return Interval(0, nan, inf)
    ordered = sorted(samples)
    k, tail = 0, 0.0
    while True:  # tail: the chance that at most k samples lie on one given side
        tail += comb(n, k) / 2**n
        if 2 * tail > error:
            break
        k += 1
    if k == 0:
        return Interval(0, median(ordered), inf)
    return Interval(ordered[k - 1], median(ordered), ordered[n - k])
