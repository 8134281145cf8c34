"""Targets: decoders of the package credentials, on every curve backend there is.

Whatever is decoded encodes to the same bytes; all else is refused, by every backend alike.
"""

from collections.abc import Callable
from typing import Any

from fuzz.shows import BACKENDS, CONTEXT, SCOPE, SIGNING, key, messages
from fuzz.target import Targets, attempt, require

import credentials as cr

TARGETS = Targets()


def check(raw: bytes, decode: Callable[[str], Any], *, backends: Any = BACKENDS) -> list[Any]:
    """What was decoded on each backend; nothing if it was refused."""
    outcomes = []
    for name in backends:
        try:
            outcomes.append(decode(name))
        except cr.CredentialError as error:
            outcomes.append((type(error), str(error)))
    refused = [isinstance(one, tuple) for one in outcomes]
    require(len(set(refused)) == 1, "one backend takes it, and one does not")
    if refused[0]:
        require(len({one[0] for one in outcomes}) == 1, "refused for different reasons")
        return []
    require(all(one.to_bytes() == raw for one in outcomes), "other bytes")
    return outcomes


@TARGETS(max_size=900, quick=30)
def verification_key(raw: bytes) -> None:
    check(raw, lambda name: cr.VerificationKey.from_bytes(raw, backend=name))


@TARGETS(max_size=900, quick=30)
def verification_key_share(raw: bytes) -> None:
    check(raw, lambda name: cr.VerificationKeyShare.from_bytes(raw, key(name).parameters))


@TARGETS(max_size=300)
def signing_key_share(raw: bytes) -> None:
    check(raw, lambda name: cr.SigningKeyShare.from_bytes(raw, key(name)))


@TARGETS(max_size=700, quick=30)
def credential_request(raw: bytes) -> None:
    found = check(raw, lambda name: cr.CredentialRequest.from_bytes(raw, key(name)))
    verdicts = set()
    for name, request in zip(BACKENDS, found, strict=False):
        try:
            cr.check_request(key(name), request)
            verdicts.add(True)
        except cr.IssuanceError:
            verdicts.add(False)
    require(len(verdicts) <= 1, "the backends do not agree on the proof")


@TARGETS(max_size=900, quick=30)
def request_state(raw: bytes) -> None:
    check(raw, lambda name: cr.RequestState.from_bytes(raw, key(name)), backends=[SIGNING])


@TARGETS(max_size=120, quick=60)
def blinded_share(raw: bytes) -> None:
    check(raw, lambda name: cr.BlindedShare.from_bytes(raw, key(name)))


@TARGETS(max_size=180, quick=60)
def credential(raw: bytes) -> None:
    attributes = messages()["credential_attributes"][0]
    check(
        raw,
        lambda name: cr.Credential.from_bytes(raw, key(name), attributes),
        backends=[SIGNING],
    )


@TARGETS(max_size=200, quick=60)
def credential_attributes(raw: bytes) -> None:
    signature = messages()["credential"][0]
    made = attempt(cr.CredentialError, cr.Credential.from_bytes, signature, key(SIGNING), raw)
    require(made is None or made.attribute_bytes() == raw, "other bytes")


@TARGETS(max_size=800, quick=30)
def presentation(raw: bytes) -> None:
    """Either encoding of a show; and whether it verifies."""
    seeds = messages()["presentation"]
    for kind in (cr.Presentation, cr.BatchablePresentation):
        found = check(raw, lambda name, kind=kind: kind.from_bytes(raw, key(name)))
        for name, shown in zip(BACKENDS, found, strict=False):
            scope = None if shown.nullifier is None else SCOPE
            claims = attempt(cr.CredentialError, cr.verify, shown, key(name), CONTEXT, scope)
            require((claims is not None) == (raw in seeds), "a forged show, or a good one refused")
