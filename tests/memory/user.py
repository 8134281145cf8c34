"""Makes a use of the library, drops everything, and waits to be searched by scan.py.

user.py USE FOLDER MODE: nothing is left in the mode "dropped"; "kept" keeps the objects of the
use, "planted" a secret; "unwiped" leaves out sphinx_wipe_stack. Says `ready`, and where types are.
"""

import gc
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import uses

from sphinxcore import _native, _random

RETURN = b"\xc3"


class Given:
    """An Outside that gives what the recorder wrote."""

    def __init__(self, folder: Path) -> None:
        self.backend = os.environ["SPHINXCORE_BACKEND"]
        self._secrets = os.open(folder / "secrets", os.O_RDONLY)
        self._at = 0
        self._done: list[list[bytes]] = pickle.loads((folder / "done").read_bytes())

    def secret(self, name: str, size: int) -> bytearray:
        made = bytearray(size)
        os.preadv(self._secrets, [made], self._at)
        self._at += size
        return made

    def done(self, name: str, *arguments: Any) -> list[bytes]:
        return self._done.pop(0)

    def public(self, *arrays: Any) -> None:
        """Nothing to do here."""

    def first_secret(self) -> bytearray:
        self._at = 0
        return self.secret("", 32)


def leave_out_stack_wipe() -> None:
    """Let sphinx_wipe_stack of the loaded module return at once."""
    library = _native.__file__
    symbols = subprocess.run(["nm", library], capture_output=True, check=True, text=True).stdout
    (offset,) = (
        int(line.split()[0], 16) for line in symbols.splitlines() if "sphinx_wipe_stack" in line
    )
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    base = min(int(line.split("-")[0], 16) for line in maps if line.endswith(library))
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(base + offset)
        memory.write(RETURN)


def main() -> None:
    use, folder, mode = sys.argv[1:]
    given = Given(Path(folder))
    if mode == "unwiped":
        leave_out_stack_wipe()
    _random.fill = uses.Draws(Path(folder) / "draws", same=use in uses.WITH_THREADS)
    kept: Any = uses.USES[use](given)
    if mode != "kept":
        del kept
    if mode == "planted":
        kept = given.first_secret()
    gc.collect()
    print("ready", id(bytes), flush=True)
    os.read(0, 1)


if __name__ == "__main__":
    main()
