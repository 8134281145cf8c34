"""What objects say of themselves, and results that hold nothing yet."""

import numpy as np
import pytest
from network import bad_packets, key, packet

import sphinxcore as sx

PACKETS = [packet(2), packet(1), *[bad_packets(packet())[sx.Status.BAD_MAC]] * 2]


@pytest.fixture
def processor() -> sx.Processor:
    return sx.Processor([key(0), key(1)], backend="python", threads=3)


def test_reprs(processor: sx.Processor) -> None:
    assert repr(processor) == "<Processor on python, keys=2, threads=3>"
    opened = processor.authenticate(PACKETS)
    assert repr(opened) == "<AuthenticatedBatch of 4: 2 AUTHENTIC, 2 BAD_MAC>"
    result = opened.unwrap()
    assert repr(result) == "<BatchResult of 4: 1 FORWARD, 1 DELIVER, 2 BAD_MAC>"
    assert repr(processor.process([])) == repr(sx.BatchResult()) == "<BatchResult of 0>"


def test_a_result_that_was_not_filled(processor: sx.Processor) -> None:
    empty, none = sx.BatchResult(), processor.process([])
    assert len(empty) == 0
    assert list(empty) == []
    for name in ("status", "replay_tags", "key_index", "versions", "next_hops", "delays_ns"):
        assert getattr(empty, name).shape == getattr(none, name).shape
        assert getattr(empty, name).dtype == getattr(none, name).dtype
    for name in ("destinations", "identifiers", "buffer", "offsets", "packets"):
        assert getattr(empty, name).shape == getattr(none, name).shape
        assert getattr(empty, name).dtype == getattr(none, name).dtype
    with pytest.raises(IndexError, match="row 0 of 0"):
        empty[0]
    assert sx.ReplayFilter().add(empty).shape == (0,)
    filled = processor.process(PACKETS, out=empty)
    assert filled is empty
    assert len(filled) == 4
    assert len(sx.BatchResult()) == 0
    assert np.count_nonzero(filled.status) == 4


def test_the_caller_is_one_of_the_threads(processor: sx.Processor) -> None:
    assert processor._pool is not None
    assert processor._pool._max_workers == 2
