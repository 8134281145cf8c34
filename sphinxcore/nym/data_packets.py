"""Data packets in bulk: acknowledgements first, then the packets around them.

A plaintext is an acknowledgement block, 32 bytes by which the recipient finds the key, and the
encrypted content (crate nym-sphinx 2.0.0). Nothing authenticates the inner encryption; what
notices changes is the payload encryption of Sphinx.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sphinxcore import _random, batch
from sphinxcore._backends import backend as backend_named
from sphinxcore._backends import pick
from sphinxcore._checks import Bytes, instance, integer
from sphinxcore._curve import is_on_curve
from sphinxcore.nym.acks import build_ack_blocks
from sphinxcore.nym.addresses import NodeAddress, Recipient
from sphinxcore.nym.client_keys import ClientKeys
from sphinxcore.nym.delays import DEFAULT as DEFAULT_PARAMETERS
from sphinxcore.nym.delays import NetworkParameters
from sphinxcore.nym.errors import MessageError
from sphinxcore.nym.fragments import FragmentId
from sphinxcore.nym.packet_keys import packet_keys
from sphinxcore.nym.sizes import ACK_BLOCK_SIZE, EPHEMERAL_SIZE, PacketSize
from sphinxcore.nym.topology import Topology, first_hop, total_delay_ns
from sphinxcore.packet import build_packets

_NO_IV = bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """How packets are made; the defaults are the network's.

    Args:
        packet_size: of data packets.
        mix_hops: False: the only hop is the recipient's gateway, which gives up anonymity.
            Acknowledgements take the same kind of route.
        parameters: the means of the hops' delays.
        backend, threads: see Processor. SURBs are built on one thread.
    """

    packet_size: PacketSize = PacketSize.REGULAR
    mix_hops: bool = True
    parameters: NetworkParameters = DEFAULT_PARAMETERS
    backend: str | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        instance(self.packet_size, PacketSize, "packet_size")
        _ = self.packet_size.fragment_size  # raises NymError where there is no room for one
        instance(self.mix_hops, bool, "mix_hops")
        instance(self.parameters, NetworkParameters, "parameters")
        if self.backend is not None:
            backend_named(self.backend)
        integer(self.threads, 1, 1024, "threads")


DEFAULT_OPTIONS = SendOptions()


def check_sender(topology: Topology, keys: ClientKeys, options: SendOptions) -> None:
    """Refuse what all who send packets take, if it is something else or in another's place."""
    instance(topology, Topology, "topology")
    instance(keys, ClientKeys, "keys")
    instance(options, SendOptions, "options")


@dataclass(frozen=True, slots=True)
class DataPacket:
    """A packet to send."""

    first_hop: NodeAddress
    packet: bytes = field(repr=False)
    delay_ns: int
    """What the nodes will hold packet and acknowledgement for, together."""


def ack_blocks(
    identifiers: Sequence[FragmentId], topology: Topology, keys: ClientKeys, options: SendOptions
) -> tuple[Bytes, list[int]]:
    """(n, 405) acknowledgement blocks, and the delays of their routes in nanoseconds."""
    routes = topology.routes(
        keys.address.gateway,
        count=len(identifiers),
        mix_hops=options.mix_hops,
        mean_delay_ns=options.parameters.ack_delay_ns,
    )
    blocks = build_ack_blocks(
        identifiers,
        routes,
        keys.acks,
        keys.address.identity,
        backend=options.backend,
        threads=options.threads,
    )
    return blocks, [total_delay_ns(route) for route in routes]


def plaintexts(acks: Bytes, prefixes: Bytes, keys: Bytes, contents: Bytes, backend: Any) -> Bytes:
    """(n, plaintext size) plaintexts: acknowledgement, prefix, content encrypted with a key of its own."""
    n, size = contents.shape
    start = ACK_BLOCK_SIZE + EPHEMERAL_SIZE
    made = np.empty((n, start + size), np.uint8)
    made[:, :ACK_BLOCK_SIZE] = acks
    made[:, ACK_BLOCK_SIZE:start] = prefixes
    made[:, start:] = batch.aes128_ctr(keys, _NO_IV, contents, backend=backend)
    return made


def _shared_secrets(
    ephemeral: Bytes, recipients: Sequence[Recipient], backend: str | None
) -> Bytes:
    """(n, 32) X25519 results. A chain of one link remembers the recipients' keys."""
    keys = [recipient.encryption_key for recipient in recipients]
    points = np.frombuffer(b"".join(keys), np.uint8).reshape(ephemeral.shape)
    on_curve = np.array([is_on_curve(key) for key in keys], np.bool_)
    shared = np.empty_like(ephemeral)
    pick(backend).x25519_chain(ephemeral[:, None], points, on_curve, shared)
    return shared


def build_data_packets(
    contents: Bytes,
    identifiers: Sequence[FragmentId],
    recipients: Sequence[Recipient],
    topology: Topology,
    keys: ClientKeys,
    options: SendOptions,
) -> list[DataPacket]:
    """One packet for each of the (n, fragment size) contents, encrypted for its recipient."""
    acks, ack_delays = ack_blocks(identifiers, topology, keys, options)
    ephemeral = _random.random_rows(len(contents), EPHEMERAL_SIZE)
    shared = inner_keys = ephemeral  # wiped in any case
    try:
        public_keys = batch.x25519(ephemeral, backend=options.backend)
        shared = _shared_secrets(ephemeral, recipients, options.backend)
        for recipient, secret in zip(recipients, shared, strict=True):
            if not secret.any():
                raise MessageError(
                    f"the encryption key of {recipient} is a point of low order: "
                    "whatever is encrypted to it can be read by everybody"
                )
        inner_keys = packet_keys(shared)
        texts = plaintexts(acks, public_keys, inner_keys, contents, options.backend)
    finally:
        ephemeral.fill(0)
        shared.fill(0)
        inner_keys.fill(0)
    routes = topology.routes(
        [recipient.gateway for recipient in recipients],
        mix_hops=options.mix_hops,
        mean_delay_ns=options.parameters.packet_delay_ns,
    )
    packets = build_packets(
        routes,
        list(texts),
        destination=[recipient.identity for recipient in recipients],
        payload_size=options.packet_size.payload_size,
        backend=options.backend,
        threads=options.threads,
    )
    return [
        DataPacket(first_hop(route), packet.tobytes(), total_delay_ns(route) + ack_delay)
        for route, packet, ack_delay in zip(routes, packets, ack_delays, strict=True)
    ]
