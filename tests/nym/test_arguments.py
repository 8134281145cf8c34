"""Wrong arguments of every public call of sphinxcore.nym are refused by a check."""

import dataclasses
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from arguments import WRONG, Call, public_calls, sweep
from network import DESTINATION
from nym_network import Network
from reply_surbs import fresh_surbs, route
from stored_surbs import ALICE, START, reply_key, surb

from sphinxcore import nym
from sphinxcore.nym.messages import encode

NETWORK = Network()
TOPOLOGY = NETWORK.topology
KEYS = NETWORK.client(b"alice")
SENDING = {"topology": TOPOLOGY, "keys": KEYS, "options": nym.SendOptions()}
REPLY = nym.ReplyData(b"reply")
RECIPIENT = KEYS.address
HOST = nym.NodeAddress(IPv4Address("192.0.2.1"), 1789)
ACK = bytes(nym.PacketSize.ACK.packet_size)
GATEWAY_KEY = nym.GatewayKey.from_bytes(bytes(32))
MIX_PACKET = nym.MixPacket(HOST, ACK)
(FRAGMENT,) = nym.prepare_message(b"hello", RECIPIENT, TOPOLOGY, KEYS).fragments
FRAGMENT_ID = nym.FragmentId(1, 1)
(REPLY_SURB,) = fresh_surbs()
UNKNOWN = nym.KeyRotation.UNKNOWN


def defaults(kind: Any) -> dict[str, Any]:
    return {field.name: getattr(kind(), field.name) for field in dataclasses.fields(kind)}


def with_store(method: str) -> Callable[..., Any]:
    """A method of a new store that knows a peer."""

    def call(**given: Any) -> Any:
        with nym.SurbStore(clock=lambda: START) as store:
            store.add(ALICE, [surb(0)])
            return getattr(store, method)(**given)

    return call


def open_store(**given: Any) -> None:
    nym.SurbStore(**given).close()


def unused(given: Any) -> Any:
    """With copies of reply SURBs, so that those that are given stay unused."""
    if isinstance(given, nym.ReplySurb):
        return nym.ReplySurb.from_bytes(given.to_bytes())
    return type(given)(map(unused, given)) if type(given) in (list, tuple) else given


CALLS = {
    "AckKey.decrypt": Call(KEYS.acks.decrypt, {"contents": [bytes(21)], "backend": "python"}),
    "AckKey.encrypt": Call(KEYS.acks.encrypt, {"identifiers": [FRAGMENT_ID], "backend": "python"}),
    "AckKey.from_bytes": Call(nym.AckKey.from_bytes, {"raw": bytes(16)}),
    "ClientKeys": Call(
        nym.ClientKeys,
        {
            "identity": KEYS.identity,
            "encryption": KEYS.encryption,
            "acks": KEYS.acks,
            "gateway": RECIPIENT.gateway,
        },
    ),
    "ClientKeys.generate": Call(nym.ClientKeys.generate, {"gateway": RECIPIENT.gateway}),
    "Fragment": Call(
        nym.Fragment,
        {
            "set_id": 1,
            "total": 255,
            "position": 255,
            "payload": b"payload",
            "previous_set": None,
            "next_set": 2,
        },
    ),
    "Fragment.from_bytes": Call(nym.Fragment.from_bytes, {"raw": FRAGMENT.to_bytes()}),
    "FragmentId.from_bytes": Call(nym.FragmentId.from_bytes, {"raw": bytes(5)}),
    "FrameDecoder.feed": Call(lambda data: nym.FrameDecoder().feed(data), {"data": b"\x08"}),
    "Frames.key_hints": Call(nym.FrameDecoder().feed(b"").key_hints, {"odd": 0, "even": 1}),
    "GatewayKey.from_bytes": Call(nym.GatewayKey.from_bytes, {"raw": bytes(32)}),
    "GatewayKey.open": Call(
        GATEWAY_KEY.open,
        {
            "blob": nym.seal_message(GATEWAY_KEY, b"message"),
            "kinds": nym.ResponseKind,
            "allow_plaintext": False,
        },
    ),
    "GatewayKey.seal": Call(
        GATEWAY_KEY.seal, {"kind": nym.ResponseKind.PUSHED_MESSAGE, "plaintext": b"message"}
    ),
    "IdentityKey.from_bytes": Call(nym.IdentityKey.from_bytes, {"raw": bytes(32)}),
    "IdentityKey.sign": Call(KEYS.identity.sign, {"data": b"data"}),
    "KeyRotation.of_id": Call(nym.KeyRotation.of_id, {"rotation_id": 7}),
    "MessageReceiver": Call(
        nym.MessageReceiver,
        {
            "keys": KEYS,
            "reply_keys": nym.ReplyKeys(),
            "messages": nym.Reassembler(),
            "replies": nym.Reassembler(),
            "backend": "python",
        },
    ),
    "MessageReceiver.feed": Call(nym.MessageReceiver(KEYS).feed, {"payloads": [bytes(21)]}),
    "MixPacket": Call(
        nym.MixPacket,
        {
            "first_hop": HOST,
            "packet": ACK,
            "packet_type": nym.PacketType.MIX,
            "key_rotation": UNKNOWN,
        },
    ),
    "MixPacket.from_bytes": Call(
        nym.MixPacket.from_bytes, {"raw": MIX_PACKET.to_bytes(), "form": 2}
    ),
    "MixPacket.to_bytes": Call(MIX_PACKET.to_bytes, {"form": 2}),
    "NetworkParameters": Call(nym.NetworkParameters, defaults(nym.NetworkParameters)),
    "Node": Call(
        nym.Node,
        {
            "identity": RECIPIENT.gateway,
            "address": HOST,
            "sphinx_key": KEYS.encryption.public_key,
            "role": nym.Role.ENTRY,
            "weight": 1.0,
        },
    ),
    "NodeAddress": Call(nym.NodeAddress, {"host": IPv4Address("192.0.2.1"), "port": 1789}),
    "NodeAddress.from_bytes": Call(nym.NodeAddress.from_bytes, {"raw": HOST.to_bytes()}),
    "NodeAddress.from_text": Call(nym.NodeAddress.from_text, {"text": str(HOST)}),
    "NodeAddress.padded": Call(HOST.padded, {"size": 32}),
    "Outgoing": Call(
        nym.Outgoing,
        {"message": b"hello", "recipient": RECIPIENT, "reply_surbs": 1, "sender_tag": ALICE},
    ),
    "PacketSize.of_packet": Call(nym.PacketSize.of_packet, {"size": len(ACK)}),
    "PacketSize.of_payload": Call(nym.PacketSize.of_payload, {"size": 2065}),
    "Reassembler": Call(
        nym.Reassembler,
        {
            "max_open_sets": 1,
            "max_bytes": 2**16,
            "max_chain_sets": 1,
            "max_age_s": 1.0,
            "max_finished": 1,
            "clock": float,
        },
    ),
    "Reassembler.add": Call(nym.Reassembler().add, {"fragment": FRAGMENT}),
    "Recipient": Call(
        nym.Recipient,
        {
            "identity": RECIPIENT.identity,
            "encryption_key": RECIPIENT.encryption_key,
            "gateway": RECIPIENT.gateway,
        },
    ),
    "Recipient.from_bytes": Call(nym.Recipient.from_bytes, {"raw": RECIPIENT.to_bytes()}),
    "Recipient.from_text": Call(nym.Recipient.from_text, {"text": str(RECIPIENT)}),
    "ReplyKey.from_bytes": Call(nym.ReplyKey.from_bytes, {"raw": bytes(16)}),
    "ReplyKeys": Call(nym.ReplyKeys, {"max_keys": 1, "lifetime_s": 1.0, "clock": float}),
    "ReplyKeys.add": Call(nym.ReplyKeys().add, {"keys": [reply_key(0)]}),
    "ReplyKeys.take": Call(nym.ReplyKeys().take, {"digest": bytes(32)}),
    "ReplySurb": Call(
        nym.ReplySurb,
        {"key": REPLY_SURB.key, "surb": REPLY_SURB.surb, "key_rotation": UNKNOWN},
    ),
    "ReplySurb.from_bytes": Call(
        nym.ReplySurb.from_bytes, {"raw": REPLY_SURB.to_bytes(), "key_rotation": UNKNOWN}
    ),
    "ReplySurb.from_text": Call(
        nym.ReplySurb.from_text, {"text": REPLY_SURB.to_text(), "key_rotation": UNKNOWN}
    ),
    "SendOptions": Call(nym.SendOptions, {**defaults(nym.SendOptions), "backend": "python"}),
    "SenderTag": Call(nym.SenderTag, {"raw": bytes(16)}),
    "SenderTag.from_bytes": Call(nym.SenderTag.from_bytes, {"raw": bytes(16)}),
    "SenderTag.from_text": Call(nym.SenderTag.from_text, {"text": str(ALICE)}),
    "SurbPolicy": Call(nym.SurbPolicy, defaults(nym.SurbPolicy)),
    "SurbStore": Call(open_store, {"path": ":memory:", "policy": nym.SurbPolicy(), "clock": float}),
    "SurbStore.add": Call(
        with_store("add"), {"tag": ALICE, "surbs": [surb(1)], "asked_for": False}
    ),
    "SurbStore.count": Call(with_store("count"), {"tag": ALICE}),
    "SurbStore.own_tag": Call(with_store("own_tag"), {"recipient": RECIPIENT}),
    "SurbStore.requested": Call(with_store("requested"), {"tag": ALICE, "amount": 1}),
    "SurbStore.rotate": Call(
        with_store("rotate"),
        {
            "rotation_id": 7,
            "started": START,
            "epoch_s": 3600.0,
            "validity": 24,
            "epoch_stuck": False,
        },
    ),
    "SurbStore.shortage": Call(with_store("shortage"), {"tag": ALICE, "queued": 1}),
    "SurbStore.take": Call(with_store("take"), {"tag": ALICE, "n": 1, "keep": 0}),
    "SurbStore.unreachable": Call(with_store("unreachable"), {"tag": ALICE}),
    "Topology": Call(nym.Topology, {"nodes": list(TOPOLOGY.nodes[:2]), "rotation_id": 7}),
    "Topology.from_json": Call(nym.Topology.from_json, {"text": TOPOLOGY.to_json()}),
    "Topology.node": Call(TOPOLOGY.node, {"identity": RECIPIENT.gateway}),
    "Topology.routes": Call(
        TOPOLOGY.routes,
        {"egress": [RECIPIENT.gateway], "count": 1, "mix_hops": True, "mean_delay_ns": 1},
    ),
    "build_ack_blocks": Call(
        nym.build_ack_blocks,
        {
            "identifiers": [FRAGMENT_ID],
            "routes": [route(2)],
            "key": KEYS.acks,
            "destination": DESTINATION,
            "backend": "python",
            "threads": 1,
        },
    ),
    "build_reply_surbs": Call(
        nym.build_reply_surbs,
        {
            "routes": [route(2)],
            "destination": DESTINATION,
            "key_rotation": UNKNOWN,
            "version": 259,
            "backend": "python",
        },
    ),
    "deliver": Call(nym.deliver, {"payload": bytes(16) + b"\1".ljust(22, b"\0")}),
    "encode_frames": Call(
        nym.encode_frames,
        {
            "packets": [ACK],
            "version": 8,
            "key_rotation": [1],
            "packet_type": nym.PacketType.MIX,
        },
    ),
    "exponential_ns": Call(nym.exponential_ns, {"mean_ns": 1, "n": 1}),
    "loop_packets": Call(nym.loop_packets, {"count": 1, **SENDING}),
    "open_message": Call(
        nym.open_message,
        {
            "key": GATEWAY_KEY,
            "blob": nym.seal_message(GATEWAY_KEY, b"message"),
            "allow_plaintext": False,
        },
    ),
    "open_packet": Call(
        nym.open_packet,
        {
            "key": GATEWAY_KEY,
            "blob": nym.seal_packets(GATEWAY_KEY, [MIX_PACKET])[0],
            "allow_plaintext": False,
        },
    ),
    "prepare_fragments": Call(
        nym.prepare_fragments, {"fragments": [(FRAGMENT, RECIPIENT)], **SENDING}
    ),
    "prepare_message": Call(
        nym.prepare_message,
        {
            "message": b"hello",
            "recipient": RECIPIENT,
            "reply_surbs": 1,
            "sender_tag": ALICE,
            **SENDING,
        },
    ),
    "prepare_messages": Call(
        nym.prepare_messages, {"outgoing": [nym.Outgoing(b"hello", RECIPIENT)], **SENDING}
    ),
    "prepare_reply": Call(
        lambda surbs, **given: nym.prepare_reply(surbs=unused(surbs), **given),
        {"message": REPLY, "surbs": [REPLY_SURB], **SENDING},
    ),
    "prepare_reply_fragments": Call(
        lambda fragments, **given: nym.prepare_reply_fragments(unused(fragments), **given),
        {"fragments": [(FRAGMENT, REPLY_SURB)], **SENDING},
    ),
    "read_ack_block": Call(nym.read_ack_block, {"raw": HOST.padded(19) + ACK}),
    "retransmission_timeout_ns": Call(
        nym.retransmission_timeout_ns,
        {"expected_delay_ns": 1, "parameters": nym.NetworkParameters()},
    ),
    "max_reply_size": Call(nym.max_reply_size, {"packet_size": nym.PacketSize.REGULAR}),
    "rotation_id": Call(nym.rotation_id, {"epoch": 7, "initial_epoch": 1, "validity": 24}),
    "seal_message": Call(nym.seal_message, {"key": GATEWAY_KEY, "message": b"message"}),
    "seal_packets": Call(
        nym.seal_packets, {"key": GATEWAY_KEY, "packets": [MIX_PACKET], "form": 2}
    ),
    "split": Call(nym.split, {"data": bytes(20), "fragment_size": 17, "set_ids": [1]}),
    "surbs_needed": Call(nym.surbs_needed, {"message": b"reply", "options": nym.SendOptions()}),
    "total_delay_ns": Call(nym.total_delay_ns, {"route": route(3)}),
}

ACCEPTED = {
    "AckKey.decrypt": {"contents: bytes", "contents: floats"},
    "Fragment": {"next_set: None"},
    "GatewayKey.seal": {"plaintext: floats"},
    "IdentityKey.sign": {"data: floats"},
    "MessageReceiver": {"reply_keys: None", "messages: None", "replies: None"},
    "MessageReceiver.feed": {"payloads: bytes", "payloads: floats"},
    "NetworkParameters": {"ack_wait_factor: int"},
    "Node": {"weight: int"},
    "Outgoing": {"message: floats", "sender_tag: None"},
    "Reassembler": {"max_age_s: int", "max_age_s: huge"},
    "ReplyKeys": {"lifetime_s: int", "lifetime_s: huge"},
    "SurbPolicy": {"ask_again_s: int", "give_up_s: int", "key_lifetime_s: float"},
    "SurbStore": {"path: bytes"},
    "SurbStore.rotate": {"started: int", "started: negative", "epoch_s: int"},
    "Topology.routes": {"count: None"},
    "prepare_message": {"message: floats", "sender_tag: None"},
    "prepare_reply": {"message: bytes", "message: floats"},
    "seal_message": {"message: floats"},
    "split": {"set_ids: None", "set_ids: int"},
    "surbs_needed": {"message: floats"},
    "total_delay_ns": {"route: class", "route: dict"},
}
"""What is not wrong: None for what can be left out, ints for numbers. An array is a buffer."""

UNCHECKED = {
    # Made by the library.
    *(
        "Counters",
        "SurbCounters",
        "DataPacket",
        "Delivery",
        "Frame",
        "FragmentId",
        "Frames",
        "Prepared",
    ),
    *("Received", "Refused"),
    # Checked when they are encoded: see test_messages_are_checked_when_they_are_sent().
    *("PlainMessage", "RepliableMessage", "ReplyData", "SurbRequest"),
}
"""Constructors that check nothing."""


def test_all_are_here() -> None:
    names = {name: set(call.arguments) for name, call in CALLS.items()}
    every = public_calls(nym)
    assert names == {name: every[name] for name in every if name not in UNCHECKED}
    assert every.keys() >= UNCHECKED


@pytest.mark.parametrize("name", CALLS)
def test_wrong_arguments(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert sweep(name, CALLS[name], ACCEPTED.get(name, set())) >= len(WRONG) // 2


MESSAGES: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (nym.PlainMessage, {"data": b"data"}),
    (nym.ReplyData, {"data": b"data"}),
    (nym.SurbRequest, {"recipient": RECIPIENT, "amount": 1}),
    (
        nym.RepliableMessage,
        {
            "sender_tag": ALICE,
            "content": nym.RepliableContent.DATA,
            "surbs": [REPLY_SURB],
            "data": b"data",
        },
    ),
]


@pytest.mark.parametrize(("kind", "arguments"), MESSAGES)
def test_messages_are_checked_when_they_are_sent(
    kind: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    call = Call(lambda **given: encode(kind(**given)), arguments)
    assert sweep(kind.__name__, call, {"data: floats"} & {f"{name}: floats" for name in arguments})
