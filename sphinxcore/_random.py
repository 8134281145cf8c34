"""The one source of randomness. Tests and vectors/generate.py replace `fill`."""

import importlib.util
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from sphinxcore._checks import Bytes


def fill(out: Any) -> None:
    """Fill a writable buffer of bytes from the operating system.

    With the native module on Linux and macOS no copy is left, which could not be wiped.
    """
    if not _native_fill()(out):
        memoryview(out)[:] = os.urandom(len(out))


@cache
def _native_fill() -> Callable[[Any], bool]:
    if importlib.util.find_spec("sphinxcore._native") is None:
        return lambda out: False
    from sphinxcore._native import fill_random

    return fill_random


def random_bytes(size: int) -> bytes:
    """`size` bytes that are no secret, or not for long: bytes cannot be wiped."""
    drawn = bytearray(size)
    fill(drawn)
    return bytes(drawn)


def random_rows(n: int, size: int) -> Bytes:
    """(n, size) random bytes, which the caller wipes."""
    rows = np.empty((n, size), np.uint8)
    try:
        fill(rows.reshape(-1))
    except BaseException:
        rows.fill(0)
        raise
    return rows
