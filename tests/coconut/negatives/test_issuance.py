"""Negative tests 16 to 25, 48, 50, 51, 62 and 71: requests, and the answers to them."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from coconut_fields import fields
from coconut_messages import Message, request_message
from coconut_points import identity
from coconut_provers import RequestProver, split_transcript, wrong_transcripts
from refusals import Refusals

import credentials as cr
from credentials.bls12381 import Scalar
from credentials.request import CredentialRequest, RequestProof
from credentials.suite import SHOW_TAG

ISSUE_CONTEXT = bytes(range(32))
HIDDEN = {2: b"member 17", 3: "2026-11"}
DISCLOSED = {4: 7}

Issued = tuple[cr.CredentialRequest, cr.RequestState]
Blinded = Mapping[int, cr.BlindedShare]
Check = Callable[[bytes], cr.CredentialRequest]


@pytest.fixture
def prover(key: cr.VerificationKey) -> RequestProver:
    """A wallet that has not hashed yet: attributes 1, 2 and 3 are hidden, 4 is disclosed."""
    return RequestProver(key, HIDDEN, DISCLOSED, ISSUE_CONTEXT)


@pytest.fixture
def check(vk: cr.VerificationKey) -> Check:
    """What every issuer checks in the bytes of a request."""

    def received(raw: bytes) -> cr.CredentialRequest:
        request = cr.CredentialRequest.from_bytes(raw, vk)
        cr.check_request(vk, request)
        return request

    return received


@pytest.fixture
def message(key: cr.VerificationKey, vk: cr.VerificationKey) -> Message:
    """An honest request with three hidden attributes and one disclosed."""
    request, _ = cr.request_credential(key, HIDDEN, DISCLOSED, ISSUE_CONTEXT)
    return request_message(request.to_bytes(), vk)


def _with_proof(
    request: cr.CredentialRequest, proof: Any, commitments: Any = None
) -> cr.CredentialRequest:
    points = request.commitments if commitments is None else commitments
    return CredentialRequest._of(request._statement, points, RequestProof(proof))


def test_the_prover_is_accepted(prover: RequestProver, check: Check) -> None:
    assert check(prover.request().to_bytes()).disclosed == DISCLOSED


def test_neg_16_another_disclosed_attribute(
    message: Message, check: Check, negative: Refusals
) -> None:
    check(message.raw)
    for value in (b"\2" + bytes(15) + b"\6", b"\0\0\0", b"\1\0\0017", b"\0\0\1\7"):
        raw = message.put_disclosed(4, value)
        negative.refuses(cr.RequestProofError, check, raw, of=str(value))


def test_neg_16_is_not_signed(
    dealt: cr.DealtKeys, key: cr.VerificationKey, negative: Refusals
) -> None:
    request, _ = cr.request_credential(key, HIDDEN, DISCLOSED, ISSUE_CONTEXT)
    changed = request_message(request.to_bytes(), key).put_disclosed(4, b"\0\0\0")
    other = cr.CredentialRequest.from_bytes(changed, key)
    cr.sign(dealt.shares[1], request)
    negative.refuses(cr.RequestProofError, cr.sign, dealt.shares[1], other)


def test_neg_17_number_of_answers(
    message: Message, vk: cr.VerificationKey, negative: Refusals
) -> None:
    """On the wire a length; in an object, what every issuer counts."""
    request = cr.CredentialRequest.from_bytes(message.raw, vk)
    cr.check_request(vk, request)
    names = ("z_m_1", "z_m_3", "z_oj_1", "z_oj_3", "c")
    for name in names:
        answer = message.fields[name].of(message.raw)
        negative.refuses(cr.LengthError, message.decode, message.put(name, b""), of=name)
        negative.refuses(cr.LengthError, message.decode, message.put(name, 2 * answer), of=name)
    k = len(request.commitments)
    c, z_o, z_m, z_oj = (
        request.proof.challenge,
        request.proof.opening,
        request.proof.attributes,
        request.proof.openings,
    )
    proofs = [
        [c, z_o],
        [],
        [c, z_o, *z_m],
        [c, z_o, *z_m[:-1], *z_oj[:-1]],
        [c, z_o, *z_m, z_m[0], *z_oj, z_oj[0]],
        [c, z_o, *z_m, *z_oj[:-1]],
        [c, z_o, *z_m, *z_oj, z_oj[0]],
    ]
    cr.check_request(vk, _with_proof(request, [c, z_o, *z_m, *z_oj]))
    for proof in proofs:
        wrong = _with_proof(request, proof)
        negative.refuses(cr.RequestProofError, cr.check_request, vk, wrong, of=str(len(proof)))
    points = request.commitments
    for commitments in ((), points[:-1], (*points, points[0])):
        wrong = _with_proof(request, request.proof, commitments)
        negative.refuses(cr.RequestProofError, cr.check_request, vk, wrong, of=str(k))


def test_neg_18_more_attributes_than_the_key_has(
    key: cr.VerificationKey, negative: Refusals
) -> None:
    cr.request_credential(key, HIDDEN, DISCLOSED, ISSUE_CONTEXT)

    def ask(hidden: Any, disclosed: Any) -> None:
        cr.request_credential(key, hidden, disclosed, ISSUE_CONTEXT)

    negative.refuses(cr.ArgumentError, ask, {**HIDDEN, 5: 1}, DISCLOSED)
    negative.refuses(cr.ArgumentError, ask, HIDDEN, {**DISCLOSED, 5: 1})
    negative.refuses(cr.ArgumentError, ask, {**HIDDEN, 1: b"my own"}, DISCLOSED)
    negative.refuses(cr.ArgumentError, ask, HIDDEN, {**DISCLOSED, 1: b"my own"})
    negative.refuses(cr.ArgumentError, ask, HIDDEN, {**DISCLOSED, 3: "2026-11"})
    negative.refuses(cr.ArgumentError, ask, {2: b"member 17"}, DISCLOSED)
    plain = cr.deal_keys(cr.Parameters(2, b"x"), threshold=1, authorities=1).verification_key
    cr.request_credential(plain, {1: 1}, {2: 1}, ISSUE_CONTEXT)
    nothing_hidden = ({}, {1: 1, 2: 1}, ISSUE_CONTEXT)
    negative.refuses(cr.ArgumentError, cr.request_credential, plain, *nothing_hidden)


def test_neg_18_on_the_wire(message: Message, check: Check, negative: Refusals) -> None:
    check(message.raw)
    for bits in (b"\x18", b"\x0f", b"\x09"):  # attribute 5; none hidden; the nullifier disclosed
        negative.refuses(cr.DecodeError, check, message.put("bitmap", bits), of=str(bits))


def test_neg_18_nothing_hidden_on_the_wire(vk: cr.VerificationKey, negative: Refusals) -> None:
    """For a schema without a nullifier, all lengths right."""
    keys = cr.deal_keys(cr.Parameters(1, b"x", backend="blst"), threshold=1, authorities=1)
    raw_key = keys.verification_key.to_bytes()
    key = cr.VerificationKey.from_bytes(raw_key, vk.parameters.backend)
    request, _ = cr.request_credential(keys.verification_key, {1: 7}, {}, ISSUE_CONTEXT)
    raw = request.to_bytes()
    message = request_message(raw, key)
    cr.check_request(key, message.decode(raw))
    for name in ("z_oj_1", "z_m_1"):
        raw = message.fields[name].put(raw, b"")
    raw = message.fields["C_1"].put(raw, b"\2" + bytes(15) + b"\7")
    raw = message.fields["bitmap"].put(raw, b"\1")
    error = negative.refuses(cr.DecodeError, message.decode, raw)
    negative.holds("hidden" in str(error), str(error))


def test_neg_19_another_h(prover: RequestProver, check: Check, negative: Refusals) -> None:
    check(prover.request().to_bytes())
    own = prover.statement.h
    g1 = prover.g1.generator
    for h in (own + g1, -own, own + own, prover.key.parameters.generators[0]):
        prover.statement.h = h
        negative.refuses(cr.RequestProofError, check, prover.request().to_bytes())


def test_neg_48_h_of_known_discrete_logarithm(
    dealt: cr.DealtKeys,
    issued: Issued,
    blinded: Blinded,
    credential: cr.Credential,
    prover: RequestProver,
    negative: Refusals,
) -> None:
    """u*g1 in place of h: one signature on it would give x*g1, which forges."""
    key = dealt.verification_key
    g1 = key.parameters.curve.g1
    u = Scalar(12345)
    h = g1.sum_secret([g1.generator], [u])

    def sign(request: cr.CredentialRequest) -> cr.BlindedShare:
        return cr.sign(dealt.shares[1], cr.CredentialRequest.from_bytes(request.to_bytes(), key))

    sign(prover.request())
    prover.statement.h = h
    request = prover.request()
    negative.refuses(cr.RequestProofError, sign, request)
    # The object itself, with h replaced and a proof that is right for it, says what its bytes do.
    negative.holds(cr.CredentialRequest.from_bytes(request.to_bytes(), key).h != h)
    # In an answer and in a credential.
    forged = cr.BlindedShare._of(issued[0].digest, 2, 0, h)
    shares = [blinded[1], forged, blinded[3]]
    cr.aggregate([blinded[1], blinded[2], blinded[3]], issued[1], key, dealt.key_shares)
    negative.refuses(cr.ShareError, cr.aggregate, shares, issued[1], key, dealt.key_shares)
    raw, attributes = credential.to_bytes(), credential.attribute_bytes()
    cr.Credential.from_bytes(raw, key, attributes)
    place = raw.index(credential.h.encode())
    replaced = raw[:place] + h.encode() + raw[place + 48 :]
    negative.refuses(cr.ProofError, cr.Credential.from_bytes, replaced, key, attributes)


def test_neg_48_h_of_known_discrete_logarithm_in_a_proof(
    prover: RequestProver, check: Check, negative: Refusals
) -> None:
    check(prover.request().to_bytes())
    for u in (1, 12345):
        prover.statement.h = prover.g1.sum_secret([prover.g1.generator], [Scalar(u)])
        negative.refuses(cr.RequestProofError, check, prover.request().to_bytes())


def test_neg_20_commitments_swapped(message: Message, check: Check, negative: Refusals) -> None:
    check(message.raw)
    first, second = (message.fields[f"C_{j}"] for j in (1, 2))
    raw = second.put(first.put(message.raw, second.of(message.raw)), first.of(message.raw))
    negative.refuses(cr.RequestProofError, check, raw)
    for pair in (("z_m_1", "z_m_2"), ("z_oj_1", "z_oj_2"), ("z_o", "c"), ("cm", "C_1")):
        first, second = (message.fields[name] for name in pair)
        raw = second.put(first.put(message.raw, second.of(message.raw)), first.of(message.raw))
        negative.refuses(cr.RequestProofError, check, raw, of=str(pair))


def test_neg_21_proof_for_another_key_epoch_or_context(
    message: Message, check: Check, vk: cr.VerificationKey, negative: Refusals
) -> None:
    check(message.raw)
    points = (vk.alpha, vk.beta, vk.beta1)
    later = cr.VerificationKey._of(vk.parameters, vk.key_epoch + 1, points)
    own = cr.deal_keys(
        cr.Parameters(4, b"tests", nullifier=1, backend="blst"),
        threshold=3,
        authorities=5,
        key_epoch=vk.key_epoch,
    ).verification_key
    other = cr.VerificationKey.from_bytes(own.to_bytes(), vk.parameters.backend)

    def check_under(key: cr.VerificationKey, raw: bytes) -> None:
        cr.check_request(key, cr.CredentialRequest.from_bytes(raw, key))

    check_under(vk, message.raw)
    decoded = cr.CredentialRequest.from_bytes(message.raw, vk)
    for key, decode_error, check_error, field, value in (
        (later, cr.EpochError, cr.RequestEpochError, "key_epoch", later.key_epoch.to_bytes(8)),
        (other, cr.WrongKeyError, cr.RequestKeyError, "key_digest", other.digest),
    ):
        negative.refuses(decode_error, check_under, key, message.raw)
        negative.refuses(check_error, cr.check_request, key, decoded)
        claimed = message.put(field, value)
        negative.refuses(cr.RequestProofError, check_under, key, claimed)
    for bit in (0, 255):
        negative.refuses(cr.RequestProofError, check, message.flip("issue_context", bit))


def test_neg_22_all_zero_proof(message: Message, check: Check, negative: Refusals) -> None:
    check(message.raw)
    scalars = message.of_kind("scalar")
    assert len(scalars) == 2 + 2 * 3
    raw = message.raw
    for field in scalars:
        raw = field.put(raw, bytes(32))
        negative.refuses(cr.RequestProofError, check, raw, of=field.name)
    # The challenge stays, the answers are zero.
    raw = message.raw
    for field in scalars[1:]:
        raw = field.put(raw, bytes(32))
    negative.refuses(cr.RequestProofError, check, raw)


def test_neg_23_equal_h_is_the_same_statement(
    prover: RequestProver, check: Check, vk: cr.VerificationKey, negative: Refusals
) -> None:
    """All that is signed fixes h; an issuer that keeps h sees two requests for one statement."""
    first = check(prover.request().to_bytes())
    second = check(prover.request().to_bytes())
    assert second == first
    message = request_message(first.to_bytes(), vk)
    prover.w[0] = prover.w[0] + 1  # another proof of the same statement
    again = check(prover.request().to_bytes())
    negative.holds(again.h == first.h and again.digest != first.digest)
    for name in ("issue_context", "disclosed_4"):
        other = cr.CredentialRequest.from_bytes(message.flip(name), vk)
        negative.holds(other.h != first.h, name)
    point = message.fields["C_1"].of(message.raw)
    for name, value in (("cm", point), ("C_2", point)):
        other = cr.CredentialRequest.from_bytes(message.put(name, value), vk)
        # C_j are not signed: their attributes are, which cm fixes.
        negative.holds((other.h != first.h) == (name == "cm"), name)


def test_neg_24_other_attributes_give_another_h(
    vk: cr.VerificationKey, key: cr.VerificationKey, negative: Refusals
) -> None:
    """Also if the same values are at other indices or are cut elsewhere."""

    drawn = {"nullifier": Scalar(5), "opening": Scalar(6)}

    def h(hidden: Any, disclosed: Any) -> bytes:
        prover = RequestProver(key, hidden, disclosed, ISSUE_CONTEXT, **drawn)
        request = cr.CredentialRequest.from_bytes(prover.request().to_bytes(), vk)
        cr.check_request(vk, request)
        return request.h.encode()

    cases: list[tuple[Any, Any]] = [
        ({2: "a"}, {3: "b", 4: "c"}),
        ({2: "a"}, {3: "c", 4: "b"}),
        ({2: "b"}, {3: "a", 4: "c"}),
        ({2: "a"}, {3: b"b", 4: "c"}),
        ({2: "a", 3: "b"}, {4: "c"}),
        ({2: "a", 3: "c"}, {4: "b"}),
        ({2: "b", 3: "a"}, {4: "c"}),
        ({2: "x"}, {3: "a", 4: "bc"}),
        ({2: "x"}, {3: "ab", 4: "c"}),
        ({2: "x"}, {3: "abc", 4: ""}),
        ({2: "a", 3: "bc"}, {4: "x"}),
        ({2: "ab", 3: "c"}, {4: "x"}),
        # With a hidden zero cm is the same, and only the set tells which attribute is disclosed.
        ({2: "a", 3: 0}, {4: "x"}),
        ({2: "a", 4: 0}, {3: "x"}),
    ]
    found = [h(*case) for case in cases]
    assert h(*cases[0]) == found[0]
    negative.holds(len(set(found)) == len(cases))


def test_neg_25_answers_that_a_wallet_rejects(
    dealt: cr.DealtKeys, issued: Issued, blinded: Blinded, negative: Refusals
) -> None:
    """Of a wrong key, or the identity."""
    key = dealt.verification_key
    other = cr.deal_keys(key.parameters, threshold=3, authorities=5, key_epoch=7)
    request, _ = cr.request_credential(
        other.verification_key, {2: b"member 17"}, {3: "2026-11", 4: 7}, ISSUE_CONTEXT
    )
    foreign = cr.sign(other.shares[2], request)
    claimed = cr.BlindedShare._of(issued[0].digest, 2, 0, foreign.c)

    def combine(share: bytes, under: cr.VerificationKey = key) -> None:
        shares = [blinded[1], cr.BlindedShare.from_bytes(share, key), blinded[3]]
        cr.aggregate(shares, issued[1], under, dealt.key_shares)

    raw = blinded[2].to_bytes()
    combine(raw)
    for share in (foreign, claimed):
        error = negative.refuses(cr.ShareError, combine, share.to_bytes())
        negative.holds(error.ids == (2,))
    negative.refuses(cr.DecodeError, combine, raw[:-48] + identity(1))
    negative.refuses(cr.WrongKeyError, combine, raw, other.verification_key)


def test_neg_28_every_field_of_the_transcript_of_a_request(
    prover: RequestProver, check: Check, negative: Refusals
) -> None:
    """A wallet that hashes anything else is refused."""
    right: list[bytes] = []

    def keep(transcript: bytes) -> bytes:
        right.append(transcript)
        return transcript

    prover.edit = keep
    check(prover.request().to_bytes())
    items = split_transcript(right[0])
    assert [tag for tag, _ in items] == [*range(1, 9), *range(16, 22)]  # as README.md has them
    assert all(data for _, data in items)
    wrong = wrong_transcripts(right[0])
    assert len({right[0], *wrong.values()}) == 1 + len(wrong)
    for what, transcript in wrong.items():
        prover.edit = lambda _, transcript=transcript: transcript
        negative.refuses(cr.RequestProofError, check, prover.request().to_bytes(), of=what)


def test_neg_34_challenge_of_another_protocol_in_a_request(
    prover: RequestProver, check: Check, negative: Refusals
) -> None:
    check(prover.request().to_bytes())
    prover.tag = SHOW_TAG
    negative.refuses(cr.RequestProofError, check, prover.request().to_bytes())


def test_neg_50_garbage_leaves_no_trace(
    dealt: cr.DealtKeys, key: cr.VerificationKey, negative: Refusals
) -> None:
    """What is refused under an issue_context changes nothing for who has it."""
    request, _ = cr.request_credential(key, HIDDEN, DISCLOSED, ISSUE_CONTEXT)
    message = request_message(request.to_bytes(), key)

    def sign(raw: bytes) -> bytes:
        share = dealt.shares[2]
        return cr.sign(share, cr.CredentialRequest.from_bytes(raw, key)).to_bytes()

    expected = sign(message.raw)
    for name in ("c", "z_o", "z_m_1", "z_oj_3"):
        negative.refuses(cr.RequestProofError, sign, message.flip(name), of=name)
    garbage = cr.CredentialRequest.from_bytes(message.flip("z_o"), key)
    for _ in range(2):  # it does not get better by asking again
        negative.refuses(cr.RequestProofError, cr.sign, dealt.shares[2], garbage)
    negative.refuses(cr.LengthError, sign, message.raw[:-1])
    negative.holds(sign(message.raw) == expected)


def test_neg_51_request_under_another_context(
    dealt: cr.DealtKeys, key: cr.VerificationKey, negative: Refusals
) -> None:
    """A copy of it is refused, and the same request gets the same bytes."""
    request, _ = cr.request_credential(key, HIDDEN, DISCLOSED, ISSUE_CONTEXT)
    message = request_message(request.to_bytes(), key)

    def sign(raw: bytes) -> bytes:
        share = dealt.shares[2]
        return cr.sign(share, cr.CredentialRequest.from_bytes(raw, key)).to_bytes()

    expected = sign(message.raw)
    negative.refuses(cr.RequestProofError, sign, message.put("issue_context", bytes(32)))
    negative.holds(sign(message.raw) == expected)


def test_neg_62_a_wrong_opening_accuses_nobody(
    dealt: cr.DealtKeys, issued: Issued, blinded: Blinded, negative: Refusals
) -> None:
    key = dealt.verification_key
    shares = [blinded[i] for i in (1, 2, 3)]
    raw = issued[1].to_bytes()

    def combine(state: bytes) -> None:
        cr.aggregate(shares, cr.RequestState.from_bytes(state, key), key, dealt.key_shares)

    combine(raw)
    places = fields("request state", raw, 4)
    for name in ("o_1", "o_2", "hidden_1", "hidden_2"):
        field = places[name]
        value = bytearray(field.of(raw))
        value[-1] ^= 1
        error = negative.refuses(cr.LocalStateError, combine, field.put(raw, bytes(value)), of=name)
        negative.holds(not hasattr(error, "ids"))


SIGN = """
import sys
import credentials as cr
key = cr.VerificationKey.from_bytes(bytes.fromhex(sys.argv[1]), backend="blst")
share = cr.SigningKeyShare.from_bytes(bytes.fromhex(sys.argv[2]), key)
request = cr.CredentialRequest.from_bytes(bytes.fromhex(sys.argv[3]), share)
print(cr.sign(share, request).to_bytes().hex())
"""


def test_neg_71_signing_gives_equal_bytes_everywhere(
    dealt: cr.DealtKeys, issued: Issued, blinded: Blinded, negative: Refusals
) -> None:
    """In threads, in other processes, and with python -O."""
    expected = blinded[1].to_bytes()
    key, share = dealt.verification_key, dealt.shares[1]
    raw = issued[0].to_bytes()

    def sign(_: int) -> bytes:
        received = cr.CredentialRequest.from_bytes(raw, share)
        return cr.sign(share, received).to_bytes()

    with ThreadPoolExecutor(8) as pool:
        for signed in pool.map(sign, range(32)):
            negative.holds(signed == expected)
    arguments = [key.to_bytes().hex(), share.to_bytes().hex(), raw.hex()]
    for options in ([], ["-O"], ["-OO"]):
        run = subprocess.run(
            [sys.executable, *options, "-c", SIGN, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        negative.holds(bytes.fromhex(run.stdout) == expected, str(options))
