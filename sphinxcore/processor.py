"""The node's side: batches of packets in, batches of results out."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from sphinxcore._backends import HopBatch, pick
from sphinxcore._checks import Bytes, column, instance, integer, listed
from sphinxcore._packets import Packets, as_packets
from sphinxcore._secret import secret_rows
from sphinxcore._threads import share
from sphinxcore.errors import SphinxError
from sphinxcore.formats import NYM, WireFormat
from sphinxcore.keys import KEY_SIZE, PrivateKey
from sphinxcore.result import BatchResult, summary
from sphinxcore.status import Status

MAX_KEYS = 127


class Processor:
    """Unwraps packets with a node's private key, or with several under key rotation.

    Args:
        keys: a PrivateKey, or a sequence of 1..127 (the current one first).
        backend: a name from available_backends(); None: SPHINXCORE_BACKEND, else the best.
        threads: how many threads share a batch. All but the caller's begin with the first batch
            that is shared, and end with this object.
        wire_format: the packet format.

    A processor can be shared between threads.
    """

    def __init__(
        self,
        keys: PrivateKey | Sequence[PrivateKey],
        *,
        backend: str | None = None,
        threads: int = 1,
        wire_format: WireFormat = NYM,
    ) -> None:
        if isinstance(keys, PrivateKey):
            keys = [keys]
        self._keys = listed(keys, "keys", "a PrivateKey or a sequence of them")
        if not 1 <= len(self._keys) <= MAX_KEYS:
            raise SphinxError(f"1..{MAX_KEYS} private keys were expected, not {len(self._keys)}")
        for key in self._keys:
            instance(key, PrivateKey, "keys")
        self._backend = pick(backend)
        instance(wire_format, WireFormat, "wire_format")
        self._prepared_format = self._backend.prepare(wire_format)
        self._threads = integer(threads, 1, 1024, "threads")
        self._pool = self._new_pool()
        self._forwarding = True
        tag = wire_format.secret_part("replay_tag")
        self._tag_size = tag.stop - tag.start
        self.wire_format = wire_format

    @property
    def backend(self) -> str:
        """Name of the backend in use."""
        return self._backend.name

    def __repr__(self) -> str:
        return f"<Processor on {self.backend}, keys={len(self._keys)}, threads={self._threads}>"

    def authenticate(
        self, packets: Any, key_hints: Any = None, *, packet_size: int | None = None
    ) -> "AuthenticatedBatch":
        """Stage 1: ECDH, key schedule and header MAC of every packet; decrypts nothing.

        Args:
            packets: a 2-D uint8 array, a flat buffer with `packet_size`, a sequence of buffers of
                any sizes, or nym.Frames.packets.
            key_hints: (n,) int8, the index of the key of each packet; -1: try all in order. None:
                -1 for all.

        Bad packets never raise: their rows say why. Raises SphinxError or TypeError for arguments
        that are not packets at all.
        """
        rows = as_packets(packets, packet_size)
        return AuthenticatedBatch(self, rows, self._checked_hints(key_hints, len(rows)))

    def process(
        self,
        packets: Any,
        key_hints: Any = None,
        *,
        packet_size: int | None = None,
        out: BatchResult | None = None,
    ) -> BatchResult:
        """Both stages: authenticate(packets, key_hints).unwrap(out=out)."""
        return self.authenticate(packets, key_hints, packet_size=packet_size).unwrap(out=out)

    def _checked_hints(self, key_hints: Any, n: int) -> npt.NDArray[np.int8]:
        if key_hints is None:
            return np.full(n, -1, np.int8)
        # A copy: what was checked is what is used, whatever becomes of the caller's array.
        given = np.array(column(key_hints, n, "iu", "key_hints", "int8 key indices"))
        if n and not (given.min() >= -1 and given.max() < len(self._keys)):
            raise SphinxError(
                f"key_hints must be in -1..{len(self._keys) - 1} (-1: try all), "
                f"not {given.min()}..{given.max()}"
            )
        return given.astype(np.int8, copy=False)

    def _start(
        self,
        packets: Packets,
        key_hints: npt.NDArray[np.int8],
        status: Bytes,
        replay_tags: Bytes,
        key_index: npt.NDArray[np.int8],
    ) -> HopBatch:
        rows = secret_rows([key._secret for key in self._keys], KEY_SIZE)
        try:
            return self._backend.hop(
                self._prepared_format,
                rows,
                packets,
                key_hints,
                status,
                replay_tags,
                key_index,
                self._forwarding,
            )
        finally:
            rows.fill(0)

    def _learn(self, status: Bytes) -> None:
        """What kind of node this is, for the next batch. It makes a difference in speed only."""
        rows = status.tobytes()
        forward, deliver = rows.count(Status.FORWARD), rows.count(Status.DELIVER)
        if forward or deliver:
            self._forwarding = forward >= deliver

    def _new_pool(self) -> ThreadPoolExecutor | None:
        self._process = os.getpid()
        return ThreadPoolExecutor(self._threads - 1) if self._threads > 1 else None

    def _run(self, stage: Callable[[int, int], None], n: int) -> None:
        # A fork leaves the pool without its threads.
        if self._pool is not None and self._process != os.getpid():
            self._pool = self._new_pool()
        share(stage, n, self._threads, self._pool)


class AuthenticatedBatch:
    """Packets after stage 1: made by Processor.authenticate().

    `status` is (n,) uint8, Status.AUTHENTIC or the reason of a rejection; `replay_tags` is (n, 32)
    uint8, zero for rejected rows; `key_index` is (n,) int8, -1 for rejected rows. The batch holds
    the packets' keys until unwrap(), which may be called once, or until it is dropped. Payloads
    are read by unwrap(): leave a buffer of your own alone until then. (Headers were copied.)
    """

    status: Bytes
    replay_tags: Bytes
    key_index: npt.NDArray[np.int8]

    def __init__(
        self, processor: Processor, packets: Packets, key_hints: npt.NDArray[np.int8]
    ) -> None:
        n = len(packets)
        self.status = np.zeros(n, np.uint8)
        self.replay_tags = np.zeros((n, processor._tag_size), np.uint8)
        self.key_index = np.full(n, -1, np.int8)
        self._processor = processor
        self._packets = packets
        hop = processor._start(packets, key_hints, self.status, self.replay_tags, self.key_index)
        try:
            processor._run(hop.authenticate, n)
        except BaseException:
            hop.wipe()
            raise
        self._hop = [hop]  # taken by unwrap(); list.pop is atomic

    def __len__(self) -> int:
        return len(self.status)

    def __repr__(self) -> str:
        return summary(self, self.status)

    def unwrap(self, accept: Any = None, *, out: BatchResult | None = None) -> BatchResult:
        """Stage 2: decrypt, blind and unwrap the authentic rows that are accepted.

        Args:
            accept: (n,) bool, as ReplayFilter.add() returns it; rows with False become
                Status.REPLAYED. None: all are accepted.
            out: a result that is not needed any more, to be filled anew and returned: views of
                what it held change. It serves one batch at a time.

        Raises SphinxError at the second call: the keys are gone.
        """
        n = len(self)
        if accept is None:
            accepted = np.ones(n, np.bool_)
        else:
            given = column(accept, n, "b", "accept", "bool")
            accepted = np.ascontiguousarray(given, np.bool_)
        result = BatchResult() if out is None else out
        if not isinstance(result, BatchResult):
            raise TypeError(f"out must be a BatchResult, not {type(out).__name__}")
        try:
            hop = self._hop.pop()
        except IndexError:
            raise SphinxError("this batch was unwrapped before: once is all") from None
        try:
            columns = result._start(
                self._processor.wire_format,
                self._packets,
                self.status,
                self.replay_tags,
                self.key_index,
            )
            self._processor._run(lambda start, stop: hop.unwrap(accepted, columns, start, stop), n)
        finally:
            hop.wipe()
        self._processor._learn(result.status)
        return result

    def __reduce__(self) -> Any:
        raise TypeError("AuthenticatedBatch holds secrets: it is not pickled or copied")
