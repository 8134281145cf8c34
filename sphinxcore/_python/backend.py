"""The backend object: one row after the other."""

from collections.abc import Callable
from types import MappingProxyType
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from sphinxcore._checks import Bytes
from sphinxcore._packets import Packets
from sphinxcore._python import hop, lioness, primitives
from sphinxcore.formats import WireFormat
from sphinxcore.result import Columns
from sphinxcore.status import Status


class PythonBackend:
    """PyNaCl, pyca/cryptography and hashlib, one row at a time. See Backend."""

    name = "python"
    lanes = 1
    kernels = MappingProxyType(
        {
            "x25519": "pynacl",
            "sha256": "hashlib",
            "aes128": "cryptography",
            "chacha20": "cryptography",
            "blake2b": "hashlib",
        }
    )

    def x25519(self, scalars: Bytes, points: Bytes | None, out: Bytes) -> None:
        if points is None:
            _each(primitives.x25519_base, out, scalars)
        else:
            _each(primitives.x25519, out, scalars, points)

    def x25519_chain(
        self,
        scalars: npt.NDArray[np.uint8],
        points: Bytes,
        on_curve: npt.NDArray[np.bool_],
        out: Bytes,
    ) -> None:
        for i in range(len(out)):
            value = points[i].tobytes()
            for scalar in scalars[i]:
                value = primitives.x25519(scalar.tobytes(), value)
            out[i] = np.frombuffer(value, np.uint8)

    def x25519_twice(
        self, first: Bytes, second: Bytes, points: Bytes, first_out: Bytes, second_out: Bytes
    ) -> None:
        self.x25519(first, points, first_out)
        self.x25519(second, points, second_out)

    def aes128_ctr(self, keys: Bytes, ivs: Bytes, data: Bytes, out: Bytes) -> None:
        _each(primitives.aes128_ctr, out, keys, ivs, data)

    def hmac_sha256(self, keys: Bytes, data: Bytes, out: Bytes) -> None:
        _each(primitives.hmac_sha256, out, keys, data)

    def hkdf_sha256(self, salt: bytes, ikm: Bytes, info: bytes, out: Bytes) -> None:
        size = out.shape[1]
        _each(lambda secret: primitives.hkdf_sha256(salt, secret, info, size), out, ikm)

    def chacha20(self, keys: Bytes, ivs: Bytes, data: Bytes, out: Bytes) -> None:
        _each(primitives.chacha20, out, keys, ivs, data)

    def blake2b(self, keys: Bytes, data: Bytes, out: Bytes) -> None:
        size = out.shape[1]
        _each(lambda key, message: primitives.blake2b(key, message, size), out, keys, data)

    def lioness_encrypt(self, keys: Bytes, data: Bytes, out: Bytes) -> None:
        _each(lioness.lioness_encrypt, out, keys, data)

    def lioness_decrypt(self, keys: Bytes, data: Bytes, out: Bytes) -> None:
        _each(lioness.lioness_decrypt, out, keys, data)

    def prepare(self, wire_format: WireFormat) -> WireFormat:
        return wire_format

    def hop(
        self,
        prepared_format: WireFormat,
        keys: Bytes,
        packets: Packets,
        key_hints: npt.NDArray[np.int8],
        status: Bytes,
        replay_tags: Bytes,
        key_index: npt.NDArray[np.int8],
        forwarding: bool,
    ) -> "PythonHopBatch":
        return PythonHopBatch(
            prepared_format, keys, packets, key_hints, status, replay_tags, key_index
        )


def _each(function: Callable[..., bytes], out: Bytes, *columns: Bytes) -> None:
    for i, rows in enumerate(zip(*columns, strict=True)):
        out[i] = np.frombuffer(function(*(row.tobytes() for row in rows)), np.uint8)


class PythonHopBatch:
    """A batch on its way through one hop. See HopBatch."""

    def __init__(
        self,
        wire_format: WireFormat,
        keys: Bytes,
        packets: Packets,
        key_hints: npt.NDArray[np.int8],
        status: Bytes,
        replay_tags: Bytes,
        key_index: npt.NDArray[np.int8],
    ) -> None:
        self._wire = wire_format
        self._keys = [key.tobytes() for key in keys]
        self._packets = packets
        self._key_hints = key_hints
        self._status, self._replay_tags, self._key_index = status, replay_tags, key_index
        self._opened: dict[int, tuple[bytes, bytes]] = {}  # row: header, expanded secret

    def _packet(self, row: int) -> Bytes:
        start = self._packets.offsets[row]
        return self._packets.data[start : start + self._packets.sizes[row]]

    def authenticate(self, start: int, stop: int) -> None:
        wire = self._wire
        for row in self._packets.order[start:stop].tolist():
            packet = self._packet(row)
            if len(packet) < wire.minimum_packet_size:
                self._status[row] = Status.BAD_LENGTH
                continue
            header = packet[: wire.header_size].tobytes()
            hint = int(self._key_hints[row])
            for key in range(len(self._keys)) if hint < 0 else [hint]:
                status, secret = hop.authenticate(wire, self._keys[key], header)
                self._status[row] = status
                if status is Status.AUTHENTIC:
                    tag = secret[wire.secret_part("replay_tag")]
                    self._replay_tags[row] = np.frombuffer(tag, np.uint8)
                    self._key_index[row] = key
                    self._opened[row] = header, secret
                if status is not Status.BAD_MAC:
                    break

    def unwrap(self, accept: npt.NDArray[np.bool_], result: Columns, start: int, stop: int) -> None:
        for row in self._packets.order[start:stop].tolist():
            begin = int(result.offsets[row])
            output = result.buffer[begin : begin + int(self._packets.sizes[row])]
            output.fill(0)
            if row not in self._opened:
                continue
            header, secret = self._opened.pop(row)
            if not accept[row]:
                result.status[row] = Status.REPLAYED
                continue
            payload = self._packet(row)[self._wire.header_size :].tobytes()
            found = hop.unwrap(self._wire, secret, header, payload)
            result.status[row] = found.status
            result.versions[row] = found.version
            if found.status is Status.FORWARD:
                result.next_hops[row] = np.frombuffer(found.address, np.uint8)
                result.delays_ns[row] = found.delay_ns
                output[:] = np.frombuffer(found.output, np.uint8)
            elif found.status is Status.DELIVER:
                result.destinations[row] = np.frombuffer(found.address, np.uint8)
                result.identifiers[row] = np.frombuffer(found.identifier, np.uint8)
                output[self._wire.header_size :] = np.frombuffer(found.output, np.uint8)
            else:
                result.replay_tags[row] = 0
                result.key_index[row] = -1

    def __reduce__(self) -> NoReturn:
        raise TypeError("PythonHopBatch holds secrets: it is not pickled or copied")

    def wipe(self) -> None:
        self._opened.clear()
        self._keys.clear()
