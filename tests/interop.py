"""Pass packets between this library and the sphinx-packet crates, hop by hop: `make interop`.

Both sides process every packet at every hop, and everything they say is compared; the outputs of
one and the other are taken in turn as the next hop's input. One copy per batch and hop goes with a
bit flipped and is not passed on. Needs cargo. Exit code: 0 no difference, 1 differences, 2 trouble.
"""

import argparse
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import product
from typing import Any

import peer_crates
import peer_process
from peer_crates import PeerCrates
from peer_process import PeerError, Refusal

import sphinxcore as sx

WIRE = sx.NYM
BUILDERS = ("crate", "library")
LARGEST_BATCH = 64
SHOWN = 5
WHOLE = 64
"""Longest value that is printed whole."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a batch consists of."""

    release: str
    version: int
    share: int
    surb: bool = False

    def __str__(self) -> str:
        what = "SURB replies" if self.surb else "forward"
        return f"sphinx-packet {self.release}, version {self.version}, {what}"


# 0.6.0 blinds 1 and 257 in its own way and cannot open 260 replies; 0.8.0 has no 258 SURBs.
KINDS = (
    Kind("0.6.0", 258, 3),
    Kind("0.6.0", 259, 3),
    Kind("0.6.0", 260, 1),
    Kind("0.6.0", 0xFFFF, 1),
    Kind("0.6.0", 258, 1, surb=True),
    Kind("0.6.0", 259, 1, surb=True),
    Kind("0.8.0", 1, 1),
    Kind("0.8.0", 257, 1),
    Kind("0.8.0", 258, 1),
    Kind("0.8.0", 259, 2),
    Kind("0.8.0", 260, 1),
    Kind("0.8.0", 0, 1),
    Kind("0.8.0", 259, 1, surb=True),
    Kind("0.8.0", 260, 2, surb=True),
)
REGULAR, ACK, *EXTENDED = PAYLOAD_SIZES = (2065, 38, 8209, 16401, 32785)
SIZES = (REGULAR,) * 6 + (ACK, *EXTENDED)


@dataclass(slots=True)
class Differences:
    """How many there were, and the first ones in full."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(text)


@dataclass(slots=True)
class Item:
    """A packet on its way, and what it was made of."""

    route: list[sx.Hop]
    destination: bytes
    identifier: bytes
    message: bytes
    packet: bytes = b""
    recovery: bytes = b""
    payload: bytes | None = None

    def crate_route(self, version: int) -> bytes:
        secret = secrets.token_bytes(32)
        return peer_crates.route_field(
            version, self.route, self.destination, self.identifier, secret
        )


class Batch:
    """Packets of one kind and size, built by one side, for the same five nodes."""

    def __init__(
        self,
        crates: PeerCrates,
        backend: str,
        kind: Kind,
        builder: str,
        payload_size: int,
        n: int,
        differences: Differences,
    ) -> None:
        self.crates, self.backend, self.kind, self.builder = crates, backend, kind, builder
        self.payload_size = payload_size
        self.differences = differences
        self.hops = 0
        """Hops that packets passed without a difference."""
        self.arrived = 0
        """Packets whose message both sides read at the end."""
        self.keys = [sx.PrivateKey.generate() for _ in range(WIRE.max_hops)]
        self.items = [self._draw() for _ in range(n)]

    def run(self) -> None:
        """Build the packets, pass them along their routes, and read the messages at the end."""
        try:
            if self.kind.surb:
                self._answer_surbs()
            else:
                self._build()
        except sx.SphinxError as error:
            self._differ(f"the library refused: {error}")
        on_the_way = [item for item in self.items if item.packet]
        for position in range(WIRE.max_hops):
            on_the_way = self._pass(position, on_the_way)
        self._read([item for item in self.items if item.payload is not None])

    def _draw(self) -> Item:
        hops = [
            sx.Hop(
                secrets.token_bytes(WIRE.address_size),
                key.public_key,
                # Delays of every magnitude, up to the limit of 64 bits.
                secrets.randbits(64) >> secrets.randbelow(64),
            )
            for key in self.keys[: random.randint(1, WIRE.max_hops)]
        ]
        room = self.payload_size - WIRE.payload_overhead
        size = random.choice((0, room, random.randint(0, room)))
        return Item(
            hops,
            secrets.token_bytes(WIRE.address_size),
            secrets.token_bytes(WIRE.identifier_size),
            secrets.token_bytes(size),
        )

    def _build(self) -> None:
        if self.builder == "library":
            built = sx.build_packets(
                [item.route for item in self.items],
                [item.message for item in self.items],
                destination=[item.destination for item in self.items],
                identifier=[item.identifier for item in self.items],
                version=self.kind.version,
                payload_size=self.payload_size,
                backend=self.backend,
            )
            for item, packet in zip(self.items, built, strict=True):
                item.packet = packet.tobytes()
            return
        size = self.payload_size.to_bytes(4, "little")
        requests = (
            item.crate_route(self.kind.version) + size + peer_process.field(item.message)
            for item in self.items
        )
        for item, answer in self._crate(peer_crates.BUILD, self.items, requests):
            (item.packet,) = answer

    def _answer_surbs(self) -> None:
        """SURBs by the builder; both sides use them, which gives the same packet."""
        surbs = self._surbs()
        size = self.payload_size.to_bytes(4, "little")
        items = [item for item, _ in surbs]
        requests = (
            size + peer_process.field(item.message) + peer_process.field(surb)
            for item, surb in surbs
        )
        ours = sx.use_surbs(
            [sx.Surb.from_bytes(surb) for _, surb in surbs],
            [item.message for item in items],
            payload_size=self.payload_size,
            backend=self.backend,
        )
        used = {id(item): reply for item, reply in zip(items, ours, strict=True)}
        for item, theirs in self._crate(peer_crates.USE_SURB, items, requests):
            packet, first_hop = used[id(item)]
            same = self._same(item, "reply packet", packet, theirs[0])
            same &= self._same(item, "first hop, library", first_hop, item.route[0].address)
            same &= self._same(item, "first hop, crate", theirs[1], item.route[0].address)
            if same:
                item.packet = packet if self.builder == "crate" else theirs[0]

    def _surbs(self) -> list[tuple[Item, bytes]]:
        if self.builder == "crate":
            routes = (item.crate_route(self.kind.version) for item in self.items)
            found = []
            for item, (surb, recovery) in self._crate(peer_crates.MAKE_SURB, self.items, routes):
                item.recovery = recovery
                found.append((item, surb))
            return found
        routes = [item.route for item in self.items]
        to = {
            "destination": [item.destination for item in self.items],
            "identifier": [item.identifier for item in self.items],
            "backend": self.backend,
        }
        if self.kind.version != WIRE.recoverable_surb_version:
            made = sx.build_surbs(routes, version=self.kind.version, **to)
            return [(item, surb.to_bytes()) for item, surb in zip(self.items, made, strict=True)]
        pairs = sx.build_recoverable_surbs(routes, **to)
        for item, (_, recovery) in zip(self.items, pairs, strict=True):
            item.recovery = recovery.to_bytes()
        return [(item, surb.to_bytes()) for item, (surb, _) in zip(self.items, pairs, strict=True)]

    def _pass(self, position: int, items: list[Item]) -> list[Item]:
        """Both sides process the packets at one node. Returns what goes on to the next one."""
        if not items:
            return []
        key = self.keys[position]
        packets = [item.packet for item in items]
        packets.append(_with_a_flipped_bit(random.choice(packets)))
        self.crates.start(
            peer_crates.PROCESS,
            self.kind.release,
            (key.to_bytes() + peer_process.field(packet) for packet in packets),
        )
        ours = sx.Processor(key, backend=self.backend).process(packets)
        theirs = self.crates.answers()
        forged, crate_forged = ours[len(items)], theirs.pop()
        where = f"hop {position + 1}, a bit flipped"
        self._same_row(where, key, packets[-1], forged, crate_forged)
        going_on = []
        for i, (item, row) in enumerate(zip(items, theirs, strict=True)):
            where = f"hop {position + 1} of {len(item.route)}"
            if not self._same_row(where, key, item.packet, ours[i], row):
                continue
            expected = self._expected(position, item, row)
            if not self._same_row(f"{where}, sender", key, item.packet, expected, row):
                continue
            self.hops += 1
            next_row = row if (position % 2 == 0) == (self.builder == "crate") else ours[i]
            item.payload = next_row.payload
            if next_row.packet is not None:
                item.packet = next_row.packet
                going_on.append(item)
        return going_on

    def _expected(self, position: int, item: Item, row: sx.Row) -> sx.Row:
        """`row` with all that the sender knows in it."""
        last = position == len(item.route) - 1
        return replace(
            row,
            status=sx.Status.DELIVER if last else sx.Status.FORWARD,
            version=self.kind.version,
            next_hop=None if last else item.route[position + 1].address,
            delay_ns=None if last else item.route[position].delay_ns,
            destination=item.destination if last else None,
            identifier=item.identifier if last else None,
        )

    def _read(self, items: list[Item]) -> None:
        """Both sides get the messages out of the delivered payloads."""
        recoverable = bool(items and items[0].recovery)
        command = peer_crates.OPEN_REPLY if recoverable else peer_crates.MESSAGE
        requests = (
            (peer_process.field(item.recovery) if recoverable else b"")
            + peer_process.field(item.payload)
            for item in items
        )
        for item, (theirs,) in self._crate(command, items, requests):
            try:
                ours = self._message(item)
            except sx.SphinxError as error:
                self._differ(f"the library refused the payload: {error}", item)
                continue
            same = self._same(item, "message, crate", theirs, item.message)
            same &= self._same(item, "message, library", ours, item.message)
            self.arrived += same

    def _message(self, item: Item) -> bytes:
        if not item.recovery:
            return sx.recover_message(item.payload)
        recovery = sx.SurbRecovery.from_bytes(item.recovery)
        return recovery.recover(item.payload, backend=self.backend)

    def _crate(
        self, command: bytes, items: Sequence[Item], requests: Iterable[bytes]
    ) -> Iterator[tuple[Item, list[bytes]]]:
        """Items with the crate's answers; those it refused are differences."""
        answers = self.crates.ask(command, self.kind.release, requests)
        for item, answer in zip(items, answers, strict=True):
            if isinstance(answer, Refusal):
                self._differ(f"the crate refused: {answer}", item)
            else:
                yield item, answer

    def _differ(self, what: str, item: Item | None = None) -> None:
        head = f"{self.kind}, payload {self.payload_size}, built by the {self.builder}"
        hops = "" if item is None else f", {len(item.route)} hops"
        self.differences.add(f"{head}{hops}: {what}")

    def _same(self, item: Item, what: str, ours: bytes, theirs: bytes) -> bool:
        if ours != theirs:
            self._differ(f"{what}: {_text(ours)} is not {_text(theirs)}", item)
        return ours == theirs

    def _same_row(
        self, where: str, key: sx.PrivateKey, packet: bytes, ours: Any, theirs: Any
    ) -> bool:
        if ours == theirs:
            return True
        if isinstance(theirs, Refusal):
            found = [f"library {ours}, crate {theirs}"]
        else:
            names = [part.name for part in fields(sx.Row)]
            pairs = [(name, getattr(ours, name), getattr(theirs, name)) for name in names]
            found = [f"{name} {_text(a)} is not {_text(b)}" for name, a, b in pairs if a != b]
        inputs = f"private key {key.to_bytes().hex()}, packet {packet.hex()}"
        self._differ(f"{where}: {'; '.join(found)}; {inputs}")
        return False


def _text(value: Any) -> str:
    if not isinstance(value, bytes):
        return repr(value)
    return value.hex() if len(value) <= WHOLE else f"{value[:WHOLE].hex()}.. ({len(value)} bytes)"


def _with_a_flipped_bit(packet: bytes) -> bytes:
    """A copy with one bit changed; half of them in the header."""
    changed = bytearray(packet)
    end = WIRE.header_size if random.getrandbits(1) else len(packet)
    changed[random.randrange(end)] ^= 1 << random.randrange(8)
    return bytes(changed)


def plan(packets: int, release: str | None) -> Iterator[tuple[Kind, int, int]]:
    """Kind, payload size and number of packets of each batch: `packets` in all."""
    kinds = [kind for kind in KINDS for _ in range(kind.share) if release in (None, kind.release)]
    slots = list(product(SIZES, kinds))
    for i, (payload_size, kind) in enumerate(slots):
        left = packets * (i + 1) // len(slots) - packets * i // len(slots)
        while left:
            n = min(left, LARGEST_BATCH)
            yield kind, payload_size, n
            left -= n


def run(crates: PeerCrates, backend: str, packets: int, release: str | None) -> int:
    """Everything against one backend; returns the number of differences."""
    differences = Differences()
    arrived: Counter[tuple[str, Kind]] = Counter()
    hops: Counter[Kind] = Counter()
    started = time.monotonic()
    for builder in BUILDERS:
        for kind, payload_size, n in plan(packets, release):
            batch = Batch(crates, backend, kind, builder, payload_size, n, differences)
            batch.run()
            arrived[builder, kind] += batch.arrived
            hops[kind] += batch.hops
    print(f"{backend}: packets built by the crate, by the library, hops")
    for kind in hops:
        counts = "".join(f"{arrived[builder, kind]:>8}" for builder in BUILDERS)
        print(f"  {kind!s:<50}{counts}{hops[kind]:>8}")
    crate, library = (sum(arrived[builder, kind] for kind in hops) for builder in BUILDERS)
    each_way = f"{crate} packets each way" if crate == library else f"{crate} and {library} packets"
    seconds = time.monotonic() - started
    print(f"{backend}: {each_way}, {differences.count} differences, {seconds:.0f} s", flush=True)
    for text in differences.first:
        print(f"  {text}")
    return differences.count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--packets", type=int, default=10_000, help="each way, %(default)s")
    parser.add_argument("--release", choices=peer_crates.RELEASES, help="default: both")
    parser.add_argument(
        "--backend", choices=sx.available_backends(), help="default: all that run here"
    )
    arguments = parser.parse_args()
    if arguments.packets < 1:
        parser.error("--packets must be at least 1")
    backends = sx.available_backends() if arguments.backend is None else (arguments.backend,)
    try:
        with PeerCrates() as crates:
            counts = [run(crates, name, arguments.packets, arguments.release) for name in backends]
    except (PeerError, OSError) as error:
        print(f"interop: {error}", file=sys.stderr)
        return 2
    return 1 if any(counts) else 0


if __name__ == "__main__":
    sys.exit(main())
