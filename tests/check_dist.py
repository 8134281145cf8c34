"""Check that an unpacked sdist, the argument, holds every file of the repository."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    folder = Path(sys.argv[1])
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    wanted = [name for name in listing.split("\0") if name]
    if not wanted:
        sys.exit("dist: git lists no files to look for")
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing:
        sys.exit(f"dist: the sdist lacks {', '.join(missing)}: see MANIFEST.in")
    print(f"dist: the sdist holds all {len(wanted)} files")


if __name__ == "__main__":
    main()
