"""`credentials demo`."""

import json
from typing import Any

import click

import credentials as cr
from credentials.cli.screen import Screen
from credentials.cli.trial import AUTHORITIES, LIAR, THRESHOLD, Trial, run_trial

LABELS = {
    "deal keys": f"deal keys to {AUTHORITIES} authorities",
    "request": "request, 2 hidden and 2 disclosed",
    "sign": "sign, each authority",
    "aggregate": f"aggregate {THRESHOLD} answers and verify",
    "name the liar": f"name the liar among {THRESHOLD}",
    "present": "present, 1 disclosed, nullifier",
    "verify": "verify",
    "batch": "verify in a batch, each",
}
"""Operations in the order of the table. What arrives, arrives as bytes."""


@click.command()
@click.option(
    "--credentials",
    "count",
    type=click.IntRange(2, 10_000),
    default=20,
    show_default=True,
    help="How many to issue and show.",
)
@click.option("--backend", metavar="NAME", help="Default: SPHINXCORE_CURVE, else the best.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, and nothing else.")
@click.pass_context
def demo(context: click.Context, count: int, backend: str | None, as_json: bool) -> None:
    """Issue credentials although an authority lies, show each, and measure it.

    Exits with 1 if anything is not as it should be.
    """
    screen = Screen(quiet=as_json)
    name = cr.Parameters(1, b"demo", backend=backend).backend
    screen.line(
        f"{count} credentials of {THRESHOLD} of {AUTHORITIES} authorities, of which number {LIAR} "
        f"lies (backend {name})",
        "bold",
    )
    trial = run_trial(count, name)
    for check in trial.checks:
        screen.check(
            check.passed == check.total, f"{check.passed:,} of {check.total:,} {check.claim}"
        )
    screen.line()
    screen.table(["median of", "ms", "bytes"], _rows(trial))
    screen.line()
    if as_json:
        click.echo(json.dumps(_document(trial, count, name), indent=2))
    elif trial.passed:
        screen.line("All checks passed.", "green")
    else:
        screen.line("Some checks failed: see the lines with FAILED.", "bold red")
    if not trial.passed:
        context.exit(1)


def _rows(trial: Trial) -> list[list[str]]:
    """The table: an operation, its time, and the size of its message."""
    order = sorted(trial.seconds, key=lambda name: [*LABELS, name].index(name))
    return [
        [LABELS.get(name, name), f"{1000 * trial.median(name):.2f}", _size(trial, name)]
        for name in order
    ]


def _size(trial: Trial, name: str) -> str:
    return f"{trial.sizes[name]:,}" if name in trial.sizes else ""


def _document(trial: Trial, count: int, backend: str) -> dict[str, Any]:
    """What --json prints."""
    return {
        "backend": backend,
        "credentials": count,
        "threshold": THRESHOLD,
        "authorities": AUTHORITIES,
        "liar": LIAR,
        "checks": {
            check.name: {"passed": check.passed, "total": check.total} for check in trial.checks
        },
        "median_seconds": {name: trial.median(name) for name in trial.seconds},
        "bytes": trial.sizes,
        "passed": trial.passed,
    }
