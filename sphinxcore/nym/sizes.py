"""The five packet sizes of the network (crate nym-sphinx-params 2.0.0)."""

from enum import IntEnum

from sphinxcore._checks import integer
from sphinxcore.formats import NYM
from sphinxcore.nym.errors import NymError

ACK_ADDRESS_SIZE = 19
"""The first hop of an acknowledgement, padded: the longest form of a node address."""
EPHEMERAL_SIZE = 32
"""In front of an encrypted fragment: an X25519 public key, or the digest of a reply key."""


class PacketSize(IntEnum):
    """A packet size, by its tag on the wire. All properties are in bytes."""

    REGULAR = 1
    ACK = 2
    EXTENDED_32 = 3
    EXTENDED_8 = 4
    EXTENDED_16 = 5

    @property
    def plaintext_size(self) -> int:
        """What the final hop reads, without the padding of Sphinx."""
        return _PLAINTEXT_SIZES[self]

    @property
    def payload_size(self) -> int:
        """The Sphinx payload: payload_size= of build_packets()."""
        return self.plaintext_size + NYM.payload_overhead

    @property
    def packet_size(self) -> int:
        """The whole packet."""
        return NYM.packet_size(self.payload_size)

    @property
    def delivered_size(self) -> int:
        """What the last node gives its client: the plaintext less the acknowledgement block.

        An acknowledgement carries none, and is delivered whole.
        """
        return self.plaintext_size - (0 if self is PacketSize.ACK else ACK_BLOCK_SIZE)

    @property
    def fragment_size(self) -> int:
        """Room for a fragment with its header. Acknowledgements have none: raises NymError."""
        if self is PacketSize.ACK:
            raise NymError("an acknowledgement packet has no room for a fragment")
        return self.delivered_size - EPHEMERAL_SIZE

    @classmethod
    def of_packet(cls, size: int) -> "PacketSize":
        """The packet size of a packet of `size` bytes. Raises NymError for all other lengths."""
        return _with(_BY_PACKET_SIZE, size, "packet")

    @classmethod
    def of_payload(cls, size: int) -> "PacketSize":
        """The packet size that has a payload of `size` bytes, as of_packet()."""
        return _with(_BY_PAYLOAD_SIZE, size, "payload")


def _with(sizes: dict[int, PacketSize], size: int, what: str) -> PacketSize:
    try:
        return sizes[integer(size, 0, 2**63 - 1, "size")]
    except KeyError:
        known = ", ".join(map(str, sorted(sizes)))
        raise NymError(f"a {what} has one of {known} bytes, not {size}") from None


# An acknowledgement is an IV and an encrypted fragment identifier.
_PLAINTEXT_SIZES = {
    PacketSize.REGULAR: 2048,
    PacketSize.ACK: 16 + 5,
    PacketSize.EXTENDED_32: 32768,
    PacketSize.EXTENDED_8: 8192,
    PacketSize.EXTENDED_16: 16384,
}

ACK_BLOCK_SIZE = ACK_ADDRESS_SIZE + PacketSize.ACK.packet_size
"""An acknowledgement inside a data packet: where to send it first, and its packet."""

_BY_PACKET_SIZE = {size.packet_size: size for size in PacketSize}
_BY_PAYLOAD_SIZE = {size.payload_size: size for size in PacketSize}
