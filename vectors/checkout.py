"""Import this before the package `credentials`: the folder of that name beside this file holds JSON.

A folder is taken for a package only if no directory of sys.path has a real one.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
