"""The speed table of the main README, what surrounds one, and the list of goals."""

import _cpu_facts
import _goals

from figures.results import Operation, Result, ResultError

BEGIN = "<!-- speed table: benches/compare.py -->"
END = "<!-- end of speed table -->"
PEER = "sphinx-packet"
MULTIPLIER = "OpenSSL"
MULTIPLICATIONS = "X25519, batch 64"
NOISY = "\\* A third of the rounds or more was noise."


def section(benches: dict[str, Result]) -> str:
    """The table of one CPU."""
    peers = benches["peers"]
    machine = peers.machine
    backends = list(reversed(machine["backends"]))
    lines = [
        f"One core of {_cpu_facts.title(machine['cpu'])}, Python {machine['python']}, "
        f"{peers.date[:10]}: microseconds each, {machine['batch']} at once unless the row says "
        "otherwise, and how many times as fast as the peer.",
        "",
        "| | peer | " + " | ".join(f"`{b}`" for b in backends) + " |",
        "| --- |" + " ---: |" * (len(backends) + 1),
    ]
    lines += [_row(one, PEER, backends) for one in peers.operations]
    if "x25519" in benches:
        multiplications = benches["x25519"].operation(MULTIPLICATIONS)
        if multiplications is not None:
            lines.append(_row(multiplications, MULTIPLIER, backends))
    if any("*" in line.split("|")[1] for line in lines[4:]):
        lines += ["", NOISY]
    if "compilers" in benches:
        lines += ["", _compilers(benches["compilers"])]
    return "\n".join(lines)


def _row(operation: Operation, prefix: str, backends: list[str]) -> str:
    peer = operation.peer(prefix)
    cells = [us(operation.median(peer)) if peer else "-"]
    for backend in backends:
        if backend not in operation.summary:
            cells.append("-")
            continue
        cell = us(operation.median(backend))
        if peer:
            cell += f" ({operation.summary[backend]['timesAsFastAs'][peer]:.1f}x)"
        cells.append(cell)
    mark = " \\*" if operation.noisy else ""
    against = f" (peer: {peer})" if peer else ""
    return f"| {operation.name}{against}{mark} | " + " | ".join(cells) + " |"


def _compilers(result: Result) -> str:
    """One sentence: which compiler makes the faster module, by how much."""
    first, *others = result.machine["compilers"]
    sentences = []
    for other in others:
        found = []
        for one in result.operations:
            if other not in one.summary:
                continue  # every round was noise
            percent = round(100 * (one.summary[other]["timesAsFastAs"][first] - 1))
            word = "faster" if percent > 0 else "slower"
            text = f"{abs(percent)} % {word}" if percent else "as fast"
            mark = " (noisy)" if one.noisy else ""
            found.append(f"{text} on `{one.document['backend']}`{mark}")
        if not found:
            continue
        listed = " and ".join([", ".join(found[:-1]), found[-1]] if found[:-1] else found)
        sentences.append(
            f"Compiled by {other} instead of {first}, forward hops are {listed}, batch "
            f"{result.machine['batch']}."
        )
    return " ".join(sentences)


def us(ns: float) -> str:
    """Microseconds, with a digit less where they are many."""
    return f"{ns / 1000:.1f}" if ns >= 10_000 else f"{ns / 1000:.2f}"


def replaced(text: str, table: str) -> str:
    """A README with this table between the marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ResultError(f"a README has no lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def goals(benches: dict[str, Result]) -> str:
    """What was reached, all benches together, what was left out, and which runs were noisy."""
    found = benches.values()
    judged = [_goals.text(goal) for result in found for goal in result.document["goals"]]
    left_out = [
        f"{result.bench}: left out: {what}"
        for result in found
        for what in result.document["leftOut"]
    ]
    noise = [
        f"{result.bench}: {one.name}: {one.verdict}"
        for result in found
        for one in result.operations
        if one.noisy
    ]
    return "\n".join([_goals.TITLE, *judged, *left_out, *noise])
