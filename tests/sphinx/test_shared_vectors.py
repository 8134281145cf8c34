"""../shared/vectors: bytes made by others with sphinx-packet 0.6.0 and 0.8.0.

Everything must agree but what four names stand for, each of which is counted, and one exception:

* 0.6.0 blinding: versions 1 and 257 as 0.6.0 has them. A node's outcome is compared but for the
  alpha it sends on, where the file's is used at the next hop; a sender's packet is another one.
* low-order alpha: refused, with Status.BAD_PUBLIC_VALUE.
* low-order node key: refused by PublicKey.
* SURB material count: a SURB has 1..5 seeds or keys, all others are refused.
* version 258 SURBs: 0.8.0 no longer makes or reads them; this library does, as 0.6.0 does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from cases import (
    LOW_ORDER_ALPHA,
    LOW_ORDER_KEY,
    MATERIAL_COUNT,
    MOD_L,
    BuildCase,
    Journey,
    NodeCase,
    SurbCase,
)
from random_stream import RandomStream
from report import Report
from running import accepted_or_none, build
from shared_files import (
    FORWARD,
    LEGACY_VERSIONS,
    MALFORMED,
    PACKETS,
    SENDER,
    SURB,
    SURBS,
    blob,
    input_node,
    malformed_journey,
    malformed_node,
    new_build_case,
    new_journey,
    new_surb_case,
    old_build_case,
    old_journey,
    old_surb_case,
    other_secret_node,
    raw,
    sender_journey,
    shared,
)
from surb_checks import check_surbs
from tally import Tally

import sphinxcore as sx
from sphinxcore import NYM, Status

OLD_SURBS = "version 258 SURBs"
MATERIAL_COUNTS = range(1, NYM.max_hops + 1)

Members = Mapping[str, Any]


def test_forward(backend_name: str, random_stream: RandomStream, tally: Tally) -> None:
    """131 packets of 0.6.0, made and processed at every hop."""
    cases = shared(FORWARD)
    report = Report(FORWARD, [case["name"] for case in cases], backend_name, tally)
    inputs = [old_build_case(case) for case in cases]
    for wanted, packet in zip(inputs, build(inputs, backend_name, random_stream), strict=True):
        report.built(wanted.name, wanted.packet, packet, mod_l=wanted.version in LEGACY_VERSIONS)
    report.walk([old_journey(case, raw(case, "packet")) for case in cases])
    report.finish(131, {MOD_L: 37})


def test_surb(backend_name: str, random_stream: RandomStream, tally: Tally) -> None:
    """39 SURBs of 0.6.0: made, used, and the replies processed at every hop."""
    cases = {case["name"]: case for case in shared(SURB)}
    report = Report(SURB, cases, backend_name, tally)
    check_surbs(
        report,
        [old_surb_case(case) for case in cases.values()],
        random_stream,
        lambda surb, packet: old_journey(cases[surb.inputs.name], packet),
        lambda surb: surb.inputs.version in LEGACY_VERSIONS,
    )
    report.finish(39, {MOD_L: 6})


def test_sender(backend_name: str, random_stream: RandomStream, tally: Tally) -> None:
    """105 packets of 0.6.0 for unusual public keys; outcomes where all private keys are known.

    A node's outcome can be an error: senders of versions 1 and 257 lose such packets.
    """
    cases = shared(SENDER)
    report = Report(SENDER, [case["name"] for case in cases], backend_name, tally)
    taken: list[BuildCase] = []
    for case in cases:
        inputs = old_build_case(case)
        if _has_low_order_key(case):
            report.refuses(inputs.name, inputs.route)
            report.skip(inputs.name, LOW_ORDER_KEY)
        else:
            taken.append(inputs)
    for wanted, packet in zip(taken, build(taken, backend_name, random_stream), strict=True):
        report.built(wanted.name, wanted.packet, packet, mod_l=wanted.version in LEGACY_VERSIONS)
    report.walk([journey for case in cases if (journey := sender_journey(case))])
    report.finish(105, {MOD_L: 27, LOW_ORDER_KEY: 24})


LOW_ORDER_NAMES = frozenset(
    (
        "u = 0",
        "u = 1",
        "u = order8-a",
        "u = order8-b",
        "u = p-1",
        "u = p",
        "u = p+1",
        "u = 2^255 (0 with top bit)",
    )
)
"""What the file calls those of its odd keys that have low order."""


def _has_low_order_key(case: Members) -> bool:
    return case["odd_key"] in LOW_ORDER_NAMES


def test_packets(backend_name: str, random_stream: RandomStream, tally: Tally) -> None:
    """63 packets of 0.8.0, made and processed at every hop."""
    cases = shared(PACKETS)
    names = [case["id"] for case in cases]
    report = Report(f"{PACKETS} cases", names, backend_name, tally)
    inputs = [new_build_case(case) for case in cases]
    packets = build(inputs, backend_name, random_stream)
    for wanted, packet in zip(inputs, packets, strict=True):
        report.built(wanted.name, wanted.packet, packet, mod_l=False)
    report.walk([new_journey(case, packet) for case, packet in zip(cases, packets, strict=True)])
    report.finish(63, {})


def test_node_input(backend_name: str, tally: Tally) -> None:
    """61 byte strings at a node of 0.8.0."""
    cases = shared(PACKETS, "node_input")
    names = [case["id"] for case in cases]
    report = Report(f"{PACKETS} node_input", names, backend_name, tally)
    nodes = [input_node(case) for case in cases]
    low_order_alphas(report, nodes)
    report.process(nodes)
    report.finish(61, {LOW_ORDER_ALPHA: 17})


def low_order_alphas(report: Report, nodes: Sequence[NodeCase]) -> None:
    """Count the packets that are refused for their alpha."""
    for node in nodes:
        if node.expected.status is Status.BAD_PUBLIC_VALUE:
            report.skip(node.name, LOW_ORDER_ALPHA)


def test_builder_refuses(backend_name: str, tally: Tally) -> None:
    """11 sets of a sender's parameters in 0.8.0."""
    cases = shared(PACKETS, "builder_refuses")
    names = [case["id"] for case in cases]
    report = Report(f"{PACKETS} builder_refuses", names, backend_name, tally)
    for case in cases:
        sizes = (case["hops"], case["delays"], case["payload_size"], case["message_len"])
        wanted = case["result"]["len"] if case["result"].get("ok") else None
        check_builder(report, case["id"], wanted, lambda sizes=sizes: _packet(backend_name, *sizes))
    report.finish(11, {})


def check_builder(
    report: Report, name: str, wanted_size: int | None, make: Callable[[], bytes]
) -> None:
    """What make() returns must have this size; None: it must raise SphinxError.

    Numbers of hops and of delays that differ cannot be said: a hop holds its delay. The nearest
    thing, a hop with no delay or with several, is a TypeError.
    """
    if wanted_size is None:
        report.refuses(name, make, TypeError)
    else:
        size = len(make())
        report.check(name, size == wanted_size, f"{size} bytes were made, not {wanted_size}")


def _route(hops: int, delays: int) -> list[sx.Hop]:
    """A route; with other numbers of delays than hops the last hop has none, or all the rest."""
    public_key = sx.PrivateKey.from_bytes(bytes(range(32))).public_key
    values: list[Any] = [1] * hops
    if hops and delays < hops:
        values[-1] = None
    elif hops and delays > hops:
        values[-1] = (1,) * (1 + delays - hops)
    return [sx.Hop(bytes(NYM.address_size), public_key, delay) for delay in values]


def _packet(
    backend: str, hops: int, delays: int, payload_size: int, message: int, version: int = 259
) -> bytes:
    return sx.build_packet(
        _route(hops, delays),
        bytes(message),
        destination=bytes(NYM.address_size),
        version=version,
        payload_size=payload_size,
        backend=backend,
    )


@pytest.mark.parametrize(("part", "number"), [("v259", 22), ("v260", 22)])
def test_new_surbs(
    part: str, number: int, backend_name: str, random_stream: RandomStream, tally: Tally
) -> None:
    """SURBs of 0.8.0: made, used, the replies processed at every hop, and recovered (260)."""
    cases = {case["id"]: case for case in shared(SURBS, part)}
    report = Report(f"{SURBS} {part}", cases, backend_name, tally)
    surbs: Sequence[SurbCase] = [new_surb_case(case) for case in cases.values()]
    assert all((surb.recovery is None) == (part == "v259") for surb in surbs)
    check_surbs(
        report,
        surbs,
        random_stream,
        lambda surb, packet: new_journey(cases[surb.inputs.name], packet),
        lambda surb: False,
    )
    report.finish(number, {})


def test_surb_creation(backend_name: str, tally: Tally) -> None:
    """26 sets of parameters for 0.8.0's two constructors.

    build_recoverable_surb() takes no version, which is a TypeError.
    """
    cases = {
        f"{i} {case['op']} v{case['version']} {case['hops']} hops": case
        for i, case in enumerate(shared(SURBS, "creation"))
    }
    report = Report(f"{SURBS} creation", cases, backend_name, tally)
    for name, case in cases.items():
        wanted = case["result"]["surb_len"] if case["result"].get("ok") else None
        if case["op"] == "new" and case["version"] == 258:
            assert wanted is None
            wanted = surb_size(case["hops"], 192)
            report.skip(name, OLD_SURBS)
        check_builder(report, name, wanted, lambda case=case: _create(backend_name, case))
    report.finish(26, {OLD_SURBS: 1})


def surb_size(count: int, material: int) -> int:
    return NYM.header_size + NYM.address_size + count * material


def _create(backend: str, case: Members) -> bytes:
    route = _route(case["hops"], case["delays"])
    identifier = bytes([0 if case["zero_identifier"] else 7]) * NYM.identifier_size
    options: dict[str, Any] = {
        "destination": bytes(NYM.address_size),
        "identifier": identifier,
        "backend": backend,
    }
    if case["op"] == "new":
        return sx.build_surb(route, **options, version=case["version"]).to_bytes()
    assert case["op"] == "new_recoverable"
    if case["version"] != NYM.recoverable_surb_version:
        options["version"] = case["version"]
    surb, _ = sx.build_recoverable_surb(route, **options)
    return surb.to_bytes()


def test_surb_parsing(backend_name: str, tally: Tally) -> None:
    """41 entries: two byte strings, and what 0.8.0 makes of their first n bytes."""
    cases = {f"{case['op']} {case.get('n', '')}".strip(): case for case in shared(SURBS, "parsing")}
    report = Report(f"{SURBS} parsing", cases, backend_name, tally)
    surb, recovery = raw(cases["surb_bytes"], "bytes"), raw(cases["recovery_bytes"], "bytes")
    parsers: dict[str, tuple[Callable[[bytes], Any], bytes, int]] = {
        "surb": (sx.Surb.from_bytes, surb, surb_size(0, 0)),
        "recovery": (sx.SurbRecovery.from_bytes, recovery, NYM.identifier_size),
    }
    for name, case in cases.items():
        kind = case["op"].partition("_")[0]
        parse, data, fixed = parsers[kind]
        if case["op"] == f"{kind}_bytes":
            assert len(data) >= max(
                other.get("n", 0) for other in cases.values() if other["op"].startswith(kind)
            )
            continue
        assert case["op"] == f"{kind}_from_first_n_bytes"
        first = data[: case["n"]]
        result = case["result"]
        if kind == "surb" and first[fixed:] and len(first) - fixed in range(192, 961, 192):
            assert "error" in result
            report.skip(name, OLD_SURBS)
            report.check(name, parse(first).to_bytes() == first, "was not read as it is")
        elif "error" in result:
            report.refuses(name, lambda parse=parse, first=first: parse(first))
        else:
            count = (len(first) - fixed) // NYM.payload_seed_size
            report.check(name, parse(first).to_bytes() == first, "was not read as it is")
            report.check(name, count == result.get("seeds_count", result.get("hops")), "count")
    report.finish(41, {OLD_SURBS: 3})


def test_surb_recovery_failures(backend_name: str, tally: Tally) -> None:
    """10 payloads with the right or the wrong recovery material."""
    cases = shared(SURBS, "recovery_failures")
    report = Report(
        f"{SURBS} recovery_failures", [case["id"] for case in cases], backend_name, tally
    )
    for case in cases:
        recovery = sx.SurbRecovery.from_bytes(raw(case, "recovery"))
        sealed = raw(case, "sealed_payload")
        message = accepted_or_none(
            lambda recovery=recovery, sealed=sealed: recovery.recover(sealed, backend=backend_name)
        )
        wanted = raw(case["result"], "plaintext") if case["result"].get("ok") else None
        report.check(case["id"], message == wanted, f"the message is {message!r}")
    report.finish(10, {})


def test_malformed(backend_name: str, tally: Tally) -> None:
    """936 inputs with the outcome in 0.6.0, most of them bad.

    Some operations are no part of this library's interface, and are checked in another way:

    * header_from_bytes, routing_info_from_bytes: the one length that is taken is the wire format's;
    * process_with_expanded_secret, with the secret of another packet: a packet with that one's
      alpha, which has this secret, must fail its MAC;
    * payload_unwrap: batch.lioness_decrypt();
    * encapsulate_message: the payload that a SURB with these keys makes;
    * build_packet, surb_new: see check_builder().
    """
    cases = shared(MALFORMED)
    report = Report(MALFORMED, [case["name"] for case in cases], backend_name, tally)
    nodes: list[NodeCase] = []
    journeys: list[Journey] = []
    for case in cases:
        match case["op"]:
            case "process":
                nodes.append(malformed_node(case))
            case "process_with_expanded_secret":
                nodes.append(other_secret_node(case))
            case "process_chain":
                journeys.append(malformed_journey(case))
            case "use_surb_chain":
                _used(report, case, case["outcome"])
                journeys.append(malformed_journey(case))
            case operation:
                OPERATIONS[operation](report, case)
    report.process(nodes)
    report.walk(journeys)
    low_order_alphas(report, nodes)
    report.finish(936, {MOD_L: 26, LOW_ORDER_ALPHA: 65, MATERIAL_COUNT: 10})


def _used(report: Report, case: Members, outcome: Members) -> None:
    """Use a SURB and compare packet and first hop."""
    inputs = case["input"]
    surb = sx.Surb.from_bytes(raw(inputs, "bytes"))
    packet, first_hop = surb.use(
        raw(inputs, "message"), payload_size=inputs["payload_size"], backend=report.backend
    )
    report.check(case["name"], packet == raw(outcome, "packet"), "reply differs")
    if "first_hop" in outcome:
        report.check(case["name"], first_hop == raw(outcome, "first_hop"), "first hop differs")


def _use_surb(report: Report, case: Members) -> None:
    if case["outcome"]["result"] == "ok":
        _used(report, case, case["outcome"])
    else:
        report.refuses(case["name"], lambda: _used(report, case, {"packet": ""}))


def _surb_from_bytes(report: Report, case: Members) -> None:
    name, data, parse = case["name"], raw(case["input"], "bytes"), case["outcome"]["parse"]
    if parse["result"] != "ok":
        report.refuses(name, lambda: sx.Surb.from_bytes(data))
    elif parse["materials_count"] not in MATERIAL_COUNTS:
        report.refuses(name, lambda: sx.Surb.from_bytes(data))
        report.skip(name, MATERIAL_COUNT)
    else:
        surb = sx.Surb.from_bytes(data)
        report.check(name, surb.first_hop == raw(parse, "first_hop"), "first hop differs")
        same = surb.to_bytes() == data
        report.check(name, same == parse["to_bytes_is_input"], "bytes differ")
        _used(report, case, case["outcome"]["use"])


def _recover_plaintext(report: Report, case: Members) -> None:
    payload = raw(case["input"], "payload")
    message = accepted_or_none(lambda: sx.recover_message(payload))
    wanted = blob(case["outcome"], "message")
    same = message is None if wanted is None else message is not None and wanted.matches(message)
    report.check(case["name"], same, f"the message is {message!r}")


def _row(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8).reshape(1, -1)


def _payload_unwrap(report: Report, case: Members) -> None:
    key, data = raw(case["input"], "payload_key"), raw(case["input"], "bytes")

    def unwrap() -> bytes:
        return sx.batch.lioness_decrypt(key, _row(data), backend=report.backend).tobytes()

    if case["outcome"]["result"] == "ok":
        report.check(case["name"], unwrap() == raw(case["outcome"], "bytes"), "payload differs")
    else:
        report.refuses(case["name"], unwrap)


def _encapsulate(report: Report, case: Members) -> None:
    inputs = case["input"]
    keys = [bytes.fromhex(key) for key in inputs["payload_keys"]]
    surb_bytes = bytes(NYM.header_size + NYM.address_size) + b"".join(keys)

    def encapsulate() -> bytes:
        packet, _ = sx.Surb.from_bytes(surb_bytes).use(
            raw(inputs, "message"), payload_size=inputs["payload_size"], backend=report.backend
        )
        return packet[NYM.header_size :]

    if case["outcome"]["result"] != "ok":
        report.refuses(case["name"], encapsulate)
    elif len(keys) not in MATERIAL_COUNTS:
        report.refuses(case["name"], lambda: sx.Surb.from_bytes(surb_bytes))
        report.skip(case["name"], MATERIAL_COUNT)
    else:
        same = encapsulate() == raw(case["outcome"], "payload")
        report.check(case["name"], same, "payload differs")


def _header(report: Report, case: Members) -> None:
    _one_size(report, case, NYM.header_size)


def _routing_information(report: Report, case: Members) -> None:
    _one_size(report, case, NYM.mac_size + NYM.routing_size)


def _one_size(report: Report, case: Members, size: int) -> None:
    taken = case["outcome"]["result"] == "ok"
    same = (len(raw(case["input"], "bytes")) == size) == taken
    report.check(case["name"], same, f"the size of the wire format is {size}")


def _build_packet(report: Report, case: Members) -> None:
    inputs, outcome = case["input"], case["outcome"]
    names = ("route_len", "delays_len", "payload_size", "message_len", "version")
    sizes = [inputs[name] for name in names]
    wanted = outcome["length"] if outcome["result"] == "ok" else None
    check_builder(report, case["name"], wanted, lambda: _packet(report.backend, *sizes))


def _surb_new(report: Report, case: Members) -> None:
    inputs, outcome = case["input"], case["outcome"]
    wanted = outcome["length"] if outcome["result"] == "ok" else None

    def make() -> bytes:
        surb = sx.build_surb(
            _route(inputs["route_len"], inputs["delays_len"]),
            destination=bytes(NYM.address_size),
            version=inputs["version"],
            backend=report.backend,
        )
        return surb.to_bytes()

    check_builder(report, case["name"], wanted, make)


OPERATIONS: Mapping[str, Callable[[Report, Members], None]] = {
    "header_from_bytes": _header,
    "routing_info_from_bytes": _routing_information,
    "payload_unwrap": _payload_unwrap,
    "recover_plaintext": _recover_plaintext,
    "encapsulate_message": _encapsulate,
    "build_packet": _build_packet,
    "surb_new": _surb_new,
    "surb_from_bytes": _surb_from_bytes,
    "use_surb": _use_surb,
}
