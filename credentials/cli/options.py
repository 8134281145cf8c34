"""Options that several commands have."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

import credentials as cr
from credentials import files
from credentials.suite import ISSUE_CONTEXT_SIZE

PASSPHRASE_VARIABLE = "CREDENTIALS_PASSPHRASE"
_LONGEST_PASSPHRASE = 4096

FILE = click.Path(path_type=Path)


F = TypeVar("F", bound=Callable[..., Any])


def _issue_context(context: click.Context, parameter: click.Parameter, value: str) -> bytes:
    try:
        raw = bytes.fromhex(value)
    except ValueError:
        raw = b""
    if len(raw) != ISSUE_CONTEXT_SIZE:
        raise click.BadParameter(f"{2 * ISSUE_CONTEXT_SIZE} hexadecimal digits were expected")
    return raw


def utf8(context: click.Context, parameter: click.Parameter, value: str | None) -> bytes | None:
    """Callback of options that are text: its bytes."""
    try:
        return None if value is None else value.encode()
    except UnicodeEncodeError:
        raise click.BadParameter("it is not UTF-8") from None


key_option = click.option(
    "--key",
    "key_file",
    type=FILE,
    required=True,
    metavar="FILE",
    help="The verification key, from a source that you trust.",
)
passphrase_option = click.option(
    "--passphrase-file",
    type=FILE,
    metavar="FILE",
    help=f"Default: the environment variable {PASSPHRASE_VARIABLE}, else it is asked for.",
)
context_option = click.option(
    "--context",
    callback=utf8,
    required=True,
    metavar="TEXT",
    help="What the presentation is for: who verifies, and a nonce of theirs.",
)
scope_option = click.option(
    "--scope",
    callback=utf8,
    metavar="TEXT",
    help="Within it the credential can be used once: gives, and demands, a nullifier.",
)


def issue_context_option(text: str) -> Callable[[F], F]:
    """--issue-context, with its help text."""
    return click.option(
        "--issue-context", callback=_issue_context, required=True, metavar="HEX", help=text
    )


def out_option(text: str) -> Callable[[F], F]:
    """--out, with its help text."""
    return click.option("--out", type=FILE, required=True, metavar="FILE", help=text)


def load_key(path: Path) -> cr.VerificationKey:
    """The verification key in a file."""
    return files.load(path, cr.VerificationKey)


def must_not_exist(paths: Iterable[Path]) -> None:
    """Refuse to begin what could not be finished."""
    for path in paths:
        if os.path.lexists(path):
            raise FileExistsError(None, None, str(path))


def read_passphrase(path: Path | None, *, new: bool = False) -> str:
    """The passphrase: of the file, else of the environment, else typed (twice for a new file)."""
    found = os.environ.get(PASSPHRASE_VARIABLE)
    if path is not None:
        with open(path, "rb") as file:
            raw = file.read(_LONGEST_PASSPHRASE + 1)
        if len(raw) > _LONGEST_PASSPHRASE:
            raise click.UsageError(f"{path}: longer than {_LONGEST_PASSPHRASE} bytes")
        found = raw.removesuffix(b"\n").removesuffix(b"\r").decode(errors="surrogateescape")
    elif found is None:
        if sys.stdin is None or not sys.stdin.isatty():
            raise click.UsageError(
                f"a passphrase is needed: --passphrase-file, {PASSPHRASE_VARIABLE}, or a terminal"
            )
        found = str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True))
    if not found.isascii() and any("\ud800" <= c <= "\udfff" for c in found):
        raise click.UsageError("the passphrase is not UTF-8")
    return found
