"""What there is to check of a SURB that a peer made, used and answered."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cases import Blob, Journey, SurbCase
from random_stream import RandomStream
from report import Report
from running import build, feed

import sphinxcore as sx
from sphinxcore import NYM


def check_surbs(
    report: Report,
    cases: Sequence[SurbCase],
    stream: RandomStream,
    journey: Callable[[SurbCase, bytes], Journey],
    mod_l: Callable[[SurbCase], bool],
) -> None:
    """Make them, use them, send the replies along their routes, recover the messages.

    Versions that this library makes no SURBs of must be refused; their headers are compared with
    those of forward packets, which are the same.
    """
    groups: dict[tuple[int, int, bool], list[SurbCase]] = defaultdict(list)
    for case in cases:
        recoverable = case.recovery is not None
        groups[case.inputs.version, len(case.inputs.nodes), recoverable].append(case)
    for (version, _, recoverable), group in groups.items():
        if recoverable or version in NYM.surb_versions:
            _make(report, group, stream)
        else:
            _make_header(report, group, stream, mod_l)
    packets = _use(report, cases)
    seen = report.walk([journey(case, packets[case.inputs.name]) for case in cases])
    payloads = {
        case.name.rpartition(", ")[0]: got.row.payload
        for case, got in seen
        if got.row.payload is not None
    }
    for case in cases:
        if case.recovery is not None:
            name = case.inputs.name
            recovery = sx.SurbRecovery.from_bytes(case.recovery)
            message = recovery.recover(payloads[name], backend=report.backend)
            report.check(name, message == case.inputs.message, "another message was recovered")
            report.check(
                name, recovery.identifier == case.inputs.identifier, "identifier of the recovery"
            )


def _recipients(group: Sequence[SurbCase]) -> Mapping[str, Any]:
    return {
        "destination": [case.inputs.destination for case in group],
        "identifier": [case.inputs.identifier for case in group],
    }


def _make(report: Report, group: Sequence[SurbCase], stream: RandomStream) -> None:
    feed([case.inputs for case in group], stream)
    routes = [case.inputs.route() for case in group]
    options = {**_recipients(group), "backend": report.backend}
    if group[0].recovery is None:
        version = group[0].inputs.version
        surbs = sx.build_surbs(routes, **options, version=version)
    else:
        pairs = sx.build_recoverable_surbs(routes, **options)
        surbs = [surb for surb, _ in pairs]
        for case, (_, recovery) in zip(group, pairs, strict=True):
            same = recovery.to_bytes() == case.recovery
            report.check(case.inputs.name, same, "recovery material differs")
    for case, surb in zip(group, surbs, strict=True):
        report.check(case.inputs.name, surb.to_bytes() == case.surb, "SURB differs")


def _make_header(
    report: Report,
    group: Sequence[SurbCase],
    stream: RandomStream,
    mod_l: Callable[[SurbCase], bool],
) -> None:
    packets = build([case.inputs for case in group], report.backend, stream)
    for case, packet in zip(group, packets, strict=True):
        inputs = case.inputs
        header = Blob(case.surb[: NYM.header_size])
        report.built(inputs.name, header, packet[: NYM.header_size], mod_l=mod_l(case))
        report.refuses(
            inputs.name,
            lambda inputs=inputs: sx.build_surb(
                inputs.route(),
                destination=inputs.destination,
                identifier=inputs.identifier,
                version=inputs.version,
            ),
        )


def _use(report: Report, cases: Sequence[SurbCase]) -> dict[str, bytes]:
    """Replies by case name."""
    packets = {}
    groups: dict[int, list[SurbCase]] = defaultdict(list)
    for case in cases:
        groups[case.inputs.payload_size].append(case)
    for payload_size, group in groups.items():
        replies = sx.use_surbs(
            [sx.Surb.from_bytes(case.surb) for case in group],
            [case.inputs.message for case in group],
            payload_size=payload_size,
            backend=report.backend,
        )
        for case, (packet, first_hop) in zip(group, replies, strict=True):
            name = case.inputs.name
            report.check(name, first_hop == case.first_hop, "first hop differs")
            report.check(name, case.packet.matches(packet), "reply differs")
            packets[name] = packet
    return packets
