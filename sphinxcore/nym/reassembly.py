"""From fragments, in any order, to padded messages; in bounded memory whatever is fed.

Nothing authenticates a fragment: whoever knows a set id can spoil the set. So the first fragment
of a set decides how long it is, and the first one at a position decides what stands there; later
ones that say otherwise are refused. Sets are joined if each names the other, not before.

What is dropped is a whole chain, as far as its sets name each other: the rest of it could never be
given out. A set whose neighbour turns out to be another's stays until it is too old.
"""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from sphinxcore._checks import function, integer, number
from sphinxcore.nym.errors import FragmentError
from sphinxcore.nym.fragments import FRAGMENTS_PER_SET, Fragment

MAX_AGE_S = 30 * 60.0
"""How long the crate keeps a set after its last fragment."""

# What CPython takes for a set, for each place in it and for each fragment besides its payload, in
# bytes and rather too high. It is what bounds the number of small fragments.
_SET_COST = 384
_PLACE_COST = 8
_FRAGMENT_COST = 144
_LEAST_MAX_AGE_S = 1e-9
_LEAST_MAX_BYTES = 1 << 16  # enough for any one fragment and its set

_PREVIOUS, _NEXT = 0, 1
_UNKNOWN = 0  # no set has this id


@dataclass(frozen=True, slots=True)
class Counters:
    """What a Reassembler did so far."""

    completed: int
    """Messages given out."""
    duplicates: int
    """Fragments ignored: the set has them already."""
    late: int
    """Fragments ignored: the message was given out not long ago."""
    conflicts: int
    """Fragments refused: another one came first at their position."""
    refused: int
    """Fragments refused: their total is not that of the set, or it would be linked to one set
    both ways."""
    expired: int
    """Sets dropped: no new fragment came for too long."""
    evicted: int
    """Sets dropped: a limit was reached when no other had waited longer for a new fragment."""
    cycles: int
    """Sets dropped: they name each other in a circle, or each names the other as its next or as
    its previous one."""
    too_long: int
    """Sets dropped: their chain has too many."""
    unconfirmed: int
    """Sets dropped: one that they name does not name them."""


class _Set:
    """The fragments of a set that came so far."""

    __slots__ = ("cost", "fed", "fragments", "missing")

    def __init__(self, total: int) -> None:
        self.fragments: list[Fragment | None] = [None] * total
        self.missing = total
        self.cost = _SET_COST + _PLACE_COST * total
        self.fed = 0.0  # when the last new fragment came

    def link(self, direction: int) -> int | None:
        """The id of the previous or of the next set, None if there is none, or _UNKNOWN."""
        if direction == _NEXT and len(self.fragments) < FRAGMENTS_PER_SET:
            return None
        end = self.fragments[-1 if direction == _NEXT else 0]
        if end is None:
            return _UNKNOWN
        return end.next_set if direction == _NEXT else end.previous_set


class Reassembler:
    """Puts messages together. To be used by one thread at a time.

    Args:
        max_open_sets: how many sets may be incomplete, or wait for those they are linked with.
        max_bytes: how much memory these may take, at least 65,536. A message takes as much
            again while it is put together.
        max_chain_sets: the longest message. A set of the regular packet size has 409,014 bytes
            or more.
        max_age_s: how long a set is kept after its last new fragment, and how long the ids of
            what was given out are remembered.
        max_finished: how many of these are remembered; some 200 bytes each.
        clock: the time in seconds.
    """

    def __init__(
        self,
        *,
        max_open_sets: int = 4096,
        max_bytes: int = 1 << 26,
        max_chain_sets: int = 64,
        max_age_s: float = MAX_AGE_S,
        max_finished: int = 1 << 14,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_open_sets = integer(max_open_sets, 1, 2**63, "max_open_sets")
        self._max_bytes = integer(max_bytes, _LEAST_MAX_BYTES, 2**63, "max_bytes")
        self._max_chain_sets = integer(max_chain_sets, 1, 2**63, "max_chain_sets")
        self._max_finished = integer(max_finished, 0, 2**63, "max_finished")
        self._max_age_s = number(max_age_s, _LEAST_MAX_AGE_S, math.inf, "max_age_s")
        self._clock = function(clock, "clock")
        self._counts = {field.name: 0 for field in fields(Counters)}
        self._open: OrderedDict[int, _Set] = OrderedDict()  # the one fed last is last
        self._bytes = 0  # what all of them cost
        self._finished: OrderedDict[int, float] = OrderedDict()  # when each id was; oldest first

    @property
    def counters(self) -> Counters:
        """The counters as they are now."""
        return Counters(**self._counts)

    @property
    def open_sets(self) -> int:
        """How many sets are held."""
        return len(self._open)

    @property
    def bytes_held(self) -> int:
        """How much memory they take, at most."""
        return self._bytes

    def add(self, fragment: Fragment) -> bytes | None:
        """Take a fragment. Returns the padded message if it was the last one missing.

        Raises FragmentError for a fragment that contradicts what came first, and keeps all sets
        as they are. Resent fragments are ignored, also after the message was given out.
        """
        if not isinstance(fragment, Fragment):
            raise TypeError(f"a Fragment was expected, not {type(fragment).__name__}")
        now = self._clock()
        self._expire(now)
        set_id = fragment.set_id
        if self._is_finished(set_id, now):
            self._counts["late"] += 1
            return None
        held = self._open.get(set_id)
        if held is None:
            held = self._open[set_id] = _Set(fragment.total)
            self._bytes += held.cost
        elif self._is_new(fragment, held):
            self._open.move_to_end(set_id)
        else:
            return None
        cost = _FRAGMENT_COST + len(fragment.payload)
        held.fragments[fragment.position - 1] = fragment
        held.missing -= 1
        held.fed = now
        held.cost += cost
        self._bytes += cost
        message = None
        if not held.missing or fragment.previous_set or fragment.next_set:
            message = self._settle(set_id, now)
        while self._bytes > self._max_bytes or len(self._open) > self._max_open_sets:
            self._drop_chain(next(iter(self._open)), "evicted")
        return message

    def expire(self) -> None:
        """Drop what is too old. add() does so too; this is for times when nothing comes."""
        self._expire(self._clock())

    def _expire(self, now: float) -> None:
        oldest_allowed = now - self._max_age_s
        while self._open:
            set_id = next(iter(self._open))
            if self._open[set_id].fed >= oldest_allowed:
                return
            self._drop_chain(set_id, "expired")

    def _is_finished(self, set_id: int, now: float) -> bool:
        when = self._finished.get(set_id)
        return when is not None and when >= now - self._max_age_s

    def _is_new(self, fragment: Fragment, held: _Set) -> bool:
        """False for a duplicate. Raises FragmentError for what contradicts the set."""
        total = len(held.fragments)
        if fragment.total != total:
            self._counts["refused"] += 1
            raise FragmentError(
                f"fragment {fragment.identifier}: the first one of its set said that there are "
                f"{total}, not {fragment.total}"
            )
        first = held.fragments[fragment.position - 1]
        if first == fragment:
            self._counts["duplicates"] += 1
            return False
        if first is not None:
            self._counts["conflicts"] += 1
            raise FragmentError(f"fragment {fragment.identifier}: there was another one before")
        link = fragment.previous_set or fragment.next_set
        if link and link in (held.link(_PREVIOUS), held.link(_NEXT)):
            self._counts["refused"] += 1
            raise FragmentError(
                f"fragment {fragment.identifier}: set {link} cannot be both before and after it"
            )
        return True

    def _settle(self, set_id: int, now: float) -> bytes | None:
        """The message of this set if its chain is complete; drops the chain if it cannot be."""
        chain, is_ring = self._chain(set_id)
        if is_ring or len(chain) > self._max_chain_sets:
            self._drop(chain, "cycles" if is_ring else "too_long")
            return None
        is_whole = True
        for direction, end in ((_PREVIOUS, chain[0]), (_NEXT, chain[-1])):
            link = self._open[end].link(direction)
            if link is None:
                continue
            is_whole = False
            other = self._open.get(link)
            if other is not None and other.link(direction) == end:
                # Neither can confirm this, because the link would be to one set both ways.
                self._drop_chain(link, "cycles")
                self._drop(chain, "cycles")
                return None
            if self._is_finished(link, now) or (
                other is not None and other.link(1 - direction) != _UNKNOWN
            ):
                self._drop(chain, "unconfirmed")
                return None
        if not is_whole or any(self._open[one].missing for one in chain):
            return None
        message = b"".join(
            [
                fragment.payload
                for one in chain
                for fragment in self._open[one].fragments
                if fragment is not None
            ]
        )
        self._remove(chain)
        for one in chain:
            self._finished[one] = now
            self._finished.move_to_end(one)
        while len(self._finished) > self._max_finished:
            self._finished.popitem(last=False)
        self._counts["completed"] += 1
        return message

    def _chain(self, set_id: int) -> tuple[deque[int], bool]:
        """The open sets that are linked with this one both ways, in order; whether in a ring."""
        chain = deque([set_id])
        for direction, grow in ((_PREVIOUS, chain.appendleft), (_NEXT, chain.append)):
            here = set_id
            while link := self._open[here].link(direction):
                other = self._open.get(link)
                if other is None or other.link(1 - direction) != here:
                    break
                if link == set_id:
                    return chain, True
                grow(link)
                here = link
        return chain, False

    def _drop_chain(self, set_id: int, reason: str) -> None:
        self._drop(self._chain(set_id)[0], reason)

    def _drop(self, chain: deque[int], reason: str) -> None:
        self._remove(chain)
        self._counts[reason] += len(chain)

    def _remove(self, chain: Iterable[int]) -> None:
        for one in chain:
            self._bytes -= self._open.pop(one).cost
