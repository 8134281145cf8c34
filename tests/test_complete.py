"""README.md has a row for everything in this folder."""

import re
from pathlib import Path

HERE = Path(__file__).parent


def test_readme_has_every_folder_and_script() -> None:
    first_cells = re.findall(
        r"^\| (`.+?`) \|", (HERE / "README.md").read_text(encoding="ascii"), re.MULTILINE
    )
    named = {name for cell in first_cells for name in re.findall(r"`([\w./]+(?:/|\.py))`", cell)}
    folders = {f"{path.name}/" for path in HERE.iterdir() if path.is_dir()}
    folders = {name for name in folders if not name.startswith((".", "__"))}
    assert named == folders | {path.name for path in HERE.glob("*.py")}
