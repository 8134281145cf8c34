"""What the crates put on the wire: frames, mix packets, envelopes and addresses, both ways."""

import hashlib
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from typing import Any, TypeVar

import pytest
from cases import EMPTY_ENVELOPE, NOT_SEALED
from nym_vectors import ENCODED, Cases
from own_files import name_of, names_of, skip_of
from random_stream import RandomStream
from tally import Tally

from sphinxcore import nym
from vectors import Case

# Frames -------------------------------------------------------------------------------------------

Found = TypeVar("Found")
Frames = list[tuple[int, nym.Frame]]
"""Frames, and how many bytes had been fed when they came out."""
Problem = tuple[int, int]
"""Where a bad frame begins, and how many bytes had been fed when it was refused."""


def read(decoder: nym.FrameDecoder, pieces: Iterator[bytes]) -> tuple[Frames, Problem | None]:
    """What comes out of a stream, up to the first error."""
    found: Frames = []
    fed = 0
    for piece in pieces:
        fed += len(piece)
        try:
            found += [(fed, frame) for frame in decoder.feed(piece)]
        except nym.StreamError as error:
            return found, (error.offset, fed)
    return found, None


def turning_points(case: Case) -> list[int]:
    """Where something comes out of the stream: the byte before is not enough for it."""
    afters = [frame["after"] for frame in case.fields["frames"]]
    return [*afters, case.fields["errorAfter"]] if "errorAfter" in case.fields else afters


def told(frame: nym.Frame) -> dict[str, Any]:
    """A frame with the names of the file."""
    return {
        "version": frame.version,
        "packetType": frame.packet_type,
        "keyRotation": frame.key_rotation,
        "packetSha256": hashlib.sha256(frame.packet).hexdigest(),
    }


def encoded(frames: list[nym.Frame]) -> bytes:
    """The stream of these frames: one call for all that have a version in common."""
    stream = b""
    for version, some in groupby(frames, lambda frame: frame.version):
        group = list(some)
        stream += nym.encode_frames(
            [frame.packet for frame in group],
            version=version,
            key_rotation=[frame.key_rotation for frame in group],
        )
    return stream


@pytest.mark.parametrize("file", names_of("NymFrames"))
def test_frames(file: str, tally: Tally) -> None:
    """Each stream whole, and cut around every place where something comes out."""
    cases = Cases(file, tally)
    for case in cases.cases:
        fields, stream = case.fields, case.joined("parts")
        frames = [
            {name: value for name, value in frame.items() if name != "after"}
            for frame in fields["frames"]
        ]
        # The error behind good frames is raised by the call after the one that returns these.
        whole, problem = read(decoder := nym.FrameDecoder(), iter([stream, b""]))
        cases.equal(case, "frames", [told(frame) for _, frame in whole], frames)
        offset = problem[0] if problem else None
        cases.equal(case, "error", offset, fields.get("errorAt"))
        if case.result == "valid":
            cases.equal(case, "unread", decoder.pending, fields["unread"])
        places = {place - back for place in turning_points(case) for back in (0, 1)}
        bounds = sorted(places | {0, len(stream)})
        pieces = (stream[start:end] for start, end in pairwise(bounds))
        cut, problem = read(nym.FrameDecoder(), pieces)
        cases.equal(case, "frames, cut", [frame for _, frame in cut], [one for _, one in whole])
        points = [fed for fed, _ in cut] + ([problem[1]] if problem else [])
        cases.equal(case, "turning points", points, turning_points(case))
        cases.equal(case, "error, cut", problem[0] if problem else None, fields.get("errorAt"))
        if ENCODED in case.flags:
            cases.equal(case, "stream", encoded([frame for _, frame in whole]), stream)
    cases.end()


# Mix packets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", names_of("NymMixPackets"))
def test_mix_packets(file: str, tally: Tally) -> None:
    cases = Cases(file, tally)
    for case in cases.cases:
        fields, stream = case.fields, case.joined("parts")
        form = fields["layout"]
        found = cases.read(case, nym.GatewayError, nym.MixPacket.from_bytes, stream, form)
        if found is None:
            continue
        cases.equal(case, "packetType", found.packet_type, fields["packetType"])
        cases.equal(case, "keyRotation", found.key_rotation, fields["keyRotation"])
        cases.equal(case, "firstHop", found.first_hop.to_bytes(), case.bytes("firstHop"))
        digest = hashlib.sha256(found.packet).hexdigest()
        cases.equal(case, "packet", digest, fields["packetSha256"])
        if ENCODED in case.flags:
            cases.equal(case, "parts", found.to_bytes(form), stream)
    cases.end()


# Envelopes ----------------------------------------------------------------------------------------

SEALED = 1
"""The flag of an envelope."""


@pytest.mark.parametrize("file", names_of("NymEnvelopes"))
def test_envelopes(file: str, random_stream: RandomStream, tally: Tally) -> None:
    cases = Cases(file, tally)
    checks = {"request": check_request, "response": check_response}
    for case in cases.cases:
        checks[case.fields["form"]](cases, case, random_stream)
    cases.end({NOT_SEALED: 2, EMPTY_ENVELOPE: 1})


def opened(cases: Cases, case: Case, opener: Callable[..., Found]) -> Found | None:
    """What is in the envelope; one that is not sealed can be opened, but must not be."""
    key = nym.GatewayKey.from_bytes(case.bytes("key"))
    if skip_of(case) == NOT_SEALED:
        opener(key, case.bytes("envelope"), allow_plaintext=True)
    found = cases.read(case, nym.GatewayError, opener, key, case.bytes("envelope"))
    if found is not None:
        head = bytes((case.fields["kind"], SEALED)) + case.bytes("nonce")
        cases.equal(case, "head", case.bytes("envelope")[: len(head)], head)
    return found


def check_request(cases: Cases, case: Case, random_stream: RandomStream) -> None:
    found = opened(cases, case, nym.open_packet)
    if found is None:
        return
    cases.equal(case, "firstHop", found.first_hop.to_bytes(), case.bytes("firstHop"))
    cases.equal(case, "keyRotation", found.key_rotation, case.fields["keyRotation"])
    cases.equal(case, "packet", found.packet, case.bytes("packet"))
    if ENCODED in case.flags:
        key = nym.GatewayKey.from_bytes(case.bytes("key"))
        random_stream.feed(case.bytes("nonce"))
        made = nym.seal_packets(key, [found], case.fields["kind"])
        cases.equal(case, "envelope", made, [case.bytes("envelope")])


def check_response(cases: Cases, case: Case, random_stream: RandomStream) -> None:
    found = opened(cases, case, nym.open_message)
    if found is None:
        return
    cases.equal(case, "message", found, case.bytes("message"))
    key = nym.GatewayKey.from_bytes(case.bytes("key"))
    if not found:
        cases.refuses(name_of(case), lambda: nym.seal_message(key, found))
        cases.skip(name_of(case), EMPTY_ENVELOPE)
    elif ENCODED in case.flags:
        random_stream.feed(case.bytes("nonce"))
        cases.equal(case, "envelope", nym.seal_message(key, found), case.bytes("envelope"))


# Addresses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", names_of("NymAddresses"))
def test_addresses(file: str, tally: Tally) -> None:
    """Written again as text and as bytes, and read again from both."""
    cases = Cases(file, tally)
    forms: dict[str, Any] = {
        "node": nym.NodeAddress,
        "recipient": nym.Recipient,
        "senderTag": nym.SenderTag,
    }
    for case in cases.cases:
        fields, form = case.fields, forms[case.fields["form"]]
        reader = form.from_text if fields["from"] == "text" else form.from_bytes
        given = fields["input"] if fields["from"] == "text" else case.bytes("input")
        found = cases.read(case, nym.AddressError, reader, given)
        if found is None:
            continue
        cases.equal(case, "text", str(found), fields["text"])
        cases.equal(case, "bytes", found.to_bytes(), case.bytes("bytes"))
        again = form.from_text(fields["text"]), form.from_bytes(case.bytes("bytes"))
        cases.equal(case, "read again", again, (found, found))
        if form is nym.NodeAddress:
            cases.equal(case, "padded", found.padded(), case.bytes("padded"))
        if form is nym.Recipient:
            keys = found.identity, found.encryption_key, found.gateway
            wanted = [case.bytes(name) for name in ("identity", "encryptionKey", "gateway")]
            cases.equal(case, "keys", [*keys], wanted)
    cases.end()
