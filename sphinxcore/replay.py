"""Replay protection: a packet is unwrapped once per key."""

import threading
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sphinxcore._checks import Bytes
from sphinxcore.status import Status


class Tagged(Protocol):
    """What a filter looks at: an AuthenticatedBatch, or a BatchResult."""

    status: Bytes
    replay_tags: Bytes


class ReplayFilter:
    """All replay tags seen so far, exactly, in memory (some 100 bytes each).

    Tags belong to a node's key: start a new filter, or clear() this one, when the key is retired.
    A filter can be shared between threads.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._lock = threading.Lock()

    def add(self, opened: Tagged) -> npt.NDArray[np.bool_]:
        """Enter the tags of a batch; (n,) bool, True where the tag is new.

        Rejected rows never enter and are False. A tag that stands twice in one batch is new once.
        """
        if not (hasattr(opened, "status") and hasattr(opened, "replay_tags")):
            raise TypeError(f"a batch was expected, not {type(opened).__name__}")
        fresh = np.zeros(len(opened.status), np.bool_)
        status = opened.status
        good = (
            (status == Status.AUTHENTIC) | (status == Status.FORWARD) | (status == Status.DELIVER)
        )
        seen = self._seen
        with self._lock:
            for i in np.flatnonzero(good).tolist():
                before = len(seen)
                seen.add(opened.replay_tags[i].tobytes())
                fresh[i] = len(seen) > before
        return fresh

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._seen.clear()

    def __contains__(self, replay_tag: bytes) -> bool:
        return replay_tag in self._seen

    def __len__(self) -> int:
        return len(self._seen)
