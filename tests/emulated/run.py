"""Compare the library with the vectors on CPUs that this machine does not have: `make emulated`.

The present build runs its tests in QEMU as older CPUs of x86-64, which must have the backends
they should and no others. The portable backend is compiled for ARM with the cases built in; see
harness.c. Needs an x86-64 machine and the Debian packages named below.

Exits with 1 if anything differs, and if QEMU runs what a CPU lacks or the harness does not notice
wrong values: then a result says nothing.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from harness_cases import cases_in_c

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "emulated"
BUILD = ROOT / "build" / "emulated"
KERNELS = ROOT / "sphinxcore" / "kernels"
PIPELINE = ROOT / "sphinxcore" / "pipeline"

QEMU_X86, QEMU_ARM, ARM_GCC = "qemu-x86_64", "qemu-aarch64", "aarch64-linux-gnu-gcc"
PACKAGES = {
    QEMU_X86: "qemu-user",
    QEMU_ARM: "qemu-user",
    ARM_GCC: "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
}
"""Program: the Debian packages that it is in or needs."""

COMPILERS = {"gcc": [], "clang": [], "clang-19": []}
"""Compilers for this machine, of which there must be one."""
ARM_COMPILERS = {
    ARM_GCC: [],
    "clang": ["--target=aarch64-linux-gnu"],
    "clang-19": ["--target=aarch64-linux-gnu"],
}
FLAGS = ["-O3", "-std=c11", "-Wall", "-Wextra", "-Werror", "-static"]
"""Those of setup.py, and no libraries to look for in QEMU."""

TESTS = [
    f"tests/sphinx/test_{name}.py"
    for name in ("vectors_node", "vectors_primitives", "vectors_sender", "kernels")
]


@dataclass(frozen=True)
class Cpu:
    """A CPU of QEMU, and what the library must find there."""

    name: str
    features: set[str]
    backends: list[str]
    missing: dict[str, set[str]]
    """Backend: the CPU features of which it must say that they are missing."""
    without: tuple[str, ...] = ()
    """What QEMU does not emulate of this CPU, and would warn of; nothing of it is used here."""

    @property
    def option(self) -> str:
        return ",-".join((self.name, *self.without))


CPUS = (
    Cpu(
        "Haswell",
        {"aesni", "avx2", "bmi2"},
        ["avx2", "portable", "python"],
        {"avx512": {"avx512", "ifma"}},
        ("pcid", "x2apic", "tsc-deadline", "hle", "rtm", "invpcid"),
    ),
    Cpu(
        "Nehalem",
        set(),
        ["portable", "python"],
        {"avx512": {"avx512", "ifma", "bmi2"}, "avx2": {"avx2", "bmi2"}},
    ),
)


def main() -> None:
    if platform.machine() != "x86_64":
        stop(f"the present build is emulated for x86-64 only, and this is {platform.machine()}")
    for program, package in PACKAGES.items():
        if shutil.which(program) is None:
            stop(f"{program} is not installed (Debian: {package})")
    compilers = dict(installed(COMPILERS))
    if not compilers:
        stop(f"none of {', '.join(COMPILERS)} is installed")
    BUILD.mkdir(parents=True, exist_ok=True)
    check_qemu(next(iter(compilers)))
    for cpu in CPUS:
        check_x86(cpu)
    (BUILD / "cases.h").write_text(cases_in_c(), encoding="ascii")
    for name, flags in compilers.items():
        check_harness(name, flags, [])
    for name, flags in installed(ARM_COMPILERS):
        check_harness(name, flags, [QEMU_ARM])


def stop(problem: str) -> NoReturn:
    sys.exit(f"emulated: {problem}")


def say(text: str) -> None:
    print(f"emulated: {text}", flush=True)


def installed(compilers: Mapping[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    for name, flags in compilers.items():
        if shutil.which(name):
            yield name, flags
        else:
            say(f"{name} is not installed: not checked with it")


# This build, as older CPUs ------------------------------------------------------------------------

INSTRUCTIONS = {
    "avx2": "vpaddq %ymm0, %ymm0, %ymm0",
    "bmi2": "mulx %rax, %rax, %rcx",
    "aesni": "aesenc %xmm0, %xmm0",
    "avx512": "vpaddq %zmm0, %zmm0, %zmm0",
}
"""CPU feature: an instruction of it."""


def check_qemu(compiler: str) -> None:
    """An emulated CPU must refuse what it lacks, or nothing here would show what a build needs."""
    for feature, instruction in INSTRUCTIONS.items():
        source, program = BUILD / f"{feature}.c", BUILD / feature
        source.write_text(f'int main(void) {{ __asm__ volatile("{instruction}"); }}\n')
        subprocess.run([compiler, "-static", "-o", program, source], check=True)
        for cpu in CPUS:
            command = [QEMU_X86, "-cpu", cpu.option, program]
            ran = subprocess.run(command, capture_output=True, check=False).returncode == 0
            if ran != (feature in cpu.features):
                stop(f"as a {cpu.name} QEMU {'runs' if ran else 'refuses'} {instruction}")


FINDINGS = """
import json, sphinxcore as sx
from sphinxcore._native import cpu_features
print(json.dumps([cpu_features(), sx.available_backends(), sx.missing_backends()]))
"""


def check_x86(cpu: Cpu) -> None:
    started = time.monotonic()
    python = [QEMU_X86, "-cpu", cpu.option, sys.executable]
    found = subprocess.run([*python, "-c", FINDINGS], cwd=ROOT, capture_output=True, text=True)
    if found.returncode:
        stop(f"as a {cpu.name} the library cannot be imported:\n{found.stderr}")
    features, backends, missing = json.loads(found.stdout)
    reasons = {
        name: set(text.removeprefix("this CPU lacks ").split(", "))
        for name, text in missing.items()
    }
    for what, is_, should in (
        ("CPU features", set(features), cpu.features),
        ("backends", backends, cpu.backends),
        ("missing backends", reasons, cpu.missing),
    ):
        if is_ != should:
            stop(f"as a {cpu.name} the {what} are {is_}, not {should}")
    say(f"{cpu.name}: backends {', '.join(backends)}; {missing}")
    required = {"SPHINXCORE_TEST_BACKENDS": ",".join(cpu.backends)}
    pytest = [*python, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", *TESTS]
    if subprocess.run(pytest, cwd=ROOT, env=os.environ | required, check=False).returncode:
        stop(f"{cpu.name}: tests failed, see above")
    say(f"{cpu.name}: all tests passed in {time.monotonic() - started:.0f} s")


# The harness --------------------------------------------------------------------------------------


def check_harness(compiler: str, target: Sequence[str], emulator: Sequence[str]) -> None:
    """Compile it; nothing may differ, and everything must where the expected values are wrong."""
    harness = BUILD / f"harness-{compiler}{'-arm' if emulator else ''}"
    kernels = sorted(KERNELS.glob("portable_*.c"))
    pairs = " ".join(f"X(portable, {path.stem.removeprefix('portable_')})" for path in kernels)
    sources = [
        *kernels,
        *(KERNELS / name for name in ("backends.c", "cpu.c")),
        *PIPELINE.glob("*.c"),
    ]
    includes = [f"-I{folder}" for folder in (BUILD, KERNELS, PIPELINE)]
    command = [compiler, *target, *FLAGS, *includes, f"-DSPHINX_KERNELS={pairs}"]
    subprocess.run([*command, "-o", harness, HERE / "harness.c", *sources], check=True)
    where = f"{compiler}, {'emulated ARM' if emulator else 'this CPU'}"
    good = subprocess.run([*emulator, harness], stdout=subprocess.PIPE, text=True, check=False)
    if good.returncode:
        stop(f"{where}: exit code {good.returncode}, {good.stdout.strip() or 'nothing printed'}")
    bad = subprocess.run(
        [*emulator, harness, "mutated"], capture_output=True, text=True, check=False
    )
    count = int(good.stdout.partition(" packets: ")[2].split()[0])
    if bad.returncode != 1 or f" {count} values compared, {count} differ" not in bad.stdout:
        stop(f"{where}: of wrong values not all were noticed: {bad.stdout.strip()}")
    say(f"{where}: {good.stdout.strip()}; all do when wrong")


if __name__ == "__main__":
    main()
