"""Time this library's backends and sphinx-packet side by side, in one run on one core.

Regular packets of the Nym network are given to each of them in turn; what comes out is compared
first. The crate leaves its outputs in its own types, the library writes them as bytes. Without
cargo the crate is left out, by name. Exit code: 1 if there are no figures for an operation because
every round was noise, 2 trouble.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import _cpu
import _native
import _peer
import _rounds
import _work
from _peer import Peer, PeerError
from _report import TROUBLE, Report
from _rounds import Run, Timed

import sphinxcore as sx
from sphinxcore.batch import LIONESS_KEY_SIZE
from sphinxcore.packet import REGULAR_PAYLOAD_SIZE

BATCH = 64
VERSION = sx.NYM.default_version


@dataclass(frozen=True, slots=True)
class Operation:
    """What is timed, by whom, and as what the goals know it."""

    name: str
    goal: str
    contenders: dict[str, Timed]


def operations(peers: dict[str, Peer], backends: tuple[str, ...]) -> Iterator[Operation]:
    """What nodes do, what senders do, and the part that both spend much of their time in."""
    for version in _work.VERSIONS:
        name = f"forward hop, version {version}"
        yield _process(name, "forward hop", peers, backends, version)
    yield _process("final hop", "final hop", peers, backends, VERSION, hops=1)
    yield _process("single packet", "single packet", peers, backends, VERSION, batch=1)
    yield _build(peers, backends)
    yield _use_surbs(peers, backends)
    yield from _lioness(peers, backends)


def _process(
    name: str,
    goal: str,
    peers: dict[str, Peer],
    backends: tuple[str, ...],
    version: int,
    *,
    hops: int = _work.HOPS,
    batch: int = BATCH,
) -> Operation:
    key = sx.PrivateKey.generate()
    packets = _work.packets(key, batch, version, hops)
    loaded = name.replace(" ", "_")
    processors = {backend: sx.Processor(key, backend=backend) for backend in backends}
    outputs = {
        backend: _sha256(processor.process(packets).packets.tobytes())
        for backend, processor in processors.items()
    }
    for crate, peer in peers.items():
        outputs[crate] = peer.load(loaded, key.to_bytes(), (row.tobytes() for row in packets))
    _check(name, outputs)
    contenders = {
        backend: _rounds.repeated(_calling(processor.process, packets), batch, calls=BATCH // batch)
        for backend, processor in processors.items()
    }
    return Operation(name, goal, contenders | _timed(peers, f"process {loaded}"))


def _build(peers: dict[str, Peer], backends: tuple[str, ...]) -> Operation:
    routes = [_work.route(sx.PrivateKey.generate()) for _ in range(BATCH)]
    messages = [_work.MESSAGE] * BATCH

    def build(backend: str) -> None:
        sx.build_packets(
            routes, messages, destination=_work.DESTINATION, version=VERSION, backend=backend
        )

    contenders = {name: _rounds.repeated(_calling(build, name), BATCH) for name in backends}
    request = f"build {VERSION} {_work.HOPS} {REGULAR_PAYLOAD_SIZE}"
    return Operation(
        f"build_packets, {_work.HOPS} hops", "build_packets", contenders | _timed(peers, request)
    )


def _use_surbs(peers: dict[str, Peer], backends: tuple[str, ...]) -> Operation:
    routes = [_work.route(sx.PrivateKey.generate()) for _ in range(BATCH)]
    surbs = sx.build_surbs(routes, destination=_work.DESTINATION, version=VERSION)
    raw = [surb.to_bytes() for surb in surbs]
    messages = [_work.MESSAGE] * BATCH

    def parse() -> list[sx.Surb]:
        return [sx.Surb.from_bytes(one) for one in raw]

    def use(backend: str) -> Callable[[list[sx.Surb]], list[tuple[bytes, bytes]]]:
        return lambda parsed: sx.use_surbs(parsed, messages, backend=backend)

    outputs = {
        name: _sha256(b"".join(packet for packet, _ in use(name)(parse()))) for name in backends
    }
    for crate, peer in peers.items():
        outputs[crate] = peer.load_surbs("surbs", REGULAR_PAYLOAD_SIZE, _work.MESSAGE, raw)
    _check("use_surbs", outputs)
    contenders = {name: _rounds.prepared(parse, use(name), BATCH) for name in backends}
    return Operation(
        f"use_surbs, {_work.HOPS} hops", "use_surbs", contenders | _timed(peers, "use-surbs surbs")
    )


def _lioness(peers: dict[str, Peer], backends: tuple[str, ...]) -> Iterator[Operation]:
    keys, blocks = _work.rows(BATCH, LIONESS_KEY_SIZE), _work.rows(BATCH, REGULAR_PAYLOAD_SIZE)
    raw = [row.tobytes() for row in keys], [row.tobytes() for row in blocks]
    outputs = {
        name: _sha256(sx.batch.lioness_encrypt(keys, blocks, backend=name).tobytes())
        for name in backends
    }
    for crate, peer in peers.items():
        outputs[crate] = peer.load_blocks("blocks", *raw)
    _check("LIONESS", outputs)
    for name, function in (
        ("encrypt", sx.batch.lioness_encrypt),
        ("decrypt", sx.batch.lioness_decrypt),
    ):
        contenders = {
            backend: _rounds.repeated(_calling(function, keys, blocks, backend=backend), BATCH)
            for backend in backends
        }
        yield Operation(
            f"LIONESS {name}, {REGULAR_PAYLOAD_SIZE} bytes",
            "LIONESS",
            contenders | _timed(peers, f"{name} blocks"),
        )


def _calling(function: Callable[..., Any], *arguments: Any, **named: Any) -> Callable[[], Any]:
    return lambda: function(*arguments, **named)


def _timed(peers: dict[str, Peer], request: str) -> dict[str, Timed]:
    def timed(peer: Peer) -> Timed:
        return lambda seconds: peer.timed(request, seconds)

    return {name: timed(peer) for name, peer in peers.items()}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _check(name: str, outputs: dict[str, str]) -> None:
    if len(set(outputs.values())) > 1:
        raise PeerError(f"{name}: what comes out differs: {outputs}")


def table(operation: Operation, run: Run, baselines: list[str], judged: list[Any]) -> str:
    """The operation as text."""
    titles = "".join(f"  x {other}" for other in baselines)
    lines = [
        f"\n{operation.name} ({run.verdict})",
        f"  {'':<28}{'min us':>9}{'median us':>11}{titles}{'required':>10}{'aim':>6}",
    ]
    goals = {one["contender"]: one for one in judged}
    for contender, row in _rounds.summary(run, baselines).items():
        ratios = "".join(f"{row['timesAsFastAs'][o]:>{len(o) + 4}.2f}" for o in baselines)
        goal = goals.get(contender)
        wanted = f"{goal['required']:>10g}{goal['aim']:>6g}" if goal else ""
        times = f"{row['minNs'] / 1000:>9.2f}{row['medianNs'] / 1000:>11.2f}"
        lines.append(f"  {contender:<28}{times}{ratios}{wanted}")
    return "\n".join(lines)


def main() -> int:
    report = Report("peers", __doc__, seconds=0.15)
    programs = {}
    for name in _peer.BUILDS:
        try:
            programs[name] = _peer.build(name)
        except PeerError as error:
            report.lacks(name, error)
    report.machine["core"] = _cpu.pin()  # the peers inherit it
    report.machine["batch"] = BATCH
    if programs:
        report.machine["peer"] = {"crate": _peer.CRATE, "rustc": _peer.rustc()}
    baselines = [*programs, *(name for name in ("python",) if name in report.backends)]
    try:
        with _peer.running(programs) as peers:
            for operation in operations(peers, report.backends):
                run = report.run(operation.contenders)
                report.add(operation.name, run, baselines)
                judged = []
                if _peer.CRATE in peers:
                    for backend in report.backends:
                        reached = run.speedup(backend, _peer.CRATE)
                        judged += report.judge(operation.name, operation.goal, backend, reached)
                print(table(operation, run, baselines, judged), flush=True)
        return report.finish()
    except (PeerError, _native.NativeError, OSError) as error:
        print(error, file=sys.stderr)
        return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
