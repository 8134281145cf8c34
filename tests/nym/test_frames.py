"""Reading frames: any stream in any pieces, and the way into a Processor."""

import pickle
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from frame_streams import ACK, REGULAR, Event, Problem, end, frame_packets, read
from hypothesis import given
from hypothesis import strategies as st
from network import DETERMINISTIC, key, packet

import sphinxcore as sx
from sphinxcore.nym import frames as module
from sphinxcore.nym.errors import FrameError
from sphinxcore.nym.frames import Frame, FrameDecoder, PacketType, StreamError, encode_frames
from sphinxcore.nym.rotation import KeyRotation
from sphinxcore.nym.sizes import PacketSize

LARGEST_FRAME = 4 + max(size.packet_size for size in PacketSize)


def outfox(version: int = 8, content: bytes = ACK) -> bytes:
    return encode_frames([content], version=version, packet_type=PacketType.OUTFOX)


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


_frames = st.builds(
    lambda content, version, rotation, kind: encode_frames(
        [content], version=version, key_rotation=rotation, packet_type=kind
    ),
    frame_packets,
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
