"""Frames: the crate's cases of ../shared/vectors."""

import hashlib
from collections.abc import Mapping
from typing import Any

from frame_streams import ACK, Event, end, read
from report import Report
from shared_files import raw, shared
from tally import Tally

import sphinxcore as sx
from sphinxcore.nym.errors import NymError
from sphinxcore.nym.frames import Frame, FrameDecoder, PacketType, StreamError, encode_frames
from sphinxcore.nym.sizes import PacketSize

FRAMING = "nym2_framing.json"
NAMES = {
    "regular": PacketSize.REGULAR,
    "ack": PacketSize.ACK,
    "extended8": PacketSize.EXTENDED_8,
    "extended16": PacketSize.EXTENDED_16,
    "extended32": PacketSize.EXTENDED_32,
}
REASONS = {
    "InvalidPacketVersion": "version",
    "UnsupportedPacketVersion": "version",
    "InvalidSphinxKeyRotation": "key rotation",
    "InvalidPacketSize": "size tag",
    "InvalidPacketType": "packet type",
    "OutfoxNotSupported": "Outfox",
    "IoError": "ended",
}
"""A word of our reasons, for the crate's errors."""


def joined(parts: list[Any]) -> bytes:
    return b"".join(raw({"part": part}, "part") for part in parts)


def is_frame(found: object, fields: Mapping[str, Any]) -> bool:
    """Whether this is the frame that a vector tells of."""
    return (
        isinstance(found, Frame)
        and found.version == fields["version"]
        and found.packet_type == fields["type_tag"]
        and found.key_rotation == fields["key_rotation"]
        and PacketSize.of_packet(len(found.packet)) == fields["size_tag"]
        and NAMES[fields["size_name"]] == fields["size_tag"]
        and len(found.packet) == fields["packet_len"]
        and hashlib.sha256(found.packet).hexdigest() == fields["packet_sha256"]
    )


def test_encode(tally: Tally) -> None:
    cases = shared(FRAMING, "encode")
    names = [str(i) for i in range(len(cases))]
    report = Report(f"{FRAMING} encode", names, "nym", tally)
    for name, case in zip(names, cases, strict=True):
        if "result" in case:
            assert case["result"] == {"refused": True}
            size = case["packet_len"]
            report.refuses(name, lambda size=size: encode_frames([bytes(size)]))
            continue
        sent = raw(case, "packet")
        version = 7 if case["legacy_encoding"] else 8
        frame = encode_frames([sent], version=version, key_rotation=case["key_rotation"])
        report.check(name, frame.startswith(raw(case, "header")), "header")
        report.check(name, frame.endswith(sent), "packet")
        report.check(name, len(frame) == case["frame_len"], "size")
        report.check(name, hashlib.sha256(frame).hexdigest() == case["frame_sha256"], "frame")
        decoder = FrameDecoder()
        (back,) = decoder.feed(frame)
        # These are the sender's; version 7 does not tell the rotation.
        fields = case["fields"] | ({"key_rotation": 0} if version == 7 else {})
        report.check(name, is_frame(back, fields), f"comes back as {back}")
        report.check(name, end(decoder) is None, "something is left")
    report.finish(40, {})


def differences(decoder: FrameDecoder, fed: int, events: list[Event], steps: list[Any]) -> str:
    """What differs from the crate's steps, after `fed` bytes in all."""
    for event, step in zip(events, steps, strict=False):
        if "frame" in step:
            if not is_frame(event, step["frame"]):
                return f"{event} is not {step['frame']}"
            continue
        if "error" not in step or isinstance(event, Frame):
            return f"{event} is not {step}"
        offset, text = event
        reason = REASONS[step["error"]["variant"]]
        # The crate has taken an Outfox frame off its buffer, and no other bad one. (All of these
        # are acknowledgements, at the beginning of a stream.)
        at = 0 if reason == "Outfox" else fed - step["left"]
        if reason not in text or offset != at:
            return f"{text} is not {step}"
    if len(events) != sum("more" not in step for step in steps):
        return f"{len(events)} events, not as in {steps}"
    if "more" in steps[-1] and decoder.pending != steps[-1]["left"]:
        return f"{decoder.pending} bytes are pending, not as in {steps[-1]}"
    return ""


def test_decode(tally: Tally) -> None:
    cases = shared(FRAMING, "decode")
    report = Report(f"{FRAMING} decode", [case["id"] for case in cases], "nym", tally)
    for case in cases:
        stream = joined(case["input"])
        decoder = FrameDecoder()
        events = read(decoder, [stream])
        steps = case["steps"]
        if case["at_eof"] == "frame":  # decoding went on behind the error
            last = events.pop()
            report.check(case["id"], isinstance(last, Frame), f"ends with {last}")
        problem = differences(decoder, len(stream), events, steps)
        report.check(case["id"], not problem, problem)
        left = end(decoder)
        if case["at_eof"] in ("clean", "frame"):
            report.check(case["id"], left is None, f"{left} at the end")
        else:
            reason = REASONS[case["at_eof"]["variant"]]
            report.check(case["id"], left is not None and reason in left[1], f"{left} at the end")
    report.finish(110, {})


def test_streams(tally: Tally) -> None:
    cases = shared(FRAMING, "streams")
    report = Report(f"{FRAMING} streams", [case["id"] for case in cases], "nym", tally)
    for case in cases:
        stream = joined(case["input"])
        assert len(stream) == case["len"] == sum(case["chunks"])
        decoder, fed = FrameDecoder(), 0
        for size, steps in zip(case["chunks"], case["after_each_chunk"], strict=True):
            events = read(decoder, [stream[fed : fed + size]])
            fed += size
            problem = differences(decoder, fed, events, steps)
            report.check(case["id"], not problem, f"after {fed} bytes: {problem}")
    report.finish(6, {})


def test_sizes(tally: Tally) -> None:
    cases = shared(FRAMING, "sizes")
    report = Report(f"{FRAMING} sizes", [case["name"] for case in cases], "nym", tally)
    for case in cases:
        size = NAMES[case["name"]]
        found = (size, size.packet_size, size.payload_size, size.plaintext_size)
        wanted = (case["tag"], case["size"], case["payload"], case["plaintext"])
        report.check(case["name"], found == wanted, f"{found}")
        report.check(case["name"], sx.NYM.header_size == case["header"], "header")
    report.finish(5, {})


def test_tags(tally: Tally) -> None:
    """Bytes are asked of a decoder: the others of the header are good."""
    cases = shared(FRAMING, "tags")
    kinds = ["tag", "size", "type_tag", "rotation_byte"]
    named = {f"{kind} {case[kind]}": case for case in cases for kind in kinds if kind in case}
    report = Report(f"{FRAMING} tags", named, "nym", tally)
    headers = {
        "tag": lambda value: bytes([8, value, 0, 0]),
        "type_tag": lambda value: bytes([8, 2, value, 0]),
        "rotation_byte": lambda value: bytes([8, 2, 0, value]),
    }
    for name, case in named.items():
        kind = name.split()[0]
        if kind == "size":
            try:
                found = PacketSize.of_packet(case["size"])
            except NymError:
                report.check(name, "error" in case, "was refused")
            else:
                report.check(name, "error" not in case, "was not refused")
                report.check(name, found is NAMES.get(case.get("name")), f"is {found}")
            continue
        decoder = FrameDecoder()
        header = headers[kind](case[kind])
        try:
            decoder.feed(header)
        except StreamError as error:
            report.check(name, "error" in case, str(error))
            continue
        report.check(name, "error" not in case, "was not refused")
        if kind == "tag":
            (frame,) = decoder.feed(bytes(NAMES[case["name"]].packet_size))
            report.check(name, is_size(frame, case["name"]), f"is {frame}")
        elif kind == "type_tag":
            report.check(name, PacketType(case[kind]).name == case["name"].upper(), "type")
        else:
            (frame,) = decoder.feed(ACK)
            report.check(name, frame.key_rotation == case["value"], f"is {frame}")
    report.finish(31, {})


def is_size(frame: Frame, name: str) -> bool:
    return PacketSize.of_packet(len(frame.packet)) is NAMES[name]
