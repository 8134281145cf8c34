"""Reassembly: exact for honest senders in any order, bounded and unmoved for all others."""

import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from network import DETERMINISTIC, seeded
from report import Report
from shared_files import raw, shared
from tally import Tally

import sphinxcore as sx
from sphinxcore.nym import reassembly
from sphinxcore.nym.errors import FragmentError
from sphinxcore.nym.fragments import Fragment, capacity, split
from sphinxcore.nym.reassembly import Reassembler

FILE = "nym2_fragments.json"
SIZE = 17
FIRST_WINS = "ours: first fragment at a position stays"
OWN_TOTAL = "ours: fragment with a foreign total refused"
REMEMBERED = "ours: fragments of finished messages ignored"


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def message(fragments: int, seed: bytes = b"message", size: int = SIZE) -> bytes:
    """A message that fills about so many fragments."""
    length = fragments * (size - 7)
    return seeded(seed, length + capacity(length, size)[1])


def counted(sets: Reassembler) -> dict[str, int]:
    """The counters that are not zero."""
    return {name: number for name, number in asdict(sets.counters).items() if number}


def feed(sets: Reassembler, fragments: Iterable[Fragment]) -> list[bytes]:
    """The messages that came out."""
    return [got for fragment in fragments if (got := sets.add(fragment)) is not None]


def refused(sets: Reassembler, fragment: Fragment) -> None:
    """Feed a fragment that must be refused, and look that nothing was kept of it."""
    before = (sets.open_sets, sets.bytes_held)
    with pytest.raises(FragmentError, match=f"fragment {fragment.identifier}: "):
        sets.add(fragment)
    assert (sets.open_sets, sets.bytes_held) == before


def full_set(
    set_id: int, previous_set: int | None = None, next_set: int | None = None, total: int = 255
) -> list[Fragment]:
    """All fragments of a set, with payloads that name it."""
    return [
        Fragment(
            set_id,
            total,
            position,
            f"{set_id}.{position} ".encode(),
            previous_set if position == 1 else None,
            next_set if position == 255 else None,
        )
        for position in range(1, total + 1)
    ]


def payloads(*sets: Iterable[Fragment]) -> bytes:
    return b"".join(fragment.payload for one in sets for fragment in one)


# Honest senders -----------------------------------------------------------------------------------


@settings(DETERMINISTIC, max_examples=40)
@given(
    st.lists(st.sampled_from([1, 2, 3, 254, 255, 256, 510, 511, 800]), min_size=1, max_size=4),
    st.integers(0, 2**32),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_messages_come_out_whole_and_once(
    counts: list[int], seed: int, duplicated: float, dropped: float
) -> None:
    random = Random(seed)
    messages = [message(count, b"%d" % i) for i, count in enumerate(counts)]
    ids = random.sample(range(1, 2**31), sum(-(-count // 255) + 1 for count in counts))
    parts: list[Fragment] = []
    for whole in messages:
        sets_needed = -(-capacity(len(whole), SIZE)[0] // 255)
        parts += split(whole, SIZE, set_ids=[ids.pop() for _ in range(sets_needed)])
    first = [part for part in parts if random.random() >= dropped]
    first += [part for part in first if random.random() < duplicated]
    random.shuffle(first)
    again = random.sample(parts, len(parts))

    sets = Reassembler()
    got = feed(sets, first)
    lost = set(parts) - set(first)
    if not lost:
        assert sorted(got) == sorted(messages)
    got += feed(sets, again)
    assert sorted(got) == sorted(messages)
    assert (sets.open_sets, sets.bytes_held) == (0, 0)
    counts_now = counted(sets)
    assert counts_now.pop("completed") == len(messages)
    ignored = len(first) + len(again) - len(parts)
    assert counts_now.pop("duplicates", 0) + counts_now.pop("late", 0) == ignored
    assert not counts_now


def test_message_of_many_sets_backwards() -> None:
    whole = message(255 * 20, size=12)
    parts = split(whole, 12)
    sets = Reassembler()
    assert feed(sets, reversed(parts)) == [whole]
    assert counted(sets) == {"completed": 1}


def test_empty_payloads_are_counted_as_fragments() -> None:
    sets = Reassembler()
    assert sets.add(Fragment(1, 2, 2, b"")) is None
    assert sets.add(Fragment(1, 2, 2, b"")) is None
    assert sets.add(Fragment(1, 2, 1, b"")) == b""
    assert counted(sets) == {"completed": 1, "duplicates": 1}


def test_other_types_are_not_taken() -> None:
    for value in (b"\x80\0\0\1\1\1\0", None):
        with pytest.raises(TypeError, match="a Fragment was expected"):
            Reassembler().add(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "limits",
    [
        {"max_open_sets": 0},
        {"max_bytes": 2**16 - 1},
        {"max_chain_sets": 0},
        {"max_age_s": 0},
        {"max_age_s": float("nan")},
        {"max_finished": -1},
    ],
    ids=str,
)
def test_limits_in_range(limits: dict[str, Any]) -> None:
    with pytest.raises(sx.SphinxError, match=next(iter(limits))):
        Reassembler(**limits)


# What does not fit --------------------------------------------------------------------------------


def test_other_totals_are_refused() -> None:
    sets = Reassembler()
    sets.add(Fragment(1, 2, 1, b"a"))
    for total, position in ((1, 1), (3, 1), (3, 2), (3, 3), (255, 255)):
        refused(sets, Fragment(1, total, position, b"x"))
    assert sets.add(Fragment(1, 2, 2, b"b")) == b"ab"
    assert counted(sets) == {"completed": 1, "refused": 5}


def test_first_fragment_at_a_position_stays() -> None:
    sets = Reassembler()
    sets.add(Fragment(1, 2, 1, b"a"))
    refused(sets, Fragment(1, 2, 1, b"x"))
    refused(sets, Fragment(1, 2, 1, b"a", previous_set=9))
    assert sets.add(Fragment(1, 2, 1, b"a")) is None
    assert sets.add(Fragment(1, 2, 2, b"b")) == b"ab"
    assert counted(sets) == {"completed": 1, "conflicts": 2, "duplicates": 1}


def test_one_set_cannot_be_on_both_sides() -> None:
    first, last = Fragment(1, 255, 1, b"", previous_set=2), Fragment(1, 255, 255, b"", next_set=2)
    for one, other in ((first, last), (last, first)):
        sets = Reassembler()
        sets.add(one)
        refused(sets, other)
        assert counted(sets) == {"refused": 1}


# Chains -------------------------------------------------------------------------------------------


def test_sets_are_joined_only_if_each_names_the_other() -> None:
    sets = Reassembler()
    assert feed(sets, full_set(1, next_set=2)) == []
    assert feed(sets, full_set(2, total=3)) == [payloads(full_set(2, total=3))]
    assert counted(sets) == {"completed": 1}  # set 1 waits until it is too old
    assert feed(sets, full_set(4, previous_set=3, total=2)) == []
    assert feed(sets, full_set(3, next_set=5)) == []
    chain = [full_set(3, next_set=5), full_set(5, previous_set=3, total=1)]
    assert feed(sets, chain[1]) == [payloads(*chain)]
    assert (counted(sets), sets.open_sets) == ({"completed": 2}, 2)


def test_sets_are_dropped_if_what_they_name_is_known_and_does_not_name_them() -> None:
    # The set that is named is complete; has a neighbour already; was given out.
    sets = Reassembler()
    feed(sets, full_set(1, previous_set=8, next_set=9))
    assert sets.open_sets == 1
    sets.add(Fragment(2, 2, 1, b"", previous_set=1))
    assert (counted(sets), sets.open_sets) == ({"unconfirmed": 1}, 1)
    sets.add(Fragment(3, 255, 255, b"", next_set=1))
    assert (counted(sets), sets.open_sets) == ({"unconfirmed": 2}, 1)
    sets.add(Fragment(4, 7, 6, b""))
    sets.add(Fragment(5, 2, 1, b"", previous_set=4))  # a set of 7 has no next one
    assert (counted(sets), sets.open_sets) == ({"unconfirmed": 3}, 2)
    feed(sets, full_set(6, total=1))
    sets.add(Fragment(7, 2, 1, b"", previous_set=6))
    assert (counted(sets), sets.open_sets) == ({"unconfirmed": 4, "completed": 1}, 2)


def test_set_completed_after_what_it_names() -> None:
    sets = Reassembler()
    feed(sets, full_set(1, next_set=2)[1:])
    feed(sets, full_set(2, next_set=3))
    assert sets.open_sets == 2
    feed(sets, full_set(1, next_set=2)[:1])
    assert (counted(sets), sets.open_sets) == ({"unconfirmed": 1}, 1)


@pytest.mark.parametrize("previous", [True, False])
def test_sets_that_name_each_other_in_one_direction_are_dropped(previous: bool) -> None:
    def naming(set_id: int, other: int) -> Fragment:
        if previous:
            return Fragment(set_id, 255, 1, b"", previous_set=other)
        return Fragment(set_id, 255, 255, b"", next_set=other)

    sets = Reassembler()
    sets.add(naming(1, 2))
    assert sets.open_sets == 1
    sets.add(naming(2, 1))
    assert (counted(sets), sets.open_sets, sets.bytes_held) == ({"cycles": 2}, 0, 0)


@pytest.mark.parametrize("length", [3, 4, 64])
@pytest.mark.parametrize("closes", [0, 1])
def test_rings_are_dropped_when_they_close(length: int, closes: int) -> None:
    ring = []
    for i in range(length):
        ring.append(Fragment(i + 1, 255, 1, b"", previous_set=(i - 1) % length + 1))
        ring.append(Fragment(i + 1, 255, 255, b"", next_set=(i + 1) % length + 1))
    last = ring.pop(closes)
    sets = Reassembler()
    sets.add(Fragment(1000, 2, 1, b""))
    assert feed(sets, ring) == []
    assert (counted(sets), sets.open_sets) == ({}, length + 1)
    sets.add(last)
    assert (counted(sets), sets.open_sets) == ({"cycles": length}, 1)


def test_chains_have_a_longest_length() -> None:
    sets = Reassembler(max_chain_sets=2)
    two = [full_set(1, next_set=2), full_set(2, previous_set=1)]
    assert feed(sets, two[1] + two[0]) == [payloads(*two)]
    three = [full_set(3, next_set=4), full_set(4, previous_set=3, next_set=5)]
    assert feed(sets, three[0] + three[1]) == []
    assert sets.open_sets == 2
    assert feed(sets, full_set(5, previous_set=4, total=1)) == []
    assert (counted(sets), sets.open_sets) == ({"completed": 1, "too_long": 3}, 0)


def test_long_chains_are_not_followed_by_recursion() -> None:
    n = 1200
    sets = Reassembler(max_chain_sets=n - 1)
    for i in range(1, n):
        sets.add(Fragment(i, 255, 255, b"", next_set=i + 1))
    for i in range(n, 2, -1):
        sets.add(Fragment(i, 255, 1, b"", previous_set=i - 1))
    assert (counted(sets), sets.open_sets) == ({}, n)
    sets.add(Fragment(2, 255, 1, b"", previous_set=1))
    assert (counted(sets), sets.open_sets) == ({"too_long": n}, 0)


# Limits -------------------------------------------------------------------------------------------


def test_sets_are_dropped_when_too_old() -> None:
    clock = Clock()
    sets = Reassembler(max_age_s=10, clock=clock)
    sets.add(Fragment(1, 3, 1, b"a"))
    clock.now += 5
    sets.add(Fragment(2, 3, 1, b"a"))
    clock.now += 5
    sets.add(Fragment(1, 3, 2, b"b"))
    assert sets.open_sets == 2
    clock.now += 5.5
    sets.add(Fragment(2, 3, 1, b"a"))  # not a duplicate: set 2 was dropped
    assert (counted(sets), sets.open_sets) == ({"expired": 1}, 2)
    sets.add(Fragment(2, 3, 1, b"a"))  # a duplicate does not keep a set
    clock.now += 4.75
    sets.expire()
    assert (counted(sets), sets.open_sets) == ({"expired": 2, "duplicates": 1}, 1)
    assert feed(sets, [Fragment(2, 3, 2, b"b"), Fragment(2, 3, 3, b"c")]) == [b"abc"]


def test_age_of_the_default() -> None:
    clock = Clock()
    sets = Reassembler(clock=clock)
    sets.add(Fragment(1, 2, 1, b"a"))
    clock.now += 1800
    sets.expire()
    assert sets.open_sets == 1
    clock.now += 1
    sets.expire()
    assert sets.open_sets == 0


def test_chain_is_dropped_as_a_whole_when_one_set_is_too_old() -> None:
    clock = Clock()
    sets = Reassembler(max_age_s=10, clock=clock)
    feed(sets, full_set(1, next_set=2))
    clock.now += 9
    sets.add(Fragment(2, 2, 1, b"", previous_set=1))
    sets.add(Fragment(3, 2, 1, b""))
    clock.now += 2
    sets.expire()
    assert (counted(sets), sets.open_sets) == ({"expired": 2}, 1)


def test_set_not_fed_for_longest_is_evicted() -> None:
    sets = Reassembler(max_open_sets=3)
    for set_id in (1, 2, 3):
        sets.add(Fragment(set_id, 3, 1, b"a"))
    sets.add(Fragment(1, 3, 2, b"b"))
    sets.add(Fragment(2, 3, 1, b"a"))  # a duplicate does not feed
    sets.add(Fragment(4, 3, 1, b"a"))
    assert (counted(sets), sets.open_sets) == ({"evicted": 1, "duplicates": 1}, 3)
    assert sets.add(Fragment(1, 3, 3, b"c")) == b"abc"
    sets.add(Fragment(3, 3, 2, b"b"))
    assert sets.add(Fragment(3, 3, 3, b"c")) == b"abc"
    sets.add(Fragment(4, 3, 2, b"b"))
    assert sets.add(Fragment(4, 3, 3, b"c")) == b"abc"
    sets.add(Fragment(2, 3, 2, b"b"))
    assert sets.add(Fragment(2, 3, 3, b"c")) is None  # it lost its first one
    assert sets.add(Fragment(2, 3, 1, b"a")) == b"abc"


def test_chain_is_evicted_as_a_whole() -> None:
    sets = Reassembler(max_open_sets=4)
    feed(sets, full_set(1, next_set=2))
    sets.add(Fragment(5, 2, 1, b""))
    feed(sets, full_set(2, previous_set=1, next_set=3))
    sets.add(Fragment(6, 2, 1, b""))
    assert (counted(sets), sets.open_sets) == ({}, 4)
    sets.add(Fragment(7, 2, 1, b""))
    assert (counted(sets), sets.open_sets) == ({"evicted": 2}, 3)


def test_bytes_are_limited() -> None:
    sets = Reassembler(max_bytes=2**16)
    sets.add(Fragment(1, 3, 1, bytes(20000)))
    sets.add(Fragment(2, 3, 1, bytes(20000)))
    sets.add(Fragment(1, 3, 2, bytes(20000)))
    assert counted(sets) == {}
    sets.add(Fragment(1, 3, 3, bytes(20000)))  # complete: no room is needed
    assert counted(sets) == {"completed": 1}
    sets.add(Fragment(3, 3, 1, bytes(20000)))
    sets.add(Fragment(4, 3, 1, bytes(20000)))
    assert counted(sets) == {"completed": 1}
    sets.add(Fragment(4, 3, 2, bytes(20000)))
    assert (counted(sets), sets.open_sets) == ({"completed": 1, "evicted": 1}, 2)
    assert 60000 < sets.bytes_held <= 2**16


def test_set_larger_than_the_limit_goes_itself() -> None:
    sets = Reassembler(max_bytes=2**16)
    assert feed(sets, (Fragment(1, 255, i, bytes(30000)) for i in range(1, 256))) == []
    assert counted(sets) == {"evicted": 255 // 3}
    assert sets.bytes_held <= 2**16


def test_finished_messages_are_remembered() -> None:
    clock = Clock()
    sets = Reassembler(max_age_s=10, max_finished=2, clock=clock)
    one, two, three = (full_set(set_id, total=2) for set_id in (1, 2, 3))
    assert feed(sets, one) == [payloads(one)]
    assert feed(sets, one) == []
    forged = replace(one[0], payload=b"x")
    assert feed(sets, [forged]) == []
    assert counted(sets) == {"completed": 1, "late": 3}
    clock.now += 10
    assert feed(sets, one) == []
    clock.now += 0.5
    assert feed(sets, one) == [payloads(one)]  # forgotten because of its age
    assert feed(sets, two + three) == [payloads(two), payloads(three)]
    assert feed(sets, one) == [payloads(one)]  # forgotten because of two others
    assert feed(sets, three + one) == []
    assert feed(sets, two) == [payloads(two)]
    assert sets.open_sets == 0


def test_id_that_finished_again_is_not_the_oldest() -> None:
    clock = Clock()
    sets = Reassembler(max_age_s=10, max_finished=2, clock=clock)
    one, two, three = (full_set(set_id, total=1) for set_id in (1, 2, 3))
    feed(sets, one)
    clock.now += 11
    assert feed(sets, two + one + three) == [payloads(two), payloads(one), payloads(three)]
    assert feed(sets, one + three + two) == [payloads(two)]


def test_all_sets_of_a_chain_are_remembered() -> None:
    chain = [full_set(1, next_set=2), full_set(2, previous_set=1, total=2)]
    sets = Reassembler()
    assert feed(sets, chain[0] + chain[1]) == [payloads(*chain)]
    assert feed(sets, chain[0] + chain[1]) == []
    assert (counted(sets), sets.open_sets) == ({"completed": 1, "late": 257}, 0)


# Hostile input ------------------------------------------------------------------------------------

MAX_BYTES = 1 << 20
HOSTILE_SETS = 20_000


def one_of_two() -> Iterator[Fragment]:
    for i in range(1, HOSTILE_SETS):
        yield Fragment(i, 2, 1, b"")


def one_of_255() -> Iterator[Fragment]:
    for i in range(1, HOSTILE_SETS):
        yield Fragment(i, 255, 2, b"x" * (i % 50))


def all_but_one() -> Iterator[Fragment]:
    for i in range(1, HOSTILE_SETS // 200):
        for position in range(1, 255):
            yield Fragment(i, 255, position, b"%d" % position)


def large() -> Iterator[Fragment]:
    for i in range(1, HOSTILE_SETS // 20):
        yield Fragment(i, 255, 2, bytes(32324))


def chains() -> Iterator[Fragment]:
    for i in range(1, HOSTILE_SETS // 2):
        yield Fragment(i, 255, 255, b"", next_set=i + 1)
        yield Fragment(i + 1, 255, 1, b"", previous_set=i)


def whole_messages() -> Iterator[Fragment]:
    for i in range(1, HOSTILE_SETS):
        yield Fragment(i, 1, 1, b"x" * 100)


def contradictions() -> Iterator[Fragment]:
    for i in range(1, HOSTILE_SETS):
        yield Fragment(i // 100 + 1, i % 255 + 1, i % 7 % (i % 255 + 1) + 1, bytes(i % 300))


@pytest.mark.parametrize(
    "stream",
    [one_of_two, one_of_255, all_but_one, large, chains, whole_messages, contradictions],
    ids=lambda stream: stream.__name__,
)
@pytest.mark.parametrize("max_open_sets", [500, 2**40])
def test_memory_is_bounded(stream: Callable[[], Iterator[Fragment]], max_open_sets: int) -> None:
    sets = Reassembler(max_bytes=MAX_BYTES, max_open_sets=max_open_sets, max_finished=1000)
    highest = 0
    tracemalloc.start()
    try:
        empty, _ = tracemalloc.get_traced_memory()
        for fragment in stream():
            # As it comes from the network, with objects of its own.
            received = Fragment.from_bytes(fragment.to_bytes())
            try:
                sets.add(received)
            except FragmentError:
                continue
            highest = max(highest, sets.bytes_held)
        full, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sets.open_sets <= max_open_sets
    assert highest <= MAX_BYTES
    # Beside the sets: the remembered ids, a message, and tables that grow by doubling.
    assert full - empty <= sets.bytes_held + 300_000
    assert peak - empty <= MAX_BYTES + 300_000


# A naive model ------------------------------------------------------------------------------------


class Model:
    """The same rules without an eye to speed: nothing is kept but the fragments."""

    def __init__(self, max_sets: int, max_bytes: int, max_chain: int, max_age: float) -> None:
        self.limits = (max_sets, max_bytes, max_chain, max_age)
        self.sets: dict[int, dict[int, Fragment]] = {}  # the one fed last is last
        self.fed: dict[int, float] = {}
        self.finished: dict[int, float] = {}
        self.counts: dict[str, int] = defaultdict(int)

    def total(self, one: int) -> int:
        return next(iter(self.sets[one].values())).total

    def complete(self, one: int) -> bool:
        return len(self.sets[one]) == self.total(one)

    def names(self, one: int, forth: bool) -> int | None:
        """What a set is known to name; 0 if it is not known."""
        if forth and self.total(one) < 255:
            return None
        end = self.sets[one].get(255 if forth else 1)
        if end is None:
            return 0
        return end.next_set if forth else end.previous_set

    def joined(self, one: int, other: int) -> bool:
        """Whether `other` follows `one`, as both say."""
        return (
            one in self.sets
            and other in self.sets
            and self.names(one, True) == other
            and self.names(other, False) == one
        )

    def chain(self, one: int) -> set[int]:
        found = {one}
        while True:
            more = {
                other
                for other in self.sets
                for known in found
                if self.joined(known, other) or self.joined(other, known)
            }
            if more <= found:
                return found
            found |= more

    def drop(self, chain: set[int], reason: str) -> None:
        for one in chain:
            del self.sets[one], self.fed[one]
        self.counts[reason] += len(chain)

    def expire(self, now: float) -> None:
        while old := [one for one in self.sets if now - self.fed[one] > self.limits[3]]:
            self.drop(self.chain(old[0]), "expired")

    def cost(self) -> int:
        return sum(
            reassembly._SET_COST
            + reassembly._PLACE_COST * self.total(one)
            + sum(reassembly._FRAGMENT_COST + len(f.payload) for f in held.values())
            for one, held in self.sets.items()
        )

    def is_finished(self, one: int, now: float) -> bool:
        return one in self.finished and now - self.finished[one] <= self.limits[3]

    def refusal(self, fragment: Fragment) -> str | None:
        one = fragment.set_id
        if one not in self.sets:
            return None
        if fragment.total != self.total(one):
            return "refused"
        before = self.sets[one].get(fragment.position)
        if before is not None:
            return "duplicates" if before == fragment else "conflicts"
        other_side = self.names(one, fragment.previous_set is not None)
        link = fragment.previous_set or fragment.next_set
        return "refused" if link and other_side == link else None

    def add(self, fragment: Fragment, now: float) -> bytes | str | None:
        self.expire(now)
        one = fragment.set_id
        if self.is_finished(one, now):
            self.counts["late"] += 1
            return None
        if reason := self.refusal(fragment):
            self.counts[reason] += 1
            return None if reason == "duplicates" else reason
        held = self.sets.pop(one, {})
        held[fragment.position] = fragment
        self.sets[one] = held
        self.fed[one] = now
        whole = None
        if fragment.previous_set or fragment.next_set or self.complete(one):
            whole = self.settle(one, now)
        max_sets, max_bytes = self.limits[:2]
        while len(self.sets) > max_sets or self.cost() > max_bytes:
            self.drop(self.chain(next(iter(self.sets))), "evicted")
        return whole

    def settle(self, one: int, now: float) -> bytes | None:
        chain = self.chain(one)
        heads = [a for a in chain if not any(self.joined(b, a) for b in chain)]
        if not heads:
            return self.drop(chain, "cycles")
        if len(chain) > self.limits[2]:
            return self.drop(chain, "too_long")
        order = heads
        while after := [a for a in chain if self.joined(order[-1], a)]:
            order += after
        for end, forth in ((order[0], False), (order[-1], True)):
            other = self.names(end, forth)
            if not other:
                continue
            if other in self.sets and self.names(other, forth) == end:
                return self.drop(chain | self.chain(other), "cycles")
            if self.is_finished(other, now) or (
                other in self.sets and self.names(other, not forth) != 0
            ):
                return self.drop(chain, "unconfirmed")
        ends = (self.names(order[0], False), self.names(order[-1], True))
        if ends != (None, None) or not all(self.complete(a) for a in chain):
            return None
        whole = b"".join(self.sets[a][i + 1].payload for a in order for i in range(self.total(a)))
        for a in chain:
            del self.sets[a], self.fed[a]
            self.finished[a] = now
        self.counts["completed"] += 1
        return whole


IDS = st.integers(1, 5)
PAYLOADS = st.sampled_from([b"", b"a", b"b" * 9000])


class AgainstModel(RuleBasedStateMachine):
    """Honest and other fragments of few sets, so that they meet."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.sets = Reassembler(
            max_open_sets=4, max_bytes=2**16, max_chain_sets=2, max_age_s=10, clock=self.clock
        )
        self.model = Model(4, 2**16, 2, 10)

    def add(self, fragment: Fragment) -> None:
        expected = self.model.add(fragment, self.clock.now)
        try:
            got = self.sets.add(fragment)
        except FragmentError:
            assert expected in ("refused", "conflicts"), fragment
        else:
            assert got == expected, fragment

    @rule(set_id=IDS, total=st.sampled_from([1, 2, 255]), payload=PAYLOADS, data=st.data())
    def add_one(self, set_id: int, total: int, payload: bytes, data: st.DataObject) -> None:
        position = data.draw(st.sampled_from(sorted({1, min(total, 2), total})))
        fragment = Fragment(set_id, total, position, payload)
        link = data.draw(st.none() | IDS.filter(lambda other: other != set_id))
        if link and position == 1:
            fragment = replace(fragment, previous_set=link)
        elif link and position == 255:
            fragment = replace(fragment, next_set=link)
        self.add(fragment)

    @rule(
        set_id=IDS,
        previous_set=st.none() | IDS,
        next_set=st.none() | IDS,
        total=st.sampled_from([1, 2, 255]),
        first=st.booleans(),
        last=st.booleans(),
    )
    def add_set(
        self,
        set_id: int,
        previous_set: int | None,
        next_set: int | None,
        total: int,
        first: bool,
        last: bool,
    ) -> None:
        if set_id in (previous_set, next_set):
            return
        parts = full_set(set_id, previous_set, next_set, total)
        for part in parts[0 if first else 1 : total if last else -1]:
            self.add(part)

    @rule(ids=st.lists(IDS, min_size=1, max_size=5, unique=True), data=st.data())
    def add_message(self, ids: list[int], data: st.DataObject) -> None:
        last = len(ids) - 1
        sets = [
            full_set(
                set_id,
                ids[i - 1] if i else None,
                ids[i + 1] if i < last else None,
                255 if i < last else data.draw(st.sampled_from([1, 2, 255])),
            )
            for i, set_id in enumerate(ids)
        ]
        for one in data.draw(st.permutations(sets)):
            backwards = data.draw(st.booleans())
            for part in reversed(one) if backwards else one:
                self.add(part)

    @rule(seconds=st.sampled_from([0.5, 4.0, 10.5]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def expire(self) -> None:
        self.sets.expire()
        self.model.expire(self.clock.now)

    @invariant()
    def same(self) -> None:
        assert counted(self.sets) == {name: n for name, n in self.model.counts.items() if n}
        assert self.sets.open_sets == len(self.model.sets)
        assert self.sets.bytes_held == self.model.cost()


TestAgainstModel = AgainstModel.TestCase
TestAgainstModel.settings = settings(DETERMINISTIC, max_examples=60, stateful_step_count=25)


# Vectors ------------------------------------------------------------------------------------------

OURS: dict[str, tuple[str, list[str | None]]] = {
    "duplicate-other-content-overwrites": (FIRST_WINS, [None, "error", "6162"]),
    "again-after-done": (REMEMBERED, ["61", None]),
    "set-reused-with-new-content": (REMEMBERED, ["61", None]),
    "total-changes-smaller-index-fits": (OWN_TOTAL, [None, "error", None]),
}
"""Where ours differs on purpose: what it does after each fragment."""


def test_vectors_reconstruction(tally: Tally) -> None:
    cases = shared(FILE, "reconstruction")
    report = Report(f"{FILE} reconstruction", [case["id"] for case in cases], "nym", tally)
    for case in cases:
        name = case["id"]
        expected = [
            None
            if after is None
            else "error"
            if "refused" in after
            else raw(after, "message").hex()
            for after in case["after"]
        ]
        if name in OURS:
            reason, ours = OURS[name]
            report.check(name, ours != expected, "does not differ")
            report.skip(name, reason)
            expected = ours
        sets = Reassembler()
        got: list[str | None] = []
        for fragment in case["fragments"]:
            try:
                whole = sets.add(Fragment.from_bytes(bytes.fromhex(fragment)))
            except FragmentError:
                got.append("error")
            else:
                got.append(None if whole is None else whole.hex())
        report.check(name, got == expected, f"{got}, not {expected}")
    report.finish(14, {FIRST_WINS: 1, REMEMBERED: 2, OWN_TOTAL: 1})


def test_vectors_split_come_together() -> None:
    for case in shared(FILE, "split"):
        if "bytes" not in case:
            continue
        parts = [Fragment.from_bytes(bytes.fromhex(one)) for one in case["bytes"]]
        sets = Reassembler()
        data = payloads(parts)
        assert len(data) == case["padded_len"]
        assert feed(sets, sorted(parts, key=lambda part: seeded(part.payload, 8))) == [data]
