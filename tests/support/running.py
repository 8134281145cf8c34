"""What a backend makes of vector cases: packets processed, carried along routes, and built."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from cases import AUTHENTIC, WITH_TAG, BuildCase, Expected, Got, Journey, NodeCase
from random_stream import RandomStream

import sphinxcore as sx
from sphinxcore import NYM, Status
from sphinxcore.processor import MAX_KEYS

T = TypeVar("T")


def chunks(cases: Iterable[NodeCase]) -> Iterator[list[NodeCase]]:
    """Cases in their order, in lists that need no more keys than a Processor takes."""
    chunk: list[NodeCase] = []
    keys: set[bytes] = set()
    for case in cases:
        if len(keys | {case.private_key}) > MAX_KEYS:
            yield chunk
            chunk, keys = [], set()
        chunk.append(case)
        keys.add(case.private_key)
    if chunk:
        yield chunk


def process(cases: Sequence[NodeCase], backend: str) -> list[Got]:
    """Process packets of any sizes and keys, as many in one batch as there can be."""
    found = []
    for chunk in chunks(cases):
        keys = sorted({case.private_key for case in chunk})
        index = {key: i for i, key in enumerate(keys)}
        processor = sx.Processor([sx.PrivateKey.from_bytes(key) for key in keys], backend=backend)
        packets = [case.packet for case in chunk]
        opened = processor.authenticate(packets, [index[case.private_key] for case in chunk])
        stage_1 = list(zip(opened.status.tolist(), opened.replay_tags, strict=True))
        for (status, tag), row in zip(stage_1, opened.unwrap(), strict=True):
            found.append(Got(Status(status), tag.tobytes(), row))
    return found


def walk(journeys: Sequence[Journey], backend: str) -> list[tuple[NodeCase, Got]]:
    """Send packets along their routes, all of them at once: every hop of every journey.

    What a node sends is the next one's input. Where its alpha does not count (`mod_l`) the
    file's is put in its place; where the file does not say it the journey ends.
    """
    seen: list[tuple[NodeCase, Got]] = []
    packets = [journey.packet for journey in journeys]
    under_way = [i for i, journey in enumerate(journeys) if journey.expected]
    hop = 0
    while under_way:
        batch = [
            NodeCase(
                f"{journeys[i].name}, hop {hop + 1}",
                journeys[i].private_keys[hop],
                packets[i],
                journeys[i].expected[hop],
            )
            for i in under_way
        ]
        found = process(batch, backend)
        seen += zip(batch, found, strict=True)
        hop += 1
        going_on = []
        for i, case, got in zip(under_way, batch, found, strict=True):
            sent = sent_on(case.expected, got)
            if sent is not None and hop < len(journeys[i].expected):
                packets[i] = sent
                going_on.append(i)
        under_way = going_on
    return seen


def sent_on(expected: Expected, got: Got) -> bytes | None:
    """The next packet, with the file's alpha where ours does not count."""
    packet = got.row.packet
    if packet is None or not expected.mod_l:
        return packet
    alpha = expected.output.head[: NYM.alpha_size] if expected.output else b""
    return alpha + packet[NYM.alpha_size :] if alpha else None


def differences(expected: Expected, got: Got) -> list[str]:
    """Every way in which an outcome is not the expected one."""
    row = got.row
    authentic = expected.status in AUTHENTIC
    comparisons = [
        ("status", row.status, expected.status),
        ("stage 1", got.authentic, Status.AUTHENTIC if authentic else expected.status),
        ("version", row.version, expected.version),
        ("next hop", row.next_hop, expected.next_hop),
        ("delay", row.delay_ns, expected.delay_ns),
        ("destination", row.destination, expected.destination),
        ("identifier", row.identifier, expected.identifier),
    ]
    if not authentic:
        comparisons.append(("replay tag of a rejected packet", any(got.replay_tag), False))
    elif expected.replay_tag is not None:
        comparisons.append(("replay tag", got.replay_tag, expected.replay_tag))
    tag = got.replay_tag if expected.status in WITH_TAG else None
    comparisons.append(("tag of the row", row.replay_tag, tag))
    found = [
        f"{what} is {_text(is_)}, not {_text(should)}"
        for what, is_, should in comparisons
        if is_ != should
    ]
    return found + _output_differences(expected, got)


def _output_differences(expected: Expected, got: Got) -> list[str]:
    if got.row.status is Status.FORWARD and expected.mod_l:
        sent = sent_on(expected, got)
        if sent is None:  # alpha is part of a hash: nothing of the packet can be compared
            return []
        return [] if expected.output and expected.output.matches(sent) else ["next packet differs"]
    output = got.row.packet if got.row.payload is None else got.row.payload
    if expected.output is None or output is None:
        return [] if output is expected.output else [f"output is {_text(output)}"]
    found = [] if expected.output.matches(output) else ["output differs"]
    if got.row.status is Status.DELIVER:
        message = accepted_or_none(lambda: sx.recover_message(output))
        if expected.message is None:
            found += [] if message is None else ["a message was recovered"]
        elif message is None or not expected.message.matches(message):
            found.append("message differs")
    return found


def _text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def accepted_or_none(call: Callable[[], T]) -> T | None:
    """What a call returns, or None if it refuses its arguments."""
    try:
        return call()
    except sx.SphinxError:
        return None


def build(cases: Sequence[BuildCase], backend: str, stream: RandomStream) -> list[bytes]:
    """Packets from their initial secrets and final paddings, in batches as large as can be."""
    packets: dict[int, bytes] = {}
    groups: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for i, case in enumerate(cases):
        groups[case.version, case.payload_size, len(case.nodes)].append(i)
    for (version, payload_size, _), rows in groups.items():
        group = [cases[i] for i in rows]
        feed(group, stream)
        built = sx.build_packets(
            [case.route() for case in group],
            [case.message for case in group],
            destination=[case.destination for case in group],
            identifier=[case.identifier for case in group],
            version=version,
            payload_size=payload_size,
            backend=backend,
        )
        packets |= {i: row.tobytes() for i, row in zip(rows, built, strict=True)}
    return [packets[i] for i in range(len(cases))]


def feed(group: Sequence[BuildCase], stream: RandomStream) -> None:
    """What a batch of routes of one length draws."""
    stream.feed(
        b"".join(case.initial_secret for case in group),
        b"".join(case.final_padding for case in group),
    )
