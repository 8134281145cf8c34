"""Vector cases in one shape, whatever file they are from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import sphinxcore as sx
from sphinxcore import Status

MOD_L = "0.6.0 blinding"
LOW_ORDER_ALPHA = "low-order alpha"
LOW_ORDER_KEY = "low-order node key"
MATERIAL_COUNT = "SURB material count"
OTHER_TOTAL = "ours: fragment with a foreign total refused"
ACK_BLOCK_LENGTH = "acknowledgement block of no packet size"
NOT_SEALED = "envelope that is not sealed"
EMPTY_ENVELOPE = "envelope of nothing: read, not made"
"""Names of the skips: what peers accept or send, and this library refuses or does not build."""

AUTHENTIC = (
    Status.FORWARD,
    Status.DELIVER,
    Status.REPLAYED,
    Status.BAD_ROUTING_FLAG,
    Status.BAD_PAYLOAD_LENGTH,
)
"""Outcomes of packets whose header MAC is right."""

WITH_TAG = (Status.FORWARD, Status.DELIVER, Status.REPLAYED)
"""Outcomes whose rows have the replay tag."""


@dataclass(frozen=True)
class Blob:
    """Bytes as a file gives them: all of them in `head`, or the first ones and a SHA-256."""

    head: bytes = b""
    sha256: str = ""
    hashed_from: int = 0
    """Where the hashed part begins."""

    def matches(self, actual: bytes) -> bool:
        if not self.sha256:
            return actual == self.head
        digest = hashlib.sha256(actual[self.hashed_from :]).hexdigest()
        return actual.startswith(self.head) and digest == self.sha256

    @property
    def whole(self) -> bytes | None:
        return None if self.sha256 else self.head


@dataclass(frozen=True)
class Expected:
    """What a node must find in a packet; None where the outcome has no such field."""

    status: Status
    replay_tag: bytes | None = None
    """Of authentic packets; None: the file does not say."""
    version: int | None = None
    next_hop: bytes | None = None
    delay_ns: int | None = None
    destination: bytes | None = None
    identifier: bytes | None = None
    output: Blob | None = None
    """The next packet, or the payload."""
    message: Blob | None = None
    """What recover_message() finds in the payload; None: it must refuse it."""
    mod_l: bool = False
    """The next alpha was blinded modulo the group order, which is not built here: only the other
    bytes count."""


@dataclass(frozen=True)
class NodeCase:
    """One packet at one node."""

    name: str
    private_key: bytes
    packet: bytes
    expected: Expected


@dataclass(frozen=True)
class Journey:
    """A packet and the nodes of its route, each of which gets what the one before it sent."""

    name: str
    packet: bytes
    private_keys: Sequence[bytes]
    expected: Sequence[Expected]


@dataclass(frozen=True)
class Got:
    """What a backend found: stage 1, then the row of stage 2."""

    authentic: Status
    replay_tag: bytes
    row: sx.Row


@dataclass(frozen=True)
class Node:
    """A hop as files give it: its key may be one that PublicKey refuses."""

    public_key: bytes
    address: bytes
    delay_ns: int
    private_key: bytes | None = None

    def hop(self) -> sx.Hop:
        return sx.Hop(self.address, sx.PublicKey.from_bytes(self.public_key), self.delay_ns)


@dataclass(frozen=True)
class BuildCase:
    """All that determines a packet, or the header of a SURB."""

    name: str
    version: int
    payload_size: int
    nodes: Sequence[Node]
    destination: bytes
    identifier: bytes
    message: bytes
    initial_secret: bytes
    final_padding: bytes
    packet: Blob = field(default_factory=Blob)

    def route(self) -> list[sx.Hop]:
        return [node.hop() for node in self.nodes]


@dataclass(frozen=True)
class SurbCase:
    """A SURB, and the reply that `inputs.message` makes with it."""

    inputs: BuildCase
    surb: bytes
    first_hop: bytes
    packet: Blob
    recovery: bytes | None = None
