"""Parameters: what a key signs, and on which curve backend."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from credentials._checks import integer, sized_bytes
from credentials._sealed import Sealed
from credentials.attributes import Attribute, Kind
from credentials.bls12381 import G1, Curve, pick_curve
from credentials.encoding import Reader
from credentials.errors import ArgumentError, ArgumentTypeError, DecodeError
from credentials.suite import GENERATOR_TAG, LONGEST_DOMAIN, MOST_ATTRIBUTES

_DOMAIN_LENGTH_SIZE = 2


@cache
def _generator(curve: Curve, j: int) -> G1:
    """hs_j: nobody knows its discrete logarithm."""
    return curve.hash_to_g1(j.to_bytes(4, "big"), GENERATOR_TAG).as_base()


class Parameters(Sealed):
    """The schema of a key (number and kinds of attributes, domain) and a curve backend.

    Keys, and all that is made with them, carry their parameters.
    """

    __slots__ = ("curve", "domain", "generators", "kinds", "nullifier", "schema")
    curve: Curve
    domain: bytes
    kinds: tuple[Kind, ...]
    """Kind of attribute j at j - 1."""
    nullifier: int | None
    """Index of the nullifier secret."""
    generators: tuple[G1, ...]
    schema: bytes
    """The encoded schema."""

    def __init__(
        self,
        attributes: int | Sequence[Kind],
        domain: Any,
        nullifier: int | None = None,
        backend: str | None = None,
    ) -> None:
        """Describe a key.

        Args:
            attributes: how many (1..64), each of any kind; or the kind of each.
            domain: 1..255 bytes that name the application.
            nullifier: index of the attribute that is the single-use secret: a random scalar that
                the wallet draws and never discloses. Kind.SCALAR is this attribute's alone.
            backend: a curve backend, else the one that SPHINXCORE_CURVE names, else the best.
        """
        kinds = _kinds(attributes)
        if nullifier is not None:
            integer(nullifier, 1, len(kinds), "nullifier")
            if kinds[nullifier - 1] not in (Kind.ANY, Kind.SCALAR):
                raise ArgumentError(f"the nullifier attribute {nullifier} must be a scalar")
            kinds[nullifier - 1] = Kind.SCALAR
        for j, kind in enumerate(kinds, 1):
            if kind is Kind.SCALAR and j != nullifier:
                raise ArgumentError(f"attribute {j} is a scalar and not the nullifier")
        name = sized_bytes(domain, 1, LONGEST_DOMAIN, "domain")
        schema = bytes([len(kinds), *kinds, nullifier or 0])
        schema += len(name).to_bytes(_DOMAIN_LENGTH_SIZE, "big") + name
        curve = pick_curve(backend)
        for field, value in (
            ("curve", curve),
            ("domain", name),
            ("kinds", tuple(kinds)),
            ("nullifier", nullifier),
            ("generators", tuple(_generator(curve, j) for j in range(1, len(kinds) + 1))),
            ("schema", schema),
        ):
            object.__setattr__(self, field, value)

    @classmethod
    def _read(cls, reader: Reader, backend: str | None) -> "Parameters":
        """The schema at the reader's place. Raises DecodeError."""
        count = reader.integer(1)
        if not 1 <= count <= MOST_ATTRIBUTES:
            raise DecodeError(f"a key has 1..{MOST_ATTRIBUTES} attributes, not {count}")
        numbers = reader.take(count)
        index = reader.integer(1)
        domain = reader.take(reader.integer(_DOMAIN_LENGTH_SIZE))
        allowed = {int(kind) for kind in Kind}
        if not allowed.issuperset(numbers):
            raise DecodeError(f"the schema has an unknown kind: {numbers.hex()}")
        kinds = [Kind(number) for number in numbers]
        if index > count or (index and kinds[index - 1] is not Kind.SCALAR):
            raise DecodeError(f"the schema's nullifier attribute {index} is not a scalar")
        try:
            return cls(kinds, domain, index or None, backend)
        except ArgumentError as error:
            raise DecodeError(f"the schema is not valid: {error}") from None

    @property
    def attributes(self) -> int:
        """Number of attributes, q."""
        return len(self.kinds)

    @property
    def backend(self) -> str:
        """Name of the curve backend."""
        return self.curve.name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameters):
            return NotImplemented
        return (self.schema, self.backend) == (other.schema, other.backend)

    def __hash__(self) -> int:
        return hash((self.schema, self.backend))

    def __repr__(self) -> str:
        kinds = ", ".join(f"Kind.{kind.name}" for kind in self.kinds)
        return (
            f"Parameters([{kinds}], {self.domain!r}, nullifier={self.nullifier}, "
            f"backend={self.backend!r})"
        )

    def _attribute(self, j: int, value: Any) -> Attribute:
        """The value of attribute j, which is not the nullifier, as the schema wants it."""
        attribute = Attribute(value, f"attribute {j}")
        kind = self.kinds[j - 1]
        if kind not in (Kind.ANY, attribute.kind):
            raise ArgumentError(
                f"attribute {j} must be {kind.name.lower()}, not {attribute.kind.name.lower()}"
            )
        return attribute

    def _typed(self, values: Any, what: str) -> dict[int, Attribute]:
        """A caller's mapping of index to value, ascending."""
        if not isinstance(values, Mapping):
            raise ArgumentTypeError(f"{what} must be a mapping, not {type(values).__name__}")
        given = dict(values)
        for j in given:
            integer(j, 1, self.attributes, f"an index in {what}")
            if j == self.nullifier:
                raise ArgumentError(f"attribute {j} is the nullifier: the wallet draws it")
        return {j: self._attribute(j, given[j]) for j in sorted(given)}


def _kinds(attributes: Any) -> list[Kind]:
    if isinstance(attributes, int):
        return [Kind.ANY] * integer(attributes, 1, MOST_ATTRIBUTES, "attributes")
    if isinstance(attributes, str) or not isinstance(attributes, Sequence):
        raise ArgumentTypeError("attributes must be a number or a list of kinds")
    for kind in attributes:
        if not isinstance(kind, Kind):
            raise ArgumentTypeError(f"a kind must be a Kind, not {type(kind).__name__}")
    integer(len(attributes), 1, MOST_ATTRIBUTES, "the number of attributes")
    return list(attributes)
