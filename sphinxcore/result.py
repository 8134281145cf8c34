"""What comes out of a batch: columns, and rows made from them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import index
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sphinxcore._checks import Bytes
from sphinxcore._packets import Packets
from sphinxcore.formats import WireFormat
from sphinxcore.status import Status


@dataclass(frozen=True, slots=True)
class Row:
    """One packet's outcome in plain Python types; what the outcome lacks is None."""

    status: Status
    replay_tag: bytes | None
    """32 bytes; None for rejected packets other than replayed ones."""
    version: int | None
    key_index: int | None
    next_hop: bytes | None = None
    """FORWARD: the address of the next hop, 32 bytes."""
    delay_ns: int | None = None
    """FORWARD: nanoseconds to wait before sending."""
    packet: bytes | None = field(default=None, repr=False)
    """FORWARD: what to send, as long as what came in."""
    destination: bytes | None = None
    """DELIVER: 32 bytes."""
    identifier: bytes | None = None
    """DELIVER: 16 bytes."""
    payload: bytes | None = field(default=None, repr=False)
    """DELIVER: the payload with its padding; see recover_message()."""


def summary(rows: object, status: Bytes) -> str:
    """The repr of some rows: how many there are of each status."""
    counts = zip(*np.unique(status, return_counts=True), strict=True)
    text = ", ".join(f"{n} {Status(value).name}" for value, n in counts)
    return f"<{type(rows).__name__} of {len(status)}{text and ': '}{text}>"


class Columns(NamedTuple):
    """What a backend fills: the columns of a BatchResult as they are for one batch."""

    status: Bytes
    replay_tags: Bytes
    key_index: npt.NDArray[np.int8]
    versions: npt.NDArray[np.uint16]
    next_hops: Bytes
    delays_ns: npt.NDArray[np.uint64]
    destinations: Bytes
    identifiers: Bytes
    buffer: Bytes
    offsets: npt.NDArray[np.int64]


class BatchResult:
    """The outcome of n packets as NumPy columns; `result[i]` is row i as plain Python values.

    A field that a row's outcome lacks is zero in its column (key_index: -1). BatchResult() has no
    rows, until it is the `out` of unwrap().
    """

    status: Bytes = np.empty(0, np.uint8)
    """(n,) uint8, values of Status."""
    replay_tags: Bytes = np.empty((0, 32), np.uint8)
    """(n, 32) uint8; zero for rejected rows other than replayed ones."""
    key_index: npt.NDArray[np.int8] = np.empty(0, np.int8)
    """(n,) int8: which of the processor's keys opened the packet."""
    versions: npt.NDArray[np.uint16] = np.empty(0, np.uint16)
    """(n,) uint16: the version in this hop's layer."""
    next_hops: Bytes = np.empty((0, 32), np.uint8)
    """(n, 32) uint8, FORWARD."""
    delays_ns: npt.NDArray[np.uint64] = np.empty(0, np.uint64)
    """(n,) uint64 nanoseconds, FORWARD."""
    destinations: Bytes = np.empty((0, 32), np.uint8)
    """(n, 32) uint8, DELIVER."""
    identifiers: Bytes = np.empty((0, 16), np.uint8)
    """(n, 16) uint8, DELIVER."""
    buffer: Bytes = np.empty(0, np.uint8)
    """All outputs: row i starts at offsets[i] and is as long as its packet was."""
    offsets: npt.NDArray[np.int64] = np.empty(0, np.int64)

    _header_size = 0
    _sizes: npt.NDArray[np.int64] = np.empty(0, np.int64)
    _uniform_size: int | None = 0

    def __init__(self) -> None:
        self._memory: dict[str, npt.NDArray[Any]] = {}

    def _start(
        self,
        wire_format: WireFormat,
        packets: Packets,
        status: Bytes,
        replay_tags: Bytes,
        key_index: npt.NDArray[np.int8],
    ) -> Columns:
        """Copy stage 1's columns; the others are zero. Memory that is large enough is used again."""
        n = len(packets)
        old = self._memory.get("buffer")
        if old is not None and np.may_share_memory(old, packets.data):
            self._memory.pop("buffer", None)  # what is read must not be written over
        columns = Columns(
            status=self._copy("status", status),
            replay_tags=self._copy("replay_tags", replay_tags),
            key_index=self._copy("key_index", key_index),
            versions=self._zeros("versions", np.uint16, n),
            next_hops=self._zeros("next_hops", np.uint8, n, wire_format.address_size),
            delays_ns=self._zeros("delays_ns", np.uint64, n),
            destinations=self._zeros("destinations", np.uint8, n, wire_format.address_size),
            identifiers=self._zeros("identifiers", np.uint8, n, wire_format.identifier_size),
            buffer=self._room("buffer", np.uint8, packets.total_size),
            offsets=packets.packed_offsets(),
        )
        self._header_size = wire_format.header_size
        self._sizes = packets.sizes
        self._uniform_size = packets.uniform_size
        vars(self).update(columns._asdict())
        return columns

    def _room(self, name: str, dtype: Any, n: int, *row: int) -> npt.NDArray[Any]:
        memory = self._memory.get(name)
        if memory is None or len(memory) < n or memory.shape[1:] != row:
            memory = self._memory[name] = np.empty((n, *row), dtype)
        return memory[:n]

    def _zeros(self, name: str, dtype: Any, n: int, *row: int) -> npt.NDArray[Any]:
        column = self._room(name, dtype, n, *row)
        column.fill(0)
        return column

    def _copy(self, name: str, source: npt.NDArray[Any]) -> npt.NDArray[Any]:
        column = self._room(name, source.dtype, *source.shape)
        column[:] = source
        return column

    def __len__(self) -> int:
        return len(self.status)

    def _span(self, i: int) -> tuple[int, int]:
        """Where the output of row i lies in the buffer. The payload of a DELIVER row stands
        where it stood in the packet."""
        start = int(self.offsets[i])
        stop = start + int(self._sizes[i])
        status = self.status[i]
        if status == Status.FORWARD:
            return start, stop
        if status == Status.DELIVER:
            return start + self._header_size, stop
        return start, start

    @property
    def packets(self) -> Any:
        """What to send on (FORWARD) or the payload (DELIVER); nothing for rejected rows.

        n memoryviews over one buffer, or a 2-D uint8 array if all have the same size.
        """
        n = len(self)
        size = self._uniform_size
        if size is not None and n and (self.status == self.status[0]).all():
            start, stop = self._span(0)
            return self.buffer.reshape(n, size)[:, start:stop]
        view = self.buffer.data
        rows = [view[slice(*self._span(i))] for i in range(n)]
        if len({len(row) for row in rows}) > 1:
            return rows
        return np.frombuffer(b"".join(rows), np.uint8).reshape(n, len(rows[0]) if n else 0)

    def __getitem__(self, i: int) -> Row:
        i = index(i)
        if not -len(self) <= i < len(self):
            raise IndexError(f"row {i} of {len(self)}")
        i %= len(self)
        status = Status(int(self.status[i]))
        if status not in (Status.FORWARD, Status.DELIVER, Status.REPLAYED):
            return Row(status, None, None, None)
        tag = self.replay_tags[i].tobytes()
        key_index = int(self.key_index[i])
        if status is Status.REPLAYED:
            return Row(status, tag, None, key_index)
        output = self.buffer[slice(*self._span(i))].tobytes()
        version = int(self.versions[i])
        if status is Status.FORWARD:
            return Row(
                status,
                tag,
                version,
                key_index,
                next_hop=self.next_hops[i].tobytes(),
                delay_ns=int(self.delays_ns[i]),
                packet=output,
            )
        return Row(
            status,
            tag,
            version,
            key_index,
            destination=self.destinations[i].tobytes(),
            identifier=self.identifiers[i].tobytes(),
            payload=output,
        )

    def __iter__(self) -> Iterator[Row]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return summary(self, self.status)
