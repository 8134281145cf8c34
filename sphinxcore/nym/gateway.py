"""What passes between a client and its gateway: mix packets and pushed messages, sealed.

A client gives its gateway packets with the address of their first hop; the gateway gives it what
packets delivered. Both are encrypted with the key that the two agreed on at registration, and each
is one binary message of their websocket (crates nym-sphinx-forwarding and nym-gateway-requests
2.0.0). Registration itself is not part of this package.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from sphinxcore import _random
from sphinxcore._checks import any_bytes, exact_bytes, instance, integer, listed
from sphinxcore._secret import Secret
from sphinxcore.nym.addresses import NodeAddress
from sphinxcore.nym.errors import AddressError, GatewayError, NymError
from sphinxcore.nym.frames import PacketType
from sphinxcore.nym.rotation import KeyRotation
from sphinxcore.nym.sizes import PacketSize

_KEY_SIZE = 32
_NONCE_SIZE = 12
_TAG_SIZE = 16
# An envelope: kind, flag, nonce, then ciphertext and tag.
_NONCE_START = 2
_HEAD_SIZE = _NONCE_START + _NONCE_SIZE
_PLAIN, _ENCRYPTED = 0, 1


class RequestKind(IntEnum):
    """What a client asks of its gateway: to forward a mix packet, of the form with that number."""

    FORWARD_SPHINX = 1
    FORWARD_SPHINX_V2 = 2


class ResponseKind(IntEnum):
    """What a gateway sends its client."""

    PUSHED_MESSAGE = 1


Kind = TypeVar("Kind", RequestKind, ResponseKind)
Number = TypeVar("Number", bound=IntEnum)


_TYPES = {"first_hop": NodeAddress, "packet_type": PacketType, "key_rotation": KeyRotation}


@dataclass(frozen=True, slots=True)
class MixPacket:
    """A packet and the node to give it to. Only packets the network takes can be had.

    Raises GatewayError for lengths that are none of the five packet sizes, and for Outfox.
    """

    first_hop: NodeAddress
    packet: bytes = field(repr=False)
    packet_type: PacketType = PacketType.MIX
    key_rotation: KeyRotation = KeyRotation.UNKNOWN

    def __post_init__(self) -> None:
        for name, wanted in _TYPES.items():
            instance(getattr(self, name), wanted, name)
        object.__setattr__(self, "packet", any_bytes(self.packet, "packet"))
        try:
            PacketSize.of_packet(len(self.packet))
        except NymError as error:
            raise GatewayError(f"mix packet: {error}") from None
        if self.packet_type is PacketType.OUTFOX:
            raise GatewayError("mix packet: Outfox is no longer part of the network")

    def to_bytes(self, form: int = 2) -> bytes:
        """Type, in form 2 the key rotation, address without padding, packet."""
        head = [self.packet_type, self.key_rotation][: _form(form)]
        return bytes(head) + self.first_hop.to_bytes() + self.packet

    @classmethod
    def from_bytes(cls, raw: Any, form: int = 2) -> "MixPacket":
        """Read what to_bytes() gave; in form 1 the key rotation is unknown. Raises GatewayError."""
        data = any_bytes(raw, "mix packet")
        start = _form(form)
        if len(data) <= start:
            raise GatewayError(
                f"a mix packet of form {form} has more than {start} bytes, not {len(data)}"
            )
        packet_type = _member(PacketType, data[0], "mix packet")
        rotation = KeyRotation.UNKNOWN
        if start == 2:
            rotation = _member(KeyRotation, data[1], "mix packet")
        try:
            first_hop = NodeAddress.from_bytes(data[start:])
        except AddressError as error:
            raise GatewayError(f"mix packet: {error}") from None
        return cls(first_hop, data[start + first_hop.unpadded_size :], packet_type, rotation)


def _member(kinds: type[Number], number: int, what: str) -> Number:
    try:
        return kinds(number)
    except ValueError:
        known = ", ".join(str(int(kind)) for kind in kinds)
        raise GatewayError(
            f"{what}: {number} is no {kinds.__name__}, one of {known} was expected"
        ) from None


def _form(form: int) -> int:
    """The form of a mix packet, which is also how many bytes are in front of the address."""
    return integer(form, 1, 2, "form")


class GatewayKey(Secret):
    """What a client and its gateway agreed on at registration: an AES-256-GCM-SIV key, 32 bytes."""

    __slots__ = ()

    @classmethod
    def from_bytes(cls, raw: Any) -> "GatewayKey":
        """Take any 32 bytes. Raises SphinxError for other sizes."""
        key: GatewayKey = cls._of(exact_bytes(raw, _KEY_SIZE, "gateway key"))
        return key

    def _cipher(self) -> AESGCMSIV:
        try:
            return AESGCMSIV(self._secret)
        except UnsupportedAlgorithm:
            raise GatewayError(
                "the OpenSSL that the package cryptography is linked with lacks AES-GCM-SIV: "
                "version 3.2 or later was expected"
            ) from None

    def seal(self, kind: RequestKind | ResponseKind, plaintext: Any) -> bytes:
        """Encrypt with a fresh nonce: kind, flag, nonce, ciphertext and tag.

        Raises GatewayError for an empty plaintext, which not every OpenSSL encrypts.
        """
        if not isinstance(kind, RequestKind | ResponseKind):
            raise TypeError(f"kind must be RequestKind or ResponseKind, not {type(kind).__name__}")
        data = any_bytes(plaintext, "plaintext")
        if not data:
            raise GatewayError("envelope: the plaintext is empty, at least one byte was expected")
        nonce = _random.random_bytes(_NONCE_SIZE)
        sealed = self._cipher().encrypt(nonce, data, None)
        return bytes([kind, _ENCRYPTED]) + nonce + sealed

    def open(
        self, blob: Any, kinds: type[Kind], *, allow_plaintext: bool = False
    ) -> tuple[Kind, bytes]:
        """Kind and plaintext of what was sealed. Raises GatewayError.

        The kind is not authenticated, and the same number means another thing in each direction.

        Args:
            kinds: RequestKind in a gateway, ResponseKind in a client.
            allow_plaintext: take blobs whose flag says that they are not encrypted, too. Anybody
                on the way can have made these.
        """
        if kinds is not RequestKind and kinds is not ResponseKind:
            raise TypeError(f"kinds must be RequestKind or ResponseKind itself, not {kinds!r:.40}")
        instance(allow_plaintext, bool, "allow_plaintext")
        data = any_bytes(blob, "blob")
        if len(data) < _HEAD_SIZE:
            raise GatewayError(f"an envelope has at least {_HEAD_SIZE} bytes, not {len(data)}")
        number, flag = data[:_NONCE_START]
        if flag not in (_PLAIN, _ENCRYPTED):
            raise GatewayError(f"the flag of an envelope is 0 or 1, not {flag}")
        kind = _member(kinds, number, "envelope")
        nonce, content = data[_NONCE_START:_HEAD_SIZE], data[_HEAD_SIZE:]
        if flag == _PLAIN:
            if not allow_plaintext:
                raise GatewayError("an envelope that is not encrypted: encryption was expected")
            return kind, content
        if len(content) < _TAG_SIZE:
            raise GatewayError(
                f"an encrypted envelope has at least {_HEAD_SIZE + _TAG_SIZE} bytes, not {len(data)}"
            )
        try:
            return kind, self._cipher().decrypt(nonce, content, None)
        except InvalidTag:
            raise GatewayError("an envelope was changed, or sealed with another key") from None


def seal_packets(key: GatewayKey, packets: Iterable[MixPacket], form: int = 2) -> list[bytes]:
    """An envelope for each packet. Gateways of protocol 5 and later take form 2, earlier ones 1."""
    kind = RequestKind(_form(form))
    instance(key, GatewayKey, "key")
    given = listed(packets, "packets", "a sequence of MixPacket")
    plain = [instance(packet, MixPacket, "packets").to_bytes(form) for packet in given]
    return [key.seal(kind, packet) for packet in plain]


def open_packet(key: GatewayKey, blob: Any, *, allow_plaintext: bool = False) -> MixPacket:
    """The packet in a client's envelope, of either form. Raises GatewayError."""
    instance(key, GatewayKey, "key")
    kind, plaintext = key.open(blob, RequestKind, allow_plaintext=allow_plaintext)
    return MixPacket.from_bytes(plaintext, kind)


def seal_message(key: GatewayKey, message: Any) -> bytes:
    """The envelope in which a gateway gives its client what a packet delivered."""
    return instance(key, GatewayKey, "key").seal(ResponseKind.PUSHED_MESSAGE, message)


def open_message(key: GatewayKey, blob: Any, *, allow_plaintext: bool = False) -> bytes:
    """What a packet delivered, from a gateway's envelope. Raises GatewayError."""
    instance(key, GatewayKey, "key")
    _, message = key.open(blob, ResponseKind, allow_plaintext=allow_plaintext)
    return message
