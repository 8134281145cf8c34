"""The one source of randomness. Tests and vectors/generate.py replace `random_bytes`."""

import os

import numpy as np

from sphinxcore._checks import Bytes


def random_bytes(size: int) -> bytes:
    """`size` bytes from the operating system."""
    return os.urandom(size)


def random_rows(n: int, size: int) -> Bytes:
    """(n, size) random bytes, writable so that they can be wiped."""
    return np.frombuffer(bytearray(random_bytes(n * size)), np.uint8).reshape(n, size)
