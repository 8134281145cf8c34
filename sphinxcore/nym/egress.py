"""What the last node does with a payload: one part is the client's, one goes on."""

from dataclasses import dataclass, field
from typing import Any

from sphinxcore._checks import any_bytes
from sphinxcore.nym.acks import read_ack_block
from sphinxcore.nym.addresses import NodeAddress
from sphinxcore.nym.errors import MessageError
from sphinxcore.nym.sizes import ACK_BLOCK_SIZE, PacketSize
from sphinxcore.packet import recover_message


@dataclass(frozen=True, slots=True)
class Delivery:
    """A payload at the end of its route, taken apart."""

    data: bytes = field(repr=False)
    """For the client that the packet's destination names."""
    ack_first_hop: NodeAddress | None
    """Where to send the acknowledgement, at once; None if the packet is one itself."""
    ack_packet: bytes | None = field(repr=False)


def deliver(payload: Any) -> Delivery:
    """Take apart the payload of a DELIVER row, by the size of its packet.

    Raises SphinxError if the payload was changed on its way, and its subclass NymError if it is of
    none of the five sizes, too short for an acknowledgement, or has a malformed one.
    """
    raw = any_bytes(payload, "payload")
    size = PacketSize.of_payload(len(raw))
    data = recover_message(raw)
    if size is PacketSize.ACK:
        return Delivery(data, None, None)
    if len(data) < ACK_BLOCK_SIZE:
        raise MessageError(
            f"a data packet begins with an acknowledgement of {ACK_BLOCK_SIZE} bytes, "
            f"but has {len(data)} bytes in all"
        )
    first_hop, packet = read_ack_block(data[:ACK_BLOCK_SIZE])
    return Delivery(data[ACK_BLOCK_SIZE:], first_hop, packet)
