"""Seeds for the targets of the message layer: what the library itself writes."""

import json

from fuzz.clients import CLIENT, IDENTITIES, REPLY_KEYS, address, reply_surbs, seeded, topology
from fuzz.nym_wire import RIGHT
from fuzz.target import fixed_randomness

from sphinxcore import nym
from sphinxcore.nym import base58
from sphinxcore.nym.cover import COVER_TEXT
from sphinxcore.nym.messages import encode, pad
from sphinxcore.nym.replies import encode_surb_list

_ACK = seeded("ack", nym.PacketSize.ACK.packet_size)
_REGULAR = seeded("regular", nym.PacketSize.REGULAR.packet_size)
_TAG = nym.SenderTag(seeded("tag", 16))


def wire() -> dict[str, list[bytes]]:
    """Seeds of nym_wire.py."""
    old = nym.encode_frames([_ACK, _REGULAR], version=7)
    new = nym.encode_frames([_ACK] * 3, key_rotation=[0, 1, 2])
    outfox = nym.encode_frames([_ACK], packet_type=nym.PacketType.OUTFOX)
    cuts = (3).to_bytes(2, "big") + (393).to_bytes(2, "big") + (395).to_bytes(2, "big")
    addresses = [address(0), address(1), nym.NodeAddress.from_text("[::ffff:1.2.3.4]:65535")]
    block = address(1).padded(19) + _ACK
    payload = bytes(16) + seeded("message", 21) + b"\1"
    with fixed_randomness(b"envelopes"):
        mix = [
            nym.MixPacket(address(i), _ACK, key_rotation=rotation)
            for i, rotation in enumerate(nym.KeyRotation)
        ]
        sealed = [
            RIGHT.seal(nym.RequestKind.FORWARD_SPHINX, mix[0].to_bytes(1)),
            RIGHT.seal(nym.RequestKind.FORWARD_SPHINX_V2, mix[1].to_bytes(2)),
            RIGHT.seal(nym.ResponseKind.PUSHED_MESSAGE, b"message"),
        ]
        identifiers = [nym.FragmentId(2**31 - 1, 255), nym.FragmentId(0, 0)]
        contents = CLIENT.acks.encrypt(identifiers, backend="python").tobytes()
    script = [bytes([8, 2, 0, 1, 128]), bytes([7, 2, 0, 0, 128]), bytes([8, 1, 2, 0, 128])]
    return {
        "frames": [cuts + stream for stream in (old[:400], new, outfox + new, new + b"\7\2\0")],
        "frame_script": [
            bytes(8) + b"".join(script),
            cuts + bytes(2) + script[1] + bytes([8, 5, 0, 2, 128]) + bytes([9, 2, 0, 0, 0]),
            cuts + bytes(2) + script[0] + bytes([8, 3, 0, 2, 100]),
        ],
        "unread_frames": [seeded("unread", 24)],
        "node_address_bytes": [a.to_bytes() for a in addresses] + [addresses[0].padded()],
        "node_address_text": [str(a).encode() for a in addresses] + [b"[fe80::1%3]:1"],
        "recipient_bytes": [CLIENT.address.to_bytes()],
        "recipient_text": [str(CLIENT.address).encode()],
        "sender_tag": [_TAG.to_bytes(), str(_TAG).encode()],
        "base58_text": [b"11" + base58.encode(seeded("text", 32)).encode(), bytes(3) + b"x"],
        "mix_packet": [one.to_bytes(form) for one in mix[:2] for form in (1, 2)],
        "envelope": [*sealed, bytes([2]) + bytes(15) + mix[2].to_bytes(2)],
        "ack_block": [block, address(0).padded(19) + _ACK],
        "fragment_id": [identifiers[0].to_bytes(), b"\0" + contents[:21] + b"\1" + contents[21:]],
        "deliver": [
            payload,
            bytes([0, 1]) + block + b"data",
            bytes([1, 1]) + payload[16:-1],
        ],
    }


def messages() -> dict[str, list[bytes]]:
    """Seeds of nym_messages.py."""
    old, new = reply_surbs(2, layout=1), reply_surbs(2, layout=2)
    kinds = nym.RepliableContent
    encoded = [
        encode(nym.PlainMessage(b"plain")),
        encode(nym.RepliableMessage(_TAG, kinds.DATA, new[:1], b"data")),
        encode(nym.RepliableMessage(_TAG, kinds.ADDITIONAL_SURBS, old[:1]), 1),
        encode(nym.RepliableMessage(_TAG, kinds.HEARTBEAT)),
        encode(nym.ReplyData(b"answer")),
        encode(nym.SurbRequest(CLIENT.address, 10)),
    ]
    fragments = nym.split(seeded("split", 257 * 4 - 6), 11, set_ids=[1, 2])
    request, answer = (pad(one, 260) for one in (encoded[5], encoded[4]))
    # A payload of a script for the receiver: kind, (SURB,) set, total, position, size, text.
    plain = bytes([8, 1, 1, 1, len(encoded[0])]) + encoded[0]
    halves = [
        bytes([9, i, 2, 2, i + 1, 127]) + part
        for i, part in enumerate((request[:127], request[127:254]))
    ]
    whole = json.loads(topology().to_json())
    reply = bytes([9 | 64, 3, 1, 1, 1, 8]) + answer[:8]
    return {
        "fragment": [fragments[i].to_bytes() for i in (0, 1, 254, 255)],
        "reassembler": [
            bytes([80, 0, 0, 2, 0, 0, 80, 1, 1, 0, 1, 0]),
            bytes([1, 0, 1, 0, 1, 7, 0, 1, 0, 1, 1, 1, 8, 0]),
            bytes([80, 0, 2, 2, 1, 0, 80, 1, 1, 1, 0, 0, 70, 0, 13]),
        ],
        "split_and_join": [bytes([3, 8, 0]) + seeded("swaps", 24), bytes([20, 0, 9])],
        "message": encoded,
        "padded_message": [pad(one, 40) for one in encoded],
        "surb_list": [
            encode_surb_list(new),
            encode_surb_list(reply_surbs(2, layout=2, hops=1)),
            encode_surb_list(old, 1),
            encode_surb_list([]),
        ],
        "reply_surb_bytes": [new[0].to_bytes(), old[0].to_bytes()],
        "reply_surb_text": [new[0].to_text().encode(), old[0].to_text().encode()],
        "receiver": [
            plain,
            b"".join(halves),
            reply,
            bytes([9, len(REPLY_KEYS)]) + plain[1:],
            bytes([4]) + COVER_TEXT[:4] + bytes([2]) + seeded("ack", 21) + plain,
            bytes([0, 40]) + REPLY_KEYS[0].digest() + bytes(8),
        ],
        "topology_json": [
            topology().to_json().encode(),
            json.dumps(whole | {"nodes": whole["nodes"][:1]}).encode(),
            json.dumps(whole | {"nodes": []}).encode(),
            b"[" * 2900,
        ],
        "topology_fields": [
            bytes([0, 4, 4]) + b"1e15" + b"\1",
            bytes([1, 3, 18]) + b'["entry", "exit" ]' + b"\1" + bytes([1, 9]) + b"1.2.3.4:5",
            bytes([0, 0, 64]) + IDENTITIES[0].hex().encode(),
        ],
    }
