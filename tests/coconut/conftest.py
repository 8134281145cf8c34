"""Curve backends, and keys that many tests share."""

import os
from collections.abc import Callable, Iterator

import pytest
from refusals import NEGATIVE, Refusals
from tally import Tally

import credentials as cr
from credentials._backends import NAMES
from credentials.bls12381 import Curve, pick_curve

_TALLY = pytest.StashKey[Tally]()
REFUSED = "negative cases, by their number in the scheme"
MUTANTS = "mutants on which a batch and single checks agree"
STRINGS = "byte strings that decoders were given"

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


@pytest.fixture(scope="session")
def vk(key: cr.VerificationKey, curve: Curve) -> cr.VerificationKey:
    """The key of `dealt` on every backend there is."""
    return cr.VerificationKey.from_bytes(key.to_bytes(), backend=curve.name)


@pytest.fixture
def negative(request: pytest.FixtureRequest) -> Iterator[Refusals]:
    """Checks of a negative test, counted for the end of the session."""
    refusals = Refusals()
    yield refusals
    assert refusals.count
    found = NEGATIVE.match(request.node.name)
    numbers = "other" if found is None else found[1].rstrip("_").replace("_", ", ")
    counted(request.config).add(REFUSED, numbers, backend_of(request), refusals.count)


@pytest.fixture
def count_mutants(request: pytest.FixtureRequest) -> Callable[[str, int], None]:
    """Adds mutants with this verdict to the session's counts."""
    return lambda name, n: counted(request.config).add(MUTANTS, name, backend_of(request), n)


@pytest.fixture
def count_strings(request: pytest.FixtureRequest) -> Callable[[str, int], None]:
    """Adds byte strings that this decoder was given to the session's counts."""
    return lambda name, n: counted(request.config).add(STRINGS, name, backend_of(request), n)


def backend_of(request: pytest.FixtureRequest) -> str:
    """The backend that the test runs on."""
    parameters = getattr(request.node, "callspec", None)
    return "blst" if parameters is None else str(parameters.params.get("curve", "blst"))


def counted(config: pytest.Config) -> Tally:
    """The session's counts."""
    return config.stash.setdefault(_TALLY, Tally())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for section in (REFUSED, MUTANTS, STRINGS):
        if lines := counted(config).lines(section):
            terminalreporter.section(section)
            for line in lines:
                terminalreporter.write_line(line)
