"""Mix packets and sealed envelopes: the cases of the crates, and any input."""

import base64
import hashlib
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from hypothesis import given
from hypothesis import strategies as st
from network import DETERMINISTIC
from report import Report
from shared_files import raw, shared
from tally import Tally

import sphinxcore as sx
from sphinxcore.nym import gateway
from sphinxcore.nym.addresses import NodeAddress
from sphinxcore.nym.errors import GatewayError
from sphinxcore.nym.frames import PacketType
from sphinxcore.nym.gateway import GatewayKey, MixPacket, RequestKind, ResponseKind
from sphinxcore.nym.rotation import KeyRotation
from sphinxcore.nym.sizes import PacketSize

FRAMING = "nym2_framing.json"
TEXT_FRAMES = "gateway registration text frames"
"""Why a case is skipped: registration is not part of the package. Only the cipher is checked."""

HOP = NodeAddress.from_text("1.2.3.4:1789")
KEY = GatewayKey.from_bytes(bytes(range(32)))
PACKET = bytes(PacketSize.ACK.packet_size)

Members = Mapping[str, Any]


def parts(values: Sequence[Any]) -> bytes:
    """A byte string that is a list of hex strings and streams."""
    return b"".join(raw({"part": value}, "part") for value in values)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def refusal(call: Callable[..., object], *args: Any, **options: bool) -> str:
    """The text of the GatewayError, or none if the arguments were taken."""
    try:
        call(*args, **options)
    except GatewayError as error:
        return str(error)
    return ""


# Vectors ------------------------------------------------------------------------------------------


def test_mix_packets(tally: Tally) -> None:
    cases = shared(FRAMING, "mix_packets")
    names = [f"{case['next_hop']} {case['key_rotation']} {case['packet']['len']}" for case in cases]
    report = Report(f"{FRAMING} mix_packets", names, "nym", tally)
    for name, case in zip(names, cases, strict=True):
        hop, rotation = NodeAddress.from_text(case["next_hop"]), KeyRotation(case["key_rotation"])
        packet = MixPacket(hop, raw(case, "packet"), key_rotation=rotation)
        for form in (1, 2):
            data = packet.to_bytes(form)
            report.check(name, data.startswith(raw(case, f"v{form}_prefix")), f"prefix {form}")
            report.check(name, sha256(data) == case[f"v{form}_sha256"], f"bytes {form}")
            known = KeyRotation(case[f"v{form}_parsed_rotation"])
            wanted = MixPacket(hop, packet.packet, key_rotation=known)
            report.check(name, MixPacket.from_bytes(data, form) == wanted, f"read {form}")
    report.finish(18, {})


MIX_ERRORS = {
    "TooFewBytesProvided": "has more than",
    "InvalidPacketType": "is no PacketType",
    "InvalidKeyRotation": "is no KeyRotation",
    "InvalidAddress": "a node address",
    "InvalidPacketSize": "a packet has one of",
    "OutfoxNotSupported": "Outfox",
}


def test_mix_packets_input(tally: Tally) -> None:
    cases = shared(FRAMING, "mix_packets_input")
    names = [f"{case['format']} {case['id']}" for case in cases]
    report = Report(f"{FRAMING} mix_packets_input", names, "nym", tally)
    for name, case in zip(names, cases, strict=True):
        data, form, result = parts(case["input"]), case["format"], case["result"]
        report.check(name, len(data) == case["len"], "length")
        if "error" in result:
            why = refusal(MixPacket.from_bytes, data, form)
            known = MIX_ERRORS[result["error"]["variant"]] in why
            report.check(name, known, f"not refused as wanted: {why!r}")
            continue
        packet = MixPacket.from_bytes(data, form)
        report.check(name, str(packet.first_hop) == result["next_hop"], "first hop")
        report.check(name, packet.key_rotation == result["key_rotation"], "rotation")
        report.check(name, sha256(packet.packet) == result["packet_sha256"], "packet")
        report.check(name, packet.to_bytes(form) == data, "bytes")
    report.finish(35, {})


ENVELOPE_ERRORS = {
    "the request is too short": "has at least",
    "the encryption flag had an unexpected value": "the flag of an envelope",
    "received request with an unknown kind: 9": "9 is no RequestKind",
    "failed to either encrypt or decrypt provided message": "sealed with another key",
}
"""Our words for the errors that do not depend on whether plaintext is allowed."""


def check_sealed(report: Report, name: str, case: Members, random_stream: Any) -> None:
    """An envelope of the crates: open it, and seal the same again with its nonce."""
    key, blob = GatewayKey.from_bytes(raw(case, "shared_key")), raw(case, "blob")
    random_stream.feed(blob[2:14])
    if case["dir"] == "response":
        message = raw(case, "message")
        report.check(name, gateway.open_message(key, blob) == message, "message")
        report.check(name, gateway.seal_message(key, message) == blob, "sealed")
        return
    packet = gateway.open_packet(key, blob)
    report.check(name, packet.packet == raw(case, "packet"), "packet")
    report.check(name, sha256(packet.packet) == case["parsed_packet_sha256"], "hash of packet")
    report.check(name, packet.key_rotation == case["parsed_rotation"], "parsed rotation")
    report.check(name, str(packet.first_hop) == case["next_hop"], "first hop")
    rotation = KeyRotation(case["key_rotation"])
    sent = MixPacket(packet.first_hop, packet.packet, key_rotation=rotation)
    report.check(name, gateway.seal_packets(key, [sent], case["kind"]) == [blob], "sealed")


def check_bad(report: Report, name: str, case: Members) -> None:
    """A blob that must be refused, some of them only because they are not encrypted."""
    key, blob = GatewayKey.from_bytes(raw(case, "shared_key")), raw(case, "blob")
    why = refusal(gateway.open_packet, key, blob)
    report.check(name, why != "", "was not refused")
    result = case["result"]
    if "ok" in result:
        report.check(name, "is not encrypted" in why, f"refused for another reason: {why!r}")
        packet = gateway.open_packet(key, blob, allow_plaintext=True)
        report.check(name, packet.to_bytes(2) == blob[14:], "packet")
        return
    if "error" not in result:  # the crate panics
        return
    if "not a valid packet type tag" in result["error"]:
        why = refusal(gateway.open_packet, key, blob, allow_plaintext=True)
        report.check(name, "is no PacketType" in why, f"plaintext refused as {why!r}")
        return
    report.check(name, ENVELOPE_ERRORS[result["error"]] in why, f"refused as {why!r}")


def check_text_frame(report: Report, name: str, case: Members) -> None:
    """A text frame is no envelope; what is encrypted in one is readable with the key."""
    data = case["text"].encode()
    key = GatewayKey.from_bytes(bytes.fromhex(case.get("shared_key", "00" * 32)))
    report.check(name, refusal(gateway.open_packet, key, data) != "", "was taken as an envelope")
    report.check(name, refusal(gateway.open_message, key, data) != "", "was taken as a message")
    report.skip(name, TEXT_FRAMES)
    members = json.loads(data)
    if case["id"] == "authenticate":
        sealed = base64.b64decode(members["nonce"]) + base64.b64decode(members["addressCiphertext"])
        wanted = bytes(members["clientIdentity"])
    elif case["id"] == "forget-me":
        sealed = bytes(members["nonce"] + members["ciphertext"])
        wanted = b'{"ForgetMe":{"client":true,"stats":false}}'
    else:
        return
    report.check(name, gateway.open_message(key, b"\1\1" + sealed) == wanted, "another plaintext")


def test_gateway(tally: Tally, random_stream: Any) -> None:
    cases = shared(FRAMING, "gateway")
    names = [f"{i} {case['dir']} {case.get('id', '')}".strip() for i, case in enumerate(cases)]
    report = Report(f"{FRAMING} gateway", names, "nym", tally)
    for name, case in zip(names, cases, strict=True):
        if case["dir"] == "text":
            check_text_frame(report, name, case)
        elif case["dir"] == "bad_request":
            check_bad(report, name, case)
        else:
            check_sealed(report, name, case, random_stream)
    report.finish(24, {TEXT_FRAMES: 5})


def test_rfc_8452() -> None:
    """The AES-256-GCM-SIV test vector of appendix C.2 with 8 bytes of plaintext and no other data."""
    key = GatewayKey.from_bytes(b"\1" + bytes(31))
    sealed = bytes.fromhex("c2ef328e5c71c83b843122130f7364b761e0b97427e3df28")
    blob = b"\1\1" + b"\3" + bytes(11) + sealed
    assert gateway.open_message(key, blob) == b"\1" + bytes(7)


# Any input ----------------------------------------------------------------------------------------

MIX_PACKETS = st.builds(
    MixPacket,
    st.builds(NodeAddress, st.ip_addresses(), st.integers(0, 2**16 - 1)),
    st.sampled_from(PacketSize).map(lambda size: b"\7" * size.packet_size),
    key_rotation=st.sampled_from(KeyRotation),
)
FORMS = st.sampled_from([1, 2])
HEADS = st.builds(bytes, st.lists(st.integers(0, 8), max_size=24))
ANY_BYTES = st.binary(max_size=60) | st.builds(
    lambda head, size: head + bytes(size), HEADS, st.sampled_from([0, 12, 386, 2413])
)


@DETERMINISTIC
@given(MIX_PACKETS, FORMS)
def test_both_ways(packet: MixPacket, form: int) -> None:
    data = packet.to_bytes(form)
    got = MixPacket.from_bytes(bytearray(data), form)
    assert got.to_bytes(form) == data
    assert (got == packet) == (form == 2 or packet.key_rotation is KeyRotation.UNKNOWN)
    (blob,) = gateway.seal_packets(KEY, [packet], form)
    assert gateway.open_packet(KEY, blob) == got
    assert pickle.loads(pickle.dumps(packet)) == packet


@DETERMINISTIC
@given(ANY_BYTES, FORMS)
def test_any_bytes_as_mix_packet(data: bytes, form: int) -> None:
    try:
        packet = MixPacket.from_bytes(data, form)
    except GatewayError:
        return
    assert packet.to_bytes(form) == data


@DETERMINISTIC
@given(ANY_BYTES, st.booleans())
def test_any_bytes_as_envelope(data: bytes, allow_plaintext: bool) -> None:
    """Nobody guesses a tag: without plaintext everything is refused."""
    for call in (gateway.open_packet, gateway.open_message):
        try:
            call(KEY, data, allow_plaintext=allow_plaintext)
        except GatewayError:
            continue
        assert allow_plaintext
        assert data[1] == 0


@DETERMINISTIC
@given(st.binary(min_size=1, max_size=3000))
def test_messages_both_ways(message: bytes) -> None:
    blob = gateway.seal_message(KEY, message)
    assert len(blob) == len(message) + 30
    assert gateway.open_message(KEY, blob) == message


# One by one ---------------------------------------------------------------------------------------


def test_every_changed_byte_is_noticed() -> None:
    blob = gateway.seal_message(KEY, b"twenty bytes of text")
    assert gateway.open_message(KEY, blob) == b"twenty bytes of text"
    for i in range(len(blob)):
        changed = bytearray(blob)
        changed[i] ^= 1
        assert refusal(gateway.open_message, KEY, changed) != ""
        assert refusal(gateway.open_message, KEY, blob[:i]) != ""
    assert refusal(gateway.open_message, KEY, blob + b"\0") != ""
    assert refusal(gateway.open_message, GatewayKey.from_bytes(bytes(32)), blob) != ""


def test_nonces_are_drawn() -> None:
    blobs = gateway.seal_packets(KEY, [MixPacket(HOP, PACKET)] * 100)
    assert len({blob[2:14] for blob in blobs}) == 100
    assert len(set(blobs)) == 100


def test_the_same_number_is_another_kind_in_each_direction() -> None:
    blob = KEY.seal(ResponseKind.PUSHED_MESSAGE, b"text")
    assert KEY.open(blob, ResponseKind) == (ResponseKind.PUSHED_MESSAGE, b"text")
    assert KEY.open(blob, RequestKind) == (RequestKind.FORWARD_SPHINX, b"text")
    assert "is no ResponseKind" in refusal(
        KEY.open, KEY.seal(RequestKind(2), b"text"), ResponseKind
    )


def test_plaintext_must_be_asked_for() -> None:
    blob = b"\1\0" + bytes(12) + b"text"
    assert "not encrypted" in refusal(gateway.open_message, KEY, blob)
    assert gateway.open_message(KEY, blob, allow_plaintext=True) == b"text"


def test_openssl_without_the_cipher(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(key: bytes) -> None:
        raise UnsupportedAlgorithm("no AES-GCM-SIV")

    blob = gateway.seal_message(KEY, b"text")
    monkeypatch.setattr(gateway, "AESGCMSIV", missing)
    assert "version 3.2 or later" in refusal(gateway.seal_message, KEY, b"text")
    assert "version 3.2 or later" in refusal(gateway.open_message, KEY, blob)


def test_key_is_secret() -> None:
    again = GatewayKey.from_bytes(KEY.to_bytes())
    assert again == KEY
    assert GatewayKey.from_bytes(bytes(32)) != KEY
    assert repr(KEY) == "<GatewayKey>"
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(KEY)


def test_packets_are_not_shown() -> None:
    assert repr(MixPacket(HOP, PACKET)) == (
        "MixPacket(first_hop=1.2.3.4:1789, packet_type=<PacketType.MIX: 0>, "
        "key_rotation=<KeyRotation.UNKNOWN: 0>)"
    )


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: MixPacket("1.2.3.4:1", PACKET), TypeError, "first_hop must be NodeAddress"),
        (lambda: MixPacket(HOP, "packet"), TypeError, "packet must be bytes"),
        (lambda: MixPacket(HOP, PACKET, 0), TypeError, "packet_type must be PacketType"),
        (lambda: MixPacket(HOP, PACKET, key_rotation=0), TypeError, "must be KeyRotation"),
        (lambda: MixPacket(HOP, PACKET[1:]), GatewayError, "a packet has one of"),
        (lambda: MixPacket(HOP, PACKET, PacketType.OUTFOX), GatewayError, "Outfox"),
        (lambda: MixPacket(HOP, PACKET).to_bytes(3), sx.SphinxError, "form must be in 1..2"),
        (lambda: MixPacket.from_bytes(PACKET, 0), sx.SphinxError, "form must be in 1..2"),
        (lambda: MixPacket.from_bytes(PACKET, "2"), TypeError, "form must be an int"),
        (lambda: MixPacket.from_bytes("packet"), TypeError, "mix packet must be bytes"),
        (lambda: GatewayKey.from_bytes(bytes(31)), sx.SphinxError, "must be 32 bytes, not 31"),
        (lambda: GatewayKey(), TypeError, "from_bytes"),
        (lambda: KEY.seal(1, b""), TypeError, "kind must be RequestKind or ResponseKind"),
        (lambda: KEY.seal(RequestKind(1), b""), GatewayError, "the plaintext is empty"),
        (lambda: KEY.seal(RequestKind(1), "text"), TypeError, "plaintext must be bytes"),
        (lambda: KEY.open("blob", RequestKind), TypeError, "blob must be bytes"),
        (lambda: gateway.seal_packets(KEY, [], 3), sx.SphinxError, "form must be in 1..2"),
    ],
)
def test_wrong_arguments(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
