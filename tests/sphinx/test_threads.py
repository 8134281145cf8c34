"""One object, many threads, the same answers."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from network import DESTINATION, bad_packets, key, packet, route

import sphinxcore as sx
from sphinxcore._threads import share

S = sx.Status
THREADS = 6
ROUNDS = 5


def together(work: Callable[[int], None]) -> None:
    """work(0), work(1), ... at the same time; the first failure is raised."""
    barrier = threading.Barrier(THREADS)
    failures: list[BaseException] = []

    def run(i: int) -> None:
        try:
            barrier.wait()
            work(i)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def batches() -> list[list[bytes]]:
    bad = list(bad_packets(packet()).values())
    return [
        [packet(1 + i % 3, b"%d %d" % (t, i), payload_size=64 + t) for i in range(40)] + bad
        for t in range(THREADS)
    ]


def test_one_processor(backend_name: str) -> None:
    sent = batches()
    expected = [list(sx.Processor(key(0), backend="python").process(batch)) for batch in sent]
    for shared_by in (1, 2):
        processor = sx.Processor(key(0), backend=backend_name, threads=shared_by)

        def work(t: int, processor: sx.Processor = processor) -> None:
            for _ in range(ROUNDS):
                assert list(processor.process(sent[t])) == expected[t]

        together(work)


def test_one_batch_is_unwrapped_once(backend_name: str) -> None:
    processor = sx.Processor(key(0), backend=backend_name)
    for _ in range(20):
        opened = processor.authenticate([packet(2)] * 3)
        outcomes: list[str] = []  # list.append is atomic, += of a Counter's value is not

        def work(
            _: int, opened: sx.AuthenticatedBatch = opened, outcomes: list[str] = outcomes
        ) -> None:
            try:
                rows = list(opened.unwrap())
            except sx.SphinxError:
                outcomes.append("refused")
            else:
                assert [row.status for row in rows] == [S.FORWARD] * 3
                outcomes.append("unwrapped")

        together(work)
        assert Counter(outcomes) == {"unwrapped": 1, "refused": THREADS - 1}


def test_a_replay_in_many_threads_is_caught(backend_name: str) -> None:
    processor = sx.Processor(key(0), backend=backend_name)
    seen = sx.ReplayFilter()
    sent = [packet(1, b"%d" % i) for i in range(30)]
    delivered: list[bytes] = []

    def work(t: int) -> None:
        opened = processor.authenticate(sent[t:] + sent[:t])
        for row in opened.unwrap(seen.add(opened)):
            assert row.status in (S.DELIVER, S.REPLAYED)
            if row.payload is not None:
                delivered.append(sx.recover_message(row.payload))

    together(work)
    assert sorted(delivered) == sorted(b"%d" % i for i in range(30))


def test_builders(backend_name: str) -> None:
    processor = sx.Processor(key(0), backend=backend_name)

    def work(t: int) -> None:
        messages = [b"%d %d" % (t, i) for i in range(20)]
        packets = sx.build_packets(
            [route(1)] * 20,
            messages,
            destination=DESTINATION,
            payload_size=100,
            backend=backend_name,
            threads=1 + t % 3,
        )
        result = processor.process(packets)
        assert [sx.recover_message(row.payload) for row in result] == messages

    together(work)


def test_many_batches_at_different_stages(backend_name: str) -> None:
    """Batches of one processor hold their own keys: the order of the second stages is free."""
    processor = sx.Processor(key(0), backend=backend_name)
    sent = batches()
    expected = [list(processor.process(batch)) for batch in sent]
    opened = [processor.authenticate(batch) for batch in sent]
    for t in reversed(range(THREADS)):
        assert list(opened[t].unwrap()) == expected[t]


class Unable(ThreadPoolExecutor):
    """Can start one thread. As the real one, it raises with the task in its queue."""

    submitted = 0

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        self.submitted += 1
        future = super().submit(*arguments, **options)
        if self.submitted > 1:
            raise RuntimeError("can't start new thread")
        return future


def test_what_no_thread_can_be_had_for_is_done_here() -> None:
    shares: list[tuple[int, int]] = []
    with Unable(1) as pool:
        share(lambda start, stop: shares.append((start, stop)), 300, 4, pool)
        assert sorted(shares) == [(0, 64), (64, 144), (144, 224), (224, 300)]
    assert len(shares) == 4  # a task that starts later finds nothing to do


def test_a_task_in_the_queue_holds_nothing() -> None:
    """Secrets are wiped with the batch, not when the pool finds the time."""

    class Batch:
        def work(self, start: int, stop: int) -> None:
            """Nothing to do."""

    batch, free = Batch(), threading.Event()
    gone = weakref.ref(batch)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(free.wait)
        share(batch.work, 64, 2, pool)
        del batch
        gc.collect()
        alive = gone() is not None
        free.set()
    assert not alive


def test_no_share_is_at_work_when_another_failed() -> None:
    """The caller wipes what the shares work on as soon as share() raises."""
    finished = Counter[int]()

    def work(start: int, _: int) -> None:
        if start == 0:
            raise ValueError("the first share")
        time.sleep(0.05)
        finished[start] += 1

    for pool in (Unable(1), ThreadPoolExecutor(3)):
        finished.clear()
        with pool, pytest.raises(ValueError, match="the first share"):
            try:
                share(work, 300, 4, pool)
            finally:
                assert finished == {64: 1, 144: 1, 224: 1}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such signals")
@pytest.mark.parametrize("delay_s", [0.02, *(i * 1e-4 for i in range(1, 40))])
def test_no_share_is_at_work_when_a_signal_handler_raises(delay_s: float) -> None:
    class TimeIsUpError(Exception):
        pass

    def handler(*_: object) -> None:
        if armed:
            raise TimeIsUpError

    armed = [True]
    begun, ended = Counter[int](), Counter[int]()

    def work(start: int, _: int) -> None:
        begun[start] += 1
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.05 if delay_s == 0.02 else 0.002)
        ended[start] += 1

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with ThreadPoolExecutor(3) as pool:
            all_started = threading.Barrier(
                4
            )  # Python itself does not stand it in a thread's start
            for _ in range(3):
                pool.submit(all_started.wait)
            all_started.wait()
            with suppress(TimeIsUpError):
                signal.setitimer(signal.ITIMER_REAL, delay_s)
                share(work, 64, 4, pool)
                armed.clear()
            seen = begun.copy(), ended.copy()
        assert seen == (begun, ended) and begun.total() - ended.total() <= 1  # its own, interrupted
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_what_failed_is_not_kept_by_its_error() -> None:
    class Batch:
        def work(self, start: int, stop: int) -> None:
            raise MemoryError

    batch = Batch()
    gone = weakref.ref(batch)
    gc.collect()
    gc.disable()
    try:
        with ThreadPoolExecutor(1) as pool:
            with pytest.raises(MemoryError) as caught:
                share(batch.work, 64, 2, pool)
            del batch, caught
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_threads_are_there_after_a_fork(backend_name: str) -> None:
    """In a process of its own: Python warns of forks of processes with threads."""
    program = f"""
import os, sys, threading, warnings
import sphinxcore as sx
key = sx.PrivateKey.generate()
hop = sx.Hop(bytes(32), key.public_key)
packets = sx.build_packets([[hop]] * 64, [b"a"] * 64, destination=bytes(32), payload_size=64)
node = sx.Processor(key, backend={backend_name!r}, threads=2)
node.process(packets)
warnings.simplefilter("ignore")
child = os.fork()
alone = threading.active_count() == 1
for _ in range(3):
    delivered = (node.process(packets).status == sx.Status.DELIVER).all()
good = delivered and threading.active_count() == 2 and (child > 0 or alone)
if child:
    good &= os.waitpid(child, 0)[1] == 0
    sys.exit(not good)
os._exit(not good)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
