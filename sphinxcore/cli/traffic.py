"""What the clients of the demo's mixnet send."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

import sphinxcore as sx
from sphinxcore.cli.mixnet import HOPS, Bytes
from sphinxcore.packet import REGULAR_PAYLOAD_SIZE

VERSION = sx.NYM.default_version
PACKET_SIZE = sx.NYM.packet_size(REGULAR_PAYLOAD_SIZE)
ROOM = REGULAR_PAYLOAD_SIZE - sx.NYM.payload_overhead
SURB_SIZE = sx.NYM.header_size + sx.NYM.address_size + HOPS * sx.NYM.payload_seed_size


@dataclass(frozen=True)
class Letter:
    """A message, and all that must be true of it when it arrives."""

    route: tuple[sx.Hop, ...]
    destination: bytes
    identifier: bytes
    message: bytes


def write_letters(
    routes: Sequence[tuple[sx.Hop, ...]],
    enclosures: Sequence[bytes],
    rng: np.random.Generator,
) -> list[Letter]:
    """A letter per route to one destination: an enclosure each, and random bytes behind it.

    Identifiers are numbers.
    """
    destination = os.urandom(sx.NYM.address_size)
    letters = []
    for i, (route, enclosure) in enumerate(zip(routes, enclosures, strict=True)):
        text = rng.bytes(int(rng.integers(1, ROOM - len(enclosure), endpoint=True)))
        identifier = i.to_bytes(sx.NYM.identifier_size, "big")
        letters.append(Letter(route, destination, identifier, enclosure + text))
    return letters


def build(
    letters: Sequence[Letter],
    backend: str,
    threads: int,
    batch_size: int,
    advance: Callable[[int], None],
) -> tuple[Bytes, float]:
    """The letters' packets, and how many seconds it took to build them."""
    packets = np.empty((len(letters), PACKET_SIZE), np.uint8)
    seconds = 0.0
    for start in range(0, len(letters), batch_size):
        batch = letters[start : start + batch_size]
        begin = perf_counter()
        built = sx.build_packets(
            [letter.route for letter in batch],
            [letter.message for letter in batch],
            destination=[letter.destination for letter in batch],
            identifier=[letter.identifier for letter in batch],
            version=VERSION,
            payload_size=REGULAR_PAYLOAD_SIZE,
            backend=backend,
            threads=threads,
        )
        seconds += perf_counter() - begin
        packets[start : start + len(batch)] = built
        advance(len(batch))
    return packets, seconds


def flip_header_bit(packet: Bytes, rng: np.random.Generator) -> None:
    """Flip one bit of alpha, the MAC or the routing information."""
    ignored = 8 * sx.NYM.alpha_size - 1  # X25519 does not look at the top bit of alpha
    bit = int(rng.integers(8 * sx.NYM.header_size - 1))
    _flip(packet, bit + (bit >= ignored))


def flip_payload_bit(packet: Bytes, rng: np.random.Generator) -> None:
    """Flip one bit of the payload."""
    _flip(packet, int(rng.integers(8 * sx.NYM.header_size, 8 * len(packet))))


def _flip(packet: Bytes, bit: int) -> None:
    packet[bit // 8] ^= 1 << bit % 8
