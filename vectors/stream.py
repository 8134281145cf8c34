"""Random bytes by label, for what is generated and for the library that is watched."""

import contextlib
import hashlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any


class Stream:
    """The random bytes of one label, in order."""

    def __init__(self, label: str) -> None:
        self._xof = hashlib.shake_128(b"sphinxcore vectors v1" + label.encode("ascii"))
        self._ready = b""
        self._used = 0

    def read(self, size: int) -> bytes:
        end = self._used + size
        if end > len(self._ready):
            self._ready = self._xof.digest(max(4096, 2 * end))
        self._used = end
        return self._ready[end - size : end]

    def number(self, size: int) -> int:
        return int.from_bytes(self.read(size), "big")


@contextlib.contextmanager
def drawing_from(source: ModuleType, stream: Stream) -> Iterator[list[bytes]]:
    """Let a library whose randomness is `source` draw from `stream`; gives the list of draws."""
    drawn: list[bytes] = []

    def random_bytes(size: int) -> bytes:
        drawn.append(stream.read(size))
        return drawn[-1]

    def fill(out: Any) -> None:
        memoryview(out)[:] = random_bytes(len(out))

    name, ours = ("fill", fill) if hasattr(source, "fill") else ("random_bytes", random_bytes)
    original = getattr(source, name)
    setattr(source, name, ours)
    try:
        yield drawn
    finally:
        setattr(source, name, original)
