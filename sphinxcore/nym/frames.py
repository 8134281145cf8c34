"""Frames: how packets follow each other on a connection between two nodes.

A frame is a header and a packet, nothing else. The header is the frame version, the tag of the
packet's size and the packet type, one byte each; in version 8 also the key rotation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from operator import itemgetter
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from sphinxcore._checks import Bytes, column, instance, integer
from sphinxcore._packets import Packets, as_packets, packets_at
from sphinxcore.nym.errors import FrameError, NymError
from sphinxcore.nym.rotation import KeyRotation
from sphinxcore.nym.sizes import PacketSize

LATEST_VERSION = 8
_HEADER_SIZES = {7: 3, 8: 4}
"""Bytes of a header, by the version of the frame."""
_FEWEST = min(_HEADER_SIZES.values())
_MOST = max(_HEADER_SIZES.values())

UNREAD_LIMIT = 1 << 20
"""How many bytes a decoder takes while it has not been asked for what is behind a refused frame."""


class PacketType(IntEnum):
    """The type byte of frames and mix packets. The network no longer takes Outfox packets."""

    MIX = 0
    OUTFOX = 2


class StreamError(FrameError):
    """A frame in a stream is malformed or refused, or the stream ends inside it."""

    offset: int
    """Where the frame begins: bytes from the beginning of the stream."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, in plain Python types."""

    version: int
    packet_type: PacketType
    key_rotation: KeyRotation
    """UNKNOWN in frames of version 7, which have no such byte."""
    packet: bytes = field(repr=False)


class Frames(Sequence[Frame]):
    """Frames that FrameDecoder.feed() found: columns, the packets for a Processor, and rows.

    All are made when asked for. They hold on to the buffer in which the frames came.
    """

    def __init__(self, data: bytes, offsets: list[int], headers: list[bytes]) -> None:
        self._data = data
        self._offsets = offsets  # of the packets
        self._headers = headers

    @cached_property
    def packets(self) -> Packets:
        """What Processor.process() and authenticate() take: where the packets lie; no copy."""
        data = np.frombuffer(self._data, np.uint8)
        offsets = np.fromiter(self._offsets, np.int64, len(self))
        return packets_at(data, offsets, [_PACKET_SIZES[header[1]] for header in self._headers])

    @cached_property
    def versions(self) -> Bytes:
        """(n,) uint8, the versions of the frames."""
        return self._column(itemgetter(0))

    @cached_property
    def sizes(self) -> Bytes:
        """(n,) uint8, values of PacketSize."""
        return self._column(itemgetter(1))

    @cached_property
    def key_rotations(self) -> Bytes:
        """(n,) uint8, values of KeyRotation."""
        return self._column(_ROTATIONS.__getitem__)

    def _column(self, field: Callable[[bytes], int]) -> Bytes:
        return np.fromiter(map(field, self._headers), np.uint8, len(self))

    def key_hints(self, *, odd: int, even: int) -> npt.NDArray[np.int8]:
        """(n,) int8 for the argument `key_hints` of Processor.process(): a key for each packet.

        Args:
            odd: index, among the processor's keys, of the one for odd rotations; -1 to try all.
            even: the same, for even rotations.

        Packets of an unknown rotation get -1.
        """
        choice = [-1, integer(odd, -1, 126, "odd"), integer(even, -1, 126, "even")]
        return np.array(choice, np.int8)[self.key_rotations]

    def __len__(self) -> int:
        return len(self._offsets)

    @overload
    def __getitem__(self, i: int) -> Frame: ...
    @overload
    def __getitem__(self, i: slice) -> "Frames": ...
    def __getitem__(self, i: int | slice) -> "Frame | Frames":
        if isinstance(i, slice):
            return Frames(self._data, self._offsets[i], self._headers[i])
        header = self._headers[i]
        start = self._offsets[i]
        return Frame(
            header[0],
            PacketType(header[2]),
            KeyRotation(_ROTATIONS[header]),
            self._data[start : start + _PACKET_SIZES[header[1]]],
        )


class FrameDecoder:
    """Reads the frames of one stream. How the stream is cut makes no difference.

    An Outfox frame is refused, and the next call goes on behind it. Any other error is the end of
    the stream: every further call raises it again.
    """

    def __init__(self) -> None:
        # _held[_at:] was fed and is not read yet. _at > 0 only behind a refused frame.
        self._held: bytes | bytearray = b""
        self._at = 0
        self._position = 0  # of _held[_at] in the stream
        self._wanted = _FEWEST  # so many bytes must be held to read on
        self._error: tuple[int, str] | None = None  # what the next call raises
        self._dead = False  # and all others, too
        self._unread: int | None = None  # bytes fed while something behind a refused frame waits

    @property
    def pending(self) -> int:
        """Bytes held back: less than a frame, unless something waits behind a refused frame."""
        return len(self._held) - self._at

    def feed(self, data: Any) -> Frames:
        """Take the next bytes of the stream; the frames that became complete.

        `bytes` are not copied, unless they complete what an earlier call began; other buffers are,
        once, and can be used again.

        Raises StreamError for a bad frame, once the frames before it were returned: if there are
        some in this call, the next one raises. `data` is taken in any case. After an Outfox frame
        was refused, feed(b"") reads what is behind it, perhaps in several calls: until it returns
        nothing. A caller that feeds more than UNREAD_LIMIT bytes instead gets no more frames.

        After a MemoryError `data` was not taken, and can be fed again.
        """
        before, size = self.__dict__.copy(), len(self._held)
        try:
            return self._feed(data)
        except MemoryError:
            self.__dict__.update(before)
            if len(self._held) > size:
                del self._held[size:]  # type: ignore[union-attr]
            raise

    def _feed(self, data: Any) -> Frames:
        if not self._dead:
            self._take(data)
        self._raise_error()
        if self.pending < self._wanted:
            self._unread = None
            return Frames(b"", [], [])
        frames = self._read(bytes(self._held))  # which it is
        if not frames:
            self._raise_error()
        return frames

    def close(self) -> None:
        """Say that the stream has ended. Raises StreamError if that is not between two frames."""
        self._raise_error()
        if not self.pending:
            return
        if self._unread is not None:
            reason = f"{self.pending} bytes behind a refused frame were not read"
        else:
            reason = f"the stream ended after {self.pending} of at least {self._wanted} bytes"
        raise _stream_error(self._position, reason)

    def _take(self, data: Any) -> None:
        """Put `data` behind what is held: in one piece of bytes if it is time to read it."""
        try:
            view = memoryview(data)
        except TypeError:
            raise TypeError(f"data must be bytes-like, not {type(data).__name__}") from None
        if not view.nbytes:
            return
        if not view.c_contiguous:
            view = memoryview(bytes(view))
        if self._unread is not None:
            self._unread += view.nbytes
            if self._unread > UNREAD_LIMIT:
                self._end(f"more than {UNREAD_LIMIT} bytes behind a refused frame were not read")
                return
        if not self.pending:
            self._held = data if type(data) is bytes else bytes(view)
        elif self.pending + view.nbytes >= self._wanted:
            self._held = b"".join((memoryview(self._held)[self._at :], view))
        else:  # in a bytearray, bytes that trickle in are not copied again and again
            if not isinstance(self._held, bytearray):
                self._held = bytearray(memoryview(self._held)[self._at :])
            self._held += view
        self._at = 0

    def _read(self, data: bytes) -> Frames:
        """The frames in front of the first one that is bad or incomplete. Holds what is left."""
        offsets, headers = [], []
        at, end = self._at, len(data)
        known = _FRAME_SIZES.get
        while size := known(header := data[at : at + _MOST]) or known(header := header[:_FEWEST]):
            if at + size > end:
                break
            offsets.append(at + len(header))
            headers.append(header)
            at += size
        self._position += at - self._at
        self._look_at(data, at)
        return Frames(data, offsets, headers)

    def _look_at(self, data: bytes, at: int) -> None:
        """Wait for the frame there, or refuse it: it is incomplete or bad, or of Outfox."""
        try:
            self._wanted = _needed(data[at : at + _MOST])
        except FrameError as error:
            self._end(str(error))
            return
        if len(data) - at < self._wanted:
            self._held, self._at = bytearray(memoryview(data)[at:]), 0  # lets go of `data`
            self._unread = None
            return
        self._error = self._position, "Outfox packets are not supported"
        self._held, self._at = data, at + self._wanted
        self._position += self._wanted
        self._wanted = _FEWEST
        self._unread = self._unread or 0

    def _end(self, reason: str) -> None:
        """Let all further calls raise this."""
        self._error = self._position, reason
        self._dead = True
        self._held, self._at = b"", 0

    def _raise_error(self) -> None:
        if self._error is not None:
            error = _stream_error(*self._error)
            if not self._dead:
                self._error = None
            raise error


def encode_frames(
    packets: Any,
    *,
    version: int = LATEST_VERSION,
    key_rotation: Any = KeyRotation.UNKNOWN,
    packet_type: PacketType = PacketType.MIX,
) -> bytes:
    """Frames, one behind the other.

    Args:
        packets: a 2-D uint8 array, a sequence of buffers, or Frames.packets.
        version: 7 or 8.
        key_rotation: one for all, or (n,) integers, one for each. Version 7 does not tell it.
        packet_type: of all.

    Raises FrameError for a packet that has none of the five sizes, SphinxError or TypeError for
    the other arguments.
    """
    version = integer(version, min(_HEADER_SIZES), max(_HEADER_SIZES), "version")
    headers = _HEADERS[version, instance(packet_type, PacketType, "packet_type")]
    if isinstance(packets, np.ndarray) and packets.ndim == 2 and packets.dtype == np.uint8:
        return _encode_array(packets, headers, _rotations(key_rotation, len(packets)))
    rows, sizes = _buffers(packets)
    _check_sizes(sizes)
    rotations = _rotations(key_rotation, len(rows))
    if isinstance(rotations, int):
        fronts = [headers[rotations][size] for size in sizes]
    else:
        pairs = zip(rotations.tolist(), sizes, strict=True)
        fronts = [headers[rotation][size] for rotation, size in pairs]
    parts: list[Any] = [b""] * (2 * len(rows))
    parts[::2] = fronts
    parts[1::2] = rows
    return b"".join(parts)


def _encode_array(
    packets: Bytes, headers: list[dict[int, bytes]], rotations: int | npt.NDArray[Any]
) -> bytes:
    n, size = packets.shape
    if not n:
        return b""
    _check_sizes([size])
    rows = np.array([list(by_size[size]) for by_size in headers], np.uint8)
    header_size = rows.shape[1]
    frames = np.empty((n, header_size + size), np.uint8)
    frames[:, :header_size] = rows[rotations]
    frames[:, header_size:] = packets
    return frames.tobytes()


def _buffers(packets: Any) -> tuple[Sequence[Any], list[int]]:
    """The packets as contiguous buffers, and how long they are."""
    if isinstance(packets, bytes | bytearray | memoryview | str):
        raise TypeError("packets must be a sequence of buffers, one per packet, not a single one")
    if isinstance(packets, Sequence):
        try:
            sizes = [len(p) if isinstance(p, bytes) else _flat(p).nbytes for p in packets]
        except TypeError as error:
            raise TypeError(f"packets must be a sequence of buffers: {error}") from None
        return packets, sizes
    placed = as_packets(packets)
    sizes = placed.sizes.tolist()
    starts, data = placed.offsets.tolist(), placed.data.data
    return [data[at : at + size] for at, size in zip(starts, sizes, strict=True)], sizes


def _flat(buffer: Any) -> memoryview:
    view = memoryview(buffer)
    if not view.c_contiguous:
        raise TypeError("one of them is not contiguous")
    return view


def _check_sizes(sizes: list[int]) -> None:
    for size in dict.fromkeys(sizes):
        try:
            PacketSize.of_packet(size)
        except NymError as error:
            raise FrameError(f"packet {sizes.index(size)}: {error}") from None


def _rotations(key_rotation: Any, n: int) -> int | npt.NDArray[Any]:
    """One for all or one for each."""
    if isinstance(key_rotation, int | np.integer):
        return integer(key_rotation, KeyRotation.UNKNOWN, KeyRotation.EVEN, "key_rotation")
    given = column(key_rotation, n, "iu", "key_rotation", "key rotations")
    for rotation in set(given.tolist()):
        integer(rotation, KeyRotation.UNKNOWN, KeyRotation.EVEN, "key_rotation")
    return given


def _stream_error(offset: int, reason: str) -> StreamError:
    error = StreamError(f"frame at byte {offset}: {reason}")
    error.offset = offset
    return error


def _needed(header: bytes) -> int:
    """How many bytes must be there to read on, from the first bytes of a frame.

    Raises FrameError for the first field that is bad, in the order in which they are looked at.
    """
    if len(header) < _FEWEST:
        return _FEWEST
    version, size, packet_type = header[:_FEWEST]
    if version not in _HEADER_SIZES:
        raise FrameError(f"its version is {version}, 7 or 8 was expected")
    if len(header) < _HEADER_SIZES[version]:
        return _HEADER_SIZES[version]
    if version > 7 and header[3] not in _ROTATIONS.values():
        raise FrameError(f"its key rotation is {header[3]}, 0..2 was expected")
    if size not in _PACKET_SIZES:
        raise FrameError(f"its size tag is {size}, 1..5 was expected")
    if packet_type not in _TYPES:
        raise FrameError(f"its packet type is {packet_type}, 0 (Mix) was expected")
    return _HEADER_SIZES[version] + _PACKET_SIZES[size]


_TYPES = tuple(PacketType)
_PACKET_SIZES = {int(size): size.packet_size for size in PacketSize}

_HEADERS = {
    (version, packet_type): [
        {
            packet_size: bytes((version, tag, packet_type, rotation)[:header_size])
            for tag, packet_size in _PACKET_SIZES.items()
        }
        for rotation in KeyRotation
    ]
    for version, header_size in _HEADER_SIZES.items()
    for packet_type in PacketType
}
"""The headers of frames by what they say: [version, packet type][key rotation][packet size]."""

_FRAME_SIZES = {
    header: len(header) + packet_size
    for (_, packet_type), by_rotation in _HEADERS.items()
    for by_size in by_rotation
    for packet_size, header in by_size.items()
    if packet_type is PacketType.MIX
}
"""How long a good frame is, by its header."""

_ROTATIONS = {
    header: header[3] if len(header) > 3 else int(KeyRotation.UNKNOWN) for header in _FRAME_SIZES
}
