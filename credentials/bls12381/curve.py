"""BLS12-381 over a backend."""

from collections.abc import Sequence
from functools import cache

from credentials._backends import Backend, backend, pick
from credentials.bls12381.points import G1, G2, PointGroup
from credentials.errors import BackendError


class Curve:
    """The curve of one backend: `g1` and `g2`, the hash to G1, products of pairings."""

    def __init__(self, chosen: Backend) -> None:
        self.name = chosen.name
        self.g1 = PointGroup(G1, chosen.g1)
        self.g2 = PointGroup(G2, chosen.g2)
        self._backend = chosen

    def hash_to_g1(self, message: bytes, tag: bytes) -> G1:
        """RFC 9380, BLS12381G1_XMD:SHA-256_SSWU_RO_."""
        return self.g1.wrap(self._backend.hash_to_g1(message, tag))

    def pairing_product_is_one(self, pairs: Sequence[tuple[G1, G2]]) -> bool:
        """Whether the product of e(a, b) over the pairs is 1: one final exponentiation."""
        for a, b in pairs:
            if a.backend != self.name or b.backend != self.name:
                raise BackendError(f"a point is not one of backend {self.name!r}")
        return self._backend.pairing_product_is_one(
            [(a._point, b._point) for a, b in pairs if not (a.is_identity or b.is_identity)]
        )


@cache
def _curve(name: str) -> Curve:
    return Curve(backend(name))


def pick_curve(name: str | None) -> Curve:
    """The curve on the backend `name`, else on the default one; one object per backend."""
    return _curve(pick(name).name)
