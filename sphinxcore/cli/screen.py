"""Output for people: colour and progress bars on a terminal, plain lines in a pipe."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Advance = Callable[[int], None]


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the caller: rich would end with 1, which says that a check failed."""
        raise BrokenPipeError


class Screen:
    """Where a command writes to.

    Args:
        quiet: keep standard output free for something else: no lines, and progress bars on
            standard error.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = _Console(file=sys.stderr if quiet else sys.stdout, highlight=False)

    def line(self, text: str = "", style: str = "") -> None:
        """Write one line."""
        if not self._quiet:
            self._console.print(Text(text, style), soft_wrap=True)

    def heading(self, text: str) -> None:
        """Write the line above a group of lines."""
        self.line(text, "bold")

    def check(self, passed: bool, text: str, label: str = "") -> None:
        """Write one line about something that was checked, under the label of a group."""
        verdict = Text("ok    ", "green") if passed else Text("FAILED", "bold red")
        line = Text.assemble("  ", (f"{label:<10}", "bold"), verdict, " ", text)
        if not self._quiet:
            self._console.print(line, soft_wrap=True)

    def pair(self, name: str, value: str, style: str = "") -> None:
        """Write one line of a list of names and values."""
        self.line(f"  {name:<11} {value}", style)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], names: int = 1) -> None:
        """Write a table; all columns but the first `names` hold numbers."""
        table = Table(box=SIMPLE_HEAD if self._console.is_terminal else None, pad_edge=False)
        for i, name in enumerate(("  " + head[0], *head[1:])):
            table.add_column(
                name, justify="left" if i < names else "right", style="" if i else "bold"
            )
        for first, *others in rows:
            table.add_row(f"  {first}", *others)
        if not self._quiet:
            self._console.print(table)

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[Advance]:
        """Show a bar while the block runs; it gives a function that takes what was done."""
        columns = (
            TextColumn("  {task.description:<10}", style="bold"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        disable = not self._console.is_terminal
        with Progress(*columns, console=self._console, transient=True, disable=disable) as bar:
            task = bar.add_task(label, total=total)
            yield lambda done: bar.advance(task, done)
