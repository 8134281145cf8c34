"""Is this run slower than the stored one of the same CPU? Only ratios inside one run are compared.

Times as fast as the `portable` backend, and as each peer: a machine that is slower today is slower
at both sides. The ratio now over the stored ratio has an interval of 95 %, from the paired rounds
of both runs (intervals.py). With LIMIT at 0.9:

    worse     all of the interval is below 0.9: more than 10 % slower, and it fails
    ok        all of it is at 0.9 or above
    noise     0.9 is inside of it: nothing can be said, and it does not fail

What only one of the two runs has (a backend that the CPU lacks, a peer, a new operation) is named
and passes, and so does a CPU without stored results.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from figures.intervals import Interval, of_median
from figures.results import Operation, Result

LIMIT = 0.9
ERROR = 0.05
BASELINE = "portable"
WORSE, OK, NOISE = "worse", "ok", "noise"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A ratio of one run beside the same of a stored run."""

    bench: str
    operation: str
    contender: str
    other: str
    stored: float
    now: float
    change: Interval
    """Now over stored: below 1 is slower."""

    @property
    def verdict(self) -> str:
        if self.change.high < LIMIT:
            return WORSE
        return OK if self.change.low >= LIMIT else NOISE


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that the gate saw."""

    comparisons: list[Comparison]
    notes: list[str]

    @property
    def failed(self) -> bool:
        return any(one.verdict == WORSE for one in self.comparisons)


def judge(current: Iterable[Result], stored: Iterable[Result]) -> Outcome:
    """Each of these results against the newest stored one of its CPU and bench."""
    references = {(one.cpu, one.bench): one for one in sorted(stored, key=lambda one: one.date)}
    known = {cpu for cpu, _ in references}
    outcome = Outcome([], [])
    strangers: dict[str, list[str]] = {}
    for result in current:
        reference = references.get((result.cpu, result.bench))
        if result.cpu not in known:
            strangers.setdefault(result.cpu, []).append(result.bench)
        elif reference is None:
            outcome.notes.append(f"{result.bench}: nothing stored of {result.cpu}: passes")
        else:
            _compare(result, reference, outcome)
    for cpu, benches in strangers.items():
        outcome.notes.append(f"no stored results of {cpu} ({', '.join(benches)}): passes")
    return outcome


def _compare(result: Result, reference: Result, outcome: Outcome) -> None:
    notes = [
        f"{what} was {reference.machine[what]}, is {result.machine[what]}"
        for what in ("python", "compilersOfModule")
        if reference.machine[what] not in (None, result.machine[what])
    ]
    backends = reference.machine["backends"]
    for backend in [name for name in backends if name not in result.machine["backends"]]:
        reason = result.machine["missingBackends"].get(backend, "not asked for")
        notes.append(f"backend {backend} was there and is not: {reason}")
    now = {one.name: one for one in result.operations}
    before = {one.name: one for one in reference.operations}
    for name in [name for name in now if name not in before]:
        notes.append(f"{name}: is new")
    for name in [name for name in before if name not in now]:
        notes.append(f"{name}: was not measured")
    for name, operation in now.items():
        if name not in before:
            continue
        if not operation.summary:
            notes.append(f"{name}: every round was noise")
            continue
        pairs = list(_pairs(operation, result.ours))
        stored_pairs = list(_pairs(before[name], reference.ours))
        for contender, other in [pair for pair in stored_pairs if pair not in pairs]:
            notes.append(f"{name}: {contender} over {other}: only stored")
        for contender, other in pairs:
            if (contender, other) not in stored_pairs:
                notes.append(f"{name}: {contender} over {other}: is new")
                continue
            old = of_median(before[name].ratios(contender, other), ERROR)
            new = of_median(operation.ratios(contender, other), ERROR)
            outcome.comparisons.append(
                Comparison(
                    result.bench, name, contender, other, old.middle, new.middle, new.over(old)
                )
            )
    outcome.notes.extend(f"{result.bench}: {note}" for note in notes)


def _pairs(operation: Operation, ours: list[str]) -> Iterator[tuple[str, str]]:
    """What is compared of an operation: our contenders over `portable`, and over each peer."""
    for contender in (name for name in ours if name in operation.summary):
        compared = operation.summary[contender]["timesAsFastAs"]
        peers = [name for name in compared if name not in ours]
        if BASELINE in operation.summary and contender != BASELINE and BASELINE in ours:
            yield contender, BASELINE
        for other in peers:
            yield contender, other


def text(outcome: Outcome) -> str:
    """A Markdown table, the failures first, then the notes and one line of sums."""
    lines = []
    order = (WORSE, NOISE, OK)
    if outcome.comparisons:
        lines += ["| verdict | operation | ratio | stored | now | change, 95 % |"]
        lines += ["| --- | --- | --- | ---: | ---: | --- |"]
        ranked = sorted(outcome.comparisons, key=lambda one: order.index(one.verdict))
        lines += map(_row, ranked)
        lines.append("")
    lines += [f"- {note}" for note in outcome.notes]
    if outcome.notes:
        lines.append("")
    counts = [
        f"{sum(one.verdict == verdict for one in outcome.comparisons)} {verdict}"
        for verdict in order
    ]
    lines.append(f"{len(outcome.comparisons)} ratios compared: {', '.join(counts)}")
    return "\n".join(lines)


def _row(one: Comparison) -> str:
    known = f"{_percent(one.change.low)} to {_percent(one.change.high)}"
    if one.change.high == inf:
        known = "too few rounds"
    change = f"{_percent(one.change.middle)} ({known})"
    return (
        f"| {one.verdict} | {one.bench}: {one.operation} | {one.contender} / {one.other} "
        f"| {one.stored:.2f} | {one.now:.2f} | {change} |"
    )


def _percent(change: float) -> str:
    return f"{100 * (change - 1):+.1f} %"
