"""The columns and rows that come out of a batch."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from network import DESTINATION, IDENTIFIER, SMALL_PAYLOAD, bad_packets, hop, key, packet

import sphinxcore as sx

S = sx.Status


@pytest.fixture
def processor(backend_name: str) -> sx.Processor:
    return sx.Processor(key(0), backend=backend_name)


def process(processor: sx.Processor, *sent: bytes) -> sx.BatchResult:
    return processor.process(sent)


def forward() -> bytes:
    return packet(3, version=258)


def final() -> bytes:
    return packet(1, b"final", identifier=IDENTIFIER, version=260)


def test_columns(processor: sx.Processor) -> None:
    sent = [forward(), final(), *bad_packets(packet()).values()]
    result = processor.process(sent)
    n = len(sent)
    assert len(result) == n
    for column, dtype, shape in (
        (result.status, np.uint8, (n,)),
        (result.replay_tags, np.uint8, (n, 32)),
        (result.key_index, np.int8, (n,)),
        (result.versions, np.uint16, (n,)),
        (result.next_hops, np.uint8, (n, 32)),
        (result.delays_ns, np.uint64, (n,)),
        (result.destinations, np.uint8, (n, 32)),
        (result.identifiers, np.uint8, (n, 16)),
    ):
        assert isinstance(column, np.ndarray)
        assert column.dtype == dtype
        assert column.shape == shape
    assert result.status.tolist() == [S.FORWARD, S.DELIVER, *bad_packets(packet())]
    assert result.key_index.tolist() == [0, 0] + [-1] * 5
    assert result.versions.tolist() == [258, 260] + [0] * 5
    assert result.delays_ns.tolist() == [hop(0).delay_ns] + [0] * 6
    assert result.next_hops[0].tobytes() == hop(1).address
    assert not result.next_hops[1].any()
    assert result.destinations[1].tobytes() == DESTINATION
    assert result.identifiers[1].tobytes() == IDENTIFIER
    assert not result.destinations[0].any()
    assert not result.identifiers[0].any()
    for column in (result.replay_tags, result.next_hops, result.destinations, result.identifiers):
        assert not column[2:].any()


def test_forward_row(processor: sx.Processor) -> None:
    row = process(processor, forward())[0]
    assert type(row) is sx.Row
    assert row.status is S.FORWARD
    assert not row.status.rejected
    assert type(row.replay_tag) is bytes
    assert len(row.replay_tag) == 32
    assert (type(row.version), row.version) == (int, 258)
    assert (type(row.key_index), row.key_index) == (int, 0)
    assert (type(row.next_hop), row.next_hop) == (bytes, hop(1).address)
    assert (type(row.delay_ns), row.delay_ns) == (int, hop(0).delay_ns)
    assert type(row.packet) is bytes
    assert len(row.packet) == len(forward())
    assert row.destination is row.identifier is row.payload is None


def test_deliver_row(processor: sx.Processor) -> None:
    row = process(processor, final())[0]
    assert row.status is S.DELIVER
    assert not row.status.rejected
    assert type(row.replay_tag) is bytes
    assert (type(row.version), row.version) == (int, 260)
    assert (type(row.destination), row.destination) == (bytes, DESTINATION)
    assert (type(row.identifier), row.identifier) == (bytes, IDENTIFIER)
    assert type(row.payload) is bytes
    assert len(row.payload) == SMALL_PAYLOAD
    assert row.next_hop is row.delay_ns is row.packet is None
    assert sx.recover_message(row.payload) == b"final"


@pytest.mark.parametrize("status", bad_packets(packet()))
def test_rejected_row_holds_nothing(status: sx.Status, processor: sx.Processor) -> None:
    result = process(processor, bad_packets(packet())[status], final())
    row = result[0]
    assert row.status is status
    assert row.status.rejected
    fields = dataclasses.asdict(row)
    del fields["status"]
    assert set(fields.values()) == {None}
    assert len(result.packets[0]) == 0
    assert not result.buffer[: result.offsets[1]].any()


def test_replayed_row_has_its_tag_and_nothing_else(processor: sx.Processor) -> None:
    opened = processor.authenticate([final(), forward()])
    result = opened.unwrap([False, False])
    for i, row in enumerate(result):
        assert row == sx.Row(S.REPLAYED, opened.replay_tags[i].tobytes(), None, 0)
        assert row.status.rejected
    assert not result.buffer.any()
    assert not result.versions.any()
    assert not result.next_hops.any()
    assert not result.destinations.any()


def test_packets_of_one_size_and_kind_are_an_array(processor: sx.Processor) -> None:
    sent = [packet(3, b"%d" % i) for i in range(3)]
    result = processor.process(sent)
    assert isinstance(result.packets, np.ndarray)
    assert result.packets.dtype == np.uint8
    assert result.packets.shape == (3, len(sent[0]))
    assert np.shares_memory(result.packets, result.buffer)
    assert [row.tobytes() for row in result.packets] == [row.packet for row in result]


def test_packets_go_on_to_the_next_processor(backend_name: str) -> None:
    sent: Any = sx.build_packets(
        [[hop(i) for i in range(5)]] * 4, [b"%d" % i for i in range(4)], destination=DESTINATION
    )
    for node in range(5):
        result = sx.Processor(key(node), backend=backend_name).process(sent)
        sent = result.packets
    assert [sx.recover_message(payload) for payload in sent] == [b"0", b"1", b"2", b"3"]


def test_payloads_of_one_size_are_an_array(processor: sx.Processor) -> None:
    result = process(processor, final(), final())
    assert isinstance(result.packets, np.ndarray)
    assert result.packets.shape == (2, SMALL_PAYLOAD)
    assert [row.tobytes() for row in result.packets] == [row.payload for row in result]


def test_packets_of_several_sizes_are_views_of_one_buffer(processor: sx.Processor) -> None:
    sent = [packet(2), packet(2, payload_size=33), b"", final(), packet(2, payload_size=500)]
    result = processor.process(sent)
    views = result.packets
    assert isinstance(views, list)
    assert all(isinstance(view, memoryview) for view in views)
    assert len({id(view.obj) for view in views}) == 1
    assert np.shares_memory(np.frombuffer(views[0], np.uint8), result.buffer)
    assert [view.tobytes() for view in views] == [
        row.packet or row.payload or b"" for row in result
    ]


def test_one_rejected_packet_makes_sizes_differ(processor: sx.Processor) -> None:
    bad = bad_packets(packet())[S.BAD_MAC]
    views = process(processor, forward(), bad, forward()).packets
    assert [len(view) for view in views] == [len(bad), 0, len(bad)]
    assert all(isinstance(view, memoryview) for view in views)


def test_all_rejected(processor: sx.Processor) -> None:
    bad = bad_packets(packet())
    for sent in ([bad[S.BAD_MAC]] * 2, [bad[S.BAD_MAC], bad[S.BAD_LENGTH]]):
        packets = processor.process(sent).packets
        assert len(packets) == 2
        assert [len(view) for view in packets] == [0, 0]


def test_indices(processor: sx.Processor) -> None:
    sent = [packet(2, b"%d" % i) for i in range(3)]
    result = processor.process(sent)
    assert len(result) == 3
    rows = [result[i] for i in range(3)]
    assert list(result) == rows
    assert list(iter(result)) == rows
    assert [result[i] for i in (-3, -2, -1)] == rows
    assert result[np.int64(1)] == rows[1]
    assert len(set(rows)) == 3


@pytest.mark.parametrize("i", [3, -4, 2**63, -(2**70)])
def test_index_errors(i: int, processor: sx.Processor) -> None:
    result = processor.process([packet()] * 3)
    with pytest.raises(IndexError, match=rf"^row {i} of 3$"):
        result[i]
    with pytest.raises(IndexError):
        processor.process([])[0]


@pytest.mark.parametrize("i", [None, 0.0, "0", slice(0, 1)])
def test_indices_of_a_wrong_type(i: Any, processor: sx.Processor) -> None:
    with pytest.raises(TypeError):
        processor.process([packet()])[i]


def test_rows_are_frozen_and_show_no_payload(processor: sx.Processor) -> None:
    row = process(processor, final())[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.payload = b""  # type: ignore[misc]
    assert row.payload is not None
    assert repr(row.payload) not in repr(row)
    assert "payload" not in repr(row)


def test_results_do_not_share_memory(processor: sx.Processor) -> None:
    sent = np.frombuffer(forward(), np.uint8)[None].copy()
    result = processor.process(sent)
    kept = result[0]
    sent.fill(0)
    processor.process([final()])
    assert result[0] == kept
    result.buffer.fill(0)
    assert kept.packet is not None
    assert any(kept.packet)


def test_statuses() -> None:
    assert [int(status) for status in S] == list(range(len(S)))
    assert S(0).rejected
    kept = {S.FORWARD, S.DELIVER, S.AUTHENTIC}
    assert {status for status in S if not status.rejected} == kept


def test_a_delivered_payload_has_no_header(processor: sx.Processor) -> None:
    used = processor.process([forward()] * 70)
    result = processor.process([final()] * 70, out=used)
    for start in result.offsets:
        assert not result.buffer[start : start + sx.NYM.header_size].any()
