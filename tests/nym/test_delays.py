"""Exponential delays and the waiting times made from them."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

import sphinxcore as sx
from sphinxcore.nym import delays

MEAN = delays.DEFAULT.packet_delay_ns


def test_defaults_of_the_network() -> None:
    ms, second = 10**6, 10**9
    assert dataclasses.asdict(delays.DEFAULT) == {
        "packet_delay_ns": 15 * ms,
        "ack_delay_ns": 15 * ms,
        "longest_delay_ns": 10 * second,
        "message_interval_ns": 20 * ms,
        "cover_interval_ns": 200 * ms,
        "ack_wait_factor": 1.5,
        "ack_wait_extra_ns": 1500 * ms,
        "topology_refresh_ns": 300 * second,
    }
    with pytest.raises(dataclasses.FrozenInstanceError):
        delays.DEFAULT.packet_delay_ns = 1  # type: ignore[misc]


def test_distribution(random_stream: Any) -> None:
    random_stream.seed(b"delays")
    n = 200_000
    drawn = delays.exponential_ns(MEAN, n)
    assert drawn.dtype == np.uint64
    assert drawn.shape == (n,)
    # Mean and standard deviation of an exponential distribution are the same; those of the
    # mean of n draws and of their standard deviation are MEAN / sqrt(n) and MEAN * sqrt(2 / n).
    assert abs(drawn.mean() - MEAN) < 4 * MEAN / math.sqrt(n)
    assert abs(drawn.std() - MEAN) < 4 * MEAN * math.sqrt(2 / n)
    # Kolmogorov and Smirnov: the distance exceeds 1.95 / sqrt(n) with a probability of 0.001.
    expected = -np.expm1(np.sort(drawn) / -MEAN)
    steps = np.arange(n + 1) / n
    distance = max((steps[1:] - expected).max(), (expected - steps[:-1]).max())
    assert distance < 1.95 / math.sqrt(n)
    neighbours = np.corrcoef(drawn[:-1], drawn[1:])[0, 1]
    assert abs(neighbours) < 4 / math.sqrt(n)


def test_every_draw_is_new() -> None:
    assert not set(delays.exponential_ns(2**50, 100)) & set(delays.exponential_ns(2**50, 100))


def of_bits(bits: int) -> bytes:
    """Eight random bytes whose upper 53 bits are these; the lower 11 do not matter."""
    return (bits << 11 | 0x7FF).to_bytes(8, "little")


@pytest.mark.parametrize("mean", [0, 1, MEAN, delays.LONGEST_MEAN_NS])
def test_extremes_of_the_random_source(mean: int, random_stream: Any) -> None:
    random_stream.feed(of_bits(0) + of_bits(1 << 52) + of_bits(2**53 - 1))
    shortest, median, longest = map(int, delays.exponential_ns(mean, 3))
    assert shortest == 0
    assert median == round(mean * math.log(2))
    assert longest == pytest.approx(mean * 53 * math.log(2), abs=0.5)
    assert longest < 2**64


def test_mean_zero_gives_zeros() -> None:
    assert delays.exponential_ns(0, 1000).tolist() == [0] * 1000


def test_none_of_them() -> None:
    drawn = delays.exponential_ns(MEAN, 0)
    assert drawn.shape == (0,)
    assert drawn.dtype == np.uint64


def test_uniform_numbers(random_stream: Any) -> None:
    random_stream.feed(of_bits(0) + of_bits(3) + of_bits(2**53 - 1))
    assert delays.uniform(3).tolist() == [0.0, 3 * 2.0**-53, 1 - 2.0**-53]


@pytest.mark.parametrize("mean", [-1, delays.LONGEST_MEAN_NS + 1])
def test_means_that_are_refused(mean: int) -> None:
    with pytest.raises(sx.SphinxError, match="mean_ns must be in"):
        delays.exponential_ns(mean, 1)


@pytest.mark.parametrize(("mean", "n"), [(1.5, 1), ("1", 1), (None, 1), (1, 1.0), (1, None)])
def test_other_types_are_refused(mean: Any, n: Any) -> None:
    with pytest.raises(TypeError, match="must be an int"):
        delays.exponential_ns(mean, n)
    with pytest.raises(sx.SphinxError, match="n must be in"):
        delays.exponential_ns(1, -1)


def test_retransmission_timeout() -> None:
    assert delays.retransmission_timeout_ns(0) == 1_500_000_000
    assert delays.retransmission_timeout_ns(1) == 1_500_000_002
    assert delays.retransmission_timeout_ns(90_000_000) == 1_635_000_000
    patient = delays.NetworkParameters(ack_wait_factor=3.0, ack_wait_extra_ns=7)
    assert delays.retransmission_timeout_ns(100, patient) == 307
    with pytest.raises(sx.SphinxError, match="expected_delay_ns"):
        delays.retransmission_timeout_ns(-1)
    with pytest.raises(TypeError, match="expected_delay_ns"):
        delays.retransmission_timeout_ns(1.5)  # type: ignore[arg-type]
