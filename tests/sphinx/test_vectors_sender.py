"""The sender's side of the files under vectors/: packets and SURBs."""

import importlib

import pytest
from cases import LOW_ORDER_KEY, MATERIAL_COUNT, MOD_L
from own_files import blob, build_case, journey, name_of, names_of, skip_of, surb_case
from random_stream import RandomStream
from report import Report
from running import accepted_or_none, build
from surb_checks import check_surbs
from tally import Tally

import sphinxcore as sx
from sphinxcore import NYM
from vectors import VECTORS, Case, load

SKIPS = {
    "peers/sphinx_packet_0_6_0/build.json": {MOD_L: 10, LOW_ORDER_KEY: 28},
    "peers/sphinx_packet_0_8_0/build.json": {LOW_ORDER_KEY: 28},
    "peers/sphinx_packet_0_6_0/surb.json": {MOD_L: 2},
    "peers/sphinx_packet_0_6_0/surb_parse.json": {MATERIAL_COUNT: 4},
}


@pytest.mark.parametrize("file", names_of("SphinxBuild"))
def test_build(file: str, backend_name: str, random_stream: RandomStream, tally: Tally) -> None:
    cases = load(file)
    report = Report(file, map(name_of, cases), backend_name, tally)
    valid = [case for case in cases if case.result == "valid"]
    inputs = [build_case(case) for case in valid]
    packets = build(inputs, backend_name, random_stream)
    journeys = []
    for case, wanted, packet in zip(valid, inputs, packets, strict=True):
        mod_l = skip_of(case) == MOD_L
        report.built(wanted.name, wanted.packet, packet, mod_l=mod_l)
        sent = wanted.packet.whole if mod_l else packet
        if sent is not None and "outcomes" in case.fields:
            journeys.append(journey(case, sent))
    report.walk(journeys)
    for case in cases:
        if case.result == "invalid":
            _refused(report, case)
    report.finish(len(cases), SKIPS.get(file, {}))


def _refused(report: Report, case: Case) -> None:
    """Building must be refused: a low-order key as soon as it is read."""
    inputs = build_case(case)
    if "LowOrderKey" in case.flags:
        report.refuses(inputs.name, inputs.route)
        if (skip := skip_of(case)) is not None:
            report.skip(inputs.name, skip)
        return
    route = inputs.route()
    report.refuses(
        inputs.name,
        lambda: sx.build_packet(
            route,
            inputs.message,
            destination=inputs.destination,
            identifier=inputs.identifier,
            version=inputs.version,
            payload_size=inputs.payload_size,
            backend=report.backend,
        ),
    )


@pytest.mark.parametrize("file", names_of("SphinxSurb"))
def test_surb(file: str, backend_name: str, random_stream: RandomStream, tally: Tally) -> None:
    cases = {name_of(case): case for case in load(file)}
    report = Report(file, cases, backend_name, tally)
    check_surbs(
        report,
        [surb_case(case) for case in cases.values()],
        random_stream,
        lambda surb, packet: journey(cases[surb.inputs.name], packet),
        lambda surb: skip_of(cases[surb.inputs.name]) == MOD_L,
    )
    report.finish(len(cases), SKIPS.get(file, {}))


@pytest.mark.parametrize("file", names_of("SphinxSurbParse"))
def test_surb_parse(file: str, backend_name: str, tally: Tally) -> None:
    """Where there is no packet in a case the peer could not use the SURB, but this library can."""
    cases = load(file)
    report = Report(file, map(name_of, cases), backend_name, tally)
    for case in cases:
        name, raw = name_of(case), case.bytes("surb")
        if case.result == "invalid":
            report.refuses(name, lambda raw=raw: sx.Surb.from_bytes(raw))
            if (skip := skip_of(case)) is not None:
                report.skip(name, skip)
            continue
        surb = sx.Surb.from_bytes(raw)
        packet, first_hop = surb.use(
            case.bytes("message"), payload_size=case.fields["payloadSize"], backend=backend_name
        )
        report.check(name, first_hop == case.bytes("firstHop"), "first hop differs")
        wanted = blob(case.fields, "packet")
        report.check(name, wanted is None or wanted.matches(packet), "reply differs")
    report.finish(len(cases), SKIPS.get(file, {}))


@pytest.mark.parametrize("file", names_of("SphinxRecovery"))
def test_surb_recovery(file: str, backend_name: str, tally: Tally) -> None:
    cases = load(file)
    report = Report(file, map(name_of, cases), backend_name, tally)
    for case in cases:
        message = accepted_or_none(
            lambda case=case: sx.SurbRecovery.from_bytes(case.bytes("recovery")).recover(
                case.bytes("payload"), backend=backend_name
            )
        )
        wanted = case.bytes("message") if case.result == "valid" else None
        report.check(name_of(case), message == wanted, f"the message is {message!r}")
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("SphinxAnchor"))
def test_anchor(file: str, backend_name: str, random_stream: RandomStream, tally: Tally) -> None:
    """Packets of which only digests and the beginnings of replay tags are known."""
    cases = load(file)
    report = Report(file, map(name_of, cases), backend_name, tally)
    inputs = [build_case(case) for case in cases]
    packets = build(inputs, backend_name, random_stream)
    for case, wanted, packet in zip(cases, inputs, packets, strict=True):
        report.built(wanted.name, wanted.packet, packet, mod_l=False)
        alpha = packet[: NYM.alpha_size]
        report.check(wanted.name, alpha == case.bytes("alpha"), "alpha differs")
        assert len(case.fields["replayTagPrefixes"]) == len(wanted.nodes)
        for node, prefix in zip(wanted.nodes, case.fields["replayTagPrefixes"], strict=True):
            key = sx.PrivateKey.from_bytes(node.private_key)
            row = sx.Processor(key, backend=backend_name).process([packet])[0]
            tag = row.replay_tag or b""
            report.check(wanted.name, tag.startswith(bytes.fromhex(prefix)), "a tag differs")
            packet = row.packet or b""
    report.finish(len(cases), {})


ACCUMULATED_SLOW = 10_000
"""A file of this many packets is for slow runs."""


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(name, marks=pytest.mark.slow)
        if max(case.fields["packets"] for case in load(name)) >= ACCUMULATED_SLOW
        else name
        for name in names_of("SphinxAccumulated")
    ],
)
def test_accumulated(
    file: str, backend_name: str, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One digest over many packets, built and processed."""
    monkeypatch.syspath_prepend(VECTORS)
    accumulate = importlib.import_module("accumulated").accumulate
    cases = load(file)
    report = Report(file, map(name_of, cases), backend_name, tally)
    for case in cases:
        digest = accumulate(case.fields["packets"], backend_name)
        report.check(name_of(case), digest == case.fields["sha256"], f"the digest is {digest}")
    report.finish(len(cases), {})
