"""Results of benches that never ran, and the modules of benches/ that read results."""

import sys
from pathlib import Path
from typing import Any

import pytest

# Last, so that nothing there hides a module of the tests.
sys.path.append(str(Path(__file__).resolve().parents[2] / "benches"))

import _cpu_facts as cpu_facts
import _goals as goals
import _report as report
import _rounds as paired
import compare
from figures import (
    charts,
    credential_table,
    gate,
    intervals,
    page,
    picture,
    results,
    style,
    svg,
    table,
)

__all__ = [
    "HOP",
    "PEER",
    "ROUNDS",
    "STORED",
    "US",
    "charts",
    "compare",
    "cpu_facts",
    "credential_table",
    "document",
    "gate",
    "goals",
    "intervals",
    "page",
    "paired",
    "picture",
    "report",
    "result",
    "results",
    "run_compare",
    "save",
    "slower",
    "style",
    "svg",
    "table",
    "without",
]

STORED = results.read_all([results.STORED])
PEER = "sphinx-packet 0.6.0"
ROUNDS = 21
STRIDES = (1, 2, 4, 8, 11)
"""Without common factors with 21 and 5, the numbers of rounds here."""
US = {"avx512": 12.0, "avx2": 30.0, "portable": 80.0, "python": 140.0, PEER: 120.0}
HOP = charts.HOP


def times(us: float, spread: float, rounds: int, stride: int) -> list[float]:
    """Nanoseconds that lie evenly around `us`, in an order that the stride makes."""
    step = 2 * spread / (rounds - 1)
    return [1000 * us * (1 - spread + step * (i * stride % rounds)) for i in range(rounds)]


def operation(
    us: dict[str, float], name: str = HOP, *, spread: float = 0.01, rounds: int = ROUNDS
) -> dict[str, Any]:
    """Paired rounds in which the peer, or portable, takes exactly its time.

    Every contender has its slow rounds at other times than the others: noise that pairing keeps.
    """
    steady = PEER if PEER in us else "portable"
    columns = [
        times(t, 0 if who == steady else spread, rounds, stride)
        for (who, t), stride in zip(us.items(), STRIDES, strict=False)
    ]
    run = paired.Run(
        [
            paired.Round(dict(zip(us, ns, strict=True)), (1000.0, 1000.0))
            for ns in zip(*columns, strict=True)
        ]
    )
    return {
        "operation": name,
        "noisy": run.noisy,
        "summary": paired.summary(run, [name for name in us if name in (PEER, "python")]),
        "rounds": {
            "ns": {who: [one.ns[who] for one in run.rounds] for who in us},
            "referenceNs": [list(one.reference_ns) for one in run.rounds],
            "kept": run.kept,
        },
    }


def document(
    us: dict[str, float], *, bench: str = "peers", cpu: str = "Xeon 1234", day: int = 1, **how: Any
) -> dict[str, Any]:
    """A result with one operation."""
    facts = {"vendor": "Intel", "family": "6", "model": "106", "name": f"Intel(R) {cpu}"}
    ours = [name for name in US if name in us and name != PEER]
    return {
        "schema": results.SCHEMA,
        "bench": bench,
        "ours": ours,
        "machine": {
            "date": f"2026-01-{day:02}T00:00:00+00:00",
            "commit": f"{day:040x}"[::-1],
            "dirty": False,
            "sphinxcore": "0.1.0",
            "cpuName": cpu_facts.name(facts),
            "cpu": facts,
            "system": "Linux x86_64",
            "python": "3.13.1",
            "compilerOfBenches": "cc 1",
            "compilersOfModule": ["cc 1"],
            "backends": {name: {} for name in ours},
            "missingBackends": {name: "no such CPU" for name in US if name not in (*ours, PEER)},
            "batch": 64,
            "peer": {"crate": PEER, "rustc": "rustc 1"},
        },
        "leftOut": [],
        "goals": [],
        "operations": [operation(us, **how)],
    }


def result(us: dict[str, float], **about: Any) -> results.Result:
    return results.Result(document(us, **about), Path("result.json"))


def slower(factor: float, *contenders: str) -> dict[str, float]:
    """US with some contenders slower."""
    return {name: us * (factor if name in contenders else 1) for name, us in US.items()}


def without(*contenders: str) -> dict[str, float]:
    return {name: us for name, us in US.items() if name not in contenders}


def save(folder: Path, *made: dict[str, Any]) -> Path:
    """Write results where they belong in a folder."""
    for one in made:
        results.write(one, results.place(one, folder))
    return folder


def run_compare(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """compare.py with these arguments: its exit code."""
    monkeypatch.setattr(sys, "argv", ["compare.py", *map(str, arguments)])
    return compare.main()
