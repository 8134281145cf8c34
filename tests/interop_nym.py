"""Pass whole messages between this library and the nym-sphinx crates: part of `make interop`.

One client is the library's, one is a crate's, in a network whose nodes exist twice: every packet
goes through the library's nodes and through the crates', and both must say the same of it. Plain
and repliable messages of 1 B to 300 kB go each way, repliable ones are answered, every packet is
acknowledged, and now and then somebody asks for SURBs or sends cover. Needs cargo. Exit code:
0 no difference, 1 differences, 2 trouble.
"""

import argparse
import math
import random
import secrets
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import peer_nym
from peer_nym import Delivered, Leg, PeerNym
from peer_process import PeerError, Refusal

import sphinxcore as sx
from sphinxcore import nym

SMALLEST, LARGEST = 1, 300_000
LARGEST_REPLY = 30_000
ROTATION_ID = 7001
BATCH = 20
SIZES = (nym.PacketSize.REGULAR,) * 5 + (
    nym.PacketSize.EXTENDED_8,
    nym.PacketSize.EXTENDED_16,
    nym.PacketSize.EXTENDED_32,
)
REPLIABLE_SHARE = 0.3
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet that one of the clients made, and what it knows of it."""

    leg: Leg
    fragment_id: bytes
    delay_ns: int | None
    """Of packet and acknowledgement; None if the sender can only guess, because it used a SURB."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to send."""

    data: bytes
    packet_size: nym.PacketSize
    reply: bytes | None
    """What it is answered with; None: it is plain."""

    @property
    def surbs(self) -> int:
        """The reply's, and one to ask for more."""
        return 0 if self.reply is None else nym.surbs_needed(self.reply) + 1


class World:
    """The network, the co-process, and the counts."""

    def __init__(self, crates: PeerNym, release: str, backend: str | None) -> None:
        self.crates = crates
        self.counts: Counter[str] = Counter()
        self.differences: list[str] = []
        keys = [sx.PrivateKey.generate() for _ in range(8)]
        hosts = [(IPv4Address, IPv6Address)[i % 2](0x0A000001 + i) for i in range(8)]
        self.addresses = [nym.NodeAddress(host, 1700 + i) for i, host in enumerate(hosts)]
        identities = [nym.IdentityKey.generate().public_key for _ in keys]
        layers = (1, 2, 3, 1, 2, 3, 0, 0)
        roles = (nym.Role.ENTRY, nym.Role.LAYER_1, nym.Role.LAYER_2, nym.Role.LAYER_3)
        self.topology = nym.Topology(
            [
                nym.Node(identities[i], self.addresses[i], keys[i].public_key, roles[layers[i]])
                for i in range(8)
            ],
            ROTATION_ID,
        )
        self.numbers = {address: i for i, address in enumerate(self.addresses)}
        self.processors = [sx.Processor(key, backend=backend) for key in keys]
        nodes = [
            peer_nym.Node(layers[i], self.addresses[i].to_bytes(), identities[i], key.to_bytes())
            for i, key in enumerate(keys)
        ]
        crates.ask(peer_nym.NETWORK, [peer_nym.network_item(ROTATION_ID, nodes)])
        self.library = LibraryClient(self, identities[6], backend)
        self.crate = CrateClient(self, identities[7], release)

    def differ(self, what: str) -> None:
        self.differences.append(what)

    def same(self, what: str, ours: Any, theirs: Any) -> bool:
        if ours != theirs:
            self.differ(f"{what}: {_short(ours)} is not {_short(theirs)}")
        return bool(ours == theirs)

    def ask(self, command: bytes, items: Iterable[bytes]) -> list[Any]:
        """The answers of the crates; a refusal is a difference, and left out."""
        answers = self.crates.ask(command, items)
        for refusal in (answer for answer in answers if isinstance(answer, Refusal)):
            self.differ(f"the crate refused {command!r}: {refusal}")
        return [answer for answer in answers if not isinstance(answer, Refusal)]

    def carry(self, legs: Sequence[Leg]) -> list[Delivered]:
        """Packets at their ends, where the library's nodes and the crates' agree."""
        self.crates.start(peer_nym.DELIVER, [peer_nym.deliver_item(leg) for leg in legs])
        ours = self._carry_here(legs)
        theirs = self.crates.answers()
        agreed = []
        for mine, other in zip(ours, theirs, strict=True):
            if self.same("a packet at its end", mine, other):
                agreed.append(mine)
        self.counts["hops"] += sum(len(one.path) for one in agreed)
        return agreed

    def _carry_here(self, legs: Sequence[Leg]) -> list[Delivered | None]:
        ends: list[Delivered | None] = [None] * len(legs)
        paths: list[list[int]] = [[] for _ in legs]
        delays = [0] * len(legs)
        at = defaultdict(list)
        for i, leg in enumerate(legs):
            at[self.numbers[nym.NodeAddress.from_bytes(leg.first_hop)]].append((i, leg.packet))
        while at:
            following = defaultdict(list)
            for number, waiting in at.items():
                result = self.processors[number].process([packet for _, packet in waiting])
                for (i, _), row in zip(waiting, result, strict=True):
                    paths[i].append(number)
                    if row.status is sx.Status.FORWARD:
                        delays[i] += row.delay_ns
                        next_hop = nym.NodeAddress.from_bytes(row.next_hop)
                        following[self.numbers[next_hop]].append((i, row.packet))
                    elif row.status is sx.Status.DELIVER:
                        rotation = legs[i].key_rotation
                        ends[i] = _delivered(row, tuple(paths[i]), delays[i], rotation)
            at = following
        return ends

    def exchange(self, sent: Sequence[Sent], sender: "Client", receiver: "Client") -> list[Any]:
        """Take packets to the receiver and acknowledgements back; what the receiver read."""
        data = self.carry([one.leg for one in sent])
        acks = self.carry([one.ack for one in data if one.ack is not None])
        if self.same("packets that came through", (len(data), len(acks)), (len(sent),) * 2):
            for one, there, back in zip(sent, data, acks, strict=True):
                if one.delay_ns is not None:
                    self.same("delay", one.delay_ns, there.delay_ns + back.delay_ns)
                self.same("destination", there.destination, receiver.address.identity)
                self.same("ack's destination", back.destination, sender.address.identity)
        found = sender.receive([one.payload for one in acks])
        self.same(
            "acknowledgements",
            sorted(one.fragment_id for one in sent),
            sorted(one for one in found if isinstance(one, bytes)),
        )
        self.counts["packets"] += len(data)
        self.counts["acknowledgements"] += len(found)
        return receiver.receive([one.payload for one in data])


class LibraryClient:
    """The library's client. What it received, it says in plain tuples and bytes."""

    name = "library"

    def __init__(self, world: World, gateway: bytes, backend: str | None) -> None:
        self.world = world
        self.options = nym.SendOptions(backend=backend)
        self.keys = nym.ClientKeys.generate(gateway=gateway)
        self.address = self.keys.address
        self.receiver = nym.MessageReceiver(self.keys, backend=backend)

    def send(self, drafts: Sequence[Draft], to: nym.Recipient, tag: bytes) -> list[list[Sent]]:
        sent: dict[int, list[Sent]] = {}
        by_size = defaultdict(list)
        for i, draft in enumerate(drafts):
            by_size[draft.packet_size].append(i)
        for size, rows in by_size.items():
            options = replace(self.options, packet_size=size)
            outgoing = [
                nym.Outgoing(
                    drafts[i].data,
                    to,
                    drafts[i].surbs,
                    None if drafts[i].reply is None else nym.SenderTag(tag),
                )
                for i in rows
            ]
            prepared = nym.prepare_messages(
                outgoing, self.world.topology, self.keys, options=options
            )
            for i, one in zip(rows, prepared, strict=True):
                self.receiver.reply_keys.add(one.reply_keys)
                sent[i] = self._sent(one, exact=True)
        return [sent[i] for i in range(len(drafts))]

    def reply(self, message: Any, surbs: Sequence[Any]) -> list[Sent]:
        topology, keys = self.world.topology, self.keys
        prepared = nym.prepare_reply(message, surbs, topology, keys, options=self.options)
        return self._sent(prepared, exact=False)

    def request(self, amount: int, surbs: Sequence[Any]) -> list[Sent]:
        return self.reply(nym.SurbRequest(self.address, amount), surbs)

    def cover(self) -> list[Sent]:
        packets = nym.loop_packets(3, self.world.topology, self.keys, options=self.options)
        return [Sent(self._leg(packet), bytes(5), packet.delay_ns) for packet in packets]

    def _sent(self, prepared: nym.Prepared, *, exact: bool) -> list[Sent]:
        return [
            Sent(self._leg(one), fragment.identifier.to_bytes(), one.delay_ns if exact else None)
            for one, fragment in zip(prepared.packets, prepared.fragments, strict=True)
        ]

    def _leg(self, packet: nym.DataPacket) -> Leg:
        return Leg(packet.first_hop.to_bytes(), self.world.topology.key_rotation, packet.packet)

    def receive(self, payloads: Sequence[bytes]) -> list[Any]:
        received = self.receiver.feed(payloads)
        for refused in received.refused:
            self.world.differ(f"the library refused a payload: {refused.error}")
        found: list[Any] = [one.to_bytes() for one in received.acks]
        found += [bytes(5)] * received.cover_acks + ["cover"] * received.cover
        for message in (*received.messages, *received.replies):
            match message:
                case nym.PlainMessage(data):
                    found.append(("plain", data))
                case nym.RepliableMessage(tag, _, surbs, data):
                    found.append(("repliable", data, tag.to_bytes(), surbs))
                case nym.ReplyData(data):
                    found.append(("reply", data))
                case nym.SurbRequest(recipient, amount):
                    found.append(("request", recipient.to_bytes(), amount))
        return found


class CrateClient:
    """The crates' client, as the library's."""

    name = "crate"

    def __init__(self, world: World, gateway: bytes, release: str) -> None:
        self.world = world
        keys = (secrets.token_bytes(size) for size in (32, 32, 16))
        item = peer_nym.client_item(*keys, gateway, release=release)
        (self.client,) = world.ask(peer_nym.CLIENT, [item])
        self.address = nym.Recipient.from_bytes(self.client.address)

    def send(self, drafts: Sequence[Draft], to: nym.Recipient, tag: bytes) -> list[list[Sent]]:
        sent = []
        for draft in drafts:
            size, recipient = draft.packet_size.packet_size, to.to_bytes()
            if draft.reply is None:
                command = peer_nym.PLAIN
                item = peer_nym.plain_item(self.client, recipient, draft.data, size)
            else:
                command = peer_nym.REPLIABLE
                item = peer_nym.repliable_item(
                    self.client, recipient, tag, draft.surbs, draft.data, size
                )
            sent += self._sent(command, item, exact=True)
        return sent

    def reply(self, message: bytes, surbs: Sequence[peer_nym.Surb]) -> list[Sent]:
        item = peer_nym.reply_item(self.client, surbs, message)
        return self._sent(peer_nym.REPLY, item, exact=False)[0]

    def request(self, amount: int, surbs: Sequence[peer_nym.Surb]) -> list[Sent]:
        item = peer_nym.request_item(self.client, surbs, amount)
        return self._sent(peer_nym.SURB_REQUEST, item, exact=False)[0]

    def cover(self) -> list[Sent]:
        items = [peer_nym.cover_item(self.client)] * 3
        packets = self.world.ask(peer_nym.COVER, items)
        return [Sent(one.leg, one.fragment_id, None) for (one,) in packets]

    def _sent(self, command: bytes, item: bytes, *, exact: bool) -> list[list[Sent]]:
        return [
            [
                Sent(one.leg, one.fragment_id, one.expected_delay_ns if exact else None)
                for one in made
            ]
            for made in self.world.ask(command, [item])
        ] or [[]]

    def receive(self, payloads: Sequence[bytes]) -> list[Any]:
        items = [peer_nym.receive_item(self.client, payload) for payload in payloads]
        found: list[Any] = []
        for one in self.world.ask(peer_nym.RECEIVE, items):
            match one:
                case peer_nym.Ack(fragment_id):
                    found.append(fragment_id)
                case peer_nym.Cover():
                    found.append("cover")
                case peer_nym.Plain(data):
                    found.append(("plain", data))
                case peer_nym.Repliable(tag, _, surbs, data):
                    found.append(("repliable", data, tag, surbs))
                case peer_nym.Reply(data):
                    found.append(("reply", data))
                case peer_nym.SurbRequest(recipient, amount):
                    found.append(("request", recipient, amount))
        return found


Client = LibraryClient | CrateClient


def _delivered(row: sx.Row, path: tuple[int, ...], delay_ns: int, rotation: int) -> Delivered:
    """A packet at its end as the crates' nodes describe it."""
    delivery = nym.deliver(row.payload)
    ack = None
    if delivery.ack_first_hop is not None:
        ack = Leg(delivery.ack_first_hop.to_bytes(), rotation, delivery.ack_packet)
    return Delivered(row.destination, path, delay_ns, delivery.data, ack)


def _draft() -> Draft:
    """Of every magnitude of size."""
    packet_size = random.choice(SIZES)
    data = random.randbytes(_size(LARGEST))
    if random.random() >= REPLIABLE_SHARE:
        return Draft(data, packet_size, None)
    return Draft(data, packet_size, random.randbytes(_size(LARGEST_REPLY)))


def _size(largest: int) -> int:
    return round(math.exp(random.uniform(math.log(SMALLEST), math.log(largest))))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}.. ({len(text)} characters)"


def pass_messages(world: World, sender: Client, receiver: Client, messages: int) -> Counter[str]:
    """Messages from one client to the other, and the answers."""
    counts: Counter[str] = Counter()
    drafts = [_draft() for _ in range(messages - 2)]
    # The limits are always there.
    drafts += [Draft(random.randbytes(size), SIZES[0], None) for size in (SMALLEST, LARGEST)]
    for start in range(0, messages, BATCH):
        batch = drafts[start : start + BATCH]
        tag = secrets.token_bytes(16)
        sent = sender.send(batch, receiver.address, tag)
        packets = [one for made in sent for one in made]
        random.shuffle(packets)
        found = world.exchange(packets, sender, receiver)
        expected = {(draft.reply is not None, draft.data) for draft in batch}
        arrived = {(one[0] == "repliable", one[1]) for one in found}
        world.same("messages", arrived, expected)
        counts["messages"] += len(arrived & expected)
        counts["bytes"] += sum(len(data) for _, data in arrived & expected)
        surbs = {one[1]: one[2:] for one in found if one[0] == "repliable"}
        for draft in batch:
            if draft.reply is not None and draft.data in surbs:
                _answer(world, sender, receiver, draft, tag, *surbs[draft.data], counts)
    for client in (sender, receiver):
        cover = client.cover()
        read = world.exchange(cover, client, client)
        counts["cover packets"] += world.same("cover", read, ["cover"] * len(cover)) * len(cover)
    return counts


def _answer(
    world: World,
    asker: Client,
    answerer: Client,
    draft: Draft,
    tag: bytes,
    found_tag: bytes,
    surbs: Sequence[Any],
    counts: Counter[str],
) -> None:
    """Reply with all SURBs but the last, which asks for more."""
    world.same("sender tag", found_tag, tag)
    if not world.same("number of SURBs", len(surbs), draft.surbs):
        return
    reply = answerer.reply(draft.reply, surbs[:-1])
    found = world.exchange(reply, answerer, asker)
    counts["replies"] += world.same("reply", found, [("reply", draft.reply)])
    amount = random.randrange(2**32)
    found = world.exchange(answerer.request(amount, surbs[-1:]), answerer, asker)
    expected = [("request", answerer.address.to_bytes(), amount)]
    counts["requests"] += world.same("request for SURBs", found, expected)


def run(crates: PeerNym, release: str, messages: int, backend: str | None) -> int:
    """Both ways against one release; returns the number of differences."""
    world = World(crates, release, backend)
    started = time.monotonic()
    for sender, receiver in ((world.crate, world.library), (world.library, world.crate)):
        counts = pass_messages(world, sender, receiver, messages)
        listed = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        print(f"nym {release}, {sender.name} to {receiver.name}: {listed}", flush=True)
    listed = ", ".join(f"{count:,} {what}" for what, count in world.counts.items())
    seconds = time.monotonic() - started
    backend = world.processors[0].backend
    print(
        f"nym {release}, {backend}: {listed}, {len(world.differences)} differences, {seconds:.0f} s"
    )
    for text in world.differences[:SHOWN]:
        print(f"  {text}")
    return len(world.differences)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1000, help="each way, %(default)s")
    parser.add_argument("--release", choices=peer_nym.RELEASES, help="default: both")
    parser.add_argument("--backend", choices=sx.available_backends(), help="default: the best")
    arguments = parser.parse_args()
    if arguments.messages < 2:
        parser.error("--messages must be at least 2")
    releases = peer_nym.RELEASES if arguments.release is None else (arguments.release,)
    try:
        with PeerNym() as crates:
            counts = [
                run(crates, release, arguments.messages, arguments.backend) for release in releases
            ]
    except (PeerError, OSError) as error:
        print(f"interop_nym: {error}", file=sys.stderr)
        return 2
    return 1 if any(counts) else 0


if __name__ == "__main__":
    sys.exit(main())
