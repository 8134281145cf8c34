"""The compiled backends. Types for callers; what the methods do is said in sphinxcore._backends."""

from collections.abc import Iterable, Mapping
from typing import Self, final

import numpy as np
import numpy.typing as npt

from sphinxcore._checks import Bytes
from sphinxcore._packets import Packets
from sphinxcore.formats import WireFormat
from sphinxcore.result import Columns

def cpu_features() -> tuple[str, ...]: ...
def fill_random(out: bytearray | Bytes) -> bool: ...

@final
class NativeBackend:
    def __new__(cls, name: str, cpu: Iterable[str] | None = None) -> Self: ...
    @property
    def name(self) -> str: ...
    @property
    def kernels(self) -> Mapping[str, str]: ...
    @property
    def lanes(self) -> int: ...
    def x25519(self, scalars: Bytes, points: Bytes | None, out: Bytes) -> None: ...
    def x25519_chain(
        self,
        scalars: npt.NDArray[np.uint8],
        points: Bytes,
        on_curve: npt.NDArray[np.bool_],
        out: Bytes,
    ) -> None: ...
    def x25519_twice(
        self, first: Bytes, second: Bytes, points: Bytes, first_out: Bytes, second_out: Bytes
    ) -> None: ...
    def aes128_ctr(self, keys: Bytes, ivs: Bytes, data: Bytes, out: Bytes) -> None: ...
    def hmac_sha256(self, keys: Bytes, data: Bytes, out: Bytes) -> None: ...
    def hkdf_sha256(self, salt: bytes, ikm: Bytes, info: bytes, out: Bytes) -> None: ...
    def chacha20(self, keys: Bytes, ivs: Bytes, data: Bytes, out: Bytes) -> None: ...
    def blake2b(self, keys: Bytes, data: Bytes, out: Bytes) -> None: ...
    def lioness_encrypt(self, keys: Bytes, data: Bytes, out: Bytes) -> None: ...
    def lioness_decrypt(self, keys: Bytes, data: Bytes, out: Bytes) -> None: ...
    def prepare(self, wire_format: WireFormat) -> NativeFormat: ...
    def hop(
        self,
        prepared_format: NativeFormat,
        keys: Bytes,
        packets: Packets,
        key_hints: npt.NDArray[np.int8],
        status: Bytes,
        replay_tags: Bytes,
        key_index: npt.NDArray[np.int8],
        forwarding: bool,
    ) -> NativeHopBatch: ...

@final
class NativeMemory:
    def __new__(cls, size: int) -> Self: ...

@final
class NativeFormat:
    def __new__(cls, wire_format: WireFormat) -> Self: ...

@final
class NativeHopBatch:
    def __new__(
        cls,
        backend: NativeBackend,
        prepared_format: NativeFormat,
        keys: Bytes,
        packets: Packets,
        key_hints: npt.NDArray[np.int8],
        status: Bytes,
        replay_tags: Bytes,
        key_index: npt.NDArray[np.int8],
        forwarding: bool,
    ) -> Self: ...
    def authenticate(self, start: int, stop: int) -> None: ...
    def unwrap(
        self, accept: npt.NDArray[np.bool_], result: Columns, start: int, stop: int
    ) -> None: ...
    def wipe(self) -> None: ...
