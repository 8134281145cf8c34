"""Every allocation fails once: MemoryError comes out, nothing crashes, nothing is left behind.

For n = 0, 1, .. the n-th allocation of an operation fails, Python's and NumPy's included (see
failing.c), until the operation needs no more. Then:

- it raises MemoryError, or its result is right;
- the next call is right, on the objects that were there before; and if the operation has again(),
  the call that goes on with what was half done;
- what is freed on the way holds no kind of secret that is not freed by the undisturbed operation,
  too: Python's bytes cannot be wiped, but arrays and memory of C are;
- blocks of memory do not become many more.

Where threads take part only what our own module asks for fails: locks of Python's thread pools stay
locked otherwise. The python backend is left out: it stands on libraries in Rust, which end the
process, and on OpenSSL, which raises other errors.

Exits with 1 otherwise, or if nothing is found where a secret is forgotten on purpose.
failures.py [OPERATION ...]
"""

import ctypes
import faulthandler
import gc
import itertools
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "c"))

import numpy as np
from network import seeded
from operations import OPERATIONS
from record import DRAWS_SIZE
from uses import Draws

import sphinxcore as sx
from sphinxcore import _native, _random

SPARED = ("cryptography/", "blake3/", "pyblst", "py_arkworks")
"""Modules in Rust: without memory they end the process."""
OTHERS = (
    "expected a bytes-like object, numpy.ndarray found",
    "without exception set",
    "without setting an exception",
    "can't allocate lock",
)
"""What NumPy and CPython raise instead of MemoryError."""
CARELESS = "Careless"
"""The operation in which something must be found."""
MAX_GROWTH = 8
"""Blocks that CPython, NumPy and Cython may lose for each failure: what they do then is not ours."""
MIN_ROUNDS = 100
"""Failures after which growth is judged: threads come and go with hundreds of blocks."""
NOTHING = -1
MAX_PROBLEMS = 40
MAX_KINDS = 64
HANDLER_NAME = b"mem_handler"
SET_HANDLER = 304
"""Where PyDataMem_SetHandler is in NumPy's table of functions."""


class Shim:
    """The variables of failing.c, which is loaded."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._left = self._long("failing_left")
        self._blocks = self._long("failing_blocks")
        self._failed = self._long("failing_failed")
        self._found = (ctypes.c_long * MAX_KINDS).in_dll(self._library, "failing_found")
        self._pieces = ctypes.c_void_p.in_dll(self._library, "failing_pieces")
        self._table: Any = None
        self.kinds: list[str] = []

    def _long(self, name: str) -> ctypes.c_long:
        return ctypes.c_long.in_dll(self._library, name)

    def give_arrays_memory(self) -> None:
        """Let NumPy take memory for arrays from here: it keeps what it frees otherwise."""
        new, get = ctypes.pythonapi.PyCapsule_New, ctypes.pythonapi.PyCapsule_GetPointer
        new.restype, get.restype = ctypes.py_object, ctypes.c_void_p
        handler = ctypes.addressof(ctypes.c_char.in_dll(self._library, "failing_handler"))
        capsule = new(ctypes.c_void_p(handler), ctypes.c_char_p(HANDLER_NAME), None)
        table = get(ctypes.py_object(np._core._multiarray_umath._ARRAY_API), None)
        functions = ctypes.cast(table, ctypes.POINTER(ctypes.c_void_p))
        kind = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)
        kind(functions[SET_HANDLER])(capsule)

    def know_modules(self, *, ours_only: bool) -> None:
        """Say where the modules are that are spared, or where ours is; they are loaded."""
        spared = (ctypes.c_uint64 * 128).in_dll(self._library, "failing_spared")
        spans = defaultdict(list)
        for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
            words = line.split(maxsplit=5)
            if len(words) == 6:
                spans[words[5]] += [int(address, 16) for address in words[0].split("-")]
        if ours_only:
            only = (ctypes.c_uint64 * 2).in_dll(self._library, "failing_only")
            only[:] = min(spans[_native.__file__]), max(spans[_native.__file__])
        chosen = [span for name, span in spans.items() if any(one in name for one in SPARED)]
        for i, span in enumerate(chosen):
            spared[2 * i], spared[2 * i + 1] = min(span), max(span)

    def load_secrets(self, folder: Path) -> None:
        self.kinds = json.loads((folder / "kinds").read_text(encoding="utf-8"))
        self._table = np.fromfile(folder / "words", np.uint64), np.fromfile(folder / "labels", "u1")
        words, labels = self._table
        self._long("failing_mask").value = len(words) - 1
        self._address = words.ctypes.data
        ctypes.c_void_p.in_dll(self._library, "failing_kinds").value = labels.ctypes.data

    def start(self, n: int) -> None:
        self._pieces.value = self._address
        self._left.value = n

    def stop(self) -> None:
        """Let no allocation fail any more."""
        self._left.value = NOTHING

    def rest(self) -> None:
        """Search no more what is freed."""
        self._pieces.value = None

    @property
    def blocks(self) -> int:
        return self._blocks.value

    @property
    def failed(self) -> int:
        return self._failed.value

    def found(self) -> set[str]:
        """Kinds of secrets in what was freed since the last call."""
        kinds = {self.kinds[i] for i in range(len(self.kinds)) if self._found[i]}
        ctypes.memset(self._found, 0, ctypes.sizeof(self._found))
        return kinds


class Checked:
    """One operation on one backend, in the process that the shim is loaded into."""

    def __init__(self, name: str, backend: str, folder: Path) -> None:
        self._draws = Draws(folder / "draws", same=OPERATIONS[name].same_draws)
        _random.fill = self._draws
        self.shim = Shim()
        self.shim.load_secrets(folder)
        self.operation = OPERATIONS[name](backend)
        self.shim.know_modules(ours_only=self.operation.ours_only)
        self.shim.give_arrays_memory()
        self.unraisable: list[str] = []
        sys.unraisablehook = self._note
        self._quiet = False
        self._lost = 0
        self.expected: Any = None
        self.usual: set[str] = set()

    def _note(self, what: Any) -> None:
        self.unraisable.append(f"{what.exc_type.__name__} at {where(what.exc_value)}")

    def plain(self) -> Any:
        """The operation undisturbed."""
        return self.operation.shown(self.operation.run(self.prepared()))

    def prepared(self) -> Any:
        self._draws.rewind()
        return self.operation.prepare()

    def check(self, first: int) -> None:
        """Let allocations fail, from this one on; says what happens as it happens."""
        self.expected = self.plain()
        for _ in range(3):
            state = self.prepared()
            self.shim.start(NOTHING)
            result = self.operation.run(state)
            del state
            self.shim.rest()
            if self.operation.shown(result) != self.expected:
                raise AssertionError("the operation does not give the same each time")
            self.usual |= self.shim.found()
        for n in itertools.count(first):
            say("at", n)
            if not self.fail(n):
                say("end", n)
                break
        if first:
            return
        self._quiet = True
        say("lost", self._lost)
        gc.collect()
        start = self.shim.blocks
        rounds = max(n, MIN_ROUNDS)
        for again in range(rounds):
            self.fail(again % n)
        gc.collect()
        growth = self.shim.blocks - start
        say("growth", growth)
        self._quiet = False
        if growth > MAX_GROWTH * rounds:
            self._problem(f"{growth} blocks more")
        say("usual", *sorted(self.usual))

    def _where(self, error: BaseException) -> str:
        return "" if self._quiet else where(error)

    def _problem(self, what: str) -> None:
        if not self._quiet:
            say("problem", what)

    def fail(self, n: int) -> bool:
        """One run in which the n-th allocation fails; whether there were so many."""
        state = self.prepared()
        failed = self.shim.failed
        outcome, place, result = "done", "", None
        self.shim.start(n)
        try:
            result = self.operation.run(state)
            self.shim.stop()
            result = self.operation.shown(result)
        except MemoryError as error:
            self.shim.stop()
            outcome, place = "MemoryError", self._where(error)
        except Exception as error:
            self.shim.stop()
            outcome, place = type(error).__name__, self._where(error)
            if not any(text in str(error) for text in OTHERS):
                self._problem(f"{outcome} ({error}) at {place}")
        if outcome == "MemoryError" and hasattr(self.operation, "again"):
            try:
                if self.operation.shown(self.operation.again(state)) == self.expected:
                    pass
                elif self.operation.loses:
                    self._lost += 1
                else:
                    self._problem(f"going on gives something else after {place}")
            except BaseException as error:
                self._problem(f"going on raises {error!r} after {place}")
        state = None  # the error is gone, too, and with it all that it held
        self.shim.rest()
        if self.shim.failed == failed:
            return False
        if not self._quiet:
            say("outcome", outcome)
        if outcome == "done" and result != self.expected:
            self._problem(f"a wrong result, allocation {n}")
        for one in self.unraisable:
            self._problem(f"unraisable: {one}")
        self.unraisable.clear()
        for kind in self.shim.found() - self.usual:
            self._problem(f"freed with {kind} after {place}")
        if self.plain() != self.expected:
            self._problem(f"the next call is wrong after {place}")
        return True


def say(what: str, *values: Any) -> None:
    print(json.dumps([what, *values]), flush=True)


def where(error: BaseException) -> str:
    """Where in the library an error came from."""
    frames = [
        (Path(frame.f_code.co_filename), line)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    ours = [frame for frame in frames if "sphinxcore" in frame[0].parts]
    path, line = (ours or frames)[-1]
    return f"{path.name}:{line}"


def record(name: str, folder: Path) -> None:
    """Write the secrets of an operation as a hash table."""
    from record import Recorder, as_table

    os.environ["SPHINXCORE_BACKEND"] = "python"
    (folder / "draws").write_bytes(seeded(b"random draws", DRAWS_SIZE))
    recorder = Recorder()
    draws = Draws(folder / "draws", same=OPERATIONS[name].same_draws)
    with recorder.listen(draws):
        operation = OPERATIONS[name]("python")
        draws.rewind()
        operation.run(operation.prepare())
    pieces = recorder.pieces()
    size = 1 << max(4, (4 * len(pieces.pieces)).bit_length())
    words, labels = np.zeros(size, np.uint64), np.zeros(size, np.uint8)
    for word, label in zip(*as_table(pieces), strict=True):
        place = int(word) & size - 1
        while words[place]:
            place = (place + 1) & size - 1
        words[place], labels[place] = word, label
    words.tofile(folder / "words")
    labels.tofile(folder / "labels")
    (folder / "kinds").write_text(json.dumps(pieces.names), encoding="utf-8")


def main() -> None:
    if sys.argv[1:2] == ["--in-shim"]:
        name, backend, folder, first = sys.argv[2:]
        faulthandler.enable()
        Checked(name, backend, Path(folder)).check(int(first))
        return
    native = sx.available_backends()[:-1]
    if not native:
        sys.exit("failures: the native module is not built: there is nothing to prove")
    shim = build()
    bad = 0
    for name in sys.argv[1:] or OPERATIONS:
        with tempfile.TemporaryDirectory() as folder:
            record(name, Path(folder))
            for backend in native:
                bad += run(name, backend, folder, shim) == (name == CARELESS)
    if bad:
        sys.exit(f"failures: {bad} operations went wrong, see above")


def run(name: str, backend: str, folder: str, shim: Path) -> bool:
    """Whether an operation behaves; goes on behind an allocation that ends the process."""
    outcomes: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    last: dict[str, list[Any]] = {"at": [0]}
    first = 0
    while "end" not in last:
        command = [sys.executable, __file__, "--in-shim", name, backend, folder, str(first)]
        environment = os.environ | {
            "LD_PRELOAD": str(shim),
            "PYTHONMALLOC": "malloc",
            "SPHINXCORE_BACKEND": backend,
        }
        done = subprocess.run(command, capture_output=True, check=False, text=True, env=environment)
        for line in done.stdout.splitlines():
            what, *values = json.loads(line)
            last[what] = values
            if what == "outcome":
                outcomes[values[0]] += 1
            elif what == "problem":
                problems[values[0]] += 1
        if done.returncode:
            problems[f"exit code {done.returncode} at {crash_site(done.stderr)}"] += 1
            first = last["at"][0] + 1
            if sum(problems.values()) > MAX_PROBLEMS:
                break
    print(
        f"{name} {backend}: {last.get('end', ['?'])[0]} allocations: {dict(outcomes)}; blocks more: "
        f"{last.get('growth', ['?'])[0]}; lost: {last.get('lost', ['?'])[0]}; "
        f"freed as ever: {', '.join(last.get('usual', [])) or '-'}",
        flush=True,
    )
    for problem, count in problems.items():
        print(f"    {problem}: {count}")
    return not problems


def crash_site(stderr: str) -> str:
    """The first line of the library in what faulthandler wrote, or the last line."""
    lines = stderr.splitlines()
    ours = [line.strip() for line in lines if "File " in line and "/sphinxcore/" in line]
    return ours[0] if ours else (lines or ["?"])[-1]


def build() -> Path:
    import compiling

    folder = compiling.ROOT / "build" / "memory"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "failing.so"
    source = Path(__file__).with_name("failing.c")
    command = compiling.compiler()
    if command is None:
        sys.exit("failures: there is no C compiler: set CC")
    flags = ["-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, *flags, str(source), "-o", str(target)], check=True)
    return target


if __name__ == "__main__":
    main()
