"""Node addresses, recipients and sender tags: the cases of the crates, and any input."""

import copy
import pickle
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Interface
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey
from network import DETERMINISTIC
from report import Report
from shared_files import raw, shared
from tally import Tally

import sphinxcore as sx
from sphinxcore.nym.addresses import NodeAddress, Recipient, SenderTag
from sphinxcore.nym.edwards import is_point
from sphinxcore.nym.errors import AddressError

ADDRESSING = "nym2_addressing.json"

Members = Mapping[str, Any]
Check = Callable[[Members, Callable[[bool, str], None]], None]


def check_list(tally: Tally, part: str, cases: int, check: Check) -> None:
    """All cases of a list: `check` gets each with a function that notes a problem unless True."""
    found = shared(ADDRESSING, part)
    names = [f"{i} {case.get('id', '')}".strip() for i, case in enumerate(found)]
    report = Report(f"{ADDRESSING} {part}", names, "nym", tally)
    for name, case in zip(names, found, strict=True):
        check(case, lambda ok, problem, name=name: report.check(name, ok, problem))
    report.finish(cases, {})


def refusal(call: Callable[..., object], *args: Any) -> str:
    """The text of the AddressError, or none if the arguments were taken."""
    try:
        call(*args)
    except AddressError as error:
        return str(error)
    return ""


# Vectors ------------------------------------------------------------------------------------------


def test_node_addresses(tally: Tally) -> None:
    def check(case: Members, must: Callable[[bool, str], None]) -> None:
        address = NodeAddress.from_text(case["text"])
        must(str(address) == case["display"] == case["back"], "text")
        must(address.to_bytes() == raw(case, "unpadded"), "bytes")
        must(address.to_bytes()[0] == case["type"], "type")
        must(address.unpadded_size == case["min_len"] == len(address.to_bytes()), "size")
        must(address.padded() == raw(case, "padded_32"), "padded to 32")
        must(address.padded(19) == raw(case, "padded_19"), "padded to 19")
        must(address.padded(3) == raw(case, "padded_to_3"), "padded to 3")
        for form in ("unpadded", "padded_19", "padded_32"):
            must(NodeAddress.from_bytes(raw(case, form)) == address, f"read {form}")

    check_list(tally, "node_addresses", 29, check)


def test_node_address_input(tally: Tally) -> None:
    words = {
        "NoBytesProvided": "is empty",
        "InvalidIpVersion": "has type 4 or 6, not",
        "TooFewBytesProvided": "bytes, not",
    }

    def check(case: Members, must: Callable[[bool, str], None]) -> None:
        result, data = case["result"], raw(case, "bytes")
        if "error" in result:
            why = refusal(NodeAddress.from_bytes, data)
            must(words[result["error"]["variant"]] in why, f"not refused as wanted: {why!r}")
        else:
            must(str(NodeAddress.from_bytes(data)) == result["address"], "address")

    check_list(tally, "node_address_input", 35, check)


def test_recipients(tally: Tally) -> None:
    def check(case: Members, must: Callable[[bool, str], None]) -> None:
        recipient = Recipient.from_bytes(raw(case, "bytes"))
        must(recipient == Recipient.from_text(case["text"]), "bytes and text differ")
        must(str(recipient) == case["text"], "text")
        must(recipient.to_bytes() == raw(case, "bytes"), "bytes")
        for name in ("identity", "encryption_key", "gateway"):
            must(getattr(recipient, name) == raw(case, name), name)
        must(recipient.identity == raw(case, "sphinx_destination"), "destination")
        must(raw(case, "sphinx_identifier") == bytes(16), "identifier")
        for name in ("identity", "gateway"):
            key = SigningKey(raw(case, f"{name}_seed")).verify_key
            must(getattr(recipient, name) == bytes(key), f"seed of {name}")
        secret = sx.PrivateKey.from_bytes(raw(case, "encryption_secret"))
        must(recipient.encryption_key == secret.public_key.to_bytes(), "encryption secret")

    check_list(tally, "recipients", 12, check)


RECIPIENT_ERRORS = {
    "MalformedRecipientError": "a recipient has exactly one",
    "MalformedIdentityError": "identity key",
    "MalformedEncryptionKeyError": "encryption key",
    "MalformedGatewayError": "gateway key",
}


def recipient_problem(error: Members, why: str) -> str:
    """What is wrong with our refusal: another part is blamed, or another of the two marks."""
    if not why.startswith(RECIPIENT_ERRORS[error["variant"]]):
        return f"not refused as wanted: {why!r}"
    marks = [mark for mark in ("'@'", "'.' ") if mark in error["text"]]
    if error["variant"] == "MalformedRecipientError" and marks[0] not in why:
        return f"another mark is blamed: {why!r}"
    return ""


def test_recipient_text_input(tally: Tally) -> None:
    def check(case: Members, must: Callable[[bool, str], None]) -> None:
        result, text = case["result"], case["input"]
        if "error" in result:
            problem = recipient_problem(result["error"], refusal(Recipient.from_text, text))
            must(not problem, problem)
        else:
            recipient = Recipient.from_text(text)
            must(recipient.to_bytes() == raw(result, "bytes"), "bytes")
            must(str(recipient) == result["text"], "text")

    check_list(tally, "recipient_text_input", 30, check)


def test_recipient_bytes_input(tally: Tally) -> None:
    def check(case: Members, must: Callable[[bool, str], None]) -> None:
        result, data = case["result"], raw(case, "bytes")
        if "error" in result:
            problem = recipient_problem(result["error"], refusal(Recipient.from_bytes, data))
            must(not problem, problem)
        else:
            must(str(Recipient.from_bytes(data)) == result["text"], "text")

    check_list(tally, "recipient_bytes_input", 3, check)


def test_ed25519_points(tally: Tally) -> None:
    refused = 0

    def check(case: Members, must: Callable[[bool, str], None]) -> None:
        nonlocal refused
        key = raw(case, "bytes")
        whole = key + bytes(64)
        if "error" in case["result"]:
            refused += 1
            must("not a point" in refusal(Recipient.from_bytes, whole), "taken")
        else:
            identity = Recipient.from_bytes(whole).identity
            must(identity == raw(case["result"], "back"), "other bytes were kept")

    check_list(tally, "ed25519_points", 93, check)
    assert refused == 36


def test_key_lengths(tally: Tally) -> None:
    def check(case: Members, must: Callable[[bool, str], None]) -> None:
        key, good = bytes(case["len"]), bytes(32)
        keys = (key, good, good) if case["key"] == "ed25519" else (good, key, good)
        must(f"must be 32 bytes, not {len(key)}" in refusal(Recipient, *keys), "taken")

    check_list(tally, "key_lengths", 8, check)


def test_sender_tags(tally: Tally) -> None:
    def check(case: Members, must: Callable[[bool, str], None]) -> None:
        if "input" in case and "error" in case["result"]:
            must(refusal(SenderTag.from_text, case["input"]) != "", "taken")
            return
        text, data = (
            (case["input"], raw(case["result"], "bytes"))
            if "input" in case
            else (case["text"], raw(case, "bytes"))
        )
        must(SenderTag.from_text(text) == SenderTag.from_bytes(data), "bytes and text differ")
        must(SenderTag.from_text(text).to_bytes() == data, "bytes")
        must(str(SenderTag.from_bytes(data)) == text, "text")

    check_list(tally, "sender_tags", 11, check)


# Any input ----------------------------------------------------------------------------------------

NODE_ADDRESSES = st.builds(NodeAddress, st.ip_addresses(), st.integers(0, 2**16 - 1))
KEYS = st.binary(min_size=32, max_size=32)
POINTS = KEYS.filter(is_point)
RECIPIENTS = st.builds(Recipient, POINTS, KEYS, POINTS)
SENDER_TAGS = st.builds(SenderTag, st.binary(min_size=16, max_size=16))
TEXTS = st.text() | st.text("0123456789abcdef.:[]%@1zO")


@DETERMINISTIC
@given(NODE_ADDRESSES | RECIPIENTS | SENDER_TAGS)
def test_both_ways(address: NodeAddress | Recipient | SenderTag) -> None:
    kind = type(address)
    copies = [
        kind.from_bytes(address.to_bytes()),
        kind.from_bytes(bytearray(address.to_bytes())),
        kind.from_text(str(address)),
        pickle.loads(pickle.dumps(address)),
        copy.deepcopy(address),
    ]
    assert {address, *copies} == {address}
    assert repr(address) == str(address)


@DETERMINISTIC
@given(NODE_ADDRESSES, st.binary(max_size=40))
def test_bytes_behind_a_node_address_are_ignored(address: NodeAddress, rest: bytes) -> None:
    assert NodeAddress.from_bytes(address.to_bytes() + rest) == address
    assert NodeAddress.from_bytes(address.padded()) == address


@DETERMINISTIC
@given(st.binary(max_size=40) | st.builds(bytes.__add__, st.sampled_from([b"\4", b"\6"]), KEYS))
def test_any_bytes_as_node_address(data: bytes) -> None:
    try:
        address = NodeAddress.from_bytes(data)
    except AddressError:
        return
    assert data.startswith(address.to_bytes())


@DETERMINISTIC
@given(st.binary(min_size=96, max_size=96) | st.binary(max_size=100))
def test_any_bytes_as_recipient(data: bytes) -> None:
    try:
        recipient = Recipient.from_bytes(data)
    except AddressError:
        assert len(data) != 96 or not (is_point(data[:32]) and is_point(data[64:]))
        return
    assert recipient.to_bytes() == data


@DETERMINISTIC
@given(TEXTS)
def test_any_text(text: str) -> None:
    for kind in (NodeAddress, Recipient, SenderTag):
        try:
            address = kind.from_text(text)
        except AddressError:
            continue
        assert kind.from_text(str(address)) == address


# One by one ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:65536",
        "1.2.3.4:-1",
        "1.2.3.4:1 ",
        "1.2.3.4:1\n",
        "01.2.3.4:1",
        "1.2.3:1",
        "1.2.3.256:1",
        "1.2.3.4:\u0661",
        "[1.2.3.4]:1",
        "::1:1",
        "[::1]",
        "[::1]:65536",
        "[::1]1",
        "[1::2::3]:1",
        "[fe80::1%eth0]:1",
        "[fe80::1%]:1",
        "localhost:1",
        "1" * 10**6,
    ],
)
def test_no_node_address(text: str) -> None:
    why = refusal(NodeAddress.from_text, text)
    assert "was expected" in why
    assert len(why) < 200


def test_scope_is_dropped() -> None:
    address = NodeAddress.from_text("[fe80::1%7]:9")
    assert address == NodeAddress(IPv6Address("fe80::1%eth0"), 9)
    assert address == NodeAddress.from_bytes(address.to_bytes())
    assert str(address) == "[fe80::1]:9"


def test_mapped_addresses_are_not_those_they_map() -> None:
    address = NodeAddress(IPv6Address("::ffff:1.2.3.4"), 5)
    assert address != NodeAddress(IPv4Address("1.2.3.4"), 5)
    assert str(address) == "[::ffff:1.2.3.4]:5"


def test_tags_are_drawn(random_stream: Any) -> None:
    random_stream.feed(bytes(range(16)))
    assert SenderTag.generate().raw == bytes(range(16))
    assert SenderTag.generate() != SenderTag.generate()


def test_equal_bytes_of_another_kind_differ() -> None:
    tag = SenderTag(bytes(16))
    assert tag != tag.raw
    with pytest.raises(AttributeError):
        tag.raw = bytes(16)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: NodeAddress("1.2.3.4", 1), TypeError, "host must be"),
        (lambda: NodeAddress(IPv6Interface("::1/8"), 1), TypeError, "host must be"),
        (lambda: NodeAddress(IPv4Address(1), "1"), TypeError, "port must be an int"),
        (lambda: NodeAddress(IPv4Address(1), 2**16), sx.SphinxError, "port must be in"),
        (lambda: NodeAddress.from_text(b"1.2.3.4:1"), TypeError, "text must be str"),
        (lambda: NodeAddress.from_bytes("1.2.3.4:1"), TypeError, "must be bytes"),
        (lambda: Recipient.from_text(b"1.1@1"), TypeError, "text must be str"),
        (lambda: Recipient.from_bytes(1), TypeError, "must be bytes"),
        (lambda: Recipient.from_bytes(bytes(95)), AddressError, "must be 96 bytes, not 95"),
        (lambda: SenderTag.from_text(None), TypeError, "text must be str"),
        (lambda: SenderTag(bytes(17)), AddressError, "must be 16 bytes, not 17"),
        (lambda: SenderTag("1" * 16), TypeError, "must be bytes"),
    ],
)
def test_wrong_arguments(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
