"""Command line, machine and JSON, the same for all benches."""

import argparse
import math
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import _cpu_facts
import _goals
import _native
import _rounds
from _rounds import Run, Timed
from figures import results

import sphinxcore as sx

FEWEST_ROUNDS = 15
"""Fewer show that a bench runs, and nothing else: they are not saved."""

NOISE = 1
TROUBLE = 2
"""Exit codes: there are no figures for an operation because every round was noise; all else."""

WRITTEN = ("benches/results", "benches/picture.svg", "README.md", "credentials/README.md")
"""What benches and compare.py write: it may differ from the commit that is measured."""


class Report:
    """One run of one bench: its arguments, what it found, the JSON of it.

    `backends` are those to choose from, each with what it consists of, the library's own if it is
    None; `ours` the contenders that are this project's, if those are not the backends.
    """

    def __init__(
        self,
        bench: str,
        doc: str,
        *,
        rounds: int = 21,
        seconds: float = 0.1,
        backends: Mapping[str, Mapping[str, str]] | None = None,
        missing: Mapping[str, str] | None = None,
        ours: Sequence[str] | None = None,
    ) -> None:
        known = kernels() if backends is None else backends
        parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
        parser.add_argument("--rounds", type=int, default=rounds, help="%(default)s")
        parser.add_argument("--seconds", type=float, default=seconds, help="per turn; %(default)s")
        parser.add_argument(
            "--backend",
            action="append",
            choices=tuple(known),
            help="this one only; may be repeated; default: all that run here",
        )
        output = parser.add_mutually_exclusive_group()
        output.add_argument("--json", type=Path, metavar="PATH", help="write all rounds there")
        output.add_argument(
            "--save",
            type=Path,
            nargs="?",
            const=results.STORED,
            metavar="FOLDER",
            help=f"write them to <cpu>/{bench}/<date>-<commit>.json in it; {results.STORED}",
        )
        arguments = parser.parse_args()
        if arguments.rounds < 1:
            parser.error("--rounds must be at least 1")
        if arguments.save and arguments.rounds < FEWEST_ROUNDS:
            parser.error(f"--save wants at least {FEWEST_ROUNDS} rounds")
        if arguments.save == results.STORED and _commit()[1]:
            parser.error("--save wants figures of a commit, and files differ from it")
        self.bench = bench
        self.rounds: int = arguments.rounds
        self.seconds: float = arguments.seconds
        self.backends = tuple(name for name in known if name in (arguments.backend or known))
        self.missing: list[str] = []
        self.machine: dict[str, Any] = {}
        self.more: dict[str, Any] = {}
        """Members of the JSON that only this bench has."""
        self._known = known
        self._missing_backends = dict(sx.missing_backends() if missing is None else missing)
        self._ours = ours
        self._path: Path | None = arguments.json
        self._folder: Path | None = arguments.save
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
        names = list(run.rounds[0].ns)
        self._operations.append(
            {
                "operation": operation,
                "noisy": run.noisy,
                "summary": _rounds.summary(run, baselines),
                **extra,
                "rounds": {
                    "ns": {name: [round(one.ns[name], 4) for one in run.rounds] for name in names},
                    "referenceNs": [list(one.reference_ns) for one in run.rounds],
                    "kept": run.kept,
                },
            }
        )

    def judge(
        self, operation: str, what: str, contender: str, reached: float, against: str | None = None
    ) -> list[dict[str, Any]]:
        """Compare with the goals for `what`; see _goals.py."""
        judged = _goals.judge(operation, what, contender, reached, self.pipes, against)
        self._goals += judged
        return judged

    def finish(self) -> int:
        """Print the goals, write the JSON. Returns the exit code."""
        if self._goals:
            print(f"\n{_goals.TITLE}")
            print("\n".join(_goals.text(judged) for judged in self._goals))
        document = self._document()
        if self._folder is not None:
            self._path = results.place(document, self._folder)
        if self._path is not None:
            results.write(document, self._path)
            print(f"all rounds are in {self._path}")
        return 0 if all(one["summary"] for one in self._operations) else NOISE

    def _document(self) -> dict[str, Any]:
        about = machine(
            {name: dict(self._known[name]) for name in self.backends}, self._missing_backends
        )
        return {
            "schema": results.SCHEMA,
            "bench": self.bench,
            "ours": list(self.backends if self._ours is None else self._ours),
            "machine": about | {"multiplyAddPipes512": self.pipes} | self.machine,
            "leftOut": self.missing,
            "goals": self._goals,
            **self.more,
            "operations": _finite(self._operations),
        }


def kernels() -> dict[str, dict[str, str]]:
    """The backends that run here, best first, and what each computes its primitives with."""
    return {name: dict(sx.backend(name).kernels) for name in sx.available_backends()}


def machine(
    backends: Mapping[str, Mapping[str, str]], missing: Mapping[str, str]
) -> dict[str, Any]:
    """What figures depend on: the member `machine`, as the schema has it."""
    cpu = _cpu_facts.facts()
    commit, dirty = _commit()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "dirty": dirty,
        "sphinxcore": sx.__version__,
        "cpuName": _cpu_facts.name(cpu),
        "cpu": cpu,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "compilerOfBenches": _native.compiler(),
        "compilersOfModule": _native.compilers_of(_native.module()),
        "backends": dict(backends),
        "missingBackends": dict(missing),
    }


def _commit() -> tuple[str | None, bool | None]:
    """The commit, and whether files differ from it; None outside of a repository."""
    git = ["git", "-C", str(results.STORED.parents[1])]
    others = [f":(exclude){name}" for name in WRITTEN]
    found = []
    for command in (
        ["rev-parse", "HEAD"],
        ["status", "--porcelain", "--untracked-files=no", "--", ".", *others],
    ):
        try:
            ended = subprocess.run([*git, *command], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None, None
        found.append(ended.stdout.strip())
    return found[0], bool(found[1])


def _finite(value: Any) -> Any:
    """NaN, which JSON does not know, to None."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
