"""Messages of all kinds to bytes and back, and the padding that fills their fragments."""

import dataclasses
import hashlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from network import DETERMINISTIC, seeded
from reply_surbs import fresh_surbs, kept_surb
from shared_files import raw, shared
from tally import PASSED, SKIPPED, Tally

import sphinxcore as sx
from sphinxcore.nym.addresses import Recipient, SenderTag
from sphinxcore.nym.errors import AddressError, MessageError, NymError, ReplyError
from sphinxcore.nym.fragments import capacity
from sphinxcore.nym.messages import (
    Message,
    PlainMessage,
    RepliableContent,
    RepliableMessage,
    ReplyData,
    SurbRequest,
    decode,
    encode,
    pad,
    unpad,
)
from sphinxcore.nym.replies import use_reply_surbs
from sphinxcore.nym.rotation import KeyRotation

MESSAGES, FRAGMENTS = "nym2_messages.json", "nym2_fragments.json"
LAYOUT_1 = "nym content tags 0..2, read here"
TAG = SenderTag.from_bytes(bytes(range(16)))
POINT = (4 * pow(5, -1, 2**255 - 19) % (2**255 - 19)).to_bytes(32, "little")
"""The base point of Ed25519, RFC 8032: a valid identity."""
RECIPIENT = Recipient.from_bytes(POINT + bytes(range(32)) + POINT)
SMALLEST_FRAGMENT = 11
"""The header of a linked fragment, and one byte."""


# Vectors ------------------------------------------------------------------------------------------


def test_vectors_of_parsing(tally: Tally) -> None:
    """53 inputs, five of them padded. 2.0.0 no longer reads layout 1, we do."""
    cases = shared(MESSAGES, "parsing")
    read_here = 0
    for case in cases:
        result, name = case["result"], case["id"]
        if name in {f"repliable-content-{tag}" for tag in range(3)}:
            _check_layout_1(case)
            read_here += 1
        elif "error" in result:
            with pytest.raises(NymError):
                _read(case)
        else:
            message = _read(case)
            _compare(message, result)
            # Nothing is lost of what is read, but bytes behind a list that should be its end.
            if "padded" not in case:
                again = encode(message)
                assert raw(case, "bytes")[: len(again)] == again
                assert decode(again) == message
    assert (len(cases), read_here) == (53, 3)
    tally.add(PASSED, f"{MESSAGES} parsing", "nym", len(cases) - read_here)
    tally.add(SKIPPED, LAYOUT_1, "nym", read_here)


def _read(case: dict[str, Any]) -> Message:
    return decode(unpad(raw(case, "padded")) if "padded" in case else raw(case, "bytes"))


def _check_layout_1(case: dict[str, Any]) -> None:
    data = raw(case, "bytes")
    tag, rest = data[17], data[22:]
    assert "InvalidRepliableContentTag" in case["result"]["error"]["debug"]
    assert decode(data) == RepliableMessage(
        SenderTag.from_bytes(data[1:17]),
        RepliableContent(tag + 3),
        (),
        rest if tag == 0 else b"",
    )


def _compare(message: Message, result: dict[str, Any]) -> None:
    """The message is what the crates read."""
    if result["type"] == "plain":
        assert message == PlainMessage(raw(result, "data"))
    elif result["type"] == "repliable":
        assert isinstance(message, RepliableMessage)
        assert message.content.name.lower() == result["content"]
        assert message.sender_tag.to_bytes() == raw(result, "sender_tag")
        assert message.data.hex() == result.get("data", "")
        for surb, wanted in zip(message.surbs, result["surbs"], strict=True):
            assert surb.to_bytes() == raw(wanted, "bytes")
            assert surb.size == wanted["len"]
            assert surb.key_rotation == wanted["key_rotation"]
            assert surb.key.to_bytes() == raw(wanted, "reply_key")
            assert surb.key.digest() == raw(wanted, "reply_key_digest")
    elif result["content"] == "data":
        assert message == ReplyData(raw(result, "data"))
    else:
        assert message == SurbRequest(Recipient.from_text(result["recipient"]), result["amount"])


def test_vectors_of_padding() -> None:
    """The 26 messages that test_fragments.py splits."""
    cases = shared(FRAGMENTS, "split")
    for case in cases:
        encoded = encode(PlainMessage(raw(case, "message")))
        padded = pad(encoded, case["per_packet"])
        assert len(padded) == case["padded_len"]
        assert hashlib.sha256(padded).hexdigest() == case["padded_sha256"]
        assert unpad(padded) == encoded
    assert len(cases) == 26


# All kinds ----------------------------------------------------------------------------------------


@given(st.binary(max_size=50))
@example(b"")
@DETERMINISTIC
def test_plain(data: bytes) -> None:
    encoded = encode(PlainMessage(data))
    assert encoded == b"\0" + data
    assert decode(encoded) == PlainMessage(data)


@given(st.binary(min_size=1, max_size=50))
@DETERMINISTIC
def test_reply(data: bytes) -> None:
    encoded = encode(ReplyData(data))
    assert encoded == b"\2\0" + data
    assert decode(encoded) == ReplyData(data)


@pytest.mark.parametrize("amount", [0, 1, 500, 2**32 - 1])
def test_surb_request(amount: int) -> None:
    request = SurbRequest(RECIPIENT, amount)
    encoded = encode(request)
    assert encoded == b"\2\1" + RECIPIENT.to_bytes() + amount.to_bytes(4, "big")
    assert decode(encoded) == request


@pytest.mark.parametrize("layout", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("content", RepliableContent)
@pytest.mark.parametrize("data", [b"", b"data"])
def test_repliable(layout: int, count: int, content: RepliableContent, data: bytes) -> None:
    rotation = KeyRotation.UNKNOWN if layout == 1 else KeyRotation.EVEN
    surbs = tuple(kept_surb(i, layout=layout, key_rotation=rotation) for i in range(count))
    message = RepliableMessage(TAG, content, surbs, data)
    if data and content is not RepliableContent.DATA:
        with pytest.raises(MessageError, match=f"{content.name} has no data, not 4 bytes"):
            encode(message, layout)
        return
    encoded = encode(message, layout)
    tag = content - 3 if layout == 1 else content
    assert encoded[:18] == b"\1" + TAG.to_bytes() + bytes((tag,))
    header = bytes((0, 0, 0, count)) if layout == 1 else bytes((0, count, 4, 2) if count else 4)
    assert encoded[18:22] == header
    size = 1164 if layout == 1 else 460
    assert encoded[22:] == b"".join(surb.to_bytes() for surb in surbs) + data
    assert len(encoded) == 22 + count * size + len(data)
    assert decode(encoded) == message


def test_trailing_bytes_are_ignored_without_data() -> None:
    for content in (RepliableContent.ADDITIONAL_SURBS, RepliableContent.HEARTBEAT):
        for layout in (1, 2):
            message = RepliableMessage(TAG, content, (kept_surb(layout=layout),))
            assert decode(encode(message, layout) + b"behind") == message


def test_contents_are_not_shown() -> None:
    data = b"what nobody else should see"
    for message in (
        PlainMessage(data),
        ReplyData(data),
        RepliableMessage(TAG, RepliableContent.DATA, (), data),
    ):
        assert "nobody" not in repr(message)
        with pytest.raises(dataclasses.FrozenInstanceError):
            message.data = b""  # type: ignore[misc]


def test_what_cannot_be_written() -> None:
    def repliable(**change: Any) -> RepliableMessage:
        return dataclasses.replace(RepliableMessage(TAG, RepliableContent.DATA), **change)

    (used,) = fresh_surbs()
    use_reply_surbs([used], [bytes(2048)])
    for message, error, problem in (
        (ReplyData(b""), MessageError, "one byte of data at least"),
        (SurbRequest(RECIPIENT, -1), sx.SphinxError, "amount must be in"),
        (SurbRequest(RECIPIENT, 2**32), sx.SphinxError, "amount must be in"),
        (SurbRequest(RECIPIENT.to_bytes(), 1), TypeError, "recipient must be Recipient"),
        (SurbRequest(RECIPIENT, "1"), TypeError, "amount must be an int"),
        (PlainMessage("text"), TypeError, "data must be bytes"),
        (ReplyData("text"), TypeError, "data must be bytes"),
        (repliable(data="text"), TypeError, "data must be bytes"),
        (repliable(sender_tag=bytes(16)), TypeError, "sender_tag must be SenderTag"),
        (repliable(content=3), TypeError, "content must be RepliableContent"),
        (repliable(surbs=(b"",)), TypeError, "surbs must be ReplySurb"),
        (repliable(surbs=(kept_surb(layout=1),)), ReplyError, "layout 1, not 2"),
        (repliable(surbs=(used,)), sx.SphinxError, "used before"),
        (b"\0", TypeError, "not bytes"),
    ):
        with pytest.raises(error, match=problem):
            encode(message)
    with pytest.raises(sx.SphinxError, match=r"layout must be in 1\.\.2, not 3"):
        encode(PlainMessage(b""), layout=3)
    with pytest.raises(ReplyError, match="layout 2, not 1"):
        encode(repliable(surbs=(kept_surb(),)), layout=1)


def test_what_cannot_be_read() -> None:
    request = encode(SurbRequest(RECIPIENT, 1))
    head = b"\1" + TAG.to_bytes()
    no_point = b"\2" * 32
    for encoded, error, problem in (
        (b"", MessageError, "one byte at least"),
        (b"\3", MessageError, "type of a message is 0, 1 or 2, not 3"),
        (head, MessageError, "but there are 16 bytes"),
        (head + b"\6" + bytes(4), MessageError, r"repliable message is 0\.\.5, not 6"),
        (head + b"\3", ReplyError, "begins with 4 bytes, but there are 0"),
        (head + b"\0\0\0\0", ReplyError, "begins with 4 bytes, but there are 3"),
        (head + b"\4\0\0\0\3", ReplyError, "0, 1 or 2, not 3"),
        (b"\2", MessageError, "ends after 0 bytes"),
        (b"\2\0", MessageError, "ends after 1 bytes"),
        (b"\2\1", MessageError, "ends after 1 bytes"),
        (b"\2\2", MessageError, "reply is 0 or 1, not 2"),
        (request[:-1], MessageError, "not 99 bytes"),
        (request + b"\0", MessageError, "not 101 bytes"),
        (request[:2] + no_point + request[34:], AddressError, "identity key"),
    ):
        with pytest.raises(error, match=problem):
            decode(encoded)
    with pytest.raises(TypeError, match="message must be bytes"):
        decode("text")


HEADS = [b"", b"\0", b"\1", b"\2\0", b"\2\1"] + [b"\1" + bytes(16) + bytes([t]) for t in range(7)]
SURB_HEADERS = [bytes(4), b"\0\1\4\1", b"\0\2\1\2", b"\0\0\0\1", b"\0\1\6\0", b"\xff" * 4]
BODIES = [b"", kept_surb().to_bytes(), kept_surb(layout=1).to_bytes(), RECIPIENT.to_bytes()]


@given(
    st.sampled_from(HEADS),
    st.binary(max_size=4) | st.sampled_from(SURB_HEADERS),
    st.sampled_from(BODIES),
    st.binary(max_size=100),
)
@DETERMINISTIC
def test_any_bytes_as_message(head: bytes, header: bytes, body: bytes, end: bytes) -> None:
    data = head + header + body + end
    try:
        message = decode(data)
    except NymError:
        return
    layout = 1 if isinstance(message, RepliableMessage) and data[17] < 3 else 2
    again = encode(message, layout)
    assert decode(again) == message
    assert len(again) <= len(data)


# Padding ------------------------------------------------------------------------------------------


@given(st.binary(min_size=1, max_size=300), st.integers(SMALLEST_FRAGMENT, 60))
@example(b"\1\1", SMALLEST_FRAGMENT)
@DETERMINISTIC
def test_padding(encoded: bytes, fragment_size: int) -> None:
    padded = pad(encoded, fragment_size)
    assert padded[: len(encoded) + 1] == encoded + b"\1"
    assert not any(padded[len(encoded) + 1 :])
    # It fills its fragments, and these are as many as the message needs.
    needed, _ = capacity(len(encoded) + 1, fragment_size)
    assert capacity(len(padded), fragment_size) == (needed, 0)
    assert unpad(padded) == encoded


@pytest.mark.parametrize("fragments", [1, 2, 254, 255, 256, 257, 510, 511, 764, 765, 766])
def test_padding_where_sets_end(fragments: int) -> None:
    """Lengths just below and above what this many fragments hold."""
    size = 20
    length = 1
    while capacity(length + 1, size)[0] <= fragments:
        length += capacity(length, size)[1] or 1
    assert capacity(length, size) == (fragments, 0)
    full = seeded(b"message", length - 1)
    assert pad(full, size) == full + b"\1"
    longer = pad(full + b"x", size)
    assert capacity(len(longer), size) == (fragments + 1, 0)
    assert unpad(longer) == full + b"x"


def test_unpadding_cuts_at_the_last_end() -> None:
    assert unpad(b"\0a\1b\1\0\0") == b"\0a\1b"
    assert unpad(bytearray(b"\0a\1what is here is not checked")) == b"\0a"


def test_padding_input() -> None:
    for padded, problem in (
        (b"", "has a byte 01 at its end"),
        (bytes(20), "has a byte 01 at its end"),
        (b"\1" + bytes(20), "one byte at least before its end"),
    ):
        with pytest.raises(MessageError, match=problem):
            unpad(padded)
    with pytest.raises(MessageError, match="one byte at least"):
        pad(b"", 100)
    with pytest.raises(sx.SphinxError):
        pad(b"\0", SMALLEST_FRAGMENT - 1)
    for call in (lambda: pad("text", 100), lambda: unpad("text")):
        with pytest.raises(TypeError, match="must be bytes"):
            call()


@given(st.binary(max_size=100))
@DETERMINISTIC
def test_any_bytes_as_padded(data: bytes) -> None:
    try:
        encoded = unpad(data)
    except MessageError:
        assert data.rfind(b"\1") < 1
        return
    assert data.startswith(encoded + b"\1")
    assert b"\1" not in data[len(encoded) + 1 :]
