"""Secret objects are not shown, pickled or copied, compare in constant time, and are wiped."""

import copy
import pickle
from collections.abc import Callable

import pytest

import credentials as cr

NAMES = ["share", "state", "credential"]


@pytest.fixture(params=NAMES)
def fresh(
    request: pytest.FixtureRequest,
    dealt: cr.DealtKeys,
    issued: tuple[object, cr.RequestState],
    credential: cr.Credential,
) -> Callable[[], cr.SigningKeyShare | cr.RequestState | cr.Credential]:
    """Makes equal objects of one type."""
    key = dealt.verification_key

    def make() -> cr.SigningKeyShare | cr.RequestState | cr.Credential:
        match request.param:
            case "share":
                return cr.SigningKeyShare.from_bytes(dealt.shares[1].to_bytes(), key)
            case "state":
                return cr.RequestState.from_bytes(issued[1].to_bytes(), key)
        raw, attributes = credential.to_bytes(), credential.attribute_bytes()
        return cr.Credential.from_bytes(raw, key, attributes)

    return make


Fresh = Callable[[], cr.SigningKeyShare]


def test_repr(fresh: Fresh) -> None:
    secret = fresh()
    text = f"{secret!r} {secret}"
    assert secret._secret.hex()[:16] not in text
    assert len(text) < 60


def test_pickle_and_copy(fresh: Fresh) -> None:
    secret = fresh()
    for refused in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="secret"):
            refused(secret)


def test_equality(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def record(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return a == b

    monkeypatch.setattr("hmac.compare_digest", record)
    one, other = fresh(), fresh()
    assert one == other
    assert len(compared) == 1
    assert one != one.to_bytes()
    with pytest.raises(TypeError):
        hash(one)


def test_wiped_when_it_goes(fresh: Fresh) -> None:
    secret = fresh()
    held = secret._secret
    assert any(held)
    del secret
    assert not any(held)


def test_immutable(fresh: Fresh) -> None:
    with pytest.raises(AttributeError):
        fresh()._secret = bytearray()
    with pytest.raises(TypeError):
        type(fresh())()


def test_public_objects_are_values(key: cr.VerificationKey) -> None:
    again = cr.VerificationKey._of(key.parameters, key.key_epoch, (key.alpha, key.beta, key.beta1))
    assert again == key
    assert again is not key
    assert len({again, key}) == 1
    assert copy.copy(key) is key
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(AttributeError):
        key.key_epoch = 8
