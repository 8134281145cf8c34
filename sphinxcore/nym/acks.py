"""Acknowledgements: small packets to oneself that travel inside a data packet.

The sender of a data packet puts one in front of the content; the last node cuts it off and sends
it on, so that its arrival tells the sender that the data packet got that far. It carries the
identifier of the fragment, encrypted with a key that only the sender has (crate
nym-sphinx-acknowledgements 2.0.0). Nothing authenticates it: it says no more than that somebody
sent it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sphinxcore import _random, batch
from sphinxcore._checks import Bytes, any_bytes, exact_bytes, instance, listed
from sphinxcore._secret import Secret
from sphinxcore._sender import Route
from sphinxcore.nym.addresses import NodeAddress
from sphinxcore.nym.errors import AckError, FragmentError
from sphinxcore.nym.fragments import FragmentId
from sphinxcore.nym.sizes import ACK_ADDRESS_SIZE, ACK_BLOCK_SIZE, PacketSize
from sphinxcore.packet import build_packets

_KEY_SIZE = 16
_IV_SIZE = 16
_ID_SIZE = 5
CONTENT_SIZE = _IV_SIZE + _ID_SIZE
"""What an acknowledgement delivers to its sender: an IV, and the encrypted identifier."""


class AckKey(Secret):
    """The AES-128 key that a client encrypts its acknowledgements with: 16 bytes."""

    __slots__ = ()

    @classmethod
    def generate(cls) -> "AckKey":
        """Draw a key from the operating system's randomness."""
        key: AckKey = cls._generate(_KEY_SIZE)
        return key

    @classmethod
    def from_bytes(cls, raw: Any) -> "AckKey":
        """Take any 16 bytes. Raises SphinxError for other sizes."""
        key: AckKey = cls._of(exact_bytes(raw, _KEY_SIZE, "acknowledgement key"))
        return key

    def encrypt(self, identifiers: Sequence[FragmentId], *, backend: str | None = None) -> Bytes:
        """(n, 21) contents of acknowledgements, with fresh IVs."""
        given = listed(identifiers, "identifiers", "a sequence of FragmentId")
        n = len(given)
        contents = np.empty((n, CONTENT_SIZE), np.uint8)
        contents[:, :_IV_SIZE] = _random.random_rows(n, _IV_SIZE)
        joined = b"".join([instance(one, FragmentId, "identifiers").to_bytes() for one in given])
        contents[:, _IV_SIZE:] = np.frombuffer(joined, np.uint8).reshape(n, _ID_SIZE)
        return self._crypt(contents, backend)

    def decrypt(
        self, contents: Sequence[Any], *, backend: str | None = None
    ) -> list[FragmentId | AckError]:
        """Identifiers from contents, or in their places why there is none.

        Contents have 21 bytes. One that was made with another key gives some other identifier, or
        an error.
        """
        contents = listed(contents, "contents", "a sequence of bytes")
        found: list[FragmentId | AckError] = []
        rows = []
        for content in contents:
            raw = any_bytes(content, "acknowledgement")
            if len(raw) == CONTENT_SIZE:
                rows.append(raw)
            found.append(AckError(f"an acknowledgement has {CONTENT_SIZE} bytes, not {len(raw)}"))
        joined = np.frombuffer(bytearray().join(rows), np.uint8).reshape(-1, CONTENT_SIZE)
        opened = iter(self._crypt(joined, backend)[:, _IV_SIZE:])
        return [
            _identifier(next(opened).tobytes()) if len(content) == CONTENT_SIZE else error
            for content, error in zip(contents, found, strict=True)
        ]

    def _crypt(self, contents: Bytes, backend: str | None) -> Bytes:
        key = np.frombuffer(self._secret, np.uint8)
        ivs, data = contents[:, :_IV_SIZE], contents[:, _IV_SIZE:]
        return np.hstack([ivs, batch.aes128_ctr(key, ivs, data, backend=backend)])


def _identifier(raw: bytes) -> FragmentId | AckError:
    try:
        return FragmentId.from_bytes(raw)
    except FragmentError as error:
        return AckError(f"the acknowledgement was not made with this key: {error}")


def build_ack_blocks(
    identifiers: Sequence[FragmentId],
    routes: Sequence[Route],
    key: AckKey,
    destination: bytes,
    *,
    backend: str | None = None,
    threads: int = 1,
) -> Bytes:
    """(n, 405) blocks that stand in front of data packets' contents.

    Args:
        identifiers: what the acknowledgements will say.
        routes: one each, to the sender's own gateway.
        destination: the sender's own identity, 32 bytes.
    """
    instance(key, AckKey, "key")
    routes = listed(routes, "routes", "a sequence of routes")
    packets = build_packets(
        routes,
        list(key.encrypt(identifiers, backend=backend)),
        destination=destination,
        payload_size=PacketSize.ACK.payload_size,
        backend=backend,
        threads=threads,
    )
    blocks = np.zeros((len(packets), ACK_BLOCK_SIZE), np.uint8)
    addresses = b"".join([route[0].address[:ACK_ADDRESS_SIZE] for route in routes])
    blocks[:, :ACK_ADDRESS_SIZE] = np.frombuffer(addresses, np.uint8).reshape(-1, ACK_ADDRESS_SIZE)
    blocks[:, ACK_ADDRESS_SIZE:] = packets
    return blocks


def read_ack_block(raw: Any) -> tuple[NodeAddress, bytes]:
    """First hop and packet of the acknowledgement in a block of 405 bytes.

    Raises AckError for other sizes, AddressError if the first hop is no address.
    """
    block = any_bytes(raw, "acknowledgement block")
    if len(block) != ACK_BLOCK_SIZE:
        raise AckError(f"an acknowledgement block has {ACK_BLOCK_SIZE} bytes, not {len(block)}")
    return NodeAddress.from_bytes(block[:ACK_ADDRESS_SIZE]), block[ACK_ADDRESS_SIZE:]
