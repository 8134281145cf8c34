"""From how many points on a sum by windows of additions is faster than single multiplications."""

import secrets
from statistics import median
from typing import Any

import _rounds

import credentials as cr
from credentials.bls12381 import ORDER, sums

COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
BITS = {"short": 129, "full": ORDER.bit_length() - 1}
"""Coefficients of a batch; scalars below r/2, as all are once the sign is taken out."""
_SECONDS = 0.02
_ROUNDS = 7


def measure(rounds: int) -> list[dict[str, Any]]:
    """For G1 and G2 and both lengths: times as fast by windows at each count, and the crossover.

    The crossover is the least of COUNTS from which on windows win at all others; None: nowhere.
    """
    backend = cr.backend("blst")
    found = []
    for name, group in (("G1", backend.g1), ("G2", backend.g2)):
        for length, bits in BITS.items():
            speedups = {n: _speedup(group, n, bits, min(rounds, _ROUNDS)) for n in COUNTS}
            crossover = None
            for n in reversed(COUNTS):
                if not speedups[n] > 1:
                    break
                crossover = n
            found.append(
                {
                    "group": name,
                    "scalars": length,
                    "bits": bits,
                    "crossover": crossover,
                    "windowsTimesAsFast": speedups,
                }
            )
    return found


def table(found: list[dict[str, Any]]) -> str:
    """As text."""
    lines = [
        "sum of n products: times as fast by windows as by single multiplications",
        f"  {'n =':<18}{''.join(f'{n:>6}' for n in COUNTS)}   windows win from",
    ]
    for one in found:
        ratios = "".join(f"{ratio:>6.2f}" for ratio in one["windowsTimesAsFast"].values())
        title = f"{one['group']}, {one['bits']} bits"
        lines.append(f"  {title:<18}{ratios}   {one['crossover']}")
    return "\n".join(lines)


def _speedup(group: Any, n: int, bits: int, rounds: int) -> float:
    # Points without a table; the top bit is set, so that the scalars are as long as they say.
    scalars = [1 << (bits - 1) | secrets.randbits(bits - 1) for _ in range(n)]
    points = [group.multiply_secret(group.generator, scalar) for scalar in scalars]
    terms = list(zip(points, scalars, strict=True))
    _, width = sums.best_width(n, n * bits, bits)

    def by_windows() -> Any:
        return sums.sum_by_windows(terms, width, group.negate)

    def one_by_one() -> Any:
        total = group.multiply_secret(*terms[0])
        for point, scalar in terms[1:]:
            total = group.add(total, group.multiply_secret(point, scalar))
        return total

    if not group.equal(by_windows(), one_by_one()):
        raise RuntimeError("the sums differ")
    contenders = {
        "windows": _rounds.repeated(by_windows, 1),
        "single": _rounds.repeated(one_by_one, 1),
    }
    run = _rounds.run(contenders, rounds, _SECONDS)
    # All rounds: both sides of a ratio are of the same moment.
    return round(median(one.ns["single"] / one.ns["windows"] for one in run.rounds), 3)
