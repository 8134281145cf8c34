"""Sharing the rows of a batch among threads."""

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from itertools import pairwise
from threading import Lock
from time import sleep

ALIGNMENT = 16
"""Shares begin at multiples of this: of the rows that any kernel computes side by side."""


_POLL_S = 0.0005


class _Helper:
    """A thread that takes part."""

    __slots__ = ("at_work", "busy")

    def __init__(self) -> None:
        self.at_work = Lock()
        self.busy = True


def share(work: Callable[[int, int], None], n: int, threads: int, pool: Executor | None) -> None:
    """Call work(start, stop) for shares of range(n): here, and on as many threads as there can be.

    The same n and threads give the same shares. Returns, or raises what a share or a signal handler
    raised, when none is at work any more.
    """
    if pool is None or n < threads * ALIGNMENT:
        work(0, n)
        return
    bounds = [n * i // threads // ALIGNMENT * ALIGNMENT for i in range(threads)] + [n]
    # list.pop is atomic. Only what waits here holds `work`: a task may be at its end, or in the pool's
    # queue, when the batch is dropped.
    waiting = [(i, partial(work, *limits)) for i, limits in enumerate(pairwise(bounds))]
    errors: list[BaseException | None] = [None] * (threads + 1)
    helpers: list[_Helper] = []

    def do_what_waits() -> None:
        while waiting:
            try:
                i, piece = waiting.pop()
            except IndexError:
                return
            try:
                piece()
            except BaseException as error:
                errors[i] = error
            finally:
                del piece

    def help_out() -> None:
        helper = _Helper()
        with helper.at_work:
            helpers.append(helper)  # before anything is taken
            try:
                do_what_waits()
            finally:
                helper.busy = False

    try:
        # Without another thread its share is done here. A task that starts too late finds none: a
        # pool may run what it failed to submit.
        with suppress(RuntimeError, MemoryError):
            for _ in range(threads - 1):
                pool.submit(help_out)
        while waiting:
            with suppress(MemoryError):
                do_what_waits()
        for helper in helpers:
            with helper.at_work:
                pass
    except BaseException as error:
        errors[-1] = error
        waiting.clear()
        # Not with the locks: a signal handler may have raised when one was just acquired.
        while True:
            with suppress(BaseException):
                if not any(helper.busy for helper in helpers):
                    break
                sleep(_POLL_S)
    first = next((error for error in errors if error is not None), None)
    errors.clear()
    try:
        if first is not None:
            raise first
    finally:
        del first  # it holds this frame, which holds `work`
