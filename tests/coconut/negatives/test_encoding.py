"""Negative tests 1 to 7, 64 and 65: what is no canonical encoding, or of no valid value."""

import tracemalloc
from collections.abc import Mapping
from typing import Any

import pytest
from coconut_fields import ATTRIBUTES, LAYOUTS, fields
from coconut_messages import SCOPE, TYPE_PLACE, Message, show_message, verify_bytes
from coconut_points import (
    NUMBERS,
    ORDER_THREE,
    aliases,
    identity,
    not_canonical,
    outside_the_subgroup,
    third,
    unchecked_sum,
)
from refusals import Refusals

import credentials as cr
from credentials.bls12381 import ORDER
from credentials.bls12381.points import PointGroup

Messages = Mapping[str, Message]

OUTSIDE = {
    "G1": [ORDER_THREE, outside_the_subgroup(1)],
    "G2": [outside_the_subgroup(2), outside_the_subgroup(2, seed=1)],
}


def _some_point(number: int) -> bytes:
    """A point with an x to which the field's order can be added."""
    point = generator = third(number)()
    while not aliases(bytes(point.to_compressed_bytes())):
        point = point + generator
    return bytes(point.to_compressed_bytes())


ALIASED = {kind: _some_point(number) for kind, number in NUMBERS.items()}


def test_every_message_is_here(messages: Messages, vk: cr.VerificationKey) -> None:
    secret = {"credential", ATTRIBUTES}
    wanted = {*LAYOUTS, *secret} if vk.parameters.backend == "blst" else {*LAYOUTS} - secret
    assert set(messages) == wanted


def test_neg_01_points_outside_the_subgroup(messages: Messages, negative: Refusals) -> None:
    for message in messages.values():
        message.decode(message.raw)
        for field in message.of_kind("G1", "G2"):
            own = field.of(message.raw)
            outside = [*OUTSIDE[field.kind]]
            # The right point with an error that only a subgroup check sees.
            outside.append(unchecked_sum(NUMBERS[field.kind], own, outside[0]))
            for point in outside:
                raw = field.put(message.raw, point)
                negative.refuses(cr.DecodeError, message.decode, raw, of=str(field))


def test_neg_02_identity(messages: Messages, negative: Refusals) -> None:
    for message in messages.values():
        message.decode(message.raw)
        for field in message.of_kind("G1", "G2"):
            raw = field.put(message.raw, identity(NUMBERS[field.kind]))
            error = negative.refuses(cr.DecodeError, message.decode, raw, of=str(field))
            negative.holds("identity" in str(error), str(error))


def test_neg_03_points_that_are_not_canonical(messages: Messages, negative: Refusals) -> None:
    for message in messages.values():
        message.decode(message.raw)
        for field in message.of_kind("G1", "G2"):
            number = NUMBERS[field.kind]
            own = field.of(message.raw)
            for what, point in not_canonical(number, own).items():
                raw = field.put(message.raw, point)
                negative.refuses(cr.DecodeError, message.decode, raw, of=f"{field} {what}")
            for alias in aliases(ALIASED[field.kind]):
                raw = field.put(message.raw, alias)
                negative.refuses(cr.DecodeError, message.decode, raw, of=f"{field} x + p")


def test_neg_03_uncompressed_points(messages: Messages, negative: Refusals) -> None:
    for message in messages.values():
        message.decode(message.raw)
        for field in message.of_kind("G1", "G2"):
            point = third(NUMBERS[field.kind]).from_compressed_bytes(field.of(message.raw))
            whole = bytes(point.to_xy_bytes_be())
            assert len(whole) == 2 * field.size
            negative.is_no_encoding(message.decode, field.put(message.raw, whole), of=str(field))
            raw = field.put(message.raw, whole[: field.size])
            negative.refuses(cr.DecodeError, message.decode, raw, of=str(field))


def test_neg_04_scalars_that_are_not_reduced(messages: Messages, negative: Refusals) -> None:
    for message in messages.values():
        message.decode(message.raw)
        for field in message.of_kind("scalar"):
            for value in (ORDER, ORDER + 1, 2**256 - 1):
                raw = field.put(message.raw, value.to_bytes(32, "big"))
                negative.refuses(cr.DecodeError, message.decode, raw, of=str(field))


@pytest.fixture
def decoded_points(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The points that were decoded while the test ran."""
    found: list[bytes] = []
    decode = PointGroup.decode

    def record(group: Any, encoded: bytes, *rest: Any, **options: Any) -> Any:
        found.append(encoded)
        return decode(group, encoded, *rest, **options)

    monkeypatch.setattr(PointGroup, "decode", record)
    return found


def test_neg_05_missing_and_trailing_bytes(
    messages: Messages, negative: Refusals, decoded_points: list[bytes]
) -> None:
    """The length is compared before a point is decoded."""
    for message in messages.values():
        message.decode(message.raw)
        decoded_points.clear()
        raw = message.raw
        wrong = [raw[:size] for size in range(len(raw))]
        wrong += [raw + bytes(size) for size in (1, 2, 32, 48, 96, 70000)] + [raw + raw]
        for encoded in wrong:
            what = f"{message.name} of {len(encoded)} bytes"
            negative.refuses(cr.LengthError, message.decode, encoded, of=what)
        if message.name != ATTRIBUTES:  # which come after the points of their credential
            assert not decoded_points


def test_neg_05_counts_that_do_not_match(messages: Messages, negative: Refusals) -> None:
    """Attribute 3 is the text "2026-11", 4 is 7; 2 and the nullifier 1 are hidden."""
    bitmaps = {
        b"\x0e": cr.DecodeError,  # what follows is no typed attribute
        b"\x08": cr.LengthError,
        b"\x00": cr.LengthError,
        b"\x0d": cr.DecodeError,  # the nullifier
        b"\x0f": cr.DecodeError,
    }
    lengths = {b"\0\6": cr.DecodeError, b"\0\x09": cr.LengthError, b"\xff\xff": cr.LengthError}
    seen = set()
    for message in messages.values():
        message.decode(message.raw)
        for name, changed in (
            ("bitmap", bitmaps),
            ("disclosed_3.length", lengths),
            ("q", {b"\3": cr.DecodeError, b"\5": cr.DecodeError, b"\0": cr.DecodeError}),
        ):
            if name not in message.fields or message.name == "request state":
                continue
            seen.add(name)
            for value, error in changed.items():
                raw, what = message.put(name, value), f"{message.name} {name} {value!r}"
                if message.name == "request" and name == "bitmap":
                    # Points come before the typed attributes, whose place is now another.
                    negative.is_no_encoding(message.decode, raw, of=what)
                else:
                    negative.refuses(error, message.decode, raw, of=what)
    assert seen == {"bitmap", "disclosed_3.length", "q"}


def test_neg_05_index_set_of_a_state(
    key: cr.VerificationKey, vk: cr.VerificationKey, negative: Refusals
) -> None:
    """Attribute 2 is hidden and 3 disclosed, or the other way round: the request decides."""
    request, state = cr.request_credential(key, {2: 1}, {3: 1, 4: 1}, bytes(32))
    raw = state.to_bytes()
    assert cr.RequestState.from_bytes(raw, vk).request == request
    bitmap = fields("request state", raw, 4)["bitmap"]
    wrong = bitmap.put(raw, b"\x0a")
    negative.refuses(cr.DecodeError, cr.RequestState.from_bytes, wrong, vk)


def test_neg_05_no_large_allocation(messages: Messages, negative: Refusals) -> None:
    """No number in a message makes a decoder take memory."""
    largest = 1 << 16
    for message in messages.values():
        message.decode(message.raw)
        hostile = []
        for field in message.of_kind("bytes"):
            if field.name != "header":
                hostile.append(field.put(message.raw, b"\xff" * field.size)[: field.start + 200])
        tracemalloc.start()
        for raw in hostile:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            try:
                message.decode(raw)
            except cr.CredentialError as error:
                error.__traceback__ = None
            peak = tracemalloc.get_traced_memory()[1] - before
            negative.holds(peak < largest, f"{message.name}: {peak} bytes for {raw.hex()}")
        tracemalloc.stop()


def test_neg_06_round_trip_with_every_optional_field(
    messages: Messages, negative: Refusals
) -> None:
    """Decoders take all, and a message with an optional field is no message without one."""
    siblings = {8: 9, 9: 8, 10: 11, 11: 10}
    for message in messages.values():
        again = message.decode(message.raw)
        if message.name == ATTRIBUTES:
            assert again.attribute_bytes() == message.raw
            continue
        assert again.to_bytes() == message.raw
        sibling = siblings.get(message.raw[TYPE_PLACE])
        if sibling is not None:
            raw = bytearray(message.raw)
            raw[TYPE_PLACE] = sibling
            negative.refuses(cr.LengthError, message.decode, raw, of=message.name)


def test_neg_07_other_version_suite_and_type(messages: Messages, negative: Refusals) -> None:
    decoded = {"presentation": (8, 9), "batchable": (10, 11)}
    for message in messages.values():
        if message.name == ATTRIBUTES:
            continue
        message.decode(message.raw)
        raw = message.raw
        own = decoded.get(message.name.split()[0], (raw[TYPE_PLACE],))
        for place in range(TYPE_PLACE + 1):
            for value in {0, 1, 2, raw[place] ^ 0x80, raw[place] + 1, 255} - {raw[place]}:
                if place == TYPE_PLACE and value in own:
                    continue
                changed = bytearray(raw)
                changed[place] = value
                negative.refuses(cr.SuiteError, message.decode, changed, of=message.name)
        for other in messages.values():
            if other.name != ATTRIBUTES and other.raw[TYPE_PLACE] not in own:
                negative.refuses(cr.SuiteError, message.decode, other.raw, of=message.name)


WRONG_VALUES: list[tuple[Any, type[cr.CredentialError]]] = [
    (True, cr.ArgumentTypeError),
    (1.0, cr.ArgumentTypeError),
    (None, cr.ArgumentTypeError),
    (bytearray(b"bronze"), cr.ArgumentTypeError),
    (-1, cr.ArgumentError),
    (1 << 128, cr.ArgumentError),
    ("\ud800", cr.ArgumentError),
    (bytes(65536), cr.ArgumentError),
    ("x" * 65536, cr.ArgumentError),
]


def test_neg_64_values_that_are_no_attribute(key: cr.VerificationKey, negative: Refusals) -> None:
    import numpy as np

    def ask(value: Any) -> None:
        cr.request_credential(key, {2: b"x"}, {3: value, 4: 1}, bytes(32))

    def hide(value: Any) -> None:
        cr.request_credential(key, {2: value}, {3: 1, 4: 1}, bytes(32))

    for value in (0, (1 << 128) - 1, b"", bytes(65535), "", "\u00e9"):
        ask(value)
    numbers = [(number, cr.ArgumentTypeError) for number in (np.int64(1), np.uint8(1), np.bool_(1))]
    for value, error in [*WRONG_VALUES, *numbers]:
        negative.refuses(error, ask, value, of=f"{value!r:.20}")
        negative.refuses(error, hide, value, of=f"{value!r:.20}")


def _typed(kind: int, data: bytes) -> bytes:
    return bytes([kind]) + len(data).to_bytes(2, "big") + data


def test_neg_64_typed_values_on_the_wire(
    dealt: cr.DealtKeys, vk: cr.VerificationKey, negative: Refusals
) -> None:
    """A value of another type or of other bytes is another value."""
    integer = int.from_bytes(b"bronze", "big")
    words = {2: "caf\u00e9", 3: b"bronze", 4: b""}
    others = {
        2: [_typed(1, "cafe\u0301".encode()), _typed(0, "caf\u00e9".encode())],
        3: [b"\2" + integer.to_bytes(16, "big"), _typed(1, b"bronze")],
        4: [_typed(1, b""), b"\2" + bytes(16), _typed(0, b"\0")],
    }
    refused_forms = [
        _typed(1, b"\xed\xa0\x80"),  # a lone surrogate
        _typed(1, b"\xc0\x80"),
        _typed(1, b"\xff"),
        b"\3" + bytes(31) + b"\1",
        _typed(4, b"x"),
        _typed(255, b"x"),
    ]
    key = dealt.verification_key
    request, state = cr.request_credential(key, {2: words[2]}, {3: words[3], 4: b""}, bytes(32))
    shares = [cr.sign(dealt.shares[i], request) for i in (1, 2, 3)]
    credential = cr.aggregate(shares, state, key, dealt.key_shares)
    for batchable in (False, True):
        shown = cr.present(credential, key, [2, 3, 4], b"x", batchable=batchable)
        message = show_message(shown.to_bytes(), vk)
        assert verify_bytes(message.raw, vk, b"x") == words
        for j, changes in others.items():
            for changed in changes:
                raw = message.put_disclosed(j, changed)
                negative.refuses(cr.ProofError, verify_bytes, raw, vk, b"x", of=f"{changed!r}")
        for changed in refused_forms:
            raw = message.put_disclosed(2, changed)
            negative.refuses(cr.DecodeError, verify_bytes, raw, vk, b"x", of=f"{changed!r}")


def test_neg_64_values_of_another_kind_than_the_schemas(
    vk: cr.VerificationKey, negative: Refusals
) -> None:
    kinds = [cr.Kind.BYTES, cr.Kind.TEXT, cr.Kind.INTEGER]
    typed = [_typed(0, b"7"), _typed(1, b"7"), b"\2" + bytes(15) + b"\7"]
    values: list[Any] = [b"7", "7", 7]
    keys = cr.deal_keys(cr.Parameters(kinds, b"x", backend="blst"), threshold=1, authorities=1)
    key = keys.verification_key
    other = cr.VerificationKey.from_bytes(key.to_bytes(), vk.parameters.backend)
    request, state = cr.request_credential(key, {1: b"7"}, {2: "7", 3: 7}, bytes(32))
    shares = [cr.sign(keys.shares[1], request)]
    credential = cr.aggregate(shares, state, key, keys.key_shares)
    shown = cr.present(credential, key, [1, 2, 3], b"x")
    message = show_message(shown.to_bytes(), other)
    assert verify_bytes(message.raw, other, b"x") == {1: b"7", 2: "7", 3: 7}
    for j in (1, 2, 3):
        for i, value in enumerate(values, 1):
            if i == j:
                continue
            raw = message.put_disclosed(j, typed[i - 1])
            negative.refuses(cr.DecodeError, verify_bytes, raw, other, b"x")
            given = {1: b"7", 2: "7", 3: 7, j: value}
            hidden = {1: given.pop(1)}
            negative.refuses(cr.ArgumentError, cr.request_credential, key, hidden, given, bytes(32))


def test_neg_65_bits_above_the_last_attribute(messages: Messages, negative: Refusals) -> None:
    seen = 0
    for message in messages.values():
        message.decode(message.raw)
        if "bitmap" in message.fields:
            for bit in range(4, 8):
                raw = message.flip("bitmap", bit)
                negative.refuses(cr.DecodeError, message.decode, raw, of=message.name)
                seen += 1
    assert seen == 4 * 6


@pytest.mark.parametrize("q", [1, 7, 8, 9, 63, 64])
def test_neg_65_number_of_attributes(q: int, negative: Refusals) -> None:
    keys = cr.deal_keys(cr.Parameters(q, b"x"), threshold=1, authorities=1)
    key = keys.verification_key
    raw = key.to_bytes()
    assert cr.VerificationKey.from_bytes(raw).parameters.attributes == q
    for wrong in (0, 65, 255):
        changed = raw[:7] + bytes([wrong]) + raw[8:]
        negative.refuses(cr.DecodeError, cr.VerificationKey.from_bytes, changed)
        negative.refuses(cr.ArgumentError, cr.Parameters, wrong, b"x")
    request, _ = cr.request_credential(key, dict.fromkeys(range(1, q + 1), 0), {}, bytes(32))
    encoded = request.to_bytes()
    place = encoded.index(bytes([q]) + bytes((q + 7) // 8 + 32))
    for bit in range(q, 8 * ((q + 7) // 8)):
        bits = (1 << bit).to_bytes((q + 7) // 8, "big")
        wrong_set = encoded[: place + 1] + bits + encoded[place + 1 + len(bits) :]
        negative.refuses(cr.DecodeError, cr.CredentialRequest.from_bytes, wrong_set, key)


def test_neg_65_a_scope_needs_a_schema_with_a_nullifier(
    messages: Messages, vk: cr.VerificationKey, negative: Refusals
) -> None:
    """A presentation of a type with a nullifier, under a key that has none."""
    for name in ("presentation with nullifier", "batchable presentation with nullifier"):
        message = messages[name]
        verify_bytes(message.raw, vk, scope=SCOPE)
        parameters = cr.Parameters(4, b"tests", backend="blst")
        plain = cr.deal_keys(parameters, threshold=1, authorities=1, key_epoch=7).verification_key
        other = cr.VerificationKey.from_bytes(plain.to_bytes(), vk.parameters.backend)
        raw = message.put("key_digest", other.digest)
        negative.refuses(cr.DecodeError, verify_bytes, raw, other, of=name)
