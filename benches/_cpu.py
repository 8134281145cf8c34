"""The CPUs of this machine: staying on one, which of them share a core, how busy they are."""

import os
import time
from pathlib import Path

_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def allowed() -> list[int]:
    """Numbers of the CPUs that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    return sorted(os.sched_getaffinity(0))


def pin() -> int | None:
    """Keep this process and its children on one core. Returns its number, None if impossible."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def siblings(cpu: int) -> str | None:
    """CPUs that are threads of the same core, as Linux lists them; a guest may not be told."""
    try:
        return Path(_SIBLINGS.format(cpu)).read_text().strip()
    except OSError:
        return None


def is_guest() -> bool:
    """Whether this is a virtual machine, as far as the CPU tells."""
    try:
        return " hypervisor " in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def busy_share(seconds: float = 0.5) -> float | None:
    """How busy all CPUs are while this process sleeps, 0 to 1; None if Linux does not say."""
    try:
        before = _ticks()
        time.sleep(seconds)
        after = _ticks()
    except OSError:
        return None
    spent = [new - old for old, new in zip(before, after, strict=True)]
    idle = spent[3] + spent[4]
    return 1 - idle / sum(spent) if sum(spent) else None


def _ticks() -> list[int]:
    """user, nice, system, idle, iowait, irq, softirq, steal."""
    return [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
