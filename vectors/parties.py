"""Senders and nodes, for generate.py: what they are given and what they do, as JSON values."""

import contextlib
import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from document import Fields
from stream import Stream, drawing_from

import sphinxcore as sx
from sphinxcore import _random

WIRE = sx.NYM
KEY_SIZE = 32
ALPHA = slice(0, WIRE.alpha_size)
MAC = slice(ALPHA.stop, ALPHA.stop + WIRE.mac_size)
ROUTING = slice(MAC.stop, WIRE.header_size)
REGULAR = 2065
WHOLE = WIRE.header_size + REGULAR
"""Longest byte string of a sender that is written whole; others by their SHA-256."""
WHOLE_OUTCOME = WIRE.header_size + 64
"""The same for what nodes put out."""


def put(fields: Fields, name: str, value: bytes, limit: int) -> None:
    if len(value) <= limit:
        fields[name] = value.hex()
    else:
        fields[name + "Sha256"] = hashlib.sha256(value).hexdigest()


def flip(packet: bytes, byte: int, bit: int) -> bytes:
    changed = bytearray(packet)
    changed[byte] ^= 1 << bit
    return bytes(changed)


def refuse(comment: str, action: Callable[[], object]) -> None:
    """Check that the library refuses: such cases have no result to write."""
    try:
        action()
    except sx.SphinxError:
        return
    raise SystemExit(f"{comment}: the library did not refuse this")


# Senders ------------------------------------------------------------------------------------------


def inputs(label: str, version: int, hops: int, payload_size: int, message: int) -> Fields:
    """A packet's inputs. Random bytes of the library come from the stream "library " + label."""
    stream = Stream(label)
    nodes = []
    for _ in range(hops):
        key = sx.PrivateKey.from_bytes(stream.read(KEY_SIZE))
        nodes.append(
            {
                "privateKey": key.to_bytes().hex(),
                "publicKey": key.public_key.to_bytes().hex(),
                "address": stream.read(WIRE.address_size).hex(),
                "delayNs": str(stream.number(5)),
            }
        )
    return {
        "version": version,
        "payloadSize": payload_size,
        "hops": nodes,
        "destination": stream.read(WIRE.address_size).hex(),
        "identifier": stream.read(WIRE.identifier_size).hex(),
        "message": stream.read(message).hex(),
    }


def private_key(hop: Fields) -> sx.PrivateKey:
    return sx.PrivateKey.from_bytes(bytes.fromhex(hop["privateKey"]))


def route(case: Fields) -> list[sx.Hop]:
    return [
        sx.Hop(
            bytes.fromhex(hop["address"]),
            sx.PublicKey.from_bytes(bytes.fromhex(hop["publicKey"])),
            int(hop["delayNs"]),
        )
        for hop in case["hops"]
    ]


def recipient(case: Fields) -> dict[str, bytes]:
    return {name: bytes.fromhex(case[name]) for name in ("destination", "identifier")}


def drawn_by_library(case: Fields, label: str, build: Callable[[], Any]) -> Any:
    """build(), with the two things it draws added to the case."""
    with drawing_from(_random, Stream("library " + label)) as drawn:
        built = build()
    case["initialSecret"], case["finalPadding"] = (draw.hex() for draw in drawn)
    return built


def build(case: Fields, label: str) -> bytes:
    packet: bytes = drawn_by_library(
        case,
        label,
        lambda: sx.build_packet(
            route(case),
            bytes.fromhex(case["message"]),
            **recipient(case),
            version=case["version"],
            payload_size=case["payloadSize"],
        ),
    )
    return packet


# Nodes --------------------------------------------------------------------------------------------


def outcome(row: sx.Row, replay_tag: bytes) -> Fields:
    """A row in the words of the vector files. `replay_tag` is stage 1's."""
    fields: Fields = {"status": row.status.name.lower()}
    if any(replay_tag):
        fields["replayTag"] = replay_tag.hex()
    if row.status is sx.Status.FORWARD:
        fields |= {"version": row.version, "nextHop": row.next_hop.hex()}
        fields["delayNs"] = str(row.delay_ns)
        put(fields, "nextPacket", row.packet, WHOLE_OUTCOME)
    if row.status is sx.Status.DELIVER:
        fields |= {"version": row.version, "destination": row.destination.hex()}
        fields["identifier"] = row.identifier.hex()
        put(fields, "payload", row.payload, WHOLE_OUTCOME)
        with contextlib.suppress(sx.SphinxError):  # no message: the case has none either
            put(fields, "message", sx.recover_message(row.payload), WHOLE_OUTCOME)
    return fields


def result(*outcomes: Fields) -> Fields:
    good = all(fields["status"] in ("forward", "deliver") for fields in outcomes)
    return {"result": "valid" if good else "invalid"}


def process(key: sx.PrivateKey, packet: bytes) -> tuple[Fields, sx.Row]:
    opened = sx.Processor(key).authenticate([packet])
    tag = opened.replay_tags[0].tobytes()
    row = opened.unwrap()[0]
    return outcome(row, tag), row


def travel(case: Fields, packet: bytes) -> tuple[list[Fields], bytes]:
    """Outcomes at all nodes of the route, and the payload at the last."""
    outcomes = []
    for hop in case["hops"]:
        fields, row = process(private_key(hop), packet)
        outcomes.append(fields)
        packet = row.packet
    return outcomes, row.payload


def row_of(value: bytes) -> Any:
    return np.frombuffer(value, np.uint8).reshape(1, -1)


def expand(key: sx.PrivateKey, alpha: bytes) -> Fields:
    """What a node derives from alpha, step by step."""
    shared = sx.batch.x25519(row_of(key.to_bytes()), alpha)
    secret = sx.batch.hkdf_sha256(shared, info=WIRE.secret_info, size=WIRE.secret_size)
    return {"sharedSecret": shared.tobytes().hex(), "expandedSecret": secret.tobytes().hex()}


def routing_stream(secret: bytes, data: bytes) -> bytes:
    stream_key = secret[WIRE.secret_part("stream_key")]
    return sx.batch.aes128_ctr(stream_key, bytes(16), row_of(data)).tobytes()


def intermediate(key: sx.PrivateKey, packet: bytes, version: int) -> Fields:
    """Values between the steps of an authentic packet, for whoever looks for a difference."""
    fields = expand(key, packet[ALPHA])
    secret = bytes.fromhex(fields["expandedSecret"])
    plain = routing_stream(secret, packet[ROUTING] + bytes(WIRE.slot_size))
    payload_key = secret[WIRE.secret_part("payload_key")]
    if WIRE.uses_payload_seed(version):
        payload_key = sx.batch.hkdf_sha256(
            row_of(secret[WIRE.payload_seed()]),
            salt=WIRE.payload_key_salt,
            info=WIRE.payload_key_info,
            size=len(payload_key),
        ).tobytes()
    return fields | {"routing": plain.hex(), "payloadKey": payload_key.hex()}


def forge(key: sx.PrivateKey, alpha: bytes, layer: bytes, rest: Stream, payload: int) -> bytes:
    """A packet whose header is authentic for this node, whatever alpha and the layer are."""
    secret = bytes.fromhex(expand(key, alpha)["expandedSecret"])
    plain = layer + rest.read(WIRE.routing_size - len(layer))
    routing = routing_stream(secret, plain)
    mac = sx.batch.hmac_sha256(secret[WIRE.secret_part("mac_key")], row_of(routing)).tobytes()
    return alpha + mac[: WIRE.mac_size] + routing + rest.read(payload)
