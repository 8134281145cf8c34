"""Packets as callers hand them over, brought into one shape."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from sphinxcore._checks import Bytes, integer
from sphinxcore.errors import SphinxError

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Packets:
    """n packets inside one buffer.

    `order` lists the rows so that packets of one size are neighbours: backends work in it.
    """

    data: Bytes
    offsets: Integers
    sizes: Integers
    order: Integers
    uniform_size: int | None
    """The size, if all packets have the same."""

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def total_size(self) -> int:
        """Bytes of all packets."""
        if self.uniform_size is None:
            return int(self.sizes.sum())
        return len(self.sizes) * self.uniform_size

    def packed_offsets(self) -> Integers:
        """Where the packets start if they lie one behind the other."""
        if self.uniform_size is None:
            return np.cumsum(self.sizes) - self.sizes
        return np.arange(len(self.sizes), dtype=np.int64) * self.uniform_size


def as_packets(packets: Any, packet_size: int | None = None) -> Packets:
    """Take a 2-D uint8 array, a flat buffer with `packet_size`, a sequence of buffers, or Packets.

    Packets are taken as they are.
    """
    if packet_size is not None:
        packet_size = integer(packet_size, 1, 2**31 - 1, "packet_size")
    if isinstance(packets, Packets):
        if packet_size is not None:
            raise SphinxError("packet_size= goes with one flat buffer, not with Packets")
        return packets
    if isinstance(packets, np.ndarray):
        return _from_array(packets, packet_size)
    if isinstance(packets, bytes | bytearray | memoryview):
        if packet_size is None:
            raise SphinxError(
                "packets is one buffer: give packet_size= to say how it is cut, "
                "or a list of buffers, one per packet"
            )
        try:
            flat = np.frombuffer(packets, np.uint8)
        except BufferError as error:
            raise TypeError(f"packets must be a contiguous buffer: {error}") from None
        return _from_array(flat, packet_size)
    if isinstance(packets, Sequence) and not isinstance(packets, str):
        if packet_size is not None:
            raise SphinxError("packet_size= goes with one flat buffer, not with a sequence")
        return _from_sequence(packets)
    raise TypeError(
        "packets must be a 2-D uint8 array, a flat buffer or a sequence of buffers, "
        f"not {type(packets).__name__}"
    )


def packets_at(data: Bytes, offsets: Integers, sizes: Sequence[int]) -> Packets:
    """Packets that lie inside of `data`; the caller knows that they do."""
    n = len(sizes)
    order = np.arange(n, dtype=np.int64)
    if len(set(sizes)) <= 1:
        uniform_size = sizes[0] if n else 0
        column = np.full(n, uniform_size, np.int64)
    else:
        uniform_size = None
        column = np.array(sizes, np.int64)
        order = np.argsort(column, kind="stable")
    for array in (offsets, column, order):  # backends read where these say
        array.setflags(write=False)
    return Packets(data, offsets, column, order, uniform_size)


def _from_array(given: npt.NDArray[Any], packet_size: int | None) -> Packets:
    array = np.asarray(given)  # of a subclass, too
    if array.dtype != np.uint8:
        raise TypeError(f"packets must be an array of uint8, not of {array.dtype}")
    if array.ndim == 1 and packet_size is not None:
        if len(array) % packet_size:
            raise SphinxError(
                f"{len(array)} bytes are not a whole number of packets of {packet_size} bytes"
            )
        array = array.reshape(-1, packet_size)
    if array.ndim != 2:
        raise SphinxError(
            f"packets has {array.ndim} dimensions: a 2-D array (one row per packet) was expected, "
            "or a flat buffer with packet_size="
        )
    n, size = array.shape
    if packet_size not in (None, size):
        raise SphinxError(f"packet_size={packet_size}, but the rows of packets have {size} bytes")
    stride = array.strides[0]
    if array.flags.c_contiguous:
        return _uniform(array.reshape(-1), n, size, size)
    # Rows may lie apart (frames around the packets); their bytes may not, nor may rows overlap.
    if array.strides[1] != 1 or stride < size:
        array = np.ascontiguousarray(array)
        stride = size
    flat = as_strided(array, ((n - 1) * stride + size,), (1,), writeable=False)
    return _uniform(flat, n, size, stride)


def _from_sequence(packets: Sequence[Any]) -> Packets:
    packets = list(packets)
    try:
        data = np.frombuffer(b"".join(packets), np.uint8)
        sizes = [len(p) if type(p) is bytes else memoryview(p).nbytes for p in packets]
    except (TypeError, BufferError) as error:
        raise TypeError(f"packets must be a sequence of buffers: {error}") from None
    if sum(sizes) != len(data):
        raise SphinxError("packets changed their sizes while they were read")
    if len(set(sizes)) <= 1:
        size = sizes[0] if sizes else 0
        return _uniform(data, len(sizes), size, size)
    column = np.array(sizes, np.int64)
    offsets = np.cumsum(column) - column
    return Packets(data, offsets, column, np.argsort(column, kind="stable"), None)


def _uniform(data: Bytes, n: int, size: int, stride: int) -> Packets:
    rows = np.arange(n, dtype=np.int64)
    return Packets(data, rows * stride, np.full(n, size, np.int64), rows, size)
