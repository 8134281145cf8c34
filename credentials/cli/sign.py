"""`credentials sign`."""

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


@click.command()
@key_option
@click.option(
    "--share", type=FILE, required=True, metavar="FILE", help="The authority's signing key share."
)
@issue_context_option("What was paid for or allowed: a request with another one is refused.")
@out_option("File for the blinded share, which goes back to the wallet.")
@passphrase_option
@click.argument("request_file", type=FILE, metavar="REQUEST")
def sign(
    key_file: Path,
    share: Path,
    issue_context: bytes,
    out: Path,
    passphrase_file: Path | None,
    request_file: Path,
) -> None:
    """Check a request and sign it, as one authority.

    What is signed is for you to decide before: `credentials inspect` shows the disclosed
    attributes. Sign one request only under one issue context.
    """
    must_not_exist([out])
    key = load_key(key_file)
    request = files.load(request_file, cr.CredentialRequest, key)
    if request.issue_context != issue_context:
        raise cr.IssuanceError(
            f"the request has the issue context {request.issue_context.hex()}, "
            f"not {issue_context.hex()}"
        )
    cr.check_request(key, request)
    own = files.load(share, cr.SigningKeyShare, key, read_passphrase(passphrase_file))
    files.save(out, cr.sign(own, request))
