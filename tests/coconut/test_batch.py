"""Batches: exactly the bad ones fail, and what finding them costs."""

import pytest

import credentials as cr
from credentials import batch
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


@pytest.mark.parametrize("n", [1, 2, 3, 5, 9])
def test_one_bad_at_each_position(
    shows: list[BatchablePresentation], key: cr.VerificationKey, n: int
) -> None:
    for bad in range(n):
        items: list[object] = list(shows[:n])
        items[bad] = _mutant(shows[bad], key, 1)  # the answer of the blinding
        results = cr.verify_batch(items, key, [CONTEXT] * n)
        assert _failing(results) == [bad]
        assert type(results[bad]) is cr.ProofError


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


def test_same_nullifier_twice(credential: cr.Credential, key: cr.VerificationKey) -> None:
    shown = [cr.present(credential, key, [], CONTEXT, SCOPE, batchable=True) for _ in range(3)]
    invalid = bytearray(shown[0].to_bytes())
    # The last answer before the nullifier and its first move.
    invalid[-2 * 48 - 1] ^= 1
    results = cr.verify_batch([bytes(invalid), *shown[1:]], key, [CONTEXT] * 3, [SCOPE] * 3)
    assert type(results[0]) is cr.ProofError
    assert isinstance(results[1], cr.Claims)  # an invalid show uses nothing up
    assert type(results[2]) is cr.DoubleUseError


@pytest.mark.parametrize("n", [2, 4, 8])
def test_errors_that_cancel_without_coefficients(
    shows: list[BatchablePresentation], key: cr.VerificationKey, n: int
) -> None:
    """(s + D, s - D) would pass a plain product."""
    g1 = key.parameters.curve.g1
    offset = g1.generator
    size, items = 48, []
    for i in range(n):
        shown = shows[i]
        s = shown.s + offset if i % 2 else shown.s - offset
        raw = shown.to_bytes()
        place = raw.index(shown.s.encode())
        items.append(raw[:place] + s.encode() + raw[place + size :])
    assert _failing(cr.verify_batch(items, key, [CONTEXT] * n)) == list(range(n))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 33])
def test_cost_of_a_batch_that_is_bad_throughout(
    credential: cr.Credential,
    key: cr.VerificationKey,
    monkeypatch: pytest.MonkeyPatch,
    n: int,
) -> None:
    """At most 2n shows in products, of about half a single check each, and n single checks."""
    counted = {"product": 0, "single": 0}
    product, single = batch._product_is_one, batch.check_one

    def count_product(items: list[object], *rest: object) -> bool:
        counted["product"] += len(items)
        return product(items, *rest)  # type: ignore[arg-type]

    def count_single(*arguments: object) -> None:
        counted["single"] += 1
        single(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(batch, "_product_is_one", count_product)
    monkeypatch.setattr(batch, "check_one", count_single)
    shown = cr.present(credential, key, [3], CONTEXT, batchable=True)
    bad = _mutant(shown, key, 1)
    results = cr.verify_batch([bad] * n, key, [CONTEXT] * n)
    assert _failing(results) == list(range(n))
    assert counted["single"] == n
    assert counted["product"] <= 2 * n


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
