"""Every vector file of credentials on every curve backend.

A backend that takes no secrets runs what is public in a case; a case that is secret altogether is
skipped there by name, and the number of such cases is fixed here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from own_files import name_of, names_of
from random_stream import RandomStream
from report import Report
from tally import Tally

import credentials as cr
from credentials import _random, batch, lagrange
from credentials.attributes import Attribute, Value, read_attribute
from credentials.bls12381 import (
    Curve,
    Scalar,
    expand_message,
    hash_to_scalar,
    hash_to_scalars,
)
from credentials.coefficients import Coefficients
from credentials.encoding import Reader
from credentials.suite import ISSUE_TAG, KEY_TAG, SHOW_TAG, digest
from vectors import Case, load

SECRET = "needs secrets, and the backend takes none"


class Cases(Report):
    """The cases of a file on one backend."""

    def __init__(self, file: str, curve: Curve, tally: Tally) -> None:
        self.cases = load(file)
        super().__init__(file, map(name_of, self.cases), curve.name, tally)
        self.curve = curve
        self.takes_secrets = curve.name != "blspy"

    def key(self, case: Case) -> cr.VerificationKey:
        raw = case.bytes("verificationKey")
        return cr.VerificationKey.from_bytes(raw, self.backend)

    def equal(self, case: Case, name: str, found: Any) -> None:
        """Compare bytes, or a list of them, or what encodes itself, with a member."""
        self.check(name_of(case), _hex(found) == case.fields[name], f"{name} differs")

    def run(self, case: Case, call: Callable[[Case], Any]) -> Any:
        """What the call returns in a valid case; None if it was refused, as it must be else."""
        wanted = case.fields.get("error")
        try:
            found = call(case)
        except cr.BackendError:
            if self.takes_secrets:
                raise
            self.skip(name_of(case), SECRET)
            return None
        except cr.CredentialError as error:
            name = type(error).__name__
            self.check(name_of(case), name == wanted, f"{name}: {error}, not {wanted}")
            if "ids" in case.fields:
                ids = getattr(error, "ids", ())
                self.check(name_of(case), [*ids] == case.fields["ids"], f"ids are {ids}")
            return None
        self.check(name_of(case), wanted is None, f"was accepted, not {wanted}")
        return found if wanted is None else None

    def end(self, secret: int = 0) -> None:
        """So many cases are skipped where there are no secrets."""
        skips = {SECRET: secret} if secret and not self.takes_secrets else {}
        self.finish(len(self.cases), skips)


def _hex(found: Any) -> Any:
    if isinstance(found, bytes):
        return found.hex()
    if isinstance(found, Sequence):
        return [_hex(one) for one in found]
    return found.encode().hex()


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> RandomStream:
    """What stands for the system's randomness: see replayed()."""
    stream = RandomStream()
    monkeypatch.setattr(_random, "random_bytes", stream)
    return stream


@contextmanager
def replayed(draws: RandomStream, case: Case) -> Iterator[None]:
    """The block draws what was drawn when the case was made: all of it."""
    draws.feed(*raw_list(case, "drawn"))
    yield
    assert draws.unused == 0, case.id


def scalars(members: Sequence[str]) -> list[Scalar]:
    return [Scalar.decode(bytes.fromhex(member), "a scalar") for member in members]


def values(typed: dict[str, str]) -> dict[int, Value]:
    """Attributes from their encodings."""
    readers = {int(j): Reader.bare(bytes.fromhex(raw), j) for j, raw in typed.items()}
    return {j: read_attribute(r, cr.Kind.ANY, "").value for j, r in readers.items()}


def raw_list(case: Case, name: str) -> list[bytes]:
    return [bytes.fromhex(member) for member in case.fields[name]]


# The curve


@pytest.mark.parametrize("file", names_of("BLS12381Point"))
def test_points(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)

    def decode(case: Case) -> Any:
        group = curve.g1 if case.fields["group"] == "G1" else curve.g2
        return group.decode(case.bytes("encoded"), "point", identity=True)

    for case in cases.cases:
        group: Any = curve.g1 if case.fields["group"] == "G1" else curve.g2
        point = cases.run(case, decode)
        if point is not None:
            factor = scalars([case.fields["scalar"]])
            cases.equal(case, "encoded", group.sum_public([group.generator], factor))
            again = group.sum_public([point], [Scalar(1)])
            cases.equal(case, "encoded", again)
        if "Identity" in case.flags:
            with pytest.raises(cr.DecodeError):
                group.decode(case.bytes("encoded"), "point")
    cases.end()


@pytest.mark.parametrize("file", names_of("BLS12381Sum"))
def test_sums(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)
    for case in cases.cases:
        group: Any = curve.g1 if case.fields["group"] == "G1" else curve.g2
        points = [group.decode(raw, "point", identity=True) for raw in raw_list(case, "points")]
        factors = scalars(case.fields["scalars"])
        cases.equal(case, "sum", group.sum_public(points, factors))
        if cases.takes_secrets:
            cases.equal(case, "sum", group.sum_secret(points, factors))
    cases.end()


@pytest.mark.parametrize("file", names_of("BLS12381Pairing"))
def test_pairings(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)
    for case in cases.cases:
        pairs = [
            (
                curve.g1.decode(bytes.fromhex(a), "a", identity=True),
                curve.g2.decode(bytes.fromhex(b), "b", identity=True),
            )
            for a, b in case.fields["pairs"]
        ]
        found = curve.pairing_product_is_one(pairs)
        cases.check(name_of(case), found == (case.result == "valid"), f"the product is {found}")
    cases.end()


# Hashes and attributes


@pytest.mark.parametrize("file", names_of("HashToG1"))
def test_hash_to_g1(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)
    for case in cases.cases:
        cases.equal(case, "point", curve.hash_to_g1(case.bytes("message"), case.bytes("tag")))
    cases.end()


@pytest.mark.parametrize("file", names_of("ExpandMessage"))
def test_expand_message(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)
    for case in cases.cases:
        size = len(case.bytes("output"))
        found = expand_message(case.bytes("message"), case.bytes("tag"), size)
        cases.equal(case, "output", found)
    cases.end()


@pytest.mark.parametrize("file", names_of("HashToScalar"))
def test_hash_to_scalar(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)
    for case in cases.cases:
        message, tag = case.bytes("message"), case.bytes("tag")
        count = len(case.fields["scalars"])
        cases.equal(case, "scalars", hash_to_scalars(message, tag, count))
        if count == 1:
            cases.equal(case, "scalars", [hash_to_scalar(message, tag)])
    cases.end()


@pytest.mark.parametrize("file", names_of("CredentialAttribute"))
def test_attributes(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)

    def decode(case: Case) -> Attribute:
        reader = Reader.bare(case.bytes("encoded"), "attribute")
        attribute = read_attribute(reader, cr.Kind.ANY, "attribute")
        reader.rest(0)
        return attribute

    for case in cases.cases:
        found = cases.run(case, decode)
        if found is not None:
            value = found.value.hex() if isinstance(found.value, bytes) else str(found.value)
            cases.check(name_of(case), value == case.fields["value"], "another value")
            cases.check(name_of(case), found.kind == case.fields["kind"], "another kind")
            cases.equal(case, "scalar", found.scalar)
            cases.equal(case, "encoded", Attribute(found.value, "again").encoded)
    cases.end()


# Keys


@pytest.mark.parametrize("file", names_of("CredentialKeys"))
def test_keys(file: str, curve: Curve, tally: Tally, draws: RandomStream) -> None:
    cases = Cases(file, curve, tally)
    for case in cases.cases:
        key = cases.key(case)
        fields = case.fields
        parameters = cr.Parameters(
            [cr.Kind(number) for number in fields["kinds"]],
            case.bytes("domain"),
            fields["nullifier"] or None,
            curve.name,
        )
        cases.check(name_of(case), key.parameters == parameters, "other parameters")
        cases.check(name_of(case), str(key.key_epoch) == fields["keyEpoch"], "another epoch")
        cases.equal(case, "schema", parameters.schema)
        cases.equal(case, "digest", key.digest)
        cases.equal(case, "digest", digest(case.bytes("transcript"), KEY_TAG))
        public = [
            cr.VerificationKeyShare.from_bytes(raw, parameters)
            for raw in raw_list(case, "verificationKeyShares")
        ]
        cases.equal(case, "verificationKey", cr.aggregate_keys(public).to_bytes())
        polynomials = [scalars(row) for row in fields["polynomials"]]
        for i, raw in enumerate(raw_list(case, "signingKeyShares"), 1):
            share = cr.SigningKeyShare.from_bytes(raw, key)
            x, y = share._scalars()
            on = [lagrange.evaluate(row, i) for row in polynomials]
            cases.check(name_of(case), [x, *y] == on, f"share {i} is not on the polynomials")
        if cases.takes_secrets:
            with replayed(draws, case):
                dealt = cr.deal_keys(
                    parameters,
                    threshold=fields["threshold"],
                    authorities=fields["authorities"],
                    key_epoch=int(fields["keyEpoch"]),
                )
            cases.equal(case, "verificationKey", dealt.verification_key.to_bytes())
            shares = [bytes(share.to_bytes()) for share in dealt.shares.values()]
            cases.equal(case, "signingKeyShares", shares)
            shares = [share.to_bytes() for share in dealt.key_shares.values()]
            cases.equal(case, "verificationKeyShares", shares)
    cases.end()


@pytest.mark.parametrize("file", names_of("CredentialKeyDecoding"))
def test_key_decoding(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)
    for case in cases.cases:
        key = cases.run(case, cases.key)
        if key is not None:
            cases.equal(case, "digest", key.digest)
            cases.equal(case, "verificationKey", key.to_bytes())
            epoch = str(key.key_epoch)
            cases.check(name_of(case), epoch == case.fields["keyEpoch"], "another epoch")
    cases.end()


@pytest.mark.parametrize("file", names_of("CredentialKeyShares"))
def test_key_shares(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)

    def combine(case: Case) -> cr.VerificationKey:
        raws = raw_list(case, "shares") + raw_list(case, "otherShares")
        parameters = cases.key(case).parameters
        return cr.aggregate_keys(
            [cr.VerificationKeyShare.from_bytes(raw, parameters) for raw in raws]
        )

    for case in cases.cases:
        key = cases.run(case, combine)
        if key is not None:
            cases.equal(case, "verificationKey", key.to_bytes())
    cases.end()


@pytest.mark.parametrize("file", names_of("CredentialSigningKey"))
def test_signing_keys(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)

    def decode(case: Case) -> cr.SigningKeyShare:
        return cr.SigningKeyShare.from_bytes(case.bytes("share"), cases.key(case))

    for case in cases.cases:
        share = cases.run(case, decode)
        if share is not None:
            cases.equal(case, "share", bytes(share.to_bytes()))
            if cases.takes_secrets:
                public = share.verification_key_share().to_bytes()
                cases.equal(case, "verificationKeyShare", public)
    cases.end()


# Issuance


@pytest.mark.parametrize("file", names_of("CredentialRequest"))
def test_requests(file: str, curve: Curve, tally: Tally, draws: RandomStream) -> None:
    cases = Cases(file, curve, tally)

    def accept(case: Case) -> cr.CredentialRequest:
        key = cases.key(case)
        request = cr.CredentialRequest.from_bytes(case.bytes("request"), key)
        cr.check_request(key, request)
        return request

    for case in cases.cases:
        request = cases.run(case, accept)
        if request is None:
            continue
        key = cases.key(case)
        hidden, disclosed = values(case.fields["hidden"]), values(case.fields["disclosed"])
        cases.check(name_of(case), request.disclosed == disclosed, "other values")
        cases.equal(case, "issueContext", request.issue_context)
        cases.equal(case, "requestDigest", request.digest)
        cases.equal(case, "h", request.h)
        cases.equal(case, "commitment", request._statement.commitment)
        cases.equal(case, "challenge", request.proof.challenge)
        cases.equal(case, "challenge", hash_to_scalar(case.bytes("transcript"), ISSUE_TAG))
        m, nonces = (scalars(case.fields[name]) for name in ("attributeScalars", "nonces"))
        secrets = [*scalars([case.fields["opening"]]), *m]
        secrets += scalars(case.fields["attributeOpenings"])
        c = request.proof.challenge
        answers = [w + c * secret for w, secret in zip(nonces, secrets, strict=True)]
        cases.check(name_of(case), [*request.proof] == [c, *answers], "other answers")
        # The test vector's secrets are public, so this runs on all backends.
        generators = [key.parameters.generators[j - 1] for j in request._statement.hidden]
        bases = [curve.g1.generator, *generators]
        count = len(bases)
        cases.equal(case, "commitment", curve.g1.sum_public(bases, secrets[:count]))
        cases.equal(case, "firstMove", curve.g1.sum_public(bases, nonces[:count]))
        pair = [curve.g1.generator, request.h]
        for name, scalars_of in (("firstMoves", nonces), (None, secrets)):
            pairs = zip(scalars_of[count:], scalars_of[1:count], strict=True)
            points = [curve.g1.sum_public(pair, [o_j, m_j]) for o_j, m_j in pairs]
            if name is None:
                cases.check(name_of(case), points == [*request.commitments], "other C_j")
            else:
                cases.equal(case, name, points)
        state = cr.RequestState.from_bytes(case.bytes("state"), key)
        cases.equal(case, "state", state.to_bytes())
        if cases.takes_secrets:
            with replayed(draws, case):
                made, kept = cr.request_credential(
                    key, hidden, disclosed, case.bytes("issueContext")
                )
            cases.equal(case, "request", made.to_bytes())
            cases.equal(case, "state", kept.to_bytes())
    cases.end()


@pytest.mark.parametrize("file", names_of("CredentialBlindedShare"))
def test_blinded_shares(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)

    def accept(case: Case) -> cr.BlindedShare:
        key = cases.key(case)
        request = cr.CredentialRequest.from_bytes(case.bytes("request"), key)
        share = cr.VerificationKeyShare.from_bytes(
            case.bytes("verificationKeyShare"), key.parameters
        )
        blinded = cr.BlindedShare.from_bytes(case.bytes("blindedShare"), key)
        cr.check_blinded_share(blinded, request, share)
        return blinded

    for case in cases.cases:
        blinded = cases.run(case, accept)
        if blinded is not None:
            cases.equal(case, "blindedShare", blinded.to_bytes())
            if cases.takes_secrets:
                key = cases.key(case)
                own = cr.SigningKeyShare.from_bytes(case.bytes("signingKeyShare"), key)
                request = cr.CredentialRequest.from_bytes(case.bytes("request"), key)
                cases.equal(case, "blindedShare", cr.sign(own, request).to_bytes())
    cases.end()


@pytest.mark.parametrize("file", names_of("CredentialAggregation"))
def test_aggregation(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)

    def key_shares(case: Case) -> dict[int, cr.VerificationKeyShare]:
        parameters = cases.key(case).parameters
        raws = raw_list(case, "verificationKeyShares")
        shares = [cr.VerificationKeyShare.from_bytes(raw, parameters) for raw in raws]
        return {share.id: share for share in shares}

    def blinded(case: Case) -> list[cr.BlindedShare]:
        key = cases.key(case)
        return [cr.BlindedShare.from_bytes(raw, key) for raw in raw_list(case, "blindedShares")]

    def combine(case: Case) -> cr.Credential:
        key = cases.key(case)
        state = cr.RequestState.from_bytes(case.bytes("state"), key)
        return cr.aggregate(blinded(case), state, key, key_shares(case))

    for case in cases.cases:
        if case.result == "valid":
            ids = [share.id for share in blinded(case)]
            numerators, factor = lagrange.at_zero(ids)
            weights = [numerator * factor for numerator in numerators]
            cases.equal(case, "weights", weights)
            public = key_shares(case)
            alpha = curve.g2.sum_public([public[i].alpha for i in ids], weights)
            same = alpha == cases.key(case).alpha
            cases.check(name_of(case), same, "alpha is not interpolated")
        credential = cases.run(case, combine)
        if credential is not None:
            cases.equal(case, "credential", credential.to_bytes())
            cases.equal(case, "attributes", credential.attribute_bytes())
    cases.end(secret=10)


@pytest.mark.parametrize("file", names_of("CredentialDecoding"))
def test_credentials(file: str, curve: Curve, tally: Tally) -> None:
    cases = Cases(file, curve, tally)

    def decode(case: Case) -> cr.Credential:
        raw, attributes = case.bytes("credential"), case.bytes("attributes")
        return cr.Credential.from_bytes(raw, cases.key(case), attributes)

    for case in cases.cases:
        found = cases.run(case, decode)
        if found is not None:
            cases.equal(case, "credential", found.to_bytes())
            cases.equal(case, "attributes", found.attribute_bytes())
    cases.end(secret=9)


# Shows

KINDS = {"compact": cr.Presentation, "batchable": cr.BatchablePresentation}


def scope_of(fields: dict[str, Any]) -> bytes | None:
    return bytes.fromhex(fields["scope"]) if "scope" in fields else None


@pytest.mark.parametrize("file", names_of("CredentialPresentation"))
def test_presentations(file: str, curve: Curve, tally: Tally, draws: RandomStream) -> None:
    cases = Cases(file, curve, tally)

    def accept(case: Case) -> cr.Claims:
        key = cases.key(case)
        shown = KINDS[case.fields["encoding"]].from_bytes(case.bytes("presentation"), key)
        return cr.verify(shown, key, case.bytes("context"), scope_of(case.fields))

    for case in cases.cases:
        claims = cases.run(case, accept)
        if claims is None:
            continue
        key, fields = cases.key(case), case.fields
        scope = scope_of(fields)
        cases.check(name_of(case), claims == values(fields["claims"]), "other claims")
        cases.check(name_of(case), list(claims) == fields["disclose"], "other indices")
        cases.equal(case, "challenge", claims.challenge)
        cases.equal(case, "challenge", hash_to_scalar(case.bytes("transcript"), SHOW_TAG))
        if scope is None:
            cases.check(name_of(case), claims.nullifier is None, "a nullifier")
        else:
            cases.equal(case, "nullifier", claims.nullifier)
        hidden = [j for j in range(1, 5) if j not in claims]
        bases = [*(key.beta[j - 1] for j in hidden), curve.g2.generator]
        first_move = curve.g2.sum_public(bases, scalars(fields["nonces"]))
        cases.equal(case, "firstMove", first_move)
        if cases.takes_secrets:
            credential = cr.Credential.from_bytes(
                case.bytes("credential"), key, case.bytes("attributes")
            )
            with replayed(draws, case):
                shown = cr.present(
                    credential,
                    key,
                    fields["disclose"],
                    case.bytes("context"),
                    scope,
                    batchable=fields["encoding"] == "batchable",
                )
            cases.equal(case, "presentation", shown.to_bytes())
    cases.end()


@pytest.mark.parametrize("file", names_of("CredentialBatch"))
def test_batches(
    file: str,
    curve: Curve,
    tally: Tally,
    draws: RandomStream,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = Cases(file, curve, tally)
    used: dict[tuple[int, int], Scalar] = {}

    class Watched(Coefficients):
        def get(self, i: int, which: int) -> Scalar:
            used[i, which] = super().get(i, which)
            return used[i, which]

    monkeypatch.setattr(batch, "Coefficients", Watched)
    compared = 0
    for case in cases.cases:
        used.clear()
        key, rows = cases.key(case), case.fields["rows"]
        with replayed(draws, case):
            results = cr.verify_batch(
                [bytes.fromhex(row["presentation"]) for row in rows],
                key,
                [bytes.fromhex(row["context"]) for row in rows],
                [scope_of(row) for row in rows],
            )
        for row, found in zip(rows, results, strict=True):
            if isinstance(found, cr.Claims):
                same = found.challenge.hex() == row.get("challenge")
            else:
                same = type(found).__name__ == row.get("error")
            cases.check(name_of(case), same, f"{found!r} instead of {row['result']}")
        coefficients = case.fields["coefficients"]
        for (i, which), value in used.items():
            same = coefficients[i][which] == value.encode().hex()
            cases.check(name_of(case), same, f"coefficient {which} of row {i} differs")
            compared += 1
    assert compared > 100
    cases.end()
