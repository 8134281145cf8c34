"""Check what is published, sdist and wheels: the arguments. Prints their sizes.

The sdist holds every file of the repository. A wheel holds the packages and nothing else; a native
one has the module, stripped, which needs the C library alone and holds no path.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
PACKAGED = {".py", ".pyi", ".typed"}
MODULE = re.compile(r"sphinxcore/_native\.[\w.-]+\.(so|pyd)")
LIBRARIES = re.compile(r"libc\.so\.6|libc\.musl-\w+\.so\.1|ld-linux-[\w-]+\.so\.[12]")
DYNAMIC = re.compile(r"\((NEEDED|RPATH|RUNPATH)\).*\[(.*)\]")


def main(paths: list[Path]) -> None:
    problems = []
    for path in paths:
        found = check_wheel(path) if path.suffix == ".whl" else check_sdist(path)
        problems += [f"{path.name}: {problem}" for problem in found]
        print(f"dist: {path.stat().st_size:>9,} bytes  {path.name}")
    for problem in problems:
        print(f"dist: {problem}", file=sys.stderr)
    if problems or not paths:
        sys.exit(1)


def check_sdist(sdist: Path) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    wanted = {name for name in listing.split("\0") if (ROOT / name).is_file()}
    with tarfile.open(sdist) as archive:
        found = {member.name.partition("/")[2] for member in archive if member.isfile()}
    if not wanted:
        return ["git lists no files to look for"]
    return [f"lacks {name}: see MANIFEST.in" for name in sorted(wanted - found)]


def check_wheel(wheel: Path) -> list[str]:
    native = not wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        names = {name for name in names if ".dist-info/" not in name}
        modules = {name for name in names if MODULE.fullmatch(name)}
        wanted = packaged()
        problems = [f"lacks {name}" for name in sorted(wanted - names)]
        problems += [f"must not hold {name}" for name in sorted(names - wanted - modules)]
        if len(modules) != native:
            problems.append(f"holds {len(modules)} native modules")
        for name in modules:
            problems += check_module(archive.read(name))
    return problems


def packaged() -> set[str]:
    """The files of the packages, as the wheel names them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="ascii"))
    folders = [name.replace(".", "/") for name in settings["tool"]["setuptools"]["packages"]]
    return {
        str(PurePosixPath(folder, path.name))
        for folder in folders
        for path in (ROOT / folder).iterdir()
        if path.suffix in PACKAGED
    }


def check_module(content: bytes) -> list[str]:
    problems = []
    if paths := re.findall(rb"/(?:root|home|tmp|opt|usr|Users)/[\x20-\x7e]+", content):
        problems.append(f"the module has the path {paths[0].decode()}")
    if content.startswith(b"\x7fELF"):  # there is no readelf for others
        problems += check_elf(content)
    return problems


def check_elf(content: bytes) -> list[str]:
    with tempfile.NamedTemporaryFile() as module:
        module.write(content)
        module.flush()
        command = ["readelf", "--wide", "--dynamic", "--section-headers", module.name]
        listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = DYNAMIC.findall(listing)
    if not found:
        return ["readelf prints what this does not read"]
    problems = [
        f"the module has {kind} {value}"
        for kind, value in found
        if kind != "NEEDED" or not LIBRARIES.fullmatch(value)
    ]
    if re.search(r" \.(symtab|debug_\w+) ", listing):
        problems.append("the module is not stripped")
    return problems


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
