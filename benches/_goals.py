"""What the library shall reach, as data: one place for all benches."""

import math
from dataclasses import dataclass
from typing import Any

import sphinxcore as sx

BEST = "best"
"""Stands for the best backend there is."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Required and aimed at, by the CPU's number of 512-bit multiply-add pipes."""

    what: str
    backend: str
    one_pipe: tuple[float, float]
    two_pipes: tuple[float, float] | None = None
    """None: the number of pipes does not matter, and there may be none."""
    less_is_better: bool = False


GOALS = (
    # times as fast as sphinx-packet 0.6.0 built for its default target
    Goal("forward hop", "avx512", (7, 10), (10, 14)),
    Goal("forward hop", "avx2", (3, 4.2)),
    Goal("forward hop", "portable", (1.1, 1.4)),
    Goal("final hop", "avx512", (5.5, 8), (8.25, 12)),
    Goal("single packet", BEST, (1, 1.5)),
    Goal("build_packets", BEST, (10, 18)),
    Goal("use_surbs", "avx512", (4, 6), (6, 9)),
    Goal("LIONESS", "avx512", (3.5, 5.5), (5.25, 8.25)),
    # times as fast as OpenSSL with its context reused
    Goal("X25519", "avx512", (5.8, 7), (9, 12)),
    Goal("X25519", "avx2", (2.4, 2.8)),
    # times as fast as one thread
    Goal("2 threads", BEST, (1.8, 1.95)),
    # percent
    Goal("vpmadd52 issued / peak", "avx512", (65, 85), (65, 85)),
    Goal("Python overhead", BEST, (10, 4), less_is_better=True),
)


def judge(operation: str, what: str, backend: str, reached: float, pipes: int) -> list[Any]:
    """The goals for `what` on this backend, each with what was reached, for the JSON."""
    names = {backend, BEST} if backend == sx.available_backends()[0] else {backend}
    judged = []
    for goal in GOALS:
        if goal.what != what or goal.backend not in names or (goal.two_pipes and not pipes):
            continue
        required, aim = goal.two_pipes if goal.two_pipes and pipes > 1 else goal.one_pipe
        judged.append(
            {
                "operation": operation,
                "backend": backend,
                "reached": None if math.isnan(reached) else round(reached, 3),
                "required": required,
                "aim": aim,
                "lessIsBetter": goal.less_is_better,
            }
        )
    return judged


def verdict(judged: dict[str, Any]) -> str:
    """In words, for the tables."""
    reached = judged["reached"]
    if reached is None:
        return "not measured"
    sign = -1 if judged["lessIsBetter"] else 1
    if sign * reached >= sign * judged["aim"]:
        return "aim reached"
    return "reached" if sign * reached >= sign * judged["required"] else "MISSED"


def text(judged: dict[str, Any]) -> str:
    """One line. The goals of other benches have a name in place of operation and backend."""
    name = judged.get("goal") or f"{judged['operation']}, {judged['backend']}"
    reached = "-" if judged["reached"] is None else f"{judged['reached']:.2f}"
    aim = "" if judged["aim"] is None else f"{judged['aim']:g}"
    found = judged.get("verdict") or verdict(judged)
    return f"{name:<72}{reached:>9}{judged['required']:>10g}{aim:>8}  {found}"


TITLE = f"{'':<72}{'reached':>9}{'required':>10}{'aim':>8}"
