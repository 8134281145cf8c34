"""Vectors of keys and their shares."""

from collections.abc import Sequence
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
)
from curve_model import G1, G2
from document import Fields, File
from tampering import BYTES, HEADER, POINT1, POINT2, SCALAR, Field, replaced, tampered

import credentials as cr
from credentials import lagrange
from credentials.suite import KEY_TAG, digest
from credentials.transcript import Item, transcript


def keys_file() -> File:
    file = new(
        "CredentialKeys",
        "credential_keys",
        "Keys of a dealer. polynomials: of x, then of y_1..y_q, lowest coefficient first;",
        "transcript: what digest is the hash of. Nullifier 0: none.",
    )
    file.group()
    kind = cr.Kind
    ordered = [kind.BYTES, kind.TEXT, kind.INTEGER]
    cases: list[tuple[str, Any, bytes, int | None, int, int, int]] = [
        ("one authority, one attribute", 1, b"d", None, 1, 1, 0),
        ("3 of 5, nullifier", 4, b"vectors", 1, 3, 5, 7),
        ("kinds in the schema", ordered, b"kinds", None, 2, 3, (1 << 64) - 1),
        ("two bytes of bitmap, nullifier last", 9, bytes(range(255)), 9, 2, 2, 1),
    ]
    for comment, attributes, domain, nullifier, threshold, authorities, epoch in cases:
        parameters = cr.Parameters(attributes, domain, nullifier, BACKEND)
        keys, drawn = deal(comment, parameters, threshold, authorities, epoch)
        key = keys.verification_key
        coefficients = drawn_scalars(drawn[: threshold * (parameters.attributes + 1)])
        rows = [coefficients[i : i + threshold] for i in range(0, len(coefficients), threshold)]
        for i, share in keys.shares.items():
            x, y = share._scalars()
            if [x, *y] != [lagrange.evaluate(row, i) for row in rows]:
                raise SystemExit(f"{comment}: the shares are not on the polynomials")
        file.add(
            comment,
            [],
            {
                "kinds": [int(k) for k in parameters.kinds],
                "domain": domain.hex(),
                "nullifier": nullifier or 0,
                "threshold": threshold,
                "authorities": authorities,
                "keyEpoch": str(epoch),
                "drawn": hexes(drawn),
                "polynomials": [encodings(row) for row in rows],
                "schema": parameters.schema.hex(),
                "transcript": key_transcript(comment, key).hex(),
                "digest": key.digest.hex(),
                "verificationKey": key.to_bytes().hex(),
                "verificationKeyShares": hexes(s.to_bytes() for s in keys.key_shares.values()),
                "signingKeyShares": hexes(s.to_bytes() for s in keys.shares.values()),
                "result": "valid",
            },
        )
    return file


def key_transcript(comment: str, key: cr.VerificationKey) -> bytes:
    """What the digest of the key is the hash of."""
    text = transcript(
        b"vk",
        [
            (Item.ATTRIBUTES, bytes([key.parameters.attributes])),
            (Item.SCHEMA, key.parameters.schema),
            (Item.ALPHA, key.alpha.encode()),
            (Item.BETA, b"".join([point.encode() for point in key.beta])),
            (Item.BETA1, b"".join([point.encode() for point in key.beta1])),
        ],
    )
    if digest(text, KEY_TAG) != key.digest:
        raise SystemExit(f"{comment}: another digest")
    return text


def points_of_key(parameters: cr.Parameters) -> list[Field]:
    indices = range(1, parameters.attributes + 1)
    return [
        Field("alpha", POINT2),
        *(Field(f"beta_{j}", POINT2) for j in indices),
        *(Field(f"beta1_{j}", POINT1) for j in indices),
    ]


SHARE_FIELDS = [
    Field("header", HEADER),
    Field("key digest", BYTES, 32),
    Field("key_epoch", BYTES, 8),
    Field("share_epoch", BYTES, 8),
    Field("threshold", BYTES, 2),
    Field("authorities", BYTES, 2),
    Field("id", BYTES, 2),
]


def key_decoding_file() -> File:
    file = new(
        "CredentialKeyDecoding",
        "credential_key_decoding",
        "Bytes taken as a verification key. What decodes has this digest and key epoch; only one",
        "of a file is the key that was made.",
    )
    parameters = cr.Parameters(2, b"vectors", nullifier=2, backend=BACKEND)
    keys, _ = deal("decoding", parameters, 1, 1, epoch=3)
    key = keys.verification_key
    raw = key.to_bytes()
    file.group()

    def add(comment: str, flags: Sequence[str], encoded: bytes, accepted: bool) -> None:
        fields: Fields = {"verificationKey": encoded.hex()}
        if accepted:
            found = cr.VerificationKey.from_bytes(encoded, BACKEND)
            digest, epoch = found.digest.hex(), str(found.key_epoch)
            fields |= {"digest": digest, "keyEpoch": epoch, "result": "valid"}
        else:
            fields |= refusal(comment, lambda: cr.VerificationKey.from_bytes(encoded, BACKEND))
        file.add(comment, flags, fields)

    add("as made", [], raw, True)
    fields = [
        Field("header", HEADER),
        Field("schema: number of attributes", BYTES, 1),
        Field("schema: kind of attribute 1", BYTES, 1),
        Field("schema: kind of attribute 2", BYTES, 1),
        Field("schema: nullifier", BYTES, 1),
        Field("schema: length of the domain", BYTES, 2),
        Field("schema: domain", BYTES, 7),
        Field("key_epoch", BYTES, 8),
        Field("number of attributes", BYTES, 1),
        *points_of_key(parameters),
    ]
    for one in tampered(raw, fields):
        other_alpha = one.field == "alpha" and one.flag == "OtherPoint"
        if other_alpha or one.field in ("schema: domain", "key_epoch"):
            add(one.comment, ["OtherKey"], one.raw, True)
        else:
            add(one.comment, [one.flag], one.raw, False)
    at = 7
    for value, what in ((0, "no attributes"), (65, "65 attributes")):
        add(what, ["SchemaRange"], replaced(raw, at, bytes([value])), False)
    add("kind 4", ["SchemaRange"], replaced(raw, at + 1, b"\4"), False)
    add("kind scalar twice", ["SchemaRange"], replaced(raw, at + 1, b"\3"), False)
    add("kind text", ["OtherKey"], replaced(raw, at + 1, b"\1"), True)
    add("nullifier of kind any", ["SchemaRange"], replaced(raw, at + 2, b"\xff"), False)
    add("nullifier above q", ["SchemaRange"], replaced(raw, at + 3, b"\3"), False)
    other = deal("decoding, another", parameters, 1, 1)[0].verification_key.to_bytes()
    betas = len(raw) - 2 * (G1.size + G2.size)
    betas1 = len(raw) - 2 * G1.size
    swapped = raw[betas1 + G1.size :] + raw[betas1 : betas1 + G1.size]
    add("beta1 permuted", ["OtherPoint"], raw[:betas1] + swapped, False)
    add("beta1 of another key", ["OtherPoint"], raw[:betas1] + other[betas1:], False)
    add("beta and beta1 of another key", ["OtherKey"], raw[:betas] + other[betas:], True)
    twice = raw[:betas] + raw[betas : betas + G2.size] * 2 + raw[betas1 : betas1 + G1.size] * 2
    add("both attributes with one key", ["OtherPoint"], twice, False)
    return file


def key_shares_file() -> File:
    file = new(
        "CredentialKeyShares",
        "credential_key_shares",
        "Verification key shares that aggregate with otherShares to verificationKey, or do not.",
    )
    keys = common_keys()
    key = keys.verification_key
    parameters = key.parameters
    raw = {i: share.to_bytes() for i, share in keys.key_shares.items()}
    others: list[bytes] = []

    def group(*ids: int) -> None:
        others[:] = [raw[i] for i in ids]
        file.group(verificationKey=key.to_bytes().hex(), otherShares=hexes(others))

    def add(comment: str, flags: Sequence[str], shares: Sequence[bytes], valid: bool) -> None:
        def run() -> None:
            every = (*shares, *others)
            found = [cr.VerificationKeyShare.from_bytes(share, parameters) for share in every]
            if cr.aggregate_keys(found) != key:
                raise SystemExit(f"{comment}: another key")

        fields: Fields = {"shares": hexes(shares)}
        if valid:
            run()
            fields["result"] = "valid"
        else:
            fields |= refusal(comment, run)
        file.add(comment, flags, fields)

    group()
    for ids in ((1, 2, 3), (5, 3, 1), (2, 4, 5), (1, 2, 3, 4), (5, 4, 3, 2, 1)):
        add(f"shares {ids}", [], [raw[i] for i in ids], True)
    add("no shares", ["ShareCount"], [], False)
    add("two shares", ["ShareCount"], [raw[1], raw[2]], False)
    add("a share twice", ["ShareCount"], [raw[1], raw[2], raw[2]], False)
    other = deal("other shares", parameters, 3, 5, epoch=7)[0]
    strange = other.key_shares[3].to_bytes()
    add("a share of another key", ["OtherKey"], [raw[1], raw[2], strange], False)
    rogue = raw[3][:61] + strange[61:]
    add(
        "the last share was chosen after the others", ["RogueShare"], [raw[1], raw[2], rogue], False
    )
    add(
        "four shares, one off the polynomial",
        ["RogueShare"],
        [raw[1], raw[2], raw[4], rogue],
        False,
    )
    group(3, 4)
    for one in tampered(raw[1], [*SHARE_FIELDS, *points_of_key(parameters)]):
        add(one.comment, [one.flag], [one.raw], False)
    return file


def signing_key_file() -> File:
    file = new(
        "CredentialSigningKey",
        "credential_signing_key",
        "Bytes taken as a signing key share of verificationKey.",
    )
    keys = common_keys()
    key = keys.verification_key
    file.group(verificationKey=key.to_bytes().hex())
    good = keys.shares[2].to_bytes()
    names = ["x", *(f"y_{j}" for j in range(1, 5))]
    fields = [*SHARE_FIELDS, *(Field(name, SCALAR) for name in names)]

    def add(comment: str, flags: Sequence[str], raw: bytes) -> None:
        def run() -> cr.SigningKeyShare:
            return cr.SigningKeyShare.from_bytes(raw, key)

        members: Fields = {"share": raw.hex()}
        if flags:
            members |= refusal(comment, run)
        else:
            public = run().verification_key_share().to_bytes()
            members |= {"verificationKeyShare": public.hex(), "result": "valid"}
        file.add(comment, flags, members)

    add("as dealt", [], good)
    for one in tampered(good, fields):
        # Another id, share epoch, threshold or secret is another share: nothing here shows it.
        others = ("share_epoch", "threshold", "authorities", "id")
        if one.flag != "OtherScalar" and one.field not in others:
            add(one.comment, [one.flag], one.raw)
    at = 61
    add("id: 0", ["IdZero"], replaced(good, at - 2, bytes(2)))
    add("threshold: 0", ["ThresholdRange"], replaced(good, at - 6, bytes(2)))
    add("threshold: 6 of 5", ["ThresholdRange"], replaced(good, at - 6, b"\0\6"))
    add("authorities: 1025", ["ThresholdRange"], replaced(good, at - 4, b"\4\1"))
    for i, name in enumerate(names):
        add(f"{name}: 0", ["SecretZero"], replaced(good, at + 32 * i, bytes(32)))
    y_1 = good[at + 32 : at + 64]
    add("y_2 is y_1", ["SecretTwice"], replaced(good, at + 64, y_1))
    return file
