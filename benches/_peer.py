"""The Rust program in benches/peers, which times sphinx-packet, as a co-process."""

import json
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_MANIFEST = Path(__file__).resolve().parent / "peers" / "Cargo.toml"
_TARGET = ("--release", "--locked", "--quiet", "--manifest-path", str(_MANIFEST))

_PINNED = tomllib.loads(_MANIFEST.read_text())["dependencies"]["sphinx-packet"]
NAME = f"sphinx-packet {_PINNED.removeprefix('=')}"


class PeerError(Exception):
    """The program cannot be built, has ended, or refused a request."""


def build() -> None:
    """Compile the program, or see that it is up to date."""
    if shutil.which("cargo") is None:
        raise PeerError("cargo was not found: the peer is built with it (https://rustup.rs)")
    if subprocess.run(["cargo", "build", *_TARGET], check=False).returncode:
        raise PeerError(f"cargo cannot build {_MANIFEST.parent}")


class Peer:
    """The program, running; its requests are described in benches/peers/src/main.rs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["cargo", "run", *_TARGET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def load(self, name: str, private_key: bytes, packets: Iterable[bytes]) -> str:
        """Hand over packets for a node. Returns the SHA-256 of what becomes of them, in hex."""
        listed = " ".join(packet.hex() for packet in packets)
        return self._ask(f"load {name} {private_key.hex()} {listed}")["sha256"]

    def process(self, name: str, seconds: float) -> tuple[int, int]:
        """Process loaded packets over and over: how many, and nanoseconds in all."""
        return self._timed(f"process {name} {seconds}")

    def build(self, version: int, hops: int, payload_size: int, seconds: float) -> tuple[int, int]:
        """Build packets over and over: how many, and nanoseconds in all."""
        return self._timed(f"build {version} {hops} {payload_size} {seconds}")

    def _timed(self, request: str) -> tuple[int, int]:
        reply = self._ask(request)
        return reply["operations"], reply["ns"]

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
