"""Check the objects of the native module: instructions and symbols.

A kernel holds instructions of its own set only, and everything else none beyond the baseline of
x86-64: a CPU without them must not meet them before the backend is chosen. A kernel defines one
symbol, and the module exports nothing but its initialiser.
"""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "sphinxcore"
TEMP = ROOT / "build" / f"temp.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"

# Mnemonics, with operands where those tell.
PATTERNS = {
    "sse4": r"pshufb|palignr|pblend|pinsr[bdq]|pextr[bdq]|pmulld|pmuldq|pminu[dw]|ptest|pmovzx",
    "aes": r"v?aes|v?pclmul",
    "sha": r"sha(1|256)",
    "bmi2": r"(mul|ror|sar|shl|shr|adc|ado)x|bzhi|pdep|pext\b",
    "avx": r"v(?!er[rw]\b)[a-z]",
    "avx512": r".*%(zmm|k[1-7]\b|[xy]mm(1[6-9]|[23][0-9]))",
    "ifma": r"vpmadd52",
    "others": r"popcnt|lzcnt|crc32|movbe|andn\b|bextr|bls(i|r|msk)",  # allowed nowhere
}
ALLOWED = {
    "aesni": {"sse4", "aes"},
    "shani": {"sse4", "sha"},
    "avx2": {"sse4", "avx", "bmi2"},
    "vaes": {"sse4", "aes", "avx", "avx512", "bmi2"},
    "avx512": {"sse4", "sha", "avx", "avx512", "bmi2"},
    "ifma": {"sse4", "avx", "avx512", "bmi2", "ifma"},
}
INSTRUCTION = re.compile(r"^\s*[0-9a-f]+:\t(.*)$", re.MULTILINE)


def main() -> None:
    x86 = sysconfig.get_platform().endswith(("x86_64", "amd64"))
    if not x86:
        print(f"check-isa: instructions are not checked on {sysconfig.get_platform()}")
    kernels = {path.stem for path in SOURCES.glob("kernels/*_*.c")}
    names = kernels | {path.stem for path in SOURCES.glob("[kp]*/*.c")} | {"_native"}
    objects = {path.stem: path for path in TEMP.rglob("*.o") if path.stem in names}
    problems = [f"{name}.o is missing in {TEMP}" for name in sorted(names - set(objects))]
    count = 0
    for name, path in sorted(objects.items()):
        if name in kernels:
            problems += check_symbols(name, path)
        if x86:
            found, checked = check_instructions(name, path)
            problems += found
            count += checked
    problems += check_exports()
    for problem in problems:
        print(f"check-isa: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"check-isa: {len(objects)} objects, {count} instructions, all in their place")


def check_instructions(name: str, path: Path) -> tuple[list[str], int]:
    listing = run("objdump", "--disassemble", "--no-show-raw-insn", str(path))
    instructions = [match.strip() for match in INSTRUCTION.findall(listing)]
    if not instructions:
        return [f"{name}.o holds no instructions: objdump prints what this does not read"], 0
    allowed = ALLOWED.get(name.partition("_")[0], set())
    problems = []
    for feature, pattern in PATTERNS.items():
        used = [line for line in instructions if re.match(pattern, line)]
        if used and feature not in allowed:
            problems.append(f"{name}.o has {len(used)} {feature} instructions: {used[0]}")
    return problems, len(instructions)


def check_symbols(name: str, path: Path) -> list[str]:
    defined = symbols("--defined-only", "--extern-only", str(path))
    if defined == [f"sphinx_{name}"]:
        return []
    return [f"{name}.o must define sphinx_{name} alone, not {', '.join(defined) or 'nothing'}"]


def check_exports() -> list[str]:
    module = SOURCES / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"
    exported = symbols("--defined-only", "--dynamic", str(module))
    if exported == ["PyInit__native"]:
        return []
    return [f"{module.name} must export PyInit__native alone, not {', '.join(exported)}"]


def symbols(*arguments: str) -> list[str]:
    return [line.split()[-1] for line in run("nm", *arguments).splitlines() if line]


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
