"""Output for people: colour on a terminal, plain lines in a pipe."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the caller: Rich would end with 1, which says that a check failed."""
        raise BrokenPipeError


class Screen:
    """Standard output, or nothing if it is `quiet`."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = _Console(quiet=quiet, highlight=False)

    def line(self, text: str = "", style: str = "") -> None:
        """Write one line."""
        self._console.print(Text(text, style), soft_wrap=True)

    def check(self, passed: bool, text: str) -> None:
        """Write one line about something that was checked."""
        verdict = Text("ok    ", "green") if passed else Text("FAILED", "bold red")
        self._console.print(Text.assemble("  ", verdict, " ", text), soft_wrap=True)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table; all columns but the first one hold numbers."""
        table = Table(box=SIMPLE_HEAD if self._console.is_terminal else None, pad_edge=False)
        for i, name in enumerate(("  " + head[0], *head[1:])):
            table.add_column(name, justify="right" if i else "left", style="" if i else "bold")
        for first, *numbers in rows:
            table.add_row(f"  {first}", *numbers)
        self._console.print(table)
