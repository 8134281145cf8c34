"""Checks of what callers pass."""

from collections.abc import Iterable
from typing import Any

from credentials.errors import ArgumentError, ArgumentTypeError


def any_bytes(value: Any, what: str) -> bytes:
    """A bytes-like object as bytes: a copy, if it could change."""
    if type(value) is bytes:
        return value
    if not isinstance(value, bytes | bytearray | memoryview):
        raise ArgumentTypeError(f"{what} must be bytes, not {type(value).__name__}")
    return bytes(value)


def sized_bytes(value: Any, low: int, high: int, what: str) -> bytes:
    """A bytes-like object of low..high bytes as bytes."""
    raw = any_bytes(value, what)
    if not low <= len(raw) <= high:
        wanted = f"{low}" if low == high else f"{low}..{high}"
        raise ArgumentError(f"{what} must be {wanted} bytes, not {len(raw)}")
    return raw


def integer(value: Any, low: int, high: int, what: str) -> int:
    """An int in low..high: no bool, and nothing that only behaves like an int."""
    if type(value) is not int:
        raise ArgumentTypeError(f"{what} must be an int, not {type(value).__name__}")
    if not low <= value <= high:
        raise ArgumentError(f"{what} must be in {low}..{high}, not {value}")
    return value


def listed(values: Any, what: str) -> list[Any]:
    """An iterable as a list: a copy, which no other thread changes."""
    if not isinstance(values, Iterable):
        raise ArgumentTypeError(f"{what} must be iterable, not {type(values).__name__}")
    return list(values)


def instance(value: Any, kind: type | tuple[type, ...], what: str) -> None:
    """Refuse a value that is not of this type."""
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        names = " or ".join(k.__name__ for k in kinds)
        raise ArgumentTypeError(f"{what} must be a {names}, not {type(value).__name__}")
