"""The public API, used once, for mypy --strict: this file is type-checked, never run."""

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

import sphinxcore as sx

Bytes = npt.NDArray[np.uint8]

# Backends and the format

assert_type(sx.available_backends(), tuple[str, ...])
assert_type(sx.missing_backends(), dict[str, str])
assert_type(sx.backend("python").name, str)
assert_type(sx.backend("python").lanes, int)
assert_type(sx.backend("python").kernels["x25519"], str)
assert_type(sx.NYM, sx.WireFormat)
assert_type(sx.NYM.header_size, int)
assert_type(sx.NYM.packet_size(2065), int)
assert_type(sx.__version__, str)

# Keys

key = sx.PrivateKey.generate()
assert_type(key, sx.PrivateKey)
assert_type(sx.PrivateKey.from_bytes(bytes(32)), sx.PrivateKey)
assert_type(key.to_bytes(), bytes)
assert_type(key.public_key, sx.PublicKey)
assert_type(sx.PublicKey.from_bytes(bytearray(32)), sx.PublicKey)
assert_type(key.public_key.to_bytes(), bytes)
assert_type(key.public_key.on_curve, bool)
assert_type({key.public_key: 1}, dict[sx.PublicKey, int])

# Sender

hop = sx.Hop(address=bytes(32), public_key=key.public_key, delay_ns=15_000_000)
assert_type(hop.address, bytes)
assert_type(hop.public_key, sx.PublicKey)
assert_type(hop.delay_ns, int)
packet = sx.build_packet(
    [hop],
    b"message",
    destination=bytes(32),
    identifier=bytes(16),
    version=259,
    payload_size=2065,
    backend=None,
)
assert_type(packet, bytes)
packets = sx.build_packets(
    [[hop], (hop, hop)],
    [b"message", bytearray(5)],
    destination=[bytes(32)] * 2,
    identifier=np.zeros((2, 16), np.uint8),
    version=259,
    payload_size=2065,
    backend="python",
    threads=2,
)
assert_type(packets, Bytes)

# Node

processor = sx.Processor(key)
assert_type(sx.Processor([key, key], backend="python", threads=2), sx.Processor)
assert_type(processor.backend, str)
opened = processor.authenticate(packets, key_hints=np.zeros(2, np.int8))
assert_type(opened, sx.AuthenticatedBatch)
assert_type(processor.authenticate(packet, packet_size=len(packet)), sx.AuthenticatedBatch)
assert_type(opened.status, Bytes)
assert_type(opened.replay_tags, Bytes)
assert_type(opened.key_index, npt.NDArray[np.int8])
assert_type(len(opened), int)
replays = sx.ReplayFilter()
fresh = replays.add(opened)
assert_type(fresh, npt.NDArray[np.bool_])
assert_type(len(replays), int)
assert_type(bytes(32) in replays, bool)
replays.clear()
result = opened.unwrap(accept=fresh)
assert_type(result, sx.BatchResult)
assert_type(opened.unwrap(), sx.BatchResult)
assert_type(processor.process([packet, bytearray(packet)]), sx.BatchResult)
assert_type(replays.add(result), npt.NDArray[np.bool_])

# Results

assert_type(len(result), int)
assert_type(result.status, Bytes)
assert_type(result.replay_tags, Bytes)
assert_type(result.versions, npt.NDArray[np.uint16])
assert_type(result.key_index, npt.NDArray[np.int8])
assert_type(result.next_hops, Bytes)
assert_type(result.delays_ns, npt.NDArray[np.uint64])
assert_type(result.destinations, Bytes)
assert_type(result.identifiers, Bytes)
assert_type(list(result), list[sx.Row])
processor.process(result.packets)
row = result[0]
assert_type(row, sx.Row)
assert_type(row.status, sx.Status)
assert_type(row.status.rejected, bool)
assert_type(row.replay_tag, bytes | None)
assert_type(row.version, int | None)
assert_type(row.key_index, int | None)
assert_type(row.next_hop, bytes | None)
assert_type(row.delay_ns, int | None)
assert_type(row.packet, bytes | None)
assert_type(row.destination, bytes | None)
assert_type(row.identifier, bytes | None)
assert_type(row.payload, bytes | None)
assert_type(sx.recover_message(row.payload), bytes)
assert_type(sx.Status(1), sx.Status)

# Reply blocks

surb = sx.build_surb([hop], destination=bytes(32), identifier=bytes(16), version=258)
assert_type(surb, sx.Surb)
assert_type(surb.to_bytes(), bytes)
assert_type(surb.first_hop, bytes)
assert_type(sx.Surb.from_bytes(surb.to_bytes()), sx.Surb)
assert_type(surb.use(b"message", payload_size=2065, backend=None), tuple[bytes, bytes])
assert_type(sx.build_surbs([[hop]], destination=bytes(32)), list[sx.Surb])
surb, recovery = sx.build_recoverable_surb([hop], destination=bytes(32), identifier=b"i" * 16)
assert_type(recovery, sx.SurbRecovery)
assert_type(sx.SurbRecovery.from_bytes(recovery.to_bytes()), sx.SurbRecovery)
assert_type(recovery.identifier, bytes)
assert_type(recovery.recover(row.payload), bytes)
assert_type(
    sx.build_recoverable_surbs([[hop]], destination=bytes(32), identifier=[b"i" * 16]),
    list[tuple[sx.Surb, sx.SurbRecovery]],
)
assert_type(sx.use_surbs([surb], [b"message"]), list[tuple[bytes, bytes]])

# Primitives

rows = np.zeros((2, 32), np.uint8)
assert_type(sx.batch.x25519(rows), Bytes)
assert_type(sx.batch.x25519(rows, bytes(32), backend="python"), Bytes)
assert_type(sx.batch.aes128_ctr(bytes(16), bytes(16), rows), Bytes)
assert_type(sx.batch.hmac_sha256(b"key", rows), Bytes)
assert_type(sx.batch.hkdf_sha256(rows, salt=b"salt", info=b"info", size=64), Bytes)
assert_type(sx.batch.chacha20(bytes(32), bytes(12), rows, counter=1), Bytes)
assert_type(sx.batch.blake2b(rows, keys=b"key", digest_size=32), Bytes)
blocks = sx.batch.lioness_encrypt(bytes(192), np.zeros((2, 33), np.uint8))
assert_type(blocks, Bytes)
assert_type(sx.batch.lioness_decrypt(bytes(192), blocks), Bytes)

# Errors

refused: ValueError = sx.SphinxError("a refusal is a ValueError")
not_here: sx.SphinxError = sx.BackendError("and a missing backend a refusal")

# What a type checker must reject: an ignore that is not needed is an error, too.

sx.Processor(bytes(32))  # type: ignore[arg-type]
sx.Processor(key, "python")  # type: ignore[call-arg]
sx.Processor(key, threads="2")  # type: ignore[arg-type]
sx.Hop(address="address", public_key=key.public_key)  # type: ignore[arg-type]
sx.Hop(address=bytes(32), public_key=bytes(32))  # type: ignore[arg-type]
sx.build_packet([hop], b"message")  # type: ignore[call-arg]
sx.build_packet(hop, b"message", destination=bytes(32))  # type: ignore[arg-type]
sx.build_recoverable_surb([hop], destination=bytes(32))  # type: ignore[call-arg]
sx.use_surbs([bytes(32)], [b"message"])  # type: ignore[list-item]
sx.replay_filter  # type: ignore[attr-defined]  # noqa: B018
replays.add(rows)  # type: ignore[arg-type]
row.status = sx.Status.FORWARD  # type: ignore[misc]
callback: Callable[[Any], bytes] = sx.recover_message
