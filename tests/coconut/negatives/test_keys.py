"""Negative tests 8 to 15, 55, 56, 63 and 74: keys, shares of them, and shares of signatures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from coconut_fields import fields
from coconut_messages import CONTEXT, Message, verify_bytes
from coconut_points import identity
from refusals import Refusals

import credentials as cr
from credentials import lagrange
from credentials.bls12381 import Scalar, pick_curve
from credentials.keys import SigningKeyShare, VerificationKeyShare, interpolate

Issued = tuple[cr.CredentialRequest, cr.RequestState]
Blinded = Mapping[int, cr.BlindedShare]
KeyShares = Mapping[int, cr.VerificationKeyShare]
Points = tuple[Any, tuple[Any, ...], tuple[Any, ...]]
Combine = Callable[..., cr.Credential]
Check = Callable[[cr.BlindedShare], None]


@pytest.fixture(scope="session")
def key_shares(dealt: cr.DealtKeys, vk: cr.VerificationKey) -> KeyShares:
    """The key shares on every backend."""
    return {
        i: cr.VerificationKeyShare.from_bytes(share.to_bytes(), vk.parameters)
        for i, share in dealt.key_shares.items()
    }


def _points(key: Any) -> Points:
    return key.alpha, key.beta, key.beta1


def _with(share: VerificationKeyShare, points: Points, **changed: Any) -> VerificationKeyShare:
    """The share with other points or fields."""
    return VerificationKeyShare._of(share.parameters, share._fields()._replace(**changed), points)


def _doubled(points: Points) -> Points:
    alpha, beta, beta1 = points
    return alpha + alpha, tuple(p + p for p in beta), tuple(p + p for p in beta1)


def _completing(shares: KeyShares, others: Sequence[int], own: int, wanted: Points) -> Any:
    """The share of `own` that makes the aggregate whatever is wanted."""
    numerators, factor = lagrange.at_zero([*others, own])
    weights = [numerator * factor for numerator in numerators]
    undo = weights[-1].inverse()
    scalars = [undo, *(-(weight * undo) for weight in weights[:-1])]
    curve = shares[own].parameters.curve

    def missing(group: Any, total: Any, parts: list[Any]) -> Any:
        return group.sum_public([total, *parts], scalars)

    q = len(wanted[1])
    given = [shares[i] for i in others]
    alpha = missing(curve.g2, wanted[0], [share.alpha for share in given])
    beta = [missing(curve.g2, wanted[1][j], [s.beta[j] for s in given]) for j in range(q)]
    beta1 = [missing(curve.g1, wanted[2][j], [s.beta1[j] for s in given]) for j in range(q)]
    return _with(shares[own], (alpha, tuple(beta), tuple(beta1)))


def _replaced(points: Sequence[Any], j: int, point: Any) -> tuple[Any, ...]:
    return (*points[:j], point, *points[j + 1 :])


@pytest.fixture
def combine(dealt: cr.DealtKeys, issued: Issued) -> Combine:
    """Aggregation of shares for the request, with the right key shares or others."""

    def aggregate(
        shares: Iterable[cr.BlindedShare], known: KeyShares = dealt.key_shares
    ) -> cr.Credential:
        return cr.aggregate(shares, issued[1], dealt.verification_key, known)

    return aggregate


@pytest.fixture
def check(issued: Issued, key_shares: KeyShares, vk: cr.VerificationKey) -> Check:
    """The public equation of a share that was received as bytes."""
    request = cr.CredentialRequest.from_bytes(issued[0].to_bytes(), vk)

    def received(share: cr.BlindedShare) -> None:
        again = cr.BlindedShare.from_bytes(share.to_bytes(), vk)
        cr.check_blinded_share(again, request, key_shares[again.id])

    return received


def test_neg_08_identity_in_keys(
    messages: Mapping[str, Message], vk: cr.VerificationKey, negative: Refusals
) -> None:
    for name in ("verification key", "verification key share"):
        message = messages[name]
        message.decode(message.raw)
        for field in message.of_kind("G1", "G2"):
            raw = field.put(message.raw, identity(field.size // 48))
            negative.refuses(cr.DecodeError, message.decode, raw, of=str(field))


def test_neg_08_zero_and_equal_secrets(
    messages: Mapping[str, Message], vk: cr.VerificationKey, negative: Refusals
) -> None:
    """Secrets are not zero, and the attributes' ones are distinct; so are their points."""
    message = messages["signing key share"]
    message.decode(message.raw)
    for field in message.of_kind("scalar"):
        raw = field.put(message.raw, bytes(32))
        negative.refuses(cr.DecodeError, message.decode, raw, of=field.name)
    first = message.fields["y_1"].of(message.raw)
    message.decode(message.put("x", first))
    for name in ("y_2", "y_4"):
        negative.refuses(cr.DecodeError, message.decode, message.put(name, first), of=name)
    message = messages["verification key"]
    message.decode(message.raw)
    raw = message.put("beta_2", message.fields["beta_1"].of(message.raw))
    raw = message.fields["beta1_2"].put(raw, message.fields["beta1_1"].of(message.raw))
    negative.refuses(cr.WrongKeyError, message.decode, raw)


def test_neg_08_identity_as_aggregate(
    key_shares: KeyShares, vk: cr.VerificationKey, negative: Refusals
) -> None:
    """Each share is right, and what they give is not."""
    curve = vk.parameters.curve
    assert cr.aggregate_keys([key_shares[1], key_shares[2], key_shares[3]]) == vk
    zero1, zero2 = curve.g1.identity, curve.g2.identity
    no_alpha = (zero2, vk.beta, vk.beta1)
    no_beta = (vk.alpha, _replaced(vk.beta, 2, zero2), _replaced(vk.beta1, 2, zero1))
    for points in (no_alpha, no_beta):
        last = _completing(key_shares, (1, 2), 3, points)
        again = cr.VerificationKeyShare.from_bytes(last.to_bytes(), vk.parameters)
        shares = [key_shares[1], key_shares[2], again]
        error = negative.refuses(cr.WrongKeyError, cr.aggregate_keys, shares)
        negative.holds("identity" in str(error))


def test_neg_09_beta1_of_other_secrets(
    key_shares: KeyShares, vk: cr.VerificationKey, negative: Refusals
) -> None:
    g1 = vk.parameters.curve.g1.generator
    backend = vk.parameters.backend

    def decode_key(points: Points) -> None:
        raw = cr.VerificationKey._of(vk.parameters, vk.key_epoch, points).to_bytes()
        cr.VerificationKey.from_bytes(raw, backend)

    def decode_share(points: Points) -> None:
        raw = _with(key_shares[1], points).to_bytes()
        cr.VerificationKeyShare.from_bytes(raw, vk.parameters)

    for decode, own in ((decode_key, vk), (decode_share, key_shares[1])):
        alpha, beta, beta1 = _points(own)
        decode((alpha, beta, beta1))
        wrong = [
            *(_replaced(beta1, j, beta1[j] + g1) for j in range(4)),
            tuple(point + point for point in beta1),
            tuple(-point for point in beta1),
            (*beta1[1:], beta1[0]),
            # The plain sum is right.
            (beta1[0] + g1, beta1[1] - g1, *beta1[2:]),
        ]
        for points in wrong:
            negative.refuses(cr.WrongKeyError, decode, (alpha, beta, points))
        exchanged = (beta[1], beta[0], *beta[2:])
        negative.refuses(cr.WrongKeyError, decode, (alpha, exchanged, beta1))


def test_neg_09_alpha_of_another_key(
    shows: Mapping[str, bytes], key_shares: KeyShares, vk: cr.VerificationKey, negative: Refusals
) -> None:
    """Any alpha makes a key, but another one: no show and no aggregate is of it."""
    mixed = cr.VerificationKey._of(
        vk.parameters, vk.key_epoch, (key_shares[1].alpha, vk.beta, vk.beta1)
    )
    assert cr.VerificationKey.from_bytes(mixed.to_bytes(), vk.parameters.backend) == mixed
    for name in ("presentation", "batchable presentation"):
        raw = shows[name]
        verify_bytes(raw, vk)
        negative.refuses(cr.WrongKeyError, verify_bytes, raw, mixed)
        claimed = fields(name, raw, 4)["key_digest"].put(raw, mixed.digest)
        negative.refuses(cr.ProofError, verify_bytes, claimed, mixed)
    shares = [key_shares[i] for i in (1, 2, 3)]
    assert cr.aggregate_keys(shares) == vk
    swapped = _with(shares[0], (shares[1].alpha, shares[0].beta, shares[0].beta1))
    negative.refuses(cr.WrongKeyError, cr.aggregate_keys, [swapped, *shares[1:]])


def test_neg_10_ids_on_the_wire(messages: Mapping[str, Message], negative: Refusals) -> None:
    seen = 0
    for message in messages.values():
        if "id" not in message.fields:
            continue
        seen += 1
        message.decode(message.raw)
        assert message.decode(message.put("id", b"\xff\xff")).id == 65535
        negative.refuses(cr.DecodeError, message.decode, message.put("id", bytes(2)))
        negative.refuses(cr.LengthError, message.decode, message.put("id", b"\1\0\0"))  # 65536
    assert seen == 3


def test_neg_10_thresholds_on_the_wire(messages: Mapping[str, Message], negative: Refusals) -> None:
    """3 of 5."""
    for name in ("verification key share", "signing key share"):
        message = messages[name]
        message.decode(message.raw)
        message.decode(message.put("t", b"\0\5"))
        for field, value in (("t", 0), ("t", 6), ("n", 2), ("n", 0), ("n", 1025), ("n", 65535)):
            raw = message.put(field, value.to_bytes(2, "big"))
            negative.refuses(cr.DecodeError, message.decode, raw, of=f"{field} = {value}")


def test_neg_10_thresholds(negative: Refusals) -> None:
    def deal(threshold: Any, authorities: Any) -> cr.DealtKeys:
        return cr.deal_keys(cr.Parameters(1, b"x"), threshold=threshold, authorities=authorities)

    keys = deal(1, 1)
    request, state = cr.request_credential(keys.verification_key, {1: 1}, {}, bytes(32))
    shares = [cr.sign(keys.shares[1], request)]
    cr.aggregate(shares, state, keys.verification_key, keys.key_shares)
    for t, n in ((0, 1), (2, 1), (-1, 1), (1, 0), (1, 1025), (65536, 65536)):
        negative.refuses(cr.ArgumentError, deal, t, n, of=f"{t} of {n}")
    for t, n in ((True, 1), (1, True), (1.0, 1), ("1", 1), (1, None)):
        negative.refuses(cr.ArgumentTypeError, deal, t, n, of=f"{t} of {n}")


def test_neg_10_unknown_and_duplicate_ids(
    dealt: cr.DealtKeys, issued: Issued, blinded: Blinded, combine: Combine, negative: Refusals
) -> None:
    request = issued[0]
    combine([blinded[1], blinded[2], blinded[3]])
    for wrong in (65535, 6):
        stranger = cr.BlindedShare._of(request.digest, wrong, 0, blinded[2].c)
        shares = [blinded[1], stranger, blinded[3]]
        error = negative.refuses(cr.ShareError, combine, shares)
        negative.holds(error.ids == (wrong,))
    error = negative.refuses(cr.ShareError, combine, [blinded[i] for i in (1, 2, 2, 3)])
    negative.holds(error.ids == (2,))
    known = {**dealt.key_shares, 2: dealt.key_shares[4]}
    shares = [blinded[1], blinded[2], blinded[3]]
    negative.refuses(cr.WrongKeyError, combine, shares, known)


def test_neg_10_duplicate_key_shares(
    key_shares: KeyShares, vk: cr.VerificationKey, negative: Refusals
) -> None:
    assert cr.aggregate_keys([key_shares[i] for i in (1, 2, 3)]) == vk
    twice = [key_shares[i] for i in (1, 2, 3, 2)]
    negative.refuses(cr.ArgumentError, cr.aggregate_keys, twice)


def test_neg_10_indices(
    credential: cr.Credential, key: cr.VerificationKey, negative: Refusals
) -> None:
    def ask(index: Any) -> None:
        cr.request_credential(key, {2: b"x"}, {index: 1, 4: 1}, bytes(32))

    def show(*indices: Any) -> None:
        cr.present(credential, key, indices, CONTEXT)

    ask(3)
    show(3, 4)
    for index in (0, -1, 5, 65536, 1):
        negative.refuses(cr.ArgumentError, ask, index, of=str(index))
        negative.refuses(cr.ArgumentError, show, index, of=str(index))
    for value in (True, 3.0, "3", None):
        negative.refuses(cr.ArgumentTypeError, ask, value, of=str(value))
        negative.refuses(cr.ArgumentTypeError, show, value, of=str(value))
    negative.refuses(cr.ArgumentError, show, 3, 3)


def test_neg_11_74_fewer_shares_than_the_threshold(
    dealt: cr.DealtKeys, issued: Issued, blinded: Blinded, negative: Refusals
) -> None:
    def combine(*ids: int, known: KeyShares = dealt.key_shares) -> cr.Credential:
        shares = [blinded[i] for i in ids]
        return cr.aggregate(shares, issued[1], dealt.verification_key, known)

    combine(1, 4, 5)
    for ids in ((1, 4), (5,), ()):
        error = negative.refuses(cr.TooFewSharesError, combine, *ids)
        negative.holds(not ids or "threshold is 3" in str(error), str(error))
    # A threshold that the shares only claim changes nothing.
    known = {i: _with(s, _points(s), threshold=2) for i, s in dealt.key_shares.items()}
    combine(1, 4, 5, known=known)
    negative.refuses(cr.WrongKeyError, lambda: combine(1, 4, known=known))


def test_neg_11_74_fewer_key_shares_than_the_threshold(
    key_shares: KeyShares, vk: cr.VerificationKey, negative: Refusals
) -> None:
    assert cr.aggregate_keys([key_shares[i] for i in (1, 4, 5)]) == vk
    for ids in ((1, 4), (5,), ()):
        shares = [key_shares[i] for i in ids]
        error = negative.refuses(cr.TooFewSharesError, cr.aggregate_keys, shares)
        negative.holds(not ids or "threshold is 3" in str(error), str(error))
    claimed = [_with(key_shares[i], _points(key_shares[i]), threshold=2) for i in (1, 4)]
    negative.refuses(cr.WrongKeyError, cr.aggregate_keys, claimed)


@pytest.fixture(scope="session")
def other_blinded(dealt: cr.DealtKeys) -> Blinded:
    """The answers to another request for the same attributes."""
    request, _ = cr.request_credential(
        dealt.verification_key, {2: b"member 17"}, {3: "2026-11", 4: 7}, bytes(32)
    )
    return {i: cr.sign(share, request) for i, share in dealt.shares.items()}


@pytest.fixture(scope="session")
def other(dealt: cr.DealtKeys) -> cr.DealtKeys:
    """Another key for the same parameters and of the same epoch."""
    parameters = dealt.verification_key.parameters
    return cr.deal_keys(parameters, threshold=3, authorities=5, key_epoch=7)


@pytest.fixture
def from_another_h(issued: Issued, other_blinded: Blinded) -> list[cr.BlindedShare]:
    """A share on another h, as it is and claimed to be an answer to the request."""
    claimed = cr.BlindedShare._of(issued[0].digest, 2, 0, other_blinded[2].c)
    return [other_blinded[2], claimed]


def test_neg_12_shares_with_different_h(
    blinded: Blinded,
    from_another_h: list[cr.BlindedShare],
    combine: Combine,
    negative: Refusals,
) -> None:
    combine([blinded[1], blinded[2], blinded[3]])
    for share in from_another_h:
        error = negative.refuses(cr.ShareError, combine, [blinded[1], share, blinded[3]])
        negative.holds(error.ids == (2,))


def test_neg_12_share_with_another_h(
    blinded: Blinded, from_another_h: list[cr.BlindedShare], check: Check, negative: Refusals
) -> None:
    check(blinded[2])
    for share in from_another_h:
        error = negative.refuses(cr.ShareError, check, share)
        negative.holds(error.ids == (2,))


def _lies(blinded: Blinded, wrong: Sequence[int], offset: Any) -> dict[int, cr.BlindedShare]:
    """All shares, of which some are off by this point."""
    return {
        i: cr.BlindedShare._of(
            share.request_digest, i, 0, share.c + offset if i in wrong else share.c
        )
        for i, share in blinded.items()
    }


WRONG = [(1,), (2,), (5,), (1, 5), (1, 2, 3, 4, 5)]


@pytest.mark.parametrize("wrong", WRONG)
def test_neg_13_wrong_shares_name_their_signers(
    blinded: Blinded, combine: Combine, negative: Refusals, wrong: tuple[int, ...]
) -> None:
    generator = pick_curve("blst").g1.generator
    combine(blinded.values())
    given = _lies(blinded, wrong, generator)
    error = negative.refuses(cr.ShareError, combine, list(given.values()))
    negative.holds(error.ids == wrong, str(error))
    for i in wrong:
        others = [given[k] for k in given if k == i or k not in wrong]
        if len(others) >= 3:
            error = negative.refuses(cr.ShareError, combine, others)
            negative.holds(error.ids == (i,), str(error))


@pytest.mark.parametrize("wrong", WRONG)
def test_neg_13_wrong_shares_by_the_public_equation(
    blinded: Blinded, check: Check, negative: Refusals, wrong: tuple[int, ...]
) -> None:
    for i, share in _lies(blinded, wrong, pick_curve("blst").g1.generator).items():
        if i in wrong:
            error = negative.refuses(cr.ShareError, check, share)
            negative.holds(error.ids == (i,))
        else:
            check(share)


CHANGES = ({"share_epoch": 1}, {"key_epoch": 8}, {"threshold": 2}, {"authorities": 6})


def test_neg_14_shares_of_other_epochs(
    dealt: cr.DealtKeys, blinded: Blinded, combine: Combine, negative: Refusals
) -> None:
    own = dealt.key_shares[2]
    shares = [blinded[1], blinded[2], blinded[3]]
    combine(shares)
    refreshed = cr.BlindedShare._of(blinded[2].request_digest, 2, 1, blinded[2].c)
    negative.refuses(cr.EpochError, combine, [blinded[1], refreshed, blinded[3]])
    for changed in CHANGES:
        known = {**dealt.key_shares, 2: _with(own, _points(own), **changed)}
        negative.refuses(cr.EpochError, combine, shares, known, of=str(changed))


def test_neg_14_key_shares_of_other_epochs(
    blinded: Blinded,
    check: Check,
    key_shares: KeyShares,
    vk: cr.VerificationKey,
    negative: Refusals,
) -> None:
    check(blinded[2])
    refreshed = cr.BlindedShare._of(blinded[2].request_digest, 2, 1, blinded[2].c)
    negative.refuses(cr.EpochError, check, refreshed)
    assert cr.aggregate_keys([key_shares[i] for i in (1, 2, 3)]) == vk
    own = key_shares[2]
    for changed in CHANGES:
        shares = [key_shares[1], _with(own, _points(own), **changed), key_shares[3]]
        negative.refuses(cr.EpochError, cr.aggregate_keys, shares, of=str(changed))


def test_neg_14_shares_of_other_keys(
    dealt: cr.DealtKeys,
    issued: Issued,
    blinded: Blinded,
    combine: Combine,
    other: cr.DealtKeys,
    negative: Refusals,
) -> None:
    shares = [blinded[1], blinded[2], blinded[3]]
    combine(shares)
    # An authority that signs with another key under the name of this one.
    secrets = other.shares[2]._scalars()
    fields = dealt.shares[2]._fields()
    liar = SigningKeyShare._of(dealt.shares[2].parameters, fields, [secrets[0], *secrets[1]])
    share = cr.sign(liar, issued[0])
    error = negative.refuses(cr.ShareError, combine, [blinded[1], share, blinded[3]])
    negative.holds(error.ids == (2,))
    for known in (other.key_shares, {**dealt.key_shares, 2: other.key_shares[2]}):
        negative.refuses(cr.WrongKeyError, combine, shares, known)
    # Nor do key shares that only claim to be of the key accuse anybody.
    claimed = {
        i: _with(s, _points(s), digest=dealt.verification_key.digest)
        for i, s in other.key_shares.items()
    }
    wrong = [share, blinded[1], blinded[3]]
    negative.refuses(cr.WrongKeyError, combine, wrong, claimed)


def test_neg_14_key_shares_of_other_keys(
    other: cr.DealtKeys, key_shares: KeyShares, vk: cr.VerificationKey, negative: Refusals
) -> None:
    assert cr.aggregate_keys([key_shares[i] for i in (1, 2, 3)]) == vk
    foreign = cr.VerificationKeyShare.from_bytes(other.key_shares[2].to_bytes(), vk.parameters)
    for share in (foreign, _with(foreign, _points(foreign), digest=vk.digest)):
        shares = [key_shares[1], share, key_shares[3]]
        negative.refuses(cr.WrongKeyError, cr.aggregate_keys, shares)


def test_neg_15_other_number_of_attributes(
    messages: Mapping[str, Message],
    key_shares: KeyShares,
    vk: cr.VerificationKey,
    negative: Refusals,
) -> None:
    backend = vk.parameters.backend
    request = messages["request"].decode(messages["request"].raw)
    answer = messages["blinded share"].decode(messages["blinded share"].raw)
    cr.check_blinded_share(answer, request, key_shares[2])
    for q in (3, 5):
        other = cr.Parameters(q, b"tests", nullifier=1, backend="blst")
        keys = cr.deal_keys(other, threshold=3, authorities=5, key_epoch=7)
        foreign = cr.VerificationKey.from_bytes(keys.verification_key.to_bytes(), backend)
        share = cr.VerificationKeyShare.from_bytes(
            keys.key_shares[2].to_bytes(), foreign.parameters
        )
        negative.refuses(
            cr.LengthError,
            cr.VerificationKeyShare.from_bytes,
            keys.key_shares[2].to_bytes(),
            vk.parameters,
        )
        claimed = _with(share, _points(share), digest=vk.digest)
        shares = [key_shares[1], claimed, key_shares[3]]
        negative.refuses(cr.WrongKeyError, cr.aggregate_keys, shares)
        negative.refuses(cr.WrongKeyError, cr.check_blinded_share, answer, request, claimed)
        secret = fields("signing key share", keys.shares[2].to_bytes(), q)["key_digest"].put(
            keys.shares[2].to_bytes(), vk.digest
        )
        negative.refuses(cr.LengthError, cr.SigningKeyShare.from_bytes, secret, vk)
        for name in ("request", "presentation", "batchable presentation"):
            message = messages[name]
            message.decode(message.raw)
            kind = type(message.decode(message.raw))
            raw = message.put("key_digest", foreign.digest)
            error = cr.DecodeError if name == "request" else cr.LengthError
            if q == 3 and name != "request":
                error = cr.DecodeError  # bit 3 is above the last attribute
            negative.refuses(error, kind.from_bytes, raw, foreign, of=f"{name}, {q}")
    assert cr.aggregate_keys([key_shares[i] for i in (1, 2, 3)]) == vk


def test_neg_55_the_last_share_does_not_choose_the_key(
    key_shares: KeyShares, vk: cr.VerificationKey, negative: Refusals
) -> None:
    curve = vk.parameters.curve
    assert cr.aggregate_keys([key_shares[i] for i in (1, 2, 3)]) == vk
    secrets = [Scalar(11 + j) for j in range(5)]
    in_g2 = [curve.g2.sum_public([curve.g2.generator], [x]) for x in secrets]
    in_g1 = [curve.g1.sum_public([curve.g1.generator], [x]) for x in secrets[1:]]
    own = (in_g2[0], tuple(in_g2[1:]), tuple(in_g1))
    rogue = _completing(key_shares, (1, 2), 3, own)
    again = cr.VerificationKeyShare.from_bytes(rogue.to_bytes(), vk.parameters)
    shares = [key_shares[1], key_shares[2], again]
    assert interpolate(shares) == own
    negative.refuses(cr.WrongKeyError, cr.aggregate_keys, shares)
    negative.refuses(cr.ShareError, cr.aggregate_keys, [*shares, key_shares[4]])


def test_neg_56_more_shares_than_the_threshold_on_one_polynomial(
    key_shares: KeyShares, vk: cr.VerificationKey, negative: Refusals
) -> None:
    curve = vk.parameters.curve
    for count in (4, 5):
        ids = range(1, count + 1)
        assert cr.aggregate_keys([key_shares[i] for i in ids]) == vk
        for off in ids:
            alpha, beta, beta1 = _points(key_shares[off])
            scaled = _doubled((alpha, beta, beta1))
            wrong = [
                (alpha + curve.g2.generator, beta, beta1),
                (alpha, scaled[1], scaled[2]),
                scaled,
            ]
            for points in wrong:
                shares = [key_shares[i] for i in ids]
                shares[off - 1] = _with(key_shares[off], points)
                error = negative.refuses(cr.ShareError, cr.aggregate_keys, shares)
                negative.holds(error.ids == tuple(ids))
    # Two that are off, so that one sum over all shares is right: by parts of the dual code.
    weights = lagrange.dual_weights(range(1, 6))
    shares = [key_shares[i] for i in range(1, 6)]
    for place, scalar in ((3, weights[4]), (4, -weights[3])):
        alpha, beta, beta1 = _points(shares[place])
        offset = curve.g2.sum_public([curve.g2.generator], [scalar])
        shares[place] = _with(shares[place], (alpha + offset, beta, beta1))
    negative.refuses(cr.ShareError, cr.aggregate_keys, shares)


@pytest.fixture
def renamed(blinded: Blinded, key: cr.VerificationKey) -> list[cr.BlindedShare]:
    """Shares 1 and 2 with each other's id."""
    raw = {i: share.to_bytes() for i, share in blinded.items()}
    place = fields("blinded share", raw[1], 4)["id"]
    swapped = [place.put(raw[1], place.of(raw[2])), place.put(raw[2], place.of(raw[1]))]
    return [cr.BlindedShare.from_bytes(one, key) for one in swapped]


def test_neg_63_ids_swapped_on_the_wire(
    blinded: Blinded, renamed: list[cr.BlindedShare], combine: Combine, negative: Refusals
) -> None:
    combine([blinded[1], blinded[2], blinded[3]])
    error = negative.refuses(cr.ShareError, combine, [*renamed, blinded[3]])
    negative.holds(sorted(error.ids) == [1, 2])


def test_neg_63_share_of_another_authority(
    issued: Issued,
    blinded: Blinded,
    renamed: list[cr.BlindedShare],
    check: Check,
    key_shares: KeyShares,
    vk: cr.VerificationKey,
    negative: Refusals,
) -> None:
    check(blinded[1])
    for share in renamed:
        negative.refuses(cr.ShareError, check, share)
    request = cr.CredentialRequest.from_bytes(issued[0].to_bytes(), vk)
    share = cr.BlindedShare.from_bytes(blinded[1].to_bytes(), vk)
    cr.check_blinded_share(share, request, key_shares[1])
    negative.refuses(cr.ShareError, cr.check_blinded_share, share, request, key_shares[2])
    # Authority 1 signed this, and its name is 2.
    share = cr.BlindedShare.from_bytes(renamed[0].to_bytes(), vk)
    negative.refuses(cr.ShareError, cr.check_blinded_share, share, request, key_shares[1])
