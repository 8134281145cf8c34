"""Backend `blst`: the library blst through pyblst.

pyblst 0.3 has no multi-scalar and no multi-pairing function, and a short scalar costs it as much
as a full one. Its multiplication is blst's constant-time one over 256 bits; before that it
reduces the scalar as a big integer. Its `uncompress` checks the encoding, the curve and the
subgroup, and accepts the identity.
"""

from collections.abc import Sequence
from typing import Any

import pyblst

from credentials.bls12381.additive import AdditiveGroup, Library
from credentials.bls12381.constants import G1_GENERATOR, G1_SIZE, G2_GENERATOR, G2_SIZE

_NAME = "blst"


def _negate(point: Any) -> Any:
    return -point


def _group(point: Any, size: int, generator: bytes, multiplication: int, uses: int) -> Any:
    """The group of a class of points.

    multiplication: one `scalar_mul`, in additions as Python runs them; uses: a table's cost in
    multiplications saved by it. Both were measured with pyblst 0.3.15 on a Zen 4.
    """
    library = Library(
        decode=point.uncompress,
        encode=point.compress,
        negate=_negate,
        multiply=point.scalar_mul,
        multiplication=multiplication,
        table_width=6,
        uses_before_table=uses,
    )
    return AdditiveGroup(_NAME, size, point(), point.uncompress(generator), library)


class BlstBackend:
    """See credentials._backends.Backend."""

    name = _NAME

    def __init__(self) -> None:
        self.g1 = _group(pyblst.BlstP1Element, G1_SIZE, G1_GENERATOR, 105, 27)
        self.g2 = _group(pyblst.BlstP2Element, G2_SIZE, G2_GENERATOR, 100, 39)
        self._one = pyblst.BlstFP12Element()

    def hash_to_g1(self, message: bytes, tag: bytes) -> Any:
        return pyblst.BlstP1Element.hash_to_group(message, tag)

    def pairing_product_is_one(self, pairs: Sequence[tuple[Any, Any]]) -> bool:
        product = self._one
        for a, b in pairs:
            product = product * pyblst.miller_loop(a, b)
        return bool(pyblst.final_verify(product, self._one))


def make() -> BlstBackend:
    """The backend."""
    return BlstBackend()
