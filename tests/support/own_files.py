"""Cases of the files under vectors/, in the shape of cases.py."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from cases import (
    ACK_BLOCK_LENGTH,
    LOW_ORDER_ALPHA,
    LOW_ORDER_KEY,
    MATERIAL_COUNT,
    MOD_L,
    NOT_SEALED,
    OTHER_TOTAL,
    Blob,
    BuildCase,
    Expected,
    Journey,
    Node,
    NodeCase,
    SurbCase,
)

from sphinxcore import Status
from vectors import VECTORS, Case, files


def names_of(algorithm: str) -> list[str]:
    """Files that hold cases of this algorithm, by their paths below vectors/."""
    names = [path.relative_to(VECTORS).as_posix() for path in files()]
    found = [name for name in names if algorithm_of(name) == algorithm]
    if not found:
        raise ValueError(f"no file has cases of {algorithm!r}")
    return found


@cache
def algorithm_of(name: str) -> str:
    """What a file holds cases of."""
    algorithm: str = json.loads((VECTORS / name).read_text(encoding="ascii"))["algorithm"]
    return algorithm


SKIPS = {
    "LowOrderKey": LOW_ORDER_KEY,
    "MaterialCount": MATERIAL_COUNT,
    "NotSealed": NOT_SEALED,
    "OtherTotal": OTHER_TOTAL,
    "WrongLength": ACK_BLOCK_LENGTH,
}
"""Names of the skips, by the flags of cases that a peer accepts and this library refuses."""


def by_peer(case: Case) -> bool:
    """Whether the expected values are a peer's: what we do otherwise is a skip then."""
    return case.file.startswith("peers/")


def skip_of(case: Case) -> str | None:
    """The name under which a peer's case is skipped."""
    if not by_peer(case):
        return None
    if "ModLBlinding" in case.flags:
        return MOD_L
    if "LowOrderAlpha" in case.flags:
        return LOW_ORDER_ALPHA
    accepted = case.fields.get("peerOutcome", {}).get("accepted", False)
    return next((name for flag, name in SKIPS.items() if accepted and flag in case.flags), None)


def name_of(case: Case) -> str:
    return f"tc{case.tc_id} {case.comment}"


def blob(members: Mapping[str, Any], name: str) -> Blob | None:
    """The member `name`, whole or as `nameSha256`."""
    if name in members:
        return Blob(bytes.fromhex(members[name]))
    digest = f"{name}Sha256"
    return Blob(sha256=members[digest]) if digest in members else None


def expected(members: Mapping[str, Any], mod_l: bool) -> Expected:
    """An outcome: a case of process.json, or a member of `outcomes`."""

    def raw(name: str) -> bytes | None:
        return bytes.fromhex(members[name]) if name in members else None

    status = Status[members["status"].upper()]
    forward = status is Status.FORWARD
    return Expected(
        status,
        replay_tag=raw("replayTag"),
        version=members.get("version"),
        next_hop=raw("nextHop"),
        delay_ns=int(members["delayNs"]) if "delayNs" in members else None,
        destination=raw("destination"),
        identifier=raw("identifier"),
        output=blob(members, "nextPacket" if forward else "payload"),
        message=blob(members, "message"),
        mod_l=mod_l and forward,
    )


def node_case(case: Case) -> NodeCase:
    return NodeCase(
        name_of(case),
        case.bytes("privateKey"),
        case.bytes("packet"),
        expected(case.fields, skip_of(case) == MOD_L),
    )


def build_case(case: Case) -> BuildCase:
    nodes = [
        Node(
            bytes.fromhex(hop["publicKey"]),
            bytes.fromhex(hop["address"]),
            int(hop["delayNs"]),
            bytes.fromhex(hop["privateKey"]) if hop.get("privateKey") else None,
        )
        for hop in case.fields["hops"]
    ]
    return BuildCase(
        name_of(case),
        case.fields["version"],
        case.fields["payloadSize"],
        nodes,
        case.bytes("destination"),
        case.bytes("identifier"),
        case.bytes("message"),
        case.bytes("initialSecret"),
        bytes.fromhex(case.fields.get("finalPadding", "")),
        blob(case.fields, "packet") or Blob(),
    )


def surb_case(case: Case) -> SurbCase:
    inputs = build_case(case)
    recovery = case.bytes("recovery") if "recovery" in case.fields else None
    return SurbCase(inputs, case.bytes("surb"), case.bytes("firstHop"), inputs.packet, recovery)


def journey(case: Case, packet: bytes) -> Journey:
    """The outcomes of a packet that was built, node by node; none where the file has none."""
    outcomes: Sequence[Mapping[str, Any]] = case.fields.get("outcomes", [])
    keys = [bytes.fromhex(hop["privateKey"]) for hop in case.fields["hops"][: len(outcomes)]]
    mod_l = skip_of(case) == MOD_L
    return Journey(name_of(case), packet, keys, [expected(one, mod_l) for one in outcomes])
