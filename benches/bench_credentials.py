"""Time the credentials: against the curve library alone, and against published crates.

One core, rounds in turn, medians. Four attributes, two hidden and two disclosed, the disclosed ones
bytes and text, so that no scalar is short. What arrives is timed from its bytes, what is sent to its
bytes. "Operations" are the curve operations that the plain formulas need, each by itself, called
bare in the same rounds. Without cargo the crates are left out, by name. Exit code: 1 if there are
no figures for an operation because every round was noise, 2 trouble.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
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
from _goals import BARE
from _goals import CREDENTIALS as OURS
from _peer import Peer, PeerError
from _report import TROUBLE, Report
from _rounds import Run, Timed

import credentials as cr

_LIBRARIES = {"blst": "pyblst", "blspy": "blspy"}
"""The distribution that each curve backend wraps."""
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
class Task:
    """Something to time: by this library, and what it is compared with."""

    name: str
    goal: str
    """What the goals know it as."""
    ours: Timed
    request: str
    """What the crate's program is asked."""
    bare: Operations | None = None
    crate: str = COCONUT


def tasks(plain: Wallet, single_use: Wallet) -> Iterator[Task]:
    """The operations that have goals."""
    once = partial(_rounds.repeated, operations=1)
    yield Task("verify one", "verify one", once(plain.verifying()), "verify", VERIFY)
    yield Task(
        f"verify_batch({BATCH}), each",
        "verify_batch",
        _rounds.repeated(plain.verify_batch, BATCH),
        "verify_batch",
        VERIFY,
    )
    yield Task("sign with proof check", "sign", once(plain.signed), "sign", SIGN)
    yield Task("present", "present", once(plain.presented), "present")
    yield Task(
        f"aggregate {THRESHOLD} and verify", "aggregate", once(plain.aggregated), "aggregate"
    )
    shares = plain.decoded_shares()
    yield Task(
        f"aggregate {THRESHOLD}, decoded before",
        "aggregate",
        once(lambda: plain.aggregated(shares)),
        "aggregate_decoded",
    )
    yield Task(
        "verify with nullifier",
        "verify with nullifier",
        once(single_use.verifying()),
        "spend_verify",
        crate=ECASH,
    )


def timed(report: Report, name: str, contenders: dict[str, Timed], **extra: Any) -> Run:
    """Time contenders side by side, print and keep it."""
    found = report.run(contenders)
    print(f"\n{name} ({found.verdict})")
    for one in contenders:
        print(f"  {one:<36}{found.median(one) / 1000:>12.1f} us", flush=True)
    baselines = [one for one in contenders if one != OURS] if OURS in contenders else []
    report.add(name, found, baselines, **extra)
    return found


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
        found = timed(
            report,
            f"{name}: inside and outside the library",
            {
                OURS: _rounds.repeated(verify, BATCH),
                RECORDED: _rounds.repeated(_curve.replay(calls[name]), BATCH),
                EMPTY: _rounds.repeated(_curve.replay(empty), BATCH),
            },
            calls={"of": BATCH} | _curve.counts(calls[name]),
        )
        library = found.median(RECORDED) - found.median(EMPTY)
        share = 100 * (1 - library / found.median(OURS))
        report.judge(f"{name}: percent outside the library", "outside the library", OURS, share)


def other_backends(report: Report, plain: Wallet) -> None:
    """Verification on every backend that was asked for."""
    contenders = {}
    for name in report.backends:
        key = cr.VerificationKey.from_bytes(plain.key.to_bytes(), backend=name)
        plain.verify_each(key)  # until there are tables
        contenders[name] = _rounds.repeated(plain.verifying(key), 1)
    for name, reason in cr.missing_backends().items():
        report.lacks(f"backend {name}", reason)
    timed(report, "verify one, by backend", contenders)


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
        found = timed(report, task.name, contenders, **extra)
        if task.bare is not None:
            print(f"  {BARE}: {task.bare.text()}", flush=True)
            report.judge(task.name, task.goal, OURS, found.speedup(BARE, OURS), BARE)
        if peer is not None:
            reached = found.speedup(OURS, task.crate)
            report.judge(task.name, task.goal, OURS, reached, task.crate)
    outside(report, plain)
    other_backends(report, plain)


def _asking(peer: Peer, request: str) -> Timed:
    return lambda seconds: peer.timed(request, seconds)


def main() -> int:
    report = Report(
        OURS,
        __doc__,
        backends={name: {"library": _library(name)} for name in cr.available_backends()},
        missing=cr.missing_backends(),
        ours=[OURS],
    )
    program = None
    try:
        program = _credential_peer.build()
        report.machine["peer"] = {"crates": [COCONUT, ECASH], "rustc": _peer.rustc()}
    except PeerError as error:
        report.lacks(f"{COCONUT}, {ECASH}", error)
    report.machine["core"] = _cpu.pin()  # the peer inherits it
    try:
        with ExitStack() as stack:
            peer = None if program is None else stack.enter_context(Peer(program))
            curve = {name: one.timed() for name, one in SINGLE.items()}
            timed(report, "operations of the curve", curve)
            compare(report, peer)
        report.more["crossovers"] = _crossover.measure(report.rounds)
        print("\n" + _crossover.table(report.more["crossovers"]))
        return report.finish()
    except (PeerError, OSError) as error:
        print(error, file=sys.stderr)
        return TROUBLE


def _library(backend: str) -> str:
    return f"{_LIBRARIES[backend]} {version(_LIBRARIES[backend])}"


if __name__ == "__main__":
    sys.exit(main())
