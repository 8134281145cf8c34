"""Negative tests 46, 68, 69, 70 and 72: what Python makes easy to get wrong."""

import ast
import copy
import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import Any

import pytest
from coconut_messages import CONTEXT, SCOPE, Message, verify_bytes
from coconut_points import identity, outside_the_subgroup
from refusals import Refusals

import credentials as cr
from credentials.attributes import Attribute
from credentials.bls12381 import ORDER, Curve, Scalar
from credentials.bls12381.points import PointGroup
from credentials.nonces import nonces

PACKAGE = Path(cr.__file__).parent


def test_neg_46_nothing_is_checked_by_assert(negative: Refusals) -> None:
    sources = sorted(PACKAGE.rglob("*.py"))
    assert len(sources) > 20
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text())):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            assert not isinstance(node, ast.Assert), where
            assert not (isinstance(node, ast.Name) and node.id == "__debug__"), where
        negative.holds(True)


VERDICTS = """
import json, sys
import credentials as cr
given = json.load(sys.stdin)
key = cr.VerificationKey.from_bytes(bytes.fromhex(given["key"]), backend=given["backend"])
if given["optimized"] == __debug__:
    raise SystemExit("the interpreter runs with other options than the test says")
verdicts = []
for kind, raw in given["cases"]:
    try:
        shown = getattr(cr, kind).from_bytes(bytes.fromhex(raw), key)
        if kind == "CredentialRequest":
            cr.check_request(key, shown)
        elif kind.endswith("Presentation"):
            cr.verify(shown, key, bytes.fromhex(given["context"]))
    except cr.CredentialError as error:
        verdicts.append(f"{type(error).__name__}: {error}")
    else:
        verdicts.append("accepted")
try:
    cr.verify_batch([], key, [])
except cr.CredentialError as error:
    verdicts.append(type(error).__name__)
print(json.dumps(verdicts))
"""


def _mutants(message: Message) -> Iterator[bytes]:
    yield message.raw
    for field in message.fields.values():
        yield message.flip(field.name)
        match field.kind:
            case "G1" | "G2":
                number = field.size // 48
                yield field.put(message.raw, identity(number))
                yield field.put(message.raw, outside_the_subgroup(number))
            case "scalar":
                yield field.put(message.raw, ORDER.to_bytes(32, "big"))
    yield message.raw[:-1]
    yield message.raw + b"\0"


def test_neg_46_optimized_python_gives_the_same_verdicts(
    messages: Mapping[str, Message], vk: cr.VerificationKey, negative: Refusals
) -> None:
    kinds = {
        "request": "CredentialRequest",
        "blinded share": "BlindedShare",
        "signing key share": "SigningKeyShare",
        "request state": "RequestState",
        "presentation": "Presentation",
        "batchable presentation": "BatchablePresentation",
    }
    cases = [(kind, raw.hex()) for name, kind in kinds.items() for raw in _mutants(messages[name])]
    given = {
        "key": vk.to_bytes().hex(),
        "backend": vk.parameters.backend,
        "context": CONTEXT.hex(),
        "cases": cases,
    }
    verdicts = []
    for options in ([], ["-O"], ["-OO"]):
        run = subprocess.run(
            [sys.executable, *options, "-c", VERDICTS],
            input=json.dumps({**given, "optimized": bool(options)}),
            capture_output=True,
            text=True,
            check=True,
        )
        verdicts.append(json.loads(run.stdout))
    assert len(verdicts[0]) == len(cases) + 1
    accepted = [
        case for case, verdict in zip(cases, verdicts[0], strict=False) if verdict == "accepted"
    ]
    assert {kind for kind, _ in accepted} == set(kinds.values())
    for plain, *optimized in zip(*verdicts, strict=True):
        negative.holds(optimized == [plain, plain], f"{plain}, optimized: {optimized}")


@pytest.fixture
def wiped(monkeypatch: pytest.MonkeyPatch) -> list[bytearray]:
    """Buffers that are overwritten as soon as a call computes anything on the curve."""
    buffers: list[bytearray] = []

    def overwrite(operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            for buffer in buffers:
                buffer[:] = b"\xaa" * len(buffer)
            return operation(*arguments, **options)

        return run

    for name in ("decode", "sum_public", "sum_secret"):
        monkeypatch.setattr(PointGroup, name, overwrite(getattr(PointGroup, name)))
    return buffers


def test_neg_68_input_that_changes_while_it_is_decoded(
    messages: Mapping[str, Message], wiped: list[bytearray], negative: Refusals
) -> None:
    for message in messages.values():
        whole = message.decode(message.raw)
        buffer = bytearray(message.raw)
        if message.of_kind("G1", "G2"):
            wiped[:] = [buffer]
        again = message.decode(buffer)
        wiped.clear()
        if message.of_kind("G1", "G2") and message.name != "verification key":  # is remembered
            assert buffer != message.raw
        negative.holds(again == whole, message.name)
        view = memoryview(bytearray(message.raw))
        negative.holds(message.decode(view) == whole, message.name)


def test_neg_68_arguments_that_change_while_a_call_runs(
    credential: cr.Credential,
    key: cr.VerificationKey,
    vk: cr.VerificationKey,
    wiped: list[bytearray],
    negative: Refusals,
) -> None:
    """What was passed when the call began is what counts."""

    def given(*values: bytes) -> list[bytearray]:
        wiped[:] = [bytearray(value) for value in values]
        return list(wiped)

    raw = {}
    for batchable in (False, True):
        context, scope = given(CONTEXT, SCOPE)
        shown = cr.present(credential, key, [3], context, scope, batchable=batchable)
        assert context != CONTEXT
        assert scope != SCOPE
        wiped.clear()
        raw[batchable] = shown.to_bytes()
        negative.holds(verify_bytes(raw[batchable], vk, CONTEXT, SCOPE) == {3: "2026-11"})
        received = type(shown).from_bytes(raw[batchable], vk)
        context, scope = given(CONTEXT, SCOPE)
        negative.holds(cr.verify(received, vk, context, scope) == {3: "2026-11"})
    other = cr.present(credential, key, [3], CONTEXT, b"other", batchable=True).to_bytes()
    third = cr.present(credential, key, [3], CONTEXT, None, batchable=True).to_bytes()
    buffers = given(raw[True], other, third, CONTEXT, CONTEXT, CONTEXT, SCOPE, b"other")
    items, contexts, scopes = buffers[:3], buffers[3:6], [*buffers[6:], None]
    results = cr.verify_batch(items, vk, contexts, scopes)
    negative.holds(results == [{3: "2026-11"}] * 3, str(results))
    wiped.clear()
    (context,) = given(bytes(range(32)))
    request, _ = cr.request_credential(key, {2: b"x"}, {3: 1, 4: 1}, context)
    assert context != bytes(range(32))
    wiped.clear()
    negative.holds(request.issue_context == bytes(range(32)))
    cr.check_request(key, request)


def test_neg_68_another_thread_changes_the_input(
    shows: Mapping[str, bytes], vk: cr.VerificationKey, negative: Refusals
) -> None:
    """Whatever was read is accepted or refused as a whole: no claims of a changed show."""
    raw = shows["batchable presentation"]
    verify_bytes(raw, vk)
    buffer = bytearray(raw)
    stop = Event()

    def change() -> None:
        place = raw.index(b"2026-11")
        while not stop.is_set():
            for value in (b"2027-12", b"2026-11"):
                buffer[place : place + 7] = value
                sleep(1e-5)  # or the main thread waits for the interpreter most of the time

    thread = Thread(target=change)
    thread.start()
    try:
        for _ in range(30):
            try:
                shown = cr.BatchablePresentation.from_bytes(buffer, vk)
                claims = cr.verify(shown, vk, CONTEXT)
            except cr.ProofError:
                negative.holds(shown.to_bytes() != raw)
            else:
                negative.holds(claims == {3: "2026-11", 4: 7} and shown.to_bytes() == raw)
    finally:
        stop.set()
        thread.join()


FORK = """
import os, sys
import credentials as cr
key = cr.VerificationKey.from_bytes(bytes.fromhex(sys.argv[1]), backend="blst")
signature, attributes = (bytes.fromhex(text) for text in sys.argv[2:4])
credential = cr.Credential.from_bytes(signature, key, attributes)
cr.present(credential, key, [3], b"x")  # whatever state there is exists before the fork
child = os.fork()
shown = cr.present(credential, key, [3], b"x", b"scope", batchable=True)
cr.verify(shown, key, b"x", b"scope")
request, state = cr.request_credential(key, {2: 1}, {3: 1, 4: 1}, bytes(32))
cr.check_request(key, request)
points = [shown.first_move, shown.nullifier_nonce, shown.h, shown.s, shown.kappa]
points += [request._statement.commitment, *request.commitments]
scalars = [shown.blinding_answer, *shown.answers.values(), *request.proof]
values = [value.encode().hex() for value in (*points, *scalars)]
os.write(1, (" ".join(values) + "\\n").encode())
if child:
    _, status = os.waitpid(child, 0)
    sys.exit(status)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_neg_69_parent_and_child_share_no_nonce(
    credential: cr.Credential, key: cr.VerificationKey, negative: Refusals
) -> None:
    arguments = [key.to_bytes(), credential.to_bytes(), credential.attribute_bytes()]
    run = subprocess.run(
        [sys.executable, "-c", FORK, *(argument.hex() for argument in arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    one, other = (line.split() for line in run.stdout.splitlines())
    assert len(one) == len(other) == len(set(one)) == len(set(other))
    negative.holds(not set(one) & set(other))


def test_neg_69_nonces_are_fresh_and_hedged(
    monkeypatch: pytest.MonkeyPatch, negative: Refusals
) -> None:
    """Each time others; if the system repeats itself, others for another secret or statement."""
    secret, other = Scalar(5), Scalar(6)
    assert len(set(nonces(3, [secret], b"statement"))) == 3
    once, again = (nonces(3, [secret], b"statement") for _ in range(2))
    negative.holds(not set(once) & set(again))
    monkeypatch.setattr("credentials._random.random_bytes", bytes)
    once = nonces(3, [secret], b"statement")
    assert once == nonces(3, [secret], b"statement")
    for changed in (nonces(3, [other], b"statement"), nonces(3, [secret], b"another")):
        negative.holds(not set(once) & set(changed))


SCALARS = [0, 1, 2, ORDER - 1, ORDER - 2, 1 << 128, (1 << 128) + 1, ORDER // 2]


def _naive(group: Any, points: Sequence[Any], scalars: Sequence[int]) -> Any:
    """By doubling and adding, one by one."""
    total = group.identity
    for point, scalar in zip(points, scalars, strict=True):
        product = group.identity
        for bit in f"{scalar:b}":
            product = product + product
            if bit == "1":
                product = product + point
        total = total + product
    return total


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("n", [0, 1, 2, 31, 32, 33])
def test_neg_70_multi_scalar_sums(curve: Curve, negative: Refusals, number: int, n: int) -> None:
    group: Any = (curve.g1, curve.g2)[number - 1]
    draw = random.Random(n)
    generator = group.generator
    points = [generator]
    while len(points) < 40:
        points.append(points[-1] + generator + points[len(points) // 2])
    plain = [group.decode(point.encode(), "a point") for point in points]
    tables = [point.as_base() for point in plain[:3]]
    zero = group.identity

    def point(case: str, i: int) -> Any:
        match case:
            case "equal":
                return plain[0]
            case "opposite":
                return plain[i // 2] if i % 2 else -plain[i // 2]
            case "identity":
                return zero if i % 3 == 0 else plain[i]
            case "tables":
                return tables[i % 3]
        return plain[i]

    for case in ("distinct", "equal", "opposite", "identity", "tables"):
        chosen = [point(case, i) for i in range(n)]
        lists = [
            [draw.randrange(ORDER) for _ in range(n)],
            [SCALARS[i % len(SCALARS)] for i in range(n)],
        ]
        if case in ("distinct", "opposite"):
            lists.append([draw.getrandbits(128) for _ in range(n)])
            lists += [[scalar] * n for scalar in (0, 1, ORDER - 1, 1 << 128)]
        for scalars in lists:
            got = group.sum_public(chosen, [Scalar(scalar) for scalar in scalars])
            wanted = _naive(group, chosen, scalars)
            negative.holds(got.encode() == wanted.encode(), f"{case} {scalars}")
    assert group.sum_public(plain[:2], [Scalar(1), Scalar(2)]) == plain[0] + plain[1] + plain[1]
    one = [Scalar(1)]
    negative.refuses(cr.ArgumentError, group.sum_public, plain[: n + 2], one * (n + 1))
    negative.refuses(cr.ArgumentError, group.sum_public, plain[:n], one * (n + 1))


def test_neg_72_secrets_are_not_pickled_copied_or_shown(
    dealt: cr.DealtKeys,
    issued: tuple[object, cr.RequestState],
    credential: cr.Credential,
    negative: Refusals,
) -> None:
    state = issued[1]
    secrets: dict[str, Any] = {
        "share": dealt.shares[1],
        "state": state,
        "credential": credential,
        "attribute": Attribute("a secret", "it"),
        "scalar": Scalar(0x1234567890ABCDEF),
    }
    for name, secret in secrets.items():
        for refused in (
            copy.copy,
            copy.deepcopy,
            *(lambda it, p=p: pickle.dumps(it, p) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
        ):
            with pytest.raises(TypeError, match="secret"):
                refused(secret)
            negative.holds(True)
        for text in (repr(secret), str(secret), f"{secret}", f"{[secret]}", f"{secret!s:>9}"):
            for shown in ("1234567890abcdef", str(0x1234567890ABCDEF), "a secret", "member 17"):
                negative.holds(shown not in text.lower(), name)
            negative.holds(len(text) < 60, name)
    with pytest.raises(TypeError):
        pickle.dumps(dealt)
    negative.holds(len(repr(dealt)) < 60)
    # What is public is a value.
    assert copy.copy(dealt.verification_key) is dealt.verification_key
