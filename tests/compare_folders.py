"""Compare what a program wrote with what is committed: `compare_folders.py WRITTEN COMMITTED`.

Prints the first lines that differ. Exits with 1 if a written file is missing or different, or if
the committed folder has other files in the folders that were written to.
"""

import difflib
import sys
from pathlib import Path

SHOWN_LINES = 6
SHOWN_WIDTH = 160


def main(written: Path, committed: Path) -> int:
    """How many files differ, but at most 1."""
    names = {path.relative_to(written) for path in written.rglob("*.json")}
    if not names:
        print(f"{written} holds no JSON")
        return 1
    whole = {name.parent for name in names if name.parts[0] == "peers"}
    expected = names | {
        path.relative_to(committed)
        for folder in whole
        for path in (committed / folder).glob("*.json")
    }
    different = [name for name in sorted(expected) if _differs(written / name, committed / name)]
    print(f"{len(expected) - len(different)} files equal, {len(different)} different")
    return min(len(different), 1)


def _differs(new: Path, old: Path) -> bool:
    lines = [path.read_text().splitlines() if path.exists() else [] for path in (old, new)]
    if lines[0] == lines[1]:
        return False
    print(f"differs: {old}")
    for line in list(difflib.unified_diff(*lines, lineterm="", n=0))[:SHOWN_LINES]:
        print("  " + line[:SHOWN_WIDTH])
    return True


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
