"""The picture on the first screen of the README: packets per second and core."""

from dataclasses import replace

import _cpu_facts

from figures import style, svg
from figures.charts import default_hop, throughput
from figures.results import Result, ResultError

_WIDTH, _MARGIN = 760, 20
_LEFT, _RIGHT = 165, 130
_TOP = 62


def draw(cpus: dict[str, dict[str, Result]]) -> str:
    """The CPU that is fastest of those stored."""
    hops = {cpu: hop for cpu, benches in cpus.items() if (hop := default_hop(benches["peers"]))}
    if not hops:
        raise ResultError("no stored result has a forward hop of the default version")
    cpu = max(hops, key=lambda name: max(bar.value or 0 for bar in throughput(hops[name])))
    peers = cpus[cpu]["peers"]
    rows = [
        replace(row, name=f"sphinxcore, {row.name}") if row.name in peers.ours else row
        for row in throughput(hops[cpu])
    ]
    height = _TOP + svg.bars_height(rows) + 12
    drawing = svg.Drawing(
        _WIDTH,
        height,
        "Sphinx packets per second on one core",
        "; ".join(f"{row.name}: {row.text}" for row in rows),
    )
    drawing.add("rect", x=0.5, y=0.5, width=_WIDTH - 1, height=height - 1, rx=8, css="card")
    drawing.text(_MARGIN, 28, "Sphinx packets per second, one core", "title")
    noisy = "; noisy" if hops[cpu].noisy else ""
    drawing.text(
        _MARGIN,
        47,
        f"{hops[cpu].name}, {peers.machine['batch']} at once, on "
        f"{_cpu_facts.title(peers.machine['cpu'])}{noisy}",
        "muted",
    )
    svg.bars(drawing, rows, _LEFT, _TOP, _RIGHT)
    rules = style.themes("svg") + style.drawings()
    rules += ".card { fill: var(--card); stroke: var(--grid); }\n"
    rules += ".title { font-size: 16px; font-weight: 600; }\n"
    return drawing.render(rules)
