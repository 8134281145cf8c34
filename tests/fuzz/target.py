"""What a fuzz target is, and what targets have in common."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from unittest import mock

from random_stream import RandomStream, filling

T = TypeVar("T")
Refusal = type[Exception] | tuple[type[Exception], ...]


class FindingError(Exception):
    """Something that must not be."""


def require(condition: Any, what: str) -> None:
    """Raise a FindingError unless the condition holds."""
    if not condition:
        raise FindingError(what)


@dataclass(frozen=True)
class Target:
    """A function that takes any bytes, and raises only if something is wrong."""

    run: Callable[[bytes], None]
    max_size: int
    """Longer inputs are not tried."""
    quick: int
    """How many inputs the quick test makes besides the corpus."""

    @property
    def name(self) -> str:
        return self.run.__name__


class Targets(dict[str, Target]):
    """Targets by name. Called with the attributes of one, it is a decorator that adds it."""

    def __call__(
        self, max_size: int, quick: int = 300
    ) -> Callable[[Callable[[bytes], None]], Callable[[bytes], None]]:
        def add(run: Callable[[bytes], None]) -> Callable[[bytes], None]:
            self[run.__name__] = Target(run, max_size, quick)
            return run

        return add


def attempt(refusal: Refusal, function: Callable[..., T], *arguments: Any) -> T | None:
    """What the function returns, or None if it refuses with such an error.

    The refusal must say something; all other exceptions pass, and are findings.
    """
    try:
        return function(*arguments)
    except refusal as error:
        require(len(str(error)) > 5, f"{type(error).__name__} says nothing")
        return None


def must_refuse(refusal: Refusal, function: Callable[..., Any], *arguments: Any) -> None:
    """The function must refuse with this class of error."""
    require(attempt(refusal, function, *arguments) is None, f"{function} took it")


class Input:
    """Takes numbers and bytes off a fuzzer's input, front to back; then there are zeros."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def __len__(self) -> int:
        """How many bytes are left."""
        return max(len(self._raw) - self._at, 0)

    def bytes(self, size: int) -> bytes:
        """The next bytes, and zeros where there are none."""
        part = self._raw[self._at : self._at + size]
        self._at += size
        return part.ljust(size, b"\0")

    def rest(self) -> bytes:
        """All that is left."""
        return self.bytes(len(self))

    def number(self, size: int = 1) -> int:
        """The next bytes as a number, big-endian."""
        return int.from_bytes(self.bytes(size), "big")

    def below(self, limit: int) -> int:
        """A number in 0..limit-1, from as few bytes as that takes."""
        return self.number(((limit - 1).bit_length() + 7) // 8) % limit

    def one_of(self, choices: Any) -> Any:
        """One of these."""
        return choices[self.below(len(choices))]


@contextmanager
def fixed_randomness(seed: bytes) -> Iterator[None]:
    """Both packages draw bytes that follow from the seed."""
    stream = RandomStream()
    stream.seed(seed)
    with (
        mock.patch("sphinxcore._random.fill", filling(stream)),
        mock.patch("credentials._random.random_bytes", stream),
    ):
        yield
