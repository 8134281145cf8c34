"""Vectors of requests, answers, aggregation and credentials."""

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

from credential_basics import (
    BACKEND,
    common_keys,
    deal,
    drawn_scalars,
    encodings,
    hexes,
    new,
    refusal,
    typed,
)
from curve_model import COMPRESSED, G1, INFINITY
from document import Fields, File
from stream import Stream, drawing_from
from tampering import BAD, BYTES, HEADER, POINT1, SCALAR, Field, offsets, replaced, tampered

import credentials as cr
from credentials import _random, lagrange
from credentials.bls12381 import hash_to_scalars
from credentials.suite import NONCE_TAG

ISSUE_CONTEXT = bytes(range(32))


class Issued:
    """A request of the common key, the state, and what was drawn."""

    def __init__(self, label: str, key: cr.VerificationKey, hidden: Any, disclosed: Any) -> None:
        with drawing_from(_random, Stream(f"request {label}")) as drawn:
            self.request, self.state = cr.request_credential(key, hidden, disclosed, ISSUE_CONTEXT)
        self.drawn = drawn
        self.key = key

    def intermediates(self) -> Fields:
        """All that is computed on the way, from what was drawn."""
        curve = self.key.parameters.curve
        statement, proof = self.request._statement, self.request.proof
        hidden = statement.hidden
        with_nullifier = self.key.parameters.nullifier is not None
        *scalars, last = self.drawn
        secret, (opening, *openings) = [], drawn_scalars(scalars)
        if with_nullifier:
            secret, opening, openings = [opening], openings[0], openings[1:]
        attributes = self.state._hidden
        m = [attributes[j].scalar if j in attributes else secret[0] for j in hidden]
        secrets = [opening, *m, *openings]
        message = b"".join([s.encode() for s in secrets]) + last
        message += statement.transcript(self.request.commitments)
        w = hash_to_scalars(message, NONCE_TAG, len(secrets))
        bases = [curve.g1.generator, *(self.key.parameters.generators[j - 1] for j in hidden)]
        first = curve.g1.sum_public(bases, w[: len(bases)])
        pair = [curve.g1.generator, statement.h]
        others = [
            curve.g1.sum_public(pair, [w_o, w_m])
            for w_o, w_m in zip(w[len(bases) :], w[1 : len(bases)], strict=True)
        ]
        if [*proof] != [
            proof.challenge,
            *(w_i + proof.challenge * s for w_i, s in zip(w, secrets, strict=True)),
        ]:
            raise SystemExit("the answers are not those of the intermediates")
        return {
            "drawn": hexes(self.drawn),
            "opening": opening.encode().hex(),
            "attributeScalars": encodings(m),
            "attributeOpenings": encodings(openings),
            "nonces": encodings(w),
            "commitment": statement.commitment.encode().hex(),
            "h": statement.h.encode().hex(),
            "firstMove": first.encode().hex(),
            "firstMoves": encodings(others),
            "transcript": statement.transcript(self.request.commitments, first, others).hex(),
            "challenge": proof.challenge.encode().hex(),
        }


@cache
def common_request() -> Issued:
    key = common_keys().verification_key
    return Issued("common", key, {2: b"member 17"}, {3: "2026-11", 4: 7})


def request_fields(issued: Issued) -> list[Field]:
    """Of a request with attributes of fixed lengths disclosed."""
    statement = issued.request._statement
    hidden = statement.hidden
    return [
        Field("header", HEADER),
        Field("key digest", BYTES, 32),
        Field("key_epoch", BYTES, 8),
        Field("q", BYTES, 1),
        Field("bitmap", BYTES, len(statement.set)),
        Field("issue_context", BYTES, 32),
        Field("cm", POINT1),
        *(Field(f"C_{j}", POINT1) for j in hidden),
        *(Field(f"attribute {j}", BYTES, len(a.encoded)) for j, a in statement.disclosed.items()),
        Field("c", SCALAR),
        Field("z_o", SCALAR),
        *(Field(f"z_{j}", SCALAR) for j in hidden),
        *(Field(f"z_o{j}", SCALAR) for j in hidden),
    ]


def request_file() -> File:
    file = new(
        "CredentialRequest",
        "credential_request",
        "Requests, and what sign() of an issuer says to them. The library draws the nullifier",
        "secret (if the key has one), o, o_j, then 32 bytes for the nonces, which are of o, m_j, o_j.",
    )
    common = common_keys().verification_key
    plain_parameters = cr.Parameters(9, b"plain", backend=BACKEND)
    plain = deal("plain", plain_parameters, 1, 1)[0].verification_key
    nothing_disclosed = {j: j for j in range(1, 10)}
    cases = [
        (common_request(), "one hidden beside the nullifier"),
        (Issued("all", common, {2: b"", 3: "", 4: 0}, {}), "nothing disclosed"),
        (Issued("none", common, {}, {2: b"a", 3: "a", 4: 97}), "the nullifier alone is hidden"),
        (Issued("nine", plain, nothing_disclosed, {}), "nine attributes, no nullifier"),
        (
            Issued("one", plain, {9: 9}, {j: "x" for j in range(1, 9)}),
            "the last one of nine hidden",
        ),
    ]
    for key, of_key in itertools.groupby(cases, lambda case: case[0].key):
        file.group(verificationKey=key.to_bytes().hex())
        for issued, comment in of_key:
            statement = issued.request._statement
            fields: Fields = {
                "hidden": typed(issued.state._hidden),
                "disclosed": typed(statement.disclosed),
                "issueContext": ISSUE_CONTEXT.hex(),
                **issued.intermediates(),
                "request": issued.request.to_bytes().hex(),
                "requestDigest": issued.request.digest.hex(),
                "state": issued.state.to_bytes().hex(),
                "result": "valid",
            }
            file.add(comment, [], fields)
    file.group(verificationKey=common.to_bytes().hex())

    def refuse(comment: str, flag: str, raw: bytes) -> None:
        def run() -> None:
            cr.check_request(common, cr.CredentialRequest.from_bytes(raw, common))

        file.add(comment, [flag], {"request": raw.hex(), **refusal(comment, run)})

    issued = common_request()
    raw = issued.request.to_bytes()
    parts = request_fields(issued)
    for one in tampered(raw, parts):
        refuse(one.comment, one.flag, one.raw)
    places = offsets(parts)
    c_1, c_2 = (raw[places[name] : places[name] + G1.size] for name in ("C_1", "C_2"))
    refuse("C_1 and C_2 swapped", "SwappedFields", replaced(raw, places["C_1"], c_2 + c_1))
    proof = len(raw) - places["c"]
    refuse("the proof is all zero", "ZeroProof", raw[:-proof] + bytes(proof))
    refuse("an answer less", "AnswerCount", raw[:-32])
    refuse("an answer more", "AnswerCount", raw + raw[-32:])
    refuse("the text as bytes", "Retyped", replaced(raw, places["attribute 3"], b"\0"))
    refuse("all disclosed", "IndexSet", replaced(raw, places["bitmap"], b"\x0f"))
    refuse("a spare bit is set", "IndexSet", replaced(raw, places["bitmap"], b"\x1c"))
    other = Issued("another", common, {2: b"member 18"}, {3: "2026-11", 4: 7}).request.to_bytes()
    refuse("the proof of another request", "OtherProof", raw[:-proof] + other[-proof:])
    return file


@cache
def common_answers() -> dict[int, cr.BlindedShare]:
    request = common_request().request
    return {i: cr.sign(share, request) for i, share in common_keys().shares.items()}


ANSWER_FIELDS = [
    Field("header", HEADER),
    Field("request digest", BYTES, 32),
    Field("id", BYTES, 2),
    Field("share_epoch", BYTES, 8),
    Field("c", POINT1),
]


def blinded_share_file() -> File:
    file = new(
        "CredentialBlindedShare",
        "credential_blinded_share",
        "What authorities answer to request, and the public check of it.",
    )
    keys, request = common_keys(), common_request().request
    key = keys.verification_key
    shared = {"verificationKey": key.to_bytes().hex(), "request": request.to_bytes().hex()}

    def group(i: int) -> None:
        public = keys.key_shares[i].to_bytes().hex()
        secret = keys.shares[i].to_bytes().hex()
        file.group(**shared, verificationKeyShare=public, signingKeyShare=secret)

    for i, answer in common_answers().items():
        group(i)
        file.add(f"authority {i}", [], {"blindedShare": answer.to_bytes().hex(), "result": "valid"})
    group(1)

    def refuse(comment: str, flag: str, raw: bytes) -> None:
        def run() -> None:
            answer = cr.BlindedShare.from_bytes(raw, key)
            cr.check_blinded_share(answer, request, keys.key_shares[1])

        file.add(comment, [flag], {"blindedShare": raw.hex(), **refusal(comment, run)})

    raw = common_answers()[1].to_bytes()
    for one in tampered(raw, ANSWER_FIELDS):
        refuse(one.comment, one.flag, one.raw)
    refuse("the answer of another authority", "OtherAuthority", common_answers()[2].to_bytes())
    moved = raw[:-48] + common_answers()[2].to_bytes()[-48:]
    refuse("another authority's point under the own id", "OtherAuthority", moved)
    return file


def aggregation_file() -> File:
    file = new(
        "CredentialAggregation",
        "credential_aggregation",
        "Blinded shares that make a credential, or whom aggregation names (ids). weights: the",
        "Lagrange coefficients at zero, in the order of the shares.",
    )
    keys, issued = common_keys(), common_request()
    key = keys.verification_key
    file.group(
        verificationKey=key.to_bytes().hex(),
        verificationKeyShares=hexes(s.to_bytes() for s in keys.key_shares.values()),
    )
    answers = {i: answer.to_bytes() for i, answer in common_answers().items()}
    good_state = issued.state.to_bytes()

    def add(
        comment: str, flags: Sequence[str], shares: Sequence[bytes], state: bytes = good_state
    ) -> None:
        def run() -> cr.Credential:
            blinded = [cr.BlindedShare.from_bytes(share, key) for share in shares]
            return cr.aggregate(
                blinded, cr.RequestState.from_bytes(state, key), key, keys.key_shares
            )

        fields: Fields = {"state": state.hex(), "blindedShares": hexes(shares)}
        if flags:
            fields |= refusal(comment, run)
            try:
                run()
            except cr.ShareError as error:
                fields["ids"] = list(error.ids)
            except cr.CredentialError:
                pass
        else:
            credential = run()
            ids = [cr.BlindedShare.from_bytes(share, key).id for share in shares]
            numerators, factor = lagrange.at_zero(ids)
            fields |= {
                "weights": encodings([n * factor for n in numerators]),
                "credential": credential.to_bytes().hex(),
                "attributes": credential.attribute_bytes().hex(),
                "result": "valid",
            }
        file.add(comment, flags, fields)

    for ids in ((1, 2, 3), (5, 1, 4), (1, 2, 3, 4, 5)):
        add(f"answers of {ids}", [], [answers[i] for i in ids])
    add("two answers", ["ShareCount"], [answers[1], answers[2]])
    add("none", ["ShareCount"], [])
    add("an answer twice", ["ShareCount"], [answers[1], answers[2], answers[2]])
    wrong = answers[2][:-48] + answers[4][-48:]
    add("authority 2 is wrong", ["WrongShare"], [answers[1], wrong, answers[3]])
    also = answers[5][:-48] + BAD[POINT1].other
    add(
        "authorities 2 and 5 are wrong", ["WrongShare"], [also, wrong, *list(answers.values())[2:4]]
    )
    renamed = replaced(answers[3], 39, b"\0\4")
    add("3 answers as 4", ["WrongShare"], [answers[1], answers[2], renamed])
    add(
        "an unknown id", ["WrongShare"], [answers[1], answers[2], replaced(answers[3], 39, b"\0\6")]
    )
    another = Issued("another", key, {2: b"member 18"}, {3: "2026-11", 4: 7})
    strange = cr.sign(keys.shares[3], another.request).to_bytes()
    add("an answer to another request", ["OtherRequest"], [answers[1], answers[2], strange])
    old = replaced(answers[3], 48, b"\1")
    add("an answer of another share epoch", ["FlippedField"], [answers[1], answers[2], old])
    first_three = [answers[i] for i in (1, 2, 3)]
    state_fields = [
        Field("header", HEADER),
        Field("bitmap", BYTES, 1),
        Field("kind of attribute 1", BYTES, 1),
        Field("nullifier secret", SCALAR),
        Field("attribute 2", BYTES, 12),
        Field("o_1", SCALAR),
        Field("o_2", SCALAR),
    ]
    cut = len(good_state) - len(issued.request.to_bytes())
    for one in tampered(good_state[:cut], state_fields):
        if one.field != "length":  # the rest of a state is its request
            raw = one.raw + good_state[cut:]
            add(f"state, {one.comment}", [one.flag], first_three, raw)
    add("state, one byte less", ["WrongLength"], first_three, good_state[:-1])
    zero = replaced(good_state, 9, bytes(32))
    add("state, nullifier secret: 0", ["SecretZero"], first_three, zero)
    return file


@cache
def common_credential() -> cr.Credential:
    keys = common_keys()
    answers = common_answers()
    return cr.aggregate(
        [answers[i] for i in (1, 2, 3)],
        common_request().state,
        keys.verification_key,
        keys.key_shares,
    )


def credential_file() -> File:
    file = new(
        "CredentialDecoding",
        "credential_decoding",
        "Bytes taken as a credential and its attributes under verificationKey.",
    )
    key = common_keys().verification_key
    file.group(verificationKey=key.to_bytes().hex())
    credential = common_credential()
    good, attributes = credential.to_bytes(), credential.attribute_bytes()

    def add(comment: str, flags: Sequence[str], raw: bytes, typed_bytes: bytes) -> None:
        def run() -> cr.Credential:
            return cr.Credential.from_bytes(raw, key, typed_bytes)

        fields: Fields = {"credential": raw.hex(), "attributes": typed_bytes.hex()}
        if flags:
            fields |= refusal(comment, run)
        else:
            run()
            fields["result"] = "valid"
        file.add(comment, flags, fields)

    add("as aggregated", [], good, attributes)
    fields = [
        Field("header", HEADER),
        Field("key digest", BYTES, 32),
        Field("key_epoch", BYTES, 8),
        Field("h", POINT1),
        Field("s", POINT1),
    ]
    for one in tampered(good, fields):
        add(one.comment, [one.flag], one.raw, attributes)
    identity = bytes([COMPRESSED | INFINITY]) + bytes(47)
    add("h and s: the identity", ["Identity"], good[:-96] + 2 * identity, attributes)
    parts = [
        Field("kind of attribute 1", BYTES, 1),
        Field("nullifier secret", SCALAR),
        Field("attribute 2", BYTES, 12),
        Field("attribute 3", BYTES, 10),
        Field("attribute 4", BYTES, 17),
    ]
    for one in tampered(attributes, parts):
        add(one.comment, [one.flag], good, one.raw)
    return file
