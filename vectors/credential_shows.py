"""Vectors of presentations and batches."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from credential_basics import (
    SCOPE,
    common_keys,
    drawn_scalars,
    encodings,
    hexes,
    new,
    refusal,
    typed,
)
from credential_issuance import common_credential, common_request
from document import Fields, File
from stream import Stream, drawing_from
from tampering import (
    BYTES,
    HEADER,
    POINT1,
    POINT2,
    SCALAR,
    Field,
    Tampered,
    offsets,
    replaced,
    tampered,
)

import credentials as cr
from credentials import _random
from credentials.bls12381 import Scalar, hash_to_scalar, hash_to_scalars
from credentials.coefficients import Coefficients
from credentials.presentation import Nullifier, ShowStatement, scope_base
from credentials.suite import BATCH_TAG, NONCE_TAG, SHOW_TAG
from credentials.verification import recompute_challenge

CONTEXT = b"gateway-7|nonce 1"

ENCODINGS = {"compact": cr.Presentation, "batchable": cr.BatchablePresentation}


class Show:
    """A show of the common credential, and what was drawn."""

    def __init__(
        self, label: str, disclose: Sequence[int], scope: bytes | None, encoding: str
    ) -> None:
        self.key = common_keys().verification_key
        self.encoding, self.scope, self.disclose = encoding, scope, list(disclose)
        with drawing_from(_random, Stream(f"show {label}")) as drawn:
            self.shown = cr.present(
                common_credential(),
                self.key,
                disclose,
                CONTEXT,
                scope,
                batchable=encoding == "batchable",
            )
        self.drawn = drawn
        self.raw = self.shown.to_bytes()

    def inputs(self) -> Fields:
        fields: Fields = {"encoding": self.encoding, "context": CONTEXT.hex()}
        return fields if self.scope is None else {**fields, "scope": self.scope.hex()}

    def secrets(self) -> tuple[list[Scalar], list[Scalar]]:
        """The hidden m_j and b, and their nonces, from what was drawn."""
        _, b = drawn_scalars(self.drawn[:-1])
        secrets = [*(common_credential()._scalar(j) for j in self.shown.answers), b]
        message = b"".join([s.encode() for s in secrets]) + self.drawn[-1]
        message += self.statement().transcript(None, None, CONTEXT) + (self.scope or b"")
        return secrets, hash_to_scalars(message, NONCE_TAG, len(secrets))

    def statement(self) -> ShowStatement:
        shown = self.shown
        return ShowStatement(self.key, shown.disclosed, shown.h, shown.s, shown.kappa)

    def first_move(self, w: Sequence[Scalar]) -> Any:
        g2 = self.key.parameters.curve.g2
        bases = [*(self.key.beta[j - 1] for j in self.shown.answers), g2.generator]
        return g2.sum_public(bases, w)

    def intermediates(self) -> Fields:
        """All that is computed on the way, from what was drawn."""
        curve, shown = self.key.parameters.curve, self.shown
        a, b = drawn_scalars(self.drawn[:-1])
        secrets, w = self.secrets()
        first = self.first_move(w)
        fields: Fields = {}
        nullifier = None
        if self.scope is not None and shown.nullifier is not None:
            base = scope_base(curve, self.scope)
            move = curve.g1.sum_public([base], [w[0]])  # the nullifier is attribute 1
            nullifier = Nullifier(self.scope, base, shown.nullifier, move)
            fields = {
                "scopeBase": base.encode().hex(),
                "nullifier": shown.nullifier.encode().hex(),
                "nullifierFirstMove": move.encode().hex(),
            }
        text = self.statement().transcript(first, nullifier, CONTEXT)
        c = hash_to_scalar(text, SHOW_TAG)
        answers = [*shown.answers.values(), shown.blinding_answer]
        if answers != [w_i + c * s for w_i, s in zip(w, secrets, strict=True)]:
            raise SystemExit("the answers are not those of the intermediates")
        return {
            "drawn": hexes(self.drawn),
            "a": a.encode().hex(),
            "b": b.encode().hex(),
            "nonces": encodings(w),
            "firstMove": first.encode().hex(),
            **fields,
            "transcript": text.hex(),
            "challenge": c.encode().hex(),
        }

    def with_error(self, error: Any) -> bytes:
        """The show with s' + error, and a proof that is right: only the signature is wrong."""
        statement = self.statement()._replace(s=self.shown.s + error)
        secrets, w = self.secrets()
        first = self.first_move(w)
        c = statement.challenge(first, None, CONTEXT)
        *answers, blinding = [w_i + c * s for w_i, s in zip(w, secrets, strict=True)]
        by_index = dict(zip(self.shown.answers, answers, strict=True))
        made = cr.BatchablePresentation._of(statement, by_index, blinding, c, first, None)
        return made.to_bytes()

    def fields(self) -> list[Field]:
        shown = self.shown
        parts = [
            Field("header", HEADER),
            Field("key digest", BYTES, 32),
            Field("key_epoch", BYTES, 8),
            Field("bitmap", BYTES, 1),
            *(Field(f"attribute {j}", BYTES, len(a.encoded)) for j, a in shown.disclosed.items()),
            Field("h'", POINT1),
            Field("s'", POINT1),
            Field("kappa", POINT2),
            Field("A", POINT2) if self.encoding == "batchable" else Field("c", SCALAR),
            *(Field(f"z_{j}", SCALAR) for j in shown.answers),
            Field("z_b", SCALAR),
        ]
        if shown.nullifier is not None:
            parts.append(Field("N", POINT1))
            if self.encoding == "batchable":
                parts.append(Field("T_N", POINT1))
        return parts


@cache
def show(encoding: str, scope: bytes | None) -> Show:
    """The shows that are tampered with: attribute 3 disclosed."""
    return Show(f"{encoding} {scope!r}", [3], scope, encoding)


def verify(raw: bytes, encoding: str, context: bytes, scope: bytes | None) -> cr.Claims:
    key = common_keys().verification_key
    return cr.verify(ENCODINGS[encoding].from_bytes(raw, key), key, context, scope)


def more_tampered(one: Show) -> list[Tampered]:
    """What no single field's change is."""
    places = offsets(one.fields())
    raw, other = one.raw, Show(f"other {one.encoding}", [3], one.scope, one.encoding).raw
    at = {name: (place, raw[place:], other[place:]) for name, place in places.items()}
    text, bitmap, h, kappa = (at[name][0] for name in ("attribute 3", "bitmap", "h'", "kappa"))
    z_2, z_4 = at["z_2"][0], at["z_4"][0]
    answers = raw[z_4 : z_4 + 32] + raw[z_2 + 32 : z_4] + raw[z_2 : z_2 + 32]
    integer = b"\2" + bytes(16)
    found = [
        ("the text as bytes", "Retyped", replaced(raw, text, b"\0")),
        ("an integer for the text", "Retyped", raw[:text] + integer + raw[h:]),
        ("the text as of attribute 2", "IndexSet", replaced(raw, bitmap, b"\2")),
        ("the nullifier attribute disclosed", "IndexSet", replaced(raw, bitmap, b"\1")),
        ("nothing disclosed, with an attribute", "IndexSet", replaced(raw, bitmap, b"\0")),
        ("a spare bit is set", "IndexSet", replaced(raw, bitmap, b"\x14")),
        ("z_2 and z_4 swapped", "SwappedFields", replaced(raw, z_2, answers)),
        ("h' and s' of another show", "OtherProof", replaced(raw, h, other[h:kappa])),
        ("all but h' and s' of another show", "OtherProof", replaced(other, h, raw[h:kappa])),
        ("an answer less", "AnswerCount", raw[: z_4 - 32] + raw[z_4:]),
        ("an answer more", "AnswerCount", raw[:z_4] + bytes(32) + raw[z_4:]),
    ]
    return [Tampered("", comment, flag, raw) for comment, flag, raw in found]


def presentation_file() -> File:
    file = new(
        "CredentialPresentation",
        "credential_presentation",
        "Shows in both encodings, verified with context, and with scope where there is one. The",
        "library draws a, b, then 32 bytes for the nonces, which are of the hidden m_j, then b.",
    )
    key, credential = common_keys().verification_key, common_credential()
    file.group(
        verificationKey=key.to_bytes().hex(),
        credential=credential.to_bytes().hex(),
        attributes=credential.attribute_bytes().hex(),
    )
    shows = [show(encoding, scope) for encoding in ENCODINGS for scope in (None, SCOPE)]
    more = [
        Show(f"{encoding} {disclose}", disclose, SCOPE, encoding)
        for encoding in ENCODINGS
        for disclose in ([], [2, 3, 4])
    ]
    for one in (*shows, *more):
        comment = f"{one.encoding}, {len(one.disclose)} disclosed"
        if one.scope is not None:
            comment += ", nullifier"
        claims = verify(one.raw, one.encoding, CONTEXT, one.scope)
        if list(claims) != one.disclose:
            raise SystemExit(f"{comment}: other claims")
        fields: Fields = {
            **one.inputs(),
            "disclose": one.disclose,
            **one.intermediates(),
            "presentation": one.raw.hex(),
            "claims": typed(one.shown.disclosed),
            "result": "valid",
        }
        if claims.challenge.hex() != fields["challenge"]:
            raise SystemExit(f"{comment}: another challenge")
        file.add(comment, [], fields)
    file.group(verificationKey=key.to_bytes().hex())

    def refuse(
        comment: str,
        flag: str,
        raw: bytes,
        encoding: str,
        context: bytes = CONTEXT,
        scope: bytes | None = None,
    ) -> None:
        fields: Fields = {"encoding": encoding, "context": context.hex()}
        if scope is not None:
            fields["scope"] = scope.hex()
        fields |= {"presentation": raw.hex()}
        fields |= refusal(comment, lambda: verify(raw, encoding, context, scope))
        file.add(comment, [flag], fields)

    for one in shows:
        name = one.encoding if one.scope is None else f"{one.encoding}, nullifier"
        # A nullifier changes nothing in how the fields before it are read.
        part = ("header", "N", "T_N", "length", "z_1") if one.scope else None
        for changed in (
            *tampered(one.raw, one.fields()),
            *(() if one.scope else more_tampered(one)),
        ):
            if part is None or changed.field in part:
                comment = f"{name}: {changed.comment}"
                refuse(comment, changed.flag, changed.raw, one.encoding, CONTEXT, one.scope)
        for context in (CONTEXT + b".", CONTEXT[:-1]):
            comment = f"{name}: another context"
            refuse(comment, "OtherContext", one.raw, one.encoding, context, one.scope)
    for encoding in ENCODINGS:
        plain, with_nullifier = show(encoding, None).raw, show(encoding, SCOPE).raw
        refuse(f"{encoding}: no nullifier", "NullifierAbsent", plain, encoding, scope=SCOPE)
        refuse(f"{encoding}: no scope", "NullifierAbsent", with_nullifier, encoding)
        refuse(f"{encoding}: another scope", "OtherScope", with_nullifier, encoding, scope=b"x")
        retyped = replaced(with_nullifier, 0, plain[:7])
        refuse(f"{encoding}: a nullifier in the plain type", "WrongLength", retyped, encoding)
        other = "compact" if encoding == "batchable" else "batchable"
        refuse(f"{encoding} offered as {other}", "OtherEncoding", plain, other)
        request = common_request().request.to_bytes()
        refuse(f"{encoding}: a request", "OtherEncoding", request, encoding)
    return file


def batch_file() -> File:
    file = new(
        "CredentialBatch",
        "credential_batch",
        "Batches: each row is valid, or has its error. drawn: the 32 random bytes of the seed;",
        "coefficients: delta, eps and zeta of each row that decodes and has what was asked for.",
    )
    key = common_keys().verification_key
    file.group(verificationKey=key.to_bytes().hex())
    good = [
        Show(f"batch {i}", [[3], [], [2, 4]][i % 3], None if i % 2 else b"day %d" % i, "batchable")
        for i in range(8)
    ]

    def row(one: Show, raw: bytes | None = None, context: bytes = CONTEXT) -> Any:
        return (one.raw if raw is None else raw, context, one.scope)

    def add(comment: str, flags: Sequence[str], rows: Sequence[Any]) -> None:
        raws, contexts, scopes = (list(column) for column in zip(*rows, strict=True))
        with drawing_from(_random, Stream(f"batch {comment}")) as drawn:
            results = cr.verify_batch(raws, key, contexts, scopes)
        written = []
        for (raw, context, scope), found in zip(rows, results, strict=True):
            fields: Fields = {"presentation": raw.hex(), "context": context.hex()}
            if scope is not None:
                fields["scope"] = scope.hex()
            if isinstance(found, cr.CredentialError):
                fields |= {"result": "invalid", "error": type(found).__name__}
            else:
                fields["result"] = "valid"
                fields["challenge"] = found.challenge.hex()
            written.append(fields)
        result = "valid" if all(r["result"] == "valid" for r in written) else "invalid"
        if (result == "valid") == bool(flags):
            raise SystemExit(f"{comment}: {written}")
        file.add(
            comment,
            flags,
            {
                "drawn": hexes(drawn),
                "coefficients": coefficients(rows, drawn[0]),
                "rows": written,
                "result": result,
            },
        )

    def coefficients(rows: Sequence[Any], seed: bytes) -> list[list[str]]:
        entering = {}
        for i, (raw, context, scope) in enumerate(rows):
            try:
                shown = cr.BatchablePresentation.from_bytes(raw, key)
                checked = recompute_challenge(shown, key, context, scope)
            except cr.CredentialError:
                continue
            entering[i] = (raw, context, checked.challenge.encode())
        parts = [part for three in entering.values() for part in three]
        with drawing_from(_random, _Fixed(seed)):
            made = Coefficients(b"batch", BATCH_TAG, len(entering), parts)
        return [
            encodings(made.get(i, which) for which in range(3)) if i in entering else []
            for i in range(len(rows))
        ]

    add("one", [], [row(good[0])])
    add("three", [], [row(one) for one in good[:3]])
    add("eight", [], [row(one) for one in good[1:8:2]] + [row(good[0])])
    first = good[1]
    # What does not decode does not get to the product: one case of it is enough.
    reach = ("FlippedField", "OtherPoint", "OtherScalar")
    for changed in tampered(first.raw, first.fields()):
        if changed.flag not in reach and changed.comment != "kappa: the identity":
            continue
        rows = [row(good[0]), row(first, changed.raw), row(good[3]), row(good[5])]
        add(f"second of four: {changed.comment}", [changed.flag], rows)
    for i in range(4):
        rows = [row(one) for one in (good[0], good[1], good[3], good[5])]
        rows[i] = (rows[i][0], CONTEXT + b".", rows[i][2])
        add(f"number {i} in another context", ["OtherContext"], rows)
    again = Show("batch again", [], good[0].scope, "batchable")
    add("a nullifier twice", ["DoubleUse"], [row(good[0]), row(good[1]), row(again), row(good[3])])
    bad = row(good[0], good[0].raw, CONTEXT + b".")
    add(
        "the first of two with a nullifier is bad",
        ["OtherContext"],
        [bad, row(again), row(good[1])],
    )
    add("all bad", ["OtherContext"], [row(one, None, b"other") for one in (good[0], *good[1::2])])
    error = key.parameters.curve.g1.generator
    pair = [row(good[1], good[1].with_error(error)), row(good[3], good[3].with_error(-error))]
    add("two errors that cancel", ["CancellingErrors"], [row(good[0]), *pair, row(good[5])])
    return file


class _Fixed(Stream):
    """Bytes that were drawn before."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def read(self, size: int) -> bytes:
        if size != len(self._raw):
            raise SystemExit(f"{size} bytes were drawn, {len(self._raw)} before")
        return self._raw
