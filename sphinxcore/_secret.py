"""The base of every object that holds a secret."""

import hmac
from collections.abc import Sequence
from functools import cache
from typing import Any, NoReturn

import numpy as np

from sphinxcore import _random
from sphinxcore._checks import Bytes


class Secret:
    """Bytes that are not shown, not pickled or copied, compared in constant time and wiped.

    The bytes live in one bytearray, which is zeroed when the object goes. Copies that the Python
    runtime makes (`to_bytes()`, arguments of other libraries) cannot be: see SECURITY.md.
    """

    __slots__ = ("_secret", "_zeros")
    _secret: bytearray
    _zeros: bytearray
    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        raise TypeError(f"use the constructors of {type(self).__name__}, such as from_bytes()")

    @classmethod
    def _of(cls, *parts: Any) -> Any:
        """An object with these bytes, of which no other copy is made."""
        self = cls.__new__(cls)
        self._zeros = _zeros(sum(memoryview(part).nbytes for part in parts))
        self._secret = bytearray().join(parts)
        return self

    @classmethod
    def _generate(cls, size: int) -> Any:
        """An object with random bytes, of which no other copy is made."""
        self = cls._of(bytes(size))
        _random.fill(self._secret)
        return self

    def to_bytes(self) -> bytes:
        """The secret itself, as from_bytes() takes it."""
        return bytes(self._secret)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return hmac.compare_digest(self._secret, other._secret)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is secret: it is not pickled or copied")

    def _wipe(self) -> None:
        self._secret[:] = self._zeros  # takes no memory: it works where there is none

    def __del__(self) -> None:
        if hasattr(self, "_secret"):
            self._wipe()


@cache
def _zeros(size: int) -> bytearray:
    """Zeros, for reading only. There are few sizes."""
    return bytearray(size)


def secret_rows(secrets: Sequence[Any], size: int) -> Bytes:
    """(n, size) copies of secrets; the caller wipes them."""
    joined = bytearray().join(secrets)
    try:
        return np.frombuffer(joined, np.uint8).reshape(len(secrets), size)
    except BaseException:
        for i in range(len(joined)):  # takes no memory
            joined[i] = 0
        raise
