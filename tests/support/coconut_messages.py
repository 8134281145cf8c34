"""Messages of `credentials` with their fields, and what a verifier does with bytes."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from coconut_fields import Field, fields

import credentials as cr
from credentials.suite import Type

CONTEXT = b"gateway-7|nonce"
SCOPE = b"2026-11-25"
TYPE_PLACE = 6


class Message(NamedTuple):
    """A valid encoding, how it is decoded on one backend, and where its fields are."""

    name: str
    raw: bytes
    decode: Callable[[bytes], Any]
    fields: dict[str, Field]

    def put(self, field: str, value: bytes) -> bytes:
        """The encoding with other bytes in this field."""
        return self.fields[field].put(self.raw, value)

    def flip(self, field: str, bit: int = 0) -> bytes:
        """The encoding with one bit of this field changed, from its end."""
        place = self.fields[field]
        value = bytearray(place.of(self.raw))
        value[-1 - bit // 8] ^= 1 << bit % 8
        return place.put(self.raw, bytes(value))

    def put_disclosed(self, j: int, value: bytes) -> bytes:
        """The encoding with other bytes for all of the typed attribute j."""
        start = self.fields[f"disclosed_{j}.kind"].start
        last = self.fields[f"disclosed_{j}"]
        return self.raw[:start] + value + self.raw[last.start + last.size :]

    def of_kind(self, *kinds: str) -> list[Field]:
        """Its fields of these kinds."""
        return [field for field in self.fields.values() if field.kind in kinds]


_SHOWS = {
    Type.PRESENTATION: "presentation",
    Type.PRESENTATION_NULLIFIER: "presentation with nullifier",
    Type.BATCHABLE: "batchable presentation",
    Type.BATCHABLE_NULLIFIER: "batchable presentation with nullifier",
}


def show_message(raw: bytes, vk: cr.VerificationKey) -> Message:
    """A show with its fields."""
    name = _SHOWS[Type(raw[TYPE_PLACE])]
    places = fields(name, raw, vk.parameters.attributes)
    return Message(name, raw, lambda encoded: show_type(raw).from_bytes(encoded, vk), places)


def request_message(raw: bytes, vk: cr.VerificationKey) -> Message:
    """A request with its fields."""
    places = fields("request", raw, vk.parameters.attributes)
    return Message(
        "request", raw, lambda encoded: cr.CredentialRequest.from_bytes(encoded, vk), places
    )


def show_type(raw: bytes) -> Any:
    """The class that decodes this show."""
    batchable = raw[TYPE_PLACE] in (Type.BATCHABLE, Type.BATCHABLE_NULLIFIER)
    return cr.BatchablePresentation if batchable else cr.Presentation


def verify_bytes(
    raw: bytes, vk: cr.VerificationKey, context: bytes = CONTEXT, scope: bytes | None = None
) -> cr.Claims:
    """Verify a show in either encoding."""
    return cr.verify(show_type(raw).from_bytes(raw, vk), vk, context, scope)


def verify_in_batch(
    raw: bytes,
    vk: cr.VerificationKey,
    others: Sequence[bytes],
    context: bytes = CONTEXT,
    scope: bytes | None = None,
) -> cr.Claims:
    """Verify a batchable show among others, which must be valid, and have no scope."""
    items = [others[0], raw, *others[1:]]
    n = len(others)
    contexts = [CONTEXT, context, *[CONTEXT] * (n - 1)]
    scopes = [None, scope, *[None] * (n - 1)]
    first, result, *rest = cr.verify_batch(items, vk, contexts, scopes)
    for other in (first, *rest):
        if isinstance(other, cr.CredentialError):
            raise AssertionError("a valid show was refused in a batch") from other
    if isinstance(result, cr.CredentialError):
        raise result
    return result
