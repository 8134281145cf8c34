"""Single-use reply blocks: made, handed out, used once, unwrapped and read."""

import dataclasses
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from network import DESTINATION, IDENTIFIER, hop, key, packet, route, seeded, walk

import sphinxcore as sx

S = sx.Status
PAYLOAD = 100
ROOM = PAYLOAD - sx.NYM.payload_overhead
PUBLIC = sx.NYM.header_size + sx.NYM.address_size
"""Size of a SURB without its payload keys or seeds."""
SEED, KEY = sx.NYM.payload_seed_size, 192


def surb(hops: int = 3, **options: Any) -> sx.Surb:
    options = {"destination": DESTINATION, "identifier": IDENTIFIER} | options
    return sx.build_surb(route(hops), **options)


def recoverable(hops: int = 3, **options: Any) -> tuple[sx.Surb, sx.SurbRecovery]:
    options = {"destination": DESTINATION, "identifier": IDENTIFIER} | options
    return sx.build_recoverable_surb(route(hops), **options)


@pytest.mark.parametrize("hops", range(1, 6))
@pytest.mark.parametrize("version", [258, 259])
def test_reply(hops: int, version: int, backend_name: str) -> None:
    made = surb(hops, version=version, backend=backend_name)
    raw = made.to_bytes()
    assert len(raw) == PUBLIC + hops * (KEY if version == 258 else SEED)
    handed_out = sx.Surb.from_bytes(raw)
    assert handed_out == made
    sent, first_hop = handed_out.use(b"reply", payload_size=PAYLOAD, backend=backend_name)
    assert (type(sent), type(first_hop)) == (bytes, bytes)
    assert len(sent) == sx.NYM.packet_size(PAYLOAD)
    assert sent[: sx.NYM.header_size] == raw[: sx.NYM.header_size]
    assert first_hop == hop(0).address
    row = walk(sent, range(hops), backend_name)
    assert row.status is S.DELIVER
    assert row.version == version
    assert (row.destination, row.identifier) == (DESTINATION, IDENTIFIER)
    assert sx.recover_message(row.payload) == b"reply"


@pytest.mark.parametrize("hops", range(1, 6))
def test_recoverable_reply(hops: int, backend_name: str) -> None:
    made, recovery = recoverable(hops, backend=backend_name)
    raw = made.to_bytes()
    assert len(raw) == PUBLIC + SEED
    assert len(recovery.to_bytes()) == sx.NYM.identifier_size + hops * SEED
    assert recovery.identifier == IDENTIFIER
    sent, first_hop = sx.Surb.from_bytes(raw).use(
        b"reply", payload_size=PAYLOAD, backend=backend_name
    )
    assert first_hop == hop(0).address
    row = walk(sent, range(hops), backend_name)
    assert row.version == 260
    assert row.identifier == recovery.identifier
    stored = sx.SurbRecovery.from_bytes(recovery.to_bytes())
    assert stored == recovery
    assert stored.recover(row.payload, backend=backend_name) == b"reply"
    # Recovering is no use: it can be done again.
    assert recovery.recover(bytearray(row.payload or b""), backend=backend_name) == b"reply"
    if hops > 1:
        with pytest.raises(sx.SphinxError):
            sx.recover_message(row.payload)


def test_recovery_of_another_reply_or_of_a_changed_one(backend_name: str) -> None:
    made, recovery = recoverable()
    _, other = recoverable()
    sent, _ = made.use(b"reply", payload_size=PAYLOAD)
    payload = walk(sent, range(3), backend_name).payload
    assert payload is not None
    with pytest.raises(sx.SphinxError):
        other.recover(payload, backend=backend_name)
    for i in range(0, 8 * PAYLOAD, 37):
        changed = bytearray(payload)
        changed[i // 8] ^= 1 << i % 8
        with pytest.raises(sx.SphinxError):
            recovery.recover(changed, backend=backend_name)
    assert recovery.recover(payload, backend=backend_name) == b"reply"


@pytest.mark.parametrize("payload_size", [33, 34, 2065, 8209])
def test_reply_sizes(payload_size: int, backend_name: str) -> None:
    message = seeded(b"reply", payload_size - sx.NYM.payload_overhead)
    for version in (258, 259):
        sent, _ = surb(2, version=version).use(
            message, payload_size=payload_size, backend=backend_name
        )
        row = walk(sent, range(2), backend_name)
        assert sx.recover_message(row.payload) == message


def test_default_size_is_that_of_the_regular_packet() -> None:
    assert len(surb().use(b"")[0]) == len(sx.build_packet(route(1), b"", destination=bytes(32)))


# Single use ----------------------------------------------------------------------------------------


def test_second_use_is_refused(backend_name: str) -> None:
    made = surb()
    made.use(b"once", backend=backend_name)
    for _ in range(2):
        with pytest.raises(sx.SphinxError, match="used before"):
            made.use(b"twice", backend=backend_name)


def test_used_surb_gives_no_bytes_away() -> None:
    """They were wiped: zeros that from_bytes() takes would be a SURB with keys known to all."""
    made = surb()
    made.use(b"once")
    with pytest.raises(sx.SphinxError):
        made.to_bytes()
    with pytest.raises(sx.SphinxError):
        _ = made.first_hop


@pytest.mark.parametrize(
    ("message", "options", "error"),
    [
        (bytes(ROOM + 1), {}, sx.SphinxError),
        (b"", {"payload_size": 32}, sx.SphinxError),
        (b"", {"payload_size": 2**40}, sx.SphinxError),
        (b"", {"payload_size": "100"}, TypeError),
        (b"", {"backend": "nonsense"}, sx.SphinxError),
        (b"", {"backend": 5}, TypeError),
        ("text", {}, TypeError),
        (None, {}, TypeError),
    ],
)
def test_refused_use_is_no_use(
    message: Any, options: dict[str, Any], error: type[Exception]
) -> None:
    made = surb()
    with pytest.raises(error):
        made.use(message, **{"payload_size": PAYLOAD} | options)
    sent, _ = made.use(b"reply", payload_size=PAYLOAD)
    assert sx.recover_message(walk(sent, range(3), "python").payload) == b"reply"


def race(*work: Callable[[], object]) -> list[bool]:
    """Run these at the same time; whether each succeeded."""
    barrier = threading.Barrier(len(work))
    won = [False] * len(work)

    def run(i: int) -> None:
        barrier.wait()
        try:
            work[i]()
        except sx.SphinxError:
            return
        won[i] = True

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def test_one_of_many_users_wins() -> None:
    for made in sx.build_surbs([route(1)] * 50, destination=DESTINATION):
        assert sum(race(*[lambda made=made: made.use(b"mine", payload_size=PAYLOAD)] * 4)) == 1


def test_batches_are_used_as_a_whole_or_not_at_all(backend_name: str) -> None:
    one, two, three = (surb() for _ in range(3))
    two.use(b"before")
    for batch in ([one, two, three], [one, one], [one, three, one]):
        with pytest.raises(sx.SphinxError, match="used before"):
            sx.use_surbs(batch, [b""] * len(batch), backend=backend_name)
    replies = sx.use_surbs([one, three], [b"1", b"3"], payload_size=PAYLOAD, backend=backend_name)
    for (sent, _), message in zip(replies, (b"1", b"3"), strict=True):
        assert sx.recover_message(walk(sent, range(3), backend_name).payload) == message


def test_use_many_of_all_kinds(backend_name: str) -> None:
    made = [surb(1 + i % 5, version=258 + i % 2) for i in range(12)]
    made.insert(3, recoverable(1)[0])
    hops = [1 + i % 5 for i in range(12)]
    hops.insert(3, 1)
    messages = [b"reply %d" % i for i in range(13)]
    replies = sx.use_surbs(made, messages, payload_size=PAYLOAD, backend=backend_name)
    assert isinstance(replies, list)
    for (sent, first_hop), length, message in zip(replies, hops, messages, strict=True):
        assert first_hop == hop(0).address
        row = walk(sent, range(length), backend_name)
        assert sx.recover_message(row.payload) == message
    assert sx.use_surbs([], [], backend=backend_name) == []


@pytest.mark.parametrize(
    ("surbs", "messages", "error"),
    [
        (lambda: [surb()], [b"", b""], sx.SphinxError),
        (lambda: [surb()], [], sx.SphinxError),
        (lambda: [], [b""], sx.SphinxError),
        (lambda: [surb().to_bytes()], [b""], TypeError),
        (lambda: [None], [b""], TypeError),
        (lambda: None, [b""], TypeError),
        (surb, [b""], TypeError),
        (lambda: [surb()], None, TypeError),
        (lambda: [surb()], b"m", TypeError),
        (lambda: [surb()], ["m"], TypeError),
    ],
)
def test_wrong_batches(surbs: Any, messages: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        sx.use_surbs(surbs(), messages)


# Many at once --------------------------------------------------------------------------------------


def test_build_many(backend_name: str) -> None:
    n = 11
    routes = [route(1 + i % 5, i % 3) for i in range(n)]
    destinations = [seeded(b"to %d" % i, 32) for i in range(n)]
    identifiers = np.frombuffer(seeded(b"ids", 16 * n), np.uint8).reshape(n, 16)
    options: dict[str, Any] = {"destination": destinations, "identifier": identifiers}
    made = sx.build_surbs(routes, backend=backend_name, **options)
    pairs = sx.build_recoverable_surbs(routes, backend=backend_name, **options)
    assert len(made) == len(pairs) == n
    for i in range(n):
        nodes = range(i % 3, i % 3 + 1 + i % 5)
        recoverable_surb, recovery = pairs[i]
        assert recovery.identifier == identifiers[i].tobytes()
        for one, read in ((made[i], sx.recover_message), (recoverable_surb, recovery.recover)):
            assert one.first_hop == hop(i % 3).address
            sent, _ = one.use(b"%d" % i, payload_size=PAYLOAD)
            row = walk(sent, nodes, backend_name)
            assert row.destination == destinations[i]
            assert row.identifier == identifiers[i].tobytes()
            assert read(row.payload) == b"%d" % i
    assert sx.build_surbs([], destination=DESTINATION) == []
    assert sx.build_recoverable_surbs([], destination=DESTINATION, identifier=IDENTIFIER) == []


def test_backends_build_the_same(backend_name: str, random_stream: Any) -> None:
    for make in (
        lambda backend: surb(4, version=258, backend=backend),
        lambda backend: surb(4, version=259, backend=backend),
        lambda backend: recoverable(4, backend=backend),
    ):
        random_stream.seed(b"surb")
        expected = make("python")
        random_stream.seed(b"surb")
        assert make(backend_name) == expected


def test_another_wire_format(backend_name: str) -> None:
    wire = dataclasses.replace(sx.NYM, identifier_size=8, zero_prefix_size=20)
    options: dict[str, Any] = {"identifier": b"8 bytes.", "wire_format": wire}
    made, (other, recovery) = surb(1, **options), recoverable(1, **options)
    node = sx.Processor(key(0), backend=backend_name, wire_format=wire)
    for one, read in (
        (made, partial(sx.recover_message, wire_format=wire)),
        (other, recovery.recover),
    ):
        sent, _ = one.use(b"reply", payload_size=PAYLOAD, backend=backend_name)
        row = node.process([sent])[0]
        assert row.identifier == b"8 bytes."
        assert read(row.payload) == b"reply"
    with pytest.raises(sx.SphinxError, match=f"room for {PAYLOAD - wire.payload_overhead}"):
        surb(**options).use(bytes(ROOM), payload_size=PAYLOAD)


def test_identifier_of_a_surb_has_a_default_but_not_of_a_recoverable_one() -> None:
    sent, _ = sx.build_surb(route(1), destination=DESTINATION).use(b"")
    assert walk(sent, [0], "python").identifier == bytes(16)
    with pytest.raises(TypeError, match="identifier"):
        sx.build_recoverable_surb(route(1), destination=DESTINATION)  # type: ignore[call-arg]
    with pytest.raises(sx.SphinxError, match="zero"):
        recoverable(identifier=bytes(16))
    with pytest.raises(sx.SphinxError, match="zero"):
        sx.build_recoverable_surbs(
            [route(1)] * 2, destination=DESTINATION, identifier=[IDENTIFIER, bytes(16)]
        )


# What is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [0, 1, 257, 260, 261, 2**16, -1])
def test_versions_that_are_none_of_surbs(version: int) -> None:
    with pytest.raises(sx.SphinxError, match="version"):
        surb(version=version)


def test_version_260_names_its_builder() -> None:
    with pytest.raises(sx.SphinxError, match="build_recoverable_surb"):
        surb(version=260)


WRONG: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "no hops": ({"hops": []}, sx.SphinxError),
    "six hops": ({"hops": route(6)}, sx.SphinxError),
    "no route": ({"hops": None}, TypeError),
    "one hop": ({"hops": hop(0)}, TypeError),
    "other hops": ({"hops": [b"hop"]}, TypeError),
    "short destination": ({"destination": bytes(31)}, sx.SphinxError),
    "no destination": ({"destination": None}, TypeError),
    "string destination": ({"destination": "d" * 32}, TypeError),
    "long identifier": ({"identifier": b"i" * 17}, sx.SphinxError),
    "no identifier": ({"identifier": None}, TypeError),
    "string identifier": ({"identifier": "i" * 16}, TypeError),
    "backend": ({"backend": "nonsense"}, sx.SphinxError),
    "backend type": ({"backend": 5}, TypeError),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("build", [sx.build_surb, sx.build_recoverable_surb])
def test_wrong_arguments(what: str, build: Callable[..., object]) -> None:
    wrong, error = WRONG[what]
    with pytest.raises(error):
        build(**{"hops": route(2), "destination": DESTINATION, "identifier": IDENTIFIER} | wrong)


@pytest.mark.parametrize("version", ["259", None, 259.5, b"259", [259]])
def test_versions_of_a_wrong_type(version: Any) -> None:
    with pytest.raises(TypeError):
        surb(version=version)


def test_sizes_that_from_bytes_takes() -> None:
    good = {PUBLIC + size * count for size in (SEED, KEY) for count in range(1, 6)}
    raw = seeded(b"surb", PUBLIC + 5 * KEY + 20)
    for size in range(len(raw) + 1):
        if size in good:
            assert sx.Surb.from_bytes(raw[:size]).to_bytes() == raw[:size]
        else:
            with pytest.raises(sx.SphinxError, match=rf"not {size} bytes"):
                sx.Surb.from_bytes(raw[:size])


def test_sizes_that_recoveries_take() -> None:
    good = {sx.NYM.identifier_size + SEED * count for count in range(1, 6)}
    raw = seeded(b"recovery", 130)
    for size in range(len(raw) + 1):
        if size in good:
            assert sx.SurbRecovery.from_bytes(raw[:size]).to_bytes() == raw[:size]
        else:
            with pytest.raises(sx.SphinxError, match=rf"not {size} bytes"):
                sx.SurbRecovery.from_bytes(raw[:size])


@pytest.mark.parametrize("kind", [sx.Surb, sx.SurbRecovery])
@pytest.mark.parametrize("raw", [None, 5, "surb", [1, 2], object()])
def test_bytes_of_a_wrong_type(kind: Any, raw: Any) -> None:
    with pytest.raises(TypeError):
        kind.from_bytes(raw)


@pytest.mark.parametrize("kind", [sx.Surb, sx.SurbRecovery])
def test_no_other_constructor(kind: Any) -> None:
    with pytest.raises(TypeError, match="from_bytes"):
        kind()
    with pytest.raises(TypeError):
        kind(surb().to_bytes())


def test_payloads_that_recover_refuses() -> None:
    _, recovery = recoverable()
    for size in (0, 1, 16, 32):
        with pytest.raises(sx.SphinxError, match="33"):
            recovery.recover(bytes(size))
    for size in (33, 64, 2065):
        with pytest.raises(sx.SphinxError):
            recovery.recover(bytes(size))
    for wrong in (None, 5, "payload"):
        with pytest.raises(TypeError):
            recovery.recover(wrong)
    with pytest.raises(sx.BackendError, match="nonsense"):
        recovery.recover(bytes(33), backend="nonsense")


def test_reply_packets_are_packets(backend_name: str) -> None:
    """A node cannot tell a reply from a forward packet, and both go through one batch."""
    sent, _ = surb(3).use(b"reply", payload_size=64)
    result = sx.Processor(key(0), backend=backend_name).process([sent, packet(3), sent])
    assert [row.status for row in result] == [S.FORWARD] * 3
    assert result[0] == result[2]
