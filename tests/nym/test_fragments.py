"""Fragments: headers, identifiers, splitting."""

import dataclasses
import hashlib
from itertools import pairwise
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from hypothesis import assume, example, given
from hypothesis import strategies as st
from network import DETERMINISTIC, seeded
from random_stream import RandomStream
from report import Report
from shared_files import raw, shared
from tally import Tally

import sphinxcore as sx
from sphinxcore.nym.errors import FragmentError
from sphinxcore.nym.fragments import (
    COVER_ID,
    MAX_FRAGMENT_SIZE,
    MAX_SET_ID,
    Fragment,
    FragmentId,
    capacity,
    draw_set_ids,
    split,
)
from sphinxcore.nym.sizes import PacketSize

FILE = "nym2_fragments.json"

SET_IDS = st.integers(1, MAX_SET_ID)
SIZES = st.sampled_from(
    [11, 12, 17, 20, 42, *(s.fragment_size for s in PacketSize if s != PacketSize.ACK)]
)
REGULAR = PacketSize.REGULAR.fragment_size


@st.composite
def fragments(draw: st.DrawFn) -> Fragment:
    """Every kind of header there is."""
    set_id, link = draw(st.lists(SET_IDS, min_size=2, max_size=2, unique=True))
    payload = draw(st.binary(max_size=40))
    total = draw(st.integers(1, 255) | st.just(255))
    position = draw(st.integers(1, total) | st.sampled_from([1, total]))
    linked = draw(st.booleans())
    previous_set = link if linked and position == 1 else None
    next_set = link if linked and position == 255 else None
    return Fragment(set_id, total, position, payload, previous_set, next_set)


# Headers ------------------------------------------------------------------------------------------


@DETERMINISTIC
@given(fragments())
def test_fragments_come_back(fragment: Fragment) -> None:
    data = fragment.to_bytes()
    linked = fragment.previous_set is not None or fragment.next_set is not None
    assert len(data) == (10 if linked else 7) + len(fragment.payload)
    assert data[0] >= 0x80
    assert Fragment.from_bytes(data) == fragment
    assert Fragment.from_bytes(memoryview(bytearray(data))) == fragment


@DETERMINISTIC
@given(
    st.binary(max_size=20)
    | st.builds(
        lambda head, total, position, rest: bytes([*head, total, position]) + rest,
        st.binary(min_size=4, max_size=4).map(lambda b: bytes([b[0] | 0x80]) + b[1:]),
        st.sampled_from([0, 1, 2, 254, 255]),
        st.sampled_from([0, 1, 2, 254, 255]),
        st.binary(max_size=8).map(lambda b: b[:1] and bytes([b[0] | 0x80]) + b[1:]),
    )
)
@example(bytes.fromhex("80000001ffff8000000109"))
@example(bytes.fromhex("800000010101800000"))
def test_any_bytes_are_a_fragment_or_an_error(data: bytes) -> None:
    try:
        fragment = Fragment.from_bytes(data)
    except FragmentError:
        return
    assert fragment.to_bytes() == data


def test_header_layout() -> None:
    plain = Fragment(0x01020304, 5, 4, b"end")
    assert plain.to_bytes() == bytes.fromhex("81020304 05 04 00") + b"end"
    first = Fragment(0x01020304, 5, 1, b"end", previous_set=0x0A0B0C0D)
    assert first.to_bytes() == bytes.fromhex("81020304 05 01 8a0b0c0d") + b"end"
    last = Fragment(MAX_SET_ID, 255, 255, b"", next_set=1)
    assert last.to_bytes() == bytes.fromhex("ffffffff ff ff 80000001")
    assert plain.identifier == FragmentId(0x01020304, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"set_id": 0}, "set id"),
        ({"set_id": -1}, "set id"),
        ({"set_id": 2**31}, "set id"),
        ({"total": 0, "position": 0}, "position"),
        ({"total": 256}, "position"),
        ({"position": 0}, "position"),
        ({"position": 256}, "position"),
        ({"total": 6, "position": 7}, "position"),
        ({"previous_set": 2}, "cannot name the previous"),
        ({"next_set": 2}, "cannot name the next"),
        ({"total": 254, "position": 254, "next_set": 2}, "cannot name the next"),
        ({"position": 255, "previous_set": 2}, "cannot name the previous"),
        ({"position": 1, "next_set": 2}, "cannot name the next"),
        ({"position": 1, "previous_set": 2, "next_set": 3}, "cannot name the next"),
        ({"position": 1, "previous_set": 0}, "link"),
        ({"position": 1, "previous_set": 2**31}, "link"),
        ({"position": 1, "previous_set": 1}, "link"),
        ({"position": 255, "next_set": 1}, "link"),
        ({"position": 255, "next_set": -1}, "link"),
        ({"payload": bytes(MAX_FRAGMENT_SIZE - 6)}, "at most"),
        ({"payload": bytes(MAX_FRAGMENT_SIZE - 9), "position": 1, "previous_set": 2}, "at most"),
    ],
)
def test_fields_that_no_header_has(changes: dict[str, Any], message: str) -> None:
    good = Fragment(1, 255, 7, b"payload")
    with pytest.raises(FragmentError, match=message):
        dataclasses.replace(good, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"payload": bytearray(1)},
        {"payload": "text"},
        {"set_id": 1.0},
        {"set_id": "1"},
        {"total": None},
        {"position": 1.0},
        {"position": 1, "previous_set": 2.0},
        {"position": 1, "previous_set": "2"},
    ],
)
def test_types_of_fields(changes: dict[str, Any]) -> None:
    good = Fragment(1, 255, 7, b"payload")
    with pytest.raises(TypeError, match="must be"):
        dataclasses.replace(good, **changes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("80000001 01 01", "at least 7 bytes, not 6"),
        ("00000001 00 00 00", "first bit of a fragment"),
        ("80000001 02 03 80", "position 3, total 2"),
        ("80000001 05 01 800000", "at least 10 bytes, not 9"),
        ("80000000 05 03 01000002", "first bit of the link"),
        ("80000000 05 03 80000002", "fragment 3 of a set cannot name"),
        ("80000000 05 01 80000000", "a set id"),
        ("80000001 05 01 80000000", "the link of set 1"),
    ],
)
def test_bytes_are_refused_in_the_order_of_the_crate(data: str, message: str) -> None:
    with pytest.raises(FragmentError, match=message):
        Fragment.from_bytes(bytes.fromhex(data))


def test_longest_fragments() -> None:
    assert MAX_FRAGMENT_SIZE == 32331
    longest = Fragment(1, 1, 1, bytes(MAX_FRAGMENT_SIZE - 7)).to_bytes()
    assert Fragment.from_bytes(longest).to_bytes() == longest
    with pytest.raises(FragmentError, match="at most 32331 bytes, not 32332"):
        Fragment.from_bytes(longest + b"\0")
    linked = Fragment(1, 1, 1, bytes(MAX_FRAGMENT_SIZE - 10), previous_set=2).to_bytes()
    assert Fragment.from_bytes(linked).to_bytes() == linked
    with pytest.raises(FragmentError, match="at most 32331 bytes, not 32332"):
        Fragment.from_bytes(linked + b"\0")


def test_fragments_are_values() -> None:
    one = Fragment(1, 2, 1, b"a")
    assert {one, Fragment(1, 2, 1, b"a"), Fragment(1, 2, 2, b"a")} == {
        one,
        Fragment(1, 2, 2, b"a"),
    }
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.total = 3  # type: ignore[misc]


@pytest.mark.parametrize("value", ["text", 7, None])
def test_only_bytes_are_read(value: Any) -> None:
    with pytest.raises(TypeError, match="fragment must be bytes"):
        Fragment.from_bytes(value)
    with pytest.raises(TypeError, match="fragment identifier must be bytes"):
        FragmentId.from_bytes(value)


# Identifiers --------------------------------------------------------------------------------------


@DETERMINISTIC
@given(st.integers(0, MAX_SET_ID), st.integers(0, 255))
def test_identifiers_come_back(set_id: int, position: int) -> None:
    identifier = FragmentId(set_id, position)
    data = identifier.to_bytes()
    assert data == set_id.to_bytes(4, "big") + bytes([position])
    assert FragmentId.from_bytes(data) == identifier


@DETERMINISTIC
@given(st.binary(max_size=8) | st.binary(min_size=5, max_size=5))
def test_any_bytes_are_an_identifier_or_an_error(data: bytes) -> None:
    if len(data) == 5 and data[0] < 0x80:
        assert FragmentId.from_bytes(data).to_bytes() == data
        return
    with pytest.raises(FragmentError, match="negative" if len(data) == 5 else "5 bytes"):
        FragmentId.from_bytes(data)


def test_identifiers_out_of_range() -> None:
    for identifier in (FragmentId(-1, 1), FragmentId(2**31, 1), FragmentId(1, 256)):
        with pytest.raises(sx.SphinxError, match="must be in"):
            identifier.to_bytes()
    assert COVER_ID.to_bytes() == bytes(5)


# Splitting ----------------------------------------------------------------------------------------


def room(fragments: int, fragment_size: int) -> int:
    """What so many fragments hold, counted one by one."""
    total = 0
    for i in range(fragments):
        starts_set = i > 0 and i % 255 == 0
        ends_set = i % 255 == 254 and i + 1 < fragments
        total += fragment_size - (10 if starts_set or ends_set else 7)
    return total


@DETERMINISTIC
@given(st.integers(1, 2000), SIZES, st.integers(0, 10**5), st.integers(-10, 10))
def test_capacity_counts_fragments(n: int, size: int, less: int, border: int) -> None:
    # A fragment more that starts a set turns the one before into a linked one, with less room.
    for length in (room(n, size) - less, room(n, size) + border):
        assume(length > 0)
        count, spare = capacity(length, size)
        assert room(count, size) == length + spare
        assert count == 1 or room(count - 1, size) < length


@DETERMINISTIC
@given(SIZES, st.integers(1, 1100), st.data())
def test_split_cuts_into_full_fragments(size: int, count: int, data: st.DataObject) -> None:
    assume(count * size < 10**6)
    if capacity(room(count, size), size)[0] < count:
        count -= 1  # a fragment alone in its set, with fewer bytes than the links take
    message = seeded(b"message", room(count, size))
    sets = -(-count // 255)
    ids = data.draw(st.lists(SET_IDS, min_size=sets, max_size=sets, unique=True))
    parts = split(message, size, set_ids=ids)
    assert b"".join(part.payload for part in parts) == message
    assert {len(part.to_bytes()) for part in parts} == {size}
    assert [part.set_id for part in parts] == [ids[i // 255] for i in range(count)]
    assert [part.position for part in parts] == [i % 255 + 1 for i in range(count)]
    assert {part.total for part in parts[: 255 * (sets - 1)]} <= {255}
    assert {part.total for part in parts[255 * (sets - 1) :]} == {count - 255 * (sets - 1)}
    forth = [(part.set_id, part.next_set) for part in parts if part.next_set]
    back = [(part.previous_set, part.set_id) for part in parts if part.previous_set]
    assert forth == back == list(pairwise(ids))


def test_split_takes_whole_fragments_only() -> None:
    for length, missing in ((1, 9), (9, 1), (11, 9), (2551, 3)):
        with pytest.raises(sx.SphinxError, match=f"{missing} bytes are missing"):
            split(bytes(length), 17)
    with pytest.raises(sx.SphinxError, match="length must be in"):
        split(b"", 17)
    with pytest.raises(TypeError, match="data must be bytes"):
        split("text", 17)


@pytest.mark.parametrize("size", [0, 7, 10, MAX_FRAGMENT_SIZE + 1])
def test_sizes_out_of_range(size: int) -> None:
    with pytest.raises(sx.SphinxError, match=r"fragment_size must be in 11\.\.32331"):
        capacity(1, size)
    with pytest.raises(sx.SphinxError, match=r"fragment_size must be in 11\.\.32331"):
        split(b"a", size)


@pytest.mark.parametrize("ids", [[], [1], [1, 2, 3], [4, 4]])
def test_a_different_set_id_for_each_set(ids: list[int]) -> None:
    data = bytes(room(256, 17))
    with pytest.raises(sx.SphinxError, match="2 different ids"):
        split(data, 17, set_ids=ids)


@pytest.mark.parametrize("ids", [[0, 1], [1, 2**31], [-5, 1]])
def test_given_set_ids_in_range(ids: list[int]) -> None:
    with pytest.raises(FragmentError):
        split(bytes(room(256, 17)), 17, set_ids=ids)


def test_capacity_takes_lengths_only() -> None:
    for length in (0, -1):
        with pytest.raises(sx.SphinxError, match="length must be in"):
            capacity(length, REGULAR)
    count, spare = capacity(2**63 - 1, 11)
    assert count > 2**60
    assert 0 <= spare < 4


# Set ids ------------------------------------------------------------------------------------------


def little(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little", signed=True) for value in values)


def test_set_ids_are_drawn_again(random_stream: RandomStream) -> None:
    random_stream.feed(
        little(5, 0, -5, -(2**31), 2**31 - 1),  # 0, -2^31 and the second 5 do not count
        little(-7, 5, -(2**31) + 1),
        little(0, 9),
        little(6),
    )
    assert draw_set_ids(5) == [5, 2**31 - 1, 7, 9, 6]


def test_drawn_set_ids() -> None:
    ids = draw_set_ids(1000)
    assert len(set(ids)) == 1000
    assert min(ids) >= 1
    assert max(ids) <= MAX_SET_ID
    assert max(ids).bit_length() == 31
    assert draw_set_ids(0) == []
    with pytest.raises(sx.SphinxError, match="n must be in"):
        draw_set_ids(-1)


def test_split_draws_set_ids(random_stream: RandomStream) -> None:
    random_stream.feed(little(-3, 8))
    parts = split(bytes(room(256, 17)), 17)
    assert [part.set_id for part in parts] == [3] * 255 + [8]


# Vectors ------------------------------------------------------------------------------------------


def padded(message: bytes, fragment_size: int) -> bytes:
    """A plain message, as the crates put it in front of the splitter."""
    encoded = b"\0" + message + b"\1"
    return encoded + bytes(capacity(len(encoded), fragment_size)[1])


def check_fields(report: Report, name: str, fields: dict[str, Any], fragment: Fragment) -> None:
    got = {
        "set_id": fragment.set_id,
        "total": fragment.total,
        "current": fragment.position,
        "previous_set": fragment.previous_set,
        "next_set": fragment.next_set,
        "payload_len": len(fragment.payload),
        "identifier": fragment.identifier.to_bytes().hex(),
    }
    report.check(name, got == fields, f"{got}, not {fields}")


def test_vectors_required(tally: Tally) -> None:
    """How many fragments the splitter of the crates makes; ours are as many."""
    cases = shared(FILE, "required")
    names = [f"{case['len']} bytes, fragments of {case['per_packet']}" for case in cases]
    report = Report(f"{FILE} required", names, "nym", tally)
    for name, case in zip(names, cases, strict=True):
        got = capacity(case["len"], case["per_packet"])
        report.check(name, got == (case["fragments"], case["space_left"]), f"capacity is {got}")
    report.finish(189, {})


def test_vectors_per_packet(tally: Tally) -> None:
    """`available` is a whole fragment. `true_available`, one less, is what only an estimate of
    the crates counts with, which ours does not have."""
    sizes = {
        "regular": PacketSize.REGULAR,
        "extended8": PacketSize.EXTENDED_8,
        "extended16": PacketSize.EXTENDED_16,
        "extended32": PacketSize.EXTENDED_32,
    }
    cases = shared(FILE, "per_packet")
    names = [f"{case['size_name']} {case['type']}" for case in cases]
    report = Report(f"{FILE} per_packet", names, "nym", tally)
    for name, case in zip(names, cases, strict=True):
        size = sizes[case["size_name"]].fragment_size
        report.check(name, size == case["available"], f"fragments have {size} bytes")
        report.check(name, size == case["true_available"] + 1, "the estimate is another one")
    report.finish(8, {})


def test_vectors_split(tally: Tally, random_stream: RandomStream) -> None:
    cases = shared(FILE, "split")
    report = Report(f"{FILE} split", [case["id"] for case in cases], "nym", tally)
    for case in cases:
        name, size, ids = case["id"], case["per_packet"], case["sets"]
        message = raw(case, "message")
        data = padded(message, size)
        digests = (hashlib.sha256(message).hexdigest(), hashlib.sha256(data).hexdigest())
        expected = (case["message_sha256"], case["padded_sha256"])
        report.check(name, digests == expected, "another message was padded")
        report.check(name, len(data) == case["padded_len"], f"padded to {len(data)} bytes")

        # The crates draw the ids first; their ChaCha20 generator starts with the key stream.
        chacha = algorithms.ChaCha20(bytes.fromhex(case["rng_seed"]), bytes(16))
        random_stream.feed(Cipher(chacha, None).encryptor().update(bytes(4 * len(ids))))
        parts = split(data, size)
        report.check(name, parts == split(data, size, set_ids=ids), "other set ids were drawn")

        report.check(name, len(parts) == case["fragments"], f"{len(parts)} fragments")
        got = [part.to_bytes() for part in parts]
        joined = b"".join(got)
        report.check(name, len(joined) == case["all_len"], f"{len(joined)} bytes in all")
        digest = hashlib.sha256(joined).hexdigest()
        report.check(name, digest == case["all_sha256"], "other bytes")
        if "bytes" in case:
            report.check(name, [one.hex() for one in got] == case["bytes"], "other fragments")
        for shown in case.get("shown", []):
            fragment = got[shown["index"]]
            report.check(name, fragment.hex().startswith(shown["header"]), "another header")
            report.check(name, len(fragment) == shown["len"], "another length")
            digest = hashlib.sha256(fragment).hexdigest()
            report.check(name, digest == shown["sha256"], f"fragment {shown['index']} differs")
            check_fields(report, name, shown["fields"], Fragment.from_bytes(fragment))
        report.check(name, "bytes" in case or "shown" in case, "nothing to compare with")
    report.finish(26, {})


def test_vectors_headers(tally: Tally) -> None:
    cases = shared(FILE, "headers")
    report = Report(f"{FILE} headers", [case["id"] for case in cases], "nym", tally)
    for case in cases:
        name, data, result = case["id"], raw(case, "bytes"), case["result"]
        try:
            fragment = Fragment.from_bytes(data)
        except FragmentError as error:
            short = "a fragment has at least" in str(error) or "linked fragment has" in str(error)
            variant = result.get("error", {}).get("variant")
            wanted = "TooShortFragmentHeader" if short else "MalformedHeaderError"
            report.check(name, variant == wanted, f"refused ({error}), not {variant}")
            continue
        report.check(name, "error" not in result, "was not refused")
        if "error" in result:
            continue
        check_fields(report, name, result["fields"], fragment)
        report.check(name, fragment.payload.hex() == result["payload"], "another payload")
        report.check(name, fragment.to_bytes().hex() == result["again"], "other bytes again")
    report.finish(57, {})


def test_vectors_identifiers(tally: Tally) -> None:
    cases = shared(FILE, "identifiers")
    report = Report(f"{FILE} identifiers", [case["bytes"] for case in cases], "nym", tally)
    for case in cases:
        name, data, result = case["bytes"], raw(case, "bytes"), case["result"]
        if "error" in result:
            report.refuses(name, lambda data=data: FragmentId.from_bytes(data))
            continue
        identifier = FragmentId.from_bytes(data)
        report.check(name, identifier.set_id == result["set_id"], "another set id")
        report.check(name, str(identifier) == result["text"], f"is written {identifier}")
        report.check(name, identifier.to_bytes().hex() == result["again"], "other bytes again")
    report.finish(6, {})
