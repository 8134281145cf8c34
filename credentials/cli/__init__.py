"""The command line: `credentials`.

Exit codes: 0, 1 when the demo found that something it checks is wrong, 2 for errors (one line on
standard error), 130 when interrupted, 141 when the reader of the output went away.
"""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (None: of this process) and return its exit code."""
    try:
        from credentials.cli.run import run
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("click", "rich"):
            raise
        print(
            f"credentials: the command line needs {package}, which is not installed: "
            'pip install "sphinxcore[cli,credentials]"',
            file=sys.stderr,
        )
        return 2
    return run(sys.argv[1:] if arguments is None else list(arguments))
