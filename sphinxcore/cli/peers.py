"""Packets that other implementations made, and what those made of them: vectors/peers."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sphinxcore as sx

DIRECTORY = Path(sx.__file__).resolve().parent.parent / "vectors" / "peers"
"""Where they are in a checkout of the repository. An installed package does not have them."""

LEFT_OUT = {"ModLBlinding": "versions 1 and 257, blinded as only sphinx-packet 0.6.0 does"}
"""Flags of cases that are not compared, and why."""

_NOT_OUTCOME = {"tcId", "comment", "flags", "packet", "result", "peerOutcome"}


@dataclass(frozen=True)
class PeerPacket:
    """A packet, the keys of the nodes it passes, and what comes out at each."""

    name: str
    packet: bytes
    keys: list[sx.PrivateKey]
    outcomes: list[dict[str, Any]]
    refused_here_only: bool
    """Alpha has low order: the crate takes such packets, this library does not."""


@dataclass
class PeerVectors:
    """All packets of a directory."""

    sources: list[str] = field(default_factory=list)
    packets: list[PeerPacket] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """How many are not compared, by flag."""


@dataclass
class Agreement:
    """How many packets came out as the peers say."""

    agree: int = 0
    compared: int = 0
    refused: int = 0
    """How many of those that the crates take and this library does not were refused."""
    to_refuse: int = 0
    differences: list[str] = field(default_factory=list)


def read_vectors(directory: Path) -> PeerVectors:
    """Read the process.json and build.json files below a directory.

    Raises SphinxError if there are none or if one is not what it should be.
    """
    found = PeerVectors()
    for path in sorted([*directory.glob("*/process.json"), *directory.glob("*/build.json")]):
        try:
            _read_file(path, found)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise sx.SphinxError(f"{path} is not a file of peers' packets: {error!r}") from None
    if not found.packets:
        raise sx.SphinxError(
            f"{directory} holds no packets of peers: */process.json and */build.json were expected"
        )
    return found


def _read_file(path: Path, found: PeerVectors) -> None:
    for group in json.loads(path.read_text(encoding="ascii"))["testGroups"]:
        source = f"{group['source']['name']} {group['source']['version']}"
        if source not in found.sources:
            found.sources.append(source)
        for case in group["tests"]:
            reasons = LEFT_OUT.keys() & set(case["flags"])
            found.left_out.update(reasons)
            name = f"{source}, {path.name} tcId {case['tcId']} ({case['comment']})"
            if not reasons:
                found.packets.extend(_read_case(name, group, case))


def _read_case(name: str, group: dict[str, Any], case: dict[str, Any]) -> Iterator[PeerPacket]:
    """Cases without a whole packet, or without what came out of it, are about builders."""
    if "packet" not in case:
        return
    packet = bytes.fromhex(case["packet"])
    if "outcomes" in case:
        keys = [_private_key(hop) for hop in case["hops"]]
        yield PeerPacket(name, packet, keys, case["outcomes"], False)
    elif "status" in case:
        taken_by_peer = case["result"] == "invalid" and "status" in case["peerOutcome"]
        yield PeerPacket(name, packet, [_private_key(group)], [case], taken_by_peer)


def _private_key(fields: dict[str, Any]) -> sx.PrivateKey:
    return sx.PrivateKey.from_bytes(bytes.fromhex(fields["privateKey"]))


def compare(vectors: PeerVectors, backend: str) -> Agreement:
    """Process all packets on a backend and compare every field of what comes out."""
    agreement = Agreement()
    for packet in vectors.packets:
        difference = _difference(packet, backend)
        if packet.refused_here_only:
            agreement.to_refuse += 1
            agreement.refused += difference is None
        else:
            agreement.compared += 1
            agreement.agree += difference is None
        if difference is not None:
            agreement.differences.append(f"{packet.name}: {difference}")
    return agreement


def _difference(case: PeerPacket, backend: str) -> str | None:
    """Follow a packet along its nodes; None: all is as the peer says."""
    packet = case.packet
    for hop, (key, expected) in enumerate(zip(case.keys, case.outcomes, strict=True), start=1):
        opened = sx.Processor(key, backend=backend).authenticate([packet])
        tag = opened.replay_tags[0].tobytes()
        row = opened.unwrap()[0]
        found = _describe(row, tag)
        for name in expected.keys() - _NOT_OUTCOME:
            if not _same(found, name, expected[name]):
                return f"hop {hop} of {len(case.keys)} gives {row.status.name}, another {name}"
        packet = row.packet or b""
    return None


def _same(found: dict[str, Any], name: str, expected: Any) -> bool:
    if name.endswith("Sha256"):
        content = found.get(name.removesuffix("Sha256"))
        return content is not None and _sha256(content) == expected
    if name == "messageError":  # the text is the peer's own
        return found.get("message", "") is None
    return bool(name in found and found[name] == expected)


def _sha256(content: str) -> str:
    return hashlib.sha256(bytes.fromhex(content)).hexdigest()


def _describe(row: sx.Row, tag: bytes) -> dict[str, Any]:
    """The outcome in the words of the vector files."""
    found: dict[str, Any] = {"status": row.status.name.lower(), "version": row.version}
    if any(tag):
        found["replayTag"] = tag.hex()
    if row.next_hop is not None and row.packet is not None:
        found["nextHop"] = row.next_hop.hex()
        found["delayNs"] = str(row.delay_ns)
        found["nextPacket"] = row.packet.hex()
    if row.destination is not None and row.identifier is not None and row.payload is not None:
        found["destination"] = row.destination.hex()
        found["identifier"] = row.identifier.hex()
        found["payload"] = row.payload.hex()
        try:
            found["message"] = sx.recover_message(row.payload).hex()
        except sx.SphinxError:
            found["message"] = None
    return found
