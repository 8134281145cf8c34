"""Limits of reassembly: what is dropped when, and that memory is bounded whatever comes."""

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from clock import Clock
from fragment_sets import counted, feed, full_set, payloads

from sphinxcore.nym.errors import FragmentError
from sphinxcore.nym.fragments import Fragment
from sphinxcore.nym.reassembly import Reassembler

# Age, number, bytes -------------------------------------------------------------------------------


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
HOSTILE_SETS = 10_000


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
