"""Whole messages of the crates: made like theirs, taken through the nodes, read, acknowledged."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from nym_vectors import Cases, carry, comparable, layout_of, message_of, one_row
from own_files import names_of
from random_stream import RandomStream
from tally import Tally

import sphinxcore as sx
from sphinxcore import nym
from sphinxcore.nym.data_packets import plaintexts
from sphinxcore.nym.messages import encode, pad
from sphinxcore.nym.packet_keys import packet_keys
from sphinxcore.nym.replies import use_reply_surbs
from sphinxcore.nym.sizes import ACK_BLOCK_SIZE, EPHEMERAL_SIZE
from vectors import Case, raw

VERSIONS = {"2.0.0": 259, "1.21.6": 258}
"""Of the packets that clients of a release build."""
IV_SIZE = 16


@pytest.mark.parametrize("file", names_of("NymMessages"))
def test_messages(file: str, random_stream: RandomStream, tally: Tally) -> None:
    """Read with the last packet first."""
    cases = Cases(file, tally)
    for case in cases.cases:
        sender, receiver = (client(cases, case, case.fields[name]) for name in ("from", "to"))
        check_sizes(cases, case)
        check_keys(cases, case, receiver)
        payloads = delivered(cases, case)
        for i, packet in enumerate(case.fields["packets"]):
            if "packet" in packet:
                check_ways(cases, case, i, sender, receiver)
        check_received(cases, case, receiver, payloads[::-1])
        check_acks(cases, case, sender, random_stream)
    cases.end()


def client(cases: Cases, case: Case, name: str) -> nym.ClientKeys:
    (members,) = [one for one in case.fields["clients"] if one["name"] == name]
    address = raw(members["address"])
    keys = nym.ClientKeys(
        nym.IdentityKey.from_bytes(raw(members["identitySeed"])),
        sx.PrivateKey.from_bytes(raw(members["encryptionKey"])),
        nym.AckKey.from_bytes(raw(members["ackKey"])),
        gateway=address[64:],
    )
    cases.equal(case, f"address of {name}", keys.address.to_bytes(), address)
    return keys


def reply_surbs(case: Case) -> list[nym.ReplySurb]:
    """What the packets of a reply were made with, one each; none in other messages."""
    return [nym.ReplySurb.from_bytes(raw(surb)) for surb in case.fields.get("replySurbs", [])]


def check_sizes(cases: Cases, case: Case) -> None:
    size = nym.PacketSize.of_packet(case.fields["packetSize"])
    cases.equal(case, "fragmentSize", size.fragment_size, case.fields["fragmentSize"])


def check_keys(cases: Cases, case: Case, receiver: nym.ClientKeys) -> None:
    """The receiver finds every packet's key by its head."""
    packets = case.fields["packets"]
    heads, keys = (b"".join(raw(packet[name]) for packet in packets) for name in ("head", "key"))
    if surbs := reply_surbs(case):
        surbs = surbs[: len(packets)]
        cases.equal(case, "head", b"".join(surb.key.digest() for surb in surbs), heads)
        cases.equal(case, "key", b"".join(surb.key.to_bytes() for surb in surbs), keys)
        return
    secret = np.frombuffer(receiver.encryption.to_bytes(), np.uint8)
    points = np.frombuffer(heads, np.uint8).reshape(-1, EPHEMERAL_SIZE)
    shared = sx.batch.x25519(secret, points)
    cases.equal(case, "key", packet_keys(shared).tobytes(), keys)


def delivered(cases: Cases, case: Case) -> list[bytes]:
    """What is delivered of each packet: made of the message, and, for cover, as it stands there."""
    packets = case.fields["packets"]
    if case.fields["kind"] == "cover":
        return [raw(packet["delivered"]) for packet in packets]
    size = case.fields["fragmentSize"]
    padded = pad(encode(message_of(case), layout_of(case)), size)
    parts = nym.split(padded, size, set_ids=case.fields["setIds"])
    identifiers = [part.identifier.to_bytes().hex() for part in parts]
    cases.equal(case, "fragmentId", identifiers, [packet["fragmentId"] for packet in packets])
    made = []
    for part, packet in zip(parts, packets, strict=False):
        head, key = one_row(raw(packet["head"])), one_row(raw(packet["key"]))
        no_ack = one_row(bytes(ACK_BLOCK_SIZE))
        text = plaintexts(no_ack, head, key, one_row(part.to_bytes()), None)
        content = text[0, ACK_BLOCK_SIZE:].tobytes()
        if "packet" in packet:
            cases.equal(case, "delivered", content, raw(packet["delivered"]))
        else:
            digest = hashlib.sha256(content).hexdigest()
            cases.equal(case, "delivered", digest, packet["deliveredSha256"])
        made.append(content)
    return made


def check_ways(
    cases: Cases, case: Case, i: int, sender: nym.ClientKeys, receiver: nym.ClientKeys
) -> None:
    """The packet's way to the receiver, and its acknowledgement's way back."""
    packet = case.fields["packets"][i]
    rotation = nym.KeyRotation.of_id(case.fields["rotationId"])
    cases.equal(case, "keyRotation", rotation, packet["keyRotation"])
    cases.equal(case, "destination", receiver.address.identity, raw(packet["destination"]))
    payload, delay = to_client(cases, case, packet, ("firstHop", "packet", "path"), receiver)
    delivery = nym.deliver(payload)
    cases.equal(case, "delivery", delivery.data, raw(packet["delivered"]))
    cases.equal(case, "head", delivery.data[:EPHEMERAL_SIZE], raw(packet["head"]))
    ack_first_hop = nym.NodeAddress.from_bytes(raw(packet["ackFirstHop"]))
    cases.equal(case, "ackFirstHop", delivery.ack_first_hop, ack_first_hop)
    cases.equal(case, "ackPacket", delivery.ack_packet, raw(packet["ackPacket"]))
    names = "ackFirstHop", "ackPacket", "ackPath"
    ack_payload, ack_delay = to_client(cases, case, packet, names, sender)
    ack = nym.Delivery(raw(packet["ackDelivered"]), None, None)
    cases.equal(case, "ackDelivered", nym.deliver(ack_payload), ack)
    if surbs := reply_surbs(case):
        size = nym.PacketSize.of_packet(case.fields["packetSize"])
        text = sx.recover_message(payload)
        ((first_hop, made),) = use_reply_surbs([surbs[i]], [text], size)
        cases.equal(case, "packet", made, raw(packet["packet"]))
        cases.equal(case, "firstHop", first_hop.to_bytes(), raw(packet["firstHop"]))
        # Who answers does not know the delays in the SURB.
        delay = 3 * nym.NetworkParameters().packet_delay_ns
    if case.fields["kind"] != "cover":
        cases.equal(case, "delay", delay + ack_delay, int(packet["expectedDelayNs"]))


def to_client(
    cases: Cases,
    case: Case,
    packet: Mapping[str, Any],
    names: tuple[str, str, str],
    keys: nym.ClientKeys,
) -> tuple[bytes, int]:
    """Carry a packet to a client: its payload, and the sum of its delays.

    `names`: of the members that have first hop, packet and path.
    """
    first_hop, sent, path = (packet[name] for name in names)
    version = VERSIONS[case.fields["source"]["version"]]
    last, delay = carry(cases, case, first_hop, raw(sent), path, version)
    cases.equal(case, "destination", last.destination, keys.address.identity)
    nodes = [case.fields["nodes"][place] for place in path]
    layers = [0] if case.fields["noMixHops"] else [1, 2, 3, 0]
    cases.equal(case, "layers", [node["layer"] for node in nodes], layers)
    cases.equal(case, "gateway", raw(nodes[-1]["identity"]), keys.address.gateway)
    return last.payload or b"", delay


def check_received(
    cases: Cases, case: Case, keys: nym.ClientKeys, payloads: Sequence[bytes]
) -> None:
    receiver = nym.MessageReceiver(keys)
    surbs = reply_surbs(case)
    receiver.reply_keys.add([surb.key for surb in surbs])
    received = receiver.feed(payloads)
    cases.equal(case, "refused", received.refused, [])
    if case.fields["kind"] == "cover":
        cases.equal(case, "received", received, nym.Received(cover=len(payloads)))
        return
    found = received.replies if surbs else received.messages
    cases.equal(case, "received", list(map(comparable, found)), [comparable(message_of(case))])


def check_acks(
    cases: Cases, case: Case, sender: nym.ClientKeys, random_stream: RandomStream
) -> None:
    """What the sender gets back: read, and made anew."""
    packets = case.fields["packets"]
    contents = [raw(packet["ackDelivered"]) for packet in packets]
    identifiers = [nym.FragmentId.from_bytes(raw(packet["fragmentId"])) for packet in packets]
    wanted = nym.Received(acks=identifiers)
    if case.fields["kind"] == "cover":
        cases.equal(case, "fragmentId", identifiers, [nym.COVER_ID] * len(packets))
        wanted = nym.Received(cover_acks=len(packets))
    cases.equal(case, "acknowledged", nym.MessageReceiver(sender).feed(contents), wanted)
    random_stream.feed(b"".join(content[:IV_SIZE] for content in contents))
    made = sender.acks.encrypt(identifiers).tobytes()
    cases.equal(case, "acknowledgements", made, b"".join(contents))
