"""Write the speed table of README.md from the JSON in benches/results, or say what was reached.

Exit code: 1 if --check finds another table in the README than the JSON gives, 2 trouble.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import _goals
from _report import NOISE, RESULTS, SCHEMA, TROUBLE

BEGIN = "<!-- speed table: benches/compare.py -->"
END = "<!-- end of speed table -->"
README = Path(__file__).resolve().parents[1] / "README.md"
PEER = "sphinx-packet"
MULTIPLIER = "OpenSSL"
MULTIPLICATIONS = "X25519, batch 64"
NOISY = "\\* A third of the rounds or more was noise."


class TableError(Exception):
    """There is nothing to make a table of, or nowhere to write it."""


def load(folder: Path) -> dict[str, Any]:
    """What the benches saved there, by the bench's name; pytest-benchmark's JSON is another."""
    documents = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text())
        if document.get("schema") != SCHEMA:
            raise TableError(f"{path} has schema {document.get('schema')!r}, not {SCHEMA}")
        if "bench" in document:
            documents[document["bench"]] = document
    return documents


def folders() -> list[Path]:
    """One per CPU, those that have figures for the table."""
    found = sorted(path.parent for path in RESULTS.glob("*/peers.json"))
    if not found:
        raise TableError(
            f"there is no peers.json in {RESULTS}/<cpu>/: make bench-peers ARGS=--save"
        )
    return found


def section(documents: dict[str, Any]) -> str:
    """The table of one CPU."""
    peers = documents["peers"]
    machine = peers["machine"]
    cpu = machine["cpu"]
    backends = list(reversed(machine["backends"]))
    name = ", ".join(f"{key} {cpu[key]}" for key in ("cpu family", "model") if key in cpu)
    lines = [
        f"One core of {cpu.get('model name', 'a CPU')} ({name}), Python {machine['python']}, "
        f"{machine['date'][:10]}: microseconds each, {machine['batch']} at once unless the row says "
        "otherwise, and how many times as fast as the peer.",
        "",
        "| | peer | " + " | ".join(f"`{b}`" for b in backends) + " |",
        "| --- |" + " ---: |" * (len(backends) + 1),
    ]
    lines += [_row(one, PEER, backends) for one in peers["operations"]]
    if "x25519" in documents:
        lines += [
            _row(one, MULTIPLIER, backends)
            for one in documents["x25519"]["operations"]
            if one["operation"] == MULTIPLICATIONS
        ]
    if any("*" in line.split("|")[1] for line in lines[4:]):
        lines += ["", NOISY]
    if "compilers" in documents:
        lines += ["", _compilers(documents["compilers"])]
    return "\n".join(lines)


def _row(operation: dict[str, Any], peer: str, backends: list[str]) -> str:
    summary = operation["summary"]
    rival = next((name for name in summary if name.startswith(peer)), None)
    cells = [_us(summary[rival]["medianNs"]) if rival else "-"]
    for backend in backends:
        if backend not in summary:
            cells.append("-")
            continue
        cell = _us(summary[backend]["medianNs"])
        if rival:
            cell += f" ({summary[backend]['timesAsFastAs'][rival]:.1f}x)"
        cells.append(cell)
    mark = " \\*" if "noisy" in operation["noise"] else ""
    against = f" (peer: {rival})" if rival else ""
    return f"| {operation['operation']}{against}{mark} | " + " | ".join(cells) + " |"


def _compilers(document: dict[str, Any]) -> str:
    """One sentence: which compiler makes the faster module, by how much."""
    first, *others = document["machine"]["compilers"]
    sentences = []
    for other in others:
        found = []
        for one in document["operations"]:
            if other not in one["summary"]:
                continue  # every round was noise
            percent = round(100 * (one["summary"][other]["timesAsFastAs"][first] - 1))
            word = "faster" if percent > 0 else "slower"
            text = f"{abs(percent)} % {word}" if percent else "as fast"
            mark = " (noisy)" if "noisy" in one["noise"] else ""
            found.append(f"{text} on `{one['backend']}`{mark}")
        if not found:
            continue
        listed = " and ".join([", ".join(found[:-1]), found[-1]] if found[:-1] else found)
        sentences.append(
            f"Compiled by {other} instead of {first}, forward hops are {listed}, batch "
            f"{document['machine']['batch']}."
        )
    return " ".join(sentences)


def _us(ns: float) -> str:
    return f"{ns / 1000:.1f}" if ns >= 10_000 else f"{ns / 1000:.2f}"


def replaced(text: str, table: str) -> str:
    """The README with this table between the marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise TableError(f"the README has no lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def goals(documents: dict[str, Any]) -> str:
    """What was reached, all benches together."""
    judged = [_goals.text(one) for document in documents.values() for one in document["goals"]]
    noise = [
        f"{document['bench']}: {one['operation']}: {one['noise']}"
        for document in documents.values()
        for one in document["operations"]
        if "noisy" in one["noise"]
    ]
    left_out = [
        f"{document['bench']}: left out: {one}"
        for document in documents.values()
        for one in document["leftOut"]
    ]
    return "\n".join([_goals.TITLE, *judged, *left_out, *noise])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing, compare")
    what.add_argument("--goals", action="store_true", help="print reached, required and aim")
    parser.add_argument("readme", type=Path, nargs="?", default=README, help="%(default)s")
    arguments = parser.parse_args()
    try:
        loaded = {folder.name: load(folder) for folder in folders()}
        if arguments.goals:
            for name, documents in loaded.items():
                print(f"{name}\n{goals(documents)}")
            return 0
        old = arguments.readme.read_text()
        new = replaced(old, "\n\n".join(section(documents) for documents in loaded.values()))
    except (TableError, OSError) as error:
        print(error, file=sys.stderr)
        return TROUBLE
    if not arguments.check:
        arguments.readme.write_text(new)
    elif new != old:
        print(f"the speed table in {arguments.readme} is not what the JSON gives", file=sys.stderr)
        return NOISE
    return 0


if __name__ == "__main__":
    sys.exit(main())
