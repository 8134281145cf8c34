"""Paired rounds, as `sphinxcore bench` has them: one method for all figures."""

from collections.abc import Iterable
from typing import Any

from sphinxcore.cli.rounds import Round, Run, Timed, prepared, repeated, run

__all__ = ["Round", "Run", "Timed", "prepared", "repeated", "run", "summary"]


def summary(run: Run, baselines: Iterable[str]) -> dict[str, Any]:
    """Per contender: least and median nanoseconds per operation, and how it compares.

    Empty if every round was noise.
    """
    if not any(run.kept):
        return {}
    return {
        name: {
            "minNs": round(min(run.times(name)), 3),
            "medianNs": round(run.median(name), 3),
            "timesAsFastAs": {other: round(run.speedup(name, other), 3) for other in baselines},
        }
        for name in run.rounds[0].ns
    }
