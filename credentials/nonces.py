"""Hedged nonces: as secret as the secrets even if the system's randomness fails."""

from collections.abc import Sequence

from credentials import _random
from credentials.bls12381 import Scalar, hash_to_scalars
from credentials.suite import NONCE_TAG

_FRESH_SIZE = 32


def nonces(count: int, secrets: Sequence[Scalar], statement: bytes) -> list[Scalar]:
    """`count` scalars from the prover's secrets, 32 fresh bytes and the statement."""
    secret = b"".join([scalar.encode() for scalar in secrets])
    fresh = _random.random_bytes(_FRESH_SIZE)
    return hash_to_scalars(secret + fresh + statement, NONCE_TAG, count)
