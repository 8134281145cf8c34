"""Writing frames: any packets in any form, and there and back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from frame_streams import ACK, REGULAR, frame_packets
from hypothesis import given
from hypothesis import strategies as st
from network import DETERMINISTIC, seeded

import sphinxcore as sx
from sphinxcore.nym.errors import FrameError
from sphinxcore.nym.frames import Frame, FrameDecoder, PacketType, encode_frames
from sphinxcore.nym.rotation import KeyRotation


@DETERMINISTIC
@given(
    st.lists(st.tuples(frame_packets, st.sampled_from(KeyRotation)), max_size=6),
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
        ([ACK], {"packet_type": 0}),
        ([ACK], {"packet_type": None}),
    ],
)
def test_wrong_types(packets: Any, options: Mapping[str, Any]) -> None:
    with pytest.raises(TypeError):
        encode_frames(packets, **options)


def test_one_bad_packet_in_an_array_of_frames_names_itself() -> None:
    rows: Sequence[bytes] = [ACK] * 100
    with pytest.raises(FrameError, match=r"^packet 100: "):
        encode_frames([*rows, b""])
