"""Fragments: what a message is cut into, one for each packet (crate nym-sphinx-chunking 2.0.0).

A set is up to 255 fragments with a common id. A longer message is a chain of sets, all full but
the last: fragment 255 of a set names the next set, fragment 1 of that one names the set before.
A fragment is a header and its payload. The header, with big-endian ids whose top bit is set:

    set id 4 | fragments in the set 1 | position, from 1, 1 | 0 or the id of a linked set 1 or 4
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sphinxcore import _random
from sphinxcore._checks import any_bytes, instance, integer, listed
from sphinxcore.errors import SphinxError
from sphinxcore.nym.errors import FragmentError
from sphinxcore.nym.sizes import PacketSize

MAX_SET_ID = 2**31 - 1
FRAGMENTS_PER_SET = 255
MAX_FRAGMENT_SIZE = PacketSize.EXTENDED_32.fragment_size
"""In bytes, with the header: what the largest packet carries."""

_HEADER_SIZE = 7
_LINKED_HEADER_SIZE = 10
_LINK_SIZE = _LINKED_HEADER_SIZE - _HEADER_SIZE  # what a link adds to a header
_MIN_FRAGMENT_SIZE = _LINKED_HEADER_SIZE + 1
_FLAG = 2**31
_HEADER = struct.Struct(">IBBB")
_LINKED_HEADER = struct.Struct(">IBBI")
_IDENTIFIER = struct.Struct(">iB")


class FragmentId(NamedTuple):
    """Names a fragment in its acknowledgement. A set id of 0 stands in no fragment: COVER_ID."""

    set_id: int
    position: int

    @classmethod
    def from_bytes(cls, raw: Any) -> "FragmentId":
        """Read 5 bytes. Raises FragmentError for all other lengths and for negative set ids."""
        data = any_bytes(raw, "fragment identifier")
        if len(data) != _IDENTIFIER.size:
            raise FragmentError(
                f"a fragment identifier has {_IDENTIFIER.size} bytes, not {len(data)}"
            )
        set_id, position = _IDENTIFIER.unpack(data)
        if set_id < 0:
            raise FragmentError(f"the set id of a fragment identifier is negative: {set_id}")
        return cls(set_id, position)

    def to_bytes(self) -> bytes:
        """5 bytes. Raises SphinxError for a set id over 2^31-1 or a position over 255."""
        return _IDENTIFIER.pack(
            integer(self.set_id, 0, MAX_SET_ID, "set_id"),
            integer(self.position, 0, FRAGMENTS_PER_SET, "position"),
        )

    def __str__(self) -> str:
        return f"{self.set_id} @ {self.position}"


COVER_ID = FragmentId(0, 0)
"""What the acknowledgement of a cover packet names."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One fragment, as its header describes it. Raises FragmentError if no header could be so."""

    set_id: int
    """1..2^31-1."""
    total: int
    """How many fragments the set has, 1..255."""
    position: int
    """Of this one in the set, 1..total."""
    payload: bytes
    previous_set: int | None = None
    """Id of the set before this one: in fragment 1 only."""
    next_set: int | None = None
    """Id of the set after this one: in fragment 255 only."""

    def __post_init__(self) -> None:
        if not isinstance(self.payload, bytes):
            raise TypeError(f"payload must be bytes, not {type(self.payload).__name__}")
        link = self._link
        for value in (self.set_id, self.total, self.position, 0 if link is None else link):
            if not isinstance(value, int):
                raise TypeError(
                    f"set ids, total and position must be ints, not {type(value).__name__}"
                )
        _check_position(self.total, self.position)
        if self.previous_set is not None and self.position != 1:
            raise FragmentError(f"fragment {self.position} of a set cannot name the previous set")
        if self.next_set is not None and self.position != FRAGMENTS_PER_SET:
            raise FragmentError(f"fragment {self.position} of a set cannot name the next set")
        if not 1 <= self.set_id <= MAX_SET_ID:
            raise FragmentError(f"a set id must be in 1..{MAX_SET_ID}, not {self.set_id}")
        if link is not None and (not 1 <= link <= MAX_SET_ID or link == self.set_id):
            raise FragmentError(
                f"the link of set {self.set_id} must be another id in 1..{MAX_SET_ID}, not {link}"
            )
        size = (_HEADER_SIZE if link is None else _LINKED_HEADER_SIZE) + len(self.payload)
        if size > MAX_FRAGMENT_SIZE:
            raise FragmentError(f"a fragment has at most {MAX_FRAGMENT_SIZE} bytes, not {size}")

    @property
    def _link(self) -> int | None:
        return self.next_set if self.previous_set is None else self.previous_set

    @property
    def identifier(self) -> FragmentId:
        """What its acknowledgement names."""
        return FragmentId(self.set_id, self.position)

    @classmethod
    def from_bytes(cls, raw: Any) -> "Fragment":
        """Read a fragment. Raises FragmentError for what is malformed, or too long for a packet."""
        data = any_bytes(raw, "fragment")
        if len(data) < _HEADER_SIZE:
            raise FragmentError(f"a fragment has at least {_HEADER_SIZE} bytes, not {len(data)}")
        head, total, position, link_head = _HEADER.unpack_from(data)
        if not head & _FLAG:
            raise FragmentError("the first bit of a fragment must be set")
        _check_position(total, position)
        if not link_head:
            return cls(head ^ _FLAG, total, position, data[_HEADER_SIZE:])
        if len(data) < _LINKED_HEADER_SIZE:
            raise FragmentError(
                f"a linked fragment has at least {_LINKED_HEADER_SIZE} bytes, not {len(data)}"
            )
        link = _LINKED_HEADER.unpack_from(data)[3]
        if not link & _FLAG:
            raise FragmentError("the first bit of the link of a fragment must be set")
        payload = data[_LINKED_HEADER_SIZE:]
        if position == 1:
            return cls(head ^ _FLAG, total, position, payload, previous_set=link ^ _FLAG)
        return cls(head ^ _FLAG, total, position, payload, next_set=link ^ _FLAG)

    def to_bytes(self) -> bytes:
        """The fragment as from_bytes() reads it."""
        head, link = self.set_id | _FLAG, self._link
        if link is None:
            return _HEADER.pack(head, self.total, self.position, 0) + self.payload
        return _LINKED_HEADER.pack(head, self.total, self.position, link | _FLAG) + self.payload


def _check_position(total: int, position: int) -> None:
    if not 1 <= position <= total <= FRAGMENTS_PER_SET:
        raise FragmentError(
            f"1 <= position <= total <= {FRAGMENTS_PER_SET} does not hold: "
            f"position {position}, total {total}"
        )


def capacity(length: int, fragment_size: int) -> tuple[int, int]:
    """How many fragments `length` bytes need, and how many more bytes these could hold.

    Args:
        length: at least 1.
        fragment_size: of a whole fragment, 11..32331 bytes: PacketSize.fragment_size.
    """
    length = integer(length, 1, 2**63 - 1, "length")
    room = _unlinked_room(fragment_size)
    # n sets have n - 1 joints with a linked fragment on either side, so they hold this many bytes:
    # n * FRAGMENTS_PER_SET * room - (n - 1) * joint.
    joint = 2 * _LINK_SIZE
    sets = max(1, -(-(length - joint) // (FRAGMENTS_PER_SET * room - joint)))
    taken = length + (sets - 1) * joint
    fragments = -(-taken // room)
    return fragments, fragments * room - taken


def _unlinked_room(fragment_size: int) -> int:
    size = integer(fragment_size, _MIN_FRAGMENT_SIZE, MAX_FRAGMENT_SIZE, "fragment_size")
    return size - _HEADER_SIZE


def draw_set_ids(n: int) -> list[int]:
    """`n` random set ids, all different."""
    n = integer(n, 0, MAX_SET_ID, "n")
    ids: dict[int, None] = {}
    while len(ids) < n:
        # As the crate draws them: the absolute values of 32-bit integers but 0 and -2^31.
        missing = n - len(ids)
        for value in struct.unpack(f"<{missing}i", _random.random_bytes(4 * missing)):
            if 1 <= abs(value) <= MAX_SET_ID:
                ids[abs(value)] = None
    return list(ids)


def split(data: Any, fragment_size: int, *, set_ids: Sequence[int] | None = None) -> list[Fragment]:
    """Cut a padded message into fragments that are all full.

    Args:
        data: fills whole fragments, see capacity(); else SphinxError is raised.
        fragment_size: of a whole fragment, 11..32331 bytes: PacketSize.fragment_size.
        set_ids: a different one for each 255 fragments; drawn if None.
    """
    data = any_bytes(data, "data")
    room = _unlinked_room(fragment_size)
    count, spare = capacity(len(data), fragment_size)
    if spare:
        raise SphinxError(f"data must fill whole fragments, {spare} bytes are missing")
    sets = -(-count // FRAGMENTS_PER_SET)
    if set_ids is None:
        ids = draw_set_ids(sets)
    else:
        given = listed(set_ids, "set_ids", "a sequence of ints")
        ids = [instance(one, int, "set_ids") for one in given]
    if len(ids) != sets or len(set(ids)) != sets:
        raise SphinxError(f"set_ids must be {sets} different ids, not {ids}")
    fragments = []
    start = 0
    for i in range(count):
        number, before = divmod(i, FRAGMENTS_PER_SET)
        last = number == sets - 1
        total = count - number * FRAGMENTS_PER_SET if last else FRAGMENTS_PER_SET
        previous_set = ids[number - 1] if before == 0 and number else None
        next_set = ids[number + 1] if before == FRAGMENTS_PER_SET - 1 and not last else None
        end = start + room
        if previous_set is not None or next_set is not None:
            end -= _LINK_SIZE
        fragments.append(
            Fragment(ids[number], total, before + 1, data[start:end], previous_set, next_set)
        )
        start = end
    return fragments
