"""Randomness that a test decides on."""

import hashlib
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any


def filling(draw: Callable[[int], bytes]) -> Callable[[Any], None]:
    """A stand-in for sphinxcore._random.fill that takes draw(size)."""

    def fill(out: Any) -> None:
        memoryview(out)[:] = draw(len(out))

    return fill


class RandomStream:
    """Bytes that were fed, else SHAKE-128: for `filling`, and credentials._random.random_bytes."""

    def __init__(self) -> None:
        self._seed = b"sphinxcore tests"
        self._draws = count()
        self._fed: deque[bytes] = deque()

    def seed(self, seed: bytes) -> None:
        """Start the SHAKE-128 stream anew from this seed."""
        self._seed = seed
        self._draws = count()

    def feed(self, *draws: bytes) -> None:
        """Give these bytes, in this order, to the next draws, whose sizes must be theirs.

        A batch of routes that have the same number of hops draws all its initial secrets, and
        then all its final paddings.
        """
        self._fed.extend(draws)

    @property
    def unused(self) -> int:
        """How many fed draws nobody took."""
        return len(self._fed)

    def __call__(self, size: int) -> bytes:
        if not self._fed:
            number = next(self._draws).to_bytes(8, "big")
            return hashlib.shake_128(self._seed + number).digest(size)
        draw = self._fed.popleft()
        if len(draw) != size:
            raise AssertionError(f"{size} random bytes were drawn, {len(draw)} were fed")
        return draw
