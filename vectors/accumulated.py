"""Many packets, one digest: to check a backend on many inputs with a file of a few lines.

HEADER is the definition; accumulate() follows it.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from parties import KEY_SIZE, WIRE
from stream import Stream, drawing_from

import sphinxcore as sx
from sphinxcore import _random

NODES = 4
BATCH = 20
ROUND = 5
VERSIONS = (259, 258, 260, 1, 257, 261, 0)
PAYLOAD_SIZES = (33, 38, 2065, 100, 1000, 8209)

HEADER = (
    "sha256 is over what `packets` packets are and become, in batches of 20 built at once and",
    "rounds of 5 batches processed together. Integers are big endian; drawn bytes are read from",
    "SHAKE-128('sphinxcore vectors v1accumulated') in this order. First four private keys of 32",
    "bytes, all held by one processor, in this order. Batch b (from 0) has 1 + b % 5 hops,",
    "version (259, 258, 260, 1, 257, 261, 0)[b % 7] and payload size (33, 38, 2065, 100, 1000,",
    "8209)[b % 6]. Drawn for each of its packets: per hop a byte (modulo 4: the node), its",
    "address (32), its delay (8); destination (32), identifier (16), message length (2; modulo",
    "payload size - 16), message; damage (1; modulo 8), where (1; modulo the number of hops),",
    "position (4). Then for the batch: all initial secrets, all final paddings. Hashed for each",
    "batch: the packets, one after the other. A round sends its packets through hop 0, 1, .. of",
    "their routes, all that are left at a time. Before hop `where` a packet is damaged: 0 flips",
    "bit (position modulo number of bits; bit 0 is the lowest of byte 0), 1 cuts it to position",
    "modulo its length, 2 makes alpha zero, 3 flips the top bit of alpha, 4 appends 16 zeros. Key",
    "hint: the node for even packets of the round, else -1. Hashed for each row of a hop: status",
    "(1), key index (1, signed), version (2), delay (8), stage 1's replay tag (32), next hop",
    "(32), destination (32), identifier (16), output length (4), output. FORWARD rows whose route",
    "goes on are what is left for the next hop. Absent fields are zero, the key index -1.",
)


@dataclass
class Traveller:
    """A packet on its way, and the damage that it will meet."""

    number: int
    nodes: list[int]
    damage: int
    where: int
    position: int
    packet: bytes = b""

    def meet_damage(self, hop: int) -> None:
        if hop != self.where:
            return
        packet = bytearray(self.packet)
        if self.damage == 0:
            bit = self.position % (8 * len(packet))
            packet[bit // 8] ^= 1 << bit % 8
        elif self.damage == 1:
            del packet[self.position % len(packet) :]
        elif self.damage == 2:
            packet[: WIRE.alpha_size] = bytes(WIRE.alpha_size)
        elif self.damage == 3:
            packet[WIRE.alpha_size - 1] ^= 0x80
        elif self.damage == 4:
            packet += bytes(16)
        self.packet = bytes(packet)


def accumulate(packets: int, backend: str) -> str:
    """The digest, by one backend. `packets` is a multiple of 100."""
    stream = Stream("accumulated")
    keys = [sx.PrivateKey.from_bytes(stream.read(KEY_SIZE)) for _ in range(NODES)]
    public = [key.public_key for key in keys]
    processor = sx.Processor(keys, backend=backend)
    digest = hashlib.sha256()
    for start in range(0, packets // BATCH, ROUND):
        live: list[Traveller] = []
        for batch in range(start, start + ROUND):
            live += _build(stream, batch, public, backend)
        digest.update(b"".join(traveller.packet for traveller in live))
        for number, traveller in enumerate(live):
            traveller.number = number
        hop = 0
        while live:
            live = _pass(processor, hop, live, digest)
            hop += 1
    return digest.hexdigest()


def _build(
    stream: Stream, batch: int, public: Sequence[sx.PublicKey], backend: str
) -> list[Traveller]:
    hops = 1 + batch % WIRE.max_hops
    payload_size = PAYLOAD_SIZES[batch % len(PAYLOAD_SIZES)]
    travellers, routes, messages, destinations, identifiers = [], [], [], [], []
    for _ in range(BATCH):
        nodes, path = [], []
        for _ in range(hops):
            nodes.append(stream.number(1) % NODES)
            address = stream.read(WIRE.address_size)
            path.append(sx.Hop(address, public[nodes[-1]], stream.number(WIRE.delay_size)))
        routes.append(path)
        destinations.append(stream.read(WIRE.address_size))
        identifiers.append(stream.read(WIRE.identifier_size))
        length = stream.number(2) % (payload_size - WIRE.payload_overhead + 1)
        messages.append(stream.read(length))
        damage, where, position = stream.number(1) % 8, stream.number(1) % hops, stream.number(4)
        travellers.append(Traveller(0, nodes, damage, where, position))
    with drawing_from(_random, stream):
        packets = sx.build_packets(
            routes,
            messages,
            destination=destinations,
            identifier=identifiers,
            version=VERSIONS[batch % len(VERSIONS)],
            payload_size=payload_size,
            backend=backend,
        )
    for traveller, packet in zip(travellers, packets, strict=True):
        traveller.packet = packet.tobytes()
    return travellers


def _pass(
    processor: sx.Processor, hop: int, live: list[Traveller], digest: "hashlib._Hash"
) -> list[Traveller]:
    """All that are left through their next node; those that go on."""
    for traveller in live:
        traveller.meet_damage(hop)
    hints = [-1 if traveller.number % 2 else traveller.nodes[hop] for traveller in live]
    opened = processor.authenticate([t.packet for t in live], np.array(hints, np.int8))
    tags = opened.replay_tags.copy()
    result = opened.unwrap()
    going_on = []
    for i, traveller in enumerate(live):
        row = result[i]
        output = row.packet or row.payload or b""
        numbers = (result.status[i], result.key_index[i], result.versions[i], result.delays_ns[i])
        digest.update(struct.pack(">BbHQ", *map(int, numbers)) + tags[i].tobytes())
        for column in (result.next_hops, result.destinations, result.identifiers):
            digest.update(column[i].tobytes())
        digest.update(struct.pack(">I", len(output)) + output)
        if row.status is sx.Status.FORWARD and hop + 1 < len(traveller.nodes):
            traveller.packet = output
            going_on.append(traveller)
    return going_on
