"""Issuance: the wallet requests, an authority checks and signs."""

from typing import Any

from credentials._checks import instance, sized_bytes
from credentials._random import random_scalar
from credentials.blinded_share import BlindedShare
from credentials.bls12381 import G1, Scalar, hash_to_scalar
from credentials.errors import (
    ArgumentError,
    IssuanceError,
    RequestEpochError,
    RequestKeyError,
    RequestProofError,
)
from credentials.keys import (
    KEYS,
    Key,
    SigningKeyShare,
    VerificationKey,
    check_same_parameters,
)
from credentials.nonces import nonces
from credentials.request import CredentialRequest, IssuanceStatement, RequestProof, RequestState
from credentials.suite import ISSUE_CONTEXT_SIZE, ISSUE_TAG


def request_credential(
    key: VerificationKey, hidden: Any, disclosed: Any, issue_context: Any
) -> tuple[CredentialRequest, RequestState]:
    """Ask for a credential on attributes of which the issuers see only the disclosed ones.

    Args:
        key: the verification key that the credential will verify under.
        hidden: value by index, at least one counting the nullifier secret, which is drawn here.
        disclosed: value by index; each attribute is in one of both.
        issue_context: 32 bytes, the same at every issuer: the hash of the deposit or of the id
            that pays for this credential.

    Returns the request for every issuer, and the secret state: store it before the request leaves.
    """
    instance(key, VerificationKey, "key")
    parameters = key.parameters
    curve = parameters.curve
    given = parameters._typed(hidden, "hidden")
    shown = parameters._typed(disclosed, "disclosed")
    context = sized_bytes(issue_context, ISSUE_CONTEXT_SIZE, ISSUE_CONTEXT_SIZE, "issue_context")
    if both := given.keys() & shown.keys():
        raise ArgumentError(f"attributes {sorted(both)} are hidden and disclosed")
    wanted = set(range(1, parameters.attributes + 1)) - {parameters.nullifier}
    if absent := wanted - given.keys() - shown.keys():
        raise ArgumentError(f"attributes {sorted(absent)} are missing")
    secret = None if parameters.nullifier is None else random_scalar()
    scalars = {j: attribute.scalar for j, attribute in given.items()}
    if parameters.nullifier is not None and secret is not None:
        scalars[parameters.nullifier] = secret
    if not scalars:
        raise ArgumentError("at least one attribute must be hidden")
    m = [scalars[j] for j in sorted(scalars)]
    bases = [curve.g1.generator, *(parameters.generators[j - 1] for j in sorted(scalars))]

    while True:
        opening = random_scalar()
        commitment = curve.g1.sum_secret(bases, [opening, *m])
        statement = IssuanceStatement(
            parameters, key.digest, key.key_epoch, shown, context, commitment
        )
        openings = [random_scalar() for _ in m]
        pair = [curve.g1.generator, statement.h]
        commitments = [
            curve.g1.sum_secret(pair, [o_j, m_j]) for o_j, m_j in zip(openings, m, strict=True)
        ]
        if not any(point.is_identity for point in (statement.h, commitment, *commitments)):
            break

    secrets = [opening, *m, *openings]
    w = nonces(len(secrets), secrets, statement.transcript(commitments))
    w_m, w_openings = w[1 : 1 + len(m)], w[1 + len(m) :]
    first_move = curve.g1.sum_secret(bases, w[: 1 + len(m)])
    first_moves = [
        curve.g1.sum_secret(pair, [w_o, w_j]) for w_o, w_j in zip(w_openings, w_m, strict=True)
    ]
    c = hash_to_scalar(statement.transcript(commitments, first_move, first_moves), ISSUE_TAG)
    answers = [w_i + c * secret_i for w_i, secret_i in zip(w, secrets, strict=True)]
    request = CredentialRequest._of(statement, commitments, RequestProof([c, *answers]))
    return request, RequestState._of(request, given, openings, secret)


def check_request(key: Key, request: CredentialRequest) -> None:
    """Check that a request is for this key and that its proof holds; it needs no secret.

    Raises IssuanceError: RequestKeyError, RequestEpochError or RequestProofError.
    """
    instance(key, KEYS, "key")
    instance(request, CredentialRequest, "request")
    if request.key_digest != key.digest or request.parameters.schema != key.parameters.schema:
        raise RequestKeyError(f"the request is for another key: {request.key_digest.hex()}")
    if request.key_epoch != key.key_epoch:
        raise RequestEpochError(
            f"the request is of key epoch {request.key_epoch}, not {key.key_epoch}"
        )
    check_same_parameters(request.parameters, key, "the request")
    if request._accepted:
        return
    statement, proof = request._statement, request.proof
    g1 = request.parameters.curve.g1
    hidden = statement.hidden
    lengths = {len(hidden), len(request.commitments), len(proof.attributes), len(proof.openings)}
    if len(lengths) != 1 or not hidden:
        raise RequestProofError("the request has not one answer per hidden attribute")
    minus_c = -proof.challenge
    generators = [request.parameters.generators[j - 1] for j in hidden]
    first_move = g1.sum_public(
        [g1.generator, *generators, statement.commitment],
        [proof.opening, *proof.attributes, minus_c],
    )
    first_moves = [
        g1.sum_public([g1.generator, statement.h, commitment], [z_opening, z, minus_c])
        for commitment, z, z_opening in zip(
            request.commitments, proof.attributes, proof.openings, strict=True
        )
    ]
    message = statement.transcript(request.commitments, first_move, first_moves)
    if hash_to_scalar(message, ISSUE_TAG) != proof.challenge:
        raise RequestProofError("the proof of the request does not verify")
    object.__setattr__(request, "_accepted", True)


def sign(share: SigningKeyShare, request: CredentialRequest) -> BlindedShare:
    """Check a request and sign it: the same bytes for the same share and request, always.

    Whether the caller wants this request signed, and only once per issue_context, is for the
    caller to decide before. Raises IssuanceError.
    """
    instance(share, SigningKeyShare, "share")
    check_request(share, request)
    statement = request._statement
    x, y = share._scalars()
    exponent = x
    for j, attribute in statement.disclosed.items():
        exponent = exponent + attribute.scalar * y[j - 1]
    points: list[G1] = [statement.h, *request.commitments]
    scalars: list[Scalar] = [exponent, *(y[j - 1] for j in statement.hidden)]
    c = share.parameters.curve.g1.sum_secret(points, scalars)
    if c.is_identity:
        raise IssuanceError("the signature is the identity: request again")
    return BlindedShare._of(request.digest, share.id, share.share_epoch, c)
