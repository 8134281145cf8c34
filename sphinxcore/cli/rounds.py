"""Paired rounds: contenders take turns, so that what slows the machine down slows all of them.

Times are CPU time of the thread, unless a caller says otherwise: other processes on the core do not
count.
"""

import gc
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, median_low
from typing import Any

Timed = Callable[[float], tuple[int, int]]
"""Works for about so many seconds: how many operations, and nanoseconds in all."""

DRIFT_LIMIT = 0.10
"""A round is noise if the reference beside it is further than this from the run's median."""

QUIET = 2 / 3
"""With fewer rounds kept than this the run is called noisy."""

_REFERENCE = bytes(1 << 18)
_REFERENCE_REPEATS = 9


def repeated(
    work: Callable[[], object],
    operations: int,
    *,
    calls: int = 1,
    clock: Callable[[], int] = time.thread_time_ns,
) -> Timed:
    """A Timed that calls `work`, which does so many operations, over and over.

    The clock is looked at every `calls` calls: more than one for work as short as that.
    """

    def timed(seconds: float) -> tuple[int, int]:
        limit, done = round(seconds * 1e9), 0
        start = clock()
        while True:
            for _ in range(calls):
                work()
            done += calls * operations
            elapsed = clock() - start
            if elapsed >= limit:
                return done, elapsed

    return timed


def prepared(make: Callable[[], Any], work: Callable[[Any], object], operations: int) -> Timed:
    """A Timed of `work`, which uses up what `make` makes: that is not timed."""

    def timed(seconds: float) -> tuple[int, int]:
        limit, done, elapsed = round(seconds * 1e9), 0, 0
        while True:
            made = make()
            start = time.thread_time_ns()
            work(made)
            elapsed += time.thread_time_ns() - start
            done += operations
            if elapsed >= limit:
                return done, elapsed

    return timed


@dataclass(frozen=True, slots=True)
class Round:
    """Nanoseconds per operation of each contender, and of the reference before and after."""

    ns: dict[str, float]
    reference_ns: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Run:
    """All rounds of one operation, and the noise verdict on each."""

    rounds: list[Round]

    @property
    def kept(self) -> list[bool]:
        """Which rounds count."""
        # The low median is one of the times: between two speeds there may be no round at all.
        middle = median_low(ns for one in self.rounds for ns in one.reference_ns)
        limit = DRIFT_LIMIT * middle
        return [all(abs(ns - middle) <= limit for ns in one.reference_ns) for one in self.rounds]

    @property
    def noisy(self) -> bool:
        """Whether too few rounds count."""
        return sum(self.kept) <= len(self.rounds) * QUIET

    @property
    def verdict(self) -> str:
        """How much of the run is noise."""
        text = f"{sum(self.kept)} of {len(self.rounds)} rounds kept"
        return f"{text}: noisy, measure again" if self.noisy else text

    def times(self, name: str) -> list[float]:
        """Nanoseconds per operation in the rounds that count."""
        pairs = zip(self.rounds, self.kept, strict=True)
        return [one.ns[name] for one, kept in pairs if kept]

    def median(self, name: str) -> float:
        """Of the rounds that count; NaN if none does."""
        times = self.times(name)
        return median(times) if times else float("nan")

    def speedup(self, name: str, other: str) -> float:
        """How many times as fast as `other`: the median of the rounds' ratios, NaN without any."""
        ratios = [
            theirs / own for own, theirs in zip(self.times(name), self.times(other), strict=True)
        ]
        return median(ratios) if ratios else float("nan")


def run(contenders: Mapping[str, Timed], rounds: int, seconds: float) -> Run:
    """Time every contender for `seconds` in every round, each round starting with another one."""
    names = list(contenders)
    for timed in contenders.values():
        timed(0)  # warm up
    done = []
    collecting = gc.isenabled()
    gc.disable()
    try:
        for i in range(rounds):
            before = _reference()
            ns = {}
            for j in range(len(names)):
                name = names[(i + j) % len(names)]
                operations, total = contenders[name](seconds)
                ns[name] = total / operations
            done.append(Round(ns, (before, _reference())))
            gc.collect()
    finally:
        if collecting:
            gc.enable()
    return Run(done)


def _reference() -> float:
    """Nanoseconds of a fixed piece of work: a gauge of the machine's speed at this moment."""
    times = []
    for _ in range(_REFERENCE_REPEATS):
        start = time.thread_time_ns()
        hashlib.blake2b(_REFERENCE).digest()
        times.append(time.thread_time_ns() - start)
    return median(times)
