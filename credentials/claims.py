"""What a verified show says."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NoReturn

from credentials.attributes import Value
from credentials.bls12381 import Scalar
from credentials.presentation import Shown


class Claims(Mapping[int, Value]):
    """The disclosed values by index, which the authorities signed. Immutable."""

    __slots__ = ("_values", "challenge", "nullifier")
    _values: Mapping[int, Value]
    challenge: bytes
    """32 bytes: the same for both encodings of one show. A replay cache keys on it."""
    nullifier: bytes | None
    """48 bytes: the same for all shows of one credential in one scope."""

    def __init__(self) -> None:
        raise TypeError("claims come from verify() and verify_batch()")

    def __getitem__(self, index: int) -> Value:
        return self._values[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("claims are immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("claims are immutable")

    def __repr__(self) -> str:
        return f"<Claims {dict(self._values)!r}>"


def make_claims(shown: Shown, challenge: Scalar) -> Claims:
    """The claims of a show that was verified."""
    claims = Claims.__new__(Claims)
    values = MappingProxyType({j: a.value for j, a in shown.disclosed.items()})
    nullifier = None if shown.nullifier is None else shown.nullifier.encode()
    object.__setattr__(claims, "_values", values)
    object.__setattr__(claims, "challenge", challenge.encode())
    object.__setattr__(claims, "nullifier", nullifier)
    return claims
