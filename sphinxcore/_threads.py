"""Sharing the rows of a batch among threads."""

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from itertools import pairwise
from threading import Lock

ALIGNMENT = 16
"""Shares begin at multiples of this: of the rows that any kernel computes side by side."""


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
    helpers: list[Lock] = []

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
        at_work = Lock()
        with at_work:
            helpers.append(at_work)  # before anything is taken
            do_what_waits()

    def wait() -> None:
        for at_work in helpers:
            with at_work:  # can be done again, where a signal handler raises
                pass

    try:
        # Without another thread its share is done here. A task that starts too late finds none: a
        # pool may run what it failed to submit.
        with suppress(RuntimeError, MemoryError):
            for _ in range(threads - 1):
                pool.submit(help_out)
        while waiting:
            with suppress(MemoryError):
                do_what_waits()
        wait()
    except BaseException as error:
        errors[-1] = error
        waiting.clear()
        while True:
            try:
                wait()
                break
            except BaseException:
                continue
    first = next((error for error in errors if error is not None), None)
    errors.clear()
    try:
        if first is not None:
            raise first
    finally:
        del first  # it holds this frame, which holds `work`
