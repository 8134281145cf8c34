"""`credentials keygen`."""

import shutil
from pathlib import Path

import click

import credentials as cr
from credentials import files
from credentials.cli.options import FILE, passphrase_option, read_passphrase, utf8
from credentials.suite import HIGHEST_EPOCH, MOST_ATTRIBUTES, MOST_AUTHORITIES

_KINDS = {kind.name.lower(): kind for kind in cr.Kind if kind is not cr.Kind.SCALAR}


def _attributes(
    context: click.Context, parameter: click.Parameter, value: str
) -> int | list[cr.Kind]:
    names = value.split(",")
    if all(name in _KINDS for name in names):
        return [_KINDS[name] for name in names]
    if value in {str(count) for count in range(1, MOST_ATTRIBUTES + 1)}:
        return int(value)
    raise click.BadParameter(
        f"1..{MOST_ATTRIBUTES} was expected, or kinds, comma separated: {', '.join(_KINDS)}"
    )


@click.command()
@click.option(
    "--attributes",
    callback=_attributes,
    required=True,
    metavar="N|KINDS",
    help="How many, or the kind of each, such as any,text,integer.",
)
@click.option(
    "--domain", callback=utf8, required=True, metavar="TEXT", help="Names the application."
)
@click.option(
    "--nullifier",
    type=int,
    metavar="INDEX",
    help="The attribute that is the single-use secret, which wallets draw.",
)
@click.option("--threshold", type=click.IntRange(1, MOST_AUTHORITIES), required=True, metavar="T")
@click.option("--authorities", type=click.IntRange(1, MOST_AUTHORITIES), required=True, metavar="N")
@click.option("--key-epoch", type=click.IntRange(0, HIGHEST_EPOCH), default=0, show_default=True)
@click.option(
    "--out", type=FILE, required=True, metavar="DIR", help="Folder that does not exist yet."
)
@passphrase_option
def keygen(
    attributes: int | list[cr.Kind],
    domain: bytes,
    nullifier: int | None,
    threshold: int,
    authorities: int,
    key_epoch: int,
    out: Path,
    passphrase_file: Path | None,
) -> None:
    """Deal the keys of all authorities.

    \b
    Writes into DIR:
      key.json          the verification key, for everybody
      key-share-I.json  the public key of authority I, for wallets
      signing-I.json    the secret of authority I, under the passphrase, for I alone

    Prints the digest of the key, by which others can check that theirs is the same. Whoever runs
    this could keep the whole key.
    """
    parameters = cr.Parameters(attributes, domain, nullifier)
    dealt = cr.deal_keys(
        parameters, threshold=threshold, authorities=authorities, key_epoch=key_epoch
    )
    out.mkdir(mode=0o700)
    try:
        passphrase = read_passphrase(passphrase_file, new=True)
        files.save(out / "key.json", dealt.verification_key)
        for i, share in dealt.shares.items():
            files.save(out / f"key-share-{i}.json", dealt.key_shares[i])
            files.save(out / f"signing-{i}.json", share, passphrase)
    except BaseException:
        shutil.rmtree(out)  # some of the shares must not look like all
        raise
    click.echo(dealt.verification_key.digest.hex())
