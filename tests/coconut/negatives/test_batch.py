"""Negative tests 36 to 38, 53, 54, 67 and 73: batches. Test 39 is in test_mutants.py."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from coconut_messages import CONTEXT, SCOPE, show_message
from coconut_points import (
    NUMBERS,
    ORDER_THREE,
    opposite,
    outside_the_subgroup,
    unchecked_sum,
)
from coconut_provers import ShowProver
from refusals import Refusals

import credentials as cr
from credentials import batch
from credentials.bls12381 import Scalar
from credentials.coefficients import Coefficients

BATCHABLE = cr.BatchablePresentation
Results = Sequence[cr.Claims | cr.CredentialError]


@pytest.fixture(scope="session")
def good(credential: cr.Credential, key: cr.VerificationKey) -> list[bytes]:
    """Shows without a nullifier."""
    return [cr.present(credential, key, [3], CONTEXT, batchable=True).to_bytes() for _ in range(8)]


@pytest.fixture(scope="session")
def bad(good: Sequence[bytes], key: cr.VerificationKey) -> bytes:
    """A show whose proof is wrong."""
    return show_message(good[0], key).flip("z_b")


Prove = Callable[..., ShowProver]


@pytest.fixture
def prove(credential: cr.Credential, key: cr.VerificationKey) -> Prove:
    """A wallet that has not hashed yet."""
    return lambda scope=None: ShowProver(credential, key, [3], CONTEXT, scope)


def _failing(results: Results) -> list[int]:
    return [i for i, result in enumerate(results) if not isinstance(result, cr.Claims)]


def _verify(items: Sequence[Any], vk: cr.VerificationKey, scopes: Any = None) -> Results:
    return cr.verify_batch(items, vk, [CONTEXT] * len(items), scopes)


def _accepted_without_coefficients(
    items: Sequence[bytes], vk: cr.VerificationKey, scopes: Any = None
) -> bool:
    """Whether a verifier whose coefficients are all one takes the batch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Coefficients, "get", lambda *_: Scalar(1))
        return not _failing(_verify(items, vk, scopes))


SPLITS = {
    "two": (1, -1),
    "two halves": (1, 0, 0, -1),
    "two among honest ones": (0, 1, 0, 0, -1, 0, 0),
    "four": (1, 1, -1, -1),
    "four, unequal": (1, 2, 0, 4, -7),
}


@pytest.mark.parametrize("relation", ["signature", "kappa"])
@pytest.mark.parametrize("split", SPLITS)
def test_neg_36_errors_that_cancel(
    prove: Prove, vk: cr.VerificationKey, negative: Refusals, split: str, relation: str
) -> None:
    """Their plain product is one: the coefficients refuse them, and no honest one."""
    factors = [*SPLITS[split], 0]
    items = []
    for factor in factors:
        prover = prove()
        curve = prover.key.parameters.curve
        scalars = [Scalar.reduce(5 * factor)]
        if relation == "signature":
            prover.s = prover.s + curve.g1.sum_public([curve.g1.generator], scalars)
        else:
            offset = curve.g2.sum_public([curve.g2.generator], scalars)
            prover.first_move = prover.first_move + offset
        items.append(prover.shown(BATCHABLE))
    assert _accepted_without_coefficients(items, vk)
    results = _verify(items, vk)
    wrong = [i for i, factor in enumerate(factors) if factor]
    negative.holds(_failing(results) == wrong, str(results))
    for i in wrong:
        negative.holds(type(results[i]) is cr.ProofError)


def test_neg_36_errors_that_cancel_across_relations(
    prove: Prove, good: Sequence[bytes], vk: cr.VerificationKey, negative: Refusals
) -> None:
    """e(D, g2) in the signature's equation against e(g1, D) in that of kappa."""
    curve = prove().key.parameters.curve
    both, one, other = prove(), prove(), prove()
    for prover in (both, one):
        prover.s = prover.s + curve.g1.generator
    for prover in (both, other):
        prover.first_move = prover.first_move + curve.g2.generator
    for provers in ([both], [one, other]):
        items = [*(prover.shown(BATCHABLE) for prover in provers), *good[:3]]
        assert _accepted_without_coefficients(items, vk)
        negative.holds(_failing(_verify(items, vk)) == [*range(len(provers))])


def test_neg_36_torsion_split(
    good: Sequence[bytes], vk: cr.VerificationKey, negative: Refusals
) -> None:
    """Points outside the subgroup are refused before any sum."""
    assert not _failing(_verify(good[:4], vk))
    first, second = (show_message(raw, vk) for raw in good[:2])
    for field in first.of_kind("G1", "G2"):
        number = NUMBERS[field.kind]
        torsion = ORDER_THREE if number == 1 else outside_the_subgroup(2)
        place = second.fields[field.name]
        plus = unchecked_sum(number, field.of(first.raw), torsion)
        less = unchecked_sum(number, place.of(second.raw), opposite(torsion))
        items = [field.put(first.raw, plus), place.put(second.raw, less), *good[2:4]]
        results = _verify(items, vk)
        negative.holds(_failing(results) == [0, 1], field.name)
        negative.holds({type(result) for result in results[:2]} == {cr.DecodeError})


def test_neg_37_empty_batch(
    good: Sequence[bytes], vk: cr.VerificationKey, negative: Refusals
) -> None:
    assert not _failing(_verify(good[:1], vk))
    negative.refuses(cr.ArgumentError, cr.verify_batch, [], vk, [])
    negative.refuses(cr.ArgumentError, cr.verify_batch, good[:2], vk, [CONTEXT])
    negative.refuses(cr.ArgumentError, cr.verify_batch, good[:1], vk, [CONTEXT] * 2)
    negative.refuses(cr.ArgumentError, cr.verify_batch, good[:2], vk, [CONTEXT] * 2, [None])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8])
def test_neg_37_one_bad_at_each_position(
    good: Sequence[bytes], bad: bytes, vk: cr.VerificationKey, negative: Refusals, n: int
) -> None:
    assert not _failing(_verify(good[:n], vk))
    for place in range(n):
        items = list(good[:n])
        items[place] = bad
        results = _verify(items, vk)
        negative.holds(_failing(results) == [place])
        negative.holds(type(results[place]) is cr.ProofError)


def test_neg_38_coefficients_are_never_zero(
    monkeypatch: pytest.MonkeyPatch, negative: Refusals
) -> None:
    coefficients = Coefficients(b"batch", b"tag", 1, [b""])
    drawn = [coefficients.get(i, which) for i in range(300) for which in range(3)]
    assert len({int(one) for one in drawn}) == len(drawn)
    assert max(drawn).bit_length() in range(120, 130)
    for byte, value in ((b"\0", 1), (b"\xff", 1 << 128)):
        monkeypatch.setattr(
            "credentials.coefficients.expand_message",
            lambda _, __, size, byte=byte: byte * size,
        )
        negative.holds(coefficients.get(0, 0) == value)


def test_neg_38_coefficients_are_never_the_callers(
    credential: cr.Credential,
    good: Sequence[bytes],
    vk: cr.VerificationKey,
    monkeypatch: pytest.MonkeyPatch,
    negative: Refusals,
) -> None:
    """They are drawn anew for each batch, and depend on all that is in it."""
    used: list[dict[tuple[int, int], int]] = []
    get = Coefficients.get

    def record(self: Coefficients, i: int, which: int) -> Scalar:
        value = get(self, i, which)
        used[-1][i, which] = int(value)
        return value

    monkeypatch.setattr(Coefficients, "get", record)

    def coefficients(items: Sequence[bytes], scopes: Any = None) -> set[int]:
        used.append({})
        assert not _failing(_verify(items, vk, scopes))
        return set(used[-1].values())

    first, again = coefficients(good[:3]), coefficients(good[:3])
    assert len(first) == 6
    negative.holds(not first & again)
    # Without the system's randomness, what is left still changes with the batch.
    monkeypatch.setattr("credentials._random.random_bytes", bytes)
    fixed = coefficients(good[:3])
    assert fixed == coefficients(good[:3])
    for items in (good[1:4], good[:4], [good[1], good[0], good[2]]):
        negative.holds(not fixed & coefficients(items))
    parameters = batch.verify_batch.__code__.co_varnames[: batch.verify_batch.__code__.co_argcount]
    negative.holds(parameters == ("shown", "key", "contexts", "scopes"))


def test_neg_53_same_nullifier_twice(
    credential: cr.Credential, key: cr.VerificationKey, vk: cr.VerificationKey, negative: Refusals
) -> None:
    """The first valid one is accepted; an invalid one uses nothing up."""
    shows = [
        cr.present(credential, key, [3], CONTEXT, scope, batchable=True).to_bytes()
        for scope in (SCOPE, SCOPE, SCOPE, b"other")
    ]
    scopes = [SCOPE, SCOPE, SCOPE, b"other"]
    for one, scope in zip(shows, scopes, strict=True):
        assert not _failing(_verify([one], vk, [scope]))
    results = _verify(shows, vk, scopes)
    negative.holds(_failing(results) == [1, 2])
    negative.holds({type(result) for result in results[1:3]} == {cr.DoubleUseError})
    invalid = show_message(shows[0], vk).flip("z_1")
    results = _verify([invalid, *shows[1:]], vk, scopes)
    negative.holds(type(results[0]) is cr.ProofError)
    negative.holds(isinstance(results[1], cr.Claims))
    negative.holds(type(results[2]) is cr.DoubleUseError)
    negative.holds(isinstance(results[3], cr.Claims))


@pytest.mark.parametrize("split", SPLITS)
def test_neg_54_errors_that_cancel_across_nullifiers(
    prove: Prove, vk: cr.VerificationKey, negative: Refusals, split: str
) -> None:
    """T_N + D here, T_N - D there; hashed, so that each challenge is right."""
    factors = [*SPLITS[split], 0]
    scopes = [b"scope %d" % i for i in range(len(factors))]
    items = []
    for factor, scope in zip(factors, scopes, strict=True):
        prover = prove(scope)
        g1 = prover.key.parameters.curve.g1
        assert prover.nullifier_nonce is not None
        offset = g1.sum_public([g1.generator], [Scalar.reduce(5 * factor)])
        prover.nullifier_nonce = prover.nullifier_nonce + offset
        items.append(prover.shown(BATCHABLE))
    assert _accepted_without_coefficients(items, vk, scopes)
    results = _verify(items, vk, scopes)
    wrong = [i for i, factor in enumerate(factors) if factor]
    negative.holds(_failing(results) == wrong, str(results))


def test_neg_54_nullifier_against_signature(
    prove: Prove, good: Sequence[bytes], vk: cr.VerificationKey, negative: Refusals
) -> None:
    """T_N + D and s' - D in one show, and in two."""
    both, one, other = prove(b"1"), prove(b"2"), prove(b"3")
    offset = both.key.parameters.curve.g1.generator
    for prover in (both, one):
        assert prover.nullifier_nonce is not None
        prover.nullifier_nonce = prover.nullifier_nonce + offset
    for prover in (both, other):
        prover.s = prover.s - offset
    for provers in ([both], [one, other]):
        items = [*(prover.shown(BATCHABLE) for prover in provers), *good[:3]]
        scopes = [*(prover.scope for prover in provers), None, None, None]
        assert _accepted_without_coefficients(items, vk, scopes)
        negative.holds(_failing(_verify(items, vk, scopes)) == [*range(len(provers))])


def test_neg_67_compact_shows_in_a_batch(
    shows: Mapping[str, bytes], good: Sequence[bytes], vk: cr.VerificationKey, negative: Refusals
) -> None:
    compact = shows["presentation"]
    decoded = cr.Presentation.from_bytes(compact, vk)
    cr.verify(decoded, vk, CONTEXT)
    assert not _failing(_verify(good[:3], vk))
    results = _verify([*good[:3], compact, decoded], vk)
    negative.holds(_failing(results) == [3, 4])
    negative.holds(type(results[3]) is cr.SuiteError)
    negative.holds(type(results[4]) is cr.ArgumentTypeError)


@pytest.fixture
def cost(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Shows in products, and shows that were checked one by one."""
    counted = {"product": 0, "single": 0}
    product, single = batch._product_is_one, batch.check_one

    def count_product(items: Sequence[Any], *rest: Any) -> bool:
        counted["product"] += len(items)
        return product(items, *rest)

    def count_single(*arguments: Any) -> None:
        counted["single"] += 1
        single(*arguments)

    monkeypatch.setattr(batch, "_product_is_one", count_product)
    monkeypatch.setattr(batch, "check_one", count_single)
    return counted


@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 33])
def test_neg_73_cost_of_bisection(
    good: Sequence[bytes],
    bad: bytes,
    key: cr.VerificationKey,
    cost: dict[str, int],
    negative: Refusals,
    n: int,
) -> None:
    """A show in a product costs about half a single check: 2n of them and n single ones, 2n."""
    items = [good[i % len(good)] for i in range(n)]
    assert not _failing(_verify(items, key))
    assert cost == ({"product": n, "single": 0} if n > 2 else {"product": 0, "single": n})
    patterns = {
        "all": range(n),
        "every second": range(0, n, 2),
        "the last": [n - 1],
        "both ends": sorted({0, n - 1}),
    }
    for what, wrong in patterns.items():
        mixed = [bad if i in wrong else items[i] for i in range(n)]
        cost.update(product=0, single=0)
        negative.holds(_failing(_verify(mixed, key)) == [*wrong], what)
        negative.holds(cost["product"] <= 2 * n and cost["single"] <= n, f"{what}: {cost}")
