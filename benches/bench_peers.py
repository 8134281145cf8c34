"""Time this library's backends and sphinx-packet side by side, in one run on one core.

A batch of regular packets of the Nym network is given to each of them in turn. The crate leaves its
outputs in its own types, the library writes them as bytes. Needs cargo. Exit code: 1 if there are
no figures for an operation because every round was noise, 2 trouble.
"""

import argparse
import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import _cpu
import _peer
import _rounds
from _peer import Peer, PeerError
from _rounds import Run, Timed

import sphinxcore as sx
from sphinxcore.packet import REGULAR_PAYLOAD_SIZE

RESULTS = Path(__file__).resolve().parent / "results"
BATCH = 64
HOPS = 4
MESSAGE = bytes([7]) * (REGULAR_PAYLOAD_SIZE - sx.NYM.payload_overhead)
BASELINES = ("python", _peer.NAME)
FEWEST_ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Operation:
    """What is timed, and by whom."""

    name: str
    contenders: dict[str, Timed]


def operations(peer: Peer, backends: tuple[str, ...]) -> Iterator[Operation]:
    """The first hop for both versions that are in use, the final hop, and building."""
    yield _process(peer, backends, 258, HOPS)
    yield _process(peer, backends, 259, HOPS)
    yield _process(peer, backends, 259, 1)
    contenders = {name: _building(name, 259) for name in backends}
    contenders[_peer.NAME] = lambda seconds: peer.build(259, HOPS, REGULAR_PAYLOAD_SIZE, seconds)
    yield Operation(f"build, {HOPS} hops, version 259", contenders)


def _process(peer: Peer, backends: tuple[str, ...], version: int, hops: int) -> Operation:
    key = sx.PrivateKey.generate()
    packets = sx.build_packets(
        [_route(key, hops)] * BATCH,
        [MESSAGE] * BATCH,
        destination=bytes(sx.NYM.address_size),
        version=version,
    )
    what = "final hop" if hops == 1 else "forward hop"
    name = f"{what}, version {version}"
    loaded = name.replace(" ", "_")
    digest = peer.load(loaded, key.to_bytes(), (row.tobytes() for row in packets))
    contenders = {}
    for backend in backends:
        processor = sx.Processor(key, backend=backend)
        outputs = processor.process(packets).packets
        if hashlib.sha256(outputs.tobytes()).hexdigest() != digest:
            raise PeerError(f"{name}: {backend} and {_peer.NAME} differ")
        contenders[backend] = _processing(processor, packets)
    contenders[_peer.NAME] = lambda seconds: peer.process(loaded, seconds)
    return Operation(name, contenders)


def _processing(processor: sx.Processor, packets: Any) -> Timed:
    return _rounds.repeated(lambda: processor.process(packets), len(packets))


def _building(backend: str, version: int) -> Timed:
    routes = [_route(sx.PrivateKey.generate(), HOPS) for _ in range(BATCH)]
    messages = [MESSAGE] * BATCH

    def build() -> None:
        sx.build_packets(
            routes,
            messages,
            destination=bytes(sx.NYM.address_size),
            version=version,
            backend=backend,
        )

    return _rounds.repeated(build, BATCH)


def _route(first: sx.PrivateKey, hops: int) -> list[sx.Hop]:
    keys = [first, *(sx.PrivateKey.generate() for _ in range(hops - 1))]
    return [sx.Hop(bytes(sx.NYM.address_size), key.public_key) for key in keys]


def summary(run: Run) -> dict[str, Any]:
    """Per contender: least and median nanoseconds per packet, and how it compares.

    Empty if every round was noise.
    """
    if not any(run.kept):
        return {}
    return {
        name: {
            "minNs": round(min(run.times(name))),
            "medianNs": round(median(run.times(name))),
            "timesAsFastAs": {other: round(run.speedup(name, other), 3) for other in BASELINES},
        }
        for name in run.rounds[0].ns
    }


def record(name: str, run: Run) -> dict[str, Any]:
    """The operation for the JSON: every round, and the summary."""
    rounds = [
        {
            "nsPerPacket": {contender: round(ns) for contender, ns in one.ns.items()},
            "referenceNs": one.reference_ns,
            "kept": kept,
        }
        for one, kept in zip(run.rounds, run.kept, strict=True)
    ]
    return {"operation": name, "noise": run.verdict, "summary": summary(run), "rounds": rounds}


def table(name: str, run: Run) -> str:
    """The operation as text."""
    titles = "".join(f"  x {other}" for other in BASELINES)
    lines = [f"{name} ({run.verdict})", f"  {'':<21}{'min ns':>9}{'median ns':>11}{titles}"]
    for contender, row in summary(run).items():
        ratios = "".join(f"{row['timesAsFastAs'][o]:>{len(o) + 4}.2f}" for o in BASELINES)
        lines.append(f"  {contender:<21}{row['minNs']:>9}{row['medianNs']:>11}{ratios}")
    return "\n".join(lines)


def machine(backends: tuple[str, ...], core: int | None) -> dict[str, Any]:
    """What the figures depend on."""
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=False)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu.facts(),
        "core": core,
        "python": platform.python_version(),
        "sphinxcore": sx.__version__,
        "backends": {name: dict(sx.backend(name).kernels) for name in backends},
        "peer": {"crate": _peer.NAME, "rustc": rustc.stdout.strip()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=21, help="at least 15; %(default)s")
    parser.add_argument("--seconds", type=float, default=0.15, help="per turn; %(default)s")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", type=Path, metavar="PATH", help="write all rounds there")
    output.add_argument("--save", action="store_true", help="write them to benches/results/<cpu>/")
    arguments = parser.parse_args()
    if arguments.rounds < FEWEST_ROUNDS:
        parser.error(f"--rounds must be at least {FEWEST_ROUNDS}")
    path = RESULTS / _cpu.folder_name() / "peers.json" if arguments.save else arguments.json
    backends = sx.available_backends()
    found = []
    try:
        _peer.build()
        core = _cpu.pin()  # the peer inherits it
        with Peer() as peer:
            for operation in operations(peer, backends):
                run = _rounds.run(operation.contenders, arguments.rounds, arguments.seconds)
                print(table(operation.name, run), flush=True)
                found.append(record(operation.name, run))
        if path is not None:
            document = {
                **machine(backends, core),
                "batch": BATCH,
                "payloadSize": REGULAR_PAYLOAD_SIZE,
                "clock": "CPU time of the thread",
                "operations": found,
            }
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document, indent=1) + "\n")
    except (PeerError, OSError) as error:
        print(f"bench_peers: {error}", file=sys.stderr)
        return 2
    return 0 if all(one["summary"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
