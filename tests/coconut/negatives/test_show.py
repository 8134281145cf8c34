"""Negative tests 27 to 35, 52 and 66: shows, one by one and in a batch."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from coconut_fields import fields
from coconut_messages import (
    CONTEXT,
    SCOPE,
    Message,
    show_message,
    verify_bytes,
    verify_in_batch,
)
from coconut_points import identity
from coconut_provers import ShowProver, split_transcript, wrong_transcripts
from refusals import Refusals

import credentials as cr
from credentials.attributes import Attribute
from credentials.bls12381 import Scalar
from credentials.presentation import scope_base
from credentials.suite import ISSUE_TAG

COMPACT, BATCHABLE = cr.Presentation, cr.BatchablePresentation
KINDS = (COMPACT, BATCHABLE)
PLAIN = ("presentation", "batchable presentation")
WITH_NULLIFIER = tuple(f"{name} with nullifier" for name in PLAIN)

Shows = Mapping[str, bytes]
Prove = Callable[..., ShowProver]


class Verifier:
    """Verifies bytes on one backend; batchable ones must give the same in a batch."""

    def __init__(self, vk: cr.VerificationKey, others: list[bytes], negative: Refusals) -> None:
        self.vk = vk
        self._others = others
        self._negative = negative

    def accepts(
        self, raw: bytes, context: bytes = CONTEXT, scope: bytes | None = None
    ) -> cr.Claims:
        claims = verify_bytes(raw, self.vk, context, scope)
        if _batchable(raw):
            assert verify_in_batch(raw, self.vk, self._others, context, scope) == claims
        return claims

    def refuses(
        self,
        error: type[cr.CredentialError],
        raw: bytes,
        context: bytes = CONTEXT,
        scope: bytes | None = None,
        of: str = "",
    ) -> None:
        self._negative.refuses(error, verify_bytes, raw, self.vk, context, scope, of=of)
        if _batchable(raw):
            self._negative.refuses(
                error, verify_in_batch, raw, self.vk, self._others, context, scope, of=of
            )


def _batchable(raw: bytes) -> bool:
    return raw[6:7] in (b"\x0a", b"\x0b")


@pytest.fixture
def verifier(vk: cr.VerificationKey, shows: Shows, negative: Refusals) -> Verifier:
    return Verifier(vk, [shows["batchable presentation"]] * 2, negative)


@pytest.fixture
def prove(credential: cr.Credential, key: cr.VerificationKey) -> Prove:
    """A wallet that has not hashed yet: attributes 3 and 4 are disclosed."""

    def start(scope: bytes | None = None, disclose: tuple[int, ...] = (3, 4)) -> ShowProver:
        return ShowProver(credential, key, disclose, CONTEXT, scope)

    return start


@pytest.fixture
def shown(shows: Shows, vk: cr.VerificationKey) -> dict[str, Message]:
    return {name: show_message(raw, vk) for name, raw in shows.items()}


@pytest.mark.parametrize("scope", [None, SCOPE])
def test_the_prover_is_accepted(
    prove: Prove, verifier: Verifier, negative: Refusals, scope: bytes | None
) -> None:
    for kind in KINDS:
        claims = verifier.accepts(prove(scope).shown(kind), scope=scope)
        negative.holds(claims == {3: "2026-11", 4: 7})


def test_neg_27_identity_h_and_s(
    prove: Prove, shown: Mapping[str, Message], vk: cr.VerificationKey, verifier: Verifier
) -> None:
    for message in shown.values():
        scope = SCOPE if message.name in WITH_NULLIFIER else None
        verifier.accepts(message.raw, scope=scope)
        for names in (("h",), ("s",), ("h", "s")):
            raw = message.raw
            for name in names:
                raw = message.fields[name].put(raw, identity(1))
            verifier.refuses(cr.DecodeError, raw, scope=scope, of=f"{message.name} {names}")
    # With a proof that is right for them: the pairing equation would hold.
    for kind in KINDS:
        prover = prove()
        verifier.accepts(prover.shown(kind))
        prover.h = prover.s = vk.parameters.curve.g1.identity
        verifier.refuses(cr.DecodeError, prover.shown(kind))


@pytest.mark.parametrize("scope", [None, SCOPE], ids=["plain", "nullifier"])
@pytest.mark.parametrize("kind", KINDS)
def test_neg_28_every_field_of_the_transcript(
    prove: Prove, verifier: Verifier, kind: Any, scope: bytes | None
) -> None:
    """A wallet that hashes anything else is refused."""
    prover = prove(scope)
    verifier.accepts(prover.shown(kind), scope=scope)
    right = prover.transcript()
    items = split_transcript(right)
    assert [tag for tag, _ in items] == [*range(1, 9), *range(32, 41)]  # as README.md has them
    assert [tag for tag, data in items if not data] == ([] if scope else [36, 37, 38, 39])
    typed = b"".join(attribute.encoded for attribute in prover.disclosed.values())
    assert dict(items)[8] == typed
    wrong = wrong_transcripts(right)
    assert len({right, *wrong.values()}) == 1 + len(wrong)
    vk, negative = verifier.vk, verifier._negative
    for what, transcript in wrong.items():
        prover.edit = lambda _, transcript=transcript: transcript
        negative.refuses(
            cr.ProofError, verify_bytes, prover.shown(kind), vk, CONTEXT, scope, of=what
        )


def test_neg_28_optional_part_present_or_absent(prove: Prove, verifier: Verifier) -> None:
    """The nullifier's places are hashed and not sent, or sent and not hashed."""
    for kind in KINDS:
        plain, once = prove(), prove(SCOPE)
        verifier.accepts(plain.shown(kind))
        verifier.accepts(once.shown(kind), scope=SCOPE)
        with_places, without = once.transcript(), once.statement()
        absent = without.transcript(once.first_move, None, CONTEXT)
        once.edit = lambda _, absent=absent: absent
        verifier.refuses(cr.ProofError, once.shown(kind), scope=SCOPE)
        hidden = prove()
        hidden.edit = lambda _, hashed=with_places: hashed
        verifier.refuses(cr.ProofError, hidden.shown(kind))
        # A show whose optional part was cut off, with its type.
        raw = prove(SCOPE).shown(kind)
        message = show_message(raw, verifier.vk)
        cut = bytearray(raw[: message.fields["N"].start])
        cut[6] -= 1
        verifier.refuses(cr.ProofError, bytes(cut))
        verifier.refuses(cr.ProofError, bytes(cut), scope=SCOPE)


def test_neg_29_disclosed_value_index_count_and_type(
    prove: Prove, shown: Mapping[str, Message], verifier: Verifier
) -> None:
    for name in PLAIN:
        message = shown[name]
        verifier.accepts(message.raw)
        text, integer = b"\1\0\x072026-11", b"\2" + bytes(15) + b"\7"
        values = {
            3: [b"\1\0\x072026-12", b"\1\0\x062026-1", b"\0\0\x072026-11", b"\1\0\0", integer],
            4: [b"\2" + bytes(15) + b"\6", b"\2\x80" + bytes(14) + b"\7", b"\0\0\1\7", text],
        }
        for j, forms in values.items():
            for form in forms:
                verifier.refuses(
                    cr.ProofError, message.put_disclosed(j, form), of=f"{name} {form!r}"
                )
        exchanged = show_message(message.put_disclosed(3, integer), verifier.vk)
        verifier.refuses(cr.ProofError, exchanged.put_disclosed(4, text))
        # The same values, said to be of other attributes: 2 and 4, 2 and 3.
        for bits in (b"\x0a", b"\x06"):
            verifier.refuses(cr.ProofError, message.put("bitmap", bits))


def test_neg_29_number_of_disclosed_values(
    prove: Prove, verifier: Verifier, vk: cr.VerificationKey
) -> None:
    """A set with one attribute more or less than what was hashed, all lengths right."""
    for kind in KINDS:
        prover = prove()
        verifier.accepts(prover.shown(kind))
        hashed = prover.transcript()
        prover.edit = lambda _, hashed=hashed: hashed
        name = prover.disclosed.pop(4)
        prover.m[4], prover.w[4] = name.scalar, Scalar(1)
        verifier.refuses(cr.ProofError, prover.shown(kind))
        fewer = prove(disclose=(3,))
        verifier.accepts(fewer.shown(kind))
        hashed = fewer.transcript()
        fewer.edit = lambda _, hashed=hashed: hashed
        fewer.disclosed = {**fewer.disclosed, 4: name}
        del fewer.m[4], fewer.w[4]
        verifier.refuses(cr.ProofError, fewer.shown(kind))
        # Disclosed as well as proven to be in kappa: counted twice in the signature's equation.
        twice = prove(disclose=(3,))
        twice.disclosed = {**twice.disclosed, 4: name}
        del twice.m[4], twice.w[4]
        verifier.refuses(cr.ProofError, twice.shown(kind))


def test_neg_29_values_and_signatures_that_nobody_signed(prove: Prove, verifier: Verifier) -> None:
    """The proof is right for them, and the pairing equation does not hold."""
    for kind in KINDS:
        for scope in (None, SCOPE):
            prover = prove(scope)
            verifier.accepts(prover.shown(kind), scope=scope)
            prover.disclosed = {**prover.disclosed, 4: Attribute(8, "it")}
            verifier.refuses(cr.ProofError, prover.shown(kind), scope=scope)
            for field in ("h", "s"):
                prover = prove(scope)
                generator = prover.key.parameters.curve.g1.generator
                setattr(prover, field, getattr(prover, field) + generator)
                verifier.refuses(cr.ProofError, prover.shown(kind), scope=scope)
            # A hidden attribute of another value, consistently.
            prover = prove(scope)
            prover.m[2] = prover.m[2] + 1
            prover.kappa = prover._combine(prover.m, prover.b)
            verifier.refuses(cr.ProofError, prover.shown(kind), scope=scope)


def test_neg_30_number_of_answers(shown: Mapping[str, Message], verifier: Verifier) -> None:
    for message in shown.values():
        scope = SCOPE if message.name in WITH_NULLIFIER else None
        verifier.accepts(message.raw, scope=scope)
        for name in ("z_1", "z_2", "z_b"):
            answer = message.fields[name].of(message.raw)
            for value in (b"", 2 * answer):
                verifier.refuses(cr.LengthError, message.put(name, value), scope=scope)


def test_neg_31_another_context(shows: Shows, verifier: Verifier) -> None:
    for name in PLAIN:
        raw = shows[name]
        verifier.accepts(raw)
        for context in (CONTEXT + b"\0", CONTEXT[:-1], b"gateway-8|nonce", b"x", bytes(65535)):
            verifier.refuses(cr.ProofError, raw, context)


def test_neg_32_new_randomness_with_the_old_proof(
    shown: Mapping[str, Message], verifier: Verifier, vk: cr.VerificationKey
) -> None:
    g1 = vk.parameters.curve.g1
    for name in PLAIN:
        message = shown[name]
        verifier.accepts(message.raw)
        h, s = (g1.decode(message.fields[f].of(message.raw), f) for f in ("h", "s"))
        for factor in (2, -1, 12345):
            a = Scalar.reduce(factor)
            raw = message.put("h", g1.sum_public([h], [a]).encode())
            raw = message.fields["s"].put(raw, g1.sum_public([s], [a]).encode())
            verifier.refuses(cr.ProofError, raw)


def test_neg_33_old_key(
    shown: Mapping[str, Message], vk: cr.VerificationKey, verifier: Verifier, negative: Refusals
) -> None:
    points = (vk.alpha, vk.beta, vk.beta1)
    later = cr.VerificationKey._of(vk.parameters, vk.key_epoch + 1, points)
    dealt = cr.deal_keys(
        cr.Parameters(4, b"tests", nullifier=1, backend="blst"),
        threshold=1,
        authorities=1,
        key_epoch=vk.key_epoch,
    )
    raw_key = dealt.verification_key.to_bytes()
    other = cr.VerificationKey.from_bytes(raw_key, vk.parameters.backend)
    for name in PLAIN:
        message = shown[name]
        verifier.accepts(message.raw)
        decoded = message.decode(message.raw)
        for key, error, field, value in (
            (later, cr.EpochError, "key_epoch", later.key_epoch.to_bytes(8)),
            (other, cr.WrongKeyError, "key_digest", other.digest),
        ):
            negative.refuses(error, verify_bytes, message.raw, key)
            negative.refuses(error, cr.verify, decoded, key, CONTEXT)
            claimed = message.put(field, value)
            negative.refuses(cr.ProofError, verify_bytes, claimed, key)
            if name == "batchable presentation":
                (result,) = cr.verify_batch([decoded], key, [CONTEXT])
                negative.holds(type(result) is error)
                results = cr.verify_batch([claimed] * 3, key, [CONTEXT] * 3)
                negative.holds([type(r) for r in results] == [cr.ProofError] * 3)


def test_neg_34_other_suite_and_other_kind(
    shown: Mapping[str, Message],
    issued: tuple[cr.CredentialRequest, object],
    vk: cr.VerificationKey,
    negative: Refusals,
) -> None:
    decode = {kind: (lambda raw, kind=kind: kind.from_bytes(raw, vk)) for kind in KINDS}
    for message in shown.values():
        own = BATCHABLE if message.name.startswith("batchable") else COMPACT
        other = COMPACT if own is BATCHABLE else BATCHABLE
        decode[own](message.raw)
        negative.refuses(cr.SuiteError, decode[other], message.raw)
        for place in (4, 5):  # version, suite
            raw = bytearray(message.raw)
            raw[place] ^= 3
            negative.refuses(cr.SuiteError, decode[own], raw)
        relabelled = bytearray(message.raw)
        relabelled[6] += 2 if own is COMPACT else -2
        negative.refuses(cr.LengthError, decode[other], relabelled)
    request = issued[0].to_bytes()
    cr.CredentialRequest.from_bytes(request, vk)
    for kind in KINDS:
        negative.refuses(cr.SuiteError, decode[kind], request)
        raw = bytearray(request)
        raw[6] = 8 if kind is COMPACT else 10
        negative.is_no_encoding(decode[kind], raw)
    raw = bytearray(shown["presentation"].raw)
    raw[6] = 4
    negative.is_no_encoding(cr.CredentialRequest.from_bytes, raw, vk)


def test_neg_34_challenge_of_another_protocol(prove: Prove, verifier: Verifier) -> None:
    for kind in KINDS:
        prover = prove()
        verifier.accepts(prover.shown(kind))
        prover.tag = ISSUE_TAG
        verifier.refuses(cr.ProofError, prover.shown(kind))


def test_neg_34_first_move_in_place_of_the_challenge(
    shown: Mapping[str, Message], verifier: Verifier
) -> None:
    """The lengths of the other encoding are right, and its proof is not."""
    compact, batchable = (shown[name] for name in PLAIN)
    verifier.accepts(compact.raw)
    verifier.accepts(batchable.raw)
    raw = bytearray(compact.put("c", batchable.fields["A"].of(batchable.raw)))
    raw[6] += 2
    verifier.refuses(cr.ProofError, bytes(raw))
    raw = bytearray(batchable.put("A", compact.fields["c"].of(compact.raw)))
    raw[6] -= 2
    verifier.refuses(cr.ProofError, bytes(raw))


def test_neg_35_two_shows_share_no_element(
    credential: cr.Credential, key: cr.VerificationKey, verifier: Verifier, negative: Refusals
) -> None:
    """But what they disclose and the key."""
    common = {"header", "key_digest", "key_epoch", "bitmap"}
    for scope in (None, SCOPE):
        for batchable in (False, True):
            values: list[list[bytes]] = []
            for _ in range(3):
                shown = cr.present(credential, key, [3, 4], CONTEXT, scope, batchable=batchable)
                raw = shown.to_bytes()
                verifier.accepts(raw, scope=scope)
                message = show_message(raw, key)
                values.append(
                    [
                        field.of(raw)
                        for name, field in message.fields.items()
                        # A nullifier is the same on purpose.
                        if name not in common and not name.startswith("disclosed") and name != "N"
                    ]
                )
            # Nor do they show an element of the credential, or one twice.
            values.append([credential.h.encode(), credential.s.encode()])
            every = [value for one in values for value in one]
            negative.holds(len(set(every)) == len(every))


def test_neg_52_nullifier_of_another_attribute(prove: Prove, verifier: Verifier) -> None:
    """Hidden attribute 2, which the wallet chose, in place of the nullifier secret 1."""
    g1 = verifier.vk.parameters.curve.g1
    for kind in KINDS:
        prover = prove(SCOPE)
        verifier.accepts(prover.shown(kind), scope=SCOPE)
        base = prover.base
        assert base is not None
        g1 = prover.key.parameters.curve.g1
        prover.nullifier = g1.sum_secret([base], [prover.m[2]])
        verifier.refuses(cr.ProofError, prover.shown(kind), scope=SCOPE)
        prover.nullifier_nonce = g1.sum_secret([base], [prover.w[2]])  # z_s of another index
        verifier.refuses(cr.ProofError, prover.shown(kind), scope=SCOPE)
        # The right nullifier, proven by another answer than the one of kappa.
        prover = prove(SCOPE)
        prover.nullifier_nonce = g1.sum_secret([base], [prover.w[1] + 1])
        verifier.refuses(cr.ProofError, prover.shown(kind), scope=SCOPE)
        # Any other point.
        prover = prove(SCOPE)
        assert prover.nullifier is not None
        prover.nullifier = prover.nullifier + base
        verifier.refuses(cr.ProofError, prover.shown(kind), scope=SCOPE)


def test_neg_52_nullifier_absent_or_not_wanted(
    shows: Shows, shown: Mapping[str, Message], verifier: Verifier
) -> None:
    for plain, once in zip(PLAIN, WITH_NULLIFIER, strict=True):
        verifier.accepts(shows[plain])
        claims = verifier.accepts(shows[once], scope=SCOPE)
        assert claims.nullifier == shown[once].fields["N"].of(shows[once])
        verifier.refuses(cr.ProofError, shows[plain], scope=SCOPE)
        verifier.refuses(cr.ProofError, shows[once])
        with pytest.raises(cr.ProofError, match="no scope was given"):
            verify_bytes(shows[once], verifier.vk)


def test_neg_52_other_scope(shows: Shows, verifier: Verifier) -> None:
    for name in WITH_NULLIFIER:
        verifier.accepts(shows[name], scope=SCOPE)
        for scope in (SCOPE + b"\0", SCOPE[:-1], b"2026-11-26", bytes(1024)):
            verifier.refuses(cr.ProofError, shows[name], scope=scope)


def test_neg_52_other_base_for_the_scope(prove: Prove, verifier: Verifier) -> None:
    """The base of another scope, or one of known discrete logarithm."""
    for kind in KINDS:
        for number in range(2):
            prover = prove(SCOPE)
            verifier.accepts(prover.shown(kind), scope=SCOPE)
            curve = prover.key.parameters.curve
            base = (curve.g1.generator, scope_base(curve, b"another"))[number]
            prover.base = base
            prover.nullifier = curve.g1.sum_secret([base], [prover.m[1]])
            prover.nullifier_nonce = curve.g1.sum_secret([base], [prover.w[1]])
            verifier.refuses(cr.ProofError, prover.shown(kind), scope=SCOPE)


def test_neg_52_nullifier_secret_zero(
    dealt: cr.DealtKeys, key: cr.VerificationKey, credential: cr.Credential, negative: Refusals
) -> None:
    """It would give the identity as nullifier in each scope: no show, state or credential has it."""
    attributes = credential.attribute_bytes()
    raw = credential.to_bytes()
    cr.Credential.from_bytes(raw, key, attributes)
    zero = b"\3" + bytes(32) + attributes[33:]
    negative.refuses(cr.DecodeError, cr.Credential.from_bytes, raw, key, zero)
    _, state = cr.request_credential(key, {2: b"x"}, {3: 1, 4: 1}, bytes(32))
    encoded = state.to_bytes()
    cr.RequestState.from_bytes(encoded, key)
    wrong = fields("request state", encoded, 4)["hidden_1"].put(encoded, bytes(32))
    negative.refuses(cr.DecodeError, cr.RequestState.from_bytes, wrong, key)


def test_neg_52_identity_as_nullifier(prove: Prove, verifier: Verifier) -> None:
    for kind in KINDS:
        prover = prove(SCOPE)
        verifier.accepts(prover.shown(kind), scope=SCOPE)
        zero = prover.key.parameters.curve.g1.identity
        prover.nullifier = zero
        verifier.refuses(cr.DecodeError, prover.shown(kind), scope=SCOPE)
        prover = prove(SCOPE)
        base = prover.base
        assert base is not None
        prover.w[1] = Scalar(0)
        prover.nullifier_nonce = zero
        prover.first_move = prover._combine(prover.w, prover.w_b)
        error = cr.DecodeError if kind is BATCHABLE else cr.ProofError
        verifier.refuses(error, prover.shown(kind), scope=SCOPE)


def test_neg_52_nullifier_secret_disclosed(
    credential: cr.Credential,
    key: cr.VerificationKey,
    prove: Prove,
    verifier: Verifier,
    negative: Refusals,
) -> None:
    cr.present(credential, key, [2], CONTEXT)
    negative.refuses(cr.ArgumentError, cr.present, credential, key, [1], CONTEXT)
    for kind in KINDS:
        message = show_message(prove().shown(kind), verifier.vk)
        verifier.accepts(message.raw)
        scalar = credential.attribute_bytes()[:33]
        verifier.refuses(cr.DecodeError, message.put("bitmap", b"\x0d"))
        raw = message.put("bitmap", b"\x0d" + scalar)
        verifier.refuses(cr.DecodeError, raw)


def test_neg_66_nothing_hidden_and_nothing_disclosed(
    negative: Refusals, vk: cr.VerificationKey
) -> None:
    """Both are accepted, with a blinded kappa, and no more than that."""
    backend = vk.parameters.backend
    keys = cr.deal_keys(cr.Parameters(3, b"x", backend="blst"), threshold=1, authorities=1)
    key = keys.verification_key
    request, state = cr.request_credential(key, {1: 1, 2: "b", 3: b"c"}, {}, bytes(32))
    credential = cr.aggregate([cr.sign(keys.shares[1], request)], state, key, keys.key_shares)
    other = cr.VerificationKey.from_bytes(key.to_bytes(), backend)
    curve = key.parameters.curve
    for disclose in ((), (1, 2, 3)):
        for kind in KINDS:
            prover = ShowProver(credential, key, disclose, CONTEXT)
            raw = prover.shown(kind)
            claims = verify_bytes(raw, other)
            assert sorted(claims) == list(disclose)
            negative.refuses(cr.ProofError, verify_bytes, raw, other, b"x")
            message = show_message(raw, other)
            wrong = message.put("kappa", identity(2))
            negative.refuses(cr.DecodeError, verify_bytes, wrong, other)
            if not prover.m:
                # Nothing hidden and no blinding: kappa is the identity, and the proof is right.
                prover.b = Scalar(0)
                prover.s = curve.g1.sum_secret([credential.s], [prover.a])
                prover.kappa = curve.g2.identity
                negative.refuses(cr.DecodeError, verify_bytes, prover.shown(kind), other)
            # The first move is the identity: all nonces are zero.
            prover = ShowProver(credential, key, disclose, CONTEXT)
            prover.w = dict.fromkeys(prover.w, Scalar(0))
            prover.w_b = Scalar(0)
            prover.first_move = curve.g2.identity
            error = cr.DecodeError if kind is BATCHABLE else cr.ProofError
            negative.refuses(error, verify_bytes, prover.shown(kind), other)
