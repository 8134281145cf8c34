"""Keys: dealing, aggregation of shares, and what a key must be."""

from collections.abc import Sequence

import pytest

import credentials as cr
from credentials.bls12381 import Scalar
from credentials.keys import VerificationKeyShare


def _scaled(share: VerificationKeyShare, alpha_only: bool) -> VerificationKeyShare:
    """The share with another alpha, or with all elements times two."""
    alpha = share.alpha + share.alpha
    if alpha_only:
        points = (alpha, share.beta, share.beta1)
    else:
        points = (
            alpha,
            tuple(point + point for point in share.beta),
            tuple(point + point for point in share.beta1),
        )
    return VerificationKeyShare._of(share.parameters, share._fields(), points)


def _chosen_last(
    dealt: cr.DealtKeys, others: Sequence[int], own: int, secrets: Sequence[int]
) -> VerificationKeyShare:
    """A share of authority `own` that makes the aggregate the key of `secrets`."""
    from credentials import lagrange

    parameters = dealt.verification_key.parameters
    curve = parameters.curve
    numerators, factor = lagrange.at_zero([*others, own])
    weights = [n * factor for n in numerators]
    undo = weights[-1].inverse()
    shares = [dealt.key_shares[i] for i in others]

    def last(group: object, generator: object, secret: int, points: list[object]) -> object:
        scalars = [Scalar(secret) * undo, *(-(w * undo) for w in weights[:-1])]
        return group.sum_public([generator, *points], scalars)  # type: ignore[attr-defined]

    g1, g2 = curve.g1, curve.g2
    alpha = last(g2, g2.generator, secrets[0], [s.alpha for s in shares])
    beta = tuple(
        last(g2, g2.generator, y, [s.beta[j] for s in shares]) for j, y in enumerate(secrets[1:])
    )
    beta1 = tuple(
        last(g1, g1.generator, y, [s.beta1[j] for s in shares]) for j, y in enumerate(secrets[1:])
    )
    fields = dealt.key_shares[own]._fields()
    return VerificationKeyShare._of(parameters, fields, (alpha, beta, beta1))  # type: ignore[arg-type]


@pytest.mark.parametrize("ids", [(1, 2, 3), (5, 1, 4), (1, 2, 3, 4), (5, 4, 3, 2, 1)])
def test_enough_shares_give_the_key(dealt: cr.DealtKeys, ids: tuple[int, ...]) -> None:
    assert cr.aggregate_keys([dealt.key_shares[i] for i in ids]) == dealt.verification_key


def test_too_few_key_shares(dealt: cr.DealtKeys) -> None:
    for ids in ((), (1,), (1, 5)):
        with pytest.raises(cr.TooFewSharesError):
            cr.aggregate_keys([dealt.key_shares[i] for i in ids])


@pytest.mark.parametrize("alpha_only", [True, False])
def test_one_of_more_shares_off_the_polynomial(dealt: cr.DealtKeys, alpha_only: bool) -> None:
    shares = [dealt.key_shares[i] for i in (1, 2, 3, 4)]
    cr.aggregate_keys(shares)
    shares[3] = _scaled(shares[3], alpha_only)
    with pytest.raises(cr.ShareError) as caught:
        cr.aggregate_keys(shares)
    assert caught.value.ids == (1, 2, 3, 4)


def test_the_last_share_cannot_choose_the_key(dealt: cr.DealtKeys) -> None:
    secrets = [11, 12, 13, 14, 15]
    rogue = _chosen_last(dealt, (1, 2), 3, secrets)
    generator = dealt.verification_key.parameters.curve.g2.generator
    from credentials.keys import interpolate

    own = interpolate([dealt.key_shares[1], dealt.key_shares[2], rogue])
    assert own[0] == dealt.verification_key.parameters.curve.g2.sum_public(
        [generator], [Scalar(11)]
    )
    with pytest.raises(cr.WrongKeyError, match="name"):
        cr.aggregate_keys([dealt.key_shares[1], dealt.key_shares[2], rogue])


def test_shares_of_different_keys(dealt: cr.DealtKeys) -> None:
    other = cr.deal_keys(dealt.verification_key.parameters, threshold=3, authorities=5, key_epoch=7)
    mixed = [dealt.key_shares[1], dealt.key_shares[2], other.key_shares[3]]
    with pytest.raises(cr.WrongKeyError):
        cr.aggregate_keys(mixed)
    with pytest.raises(cr.ArgumentError):
        cr.aggregate_keys([dealt.key_shares[1]] * 3)


def test_public_share_of_a_signing_share(dealt: cr.DealtKeys) -> None:
    for i, share in dealt.shares.items():
        assert share.verification_key_share() == dealt.key_shares[i]


@pytest.mark.parametrize(
    ("threshold", "authorities"), [(0, 1), (2, 1), (1, 0), (1, 1025), (True, 1), (1, 2.0)]
)
def test_refused_thresholds(threshold: int, authorities: int) -> None:
    parameters = cr.Parameters(1, b"tests")
    with pytest.raises(cr.CredentialError):
        cr.deal_keys(parameters, threshold=threshold, authorities=authorities)


def test_key_round_trip_on_every_backend(dealt: cr.DealtKeys) -> None:
    raw = dealt.verification_key.to_bytes()
    for name in cr.available_backends():
        key = cr.VerificationKey.from_bytes(bytearray(raw), backend=name)
        assert key.to_bytes() == raw
        assert key is cr.VerificationKey.from_bytes(raw, backend=name)  # remembered


def test_beta1_of_other_secrets_is_refused(dealt: cr.DealtKeys) -> None:
    key = dealt.verification_key
    cr.VerificationKey.from_bytes(key.to_bytes())
    swapped = (key.beta1[1], key.beta1[0], *key.beta1[2:])
    for beta1 in (swapped, tuple(point + point for point in key.beta1)):
        forged = cr.VerificationKey._of(key.parameters, 7, (key.alpha, key.beta, beta1))
        with pytest.raises(cr.WrongKeyError):
            cr.VerificationKey.from_bytes(forged.to_bytes())


def test_parameters() -> None:
    kinds = [cr.Kind.TEXT, cr.Kind.ANY, cr.Kind.INTEGER]
    parameters = cr.Parameters(kinds, b"domain", nullifier=2)
    assert parameters.kinds == (cr.Kind.TEXT, cr.Kind.SCALAR, cr.Kind.INTEGER)
    assert parameters == cr.Parameters([kinds[0], cr.Kind.SCALAR, kinds[2]], b"domain", 2)
    assert parameters != cr.Parameters(kinds, b"domain")
    with pytest.raises(AttributeError):
        parameters.domain = b"other"


@pytest.mark.parametrize(
    "arguments",
    [
        (0, b"d"),
        (65, b"d"),
        (True, b"d"),
        ([], b"d"),
        ("text", b"d"),
        ([0], b"d"),
        (2, b""),
        (2, bytes(256)),
        (2, "domain"),
        (2, b"d", 3),
        (2, b"d", 0),
        (2, b"d", True),
        ([cr.Kind.SCALAR], b"d"),
        ([cr.Kind.TEXT], b"d", 1),
        ([cr.Kind.SCALAR, cr.Kind.SCALAR], b"d", 1),
    ],
)
def test_refused_parameters(arguments: tuple[object, ...]) -> None:
    with pytest.raises(cr.CredentialError):
        cr.Parameters(*arguments)  # type: ignore[arg-type]
