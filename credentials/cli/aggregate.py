"""`credentials aggregate`."""

from pathlib import Path

import click

import credentials as cr
from credentials import files
from credentials.cli.options import (
    FILE,
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
    "--key-share",
    "key_share_files",
    type=FILE,
    required=True,
    multiple=True,
    metavar="FILE",
    help="The public key of each authority that answered; further ones are ignored.",
)
@click.option(
    "--state", type=FILE, required=True, metavar="FILE", help="The state, as request wrote it."
)
@out_option("File for the credential, under the state's passphrase.")
@passphrase_option
@click.argument("answers", type=FILE, nargs=-1, required=True, metavar="BLINDED_SHARE...")
def aggregate(
    key_file: Path,
    key_share_files: tuple[Path, ...],
    state: Path,
    out: Path,
    passphrase_file: Path | None,
    answers: tuple[Path, ...],
) -> None:
    """Combine the answers of at least `threshold` authorities into a credential.

    The credential is verified. If it is wrong, the authorities are named whose answers are.
    """
    must_not_exist([out])
    key = load_key(key_file)
    blinded = [files.load(path, cr.BlindedShare, key) for path in answers]
    key_shares = {}
    for path in key_share_files:
        share = files.load(path, cr.VerificationKeyShare, key.parameters)
        if share.id in key_shares:
            raise cr.ArgumentError(f"{path} is a second key share of authority {share.id}")
        key_shares[share.id] = share
    passphrase = read_passphrase(passphrase_file)
    secret = files.load(state, cr.RequestState, key, passphrase)
    files.save(out, cr.aggregate(blinded, secret, key, key_shares), passphrase)
