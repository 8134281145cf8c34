"""Aggregation: blinded shares of at least t authorities make one verified credential."""

from collections.abc import Iterable, Mapping
from typing import Any

from credentials import lagrange
from credentials._checks import instance, listed
from credentials.blinded_share import BlindedShare
from credentials.credential import Credential
from credentials.errors import (
    ArgumentTypeError,
    EpochError,
    LocalStateError,
    ProofError,
    ShareError,
    TooFewSharesError,
    WrongKeyError,
)
from credentials.keys import (
    VerificationKey,
    VerificationKeyShare,
    check_key,
    check_same_parameters,
    check_shares_agree,
    interpolate,
)
from credentials.request import CredentialRequest, RequestState


def aggregate(
    blinded: Iterable[BlindedShare],
    state: RequestState,
    key: VerificationKey,
    key_shares: Mapping[int, VerificationKeyShare],
) -> Credential:
    """Unblind and combine shares of at least `threshold` authorities, and verify the result once.

    Raises TooFewSharesError; ShareError, whose `ids` are the authorities that answered wrongly:
    call again with others; LocalStateError if all answers are right and the state is not. Only
    those authorities are accused whose share breaks a public equation: see check_blinded_share().
    """
    instance(state, RequestState, "state")
    instance(key, VerificationKey, "key")
    request = state.request
    check_key(request.key_digest, request.key_epoch, key, "the request")
    check_same_parameters(request.parameters, key, "the request")
    shares = listed(blinded, "blinded")
    of = _key_shares(shares, request, key, key_shares)
    curve = key.parameters.curve

    # s = sum l_i*(c_i - sum o_j*beta1_ij) = sum l_i*c_i - sum o_j*beta1_j, as beta1 interpolates.
    numerators, factor = lagrange.at_zero([share.id for share in shares])
    combined = curve.g1.sum_public([share.c for share in shares], numerators)
    openings, nullifier = state._scalars()
    hidden = request._statement.hidden
    blinding = curve.g1.sum_secret([key.beta1[j - 1] for j in hidden], openings)
    s = curve.g1.sum_public([combined], [factor]) - blinding
    attributes, nullifier = state._attributes()
    try:
        return Credential._verified(
            key, request.h, s, attributes, nullifier, public=request.disclosed
        )
    except ProofError:
        _blame(shares, request, key, of)
        raise LocalStateError(
            "all shares are right, and the credential is not: the state is not of this request"
        ) from None


def check_blinded_share(
    share: BlindedShare, request: CredentialRequest, key_share: VerificationKeyShare
) -> None:
    """Check an answer by public values only: anyone can, and gets the same result.

    e(c, g2) = e(h, alpha_i + sum of disclosed m_j*beta_ij) * product of e(C_j, beta_ij).
    Raises ShareError.
    """
    instance(share, BlindedShare, "share")
    instance(request, CredentialRequest, "request")
    instance(key_share, VerificationKeyShare, "key_share")
    check_key(request.key_digest, request.key_epoch, key_share, "the request")
    check_same_parameters(request.parameters, key_share, "the request")
    if share.request_digest != request.digest:
        raise ShareError(f"share {share.id} answers another request", [share.id])
    if share.id != key_share.id:
        raise ShareError(f"share {share.id} is not of authority {key_share.id}", [share.id])
    if share.share_epoch != key_share.share_epoch:
        raise EpochError(
            f"share {share.id} is of share epoch {share.share_epoch}, not {key_share.share_epoch}"
        )
    statement = request._statement
    curve = request.parameters.curve
    signed = key_share.alpha + curve.g2.sum_public(
        [key_share.beta[j - 1] for j in statement.disclosed],
        [attribute.scalar for attribute in statement.disclosed.values()],
    )
    pairs = [(statement.h, signed), (-share.c, curve.g2.generator)]
    for j, commitment in zip(statement.hidden, request.commitments, strict=True):
        pairs.append((commitment, key_share.beta[j - 1]))
    if not curve.pairing_product_is_one(pairs):
        raise ShareError(f"the share of authority {share.id} is wrong", [share.id])


def _key_shares(
    shares: list[BlindedShare], request: CredentialRequest, key: VerificationKey, given: Any
) -> list[VerificationKeyShare]:
    """The key share of each blinded share, after all checks that need no curve."""
    if not isinstance(given, Mapping):
        raise ArgumentTypeError(f"key_shares must be a mapping, not {type(given).__name__}")
    for share in shares:
        instance(share, BlindedShare, "a blinded share")
    ids = [share.id for share in shares]
    if twice := {i for i in ids if ids.count(i) > 1}:
        raise ShareError(f"more than one share of {sorted(twice)}", sorted(twice))
    if unknown := [i for i in ids if i not in given]:
        raise ShareError(f"no key share of {unknown}", unknown)
    if other := [share.id for share in shares if share.request_digest != request.digest]:
        raise ShareError(f"the shares of {other} answer another request", other)
    of = [given[i] for i in ids]
    for i, key_share in zip(ids, of, strict=True):
        instance(key_share, VerificationKeyShare, "a key share")
        if key_share.id != i:
            raise WrongKeyError(f"the key share of {i} is that of {key_share.id}")
        check_key(key_share.digest, key_share.key_epoch, key, f"the key share of {i}")
        check_same_parameters(key_share.parameters, key, f"the key share of {i}")
    if not of:
        raise TooFewSharesError("no shares")
    check_shares_agree(of)
    epoch = of[0].share_epoch
    if old := [share.id for share in shares if share.share_epoch != epoch]:
        raise EpochError(f"the shares of {old} are not of share epoch {epoch}")
    if len(shares) < of[0].threshold:
        raise TooFewSharesError(f"{len(shares)} shares, the threshold is {of[0].threshold}")
    return of


def _blame(
    shares: list[BlindedShare],
    request: CredentialRequest,
    key: VerificationKey,
    of: list[VerificationKeyShare],
) -> None:
    """Raise ShareError with the authorities whose shares are wrong, if there are any."""
    if interpolate(of) != (key.alpha, key.beta, key.beta1):
        raise WrongKeyError("the key shares are not those of the verification key")
    wrong = []
    for share, key_share in zip(shares, of, strict=True):
        try:
            check_blinded_share(share, request, key_share)
        except ShareError:
            wrong.append(share.id)
    if wrong:
        raise ShareError(f"the shares of {wrong} are wrong", wrong)
