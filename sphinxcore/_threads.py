"""Sharing the rows of a batch among threads."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from itertools import pairwise

ALIGNMENT = 16
"""Shares begin at multiples of this: of the rows that any kernel computes side by side."""


def share(work: Callable[[int, int], None], n: int, threads: int, pool: Executor | None) -> None:
    """Call work(start, stop) for shares of range(n): one here, the others on the pool.

    The same n and threads give the same shares. Returns, or raises what a share raised, when none
    is at work any more.
    """
    if pool is None or n < threads * ALIGNMENT:
        work(0, n)
        return
    bounds = [n * i // threads // ALIGNMENT * ALIGNMENT for i in range(threads)] + [n]
    others: list[Future[None]] = []
    try:
        for limits in pairwise(bounds[1:]):
            others.append(pool.submit(work, *limits))  # fails where there is no thread to be had
        work(*bounds[:2])
    finally:
        wait(others)
    for other in others:
        other.result()
