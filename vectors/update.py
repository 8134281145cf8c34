"""Write vector files, or compare them with what would be written."""

import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from document import File


def update(
    folder: Path,
    files: Mapping[str, Callable[[], File]],
    *,
    check: bool,
    left_out: Collection[str] = (),
) -> int:
    """How many files differ, but at most 1. Without `check` they are written, so none does."""
    differing = 0
    for name, make in files.items():
        path = folder / name
        if name in left_out:
            print(f"{path.name}: not checked without --slow")
            continue
        file = make()
        text = file.text()
        if not check:
            path.write_bytes(text.encode("ascii"))
        elif not path.exists() or path.read_bytes() != text.encode("ascii"):
            differing += 1
            print(f"{path.name}: {_difference(path, text)}", file=sys.stderr)
            continue
        print(f"{path.name}: {file.count} cases")
    return min(differing, 1)


def _difference(path: Path, text: str) -> str:
    """Where the file differs from the text: its first such line."""
    if not path.exists():
        return "is missing"
    old, new = path.read_text(encoding="ascii").splitlines(), text.splitlines()
    pairs = enumerate(zip(old, new, strict=False), 1)
    number, line = next(((i, b) for i, (a, b) in pairs if a != b), (min(len(old), len(new)), "end"))
    return f"differs from what the library does now in line {number}: {line[:100]}"
