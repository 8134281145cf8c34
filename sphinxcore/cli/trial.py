"""One backend's run through the demo's mixnet, every claim of which is checked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

import sphinxcore as sx
from sphinxcore.cli.mixnet import HOPS, Journeys, Mixnet
from sphinxcore.cli.traffic import (
    PACKET_SIZE,
    SURB_SIZE,
    VERSION,
    Letter,
    build,
    flip_header_bit,
    flip_payload_bit,
    write_letters,
)

REPLIES = 100
REPLAYS = 50
HEADER_FLIPS = 25
PAYLOAD_FLIPS = 25


@dataclass(frozen=True)
class Plan:
    """How much traffic, and how it is processed."""

    packets: int
    threads: int
    batch_size: int

    @property
    def replies(self) -> int:
        """How many messages are answered."""
        return min(REPLIES, self.packets)

    @property
    def replays(self) -> int:
        """How many packets are sent twice."""
        return min(REPLAYS, self.packets)

    @property
    def steps(self) -> int:
        """Packets built and hops made, if none were rejected."""
        built = self.packets + HEADER_FLIPS + PAYLOAD_FLIPS
        return built + HOPS * (built + self.replays + self.replies)


@dataclass
class Check:
    """A claim about many packets: how many of them it is true of."""

    name: str
    claim: str
    passed: int = 0
    total: int = 0
    failures: list[str] = field(default_factory=list)

    def count(self, failure: str | None) -> None:
        """Count one packet; None: it is as it should be."""
        self.total += 1
        if failure is None:
            self.passed += 1
        else:
            self.failures.append(failure)


@dataclass(frozen=True)
class Trial:
    """What came out. Rates are packets per second."""

    build_rate: float
    hop_rates: list[float]
    mean_delay_ns: float
    checks: list[Check]

    @property
    def passed(self) -> bool:
        """Whether every claim is true of every packet."""
        return not any(check.failures for check in self.checks)


def run_trial(backend: str, plan: Plan, advance: Callable[[int], None]) -> Trial:
    """Build packets, send them through a new mixnet, answer some, and check what arrives.

    Replayed and damaged packets travel among the good ones, in the same batches. `advance` is
    told how many of the plan's steps were done.
    """
    rng = np.random.default_rng()
    mixnet = Mixnet(backend, plan.threads, plan.batch_size)

    answers = write_letters(mixnet.routes(plan.replies, rng), [b""] * plan.replies, rng)
    surbs = sx.build_surbs(
        [answer.route for answer in answers],
        destination=[answer.destination for answer in answers],
        identifier=[answer.identifier for answer in answers],
        version=VERSION,
        backend=backend,
    )
    bad_headers = range(plan.packets, plan.packets + HEADER_FLIPS)
    bad_payloads = range(bad_headers.stop, bad_headers.stop + PAYLOAD_FLIPS)
    n = bad_payloads.stop
    enclosures = [surb.to_bytes() for surb in surbs] + [b""] * (n - len(surbs))
    letters = write_letters(mixnet.routes(n, rng), enclosures, rng)
    packets, seconds = build(letters, backend, plan.threads, plan.batch_size, advance)
    for i in bad_headers:
        flip_header_bit(packets[i], rng)
    for i in bad_payloads:
        flip_payload_bit(packets[i], rng)

    replayed = rng.choice(plan.packets, plan.replays, replace=False)
    sent = rng.permutation(np.concatenate([np.arange(n), replayed]))
    first_hops = [letters[i].route[0].address for i in sent]
    journeys = mixnet.send(packets[sent], first_hops, advance)
    rows: list[list[int]] = [[] for _ in range(n)]
    for row, i in enumerate(sent.tolist()):
        rows[i].append(row)

    good = range(plan.packets)
    return Trial(
        build_rate=n / seconds,
        hop_rates=[
            count / spent if spent else 0.0
            for count, spent in zip(journeys.hop_packets, journeys.hop_seconds, strict=True)
        ],
        mean_delay_ns=float(np.mean([journeys.clocks_ns[rows[i]].max() for i in good])),
        checks=[
            _check_messages(journeys, [rows[i] for i in good], letters),
            _check_replies(mixnet, backend, journeys, rows, letters, answers, advance),
            _check_replays(journeys, {i: rows[i] for i in replayed.tolist()}),
            _check_headers(journeys, [rows[i][0] for i in bad_headers]),
            _check_payloads(journeys, [rows[i][0] for i in bad_payloads]),
        ],
    )


def _fault(journeys: Journeys, row: int, letter: Letter) -> str | None:
    """What is wrong with a letter's arrival; None: nothing."""
    delivered = journeys.delivered.get(row)
    hops = int(journeys.hops[row])
    if delivered is None or delivered.payload is None:
        return f"{sx.Status(int(journeys.status[row])).name} at hop {hops}"
    try:
        message = sx.recover_message(delivered.payload)
    except sx.SphinxError as error:
        return str(error)
    for what, found, expected in (
        ("number of hops", hops, len(letter.route)),
        ("last node", journeys.last_node[row], letter.route[-1].address),
        ("sum of delays", int(journeys.clocks_ns[row]), sum(hop.delay_ns for hop in letter.route)),
        ("version", delivered.version, VERSION),
        ("destination", delivered.destination, letter.destination),
        ("identifier", delivered.identifier, letter.identifier),
        ("message", message, letter.message),
    ):
        if found != expected:
            return f"another {what} than was sent"
    return None


def _check_messages(
    journeys: Journeys, rows: Sequence[Sequence[int]], letters: Sequence[Letter]
) -> Check:
    check = Check("messages", "messages arrived unchanged and on schedule")
    for i, copies in enumerate(rows):
        faults = [_fault(journeys, row, letters[i]) for row in copies]
        check.count(None if None in faults else f"message {i}: {faults[0]}")
    return check


def _check_replies(
    mixnet: Mixnet,
    backend: str,
    journeys: Journeys,
    rows: Sequence[Sequence[int]],
    letters: Sequence[Letter],
    answers: Sequence[Letter],
    advance: Callable[[int], None],
) -> Check:
    """Answer the letters that hold a SURB, with the SURB that arrived."""
    check = Check("replies", "answers came back through SURBs from messages")
    surbs = {}
    for i in range(len(answers)):
        arrived = [row for row in rows[i] if _fault(journeys, row, letters[i]) is None]
        if arrived:
            message = sx.recover_message(journeys.delivered[arrived[0]].payload)
            surbs[i] = sx.Surb.from_bytes(message[:SURB_SIZE])
        else:
            check.count(f"reply {i}: no SURB arrived")
    replies = sx.use_surbs(
        list(surbs.values()), [answers[i].message for i in surbs], backend=backend
    )
    packets = np.frombuffer(b"".join([packet for packet, _ in replies]), np.uint8)
    back = mixnet.send(
        packets.reshape(len(replies), PACKET_SIZE), [first_hop for _, first_hop in replies], advance
    )
    for row, i in enumerate(surbs):
        fault = _fault(back, row, answers[i])
        check.count(None if fault is None else f"reply {i}: {fault}")
    return check


def _check_replays(journeys: Journeys, rows: Mapping[int, Sequence[int]]) -> Check:
    check = Check("replays", "replays caught by the first node's filter")
    for i, copies in rows.items():
        caught = [
            row
            for row in copies
            if journeys.status[row] == sx.Status.REPLAYED and journeys.hops[row] == 1
        ]
        check.count(None if len(caught) == 1 else f"packet {i} was caught {len(caught)} times")
    return check


def _check_headers(journeys: Journeys, rows: Sequence[int]) -> Check:
    check = Check("header_bits", "flipped header bits caught by the first MAC check")
    for row in rows:
        status = sx.Status(int(journeys.status[row]))
        caught = status is sx.Status.BAD_MAC and journeys.hops[row] == 1
        check.count(None if caught else f"{status.name} at hop {journeys.hops[row]}")
    return check


def _check_payloads(journeys: Journeys, rows: Sequence[int]) -> Check:
    check = Check("payload_bits", "flipped payload bits left no message at the end")
    for row in rows:
        delivered = journeys.delivered.get(row)
        if delivered is None:
            status = sx.Status(int(journeys.status[row]))
            check.count(f"{status.name} at hop {journeys.hops[row]}")
            continue
        try:
            sx.recover_message(delivered.payload)
        except sx.SphinxError:
            check.count(None)
        else:
            check.count("a message was read from a damaged payload")
    return check
