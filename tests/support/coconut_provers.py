"""Wallets whose every value can be changed before they hash and answer: cheats, if it is."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import credentials as cr
from credentials import _random
from credentials.bls12381 import G1, G2, Scalar, hash_to_scalar
from credentials.presentation import Nullifier, Shown, ShowStatement, scope_base
from credentials.request import CredentialRequest, IssuanceStatement, RequestProof
from credentials.suite import ISSUE_TAG, SHOW_TAG


def same(transcript: bytes) -> bytes:
    return transcript


class ShowProver:
    """present(), one step at a time: change attributes, then call shown()."""

    def __init__(
        self,
        credential: cr.Credential,
        key: cr.VerificationKey,
        disclose: Iterable[int],
        context: bytes,
        scope: bytes | None = None,
    ) -> None:
        curve = key.parameters.curve
        g1 = curve.g1
        self.key = key
        self.context = context
        self.scope = scope
        self.tag = SHOW_TAG
        self.edit: Callable[[bytes], bytes] = same
        self.disclosed = {j: credential._attributes[j] for j in sorted(disclose)}
        self.m = {
            j: credential._scalar(j)
            for j in range(1, key.parameters.attributes + 1)
            if j not in self.disclosed
        }
        self.a, self.b = _random.random_scalar(), _random.random_scalar()
        self.h: G1 = g1.sum_secret([credential.h], [self.a])
        self.s: G1 = g1.sum_secret([credential.s, self.h], [self.a, self.b])
        self.w = {j: _random.random_scalar() for j in self.m}
        self.w_b = _random.random_scalar()
        self.kappa: G2 = self._combine(self.m, self.b)
        self.first_move: G2 = self._combine(self.w, self.w_b)
        self.base: G1 | None = None
        self.nullifier: G1 | None = None
        self.nullifier_nonce: G1 | None = None
        index = key.parameters.nullifier
        if scope is not None and index is not None:
            self.base = scope_base(curve, scope)
            self.nullifier = g1.sum_secret([self.base], [self.m[index]])
            self.nullifier_nonce = g1.sum_secret([self.base], [self.w[index]])

    def _combine(self, scalars: Mapping[int, Scalar], last: Scalar) -> G2:
        g2 = self.key.parameters.curve.g2
        points = [*(self.key.beta[j - 1] for j in scalars), g2.generator]
        return g2.sum_secret(points, [*scalars.values(), last])

    def places(self) -> Nullifier | None:
        """The nullifier's fields, if there are any."""
        if self.base is None or self.nullifier is None or self.nullifier_nonce is None:
            return None
        if self.scope is None:
            raise AssertionError("a nullifier without a scope")
        return Nullifier(self.scope, self.base, self.nullifier, self.nullifier_nonce)

    def statement(self) -> ShowStatement:
        return ShowStatement(self.key, self.disclosed, self.h, self.s, self.kappa)

    def transcript(self) -> bytes:
        """What an honest wallet hashes."""
        return self.statement().transcript(self.first_move, self.places(), self.context)

    def shown(self, kind: type[Shown], places: Any = None) -> bytes:
        """The show as bytes; `places` is the nullifier that it carries, if not the one hashed."""
        c = hash_to_scalar(self.edit(self.transcript()), self.tag)
        answers = {j: self.w[j] + c * self.m[j] for j in self.m}
        carried = self.places() if places is None else places
        one = kind._of(
            self.statement(), answers, self.w_b + c * self.b, c, self.first_move, carried
        )
        return one.to_bytes()


class RequestProver:
    """request_credential(), one step at a time."""

    def __init__(
        self,
        key: cr.VerificationKey,
        hidden: Mapping[int, Any],
        disclosed: Mapping[int, Any],
        issue_context: bytes,
        nullifier: Scalar | None = None,
        opening: Scalar | None = None,
    ) -> None:
        self.key = key
        parameters = key.parameters
        self.g1 = parameters.curve.g1
        self.tag = ISSUE_TAG
        self.edit: Callable[[bytes], bytes] = same
        scalars = {j: a.scalar for j, a in parameters._typed(hidden, "hidden").items()}
        if parameters.nullifier is not None:
            scalars[parameters.nullifier] = nullifier or _random.random_scalar()
        self.m = dict(sorted(scalars.items()))
        self.opening = opening or _random.random_scalar()
        self.openings = [_random.random_scalar() for _ in self.m]
        self.w = [_random.random_scalar() for _ in range(1 + 2 * len(self.m))]
        self.generators = [parameters.generators[j - 1] for j in self.m]
        self.statement = IssuanceStatement(
            parameters,
            key.digest,
            key.key_epoch,
            parameters._typed(disclosed, "disclosed"),
            issue_context,
            self._commit(self.opening, list(self.m.values())),
        )

    def _commit(self, opening: Scalar, scalars: list[Scalar]) -> G1:
        return self.g1.sum_secret([self.g1.generator, *self.generators], [opening, *scalars])

    def _commit_each(self, openings: list[Scalar], scalars: list[Scalar]) -> list[G1]:
        pair = [self.g1.generator, self.statement.h]
        return [self.g1.sum_secret(pair, [o, m]) for o, m in zip(openings, scalars, strict=True)]

    def request(self) -> CredentialRequest:
        """The request, as the statement, the secrets and the nonces are by now."""
        count = len(self.m)
        m = list(self.m.values())
        w_m, w_o = self.w[1 : 1 + count], self.w[1 + count :]
        commitments = self._commit_each(self.openings, m)
        message = self.statement.transcript(
            commitments, self._commit(self.w[0], w_m), self._commit_each(w_o, w_m)
        )
        c = hash_to_scalar(self.edit(message), self.tag)
        secrets = [self.opening, *m, *self.openings]
        answers = [w + c * secret for w, secret in zip(self.w, secrets, strict=True)]
        return CredentialRequest._of(self.statement, commitments, RequestProof([c, *answers]))


def split_transcript(transcript: bytes) -> list[tuple[int, bytes]]:
    """The items of `tag u8 | length u32 | bytes`."""
    items, at = [], 0
    while at < len(transcript):
        end = at + 5 + int.from_bytes(transcript[at + 1 : at + 5], "big")
        items.append((transcript[at], transcript[at + 5 : end]))
        at = end
    return items


def join_transcript(items: Iterable[tuple[int, bytes]]) -> bytes:
    """The inverse of split_transcript()."""
    return b"".join(bytes([tag]) + len(data).to_bytes(4, "big") + data for tag, data in items)


def wrong_transcripts(transcript: bytes) -> dict[str, bytes]:
    """Transcripts that differ in one field, or in where one ends and the next begins."""
    items = split_transcript(transcript)
    found = {}

    def put(what: str, changed: list[tuple[int, bytes]]) -> None:
        found[what] = join_transcript(changed)

    for i, (tag, data) in enumerate(items):
        before, after = items[:i], items[i + 1 :]
        put(f"item {tag} left out", before + after)
        put(f"item {tag} with another tag", [*before, (tag ^ 0x80, data), *after])
        put(f"item {tag} with a byte more", [*before, (tag, data + b"\0"), *after])
        if data:
            put(f"item {tag} empty", [*before, (tag, b""), *after])
            for place in (0, len(data) - 1):
                flipped = bytearray(data)
                flipped[place] ^= 1
                put(f"item {tag} flipped at {place}", [*before, (tag, bytes(flipped)), *after])
        if after:
            following, rest = after[0], after[1:]
            put(f"items {tag} and {following[0]} exchanged", [*before, following, items[i], *rest])
            if data:
                moved = [(tag, data[:-1]), (following[0], data[-1:] + following[1])]
                put(f"the end of item {tag} moved to the next", [*before, *moved, *rest])
    return found
