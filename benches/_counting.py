"""How many instructions a piece of work executes, counted one by one in a process of its own.

That is slow (seconds to minutes), so counts are kept, for as long as the native module is the same.
"""

import ctypes
import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable

import _native

KINDS = ("all", "vpmadd52", "vpmullq")
"""All instructions, and those of them that the 512-bit multipliers execute."""


class CountError(Exception):
    """This machine does not let processes be traced, or is not x86-64 Linux."""


def count(name: str, work: Callable[[], object]) -> dict[str, int]:
    """Instructions of `work` by kind; the name says what it is, for the next time."""
    if not _native.can_count():
        raise CountError("instructions are counted on x86-64 Linux only")
    key = hashlib.sha256(_native.module()).hexdigest()[:16]
    kept = _native.BUILD / f"count-{key}.json"
    counts = json.loads(kept.read_text()) if kept.exists() else {}
    if name not in counts:
        print(f"counting the instructions of {name}: up to minutes", file=sys.stderr, flush=True)
        counts[name] = dict(zip(KINDS, _count(work), strict=True))
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(counts))
    return counts[name]


def _count(work: Callable[[], object]) -> list[int]:
    library = _native.load("count")
    work()  # so that nothing is loaded while it is counted
    child = os.fork()
    if child == 0:
        try:
            if library.be_counted() == 0:
                os.kill(os.getpid(), signal.SIGSTOP)
                work()
                os.kill(os.getpid(), signal.SIGSTOP)
                os._exit(0)
        finally:
            os._exit(1)
    counts = (ctypes.c_uint64 * len(KINDS))()
    failed = library.count(child, counts)
    if failed:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if failed or status:
        raise CountError("this machine does not let a process be traced")
    return list(counts)
