"""What the crates' messages consist of, both ways: their bytes, SURBs and acknowledgements."""

import pytest
from cases import ACK_BLOCK_LENGTH
from nym_vectors import ENCODED, Cases, carry, comparable, layout_of, message_of
from own_files import names_of
from random_stream import RandomStream
from tally import Tally

import sphinxcore as sx
from sphinxcore import nym
from sphinxcore.nym.messages import decode, encode, pad, unpad
from sphinxcore.nym.replies import decode_surb_list, encode_surb_list
from vectors import Case

# Bytes of messages --------------------------------------------------------------------------------


@pytest.mark.parametrize("file", names_of("NymMessageBytes"))
def test_message_bytes(file: str, tally: Tally) -> None:
    cases = Cases(file, tally)
    checks = {"message": check_message, "padding": check_padding}
    for case in cases.cases:
        checks[case.fields["form"]](cases, case)
    cases.end()


def check_message(cases: Cases, case: Case) -> None:
    errors = nym.MessageError, nym.ReplyError, nym.AddressError
    found = cases.read(case, errors, decode, case.bytes("message"))
    if found is None:
        return
    wanted = message_of(case)
    cases.equal(case, "message", comparable(found), comparable(wanted))
    if ENCODED in case.flags:
        cases.equal(case, "bytes", encode(wanted, layout_of(case)), case.bytes("message"))


def check_padding(cases: Cases, case: Case) -> None:
    found = cases.read(case, nym.MessageError, unpad, case.bytes("padded"))
    if found is None:
        return
    cases.equal(case, "message", found, case.bytes("message"))
    if ENCODED in case.flags:
        padded = pad(found, case.fields["fragmentSize"])
        cases.equal(case, "padded", padded, case.bytes("padded"))


# SURBs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", names_of("NymSurbLists"))
def test_surb_lists(file: str, tally: Tally) -> None:
    cases = Cases(file, tally)
    for case in cases.cases:
        fields, given = case.fields, case.bytes("list")
        found = cases.read(case, nym.ReplyError, decode_surb_list, given, fields["layout"])
        if found is None:
            continue
        surbs, consumed = found
        cases.equal(case, "consumed", consumed, fields["consumed"])
        cases.equal(case, "surbs", [surb.to_bytes().hex() for surb in surbs], fields["surbs"])
        rotations = {surb.key_rotation for surb in surbs}
        cases.equal(case, "keyRotation", rotations, {fields["keyRotation"]} if surbs else set())
        if ENCODED in case.flags:
            made = encode_surb_list(surbs, fields["layout"])
            cases.equal(case, "list", made, given[:consumed])
    cases.end()


@pytest.mark.parametrize("file", names_of("NymReplySurbs"))
def test_reply_surbs(file: str, tally: Tally) -> None:
    cases = Cases(file, tally)
    for case in cases.cases:
        rotation = nym.KeyRotation(case.fields.get("keyRotation", 0))
        reader = nym.ReplySurb.from_bytes
        surb = cases.read(case, nym.ReplyError, reader, case.bytes("surb"), rotation)
        if surb is None:
            continue
        cases.equal(case, "bytes", surb.to_bytes(), case.bytes("surb"))
        cases.equal(case, "key", surb.key.to_bytes(), case.bytes("key"))
        cases.equal(case, "digest", surb.key.digest(), case.bytes("digest"))
        if "text" in case.fields:
            text = case.fields["text"]
            cases.equal(case, "text", surb.to_text(), text)
            again = nym.ReplySurb.from_text(text).to_bytes()
            cases.equal(case, "text, read", again, case.bytes("surb"))
        else:
            check_use(cases, case, surb)
    cases.end()


def check_use(cases: Cases, case: Case, surb: nym.ReplySurb) -> None:
    """The packet that the crate makes with the SURB, and its way through the nodes."""
    packet = case.bytes("packet")
    size = nym.PacketSize.of_packet(len(packet)).payload_size
    content = case.bytes("content")
    cases.equal(case, "first hop", surb.first_hop.to_bytes(), case.bytes("firstHop"))
    cases.equal(case, "packet's rotation", surb.key_rotation, case.fields["packetKeyRotation"])
    ((made, _),) = sx.use_surbs([surb.surb], [content], payload_size=size)
    cases.equal(case, "packet", made, packet)
    # Layout 1 has the whole keys that packets of version 258 are made with. SURBs of one hop are
    # of layout 2 in 1.21.6 as well.
    version = 258 if surb.layout == 1 else 259
    last, _ = carry(cases, case, case.fields["firstHop"], packet, case.fields["path"], version)
    rotation = nym.KeyRotation.of_id(case.fields["rotationId"])
    cases.equal(case, "rotation of the id", rotation, surb.key_rotation)
    cases.equal(case, "destination", last.destination, case.bytes("destination"))
    cases.equal(case, "delivered", sx.recover_message(last.payload or b""), content)


# Acknowledgements ---------------------------------------------------------------------------------

IV_SIZE = 16


@pytest.mark.parametrize("file", names_of("NymAcks"))
def test_acks(file: str, random_stream: RandomStream, tally: Tally) -> None:
    cases = Cases(file, tally)
    for case in cases.cases:
        if case.fields["form"] == "content":
            check_content(cases, case, random_stream)
        else:
            check_block(cases, case)
    cases.end({ACK_BLOCK_LENGTH: 3})


def check_content(cases: Cases, case: Case, random_stream: RandomStream) -> None:
    key = nym.AckKey.from_bytes(case.bytes("ackKey"))
    content = case.bytes("content")

    def only() -> nym.FragmentId:
        (found,) = key.decrypt([content])
        if isinstance(found, nym.AckError):
            raise found
        return found

    found = cases.read(case, nym.AckError, only)
    if found is None:
        return
    cases.equal(case, "setId", found.set_id, case.fields["setId"])
    cases.equal(case, "fragmentId", found.to_bytes(), case.bytes("fragmentId"))
    if ENCODED in case.flags:
        random_stream.feed(content[:IV_SIZE])
        cases.equal(case, "content", key.encrypt([found]).tobytes(), content)


def check_block(cases: Cases, case: Case) -> None:
    errors = nym.AckError, nym.AddressError
    found = cases.read(case, errors, nym.read_ack_block, case.bytes("block"))
    if found is not None:
        first_hop, packet = found
        cases.equal(case, "firstHop", first_hop.to_bytes(), case.bytes("firstHop"))
        cases.equal(case, "packet", packet, case.bytes("packet"))
