"""A forward hop of a module that gcc compiled beside one that clang compiled.

Both are built in build/benches, each with its copy of the package, by setup.py and its flags. They
take turns, and each has several processes for that: one alone has a placement in memory that may
suit one module.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import _cpu
import _native
from _one_module import BATCH
from _report import TROUBLE, Report
from _rounds import Run, Timed

HERE = Path(__file__).resolve().parent
BENCH = "compilers"
COMPILERS = (("gcc",), ("clang-19", "clang"))
"""The one that others are compared with first; of each the first name that is found."""
PROCESSES = 4
"""For each compiler."""


class CompilerError(Exception):
    """A module cannot be built, or is not what it should be."""


@dataclass(frozen=True, slots=True)
class Built:
    """A package with a native module, and the compiler of that: such as "gcc 12.2.0"."""

    compiler: str
    folder: Path


@contextmanager
def processing(built: Built, backend: str) -> Iterator[Timed]:
    """A forward hop, in each turn by the next of some processes."""
    command = [sys.executable, str(HERE / "_one_module.py"), backend]
    environment = os.environ | {"PYTHONPATH": str(built.folder)}

    def ask(process: subprocess.Popen[str], request: str) -> str:
        process.stdin.write(request)
        process.stdin.flush()
        answer = process.stdout.readline().rstrip("\n")
        if not answer:
            raise CompilerError(f"{built.compiler}, {backend}: the process has ended")
        return answer

    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(PROCESSES)
        ]
        for process in processes:
            package = ask(process, "")
            if not Path(package).is_relative_to(built.folder):
                raise CompilerError(f"{package} was imported, which is not in {built.folder}")
        turns = cycle(processes)

        def timed(seconds: float) -> tuple[int, int]:
            packets, ns = ask(next(turns), f"{seconds}\n").split()
            return int(packets), int(ns)

        yield timed


def build(command: str) -> Built:
    """The package, compiled by this compiler; what is up to date is not made again."""
    where = _native.BUILD / command
    environment = os.environ | {"CC": command, "SPHINXCORE_NATIVE": "require"}
    setup = [sys.executable, "setup.py", "--quiet", "build"]
    folders = ["--build-base", str(where), "--build-lib", str(where / "lib")]
    folders += ["--build-temp", str(where / "temp")]
    if shutil.which(command) is None:
        raise CompilerError("not found")
    ended = subprocess.run(
        [*setup, *folders],
        cwd=HERE.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    modules = list((where / "lib" / "sphinxcore").glob("_native.*"))
    modules = [path for path in modules if path.suffix in (".so", ".pyd")]
    if ended.returncode or not modules:
        raise CompilerError(f"{command} does not compile the module:\n{ended.stdout}")
    name = command.partition("-")[0]
    noted = _native.compilers_of(modules[0].read_bytes())
    versions = [text for text in noted if text.lower().startswith(name)]
    if not versions:
        raise CompilerError(f"{modules[0]} was compiled by {noted}, not by {command}")
    return Built(f"{name} {re.findall(r'[0-9.]+', versions[0])[-1]}", where / "lib")


def table(runs: dict[str, Run], compilers: list[str]) -> str:
    """As text."""
    first = compilers[0]
    titles = "".join(f"{name + ' us':>18}" for name in compilers)
    lines = [f"\nforward hop, batch {BATCH}", f"  {'':<12}{titles}{'x ' + first:>14}"]
    for backend, run in runs.items():
        times = "".join(f"{run.median(name) / 1000:>18.2f}" for name in compilers)
        ratios = "".join(f"{run.speedup(name, first):>14.3f}" for name in compilers[1:])
        lines.append(f"  {backend:<12}{times}{ratios}  {run.verdict}")
    return "\n".join(lines)


def main() -> int:
    report = Report(BENCH, __doc__, rounds=61, seconds=0.02)
    report.backends = tuple(name for name in report.backends if name != "python")
    report.machine["core"] = _cpu.pin()  # the processes inherit it
    report.machine["batch"] = BATCH
    built = []
    runs = {}
    try:
        for names in COMPILERS:
            try:
                built.append(build(next(filter(shutil.which, names), names[0])))
            except CompilerError as error:
                report.lacks(names[0], error)
        if len(built) < len(COMPILERS) or not report.backends:
            print("nothing to compare", file=sys.stderr)
            return 0
        compilers = [one.compiler for one in built]
        report.machine["compilers"] = compilers
        for backend in report.backends:
            with ExitStack() as stack:
                runs[backend] = report.run(
                    {one.compiler: stack.enter_context(processing(one, backend)) for one in built}
                )
            operation = f"forward hop, batch {BATCH}, {backend}"
            report.add(operation, runs[backend], compilers[:1], backend=backend)
        print(table(runs, compilers), flush=True)
        return report.finish()
    except (CompilerError, OSError) as error:
        print(error, file=sys.stderr)
        return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
