"""The wallet shows a credential."""

from collections.abc import Iterable
from typing import Any, Literal, overload

from credentials._checks import instance, integer, listed, sized_bytes
from credentials._random import random_scalar
from credentials.bls12381 import Scalar
from credentials.credential import Credential
from credentials.errors import ArgumentError
from credentials.keys import VerificationKey, check_key, check_same_parameters
from credentials.nonces import nonces
from credentials.presentation import (
    BatchablePresentation,
    Nullifier,
    Presentation,
    ShowStatement,
    scope_base,
)
from credentials.suite import LONGEST_CONTEXT, LONGEST_SCOPE


def checked_context(context: Any) -> bytes:
    """The context of a show, as bytes."""
    return sized_bytes(context, 1, LONGEST_CONTEXT, "context")


def checked_scope(scope: Any, key: VerificationKey) -> bytes | None:
    """The scope of a nullifier, as bytes, or None."""
    if scope is None:
        return None
    if key.parameters.nullifier is None:
        raise ArgumentError("the key's schema has no nullifier, so there is no scope")
    return sized_bytes(scope, 1, LONGEST_SCOPE, "scope")


@overload
def present(
    credential: Credential,
    key: VerificationKey,
    disclose: Iterable[int],
    context: Any,
    scope: Any = None,
    batchable: Literal[False] = False,
) -> Presentation: ...
@overload
def present(
    credential: Credential,
    key: VerificationKey,
    disclose: Iterable[int],
    context: Any,
    scope: Any = None,
    *,
    batchable: Literal[True],
) -> BatchablePresentation: ...
@overload
def present(
    credential: Credential,
    key: VerificationKey,
    disclose: Iterable[int],
    context: Any,
    scope: Any = None,
    batchable: bool = False,
) -> Presentation | BatchablePresentation: ...
def present(
    credential: Credential,
    key: VerificationKey,
    disclose: Iterable[int],
    context: Any,
    scope: Any = None,
    batchable: bool = False,
) -> Presentation | BatchablePresentation:
    """Show a credential: the attributes of `disclose`, and that there is a signature on all.

    Two shows of a credential cannot be linked, unless by what they disclose or by the nullifier.

    Args:
        disclose: indices, possibly none; never the nullifier's.
        context: 1..65535 bytes that tie the show to its occasion: who verifies, and a nonce of
            theirs.
        scope: 1..1024 bytes within which the credential can be used once, for a key with a
            nullifier; without, the show has no nullifier.
        batchable: make the longer encoding that verify_batch() takes.
    """
    instance(credential, Credential, "credential")
    instance(key, VerificationKey, "key")
    check_key(credential.key.digest, credential.key.key_epoch, key, "the credential")
    check_same_parameters(credential.key.parameters, key, "the credential")
    parameters = key.parameters
    curve = parameters.curve
    text = checked_context(context)
    place = checked_scope(scope, key)
    disclosed = {j: credential._attributes[j] for j in _indices(disclose, key)}
    hidden = [j for j in range(1, parameters.attributes + 1) if j not in disclosed]
    g2 = curve.g2.generator

    while True:
        a, b = random_scalar(), random_scalar()
        h = curve.g1.sum_secret([credential.h], [a])
        s = curve.g1.sum_secret([credential.s, h], [a, b])
        kappa = curve.g2.sum_secret([g2], [b])
        for j in hidden:
            kappa = kappa + credential._product(j)
        if not any(point.is_identity for point in (h, s, kappa)):
            break
    statement = ShowStatement(key, disclosed, h, s, kappa)
    m = {j: credential._scalar(j) for j in hidden}
    while True:
        # The scope is in the challenge, so it must be in the nonces, too.
        proven = statement.transcript(None, None, text) + (place or b"")
        *w, w_b = nonces(len(m) + 1, [*m.values(), b], proven)
        w_of = dict(zip(hidden, w, strict=True))
        bases = [*(key.beta[j - 1] for j in hidden), g2]
        first_move = curve.g2.sum_secret(bases, [*w, w_b])
        nullifier = None
        if place is not None and parameters.nullifier is not None:
            base = scope_base(curve, place)
            point = curve.g1.sum_secret([base], [m[parameters.nullifier]])
            nonce = curve.g1.sum_secret([base], [w_of[parameters.nullifier]])
            nullifier = Nullifier(place, base, point, nonce)
        if not first_move.is_identity and (nullifier is None or not nullifier.nonce.is_identity):
            break
    c = statement.challenge(first_move, nullifier, text)
    answers: dict[int, Scalar] = {j: w_of[j] + c * m[j] for j in hidden}
    kind = BatchablePresentation if batchable else Presentation
    return kind._of(statement, answers, w_b + c * b, c, first_move, nullifier)


def _indices(disclose: Any, key: VerificationKey) -> list[int]:
    """The indices to disclose, ascending."""
    indices = listed(disclose, "disclose")
    for j in indices:
        integer(j, 1, key.parameters.attributes, "an index to disclose")
        if j == key.parameters.nullifier:
            raise ArgumentError(f"attribute {j} is the nullifier: it is never disclosed")
    if len(set(indices)) != len(indices):
        raise ArgumentError(f"the indices to disclose are not distinct: {indices}")
    return sorted(indices)
