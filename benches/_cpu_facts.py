"""Which CPU this is: what the system tells, a title, and a name that stays the same."""

import platform
import re
import subprocess
from pathlib import Path

_VENDORS = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel", "0x41": "ARM"}
_ARM_PARTS = {
    "0xd0c": "Neoverse N1",
    "0xd40": "Neoverse V1",
    "0xd49": "Neoverse N2",
    "0xd4f": "Neoverse V2",
}
"""ARM's own server cores: Linux gives numbers only."""

_X86 = {
    "vendor": "vendor_id",
    "family": "cpu family",
    "model": "model",
    "name": "model name",
    "stepping": "stepping",
    "microcode": "microcode",
}
_ARM = {
    "vendor": "CPU implementer",
    "family": "CPU architecture",
    "model": "CPU part",
    "stepping": "CPU revision",
}
_APPLE = {
    "vendor": "machdep.cpu.vendor",
    "family": "hw.cpufamily",
    "model": "hw.cpusubfamily",
    "name": "machdep.cpu.brand_string",
}
_WINDOWS = re.compile(r"Family (\d+) Model (\d+) Stepping (\d+), (\w+)")
_NOT_IN_NAMES = re.compile(r"\((?:R|TM)\)|@.*|\b\d+-Core\b|\b(?:CPU|Processor)\b", re.IGNORECASE)


def facts() -> dict[str, str]:
    """vendor, family, model, name, stepping and microcode, those that the system tells."""
    if platform.system() == "Linux":
        found = from_cpuinfo(Path("/proc/cpuinfo").read_text())
    elif platform.system() == "Darwin":
        found = {what: _sysctl(key) for what, key in _APPLE.items()}
        found["vendor"] = found["vendor"] or "Apple"
    else:
        numbers = _WINDOWS.search(platform.processor())
        words = numbers.groups() if numbers else ()
        found = dict(zip(("family", "model", "stepping", "vendor"), words, strict=False))
    vendor = found.get("vendor", "")
    found["vendor"] = _VENDORS.get(vendor, vendor)
    return {what: value for what, value in found.items() if value} or {
        "name": platform.processor() or platform.machine()
    }


def from_cpuinfo(text: str) -> dict[str, str]:
    """The first CPU of Linux's /proc/cpuinfo, x86 or ARM; the vendor is as the system writes it."""
    lines = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    told = {name.strip(): value.strip() for name, _, value in lines}
    wanted = _ARM if _ARM["vendor"] in told else _X86
    found = {what: told[name] for what, name in wanted.items() if name in told}
    if found.get("vendor") == "0x41" and found.get("model") in _ARM_PARTS:
        found["name"] = _ARM_PARTS[found["model"]]
    return found


def name(cpu: dict[str, str]) -> str:
    """What results of this CPU are filed under: vendor, family, model, and the name in the shops.

    Lower case with dashes. Clock, core count, stepping and microcode are not in it; family and
    model are, since guests may hide the name.
    """
    vendor = cpu.get("vendor", "")
    sold_as = re.sub(rf"\b{re.escape(vendor)}\b" if vendor else "$^", "", cpu.get("name", ""))
    parts = [vendor, cpu.get("family", ""), cpu.get("model", ""), _NOT_IN_NAMES.sub(" ", sold_as)]
    return "-".join(re.findall(r"[a-z0-9]+", " ".join(parts).lower()))


def title(cpu: dict[str, str]) -> str:
    """For tables: "AMD EPYC (cpu family 25, model 17)"."""
    sold_as = _NOT_IN_NAMES.sub(" ", cpu.get("name", ""))
    sold_as = " ".join(sold_as.split()) or cpu.get("vendor", "a CPU")
    numbers = [
        f"{word} {cpu[what]}"
        for what, word in (("family", "cpu family"), ("model", "model"))
        if what in cpu
    ]
    return f"{sold_as} ({', '.join(numbers)})" if numbers else sold_as


def _sysctl(key: str) -> str:
    found = subprocess.run(
        ["sysctl", "-n", key], capture_output=True, text=True, check=False, timeout=10
    )
    return found.stdout.strip()
