"""Wrong arguments of every public call of sphinxcore are refused by a check."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arguments import WRONG, Call, public_calls, sweep
from network import DESTINATION, IDENTIFIER, SMALL_PAYLOAD, key, packet, route

import sphinxcore as sx
from sphinxcore import batch

KEY = key(0)
PACKETS = [packet(2), packet(1)]
PROCESSOR = sx.Processor(KEY)
RESULT = PROCESSOR.process(PACKETS)
ROWS = np.zeros((2, 64), np.uint8)

SURB = sx.build_surb(route(2), destination=DESTINATION)
RECOVERABLE, RECOVERY = sx.build_recoverable_surb(
    route(2), destination=DESTINATION, identifier=IDENTIFIER
)
OPTIONAL = {"backend": "python", "wire_format": sx.NYM}
TO = {"destination": DESTINATION, "identifier": IDENTIFIER}
BUILDING = {"version": 259, **TO, **OPTIONAL}
SIZED = {"payload_size": SMALL_PAYLOAD, "backend": "python"}


def surb() -> sx.Surb:
    return sx.Surb.from_bytes(SURB.to_bytes())


def unwrap(**given: Any) -> sx.BatchResult:
    return PROCESSOR.authenticate(PACKETS).unwrap(**given)


def use_surbs(surbs: Any, **given: Any) -> Any:
    """With SURBs that were not used: those that are given stay so."""
    if type(surbs) is list:
        surbs = [surb() if isinstance(one, sx.Surb) else one for one in surbs]
    return sx.use_surbs(surbs, **given)


def write_key(path: Any, key: Any) -> None:
    sx.write_key(path, key)
    Path(os.fsdecode(path)).unlink()


def read_key(path: Any) -> None:
    Path("key").write_bytes(KEY.to_bytes().hex().encode())
    sx.read_key(path)


RECOVERED = (
    sx.Processor(key(1))
    .process(
        [
            PROCESSOR.process(
                [
                    sx.Surb.from_bytes(RECOVERABLE.to_bytes()).use(
                        b"reply", payload_size=SMALL_PAYLOAD
                    )[0]
                ]
            )[0].packet
        ]
    )[0]
    .payload
)

CALLS = {
    "AuthenticatedBatch.unwrap": Call(unwrap, {"accept": [True, False], "out": sx.BatchResult()}),
    "Hop": Call(sx.Hop, {"address": bytes(32), "public_key": KEY.public_key, "delay_ns": 1}),
    "PrivateKey.from_bytes": Call(sx.PrivateKey.from_bytes, {"raw": bytes(32)}),
    "Processor": Call(sx.Processor, {"keys": [KEY], "threads": 1, **OPTIONAL}),
    "Processor.authenticate": Call(
        PROCESSOR.authenticate,
        {"packets": PACKETS, "key_hints": [0, -1], "packet_size": None},
    ),
    "Processor.process": Call(
        PROCESSOR.process,
        {
            "packets": b"".join(PACKETS),
            "key_hints": [0, 0],
            "packet_size": len(PACKETS[0]),
            "out": sx.BatchResult(),
        },
    ),
    "PublicKey.from_bytes": Call(sx.PublicKey.from_bytes, {"raw": KEY.public_key.to_bytes()}),
    "ReplayFilter.add": Call(lambda opened: sx.ReplayFilter().add(opened), {"opened": RESULT}),
    "ReplayFilter.add_tags": Call(sx.ReplayFilter().add_tags, {"tags": [bytes(32)]}),
    "Surb.from_bytes": Call(sx.Surb.from_bytes, {"raw": SURB.to_bytes(), "wire_format": sx.NYM}),
    "Surb.use": Call(lambda **given: surb().use(**given), {"message": b"reply", **SIZED}),
    "SurbRecovery.from_bytes": Call(
        sx.SurbRecovery.from_bytes, {"raw": RECOVERY.to_bytes(), "wire_format": sx.NYM}
    ),
    "SurbRecovery.recover": Call(RECOVERY.recover, {"payload": RECOVERED, "backend": "python"}),
    "WireFormat": Call(
        sx.WireFormat,
        {field.name: getattr(sx.NYM, field.name) for field in dataclasses.fields(sx.NYM)},
    ),
    "WireFormat.encode_version": Call(sx.NYM.encode_version, {"version": 259}),
    "WireFormat.packet_size": Call(sx.NYM.packet_size, {"payload_size": 64}),
    "WireFormat.padding_size": Call(sx.NYM.padding_size, {"hops": 3}),
    "WireFormat.secret_part": Call(sx.NYM.secret_part, {"name": "mac_key"}),
    "WireFormat.uses_payload_seed": Call(sx.NYM.uses_payload_seed, {"version": 259}),
    "backend": Call(sx.backend, {"name": "python"}),
    "batch.aes128_ctr": Call(
        batch.aes128_ctr, {"keys": bytes(16), "ivs": bytes(16), "data": ROWS, "backend": "python"}
    ),
    "batch.blake2b": Call(
        batch.blake2b, {"data": ROWS, "keys": bytes(32), "digest_size": 32, "backend": "python"}
    ),
    "batch.chacha20": Call(
        batch.chacha20,
        {
            "keys": bytes(32),
            "nonces": bytes(12),
            "data": ROWS,
            "counter": 1,
            "backend": "python",
        },
    ),
    "batch.hkdf_sha256": Call(
        batch.hkdf_sha256,
        {"ikm": ROWS, "salt": b"salt", "info": b"info", "size": 32, "backend": "python"},
    ),
    "batch.hmac_sha256": Call(
        batch.hmac_sha256, {"keys": bytes(32), "data": ROWS, "backend": "python"}
    ),
    "batch.lioness_decrypt": Call(
        batch.lioness_decrypt, {"keys": bytes(192), "data": ROWS, "backend": "python"}
    ),
    "batch.lioness_encrypt": Call(
        batch.lioness_encrypt, {"keys": bytes(192), "data": ROWS, "backend": "python"}
    ),
    "batch.x25519": Call(
        batch.x25519,
        {"scalars": ROWS[:, :32], "points": KEY.public_key.to_bytes(), "backend": "python"},
    ),
    "build_packet": Call(
        sx.build_packet, {"hops": route(2), "message": b"hello", **BUILDING, **SIZED}
    ),
    "build_packets": Call(
        sx.build_packets,
        {"routes": [route(1)], "messages": [b"hello"], **BUILDING, **SIZED, "threads": 1},
    ),
    "build_recoverable_surb": Call(sx.build_recoverable_surb, {"hops": route(2), **TO, **OPTIONAL}),
    "build_recoverable_surbs": Call(
        sx.build_recoverable_surbs, {"routes": [route(1)], **TO, **OPTIONAL}
    ),
    "build_surb": Call(sx.build_surb, {"hops": route(2), **BUILDING}),
    "build_surbs": Call(sx.build_surbs, {"routes": [route(1)], **BUILDING}),
    "read_key": Call(read_key, {"path": "key"}),
    "recover_message": Call(
        sx.recover_message, {"payload": bytes(16) + b"hello\1", "wire_format": sx.NYM}
    ),
    "use_surbs": Call(use_surbs, {"surbs": [SURB], "messages": [b"reply"], **SIZED}),
    "write_key": Call(write_key, {"path": "key", "key": KEY}),
}

ACCEPTED = {
    "AuthenticatedBatch.unwrap": {"accept: None", "out: None"},
    "Processor.authenticate": {
        "key_hints: None",
        "key_hints: negative",
        "packets: bytes",
        "packets: floats",
    },
    "Processor.process": {"key_hints: None", "key_hints: negative", "out: None"},
    "ReplayFilter.add_tags": {"tags: bytes", "tags: floats"},
    "WireFormat": {"key_schedule: int"},
    "batch.hkdf_sha256": {"salt: floats", "info: floats"},
    "batch.x25519": {"points: None"},
    "build_packets": {"messages: bytes", "messages: floats"},
    "use_surbs": {"messages: bytes", "messages: floats"},
    "Surb.use": {"message: floats"},
    "build_packet": {"message: floats"},
    "write_key": {"path: bytes"},
}
"""What is not wrong: None for what can be left out, a packet of any bytes. An array is a buffer."""

MADE_BY_THE_LIBRARY = {"AuthenticatedBatch", "Row"}
"""What the library makes: their constructors check nothing."""


def test_all_are_here() -> None:
    names = {name: set(call.arguments) for name, call in CALLS.items()}
    every = public_calls(sx)
    assert names == {name: every[name] for name in every if name not in MADE_BY_THE_LIBRARY}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_arguments(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert sweep(name, CALLS[name], ACCEPTED.get(name, set())) >= len(WRONG) // 2
