"""Replay protection: a packet is unwrapped once per key."""

import threading
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sphinxcore._checks import Bytes, any_bytes, listed
from sphinxcore.status import Status


class Tagged(Protocol):
    """What a filter looks at: an AuthenticatedBatch, or a BatchResult."""

    status: Bytes
    replay_tags: Bytes


class ReplayFilter:
    """The replay tags that were seen, exactly, in memory (some 100 bytes each).

    A tag counts as long as the key lives that its packet was for: call rotate() when the node's next
    key comes into use. A filter can be shared between threads.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._before: set[bytes] = set()  # the last rotate(); no tag is in both
        self._lock = threading.Lock()

    def add(self, opened: Tagged) -> npt.NDArray[np.bool_]:
        """Enter the tags of a batch; (n,) bool, True where the tag is new.

        Rejected rows never enter and are False. A tag that stands twice in one batch is new once.
        """
        if not (hasattr(opened, "status") and hasattr(opened, "replay_tags")):
            raise TypeError(f"a batch was expected, not {type(opened).__name__}")
        status, tags = opened.status, opened.replay_tags
        size, raw = tags.shape[1], tags.tobytes()
        fresh = np.zeros(len(status), np.bool_)
        new = []
        good = (
            (status == Status.AUTHENTIC) | (status == Status.FORWARD) | (status == Status.DELIVER)
        )
        with self._lock:
            for i in np.flatnonzero(good).tolist():
                tag = raw[size * i : size * (i + 1)]
                if tag not in self:
                    self._seen.add(tag)
                    new.append(i)
        fresh[new] = True
        return fresh

    def rotate(self) -> None:
        """Forget what came before the previous rotate().

        To be called when a new key comes into use, of a node that has at most the previous one
        besides: the tags that are forgotten are those of keys before that.
        """
        with self._lock:
            self._before, self._seen = self._seen, set()

    def tags(self) -> list[bytes]:
        """All tags that count: for add_tags() of another process, or after a restart."""
        with self._lock:
            return [*self._before, *self._seen]

    def add_tags(self, tags: Iterable[Any]) -> None:
        """Enter tags from elsewhere, as if their packets had come now."""
        given = [
            any_bytes(tag, "replay tag") for tag in listed(tags, "tags", "a sequence of bytes")
        ]
        with self._lock:
            self._seen.update(tag for tag in given if tag not in self._before)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._seen.clear()
            self._before.clear()

    def __contains__(self, replay_tag: bytes) -> bool:
        return replay_tag in self._seen or replay_tag in self._before

    def __len__(self) -> int:
        return len(self._seen) + len(self._before)

    def __repr__(self) -> str:
        return f"<ReplayFilter of {len(self)} tags>"
