"""Messages through a network and back: plain, repliable, replies, acknowledgements, cover."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network import DETERMINISTIC, LOW_ORDER
from nym_network import ROTATION_ID, Network

import sphinxcore as sx
from sphinxcore import nym
from sphinxcore.nym.data_packets import SendOptions

NETWORK = Network()
ALICE, BOB = NETWORK.client(b"alice", 0), NETWORK.client(b"bob", 1)
TAG = nym.SenderTag.from_bytes(bytes(range(16)))
LENGTHS = (0, 1, 1602, 1603, 4000, 20_000)


def send(message: bytes, **options: object) -> nym.Prepared:
    return nym.prepare_message(message, BOB.address, NETWORK.topology, ALICE, **options)


def identifiers(prepared: nym.Prepared) -> list[nym.FragmentId]:
    return [fragment.identifier for fragment in prepared.fragments]


@pytest.mark.parametrize("length", LENGTHS)
def test_plain_messages_and_their_acks(length: int) -> None:
    message = bytes(random.Random(length).randbytes(length))
    prepared = send(message)
    delivered = NETWORK.carry(prepared.packets)
    data = delivered[BOB.address.identity]
    random.Random(1).shuffle(data)
    assert nym.MessageReceiver(BOB).feed(data) == nym.Received([nym.PlainMessage(message)])
    received = nym.MessageReceiver(ALICE).feed(delivered[ALICE.address.identity])
    assert sorted(received.acks) == sorted(identifiers(prepared))
    assert received == nym.Received(acks=received.acks)


def test_backends(backend_name: str) -> None:
    network = Network(backend=backend_name)
    prepared = send(b"hello" * 1000, options=SendOptions(backend=backend_name))
    data = network.carry(prepared.packets)[BOB.address.identity]
    receiver = nym.MessageReceiver(BOB, backend=backend_name)
    assert receiver.feed(data).messages == [nym.PlainMessage(b"hello" * 1000)]


@pytest.mark.parametrize("size", [size for size in nym.PacketSize if size != nym.PacketSize.ACK])
def test_packet_sizes(size: nym.PacketSize) -> None:
    prepared = send(bytes(50_000), options=SendOptions(packet_size=size))
    assert {len(packet.packet) for packet in prepared.packets} == {size.packet_size}
    data = NETWORK.carry(prepared.packets)[BOB.address.identity]
    assert {len(one) for one in data} == {size.delivered_size}
    assert nym.MessageReceiver(BOB).feed(data).messages == [nym.PlainMessage(bytes(50_000))]


def test_a_route_has_all_layers_and_delays() -> None:
    NETWORK.hops.clear()
    (packet,) = send(b"").packets
    NETWORK.carry([packet], acks=False)
    passed = {NETWORK.topology.nodes[i].role for i in range(8) if NETWORK.hops[address(i)]}
    assert len(NETWORK.hops) == 4
    assert {nym.Role.LAYER_1, nym.Role.LAYER_2, nym.Role.LAYER_3} < passed
    assert packet.delay_ns > 0


def address(i: int) -> nym.NodeAddress:
    return NETWORK.topology.nodes[i].address


def test_without_mix_hops() -> None:
    NETWORK.hops.clear()
    (packet,) = send(b"fast", options=SendOptions(mix_hops=False)).packets
    assert packet.delay_ns == 0
    delivered = NETWORK.carry([packet])
    assert dict(NETWORK.hops) == {address(7): 1, address(6): 1}
    data = delivered[BOB.address.identity]
    assert nym.MessageReceiver(BOB).feed(data).messages == [nym.PlainMessage(b"fast")]


def test_many_messages_together() -> None:
    """Messages for several recipients, prepared at once, are what each would be alone."""
    clients = [NETWORK.client(b"client %d" % i, i % 2) for i in range(5)]
    outgoing = [
        nym.Outgoing(bytes([i]) * (700 * i), clients[i % 5].address, reply_surbs=i % 3)
        for i in range(12)
    ]
    prepared = nym.prepare_messages(outgoing, NETWORK.topology, ALICE)
    assert [len(one.reply_keys) for one in prepared] == [i % 3 for i in range(12)]
    delivered = NETWORK.carry(packet for one in prepared for packet in one.packets)
    got = [
        nym.MessageReceiver(client).feed(delivered[client.address.identity]) for client in clients
    ]
    for i, one in enumerate(outgoing):
        messages = {message.data: message for message in got[i % 5].messages}
        message = messages[one.message]
        if one.reply_surbs:
            assert len(message.surbs) == one.reply_surbs
            assert {surb.key_rotation for surb in message.surbs} == {nym.KeyRotation.EVEN}
        else:
            assert isinstance(message, nym.PlainMessage)
    assert ROTATION_ID % 2 == 0
    assert nym.prepare_messages([], NETWORK.topology, ALICE) == []


@pytest.mark.parametrize("answer", [b"x", b"answer" * 500])
def test_replies(answer: bytes) -> None:
    needed = nym.surbs_needed(answer)
    prepared = send(b"question", reply_surbs=needed + 1, sender_tag=TAG)
    asker = nym.MessageReceiver(ALICE)
    asker.reply_keys.add(prepared.reply_keys)
    data = NETWORK.carry(prepared.packets)[BOB.address.identity]
    (question,) = nym.MessageReceiver(BOB).feed(data).messages
    assert isinstance(question, nym.RepliableMessage)
    assert (question.sender_tag, question.data) == (TAG, b"question")

    reply = nym.prepare_reply(answer, question.surbs, NETWORK.topology, BOB)
    assert len(reply.packets) == needed
    delivered = NETWORK.carry(reply.packets)
    received = asker.feed(delivered[ALICE.address.identity])
    assert received == nym.Received(replies=[nym.ReplyData(answer)])
    acks = nym.MessageReceiver(BOB).feed(delivered[BOB.address.identity]).acks
    assert sorted(acks) == sorted(identifiers(reply))

    # The spare SURB was left alone, and a used one cannot be used again.
    request = nym.SurbRequest(BOB.address, 7)
    with pytest.raises(sx.SphinxError, match="used before"):
        nym.prepare_reply(request, question.surbs[:1], NETWORK.topology, BOB)
    more = nym.prepare_reply(request, question.surbs[needed:], NETWORK.topology, BOB)
    data = NETWORK.carry(more.packets)[ALICE.address.identity]
    assert asker.feed(data) == nym.Received(replies=[request])


def test_too_few_surbs() -> None:
    prepared = send(b"question", reply_surbs=2)
    data = NETWORK.carry(prepared.packets)[BOB.address.identity]
    (question,) = nym.MessageReceiver(BOB).feed(data).messages
    with pytest.raises(nym.ReplyError, match="needs 3 SURBs, but has 2"):
        nym.prepare_reply(bytes(4000), question.surbs, NETWORK.topology, BOB)
    assert len(nym.prepare_reply(b"short", question.surbs, NETWORK.topology, BOB).packets) == 1


def test_more_surbs_on_request() -> None:
    surbs = send(b"", reply_surbs=3, sender_tag=TAG)
    data = NETWORK.carry(surbs.packets)[BOB.address.identity]
    (first,) = nym.MessageReceiver(BOB).feed(data).messages
    again = nym.RepliableMessage(TAG, nym.RepliableContent.ADDITIONAL_SURBS, first.surbs, b"")
    prepared = nym.prepare_message(again, BOB.address, NETWORK.topology, ALICE)
    data = NETWORK.carry(prepared.packets)[BOB.address.identity]
    (message,) = nym.MessageReceiver(BOB).feed(data).messages
    assert message.content is nym.RepliableContent.ADDITIONAL_SURBS
    assert [s.to_bytes() for s in message.surbs] == [s.to_bytes() for s in first.surbs]


def test_replies_belong_to_surbs() -> None:
    """Neither can a stranger send a "reply", nor does a message come through a SURB."""
    from sphinxcore.nym.fragments import split
    from sphinxcore.nym.messages import encode, pad

    size = nym.PacketSize.REGULAR.fragment_size
    (forged,) = split(pad(encode(nym.ReplyData(b"forged")), size), size)
    packets = nym.prepare_fragments([(forged, BOB.address)], NETWORK.topology, ALICE)
    data = NETWORK.carry(packets)[BOB.address.identity]
    received = nym.MessageReceiver(BOB).feed(data)
    assert not received.replies
    assert not received.messages
    assert "without a reply SURB" in str(received.refused[0].error)

    prepared = send(b"question", reply_surbs=1)
    asker = nym.MessageReceiver(ALICE)
    asker.reply_keys.add(prepared.reply_keys)
    data = NETWORK.carry(prepared.packets)[BOB.address.identity]
    (question,) = nym.MessageReceiver(BOB).feed(data).messages
    (plain,) = split(pad(encode(nym.PlainMessage(b"plain")), size), size)
    packets = nym.prepare_reply_fragments([(plain, question.surbs[0])], NETWORK.topology, BOB)
    received = asker.feed(NETWORK.carry(packets)[ALICE.address.identity])
    assert not received.replies
    assert not received.messages
    assert "through a reply SURB" in str(received.refused[0].error)


def test_sending_again() -> None:
    """A fragment that was lost is sent in a new packet, and completes its message."""
    prepared = send(bytes(5000))
    receiver = nym.MessageReceiver(BOB)
    some = prepared.packets[:1] + prepared.packets[2:]
    assert receiver.feed(NETWORK.carry(some)[BOB.address.identity]) == nym.Received()
    lost = [(prepared.fragments[1], BOB.address)]
    again = nym.prepare_fragments(lost, NETWORK.topology, ALICE)
    assert again[0].packet != prepared.packets[1].packet
    data = NETWORK.carry(again)[BOB.address.identity]
    assert receiver.feed(data).messages == [nym.PlainMessage(bytes(5000))]


@pytest.mark.parametrize("count", [0, 1, 7])
def test_cover(count: int) -> None:
    packets = nym.loop_packets(count, NETWORK.topology, ALICE)
    assert len(packets) == count
    delivered = NETWORK.carry(packets)
    assert list(delivered) in ([], [ALICE.address.identity])
    received = nym.MessageReceiver(ALICE).feed(delivered[ALICE.address.identity])
    assert received == nym.Received(cover=count, cover_acks=count)


def test_cover_has_mix_hops() -> None:
    with pytest.raises(nym.NymError, match="mix layers"):
        nym.loop_packets(1, NETWORK.topology, ALICE, options=SendOptions(mix_hops=False))


@pytest.mark.parametrize("key", LOW_ORDER)
def test_keys_of_low_order(key: bytes) -> None:
    """What everybody could read is not sent, and what anybody could have sent not taken."""
    recipient = nym.Recipient(BOB.address.identity, key, BOB.address.gateway)
    with pytest.raises(nym.MessageError, match="low order"):
        nym.prepare_message(b"secret", recipient, NETWORK.topology, ALICE)
    received = nym.MessageReceiver(BOB).feed([key + bytes(1611)])
    assert [refused.index for refused in received.refused] == [0]
    assert "low order" in str(received.refused[0].error)


def test_bad_payloads_do_not_disturb_good_ones() -> None:
    prepared = send(b"good" * 1000)
    delivered = NETWORK.carry(prepared.packets)
    good = delivered[BOB.address.identity]
    bad = [b"", bytes(20), bytes(32), bytes(32_364), bytes([9]) * 1643, bytes([7]) * 40]
    mixed = [payload for pair in zip(bad, good + bad, strict=False) for payload in pair]
    received = nym.MessageReceiver(BOB).feed(mixed)
    assert received.messages == [nym.PlainMessage(b"good" * 1000)]
    assert {refused.index for refused in received.refused} == {
        i for i, payload in enumerate(mixed) if payload not in good
    }


def test_wrong_types() -> None:
    with pytest.raises(TypeError, match="recipient must be Recipient"):
        nym.Outgoing(b"", BOB)
    with pytest.raises(nym.MessageError, match="go with data"):
        nym.Outgoing(nym.PlainMessage(b""), BOB.address, reply_surbs=1)
    with pytest.raises(TypeError, match="keys must be ClientKeys"):
        nym.MessageReceiver(BOB.encryption)
    fragment = nym.Fragment.from_bytes(bytes.fromhex("80000001010100") + bytes(100))
    with pytest.raises(nym.MessageError, match="another packet size"):
        nym.prepare_fragments([(fragment, BOB.address)], NETWORK.topology, ALICE)
    with pytest.raises(nym.TopologyError):
        stranger = nym.Recipient(BOB.address.identity, BOB.address.encryption_key, bytes(32))
        nym.prepare_message(b"", stranger, NETWORK.topology, ALICE)


@DETERMINISTIC
@given(st.lists(st.binary(max_size=100) | st.binary(min_size=1643, max_size=1643), max_size=4))
def test_any_payload(payloads: list[bytes]) -> None:
    """Any bytes are refused, or are an acknowledgement of some identifier; nothing raises."""
    receiver = nym.MessageReceiver(BOB)
    received = receiver.feed(payloads)
    got = len(received.refused) + len(received.acks) + received.cover_acks
    # By chance something is a fragment, of a set that has more.
    assert got == len(payloads) or receiver.messages.open_sets
    assert receiver.replies.open_sets == 0
