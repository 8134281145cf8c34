"""A verifier checks one show."""

from typing import Any, NamedTuple

from credentials._checks import instance
from credentials.bls12381 import G1, G2, Scalar
from credentials.claims import Claims, make_claims
from credentials.errors import ProofError
from credentials.keys import VerificationKey, check_key, check_same_parameters
from credentials.presentation import (
    BatchablePresentation,
    Nullifier,
    Presentation,
    Shown,
    scope_base,
)
from credentials.show import checked_context, checked_scope


def verify(
    shown: Presentation | BatchablePresentation,
    key: VerificationKey,
    context: Any,
    scope: Any = None,
) -> Claims:
    """Verify a show; the claims are what it says.

    Args:
        context: the verifier's own: what it asked the wallet to show the credential for.
        scope: the verifier's own; with it a nullifier is required, without it refused.

    Raises CredentialError: ProofError if a proof or the signature does not verify. Replays are
    for the caller to notice, by `claims.challenge` or `claims.nullifier`.
    """
    instance(shown, (Presentation, BatchablePresentation), "shown")
    instance(key, VerificationKey, "key")
    text = checked_context(context)
    place = checked_scope(scope, key)
    if isinstance(shown, Presentation):
        c = _check_compact(shown, key, text, place)
        check_signature(shown, key)
    else:
        checked = recompute_challenge(shown, key, text, place)
        check_one(checked, key)
        c = checked.challenge
    return make_claims(shown, c)


class Checked(NamedTuple):
    """A batchable show with its challenge: the equations are what is left to check."""

    shown: BatchablePresentation
    challenge: Scalar
    nullifier: Nullifier | None


def recompute_challenge(
    shown: BatchablePresentation, key: VerificationKey, context: bytes, scope: bytes | None
) -> Checked:
    """All checks before the equations."""
    check_policy(shown, key, scope)
    nullifier = None
    if scope is not None and shown.nullifier is not None and shown.nullifier_nonce is not None:
        base = scope_base(key.parameters.curve, scope)
        nullifier = Nullifier(scope, base, shown.nullifier, shown.nullifier_nonce)
    c = shown._statement(key).challenge(shown.first_move, nullifier, context)
    return Checked(shown, c, nullifier)


def check_policy(shown: Shown, key: VerificationKey, scope: bytes | None) -> None:
    """The key is this one, and there is a nullifier if and only if the verifier wants one."""
    check_key(shown.key_digest, shown.key_epoch, key, "the presentation")
    check_same_parameters(shown.parameters, key, "the presentation")
    if scope is not None and shown.nullifier is None:
        raise ProofError("the presentation has no nullifier, and one is required")
    if scope is None and shown.nullifier is not None:
        raise ProofError("the presentation has a nullifier, and no scope was given")


def check_one(checked: Checked, key: VerificationKey) -> None:
    """The equations of one batchable show."""
    shown, c, nullifier = checked
    if _kappa_nonce(shown, key, c) != shown.first_move:
        raise ProofError("the proof of the presentation does not verify")
    if (
        nullifier is not None
        and _nullifier_nonce(shown, key, c, nullifier.base, nullifier.point) != nullifier.nonce
    ):
        raise ProofError("the proof of the nullifier does not verify")
    check_signature(shown, key)


def check_signature(shown: Shown, key: VerificationKey) -> None:
    """e(h', kappa + alpha + sum of disclosed m_j*beta_j) = e(s', g2)."""
    curve = key.parameters.curve
    disclosed = curve.g2.sum_public(
        [key.beta[j - 1] for j in shown.disclosed],
        [attribute.scalar for attribute in shown.disclosed.values()],
    )
    signed = shown.kappa + key.alpha + disclosed
    if not curve.pairing_product_is_one([(shown.h, signed), (-shown.s, curve.g2.generator)]):
        raise ProofError("the signature of the presentation does not verify")


def _check_compact(
    shown: Presentation, key: VerificationKey, context: bytes, scope: bytes | None
) -> Scalar:
    """The challenge is that of the first moves that the answers give."""
    check_policy(shown, key, scope)
    c = shown.challenge
    first_move = _kappa_nonce(shown, key, c)
    nullifier = None
    nonce_is_identity = False
    if scope is not None and shown.nullifier is not None:
        base = scope_base(key.parameters.curve, scope)
        nonce = _nullifier_nonce(shown, key, c, base, shown.nullifier)
        nonce_is_identity = nonce.is_identity
        nullifier = Nullifier(scope, base, shown.nullifier, nonce)
    if first_move.is_identity or nonce_is_identity:
        raise ProofError("the first move of the presentation is the identity")
    if shown._statement(key).challenge(first_move, nullifier, context) != c:
        raise ProofError("the proof of the presentation does not verify")
    return c


def _kappa_nonce(shown: Shown, key: VerificationKey, c: Scalar) -> G2:
    """sum z_j*beta_j + z_b*g2 - c*kappa: the first move A, if the proof is right."""
    g2 = key.parameters.curve.g2
    return g2.sum_public(
        [*(key.beta[j - 1] for j in shown.answers), g2.generator, shown.kappa],
        [*shown.answers.values(), shown.blinding_answer, -c],
    )


def nullifier_answer(shown: Shown, key: VerificationKey) -> Scalar:
    """z_s: the answer of the nullifier attribute, the one of kappa."""
    index = key.parameters.nullifier
    if index is None:
        raise ProofError("the key's schema has no nullifier")
    return shown.answers[index]


def _nullifier_nonce(shown: Shown, key: VerificationKey, c: Scalar, base: G1, point: G1) -> G1:
    """z_s*H_scope - c*N: the first move T_N, if the proof is right."""
    scalars = [nullifier_answer(shown, key), -c]
    return key.parameters.curve.g1.sum_public([base, point], scalars)
