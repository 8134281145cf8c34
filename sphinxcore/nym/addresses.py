"""Who is addressed: nodes by IP address and port, clients by keys, unknown senders by a tag."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from sphinxcore import _random
from sphinxcore._checks import any_bytes, integer
from sphinxcore.nym import base58
from sphinxcore.nym.edwards import is_point
from sphinxcore.nym.errors import AddressError, NymError

KEY_SIZE = 32
RECIPIENT_SIZE = 3 * KEY_SIZE
SENDER_TAG_SIZE = 16

# The first byte of a node address, and how long the address is that follows it and the port.
_V4, _V6 = 4, 6
_HOST_START = 3
_UNPADDED_SIZES = {_V4: _HOST_START + 4, _V6: _HOST_START + 16}

_V4_TEXT = re.compile(r"([0-9.]{1,15}):([0-9]{1,5})")
_V6_TEXT = re.compile(r"\[([0-9a-fA-F:.]{1,45})(?:%[0-9]{1,10})?\]:([0-9]{1,5})")


@dataclass(frozen=True, slots=True, repr=False)
class NodeAddress:
    """Where a node listens. A scope id of an IPv6 host is dropped: it has no place on the wire."""

    host: IPv4Address | IPv6Address
    port: int

    def __post_init__(self) -> None:
        if type(self.host) not in (IPv4Address, IPv6Address):
            raise TypeError(
                f"host must be IPv4Address or IPv6Address, not {type(self.host).__name__}"
            )
        if isinstance(self.host, IPv6Address) and self.host.scope_id is not None:
            object.__setattr__(self, "host", IPv6Address(self.host.packed))
        object.__setattr__(self, "port", integer(self.port, 0, 2**16 - 1, "port"))

    @classmethod
    def from_text(cls, text: str) -> "NodeAddress":
        """Read 1.2.3.4:1789 or [::1]:1789. Raises AddressError for all else, host names too."""
        wanted = "1.2.3.4:1789 or [::1]:1789 was expected"
        for pattern, host in ((_V4_TEXT, IPv4Address), (_V6_TEXT, IPv6Address)):
            if match := pattern.fullmatch(_checked_text(text)):
                try:
                    return cls(host(match[1]), int(match[2]))
                except ValueError:
                    raise AddressError(f"no such node address: {text}; {wanted}") from None
        raise AddressError(f"a text of {len(text)} characters is no node address: {wanted}")

    @classmethod
    def from_bytes(cls, raw: Any) -> "NodeAddress":
        """Read type (4 or 6), port and host: 7 or 19 bytes. What follows them is not looked at."""
        data = any_bytes(raw, "node address")
        if not data:
            raise AddressError("a node address is empty: 7 bytes or 19 were expected")
        try:
            size = _UNPADDED_SIZES[data[0]]
        except KeyError:
            raise AddressError(f"a node address has type 4 or 6, not {data[0]}") from None
        if len(data) < size:
            raise AddressError(
                f"a node address of type {data[0]} has {size} bytes, not {len(data)}"
            )
        port, host = int.from_bytes(data[1:_HOST_START], "big"), data[_HOST_START:size]
        return cls(IPv4Address(host) if data[0] == _V4 else IPv6Address(host), port)

    @property
    def unpadded_size(self) -> int:
        """Length of to_bytes(): 7 for IPv4, 19 for IPv6."""
        return _UNPADDED_SIZES[self.host.version]

    def to_bytes(self) -> bytes:
        """Type, port and host, without padding."""
        return bytes([self.host.version]) + self.port.to_bytes(2, "big") + self.host.packed

    def padded(self, size: int = 32) -> bytes:
        """With zeros up to `size` bytes, as in Sphinx headers. Nothing is cut if it is longer."""
        return self.to_bytes().ljust(integer(size, 0, 2**16 - 1, "size"), b"\0")

    def __str__(self) -> str:
        if isinstance(self.host, IPv4Address):
            return f"{self.host}:{self.port}"
        # Before 3.13 Python does not write these with dots, as RFC 5952 and the network do.
        mapped = self.host.ipv4_mapped
        return f"[{self.host if mapped is None else f'::ffff:{mapped}'}]:{self.port}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True, repr=False)
class Recipient:
    """A client: Ed25519 identity, X25519 encryption key, and its gateway's Ed25519 identity.

    32 bytes each, kept as they were given. Identities must be points, in the network's lenient
    reading (see edwards.py); of the encryption key only the length is checked.
    """

    identity: bytes
    encryption_key: bytes
    gateway: bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", _identity(self.identity, "identity key"))
        object.__setattr__(self, "encryption_key", _key(self.encryption_key, "encryption key"))
        object.__setattr__(self, "gateway", _identity(self.gateway, "gateway key"))

    @classmethod
    def from_text(cls, text: str) -> "Recipient":
        """Read identity.encryption@gateway, each in base58. Raises AddressError."""
        if _checked_text(text).count("@") != 1:
            raise AddressError("a recipient has exactly one '@', in front of its gateway key")
        client, gateway = text.split("@")
        if client.count(".") != 1:
            raise AddressError("a recipient has exactly one '.' between its two keys")
        identity, encryption_key = client.split(".")
        # Each key is checked before the next one is read: the first bad one is reported.
        return cls(
            _identity(_decoded(identity, KEY_SIZE, "identity key"), "identity key"),
            _key(_decoded(encryption_key, KEY_SIZE, "encryption key"), "encryption key"),
            _identity(_decoded(gateway, KEY_SIZE, "gateway key"), "gateway key"),
        )

    @classmethod
    def from_bytes(cls, raw: Any) -> "Recipient":
        """Read the three keys, 96 bytes. Raises AddressError."""
        data = _sized(raw, RECIPIENT_SIZE, "recipient")
        return cls(*(data[i : i + KEY_SIZE] for i in range(0, RECIPIENT_SIZE, KEY_SIZE)))

    def to_bytes(self) -> bytes:
        """The three keys, 96 bytes."""
        return self.identity + self.encryption_key + self.gateway

    def __str__(self) -> str:
        identity, encryption_key, gateway = map(
            base58.encode, (self.identity, self.encryption_key, self.gateway)
        )
        return f"{identity}.{encryption_key}@{gateway}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True, repr=False)
class SenderTag:
    """What a sender without a name is known by to whom it sends reply SURBs: 16 random bytes."""

    raw: bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "raw", _sized(self.raw, SENDER_TAG_SIZE, "sender tag"))

    @classmethod
    def generate(cls) -> "SenderTag":
        """Draw a tag from the operating system's randomness."""
        return cls(_random.random_bytes(SENDER_TAG_SIZE))

    @classmethod
    def from_text(cls, text: str) -> "SenderTag":
        """Read base58. Raises AddressError."""
        return cls(_decoded(text, SENDER_TAG_SIZE, "sender tag"))

    @classmethod
    def from_bytes(cls, raw: Any) -> "SenderTag":
        """Take 16 bytes. Raises AddressError."""
        return cls(raw)

    def to_bytes(self) -> bytes:
        """The 16 bytes."""
        return self.raw

    def __str__(self) -> str:
        return base58.encode(self.raw)

    __repr__ = __str__


def _checked_text(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"text must be str, not {type(text).__name__}")
    return text


def _decoded(text: str, size: int, what: str) -> bytes:
    try:
        return base58.decode(text, size)
    except NymError as error:
        raise AddressError(f"{what}: {error}") from None


def _sized(raw: Any, size: int, what: str) -> bytes:
    data = any_bytes(raw, what)
    if len(data) != size:
        raise AddressError(f"{what} must be {size} bytes, not {len(data)}")
    return data


def _key(raw: Any, what: str) -> bytes:
    return _sized(raw, KEY_SIZE, what)


def _identity(raw: Any, what: str) -> bytes:
    key = _key(raw, what)
    if not is_point(key):
        raise AddressError(f"{what} {key.hex()} is not a point of Ed25519")
    return key
