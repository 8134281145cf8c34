"""Nothing secret is left in a process that has used the library and dropped all that it made.

Each of uses.py runs in a process of its own, which then sleeps; all its writable memory is searched
for every secret that record.py heard of, in all the forms that tests/c/wipe.py knows: what those
functions do in C is searched there, more closely. Runs of 16 bytes count.

Exits with 1 if something is found that EXPECTED does not have, or if the search does not find what
is left on purpose. scan.py [-v] [USE ...]
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "c"))

import numpy as np
import uses
from record import Recorder, as_table

import sphinxcore as sx

ENOUGH = 16
CHUNK = 1 << 22
WORD = 8
FILTER_BITS = 22
_HEADER_WORDS = 4
"""Of a bytes object: references, type, size, hash."""

LEAVING = {
    "node": ("kept", "planted", "unwiped"),
    "interrupted": ("kept", "unwiped"),
    "sender": ("unwiped",),
    "surbs": ("kept",),
    "primitives": ("planted", "unwiped"),
    "messages": ("kept", "planted"),
    "replies": ("kept",),
}
"""Modes of user.py in which something must be found."""

_BYTES = ("bytes",)
_ANYWHERE = ("bytes", "other")  # large bytes lose their type when they are freed

EXPECTED: dict[str, dict[str, Collection[str]]] = {
    # What PrivateKey.from_bytes() was given is bytes.
    "node": {"PrivateKey": _BYTES},
    "interrupted": {"PrivateKey": _ANYWHERE},
    "sender": {},
    "surbs": {},
    "primitives": {},
    # HMAC-BLAKE3 gives bytes, and libsodium's Ed25519 takes them.
    "messages": {
        "packet key PRK": _BYTES,
        "packet key": _BYTES,
        "IdentityKey": _BYTES,
        "PrivateKey": _BYTES,
        "AckKey": _BYTES,
    },
}
# Messages carry SURBs, with their keys, as bytes; so does SQLite.
EXPECTED["replies"] = EXPECTED["messages"] | {
    "ReplyKey": _ANYWHERE,
    "payload keys of a Surb": _ANYWHERE,
    "payload seed": _ANYWHERE,
}
"""What Python cannot wipe: for each use kinds of secrets, and what may hold them."""


@dataclass(frozen=True)
class Found:
    """A run of secret bytes."""

    kind: str
    where: str
    holder: str
    address: int
    size: int


class Searcher:
    """Finds pieces of secrets in the memory of a process."""

    def __init__(self, table: tuple[Any, Any], names: list[str]) -> None:
        self._words, self._labels = table
        self._names = names
        self._filter = np.zeros(1 << FILTER_BITS, np.bool_)
        self._filter[self._words & np.uint64((1 << FILTER_BITS) - 1)] = True

    def search(self, pid: int, bytes_type: int) -> tuple[list[Found], int]:
        """What is found, and how many bytes were searched."""
        found, searched = [], 0
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for start, stop, name in writable(pid):
                searched += stop - start
                runs = self._runs(memory, start, stop)
                for label, first, size in runs:
                    where = name or "anonymous"
                    held = holder(memory, start, first, size, bytes_type)
                    found.append(Found(self._names[label], where, held, first, size))
        return found, searched

    def _runs(self, memory: Any, start: int, stop: int) -> list[tuple[int, int, int]]:
        hits = []
        for at in range(start, stop, CHUNK):
            size = min(CHUNK + WORD - 1, stop - at)
            chunk = os.pread(memory.fileno(), size, at)
            hits += [(at + i, label) for i, label in self._hits(chunk)]
        runs: list[list[int]] = []
        for address, label in sorted(set(hits)):
            if runs and address <= runs[-1][1] + runs[-1][2]:
                runs[-1][2] = address + WORD - runs[-1][1]
            else:
                runs.append([label, address, WORD])
        return [(label, first, size) for label, first, size in runs if size >= ENOUGH]

    def _hits(self, chunk: bytes) -> Iterator[tuple[int, int]]:
        if not any(chunk):
            return
        for shift in range(WORD):
            words = np.frombuffer(chunk, np.uint64, (len(chunk) - shift) // WORD, shift)
            maybe = np.flatnonzero(self._filter[words & np.uint64((1 << FILTER_BITS) - 1)])
            places = np.searchsorted(self._words, words[maybe])
            places[places == len(self._words)] = 0
            good = self._words[places] == words[maybe]
            for i, place in zip(maybe[good].tolist(), places[good].tolist(), strict=True):
                yield i * WORD + shift, int(self._labels[place])


def writable(pid: int) -> Iterator[tuple[int, int, str]]:
    """Mappings that a process can write to: start, stop, name."""
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        span, rights, _, _, _, *name = line.split(maxsplit=5)
        start, stop = (int(address, 16) for address in span.split("-"))
        if rights.startswith("rw") and name != ["[vvar]"]:
            yield start, stop, Path(name[0]).name if name else ""


def holder(memory: Any, lowest: int, address: int, size: int, bytes_type: int) -> str:
    """Whether a run lies in an object of type bytes, alive or freed.

    Freeing writes over the first words: the type is there for small objects, and for others what
    malloc keeps in front.
    """
    back = min(address - address % WORD - lowest, 1 << 16)
    raw = os.pread(memory.fileno(), back + WORD, address - address % WORD - back)
    words = np.frombuffer(raw, np.uint64).tolist()
    for i in reversed(range(1, len(words) - _HEADER_WORDS)):
        length, data = words[i + 2], address - address % WORD - back + WORD * (i + _HEADER_WORDS)
        if not data <= address < address + size <= data + length + 1 or length > 1 << 20:
            continue
        chunk = length + 33 + WORD + 15 & ~15
        if words[i + 1] == bytes_type or (i and words[i - 1] & ~7 == chunk):
            return "bytes"
    return "other"


class Scan:
    """One use, recorded, and searched after it ran on a backend."""

    def __init__(self, use: str, folder: Path) -> None:
        self.use, self._folder = use, folder
        recorder = Recorder()
        os.environ["SPHINXCORE_BACKEND"] = "python"
        pieces = recorder.record(uses.USES[use], folder)
        self.kinds = recorder.counts()
        self._searcher = Searcher(as_table(pieces), pieces.names)

    def finds_what_is_left(self, backend: str) -> bool:
        """Whether objects that are kept, and a secret that is, are found."""
        good = True
        for mode in LEAVING[self.use]:
            usual = {(one.kind, one.where) for one in self.run(backend)[0]}
            found = {(one.kind, one.where) for one in self.run(backend, mode)[0]} - usual
            print(
                f"    {mode}: {', '.join(sorted({kind for kind, _ in found})) or 'NOTHING'} found"
            )
            good = good and bool(found)
        return good

    def run(self, backend: str, mode: str = "dropped") -> tuple[list[Found], int]:
        command = [sys.executable, str(Path(__file__).with_name("user.py"))]
        with subprocess.Popen(
            [*command, self.use, str(self._folder), mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"SPHINXCORE_BACKEND": backend},
        ) as child:
            try:
                word, *types = child.stdout.readline().split()
                if word != b"ready":
                    sys.exit(f"scan: {self.use} {backend} {mode}: it did not get ready")
                os.kill(child.pid, signal.SIGSTOP)  # threads of a pool may still be ending
                os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
                return self._searcher.search(child.pid, int(types[0]))
            finally:
                child.kill()


def main() -> None:
    verbose = "-v" in sys.argv
    names = [name for name in sys.argv[1:] if name != "-v"] or list(uses.USES)
    *native, python = sx.available_backends()
    if not native:
        sys.exit("scan: the native module is not built: there is nothing to prove")
    bad = 0
    for use in names:
        with tempfile.TemporaryDirectory() as folder:
            scan = Scan(use, Path(folder))
            secrets = sum(scan.kinds.values())
            for backend in native:
                found, searched = scan.run(backend)
                counts = Counter((one.kind, one.holder) for one in found)
                left = {what: n for what, n in counts.items() if not is_expected(use, *what)}
                print(
                    f"{use} {backend}: {secrets} secrets of {len(scan.kinds)} kinds, "
                    f"{searched >> 20} MiB: {described(counts) or 'nothing'} found"
                )
                if left:
                    bad += 1
                    print(f"    not expected: {described(left)}")
                if verbose or left:
                    for one in found:
                        print(f"    {one.kind}: {one.size} bytes at {one.address:#x}, {one.where}")
            found, _ = scan.run(python)
            print(f"{use} {python}: {described(Counter((o.kind, o.holder) for o in found))} found")
            bad += not scan.finds_what_is_left(native[0])
    if bad:
        sys.exit(f"scan: {bad} times something is wrong, see above")


def is_expected(use: str, kind: str, held_by: str) -> bool:
    return held_by in EXPECTED.get(use, {}).get(kind, ())


def described(counts: Mapping[tuple[str, str], int]) -> str:
    return ", ".join(f"{n} {kind} ({held})" for (kind, held), n in sorted(counts.items()))


if __name__ == "__main__":
    main()
