"""Frames: the cases of the crates, any stream in any pieces, and the way into a Processor."""

import hashlib
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from network import DETERMINISTIC, key, packet, seeded
from report import Report
from shared_files import raw, shared
from tally import Tally

import sphinxcore as sx
from sphinxcore.nym import frames as module
from sphinxcore.nym.errors import FrameError, NymError
from sphinxcore.nym.frames import (
    Frame,
    FrameDecoder,
    PacketType,
    StreamError,
    encode_frames,
)
from sphinxcore.nym.rotation import KeyRotation
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
SIZES = [size.packet_size for size in PacketSize]
LARGEST_FRAME = 4 + max(SIZES)
ACK = seeded(b"an acknowledgement", PacketSize.ACK.packet_size)
REGULAR = seeded(b"a packet", PacketSize.REGULAR.packet_size)

Problem = tuple[int, str]
"""An error in a stream: its offset, and its text."""
Event = Frame | Problem


def outfox(version: int = 8, content: bytes = ACK) -> bytes:
    return encode_frames([content], version=version, packet_type=PacketType.OUTFOX)


def read(decoder: FrameDecoder, pieces: Iterable[Any]) -> list[Event]:
    """What a decoder gives out for these pieces, its last error once."""
    events: list[Event] = []
    for piece in pieces:
        more = piece
        while True:
            try:
                found = decoder.feed(more)
            except StreamError as error:
                problem = (error.offset, str(error))
                if problem in events:
                    break
                events.append(problem)
            else:
                if not found:
                    break
                events += found
            more = b""
    return events


def end(decoder: FrameDecoder) -> Problem | None:
    try:
        decoder.close()
    except StreamError as error:
        return error.offset, str(error)
    return None


# Vectors ------------------------------------------------------------------------------------------


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


# Streams in pieces --------------------------------------------------------------------------------


def model(stream: bytes) -> tuple[list[Event], int]:
    """What is in a stream, read slowly and plainly; how many bytes are left at its end."""
    events: list[Event] = []
    at = 0
    while True:
        rest = stream[at:]
        if len(rest) < 3 or (rest[0] == 8 and len(rest) < 4):
            return events, len(rest)
        header = 3 if rest[0] == 7 else 4
        if rest[0] not in (7, 8):
            return [*events, (at, "version")], 0
        if rest[0] == 8 and rest[3] > 2:
            return [*events, (at, "key rotation")], 0
        if not 1 <= rest[1] <= 5:
            return [*events, (at, "size tag")], 0
        if rest[2] not in (0, 2):
            return [*events, (at, "packet type")], 0
        size = header + [386, 2413, 8557, 16749, 33133][[2, 1, 4, 5, 3].index(rest[1])]
        if len(rest) < size:
            return events, len(rest)
        if rest[2] == 2:
            events.append((at, "Outfox"))
        else:
            rotation = KeyRotation(rest[3] if rest[0] == 8 else 0)
            events.append(Frame(rest[0], PacketType.MIX, rotation, rest[header:size]))
        at += size


def check(events: list[Event], expected: list[Event]) -> None:
    assert len(events) == len(expected)
    for event, wanted in zip(events, expected, strict=True):
        if isinstance(wanted, Frame):
            assert event == wanted
        else:
            assert not isinstance(event, Frame)
            assert event[0] == wanted[0]
            assert wanted[1] in event[1]
            assert f"byte {wanted[0]}:" in event[1]


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in pairwise(bounds)]


# The smaller sizes more often: the same happens with fewer bytes.
_sizes = st.sampled_from([PacketSize.ACK] * 6 + [PacketSize.REGULAR] * 2 + list(PacketSize))
_packets = st.builds(
    lambda size, fill: bytes([fill]) * size.packet_size, _sizes, st.sampled_from([0, 7, 8, 255])
)
_frames = st.builds(
    lambda content, version, rotation, kind: encode_frames(
        [content], version=version, key_rotation=rotation, packet_type=kind
    ),
    _packets,
    st.sampled_from([7, 8]),
    st.sampled_from(KeyRotation),
    st.sampled_from([PacketType.MIX] * 5 + [PacketType.OUTFOX]),
)
_headers = st.builds(
    lambda *fields: bytes(fields),
    st.sampled_from([7, 8, 8, 6, 9]),
    st.integers(0, 7),
    st.integers(0, 3),
    st.integers(0, 4),
)
_streams = st.builds(
    lambda good, tail: b"".join(good) + tail,
    st.lists(_frames, max_size=8),
    st.one_of(
        st.just(b""),
        _headers,
        st.binary(max_size=500),
        st.builds(lambda frame, n: frame[: n % len(frame)], _frames, st.integers(0)),
        st.builds(lambda header, frame: header + frame, _headers, _frames),
    ),
)
_places = st.lists(st.integers(0, 10**6), max_size=12)


@DETERMINISTIC
@given(_streams, _places)
def test_any_cut(stream: bytes, places: list[int]) -> None:
    expected, left = model(stream)
    decoder = FrameDecoder()
    check(read(decoder, cut(stream, places)), expected)
    assert decoder.pending == left < LARGEST_FRAME
    dead = bool(expected) and not isinstance(expected[-1], Frame) and "Outfox" not in expected[-1]
    assert (end(decoder) is not None) == (dead or left > 0)


@DETERMINISTIC
@given(st.lists(_frames, max_size=3), st.binary(max_size=5))
def test_byte_for_byte(good: list[bytes], tail: bytes) -> None:
    stream = b"".join(good)[:3000] + tail
    expected, left = model(stream)
    decoder = FrameDecoder()
    check(read(decoder, [stream[i : i + 1] for i in range(len(stream))]), expected)
    assert decoder.pending == left


@DETERMINISTIC
@given(st.binary(max_size=60) | st.builds(lambda a, b: a + b, _headers, st.binary(max_size=60)))
def test_any_bytes(stream: bytes) -> None:
    decoder = FrameDecoder()
    expected, left = model(stream)
    check(read(decoder, [stream]), expected)
    assert decoder.pending == left


@pytest.mark.parametrize("version", [7, 8])
def test_every_place_of_one_cut(version: int) -> None:
    stream = (
        encode_frames([ACK, REGULAR], version=version, key_rotation=[1, 2])
        + outfox(version)
        + encode_frames([ACK], version=15 - version)
        + bytes([version, 9, 0, 0])
    )
    expected, left = model(stream)
    assert len(expected) == 5
    for place in range(len(stream) + 1):
        decoder = FrameDecoder()
        check(read(decoder, [stream[:place], stream[place:]]), expected)
        assert decoder.pending == left == 0


# Errors -------------------------------------------------------------------------------------------


def problem_of(call: Callable[[], object]) -> Problem:
    with pytest.raises(StreamError) as caught:
        call()
    assert isinstance(caught.value, FrameError)
    return caught.value.offset, str(caught.value)


def test_frames_come_before_the_error_behind_them() -> None:
    good = encode_frames([ACK, REGULAR])
    decoder = FrameDecoder()
    found = decoder.feed(good + b"\x08\x09\x00\x00" + good)
    assert [frame.packet for frame in found] == [ACK, REGULAR]
    problem = problem_of(lambda: decoder.feed(good))
    assert problem == (
        len(good),
        f"frame at byte {len(good)}: its size tag is 9, 1..5 was expected",
    )
    for more in (b"", good, None):
        assert problem_of(lambda more=more: decoder.feed(more)) == problem
    assert problem_of(decoder.close) == problem
    assert decoder.pending == 0


def test_an_error_in_front_is_raised_at_once() -> None:
    decoder = FrameDecoder()
    assert not decoder.feed(b"\x06\x00")
    assert decoder.pending == 2
    offset, text = problem_of(lambda: decoder.feed(b"\x00"))
    assert (offset, text) == (0, "frame at byte 0: its version is 6, 7 or 8 was expected")


def test_the_same_error_does_not_grow() -> None:
    decoder = FrameDecoder()
    depths = []
    for _ in range(3):
        with pytest.raises(StreamError) as caught:
            decoder.feed(bytes(3))
        depths.append(len(caught.traceback))
    assert len(set(depths)) == 1


def test_outfox_frames_are_refused_when_they_are_whole() -> None:
    good = encode_frames([ACK])
    refused = outfox()
    decoder = FrameDecoder()
    assert not decoder.feed(refused[:-1])
    offset, text = problem_of(lambda: decoder.feed(refused[-1:] + good))
    assert offset == 0
    assert "Outfox" in text
    assert decoder.pending == len(good)
    assert [frame.packet for frame in decoder.feed(b"")] == [ACK]
    decoder.close()
    found = decoder.feed(good + refused + good + refused)
    assert len(found) == 1
    assert decoder.pending == len(good) + len(refused)
    start = len(refused) + 2 * len(good)
    assert problem_of(lambda: decoder.feed(good))[0] == start
    assert problem_of(decoder.close)[1].endswith("bytes behind a refused frame were not read")
    assert len(decoder.feed(b"")) == 1
    assert problem_of(decoder.close)[0] == start + len(refused) + len(good)
    assert len(decoder.feed(b"")) == 1
    assert not decoder.feed(b"")
    decoder.close()


def test_what_is_held_behind_refused_frames_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = encode_frames([ACK]) + outfox()
    monkeypatch.setattr(module, "UNREAD_LIMIT", 10 * len(pair))
    whole = FrameDecoder()
    events = read(whole, [pair * 50])
    assert len(events) == 100
    decoder = FrameDecoder()
    most = 0
    for _ in range(50):
        try:
            decoder.feed(pair * 4)
        except StreamError as error:
            text = str(error)
        most = max(most, decoder.pending)
    assert "were not read" in text
    assert most <= 15 * len(pair)
    assert decoder.pending == 0
    assert problem_of(lambda: decoder.feed(b""))[1] == text


def test_a_caller_that_reads_on_is_never_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = encode_frames([ACK]) + outfox()
    monkeypatch.setattr(module, "UNREAD_LIMIT", 4 * len(pair))
    decoder = FrameDecoder()
    for _ in range(30):
        for event in read(decoder, [pair * 4]):
            assert isinstance(event, Frame) or "Outfox" in event[1]
    decoder.close()


def test_one_refused_frame_does_not_count_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    good = encode_frames([ACK])
    monkeypatch.setattr(module, "UNREAD_LIMIT", 3 * len(good))
    decoder = FrameDecoder()
    problem_of(lambda: decoder.feed(outfox() + good))
    assert len(decoder.feed(good + good[:9])) == 2
    for _ in range(10):
        assert len(decoder.feed(good[9:] + good[:9])) == 1
    assert "the stream ended after 9 of at least 390 bytes" in problem_of(decoder.close)[1]


def test_what_is_behind_a_refused_frame_is_not_copied() -> None:
    good = encode_frames([ACK])
    stream = good + outfox() + good
    decoder = FrameDecoder()
    front = decoder.feed(stream).packets.data
    problem_of(lambda: decoder.feed(b""))
    behind = decoder.feed(b"").packets.data
    assert np.shares_memory(front, behind)


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (b"\x08", "after 1 of at least 3 bytes"),
        (b"\x08\x01\x00", "after 3 of at least 4 bytes"),
        (encode_frames([ACK])[:-1], "after 389 of at least 390 bytes"),
        (encode_frames([ACK]) + b"\x07", "after 1 of at least 3 bytes"),
    ],
)
def test_streams_that_end_inside_a_frame(stream: bytes, text: str) -> None:
    decoder = FrameDecoder()
    decoder.feed(stream)
    for _ in range(2):
        offset, found = problem_of(decoder.close)
        assert offset == len(stream) - decoder.pending
        assert text in found


def test_errors_survive_pickling() -> None:
    with pytest.raises(StreamError) as caught:
        FrameDecoder().feed(bytes(3))
    back = pickle.loads(pickle.dumps(caught.value))
    assert (back.offset, str(back)) == (caught.value.offset, str(caught.value))


@pytest.mark.parametrize("data", [None, 5, "frames", [1, 2], object()])
def test_what_is_fed_must_be_bytes(data: object) -> None:
    decoder = FrameDecoder()
    decoder.feed(encode_frames([ACK])[:100])
    with pytest.raises(TypeError, match="bytes-like"):
        decoder.feed(data)
    assert decoder.pending == 100
    assert len(decoder.feed(encode_frames([ACK])[100:])) == 1


# Buffers ------------------------------------------------------------------------------------------

BUFFERS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": lambda piece: memoryview(bytearray(piece)),
    "array": lambda piece: np.frombuffer(piece, np.uint8).copy(),
    "with gaps": lambda piece: np.frombuffer(piece, np.uint8).repeat(2)[::2],
}


@pytest.mark.parametrize("form", BUFFERS)
@pytest.mark.parametrize("size", [1, 7, 389, 1460, 10**5])
def test_buffers_can_be_used_again(form: str, size: int) -> None:
    stream = encode_frames([ACK, REGULAR, ACK, REGULAR], key_rotation=[0, 1, 2, 0])
    decoder = FrameDecoder()
    found: list[Frame] = []
    packets = []
    for start in range(0, len(stream), size):
        buffer = BUFFERS[form](stream[start : start + size])
        now = decoder.feed(buffer)
        placed = now.packets
        if form == "bytearray":
            buffer[:] = bytes(len(buffer))
            buffer.append(0)  # no view of it is left
        elif form != "bytes":
            np.asarray(buffer)[:] = 0
        found += now
        packets += [
            bytes(placed.data[at : at + n])
            for at, n in zip(placed.offsets, placed.sizes, strict=True)
        ]
    assert [frame.packet for frame in found] == packets == [ACK, REGULAR, ACK, REGULAR]


def test_bytes_are_not_copied() -> None:
    stream = encode_frames([REGULAR, ACK, ACK])
    decoder = FrameDecoder()
    for piece in (stream, stream + stream[:5]):
        data = decoder.feed(piece).packets.data
        assert np.shares_memory(data, np.frombuffer(piece, np.uint8))
    assert decoder.pending == 5


def test_bytes_that_trickle_in_are_not_copied_again() -> None:
    frame = encode_frames([bytes(PacketSize.EXTENDED_32.packet_size)])
    decoder = FrameDecoder()
    decoder.feed(frame[:4])
    decoder.feed(frame[4:5])
    held = decoder._held
    for i in range(5, len(frame) - 1):
        assert not decoder.feed(frame[i : i + 1])
        assert decoder.pending == i + 1
    assert decoder._held is held
    assert len(decoder.feed(frame[-1:])) == 1


def test_a_held_rest_does_not_keep_the_rest_of_its_piece() -> None:
    decoder = FrameDecoder()
    decoder.feed(encode_frames([REGULAR] * 20) + b"\x08\x01")
    assert len(decoder._held) == 2


# What was found -----------------------------------------------------------------------------------


def test_columns_and_rows() -> None:
    stream = encode_frames([ACK], version=7, key_rotation=1) + encode_frames(
        [REGULAR, ACK, REGULAR], key_rotation=[0, 1, 2]
    )
    found = FrameDecoder().feed(stream)
    assert len(found) == 4
    assert found.versions.tolist() == [7, 8, 8, 8]
    assert found.sizes.tolist() == [2, 1, 2, 1]
    assert found.key_rotations.tolist() == [0, 0, 1, 2]
    assert {found.versions.dtype, found.sizes.dtype, found.key_rotations.dtype} == {
        np.dtype(np.uint8)
    }
    rows = list(found)
    assert rows[1] == Frame(8, PacketType.MIX, KeyRotation.UNKNOWN, REGULAR)
    assert rows[2] == found[-2] == Frame(8, PacketType.MIX, KeyRotation.ODD, ACK)
    assert type(rows[0].packet_type) is PacketType
    assert type(rows[0].key_rotation) is KeyRotation
    assert list(found[1:3]) == rows[1:3]
    assert found[1:3].sizes.tolist() == [1, 2]
    assert list(found[::-1]) == rows[::-1]
    assert found[::-1].packets.sizes.tolist() == [2413, 386, 2413, 386]
    assert rows[3] in found
    assert "packet=" not in repr(rows[0])
    for i in (4, -5):
        with pytest.raises(IndexError):
            found[i]
    with pytest.raises(AttributeError):
        rows[0].packet = b""  # type: ignore[misc]


def test_nothing_found() -> None:
    found = FrameDecoder().feed(b"")
    assert not found
    assert len(found.packets) == len(found.versions) == len(found.sizes) == 0
    assert found.key_hints(odd=0, even=1).shape == (0,)
    assert len(sx.Processor(key(0)).process(found.packets, found.key_hints(odd=0, even=0))) == 0


def test_places_cannot_be_changed() -> None:
    """They are addresses to the backends."""
    placed = FrameDecoder().feed(encode_frames([ACK, REGULAR])).packets
    for column in (placed.offsets, placed.sizes, placed.order, placed.data):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


PAYLOADS = [2065, 38, 38, 8209, 2065, 16401, 38, 32785, 2065]


@pytest.fixture(scope="module")
def sent() -> list[bytes]:
    """Packets of all sizes for node 0; every third one ends there; one is bad."""
    packets = [
        packet(1 + (i % 3 > 0), b"%d" % i, payload_size=size) for i, size in enumerate(PAYLOADS)
    ]
    packets[4] = packets[4][:40] + bytes(8) + packets[4][48:]
    return packets


@pytest.mark.parametrize("version", [7, 8])
@pytest.mark.parametrize("size", [400, 20_000, 10**6])
def test_packets_go_into_a_processor(
    version: int, size: int, sent: list[bytes], backend_name: str
) -> None:
    processor = sx.Processor(key(0), backend=backend_name)
    expected = list(processor.process(sent))
    assert {row.status for row in expected} == {
        sx.Status.FORWARD,
        sx.Status.DELIVER,
        sx.Status.BAD_MAC,
    }
    stream = encode_frames(sent, version=version)
    decoder = FrameDecoder()
    rows: list[sx.Row] = []
    out = sx.BatchResult()
    for start in range(0, len(stream), size):
        found = decoder.feed(stream[start : start + size])
        opened = processor.authenticate(found.packets)
        assert len(opened) == len(found)
        rows += opened.unwrap(out=out)
        assert list(processor.process(found.packets)) == list(out)
    assert rows == expected


def test_results_become_frames(sent: list[bytes]) -> None:
    """From frame to frame through a node."""
    processor = sx.Processor(key(0))
    found = FrameDecoder().feed(encode_frames(sent, key_rotation=KeyRotation.ODD))
    result = processor.process(found.packets)
    forward = np.flatnonzero(result.status == sx.Status.FORWARD).tolist()
    outputs = result.packets
    stream = encode_frames([outputs[i] for i in forward], key_rotation=found.key_rotations[forward])
    back = FrameDecoder().feed(stream)
    assert [frame.packet for frame in back] == [result[i].packet for i in forward]
    assert back.key_rotations.tolist() == [1] * len(forward)


def test_key_hints(backend_name: str) -> None:
    """The rotation byte says which of two keys a packet is for."""
    processor = sx.Processor([key(0), key(1)], backend=backend_name)
    options: dict[str, Any] = {"destination": bytes(32), "payload_size": 38}
    packets = [
        sx.build_packet([sx.Hop(bytes(32), key(i).public_key)], b"m", **options)
        for i in (0, 1, 1, 0)
    ]
    found = FrameDecoder().feed(encode_frames(packets, key_rotation=[1, 2, 0, 2]))
    hints = found.key_hints(odd=0, even=1)
    assert hints.dtype == np.int8
    assert hints.tolist() == [0, 1, -1, 1]
    opened = processor.authenticate(found.packets, hints)
    assert opened.key_index.tolist() == [0, 1, 1, -1]
    assert opened.status[3] == sx.Status.BAD_MAC
    assert found.key_hints(odd=-1, even=126).tolist() == [-1, 126, -1, 126]
    for odd, even in ((-2, 0), (0, 127)):
        with pytest.raises(sx.SphinxError):
            found.key_hints(odd=odd, even=even)
    with pytest.raises(TypeError):
        found.key_hints(odd="0", even=1)  # type: ignore[arg-type]


# Encoding -----------------------------------------------------------------------------------------


@DETERMINISTIC
@given(
    st.lists(st.tuples(_packets, st.sampled_from(KeyRotation)), max_size=6),
    st.sampled_from([7, 8]),
)
def test_there_and_back(rows: list[tuple[bytes, KeyRotation]], version: int) -> None:
    packets = [content for content, _ in rows]
    stream = encode_frames(
        packets, version=version, key_rotation=[rotation for _, rotation in rows]
    )
    found = FrameDecoder().feed(stream)
    assert list(found) == [
        Frame(version, PacketType.MIX, rotation if version == 8 else KeyRotation.UNKNOWN, content)
        for content, rotation in rows
    ]
    again = encode_frames(found.packets, version=version, key_rotation=found.key_rotations)
    assert again == stream


FORMS: dict[str, Callable[[list[bytes]], Any]] = {
    "list": list,
    "tuple": tuple,
    "bytearrays": lambda rows: [bytearray(row) for row in rows],
    "memoryviews": lambda rows: [memoryview(row) for row in rows],
    "arrays": lambda rows: [np.frombuffer(row, np.uint8) for row in rows],
    "2-D array": lambda rows: np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1),
    "every second row": lambda rows: (
        np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1).repeat(2, axis=0)[::2]
    ),
    "Packets": lambda rows: FrameDecoder().feed(encode_frames(rows)).packets,
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_packets(form: str) -> None:
    rows = [seeded(b"%d" % i, 386) for i in range(5)]
    expected = b"".join(b"\x08\x02\x00\x02" + row for row in rows)
    assert encode_frames(FORMS[form](rows), key_rotation=KeyRotation.EVEN) == expected
    assert encode_frames(FORMS[form](rows), version=7, key_rotation=2) == b"".join(
        b"\x07\x02\x00" + row for row in rows
    )


@pytest.mark.parametrize("empty", [[], (), np.empty((0, 386), np.uint8)])
def test_no_packets(empty: Any) -> None:
    assert encode_frames(empty) == b""
    assert encode_frames(empty, key_rotation=[]) == b""


def test_key_rotations_in_any_form() -> None:
    packets = [ACK, ACK, ACK]
    expected = encode_frames(packets, key_rotation=[2, 0, 1])
    rotations = KeyRotation.EVEN, KeyRotation.UNKNOWN, KeyRotation.ODD
    for given_as in (rotations, np.array(rotations, np.uint8), np.array(rotations)):
        assert encode_frames(packets, key_rotation=given_as) == expected
    assert encode_frames(packets, key_rotation=np.uint8(1)) == encode_frames(
        packets, key_rotation=KeyRotation.ODD
    )


@pytest.mark.parametrize("size", [0, 365, 377, 385, 387, 2377, 2412, 2414, 33134])
def test_packets_of_other_sizes(size: int) -> None:
    with pytest.raises(FrameError, match=f"packet 2: .*386.*33133 bytes, not {size}$"):
        encode_frames([ACK, REGULAR, bytes(size), bytes(1)])
    with pytest.raises(FrameError, match="packet 0: "):
        encode_frames(np.zeros((3, size), np.uint8))


@pytest.mark.parametrize(
    "options",
    [
        {"version": 6},
        {"version": 9},
        {"key_rotation": 3},
        {"key_rotation": -1},
        {"key_rotation": [0, 3]},
        {"key_rotation": [-1, 0]},
        {"key_rotation": [0]},
        {"key_rotation": [0, 1, 2]},
        {"packet_type": 1},
        {"packet_type": 256},
        {"version": 7, "key_rotation": 3},
    ],
)
def test_wrong_values(options: Mapping[str, Any]) -> None:
    with pytest.raises(sx.SphinxError):
        encode_frames([ACK, REGULAR], **options)


@pytest.mark.parametrize(
    ("packets", "options"),
    [
        (ACK, {}),
        (bytearray(ACK), {}),
        (memoryview(ACK), {}),
        ("packets", {}),
        (None, {}),
        (5, {}),
        ([ACK, None], {}),
        ([ACK, "packet"], {}),
        ([memoryview(ACK + ACK)[::2]], {}),
        (np.zeros((1, 386), np.int8), {}),
        ([ACK], {"version": "8"}),
        ([ACK], {"version": 8.0}),
        ([ACK], {"key_rotation": "1"}),
        ([ACK], {"key_rotation": None}),
        ([ACK], {"key_rotation": [1.0]}),
        ([ACK], {"key_rotation": [True]}),
    ],
)
def test_wrong_types(packets: Any, options: Mapping[str, Any]) -> None:
    with pytest.raises(TypeError):
        encode_frames(packets, **options)


def test_one_bad_packet_in_an_array_of_frames_names_itself() -> None:
    rows: Sequence[bytes] = [ACK] * 100
    with pytest.raises(FrameError, match=r"^packet 100: "):
        encode_frames([*rows, b""])
