"""`sphinxcore demo`."""

import json
from pathlib import Path
from typing import Any

import click

import sphinxcore as sx
from sphinxcore.cli import machine, peers
from sphinxcore.cli.backends import chosen_backends
from sphinxcore.cli.mixnet import GATEWAYS, HOPS, MEAN_DELAY_NS, MIX_LAYERS, NODES_PER_LAYER
from sphinxcore.cli.screen import Screen
from sphinxcore.cli.traffic import PACKET_SIZE, VERSION
from sphinxcore.cli.trial import Plan, Trial, run_trial

NO_PEERS = """\
Not compared: the peers' packets are not here, an installed package does not have them.
  They are in vectors/peers of the source repository: run the demo there (make run),
  or name that directory with --peer-vectors."""
SHOWN_FAILURES = 5


@click.command()
@click.option("--backend", metavar="NAME", help="Default: SPHINXCORE_BACKEND, else all.")
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="How many threads share a batch.",
)
@click.option(
    "--packets",
    type=click.IntRange(1, 100_000),
    default=10_000,
    show_default=True,
    help="How many packets to send through the mixnet.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 65_536),
    default=256,
    show_default=True,
    help="Up to how many packets a node processes at once.",
)
@click.option(
    "--peer-vectors",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Packets of other implementations. Default: vectors/peers of the source repository.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document, and nothing else.")
@click.pass_context
def demo(
    context: click.Context,
    backend: str | None,
    threads: int,
    packets: int,
    batch_size: int,
    peer_vectors: Path | None,
    as_json: bool,
) -> None:
    """Process the peers' packets, then run a mixnet and measure it.

    Compares this library with packets that the Rust crates made. Then sends packets through four
    hops, answers some through SURBs, replays some and damages some, and checks what becomes of
    every one. Exits with 1 if anything is not as it should be.
    """
    backends = chosen_backends(backend)
    vectors = None
    if peer_vectors is not None or peers.DIRECTORY.is_dir():
        vectors = peers.read_vectors(peer_vectors or peers.DIRECTORY)
    plan = Plan(packets, threads, batch_size)
    screen = Screen(quiet=as_json)
    screen.line(
        f"sphinxcore {sx.__version__}, {machine.python_version()}, {machine.cpu_model()} "
        f"({machine.cpu_count()} usable)"
    )
    agreements = _compare_with_peers(screen, vectors, backends)
    trials = _run_mixnet(screen, plan, backends)
    passed = all(trial.passed for trial in trials.values()) and not any(
        agreement.differences for agreement in agreements.values()
    )
    if as_json:
        document = _document(plan, vectors, agreements, trials, passed)
        click.echo(json.dumps(document, indent=2))
    elif passed:
        screen.line("All checks passed.", "green")
    else:
        screen.line("Some checks failed: see the lines with FAILED.", "bold red")
    if not passed:
        context.exit(1)


def _compare_with_peers(
    screen: Screen, vectors: peers.PeerVectors | None, backends: list[str]
) -> dict[str, peers.Agreement]:
    screen.line()
    if vectors is None:
        screen.line(NO_PEERS)
        return {}
    screen.heading(f"Packets made by {' and '.join(vectors.sources)}")
    agreements = {}
    for name in backends:
        agreements[name] = agreement = peers.compare(vectors, name)
        screen.check(
            agreement.agree == agreement.compared,
            f"{_of(agreement.agree, agreement.compared)} agree in every byte",
            name,
        )
        screen.check(
            agreement.refused == agreement.to_refuse,
            f"{_of(agreement.refused, agreement.to_refuse)} alphas of low order refused "
            "(the peers take them)",
        )
        _show_failures(screen, agreement.differences)
    for flag, count in vectors.left_out.items():
        screen.line(f"  {count} left out: {peers.LEFT_OUT[flag]}", "dim")
    return agreements


def _run_mixnet(screen: Screen, plan: Plan, backends: list[str]) -> dict[str, Trial]:
    screen.line()
    screen.heading(
        f"{plan.packets:,} packets of {PACKET_SIZE:,} bytes, version {VERSION}, through {HOPS} hops"
    )
    screen.line(
        f"  {MIX_LAYERS} layers of {NODES_PER_LAYER} mix nodes, {GATEWAYS} gateways, a replay "
        "filter at each",
        "dim",
    )
    trials = {}
    for name in backends:
        with screen.progress(name, plan.steps) as advance:
            trials[name] = trial = run_trial(name, plan, advance)
        label = name
        for check in trial.checks:
            screen.check(
                not check.failures, f"{_of(check.passed, check.total)} {check.claim}", label
            )
            _show_failures(screen, check.failures)
            label = ""
    screen.line()
    threads = "1 thread" if plan.threads == 1 else f"{plan.threads} threads"
    screen.heading(
        f"Packets per second on {machine.cpu_model()}, {threads}, batches of {plan.batch_size}"
    )
    screen.table(
        ["backend", "build", *(f"hop {i + 1}" for i in range(HOPS))],
        [
            [name, *(f"{rate:,.0f}" for rate in (trial.build_rate, *trial.hop_rates))]
            for name, trial in trials.items()
        ],
    )
    mean_ms = sum(trial.mean_delay_ns for trial in trials.values()) / len(trials) / 1e6
    screen.line(
        "  Delays are simulated, not slept: exponential, "
        f"{MEAN_DELAY_NS / 1e6:.0f} ms a node, {mean_ms:.1f} ms in all",
        "dim",
    )
    screen.line()
    return trials


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}"


def _show_failures(screen: Screen, failures: list[str]) -> None:
    for failure in failures[:SHOWN_FAILURES]:
        screen.line(f"    {failure}", "red")
    if len(failures) > SHOWN_FAILURES:
        screen.line(f"    and {len(failures) - SHOWN_FAILURES:,} more", "red")


def _document(
    plan: Plan,
    vectors: peers.PeerVectors | None,
    agreements: dict[str, peers.Agreement],
    trials: dict[str, Trial],
    passed: bool,
) -> dict[str, Any]:
    """What --json prints."""
    return {
        "version": sx.__version__,
        "python": machine.python_version(),
        "cpu": {"model": machine.cpu_model(), "count": machine.cpu_count()},
        "mixnet": {
            "packets": plan.packets,
            "packet_size": PACKET_SIZE,
            "packet_version": VERSION,
            "hops": HOPS,
            "threads": plan.threads,
            "batch_size": plan.batch_size,
            "delays": "simulated",
            "mean_delay_ns_per_mix_node": MEAN_DELAY_NS,
        },
        "peers": None
        if vectors is None
        else {"sources": vectors.sources, "left_out": dict(vectors.left_out)},
        "backends": [
            {
                "name": name,
                "peers": _describe_agreement(agreements[name]) if name in agreements else None,
                "build_packets_per_second": trial.build_rate,
                "hop_packets_per_second": trial.hop_rates,
                "mean_delay_ns_per_packet": trial.mean_delay_ns,
                "checks": {
                    check.name: {
                        "passed": check.passed,
                        "total": check.total,
                        "failures": check.failures,
                    }
                    for check in trial.checks
                },
            }
            for name, trial in trials.items()
        ],
        "passed": passed,
    }


def _describe_agreement(agreement: peers.Agreement) -> dict[str, Any]:
    return {
        "agree": agreement.agree,
        "compared": agreement.compared,
        "refused": agreement.refused,
        "to_refuse": agreement.to_refuse,
        "differences": agreement.differences,
    }
