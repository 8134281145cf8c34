"""Sharing the rows of a batch among threads."""

from collections.abc import Callable
from concurrent.futures import Executor, wait
from itertools import pairwise


def share(work: Callable[[int, int], None], n: int, threads: int, pool: Executor | None) -> None:
    """Call work(start, stop) for shares of range(n): one here, the others on the pool.

    Returns, or raises what a share raised, when none is at work any more.
    """
    if pool is None or n < 2 * threads:
        work(0, n)
        return
    bounds = [n * i // threads for i in range(threads + 1)]
    others = [pool.submit(work, *limits) for limits in pairwise(bounds[1:])]
    try:
        work(*bounds[:2])
    finally:
        wait(others)
    for other in others:
        other.result()
