"""Backend `blspy`: public data only.

blspy multiplies no arbitrary point, so products are windows of additions, whose time depends on
the scalar. Its pairing includes the final exponentiation, and its GTElement.unity() is not the 1
that pairings give, so the 1 is taken from a pairing with the identity.
"""

from collections.abc import Sequence
from typing import Any

import blspy

from credentials.bls12381.additive import AdditiveGroup, Library
from credentials.bls12381.constants import G1_GENERATOR, G1_SIZE, G2_GENERATOR, G2_SIZE

_NAME = "blspy"


def _negate(point: Any) -> Any:
    return point.negate()


def _group(point: Any, size: int, generator: bytes) -> Any:
    library = Library(
        decode=point.from_bytes,
        encode=bytes,
        negate=_negate,
        multiply=None,
        multiplication=1 << 20,
        table_width=6,
        uses_before_table=10,
    )
    return AdditiveGroup(_NAME, size, point(), point.from_bytes(generator), library)


class BlspyBackend:
    """See credentials._backends.Backend."""

    name = _NAME

    def __init__(self) -> None:
        self.g1 = _group(blspy.G1Element, G1_SIZE, G1_GENERATOR)
        self.g2 = _group(blspy.G2Element, G2_SIZE, G2_GENERATOR)
        self._one = self.g1.identity.pair(self.g2.generator)

    def hash_to_g1(self, message: bytes, tag: bytes) -> Any:
        return blspy.G1Element.from_message(message, tag)

    def pairing_product_is_one(self, pairs: Sequence[tuple[Any, Any]]) -> bool:
        product = self._one
        for a, b in pairs:
            product = product * a.pair(b)
        return bool(product == self._one)


def make() -> BlspyBackend:
    """The backend."""
    return BlspyBackend()
