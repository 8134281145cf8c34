"""Fuzz the parsers and the processor with coverage feedback (atheris), each target on its own.

Starts from tests/fuzz/corpus/, and keeps what it finds interesting in build/fuzz/. Exits with 1 if
there is a finding, and prints how to see it again; with 2 if it cannot fuzz.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.targets import PLANTED, TARGETS

HERE = Path(__file__).resolve().parent
ONE = HERE / "one.py"
BUILD = HERE.parents[1] / "build" / "fuzz"

SECONDS_PER_INPUT = 20
MEGABYTES = 2048
"""More of either is a finding: nothing an input says may cost much time or memory."""
PLANTED_SECONDS = 60

_PROGRESS = re.compile(r"^#(\d+)\s.*\bcov: (\d+).*\bcorp: (\d+)/", re.MULTILINE)
_DONE = re.compile(r"^Done (\d+) runs in (\d+) second", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What a run of one target came to."""

    name: str
    seconds: int
    executions: int
    coverage: int
    corpus: int
    findings: tuple[Path, ...]
    finished: bool
    """It ran until its time was over."""

    def row(self) -> str:
        found = len(self.findings) if self.finished or self.findings else "failed"
        return (
            f"{self.name:<22}{self.seconds:>8,}{self.executions:>12,}{self.coverage:>10,}"
            f"{self.corpus:>8,}{found:>10}"
        )


HEAD = (
    f"{'target':<22}{'seconds':>8}{'executions':>12}{'coverage':>10}{'corpus':>8}{'findings':>10}"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", help="all, if none is named")
    parser.add_argument("--seconds", type=int, default=120, help="for each target")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time")
    given = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("fuzz: atheris is not installed, and without it nothing is fuzzed", file=sys.stderr)
        return 2
    if unknown := set(given.targets) - TARGETS.keys():
        print(
            f"fuzz: no target {', '.join(sorted(unknown))}: {', '.join(TARGETS)}", file=sys.stderr
        )
        return 2
    if not fuzz("planted", PLANTED_SECONDS).findings:
        print(f"fuzz: the planted fault was not found: {log_of('planted')}", file=sys.stderr)
        return 2
    names = given.targets or list(TARGETS)
    print(HEAD, flush=True)
    outcomes = []
    with ThreadPoolExecutor(given.jobs) as pool:
        for outcome in pool.map(lambda name: fuzz(name, given.seconds), names):
            print(outcome.row(), flush=True)
            outcomes.append(outcome)
    seconds, executions = (sum(getattr(o, f) for o in outcomes) for f in ("seconds", "executions"))
    print(f"fuzz: {len(outcomes)} targets, {seconds:,} seconds, {executions:,} executions")
    bad = [outcome for outcome in outcomes if outcome.findings or not outcome.finished]
    for outcome in bad:
        print(f"fuzz: {outcome.name}: see {log_of(outcome.name)}")
        for path in outcome.findings:
            print(f"fuzz: again: {sys.executable} {ONE} {outcome.name} {path}")
    return 1 if bad else 0


def log_of(name: str) -> Path:
    return BUILD / name / "log"


def fuzz(name: str, seconds: int) -> Outcome:
    """Run a target in a process of its own."""
    folder = BUILD / name
    corpus, findings = folder / "corpus", folder / "findings"
    for path in (corpus, findings):
        path.mkdir(parents=True, exist_ok=True)
    for path in findings.iterdir():
        path.unlink()
    seeds = HERE / "corpus" / name
    command = [
        sys.executable,
        str(ONE),
        name,
        f"-max_total_time={seconds}",
        f"-max_len={(TARGETS | PLANTED)[name].max_size}",
        f"-timeout={SECONDS_PER_INPUT}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={findings}/",
        str(corpus),
        *([str(seeds)] if seeds.is_dir() else []),
    ]
    with log_of(name).open("w", encoding="utf-8") as log:
        code = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
    said = log_of(name).read_text(encoding="utf-8", errors="replace")
    done = _DONE.search(said)
    executions, coverage, size = map(int, ([*_PROGRESS.findall(said)] or [(0, 0, 0)])[-1])
    return Outcome(
        name,
        int(done[2]) if done else 0,
        int(done[1]) if done else executions,
        coverage,
        size,
        tuple(sorted(findings.iterdir())),
        done is not None and code == 0,
    )


if __name__ == "__main__":
    sys.exit(main())
