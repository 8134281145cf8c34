"""`credentials present`."""

from pathlib import Path

import click

import credentials as cr
from credentials import files
from credentials.cli.options import (
    FILE,
    context_option,
    key_option,
    load_key,
    must_not_exist,
    out_option,
    passphrase_option,
    read_passphrase,
    scope_option,
)


@click.command()
@key_option
@click.option("--credential", type=FILE, required=True, metavar="FILE")
@click.option(
    "--disclose", type=int, multiple=True, metavar="INDEX", help="An attribute; more than once."
)
@context_option
@scope_option
@click.option("--batchable", is_flag=True, help="The longer encoding, for verifiers of batches.")
@out_option("File for the presentation, which goes to the verifier.")
@passphrase_option
def present(
    key_file: Path,
    credential: Path,
    disclose: tuple[int, ...],
    context: bytes,
    scope: bytes | None,
    batchable: bool,
    out: Path,
    passphrase_file: Path | None,
) -> None:
    """Show a credential: some of its attributes, and that there is a signature on all."""
    must_not_exist([out])
    key = load_key(key_file)
    own = files.load(credential, cr.Credential, key, read_passphrase(passphrase_file))
    files.save(out, cr.present(own, key, disclose, context, scope, batchable))
