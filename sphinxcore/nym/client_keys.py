"""What a client of the network is: its keys, and the gateway it can be reached at."""

from typing import Any, NoReturn

from nacl.signing import SigningKey

from sphinxcore._checks import any_bytes, exact_bytes, instance
from sphinxcore._secret import Secret
from sphinxcore.keys import PrivateKey
from sphinxcore.nym.acks import AckKey
from sphinxcore.nym.addresses import Recipient

_SEED_SIZE = 32


class IdentityKey(Secret):
    """An Ed25519 private key (RFC 8032): a seed of 32 bytes."""

    __slots__ = ()

    @classmethod
    def generate(cls) -> "IdentityKey":
        """Draw a key from the operating system's randomness."""
        key: IdentityKey = cls._generate(_SEED_SIZE)
        return key

    @classmethod
    def from_bytes(cls, raw: Any) -> "IdentityKey":
        """Take any 32 bytes. Raises SphinxError for other sizes."""
        key: IdentityKey = cls._of(exact_bytes(raw, _SEED_SIZE, "identity key"))
        return key

    @property
    def public_key(self) -> bytes:
        """The identity, 32 bytes."""
        return bytes(SigningKey(bytes(self._secret)).verify_key)

    def sign(self, data: Any) -> bytes:
        """The signature of `data`, 64 bytes, as a gateway wants it at registration."""
        return SigningKey(bytes(self._secret)).sign(any_bytes(data, "data")).signature


class ClientKeys:
    """A client's three keys, and its gateway's identity.

    Args:
        identity: names the client; its public half is the destination in Sphinx packets.
        encryption: opens what senders encrypt inside the packets.
        acks: opens the acknowledgements that the client made itself.
        gateway: the gateway's Ed25519 identity, 32 bytes.
    """

    __slots__ = ("acks", "address", "encryption", "identity")
    identity: IdentityKey
    encryption: PrivateKey
    acks: AckKey
    address: Recipient
    """Where others send to."""

    def __init__(
        self, identity: IdentityKey, encryption: PrivateKey, acks: AckKey, *, gateway: Any
    ) -> None:
        self.identity = instance(identity, IdentityKey, "identity")
        self.encryption = instance(encryption, PrivateKey, "encryption")
        self.acks = instance(acks, AckKey, "acks")
        self.address = Recipient.from_bytes(
            identity.public_key
            + encryption.public_key.to_bytes()
            + exact_bytes(gateway, 32, "gateway")
        )

    @classmethod
    def generate(cls, *, gateway: Any) -> "ClientKeys":
        """Draw all three keys from the operating system's randomness."""
        keys = IdentityKey.generate(), PrivateKey.generate(), AckKey.generate()
        return cls(*keys, gateway=gateway)

    def __repr__(self) -> str:
        return f"<ClientKeys of {self.address}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("ClientKeys are secret: they are not pickled or copied")
