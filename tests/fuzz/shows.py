"""A key, a credential and one valid message of each type, always the same, for targets and corpus."""

from functools import cache

from fuzz.target import fixed_randomness

import credentials as cr
from credentials.bls12381 import ORDER, SCALAR_SIZE
from credentials.suite import DIGEST_SIZE, EPOCH_SIZE, HEADER_SIZE

CONTEXT, SCOPE = b"context", b"scope"
BACKENDS = cr.available_backends()
SIGNING = "blst"
"""The backend that takes secrets."""


@cache
def messages() -> dict[str, list[bytes]]:
    """Encodings by the target that decodes them; KEY and ATTRIBUTES are among them."""
    with fixed_randomness(b"credentials"):
        parameters = cr.Parameters(attributes=4, domain=b"fuzz", nullifier=1, backend=SIGNING)
        dealt = cr.deal_keys(parameters, threshold=2, authorities=3, key_epoch=7)
        key = dealt.verification_key
        request, state = cr.request_credential(
            key, hidden={2: b"member 17"}, disclosed={3: "2026-11", 4: 7}, issue_context=bytes(32)
        )
        blinded = [cr.sign(dealt.shares[i], request) for i in (1, 3)]
        credential = cr.aggregate(blinded, state, key, dealt.key_shares)
        shown = [
            cr.present(credential, key, [3, 4], CONTEXT, scope, batchable=batchable).to_bytes()
            for scope in (None, SCOPE)
            for batchable in (False, True)
        ]
    return {
        "verification_key": [key.to_bytes()],
        "verification_key_share": [dealt.key_shares[2].to_bytes()],
        "signing_key_share": [dealt.shares[2].to_bytes()],
        "credential_request": [request.to_bytes()],
        "request_state": [state.to_bytes()],
        "blinded_share": [blinded[0].to_bytes()],
        "credential": [credential.to_bytes()],
        "credential_attributes": [credential.attribute_bytes()],
        "presentation": shown,
    }


def almost() -> dict[str, list[bytes]]:
    """Shows, and others that say the same, and would be valid if decoding were not strict."""
    shown = messages()["presentation"]
    spare_bit = bytearray(shown[0])
    spare_bit[HEADER_SIZE + DIGEST_SIZE + EPOCH_SIZE] |= 0x10
    answer = int.from_bytes(shown[0][-SCALAR_SIZE:], "big") + ORDER
    other_answer = shown[0][:-SCALAR_SIZE] + answer.to_bytes(SCALAR_SIZE, "big")
    return {"presentation": [*shown, bytes(spare_bit), other_answer, shown[0] + b"\0"]}


@cache
def key(backend: str) -> cr.VerificationKey:
    """The key on a backend."""
    return cr.VerificationKey.from_bytes(messages()["verification_key"][0], backend=backend)
