"""The co-process of vectors/peers/nym: Nym's message layer, releases 2.0.0 and 1.21.6, over a pipe.

The protocol is described in vectors/peers/nym/src/bin/converse_nym.rs.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from peer_process import PEERS, PeerError, PeerProcess, Reader, Refusal, field

RELEASES = ("2.0.0", "1.21.6")
SIZE_TAGS = {2413: 1, 386: 2, 33133: 3, 8557: 4, 16749: 5}
"""Of packets, by their size."""

NETWORK, CLIENT, DELIVER, RECEIVE = b"N", b"C", b"D", b"G"
PLAIN, REPLIABLE, REPLY, SURB_REQUEST, COVER = b"P", b"R", b"A", b"Q", b"V"


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the network. Addresses have 7 or 19 bytes, all else 32."""

    layer: int
    """1..3, or 0 for a node at which packets leave the network."""
    address: bytes
    identity: bytes
    private_key: bytes


@dataclass(frozen=True, slots=True)
class Client:
    """A client that the co-process plays."""

    number: int
    address: bytes
    """Where others write to: 96 bytes."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A packet and where to send it first."""

    first_hop: bytes
    """Address of 7 or 19 bytes."""
    key_rotation: int
    packet: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet that a client made."""

    leg: Leg
    fragment_id: bytes
    """5 bytes, as its acknowledgement will say."""
    expected_delay_ns: int
    """Until the acknowledgement is back; 0 for cover."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the last node does with a packet."""

    destination: bytes
    """Identity of the client that it is for."""
    path: tuple[int, ...]
    """Nodes by their place in the network."""
    delay_ns: int
    """All that the nodes were told to wait."""
    payload: bytes
    """What is handed to the client."""
    ack: Leg | None
    """What is sent on. Acknowledgements and packets of their size bring none."""


@dataclass(frozen=True, slots=True)
class Surb:
    """A reply SURB as it stands in lists."""

    key_rotation: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """An acknowledgement; five zeros are cover's."""

    fragment_id: bytes


@dataclass(frozen=True, slots=True)
class Cover:
    """Something that says nothing."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A fragment; the message is not complete yet."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A message from somebody who cannot be answered."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Repliable:
    """A message with SURBs to answer it."""

    sender_tag: bytes
    content: int
    """The content tag, 3..5 from 2.0.0 and 0..2 from 1.21.6."""
    surbs: tuple[Surb, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SurbRequest:
    """Somebody wants more SURBs."""

    recipient: bytes
    amount: int


Received = Ack | Cover | Partial | Plain | Repliable | Reply | SurbRequest
Answer = None | Client | list[Sent] | Delivered | Received | Refusal


def _listed(items: Sequence[bytes]) -> bytes:
    return struct.pack("<H", len(items)) + b"".join(items)


def network_item(rotation_id: int, nodes: Sequence[Node]) -> bytes:
    """For NETWORK, which ends all clients and answers None."""
    listed = [
        bytes([node.layer]) + field(node.address) + node.identity + node.private_key
        for node in nodes
    ]
    return struct.pack("<I", rotation_id) + _listed(listed)


def client_item(
    identity_seed: bytes,
    encryption_key: bytes,
    ack_key: bytes,
    gateway: bytes,
    *,
    release: str = "2.0.0",
    no_mix_hops: bool = False,
) -> bytes:
    """For CLIENT. `gateway` is the identity of the node that takes the client's packets."""
    keys = struct.pack("<32s32s16s32s", identity_seed, encryption_key, ack_key, gateway)
    return field(release.encode()) + keys + bytes([no_mix_hops])


def _prepare(client: Client, packet_size: int) -> bytes:
    return struct.pack("<IB", client.number, SIZE_TAGS[packet_size])


def plain_item(client: Client, recipient: bytes, data: bytes, packet_size: int = 2413) -> bytes:
    """For PLAIN."""
    return _prepare(client, packet_size) + recipient + field(data)


def repliable_item(
    client: Client,
    recipient: bytes,
    sender_tag: bytes,
    surbs: int,
    data: bytes | None,
    packet_size: int = 2413,
) -> bytes:
    """For REPLIABLE: with so many new SURBs, whose keys the client keeps. Without data it only
    brings them."""
    content = b"\0" if data is None else b"\1" + field(data)
    head = struct.pack("<16sH", sender_tag, surbs)
    return _prepare(client, packet_size) + recipient + head + content


def _surbs(surbs: Sequence[Surb]) -> bytes:
    return _listed([bytes([surb.key_rotation]) + field(surb.raw) for surb in surbs])


def reply_item(
    client: Client, surbs: Sequence[Surb], data: bytes, packet_size: int = 2413
) -> bytes:
    """For REPLY. Each packet takes one of the SURBs, in their order; others are left over."""
    return _prepare(client, packet_size) + _surbs(surbs) + field(data)


def request_item(
    client: Client, surbs: Sequence[Surb], amount: int, packet_size: int = 2413
) -> bytes:
    """For SURB_REQUEST."""
    return _prepare(client, packet_size) + _surbs(surbs) + struct.pack("<I", amount)


def cover_item(client: Client, packet_size: int = 2413) -> bytes:
    """For COVER."""
    return _prepare(client, packet_size)


def deliver_item(leg: Leg) -> bytes:
    """For DELIVER."""
    return field(leg.first_hop) + bytes([leg.key_rotation]) + field(leg.packet)


def receive_item(client: Client, payload: bytes) -> bytes:
    """For RECEIVE: what was delivered to this client."""
    return struct.pack("<I", client.number) + field(payload)


class _Parts(Reader):
    """Reads what the message layer consists of."""

    def count(self) -> range:
        return range(self.unpack("H")[0])

    def leg(self) -> Leg:
        return Leg(self.field(), self.unpack("B")[0], self.field())

    def sent(self) -> Sent:
        return Sent(self.leg(), self.take(5), self.unpack("Q")[0])

    def surb(self) -> Surb:
        return Surb(self.unpack("B")[0], self.field())

    def delivered(self) -> Delivered:
        destination = self.take(32)
        path = tuple(self.unpack("H")[0] for _ in self.count())
        (delay_ns,) = self.unpack("Q")
        payload = self.field()
        ack = self.leg() if self.take(1) == b"\1" else None
        return Delivered(destination, path, delay_ns, payload, ack)

    def received(self) -> Received:
        kind = self.take(1)
        match kind:
            case b"K":
                return Ack(self.take(5))
            case b"C":
                return Cover()
            case b"F":
                return Partial()
            case b"P":
                return Plain(self.field())
            case b"R":
                tag, content = self.take(16), self.take(1)[0]
                surbs = tuple(self.surb() for _ in self.count())
                return Repliable(tag, content, surbs, self.field())
            case b"A":
                return Reply(self.field())
            case b"Q":
                return SurbRequest(self.take(96), self.unpack("I")[0])
        raise PeerError(f"nothing is received as {kind!r}")


class PeerNym(PeerProcess):
    """The running co-process.

    start() returns at once: the co-process works while the caller does something else, until it
    asks for the answers.
    """

    def __init__(self) -> None:
        super().__init__(PEERS / "nym", "converse_nym")
        self._command = b""

    def start(self, command: bytes, items: Iterable[bytes]) -> None:
        """Send a request; answers() must be called before the next one."""
        self._command = command
        self.send(command, items)

    def answers(self) -> list[Answer]:
        """One answer per item, of the kind that goes with the command, or a Refusal."""
        return [self._answer(_Parts(answer)) for answer in self.receive()]

    def ask(self, command: bytes, items: Iterable[bytes]) -> list[Any]:
        """start() and answers() in one."""
        self.start(command, items)
        return self.answers()

    def _answer(self, reader: _Parts) -> Answer:
        kind = reader.take(1)
        if kind == b"E":
            return Refusal(reader.field().decode(), reader.field().decode())
        if kind != b"A":
            raise PeerError(f"no answer begins with {kind!r}")
        if self._command == NETWORK:
            return None
        if self._command == CLIENT:
            return Client(reader.unpack("I")[0], reader.take(96))
        if self._command == DELIVER:
            return reader.delivered()
        if self._command == RECEIVE:
            return reader.received()
        return [reader.sent() for _ in reader.count()]
