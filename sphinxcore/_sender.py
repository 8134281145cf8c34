"""What packets and SURBs have in common: headers for a batch of routes, and payload layers.

G. Danezis, I. Goldberg, "Sphinx: A Compact and Provably Secure Mix Format" (2009), section 3.2.
All steps work on (n, size) arrays, one row per route; the arrays with secrets are wiped.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sphinxcore import _random
from sphinxcore._backends import Backend
from sphinxcore._checks import Bytes, any_bytes, exact_bytes, instance, integer, listed
from sphinxcore.errors import SphinxError
from sphinxcore.formats import NYM, WireFormat
from sphinxcore.formats.wire_format import LIONESS_KEY_SIZE
from sphinxcore.keys import PublicKey

Array = npt.NDArray[np.uint8]

_SCALAR_SIZE = 32


@dataclass(frozen=True, slots=True)
class Hop:
    """One node of a route.

    Args:
        address: 32 bytes, for the node before it. (The sender gives the packet to the first one.)
        public_key: the node's key.
        delay_ns: nanoseconds the node shall keep the packet; no effect at the final hop.
    """

    address: bytes
    public_key: PublicKey
    delay_ns: int = 0

    def __post_init__(self) -> None:
        address = exact_bytes(self.address, NYM.address_size, "address")
        object.__setattr__(self, "address", address)
        if not isinstance(self.public_key, PublicKey):
            raise TypeError(f"public_key must be a PublicKey, not {type(self.public_key).__name__}")
        delay = integer(self.delay_ns, 0, 2**64 - 1, "delay_ns")
        object.__setattr__(self, "delay_ns", delay)


Route = Sequence[Hop]


@dataclass(frozen=True, slots=True)
class Recipients:
    """What the final hops read, one row per route."""

    destinations: Bytes
    identifiers: Bytes


def check_routes(wire: WireFormat, routes: Any) -> list[tuple[Hop, ...]]:
    """Routes as tuples of 1..max_hops hops."""
    instance(wire, WireFormat, "wire_format")
    checked = []
    for route in listed(routes, "routes", "a sequence of routes"):
        try:
            hops = tuple(route)
        except TypeError:
            raise TypeError(
                f"a route must be a sequence of Hop, not {type(route).__name__}"
            ) from None
        if not 1 <= len(hops) <= wire.max_hops:
            raise SphinxError(f"a route has 1..{wire.max_hops} hops, not {len(hops)}")
        for hop in hops:
            if not isinstance(hop, Hop):
                raise TypeError(f"a route is made of Hop, not {type(hop).__name__}")
        checked.append(hops)
    return checked


def by_length(items: Sequence[Sequence[Any]]) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Lengths that occur, each with the indices of the items that have it."""
    groups = defaultdict(list)
    for i, item in enumerate(items):
        groups[len(item)].append(i)
    for length, rows in sorted(groups.items()):
        yield length, np.array(rows, np.int64)


def build_headers(
    wire: WireFormat, backend: Backend, routes: Sequence[Route], to: Recipients, version: int
) -> tuple[Bytes, Array]:
    """Headers of routes that have the same number of hops.

    Returns (n, header_size) headers and the payload keys as they stand in the expanded secrets,
    (n, hops, 192), secret: the caller wipes them. For versions with payload seeds only the first
    16 bytes of each count.
    """
    n, hops = len(routes), len(routes[0])
    headers = np.empty((n, wire.header_size), np.uint8)
    secrets = np.empty((n, hops, wire.secret_size), np.uint8)
    initial = _random.random_rows(n, _SCALAR_SIZE)
    try:
        padding = _random.random_rows(n, wire.padding_size(hops))
        _derive_secrets(wire, backend, routes, initial, secrets)
        backend.x25519(initial, None, headers[:, : wire.alpha_size])
        _fill_routing(wire, backend, routes, to, version, padding, secrets, headers)
        return headers, secrets[:, :, wire.secret_part("payload_key")].copy()
    finally:
        secrets.fill(0)
        initial.fill(0)


def _derive_secrets(
    wire: WireFormat, backend: Backend, routes: Sequence[Route], initial: Bytes, secrets: Array
) -> None:
    """Fill in the expanded secrets, (n, hops, secret_size), that the nodes will derive.

    Node i shares initial * blinding_0 * .. * blinding_(i-1) * its public key with the sender.
    """
    n, hops = len(routes), len(routes[0])
    scalars = np.empty((n, hops + 1, _SCALAR_SIZE), np.uint8)
    shared = np.empty((n, _SCALAR_SIZE), np.uint8)
    try:
        scalars[:, 0] = initial
        for i in range(hops):
            keys = [route[i].public_key for route in routes]
            points = np.frombuffer(b"".join([key.to_bytes() for key in keys]), np.uint8)
            on_curve = np.array([key.on_curve for key in keys], np.bool_)
            backend.x25519_chain(scalars[:, : i + 1], points.reshape(n, -1), on_curve, shared)
            backend.hkdf_sha256(b"", shared, wire.secret_info, secrets[:, i])
            scalars[:, i + 1] = secrets[:, i, wire.secret_part("blinding_factor")]
    finally:
        scalars.fill(0)
        shared.fill(0)


def _fill_routing(
    wire: WireFormat,
    backend: Backend,
    routes: Sequence[Route],
    to: Recipients,
    version: int,
    padding: Bytes,
    secrets: Array,
    headers: Bytes,
) -> None:
    """Write MAC and routing information (gamma and beta) into headers, last hop first."""
    n, hops = len(routes), len(routes[0])
    slot = wire.slot_size
    stream_size = wire.routing_size + slot
    mac_key, stream_key = wire.secret_part("mac_key"), wire.secret_part("stream_key")
    zero_iv = np.broadcast_to(np.zeros(16, np.uint8), (n, 16))
    streams = np.zeros((n, hops, stream_size), np.uint8)
    try:
        for i in range(hops):
            stream = streams[:, i]
            backend.aes128_ctr(secrets[:, i, stream_key], zero_iv, stream, stream)

        # What each hop appends when it shifts its slot out, as the last hop will see it.
        filler = np.zeros((n, slot * (hops - 1)), np.uint8)
        for i in range(1, hops):
            filler[:, : slot * i] ^= streams[:, i - 1, stream_size - slot * i :]

        mac = headers[:, wire.alpha_size : wire.alpha_size + wire.mac_size]
        routing = headers[:, wire.alpha_size + wire.mac_size :]
        tags = np.empty((n, 32), np.uint8)
        field = np.frombuffer(wire.encode_version(version), np.uint8)
        own_size = wire.routing_size - filler.shape[1]
        for i in reversed(range(hops)):
            if i == hops - 1:
                final = (to.destinations, to.identifiers, padding)
                _write(routing, np.uint8(wire.final_flag), field, *final)
                routing[:, own_size:] = filler
                routing[:, :own_size] ^= streams[:, i, :own_size]
            else:
                addresses = np.frombuffer(
                    b"".join([route[i + 1].address for route in routes]), np.uint8
                )
                delays = np.array([route[i].delay_ns for route in routes], ">u8")
                routing[:, slot:] = routing[:, :-slot].copy()
                _write(
                    routing,
                    np.uint8(wire.forward_flag),
                    field,
                    addresses.reshape(n, -1),
                    delays.view(np.uint8).reshape(n, -1),
                    mac,
                )
                routing ^= streams[:, i, : wire.routing_size]
            backend.hmac_sha256(secrets[:, i, mac_key], routing, tags)
            mac[:] = tags[:, : wire.mac_size]
    finally:
        streams.fill(0)


def _write(target: Bytes, *columns: Any) -> None:
    """Columns side by side from the left; one that is not (n, size) is the same in every row."""
    start = 0
    for column in columns:
        size = column.shape[-1] if column.ndim else 1
        target[:, start : start + size] = column
        start += size


def payload_keys(wire: WireFormat, backend: Backend, version: int, material: Array) -> Array:
    """LIONESS keys, (n, hops, 192), from keys or from seeds as they stand in secrets or SURBs."""
    if not wire.uses_payload_seed(version):
        return material.copy()
    n, hops, _ = material.shape
    keys = np.empty((n, hops, LIONESS_KEY_SIZE), np.uint8)
    try:
        for i in range(hops):
            seeds = material[:, i, : wire.payload_seed_size]
            backend.hkdf_sha256(wire.payload_key_salt, seeds, wire.payload_key_info, keys[:, i])
    except BaseException:
        keys.fill(0)
        raise
    return keys


def check_payload_size(wire: WireFormat, payload_size: Any) -> int:
    """A size that a payload can have."""
    return integer(payload_size, wire.minimum_payload_size, 2**31 - 1, "payload_size")


def check_messages(wire: WireFormat, messages: Any, n: int, payload_size: int) -> list[bytes]:
    """n messages that fit into a payload."""
    given = listed(messages, "messages", "a sequence of bytes, one per packet")
    checked = [any_bytes(message, "message") for message in given]
    if len(checked) != n:
        raise SphinxError(f"{n} messages were expected, one per packet, not {len(checked)}")
    room = payload_size - wire.payload_overhead
    for message in checked:
        if len(message) > room:
            raise SphinxError(
                f"a message of {len(message)} bytes does not fit: a payload of {payload_size} "
                f"bytes has room for {room}"
            )
    return checked


def build_payloads(
    wire: WireFormat, backend: Backend, keys: Array, messages: Sequence[bytes], size: int
) -> Bytes:
    """Pad messages to (n, size) and encrypt them with every hop's key, the last hop's first."""
    prefix = bytes(wire.zero_prefix_size)
    padded = bytearray().join(
        [(prefix + message + b"\1").ljust(size, b"\0") for message in messages]
    )
    payloads = np.frombuffer(padded, np.uint8).reshape(len(messages), size)
    for i in reversed(range(keys.shape[1])):
        backend.lioness_encrypt(keys[:, i], payloads, payloads)
    return payloads
