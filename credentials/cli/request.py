"""`credentials request`."""

from pathlib import Path

import click

import credentials as cr
from credentials import files
from credentials.cli.options import (
    FILE,
    issue_context_option,
    key_option,
    load_key,
    must_not_exist,
    out_option,
    passphrase_option,
    read_passphrase,
)
from credentials.cli.values import read_attributes


@click.command()
@key_option
@click.option(
    "--attributes",
    "attributes_file",
    type=FILE,
    required=True,
    metavar="FILE",
    help='JSON: {"hidden": {"2": "text"}, "disclosed": {"3": 42, "4": {"hex": "00ff"}}}',
)
@issue_context_option("32 bytes, the same at every issuer: the hash of what pays for this.")
@click.option(
    "--state", type=FILE, required=True, metavar="FILE", help="File for the wallet's secret state."
)
@out_option("File for the request, which goes to the issuers.")
@passphrase_option
def request(
    key_file: Path,
    attributes_file: Path,
    issue_context: bytes,
    state: Path,
    out: Path,
    passphrase_file: Path | None,
) -> None:
    """Request a credential.

    The state, under the passphrase, is what `aggregate` needs: without it the answers are worth
    nothing. Prints the digest of the request.
    """
    must_not_exist([state, out])
    key = load_key(key_file)
    hidden, disclosed = read_attributes(attributes_file)
    made, secret = cr.request_credential(key, hidden, disclosed, issue_context)
    files.save(state, secret, read_passphrase(passphrase_file, new=True))
    files.save(out, made)
    click.echo(made.digest.hex())
