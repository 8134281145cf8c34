"""One valid message of each type, and what the tests change in it."""

from collections.abc import Callable
from typing import Any

import pytest
from coconut_fields import ATTRIBUTES, fields
from coconut_messages import CONTEXT, SCOPE, Message

import credentials as cr
from credentials.bls12381 import Curve


@pytest.fixture(scope="session")
def shows(credential: cr.Credential, key: cr.VerificationKey) -> dict[str, bytes]:
    """A show of each type, with attributes 3 and 4 disclosed."""
    found = {}
    for name, scope, batchable in (
        ("presentation", None, False),
        ("presentation with nullifier", SCOPE, False),
        ("batchable presentation", None, True),
        ("batchable presentation with nullifier", SCOPE, True),
    ):
        shown = cr.present(credential, key, [3, 4], CONTEXT, scope, batchable=batchable)
        found[name] = shown.to_bytes()
    return found


@pytest.fixture(scope="session")
def messages(
    dealt: cr.DealtKeys,
    issued: tuple[cr.CredentialRequest, cr.RequestState],
    blinded: dict[int, cr.BlindedShare],
    credential: cr.Credential,
    shows: dict[str, bytes],
    vk: cr.VerificationKey,
    curve: Curve,
) -> dict[str, Message]:
    """All messages, to be decoded on one backend: a credential needs one that takes secrets."""
    attributes = credential.attribute_bytes()
    signature = credential.to_bytes()

    def with_key(kind: Any) -> Callable[[bytes], Any]:
        return lambda raw: kind.from_bytes(raw, vk)

    table: list[tuple[str, bytes, Callable[[bytes], Any]]] = [
        (
            "verification key",
            vk.to_bytes(),
            lambda raw: cr.VerificationKey.from_bytes(raw, backend=curve.name),
        ),
        (
            "verification key share",
            dealt.key_shares[2].to_bytes(),
            lambda raw: cr.VerificationKeyShare.from_bytes(raw, vk.parameters),
        ),
        ("signing key share", dealt.shares[2].to_bytes(), with_key(cr.SigningKeyShare)),
        ("request", issued[0].to_bytes(), with_key(cr.CredentialRequest)),
        ("request state", issued[1].to_bytes(), with_key(cr.RequestState)),
        ("blinded share", blinded[2].to_bytes(), with_key(cr.BlindedShare)),
    ]
    if curve.name == "blst":
        table += [
            ("credential", signature, lambda raw: cr.Credential.from_bytes(raw, vk, attributes)),
            (ATTRIBUTES, attributes, lambda raw: cr.Credential.from_bytes(signature, vk, raw)),
        ]
    for name, raw in shows.items():
        batchable = name.startswith("batchable")
        kind = cr.BatchablePresentation if batchable else cr.Presentation
        table.append((name, raw, with_key(kind)))
    q = vk.parameters.attributes
    return {name: Message(name, raw, decode, fields(name, raw, q)) for name, raw, decode in table}
