"""Building packets, and getting messages back."""

import threading
from typing import Any

import numpy as np
import pytest
from network import (
    DESTINATION,
    IDENTIFIER,
    SMALL_PAYLOAD,
    hop,
    key,
    packet,
    route,
    seeded,
    walk,
)
from random_stream import filling

import sphinxcore as sx
from sphinxcore import _random, _sender

S = sx.Status
ROOM = SMALL_PAYLOAD - sx.NYM.payload_overhead


ROUTES = [route(1), route(2)]
MESSAGES = [b"one", b"two"]


def build(routes: Any = ROUTES, messages: Any = MESSAGES, **options: Any) -> Any:
    options = {"payload_size": SMALL_PAYLOAD, "destination": DESTINATION} | options
    return sx.build_packets(routes, messages, **options)


@pytest.mark.parametrize("hops", range(1, 6))
@pytest.mark.parametrize("version", [258, 259, 260])
def test_message_arrives(hops: int, version: int, backend_name: str) -> None:
    options = {"version": version, "identifier": IDENTIFIER, "backend": backend_name}
    row = walk(packet(hops, b"hello", **options), range(hops), backend_name)
    assert row.status is S.DELIVER
    assert row.version == version
    assert (row.destination, row.identifier) == (DESTINATION, IDENTIFIER)
    assert sx.recover_message(row.payload) == b"hello"


@pytest.mark.parametrize("payload_size", [33, 34, 48, 63, 64, 65, 128, 2065, 8209])
def test_payload_sizes(payload_size: int, backend_name: str) -> None:
    room = payload_size - sx.NYM.payload_overhead
    for message in (b"", b"\1", seeded(b"m", room), b"\1" * room, b"\0" * room):
        sent = packet(2, message, payload_size=payload_size, backend=backend_name)
        assert len(sent) == sx.NYM.packet_size(payload_size)
        row = walk(sent, range(2), backend_name)
        assert row.payload is not None
        assert len(row.payload) == payload_size
        assert sx.recover_message(row.payload) == message


def test_defaults_are_those_of_the_regular_packet() -> None:
    sent = sx.build_packet(route(1), b"m", destination=DESTINATION)
    assert type(sent) is bytes
    assert len(sent) == 2413
    row = walk(sent, [0], "python")
    assert (row.version, row.identifier) == (259, bytes(16))


def test_many_packets_are_one_array(backend_name: str) -> None:
    packets = build(backend=backend_name)
    assert isinstance(packets, np.ndarray)
    assert packets.dtype == np.uint8
    assert packets.shape == (2, sx.NYM.packet_size(SMALL_PAYLOAD))
    assert packets.flags.c_contiguous


def test_no_packets(backend_name: str) -> None:
    for threads in (1, 2):
        packets = build([], [], backend=backend_name, threads=threads)
        assert packets.shape == (0, sx.NYM.packet_size(SMALL_PAYLOAD))
    packets = build([], [], destination=[], identifier=[])
    assert len(packets) == 0
    assert len(build([], [], destination=np.empty((0, 32), np.uint8))) == 0


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("n", [1, 2, 3, 17, 64, 65, 130])
def test_routes_of_mixed_lengths(n: int, threads: int, backend_name: str) -> None:
    lengths = [1 + (i * i + i // 7) % 5 for i in range(n)]
    firsts = [i % 3 for i in range(n)]
    messages = [b"message %d" % i for i in range(n)]
    packets = build(
        [route(hops, first) for hops, first in zip(lengths, firsts, strict=True)],
        messages,
        backend=backend_name,
        threads=threads,
    )
    for i in range(0, n, 1 + n // 12):
        nodes = range(firsts[i], firsts[i] + lengths[i])
        row = walk(packets[i].tobytes(), nodes, backend_name)
        assert sx.recover_message(row.payload) == messages[i]


PER_ROUTE = {
    "list": list,
    "tuple": tuple,
    "array": lambda values: np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1),
    "bytearrays": lambda values: [bytearray(value) for value in values],
    "array-with-gaps": lambda values: (
        np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1).repeat(2, axis=0)[::2]
    ),
}


@pytest.mark.parametrize("form", PER_ROUTE)
def test_one_destination_and_identifier_per_route(form: str, backend_name: str) -> None:
    n = 7
    destinations = [seeded(b"to %d" % i, 32) for i in range(n)]
    identifiers = [seeded(b"id %d" % i, 16) for i in range(n)]
    packets = build(
        [route(1 + i % 2) for i in range(n)],
        [b"m"] * n,
        destination=PER_ROUTE[form](destinations),
        identifier=PER_ROUTE[form](identifiers),
        backend=backend_name,
    )
    for i, sent in enumerate(packets):
        row = walk(sent.tobytes(), range(1 + i % 2), backend_name)
        assert (row.destination, row.identifier) == (destinations[i], identifiers[i])


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, "u1")])
def test_one_destination_and_identifier_for_all(form: Any, backend_name: str) -> None:
    for sent in build(
        destination=form(DESTINATION), identifier=form(IDENTIFIER), backend=backend_name
    ):
        node = sx.Processor(key(0), backend=backend_name).process(sent[None])[0]
        if node.status is S.DELIVER:
            assert (node.destination, node.identifier) == (DESTINATION, IDENTIFIER)


def test_threads_build_the_same_packets(backend_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each share of a batch draws for itself, so that only draws that are all the same compare."""
    monkeypatch.setattr(_random, "fill", filling(lambda size: b"\x5a" * size))
    routes = [route(1 + i % 5) for i in range(40)]
    messages = [b"message %d" % i for i in range(40)]
    one = build(routes, messages, backend=backend_name)
    for threads in (2, 3, 8):
        many = build(routes, messages, backend=backend_name, threads=threads)
        assert many.tobytes() == one.tobytes()


def test_threads_build_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every share waits for all others."""
    barrier, build_headers = threading.Barrier(3, timeout=10), _sender.build_headers

    def wait_and_build(*given: Any) -> Any:
        barrier.wait()
        return build_headers(*given)

    monkeypatch.setattr(_sender, "build_headers", wait_and_build)
    assert len(build([route(1)] * 60, [b"m"] * 60, threads=3)) == 60


def test_threads_are_for_those_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sphinxcore.packet.ThreadPoolExecutor", None)
    assert len(build()) == len(build(threads=1)) == 2


def test_backends_build_the_same_packets(backend_name: str, random_stream: Any) -> None:
    routes = [route(1 + i % 5) for i in range(20)]
    messages = [b"message %d" % i for i in range(20)]
    for version in (258, 259):
        random_stream.seed(b"packets")
        expected = build(routes, messages, version=version, backend="python")
        random_stream.seed(b"packets")
        packets = build(routes, messages, version=version, backend=backend_name)
        assert packets.tobytes() == expected.tobytes()


def test_equal_packets_are_never_built_twice(backend_name: str) -> None:
    packets = build([route(2)] * 20, [b"m"] * 20, backend=backend_name)
    alphas = {sent[: sx.NYM.alpha_size].tobytes() for sent in packets}
    bodies = {sent[sx.NYM.header_size :].tobytes() for sent in packets}
    assert len(alphas) == len(bodies) == 20


@pytest.mark.parametrize("delay", [0, 1, 2**32, 2**63, 2**64 - 1, np.uint64(2**64 - 1)])
def test_delays(delay: int, backend_name: str) -> None:
    first = sx.Hop(address=bytes(32), public_key=key(0).public_key, delay_ns=delay)
    sent = sx.build_packet([first, hop(1)], b"", destination=DESTINATION, backend=backend_name)
    row = sx.Processor(key(0), backend=backend_name).process([sent])[0]
    assert row.delay_ns == delay


@pytest.mark.parametrize("version", [0, 1, 257, 261, 0xFF, 0x100, 0xFFFF, np.int64(258)])
def test_other_versions(version: int, backend_name: str) -> None:
    row = walk(packet(3, version=version, backend=backend_name), range(3), backend_name)
    assert row.version == version
    assert sx.recover_message(row.payload) == b"message"


def test_numpy_integers_are_integers() -> None:
    assert len(packet(1, payload_size=np.int64(100))) == sx.NYM.packet_size(100)
    assert len(packet(1, payload_size=np.uint8(100))) == sx.NYM.packet_size(100)


@pytest.mark.parametrize("form", [bytearray, memoryview, lambda raw: np.frombuffer(raw, np.uint8)])
def test_messages_may_be_any_buffer(form: Any) -> None:
    row = walk(packet(1, form(b"any buffer")), [0], "python")
    assert sx.recover_message(form(row.payload)) == b"any buffer"


# What is refused -----------------------------------------------------------------------------------

WRONG_VALUES: dict[str, dict[str, Any]] = {
    "no hops": {"routes": [[], route(1)]},
    "six hops": {"routes": [route(1), route(6)]},
    "too few messages": {"messages": [b"one"]},
    "too many messages": {"messages": [b"one", b"two", b"three"]},
    "no messages": {"messages": []},
    "no routes": {"routes": []},
    "message too long": {"messages": [b"", bytes(ROOM + 1)]},
    "payload too small": {"payload_size": 32, "messages": [b"", b""]},
    "payload of nothing": {"payload_size": 0, "messages": [b"", b""]},
    "negative payload": {"payload_size": -1},
    "absurd payload": {"payload_size": 2**40},
    "more absurd payload": {"payload_size": 2**100},
    "negative version": {"version": -1},
    "large version": {"version": 2**16},
    "short destination": {"destination": bytes(31)},
    "long destination": {"destination": bytes(33)},
    "no destination": {"destination": b""},
    "short identifier": {"identifier": bytes(15)},
    "long identifier": {"identifier": bytes(17)},
    "one destination": {"destination": [bytes(32)]},
    "three destinations": {"destination": [bytes(32)] * 3},
    "a short one among destinations": {"destination": [bytes(32), bytes(31)]},
    "three identifiers": {"identifier": [bytes(16)] * 3},
    "rows of destinations": {"destination": np.zeros((3, 32), np.uint8)},
    "shape of destinations": {"destination": np.zeros((2, 31), np.uint8)},
    "dimensions of destinations": {"destination": np.zeros((1, 2, 32), np.uint8)},
    "shape of identifiers": {"identifier": np.zeros(15, np.uint8)},
    "no threads": {"threads": 0},
    "negative threads": {"threads": -1},
    "unknown backend": {"backend": "nonsense"},
}


@pytest.mark.parametrize("what", WRONG_VALUES)
def test_wrong_values(what: str) -> None:
    with pytest.raises(sx.SphinxError) as caught:
        build(**WRONG_VALUES[what])
    assert str(caught.value)


WRONG_TYPES: dict[str, dict[str, Any]] = {
    "routes": {"routes": None},
    "one hop": {"routes": hop(0)},
    "one route": {"routes": route(2)},
    "hop": {"routes": [[b"hop"], route(1)]},
    "hop of bytes": {"routes": [b"hop", route(1)]},
    "a missing hop": {"routes": [[None], route(1)]},
    "public key": {"routes": [[key(0).public_key], route(1)]},
    "messages": {"messages": None},
    "one message": {"messages": b"ab"},
    "one string": {"messages": "ab"},
    "a string": {"messages": [b"one", "two"]},
    "a missing message": {"messages": [b"one", None]},
    "a number": {"messages": [b"one", 2]},
    "destination": {"destination": None},
    "destination string": {"destination": "d" * 32},
    "destination strings": {"destination": ["d" * 32] * 2},
    "destination number": {"destination": 5},
    "destination numbers": {"destination": [1, 2]},
    "destination dtype": {"destination": np.zeros((2, 32), np.int64)},
    "identifier": {"identifier": None},
    "identifier string": {"identifier": "i" * 16},
    "identifier dtype": {"identifier": np.zeros(16)},
    "version": {"version": "259"},
    "version float": {"version": 259.0},
    "no version": {"version": None},
    "payload size": {"payload_size": "2065"},
    "payload size float": {"payload_size": 2065.0},
    "no payload size": {"payload_size": None},
    "threads": {"threads": "2"},
    "no thread": {"threads": None},
    "backend": {"backend": 5},
}


@pytest.mark.parametrize("what", WRONG_TYPES)
def test_wrong_types(what: str) -> None:
    with pytest.raises(TypeError):
        build(**WRONG_TYPES[what])


def test_one_packet_takes_one_value_each() -> None:
    for wrong in (
        {"destination": [DESTINATION]},
        {"destination": "d" * 32},
        {"identifier": [IDENTIFIER]},
        {"identifier": None},
    ):
        with pytest.raises(TypeError):
            packet(**wrong)
    with pytest.raises(TypeError):
        packet(message=None)  # type: ignore[arg-type]
    with pytest.raises(sx.SphinxError, match="hops"):
        packet(0)
    with pytest.raises(sx.SphinxError, match="hops"):
        packet(6)
    with pytest.raises(sx.BackendError, match="nonsense"):
        packet(backend="nonsense")


def test_destination_has_no_default() -> None:
    with pytest.raises(TypeError, match="destination"):
        sx.build_packet(route(1), b"")  # type: ignore[call-arg]


def test_refusals_say_what_was_expected() -> None:
    for wrong, words in (
        ({"routes": [[], []]}, ("1..5", "0")),
        ({"payload_size": 5}, ("payload_size", "33", "5")),
        ({"messages": [b"", bytes(100)]}, ("100", str(ROOM), str(SMALL_PAYLOAD))),
        ({"destination": bytes(31)}, ("destination", "32", "31")),
        ({"version": 2**16}, ("version", "65535", "65536")),
    ):
        with pytest.raises(sx.SphinxError) as caught:
            build(**wrong)
        for word in words:
            assert word in str(caught.value)


# Hops ----------------------------------------------------------------------------------------------


def test_hop() -> None:
    one = sx.Hop(address=bytearray(32), public_key=key(0).public_key, delay_ns=np.int64(5))
    assert (type(one.address), one.address) == (bytes, bytes(32))
    assert (type(one.delay_ns), one.delay_ns) == (int, 5)
    assert sx.Hop(bytes(32), key(0).public_key).delay_ns == 0
    assert one == sx.Hop(bytes(32), key(0).public_key, 5)
    assert len({one, sx.Hop(bytes(32), key(0).public_key, 5)}) == 1
    with pytest.raises(AttributeError):
        one.delay_ns = 6  # type: ignore[misc]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"address": bytes(31)}, sx.SphinxError),
        ({"address": b""}, sx.SphinxError),
        ({"address": "a" * 32}, TypeError),
        ({"address": None}, TypeError),
        ({"public_key": bytes(32)}, TypeError),
        ({"public_key": key(0)}, TypeError),
        ({"public_key": None}, TypeError),
        ({"delay_ns": -1}, sx.SphinxError),
        ({"delay_ns": 2**64}, sx.SphinxError),
        ({"delay_ns": 1.5}, TypeError),
        ({"delay_ns": "1"}, TypeError),
        ({"delay_ns": None}, TypeError),
    ],
)
def test_wrong_hops(wrong: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        sx.Hop(**{"address": bytes(32), "public_key": key(0).public_key} | wrong)


# Payloads to messages ------------------------------------------------------------------------------

PREFIX = bytes(sx.NYM.zero_prefix_size)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (PREFIX + b"\1", b""),
        (PREFIX + b"\1" + bytes(100), b""),
        (PREFIX + b"text\1", b"text"),
        (PREFIX + b"text\1\0", b"text"),
        (PREFIX + b"\1\1\1\0", b"\1\1"),
        (PREFIX + b"\0\0\1", b"\0\0"),
    ],
)
def test_recovered_messages(payload: bytes, message: bytes) -> None:
    assert sx.recover_message(payload) == message
    assert sx.recover_message(bytearray(payload)) == message
    assert sx.recover_message(np.frombuffer(payload, np.uint8)) == message


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        PREFIX,
        b"\1" * len(PREFIX),
        PREFIX + b"\0",
        PREFIX + bytes(50),
        PREFIX + b"\2",
        *[PREFIX[:i] + b"\1" + PREFIX[i + 1 :] + b"text\1" for i in range(len(PREFIX))],
    ],
)
def test_payloads_without_a_message(payload: bytes) -> None:
    with pytest.raises(sx.SphinxError, match="payload"):
        sx.recover_message(payload)


@pytest.mark.parametrize("payload", [None, 5, "payload", [0] * 40])
def test_payloads_of_a_wrong_type(payload: Any) -> None:
    with pytest.raises(TypeError):
        sx.recover_message(payload)
