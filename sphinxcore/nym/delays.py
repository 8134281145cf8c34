"""Waiting times: the network's parameters, and exponential delays."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from sphinxcore import _random
from sphinxcore._checks import instance, integer, number

MILLISECOND_NS = 10**6
SECOND_NS = 10**9

LONGEST_MEAN_NS = 2**58
"""Nine years. The longest delay that can be drawn is 53 ln 2 = 36.8 means, below 2^64 ns."""
_LARGEST_FACTOR = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkParameters:
    """How long things take in the network; the defaults are those of the Nym clients.

    Args:
        packet_delay_ns: mean delay of a data packet at each mix node.
        ack_delay_ns: mean delay of an acknowledgement at each mix node.
        longest_delay_ns: a node cuts longer delays to this.
        message_interval_ns: mean time between packets of the main stream, which sends cover when
            there is nothing to say.
        cover_interval_ns: mean time between packets of the loop cover stream.
        ack_wait_factor, ack_wait_extra_ns: see retransmission_timeout_ns().
        topology_refresh_ns: how often a client asks for the topology.
    """

    packet_delay_ns: int = 15 * MILLISECOND_NS
    ack_delay_ns: int = 15 * MILLISECOND_NS
    longest_delay_ns: int = 10 * SECOND_NS
    message_interval_ns: int = 20 * MILLISECOND_NS
    cover_interval_ns: int = 200 * MILLISECOND_NS
    ack_wait_factor: float = 1.5
    ack_wait_extra_ns: int = 1500 * MILLISECOND_NS
    topology_refresh_ns: int = 300 * SECOND_NS

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name.endswith("_ns"):
                integer(getattr(self, field.name), 0, LONGEST_MEAN_NS, field.name)
        number(self.ack_wait_factor, 0, _LARGEST_FACTOR, "ack_wait_factor")


DEFAULT = NetworkParameters()


def retransmission_timeout_ns(
    expected_delay_ns: int, parameters: NetworkParameters = DEFAULT
) -> int:
    """How long to wait for an acknowledgement before the packet is sent again.

    `expected_delay_ns` is the total_delay_ns() of the packet's route and of its acknowledgement's.
    """
    expected = integer(expected_delay_ns, 0, 2**70, "expected_delay_ns")
    instance(parameters, NetworkParameters, "parameters")
    return round(expected * parameters.ack_wait_factor) + parameters.ack_wait_extra_ns


def uniform(n: int) -> npt.NDArray[np.float64]:
    """(n,) multiples of 2^-53 in [0, 1), from the operating system's randomness."""
    drawn = np.frombuffer(_random.random_bytes(8 * n), "<u8") >> np.uint64(11)
    return drawn.astype(np.float64) * 2.0**-53


def exponential_ns(mean_ns: int, n: int) -> npt.NDArray[np.uint64]:
    """(n,) independent delays, exponentially distributed, in whole nanoseconds.

    They are the delays of a packet at n nodes, and as well the gaps of a Poisson stream. A mean of
    0 gives zeros.
    """
    mean = integer(mean_ns, 0, LONGEST_MEAN_NS, "mean_ns")
    count = integer(n, 0, 2**40, "n")
    delays: npt.NDArray[np.float64] = np.log1p(-uniform(count)) * -mean
    return np.rint(delays).astype(np.uint64)
