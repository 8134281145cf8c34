"""The C of benches/native: compiled when it is needed, called through ctypes."""

import ctypes
import hashlib
import os
import platform
import re
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import _rounds
from _rounds import Timed

import sphinxcore as sx

_SOURCES = Path(__file__).resolve().parent / "native"
BUILD = _SOURCES.parents[1] / "build" / "benches"
_IFMA = ("-mavx512f", "-mavx512ifma")
_UNROLLED = 64
_LOOPS = 1000
_PIPE_ROUNDS = 9
_PIPE_SECONDS = 0.002
_PIPE_TOLERANCE = 0.2


class NativeError(Exception):
    """The C cannot be compiled here."""


@cache
def load(name: str, *flags: str) -> ctypes.CDLL:
    """The library of benches/native/<name>.c."""
    source = _SOURCES / f"{name}.c"
    compiler = os.environ.get("CC", "cc").split()
    command = [*compiler, "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", *flags]
    key = hashlib.sha256(source.read_bytes() + " ".join(command).encode()).hexdigest()[:16]
    target = BUILD / f"{name}-{key}.so"
    if not target.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        new = target.with_suffix(f".{os.getpid()}")
        try:
            subprocess.run([*command, "-o", new, source], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NativeError(f"{source.name} cannot be compiled: {error}") from None
        new.replace(target)
    return ctypes.CDLL(str(target))


def cycles() -> Timed:
    """Core cycles, as the clock runs at the moment: dependent additions."""
    adds = load("clock").dependent_adds
    adds.argtypes = [ctypes.c_uint64]
    return _rounds.repeated(lambda: adds(_LOOPS), _LOOPS * _UNROLLED)


def has_ifma() -> bool:
    """Whether the AVX-512 backend runs its multiplications by vpmadd52."""
    backends = sx.available_backends()
    return "avx512" in backends and sx.backend("avx512").kernels["x25519"] == "ifma"


def madds() -> Timed:
    """512-bit vpmadd52 at the CPU's peak; for CPUs that have it."""
    work = load("ifma_peak", *_IFMA).independent_madds
    work.argtypes = [ctypes.c_uint64]
    return _rounds.repeated(lambda: work(_LOOPS), _LOOPS * _UNROLLED)


@cache
def pipes() -> int:
    """How many 512-bit multiply-adds this CPU starts per cycle; 0: it has none."""
    if not has_ifma():
        return 0
    run = _rounds.run({"cycle": cycles(), "madd": madds()}, _PIPE_ROUNDS, _PIPE_SECONDS)
    measured = median(one.ns["cycle"] / one.ns["madd"] for one in run.rounds)
    if abs(measured - round(measured)) > _PIPE_TOLERANCE:
        raise NativeError(f"{measured:.2f} multiply-adds per cycle is no whole number: noise?")
    return round(measured)


def compiler() -> str:
    """What the C of the benches is compiled by."""
    command = os.environ.get("CC", "cc").split()
    try:
        found = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return found.stdout.partition("\n")[0]


def module() -> bytes:
    """The native module of the library; empty if there is none."""
    found = find_spec("sphinxcore._native")
    return Path(found.origin).read_bytes() if found else b""


def compilers_of(compiled: bytes) -> list[str]:
    """What it was compiled by, as compilers note it in what they make."""
    noted = re.findall(rb"GCC: \([^)\0]*\) [0-9.]+|clang version [0-9.]+", compiled)
    return sorted({name.decode() for name in noted})


def can_count() -> bool:
    """Whether instructions can be counted: by ptrace, on x86-64 Linux."""
    return platform.system() == "Linux" and platform.machine() == "x86_64"
