"""Fuzz the C (libFuzzer): both stages of a hop, and the primitives, backend against backend.

First under AddressSanitizer and UndefinedBehaviorSanitizer, for --seconds each; then all inputs
that were found interesting under MemorySanitizer. Needs clang. Exits with 1 if there is a finding,
with 2 if it cannot fuzz. Keeps what it finds interesting in build/fuzz/c/.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "c"))

from c_cases import format_in_c
from compiling import compile_object, library, link

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[2] / "build" / "fuzz" / "c"
HARNESSES = {"hop": 1500, "primitives": 40}
"""The harnesses, with the longest inputs that are tried."""
COMPILERS = ("clang", "clang-19", "clang-18", "clang-17", "clang-16", "clang-15", "clang-14")
SANITIZERS = {"asan": "address,undefined", "msan": "memory"}
OPTIMIZATION = {"asan": "-O2", "msan": "-O1"}
"""MemorySanitizer misses what the optimizer removes; the other build only shall be fast."""
COMMON = ["-g", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"]
PLANTED_SECONDS = 120
OPTIONS = ["-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]

_EXECUTIONS = re.compile(r"^stat::number_of_executed_units: (\d+)", re.MULTILINE)
_PROGRESS = re.compile(r"^#(\d+)\s.*\bcov: (\d+).*\bcorp: (\d+)/", re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=150, help="for each harness")
    given = parser.parse_args()
    compiler = os.environ.get("CC", next(filter(shutil.which, COMPILERS), ""))
    if "clang" not in compiler:
        print("fuzz: clang is not installed, and without it no C is fuzzed", file=sys.stderr)
        return 2
    print(f"fuzz: compiled by {compiler}", flush=True)
    planted = build(compiler, "hop", "asan", planted=True)
    if run(planted, "hop", "planted", f"-max_total_time={PLANTED_SECONDS}") == 0:
        print("fuzz: the planted fault was not found: this finds nothing", file=sys.stderr)
        return 2
    bad = False
    for name in HARNESSES:
        for kind in SANITIZERS:
            limit = f"-max_total_time={given.seconds}" if kind == "asan" else "-runs=0"
            code = run(build(compiler, name, kind), name, kind, limit)
            report(name, kind, code)
            bad |= code != 0
    return int(bad)


def build(compiler: str, name: str, kind: str, *, planted: bool = False) -> Path:
    """A harness with the library, all of it instrumented; or one with a fault to be found."""
    folder = BUILD / compiler / kind
    folder.mkdir(parents=True, exist_ok=True)
    header = folder / "format.h"
    if not header.exists() or header.read_text(encoding="ascii") != format_in_c():
        header.write_text(format_in_c(), encoding="ascii")
    os.environ["CC"] = compiler
    sanitize = f"-fsanitize=fuzzer-no-link,{SANITIZERS[kind]}"
    flags = [OPTIMIZATION[kind], *COMMON, sanitize, f"-I{folder}", f"-I{HERE}"]
    objects = library(folder, flags)
    own = folder / ("planted" if planted else "harnesses")
    (own / f"{name}.o").unlink(missing_ok=True)  # compile_object does not know of harness.h
    extra = [*flags, "-DPLANTED"] if planted else flags
    objects.append(compile_object(HERE / f"{name}.c", own, extra=extra))
    return link(own / name, objects, extra=[f"-fsanitize=fuzzer,{SANITIZERS[kind]}"])


def run(program: Path, name: str, kind: str, limit: str) -> int:
    """Run a harness, from the corpus and from what was interesting before. Returns its exit code."""
    interesting, seeds = corpus_of(name, kind), HERE.parent / "corpus" / f"c_{name}"
    for folder in (interesting, findings_of(name, kind)):
        folder.mkdir(parents=True, exist_ok=True)
    for path in findings_of(name, kind).iterdir():
        path.unlink()
    options = [*OPTIONS, limit, f"-max_len={HARNESSES[name]}"]
    options.append(f"-artifact_prefix={findings_of(name, kind)}/")
    command = list(map(str, [program, *options, interesting, seeds]))
    environment = os.environ | {
        "ASAN_OPTIONS": "detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    with log_of(name, kind).open("w", encoding="utf-8") as log:
        done = subprocess.run(command, stdout=log, stderr=log, env=environment, check=False)
    return done.returncode


def report(name: str, kind: str, code: int) -> None:
    """Print what a run came to, from its log."""
    said = log_of(name, kind).read_text(encoding="utf-8", errors="replace")
    for line in said.splitlines():
        if line.startswith("fuzz: "):
            print(line)
    _, coverage, size = ([*_PROGRESS.findall(said)] or [("", "0", "0")])[-1]
    executions = _EXECUTIONS.search(said)
    print(
        f"fuzz: {name}, {SANITIZERS[kind]}: {int(executions[1]) if executions else 0:,} executions, "
        f"coverage {coverage}, corpus {size}, {'a finding' if code else 'no findings'}",
        flush=True,
    )
    if code:
        print(f"fuzz: see {log_of(name, kind)}, and {findings_of(name, kind)} for the input")


def corpus_of(name: str, kind: str) -> Path:
    """What was interesting; the sanitizers share it."""
    return BUILD / "corpus" / ("planted" if kind == "planted" else name)


def findings_of(name: str, kind: str) -> Path:
    return BUILD / "findings" / f"{name}-{kind}"


def log_of(name: str, kind: str) -> Path:
    return BUILD / f"{name}-{kind}.log"


if __name__ == "__main__":
    sys.exit(main())
