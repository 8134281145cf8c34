"""The speed table of credentials/README.md."""

import _cpu_facts
from _goals import BARE, CREDENTIALS

from figures.results import Operation, Result
from figures.table import NOISY, us

CURVE = "operations of the curve"
BY_BACKEND = "verify one, by backend"
"""What bench_credentials.py calls these operations."""


def section(result: Result) -> str:
    """The tables of one CPU."""
    machine = result.machine
    against = [one for one in result.operations if CREDENTIALS in one.summary and _is_task(one)]
    lines = [
        f"One core of {_cpu_facts.title(machine['cpu'])}, Python {machine['python']}, "
        f"{result.date[:10]}: microseconds each, and in brackets how many times as fast "
        f"`{CREDENTIALS}` is.",
        "",
        f"| | crate | bare curve {BARE} | `{CREDENTIALS}` |",
        "| --- | ---: | ---: | ---: |",
        *map(_row, against),
    ]
    if any(one.noisy for one in against):
        lines += ["", NOISY]
    if by_backend := result.operation(BY_BACKEND):
        lines += ["", "| backend | library | verify one |", "| --- | --- | ---: |"]
        for name in by_backend.summary:
            library = machine["backends"][name]["library"]
            lines.append(f"| `{name}` | {library} | {us(by_backend.median(name))} |")
    if curve := result.operation(CURVE):
        names = list(curve.summary)
        lines += ["", "| " + " | ".join(f"`{name}`" for name in names) + " |"]
        lines.append("|" + " ---: |" * len(names))
        lines.append("| " + " | ".join(us(curve.median(name)) for name in names) + " |")
    if crossovers := result.document.get("crossovers"):
        lines += ["", f"Sums by windows win {'; '.join(map(_crossover, crossovers))}."]
    return "\n".join(lines)


def _is_task(operation: Operation) -> bool:
    """Whether others do the same work: calls that were noted on the way are none."""
    return "calls" not in operation.document


def _row(operation: Operation) -> str:
    own = operation.summary[CREDENTIALS]
    others = [name for name in operation.summary if name not in (CREDENTIALS, BARE)]
    cells = []
    for name in (others[0] if others else None, BARE):
        if name in operation.summary:
            cells.append(f"{us(operation.median(name))} ({own['timesAsFastAs'][name]:.1f}x)")
        else:
            cells.append("-")
    against = f" (crate: {others[0]})" if others else ""
    mark = " \\*" if operation.noisy else ""
    cells.append(us(operation.median(CREDENTIALS)))
    return f"| {operation.name}{against}{mark} | " + " | ".join(cells) + " |"


def _crossover(found: dict[str, object]) -> str:
    where = f"in {found['group']} with scalars of {found['bits']} bits"
    if found["crossover"] is None:
        return f"{where} nowhere"
    return f"{where} from {found['crossover']} points on"
