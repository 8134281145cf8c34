"""Time the credentials: against the curve library alone, and against published crates.

One core, rounds in turn, medians. Four attributes, two hidden and two disclosed, the disclosed ones
bytes and text, so that no scalar is short. What arrives is timed from its bytes, what is sent to its
bytes. "Operations" are the curve operations that the plain formulas need, each by itself, called
bare in the same rounds. Without cargo the crates are left out, by name. Exit code: 1 if there are
no figures for an operation because every round was noise, 2 trouble.
"""

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import _cpu
import _credential_peer
import _crossover
import _curve
import _peer
import _rounds
from _credential_peer import COCONUT, ECASH
from _credential_work import BATCH, THRESHOLD, Wallet
from _curve import SINGLE, Operations
from _peer import Peer, PeerError
from _rounds import Run, Timed

import credentials as cr

RESULTS = Path(__file__).resolve().parent / "results"
FEWEST_ROUNDS = 15
SCHEMA = 1
NOISE, TROUBLE = 1, 2

_LIBRARIES = ("pyblst", "blspy")
OURS, BARE = "credentials", "operations"
RECORDED, EMPTY = "its calls to the library", "empty calls"

# As the formulas of the scheme have them. Multiples of fixed bases count as any others; additions,
# encodings and hashes to scalars do not count.
VERIFY = Operations(
    decode_g1=2, decode_g2=1, multiply_g2=4 + 2, miller_loop=2, final_exponentiation=1
)
"""h', s', kappa; A from two answers, the blinding and kappa; two disclosed; e(h', .) and e(s', .)."""
SIGN = Operations(decode_g1=3, hash_to_g1=1, multiply_g1=4 + 2 * 3 + 3)
"""cm, C_1, C_2; h; T_cm and T_1, T_2; the exponent of h and two y_j."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Required and aimed at; `against` is a crate (times as fast) or BARE (share of its time)."""

    against: str
    required: float
    aim: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Something to time: by this library, and what it is compared with."""

    name: str
    ours: Timed
    goals: tuple[Goal, ...]
    bare: Operations | None = None
    crate: str = COCONUT
    request: str = ""
    """What the crate's program is asked."""


def tasks(plain: Wallet, single_use: Wallet) -> Iterator[Task]:
    """The operations that have goals."""
    yield Task(
        "verify one",
        _rounds.repeated(plain.verifying(), 1),
        (Goal(BARE, 1.12, 1.0), Goal(COCONUT, 2.2, 2.4)),
        VERIFY,
        request="verify",
    )
    yield Task(
        f"verify_batch({BATCH}), each",
        _rounds.repeated(plain.verify_batch, BATCH),
        (Goal(BARE, 0.6, 0.48), Goal(COCONUT, 3.7, 5)),
        VERIFY,
        request="verify_batch",
    )
    yield Task(
        "sign with proof check",
        _rounds.repeated(plain.signed, 1),
        (Goal(BARE, 1.12), Goal(COCONUT, 1.8, 2)),
        SIGN,
        request="sign",
    )
    yield Task(
        "present",
        _rounds.repeated(plain.presented, 1),
        (Goal(COCONUT, 2.3, 2.5),),
        request="present",
    )
    yield Task(
        f"aggregate {THRESHOLD} and verify",
        _rounds.repeated(plain.aggregated, 1),
        (Goal(COCONUT, 1.5, 1.8),),
        request="aggregate",
    )
    shares = plain.decoded_shares()
    yield Task(
        f"aggregate {THRESHOLD}, decoded before",
        _rounds.repeated(lambda: plain.aggregated(shares), 1),
        (Goal(COCONUT, 1.5, 1.8),),
        request="aggregate_decoded",
    )
    yield Task(
        "verify with nullifier",
        _rounds.repeated(single_use.verifying(), 1),
        (Goal(ECASH, 12, 20),),
        crate=ECASH,
        request="spend_verify",
    )


class Report:
    """What was found: printed as it comes, and kept for the JSON."""

    def __init__(self, rounds: int, seconds: float) -> None:
        self.rounds, self.seconds = rounds, seconds
        self.left_out: list[str] = []
        self.operations: list[dict[str, Any]] = []
        self.goals: list[dict[str, Any]] = []

    def lacks(self, what: str, reason: object) -> None:
        """Say what is left out, and why."""
        self.left_out.append(f"{what}: {reason}")
        print(f"left out: {what}: {reason}", file=sys.stderr, flush=True)

    def run(self, name: str, contenders: dict[str, Timed], **extra: Any) -> Run:
        """Time contenders side by side, print and keep it."""
        found = _rounds.run(contenders, self.rounds, self.seconds)
        print(f"\n{name} ({found.verdict})")
        for one in contenders:
            print(f"  {one:<36}{found.median(one) / 1000:>12.1f} us")
        rounds = [
            {
                "ns": {contender: round(ns, 1) for contender, ns in one.ns.items()},
                "referenceNs": one.reference_ns,
                "kept": kept,
            }
            for one, kept in zip(found.rounds, found.kept, strict=True)
        ]
        self.operations.append(
            {
                "operation": name,
                "noise": found.verdict,
                "summary": _rounds.summary(found, [one for one in contenders if one != OURS]),
                **extra,
                "rounds": rounds,
            }
        )
        return found

    def judge(self, name: str, goal: Goal, found: Run) -> None:
        """Compare with a goal."""
        slower = goal.against == BARE
        reached = found.speedup(BARE if slower else OURS, OURS if slower else goal.against)
        self._judge(
            f"{name}: {'x ' if slower else 'times as fast as '}{goal.against}",
            goal,
            reached,
            slower,
        )

    def judge_share(self, name: str, share: float) -> None:
        """Compare a share of time with its goal."""
        self._judge(f"{name}: percent outside the library", Goal(OURS, 10), share, True)

    def _judge(self, name: str, goal: Goal, reached: float, less: bool) -> None:
        sign = -1 if less else 1
        met = "MISSED"
        if reached != reached:
            met = "not measured"
        elif goal.aim is not None and sign * reached >= sign * goal.aim:
            met = "aim reached"
        elif sign * reached >= sign * goal.required:
            met = "reached"
        self.goals.append(
            {
                "goal": name,
                "reached": None if reached != reached else round(reached, 3),
                "required": goal.required,
                "aim": goal.aim,
                "lessIsBetter": less,
                "verdict": met,
            }
        )

    def table(self) -> str:
        """The goals as text."""
        lines = [f"{'':<68}{'reached':>9}{'required':>10}{'aim':>7}"]
        for one in self.goals:
            reached = "-" if one["reached"] is None else f"{one['reached']:.2f}"
            aim = "" if one["aim"] is None else f"{one['aim']:g}"
            lines.append(
                f"{one['goal']:<68}{reached:>9}{one['required']:>10g}{aim:>7}  {one['verdict']}"
            )
        return "\n".join(lines)


def outside(report: Report, plain: Wallet) -> None:
    """The share of verification that is not the curve library's.

    A run is on a backend that notes every call to pyblst, operators too, with its arguments. The
    calls alone, less what as many empty calls cost, are the library's share. They are those of as
    many different presentations: of one alone, what it needs of the tables would be in the cache.
    """
    work = {"verify one": plain.verify_each, f"verify_batch({BATCH})": plain.verify_batch}
    with _curve.recording() as noted:
        key = cr.VerificationKey.from_bytes(plain.key.to_bytes(), backend=noted.name)
        plain.verify_each(key)  # until there are tables
        calls = {name: noted.during(partial(verify, key)) for name, verify in work.items()}
    for name, verify in work.items():
        empty = _curve.emptied(calls[name])
        found = report.run(
            f"{name}: inside and outside the library",
            {
                OURS: _rounds.repeated(verify, BATCH),
                RECORDED: _rounds.repeated(_curve.replay(calls[name]), BATCH),
                EMPTY: _rounds.repeated(_curve.replay(empty), BATCH),
            },
            calls={"of": BATCH} | _curve.counts(calls[name]),
        )
        library = found.median(RECORDED) - found.median(EMPTY)
        report.judge_share(name, 100 * (1 - library / found.median(OURS)))


def other_backends(report: Report, plain: Wallet) -> None:
    """Verification on every backend that runs here."""
    contenders = {}
    for name in cr.available_backends():
        key = cr.VerificationKey.from_bytes(plain.key.to_bytes(), backend=name)
        plain.verify_each(key)  # until there are tables
        contenders[name] = _rounds.repeated(plain.verifying(key), 1)
    for name, reason in cr.missing_backends().items():
        report.lacks(f"backend {name}", reason)
    report.run("verify one, by backend", contenders)


def compare(report: Report, peer: Peer | None) -> None:
    """All tasks, each beside what it is compared with."""
    plain, single_use = Wallet(), Wallet(nullifier=1)
    for task in tasks(plain, single_use):
        contenders = {OURS: task.ours}
        if task.bare is not None:
            contenders[BARE] = task.bare.timed()
        if peer is not None:
            contenders[task.crate] = _asking(peer, task.request)
        extra = {} if task.bare is None else {"bare": task.bare.text()}
        found = report.run(task.name, contenders, **extra)
        if task.bare is not None:
            print(f"  {BARE}: {task.bare.text()}", flush=True)
        for goal in task.goals:
            if goal.against in contenders:
                report.judge(task.name, goal, found)
    outside(report, plain)
    other_backends(report, plain)


def _asking(peer: Peer, request: str) -> Timed:
    return lambda seconds: peer.timed(request, seconds)


def machine(core: int | None) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu.facts(),
        "core": core,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES if find_spec(name)},
        "crates": [COCONUT, ECASH],
        "rustc": _peer.rustc(),
    }


def arguments() -> argparse.Namespace:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=21, help="%(default)s")
    parser.add_argument("--seconds", type=float, default=0.1, help="per turn; %(default)s")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", type=Path, metavar="PATH", help="write all rounds there")
    output.add_argument("--save", action="store_true", help=f"write them to {RESULTS}/<cpu>/")
    found = parser.parse_args()
    if found.rounds < 1:
        parser.error("--rounds must be at least 1")
    if found.save and found.rounds < FEWEST_ROUNDS:
        parser.error(f"--save wants at least {FEWEST_ROUNDS} rounds")
    if found.save:
        found.json = RESULTS / _cpu.folder_name() / "credentials.json"
    return found


def main() -> int:
    given = arguments()
    report = Report(given.rounds, given.seconds)
    program = None
    try:
        program = _credential_peer.build()
    except PeerError as error:
        report.lacks(f"{COCONUT}, {ECASH}", error)
    core = _cpu.pin()  # the peer inherits it
    try:
        with ExitStack() as stack:
            peer = None if program is None else stack.enter_context(Peer(program))
            report.run(
                "operations of the curve", {name: one.timed() for name, one in SINGLE.items()}
            )
            compare(report, peer)
        crossovers = _crossover.measure(given.rounds)
        print("\n" + _crossover.table(crossovers))
        print("\n" + report.table())
        if given.json is not None:
            document = {
                "schema": SCHEMA,
                "bench": "credentials",
                "machine": machine(core),
                "clock": "CPU time of the thread",
                "leftOut": report.left_out,
                "goals": report.goals,
                "crossovers": crossovers,
                "operations": report.operations,
            }
            given.json.parent.mkdir(parents=True, exist_ok=True)
            given.json.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n")
            print(f"all rounds are in {given.json}")
    except (PeerError, OSError) as error:
        print(error, file=sys.stderr)
        return TROUBLE
    return 0 if all(one["summary"] for one in report.operations) else NOISE


if __name__ == "__main__":
    sys.exit(main())
