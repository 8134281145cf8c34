"""Which CPU this is, and staying on one of its cores."""

import os
import platform
import re
from pathlib import Path


def facts() -> dict[str, str]:
    """Vendor, family, model, stepping and microcode, as far as the system tells."""
    wanted = ("vendor_id", "cpu family", "model", "model name", "stepping", "microcode")
    try:
        first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    except OSError:
        return {"model name": platform.processor() or platform.machine()}
    lines = (line.partition(":") for line in first.splitlines())
    found = {name.strip(): value.strip() for name, _, value in lines}
    known = {name: found[name] for name in wanted if name in found}
    return known or {"model name": platform.machine()}


def folder_name() -> str:
    """Lower case with dashes. Family and model are in it, since guests may hide the model name."""
    cpu = facts()
    parts = [cpu.get(name, "") for name in ("model name", "cpu family", "model")]
    return "-".join(re.findall(r"[a-z0-9]+", " ".join(parts).lower()))


def pin() -> int | None:
    """Keep this process and its children on one core. Returns its number, None if impossible."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core
