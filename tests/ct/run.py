"""Run the compiled backends under Valgrind with secrets poisoned; see harness.c.

The library's C is built by setup.py, with the flags it ships with, by every compiler found here.
Exits with 1 if Valgrind finds a branch or an address that depends on a secret, or if it does not
find those that the harness makes on purpose.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from c_cases import format_in_c, in_c, in_c_list

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "ct"
BUILD = ROOT / "build" / "ct"
PACKETS = ROOT / "vectors" / "peers" / "sphinx_packet_0_8_0" / "process.json"
COMPILERS = ("gcc", "clang", "clang-19")
INCLUDES = [f"-I{ROOT / 'sphinxcore' / name}" for name in ("kernels", "pipeline")]
DEBUG = "-gdwarf-4"  # what every Valgrind reads
PLANTED = ("leaky-branch", "leaky-address", "undeclared")
FOUND = 99
"""Exit code of Valgrind if it has something to report."""


def main() -> None:
    if shutil.which("valgrind") is None:
        sys.exit("ct: valgrind is not installed, and this check is nothing without it")
    compilers = [name for name in COMPILERS if shutil.which(name)]
    if not compilers:
        sys.exit(f"ct: none of {', '.join(COMPILERS)} is installed")
    for name in COMPILERS:
        if name not in compilers:
            print(f"ct: {name} is not installed: not checked with it")
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "cases.h").write_text(format_in_c() + cases_in_c(), encoding="ascii")
    for name in compilers:
        check(name)


def check(compiler: str) -> None:
    """Build with this compiler; run the library, and then what must be reported."""
    harness = build(compiler)
    found = valgrind(harness).returncode
    if found == FOUND:
        sys.exit(f"ct: {compiler}: branches or addresses depend on secrets, see above")
    if found:
        sys.exit(f"ct: {compiler}: the harness failed with exit code {found}")
    for mode in PLANTED:
        if valgrind(harness, mode, quiet=True).returncode != FOUND:
            sys.exit(f"ct: {compiler}: {mode} was not reported: this check finds nothing")
    print(
        f"ct: {compiler}: no branch or address depends on a secret; {', '.join(PLANTED)} reported"
    )


def build(compiler: str) -> Path:
    folder = BUILD / compiler
    environment = os.environ | {
        "CC": compiler,
        "CFLAGS": f"{DEBUG} -include {HERE / 'declassify.h'}",
        "SPHINXCORE_NATIVE": "require",
    }
    arguments = ["build_ext", "--force", "--build-temp", folder, "--build-lib", folder]
    setup = [sys.executable, "setup.py", "--quiet", *map(str, arguments)]
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(setup, cwd=ROOT, env=environment, check=True)
    objects = [path for path in folder.rglob("*.o") if path.stem != "_native"]
    harness = folder / "harness"
    flags = ["-O1", "-g", DEBUG, "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{BUILD}", *INCLUDES]
    subprocess.run(
        [compiler, *flags, "-o", harness, HERE / "harness.c", *sorted(objects)], check=True
    )
    return harness


def valgrind(
    harness: Path, *arguments: str, quiet: bool = False
) -> subprocess.CompletedProcess[bytes]:
    options = ["--quiet", f"--error-exitcode={FOUND}", "--track-origins=yes"]
    return subprocess.run(
        ["valgrind", *options, harness, *arguments], capture_output=quiet, check=False
    )


def cases_in_c() -> str:
    """Packets of the vectors: one of each outcome, flag and size, for every key."""
    groups = json.loads(PACKETS.read_text(encoding="ascii"))["testGroups"]
    keys = [in_c_list(bytes.fromhex(group["privateKey"])) for group in groups]
    chosen: dict[tuple[object, ...], tuple[int, str, bytes]] = {}
    for key, group in enumerate(groups):
        for test in group["tests"]:
            kind = key, test["status"], tuple(test["flags"]), len(test["packet"])
            chosen.setdefault(kind, (key, test["status"], bytes.fromhex(test["packet"])))
    cases = [
        f"    {{{key}, STATUS_{status.upper()}, {len(packet)}, {in_c(packet)}}},\n"
        for key, status, packet in chosen.values()
    ]
    size = sum(len(packet) for _, _, packet in chosen.values())
    return (
        f"#define N_KEYS {len(keys)}\n#define N_CASES {len(cases)}\n#define PACKETS_SIZE {size}\n\n"
        f"static const uint8_t KEYS[N_KEYS][32] = {{{', '.join(keys)}}};\n\n"
        "static const struct {\n  int8_t key;\n  uint8_t status;\n  size_t size;\n"
        f"  const uint8_t *packet;\n}} CASES[N_CASES] = {{\n{''.join(cases)}}};\n"
    )


if __name__ == "__main__":
    main()
