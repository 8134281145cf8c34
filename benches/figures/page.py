"""The report: one HTML page that needs nothing else, no script, no other file."""

from html import escape
from itertools import count

import _cpu_facts

from figures import charts, results, style
from figures.charts import Figure
from figures.results import Result

_RULES = """\
body { margin: 0 auto; max-width: 900px; padding: 24px 20px 60px; background: var(--ground);
  color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans",
  sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 20px; margin: 48px 0 4px; padding-top: 16px; border-top: 1px solid var(--grid); }
h3 { font-size: 16px; margin: 36px 0 2px; }
p, dl { margin: 0 0 12px; color: var(--muted); }
figure { margin: 0; overflow-x: auto; }
figure svg { display: block; }
details { margin-top: 10px; color: var(--muted); }
summary { cursor: pointer; }
table { border-collapse: collapse; margin-top: 8px; font-size: 13px; color: var(--ink); }
th, td { padding: 3px 14px 3px 0; border-bottom: 1px solid var(--grid); text-align: right;
  font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 16px; font-size: 13px; }
dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; }
"""

_DRAWN = {"stages", "batches", "peers", "x25519"}
"""Benches that have charts; of the others there are tables."""


def render(cpus: dict[str, dict[str, list[Result]]]) -> str:
    """The page of these results, by CPU and bench, each oldest first."""
    latest = {cpu: results.newest(benches) for cpu, benches in cpus.items()}
    number = count(1)
    body = [
        "<h1>sphinxcore: throughput across CPUs</h1>",
        "<p>One core, CPU time of the thread, medians of paired rounds: contenders take turns, and "
        "a ratio is the median of the rounds' ratios. Ratios travel between machines, times do "
        "not.</p>",
        _figure(charts.by_cpu(latest), next(number), "h2"),
    ]
    for cpu, benches in latest.items():
        told_by = benches.get("peers") or max(benches.values(), key=lambda one: one.date)
        body.append(f"<h2>{escape(_cpu_facts.title(told_by.machine['cpu']))}</h2>")
        body.append(_about(told_by))
        figures = []
        if "stages" in benches:
            figures.append(charts.stages(benches["stages"]))
        if "batches" in benches:
            figures.append(charts.batches(benches["batches"]))
        if "peers" in benches:
            figures.append(charts.against_peer(benches["peers"]))
            figures.append(charts.history(cpus[cpu]["peers"]))
        if "x25519" in benches:
            figures.append(charts.multiplications(benches["x25519"]))
        figures += [_table(one) for bench, one in benches.items() if bench not in _DRAWN]
        body += [_figure(one, next(number), "h3") for one in figures]
    rules = style.themes(":root") + _RULES + style.drawings()
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            "<title>sphinxcore: throughput across CPUs</title>",
            f"<style>\n{rules}</style>",
            "</head>",
            "<body>",
            "<main>",
            *body,
            "</main>",
            "</body>",
            "</html>\n",
        ]
    )


def _about(result: Result) -> str:
    machine = result.machine
    compilers = machine["compilersOfModule"] or ["not recorded"]
    facts = {
        "filed under": result.cpu,
        "system": machine["system"],
        "Python": machine["python"],
        "compiler of the module": ", ".join(compilers),
        "last run": f"{result.bench}, {result.date[:10]}, commit {result.commit}",
    }
    listed = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items())
    return f"<dl>{listed}</dl>"


def _table(result: Result) -> Figure:
    """All operations and contenders of a bench."""
    rows = []
    for one in result.operations:
        name = one.name + (" *" if one.noisy else "")
        for contender, found in one.summary.items():
            ratios = {
                other: ratio
                for other, ratio in found.get("timesAsFastAs", {}).items()
                if other != contender
            }
            told = ", ".join(f"{other}: {ratio:.2f}" for other, ratio in ratios.items())
            rows.append([name, contender, f"{one.median(contender) / 1000:.2f}", told])
    return Figure(
        f"Bench {result.bench}",
        f"Medians, and how many times as fast as others. {charts.NOISY}",
        None,
        ("operation", "contender", "us", "times as fast as"),
        rows,
    )


def _figure(figure: Figure, number: int, level: str) -> str:
    name = f"figure-{number}"
    lines = [
        f'<{level} id="{name}">{escape(figure.heading)}</{level}>',
        f"<p>{escape(figure.note)}</p>",
    ]
    if figure.drawing is not None:
        lines.append(f'<figure aria-labelledby="{name}">\n{figure.drawing.render()}</figure>')
    if figure.rows:
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in figure.head)
        lines.append("<details><summary>The numbers</summary>")
        lines.append(f"<table><thead><tr>{head}</tr></thead><tbody>")
        for row in figure.rows:
            cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
            lines.append(f"<tr>{cells}</tr>")
        lines.append("</tbody></table></details>")
    return "\n".join(lines)
