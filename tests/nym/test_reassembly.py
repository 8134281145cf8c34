"""Reassembly: exact for honest senders in any order, unmoved by all others."""

from random import Random
from typing import Any

import pytest
from cases import OTHER_TOTAL
from fragment_sets import SIZE, counted, feed, full_set, message, payloads, refused
from hypothesis import given, settings
from hypothesis import strategies as st
from network import DETERMINISTIC, seeded
from report import Report
from shared_files import raw, shared
from tally import Tally

import sphinxcore as sx
from sphinxcore.nym.errors import FragmentError
from sphinxcore.nym.fragments import Fragment, capacity, split
from sphinxcore.nym.reassembly import Reassembler

FILE = "nym2_fragments.json"
FIRST_WINS = "ours: first fragment at a position stays"
REMEMBERED = "ours: fragments of finished messages ignored"


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


# Vectors ------------------------------------------------------------------------------------------

OURS: dict[str, tuple[str, list[str | None]]] = {
    "duplicate-other-content-overwrites": (FIRST_WINS, [None, "error", "6162"]),
    "again-after-done": (REMEMBERED, ["61", None]),
    "set-reused-with-new-content": (REMEMBERED, ["61", None]),
    "total-changes-smaller-index-fits": (OTHER_TOTAL, [None, "error", None]),
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
    report.finish(14, {FIRST_WINS: 1, REMEMBERED: 2, OTHER_TOTAL: 1})


def test_vectors_split_come_together() -> None:
    for case in shared(FILE, "split"):
        if "bytes" not in case:
            continue
        parts = [Fragment.from_bytes(bytes.fromhex(one)) for one in case["bytes"]]
        sets = Reassembler()
        data = payloads(parts)
        assert len(data) == case["padded_len"]
        assert feed(sets, sorted(parts, key=lambda part: seeded(part.payload, 8))) == [data]
