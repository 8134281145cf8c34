"""Batches of different shows. That exactly the bad ones fail is in negatives/."""

import pytest

import credentials as cr
from credentials.presentation import BatchablePresentation

CONTEXT = b"context"
SCOPE = b"scope"


@pytest.fixture(scope="module")
def shows(credential: cr.Credential, key: cr.VerificationKey) -> list[BatchablePresentation]:
    return [cr.present(credential, key, [3], CONTEXT, batchable=True) for _ in range(9)]


def _mutant(shown: BatchablePresentation, key: cr.VerificationKey, back: int) -> bytes:
    raw = bytearray(shown.to_bytes())
    raw[-back] ^= 1
    return bytes(raw)


def _failing(results: list[cr.Claims | cr.CredentialError]) -> list[int]:
    return [i for i, result in enumerate(results) if not isinstance(result, cr.Claims)]


def test_all_good(shows: list[BatchablePresentation], key: cr.VerificationKey) -> None:
    results = cr.verify_batch(shows, key, [CONTEXT] * len(shows))
    assert results == [cr.verify(shown, key, CONTEXT) for shown in shows]


def test_errors_are_those_of_single_checks(
    credential: cr.Credential, shows: list[BatchablePresentation], key: cr.VerificationKey
) -> None:
    items = [
        shows[0],
        shows[1].to_bytes(),
        shows[2].to_bytes()[:-1],
        cr.present(credential, key, [3], CONTEXT),
        cr.present(credential, key, [], CONTEXT, SCOPE, batchable=True),
        cr.present(credential, key, [4], b"other", batchable=True),
        b"",
        None,
    ]
    results = cr.verify_batch(items, key, [CONTEXT] * len(items))
    assert [type(result) for result in results] == [
        cr.Claims,
        cr.Claims,
        cr.LengthError,
        cr.ArgumentTypeError,
        cr.ProofError,
        cr.ProofError,
        cr.LengthError,
        cr.ArgumentTypeError,
    ]


def test_different_sets_and_scopes_in_one_batch(
    credential: cr.Credential, key: cr.VerificationKey
) -> None:
    sets = [[], [2], [3, 4], [2, 3, 4], [4]]
    scopes = [None, b"a", b"b", None, b"c"]
    shown = [
        cr.present(credential, key, indices, bytes([i + 1]), scope, batchable=True)
        for i, (indices, scope) in enumerate(zip(sets, scopes, strict=True))
    ]
    contexts = [bytes([i + 1]) for i in range(5)]
    results = cr.verify_batch(shown, key, contexts, scopes)
    assert [sorted(r) for r in results if isinstance(r, cr.Claims)] == sets
    contexts[2], contexts[3] = contexts[3], contexts[2]
    assert _failing(cr.verify_batch(shown, key, contexts, scopes)) == [2, 3]


@pytest.mark.parametrize("case", ["empty", "contexts", "scopes", "context", "scope"])
def test_what_concerns_the_whole_batch_raises(
    shows: list[BatchablePresentation], key: cr.VerificationKey, case: str
) -> None:
    shown: list[BatchablePresentation] = shows[:2]
    contexts: list[object] = [CONTEXT, CONTEXT]
    scopes: list[object] | None = None
    cr.verify_batch(shown, key, contexts, scopes)
    match case:
        case "empty":
            shown, contexts = [], []
        case "contexts":
            contexts = [CONTEXT]
        case "scopes":
            scopes = [None]
        case "context":
            contexts = [CONTEXT, ""]
        case "scope":
            scopes = [None, b""]
    with pytest.raises(cr.CredentialError):
        cr.verify_batch(shown, key, contexts, scopes)


def test_batch_on_every_backend(
    shows: list[BatchablePresentation], key: cr.VerificationKey
) -> None:
    items = [shows[0].to_bytes(), _mutant(shows[1], key, 40), shows[2].to_bytes()]
    for name in cr.available_backends():
        other = cr.VerificationKey.from_bytes(key.to_bytes(), backend=name)
        assert _failing(cr.verify_batch(items, other, [CONTEXT] * 3)) == [1]
