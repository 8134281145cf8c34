"""What became of a packet."""

from enum import IntEnum


class Status(IntEnum):
    """The outcome of one row. 0 is a rejection: a result nobody filled rejects everything.

    The reasons of rejections are for logs. Never send them, or anything that differs by reason,
    to whoever sent the packet: that turns a node into an oracle.
    """

    UNPROCESSED = 0
    FORWARD = 1
    """To be sent to the next hop after its delay."""
    DELIVER = 2
    """This was the final hop: the payload is for the destination."""
    AUTHENTIC = 3
    """The header MAC is right; nothing is decrypted yet. Ask the replay filter now."""
    REPLAYED = 4
    """Authentic, but not accepted by the caller of unwrap()."""
    BAD_LENGTH = 5
    """Shorter than any packet of this format."""
    BAD_PUBLIC_VALUE = 6
    """Alpha is a point of low order: the shared secret would be zero, and public."""
    BAD_MAC = 7
    """The header MAC is wrong for every key that was tried."""
    BAD_ROUTING_FLAG = 8
    """The authentic routing information is neither for a forward nor for a final hop."""
    BAD_PAYLOAD_LENGTH = 9
    """The payload is too short to have been encrypted."""

    @property
    def rejected(self) -> bool:
        """Whether there is nothing to do with this packet but to drop it."""
        return self not in (Status.FORWARD, Status.DELIVER, Status.AUTHENTIC)
