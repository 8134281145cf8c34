"""A small Nym network for tests: two nodes in each layer, two gateways, clients at them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from network import seeded

import sphinxcore as sx
from sphinxcore import nym

ROTATION_ID = 578


def walk(
    processors: Mapping[nym.NodeAddress, sx.Processor], here: nym.NodeAddress, packet: bytes
) -> Iterator[tuple[nym.NodeAddress, sx.Row]]:
    """Take a packet from node to node until it is delivered; where it is, and the row there."""
    while True:
        row = processors[here].process([packet])[0]
        yield here, row
        if row.status is not sx.Status.FORWARD:
            assert row.status is sx.Status.DELIVER
            return
        here, packet = nym.NodeAddress.from_bytes(row.next_hop), row.packet


class Network:
    """Nodes that process what they are given at once, whatever the delays say."""

    def __init__(self, *, backend: str | None = None) -> None:
        self._processors: dict[nym.NodeAddress, sx.Processor] = {}
        nodes = []
        roles = [nym.Role.LAYER_1, nym.Role.LAYER_2, nym.Role.LAYER_3] * 2
        roles += [nym.Role.ENTRY, nym.Role.ENTRY | nym.Role.EXIT]
        for i, role in enumerate(roles):
            key = sx.PrivateKey.from_bytes(seeded(b"sphinx key of node %d" % i, 32))
            host = IPv4Address(i + 1) if i % 2 else IPv6Address(i + 1)
            address = nym.NodeAddress(host, 1789)
            identity = nym.IdentityKey.from_bytes(seeded(b"identity of node %d" % i, 32))
            nodes.append(nym.Node(identity.public_key, address, key.public_key, role))
            self._processors[address] = sx.Processor(key, backend=backend)
        self.topology = nym.Topology(nodes, ROTATION_ID)
        self.gateways = [node.identity for node in nodes[-2:]]
        self.hops: Counter[nym.NodeAddress] = Counter()
        """How many packets each node processed."""

    def client(self, name: bytes, gateway: int = 0) -> nym.ClientKeys:
        """A client whose keys follow from its name."""
        return nym.ClientKeys(
            nym.IdentityKey.from_bytes(seeded(b"identity of " + name, 32)),
            sx.PrivateKey.from_bytes(seeded(b"encryption key of " + name, 32)),
            nym.AckKey.from_bytes(seeded(b"acknowledgement key of " + name, 16)),
            gateway=self.gateways[gateway],
        )

    def carry(
        self, packets: Iterable[nym.DataPacket], *, acks: bool = True
    ) -> dict[bytes, list[bytes]]:
        """Take packets, and then their acknowledgements, to the end; what each identity gets."""
        delivered = defaultdict(list)
        waiting = [(packet.first_hop, packet.packet) for packet in packets]
        while waiting:
            first_hop, packet = waiting.pop(0)
            row = self._walk(first_hop, packet)
            delivery = nym.deliver(row.payload)
            delivered[row.destination].append(delivery.data)
            if delivery.ack_first_hop is not None and acks:
                waiting.append((delivery.ack_first_hop, delivery.ack_packet))
        return delivered

    def _walk(self, first_hop: nym.NodeAddress, packet: bytes) -> sx.Row:
        steps = list(walk(self._processors, first_hop, packet))
        self.hops.update(here for here, _ in steps)
        return steps[-1][1]
