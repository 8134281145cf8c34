"""What must hold for all packets, and for all bytes that somebody may send."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network import DESTINATION, DETERMINISTIC, IDENTIFIER, key, packet, route, seeded, walk

import sphinxcore as sx

S = sx.Status
NYM = sx.NYM
HEADER_BITS = 8 * NYM.header_size
TOP_BIT_OF_ALPHA = 8 * NYM.alpha_size - 1

VERSIONS = st.one_of(st.sampled_from([258, 259, 260, 1, 257, 0]), st.integers(0, 2**16 - 1))
HOPS = st.integers(1, NYM.max_hops)
PAYLOAD_SIZES = st.one_of(
    st.sampled_from([33, 34, 63, 64, 65, 95, 96, 97, 128, 2065]), st.integers(33, 600)
)
LEFT_SIZE = 32
"""LIONESS's left half; the rest of a payload is its right half."""
PROTECTED_SIZE = LEFT_SIZE + NYM.zero_prefix_size
"""From this payload size on, changes go unnoticed no more often than a prefix is guessed."""

Rows = npt.NDArray[np.uint8]


@pytest.fixture(autouse=True)
def same_packets_at_every_run(random_stream: Any) -> None:
    """For tests without hypothesis; those with it seed the stream anew for each example."""


def copies(sent: bytes, n: int) -> Rows:
    return np.frombuffer(sent, np.uint8)[None].repeat(n, axis=0)


def flip(rows: Rows, first_bit: int) -> Rows:
    """Row i with bit first_bit + i flipped, counted from the lowest of the first byte."""
    i = np.arange(len(rows))
    bit = first_bit + i
    rows[i, bit // 8] ^= np.left_shift(1, bit % 8).astype(np.uint8)
    return rows


# What is built arrives -----------------------------------------------------------------------------


@DETERMINISTIC
@given(data=st.data(), hops=HOPS, version=VERSIONS, payload_size=PAYLOAD_SIZES)
def test_message_arrives(
    backend_name: str,
    random_stream: Any,
    data: st.DataObject,
    hops: int,
    version: int,
    payload_size: int,
) -> None:
    random_stream.seed(repr((hops, version, payload_size)).encode())
    message = data.draw(st.binary(max_size=payload_size - NYM.payload_overhead))
    sent = packet(hops, message, version=version, payload_size=payload_size, backend=backend_name)
    row = walk(sent, range(hops), backend_name)
    assert row.status is S.DELIVER
    assert (row.version, row.destination) == (version, DESTINATION)
    assert sx.recover_message(row.payload) == message


@settings(DETERMINISTIC, max_examples=40)
@given(
    data=st.data(),
    hops=HOPS,
    version=st.sampled_from([258, 259, 260]),
    payload_size=PAYLOAD_SIZES,
)
def test_reply_arrives(
    backend_name: str,
    random_stream: Any,
    data: st.DataObject,
    hops: int,
    version: int,
    payload_size: int,
) -> None:
    random_stream.seed(repr((hops, version, payload_size)).encode())
    message = data.draw(st.binary(max_size=payload_size - NYM.payload_overhead))
    options: Any = {"destination": DESTINATION, "identifier": IDENTIFIER, "backend": backend_name}
    read: Callable[[Any], bytes] = sx.recover_message
    if version == NYM.recoverable_surb_version:
        surb, recovery = sx.build_recoverable_surb(route(hops), **options)
        read = recovery.recover
    else:
        surb = sx.build_surb(route(hops), version=version, **options)
    handed_out = sx.Surb.from_bytes(surb.to_bytes())
    sent, _ = handed_out.use(message, payload_size=payload_size, backend=backend_name)
    row = walk(sent, range(hops), backend_name)
    assert (row.version, row.identifier) == (version, IDENTIFIER)
    assert read(row.payload) == message


@settings(DETERMINISTIC, max_examples=30)
@given(
    lengths=st.lists(HOPS, max_size=20),
    version=VERSIONS,
    payload_size=PAYLOAD_SIZES,
    threads=st.integers(1, 3),
)
def test_batches_arrive(
    backend_name: str,
    random_stream: Any,
    lengths: list[int],
    version: int,
    payload_size: int,
    threads: int,
) -> None:
    random_stream.seed(repr((lengths, version, payload_size)).encode())
    messages = [b"%d" % i for i in range(len(lengths))]
    packets = sx.build_packets(
        [route(hops) for hops in lengths],
        messages,
        destination=DESTINATION,
        version=version,
        payload_size=payload_size,
        backend=backend_name,
        threads=threads,
    )
    waiting = [(i, sent.tobytes()) for i, sent in enumerate(packets)]
    arrived = {}
    for node in range(NYM.max_hops):
        result = sx.Processor(key(node), backend=backend_name).process([p for _, p in waiting])
        onward = []
        for (i, _), row in zip(waiting, result, strict=True):
            if row.packet is not None:
                onward.append((i, row.packet))
            else:
                arrived[i] = sx.recover_message(row.payload), node + 1
        waiting = onward
    assert waiting == []
    assert arrived == {i: (messages[i], lengths[i]) for i in range(len(lengths))}


# No header bit can be changed ----------------------------------------------------------------------


@pytest.mark.parametrize("hops", [1, 2, 5])
@pytest.mark.parametrize("version", [258, 259])
def test_every_header_bit_counts_but_one(hops: int, version: int, backend_name: str) -> None:
    sent = packet(hops, version=version)
    processor = sx.Processor(key(0), backend=backend_name)
    opened = processor.authenticate(flip(copies(sent, HEADER_BITS), 0))
    expected = np.full(HEADER_BITS, S.BAD_MAC)
    expected[TOP_BIT_OF_ALPHA] = S.AUTHENTIC
    assert (opened.status == expected).all()
    assert not np.delete(opened.replay_tags, TOP_BIT_OF_ALPHA, axis=0).any()
    tag = processor.authenticate([sent]).replay_tags[0]
    assert (opened.replay_tags[TOP_BIT_OF_ALPHA] == tag).all()
    result = opened.unwrap()
    rejected = np.delete(result.status, TOP_BIT_OF_ALPHA)
    assert (rejected == S.BAD_MAC).all()
    assert result[TOP_BIT_OF_ALPHA] == processor.process([sent])[0]


@DETERMINISTIC
@given(data=st.data(), hops=HOPS, version=VERSIONS, bits=st.sets(st.integers(0, HEADER_BITS - 1)))
def test_changed_headers_are_rejected(
    backend_name: str,
    random_stream: Any,
    data: st.DataObject,
    hops: int,
    version: int,
    bits: set[int],
) -> None:
    random_stream.seed(repr((hops, version, bits)).encode())
    at = data.draw(st.integers(0, hops - 1), label="the node before which they change")
    sent = packet(hops, version=version, backend=backend_name)
    for node in range(at):
        row = sx.Processor(key(node), backend=backend_name).process([sent])[0]
        assert row.packet is not None
        sent = row.packet
    changed = bytearray(sent)
    for bit in bits:
        changed[bit // 8] ^= 1 << bit % 8
    same, row = sx.Processor(key(at), backend=backend_name).process([sent, changed])
    if bits <= {TOP_BIT_OF_ALPHA}:
        assert row == same
    elif min(bits) >= 8 * NYM.alpha_size:
        assert row == sx.Row(S.BAD_MAC, None, None, None)
    else:
        assert row.status in (S.BAD_MAC, S.BAD_PUBLIC_VALUE)
        assert row.packet is row.payload is row.replay_tag is None


# No payload bit can be changed ---------------------------------------------------------------------


@pytest.mark.parametrize("version", [258, 259])
@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("payload_size", [PROTECTED_SIZE, 70])
def test_every_payload_bit_counts(
    payload_size: int, at: int, version: int, backend_name: str
) -> None:
    sent: Any = copies(packet(3, b"text", version=version, payload_size=payload_size), 1)
    for node in range(3):
        if node == at:
            sent = flip(copies(sent[0].tobytes(), 8 * payload_size), HEADER_BITS)
        result = sx.Processor(key(node), backend=backend_name).process(sent)
        assert not any(row.status.rejected for row in result)
        sent = result.packets
    assert len(sent) == 8 * payload_size
    for payload in sent:
        with pytest.raises(sx.SphinxError):
            sx.recover_message(payload)


def test_tiny_payloads_are_not_protected(backend_name: str, random_stream: Any) -> None:
    """A fact of the format, not a wish: where LIONESS's right half has one byte, a changed left
    half leaves it as it was once in 256 times, and then only the changed bits change."""
    size = NYM.minimum_payload_size
    changed = []
    for _ in range(20):
        sent = flip(copies(packet(1, b"text", payload_size=size), 8 * size), HEADER_BITS)
        for bit, row in enumerate(sx.Processor(key(0), backend=backend_name).process(sent)):
            try:
                sx.recover_message(row.payload)
            except sx.SphinxError:
                continue
            changed.append(bit)
    # 2,560 flips behind the zero prefix: 10 are expected, and all backends find the same ones.
    assert 0 < len(changed) < 30
    assert all(8 * NYM.zero_prefix_size <= bit < 8 * LEFT_SIZE for bit in changed)


@settings(DETERMINISTIC, max_examples=60)
@given(
    data=st.data(),
    hops=HOPS,
    version=VERSIONS,
    payload_size=st.integers(PROTECTED_SIZE, 600),
)
def test_changed_payloads_yield_no_message(
    backend_name: str,
    random_stream: Any,
    data: st.DataObject,
    hops: int,
    version: int,
    payload_size: int,
) -> None:
    random_stream.seed(repr((hops, version, payload_size)).encode())
    at = data.draw(st.integers(0, hops - 1), label="the node before which it changes")
    bits = data.draw(st.sets(st.integers(0, 8 * payload_size - 1), min_size=1, max_size=9))
    sent = packet(hops, version=version, payload_size=payload_size, backend=backend_name)
    for node in range(hops):
        if node == at:
            changed = bytearray(sent)
            for bit in bits:
                changed[NYM.header_size + bit // 8] ^= 1 << bit % 8
            sent = bytes(changed)
        row = sx.Processor(key(node), backend=backend_name).process([sent])[0]
        assert not row.status.rejected
        sent = row.packet or b""
    assert row.status is S.DELIVER
    with pytest.raises(sx.SphinxError):
        sx.recover_message(row.payload)


@settings(DETERMINISTIC, max_examples=40)
@given(hops=HOPS, version=st.sampled_from([258, 259]), cut=st.integers(1, 60))
def test_cut_packets_yield_no_message(
    backend_name: str, random_stream: Any, hops: int, version: int, cut: int
) -> None:
    """The header does not cover the payload's size: a cut packet goes on, and says nothing."""
    random_stream.seed(repr((hops, version, cut)).encode())
    sent = packet(hops, version=version)[:-cut]
    for node in range(hops):
        row = sx.Processor(key(node), backend=backend_name).process([sent])[0]
        if row.status.rejected:
            assert row.status in (S.BAD_LENGTH, S.BAD_PAYLOAD_LENGTH)
            assert len(sent) < NYM.packet_size(NYM.minimum_payload_size)
            return
        sent = row.packet or b""
    with pytest.raises(sx.SphinxError):
        sx.recover_message(row.payload)


# Whatever comes in, a status goes out --------------------------------------------------------------

FUZZ = 100_000
SHARE = {"python": 2_000}
"""How many cases backends get that are slow."""
BATCH = 1_000


def sizes(n: int, limit: int) -> list[int]:
    """0..limit, three in four below the size of a header, where a node does no arithmetic."""
    draw = np.random.default_rng(n)
    short = draw.integers(0, NYM.minimum_packet_size + 2, n)
    any_size = draw.integers(0, limit + 1, n)
    column: list[int] = np.where(draw.random(n) < 0.75, short, any_size).tolist()
    return column


def pieces(n: int, limit: int, seed: bytes) -> list[bytes]:
    """n random byte strings of mixed sizes."""
    raw = seeded(seed, limit + 50_000)
    draw = np.random.default_rng(n)
    starts = draw.integers(0, 50_000, n).tolist()
    return [raw[start : start + size] for start, size in zip(starts, sizes(n, limit), strict=True)]


def mutated(n: int, good: bytes) -> list[bytes]:
    """Packets with something cut out, put in, or overwritten."""
    draw = np.random.default_rng(n)
    noise = seeded(b"noise", 4096)
    made = []
    for kind, a, b, size in zip(
        draw.integers(0, 4, n).tolist(),
        draw.integers(0, len(good), n).tolist(),
        draw.integers(0, 4000, n).tolist(),
        draw.integers(0, 60, n).tolist(),
        strict=True,
    ):
        made.append(
            (
                good[:a],
                good[:a] + good[a + size :],
                good[:a] + noise[b : b + size] + good[a:],
                good[:a] + noise[b : b + size] + good[a + size :],
            )[kind]
        )
    return made


def process_all(backend_name: str, packets: list[bytes]) -> Counter[sx.Status]:
    processor = sx.Processor(key(0), backend=backend_name)
    seen: Counter[sx.Status] = Counter()
    for start in range(0, len(packets), BATCH):
        part = slice(start, start + BATCH)
        result = processor.process(packets[part])
        for status, count in zip(*np.unique(result.status, return_counts=True), strict=True):
            seen[S(int(status))] += int(count)
        for sent, row, view in zip(packets[part], result, result.packets, strict=True):
            out = row.packet if row.packet is not None else row.payload
            assert row.status.rejected == (out is None)
            assert len(out or b"") == len(view) <= len(sent)
    assert seen.total() == len(packets)
    return seen


def test_random_packets(backend_name: str) -> None:
    n = SHARE.get(backend_name, FUZZ)
    packets = pieces(n, 3000, b"packets")
    short = sum(len(sent) < NYM.minimum_packet_size for sent in packets)
    seen = process_all(backend_name, packets)
    assert seen == {S.BAD_LENGTH: short, S.BAD_MAC: n - short}


def test_mutated_packets(backend_name: str) -> None:
    n = SHARE.get(backend_name, FUZZ // 10)
    good = packet(2)
    seen = process_all(backend_name, mutated(n, good))
    assert set(seen) == {S.BAD_LENGTH, S.BAD_MAC, S.BAD_PAYLOAD_LENGTH, S.FORWARD}


@pytest.mark.parametrize("kind", [sx.Surb, sx.SurbRecovery, sx.PublicKey, sx.PrivateKey])
def test_random_bytes_as_objects(kind: Any) -> None:
    limit = {sx.Surb: 1500, sx.SurbRecovery: 150}.get(kind, 64)
    parsed = 0
    raws = pieces(FUZZ, limit, b"objects")
    if kind in (sx.PublicKey, sx.PrivateKey):
        raws = [raw[:32] if i % 2 else raw for i, raw in enumerate(raws)]
    for raw in raws:
        try:
            made = kind.from_bytes(raw)
        except sx.SphinxError:
            continue
        assert made.to_bytes() == raw
        parsed += 1
    assert 0 < parsed < FUZZ


def test_random_bytes_as_payloads() -> None:
    kinds: Counter[bool] = Counter()
    for i, raw in enumerate(pieces(FUZZ, 500, b"payloads")):
        payload = bytes(NYM.zero_prefix_size) + raw if i % 2 else raw
        try:
            message = sx.recover_message(payload)
        except sx.SphinxError:
            kinds[False] += 1
        else:
            assert payload[NYM.zero_prefix_size :].startswith(message + b"\1")
            kinds[True] += 1
    assert kinds.keys() == {True, False}


def test_random_surbs_are_used(backend_name: str) -> None:
    """They give packets of the right size that their first hop rejects."""
    n = SHARE.get(backend_name, FUZZ) // 50
    public = NYM.header_size + NYM.address_size
    raws = [
        seeded(b"surb %d" % i, public + (1 + i % 5) * (192 if i % 3 else NYM.payload_seed_size))
        for i in range(n)
    ]
    surbs = [sx.Surb.from_bytes(raw) for raw in raws]
    replies = sx.use_surbs(surbs, [b"reply"] * n, payload_size=64, backend=backend_name)
    for raw, (sent, first_hop) in zip(raws, replies, strict=True):
        assert sent[: NYM.header_size] + first_hop == raw[:public]
        assert len(sent) == NYM.packet_size(64)
    result = sx.Processor(key(0), backend=backend_name).process([sent for sent, _ in replies])
    assert (result.status == S.BAD_MAC).all()


def test_random_payloads_are_not_recovered(backend_name: str) -> None:
    n = SHARE.get(backend_name, FUZZ) // 50
    for i, payload in enumerate(pieces(n, 500, b"recover")):
        recovery = sx.SurbRecovery.from_bytes(seeded(b"recovery %d" % i, 16 * (2 + i % 5)))
        with pytest.raises(sx.SphinxError):
            recovery.recover(payload, backend=backend_name)


def test_random_node_keys_make_packets(backend_name: str) -> None:
    """Half of them are points of the twist, for which products of scalars do not hold."""
    n = 50
    nodes = [sx.PublicKey.from_bytes(seeded(b"public %d" % i, 32)) for i in range(n)]
    hops = [sx.Hop(address=bytes(32), public_key=public) for public in nodes]
    assert 10 < sum(public.on_curve for public in nodes) < 40
    packets = sx.build_packets(
        [hops[i : i + 1 + i % 5] or hops[:1] for i in range(n)],
        [b""] * n,
        destination=DESTINATION,
        payload_size=33,
        backend=backend_name,
    )
    assert (sx.Processor(key(0), backend=backend_name).process(packets).status == S.BAD_MAC).all()
