"""What a processor learns of its packets changes speed only."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from network import LOW_ORDER, bad_packets, key, packet, seeded

import sphinxcore as sx
from sphinxcore._curve import is_on_curve


def off_curve(i: int) -> bytes:
    """The i-th point of the twist, of a fixed sequence."""
    points = (seeded(b"point %d" % j, 32) for j in range(1000))
    return [raw for raw in points if not is_on_curve(raw)][i]


def odd_batch() -> list[bytes]:
    """Packets of every kind, those with odd alphas among them."""
    good = packet(3)
    alpha = sx.NYM.alpha_size
    odd = [off_curve(i) + good[alpha:] for i in range(3)]
    odd += [point + good[alpha:] for point in LOW_ORDER]
    return [good, packet(1), *odd, *bad_packets(good).values(), packet(2, payload_size=2065)]


def process(backend: str, sent: list[bytes], *, forwarding: bool, threads: int = 1) -> list[sx.Row]:
    processor = sx.Processor([key(1), key(0)], backend=backend, threads=threads)
    processor._forwarding = forwarding
    return list(processor.process(sent))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_no_difference_in_results(backend_name: str, threads: int) -> None:
    sent = odd_batch()
    expected = process("python", sent, forwarding=True) * 5
    for forwarding in (False, True):
        found = process(backend_name, sent * 5, forwarding=forwarding, threads=threads)
        assert found == expected


def test_odd_alphas_at_every_lane(backend_name: str) -> None:
    lanes = sx.backend(backend_name).lanes
    good = [packet(3, bytes([i])) for i in range(2 * lanes + 1)]
    expected = process("python", good, forwarding=True)
    for odd in (LOW_ORDER[1], off_curve(0)):
        for i in range(len(good)):
            sent = list(good)
            sent[i] = odd + good[i][sx.NYM.alpha_size :]
            found = process(backend_name, sent, forwarding=True)
            assert found[i].status in (sx.Status.BAD_MAC, sx.Status.BAD_PUBLIC_VALUE)
            assert found[:i] + found[i + 1 :] == expected[:i] + expected[i + 1 :]


def test_learns(backend_name: str) -> None:
    processor = sx.Processor(key(0), backend=backend_name)
    assert processor._forwarding
    for sent, forwarding in (
        ([packet(1), packet(1), packet(2)], False),
        (list(bad_packets(packet()).values()), False),
        ([packet(1), packet(2)], True),
        ([], True),
        ([packet(1)], False),
    ):
        processor.process(sent)
        assert processor._forwarding is forwarding


@pytest.mark.parametrize("forwarding", [False, True])
def test_backend_is_told(forwarding: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    processor = sx.Processor(key(0), backend="python")
    processor._forwarding = forwarding
    start, told = processor._backend.hop, []

    def hop(*given: Any) -> Any:
        told.append(given[-1])
        return start(*given)

    monkeypatch.setattr(processor, "_backend", SimpleNamespace(hop=hop))
    processor.process([packet()])
    assert told == [forwarding]


def test_rejected_rows_between(backend_name: str) -> None:
    """Stage 2 leaves out rows, whole vectors of them, and keeps the others in their places."""
    sent = [packet(3, bytes([i])) for i in range(40)]
    expected = process("python", sent, forwarding=True)
    for pattern in ([0], [39], range(8, 16), range(0, 40, 3)):
        accept = np.zeros(40, np.bool_)
        accept[list(pattern)] = True
        rows = sx.Processor(key(0), backend=backend_name).authenticate(sent).unwrap(accept)
        for i in range(40):
            if accept[i]:
                assert rows[i].packet == expected[i].packet
            else:
                assert rows[i].status is sx.Status.REPLAYED
