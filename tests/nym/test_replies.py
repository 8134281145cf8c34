"""Reply keys and SURBs: bytes, text and lists of two layouts, made, used once, found by digest."""

import copy
import dataclasses
import pickle
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from clock import Clock
from hypothesis import example, given
from hypothesis import strategies as st
from network import DESTINATION, DETERMINISTIC, key, seeded
from reply_surbs import address, fresh_surbs, kept_surb, route
from shared_files import raw, shared
from tally import PASSED, SKIPPED, Tally

import sphinxcore as sx
from sphinxcore.nym import base58
from sphinxcore.nym.errors import NymError, ReplyError
from sphinxcore.nym.fragments import capacity
from sphinxcore.nym.messages import ReplyData, encode, pad
from sphinxcore.nym.replies import (
    ReplySurb,
    build_reply_surbs,
    decode_surb_list,
    encode_surb_list,
    max_reply_size,
    use_reply_surbs,
)
from sphinxcore.nym.reply_keys import ReplyKey, ReplyKeyring, ReplyKeys
from sphinxcore.nym.rotation import KeyRotation
from sphinxcore.nym.sizes import PacketSize

MESSAGES = "nym2_messages.json"
OLD_SURB = "nym reply SURB of 1164 bytes, read here"
MAX_MSG_LEN = "nym max_msg_len, counted in full here"
DATA_SIZES = [size for size in PacketSize if size is not PacketSize.ACK]
V1_SIZE = 1164
BAD_HOP = bytes(348) + b"\x09" + bytes(31)
"""A SURB's header, and a first hop that is no address."""


# Vectors ------------------------------------------------------------------------------------------


def test_vectors_of_reply_surbs(tally: Tally) -> None:
    """26 cases: bytes and text, cut bytes, sizes of replies, use with contents of odd sizes."""
    checks: dict[str, Callable[[dict[str, Any], bytes], str | None]] = {
        "bytes": _check_bytes,
        "from_first_n_bytes": _check_first_bytes,
        "max_msg_len": _check_max_msg_len,
        "apply": _check_apply,
    }
    cases = shared(MESSAGES, "reply_surb")
    (whole,) = (raw(case, "bytes") for case in cases if case["op"] == "bytes")
    reasons = [checks[case["op"]](case, whole) for case in cases]
    assert len(cases) == 26
    assert (reasons.count(OLD_SURB), reasons.count(MAX_MSG_LEN)) == (1, 4)
    tally.add(PASSED, f"{MESSAGES} reply_surb", "nym", reasons.count(None))
    for reason in (OLD_SURB, MAX_MSG_LEN):
        tally.add(SKIPPED, reason, "nym", reasons.count(reason))


def _check_bytes(case: dict[str, Any], whole: bytes) -> None:
    first, text = whole[:460], case["base58_of_first_460"]
    surb = ReplySurb.from_bytes(first)
    assert (surb.to_bytes(), surb.to_text()) == (first, text)
    assert ReplySurb.from_text(text) == surb


def _check_first_bytes(case: dict[str, Any], whole: bytes) -> str | None:
    cut = whole[: case["n"]]
    assert len(cut) == case["n"]
    if "ok" in case["result"]:
        assert len(ReplySurb.from_bytes(cut).to_bytes()) == case["result"]["len"]
    elif case["n"] == V1_SIZE:
        # 2.0.0 has no use for these, but clients of 1.21.6 send them.
        assert ReplySurb.from_bytes(cut).layout == 1
        with pytest.raises(ReplyError, match=r"1\.\.5 seeds, not 48"):
            decode_surb_list(bytes((0, 1, 48, 0)) + cut)
        return OLD_SURB
    else:
        with pytest.raises(ReplyError):
            ReplySurb.from_bytes(cut)
    return None


def _check_max_msg_len(case: dict[str, Any], _: bytes) -> str:
    sizes = {size.name.lower().replace("_", ""): size for size in DATA_SIZES}
    header, message_type, content_tag = 7, 1, 1
    forgotten = header + message_type + content_tag
    assert max_reply_size(sizes[case["size_name"]]) == case["value"] - forgotten
    return MAX_MSG_LEN


def _check_apply(case: dict[str, Any], whole: bytes) -> None:
    surb, content = ReplySurb.from_bytes(whole[:460]), bytes(case["message_len"])
    if "error" in case["result"]:
        with pytest.raises(sx.SphinxError, match="must be 2048 bytes"):
            use_reply_surbs([surb], [content])
        return
    ((first_hop, packet),) = use_reply_surbs([surb], [content])
    assert str(first_hop) == case["result"]["first_hop"]
    assert len(packet) == case["result"]["packet_len"]


def test_vectors_of_digests() -> None:
    """4 of the cases that test_vectors_messages.py counts as primitives."""
    cases = [one for one in shared(MESSAGES, "primitives") if one["op"] == "reply_key_digest"]
    for case in cases:
        assert ReplyKey.from_bytes(raw(case, "key")).digest() == raw(case, "digest")
    assert len(cases) == 4


# Keys and SURBs -----------------------------------------------------------------------------------


def test_key() -> None:
    made = ReplyKey.generate()
    assert made != ReplyKey.generate()
    assert ReplyKey.from_bytes(bytearray(made.to_bytes())) == made
    assert len(made.digest()) == 32
    assert repr(made) == "<ReplyKey>"
    for size in (0, 15, 17):
        with pytest.raises(sx.SphinxError, match="must be 16 bytes"):
            ReplyKey.from_bytes(bytes(size))
    with pytest.raises(TypeError, match="must be bytes"):
        ReplyKey.from_bytes("0123456789abcdef")


@pytest.mark.parametrize("hops", range(1, 6))
def test_surb_bytes(hops: int) -> None:
    surb = kept_surb(1, hops=hops, key_rotation=KeyRotation.ODD)
    encoded = surb.to_bytes()
    assert len(encoded) == surb.size == 396 + 16 * hops
    assert (surb.layout, surb.first_hop) == (2, address(1))
    again = ReplySurb.from_bytes(encoded, KeyRotation.ODD)
    assert again == surb == ReplySurb.from_text(surb.to_text(), KeyRotation.ODD)
    assert again != ReplySurb.from_bytes(encoded)
    assert again.key.to_bytes() + again.surb.to_bytes() == encoded


def test_surb_bytes_of_layout_1() -> None:
    surb = kept_surb(layout=1)
    assert (len(surb.to_bytes()), surb.layout) == (V1_SIZE, 1)
    assert ReplySurb.from_text(surb.to_text()) == surb
    for hops in (1, 2, 3, 5):
        with pytest.raises(ReplyError, match=f"not {396 + 192 * hops}"):
            kept_surb(hops=hops, layout=1)


def test_surbs_are_secret() -> None:
    surb = kept_surb()
    shown = repr(surb)
    assert "<ReplyKey>" in shown
    assert "<Surb>" in shown
    for secret in (surb.key.to_bytes(), surb.surb.to_bytes()):
        assert secret.hex() not in shown
        assert repr(secret) not in shown
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(surb)
    with pytest.raises(TypeError, match="secret"):
        copy.deepcopy(surb)
    with pytest.raises(dataclasses.FrozenInstanceError):
        surb.key_rotation = KeyRotation.ODD  # type: ignore[misc]


@pytest.mark.parametrize("size", [0, 16, 396, 411, 413, 477, 492, 1163, 1165, 1356])
def test_surb_sizes(size: int) -> None:
    with pytest.raises(ReplyError, match=f"not {size}"):
        ReplySurb.from_bytes(bytes(size))


def test_malformed_surbs() -> None:
    good = kept_surb()
    with pytest.raises(ReplyError, match=r"first hop of a reply SURB: .* not 9"):
        ReplySurb.from_bytes(good.key.to_bytes() + BAD_HOP + bytes(16))
    with pytest.raises(ReplyError, match="text of a reply SURB"):
        ReplySurb.from_text("0OIl")
    with pytest.raises(ReplyError, match="text of a reply SURB"):
        ReplySurb.from_text("1" * 10**6)
    for change in ({"key": bytes(16)}, {"surb": b""}, {"key_rotation": 1}):
        members = {"key": good.key, "surb": good.surb, "key_rotation": good.key_rotation}
        with pytest.raises(TypeError, match=f"{next(iter(change))} must be"):
            ReplySurb(**members | change)
    with pytest.raises(TypeError, match="must be bytes"):
        ReplySurb.from_bytes("text")
    with pytest.raises(TypeError, match="must be str"):
        ReplySurb.from_text(b"bytes")  # type: ignore[arg-type]


@given(st.binary(max_size=500) | st.sampled_from([412, 460, V1_SIZE]).map(bytes))
@DETERMINISTIC
def test_any_bytes_as_surb(data: bytes) -> None:
    try:
        surb = ReplySurb.from_bytes(data)
    except ReplyError:
        return
    assert surb.to_bytes() == data


def _text_of_size(size: int) -> str:
    return base58.encode(b"\4" * size)


@given(st.text(max_size=100) | st.sampled_from([411, 412, 476, V1_SIZE]).map(_text_of_size))
@DETERMINISTIC
def test_any_text_as_surb(text: str) -> None:
    try:
        surb = ReplySurb.from_text(text)
    except ReplyError:
        return
    assert surb.to_text() == text


# Lists --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rotation", KeyRotation)
@pytest.mark.parametrize("hops", range(1, 6))
@pytest.mark.parametrize("count", [0, 1, 3])
def test_list_of_layout_2(count: int, hops: int, rotation: KeyRotation) -> None:
    surbs = tuple(kept_surb(i, hops=hops, key_rotation=rotation) for i in range(count))
    encoded = encode_surb_list(surbs)
    header = bytes((0, count, hops, rotation)) if count else bytes(4)
    assert encoded == header + b"".join(surb.to_bytes() for surb in surbs)
    assert decode_surb_list(encoded + b"behind") == (surbs, len(encoded))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_list_of_layout_1(count: int) -> None:
    surbs = tuple(kept_surb(i, layout=1) for i in range(count))
    encoded = encode_surb_list(surbs, layout=1)
    assert encoded == bytes((0, 0, 0, count)) + b"".join(surb.to_bytes() for surb in surbs)
    assert decode_surb_list(encoded + b"behind", layout=1) == (surbs, len(encoded))


def test_layout_1_forgets_the_rotation() -> None:
    encoded = encode_surb_list([kept_surb(layout=1, key_rotation=KeyRotation.EVEN)], layout=1)
    ((surb,), _) = decode_surb_list(encoded, layout=1)
    assert surb.key_rotation is KeyRotation.UNKNOWN


def test_lists_that_cannot_be_written() -> None:
    good = kept_surb()
    for other, problem in (
        (kept_surb(hops=3), "SURB 1 has 444 bytes and UNKNOWN"),
        (kept_surb(key_rotation=KeyRotation.ODD), "SURB 1 has 460 bytes and ODD"),
        (kept_surb(layout=1), "SURB 1 has layout 1, not 2"),
    ):
        with pytest.raises(ReplyError, match=problem):
            encode_surb_list([good, other])
    with pytest.raises(ReplyError, match="SURB 0 has layout 2, not 1"):
        encode_surb_list([good], layout=1)
    for layout in (1, 2):
        with pytest.raises(ReplyError, match="at most 65535 SURBs, not 65536"):
            encode_surb_list([kept_surb(layout=layout)] * 65536, layout)
    (used,) = fresh_surbs()
    use_reply_surbs([used], [bytes(2048)])
    with pytest.raises(sx.SphinxError, match="used before"):
        encode_surb_list([used])
    with pytest.raises(TypeError, match="surbs must be ReplySurb"):
        encode_surb_list([good.to_bytes()])  # type: ignore[list-item]


def test_lists_that_cannot_be_read() -> None:
    good = kept_surb().to_bytes()
    bad = bytes(16) + BAD_HOP + bytes(64)
    for layout, encoded, problem in (
        (1, b"", "begins with 4 bytes, but there are 0"),
        (2, bytes(3), "begins with 4 bytes, but there are 3"),
        (2, bytes((0, 0, 0, 3)), "0, 1 or 2, not 3"),
        (2, bytes((0, 1, 4, 0)) + good[:-1], "1 SURBs has 464 bytes, but there are 463"),
        (2, bytes((0, 2, 4, 0)) + good, "2 SURBs has 924 bytes, but there are 464"),
        (2, bytes((0, 1, 0, 0)) + good, "seeds, not 0"),
        (2, bytes((0, 1, 6, 0)) + bytes(492), "seeds, not 6"),
        (2, bytes((0, 1, 48, 0)) + kept_surb(layout=1).to_bytes(), "seeds, not 48"),
        (2, bytes((0, 3, 4, 0)) + good + bad + good, "SURB 1 of 3: the first hop"),
        (1, bytes((0, 0, 0, 1)) + bytes(V1_SIZE), "SURB 0 of 1: the first hop"),
        (1, bytes((0, 0, 0, 1)) + good, f"1 SURBs has {4 + V1_SIZE} bytes, but there are 464"),
    ):
        with pytest.raises(ReplyError, match=problem):
            decode_surb_list(encoded, layout)
    for layout in (0, 3):
        with pytest.raises(sx.SphinxError, match=r"layout must be in 1\.\.2"):
            decode_surb_list(bytes(4), layout)
        with pytest.raises(sx.SphinxError, match=r"layout must be in 1\.\.2"):
            encode_surb_list([], layout)


@pytest.mark.parametrize(("layout", "header"), [(1, b"\xff\xff\xff\xff"), (2, b"\xff\xff\5\0")])
def test_counts_allocate_nothing(layout: int, header: bytes) -> None:
    encoded = header + kept_surb().to_bytes()
    tracemalloc.start()
    try:
        with pytest.raises(ReplyError, match="but there are 464"):
            decode_surb_list(encoded, layout)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


@given(
    st.sampled_from([1, 2]),
    st.binary(max_size=4)
    | st.builds(bytes, st.tuples(*[st.integers(0, high) for high in (0, 3, 6, 3)])),
    st.integers(0, 2000).map(lambda size: b"\4" * size),
    st.binary(max_size=20),
)
@example(2, bytes((0, 2, 4, 1)), b"\4" * 1000, b"")
@example(1, bytes((0, 0, 0, 1)), b"\6" * 1200, b"")
@DETERMINISTIC
def test_any_bytes_as_list(layout: int, header: bytes, middle: bytes, end: bytes) -> None:
    data = header + middle + end
    try:
        surbs, consumed = decode_surb_list(data, layout)
    except ReplyError:
        return
    assert consumed <= len(data)
    if surbs or not any(data[:4]):
        assert encode_surb_list(surbs, layout) == data[:consumed]
    else:
        assert consumed == 4


# Use ----------------------------------------------------------------------------------------------


def _arrived(hops: int, first: int, first_hop: object, packet: bytes) -> bytes:
    """What the last node of route(hops, first) reads."""
    here = first_hop
    for i in range(first, first + hops):
        assert here == address(i)
        row = sx.Processor(key(i)).process([packet])[0]
        if i == first + hops - 1:
            break
        assert row.status is sx.Status.FORWARD
        here = type(address(i)).from_bytes(row.next_hop)
        assert row.packet is not None
        packet = row.packet
    assert row.status is sx.Status.DELIVER
    assert row.destination == DESTINATION
    assert row.payload is not None
    return sx.recover_message(row.payload)


@pytest.mark.parametrize(("layout", "hops"), [(1, 4), (2, 1), (2, 4), (2, 5)])
def test_replies_arrive(layout: int, hops: int) -> None:
    made = fresh_surbs([0, 3, 5], hops=hops, layout=layout)
    assert len({surb.key.digest() for surb in made}) == 3
    handed_out, _ = decode_surb_list(encode_surb_list(made, layout), layout)
    contents = [seeded(bytes([i]), PacketSize.REGULAR.plaintext_size) for i in range(3)]
    used = use_reply_surbs(handed_out, contents)
    for first, (first_hop, packet), content in zip((0, 3, 5), used, contents, strict=True):
        assert len(packet) == PacketSize.REGULAR.packet_size
        assert _arrived(hops, first, first_hop, packet) == content
    assert [surb.key for surb in handed_out] == [surb.key for surb in made]
    assert [surb.first_hop for surb in handed_out] == [address(first) for first in (0, 3, 5)]
    with pytest.raises(sx.SphinxError, match="used before"):
        use_reply_surbs(handed_out[:1], contents[:1])


@pytest.mark.parametrize("size", DATA_SIZES)
def test_packets_of_all_sizes(size: PacketSize) -> None:
    content = seeded(b"content", size.plaintext_size)
    ((first_hop, packet),) = use_reply_surbs(fresh_surbs(), [content], size)
    assert PacketSize.of_packet(len(packet)) is size
    assert _arrived(4, 0, first_hop, packet) == content


def test_what_cannot_be_used() -> None:
    surbs, content = fresh_surbs([0, 1]), bytes(2048)
    before = [surb.to_bytes() for surb in surbs]
    for few in ([content], [content] * 3, []):
        with pytest.raises(sx.SphinxError, match=rf"2 messages were expected.* not {len(few)}"):
            use_reply_surbs(surbs, few)
    with pytest.raises(sx.SphinxError, match="content must be 2048 bytes, not 2047"):
        use_reply_surbs(surbs, [content, content[:-1]])
    with pytest.raises(sx.SphinxError, match="content must be 8192 bytes, not 2048"):
        use_reply_surbs(surbs, [content] * 2, PacketSize.EXTENDED_8)
    with pytest.raises(sx.SphinxError, match="used before"):
        use_reply_surbs([surbs[0], surbs[0]], [content] * 2)
    with pytest.raises(TypeError, match="packet_size must be PacketSize"):
        use_reply_surbs(surbs, [content] * 2, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="surbs must be ReplySurb"):
        use_reply_surbs([surbs[0].surb], [content])  # type: ignore[list-item]
    assert [surb.to_bytes() for surb in surbs] == before
    assert use_reply_surbs([], []) == []


def test_building() -> None:
    def build(**options: Any) -> list[ReplySurb]:
        given = {"destination": DESTINATION, "key_rotation": KeyRotation.EVEN}
        return build_reply_surbs([route(4)], **given | options)

    assert build_reply_surbs([], destination=DESTINATION, key_rotation=KeyRotation.EVEN) == []
    (surb,) = build()
    assert surb.key_rotation is KeyRotation.EVEN
    with pytest.raises(sx.SphinxError, match="version 258 or 259"):
        build(version=260)
    with pytest.raises(sx.SphinxError, match="destination must be 32 bytes"):
        build(destination=b"")
    with pytest.raises(TypeError, match="key_rotation must be KeyRotation"):
        build(key_rotation=2)
    hop = dataclasses.replace(route(1)[0], address=bytes(32))
    with pytest.raises(ReplyError, match="first hop of a reply SURB"):
        build_reply_surbs([[hop]], destination=DESTINATION, key_rotation=KeyRotation.ODD)


@pytest.mark.parametrize("size", DATA_SIZES)
def test_max_reply_size(size: PacketSize) -> None:
    longest = max_reply_size(size)
    for more, packets in ((0, 1), (1, 2)):
        padded = pad(encode(ReplyData(bytes(longest + more))), size.fragment_size)
        assert capacity(len(padded), size.fragment_size) == (packets, 0)


def test_max_reply_size_needs_a_data_packet() -> None:
    assert max_reply_size() == 1601
    with pytest.raises(NymError, match="no room for a fragment"):
        max_reply_size(PacketSize.ACK)
    with pytest.raises(TypeError, match="packet_size must be PacketSize"):
        max_reply_size(1)  # type: ignore[arg-type]


# Keyring ------------------------------------------------------------------------------------------


def _keys(numbers: Iterable[int]) -> list[ReplyKey]:
    return [ReplyKey.from_bytes(i.to_bytes(16, "big")) for i in numbers]


def test_keys_are_taken_once() -> None:
    keyring: ReplyKeyring = ReplyKeys()
    first, second = _keys(range(2))
    keyring.add(iter([first, second]))
    assert keyring.take(bytes(32)) is None
    assert keyring.take(bytearray(second.digest())) is second  # type: ignore[arg-type]
    assert keyring.take(second.digest()) is None
    assert keyring.take(first.digest()) is first
    keyring.add([first])
    assert keyring.take(first.digest()) is first


def test_keys_die_of_age() -> None:
    clock = Clock()
    keys, (old, young) = ReplyKeys(clock=clock), _keys(range(2))
    keys.add([old])
    clock.now += 3600
    keys.add([young])
    clock.now += 23 * 3600 - 1
    assert (len(keys), keys.expired) == (2, 0)
    clock.now += 1
    assert keys.take(old.digest()) is None
    assert (len(keys), keys.expired) == (1, 1)
    clock.now += 3600 - 1
    assert keys.take(young.digest()) is young
    assert (len(keys), keys.expired, keys.dropped) == (0, 1, 0)


def test_key_added_again_is_young() -> None:
    clock = Clock()
    keys, (again, other) = ReplyKeys(lifetime_s=10, clock=clock), _keys(range(2))
    keys.add([again, other])
    clock.now += 9
    keys.add([again])
    assert len(keys) == 2
    clock.now += 9
    assert keys.take(other.digest()) is None
    assert keys.take(again.digest()) is again


def test_expired_keys_make_room_first() -> None:
    clock = Clock()
    keys = ReplyKeys(max_keys=2, lifetime_s=10, clock=clock)
    keys.add(_keys(range(2)))
    clock.now += 10
    keys.add(_keys(range(2, 4)))
    assert (len(keys), keys.expired, keys.dropped) == (2, 2, 0)


def test_oldest_keys_are_dropped() -> None:
    keys, made = ReplyKeys(max_keys=3), _keys(range(5))
    keys.add(made)
    assert (len(keys), keys.dropped) == (3, 2)
    assert [keys.take(one.digest()) for one in made] == [None, None, *made[2:]]


def test_keyring_input() -> None:
    keys = ReplyKeys()
    with pytest.raises(sx.SphinxError, match="digest must be 32 bytes, not 31"):
        keys.take(bytes(31))
    with pytest.raises(TypeError, match="digest must be bytes"):
        keys.take("digest")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="keys must be ReplyKey"):
        keys.add([bytes(16)])  # type: ignore[list-item]
    with pytest.raises(sx.SphinxError, match="max_keys must be in 1"):
        ReplyKeys(max_keys=0)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 5))))
@DETERMINISTIC
def test_keyring_is_bounded(steps: list[tuple[bool, int, int]]) -> None:
    """Any sequence of additions and takings agrees with a list of (number, time)."""
    clock = Clock()
    keys = ReplyKeys(max_keys=4, lifetime_s=10, clock=clock)
    made, model = _keys(range(10)), list[tuple[int, float]]()
    for adds, number, wait in steps:
        clock.now += wait
        model = [(i, added) for i, added in model if clock.now - added < 10]
        others = [(i, added) for i, added in model if i != number]
        if adds:
            keys.add([made[number]])
            model = [*others, (number, clock.now)][-4:]
        else:
            found = made[number] if len(others) < len(model) else None
            assert keys.take(made[number].digest()) is found
            model = others
        assert len(keys) == len(model)
