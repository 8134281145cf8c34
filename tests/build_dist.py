"""Build what is published. The same sources and tools give the same bytes.

`build_dist.py sdist . OUT`       the sdist of this folder
`build_dist.py pure SDIST OUT`    the wheel without the native module
`build_dist.py native SDIST OUT`  the wheel of this interpreter
`build_dist.py twice SDIST`       all three in two places, which must agree with SDIST and each other

Archives hold the time of the last commit; a native module holds no paths and no debug information.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

# CFLAGS would take the place of those that the interpreter was built with; these are added.
CPPFLAGS = "-g0"
LDFLAGS = "-Wl,-S,-x" if sys.platform == "darwin" else "-Wl,--strip-all"
NATIVE = {"SPHINXCORE_NATIVE": "require", "CPPFLAGS": CPPFLAGS, "LDFLAGS": LDFLAGS}
PURE = {"SPHINXCORE_NATIVE": "off"}


def main(what: str, source: Path, *out: Path) -> None:
    if what == "sdist":
        build_sdist(source, *out)
        return
    with tempfile.TemporaryDirectory() as folder:
        if what == "twice":
            sys.exit(build_twice(source, Path(folder)))
        build = {"pure": build_pure, "native": build_native}[what]
        build(unpacked(source, Path(folder)), *out)


def build_twice(sdist: Path, folder: Path) -> int:
    """How many files differ, but at most 1. The folder, umask and time zone of the second do."""
    first = build_all(sdist, folder / "first")
    os.umask(0o077)
    os.environ["TZ"] = "Asia/Kathmandu"
    second = build_all(sdist, folder / "the" / "second")
    if first.keys() != second.keys():
        sys.exit(f"dist: {sorted(first)} and {sorted(second)} were built")
    different = [name for name in first if first[name] != second[name]]
    if first[sdist.name] != sdist.read_bytes() and sdist.name not in different:
        different.append(sdist.name)
    for name in sorted(first):
        print(f"dist: {'DIFFERENT' if name in different else 'the same twice'}: {name}")
    return min(len(different), 1)


def build_all(sdist: Path, folder: Path) -> dict[str, bytes]:
    source = unpacked(sdist, folder / "source")
    for build in (build_sdist, build_pure, build_native):
        build(source, folder / "out")
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


def build_sdist(source: Path, out: Path) -> None:
    run(source, PURE, "build", "--sdist", "--no-isolation", "--outdir", out, source)


def build_pure(source: Path, out: Path) -> None:
    run(source, PURE, "build", "--wheel", "--no-isolation", "--outdir", out, source)


def build_native(source: Path, out: Path) -> None:
    """On Linux tagged for the oldest C library that has the symbols of the module."""
    with tempfile.TemporaryDirectory() as folder:
        run(source, NATIVE, "build", "--wheel", "--no-isolation", "--outdir", folder, source)
        (wheel,) = Path(folder).glob("*.whl")
        if sys.platform == "linux":
            run(source, {}, "auditwheel", "repair", "--wheel-dir", out, wheel)
        else:
            out.mkdir(parents=True, exist_ok=True)
            wheel.rename(out / wheel.name)


def run(source: Path, variables: dict[str, str], module: str, *arguments: str | Path) -> None:
    """Run a module that is installed beside this interpreter; show what it says if it fails."""
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = os.environ | variables | {"PATH": programs, "SOURCE_DATE_EPOCH": epoch(source)}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        umask=0o022,  # archives hold the modes of files
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}dist: {module} failed")


def epoch(source: Path) -> str:
    """The time of the last commit; the files of an sdist were given it."""
    if not (source / ".git").exists():
        return str(int((source / "pyproject.toml").stat().st_mtime))
    command = ["git", "log", "-1", "--format=%ct"]
    done = subprocess.run(command, cwd=source, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def unpacked(sdist: Path, folder: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return source


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
