"""Points of G1 and G2: immutable, and always in the subgroup."""

from collections.abc import Sequence
from typing import Any, Generic, NoReturn, Self, TypeVar

from credentials._backends import Group
from credentials.bls12381.scalar import Scalar
from credentials.errors import ArgumentError, ArgumentTypeError, BackendError, DecodeError


class Point:
    """A point of a backend. Equality and hash are those of its encoding."""

    __slots__ = ("_encoded", "_factor", "_group", "_point")
    _group: Group
    _point: Any
    _factor: Any
    """The point as sum_public() takes it: itself, or a base with a table."""
    _encoded: bytes | None

    def __init__(self) -> None:
        raise TypeError("points are decoded, hashed to, or computed")

    @classmethod
    def _of(cls, group: Group, point: Any, encoded: bytes | None = None) -> Self:
        self = object.__new__(cls)
        put = object.__setattr__
        put(self, "_group", group)
        put(self, "_point", point)
        put(self, "_factor", point)
        put(self, "_encoded", encoded)
        return self

    def as_base(self) -> Self:
        """The same point, for many sum_public() calls."""
        base = self._of(self._group, self._point, self._encoded)
        object.__setattr__(base, "_factor", self._group.base(self._point))
        return base

    @property
    def backend(self) -> str:
        """Name of the backend."""
        return self._group.backend

    @property
    def is_identity(self) -> bool:
        """Whether this is the neutral element."""
        return self._group.equal(self._point, self._group.identity)

    def encode(self) -> bytes:
        """The compressed encoding."""
        if self._encoded is None:
            object.__setattr__(self, "_encoded", self._group.encode(self._point))
        encoded = self._encoded
        if encoded is None:
            raise TypeError("the backend encoded nothing")
        return encoded

    def _checked(self, other: Any) -> Any:
        if type(other) is not type(self):
            raise ArgumentTypeError(
                f"a {type(self).__name__} was expected, not {type(other).__name__}"
            )
        if other._group is not self._group:
            raise BackendError(f"points of {self.backend!r} and {other.backend!r} do not mix")
        return other._point

    def __add__(self, other: Self) -> Self:
        return self._of(self._group, self._group.add(self._point, self._checked(other)))

    def __sub__(self, other: Self) -> Self:
        negative = self._group.negate(self._checked(other))
        return self._of(self._group, self._group.add(self._point, negative))

    def __neg__(self) -> Self:
        return self._of(self._group, self._group.negate(self._point))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        if other._group is self._group:
            return self._group.equal(self._point, other._point)
        return self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash(self.encode())

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("points are immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("points are immutable")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("points are not pickled: use their encoding")


class G1(Point):
    """A point of G1."""

    __slots__ = ()


class G2(Point):
    """A point of G2."""

    __slots__ = ()


P = TypeVar("P", bound=Point)


class PointGroup(Generic[P]):
    """G1 or G2 of a backend: where points come from, and sums of products."""

    def __init__(self, kind: type[P], group: Group) -> None:
        self._kind = kind
        self._group = group
        self.size = group.size
        self.identity = kind._of(group, group.identity)
        self.generator = kind._of(group, group.generator).as_base()

    def decode(self, encoded: bytes, what: str, *, identity: bool = False) -> P:
        """The point of a canonical encoding, checked to be on the curve and in the subgroup.

        Raises DecodeError, also for the identity unless it is allowed.
        """
        if type(encoded) is not bytes or len(encoded) != self.size:
            raise DecodeError(f"{what} is not a point: {self.size} bytes were expected")
        try:
            point = self._group.decode(encoded)
        except ValueError:
            raise DecodeError(
                f"{what} is not the encoding of a point of the subgroup {self._kind.__name__}"
            ) from None
        found = self._kind._of(self._group, point, encoded)
        if not identity and found.is_identity:
            raise DecodeError(f"{what} is the identity")
        return found

    def wrap(self, point: Any) -> P:
        """A point that the backend computed."""
        return self._kind._of(self._group, point)

    def sum_public(self, points: Sequence[P], scalars: Sequence[Scalar]) -> P:
        """Sum of scalar * point. Its time depends on the values: public data only."""
        self._check(points, scalars)
        # Plain integers: the difference of two Scalars is one again, and never negative.
        plain = [int(scalar) for scalar in scalars]
        return self.wrap(self._group.sum_public([point._factor for point in points], plain))

    def sum_secret(self, points: Sequence[P], scalars: Sequence[Scalar]) -> P:
        """Sum of scalar * point by single multiplications in constant time.

        Raises BackendError on a backend that takes no secrets.
        """
        self._check(points, scalars)
        total = self._group.identity
        for point, scalar in zip(points, scalars, strict=True):
            product = self._group.multiply_secret(point._point, int(scalar))
            total = self._group.add(total, product)
        return self.wrap(total)

    def _check(self, points: Sequence[P], scalars: Sequence[Scalar]) -> None:
        if len(points) != len(scalars):
            raise ArgumentError(f"{len(points)} points and {len(scalars)} scalars do not match")
        for point in points:
            if type(point) is not self._kind:
                raise ArgumentTypeError(
                    f"a {self._kind.__name__} was expected, not {type(point).__name__}"
                )
            if point._group is not self._group:
                raise BackendError(
                    f"points of {self._group.backend!r} and {point.backend!r} do not mix"
                )
        for scalar in scalars:
            if type(scalar) is not Scalar:
                raise ArgumentTypeError(f"a Scalar was expected, not {type(scalar).__name__}")
