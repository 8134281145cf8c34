"""What the libraries shall reach, as data: one place for all benches."""

import math
from dataclasses import dataclass
from typing import Any

from _credential_peer import COCONUT, ECASH

import sphinxcore as sx

BEST = "best"
"""Stands for the best backend there is."""

CREDENTIALS = "credentials"
BARE = "operations"
"""The credential scheme as a contender, and the curve operations alone that it is held against."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Required and aimed at (None: nothing more), by the CPU's number of multiply-add pipes."""

    what: str
    contender: str
    """A backend, or BEST."""
    one_pipe: tuple[float, float | None]
    two_pipes: tuple[float, float | None] | None = None
    """Pipes are of 512 bits. None: their number does not matter, and there may be none."""
    against: str | None = None
    """None: there is one only, which the benches know."""
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
    Goal("framing", BEST, (10, 4), less_is_better=True),
    # times as long as the bare operations, times as fast as crates, percent outside the library
    Goal("verify one", CREDENTIALS, (1.12, 1), against=BARE, less_is_better=True),
    Goal("verify one", CREDENTIALS, (2.2, 2.4), against=COCONUT),
    Goal("verify_batch", CREDENTIALS, (0.6, 0.48), against=BARE, less_is_better=True),
    Goal("verify_batch", CREDENTIALS, (3.7, 5), against=COCONUT),
    Goal("sign", CREDENTIALS, (1.12, None), against=BARE, less_is_better=True),
    Goal("sign", CREDENTIALS, (1.8, 2), against=COCONUT),
    Goal("present", CREDENTIALS, (2.3, 2.5), against=COCONUT),
    Goal("aggregate", CREDENTIALS, (1.5, 1.8), against=COCONUT),
    Goal("verify with nullifier", CREDENTIALS, (12, 20), against=ECASH),
    Goal("outside the library", CREDENTIALS, (10, None), less_is_better=True),
)


def judge(
    operation: str,
    what: str,
    contender: str,
    reached: float,
    pipes: int,
    against: str | None = None,
) -> list[dict[str, Any]]:
    """The goals for `what` of this contender, each with what was reached, for the JSON."""
    names = {contender, BEST} if contender == sx.available_backends()[0] else {contender}
    judged = []
    for goal in GOALS:
        if goal.what != what or goal.contender not in names or goal.against != against:
            continue
        if goal.two_pipes and not pipes:
            continue
        required, aim = goal.two_pipes if goal.two_pipes and pipes > 1 else goal.one_pipe
        judged.append(
            {
                "operation": operation,
                "contender": contender,
                "against": against,
                "reached": None if math.isnan(reached) else round(reached, 3),
                "required": required,
                "aim": aim,
                "lessIsBetter": goal.less_is_better,
            }
        )
    return judged


def verdict(judged: dict[str, Any]) -> str:
    """In words, for the tables."""
    reached, aim = judged["reached"], judged["aim"]
    if reached is None:
        return "not measured"
    sign = -1 if judged["lessIsBetter"] else 1
    if aim is not None and sign * reached >= sign * aim:
        return "aim reached"
    return "reached" if sign * reached >= sign * judged["required"] else "MISSED"


def text(judged: dict[str, Any]) -> str:
    """One line."""
    name = f"{judged['operation']}, {judged['contender']}"
    if judged["against"]:
        name += f" {'in times of' if judged['lessIsBetter'] else 'against'} {judged['against']}"
    reached = "-" if judged["reached"] is None else f"{judged['reached']:.2f}"
    aim = "" if judged["aim"] is None else f"{judged['aim']:g}"
    return f"{name:<72}{reached:>9}{judged['required']:>10g}{aim:>8}  {verdict(judged)}"


TITLE = f"{'':<72}{'reached':>9}{'required':>10}{'aim':>8}"
