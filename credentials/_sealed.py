"""Bases of the public types: values that do not change, and values that are secret."""

import hmac
from typing import Any, NoReturn, Self


class Sealed:
    """A value that only its own module makes, and that nothing changes afterwards."""

    __slots__ = ()

    def __init__(self) -> None:
        raise TypeError(f"{type(self).__name__} has no constructor of its own")

    @classmethod
    def _make(cls, **fields: Any) -> Self:
        self = cls.__new__(cls)
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        return self

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is not pickled: use to_bytes() and from_bytes()")


class Encoded(Sealed):
    """A public value that is what its bytes are: equality and hash are theirs."""

    __slots__ = ()

    def to_bytes(self) -> bytes:
        """The canonical encoding, as from_bytes() takes it."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Secret(Sealed):
    """A value whose secret scalars live in one bytearray.

    It is not shown, pickled or copied, is compared in constant time, and the bytearray is zeroed
    when the object goes. The integers and points made from it cannot be: see README.md.
    """

    __slots__ = ("_secret",)
    _secret: bytearray
    __hash__ = None  # type: ignore[assignment]

    def to_bytes(self) -> bytes:
        """The secret itself, as from_bytes() takes it."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return hmac.compare_digest(self.to_bytes(), other.to_bytes())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __copy__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is secret: it is not copied")

    def __deepcopy__(self, memo: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is secret: it is not copied")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is secret: it is not pickled or copied")

    def _wipe(self) -> None:
        self._secret[:] = bytes(len(self._secret))

    def __del__(self) -> None:
        if hasattr(self, "_secret"):
            self._wipe()
