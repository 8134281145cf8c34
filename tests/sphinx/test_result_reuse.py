"""process(out=result): the memory of a result is used again."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from network import bad_packets, key, packet

import sphinxcore as sx
from sphinxcore._packets import packets_at

COLUMNS = (
    "status",
    "replay_tags",
    "key_index",
    "versions",
    "next_hops",
    "delays_ns",
    "destinations",
    "identifiers",
)


@pytest.fixture
def processor(backend_name: str) -> sx.Processor:
    return sx.Processor(key(0), backend=backend_name)


def batches() -> list[list[bytes]]:
    """Batches that shrink, grow, and change what their rows hold."""
    bad = list(bad_packets(packet()).values())
    return [
        [packet(3), packet(1), *bad, packet(2, payload_size=2065)],
        [bad[2], packet(1)],
        [],
        [packet(1)] * 3 + [packet(4)] * 70,
        [*bad, packet(1), packet(5)],
    ]


def test_is_filled_as_a_new_one_would_be(processor: sx.Processor) -> None:
    used = processor.process([packet(2)] * 5)
    for sent in batches():
        result = processor.process(sent, out=used)
        assert result is used
        assert list(result) == list(processor.process(sent))
        assert [bytes(row) for row in result.packets] == [
            bytes(row) for row in processor.process(sent).packets
        ]


@pytest.mark.parametrize("n", [7, 8])
def test_keeps_its_memory(n: int, processor: sx.Processor) -> None:
    result = processor.process([packet(2)] * 8)
    before = {name: getattr(result, name) for name in (*COLUMNS, "buffer")}
    processor.process([packet(3)] * n, out=result)
    for name, old in before.items():
        assert np.shares_memory(getattr(result, name), old), name


@pytest.mark.parametrize("first", [0, 1], ids=["all rows", "all but the first row"])
def test_packets_may_lie_in_it(processor: sx.Processor, first: int) -> None:
    sent = np.frombuffer(b"".join([packet(4, bytes([i])) for i in range(6)]), np.uint8)
    result = processor.process(sent.reshape(6, -1))
    onwards = result.packets[first:]
    before = onwards.copy()
    expected = list(sx.Processor(key(1), backend=processor.backend).process(before))
    found = sx.Processor(key(1), backend=processor.backend).process(onwards, out=result)
    assert {row.status for row in expected} == {sx.Status.FORWARD}
    assert list(found) == expected
    assert (onwards == before).all()


def test_packets_may_lie_in_it_in_any_order(processor: sx.Processor) -> None:
    result = processor.process([packet(4, bytes([i])) for i in range(70)])
    size = len(result.buffer) // 70
    onwards = packets_at(result.buffer, result.offsets[::-1].copy(), [size] * 70)
    next_node = sx.Processor(key(1), backend=processor.backend)
    expected = list(next_node.process(result.packets[::-1].copy()))
    assert {row.status for row in expected} == {sx.Status.FORWARD}
    assert list(next_node.process(onwards, out=result)) == expected


def test_wrong_type_leaves_the_batch_as_it_was(processor: sx.Processor) -> None:
    opened = processor.authenticate([packet(2)])
    with pytest.raises(TypeError, match="out must be a BatchResult, not dict"):
        opened.unwrap(out={})  # type: ignore[arg-type]
    assert opened.unwrap()[0].status is sx.Status.FORWARD


def test_a_second_unwrap_leaves_it_as_it_was(processor: sx.Processor) -> None:
    opened = processor.authenticate([packet(2)])
    result = opened.unwrap()
    before = list(result)
    with pytest.raises(sx.SphinxError, match="unwrapped before"):
        opened.unwrap(out=result)
    assert list(result) == before


def test_columns_of_another_format_are_not_taken(backend_name: str) -> None:
    short = dataclasses.replace(sx.NYM, identifier_size=8)
    sent = packet(1, identifier=b"12345678", wire_format=short)
    result = sx.Processor(key(0), backend=backend_name).process([packet(1)] * 2)
    other = sx.Processor(key(0), backend=backend_name, wire_format=short)
    assert other.process([sent], out=result)[0].identifier == b"12345678"
    assert result.identifiers.shape == (1, 8)


def test_a_result_that_another_batch_took_over(
    backend_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of the caller. What is written stays within what the batch was given."""
    node, result = sx.Processor(key(0), backend=backend_name), sx.BatchResult()
    small = node.authenticate([b"short"])
    run = sx.Processor._run

    def late(self: sx.Processor, stage: Any, n: int) -> None:
        if n == 40:
            small.unwrap(out=result)
        run(self, stage, n)

    opened = node.authenticate([packet(2)] * 40)
    monkeypatch.setattr(sx.Processor, "_run", late)
    assert opened.unwrap(out=result) is result
    assert len(result) == 1 and len(result.buffer) == 5
