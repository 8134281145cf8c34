"""What the vectors of credentials are made with: keys, refusals, JSON forms."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from document import CREDENTIALS_SOURCE, Fields, File
from stream import Stream, drawing_from

import credentials as cr
from credentials import _random
from credentials.attributes import Attribute
from credentials.bls12381 import Scalar

BACKEND = "blst"
SCOPE = b"2026-11-25"


def new(algorithm: str, schema: str, *lines: str) -> File:
    return File(algorithm, schema, *lines, source=CREDENTIALS_SOURCE)


def refusal(comment: str, call: Callable[[], object]) -> Fields:
    """The members that say how the library refuses; it must."""
    try:
        call()
    except cr.CredentialError as error:
        return {"result": "invalid", "error": type(error).__name__}
    raise SystemExit(f"{comment}: was accepted")


def hexes(values: Iterable[bytes]) -> list[str]:
    return [value.hex() for value in values]


def encodings(values: Iterable[Any]) -> list[str]:
    """Of points or scalars."""
    return [value.encode().hex() for value in values]


def drawn_scalars(drawn: Iterable[bytes]) -> list[Scalar]:
    return [Scalar.reduce(int.from_bytes(draw, "big")) for draw in drawn]


def typed(attributes: Mapping[int, Attribute]) -> dict[str, str]:
    return {str(j): attribute.encoded.hex() for j, attribute in attributes.items()}


def deal(
    label: str, parameters: cr.Parameters, threshold: int, authorities: int, epoch: int = 0
) -> tuple[cr.DealtKeys, list[bytes]]:
    with drawing_from(_random, Stream(f"deal {label}")) as drawn:
        keys = cr.deal_keys(
            parameters, threshold=threshold, authorities=authorities, key_epoch=epoch
        )
    return keys, drawn


@cache
def common_keys() -> cr.DealtKeys:
    """3 of 5 authorities, four attributes: the nullifier secret, and any kinds."""
    parameters = cr.Parameters(4, b"vectors", nullifier=1, backend=BACKEND)
    return deal("common", parameters, 3, 5, epoch=7)[0]
