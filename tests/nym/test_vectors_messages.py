"""Whole messages of the crates, from their packets to what the client reads, and their parts."""

import hashlib
from functools import cache
from typing import Any

import numpy as np
import pytest
from nym_network import walk
from nym_vectors import comparable, one_row
from shared_files import document, raw, shared
from tally import PASSED, Tally

import sphinxcore as sx
from sphinxcore import nym
from sphinxcore.nym.data_packets import plaintexts
from sphinxcore.nym.packet_keys import packet_keys

MESSAGES = "nym2_messages.json"


@cache
def nodes() -> dict[nym.NodeAddress, sx.Processor]:
    return {
        nym.NodeAddress.from_text(node["address"]): sx.Processor(
            sx.PrivateKey.from_bytes(raw(node, "sphinx_secret"))
        )
        for node in document(MESSAGES)["nodes"]
    }


def client(name: str) -> nym.ClientKeys:
    (found,) = [one for one in document(MESSAGES)["clients"] if one["name"] == name]
    keys = nym.ClientKeys(
        nym.IdentityKey.from_bytes(raw(found, "identity_seed")),
        sx.PrivateKey.from_bytes(raw(found, "encryption_secret")),
        nym.AckKey.from_bytes(raw(found, "ack_key")),
        gateway=raw(found, "address")[64:],
    )
    assert keys.address.to_bytes() == raw(found, "address")
    assert str(keys.address) == found["text"]
    return keys


def carry(packet: bytes, first_hop: str, hops: list[dict[str, Any]], destination: bytes) -> bytes:
    """Take a packet to its end, and compare each hop with what the crates' nodes said."""
    steps = list(walk(nodes(), nym.NodeAddress.from_text(first_hop), packet))
    assert [f"sphinx-{row.version}" for _, row in steps] == [hop["version"] for hop in hops]
    for (_, row), (there, _), hop in zip(steps[:-1], steps[1:], hops, strict=False):
        assert row.delay_ns == int(hop["delay_ns"])
        assert str(there) == hop["next"]
    _, last = steps[-1]
    assert hops[-1]["final"] is True
    assert last.destination == destination
    assert last.payload is not None
    return last.payload


def check_packet(case: dict[str, Any], packet: dict[str, Any]) -> None:
    sender = client(case["from"])
    delivered, ack = raw(packet, "gateway_delivers"), packet["ack"]
    if "packet" in packet:
        payload = carry(
            raw(packet, "packet"), packet["first_hop"], packet["hops"], raw(packet, "destination")
        )
        delivery = nym.deliver(payload)
        assert delivery.data == delivered
        assert str(delivery.ack_first_hop) == ack["first_hop"]
        assert delivery.ack_packet == raw(ack, "packet")
    payload = carry(raw(ack, "packet"), ack["first_hop"], ack["hops"], raw(ack, "destination"))
    delivery = nym.deliver(payload)
    assert delivery == nym.Delivery(raw(ack, "gateway_delivers"), None, None)
    received = nym.MessageReceiver(sender).feed([delivery.data])
    identifier = nym.FragmentId.from_bytes(raw(ack, "identifier"))
    if packet.get("cover"):
        assert received == nym.Received(cover_acks=1)
    else:
        assert received == nym.Received(acks=[identifier])
        fragment = nym.Fragment.from_bytes(raw(packet, "decrypted"))
        assert fragment.identifier == identifier
        assert fragment.to_bytes() == raw(packet, "decrypted")


def expected_message(value: dict[str, Any], got: Any) -> Any:
    """The crates' reconstructed message as one of ours. Long data is known by its hash."""
    if "data" not in value:
        data = b""
    elif value["data"] is None:
        data = got.data
        assert len(data) == value["len"]
        assert hashlib.sha256(data).digest() == raw(value, "sha256")
    else:
        data = raw(value, "data")
    if value["type"] == "plain":
        return nym.PlainMessage(data)
    if value["type"] == "reply":
        if value["content"] == "surb_request":
            recipient = nym.Recipient.from_text(value["recipient"])
            return nym.SurbRequest(recipient, value["amount"])
        return nym.ReplyData(data)
    content = {
        "data": nym.RepliableContent.DATA,
        "additional_surbs": nym.RepliableContent.ADDITIONAL_SURBS,
    }[value["content"]]
    tag = nym.SenderTag.from_bytes(raw(value, "sender_tag"))
    surbs = tuple(
        nym.ReplySurb.from_bytes(raw(surb, "bytes"), nym.KeyRotation(surb["key_rotation"]))
        for surb in value["surbs"]
    )
    for surb, given in zip(surbs, value["surbs"], strict=True):
        assert surb.key == nym.ReplyKey.from_bytes(raw(given, "reply_key"))
        assert surb.key.digest() == raw(given, "reply_key_digest")
    return nym.RepliableMessage(tag, content, surbs, data)


def test_messages(tally: Tally) -> None:
    """Every packet goes through the nodes, then the recipient reads all that was delivered."""
    cases = shared(MESSAGES)
    assert len(cases) == 18
    walked = 0
    for case in cases:
        keyring = nym.ReplyKeys()
        for packet in case["packets"]:
            check_packet(case, packet)
            walked += "packet" in packet
            if "reply_key" in packet:
                keyring.add([nym.ReplyKey.from_bytes(raw(packet, "reply_key"))])
        receiver = nym.MessageReceiver(client(case["to"]), reply_keys=keyring)
        received = receiver.feed([raw(packet, "gateway_delivers") for packet in case["packets"]])
        if "reconstructed" not in case:
            assert received == nym.Received(cover=len(case["packets"]))
            continue
        assert not received.refused
        (message,) = received.messages + received.replies
        assert comparable(message) == comparable(expected_message(case["reconstructed"], message))
        assert (received.replies == [message]) == (case["reconstructed"]["type"] == "reply")
    assert walked == 7  # the files have the others' packets as hashes only
    tally.add(PASSED, f"{MESSAGES} cases", "nym", len(cases))


@pytest.mark.parametrize("case", range(18))
def test_delays_and_sizes(case: int) -> None:
    """What the sender's bookkeeping says is what the packets contain."""
    found = shared(MESSAGES)[case]
    for packet in found["packets"]:
        size = nym.PacketSize.of_packet(packet["packet_len"])
        assert len(raw(packet, "gateway_delivers")) == size.delivered_size
        assert len(raw(packet, "decrypted")) == size.fragment_size
        if "total_delay_ns" in packet:
            routes = packet["hops"] + packet["ack"]["hops"]
            delays = [int(hop["delay_ns"]) for hop in routes if "delay_ns" in hop]
            assert int(packet["total_delay_ns"]) == sum(delays)


def test_primitives(tally: Tally) -> None:
    checks = {
        "packet_key": check_packet_key,
        "ack_identifier": check_ack_identifier,
        "ack_open": check_ack_open,
        "surb_ack_bytes": check_ack_block,
        "data_payload": check_data_payload,
        "reply_payload": check_reply_payload,
        "reply_key_digest": check_digest,
    }
    cases = shared(MESSAGES, "primitives")
    for case in cases:
        checks[case["op"]](case)
    assert len(cases) == 37
    tally.add(PASSED, f"{MESSAGES} primitives", "nym", len(cases))


def check_packet_key(case: dict[str, Any]) -> None:
    secret, public = raw(case, "ephemeral_secret"), raw(case, "ephemeral_public")
    assert sx.batch.x25519(one_row(secret)).tobytes() == public
    for ours, theirs in (
        (secret, raw(case, "remote_public")),
        (raw(case, "remote_secret"), public),
    ):
        shared_secret = sx.batch.x25519(one_row(ours), theirs)
        assert shared_secret.tobytes() == raw(case, "dh")
        assert packet_keys(shared_secret).tobytes() == raw(case, "key")


def check_ack_identifier(case: dict[str, Any]) -> None:
    key = nym.AckKey.from_bytes(raw(case, "ack_key"))
    identifier = nym.FragmentId.from_bytes(raw(case, "identifier"))
    assert identifier.to_bytes() == raw(case, "identifier")
    assert key.decrypt([raw(case, "payload")]) == [identifier]


def check_ack_open(case: dict[str, Any]) -> None:
    """None of these is an acknowledgement."""
    key = nym.AckKey.from_bytes(raw(case, "ack_key"))
    (error,) = key.decrypt([raw(case, "payload")])
    assert isinstance(error, nym.AckError)
    assert not case["result"] or {"error", "refused"} & case["result"].keys()


def check_ack_block(case: dict[str, Any]) -> None:
    """The crates take any length; blocks of other lengths than 405 cannot arise."""
    block, result = raw(case, "bytes"), case["result"]
    if len(block) == 405 and "first_hop" in result:
        first_hop, packet = nym.read_ack_block(block)
        assert str(first_hop) == result["first_hop"]
        assert len(packet) == result["packet_len"]
    else:
        with pytest.raises(nym.NymError):
            nym.read_ack_block(block)


def check_data_payload(case: dict[str, Any]) -> None:
    secret = one_row(raw(case, "ephemeral_secret"))
    keys = packet_keys(sx.batch.x25519(secret, raw(case, "recipient")))
    check_plaintext(case, sx.batch.x25519(secret), keys)


def check_reply_payload(case: dict[str, Any]) -> None:
    key = nym.ReplyKey.from_bytes(raw(case, "reply_key"))
    check_plaintext(case, one_row(key.digest()), one_row(key.to_bytes()))


def check_plaintext(case: dict[str, Any], prefix: np.ndarray, key: np.ndarray) -> None:
    ack, fragment = one_row(raw(case, "surb_ack")), one_row(raw(case, "fragment"))
    assert plaintexts(ack, prefix, key, fragment, None).tobytes() == raw(case, "payload")


def check_digest(case: dict[str, Any]) -> None:
    assert nym.ReplyKey.from_bytes(raw(case, "key")).digest() == raw(case, "digest")
