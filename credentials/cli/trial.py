"""The demo's run: authorities, wallets and a verifier in one process, which exchange bytes."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import ParamSpec, TypeVar

import credentials as cr
from credentials.bls12381 import G1_SIZE
from credentials.suite import ISSUE_CONTEXT_SIZE

THRESHOLD = 3
AUTHORITIES = 5
LIAR = 2
ASKED = (1, LIAR, 3)
"""Whom a wallet asks first."""
HONEST = (1, 3, 5)
"""Who answers a wallet that was told of the liar."""

DOMAIN = b"credentials demo"
KINDS = (cr.Kind.SCALAR, cr.Kind.BYTES, cr.Kind.TEXT, cr.Kind.INTEGER)
NULLIFIER, MEMBER, EXPIRY, LEVEL = range(1, len(KINDS) + 1)
EXPIRES = "2026-11"
SCOPE = b"2026-11-25"

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Check:
    """A claim about many things: how many of them it is true of."""

    name: str
    claim: str
    passed: int
    total: int


@dataclass
class Trial:
    """What came out."""

    checks: list[Check] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    """By operation; of a batch per presentation."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes of what an operation makes or takes."""

    @property
    def passed(self) -> bool:
        """Whether every claim is true of everything that it is about."""
        return all(check.passed == check.total > 0 for check in self.checks)

    def median(self, operation: str) -> float:
        """Seconds that an operation takes."""
        return median(self.seconds[operation])

    def check(self, name: str, claim: str, results: Sequence[bool]) -> None:
        """Count what a claim is true of."""
        self.checks.append(Check(name, claim, sum(results), len(results)))

    def time(self, name: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run and time an operation."""
        started = perf_counter()
        result = function(*args, **kwargs)
        self.seconds.setdefault(name, []).append(perf_counter() - started)
        return result


def run_trial(count: int, backend: str | None) -> Trial:
    """Issue `count` credentials with one authority lying, and show each."""
    trial = Trial()
    parameters = cr.Parameters(KINDS, DOMAIN, NULLIFIER, backend)
    keys = trial.time(
        "deal keys", cr.deal_keys, parameters, threshold=THRESHOLD, authorities=AUTHORITIES
    )
    trial.sizes["deal keys"] = len(keys.verification_key.to_bytes())
    credentials = _issue(trial, keys, count)
    if credentials:
        _show(trial, keys.verification_key, credentials)
    return trial


def _attempt(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | cr.CredentialError:
    """What a function returns, or why it refuses."""
    try:
        return function(*args, **kwargs)
    except cr.CredentialError as error:
        return error


def _issue(trial: Trial, keys: cr.DealtKeys, count: int) -> list[cr.Credential]:
    key = keys.verification_key
    credentials, named, right = [], [], []
    for i in range(count):
        hidden = {MEMBER: b"member %d" % i}
        disclosed = {EXPIRY: EXPIRES, LEVEL: i}
        context = os.urandom(ISSUE_CONTEXT_SIZE)
        request, state = trial.time(
            "request", cr.request_credential, key, hidden, disclosed, context
        )
        raw = request.to_bytes()
        answers = {
            j: trial.time("sign", _answer, share, raw)
            for j, share in keys.shares.items()
            if j in ASKED + HONEST
        }
        answers[LIAR] = _lie(answers[LIAR], answers[HONEST[0]])
        refusal = trial.time("name the liar", _attempt, _aggregate, answers, ASKED, state, keys)
        named.append(isinstance(refusal, cr.ShareError) and refusal.ids == (LIAR,))
        credential = trial.time("aggregate", _attempt, _aggregate, answers, HONEST, state, keys)
        if isinstance(credential, cr.Credential):
            right.append(credential.attributes == {**hidden, **disclosed})
            credentials.append(credential)
            trial.sizes["aggregate"] = len(credential.to_bytes())
        else:
            right.append(False)
        trial.sizes |= {"request": len(raw), "sign": len(answers[LIAR])}
    trial.check("liar", f"times the lying authority {LIAR} was named, and nobody else", named)
    trial.check("credentials", "credentials aggregated from the others and verified", right)
    return credentials


def _answer(share: cr.SigningKeyShare, raw: bytes) -> bytes:
    """What an honest authority makes of a request."""
    request = cr.CredentialRequest.from_bytes(raw, share)
    return cr.sign(share, request).to_bytes()


def _lie(own: bytes, other: bytes) -> bytes:
    """An answer of the right form: another authority's point under the own name."""
    return own[:-G1_SIZE] + other[-G1_SIZE:]


def _aggregate(
    answers: dict[int, bytes], ids: Sequence[int], state: cr.RequestState, keys: cr.DealtKeys
) -> cr.Credential:
    key = keys.verification_key
    blinded = [cr.BlindedShare.from_bytes(answers[i], key) for i in ids]
    return cr.aggregate(blinded, state, key, keys.key_shares)


def _show(trial: Trial, key: cr.VerificationKey, credentials: list[cr.Credential]) -> None:
    contexts = [b"gateway-7|" + os.urandom(16) for _ in credentials]
    short = [
        trial.time("present", cr.present, credential, key, [EXPIRY], context, SCOPE).to_bytes()
        for credential, context in zip(credentials, contexts, strict=True)
    ]
    long = [
        cr.present(credential, key, [EXPIRY], context, SCOPE, batchable=True).to_bytes()
        for credential, context in zip(credentials, contexts, strict=True)
    ]
    trial.sizes |= {"present": len(short[0]), "batch": len(long[0])}
    single = [
        trial.time("verify", _verify, raw, key, context)
        for raw, context in zip(short, contexts, strict=True)
    ]
    trial.check("single", "presentations verified one by one", [_good(one) for one in single])
    batch = trial.time("batch", _verify_batch, long, key, contexts)
    trial.seconds["batch"] = [seconds / len(long) for seconds in trial.seconds["batch"]]
    trial.check("batch", "verified in one batch", [_good(one) for one in batch])
    for name in cr.available_backends():
        if name != key.parameters.backend:
            other = cr.VerificationKey.from_bytes(key.to_bytes(), name)
            again = [
                trial.time(f"verify on {name}", _verify, raw, other, context)
                for raw, context in zip(short, contexts, strict=True)
            ]
            trial.check(name, f"verified on {name}, too", [_good(one) for one in again])
    replayed = [_verify(raw, key, contexts[i - 1]) for i, raw in enumerate(short)]
    trial.check(
        "context",
        "refused when replayed in another context",
        [isinstance(one, cr.ProofError) for one in replayed],
    )
    seen = [one.nullifier for one in single if isinstance(one, cr.Claims)]
    trial.check("distinct", "nullifiers seen once", [seen.count(one) == 1 for one in seen])

    # The first credential is shown again: another show in every byte but the nullifier.
    context = b"gateway-9|" + os.urandom(16)
    second = cr.present(credentials[0], key, [EXPIRY], context, SCOPE)
    alone = _verify(second.to_bytes(), key, context)
    third = cr.present(credentials[0], key, [EXPIRY], context, SCOPE, batchable=True)
    *rest, last = _verify_batch([*long, third.to_bytes()], key, [*contexts, context])
    trial.check(
        "double",
        "second shows in a scope caught by their nullifier, alone and in a batch",
        [
            isinstance(alone, cr.Claims) and alone.nullifier in seen,
            isinstance(last, cr.DoubleUseError) and all(map(_good, rest)),
        ],
    )


def _good(result: cr.Claims | cr.CredentialError) -> bool:
    """Whether a verifier has learned what it should, and no more."""
    return (
        isinstance(result, cr.Claims)
        and result == {EXPIRY: EXPIRES}
        and result.nullifier is not None
    )


def _verify(raw: bytes, key: cr.VerificationKey, context: bytes) -> cr.Claims | cr.CredentialError:
    return _attempt(_verified, raw, key, context)


def _verified(raw: bytes, key: cr.VerificationKey, context: bytes) -> cr.Claims:
    return cr.verify(cr.Presentation.from_bytes(raw, key), key, context, SCOPE)


def _verify_batch(
    raw: list[bytes], key: cr.VerificationKey, contexts: list[bytes]
) -> list[cr.Claims | cr.CredentialError]:
    return cr.verify_batch(raw, key, contexts, [SCOPE] * len(raw))
