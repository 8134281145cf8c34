"""The co-process of vectors/peers: sphinx-packet 0.6.0 and 0.8.0 over a pipe.

The protocol is described in vectors/peers/src/bin/converse.rs.
"""

import struct
from collections.abc import Iterable, Sequence

from peer_process import PEERS, PeerProcess, Reader, Refusal, field

import sphinxcore as sx

RELEASES = ("0.6.0", "0.8.0")

BUILD, PROCESS, MESSAGE, MAKE_SURB, USE_SURB, OPEN_REPLY = b"B", b"P", b"M", b"S", b"U", b"R"


def route_field(
    version: int, hops: Sequence[sx.Hop], destination: bytes, identifier: bytes, secret: bytes
) -> bytes:
    """Version, recipient, initial secret and hops."""
    head = struct.pack("<H32s16s32sB", version, destination, identifier, secret, len(hops))
    return head + b"".join(
        struct.pack("<32s32sQ", hop.address, hop.public_key.to_bytes(), hop.delay_ns)
        for hop in hops
    )


class PeerCrates(PeerProcess):
    """The running co-process.

    start() returns at once: the co-process works while the caller does something else, until it
    asks for the answers.
    """

    def __init__(self) -> None:
        super().__init__(PEERS, "converse")
        self._command = b""

    def start(self, command: bytes, release: str, items: Iterable[bytes]) -> None:
        """Send a request; answers() must be called before the next one."""
        self._command = command
        self.send(command + field(release.encode()), items)

    def answers(self) -> list[sx.Row | list[bytes] | Refusal]:
        """One answer per item: a Row for a processed packet, fields for all else, or a Refusal."""
        return [self._answer(Reader(answer)) for answer in self.receive()]

    def ask(self, command: bytes, release: str, items: Iterable[bytes]) -> list:
        """start() and answers() in one."""
        self.start(command, release, items)
        return self.answers()

    def _answer(self, rest: Reader) -> sx.Row | list[bytes] | Refusal:
        kind = rest.take(1)
        if kind == b"A":
            return rest.fields()
        if kind == b"E":
            refusal = Refusal(*(part.decode() for part in rest.fields()))
            return _rejected(refusal) if self._command == PROCESS else refusal
        tag, version = rest.unpack("32sH")
        if kind == b"F":
            next_hop, delay_ns = rest.unpack("32sQ")
            return sx.Row(
                sx.Status.FORWARD,
                tag,
                version,
                0,
                next_hop=next_hop,
                delay_ns=delay_ns,
                packet=rest.field(),
            )
        destination, identifier = rest.unpack("32s16s")
        return sx.Row(
            sx.Status.DELIVER,
            tag,
            version,
            0,
            destination=destination,
            identifier=identifier,
            payload=rest.field(),
        )


def _rejected(refusal: Refusal) -> sx.Row | Refusal:
    """The crate's error as this library's status; other errors stay what they are."""
    status = {
        "InvalidPacket": sx.Status.BAD_LENGTH,
        "InvalidHeader": sx.Status.BAD_MAC,
        "InvalidRouting": sx.Status.BAD_ROUTING_FLAG,
        "InvalidPayload": sx.Status.BAD_PAYLOAD_LENGTH,
    }.get(refusal.kind)
    return refusal if status is None else sx.Row(status, None, None, None)
