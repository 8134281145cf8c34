"""Command line, machine and JSON, the same for all benches."""

import argparse
import json
import math
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import _cpu
import _goals
import _native
import _rounds
from _rounds import Run, Timed

import sphinxcore as sx

RESULTS = Path(__file__).resolve().parent / "results"
SCHEMA = 1
FEWEST_ROUNDS = 15
"""Fewer show that a bench runs, and nothing else: they are not saved."""

NOISE = 1
TROUBLE = 2
"""Exit codes: there are no figures for an operation because every round was noise; all else."""


class Report:
    """One run of one bench: its arguments, what it found, the JSON of it."""

    def __init__(self, bench: str, doc: str, *, rounds: int = 21, seconds: float = 0.1) -> None:
        parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
        parser.add_argument("--rounds", type=int, default=rounds, help="%(default)s")
        parser.add_argument("--seconds", type=float, default=seconds, help="per turn; %(default)s")
        parser.add_argument(
            "--backend",
            action="append",
            choices=sx.available_backends(),
            help="this one only; may be repeated; default: all that run here",
        )
        output = parser.add_mutually_exclusive_group()
        output.add_argument("--json", type=Path, metavar="PATH", help="write all rounds there")
        output.add_argument("--save", action="store_true", help=f"write them to {RESULTS}/<cpu>/")
        arguments = parser.parse_args()
        if arguments.rounds < 1:
            parser.error("--rounds must be at least 1")
        if arguments.save and arguments.rounds < FEWEST_ROUNDS:
            parser.error(f"--save wants at least {FEWEST_ROUNDS} rounds")
        self.bench = bench
        self.rounds: int = arguments.rounds
        self.seconds: float = arguments.seconds
        chosen = arguments.backend or sx.available_backends()
        self.backends = tuple(name for name in sx.available_backends() if name in chosen)
        self.missing: list[str] = []
        self.machine: dict[str, Any] = {}
        self._path: Path | None = arguments.json
        if arguments.save:
            self._path = RESULTS / _cpu.folder_name() / f"{bench}.json"
        self._operations: list[dict[str, Any]] = []
        self._goals: list[dict[str, Any]] = []
        try:
            self.pipes = _native.pipes()
        except _native.NativeError as error:
            self.pipes = 0
            self.lacks("512-bit multiply-add pipes", error)

    def lacks(self, what: str, reason: object) -> None:
        """Say what is left out, and why."""
        self.missing.append(f"{what}: {reason}")
        print(f"left out: {what}: {reason}", file=sys.stderr, flush=True)

    def run(self, contenders: dict[str, Timed]) -> Run:
        """Time contenders side by side, as long as the arguments say."""
        return _rounds.run(contenders, self.rounds, self.seconds)

    def add(self, operation: str, run: Run, baselines: Sequence[str] = (), **extra: Any) -> None:
        """Keep the operation for the JSON: every round, and the summary."""
        rounds = [
            {
                "ns": {contender: round(ns, 4) for contender, ns in one.ns.items()},
                "referenceNs": one.reference_ns,
                "kept": kept,
            }
            for one, kept in zip(run.rounds, run.kept, strict=True)
        ]
        summary = _rounds.summary(run, baselines)
        self._operations.append(
            {"operation": operation, "noise": run.verdict, "summary": summary}
            | extra
            | {"rounds": rounds}
        )

    def judge(self, operation: str, what: str, backend: str, reached: float) -> list[Any]:
        """Compare with the goals for `what`; see _goals.py."""
        judged = _goals.judge(operation, what, backend, reached, self.pipes)
        self._goals += judged
        return judged

    def finish(self) -> int:
        """Print the goals, write the JSON. Returns the exit code."""
        if self._goals:
            print(f"\n{_goals.TITLE}")
            print("\n".join(_goals.text(judged) for judged in self._goals))
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._document(), indent=1, allow_nan=False) + "\n")
            print(f"all rounds are in {self._path}")
        return 0 if all(one["summary"] for one in self._operations) else NOISE

    def _document(self) -> dict[str, Any]:
        about = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "cpu": _cpu.facts(),
            "multiplyAddPipes512": self.pipes,
            "python": platform.python_version(),
            "compilerOfBenches": _native.compiler(),
            "compilersOfModule": _native.compilers_of(_native.module()),
            "sphinxcore": sx.__version__,
            "commit": _commit(),
            "backends": {name: dict(sx.backend(name).kernels) for name in self.backends},
        }
        return {
            "schema": SCHEMA,
            "bench": self.bench,
            "machine": about | self.machine,
            "leftOut": self.missing,
            "goals": self._goals,
            "operations": _finite(self._operations),
        }


def _commit() -> str | None:
    """The commit, with a mark if files differ from it; None outside of a repository."""
    command = ["git", "-C", str(RESULTS.parent), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


def _finite(value: Any) -> Any:
    """NaN, which JSON does not know, to None."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
