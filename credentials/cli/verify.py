"""`credentials verify`."""

import json
from pathlib import Path

import click

import credentials as cr
from credentials import files
from credentials.cli.options import FILE, context_option, key_option, load_key, scope_option
from credentials.cli.values import as_json


@click.command()
@key_option
@context_option
@scope_option
@click.argument("presentation", type=FILE, metavar="PRESENTATION")
def verify(key_file: Path, context: bytes, scope: bytes | None, presentation: Path) -> None:
    """Verify a presentation, and print what it says, as JSON.

    Ends with 2 unless it is valid. What was seen before is for the caller to notice: by
    nullifier where there is a scope, else by challenge.
    """
    key = load_key(key_file)
    shown: cr.Presentation | cr.BatchablePresentation
    if files.file_type(presentation) == "batchable-presentation":
        shown = files.load(presentation, cr.BatchablePresentation, key)
    else:
        shown = files.load(presentation, cr.Presentation, key)
    claims = cr.verify(shown, key, context, scope)
    document = {
        "claims": as_json(claims),
        "nullifier": None if claims.nullifier is None else claims.nullifier.hex(),
        "challenge": claims.challenge.hex(),
    }
    click.echo(json.dumps(document, indent=2))
