"""Curve backends, and keys that many tests share."""

import os

import pytest

import credentials as cr
from credentials._backends import NAMES
from credentials.bls12381 import Curve, pick_curve

REQUIRED = "SPHINXCORE_TEST_CURVES"
"""Environment variable: the curve backends, comma separated, that must not be skipped."""


def pytest_configure() -> None:
    required = {name for name in os.environ.get(REQUIRED, "").split(",") if name}
    absent = required - set(cr.available_backends())
    if absent:
        raise pytest.UsageError(f"{REQUIRED}: not here: {', '.join(sorted(absent))}")


@pytest.fixture(params=NAMES, scope="session")
def curve(request: pytest.FixtureRequest) -> Curve:
    """The curve on every backend there is."""
    if request.param in cr.missing_backends():
        pytest.skip(f"{request.param}: {cr.missing_backends()[request.param]}")
    return pick_curve(request.param)


@pytest.fixture(scope="session")
def dealt() -> cr.DealtKeys:
    """Keys of 3 of 5 authorities for four attributes, the first one the nullifier secret."""
    parameters = cr.Parameters(attributes=4, domain=b"tests", nullifier=1, backend="blst")
    return cr.deal_keys(parameters, threshold=3, authorities=5, key_epoch=7)


@pytest.fixture(scope="session")
def key(dealt: cr.DealtKeys) -> cr.VerificationKey:
    return dealt.verification_key


@pytest.fixture(scope="session")
def issued(dealt: cr.DealtKeys) -> tuple[cr.CredentialRequest, cr.RequestState]:
    """A request with one attribute hidden beside the nullifier secret."""
    return cr.request_credential(
        dealt.verification_key,
        hidden={2: b"member 17"},
        disclosed={3: "2026-11", 4: 7},
        issue_context=bytes(range(32)),
    )


@pytest.fixture(scope="session")
def blinded(
    dealt: cr.DealtKeys, issued: tuple[cr.CredentialRequest, cr.RequestState]
) -> dict[int, cr.BlindedShare]:
    """The answers of all authorities."""
    return {i: cr.sign(share, issued[0]) for i, share in dealt.shares.items()}


@pytest.fixture(scope="session")
def credential(
    dealt: cr.DealtKeys,
    issued: tuple[cr.CredentialRequest, cr.RequestState],
    blinded: dict[int, cr.BlindedShare],
) -> cr.Credential:
    shares = [blinded[i] for i in (1, 3, 4)]
    return cr.aggregate(shares, issued[1], dealt.verification_key, dealt.key_shares)
