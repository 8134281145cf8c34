"""What the curve library costs alone: single operations, sums of them, and the calls of a run."""

import operator
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import _rounds
import pyblst
from _rounds import Timed

from credentials import _backends
from credentials.bls12381 import ORDER, blst_backend

Call = tuple[Callable[..., Any], tuple[Any, ...]]

_NOTHING = {1: operator.truth, 2: operator.is_}
_GROUPS = {
    pyblst.BlstP1Element: "G1",
    pyblst.BlstP2Element: "G2",
    pyblst.BlstFP12Element: "Fp12",
}
_TAG = b"SPHINXCORE-BENCH-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"


@dataclass(frozen=True, slots=True)
class Operations:
    """How often something needs each operation of the curve, every one by itself."""

    decode_g1: int = 0
    """Decoding with the check of curve and subgroup."""
    decode_g2: int = 0
    multiply_g1: int = 0
    multiply_g2: int = 0
    hash_to_g1: int = 0
    miller_loop: int = 0
    final_exponentiation: int = 0

    def text(self) -> str:
        """Those there are, in words."""
        counts = {name.replace("_", " "): getattr(self, name) for name in self.__slots__}
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count)

    def timed(self) -> Timed:
        """All of them in a row, called bare, on random points with a random scalar."""
        a, b = _point(pyblst.BlstP1Element), _point(pyblst.BlstP2Element)
        encoded_a, encoded_b = a.compress(), b.compress()
        scalar = secrets.randbelow(ORDER)
        loop = pyblst.miller_loop(a, b)
        calls: list[Call] = []
        calls += [(pyblst.BlstP1Element.uncompress, (encoded_a,))] * self.decode_g1
        calls += [(pyblst.BlstP2Element.uncompress, (encoded_b,))] * self.decode_g2
        calls += [(a.scalar_mul, (scalar,))] * self.multiply_g1
        calls += [(b.scalar_mul, (scalar,))] * self.multiply_g2
        calls += [(pyblst.BlstP1Element.hash_to_group, (encoded_a, _TAG))] * self.hash_to_g1
        calls += [(pyblst.miller_loop, (a, b))] * self.miller_loop
        calls += [(pyblst.final_verify, (loop, loop))] * self.final_exponentiation
        return _rounds.repeated(replay(calls), 1)


SINGLE = {name: Operations(**{name: 1}) for name in Operations.__slots__}
"""Every operation alone."""


class Recording:
    """A curve backend on pyblst that notes the calls that reach the library."""

    name = "recording"

    def __init__(self) -> None:
        self._calls: list[Call] | None = None

    def during(self, work: Callable[[], object]) -> list[Call]:
        """The calls of this work."""
        self._calls = calls = []
        work()
        self._calls = None
        return calls

    def note(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call, and keep the call if it is wanted."""
        if self._calls is not None:
            self._calls.append((function, arguments))
        return function(*arguments)


@contextmanager
def recording() -> Iterator[Recording]:
    """A backend that records and that keys can be decoded on; meanwhile `blst` does not work."""
    noted = Recording()
    found, _ = _backends._found()
    real = blst_backend.pyblst
    blst_backend.pyblst = _Library(noted)
    try:
        backend: Any = blst_backend.make()
        for part in (backend.g1, backend.g2):
            part.backend = noted.name
        backend.name = noted.name
        found[noted.name] = backend
        yield noted
    finally:
        blst_backend.pyblst = real
        found.pop(noted.name, None)


def replay(calls: list[Call]) -> Callable[[], None]:
    """Does these calls again, and nothing else."""

    def work() -> None:
        for function, arguments in calls:
            function(*arguments)

    return work


def emptied(calls: list[Call]) -> list[Call]:
    """As many calls that do nothing, with as many arguments."""
    return [(_NOTHING[len(arguments)], (None,) * len(arguments)) for _, arguments in calls]


def counts(calls: list[Call]) -> dict[str, int]:
    """How often each function is called."""
    return dict(Counter(_name(*call) for call in calls))


class _Library:
    """The functions and types of pyblst, over points that wrap its own."""

    def __init__(self, noted: Recording) -> None:
        self._note = noted.note
        self.BlstP1Element = _wrapping(noted, pyblst.BlstP1Element)
        self.BlstP2Element = _wrapping(noted, pyblst.BlstP2Element)
        self.BlstFP12Element = _wrapping(noted, pyblst.BlstFP12Element)

    def miller_loop(self, a: Any, b: Any) -> Any:
        return self.BlstFP12Element(self._note(pyblst.miller_loop, a.raw, b.raw))

    def final_verify(self, a: Any, b: Any) -> bool:
        return self._note(pyblst.final_verify, a.raw, b.raw)


def _wrapping(noted: Recording, real: Any) -> type:
    note = noted.note

    class Wrapped:
        __slots__ = ("raw",)
        __hash__ = None

        def __init__(self, raw: Any = None) -> None:
            self.raw = real() if raw is None else raw

        @staticmethod
        def uncompress(encoded: bytes) -> "Wrapped":
            return Wrapped(note(real.uncompress, encoded))

        @staticmethod
        def hash_to_group(message: bytes, tag: bytes) -> "Wrapped":
            return Wrapped(note(real.hash_to_group, message, tag))

        def compress(self) -> bytes:
            return note(real.compress, self.raw)

        def scalar_mul(self, scalar: int) -> "Wrapped":
            return Wrapped(note(real.scalar_mul, self.raw, scalar))

        def __add__(self, other: "Wrapped") -> "Wrapped":
            return Wrapped(note(operator.add, self.raw, other.raw))

        def __mul__(self, other: "Wrapped") -> "Wrapped":
            return Wrapped(note(operator.mul, self.raw, other.raw))

        def __neg__(self) -> "Wrapped":
            return Wrapped(note(operator.neg, self.raw))

        def __eq__(self, other: object) -> bool:
            return note(operator.eq, self.raw, other.raw)

    return Wrapped


def _name(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str:
    group = next((_GROUPS[type(one)] for one in arguments if type(one) in _GROUPS), "")
    return f"{function.__name__} {group}".strip()


def _point(group: Any) -> Any:
    return group.hash_to_group(secrets.token_bytes(32), _TAG)
