"""Keys from a trusted dealer."""

from collections.abc import Mapping
from types import MappingProxyType

from credentials import lagrange
from credentials._checks import instance, integer
from credentials._random import random_scalar
from credentials._sealed import Sealed
from credentials.bls12381 import Scalar
from credentials.keys import ShareFields, SigningKeyShare, VerificationKey, VerificationKeyShare
from credentials.parameters import Parameters
from credentials.suite import HIGHEST_EPOCH, MOST_AUTHORITIES


class DealtKeys(Sealed):
    """What a dealer hands out: to each authority its own share, to everybody the rest."""

    __slots__ = ("key_shares", "shares", "verification_key")
    shares: Mapping[int, SigningKeyShare]
    verification_key: VerificationKey
    key_shares: Mapping[int, VerificationKeyShare]

    def __repr__(self) -> str:
        return f"<DealtKeys of {len(self.shares)}>"


def deal_keys(
    parameters: Parameters, *, threshold: int, authorities: int, key_epoch: int = 0
) -> DealtKeys:
    """Draw a key and share it: any `threshold` of the `authorities` (ids 1..n) sign together.

    Whoever runs this could keep the whole key: use it where one dealer is trusted.
    """
    instance(parameters, Parameters, "parameters")
    integer(authorities, 1, MOST_AUTHORITIES, "authorities")
    integer(threshold, 1, authorities, "threshold")
    integer(key_epoch, 0, HIGHEST_EPOCH, "key_epoch")
    ids = range(1, authorities + 1)
    while True:
        polynomials = [
            [random_scalar() for _ in range(threshold)] for _ in range(parameters.attributes + 1)
        ]
        secrets = [polynomial[0] for polynomial in polynomials]
        rows = {i: [lagrange.evaluate(p, i) for p in polynomials] for i in ids}
        if all(_usable(row) for row in (secrets, *rows.values())):
            break
    key = _public_key(parameters, key_epoch, secrets)
    shares = {}
    for i, row in rows.items():
        fields = ShareFields(
            digest=key.digest,
            key_epoch=key_epoch,
            share_epoch=0,
            threshold=threshold,
            authorities=authorities,
            id=i,
        )
        shares[i] = SigningKeyShare._of(parameters, fields, row)
    return DealtKeys._make(
        shares=MappingProxyType(shares),
        verification_key=key,
        key_shares=MappingProxyType(
            {i: share.verification_key_share() for i, share in shares.items()}
        ),
    )


def _usable(secrets: list[Scalar]) -> bool:
    """x and y_j are not zero and the y_j are distinct; that they are not never happens."""
    return all(secrets) and len(set(secrets[1:])) == len(secrets) - 1


def _public_key(parameters: Parameters, key_epoch: int, secrets: list[Scalar]) -> VerificationKey:
    curve = parameters.curve
    in_g2 = [curve.g2.sum_secret([curve.g2.generator], [secret]) for secret in secrets]
    in_g1 = [curve.g1.sum_secret([curve.g1.generator], [secret]) for secret in secrets[1:]]
    return VerificationKey._of(parameters, key_epoch, (in_g2[0], tuple(in_g2[1:]), tuple(in_g1)))
