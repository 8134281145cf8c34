"""A backend's group over a library whose points only have `+`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from credentials.bls12381.sums import FixedBase, best_width, signed, sum_by_windows
from credentials.errors import BackendError

_SHORT = 129
"""Longest scalar, in bits, that counts as short: coefficients of 128 bits plus one."""


@dataclass(frozen=True, slots=True)
class Library:
    """What the library offers for one group, and what it costs, as measured."""

    decode: Callable[[bytes], Any]
    encode: Callable[[Any], bytes]
    negate: Callable[[Any], Any]
    multiply: Callable[[Any, int], Any] | None
    """Its multiplication, in constant time, if it has one."""
    multiplication: int
    """What a multiplication costs, in additions; without one, more than any sum of windows."""
    table_width: int
    uses_before_table: int


class AdditiveGroup:
    """G1 or G2 of a backend, with sums of products made of additions where that is faster."""

    def __init__(
        self, backend: str, size: int, identity: Any, generator: Any, library: Library
    ) -> None:
        self.backend = backend
        self.size = size
        self.identity = identity
        self.generator = generator
        self.decode = library.decode
        self.encode = library.encode
        self.negate = library.negate
        self._library = library

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def equal(self, a: Any, b: Any) -> bool:
        return bool(a == b)

    def base(self, point: Any) -> FixedBase:
        library = self._library
        return FixedBase(
            point,
            self._multiply_public,
            library.negate,
            library.table_width,
            library.uses_before_table,
        )

    def multiply_secret(self, point: Any, scalar: int) -> Any:
        multiply = self._library.multiply
        if multiply is None:
            raise BackendError(
                f"backend {self.backend!r} does not compute with secrets: use another for this"
            )
        return multiply(point, scalar)

    def sum_public(self, points: Sequence[Any], scalars: Sequence[int]) -> Any:
        parts = []
        by_scalar: dict[int, Any] = {}  # points with the same scalar are added before
        for point, scalar in zip(points, scalars, strict=True):
            if isinstance(point, FixedBase):
                part = point.multiply(scalar)
                if part is not None:
                    parts.append(part)
            elif scalar:
                other = by_scalar.get(scalar)
                by_scalar[scalar] = point if other is None else other + point
        parts += self._products([(point, signed(k)) for k, point in by_scalar.items()])
        if not parts:
            return self.identity
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def _multiply_public(self, point: Any, scalar: int) -> Any:
        (product,) = self._products([(point, signed(scalar))])
        return product

    def _products(self, terms: list[tuple[Any, int]]) -> list[Any]:
        """Parts of the sum of point * k, k != 0: by whichever split costs fewest additions."""
        if not terms:
            return []
        each = self._library.multiplication
        lengths = [abs(k).bit_length() for _, k in terms]
        if max(lengths) >= each * len(terms):  # so many doublings alone cost more
            return [self._multiply_one(point, k) for point, k in terms]
        plans = [(each * len(terms), 0, 0)]  # cost, longest scalar in windows, their width
        for longest in {min(max(lengths), _SHORT), max(lengths)}:
            inside = [length for length in lengths if length <= longest]
            if inside:
                cost, width = best_width(len(inside), sum(inside), longest)
                plans.append((cost + each * (len(terms) - len(inside)), longest, width))
        _, longest, width = min(plans)
        windows = [term for term, length in zip(terms, lengths, strict=True) if length <= longest]
        single = [term for term, length in zip(terms, lengths, strict=True) if length > longest]
        parts = [self._multiply_one(point, k) for point, k in single]
        if windows:
            parts.append(sum_by_windows(windows, width, self.negate))
        return parts

    def _multiply_one(self, point: Any, k: int) -> Any:
        multiply = self._library.multiply
        if multiply is None:  # the plan never asks for what does not exist
            raise BackendError(f"backend {self.backend!r} has no multiplication")
        return multiply(self.negate(point), -k) if k < 0 else multiply(point, k)
