"""Our own vectors against a second writing of the scheme, over a third curve library."""

from collections.abc import Mapping
from typing import Any

import coconut_model as model
import pytest
from own_files import name_of, names_of
from report import Report
from tally import Tally

from vectors import Case, load

NAME = "arkworks"
"""Of the column in the counts."""


def valid(file: str) -> list[Case]:
    return [case for case in load(file) if case.result == "valid"]


def compare(report: Report, case: Case, found: Mapping[str, Any]) -> None:
    """Every member that the model gives is what the file has."""
    for name, value in found.items():
        whole = [one.hex() for one in value] if isinstance(value, list) else value.hex()
        report.check(name_of(case), case.fields[name] == whole, f"{name} differs")


def start(file: str, tally: Tally) -> tuple[list[Case], Report]:
    cases = valid(file)
    return cases, Report(file, map(name_of, cases), NAME, tally)


def split(raw: bytes, size: int) -> list[bytes]:
    return [raw[i : i + size] for i in range(0, len(raw), size)]


def take_attributes(raw: bytes) -> dict[int, bytes]:
    """Typed attributes, one after another."""
    found: dict[int, bytes] = {}
    while raw:
        fixed = {2: 17, 3: 33}
        size = fixed.get(raw[0]) or 3 + int.from_bytes(raw[1:3], "big")
        found[len(found) + 1], raw = raw[:size], raw[size:]
    return found


def key_of(raw: bytes) -> model.Key:
    """The key in its encoding."""
    count = raw[7]
    length = 7 + 1 + count + 1 + 2 + int.from_bytes(raw[9 + count : 11 + count], "big")
    schema, epoch = raw[7:length], int.from_bytes(raw[length : length + 8], "big")
    points = raw[length + 9 :]
    in_g2 = split(points[: 96 * (count + 1)], 96)
    alpha, *beta = (model.arkworks.G2Point.from_compressed_bytes(point) for point in in_g2)
    beta1 = [model.point1(point) for point in split(points[96 * (count + 1) :], 48)]
    key = model.Key(schema, epoch, alpha, beta, beta1)
    assert key.raw == raw
    return key


@pytest.mark.parametrize("file", names_of("CredentialKeys"))
def test_keys(file: str, tally: Tally) -> None:
    cases, report = start(file, tally)
    for case in cases:
        fields = case.fields
        t, n = fields["threshold"], fields["authorities"]
        kinds, domain = bytes(fields["kinds"]), case.bytes("domain")
        schema = bytes([len(kinds)]) + kinds + bytes([fields["nullifier"]])
        schema += model.number(len(domain), 2) + domain
        drawn = [model.reduced(bytes.fromhex(draw)) for draw in fields["drawn"]]
        rows = [drawn[i : i + t] for i in range(0, len(drawn), t)][: len(kinds) + 1]
        epoch = int(fields["keyEpoch"])
        key = model.Key.of(schema, epoch, rows[0][0], [row[0] for row in rows[1:]])
        public, secret = [], []
        for i in range(1, n + 1):
            x, *y = (sum(a * i**k for k, a in enumerate(row)) for row in rows)
            part = model.Key.of(schema, epoch, x, y)
            public.append(key.share(2, t, n, i) + part.points)
            scalars = b"".join(map(model.scalar, (x, *y)))
            secret.append(key.share(3, t, n, i) + scalars)
        compare(
            report,
            case,
            {
                "schema": schema,
                "transcript": key.transcript,
                "digest": key.digest,
                "verificationKey": key.raw,
                "verificationKeyShares": public,
                "signingKeyShares": secret,
            },
        )
        found = [[model.scalar(a).hex() for a in row] for row in rows]
        report.check(name_of(case), fields["polynomials"] == found, "other polynomials")
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("CredentialAttribute"))
def test_attributes(file: str, tally: Tally) -> None:
    cases, report = start(file, tally)
    for case in cases:
        found = model.attribute_scalar(case.bytes("encoded"))
        compare(report, case, {"scalar": model.scalar(found)})
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("CredentialRequest"))
def test_requests(file: str, tally: Tally) -> None:
    cases, report = start(file, tally)
    for case in cases:
        key = key_of(case.bytes("verificationKey"))
        typed = {int(j): bytes.fromhex(raw) for j, raw in case.fields["hidden"].items()}
        hidden = {j: model.attribute_scalar(raw) for j, raw in typed.items()}
        disclosed = {int(j): bytes.fromhex(raw) for j, raw in case.fields["disclosed"].items()}
        *wide, fresh = (bytes.fromhex(draw) for draw in case.fields["drawn"])
        drawn = [model.reduced(draw) for draw in wide]
        if nullifier := key.schema[1 + key.attributes]:
            hidden[nullifier] = drawn.pop(0)
            typed[nullifier] = b"\3" + model.scalar(hidden[nullifier])
        opening, *openings = drawn
        found = model.request(
            key, hidden, disclosed, case.bytes("issueContext"), opening, openings, fresh
        )
        found["opening"] = model.scalar(opening)
        found["attributeOpenings"] = [model.scalar(o) for o in openings]
        found["attributeScalars"] = [model.scalar(hidden[j]) for j in sorted(hidden)]
        marked = model.bitmap(list(disclosed), key.attributes)
        state = [model.header(5), marked, model.joined(typed), *found["attributeOpenings"]]
        found["state"] = b"".join([*state, found["request"]])
        compare(report, case, found)
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("CredentialBlindedShare"))
def test_blinded_shares(file: str, tally: Tally) -> None:
    (wanted,) = (
        case
        for name in names_of("CredentialRequest")
        for case in valid(name)
        if case.comment.startswith("one hidden beside")
    )
    cases, report = start(file, tally)
    disclosed = {int(j): bytes.fromhex(raw) for j, raw in wanted.fields["disclosed"].items()}
    raw = wanted.bytes("request")
    at = 7 + 32 + 8 + 1 + 1 + 32 + 48
    commitments = dict(zip((1, 2), map(model.point1, split(raw[at : at + 96], 48)), strict=True))
    h = model.point1(wanted.bytes("h"))
    for case in cases:
        assert case.bytes("request") == raw
        share = case.bytes("signingKeyShare")
        x, *y = (int.from_bytes(one, "big") for one in split(share[61:], 32))
        c = model.blinded_share(h, commitments, disclosed, x, y)
        answer = model.header(6) + wanted.bytes("requestDigest") + share[59:61] + bytes(8) + c
        compare(report, case, {"blindedShare": answer})
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("CredentialAggregation"))
def test_aggregation(file: str, tally: Tally) -> None:
    cases, report = start(file, tally)
    for case in cases:
        key = key_of(case.bytes("verificationKey"))
        answers = [bytes.fromhex(raw) for raw in case.fields["blindedShares"]]
        ids = [int.from_bytes(raw[39:41], "big") for raw in answers]
        weights = []
        for i in ids:
            weight = 1
            for k in ids:
                if k != i:
                    weight = weight * k * pow(k - i, -1, model.R) % model.R
            weights.append(weight)
        points = [model.point1(raw[-48:]) for raw in answers]
        state = case.bytes("state")
        # header, bitmap, the nullifier secret, 12 bytes of attribute 2, two openings, the request
        hidden, request = state[8:53], state[117:]
        openings = [model.reduced(raw) for raw in split(state[53:117], 32)]
        s = model.combine(points, weights) - model.combine(key.beta1[:2], openings)
        disclosed = request[7 + 32 + 8 + 1 + 1 + 32 + 3 * 48 :][:27]
        m = [model.attribute_scalar(one) for one in take_attributes(hidden + disclosed).values()]
        h = model.point1(bytes.fromhex(case.fields["credential"])[-96:-48])
        signed = model.combine([key.alpha, *key.beta], [1, *m])
        pairing = model.arkworks.GT.pairing_check([h, -s], [signed, model.G2])
        report.check(name_of(case), pairing, "the signature does not verify")
        raw = model.header(7) + key.digest + model.number(key.epoch, 8) + model.encode(h, s)
        found = {"weights": [model.scalar(w) for w in weights], "credential": raw}
        compare(report, case, {**found, "attributes": hidden + disclosed})
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("CredentialPresentation"))
def test_presentations(file: str, tally: Tally) -> None:
    cases, report = start(file, tally)
    for case in cases:
        key = key_of(case.bytes("verificationKey"))
        typed = take_attributes(case.bytes("attributes"))
        m = {j: model.attribute_scalar(raw) for j, raw in typed.items()}
        h, s = map(model.point1, split(case.bytes("credential")[-96:], 48))
        found = model.show(
            key,
            h,
            s,
            m,
            {j: typed[j] for j in case.fields["disclose"]},
            key.schema[1 + key.attributes],
            case.bytes("context"),
            case.bytes("scope") if "scope" in case.fields else None,
            [bytes.fromhex(draw) for draw in case.fields["drawn"]],
            case.fields["encoding"] == "batchable",
        )
        compare(report, case, found)
    report.finish(len(cases), {})
