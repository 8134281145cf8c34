"""The replay filter: exact, and only for authentic rows."""

import threading
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from network import DETERMINISTIC, bad_packets, key, packet, seeded

import sphinxcore as sx

S = sx.Status


class Batch:
    """Looks like an AuthenticatedBatch with these tags."""

    def __init__(self, *tags: bytes, status: int = S.AUTHENTIC) -> None:
        self.replay_tags: npt.NDArray[np.uint8] = np.frombuffer(b"".join(tags), np.uint8)
        self.replay_tags = self.replay_tags.reshape(len(tags), 32)
        self.status = np.full(len(tags), status, np.uint8)


def tag(i: int) -> bytes:
    return i.to_bytes(32, "big")


def test_a_tag_is_fresh_once() -> None:
    seen = sx.ReplayFilter()
    fresh = seen.add(Batch(tag(1), tag(2), tag(1)))
    assert isinstance(fresh, np.ndarray)
    assert (fresh.dtype, fresh.shape) == (np.bool_, (3,))
    assert fresh.tolist() == [True, True, False]
    assert seen.add(Batch(tag(2), tag(3))).tolist() == [False, True]
    assert len(seen) == 3
    assert tag(3) in seen
    assert tag(4) not in seen


def test_clear() -> None:
    seen = sx.ReplayFilter()
    seen.add(Batch(tag(1)))
    seen.clear()
    assert len(seen) == 0
    assert tag(1) not in seen
    assert seen.add(Batch(tag(1))).tolist() == [True]


@pytest.mark.parametrize("bit", range(0, 256, 5))
def test_tags_that_differ_in_one_bit_are_two(bit: int) -> None:
    one = seeded(b"tag", 32)
    other = (int.from_bytes(one, "big") ^ 1 << bit).to_bytes(32, "big")
    seen = sx.ReplayFilter()
    assert seen.add(Batch(one, other, one, other)).tolist() == [True, True, False, False]


@pytest.mark.parametrize("status", S)
def test_rejected_rows_never_enter(status: sx.Status) -> None:
    seen = sx.ReplayFilter()
    assert seen.add(Batch(tag(1), status=status)).tolist() == [not status.rejected]
    assert len(seen) == (not status.rejected)


@DETERMINISTIC
@given(st.lists(st.lists(st.integers(0, 20), max_size=20), max_size=10))
def test_filter_is_a_set(batches: list[list[int]]) -> None:
    seen, reference = sx.ReplayFilter(), set[int]()
    for batch in batches:
        expected = []
        for number in batch:
            expected.append(number not in reference)
            reference.add(number)
        assert seen.add(Batch(*map(tag, batch))).tolist() == expected
    assert len(seen) == len(reference)


OPERATION = st.one_of(
    st.lists(st.integers(0, 20), max_size=20), st.just("rotate"), st.just("restart")
)


@DETERMINISTIC
@given(st.lists(OPERATION, max_size=30))
def test_rotation_and_restart(operations: list[Any]) -> None:
    """Against lists of generations of which the last two count."""
    seen, generations = sx.ReplayFilter(), [set[int](), set[int]()]
    for operation in operations:
        if operation == "rotate":
            seen.rotate()
            generations.append(set())
        elif operation == "restart":
            old, seen = seen, sx.ReplayFilter()
            seen.add_tags(old.tags())
            generations.append(generations.pop() | generations[-1])
            generations[-2] = set()
        else:
            expected = []
            for number in operation:
                new = number not in generations[-1] | generations[-2]
                expected.append(new)
                if new:
                    generations[-1].add(number)
            assert seen.add(Batch(*map(tag, operation))).tolist() == expected
        assert sorted(seen.tags()) == sorted(map(tag, generations[-1] | generations[-2]))
        assert len(seen) == len(seen.tags())


def test_tags_of_the_previous_key_count() -> None:
    seen = sx.ReplayFilter()
    for i in range(5):
        seen.rotate()
        assert seen.add(Batch(tag(i))).tolist() == [True]
        counting = [n for n in range(5) if tag(n) in seen]
        assert counting == list(range(max(0, i - 1), i + 1))
        assert repr(seen) == f"<ReplayFilter of {len(counting)} tags>"


def test_clear_forgets_both_keys() -> None:
    seen = sx.ReplayFilter()
    seen.add(Batch(tag(1)))
    seen.rotate()
    seen.add(Batch(tag(2)))
    seen.clear()
    assert len(seen) == 0 and seen.tags() == []


def test_tags_from_elsewhere() -> None:
    seen = sx.ReplayFilter()
    seen.add_tags([tag(1), bytearray(tag(2)), memoryview(tag(1))])
    assert seen.add(Batch(tag(1), tag(2), tag(3))).tolist() == [False, False, True]
    with pytest.raises(TypeError, match="replay tag must be bytes, not int"):
        seen.add_tags([tag(4), 5])
    assert tag(4) not in seen


def test_with_a_processor(backend_name: str) -> None:
    processor = sx.Processor(key(0), backend=backend_name)
    seen = sx.ReplayFilter()
    one, two = packet(1, b"one"), packet(2, b"two")
    bad = bad_packets(one)[S.BAD_MAC]
    opened = processor.authenticate([one, bad, two, one])
    fresh = seen.add(opened)
    assert fresh.tolist() == [True, False, True, False]
    statuses = [row.status for row in opened.unwrap(fresh)]
    assert statuses == [S.DELIVER, S.BAD_MAC, S.FORWARD, S.REPLAYED]
    again = processor.authenticate([two, bad, one])
    fresh = seen.add(again)
    assert not fresh.any()
    statuses = [row.status for row in again.unwrap(fresh)]
    assert statuses == [S.REPLAYED, S.BAD_MAC, S.REPLAYED]
    assert len(seen) == 2
    assert bytes(32) not in seen


def test_result_of_both_stages(backend_name: str) -> None:
    result = sx.Processor(key(0), backend=backend_name).process([packet(1), packet(2), b""])
    assert sx.ReplayFilter().add(result).tolist() == [True, True, False]


def test_threads() -> None:
    seen = sx.ReplayFilter()
    batches = [Batch(*[tag(j) for j in range(i, i + 50)]) for i in range(0, 1000, 10)]
    won: list[Counter[int]] = [Counter() for _ in range(8)]

    def work(own: Counter[int]) -> None:
        for batch in batches:
            fresh = seen.add(batch)
            own.update(int.from_bytes(t.tobytes(), "big") for t in batch.replay_tags[fresh])

    threads = [threading.Thread(target=work, args=(own,)) for own in won]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(won, Counter()) == Counter(range(1040))
    assert len(seen) == 1040


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        5,
        b"tags",
        [bytes(32)],
        np.zeros((1, 32), np.uint8),
        SimpleNamespace(status=np.zeros(1, np.uint8)),
        SimpleNamespace(replay_tags=np.zeros((1, 32), np.uint8)),
    ],
)
def test_wrong_types(wrong: Any) -> None:
    with pytest.raises(TypeError):
        sx.ReplayFilter().add(wrong)
