"""The one source of randomness. Tests and vectors replace `random_bytes`."""

import os

from credentials.bls12381 import ORDER, WIDE_SIZE, Scalar


def random_bytes(size: int) -> bytes:
    """`size` bytes from the operating system: fresh after a fork, too."""
    return os.urandom(size)


def random_scalar() -> Scalar:
    """A uniform scalar in [1, r)."""
    while True:
        value = int.from_bytes(random_bytes(WIDE_SIZE), "big") % ORDER
        if value:
            return Scalar(value)
