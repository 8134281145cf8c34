"""The library's C and the programs of this folder, compiled as setup.py compiles them."""

import os
import runpy
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "c"
BUILD = ROOT / "build" / "c"
KERNELS = ROOT / "sphinxcore" / "kernels"
PIPELINE = ROOT / "sphinxcore" / "pipeline"


@cache
def setup() -> dict[str, Any]:
    """The names that setup.py defines."""
    with mock.patch("setuptools.setup"):
        return runpy.run_path(str(ROOT / "setup.py"))


def compiler() -> list[str] | None:
    """The C compiler's command, CC if that is set; None if there is none."""
    named = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    command = shlex.split(named)
    return command if shutil.which(command[0]) else None


def flags(instruction_set: str | None = None) -> list[str]:
    """What setup.py compiles kernels of this set with; None: everything else."""
    common: list[str] = setup()["native"].extra_compile_args
    return [*common, *(setup()["INSTRUCTION_SETS"][instruction_set] if instruction_set else ())]


def compile_object(
    source: Path,
    folder: Path,
    instruction_set: str | None = None,
    *,
    before: Sequence[str] = (),
    extra: Sequence[str] = (),
) -> Path:
    """Compile a file with the flags of a set, unless its object is newer than all sources."""
    target = folder / f"{source.stem}.o"
    if is_newer(target, [*headers_and_sources(), source]):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    command = compiler()
    if command is None:
        raise FileNotFoundError("there is no C compiler: set CC")
    includes = [f"-I{path}" for path in (KERNELS, PIPELINE, HERE)]
    unfinished = target.with_suffix(f".{os.getpid()}")
    arguments = [*before, *flags(instruction_set), *extra, *includes, "-c", "-o", str(unfinished)]
    subprocess.run([*command, *arguments, str(source)], check=True)
    unfinished.replace(target)
    return target


def link(target: Path, objects: Iterable[Path], *, extra: Sequence[str] = ()) -> Path:
    """Link a program, unless it is newer than its objects."""
    objects = list(objects)
    if is_newer(target, objects):
        return target
    command = compiler()
    if command is None:
        raise FileNotFoundError("there is no C compiler: set CC")
    unfinished = target.with_suffix(f".{os.getpid()}")
    subprocess.run([*command, *map(str, objects), *extra, "-o", str(unfinished)], check=True)
    unfinished.replace(target)
    return target


def headers_and_sources() -> list[Path]:
    folders = (KERNELS, PIPELINE, HERE)
    return [ROOT / "setup.py", *(path for folder in folders for path in folder.glob("*.[ch]"))]


def is_newer(target: Path, sources: Iterable[Path]) -> bool:
    if not target.exists():
        return False
    made = target.stat().st_mtime_ns
    return all(source.stat().st_mtime_ns < made for source in sources)


def python_flags() -> list[str]:
    """What the module is compiled with before its own flags."""
    return [*shlex.split(sysconfig.get_config_var("CFLAGS") or ""), "-fPIC"]


def library(folder: Path, chosen: Sequence[str] = ()) -> list[Path]:
    """The objects of everything in C but the module itself: as it has them, or with these flags."""
    before = [] if chosen else python_flags()
    kernels = {
        source: name
        for name in setup()["INSTRUCTION_SETS"]
        for source in sorted(KERNELS.glob(f"{name}_*.c"))
    }
    names = " ".join(f"X({', '.join(source.stem.split('_', 1))})" for source in kernels)
    rest = [KERNELS / "cpu.c", *sorted(PIPELINE.glob("*.c"))]
    backends = KERNELS / "backends.c"
    make = partial(compile_object, folder=folder, before=before)
    return [
        *(make(source, instruction_set=name, extra=chosen) for source, name in kernels.items()),
        *(make(source, extra=chosen) for source in rest),
        make(backends, extra=[*chosen, f"-DSPHINX_KERNELS={names}"]),
    ]
