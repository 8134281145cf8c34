"""Fuzz one target in this process: `one.py NAME [libFuzzer's options, folders or files]`.

With the name of a file it runs that input only, and shows what is wrong with it.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports(include=["sphinxcore", "credentials"]):
    from fuzz.targets import PLANTED, TARGETS

name, *arguments = sys.argv[1:]
atheris.Setup([sys.argv[0], *arguments], (TARGETS | PLANTED)[name].run)
atheris.Fuzz()
