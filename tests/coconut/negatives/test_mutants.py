"""Negative test 39: a batch says of every mutant what a single check says."""

import os
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from coconut_fields import Field
from coconut_messages import CONTEXT, Message, show_message
from coconut_provers import ShowProver
from random_stream import RandomStream
from refusals import Refusals

import credentials as cr
from credentials.bls12381 import ORDER, Curve, Scalar

COUNT = int(os.environ.get("SPHINXCORE_TEST_MUTANTS", "10000"))
"""Number of mutants of the slow run, on each backend."""

LARGEST_BATCH = 24

Count = Callable[[str, int], None]


class Item(NamedTuple):
    """One place of a batch."""

    raw: bytes
    context: bytes
    scope: bytes | None


class Forge:
    """Makes mutants: some do not decode, most do, and some are wrong in one relation only."""

    def __init__(self, credential: cr.Credential, key: cr.VerificationKey, seed: int) -> None:
        self._draw = random.Random(seed)
        self._credential = credential
        self._key = key
        self._curve = key.parameters.curve
        self._honest = [
            self._show(disclose, scope)
            for disclose in ((), (3,), (2, 3, 4))
            for scope in (None, b"a", b"b")
        ]

    def batch(self, size: int) -> list[Item]:
        """So many mutants, of which some are honest shows."""
        items: list[Item] = []
        while len(items) < size:
            match self._draw.randrange(12):
                case 0:
                    items += self._opposite_errors()
                case 1 | 2:
                    items.append(self._draw.choice(self._honest))
                case 3:
                    items.append(self._forged())
                case _:
                    items.append(self._mutant())
        return items[:size]

    def _show(self, disclose: Sequence[int], scope: bytes | None) -> Item:
        raw = cr.present(
            self._credential, self._key, disclose, CONTEXT, scope, batchable=True
        ).to_bytes()
        return Item(raw, CONTEXT, scope)

    def _prover(self) -> ShowProver:
        scope = self._draw.choice([None, b"a", self._draw.randbytes(4)])
        return ShowProver(self._credential, self._key, [3], CONTEXT, scope)

    def _wrong(self, prover: ShowProver, relation: int, scalar: int) -> Item:
        """A show that breaks one relation by scalar * generator, with the right challenge."""
        g1, g2 = self._curve.g1, self._curve.g2
        scalars = [Scalar.reduce(scalar)]
        if relation == 2 and prover.nullifier_nonce is not None:
            offset = g1.sum_public([g1.generator], scalars)
            prover.nullifier_nonce = prover.nullifier_nonce + offset
        elif relation == 1:
            prover.first_move = prover.first_move + g2.sum_public([g2.generator], scalars)
        else:
            prover.s = prover.s + g1.sum_public([g1.generator], scalars)
        return Item(prover.shown(cr.BatchablePresentation), CONTEXT, prover.scope)

    def _forged(self) -> Item:
        return self._wrong(self._prover(), self._draw.randrange(3), self._draw.randrange(1, ORDER))

    def _opposite_errors(self) -> list[Item]:
        relation, scalar = self._draw.randrange(3), self._draw.randrange(1, ORDER)
        return [self._wrong(self._prover(), relation, sign * scalar) for sign in (1, -1)]

    def _mutant(self) -> Item:
        item = self._draw.choice(self._honest)
        match self._draw.randrange(10):
            case 0:
                other = self._draw.choice([b"other", CONTEXT + b"\0"])
                return item._replace(context=other)
            case 1:
                return item._replace(scope=self._draw.choice([None, b"a", b"b", b"c"]))
            case 2:
                raw = item.raw
                place = self._draw.randrange(len(raw) + 1)
                cut = place + self._draw.randrange(3)
                piece = self._draw.randbytes(self._draw.randrange(3))
                return item._replace(raw=raw[:place] + piece + raw[cut:])
            case 3 | 4:
                changed = bytearray(item.raw)
                changed[self._draw.randrange(len(changed))] ^= 1 << self._draw.randrange(8)
                return item._replace(raw=bytes(changed))
        return item._replace(raw=self._with_another_field(show_message(item.raw, self._key)))

    def _with_another_field(self, message: Message) -> bytes:
        """One field is replaced by a valid value of its kind, or two are exchanged."""
        kind = self._draw.choice(["G1", "G2", "scalar", "scalar"])
        fields = message.of_kind(kind)
        field = self._draw.choice(fields)
        if self._draw.randrange(3) == 0:
            other = self._draw.choice(fields)
            own = field.of(message.raw)
            return other.put(field.put(message.raw, other.of(message.raw)), own)
        return field.put(message.raw, self._value(field, message.raw))

    def _value(self, field: Field, raw: bytes) -> bytes:
        if field.kind == "scalar":
            own = int.from_bytes(field.of(raw), "big")
            values = [0, 1, ORDER - 1, ORDER - own, own + 1, self._draw.randrange(ORDER)]
            return (self._draw.choice(values) % ORDER).to_bytes(32, "big")
        group: Any = self._curve.g1 if field.kind == "G1" else self._curve.g2
        own_point = group.decode(field.of(raw), field.name)
        generator = group.generator
        other = self._draw.choice(self._honest).raw
        values = [generator, -own_point, own_point + generator, own_point + own_point]
        donor = show_message(other, self._key).of_kind(field.kind)
        return self._draw.choice(
            [*(value.encode() for value in values), self._draw.choice(donor).of(other)]
        )


Verdict = tuple[str, str, dict[int, Any] | None, bytes | None]


def _verdict(result: cr.Claims | cr.CredentialError) -> Verdict:
    if isinstance(result, cr.Claims):
        return "accepted", result.challenge.hex(), dict(result), result.nullifier
    return type(result).__name__, str(result), None, None


def _single(item: Item, vk: cr.VerificationKey) -> Verdict:
    try:
        shown = cr.BatchablePresentation.from_bytes(item.raw, vk)
        return _verdict(cr.verify(shown, vk, item.context, item.scope))
    except cr.CredentialError as error:
        return _verdict(error)


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> tuple[cr.Credential, cr.VerificationKey]:
    """A credential, made like all that the test draws from one stream: a run can be repeated."""
    monkeypatch.setattr("credentials._random.random_bytes", RandomStream())
    parameters = cr.Parameters(attributes=4, domain=b"mutants", nullifier=1, backend="blst")
    keys = cr.deal_keys(parameters, threshold=1, authorities=1)
    key = keys.verification_key
    request, state = cr.request_credential(key, {2: b"2"}, {3: "2026-11", 4: 7}, bytes(32))
    shares = [cr.sign(keys.shares[1], request)]
    return cr.aggregate(shares, state, key, keys.key_shares), key


@pytest.mark.parametrize("count", [200, pytest.param(COUNT, marks=pytest.mark.slow, id="all")])
def test_neg_39_batch_agrees_with_single_checks(
    seeded: tuple[cr.Credential, cr.VerificationKey],
    curve: Curve,
    count: int,
    negative: Refusals,
    count_mutants: Count,
) -> None:
    credential, key = seeded
    vk = cr.VerificationKey.from_bytes(key.to_bytes(), backend=curve.name)
    forge = Forge(credential, key, seed=39)
    sizes = random.Random(count)
    left = count
    verdicts: dict[str, int] = {}
    while left:
        items = forge.batch(min(left, sizes.randrange(1, LARGEST_BATCH)))
        left -= len(items)
        results = cr.verify_batch(
            [item.raw for item in items],
            vk,
            [item.context for item in items],
            [item.scope for item in items],
        )
        seen: set[bytes] = set()
        for item, result in zip(items, results, strict=True):
            expected = _single(item, vk)
            nullifier = expected[3]
            if nullifier is not None and nullifier in seen:
                negative.holds(type(result) is cr.DoubleUseError, item.raw.hex())
            else:
                negative.holds(_verdict(result) == expected, f"{item.raw.hex()}: {expected}")
            if nullifier is not None:
                seen.add(nullifier)
            name = _verdict(result)[0]
            verdicts[name] = verdicts.get(name, 0) + 1
    assert sum(verdicts.values()) == count
    assert verdicts.keys() >= {"accepted", "ProofError", "DecodeError", "DoubleUseError"}
    for name, number in verdicts.items():
        count_mutants(name, number)
