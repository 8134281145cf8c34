"""The base of every object that holds a secret."""

import hmac
from typing import Any, NoReturn


class Secret:
    """Bytes that are not shown, not pickled or copied, compared in constant time and wiped.

    The bytes live in one bytearray, which is zeroed when the object goes. Copies that the Python
    runtime makes (`to_bytes()`, arguments of other libraries) cannot be: see SECURITY.md.
    """

    __slots__ = ("_secret",)
    _secret: bytearray
    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        raise TypeError(f"use the constructors of {type(self).__name__}, such as from_bytes()")

    @classmethod
    def _of(cls, raw: bytes | bytearray) -> Any:
        self = cls.__new__(cls)
        self._secret = bytearray(raw)
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
        self._secret[:] = bytes(len(self._secret))

    def __del__(self) -> None:
        if hasattr(self, "_secret"):
            self._wipe()
