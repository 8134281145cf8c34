"""Result files: benches/results/schema.json says what is in them, this reads and writes them.

One file for each run of a bench, under <folder>/<cpu>/<bench>/<date>-<commit>.json, so that the
last by name is the newest. Older ones are the history.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

SCHEMA = 2
STORED = Path(__file__).resolve().parents[1] / "results"
UNKNOWN = "unknown"
"""Stands for the commit in file names, where there was no repository."""


class ResultError(Exception):
    """A file is not a result, or there is none where one is needed."""


@dataclass(frozen=True)
class Operation:
    """One operation of a result, and who was timed at it."""

    document: dict[str, Any]

    @property
    def name(self) -> str:
        return self.document["operation"]

    @property
    def noisy(self) -> bool:
        """Whether a third of the rounds or more was noise."""
        return self.document["noisy"]

    @property
    def summary(self) -> dict[str, Any]:
        """Contenders, in the order they were given; empty if every round was noise."""
        return self.document["summary"]

    @property
    def verdict(self) -> str:
        """How much of the run counts."""
        kept = self.document.get("rounds", {}).get("kept", [])
        text = f"{sum(kept)} of {len(kept)} rounds kept"
        return f"{text}: noisy, measure again" if self.noisy else text

    def times(self, contender: str) -> list[float]:
        """Nanoseconds in the rounds that count; empty without rounds or such a contender."""
        rounds = self.document.get("rounds", {"ns": {}})
        pairs = zip(rounds["ns"].get(contender, ()), rounds.get("kept", ()), strict=False)
        return [ns for ns, kept in pairs if kept]

    def median(self, contender: str) -> float:
        """Nanoseconds; the contender must be in the summary."""
        return self.summary[contender]["medianNs"]

    def ratios(self, contender: str, other: str) -> list[float]:
        """How many times as fast as the other, in each round that counts."""
        pairs = zip(self.times(contender), self.times(other), strict=True)
        return [theirs / own for own, theirs in pairs]

    def speedup(self, contender: str, other: str) -> float | None:
        """Their median; None if there is no such round."""
        ratios = self.ratios(contender, other)
        return median(ratios) if ratios else None

    def peer(self, prefix: str) -> str | None:
        """The contender whose name begins so, such as a crate with its version."""
        return next((name for name in self.summary if name.startswith(prefix)), None)


@dataclass(frozen=True)
class Result:
    """One run of one bench on one CPU."""

    document: dict[str, Any]
    path: Path

    @property
    def bench(self) -> str:
        return self.document["bench"]

    @property
    def machine(self) -> dict[str, Any]:
        return self.document["machine"]

    @property
    def cpu(self) -> str:
        """The stable name."""
        return self.machine["cpuName"]

    @property
    def date(self) -> str:
        return self.machine["date"]

    @property
    def commit(self) -> str:
        """Short, with a mark if files differed from it."""
        commit = self.machine["commit"]
        mark = "-dirty" if self.machine["dirty"] else ""
        return commit[:7] + mark if commit else UNKNOWN

    @property
    def ours(self) -> list[str]:
        """Contenders that are this project's own."""
        return self.document["ours"]

    @cached_property
    def operations(self) -> list[Operation]:
        return [Operation(one) for one in self.document["operations"]]

    def operation(self, name: str) -> Operation | None:
        return next((one for one in self.operations if one.name == name), None)


def read(path: Path) -> Result:
    """One file, which must have our SCHEMA."""
    try:
        document = json.loads(path.read_text(encoding="ascii"))
    except ValueError as error:
        raise ResultError(f"{path} is no result: {error}") from None
    found = document.get("schema") if isinstance(document, dict) else None
    if found != SCHEMA:
        raise ResultError(f"{path} has schema {found!r}, not {SCHEMA}")
    return Result(document, path)


def read_all(paths: Iterable[Path]) -> list[Result]:
    """Files, and those below folders, oldest first."""
    found = []
    for path in paths:
        below = path.glob("*/*/*.json") if path.is_dir() else [path]
        found += [read(one) for one in below]
    return sorted(found, key=lambda one: (one.cpu, one.bench, one.date))


def by_cpu(found: Iterable[Result]) -> dict[str, dict[str, list[Result]]]:
    """CPU, then bench, then its results in the order given."""
    sorted_out: dict[str, dict[str, list[Result]]] = {}
    for one in found:
        sorted_out.setdefault(one.cpu, {}).setdefault(one.bench, []).append(one)
    return sorted_out


def newest(benches: dict[str, list[Result]]) -> dict[str, Result]:
    """The last of each bench."""
    return {bench: listed[-1] for bench, listed in benches.items()}


def write(document: dict[str, Any], path: Path) -> None:
    """A document to a file, whose folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_text(document) + "\n", encoding="ascii")


def place(document: dict[str, Any], folder: Path) -> Path:
    """Where a document belongs."""
    one = Result(document, folder)
    when = one.date.replace("-", "").replace(":", "").replace("+0000", "Z")
    return folder / one.cpu / one.bench / f"{when}-{one.commit}.json"


def _text(value: Any, indent: int = 0) -> str:
    """JSON with one member a line; lists of numbers stay on their line, for rounds are many."""
    inner = " " * (indent + 1)
    if isinstance(value, dict) and value:
        items = [
            f"{json.dumps(str(key))}: {_text(item, indent + 1)}" for key, item in value.items()
        ]
        opening, closing = "{", "}"
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        items = [_text(item, indent + 1) for item in value]
        opening, closing = "[", "]"
    else:
        return json.dumps(value, allow_nan=False)
    listed = ",\n".join(inner + item for item in items)
    return f"{opening}\n{listed}\n{' ' * indent}{closing}"
