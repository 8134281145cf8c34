"""Sums of products over a library that only adds points and multiplies one of them.

All of this branches on its scalars, so it is for public ones.
"""

from collections.abc import Callable, Sequence
from typing import Any

from credentials.bls12381.constants import ORDER

_HALF = ORDER // 2
_BITS = ORDER.bit_length()
_WIDEST = 8


def signed(scalar: int) -> int:
    """The same scalar modulo r, between -r/2 and r/2: small negative ones get short."""
    return scalar - ORDER if scalar > _HALF else scalar


def window_cost(n: int, bits: int, longest: int, width: int) -> int:
    """Additions that sum_by_windows() makes for n scalars of `bits` bits in all."""
    windows = longest // width + 1
    buckets = 1 << (width - 1)
    return n + (bits + n) // width + windows * (buckets + min(n, buckets)) + longest


def best_width(n: int, bits: int, longest: int) -> tuple[int, int]:
    """(additions, width) of the window width that needs the fewest additions."""
    return min((window_cost(n, bits, longest, width), width) for width in range(1, _WIDEST + 1))


def sum_by_windows(
    terms: Sequence[tuple[Any, int]], width: int, negate: Callable[[Any], Any]
) -> Any:
    """Sum of point * k, k != 0: Pippenger's buckets with digits in -2^(width-1)..2^(width-1).

    None, if there are no terms.
    """
    half, full = 1 << (width - 1), 1 << width
    rows: list[list[Any]] = []
    for point, k in terms:
        if k < 0:
            point, k = negate(point), -k
        negative = negate(point)
        place = 0
        while k:
            digit = k & (full - 1)
            k >>= width
            if place == len(rows):
                rows.append([None] * (half + 1))
            if digit:
                row = rows[place]
                if digit > half:
                    digit = full - digit
                    k += 1
                    row[digit] = negative if row[digit] is None else row[digit] + negative
                else:
                    row[digit] = point if row[digit] is None else row[digit] + point
            place += 1
    total = None
    for row in reversed(rows):
        if total is not None:
            for _ in range(width):
                total = total + total
        running = partial = None
        for bucket in reversed(row):  # the last one, row[0], is never filled and adds no weight
            if running is not None:
                partial = running if partial is None else partial + running
            if bucket is not None:
                running = bucket if running is None else running + bucket
        if partial is not None:
            total = partial if total is None else total + partial
    return total


class FixedBase:
    """A point that is multiplied often: from the `uses_before_table`-th time on, from a table.

    Row i holds 1..2^(width-1) times 2^(width*i) times the point, so that a product is one
    addition per digit and no doubling. A table costs about as much as it saves in that many uses.
    """

    __slots__ = ("_multiply", "_negate", "_rows", "_uses", "_width", "point")

    def __init__(
        self,
        point: Any,
        multiply: Callable[[Any, int], Any],
        negate: Callable[[Any], Any],
        width: int,
        uses_before_table: int,
    ) -> None:
        self.point = point
        self._multiply = multiply
        self._negate = negate
        self._width = width
        self._uses = uses_before_table
        self._rows: list[list[Any]] | None = None

    def multiply(self, scalar: int) -> Any:
        """scalar * point, for a scalar in [0, r), or None for zero."""
        rows = self._rows
        if rows is None:
            self._uses -= 1
            if self._uses >= 0:
                return self._multiply(self.point, scalar) if scalar else None
            rows = self._rows = self._table()
        width = self._width
        half, full = 1 << (width - 1), 1 << width
        total = None
        place = 0
        k = scalar - ORDER if scalar > _HALF else scalar
        negative = k < 0
        if negative:
            k = -k
        while k:
            digit = k & (full - 1)
            k >>= width
            if digit:
                if digit > half:
                    k += 1
                    part = self._negate(rows[place][full - digit])
                else:
                    part = rows[place][digit]
                total = part if total is None else total + part
            place += 1
        return self._negate(total) if negative and total is not None else total

    def _table(self) -> list[list[Any]]:
        rows = []
        step = self.point
        for _ in range(_BITS // self._width + 1):
            row = [None, step]
            for _ in range((1 << (self._width - 1)) - 1):
                row.append(row[-1] + step)
            rows.append(row)
            step = row[-1] + row[-1]
        return rows
