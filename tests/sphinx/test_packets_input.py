"""The forms in which packets are handed to a processor, and the key hints beside them."""

import array
import threading
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from network import bad_packets, key, packet

import sphinxcore as sx
from sphinxcore import _packets
from sphinxcore._packets import Packets, as_packets, packets_at

N = 5
S = sx.Status
Array = npt.NDArray[Any]


@pytest.fixture
def processor(backend_name: str) -> sx.Processor:
    return sx.Processor(key(0), backend=backend_name)


@pytest.fixture(scope="module")
def sent() -> Array:
    return np.frombuffer(b"".join(packet(2, b"%d" % i) for i in range(N)), np.uint8).reshape(N, -1)


@pytest.fixture(scope="module")
def rows(sent: Array) -> list[sx.Row]:
    """What must come out of `sent`, whatever its form."""
    return list(sx.Processor(key(0), backend="python").process(list(map(bytes, sent))))


def unaligned(shift: int, sent: Array) -> Array:
    raw = np.empty(sent.size + shift, np.uint8)[shift:]
    raw[:] = sent.ravel()
    return raw.reshape(sent.shape)


def framed(sent: Array, front: int, back: int) -> Array:
    """Packets with other bytes between them, as in frames."""
    frames = np.full((N, front + sent.shape[1] + back), 0xEE, np.uint8)
    frames[:, front : front + sent.shape[1]] = sent
    return frames[:, front : front + sent.shape[1]]


def read_only(sent: Array) -> Array:
    copy = sent.copy()
    copy.flags.writeable = False
    return copy


def every_second_byte(sent: Array) -> Array:
    wide = np.repeat(sent, 2, axis=1)
    wide[:, 1::2] = 0xEE
    return wide[:, ::2]


ARRAYS = {
    "plain": lambda sent: sent,
    "read-only": read_only,
    "framed": lambda sent: framed(sent, 5, 11),
    "framed-in-front": lambda sent: framed(sent, 1, 0),
    "framed-behind": lambda sent: framed(sent, 0, 1),
    "every-second-row": lambda sent: np.repeat(sent, 2, axis=0)[::2],
    "every-second-byte": every_second_byte,
    "rows-reversed-twice": lambda sent: sent[::-1].copy()[::-1],
    "bytes-reversed-twice": lambda sent: sent[:, ::-1].copy()[:, ::-1],
    "fortran": np.asfortranarray,
    "transposed-twice": lambda sent: sent.T.copy().T,
} | {f"unaligned-{i}": lambda sent, i=i: unaligned(i, sent) for i in range(1, 8)}


@pytest.mark.parametrize("form", ARRAYS)
def test_arrays(form: str, processor: sx.Processor, sent: Array, rows: list[sx.Row]) -> None:
    given = ARRAYS[form](sent)
    before = given.tobytes()
    assert list(processor.process(given)) == rows
    assert given.tobytes() == before
    for n in (1, 2):
        assert list(processor.process(given[:n])) == rows[:n]
        taken = as_packets(given[:n])
        assert taken.offsets.min() >= 0
        assert (taken.offsets + taken.sizes).max() <= len(taken.data)


def test_rows_that_lie_apart_are_not_copied(sent: Array) -> None:
    frames = framed(sent, 5, 11)
    data = as_packets(frames).data
    assert data.ctypes.data == frames.ctypes.data
    assert len(data) == (N - 1) * frames.strides[0] + frames.shape[1]


def test_overlapping_rows(processor: sx.Processor, sent: Array, rows: list[sx.Row]) -> None:
    same = np.broadcast_to(sent[0], sent.shape)
    assert list(processor.process(same)) == [rows[0]] * N


FLAT = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "memoryview-2d": lambda raw: memoryview(raw).cast("B", (N, len(raw) // N)),
    "array": lambda raw: np.frombuffer(raw, np.uint8),
    "array-with-gaps": lambda raw: np.frombuffer(raw, np.uint8).repeat(2)[::2],
}


@pytest.mark.parametrize("form", FLAT)
def test_flat_buffers(form: str, processor: sx.Processor, sent: Array, rows: list[sx.Row]) -> None:
    given = FLAT[form](sent.tobytes())
    assert list(processor.process(given, packet_size=sent.shape[1])) == rows
    assert list(processor.authenticate(given, packet_size=sent.shape[1]).unwrap()) == rows


def test_packet_size_beside_an_array_must_agree(processor: sx.Processor, sent: Array) -> None:
    assert len(processor.process(sent, packet_size=sent.shape[1])) == N
    with pytest.raises(sx.SphinxError, match="packet_size"):
        processor.process(sent, packet_size=sent.shape[1] - 1)


ROWS = {
    "bytes": lambda row: row.tobytes(),
    "bytearray": lambda row: bytearray(row.tobytes()),
    "memoryview": lambda row: memoryview(row.tobytes()),
    "memoryview-2d": lambda row: memoryview(row.tobytes()).cast("B", (2, len(row) // 2)),
    "wide-memoryview": lambda row: memoryview(row.tobytes()).cast("H"),
    "array": lambda row: row.copy(),
    "read-only-array": lambda row: np.frombuffer(row.tobytes(), np.uint8),
}


@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("sequence", [list, tuple])
def test_sequences(
    form: str,
    sequence: type[list[Any]] | type[tuple[Any, ...]],
    processor: sx.Processor,
    sent: Array,
    rows: list[sx.Row],
) -> None:
    assert list(processor.process(sequence(map(ROWS[form], sent)))) == rows


def test_sequence_of_mixed_buffers(
    processor: sx.Processor, sent: Array, rows: list[sx.Row]
) -> None:
    forms = list(ROWS.values())
    assert list(processor.process([forms[i](row) for i, row in enumerate(sent)])) == rows


def test_mixed_sizes(processor: sx.Processor) -> None:
    sizes = [2065, 38, 16401, 33, 8209, 38, 32785, 33]
    sent = [packet(2, b"size %d" % size, payload_size=size) for size in sizes]
    sent[3:3] = [b"", b"\0", bytes(sx.NYM.header_size), bytes(sx.NYM.minimum_packet_size)]
    result = processor.process(sent)
    alone = [processor.process([one])[0] for one in sent]
    assert list(result) == alone
    assert [len(one) for one in result.packets] == [
        len(one) if row.status is sx.Status.FORWARD else 0
        for one, row in zip(sent, alone, strict=True)
    ]
    assert result.status.tolist() == [1, 1, 1, 5, 5, 5, 6, 1, 1, 1, 1, 1]


def placed(packets: list[bytes], order: list[int]) -> Packets:
    """Packets inside one buffer, in another order than their own, with other bytes between."""
    offsets = np.zeros(len(packets), np.int64)
    data = b""
    for i in order:
        data += b"\xee" * (1 + i)
        offsets[i] = len(data)
        data += packets[i]
    sizes = [len(one) for one in packets]
    return packets_at(np.frombuffer(data, np.uint8), offsets, sizes)


@pytest.mark.parametrize(
    "sizes",
    [[64] * 5, [64, 64, 64, 34, 64], [2065, 38, 33, 8209, 38]],
    ids=["same", "two", "mixed"],
)
def test_packets_anywhere_in_a_buffer(sizes: list[int], processor: sx.Processor) -> None:
    sent = [packet(1 + i % 2, b"%d" % i, payload_size=size) for i, size in enumerate(sizes)]
    sent[3] = sent[3][:-1] if sizes[3] != sizes[0] else sent[3]
    wanted = processor.process(sent)
    given = placed(sent, [3, 0, 4, 1, 2])
    assert as_packets(given) is given
    assert not any(a.flags.writeable for a in (given.offsets, given.sizes, given.order))
    assert (given.uniform_size is None) == (len(set(sizes)) > 1)
    assert given.sizes[given.order].tolist() == sorted(given.sizes.tolist())
    result = processor.process(given)
    assert list(result) == list(wanted)
    assert result.buffer.tobytes() == wanted.buffer.tobytes()
    assert result.offsets.tolist() == wanted.offsets.tolist()
    assert list(processor.authenticate(given).unwrap(out=result)) == list(wanted)


@pytest.mark.parametrize("n", [1, 70])
def test_one_packet_many_times_in_a_buffer(
    n: int, processor: sx.Processor, sent: Array, rows: list[sx.Row]
) -> None:
    data = sent[0].copy()
    given = packets_at(data, np.zeros(n, np.int64), [len(data)] * n)
    assert list(processor.process(given)) == [rows[0]] * n


def test_no_packets_in_a_buffer(processor: sx.Processor) -> None:
    given = packets_at(np.zeros(5, np.uint8), np.zeros(0, np.int64), [])
    assert len(processor.process(given)) == len(as_packets(given)) == 0


EMPTY: dict[str, tuple[Any, dict[str, int]]] = {
    "list": ([], {}),
    "tuple": ((), {}),
    "array": (np.empty((0, 448), np.uint8), {}),
    "array-of-no-bytes": (np.empty((0, 0), np.uint8), {}),
    "bytes": (b"", {"packet_size": 448}),
    "bytearray": (bytearray(), {"packet_size": 448}),
    "memoryview": (memoryview(b""), {"packet_size": 448}),
    "flat-array": (np.empty(0, np.uint8), {"packet_size": 448}),
}


@pytest.mark.parametrize("form", EMPTY)
def test_empty_batch(form: str, processor: sx.Processor) -> None:
    given, options = EMPTY[form]
    assert len(as_packets(given, **options).data) == 0
    opened = processor.authenticate(given, **options)
    assert len(opened) == 0
    assert opened.replay_tags.shape == (0, 32)
    assert sx.ReplayFilter().add(opened).shape == (0,)
    result = opened.unwrap(accept=np.zeros(0, np.bool_))
    assert len(result) == len(list(result)) == len(result.packets) == 0


@pytest.mark.parametrize("size", [0, 1, 347, 348, 364])
def test_short_packets(size: int, processor: sx.Processor) -> None:
    short = np.zeros((3, size), np.uint8)
    for given in (short, list(map(bytes, short))):
        result = processor.process(given)
        assert [row.status for row in result] == [sx.Status.BAD_LENGTH] * 3
    if size:
        flat = processor.process(bytes(3 * size), packet_size=size)
        assert [row.status for row in flat] == [sx.Status.BAD_LENGTH] * 3


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
def test_one_buffer_without_packet_size(form: Any, processor: sx.Processor, sent: Array) -> None:
    with pytest.raises(sx.SphinxError, match="packet_size="):
        processor.process(form(sent.tobytes()))
    with pytest.raises(sx.SphinxError, match="packet_size="):
        processor.process(np.frombuffer(sent.tobytes(), np.uint8))


@pytest.mark.parametrize(
    ("given", "packet_size"),
    [
        (bytes(10), 3),
        (np.zeros(10, np.uint8), 11),
        (np.zeros((1, 1, 448), np.uint8), None),
        (np.zeros((1, 1, 448), np.uint8), 448),
        (np.array(5, np.uint8), None),
        ([bytes(448)], 448),
        (as_packets([bytes(448)]), 448),
        (bytes(10), 0),
        (bytes(10), -1),
        (bytes(10), 2**31),
        (b"", 0),
    ],
)
def test_wrong_values(given: Any, packet_size: int | None, processor: sx.Processor) -> None:
    with pytest.raises(sx.SphinxError):
        processor.process(given, packet_size=packet_size)


@pytest.mark.parametrize(
    ("given", "packet_size"),
    [
        (None, None),
        (5, None),
        ("", None),
        ("packets", None),
        ("packets", 7),
        (object(), None),
        ({b"packet"}, None),
        (iter([b"packet"]), None),
        ([b"packet", None], None),
        ([b"packet", "packet"], None),
        ([5], None),
        ([[1, 2, 3]], None),
        (np.zeros((1, 448), np.int8), None),
        (np.zeros((1, 448), np.int64), None),
        (np.zeros((1, 448)), None),
        (np.zeros((1, 448), np.bool_), None),
        (np.zeros((1, 448), object), None),
        (np.zeros(448, np.uint16), 448),
        (bytes(10), "5"),
        (bytes(10), 5.0),
        ([np.zeros(896, np.uint8)[::2]], None),
        ([memoryview(bytes(896))[::2]], None),
        (memoryview(bytes(896))[::2], 448),
    ],
)
def test_wrong_types(given: Any, packet_size: Any, processor: sx.Processor) -> None:
    with pytest.raises(TypeError):
        processor.process(given, packet_size=packet_size)


# Key hints -----------------------------------------------------------------------------------------


@pytest.fixture
def rotating(backend_name: str) -> sx.Processor:
    return sx.Processor([key(0), key(1)], backend=backend_name)


@pytest.fixture(scope="module")
def for_both() -> list[bytes]:
    """Packets for the keys 0, 1, 0, 1."""
    options: dict[str, Any] = {"destination": bytes(32), "payload_size": 64}
    return [sx.build_packet([hop], b"m", **options) for hop in _hops(0, 1, 0, 1)]


def _hops(*nodes: int) -> list[sx.Hop]:
    return [sx.Hop(address=bytes(32), public_key=key(i).public_key) for i in nodes]


HINTS = {
    "none": None,
    "try-all": np.full(4, -1, np.int8),
    "right": np.array([0, 1, 0, 1], np.int8),
    "list": [0, 1, 0, 1],
    "tuple": (-1, 1, -1, 1),
    "int64": np.array([0, 1, -1, -1]),
    "uint64": np.array([0, 1, 0, 1], np.uint64),
    "strided": np.array([0, 9, 1, 9, 0, 9, 1, 9], np.int8)[::2],
    "big-endian": np.array([0, 1, 0, 1], ">i4"),
}


@pytest.mark.parametrize("hints", HINTS)
def test_key_hints(hints: str, rotating: sx.Processor, for_both: list[bytes]) -> None:
    result = rotating.process(for_both, HINTS[hints])
    assert result.key_index.tolist() == [0, 1, 0, 1]
    assert [row.status for row in result] == [sx.Status.DELIVER] * 4
    assert [row.key_index for row in result] == [0, 1, 0, 1]


def test_wrong_key_hint_is_a_bad_mac(rotating: sx.Processor, for_both: list[bytes]) -> None:
    opened = rotating.authenticate(for_both, key_hints=[1, 1, 0, 0])
    assert opened.status.tolist() == [
        sx.Status.BAD_MAC,
        sx.Status.AUTHENTIC,
        sx.Status.AUTHENTIC,
        sx.Status.BAD_MAC,
    ]
    assert opened.key_index.tolist() == [-1, 1, 0, -1]
    result = opened.unwrap()
    assert [row.key_index for row in result] == [None, 1, 0, None]


def test_hints_of_empty_batches(rotating: sx.Processor) -> None:
    assert len(rotating.process([], np.zeros(0, np.int8))) == 0
    assert len(rotating.process([], [])) == 0


@pytest.mark.parametrize(
    "hints",
    [
        [2, 0, 0, 0],
        [-2, 0, 0, 0],
        [256, 0, 0, 0],
        np.array([2**64 - 1, 0, 0, 0], np.uint64),
        [0, 1, 0],
        [[0, 1, 0, 1]],
        [[0], [1], [0], [0, 1]],
        0,
        np.zeros((4, 1), np.int8),
    ],
)
def test_wrong_hints(hints: Any, rotating: sx.Processor, for_both: list[bytes]) -> None:
    with pytest.raises(sx.SphinxError):
        rotating.process(for_both, hints)


@pytest.mark.parametrize(
    "hints", [[True, False, True, False], [0.0, 1.0, 0.0, 1.0], "0101", [None] * 4, {0: 1}]
)
def test_hints_of_wrong_types(hints: Any, rotating: sx.Processor, for_both: list[bytes]) -> None:
    with pytest.raises(TypeError):
        rotating.process(for_both, hints)


# Bad packets and their neighbours ------------------------------------------------------------------

REFERENCE = sx.Processor([key(0)], backend="python")


@pytest.mark.parametrize("status", bad_packets(packet()))
def test_every_kind_of_bad_packet(status: sx.Status, processor: sx.Processor) -> None:
    bad = bad_packets(packet())[status]
    for given in ([bad], np.frombuffer(bad, np.uint8)[None]):
        row = processor.process(given)[0]
        assert row == sx.Row(status, None, None, None)


def _positions(n: int) -> range:
    """All of them, or some of long batches: first and last, and both sides of 32 and 64."""
    return range(n) if n <= 33 else range(0, n, 31)


@pytest.mark.parametrize(
    ("times", "more"),
    [(0, 0), (0, 1), (1, -1), (1, 0), (1, 1), (2, 1), (0, 31), (0, 33), (0, 64), (0, 65), (0, 130)],
    ids=["0", "1", "L-1", "L", "L+1", "2L+1", "31", "33", "64", "65", "130"],
)
def test_bad_packets_do_not_disturb_their_neighbours(
    times: int, more: int, backend_name: str
) -> None:
    """Batches of times * L + more packets, where L is the backend's lane count."""
    processor = sx.Processor(key(0), backend=backend_name)
    n = times * sx.backend(backend_name).lanes + more
    hops = [1, 2, 2]
    good = [packet(hops[i % 3], b"%d" % i) for i in range(n)]
    wanted = [REFERENCE.process([one])[0] for one in good]
    assert list(processor.process(good)) == wanted
    kinds = list(bad_packets(packet()).items())
    for position in _positions(n):
        status, bad = kinds[position % len(kinds)]
        mixed = [*good[:position], bad, *good[position + 1 :]]
        expected = [*wanted[:position], sx.Row(status, None, None, None), *wanted[position + 1 :]]
        assert list(processor.process(mixed)) == expected
    for shift in range(len(kinds) + 1):
        mixed, expected = good.copy(), wanted.copy()
        for i in range(n):
            kind = (i + shift) % (len(kinds) + 1)
            if kind < len(kinds):
                mixed[i] = kinds[kind][1]
                expected[i] = sx.Row(kinds[kind][0], None, None, None)
        assert list(processor.process(mixed)) == expected


def test_array_module_buffers(processor: sx.Processor, sent: Array, rows: list[sx.Row]) -> None:
    assert list(processor.process([array.array("B", row.tobytes()) for row in sent])) == rows


class Lying(bytes):
    """Says that it is long."""

    def __len__(self) -> int:
        return 10**9


def test_what_a_buffer_says_of_its_size_is_not_believed(backend_name: str) -> None:
    sent = [Lying(packet(1)), packet(2), Lying(b"short")]
    result = sx.Processor(key(0), backend=backend_name).process(sent)
    assert result.status.tolist() == [S.DELIVER, S.FORWARD, S.BAD_LENGTH]


def test_a_list_that_grows_while_it_is_read() -> None:
    """Another thread puts in what came: a batch is what was there at one moment."""
    inbox, stop = [b"x" * 100], threading.Event()

    def receive() -> None:
        while not stop.is_set():
            inbox.append(b"y" * 200)
            if len(inbox) > 200:
                del inbox[1:]

    thread = threading.Thread(target=receive)
    thread.start()
    try:
        for _ in range(300):
            rows = as_packets(inbox, None)
            assert rows.sizes.sum() == len(rows.data)
    finally:
        stop.set()
        thread.join()


def test_a_buffer_that_grows_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = bytearray(10)

    def larger(buffer: bytearray) -> memoryview:
        buffer.append(1)
        return memoryview(buffer)

    monkeypatch.setattr(_packets, "memoryview", larger, raising=False)
    with pytest.raises(sx.SphinxError, match="changed their sizes while they were read"):
        _packets._from_sequence([b"a", grown])


def test_hints_are_copied() -> None:
    hints = np.zeros(3, np.int8)
    checked = sx.Processor(key(0))._checked_hints(hints, 3)
    assert checked.dtype == np.int8 and not np.shares_memory(hints, checked)


def test_subclasses_of_arrays(backend_name: str) -> None:
    rows = np.frombuffer(packet(1) * 2, np.uint8).reshape(2, -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrix = np.matrix(rows)
    result = sx.Processor(key(0), backend=backend_name).process(matrix)
    assert result.status.tolist() == [S.DELIVER] * 2
