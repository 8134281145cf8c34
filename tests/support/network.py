"""A small mix network for tests: routes through nodes with fixed keys, walks along them."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from nodes import hop, key
from nodes import seeded as seeded

import sphinxcore as sx

DESTINATION = bytes(range(100, 132))
IDENTIFIER = bytes(range(1, 17))
SMALL_PAYLOAD = 64
"""Payload size of packets whose payload is not what a test is about."""

LOW_ORDER = tuple(
    (value + top).to_bytes(32, "little")
    for top in (0, 2**255)
    for value in (
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        2**255 - 20,
        2**255 - 19,
        2**255 - 18,
    )
)
"""The encodings of points of order 1, 2, 4 and 8 of Curve25519 and its twist."""

DETERMINISTIC = settings(
    derandomize=True,
    database=None,
    deadline=None,
    # The fixture that matters here, backend_name, is the same for all examples of a test.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""For hypothesis: the same examples at every run. Fixed packets need `random_stream` beside it."""


def route(hops: int, first: int = 0) -> list[sx.Hop]:
    """The route first, first + 1, ..."""
    return [hop(first + i) for i in range(hops)]


def packet(hops: int = 1, message: bytes = b"message", **options: Any) -> bytes:
    """A packet along route(hops), small unless `payload_size` says otherwise."""
    options = {"payload_size": SMALL_PAYLOAD, "destination": DESTINATION} | options
    return sx.build_packet(route(hops), message, **options)


def walk(sent: bytes, hops: Sequence[int], backend: str) -> sx.Row:
    """Send a packet through these nodes, each of which must find the next; the last one's row."""
    for here, there in zip(hops, [*hops[1:], None], strict=True):
        row = sx.Processor(key(here), backend=backend).process([sent])[0]
        if there is None:
            break
        assert row.status is sx.Status.FORWARD
        assert row.next_hop == hop(there).address
        assert row.delay_ns == hop(here).delay_ns
        assert row.packet is not None
        assert len(row.packet) == len(sent)
        sent = row.packet
    return row


def bad_packets(good: bytes) -> dict[sx.Status, bytes]:
    """One packet of every kind that a node rejects; `good` is one for node 0."""
    wire = sx.NYM
    odd = dataclasses.replace(wire, forward_flag=0, final_flag=3)
    alpha, mac = wire.alpha_size, wire.alpha_size + wire.mac_size
    return {
        sx.Status.BAD_LENGTH: good[: wire.minimum_packet_size - 1],
        sx.Status.BAD_PUBLIC_VALUE: LOW_ORDER[0] + good[alpha:],
        sx.Status.BAD_MAC: good[: mac - 1] + bytes([good[mac - 1] ^ 1]) + good[mac:],
        sx.Status.BAD_ROUTING_FLAG: packet(message=good[:8], wire_format=odd),
        sx.Status.BAD_PAYLOAD_LENGTH: good[: wire.packet_size(wire.minimum_payload_size) - 1],
    }
