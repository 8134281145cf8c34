"""`sphinxcore bench`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

import sphinxcore as sx
from sphinxcore.cli import machine, rounds, work
from sphinxcore.cli.backends import chosen_backends
from sphinxcore.cli.rounds import Run, Timed
from sphinxcore.cli.screen import Screen
from sphinxcore.packet import REGULAR_PAYLOAD_SIZE

BATCH = 64
HOP_BATCHES = (1, 8, BATCH, 1024)
BASELINES = ("portable", "python")


@dataclass(frozen=True, slots=True)
class Effort:
    """How many rounds, and seconds of each contender in each of them."""

    rounds: int
    seconds: float


FULL = Effort(15, 0.1)
QUICK = Effort(5, 0.02)


@dataclass(frozen=True, slots=True)
class Operation:
    """What is timed, how many rows at once, and how by each backend."""

    name: str
    batch: int
    contenders: dict[str, Timed]


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds: seconds, not a minute.")
@click.option(
    "--backend",
    metavar="NAME",
    help="This one and those it is compared with. Default: SPHINXCORE_BACKEND, else all.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document, and nothing else.")
@click.pass_context
def bench(context: click.Context, quick: bool, backend: str | None, as_json: bool) -> None:
    """Compare the speed of the backends on this CPU.

    One thread and regular packets. The backends take turns in every round, their outputs are
    compared first, and a ratio is the median of the rounds' ratios. A fixed piece of work is timed
    before and after each round, and rounds in which the machine was slower or faster than usual
    do not count. Exits with 1 if no round of some operation counts.
    """
    effort = QUICK if quick else FULL
    chosen = chosen_backends(backend)
    names = [name for name in sx.available_backends() if name in (*chosen, *BASELINES)]
    screen = Screen(quiet=as_json)
    screen.line(
        f"sphinxcore {sx.__version__}, {machine.python_version()}, {machine.cpu_model()} "
        f"({machine.cpu_count()} usable)"
    )
    runs = []
    operations = _operations(names)
    with screen.progress("measuring", len(operations)) as advance:
        for make in operations:
            operation = make()
            run = rounds.run(operation.contenders, effort.rounds, effort.seconds)
            runs.append((operation, run))
            advance(1)
    if as_json:
        click.echo(json.dumps(_document(effort, runs), indent=2))
    else:
        _show(runs, screen)
    if not all(any(run.kept) for _, run in runs):
        context.exit(1)


def _operations(backends: list[str]) -> list[Callable[[], Operation]]:
    """Each is made when its turn comes."""
    return [
        *(partial(_process, "forward hop", batch, work.HOPS, backends) for batch in HOP_BATCHES),
        partial(_process, "final hop", BATCH, 1, backends),
        partial(_build_packets, backends),
        partial(_use_surbs, backends),
        partial(_x25519, backends),
    ]


def _process(name: str, batch: int, hops: int, backends: list[str]) -> Operation:
    key = sx.PrivateKey.generate()
    packets = work.packets(key, batch, hops=hops)

    def processing(backend: str) -> Callable[[], sx.BatchResult]:
        processor = sx.Processor(key, backend=backend)
        return lambda: processor.process(packets)

    calls = {backend: processing(backend) for backend in backends}
    _compare(name, {backend: call().buffer.tobytes() for backend, call in calls.items()})
    return Operation(name, batch, _repeated(calls, batch))


def _build_packets(backends: list[str]) -> Operation:
    routes, messages = _letters()

    def building(backend: str) -> Callable[[], object]:
        return lambda: sx.build_packets(
            routes, messages, destination=work.DESTINATION, backend=backend
        )

    calls = {backend: building(backend) for backend in backends}
    return Operation("build_packets", BATCH, _repeated(calls, BATCH))


def _use_surbs(backends: list[str]) -> Operation:
    routes, messages = _letters()
    raw = [surb.to_bytes() for surb in sx.build_surbs(routes, destination=work.DESTINATION)]

    def parse() -> list[sx.Surb]:
        return [sx.Surb.from_bytes(one) for one in raw]

    def using(backend: str) -> Callable[[list[sx.Surb]], list[tuple[bytes, bytes]]]:
        return lambda surbs: sx.use_surbs(surbs, messages, backend=backend)

    calls = {backend: using(backend) for backend in backends}
    _compare("use_surbs", {backend: call(parse()) for backend, call in calls.items()})
    contenders = {backend: rounds.prepared(parse, call, BATCH) for backend, call in calls.items()}
    return Operation("use_surbs", BATCH, contenders)


def _x25519(backends: list[str]) -> Operation:
    scalars, points = (work.rows(BATCH, sx.NYM.alpha_size) for _ in range(2))

    def multiplying(backend: str) -> Callable[[], Any]:
        return lambda: sx.batch.x25519(scalars, points, backend=backend)

    calls = {backend: multiplying(backend) for backend in backends}
    _compare("x25519", {backend: call().tobytes() for backend, call in calls.items()})
    return Operation("x25519", BATCH, _repeated(calls, BATCH))


def _letters() -> tuple[list[list[sx.Hop]], list[bytes]]:
    """Routes and messages of one batch."""
    routes = [work.route(sx.PrivateKey.generate()) for _ in range(BATCH)]
    return routes, [work.MESSAGE] * BATCH


def _repeated(calls: Mapping[str, Callable[[], object]], batch: int) -> dict[str, Timed]:
    return {
        backend: rounds.repeated(call, batch, calls=-(-BATCH // batch))
        for backend, call in calls.items()
    }


def _compare(name: str, outputs: Mapping[str, object]) -> None:
    """Raise SphinxError unless all backends give the same."""
    (first, expected), *others = outputs.items()
    for backend, output in others:
        if output != expected:
            raise sx.SphinxError(f"{name}: backends {first} and {backend} give different outputs")


def _show(runs: list[tuple[Operation, Run]], screen: Screen) -> None:
    screen.heading(
        f"Packets of {sx.NYM.packet_size(REGULAR_PAYLOAD_SIZE):,} bytes, version "
        f"{sx.NYM.default_version}, {work.HOPS} hops; one thread; us each"
    )
    baselines = [name for name in BASELINES if name in runs[0][0].contenders]
    rows = []
    for operation, run in runs:
        title = f"{operation.name}, batch {operation.batch}"
        for backend in operation.contenders:
            figures = ["-"] * (2 + len(baselines))
            if any(run.kept):
                ns = run.median(backend)
                ratios = (run.speedup(backend, other) for other in baselines)
                figures = [f"{ns / 1e3:.2f}", f"{1e9 / ns:,.0f}", *(f"{x:.2f}" for x in ratios)]
            rows.append([title, backend, *figures])
            title = ""
    head = ["", "backend", "us", "per second", *(f"x {name}" for name in baselines)]
    screen.table(head, rows, names=2)
    screen.line()
    for operation, run in runs:
        if run.noisy:
            screen.line(f"{operation.name}, batch {operation.batch}: {run.verdict}", "yellow")
    kept = [one for _, run in runs for one in run.kept]
    screen.line(f"{sum(kept)} of {len(kept)} rounds were quiet; the others do not count.")


def _document(effort: Effort, runs: list[tuple[Operation, Run]]) -> dict[str, Any]:
    """What --json prints."""
    return {
        "version": sx.__version__,
        "python": machine.python_version(),
        "cpu": {"model": machine.cpu_model(), "count": machine.cpu_count()},
        "threads": 1,
        "packet_size": sx.NYM.packet_size(REGULAR_PAYLOAD_SIZE),
        "packet_version": sx.NYM.default_version,
        "hops": work.HOPS,
        "rounds": effort.rounds,
        "seconds_per_turn": effort.seconds,
        "operations": [
            {
                "name": operation.name,
                "batch": operation.batch,
                "rounds_kept": sum(run.kept),
                "noisy": run.noisy,
                "backends": [_describe(backend, run) for backend in operation.contenders],
            }
            for operation, run in runs
        ],
    }


def _describe(backend: str, run: Run) -> dict[str, Any]:
    """Figures of one row, null where no round counts."""
    measured = any(run.kept)
    median = run.median(backend)
    return {
        "name": backend,
        "us": median / 1e3 if measured else None,
        "per_second": 1e9 / median if measured else None,
        "times_as_fast_as": {
            other: run.speedup(backend, other) if measured else None
            for other in BASELINES
            if other in run.rounds[0].ns
        },
    }
