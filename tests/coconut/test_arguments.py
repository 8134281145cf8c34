"""Arguments of a wrong type are typed refusals, never what Python happens to raise."""

from collections.abc import Callable
from typing import Any

import pytest

import credentials as cr

WRONG = [None, 1, 1.5, "text", b"bytes", [], {}, object(), cr.VerificationKey]

Call = tuple[Callable[..., Any], list[Any]]


@pytest.fixture
def calls(
    dealt: cr.DealtKeys,
    issued: tuple[cr.CredentialRequest, cr.RequestState],
    blinded: dict[int, cr.BlindedShare],
    credential: cr.Credential,
) -> dict[str, Call]:
    """Every public function and decoder, with arguments that are accepted."""
    key = dealt.verification_key
    request, state = issued
    shown = cr.present(credential, key, [3], b"x", b"y", batchable=True)
    parameters = key.parameters
    shares = [blinded[i] for i in (1, 2, 3)]
    return {
        "aggregate": (cr.aggregate, [shares, state, key, dealt.key_shares]),
        "aggregate_keys": (cr.aggregate_keys, [list(dealt.key_shares.values())]),
        "check_blinded_share": (
            cr.check_blinded_share,
            [blinded[1], request, dealt.key_shares[1]],
        ),
        "check_request": (cr.check_request, [key, request]),
        "present": (cr.present, [credential, key, [3], b"x", b"y"]),
        "request_credential": (
            cr.request_credential,
            [key, {2: 1}, {3: 1, 4: 1}, bytes(32)],
        ),
        "sign": (cr.sign, [dealt.shares[1], request]),
        "verify": (cr.verify, [shown, key, b"x", b"y"]),
        "verify_batch": (cr.verify_batch, [[shown], key, [b"x"], [b"y"]]),
        "BatchablePresentation": (cr.BatchablePresentation.from_bytes, [shown.to_bytes(), key]),
        "BlindedShare": (cr.BlindedShare.from_bytes, [blinded[1].to_bytes(), key]),
        "Credential": (
            cr.Credential.from_bytes,
            [credential.to_bytes(), key, credential.attribute_bytes()],
        ),
        "CredentialRequest": (cr.CredentialRequest.from_bytes, [request.to_bytes(), key]),
        "RequestState": (cr.RequestState.from_bytes, [state.to_bytes(), key]),
        "SigningKeyShare": (
            cr.SigningKeyShare.from_bytes,
            [dealt.shares[1].to_bytes(), key],
        ),
        "VerificationKey": (cr.VerificationKey.from_bytes, [key.to_bytes(), "blst"]),
        "VerificationKeyShare": (
            cr.VerificationKeyShare.from_bytes,
            [dealt.key_shares[1].to_bytes(), parameters],
        ),
        "Parameters": (cr.Parameters, [2, b"domain", 1, "blst"]),
    }


MAY_BE_ABSENT = {
    "present": {4},  # the scope
    "verify_batch": {3},
    "VerificationKey": {1},  # the backend
    "Parameters": {2, 3},
}


def test_wrong_types(calls: dict[str, Call]) -> None:
    refused = 0
    for name, (call, arguments) in calls.items():
        call(*arguments)
        for place, own in enumerate(arguments):
            for wrong in WRONG:
                absent = wrong is None and place in MAY_BE_ABSENT.get(name, ())
                empty = wrong == {} and isinstance(own, list)  # iterates alike
                if absent or empty or type(wrong) is type(own):
                    continue
                given = [*arguments[:place], wrong, *arguments[place + 1 :]]
                try:
                    result = call(*given)
                except cr.CredentialError:
                    refused += 1
                else:
                    pytest.fail(f"{name}, argument {place}: {wrong!r} gives {result!r}")
    assert refused > 300


def test_what_is_in_a_list_is_checked(calls: dict[str, Call]) -> None:
    for name, place in (("aggregate", 0), ("aggregate_keys", 0), ("present", 2)):
        call, arguments = calls[name]
        for wrong in (True, *WRONG):
            if name == "present" and type(wrong) is int:
                continue
            with pytest.raises(cr.CredentialError):
                call(*arguments[:place], [wrong], *arguments[place + 1 :])
    arguments = calls["verify_batch"][1]
    for wrong in WRONG:
        (result,) = cr.verify_batch([wrong], *arguments[1:])
        assert isinstance(result, cr.CredentialError)
