"""The Rust program in benches/peers, which times published crates, as a co-process."""

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parent / "peers"
_PROGRAM = "sphinx-peer-bench"


def with_version(folder: Path, crate: str) -> str:
    """A crate and the version that the program in a folder pins."""
    pinned = tomllib.loads((folder / "Cargo.toml").read_text())["dependencies"][crate]
    version = pinned if isinstance(pinned, str) else pinned["version"]
    return f"{crate} {version.removeprefix('=')}"


CRATE = with_version(_FOLDER, "sphinx-packet")
NATIVE = f"{CRATE} native"
MULTIPLIERS = {name: with_version(_FOLDER, name) for name in ("x25519-dalek", "aws-lc-rs")}
"""X25519 of other crates: the request, and what it is called in tables."""

BUILDS = {CRATE: "", NATIVE: "-C target-cpu=native"}
"""The program as cargo builds it by default, and for this very CPU: RUSTFLAGS of each."""


class PeerError(Exception):
    """The program cannot be built, has ended, or refused a request."""


def compiled(folder: Path, program: str, target: Path, rustflags: str = "") -> Path:
    """Compile the program in a folder, or see that it is up to date. Returns where it is."""
    if shutil.which("cargo") is None:
        raise PeerError("cargo was not found: peers are built with it (https://rustup.rs)")
    command = ["cargo", "build", "--release", "--locked", "--quiet"]
    command += ["--manifest-path", str(folder / "Cargo.toml"), "--target-dir", str(target)]
    environment = os.environ | {"RUSTFLAGS": rustflags}
    if subprocess.run(command, check=False, env=environment).returncode:
        raise PeerError(f"cargo cannot build {folder}")
    return target / "release" / program


def build(name: str) -> Path:
    """The program in one of its BUILDS."""
    target = _FOLDER / "target" / ("native" if BUILDS[name] else "default")
    return compiled(_FOLDER, _PROGRAM, target, BUILDS[name])


def rustc() -> str:
    """Version of the compiler."""
    found = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=False)
    return found.stdout.strip()


class Peer:
    """The program, running; its requests are described in benches/peers/src/main.rs."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def load(self, name: str, private_key: bytes, packets: Iterable[bytes]) -> str:
        """Hand over packets for a node. Returns the SHA-256 of what becomes of them, in hex."""
        return self._load("packets", name, [private_key, *packets])

    def load_surbs(
        self, name: str, payload_size: int, message: bytes, surbs: Iterable[bytes]
    ) -> str:
        """Hand over SURBs. Returns the SHA-256 of the replies with that message."""
        return self._load(f"surbs {payload_size}", name, [message, *surbs])

    def load_blocks(self, name: str, keys: Iterable[bytes], blocks: Iterable[bytes]) -> str:
        """Hand over LIONESS keys and blocks. Returns the SHA-256 of the encrypted blocks."""
        pairs = zip(keys, blocks, strict=True)
        return self._load("blocks", name, [item for pair in pairs for item in pair])

    def x25519(self, scalar: bytes, point: bytes) -> dict[str, str]:
        """The product in hex, by each of MULTIPLIERS."""
        return self._ask(f"x25519-check {scalar.hex()} {point.hex()}")

    def timed(self, request: str, seconds: float) -> tuple[int, int]:
        """Make a request that takes a time: how many operations, and nanoseconds in all."""
        reply = self._ask(f"{request} {seconds}")
        return reply["operations"], reply["ns"]

    def _load(self, what: str, name: str, items: Iterable[bytes]) -> str:
        kind, _, more = what.partition(" ")
        listed = " ".join(item.hex() for item in items)
        return self._ask(f"load-{kind} {name} {more} {listed}")["sha256"]

    def _ask(self, request: str) -> dict[str, Any]:
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise PeerError(f"the peer has ended, exit code {self._process.wait()}")
        reply = json.loads(line)
        if "error" in reply:
            raise PeerError(f"the peer refused {request.split()[0]!r}: {reply['error']}")
        return reply


@contextmanager
def running(programs: dict[str, Path]) -> Iterator[dict[str, Peer]]:
    """A Peer for each program, by the same names."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(Peer(path)) for name, path in programs.items()}
