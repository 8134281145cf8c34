"""The sender's side: packets for routes, and messages from payloads."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from sphinxcore import _sender
from sphinxcore._backends import pick
from sphinxcore._checks import Bytes, any_bytes, instance, integer, one_per_row
from sphinxcore._sender import Hop, Recipients, Route
from sphinxcore._threads import share
from sphinxcore.errors import SphinxError
from sphinxcore.formats import NYM, WireFormat

__all__ = ["Hop", "build_packet", "build_packets", "recover_message"]

REGULAR_PAYLOAD_SIZE = 2065
"""Payload of Nym's regular packet of 2413 bytes: a message of up to 2048 bytes."""


def build_packet(
    hops: Route,
    message: Any,
    *,
    destination: Any,
    identifier: Any = bytes(16),
    version: int = NYM.default_version,
    payload_size: int = REGULAR_PAYLOAD_SIZE,
    backend: str | None = None,
    wire_format: WireFormat = NYM,
) -> bytes:
    """Build one packet for a route of 1..5 hops; see build_packets()."""
    packets = build_packets(
        [hops],
        [message],
        destination=any_bytes(destination, "destination"),
        identifier=any_bytes(identifier, "identifier"),
        version=version,
        payload_size=payload_size,
        backend=backend,
        wire_format=wire_format,
    )
    return packets.tobytes()


def build_packets(
    routes: Sequence[Route],
    messages: Sequence[Any],
    *,
    destination: Any,
    identifier: Any = bytes(16),
    version: int = NYM.default_version,
    payload_size: int = REGULAR_PAYLOAD_SIZE,
    backend: str | None = None,
    threads: int = 1,
    wire_format: WireFormat = NYM,
) -> Bytes:
    """Build one packet per route: an (n, packet_size) uint8 array.

    Args:
        routes: of 1..5 hops each, the last one the final hop; lengths may differ.
        messages: one per route, of up to payload_size - 17 bytes.
        destination: 32 bytes for the final hop; one for all routes or one per route.
        identifier: 16 bytes for the final hop; one for all routes or one per route.
        version: 0..65535; 1, 257 and 258 use explicit payload keys, all others payload seeds.
        payload_size: at least 33. What the zero prefix protects is the payload as a whole only
            from 48 bytes on: LIONESS mixes through its right half, all but the first 32 bytes.
        backend: see Processor.
        threads: how many threads share the batch.

    Raises SphinxError for what does not fit, before anything is built.
    """
    checked = _sender.check_routes(wire_format, routes)
    n = len(checked)
    payload_size = _sender.check_payload_size(wire_format, payload_size)
    texts = _sender.check_messages(wire_format, messages, n, payload_size)
    wire_format.encode_version(version)
    threads = integer(threads, 1, 1024, "threads")
    to = Recipients(
        one_per_row(destination, n, wire_format.address_size, "destination"),
        one_per_row(identifier, n, wire_format.identifier_size, "identifier"),
    )
    chosen = pick(backend)
    packets = np.empty((n, wire_format.packet_size(payload_size)), np.uint8)

    def build(start: int, stop: int) -> None:
        for _, rows in _sender.by_length(checked[start:stop]):
            rows += start
            group = Recipients(to.destinations[rows], to.identifiers[rows])
            group_routes = [checked[i] for i in rows]
            headers, material = _sender.build_headers(
                wire_format, chosen, group_routes, group, version
            )
            keys = material  # wiped in either case
            try:
                keys = _sender.payload_keys(wire_format, chosen, version, material)
                payloads = _sender.build_payloads(
                    wire_format, chosen, keys, [texts[i] for i in rows], payload_size
                )
                packets[rows, : wire_format.header_size] = headers
                packets[rows, wire_format.header_size :] = payloads
            finally:
                material.fill(0)
                keys.fill(0)

    if threads == 1:
        build(0, n)
    else:
        with ThreadPoolExecutor(threads - 1) as pool:
            share(build, n, threads, pool)
    return packets


def recover_message(payload: Any, *, wire_format: WireFormat = NYM) -> bytes:
    """The message in a final hop's payload, without its padding.

    Raises SphinxError if the zero prefix or the end mark is missing: the payload was changed on
    its way, or was not meant for this hop.
    """
    raw = any_bytes(payload, "payload")
    if wire_format is not NYM:
        instance(wire_format, WireFormat, "wire_format")
    prefix = wire_format.zero_prefix_size
    if len(raw) < wire_format.payload_overhead:
        raise SphinxError(
            f"a payload has at least {wire_format.payload_overhead} bytes, not {len(raw)}"
        )
    if any(raw[:prefix]):
        raise SphinxError(f"the payload does not begin with {prefix} zero bytes: it was changed")
    end = raw.rfind(1)
    if end < 0:
        raise SphinxError("the payload has no 0x01 byte that ends its message")
    return raw[prefix:end]
