"""Reassembly beside a naive model of the same rules."""

from collections import defaultdict
from dataclasses import replace

from clock import Clock
from fragment_sets import counted, full_set
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from network import DETERMINISTIC

from sphinxcore.nym import reassembly
from sphinxcore.nym.errors import FragmentError
from sphinxcore.nym.fragments import Fragment
from sphinxcore.nym.reassembly import Reassembler


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
