"""Two threads against one: Processor.process of a big batch, wall clock, on all CPUs.

What two threads can give depends on the machine: its CPUs may be threads of one core, or share
their clock. So two processes are timed, too, with the very same work and with scalar work:
no threads give more than that.
"""

import multiprocessing
import sys
import time
from multiprocessing.pool import Pool

import _cpu
import _rounds
import _work
from _report import TROUBLE, Report
from _rounds import Run, Timed

import sphinxcore as sx

BATCH = 1024
THREADS = 2
PORTABLE_ROWS = 16
IDLE = 0.1
"""Busier than this before or after, and the machine's cores were not idle: no verdict."""

_work_of_process: dict[str, Timed] = {}


def processing(key: sx.PrivateKey, packets: object, backend: str, threads: int) -> Timed:
    """process() by that many threads."""
    processor = sx.Processor(key, backend=backend, threads=threads)
    result = processor.process(packets)
    return _rounds.repeated(
        lambda: processor.process(packets, out=result), BATCH, clock=time.perf_counter_ns
    )


def scalar() -> Timed:
    """X25519 of the `portable` backend, or of `python` where that is all: no vectors."""
    backend = "portable" if "portable" in sx.available_backends() else "python"
    scalars, points = _work.rows(PORTABLE_ROWS, 32), _work.rows(PORTABLE_ROWS, 32)
    return _rounds.repeated(
        lambda: sx.batch.x25519(scalars, points, backend=backend),
        PORTABLE_ROWS,
        clock=time.perf_counter_ns,
    )


def in_processes(pool: Pool, what: str) -> Timed:
    """The same work in two processes at once: operations of both, time of the longer."""

    def timed(seconds: float) -> tuple[int, int]:
        done = pool.starmap(_run_here, [(what, seconds)] * THREADS, chunksize=1)
        return sum(operations for operations, _ in done), max(ns for _, ns in done)

    return timed


def _run_here(what: str, seconds: float) -> tuple[int, int]:
    return _work_of_process[what](seconds)


def table(backend: str, run: Run) -> str:
    """As text."""
    lines = [
        f"\n{THREADS} threads against 1, {backend}, batch {BATCH}, wall clock ({run.verdict})",
        f"  {'':<34}{'us':>9}{'x one':>8}",
    ]
    for name in run.rounds[0].ns:
        one = f"1 {name.split(maxsplit=1)[1]}"
        one = one.replace("threads", "thread").replace("processes", "process")
        lines.append(f"  {name:<34}{run.median(name) / 1000:>9.2f}{run.speedup(name, one):>8.2f}")
    return "\n".join(lines)


def main() -> int:
    report = Report("threads", __doc__, rounds=15, seconds=0.2)
    cpus = _cpu.allowed()
    report.machine["cpus"] = cpus
    report.machine["threadSiblings"] = {str(cpu): _cpu.siblings(cpu) for cpu in cpus}
    report.machine["guest"] = _cpu.is_guest()
    print(_about(cpus))
    if len(cpus) < THREADS:
        print(f"{THREADS} CPUs are needed", file=sys.stderr)
        return TROUBLE
    busy = [_cpu.busy_share()]
    backend = report.backends[0]
    key = sx.PrivateKey.generate()
    packets = _work.packets(key, BATCH, sx.NYM.default_version)
    _work_of_process["process()"] = processing(key, packets, backend, 1)
    _work_of_process["scalar"] = scalar()
    # Forked before there are threads.
    with multiprocessing.get_context("fork").Pool(THREADS) as pool:
        run = report.run(
            {
                "1 thread": _work_of_process["process()"],
                f"{THREADS} threads": processing(key, packets, backend, THREADS),
                "1 process, scalar": _work_of_process["scalar"],
                f"{THREADS} processes, scalar": in_processes(pool, "scalar"),
                "1 process, process()": _work_of_process["process()"],
                f"{THREADS} processes, process()": in_processes(pool, "process()"),
            }
        )
    report.add(f"process, {THREADS} threads, batch {BATCH}", run, ["1 thread"], backend=backend)
    print(table(backend, run), flush=True)
    busy.append(_cpu.busy_share())
    report.machine["busyBeforeAndAfter"] = busy
    reached = run.speedup(f"{THREADS} threads", "1 thread")
    if any(share is None or share > IDLE for share in busy):
        print(f"  the cores were not idle: share busy before and after: {busy}")
        reached = float("nan")
    report.judge(f"{THREADS} threads against 1", "2 threads", backend, reached)
    return report.finish()


def _about(cpus: list[int]) -> str:
    cores = {_cpu.siblings(cpu) for cpu in cpus}
    if None in cores:
        return "this system does not say which CPUs share a core"
    text = f"{len(cpus)} CPUs on {len(cores)} cores, says the system"
    if len(cores) < len(cpus):
        return f"{text}: siblings of one core share its multipliers, two threads cannot give twice"
    if _cpu.is_guest():
        return f"{text}; in a guest that may not be so: look at what two processes give"
    return text


if __name__ == "__main__":
    sys.exit(main())
