"""Checks of what callers pass: a wrong type is a TypeError, a wrong value a SphinxError."""

import os
from collections.abc import Iterable, Sequence
from operator import index
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sphinxcore.errors import SphinxError

Bytes = npt.NDArray[np.uint8]
T = TypeVar("T")


def instance(value: Any, kind: type[T], what: str) -> T:
    """`value`, which must be of this class."""
    if not isinstance(value, kind):
        raise TypeError(f"{what} must be {kind.__name__}, not {type(value).__name__}")
    return value


def listed(values: Any, what: str, wanted: str) -> list[Any]:
    """An iterable as a list. Bytes, text and dicts iterate too, but are never meant as such."""
    one = isinstance(values, str | bytes | bytearray | memoryview | dict)
    if one or not isinstance(values, Iterable):
        raise TypeError(f"{what} must be {wanted}, not {type(values).__name__}")
    return list(values)


def function(value: T, what: str) -> T:
    """`value`, which must be callable."""
    if not callable(value):
        raise TypeError(f"{what} must be callable, not {type(value).__name__}")
    return value


def path_text(value: Any, what: str) -> str:
    """The path of a file as text."""
    try:
        return os.fsdecode(value)
    except TypeError:
        raise TypeError(f"{what} must be str or a path, not {type(value).__name__}") from None


def exact_bytes(value: Any, size: int, what: str) -> bytes:
    """`value`, a bytes-like object of `size` bytes, as bytes."""
    raw = any_bytes(value, what)
    if len(raw) != size:
        raise SphinxError(f"{what} must be {size} bytes, not {len(raw)}")
    return raw


def any_bytes(value: Any, what: str) -> bytes:
    """`value`, a bytes-like object, as bytes."""
    if isinstance(value, bytes):
        return value
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise TypeError(f"{what} must be bytes, not {type(value).__name__}") from None


def integer(value: Any, low: int, high: int, what: str) -> int:
    """`value` as an int in low..high."""
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{what} must be an int, not {type(value).__name__}") from None
    if not low <= number <= high:
        raise SphinxError(f"{what} must be in {low}..{high}, not {number}")
    return number


def number(value: Any, low: float, high: float, what: str) -> float:
    """`value`, an int or a float in low..high."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what} must be a number, not {type(value).__name__}")
    if not low <= value <= high:  # NaN neither
        raise SphinxError(f"{what} must be in {low:g}..{high:g}, not {value}")
    return value


def column(value: Any, n: int, kinds: str, what: str, wanted: str) -> npt.NDArray[Any]:
    """`value` as an (n,) array of one of the dtype kinds."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise SphinxError(f"{what} must have the shape ({n},)") from None
    # An empty list has no type to be wrong.
    empty = isinstance(value, list | tuple) and not value
    if array.dtype.kind not in kinds and not empty:
        raise TypeError(f"{what} must be an (n,) array of {wanted}, not of {array.dtype}")
    if array.shape != (n,):
        raise SphinxError(f"{what} must have the shape ({n},), not {array.shape}")
    return array


def one_per_row(value: Any, n: int, size: int, what: str) -> Bytes:
    """(n, size) bytes from one value for all rows, or from a sequence or array of one per row."""
    if isinstance(value, bytes | bytearray | memoryview):
        row = np.frombuffer(exact_bytes(value, size, what), np.uint8)
        return np.broadcast_to(row, (n, size))
    if isinstance(value, np.ndarray):
        if value.dtype != np.uint8:
            raise TypeError(f"{what} must be an array of uint8, not of {value.dtype}")
        if value.shape not in ((size,), (n, size)):
            raise SphinxError(
                f"{what} must have the shape ({size},) or ({n}, {size}), not {value.shape}"
            )
        return np.broadcast_to(value, (n, size))
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{what} must be bytes or a sequence of bytes, not {type(value).__name__}")
    if len(value) != n:
        raise SphinxError(f"{what}: one for each of the {n} rows was expected, not {len(value)}")
    joined = b"".join([exact_bytes(row, size, what) for row in value])
    return np.frombuffer(joined, np.uint8).reshape(n, size)
