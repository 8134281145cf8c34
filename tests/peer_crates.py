"""The co-process of vectors/peers: sphinx-packet 0.6.0 and 0.8.0 over a pipe.

The protocol is described in vectors/peers/src/bin/converse.rs.
"""

import shutil
import struct
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sphinxcore as sx

RELEASES = ("0.6.0", "0.8.0")

BUILD, PROCESS, MESSAGE, MAKE_SURB, USE_SURB, OPEN_REPLY = b"B", b"P", b"M", b"S", b"U", b"R"

_MANIFEST = Path(__file__).resolve().parent.parent / "vectors" / "peers" / "Cargo.toml"
_TARGET = ("--release", "--locked", "--quiet", "--manifest-path", str(_MANIFEST))


class PeerError(Exception):
    """The co-process cannot be built, has ended, or does not keep to the protocol."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the crate said instead of doing something with an item."""

    kind: str
    text: str


def field(raw: bytes) -> bytes:
    """`raw` with its length in front."""
    return struct.pack("<I", len(raw)) + raw


def route_field(
    version: int, hops: Sequence[sx.Hop], destination: bytes, identifier: bytes, secret: bytes
) -> bytes:
    """Version, recipient, initial secret and hops."""
    head = struct.pack("<H32s16s32sB", version, destination, identifier, secret, len(hops))
    return head + b"".join(
        struct.pack("<32s32sQ", hop.address, hop.public_key.to_bytes(), hop.delay_ns)
        for hop in hops
    )


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def unpack(self, form: str) -> tuple:
        found = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return found

    def field(self) -> bytes:
        (size,) = self.unpack("I")
        self.at += size
        return self.data[self.at - size : self.at]

    def fields(self) -> list[bytes]:
        found = []
        while self.at < len(self.data):
            found.append(self.field())
        return found


class PeerCrates:
    """The running co-process. One request is under way at a time, so neither pipe can jam.

    start() returns at once: the co-process works while the caller does something else, until it
    asks for the answers.
    """

    def __init__(self) -> None:
        if shutil.which("cargo") is None:
            raise PeerError("cargo was not found: the crates are built with it (https://rustup.rs)")
        if subprocess.run(["cargo", "build", *_TARGET], check=False).returncode:
            raise PeerError(f"cargo cannot build {_MANIFEST.parent}")
        self._process = subprocess.Popen(
            ["cargo", "run", *_TARGET, "--bin", "converse"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._expected: int | None = None
        self._command = b""

    def __enter__(self) -> "PeerCrates":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def start(self, command: bytes, release: str, items: Iterable[bytes]) -> None:
        """Send a request; answers() must be called before the next one."""
        if self._expected is not None:
            raise PeerError("a request is under way: call answers() first")
        listed = [field(item) for item in items]
        request = command + field(release.encode()) + b"".join(listed)
        self._expected, self._command = len(listed), command
        try:
            self._process.stdin.write(field(request))
            self._process.stdin.flush()
        except BrokenPipeError:
            raise PeerError("the co-process has ended") from None

    def answers(self) -> list[sx.Row | list[bytes] | Refusal]:
        """One answer per item: a Row for a processed packet, fields for all else, or a Refusal."""
        (size,) = struct.unpack("<I", self._read(4))
        found = _Reader(self._read(size)).fields()
        expected, self._expected = self._expected, None
        if len(found) != expected:
            raise PeerError(f"{expected} answers were expected, not {len(found)}")
        return [self._answer(answer) for answer in found]

    def ask(self, command: bytes, release: str, items: Iterable[bytes]) -> list:
        """start() and answers() in one."""
        self.start(command, release, items)
        return self.answers()

    def _read(self, size: int) -> bytes:
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise PeerError(f"the co-process has ended, exit code {self._process.wait()}")
        return data

    def _answer(self, answer: bytes) -> sx.Row | list[bytes] | Refusal:
        kind, rest = answer[:1], _Reader(answer[1:])
        if kind == b"A":
            return rest.fields()
        if kind == b"E":
            refusal = Refusal(*(part.decode() for part in rest.fields()))
            return _rejected(refusal) if self._command == PROCESS else refusal
        tag, version = rest.unpack("32sH")
        if kind == b"F":
            next_hop, delay_ns = rest.unpack("32sQ")
            return sx.Row(
                sx.Status.FORWARD,
                tag,
                version,
                0,
                next_hop=next_hop,
                delay_ns=delay_ns,
                packet=rest.field(),
            )
        destination, identifier = rest.unpack("32s16s")
        return sx.Row(
            sx.Status.DELIVER,
            tag,
            version,
            0,
            destination=destination,
            identifier=identifier,
            payload=rest.field(),
        )


def _rejected(refusal: Refusal) -> sx.Row | Refusal:
    """The crate's error as this library's status; other errors stay what they are."""
    status = {
        "InvalidPacket": sx.Status.BAD_LENGTH,
        "InvalidHeader": sx.Status.BAD_MAC,
        "InvalidRouting": sx.Status.BAD_ROUTING_FLAG,
        "InvalidPayload": sx.Status.BAD_PAYLOAD_LENGTH,
    }.get(refusal.kind)
    return refusal if status is None else sx.Row(status, None, None, None)
