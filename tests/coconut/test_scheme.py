"""The scheme from keys to verified claims, and what each step refuses."""

import itertools
from collections.abc import Callable, Mapping

import pytest

import credentials as cr

CONTEXT = b"gateway-7|nonce"


def test_all_steps_over_bytes(dealt: cr.DealtKeys) -> None:
    """Every message travels as bytes, to parties that have only their own keys."""
    key = cr.VerificationKey.from_bytes(dealt.verification_key.to_bytes(), backend="blst")
    key_shares = {
        i: cr.VerificationKeyShare.from_bytes(share.to_bytes(), key.parameters)
        for i, share in dealt.key_shares.items()
    }
    request, state = cr.request_credential(
        key, hidden={2: 42, 4: b""}, disclosed={3: "text"}, issue_context=bytes(32)
    )
    stored = state.to_bytes()
    answers = []
    for i in (5, 2, 3):
        share = cr.SigningKeyShare.from_bytes(dealt.shares[i].to_bytes(), key)
        received = cr.CredentialRequest.from_bytes(request.to_bytes(), share)
        assert received.disclosed == {3: "text"}
        assert received.issue_context == bytes(32)
        answers.append(cr.sign(share, received).to_bytes())
    state = cr.RequestState.from_bytes(stored, key)
    shares = [cr.BlindedShare.from_bytes(answer, key) for answer in answers]
    credential = cr.aggregate(shares, state, key, key_shares)
    assert credential.attributes == {2: 42, 3: "text", 4: b""}
    credential = cr.Credential.from_bytes(credential.to_bytes(), key, credential.attribute_bytes())
    for batchable, kind in ((False, cr.Presentation), (True, cr.BatchablePresentation)):
        for scope in (None, b"today"):
            shown = cr.present(credential, key, [4, 2], CONTEXT, scope, batchable=batchable)
            assert type(shown) is kind
            received_show = kind.from_bytes(shown.to_bytes(), key)
            assert received_show == shown
            claims = cr.verify(received_show, key, CONTEXT, scope)
            assert claims == {2: 42, 4: b""}
            assert (claims.nullifier is None) == (scope is None)
            assert len(claims.challenge) == 32


def test_every_backend_verifies(credential: cr.Credential, key: cr.VerificationKey) -> None:
    shown = [
        cr.present(credential, key, [3], CONTEXT, b"scope"),
        cr.present(credential, key, [], CONTEXT, b"scope", batchable=True),
    ]
    verified = 0
    for name in cr.available_backends():
        other = cr.VerificationKey.from_bytes(key.to_bytes(), backend=name)
        assert other.parameters.backend == name
        assert other.digest == key.digest
        for one in shown:
            received = type(one).from_bytes(one.to_bytes(), other)
            assert cr.verify(received, other, CONTEXT, b"scope").nullifier is not None
            with pytest.raises(cr.ProofError):
                cr.verify(received, other, CONTEXT + b".", b"scope")
            verified += 1
    assert verified == 2 * len(cr.available_backends())


def test_objects_of_two_backends_do_not_mix(
    credential: cr.Credential, dealt: cr.DealtKeys, issued: tuple[cr.CredentialRequest, object]
) -> None:
    if "blspy" in cr.missing_backends():
        pytest.skip(cr.missing_backends()["blspy"])
    key = dealt.verification_key
    other = cr.VerificationKey.from_bytes(key.to_bytes(), backend="blspy")
    shown = cr.present(credential, key, [3], CONTEXT)
    with pytest.raises(cr.BackendError):
        cr.verify(shown, other, CONTEXT)
    with pytest.raises(cr.BackendError):
        cr.present(credential, other, [3], CONTEXT)
    share = cr.SigningKeyShare.from_bytes(dealt.shares[1].to_bytes(), other)
    with pytest.raises(cr.BackendError):
        cr.sign(share, issued[0])
    request = cr.CredentialRequest.from_bytes(issued[0].to_bytes(), share)
    cr.check_request(share, request)  # public
    with pytest.raises(cr.BackendError, match="secrets"):
        cr.sign(share, request)
    with pytest.raises(cr.BackendError, match="secrets"):
        cr.request_credential(other, hidden={2: 1}, disclosed={3: 1, 4: 1}, issue_context=bytes(32))
    with pytest.raises(cr.BackendError, match="secrets"):
        cr.deal_keys(other.parameters, threshold=1, authorities=1)


@pytest.mark.parametrize("missing", ["hidden", "overlap", "nullifier", "index", "none"])
def test_request_needs_each_attribute_once(key: cr.VerificationKey, missing: str) -> None:
    hidden: dict[int, object] = {2: b"x"}
    disclosed: dict[int, object] = {3: 1, 4: 2}
    cr.request_credential(key, hidden, disclosed, bytes(32))
    match missing:
        case "hidden":
            hidden.clear()
        case "overlap":
            hidden[3] = 1
        case "nullifier":
            hidden[1] = b"mine"
        case "index":
            hidden[5] = b"x"
        case "none":
            disclosed.clear()
    with pytest.raises(cr.ArgumentError):
        cr.request_credential(key, hidden, disclosed, bytes(32))


def test_request_without_a_hidden_attribute() -> None:
    parameters = cr.Parameters(2, b"tests", backend="blst")
    key = cr.deal_keys(parameters, threshold=1, authorities=1).verification_key
    with pytest.raises(cr.ArgumentError, match="hidden"):
        cr.request_credential(key, {}, {1: 1, 2: 2}, bytes(32))


def test_signing_is_deterministic(
    dealt: cr.DealtKeys,
    issued: tuple[cr.CredentialRequest, object],
    blinded: Mapping[int, cr.BlindedShare],
) -> None:
    assert cr.sign(dealt.shares[1], issued[0]) == blinded[1]


def test_one_wrong_share_is_named(
    dealt: cr.DealtKeys,
    key: cr.VerificationKey,
    issued: tuple[cr.CredentialRequest, cr.RequestState],
    blinded: Mapping[int, cr.BlindedShare],
) -> None:
    request, state = issued
    lie = cr.BlindedShare._of(request.digest, 3, 0, blinded[2].c)
    with pytest.raises(cr.ShareError) as caught:
        cr.aggregate([blinded[1], lie, blinded[5], blinded[4]], state, key, dealt.key_shares)
    assert caught.value.ids == (3,)
    with pytest.raises(cr.ShareError):
        cr.check_blinded_share(lie, request, dealt.key_shares[3])
    cr.check_blinded_share(blinded[3], request, dealt.key_shares[3])
    cr.aggregate(list(blinded.values()), state, key, dealt.key_shares)


def test_a_wrong_opening_accuses_nobody(
    dealt: cr.DealtKeys,
    key: cr.VerificationKey,
    issued: tuple[cr.CredentialRequest, cr.RequestState],
    blinded: Mapping[int, cr.BlindedShare],
) -> None:
    state = cr.RequestState.from_bytes(issued[1].to_bytes(), key)
    state._secret[31] ^= 1
    with pytest.raises(cr.LocalStateError):
        cr.aggregate([blinded[i] for i in (1, 2, 3)], state, key, dealt.key_shares)


def test_too_few_shares(
    dealt: cr.DealtKeys,
    key: cr.VerificationKey,
    issued: tuple[object, cr.RequestState],
    blinded: Mapping[int, cr.BlindedShare],
) -> None:
    for ids in ((), (1,), (1, 2)):
        with pytest.raises(cr.TooFewSharesError):
            cr.aggregate([blinded[i] for i in ids], issued[1], key, dealt.key_shares)
    with pytest.raises(cr.ShareError):
        cr.aggregate([blinded[i] for i in (1, 1, 2)], issued[1], key, dealt.key_shares)


def test_key_shares_of_another_key_accuse_nobody(
    dealt: cr.DealtKeys,
    key: cr.VerificationKey,
    issued: tuple[object, cr.RequestState],
    blinded: Mapping[int, cr.BlindedShare],
) -> None:
    other = cr.deal_keys(key.parameters, threshold=3, authorities=5, key_epoch=7)
    with pytest.raises(cr.WrongKeyError):
        cr.aggregate([blinded[i] for i in (1, 2, 3)], issued[1], key, other.key_shares)


def test_scope_and_nullifier(credential: cr.Credential, key: cr.VerificationKey) -> None:
    plain = cr.present(credential, key, [3], CONTEXT)
    once = cr.present(credential, key, [3], CONTEXT, b"scope")
    again = cr.present(credential, key, [4], CONTEXT, b"scope")
    elsewhere = cr.present(credential, key, [3], CONTEXT, b"scope 2")
    nullifiers = [
        cr.verify(once, key, CONTEXT, b"scope").nullifier,
        cr.verify(again, key, CONTEXT, b"scope").nullifier,
        cr.verify(elsewhere, key, CONTEXT, b"scope 2").nullifier,
    ]
    assert nullifiers[0] == nullifiers[1] != nullifiers[2]
    with pytest.raises(cr.ProofError, match="required"):
        cr.verify(plain, key, CONTEXT, b"scope")
    with pytest.raises(cr.ProofError, match="no scope"):
        cr.verify(once, key, CONTEXT)
    with pytest.raises(cr.ProofError):
        cr.verify(once, key, CONTEXT, b"scope 2")


def _counter() -> Callable[[int], bytes]:
    """A source of bytes that is the same each time."""
    count = itertools.count()
    return lambda size: bytes([next(count)]) * size


def test_two_encodings_have_one_challenge(
    credential: cr.Credential, key: cr.VerificationKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    challenges = []
    for batchable in (False, True):
        monkeypatch.setattr("credentials._random.random_bytes", _counter())
        shown = cr.present(credential, key, [3], CONTEXT, b"scope", batchable=batchable)
        challenges.append(cr.verify(shown, key, CONTEXT, b"scope").challenge)
    assert challenges[0] == challenges[1]


def test_repeated_randomness_repeats_no_nonce(
    credential: cr.Credential, key: cr.VerificationKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is in the challenge is in the nonces: or the answers would give the secrets."""
    moves = set()
    cases = [([3], CONTEXT, None), ([4], CONTEXT, None), ([3], b"other", None)]
    cases += [([3], CONTEXT, b"scope"), ([3], CONTEXT, b"scope 2")]
    for disclose, context, scope in cases:
        monkeypatch.setattr("credentials._random.random_bytes", _counter())
        shown = cr.present(credential, key, disclose, context, scope, batchable=True)
        moves.add(shown.first_move)
    assert len(moves) == len(cases)


def test_claims_are_immutable(credential: cr.Credential, key: cr.VerificationKey) -> None:
    claims = cr.verify(cr.present(credential, key, [3], CONTEXT), key, CONTEXT)
    with pytest.raises(TypeError):
        claims[3] = "2027-01"  # type: ignore[index]
    with pytest.raises(AttributeError):
        claims.nullifier = b""
    with pytest.raises(TypeError):
        cr.Claims()
    assert dict(claims) == {3: "2026-11"}


@pytest.mark.parametrize("value", [True, 1.5, None, -1, 1 << 128, "\ud800", bytes(65536), [1]])
def test_refused_attribute_values(key: cr.VerificationKey, value: object) -> None:
    with pytest.raises(cr.CredentialError):
        cr.request_credential(key, {2: value}, {3: 1, 4: 1}, bytes(32))


@pytest.mark.parametrize("value", [b"", "", 0, (1 << 128) - 1, bytes(65535), "\u00e9"])
def test_extreme_attribute_values(key: cr.VerificationKey, value: bytes | str | int) -> None:
    request, _ = cr.request_credential(key, {2: b"x"}, {3: value, 4: 1}, bytes(32))
    received = cr.CredentialRequest.from_bytes(request.to_bytes(), key)
    assert received.disclosed[3] == value
    assert type(received.disclosed[3]) is type(value)


def test_the_variable_chooses_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in cr.available_backends():
        monkeypatch.setenv("SPHINXCORE_CURVE", name)
        assert cr.Parameters(1, b"x").backend == name
        assert cr.Parameters(1, b"x", backend="blst").backend == "blst"
    for wrong in ("", "BLST", "relic"):
        monkeypatch.setenv("SPHINXCORE_CURVE", wrong)
        with pytest.raises(cr.BackendError, match="blst"):
            cr.Parameters(1, b"x")
    with pytest.raises(cr.BackendError, match="choose one of blst, blspy"):
        cr.Parameters(1, b"x", backend="relic")
