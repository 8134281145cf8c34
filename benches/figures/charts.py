"""The charts of the report: what is drawn, of which results, and the same as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log2

import _cpu_facts
import _quoted

import sphinxcore as sx
from figures import gate, style, svg
from figures.intervals import of_median
from figures.results import Operation, Result
from figures.table import MULTIPLICATIONS, PEER

_WIDTH = 860
_LEFT = 190

HOP = f"forward hop, version {sx.NYM.default_version}"
"""What the charts of throughput and history show: what clients send."""


NOISY = "* A third of the rounds or more was noise."


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its heading, what has to be known to read it, and its numbers."""

    heading: str
    note: str
    drawing: svg.Drawing | None
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=list)


def default_hop(peers: Result) -> Operation | None:
    """The operation HOP, unless all of it was noise."""
    found = peers.operation(HOP)
    return found if found and found.summary else None


def look(contender: str) -> tuple[str, int]:
    """Class and mark."""
    css = contender if contender in style.SHAPES else "peer"
    return css, style.SHAPES[css]


def throughput(hop: Operation) -> list[svg.Bar]:
    """The peer first, then our backends from the plainest to the widest."""
    peer = hop.peer(PEER)
    backends = [name for name in reversed(hop.summary) if name in style.SHAPES]
    rows = []
    for name in [peer, *backends] if peer else backends:
        per_second = 1e9 / hop.median(name)
        ratio = ""
        if peer and name != peer:
            ratio = f" ({hop.summary[name]['timesAsFastAs'][peer]:.1f}x)"
        rows.append(svg.Bar(name, per_second, f"{rounded(per_second)}{ratio}", look(name)[0]))
    return rows


def rounded(number: float) -> str:
    """Three digits that count, thousands apart."""
    return f"{float(f'{number:.3g}'):,.0f}"


def by_cpu(cpus: dict[str, dict[str, Result]]) -> Figure:
    """Packets per second of one core."""
    rows, table = [], []
    for cpu, benches in cpus.items():
        hop = default_hop(benches["peers"]) if "peers" in benches else None
        if hop is None:
            continue
        machine = benches["peers"].machine
        title = f"{_cpu_facts.title(machine['cpu'])}, {machine['batch']} at once"
        rows.append(svg.Bar(title + (" *" if hop.noisy else "")))
        rows += (found := throughput(hop))
        table += [[cpu, row.name, row.text] for row in found]
    heading = "Packets per second and core"
    if not rows:
        return Figure(heading, f"Of {HOP} there are no figures.", None)
    drawing = svg.Drawing(_WIDTH, svg.bars_height(rows) + 4, heading)
    svg.bars(drawing, rows, _LEFT, 4, 130)
    return Figure(
        heading,
        f"{HOP}; in brackets how many times as fast as the peer. {NOISY}",
        drawing,
        ("CPU", "contender", "packets/s"),
        table,
    )


def stages(result: Result) -> Figure:
    """Where the time of a hop goes, by backend."""
    rows, table, without, longer = [], [], [], []
    for backend in reversed(result.ours):
        operation = result.operation(f"{HOP}, {backend}")
        found = operation.document.get("stages") if operation else None
        if not found:
            without.append(backend)
            continue
        ns = {one["stage"]: one["ns"] for one in found}
        if ns["glue"] < 0:
            longer.append(backend)
        parts = [(f"stage{i}", name, max(ns[name], 0.0)) for i, name in enumerate(style.STAGES)]
        mark = " *" if operation.noisy else ""
        rows.append(svg.Stack(backend, parts, f"{ns['process()'] / 1000:.1f} us{mark}"))
        table.append([backend, *(f"{ns[name] / 1000:.2f}" for name in style.STAGES)])
    note = (
        "Shares of a hop's time; behind the bars the whole hop. Glue is what the hop takes beyond "
        "its stages: parsing, copies, columns, Python. " + NOISY
    )
    if longer:
        note += f" The stages alone took longer than the hop, so no glue: {', '.join(longer)}."
    if without:
        note += f" Without figures, for every round was noise: {', '.join(without)}."
    heading = "Stages of a hop"
    if not rows:
        return Figure(heading, note, None)
    drawing = svg.Drawing(_WIDTH, 34 + len(rows) * (svg.BAR + 8 + svg.GAP), heading)
    entries = [(f"stage{i}", name, None) for i, name in enumerate(style.STAGES)]
    svg.legend(drawing, entries, _LEFT, 14)
    svg.stacks(drawing, rows, _LEFT, 30, 90)
    return Figure(heading, note, drawing, ("us per packet", *style.STAGES), table)


def batches(result: Result) -> Figure:
    """Packets per second by how many are processed at once."""
    measured = [one for one in result.operations if one.summary]
    sizes = [one.document["batch"] for one in measured]
    widest = log2(max(sizes)) or 1
    series, table = [], []
    for backend in result.ours:
        css, shape = look(backend)
        points = [
            (log2(size) / widest, 1e6 / one.median(backend), None, None)
            for size, one in zip(sizes, measured, strict=True)
            if backend in one.summary
        ]
        if points:
            series.append(svg.Series(backend, css, shape, points))
    for size, one in zip(sizes, measured, strict=True):
        cells = [rounded(1e9 / one.median(name)) for name in one.summary]
        table.append([f"{size}{' *' if one.noisy else ''}", *cells])
    heading = "Batch size"
    drawing = svg.Drawing(_WIDTH, 300, heading)
    frame = svg.Frame(60, 14, _WIDTH - 110, 258)
    ticks = [(log2(size) / widest, f"{size:,}") for size in sizes]
    svg.lines(drawing, frame, series, ticks)
    drawing.text((frame.left + frame.right) / 2, 296, "packets at once", "muted", "middle")
    return Figure(
        heading,
        "Thousand packets per second, by how many one call processes; the result is filled anew.",
        drawing,
        ("batch", *measured[0].summary),
        table,
    )


def history(listed: Sequence[Result]) -> Figure:
    """How many times as fast as the peer the hop was, commit after commit."""
    runs = [(one, hop) for one in listed if (hop := default_hop(one)) and hop.peer(PEER)]
    heading = "History"
    note = (
        f"{HOP}: how many times as fast as the peer, with intervals of 95 %, over the runs stored "
        "for this CPU. An asterisk after a commit: files differed from it."
    )
    if len(runs) < 2:
        return Figure(heading, f"{note} There is one so far.", None)
    names = [name for name in runs[-1][0].ours if name in runs[-1][1].summary]
    series, table = [], []
    for name in names:
        css, shape = look(name)
        points = []
        for i, (_, hop) in enumerate(runs):
            if name in hop.summary:
                found = of_median(hop.ratios(name, hop.peer(PEER)), gate.ERROR)
                points.append((i / (len(runs) - 1), found.middle, found.low, found.high))
        series.append(svg.Series(name, css, shape, points))
    for one, hop in runs:
        ratios = [hop.speedup(name, hop.peer(PEER)) for name in names if name in hop.summary]
        cells = ["-" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
        table.append([one.commit, one.date[:10], hop.peer(PEER), *cells])
    drawing = svg.Drawing(_WIDTH, 300, heading)
    shown = runs if len(runs) <= 8 else []
    ticks = [
        (i / (len(runs) - 1), f"{one.commit.replace('-dirty', '*')}\n{one.date[:10]}")
        for i, (one, _) in enumerate(shown)
    ]
    svg.lines(drawing, svg.Frame(60, 14, _WIDTH - 110, 250), series, ticks, "{:g}x")
    return Figure(heading, note, drawing, ("commit", "date", "peer", *names), table)


def against_peer(result: Result) -> Figure:
    """Every operation, as many times as fast as the crate."""
    rows, table = [], []
    ratios = [1.0]
    names = list(reversed(result.ours))
    for one in result.operations:
        peer = one.peer(PEER)
        if peer is None:
            continue
        compared = [name for name in [*names, f"{peer} native"] if name in one.summary]
        marks = []
        for name in compared:
            ratio = one.summary[name]["timesAsFastAs"][peer]
            marks.append((*look(name), ratio))
            ratios.append(ratio)
        rows.append((one.name + (" *" if one.noisy else ""), marks))
        table.append([one.name, *(f"{ratio:.2f}" for _, _, ratio in marks)])
    heading = "Against the peer"
    if not rows:
        return Figure(heading, "Was not measured: the peer needs cargo.", None)
    height = len(rows) * 28
    drawing = svg.Drawing(_WIDTH, height + 64, heading)
    entries = [(*look(name)[:1], name, look(name)[1]) for name in names]
    svg.legend(
        drawing,
        [*entries, ("peer", "the crate, built for this CPU", look(PEER)[1])],
        _LEFT + 12,
        14,
    )
    span = (min(ratios) / 1.15, max(ratios) * 1.15)
    svg.dots(drawing, svg.Frame(_LEFT + 12, 30, _WIDTH - 20, 30 + height), rows, span)
    crate = result.machine["peer"]["crate"]
    return Figure(
        heading,
        f"How many times as fast as {crate} as cargo builds it by default; "
        f"{result.machine['batch']} at once, but for single packets. {NOISY}",
        drawing,
        ("operation", *names, "the crate, built for this CPU"),
        table,
    )


def multiplications(result: Result) -> Figure:
    """X25519 of backends, of other libraries, and quoted."""
    operation = result.operation(MULTIPLICATIONS)
    heading = "X25519"
    if operation is None or not operation.summary:
        return Figure(heading, "Was not measured.", None)
    ours = [name for name in reversed(result.ours) if name in operation.summary]
    others = [name for name in operation.summary if name not in ours]
    rows = [svg.Bar("measured in one run")]
    for name in [*others, *ours]:
        us = operation.median(name) / 1000
        label = f"sphinxcore, {name}" if name in ours else name
        rows.append(svg.Bar(label, us, f"{us:.1f}", look(name)[0]))
    rows.append(svg.Bar(f"quoted, NOT measured here: {_quoted.CPU}"))
    rows += [svg.Bar(name, us, f"{us:g}", "quoted peer") for name, us in _quoted.X25519.items()]
    drawing = svg.Drawing(_WIDTH, svg.bars_height(rows) + 4, heading)
    svg.bars(drawing, rows, 260, 4, 60)
    return Figure(
        heading,
        "Microseconds per multiplication, less is better. sphinxcore computes "
        f"{operation.document['batch']} at once, the other libraries one after the other.",
        drawing,
        ("library", "us", ""),
        [
            [row.name, row.text, "quoted" if "quoted" in row.css else "measured"]
            for row in rows
            if row.value is not None
        ],
    )
