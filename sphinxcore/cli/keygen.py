"""`sphinxcore keygen`."""

from pathlib import Path

import click

import sphinxcore as sx


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("node.key"),
    metavar="FILE",
    show_default=True,
    help="File for the private key; must not exist yet.",
)
def keygen(out: Path) -> None:
    """Make a node's key pair.

    The private key goes into a file that only its owner can read: 64 hexadecimal digits and a
    newline. The public key is printed, as 64 hexadecimal digits.
    """
    key = sx.PrivateKey.generate()
    public_key = key.public_key.to_bytes().hex()
    try:
        sx.write_key(out, key)
    except FileExistsError:
        raise sx.SphinxError(f"{out} exists: keys are never overwritten") from None
    click.echo(public_key)
