"""The format of the vector files: Wycheproof's shape, one case per line."""

import json
from collections.abc import Sequence
from typing import Any

Fields = dict[str, Any]

SOURCE = {"name": "vectors/generate.py", "version": "1"}
CREDENTIALS_SOURCE = {"name": "vectors/generate_credentials.py", "version": "1"}

NOTES = {
    "BadLength": ("BASIC", "Fewer bytes than any packet has.", "Reading out of bounds."),
    "BadRoutingFlag": ("BASIC", "Authentic, but neither for a forward nor for a final hop."),
    "Damaged": ("BASIC", "Some of the packets are damaged on their way."),
    "DelayLimits": ("EDGE_CASE", "Delays are any 64-bit number.", "A signed or double delay."),
    "ExtendedPayload": ("BASIC", "One of the network's extended packet sizes."),
    "FlippedAlpha": ("FORGERY", "A bit of alpha that counts is flipped.", "Tagged packets."),
    "FlippedMac": ("FORGERY", "A bit of the header MAC is flipped.", "Forged headers."),
    "FlippedPayload": ("DEFINED", "A bit of the payload is flipped, which only the end can see."),
    "FlippedRouting": (
        "FORGERY",
        "A bit of the routing information is flipped.",
        "Forged headers.",
    ),
    "KeyRotation": (
        "BASIC",
        "The node has several keys; `key` says which to try, -1 all in order.",
    ),
    "LegacyVersion": ("DEFINED", "Versions 1 and 257: explicit payload keys, clamped blinding."),
    "LongMessage": ("BASIC", "The message does not fit the payload.", "Messages are cut."),
    "LowOrderAlpha": (
        "CONFIDENTIALITY",
        "Alpha has low order: the shared secret is zero, and all else is right.",
        "Anybody can make such packets, and their replay tags are all the same.",
    ),
    "MaterialCount": ("DEFINED", "A SURB holds 1..5 seeds or 1..5 keys.", "Unbounded work."),
    "MaterialLength": ("BASIC", "No whole number of seeds or keys.", "Reading out of bounds."),
    "MixedSizes": ("EDGE_CASE", "Packets of several sizes in one batch.", "Rows disturb others."),
    "NonCanonicalAlpha": ("EDGE_CASE", "Alpha is not reduced modulo p.", "Packets are lost."),
    "OtherVersion": ("EDGE_CASE", "The version stands in this hop's layer; any is taken."),
    "PayloadSize": ("BASIC", "Too small a payload to be encrypted.", "Reading out of bounds."),
    "RecoveryLength": ("BASIC", "Not an identifier and 1..5 seeds.", "Reading out of bounds."),
    "Recoverable": ("BASIC", "Version 260: the last hop's seed only, and recovery material."),
    "Replay": ("MALLEABILITY", "A packet comes again.", "Packets can be traced by replaying."),
    "RouteLength": ("BASIC", "A route has 1..5 hops."),
    "ShortPayload": ("BASIC", "Too short a payload to have been encrypted.", "Out of bounds."),
    "TopBitAlpha": ("MALLEABILITY", "Alpha's top bit does not count: same tag.", "Replays."),
    "UnknownVersion": ("DEFINED", "A version number without a meaning is processed like 259."),
    "WholeKeys": ("DEFINED", "A SURB with 192-byte keys, as version 258 makes them."),
    "WrongSeeds": ("FORGERY", "Not the seeds of this SURB; only the padding shows it."),
    # Of credentials
    "AnswerCount": (
        "BASIC",
        "One answer too few or too many.",
        "A relation is left out of the proof.",
    ),
    "AttributeKind": ("BASIC", "An attribute of a kind that no caller can give."),
    "CancellingErrors": (
        "FORGERY",
        "Two signatures, wrong by D and -D: their plain product is right.",
        "Forged shows pass in a batch.",
    ),
    "DoubleUse": (
        "BASIC",
        "The same nullifier again, all else is right.",
        "A credential is used twice.",
    ),
    "FlippedField": ("FORGERY", "A bit of a field of bytes is flipped."),
    "IdZero": ("EDGE_CASE", "The id of no authority: the polynomial at zero is the key."),
    "Identity": ("FORGERY", "The neutral element.", "As a signature it fits every message."),
    "IndexSet": (
        "FORGERY",
        "Another set of disclosed attributes.",
        "Values move to other indices.",
    ),
    "NonCanonicalPoint": (
        "MALLEABILITY",
        "Another encoding than the one of the point.",
        "Two encodings of a message.",
    ),
    "NotInSubgroup": (
        "EDGE_CASE",
        "On the curve, outside the subgroup of order r.",
        "Secrets modulo small primes.",
    ),
    "NotOne": ("BASIC", "The product is not 1."),
    "NotOnCurve": ("EDGE_CASE", "No point has this x."),
    "NotUtf8": ("MALLEABILITY", "Text that is not UTF-8 in its only form."),
    "NullifierAbsent": (
        "FORGERY",
        "A nullifier is there and not wanted, or wanted and not there.",
        "Double use.",
    ),
    "OtherAuthority": ("FORGERY", "Of another authority than it says."),
    "OtherContext": ("FORGERY", "Shown for another occasion.", "A show is replayed."),
    "OtherEncoding": ("BASIC", "A message of another type."),
    "OtherKey": (
        "DEFINED",
        "Of another key; where that key is decoded it is valid, with another digest.",
    ),
    "OtherPoint": ("FORGERY", "Another point of the group."),
    "OtherProof": ("FORGERY", "The proof of another message."),
    "OtherRequest": ("FORGERY", "An answer to another request."),
    "OtherScalar": ("FORGERY", "Another scalar."),
    "OtherScope": ("FORGERY", "The nullifier of another scope.", "Double use."),
    "Retyped": ("FORGERY", "A disclosed value of another kind.", "A hash shown as a number."),
    "RogueShare": (
        "FORGERY",
        "A key share that is not on the polynomial of the others.",
        "The last authority chooses the key.",
    ),
    "ScalarRange": ("MALLEABILITY", "A scalar that is not below r.", "Two encodings of a message."),
    "SchemaRange": ("BASIC", "A schema that no key has."),
    "SecretTwice": ("EDGE_CASE", "Two attributes with one secret.", "Values can be swapped."),
    "SecretZero": ("EDGE_CASE", "A secret is zero."),
    "ShareCount": ("BASIC", "Fewer shares than the threshold, or one twice."),
    "SwappedFields": ("FORGERY", "Two fields are swapped."),
    "ThresholdRange": ("BASIC", "Not 1 <= t <= n <= 1024."),
    "WrongHeader": ("BASIC", "Another magic, version, suite or type."),
    "WrongLength": (
        "BASIC",
        "Bytes are missing or too many.",
        "Reading out of bounds; two encodings.",
    ),
    "WrongShare": (
        "FORGERY",
        "An authority's answer is wrong, or not its own.",
        "Who it was is not found.",
    ),
    "ZeroProof": ("FORGERY", "Challenge and answers are zero.", "A proof without secrets."),
}


class File:
    """A vector file in the making: one line per case."""

    def __init__(self, algorithm: str, schema: str, *header: str, source: Fields = SOURCE) -> None:
        self._head = {"algorithm": algorithm, "schema": f"{schema}.schema.json"}
        self._header = list(header)
        self._source = source
        self._groups: list[Fields] = []
        self.count = 0

    def group(self, **shared: Any) -> None:
        self._groups.append({"source": self._source, **shared, "tests": []})

    def add(self, comment: str, flags: Sequence[str], fields: Fields) -> None:
        self.count += 1
        test = {"tcId": self.count, "comment": comment, "flags": list(flags), **fields}
        self._groups[-1]["tests"].append(test)

    def text(self) -> str:
        tests = [test for group in self._groups for test in group["tests"]]
        names = ("bugType", "description", "effect")
        flags = sorted({flag for test in tests for flag in test["flags"]})
        notes = {flag: dict(zip(names, NOTES[flag], strict=False)) for flag in flags}
        middle = {"numberOfTests": self.count, "header": self._header, "notes": notes}
        return render(self._head | middle | {"testGroups": self._groups})


def render(document: Fields) -> str:
    """The canonical form of a vector file: one line per header line, note, group and case."""

    def compact(value: object) -> str:
        return json.dumps(value, separators=(",", ":"))

    def members(value: Fields) -> str:
        return ",".join(f"{compact(name)}:{compact(item)}" for name, item in value.items())

    def lines(items: list[str]) -> str:
        return "\n" + ",\n".join(items) + "\n" if items else ""

    groups = []
    for group in document["testGroups"]:
        shared = members({name: item for name, item in group.items() if name != "tests"})
        tests = lines([compact(test) for test in group["tests"]])
        groups.append(f'{{{shared},"tests":[{tests}]}}')
    notes = [members({flag: note}) for flag, note in document["notes"].items()]
    parts = [members({name: document[name]}) for name in ("algorithm", "schema", "numberOfTests")]
    parts.append(f'"header":[{lines([compact(line) for line in document["header"]])}]')
    parts.append(f'"notes":{{{lines(notes)}}}')
    parts.append(f'"testGroups":[{lines(groups)}]')
    return f"{{{lines(parts)}}}\n"
