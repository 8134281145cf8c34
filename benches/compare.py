"""Figures from the results in benches/results: tables of READMEs, a picture, reports, the gate.

Without a command the tables and the picture are written; `--check` compares them instead, `--goals`
lists what was reached. Commands:

    gate RESULT...       these files or folders against the stored ones of the same CPU
    report OUT.html      the newest of each bench, as one page that needs nothing else
    picture OUT.svg      the README's picture, elsewhere
    store RESULT...      take results over into benches/results, such as those of a CI run

Exit code: 1 if --check finds a difference or the gate something slower, 2 trouble.
"""

import argparse
import sys
from pathlib import Path

from _report import TROUBLE
from figures import credential_table, gate, page, picture, results, table
from figures.results import Result, ResultError

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
CREDENTIALS = ROOT / "credentials" / "README.md"
PICTURE = ROOT / "benches" / "picture.svg"
FOUND = 1


def stored(folder: Path) -> dict[str, dict[str, list[Result]]]:
    """What there is, by CPU and bench."""
    found = results.by_cpu(results.read_all([folder]))
    if not found:
        raise ResultError(f"there are no results in {folder}")
    return found


def newest(folder: Path, needed: str) -> dict[str, dict[str, Result]]:
    """The last of each bench, of the CPUs that have figures of the `needed` one."""
    latest = {cpu: results.newest(listed) for cpu, listed in stored(folder).items()}
    found = {cpu: benches for cpu, benches in latest.items() if needed in benches}
    if not found:
        raise ResultError(
            f"there is no <cpu>/{needed} in {folder}: make bench-{needed} ARGS=--save"
        )
    return found


def generated(arguments: argparse.Namespace) -> dict[Path, str]:
    """The files that are made of results, as they should be."""
    packets = newest(arguments.stored, "peers")
    credentials = newest(arguments.stored, "credentials")
    tables = {
        arguments.readme: [table.section(benches) for benches in packets.values()],
        arguments.credentials: [
            credential_table.section(benches["credentials"]) for benches in credentials.values()
        ],
    }
    made = {
        path: table.replaced(path.read_text(encoding="ascii"), "\n\n".join(sections))
        for path, sections in tables.items()
    }
    return made | {arguments.picture: picture.draw(packets)}


def write_or_check(arguments: argparse.Namespace) -> int:
    """The tables and the picture."""
    code = 0
    for path, text in generated(arguments).items():
        if not arguments.check:
            path.write_text(text, encoding="ascii")
        elif not path.is_file() or path.read_text(encoding="ascii") != text:
            print(f"{path} is not what the results give: make bench-table", file=sys.stderr)
            code = FOUND
    return code


def print_goals(arguments: argparse.Namespace) -> int:
    """Reached, required and aim."""
    for cpu, benches in results.by_cpu(results.read_all([arguments.stored])).items():
        print(f"{cpu}\n{table.goals(results.newest(benches))}")
    return 0


def run_gate(arguments: argparse.Namespace) -> int:
    """Current results against stored ones."""
    current = results.read_all(arguments.results)
    if not current:
        raise ResultError(f"there are no results in {', '.join(map(str, arguments.results))}")
    outcome = gate.judge(current, results.read_all([arguments.stored]))
    print(gate.text(outcome))
    return FOUND if outcome.failed else 0


def write_report(arguments: argparse.Namespace) -> int:
    """The page."""
    arguments.out.write_text(page.render(stored(arguments.stored)), encoding="ascii")
    return 0


def write_picture(arguments: argparse.Namespace) -> int:
    """The picture alone."""
    arguments.out.write_text(picture.draw(newest(arguments.stored, "peers")), encoding="ascii")
    return 0


def store(arguments: argparse.Namespace) -> int:
    """Results to where they belong."""
    for one in results.read_all(arguments.results):
        path = results.place(one.document, arguments.stored)
        results.write(one.document, path)
        print(path)
    return 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(command=write_or_check)
    parser.add_argument(
        "--stored", type=Path, default=results.STORED, metavar="FOLDER", help="%(default)s"
    )
    for name, path in (("readme", README), ("credentials", CREDENTIALS), ("picture", PICTURE)):
        parser.add_argument(
            f"--{name}", type=Path, default=path, metavar="PATH", help="%(default)s"
        )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing, compare")
    what.add_argument(
        "--goals",
        dest="command",
        action="store_const",
        const=print_goals,
        help="print reached, required and aim",
    )
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, command, argument in (
        ("gate", run_gate, "results"),
        ("report", write_report, "out"),
        ("picture", write_picture, "out"),
        ("store", store, "results"),
    ):
        added = commands.add_parser(name)
        added.set_defaults(command=command)
        added.add_argument(argument, type=Path, nargs="+" if argument == "results" else None)
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    try:
        return arguments.command(arguments)
    except (ResultError, OSError) as error:
        print(error, file=sys.stderr)
        return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
