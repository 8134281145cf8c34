"""Node keys: X25519 (RFC 7748)."""

from typing import Any

import numpy as np

from sphinxcore._backends import pick
from sphinxcore._checks import exact_bytes
from sphinxcore._curve import is_low_order, is_on_curve
from sphinxcore._secret import Secret
from sphinxcore.errors import SphinxError

KEY_SIZE = 32


class PublicKey:
    """A node's X25519 public key: a u-coordinate of 32 bytes, little endian.

    Equality and hash are those of the bytes.
    """

    __slots__ = ("_raw",)
    _raw: bytes

    def __init__(self) -> None:
        raise TypeError("use PublicKey.from_bytes()")

    @classmethod
    def from_bytes(cls, raw: Any) -> "PublicKey":
        """Take a key of 32 bytes.

        Raises SphinxError for other sizes and for the 14 encodings of points of low order: every
        shared secret with such a key is zero, so no packet to it would be secret.
        """
        self = cls.__new__(cls)
        self._raw = exact_bytes(raw, KEY_SIZE, "public key")
        if is_low_order(self._raw):
            raise SphinxError(
                f"public key {self._raw.hex()} is a point of low order: "
                "a key of a point of high order was expected"
            )
        return self

    def to_bytes(self) -> bytes:
        """The 32 bytes, exactly as they were given."""
        return self._raw

    @property
    def on_curve(self) -> bool:
        """Whether the point lies on Curve25519 itself and not on its twist. X25519 takes both."""
        return is_on_curve(self._raw)

    def __eq__(self, other: object) -> bool:
        return self._raw == other._raw if isinstance(other, PublicKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._raw)

    def __repr__(self) -> str:
        return f"PublicKey.from_bytes(bytes.fromhex({self._raw.hex()!r}))"

    def __reduce__(self) -> Any:
        return PublicKey.from_bytes, (self._raw,)


class PrivateKey(Secret):
    """A node's X25519 private key: 32 bytes, clamped when used."""

    __slots__ = ()

    @classmethod
    def generate(cls) -> "PrivateKey":
        """Draw a key from the operating system's randomness."""
        key: PrivateKey = cls._generate(KEY_SIZE)
        return key

    @classmethod
    def from_bytes(cls, raw: Any) -> "PrivateKey":
        """Take any 32 bytes. Raises SphinxError for other sizes."""
        key: PrivateKey = cls._of(exact_bytes(raw, KEY_SIZE, "private key"))
        return key

    @property
    def public_key(self) -> PublicKey:
        """The public key of this private key."""
        out = np.empty((1, KEY_SIZE), np.uint8)
        pick(None).x25519(np.frombuffer(self._secret, np.uint8).reshape(1, -1), None, out)
        return PublicKey.from_bytes(out)
