"""`credentials inspect`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

import credentials as cr
from credentials import files
from credentials.cli.options import FILE, load_key
from credentials.cli.values import as_json


def _key(key: cr.VerificationKey) -> dict[str, Any]:
    parameters = key.parameters
    return {
        "digest": key.digest.hex(),
        "key_epoch": key.key_epoch,
        "domain": parameters.domain.hex(),
        "kinds": [kind.name.lower() for kind in parameters.kinds],
        "nullifier": parameters.nullifier,
    }


def _key_share(share: cr.VerificationKeyShare) -> dict[str, Any]:
    return {
        "key": share.digest.hex(),
        "key_epoch": share.key_epoch,
        "share_epoch": share.share_epoch,
        "threshold": share.threshold,
        "authorities": share.authorities,
        "id": share.id,
    }


def _request(request: cr.CredentialRequest) -> dict[str, Any]:
    return {
        "digest": request.digest.hex(),
        "key": request.key_digest.hex(),
        "key_epoch": request.key_epoch,
        "issue_context": request.issue_context.hex(),
        "disclosed": as_json(request.disclosed),
    }


def _blinded_share(share: cr.BlindedShare) -> dict[str, Any]:
    return {
        "request": share.request_digest.hex(),
        "id": share.id,
        "share_epoch": share.share_epoch,
    }


def _shown(shown: cr.Presentation | cr.BatchablePresentation) -> dict[str, Any]:
    return {
        "key": shown.key_digest.hex(),
        "key_epoch": shown.key_epoch,
        "not_verified": as_json({j: a.value for j, a in shown.disclosed.items()}),
        "nullifier": None if shown.nullifier is None else shown.nullifier.encode().hex(),
    }


_PUBLIC: dict[str, tuple[Any, Callable[[Any], dict[str, Any]]]] = {
    "verification-key-share": (cr.VerificationKeyShare, _key_share),
    "request": (cr.CredentialRequest, _request),
    "blinded-share": (cr.BlindedShare, _blinded_share),
    "presentation": (cr.Presentation, _shown),
    "batchable-presentation": (cr.BatchablePresentation, _shown),
}


@click.command()
@click.option(
    "--key",
    "key_file",
    type=FILE,
    metavar="FILE",
    help="The verification key, which all public files but itself need.",
)
@click.argument("file", type=FILE)
def inspect(key_file: Path | None, file: Path) -> None:
    """Print what a public file says, as JSON; of a secret one, its type.

    The proof of a request is checked. A presentation is not verified: see verify.
    """
    name = files.file_type(file)
    document: dict[str, Any] = {"type": name}
    if name == "verification-key":
        document |= _key(load_key(file))
    elif name in _PUBLIC:
        if key_file is None:
            raise click.UsageError(f"{file} is a {name}, which needs --key")
        kind, describe = _PUBLIC[name]
        key = load_key(key_file)
        thing = files.load(file, kind, key.parameters if kind is cr.VerificationKeyShare else key)
        if isinstance(thing, cr.CredentialRequest):
            cr.check_request(key, thing)
        document |= describe(thing)
    else:
        document["encrypted"] = True
    click.echo(json.dumps(document, indent=2))
