"""The keys of reply SURBs that a client handed out, by which it reads the answers."""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from blake3 import blake3

from sphinxcore._checks import exact_bytes, function, instance, integer, listed, number
from sphinxcore._secret import Secret
from sphinxcore.nym.sizes import EPHEMERAL_SIZE

REPLY_KEY_SIZE = 16
KEY_LIFETIME_S = 24 * 3600
"""How long the clients of the network keep a reply key, in seconds."""


class ReplyKey(Secret):
    """What encrypts the fragments that a SURB brings back: an AES-128 key, for one packet."""

    __slots__ = ()

    @classmethod
    def generate(cls) -> "ReplyKey":
        """Draw a key from the operating system's randomness."""
        key: ReplyKey = cls._generate(REPLY_KEY_SIZE)
        return key

    @classmethod
    def from_bytes(cls, raw: Any) -> "ReplyKey":
        """Take any 16 bytes. Raises SphinxError for other sizes."""
        key: ReplyKey = cls._of(exact_bytes(raw, REPLY_KEY_SIZE, "reply key"))
        return key

    def digest(self) -> bytes:
        """BLAKE3 of the key, 32 bytes: public, and no help in finding the key."""
        return blake3(self._secret).digest()


class ReplyKeyring(Protocol):
    """Where a receiver finds the keys of the SURBs it handed out: ReplyKeys, or
    SurbStore.reply_keys."""

    def add(self, keys: Iterable[ReplyKey]) -> None:
        """Keep these keys."""

    def take(self, digest: bytes) -> ReplyKey | None:
        """Give out the key with this digest, once; None if there is none."""


class ReplyKeys:
    """A ReplyKeyring in memory, for one thread. Keys are single use, and die of age.

    Args:
        max_keys: beyond this the oldest are dropped. One takes some 400 bytes.
        lifetime_s: seconds that a key is kept.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        *,
        max_keys: int = 100_000,
        lifetime_s: float = KEY_LIFETIME_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_keys = integer(max_keys, 1, 2**31 - 1, "max_keys")
        self._lifetime = number(lifetime_s, 0, math.inf, "lifetime_s")
        self._clock = function(clock, "clock")
        # Oldest first. Digests are public, so finding them needs no constant time.
        self._kept: dict[bytes, tuple[ReplyKey, float]] = {}
        self.expired = 0
        """Keys that were dropped for their age."""
        self.dropped = 0
        """Keys that were dropped because there were too many."""

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, keys: Iterable[ReplyKey]) -> None:
        """Keep these keys, from now on."""
        given = listed(keys, "keys", "a sequence of ReplyKey")
        now = self._clock()
        self._purge(now)
        for key in given:
            digest = instance(key, ReplyKey, "keys").digest()
            self._kept.pop(digest, None)
            self._kept[digest] = key, now
            if len(self._kept) > self._max_keys:
                self._drop_oldest()
                self.dropped += 1

    def take(self, digest: bytes) -> ReplyKey | None:
        """Give out the key with this digest, 32 bytes, and forget it; None if there is none."""
        self._purge(self._clock())
        kept = self._kept.pop(exact_bytes(digest, EPHEMERAL_SIZE, "digest"), None)
        return None if kept is None else kept[0]

    def _purge(self, now: float) -> None:
        while self._kept:
            _, added = next(iter(self._kept.values()))
            if now - added < self._lifetime:
                return
            self._drop_oldest()
            self.expired += 1

    def _drop_oldest(self) -> None:
        del self._kept[next(iter(self._kept))]
