"""Messages of Nym's message layer, prepared and received on one core, by each backend.

Preparing draws routes, builds acknowledgements and data packets, and encrypts; receiving takes
what gateways deliver. Messages of one packet, of many, and repliable ones with ten SURBs.
"""

import sys
from collections.abc import Callable
from ipaddress import IPv4Address

import _cpu
import _rounds
from _report import TROUBLE, Report, kernels

import sphinxcore as sx
from sphinxcore import nym

BATCH = 64
SURBS = 10
KINDS = {"1 packet": (1000, 0), "19 packets": (30_000, 0), "repliable, 10 SURBs": (1000, SURBS)}
"""Bytes of the message, and how many SURBs go with it."""
NODES_PER_LAYER = 40


class MessagesError(Exception):
    """What was received is not what was sent."""


class Network:
    """A topology of the usual kind, and two clients."""

    def __init__(self) -> None:
        layers = (nym.Role.LAYER_1, nym.Role.LAYER_2, nym.Role.LAYER_3)
        roles = [*layers * NODES_PER_LAYER, nym.Role.ENTRY]
        keys = [sx.PrivateKey.generate() for _ in roles]
        self.topology = nym.Topology(
            [
                nym.Node(
                    nym.IdentityKey.generate().public_key,
                    nym.NodeAddress(IPv4Address(0x0A000000 + i), 1789),
                    keys[i].public_key,
                    role,
                )
                for i, role in enumerate(roles)
            ]
        )
        self.processors = {
            node.address: sx.Processor(key)
            for node, key in zip(self.topology.nodes, keys, strict=True)
        }
        gateway = self.topology.nodes[-1].identity
        self.sender, self.receiver = (nym.ClientKeys.generate(gateway=gateway) for _ in range(2))

    def delivered(self, packet: nym.DataPacket) -> bytes:
        """What the recipient's gateway gives it."""
        here, raw = packet.first_hop, packet.packet
        while True:
            row = self.processors[here].process([raw])[0]
            if row.status is not sx.Status.FORWARD:
                return nym.deliver(row.payload).data
            here, raw = nym.NodeAddress.from_bytes(row.next_hop), row.packet


def contenders(network: Network, size: int, surbs: int, backend: str) -> dict[str, _rounds.Timed]:
    """Preparing and receiving a batch of messages."""
    options = nym.SendOptions(backend=backend)
    outgoing = [nym.Outgoing(bytes(size), network.receiver.address, surbs)] * BATCH

    def prepare() -> list[nym.Prepared]:
        return nym.prepare_messages(outgoing, network.topology, network.sender, options=options)

    def receive() -> nym.Received:
        return nym.MessageReceiver(network.receiver, backend=backend).feed(payloads)

    payloads = [network.delivered(packet) for one in prepare() for packet in one.packets]
    messages = receive().messages
    if [(one.data, len(getattr(one, "surbs", ()))) for one in messages] != [
        (bytes(size), surbs)
    ] * BATCH:
        raise MessagesError("other messages were received than were sent")
    return {
        f"prepare, {backend}": _timed(prepare),
        f"receive, {backend}": _timed(receive),
    }


def _timed(operation: Callable[[], object]) -> _rounds.Timed:
    def run() -> None:
        operation()

    return _rounds.repeated(run, BATCH)


def main() -> int:
    ours = [f"{what}, {name}" for what in ("prepare", "receive") for name in kernels()]
    report = Report("messages", __doc__, ours=ours)
    report.machine["core"] = _cpu.pin()
    report.machine["batch"] = BATCH
    network = Network()
    try:
        for kind, (size, surbs) in KINDS.items():
            timed = {}
            for backend in report.backends:
                timed |= contenders(network, size, surbs, backend)
            run = report.run(timed)
            print(
                f"\n{kind}: {size:,} bytes ({run.verdict})\n  {'':<22}{'us':>10}{'per second':>12}"
            )
            for name in timed:
                each = run.median(name)
                print(f"  {name:<22}{each / 1000:>10.1f}{1e9 / each:>12,.0f}", flush=True)
            report.add(kind, run)
        return report.finish()
    except (MessagesError, OSError) as error:
        print(error, file=sys.stderr)
        return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
