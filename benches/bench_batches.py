"""Packets per second of Processor.process by batch size, for every backend.

Forward packets of the version that clients send, reusing one result. The `python` backend, which
computes packets one by one, is left out unless --backend asks for it.
"""

import sys

import _cpu
import _rounds
import _work
from _report import TROUBLE, Report
from _rounds import Run, Timed

import sphinxcore as sx

BATCHES = (1, 2, 4, 8, 16, 64, 256, 1024, 4096)
SHORTEST = 64
"""Packets between two looks at the clock, at least."""


def processing(backend: str, key: sx.PrivateKey, packets: object, n: int) -> Timed:
    """process(packets, out=result)."""
    processor = sx.Processor(key, backend=backend)
    result = processor.process(packets)
    return _rounds.repeated(
        lambda: processor.process(packets, out=result), n, calls=-(-SHORTEST // n)
    )


def table(runs: dict[int, Run], backends: tuple[str, ...]) -> str:
    """Thousands of packets per second and microseconds per packet."""
    lines = [
        f"\nforward hop, version {sx.NYM.default_version}: thousand packets/s (us per packet)",
        f"  {'batch':>6}" + "".join(f"{name:>20}" for name in backends),
    ]
    for n, run in runs.items():
        cells = ""
        for name in backends:
            ns = run.median(name)
            cells += f"{1e6 / ns:>11.1f} {f'({ns / 1000:.2f})':>8}"
        lines.append(f"  {n:>6}{cells}  {run.verdict}")
    return "\n".join(lines)


def main() -> int:
    report = Report("batches", __doc__, rounds=15, seconds=0.1)
    if len(report.backends) > 1:
        report.backends = tuple(name for name in report.backends if name != "python")
    report.machine["core"] = _cpu.pin()
    key = sx.PrivateKey.generate()
    packets = _work.packets(key, max(BATCHES), sx.NYM.default_version)
    runs = {}
    try:
        for n in BATCHES:
            runs[n] = report.run(
                {name: processing(name, key, packets[:n], n) for name in report.backends}
            )
            report.add(f"process, batch {n}", runs[n], batch=n)
        print(table(runs, report.backends), flush=True)
        return report.finish()
    except OSError as error:
        print(error, file=sys.stderr)
        return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
