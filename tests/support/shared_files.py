"""Cases of ../shared/vectors, in the shape of cases.py. Peers made them; see its README.md."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cases import AUTHENTIC, Blob, BuildCase, Expected, Journey, Node, NodeCase, SurbCase

from sphinxcore import NYM, Status
from vectors import sha256_stream

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "vectors"
FOLDER = os.environ.get("SPHINXCORE_SHARED_VECTORS")
"""Where the files are, if not beside the repository; then they must be there."""
SHARED = Path(FOLDER) if FOLDER else BESIDE

FORWARD = "nym_sphinx_forward.json"
SURB = "nym_sphinx_surb.json"
SENDER = "nym_sphinx_sender.json"
MALFORMED = "nym_sphinx_malformed.json"
PACKETS = "nym2_packets.json"
SURBS = "nym2_surbs.json"

LEGACY_VERSIONS = (1, 257)
"""What sphinx-packet 0.6.0 blinds modulo the group order."""

ZERO_SECRET_TAG = bytes.fromhex("c0e8dd9104e1c0f90bb4e2f4b9f5f8716addadc1f1bc5a966a54e4aca605ee54")
"""The replay tag of every packet whose alpha has low order."""

REASONS = {
    "InvalidPacket": Status.BAD_LENGTH,
    "InvalidHeader": Status.BAD_MAC,
    "InvalidRouting": Status.BAD_ROUTING_FLAG,
    "InvalidPayload": Status.BAD_PAYLOAD_LENGTH,
}
"""Our statuses for the kinds of errors that a peer's node has."""


@cache
def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SHARED / name).read_text(encoding="utf-8"))
    return document


def document(name: str) -> dict[str, Any]:
    """A whole file; the test is skipped if there is no such folder and nobody named one."""
    if not SHARED.is_dir() and not FOLDER:
        pytest.skip("../shared/vectors is not there")
    return _read(name)


def shared(name: str, part: str = "cases") -> list[dict[str, Any]]:
    """A list of a file."""
    cases: list[dict[str, Any]] = document(name)[part]
    return cases


def raw(members: Mapping[str, Any], name: str) -> bytes:
    """A member that is bytes: hex, or a SHA-256 counter stream."""
    value = members[name]
    if isinstance(value, str):
        return bytes.fromhex(value)
    return sha256_stream(bytes.fromhex(value["sha256_stream_seed"]), value["len"])


def blob(members: Mapping[str, Any], name: str, head: str = "") -> Blob | None:
    """The member `name`, whole or as `name_sha256`, then perhaps with the first bytes `head`."""
    if name in members:
        return Blob(raw(members, name))
    if f"{name}_sha256" not in members:
        return None
    return Blob(raw(members, head) if head in members else b"", members[f"{name}_sha256"])


# nym_sphinx_*.json --------------------------------------------------------------------------------


def old_output(value: Mapping[str, Any]) -> Blob | None:
    """The next packet or payload in `processed`. A long packet's hash is of its payload only."""
    if "packet_out_header" in value:
        header = raw(value, "packet_out_header")
        return Blob(header, value["packet_out_payload_sha256"], len(header))
    return blob(value, "packet_out" if value["type"] == "forward" else "payload")


def old_accepted(value: Mapping[str, Any], tag: bytes | None) -> Expected:
    """`processed`, or the value of an ok outcome."""
    if value["type"] == "forward":
        return Expected(
            Status.FORWARD,
            tag,
            value["version"],
            next_hop=raw(value, "next_address"),
            delay_ns=value["delay_ns"],
            output=old_output(value),
            mod_l=value["version"] in LEGACY_VERSIONS,
        )
    recover = value["recover"]
    return Expected(
        Status.DELIVER,
        tag,
        value["version"],
        destination=raw(value, "destination"),
        identifier=raw(value, "identifier"),
        output=old_output(value),
        message=blob(recover, "message") if recover["result"] == "ok" else None,
    )


def old_outcome(outcome: Mapping[str, Any], tag: bytes | None = None) -> Expected:
    """An outcome, ok or an error."""
    if outcome["result"] == "ok":
        return old_accepted(outcome["value"], tag)
    return Expected(REASONS[outcome["kind"]], tag)


def old_build_case(case: Mapping[str, Any]) -> BuildCase:
    nodes = [
        Node(
            raw(node, "public_key"),
            raw(node, "address"),
            delay,
            raw(node, "secret_key") if node["secret_key"] else None,
        )
        for node, delay in zip(case["route"], case["delays_ns"], strict=True)
    ]
    return BuildCase(
        case["name"],
        case["version"],
        case["payload_size"],
        nodes,
        raw(case, "destination"),
        raw(case, "identifier"),
        raw(case, "message"),
        raw(case, "initial_secret"),
        raw(case, "final_padding"),
        Blob(raw(case, "packet")),
    )


def old_surb_case(case: Mapping[str, Any]) -> SurbCase:
    inputs = old_build_case(case)
    return SurbCase(inputs, raw(case, "surb"), raw(case, "first_hop"), inputs.packet)


def old_journey(case: Mapping[str, Any], packet: bytes) -> Journey:
    """A route with `hops`: what each node derives and finds."""
    return Journey(
        case["name"],
        packet,
        [raw(node, "secret_key") for node in case["route"]],
        [old_accepted(hop["processed"], raw(hop, "replay_tag")) for hop in case["hops"]],
    )


def sender_journey(case: Mapping[str, Any]) -> Journey | None:
    """A packet to unusual keys, where all private keys exist."""
    if not case["outcomes"]:
        return None
    keys = [raw(node, "secret_key") for node in case["route"]]
    return _chain(case["name"], raw(case, "packet"), keys, case["outcomes"])


def malformed_node(case: Mapping[str, Any]) -> NodeCase:
    """A case of `process`. Packets whose alpha has low order are refused here."""
    inputs = case["input"]
    tag = raw(inputs, "replay_tag") if "replay_tag" in inputs else None
    expected = old_outcome(case["outcome"], tag)
    if tag == ZERO_SECRET_TAG:
        expected = Expected(Status.BAD_PUBLIC_VALUE)
    return NodeCase(case["name"], raw(inputs, "secret_key"), raw(inputs, "packet"), expected)


def other_secret_node(case: Mapping[str, Any]) -> NodeCase:
    """A case of `process_with_expanded_secret`, as a packet with that secret's alpha."""
    inputs = case["input"]
    alpha = raw(inputs, "secret_from_alpha_of")[: NYM.alpha_size]
    packet = alpha + raw(inputs, "packet")[NYM.alpha_size :]
    expected = old_outcome(case["outcome"])
    if expected.status in AUTHENTIC:
        raise ValueError(f"{case['name']}: only a MAC error can be had in this way")
    return NodeCase(case["name"], raw(inputs, "secret_key"), packet, expected)


def malformed_journey(case: Mapping[str, Any]) -> Journey:
    """A case of `process_chain` or of `use_surb_chain`, from the reply on."""
    inputs, outcome = case["input"], case["outcome"]
    keys = [bytes.fromhex(key) for key in inputs["secret_keys"]]
    if case["op"] == "use_surb_chain":
        return _chain(case["name"], raw(outcome, "packet"), keys, outcome["chain"])
    return _chain(case["name"], raw(inputs, "packet"), keys, outcome)


def _chain(
    name: str, packet: bytes, keys: Sequence[bytes], outcomes: Sequence[Mapping[str, Any]]
) -> Journey:
    return Journey(name, packet, keys[: len(outcomes)], [old_outcome(one) for one in outcomes])


# nym2_*.json --------------------------------------------------------------------------------------


def new_outcome(outcome: Mapping[str, Any]) -> Expected:
    """An outcome along a route (`kind`), or the result of a node (`stage`)."""
    tag = raw(outcome, "replay_tag") if "replay_tag" in outcome else None
    if "error" in outcome:
        return Expected(REASONS[outcome["error"]["kind"]], tag)
    kind = outcome.get("kind") or outcome["stage"]
    if kind == "forward":
        return Expected(
            Status.FORWARD,
            tag,
            outcome["version"],
            next_hop=raw(outcome, "next_address"),
            delay_ns=int(outcome["delay_ns"]),
            output=blob(outcome, "output", "output_header"),
        )
    assert kind == "final"
    return Expected(
        Status.DELIVER,
        tag,
        outcome["version"],
        destination=raw(outcome, "destination"),
        identifier=raw(outcome, "identifier"),
        output=blob(outcome, "payload"),
        message=None if "plaintext_error" in outcome else blob(outcome, "plaintext"),
    )


def new_build_case(case: Mapping[str, Any]) -> BuildCase:
    nodes = [
        Node(
            raw(hop, "public_key"),
            raw(hop, "address"),
            int(hop["delay_ns"]),
            raw(hop, "secret_key"),
        )
        for hop in case["hops"]
    ]
    packet = blob(case, "packet", "packet_header") or blob(case, "reply_packet")
    return BuildCase(
        case["id"],
        case["version"],
        case["payload_size"],
        nodes,
        raw(case, "destination"),
        raw(case, "identifier"),
        raw(case, "message"),
        raw(case, "initial_secret"),
        raw(case, "final_padding"),
        packet or Blob(sha256=case["reply_sha256"]),
    )


def new_surb_case(case: Mapping[str, Any]) -> SurbCase:
    inputs = new_build_case(case)
    recovery = raw(case, "recovery") if "recovery" in case else None
    return SurbCase(inputs, raw(case, "surb"), raw(case, "first_hop"), inputs.packet, recovery)


def new_journey(case: Mapping[str, Any], packet: bytes) -> Journey:
    keys = [raw(hop, "secret_key") for hop in case["hops"]]
    return Journey(case["id"], packet, keys, [new_outcome(one) for one in case["outcomes"]])


def input_node(case: Mapping[str, Any]) -> NodeCase:
    """A case of node_input. Packets whose alpha has low order are refused here."""
    expected = new_outcome(case["result"])
    if expected.replay_tag == ZERO_SECRET_TAG:
        expected = Expected(Status.BAD_PUBLIC_VALUE)
    return NodeCase(case["id"], raw(case, "node_secret_key"), raw(case, "bytes"), expected)
