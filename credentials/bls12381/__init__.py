"""BLS12-381: checked types over a backend."""

from credentials.bls12381.constants import (
    G1_SIZE,
    G2_SIZE,
    ORDER,
    SCALAR_SIZE,
    WIDE_SIZE,
)
from credentials.bls12381.curve import Curve, pick_curve
from credentials.bls12381.hashing import expand_message, hash_to_scalar, hash_to_scalars
from credentials.bls12381.points import G1, G2
from credentials.bls12381.scalar import Scalar

__all__ = [
    "G1",
    "G1_SIZE",
    "G2",
    "G2_SIZE",
    "ORDER",
    "SCALAR_SIZE",
    "WIDE_SIZE",
    "Curve",
    "Scalar",
    "expand_message",
    "hash_to_scalar",
    "hash_to_scalars",
    "pick_curve",
]
