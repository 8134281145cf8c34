"""A co-process that is a Rust program of vectors/peers: requests and answers over its pipes."""

import shutil
import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PEERS = Path(__file__).resolve().parent.parent / "vectors" / "peers"


class PeerError(Exception):
    """The co-process cannot be built, has ended, or does not keep to the protocol."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a crate said instead of doing something with an item."""

    kind: str
    text: str


def field(raw: bytes) -> bytes:
    """`raw` with its length in front."""
    return struct.pack("<I", len(raw)) + raw


class Reader:
    """Takes an answer apart."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def unpack(self, form: str) -> tuple[Any, ...]:
        """Little-endian numbers."""
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

    def take(self, size: int) -> bytes:
        """The next bytes."""
        self._at += size
        if self._at > len(self._data):
            raise PeerError("an answer is cut short")
        return self._data[self._at - size : self._at]

    def field(self) -> bytes:
        """What field() made."""
        (size,) = self.unpack("I")
        return self.take(size)

    def fields(self) -> list[bytes]:
        """All that is left, as fields."""
        found = []
        while self._at < len(self._data):
            found.append(self.field())
        return found


class PeerProcess:
    """The running co-process. One request is under way at a time, so neither pipe can jam."""

    def __init__(self, package: Path, program: str) -> None:
        target = [
            "--release",
            "--locked",
            "--quiet",
            "--manifest-path",
            str(package / "Cargo.toml"),
        ]
        if shutil.which("cargo") is None:
            raise PeerError("cargo was not found: the crates are built with it (https://rustup.rs)")
        if subprocess.run(["cargo", "build", *target], check=False).returncode:
            raise PeerError(f"cargo cannot build {package}")
        self._process = subprocess.Popen(
            ["cargo", "run", *target, "--bin", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._expected: int | None = None

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def send(self, head: bytes, items: Iterable[bytes]) -> None:
        """Start a request. It must be answered before the next one."""
        if self._expected is not None:
            raise PeerError("a request is under way: call answers() first")
        listed = [field(item) for item in items]
        self._expected = len(listed)
        try:
            self._process.stdin.write(field(head + b"".join(listed)))
            self._process.stdin.flush()
        except BrokenPipeError:
            raise PeerError("the co-process has ended") from None

    def receive(self) -> list[bytes]:
        """One answer per item."""
        (size,) = struct.unpack("<I", self._read(4))
        found = Reader(self._read(size)).fields()
        expected, self._expected = self._expected, None
        if len(found) != expected:
            raise PeerError(f"{expected} answers were expected, not {len(found)}")
        return found

    def _read(self, size: int) -> bytes:
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise PeerError(f"the co-process has ended, exit code {self._process.wait()}")
        return data
