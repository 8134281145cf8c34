"""The files under vectors/ that are about Nym's message layer: their members, and their count."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from nym_network import walk
from own_files import name_of, skip_of
from report import Report
from tally import Tally

import sphinxcore as sx
from sphinxcore import nym
from sphinxcore._checks import Bytes
from vectors import Case, load, raw

TOTALS = {
    "peers/nym_1_21_6/messages.json": 10,
    "peers/nym_1_21_6/reply_surbs.json": 12,
    "peers/nym_1_21_6/surb_lists.json": 18,
    "peers/nym_2_0_0/acks.json": 34,
    "peers/nym_2_0_0/addresses.json": 121,
    "peers/nym_2_0_0/envelopes.json": 66,
    "peers/nym_2_0_0/fragment_headers.json": 47,
    "peers/nym_2_0_0/fragments.json": 71,
    "peers/nym_2_0_0/frames.json": 70,
    "peers/nym_2_0_0/message_bytes.json": 75,
    "peers/nym_2_0_0/messages.json": 33,
    "peers/nym_2_0_0/mix_packets.json": 88,
    "peers/nym_2_0_0/reconstruction.json": 33,
    "peers/nym_2_0_0/reply_surbs.json": 35,
    "peers/nym_2_0_0/surb_lists.json": 35,
}
"""How many cases each file has."""

ENCODED = "Encoded"
"""The flag of cases that hold in both directions: what is read is written as the same bytes."""

Found = TypeVar("Found")


class Cases(Report):
    """The cases of a file. One test, one file."""

    def __init__(self, file: str, tally: Tally) -> None:
        self.cases = load(file)
        super().__init__(file, map(name_of, self.cases), "nym", tally)

    def equal(self, case: Case, what: str, found: object, wanted: object) -> None:
        """Note a problem unless these are the same."""
        self.check(name_of(case), found == wanted, f"{what}: {found!r:.200}, not {wanted!r:.200}")

    def read(
        self,
        case: Case,
        errors: type[nym.NymError] | tuple[type[nym.NymError], ...],
        call: Callable[..., Found],
        *args: Any,
    ) -> Found | None:
        """What the call returns in a valid case; None if it raised one of `errors`, as it must else.

        A case that the peer accepts nevertheless is skipped by its name.
        """
        name = name_of(case)
        try:
            found = call(*args)
        except errors as error:
            self.check(name, case.result == "invalid", f"was refused: {error}")
            if (skip := skip_of(case)) is not None:
                self.skip(name, skip)
            return None
        self.check(name, case.result == "valid", "was not refused")
        return found if case.result == "valid" else None

    def end(self, skips: Mapping[str, int] = MappingProxyType({})) -> None:
        """Fail if anything differs, or if not all cases of the file were there."""
        self.finish(TOTALS[self.source], skips)


def one_row(value: bytes) -> Bytes:
    """Bytes as a batch of one."""
    return np.frombuffer(value, np.uint8)[None]


def layout_of(case: Case) -> int:
    """The layout of the lists of SURBs in a message: content tags of layout 1 are below 3."""
    return 1 if case.fields.get("content", 3) < 3 else 2


def message_of(case: Case) -> Any:
    """The message that the members of a case tell."""
    fields = case.fields
    data = case.bytes("data") if "data" in fields else b""
    if fields["kind"] == "plain":
        return nym.PlainMessage(data)
    if fields["kind"] == "reply":
        return nym.ReplyData(data)
    if fields["kind"] == "surbRequest":
        return nym.SurbRequest(nym.Recipient.from_bytes(case.bytes("recipient")), fields["amount"])
    rotation = nym.KeyRotation(fields.get("keyRotation", 0))
    return nym.RepliableMessage(
        nym.SenderTag.from_bytes(case.bytes("senderTag")),
        nym.RepliableContent(fields["content"] + (3 if layout_of(case) == 1 else 0)),
        tuple(nym.ReplySurb.from_bytes(raw(surb), rotation) for surb in fields["surbs"]),
        data,
    )


def comparable(message: Any) -> Any:
    """The message with its SURBs, which are secret objects, as bytes."""
    if not isinstance(message, nym.RepliableMessage):
        return message
    surbs = [(surb.to_bytes(), surb.key_rotation) for surb in message.surbs]
    return message.sender_tag, message.content, surbs, message.data


def carry(
    cases: Cases, case: Case, first_hop: str, packet: bytes, path: Sequence[int], version: int
) -> tuple[sx.Row, int]:
    """Take a packet through the nodes of the case's group: the last one's row, and all delays."""
    nodes = case.fields["nodes"]
    processors = {}
    for node in nodes:
        key = sx.PrivateKey.from_bytes(raw(node["privateKey"]))
        cases.equal(case, "publicKey", key.public_key.to_bytes(), raw(node["publicKey"]))
        processors[nym.NodeAddress.from_bytes(raw(node["address"]))] = sx.Processor(key)
    steps = list(walk(processors, nym.NodeAddress.from_bytes(raw(first_hop)), packet))
    places = [here.to_bytes().hex() for here, _ in steps]
    cases.equal(case, "path", places, [nodes[i]["address"] for i in path])
    cases.equal(case, "versions", {row.version for _, row in steps}, {version})
    return steps[-1][1], sum(row.delay_ns or 0 for _, row in steps)
