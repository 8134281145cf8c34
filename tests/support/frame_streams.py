"""Streams of frames for tests: packets to put into them, and what a decoder makes of them."""

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from network import seeded

from sphinxcore.nym.frames import Frame, FrameDecoder, StreamError
from sphinxcore.nym.sizes import PacketSize

ACK = seeded(b"an acknowledgement", PacketSize.ACK.packet_size)
REGULAR = seeded(b"a packet", PacketSize.REGULAR.packet_size)

Problem = tuple[int, str]
"""An error in a stream: its offset, and its text."""
Event = Frame | Problem


def read(decoder: FrameDecoder, pieces: Iterable[Any]) -> list[Event]:
    """What a decoder gives out for these pieces, its last error once."""
    events: list[Event] = []
    for piece in pieces:
        more = piece
        while True:
            try:
                found = decoder.feed(more)
            except StreamError as error:
                problem = (error.offset, str(error))
                if problem in events:
                    break
                events.append(problem)
            else:
                if not found:
                    break
                events += found
            more = b""
    return events


def end(decoder: FrameDecoder) -> Problem | None:
    try:
        decoder.close()
    except StreamError as error:
        return error.offset, str(error)
    return None


# The smaller sizes more often: the same happens with fewer bytes.
_sizes = st.sampled_from([PacketSize.ACK] * 6 + [PacketSize.REGULAR] * 2 + list(PacketSize))
frame_packets = st.builds(
    lambda size, fill: bytes([fill]) * size.packet_size,
    _sizes,
    st.sampled_from([0, 7, 8, 255]),
)
