"""Any schema, threshold, set of authorities and set of attributes works, and only as signed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import credentials as cr

VALUES: dict[cr.Kind, st.SearchStrategy[Any]] = {
    cr.Kind.BYTES: st.binary(max_size=40),
    cr.Kind.TEXT: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    cr.Kind.INTEGER: st.integers(0, (1 << 128) - 1),
}
ANY = st.one_of(*VALUES.values())


@st.composite
def schemas(draw: st.DrawFn) -> tuple[list[cr.Kind], int | None]:
    kinds = draw(st.lists(st.sampled_from([*VALUES, cr.Kind.ANY]), min_size=1, max_size=5))
    nullifier = draw(st.none() | st.integers(1, len(kinds)))
    if nullifier is not None:
        kinds[nullifier - 1] = cr.Kind.SCALAR
    return kinds, nullifier


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_issue_and_show(data: st.DataObject) -> None:
    kinds, nullifier = data.draw(schemas())
    q = len(kinds)
    n = data.draw(st.integers(1, 4))
    t = data.draw(st.integers(1, n))
    parameters = cr.Parameters(kinds, b"property", nullifier, backend="blst")
    keys = cr.deal_keys(
        parameters, threshold=t, authorities=n, key_epoch=data.draw(st.integers(0, (1 << 64) - 1))
    )
    key = cr.VerificationKey.from_bytes(keys.verification_key.to_bytes(), backend="blst")
    own = [j for j in range(1, q + 1) if j != nullifier]
    values = {j: data.draw(VALUES.get(kinds[j - 1], ANY)) for j in own}
    shown_to_issuers = data.draw(st.sets(st.sampled_from(own))) if own else set()
    if len(shown_to_issuers) == q:
        shown_to_issuers.pop()
    request, state = cr.request_credential(
        key,
        hidden={j: values[j] for j in own if j not in shown_to_issuers},
        disclosed={j: values[j] for j in shown_to_issuers},
        issue_context=data.draw(st.binary(min_size=32, max_size=32)),
    )
    assert cr.CredentialRequest.from_bytes(request.to_bytes(), key) == request
    assert cr.RequestState.from_bytes(state.to_bytes(), key) == state
    signers = data.draw(st.lists(st.integers(1, n), min_size=t, max_size=n, unique=True))
    blinded = [cr.sign(keys.shares[i], request) for i in signers]
    credential = cr.aggregate(blinded, state, key, keys.key_shares)
    raw = credential.to_bytes()
    again = cr.Credential.from_bytes(raw, key, credential.attribute_bytes())
    assert again == credential
    assert again.attributes == values

    disclose = data.draw(st.sets(st.sampled_from(own))) if own else set()
    scope = None if nullifier is None else data.draw(st.none() | st.binary(min_size=1, max_size=9))
    context = data.draw(st.binary(min_size=1, max_size=9))
    shows = [
        cr.present(again, key, disclose, context, scope, batchable=batchable)
        for batchable in (False, True)
    ]
    for shown in shows:
        received = type(shown).from_bytes(shown.to_bytes(), key)
        claims = cr.verify(received, key, context, scope)
        assert claims == {j: values[j] for j in disclose}
        for j in disclose:
            assert type(claims[j]) is type(values[j])
        with pytest.raises(cr.ProofError):
            cr.verify(received, key, context + b"0", scope)
        position = data.draw(st.integers(0, len(shown.to_bytes()) - 1))
        mutant = bytearray(shown.to_bytes())
        mutant[position] ^= 1 << data.draw(st.integers(0, 7))
        with pytest.raises(cr.CredentialError):
            cr.verify(type(shown).from_bytes(mutant, key), key, context, scope)
    (in_batch,) = cr.verify_batch([shows[1]], key, [context], [scope])
    assert in_batch == {j: values[j] for j in disclose}
