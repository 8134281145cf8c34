"""What the CLI says about the machine it runs on."""

import importlib.util
import os
import platform
import subprocess
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


def cpu_model() -> str:
    """The CPU's name as the operating system knows it, else its architecture."""
    if platform.system() == "Darwin":
        name = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
    else:
        name = _linux_model() or platform.processor()
    return name or platform.machine() or "unknown"


def _linux_model() -> str:
    try:
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "")


def cpu_count() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def native_is_built() -> bool:
    """Whether the native module is part of this installation."""
    return importlib.util.find_spec("sphinxcore._native") is not None


def cpu_features() -> tuple[str, ...] | None:
    """Instruction sets that kernels may use; None: unknown, for the native module reads them."""
    if not native_is_built():
        return None
    from sphinxcore._native import cpu_features as read

    return read()


def python_version() -> str:
    """Such as "CPython 3.13.1"."""
    return f"{platform.python_implementation()} {platform.python_version()}"
