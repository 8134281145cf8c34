"""The suite notices mistakes in the native code: every mutant of c_mutants.toml makes it fail.

Each mutant is applied alone to a copy of the project in build/mutants, what it changes is compiled
with the commands of the first build, and tests run until the first failure. Exits with 1 if a
mutant survives, or does not compile. Arguments choose mutants, by parts of their names.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sphinxcore as sx

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COPY = ROOT / "build" / "mutants"
COPIED = ("setup.py", "pyproject.toml", "sphinxcore", "tests", "vectors")
PYTHON = sys.executable

SUITE = "suite"
KILLERS = {SUITE: "pytest", "wipe": "tests/c/wipe.py", "memory": "tests/memory/scan.py"}

FIRST = ("test_vectors_primitives.py", "test_vectors_node.py")
"""Test files of tests/sphinx that take a second and that few mutants outlive."""
NEXT = (
    "test_result.py",
    "test_result_reuse.py",
    "test_forwarding.py",
    "test_batch.py",
    "test_processor.py",
    "test_scalars.py",
    "test_kernels.py",
)
"""Those to run after them; the others follow by name."""
LEFT_OUT = "test_cli"
"""How the names of test files begin that do nothing with the native code that others do not."""

REQUIRED = "SPHINXCORE_TEST_BACKENDS"
"""Environment variable: backends that tests/conftest.py must not find missing."""
USAGE_ERROR = 4
"""Exit code of pytest where it does."""

NEEDS = {
    "aesni": {"aesni"},
    "shani": {"shani"},
    "sha": {"shani"},
    "avx2": {"avx2", "bmi2"},
    "avx512": {"avx512", "bmi2", "shani"},
    "vaes": {"vaes", "avx512"},
    "ifma": {"ifma", "avx512"},
}
"""Instruction sets without which a kernel is not run, by the first part of its file's name."""


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    breaks: str
    old: str
    new: str
    killer: str = SUITE
    first: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.killer not in KILLERS:
            raise ValueError(f"{self.name}: there is no killer {self.killer!r}")

    def needs(self) -> set[str]:
        return NEEDS.get(Path(self.file).name.partition("_")[0], set())


@dataclass(frozen=True)
class Verdict:
    word: str
    """killed, survived, error, or not run."""
    how: str = ""


def test_files(first: Sequence[str]) -> list[list[str]]:
    """The files of two runs: those that most mutants do not outlive, and the others."""
    folder = COPY / "tests" / "sphinx"
    rest = sorted(p.name for p in folder.glob("test_*.py") if not p.name.startswith(LEFT_OUT))
    quick = [*dict.fromkeys([*first, *FIRST])]
    others = [name for name in dict.fromkeys([*NEXT, *rest]) if name not in quick]
    return [[f"tests/sphinx/{name}" for name in names] for names in (quick, others)]


class Build:
    """The native module of the copy, and how each of its objects is made."""

    def __init__(self) -> None:
        self.objects: dict[Path, list[str]] = {}
        self.link: list[str] = []
        self.clean: dict[Path, bytes] = {}

    def make(self) -> None:
        """Build everything; the compiler writes what each object depends on beside it."""
        shutil.rmtree(COPY, ignore_errors=True)
        ignored = shutil.ignore_patterns("target", "__pycache__", "*.so")
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, COPY / name, ignore=ignored)
            else:
                COPY.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, COPY / name)
        environment = {
            "CFLAGS": f"{os.environ.get('CFLAGS', '')} -MMD",
            "SPHINXCORE_NATIVE": "require",
        }
        done = run([PYTHON, "setup.py", "build_ext", "--inplace"], environment=environment)
        if done.returncode:
            sys.exit(f"mutants: the build failed\n{done.stderr}")
        for line in done.stdout.splitlines():
            command = shlex.split(line) if " -o " in line else []
            if "-c" in command and (COPY / output(command)).exists():
                self.objects[COPY / output(command)] = command
            elif "-shared" in command:
                (module,) = (COPY / "sphinxcore").glob("_native.*.so")
                command[command.index("-o") + 1] = str(module)
                self.link = command
                self.clean[module] = module.read_bytes()
        self.clean |= {path: path.read_bytes() for path in self.objects}

    def again(self, source: Path) -> str:
        """Make what depends on a file; returns what the compiler says if that fails."""
        name = str(source.relative_to(COPY))
        commands = []
        if source.suffix == ".pyx":
            (path,) = (path for path in self.objects if path.stem == source.stem)
            command = self.objects[path]
            made = command[command.index("-c") + 1]
            commands = [[PYTHON, "-m", "cython", name, "-o", made], command]
        else:
            for path, command in self.objects.items():
                if name in path.with_suffix(".d").read_text().split():
                    commands.append(command)
        if not commands:
            return f"nothing depends on {name}"
        for command in [*commands, self.link]:
            done = run(command)
            if done.returncode:
                return done.stderr
        return ""

    def restore(self) -> None:
        for path, content in self.clean.items():
            path.write_bytes(content)


def output(command: Sequence[str]) -> str:
    return command[command.index("-o") + 1]


def run(
    command: Sequence[str],
    *,
    environment: dict[str, str] | None = None,
    seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in the copy, whose packages come before installed ones."""
    everything = {**os.environ, "PYTHONPATH": str(COPY), **(environment or {})}
    return subprocess.run(
        command,
        cwd=COPY,
        env=everything,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds,
    )


def judge(killer: str, first: Sequence[str], seconds: float) -> Verdict:
    """What becomes of the mutant that has been built, or of the original."""
    if killer == SUITE:
        pytest = [PYTHON, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider"]
        commands = [[*pytest, *files] for files in test_files(first)]
    else:
        commands = [[PYTHON, KILLERS[killer]]]
    names = ",".join(name for name in sx.available_backends() if name != "python")
    for command in commands:
        try:
            done = run(command, environment={REQUIRED: names}, seconds=seconds)
        except subprocess.TimeoutExpired:
            return Verdict("killed", f"ran for {seconds:.0f} s")
        if done.returncode:
            return cause_of_death(done)
    return Verdict("survived")


def cause_of_death(done: subprocess.CompletedProcess[str]) -> Verdict:
    if done.returncode < 0:
        return Verdict("killed", f"ended by signal {-done.returncode}")
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line]
    if done.returncode == USAGE_ERROR and REQUIRED in lines[-1]:
        return Verdict("killed", lines[-1])
    if done.returncode > 1:
        return Verdict("error", f"exit code {done.returncode}: {lines[-1]}")
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR", "wipe:", "scan:"))]
    how = failed[-1] if failed else lines[-1]
    return Verdict("killed", how.removeprefix("FAILED tests/sphinx/").partition(" - ")[0])


def try_mutant(build: Build, mutant: Mutant, seconds: float) -> Verdict:
    source = COPY / "sphinxcore" / mutant.file
    text = source.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        return Verdict("error", f"`old` occurs {text.count(mutant.old)} times")
    try:
        source.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        if problem := build.again(source):
            return Verdict("error", f"does not compile: {problem}")
        return judge(mutant.killer, mutant.first, seconds)
    finally:
        source.write_text(text, encoding="utf-8")
        build.restore()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names; none: all mutants")
    parser.add_argument("--list", action="store_true", help="list the mutants")
    parser.add_argument("--no-baseline", action="store_true", help="do not try the original first")
    parser.add_argument("--timeout", type=float, default=900, help="seconds for each mutant")
    options = parser.parse_args()
    with (HERE / "c_mutants.toml").open("rb") as file:
        mutants = [Mutant(**item) for item in tomllib.load(file)["mutant"]]
    if len({mutant.name for mutant in mutants}) != len(mutants):
        sys.exit("mutants: two have one name")
    if options.names:
        mutants = [m for m in mutants if any(part in m.name for part in options.names)]
    if not mutants:
        sys.exit("mutants: no name has one of these parts")
    if options.list:
        for mutant in mutants:
            print(f"{mutant.name:44}{mutant.file}: {mutant.breaks}")
        return

    from sphinxcore._native import cpu_features

    build = Build()
    build.make()
    for killer in sorted({m.killer for m in mutants if not options.no_baseline}):
        verdict = judge(killer, (), options.timeout)
        if verdict.word != "survived":
            sys.exit(f"mutants: {KILLERS[killer]} fails without a mutant: {verdict.how}")
    features = set(cpu_features())
    count: Counter[str] = Counter()
    for mutant in mutants:
        start = time.monotonic()
        if lacking := mutant.needs() - features:
            verdict = Verdict("not run", f"this CPU lacks {', '.join(sorted(lacking))}")
        else:
            verdict = try_mutant(build, mutant, options.timeout)
        count[verdict.word] += 1
        seconds = time.monotonic() - start
        print(f"{mutant.name:44}{verdict.word:10}{seconds:5.0f} s  {verdict.how}", flush=True)
    others = [f", {n} {word}" for word, n in sorted(count.items()) if word != "killed"]
    print(f"mutants: {count['killed']} of {len(mutants)} killed{''.join(others)}")
    sys.exit(1 if count["survived"] or count["error"] else 0)


if __name__ == "__main__":
    main()
