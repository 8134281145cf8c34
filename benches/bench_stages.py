"""Where the time of a hop goes: microseconds and core cycles per packet, stage by stage.

The stages of a batch of forward packets are computed one by one through the backend's own methods;
that they give what process() gives is checked first. `glue` is what process() takes beyond them:
parsing, copies, columns, Python. Each stage costs a call that process() does not make: the same
calls with no rows are timed, too, and taken off. That is right only if the hop computes what its
stages do: the time that process() spends in the backend is measured as well, and where the stages
alone take longer than that, as they do if the hop shares work between its two multiplications, the
sum says nothing and there is no verdict on glue. Cycles are times over that of a dependent addition
in the same round. The X25519 of the IFMA kernel is also compared with the CPU's peak of vpmadd52.
"""

import resource
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import _counting
import _cpu
import _native
import _rounds
import _work
import numpy as np
from _report import TROUBLE, Report
from _rounds import Run, Timed

import sphinxcore as sx
from sphinxcore.batch import LIONESS_KEY_SIZE

BATCH = 64
CYCLE = "cycle"
MADD = "vpmadd52"
PROCESS = "process()"
PROCESS_OUT = "process(out=)"
EMPTY = "calls"
IN_BACKEND = "in the backend"
OUTSIDE = "outside: Python"
ONCE = "X25519, once"
"""Not a stage: what the multipliers' share is computed of."""
FAULT_SECONDS = 0.02

STAGES = {
    "ECDH": ("X25519, twice",),
    "KDF + MAC": ("HKDF secrets", "HMAC header", "HKDF payload key"),
    "AES": ("AES-128-CTR",),
    "LIONESS": ("LIONESS",),
}
"""Stages, and the calls of a backend that each consists of."""

PARTS = {"ChaCha20 (of LIONESS)": 2, "BLAKE2b (of LIONESS)": 2}
"""What LIONESS consists of, and how often each occurs in it: shown, not summed."""

HIGHEST_USE = 105
"""Percent of the peak: what noise allows."""

Call = Callable[[], object]


class StageError(Exception):
    """The stages do not give what process() gives."""


def calls(backend: Any, key: sx.PrivateKey, packets: Any, version: int) -> dict[str, Call]:
    """The calls of STAGES and PARTS for these packets, as the hop makes them.

    Their outputs are arrays of their own, so that each can be repeated.
    """
    wire = sx.NYM
    n = len(packets)
    secret = {
        name: wire.secret_part(name)
        for name in ("stream_key", "mac_key", "payload_key", "blinding_factor")
    }
    node_key = np.broadcast_to(np.frombuffer(key.to_bytes(), np.uint8), (n, 32))
    mac_end = wire.alpha_size + wire.mac_size
    alphas = packets[:, : wire.alpha_size]
    routing = packets[:, mac_end : wire.header_size]
    payloads = packets[:, wire.header_size :]
    padded = np.concatenate([routing, np.zeros((n, wire.slot_size), np.uint8)], axis=1)
    zero_iv = np.zeros((n, 16), np.uint8)
    half = wire.alpha_size  # LIONESS keeps 32 bytes on the left
    shared, blinded = np.empty((n, 32), np.uint8), np.empty((n, 32), np.uint8)
    secrets = np.empty((n, wire.secret_size), np.uint8)
    tags = np.empty((n, 32), np.uint8)
    payload_keys = np.empty((n, LIONESS_KEY_SIZE), np.uint8)
    routing_out, payloads_out = np.empty_like(padded), np.empty_like(payloads)
    right_out, digests = np.empty_like(payloads[:, half:]), np.empty((n, half), np.uint8)
    stream_keys, stream_ivs, hash_keys = _work.rows(n, 32), _work.rows(n, 16), _work.rows(n, 64)

    made = {
        "X25519, twice": lambda: backend.x25519_twice(
            node_key, secrets[:, secret["blinding_factor"]], alphas, shared, blinded
        ),
        "HKDF secrets": lambda: backend.hkdf_sha256(b"", shared, wire.secret_info, secrets),
        "HMAC header": lambda: backend.hmac_sha256(secrets[:, secret["mac_key"]], routing, tags),
        "AES-128-CTR": lambda: backend.aes128_ctr(
            secrets[:, secret["stream_key"]], zero_iv, padded, routing_out
        ),
    }
    keys = secrets[:, secret["payload_key"]]
    if wire.uses_payload_seed(version):
        seeds = keys[:, : wire.payload_seed_size]
        keys = payload_keys
        made["HKDF payload key"] = lambda: backend.hkdf_sha256(
            wire.payload_key_salt, seeds, wire.payload_key_info, payload_keys
        )
    made["LIONESS"] = lambda: backend.lioness_decrypt(keys, payloads, payloads_out)
    made["ChaCha20 (of LIONESS)"] = lambda: backend.chacha20(
        stream_keys, stream_ivs, payloads[:, half:], right_out
    )
    made["BLAKE2b (of LIONESS)"] = lambda: backend.blake2b(hash_keys, payloads[:, half:], digests)

    once = np.empty_like(shared)
    made[ONCE] = lambda: backend.x25519(node_key, alphas, once)

    for call in [*made.values(), *made.values()]:  # blinding factors are there the second time
        call()
    if n:
        expected = sx.Processor(key, backend=backend.name).process(packets).packets
        computed = np.hstack([blinded, routing_out[:, wire.meta_size :], payloads_out])
        macs = packets[:, wire.alpha_size : mac_end]
        if (computed != expected).any() or (tags[:, : wire.mac_size] != macs).any():
            raise StageError(f"{backend.name}: the stages do not give what process() gives")
    return made


def contenders(backend: Any, version: int) -> dict[str, Timed]:
    """The whole hop, its stages, the calls alone, and the two clocks."""
    key = sx.PrivateKey.generate()
    packets = _work.packets(key, BATCH, version)
    processor = sx.Processor(key, backend=backend.name)
    result = processor.process(packets)
    stages = calls(backend, key, packets, version)
    empty = calls(backend, key, packets[:0], version)

    def make_empty_calls() -> None:
        for name, call in empty.items():
            if name in _kernel_calls():
                call()

    made = {
        PROCESS: _rounds.repeated(lambda: processor.process(packets), BATCH),
        IN_BACKEND: in_backend(key, packets, backend.name),
        PROCESS_OUT: _rounds.repeated(lambda: processor.process(packets, out=result), BATCH),
        EMPTY: _rounds.repeated(make_empty_calls, BATCH, calls=16),
        CYCLE: _native.cycles(),
    }
    if backend.kernels["x25519"] == "ifma":
        made[MADD] = _native.madds()
    return made | {name: _rounds.repeated(call, BATCH) for name, call in stages.items()}


def in_backend(key: sx.PrivateKey, packets: Any, backend: str) -> Timed:
    """The part of process() that the backend's two stages take, Python not included."""
    processor = sx.Processor(key, backend=backend)
    run, spent = processor._run, 0

    def run_timed(stage: Callable[[int, int], None], n: int) -> None:
        nonlocal spent
        start = time.thread_time_ns()
        run(stage, n)
        spent += time.thread_time_ns() - start

    processor._run = run_timed

    def timed(seconds: float) -> tuple[int, int]:
        nonlocal spent
        limit, done, spent = round(seconds * 1e9), 0, 0
        while True:
            processor.process(packets)
            done += len(packets)
            if spent >= limit:
                return done, spent

    return timed


def page_faults(timed: dict[str, Timed]) -> dict[str, float]:
    """Per call of process(), with and without a result to fill: of memory that is taken anew.

    Where a result goes depends on the heap, and so may differ between runs of a program.
    """
    found = {}
    for name in (PROCESS, PROCESS_OUT):
        timed[name](0)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        packets, _ = timed[name](FAULT_SECONDS)
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        found[name] = round(faults * BATCH / packets, 1)
    return found


def breakdown(run: Run) -> list[tuple[str, float, float]]:
    """(stage, nanoseconds, cycles) per packet: medians of the rounds that count."""

    def of_rounds(sum_of: Callable[[dict[str, float]], float]) -> tuple[float, float]:
        kept = [one.ns for one, keep in zip(run.rounds, run.kept, strict=True) if keep]
        return median(map(sum_of, kept)), median(sum_of(ns) / ns[CYCLE] for ns in kept)

    def glue(ns: dict[str, float]) -> float:
        return ns[PROCESS] - (sum(ns.get(name, 0) for name in _kernel_calls()) - ns[EMPTY])

    rows = [(PROCESS, *of_rounds(lambda ns: ns[PROCESS]))]
    for stage, names in STAGES.items():
        rows.append(
            (f"  {stage}", *of_rounds(lambda ns, names=names: sum(ns.get(x, 0) for x in names)))
        )
    for name, times in PARTS.items():
        of_part = of_rounds(lambda ns, name=name, times=times: times * ns[name])
        rows.append((f"    {times} {name}", *of_part))
    rows.append(("  glue", *of_rounds(glue)))
    rows.append((IN_BACKEND, *of_rounds(lambda ns: ns[IN_BACKEND])))
    rows.append((OUTSIDE, *of_rounds(lambda ns: ns[PROCESS] - ns[IN_BACKEND])))
    rows.append((PROCESS_OUT, *of_rounds(lambda ns: ns[PROCESS_OUT])))
    rows.append((f"empty {EMPTY}, taken off", *of_rounds(lambda ns: ns[EMPTY])))
    return rows


def _kernel_calls() -> list[str]:
    return [name for names in STAGES.values() for name in names]


def multiplier_use(run: Run) -> dict[str, float]:
    """The X25519 of one packet against the peak of vpmadd52: counts per multiplication, percent."""
    backend = sx.backend("avx512")
    scalars, points = _work.rows(BATCH, 32), _work.rows(BATCH, 32)
    out = np.empty_like(points)
    counts = _counting.count(f"{BATCH} X25519", lambda: backend.x25519(scalars, points, out))
    per_operation = {kind: counts[kind] / BATCH for kind in _counting.KINDS}
    of_peak = {
        kinds: median(
            100 * issued * madd / own
            for madd, own in zip(run.times(MADD), run.times(ONCE), strict=True)
        )
        for kinds, issued in (
            ("vpmadd52Percent", per_operation["vpmadd52"]),
            ("withVpmullqPercent", per_operation["vpmadd52"] + per_operation["vpmullq"]),
        )
    }
    if of_peak["vpmadd52Percent"] > HIGHEST_USE:
        raise StageError(f"{of_peak['vpmadd52Percent']:.0f} % of the peak: it is none")
    return {**per_operation, **of_peak}


def table(name: str, run: Run) -> str:
    """The stages as text."""
    if not any(run.kept):
        return f"\n{name} ({run.verdict})"
    rows = breakdown(run)
    whole = rows[0][1]
    lines = [f"\n{name} ({run.verdict}; {1000 / run.median(CYCLE):.0f} MHz)"]
    lines.append(f"  {'us and cycles per packet':<34}{'us':>9}{'cycles':>9}{'share':>8}")
    for stage, ns, cycles in rows:
        lines.append(f"  {stage:<34}{ns / 1000:>9.3f}{cycles:>9.0f}{100 * ns / whole:>7.1f}%")
    return "\n".join(lines)


def main() -> int:
    report = Report("stages", __doc__, seconds=0.03)
    report.machine["core"] = _cpu.pin()
    report.machine["batch"] = BATCH
    try:
        for version in _work.VERSIONS:
            for backend in report.backends:
                name = f"forward hop, version {version}, {backend}"
                timed = contenders(sx.backend(backend), version)
                run = report.run(timed)
                print(table(name, run), flush=True)
                extra: dict[str, Any] = {}
                if any(run.kept):
                    rows = breakdown(run)
                    extra["stages"] = [
                        {"stage": stage.strip(), "ns": round(ns, 1), "cycles": round(cycles)}
                        for stage, ns, cycles in rows
                    ]
                    times = {stage.strip(): ns for stage, ns, _ in rows}
                    extra["pageFaultsPerCall"] = page_faults(timed)
                    print(f"  page faults per call: {extra['pageFaultsPerCall']}")
                    _judge_overhead(report, version, backend, times)
                    if MADD in run.rounds[0].ns:
                        extra["multipliers"] = _multipliers(report, version, run)
                report.add(name, run, **extra)
        return report.finish()
    except (StageError, _native.NativeError, OSError) as error:
        print(error, file=sys.stderr)
        return TROUBLE


def _judge_overhead(report: Report, version: int, backend: str, times: dict[str, float]) -> None:
    """Glue cannot be less than what is outside the backend: then the stages are too long."""
    overhead = 100 * times["glue"] / times[PROCESS]
    if times["glue"] < times[OUTSIDE]:
        outside = 100 * times[OUTSIDE] / times[PROCESS]
        print(f"  no verdict on glue, the stages are too long; Python alone takes {outside:.1f} %")
        overhead = float("nan")
    report.judge(f"version {version}: glue, %", "Python overhead", backend, overhead)


def _multipliers(report: Report, version: int, run: Run) -> dict[str, float] | None:
    try:
        use = multiplier_use(run)
    except _counting.CountError as error:
        report.lacks("vpmadd52 per X25519", error)
        return None
    print(
        f"  X25519: {use['all']:.0f} instructions, {use['vpmadd52']:.0f} vpmadd52, "
        f"{use['vpmullq']:.0f} vpmullq per multiplication;\n"
        f"  {run.median(CYCLE) / run.median(MADD):.2f} vpmadd52 per cycle at peak; issued / peak: "
        f"{use['vpmadd52Percent']:.1f} % vpmadd52, {use['withVpmullqPercent']:.1f} % with vpmullq",
        flush=True,
    )
    what = "vpmadd52 issued / peak"
    report.judge(f"version {version}: {what}, %", what, "avx512", use["vpmadd52Percent"])
    return {kind: round(value, 2) for kind, value in use.items()}


if __name__ == "__main__":
    sys.exit(main())
