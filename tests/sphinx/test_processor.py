"""The two stages of a processor, key rotation, and what it refuses to be made of."""

import threading
from typing import Any

import numpy as np
import pytest
from network import DESTINATION, IDENTIFIER, bad_packets, hop, key, packet, route

import sphinxcore as sx

S = sx.Status


@pytest.fixture
def processor(backend_name: str) -> sx.Processor:
    return sx.Processor(key(0), backend=backend_name)


@pytest.fixture(scope="module")
def mixed() -> list[bytes]:
    """A forward packet, one to deliver, and one bad packet of every kind."""
    return [packet(3), packet(1), *bad_packets(packet()).values()]


def test_first_stage(processor: sx.Processor, mixed: list[bytes]) -> None:
    opened = processor.authenticate(mixed)
    assert isinstance(opened, sx.AuthenticatedBatch)
    assert len(opened) == len(mixed)
    assert (opened.status.dtype, opened.status.shape) == (np.uint8, (7,))
    assert (opened.replay_tags.dtype, opened.replay_tags.shape) == (np.uint8, (7, 32))
    assert (opened.key_index.dtype, opened.key_index.shape) == (np.int8, (7,))
    # A routing flag and a payload that cannot be decrypted are found by the second stage.
    assert [S(x) for x in opened.status.tolist()] == [
        S.AUTHENTIC,
        S.AUTHENTIC,
        S.BAD_LENGTH,
        S.BAD_PUBLIC_VALUE,
        S.BAD_MAC,
        S.AUTHENTIC,
        S.AUTHENTIC,
    ]
    rejected = opened.status != S.AUTHENTIC
    assert not opened.replay_tags[rejected].any()
    assert opened.replay_tags[~rejected].any(axis=1).all()
    assert opened.key_index.tolist() == [0, 0, -1, -1, -1, 0, 0]


def test_second_stage(processor: sx.Processor, mixed: list[bytes]) -> None:
    opened = processor.authenticate(mixed)
    result = opened.unwrap()
    assert [row.status for row in result] == [S.FORWARD, S.DELIVER, *bad_packets(packet())]
    assert (result.replay_tags[:2] == opened.replay_tags[:2]).all()
    assert not result.replay_tags[2:].any()


def test_process_is_both_stages(processor: sx.Processor, mixed: list[bytes]) -> None:
    once, twice = processor.process(mixed), processor.authenticate(mixed).unwrap()
    assert list(once) == list(twice)


def test_processing_does_not_depend_on_what_came_before(
    processor: sx.Processor, mixed: list[bytes]
) -> None:
    assert list(processor.process(mixed)) == list(processor.process(mixed))


def test_rows_that_are_not_accepted(processor: sx.Processor) -> None:
    sent = [packet(2, b"%d" % i) for i in range(5)]
    everything = list(processor.process(sent))
    accept = np.array([True, False, True, False, True])
    opened = processor.authenticate(sent)
    result = opened.unwrap(accept=accept)
    for i, row in enumerate(result):
        if accept[i]:
            assert row == everything[i]
        else:
            tag = opened.replay_tags[i].tobytes()
            assert row == sx.Row(S.REPLAYED, tag, None, 0)
            assert row.status.rejected


def test_accept_cannot_save_a_bad_packet(processor: sx.Processor, mixed: list[bytes]) -> None:
    for accept in (True, False):
        result = processor.authenticate(mixed).unwrap(np.full(len(mixed), accept))
        bad = [S.BAD_LENGTH, S.BAD_PUBLIC_VALUE, S.BAD_MAC]
        assert [row.status for row in result][2:5] == bad


def test_accept_may_be_a_list_or_a_view(processor: sx.Processor) -> None:
    sent = [packet(), packet()]
    for accept in ([True, False], (True, False), np.array([True, True, False, False])[::2]):
        statuses = [row.status for row in processor.authenticate(sent).unwrap(accept)]
        assert statuses == [S.DELIVER, S.REPLAYED]
    assert len(processor.authenticate([]).unwrap([])) == 0


@pytest.mark.parametrize(
    "accept", [[1, 0], np.array([1, 0], np.uint8), [1.0, 0.0], ["a", "b"], [None, None], 1]
)
def test_accept_of_a_wrong_type_does_not_consume_the_batch(
    accept: Any, processor: sx.Processor
) -> None:
    opened = processor.authenticate([packet(), packet()])
    with pytest.raises(TypeError):
        opened.unwrap(accept)
    assert [row.status for row in opened.unwrap()] == [S.DELIVER] * 2


@pytest.mark.parametrize(
    "accept",
    [[True], [True] * 3, [[True, True]], True, np.ones((2, 1), np.bool_), [[True], [True, False]]],
)
def test_accept_of_a_wrong_shape_does_not_consume_the_batch(
    accept: Any, processor: sx.Processor
) -> None:
    opened = processor.authenticate([packet(), packet()])
    with pytest.raises(sx.SphinxError):
        opened.unwrap(accept)
    assert [row.status for row in opened.unwrap()] == [S.DELIVER] * 2


def test_second_unwrap_is_refused(processor: sx.Processor, mixed: list[bytes]) -> None:
    for sent in (mixed, []):
        opened = processor.authenticate(sent)
        opened.unwrap()
        with pytest.raises(sx.SphinxError, match="once"):
            opened.unwrap()
        with pytest.raises(sx.SphinxError, match="once"):
            opened.unwrap(np.zeros(len(sent), np.bool_))


def test_result_does_not_change_the_first_stage(processor: sx.Processor) -> None:
    opened = processor.authenticate([packet(), packet()])
    tags = opened.replay_tags.copy()
    result = opened.unwrap([True, False])
    result.replay_tags.fill(0)
    assert opened.status.tolist() == [S.AUTHENTIC, S.AUTHENTIC]
    assert (opened.replay_tags == tags).all()


def test_headers_are_copied_by_the_first_stage(processor: sx.Processor) -> None:
    sent = np.frombuffer(packet(2) + packet(1), np.uint8).reshape(2, -1)
    expected = list(processor.process(sent))
    buffer = sent.copy()
    opened = processor.authenticate(buffer)
    buffer[:, : sx.NYM.header_size] = 0xEE
    assert list(opened.unwrap()) == expected


def test_payloads_are_read_by_the_second_stage(processor: sx.Processor) -> None:
    sent = np.frombuffer(packet(1), np.uint8)[None].copy()
    opened = processor.authenticate(sent)
    sent[0, -1] ^= 1
    row = opened.unwrap()[0]
    assert row.status is S.DELIVER
    assert (row.destination, row.identifier) == (DESTINATION, bytes(16))
    with pytest.raises(sx.SphinxError):
        sx.recover_message(row.payload)


def test_a_packet_list_is_copied(processor: sx.Processor) -> None:
    sent = bytearray(packet(1))
    opened = processor.authenticate([sent])
    sent[:] = bytes(len(sent))
    payload = opened.unwrap()[0].payload
    assert sx.recover_message(payload) == b"message"


def test_batch_outlives_processor_and_packets(backend_name: str) -> None:
    processor = sx.Processor(key(0), backend=backend_name)
    sent = np.frombuffer(packet(1), np.uint8)[None].copy()
    opened = processor.authenticate(sent)
    del processor, sent
    assert sx.recover_message(opened.unwrap()[0].payload) == b"message"


def test_key_rotation(backend_name: str) -> None:
    current, previous, stranger = key(1), key(0), key(2)
    options: dict[str, Any] = {"destination": DESTINATION, "identifier": IDENTIFIER}
    sent = [sx.build_packet([hop(i)], b"%d" % i, **options) for i in (0, 1, 2)]
    result = sx.Processor([current, previous], backend=backend_name).process(sent)
    assert result.key_index.tolist() == [1, 0, -1]
    assert [row.status for row in result] == [S.DELIVER, S.DELIVER, S.BAD_MAC]
    both = sx.Processor([current, previous, stranger], backend=backend_name).process(sent)
    assert both.key_index.tolist() == [1, 0, 2]
    assert list(both)[:2] == list(result)[:2]


def test_first_of_equal_keys_opens(backend_name: str) -> None:
    result = sx.Processor([key(0), key(0)], backend=backend_name).process([packet(), packet()])
    assert result.key_index.tolist() == [0, 0]


def test_low_order_alpha_with_many_keys(backend_name: str) -> None:
    processor = sx.Processor([key(1), key(2)], backend=backend_name)
    row = processor.process([bad_packets(packet())[S.BAD_PUBLIC_VALUE]])[0]
    assert row.status is S.BAD_PUBLIC_VALUE


def test_as_many_keys_as_an_int8_can_name(backend_name: str) -> None:
    keys = [sx.PrivateKey.from_bytes(bytes([i]) * 32) for i in range(126)]
    processor = sx.Processor([*keys, key(0)], backend=backend_name)
    assert processor.process([packet()])[0].key_index == 126
    with pytest.raises(sx.SphinxError, match="127"):
        sx.Processor([*keys, key(0), key(1)], backend=backend_name)


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_give_the_same_result(threads: int, backend_name: str, mixed: list[bytes]) -> None:
    one = sx.Processor(key(0), backend=backend_name)
    many = sx.Processor(key(0), backend=backend_name, threads=threads)
    for sent in ([], mixed[:1], mixed[:3], mixed, mixed * 15):
        assert list(many.process(sent)) == list(one.process(sent))


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_work_at_the_same_time(threads: int) -> None:
    """Every share waits for all others."""
    barrier = threading.Barrier(threads, timeout=10)
    processor = sx.Processor(key(0), threads=threads)
    processor._run(lambda start, stop: barrier.wait(), 20 * threads)


def test_threads_are_for_those_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sphinxcore.processor.ThreadPoolExecutor", None)
    for processor in (sx.Processor(key(0)), sx.Processor(key(0), threads=1)):
        assert processor.process([packet()])[0].status is S.DELIVER


def test_wrong_keys() -> None:
    with pytest.raises(sx.SphinxError):
        sx.Processor([])
    for wrong in (None, 5, b"k" * 32, key(0).to_bytes(), [b"k" * 32], key(0).public_key, [None]):
        with pytest.raises(TypeError):
            sx.Processor(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [0, -1, 10**6])
def test_wrong_thread_counts(threads: int) -> None:
    with pytest.raises(sx.SphinxError, match="threads"):
        sx.Processor(key(0), threads=threads)


@pytest.mark.parametrize("threads", [None, 1.0, "2"])
def test_thread_counts_of_a_wrong_type(threads: Any) -> None:
    with pytest.raises(TypeError, match="threads"):
        sx.Processor(key(0), threads=threads)


def test_batches_are_made_by_processors_only() -> None:
    with pytest.raises(TypeError):
        sx.AuthenticatedBatch()  # type: ignore[call-arg]


def test_top_bit_of_alpha_is_ignored(processor: sx.Processor) -> None:
    sent = packet(3)
    top = sx.NYM.alpha_size - 1
    twin = sent[:top] + bytes([sent[top] ^ 0x80]) + sent[top + 1 :]
    one, two = processor.process([sent, twin])
    assert one == two
    fresh = sx.ReplayFilter().add(processor.authenticate([sent, twin]))
    assert fresh.tolist() == [True, False]


def test_a_route_may_visit_a_node_twice(processor: sx.Processor) -> None:
    twice = [*route(1), *route(1)]
    sent = sx.build_packet(twice, b"again", destination=DESTINATION)
    first = processor.process([sent])[0]
    assert first.next_hop == hop(0).address
    second = processor.process([first.packet])[0]
    assert sx.recover_message(second.payload) == b"again"
