"""`credentials demo`: a small run, and that it fails when something is wrong."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import credentials as cr
from credentials import _backends
from credentials.cli import main, trial
from credentials.cli.demo import LABELS

COUNT = 3


@pytest.fixture(autouse=True)
def default_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_backends.VARIABLE, raising=False)


def run(capsys: pytest.CaptureFixture[str], expect: int = 0) -> dict[str, Any]:
    """The document of a demo with --json."""
    code = main(["demo", "--json", "--credentials", str(COUNT)])
    out, err = capsys.readouterr()
    assert err == ""
    document: dict[str, Any] = json.loads(out)
    assert code == expect
    assert document["passed"] is (code == 0)
    return document


def test_a_small_run(capsys: pytest.CaptureFixture[str]) -> None:
    document = run(capsys)
    others = [name for name in cr.available_backends() if name != document["backend"]]
    checks = ["liar", "credentials", "single", "batch", *others, "context", "distinct", "double"]
    totals = {name: 2 if name == "double" else COUNT for name in checks}
    assert document["checks"] == {
        name: {"passed": total, "total": total} for name, total in totals.items()
    }
    assert (document["threshold"], document["authorities"], document["liar"]) == (3, 5, 2)
    seconds = document["median_seconds"]
    assert seconds.keys() == {*LABELS, *(f"verify on {name}" for name in others)}
    assert all(0 < value < 1 for value in seconds.values())
    assert document["bytes"]["request"] == 444


def test_plain_lines_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--credentials", str(COUNT)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "\x1b" not in out and "\r" not in out
    assert out.isascii()
    lines = out.splitlines()
    assert lines[0] == "3 credentials of 3 of 5 authorities, of which number 2 lies (backend blst)"
    assert "  ok     3 of 3 times the lying authority 2 was named, and nobody else" in lines
    assert any("2 of 2 second shows in a scope caught" in line for line in lines)
    rows = {label: line.split() for label in LABELS.values() for line in lines if label in line}
    assert rows.keys() == set(LABELS.values())
    assert lines[-1] == "All checks passed."
    assert max(map(len, lines)) <= 90


def test_a_backend_without_secrets_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    if "blspy" in cr.missing_backends():
        pytest.skip(cr.missing_backends()["blspy"])
    assert main(["demo", "--backend", "blspy"]) == 2
    err = capsys.readouterr().err
    assert "does not compute with secrets" in err and err.count("\n") == 1


Break = Callable[[pytest.MonkeyPatch], None]


def honest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trial, "_lie", lambda own, other: own)


def accuses_another(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cr.ShareError, "__init__", lambda self, text, ids: setattr(self, "ids", (2, 3)))


def another_lies(patch: pytest.MonkeyPatch) -> None:
    original = trial._answer

    def answer(share: cr.SigningKeyShare, raw: bytes) -> bytes:
        found = original(share, raw)
        return found[:-1] + bytes([found[-1] ^ 1]) if share.id == 5 else found

    patch.setattr(trial, "_answer", answer)


def wrong_attributes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cr.Credential, "attributes", {})


def refuses(patch: pytest.MonkeyPatch) -> None:
    def verify(*arguments: Any) -> None:
        raise cr.ProofError("no")

    patch.setattr(cr, "verify", verify)


def ignores_the_context(patch: pytest.MonkeyPatch) -> None:
    original = trial._verify

    def verify(raw: bytes, key: cr.VerificationKey, context: bytes) -> Any:
        seen.setdefault(raw, context)
        return original(raw, key, seen[raw])

    seen: dict[bytes, bytes] = {}
    patch.setattr(trial, "_verify", verify)


def misses_double_use(patch: pytest.MonkeyPatch) -> None:
    original = cr.verify_batch

    def verify(raw: list[bytes], key: Any, contexts: list[bytes], scopes: Any) -> Any:
        found = original(raw, key, contexts, scopes)
        return [found[0] if isinstance(one, cr.DoubleUseError) else one for one in found]

    patch.setattr(cr, "verify_batch", verify)


def bad_one_in_the_batch(patch: pytest.MonkeyPatch) -> None:
    original = cr.verify_batch

    def verify(raw: list[bytes], key: Any, contexts: list[bytes], scopes: Any) -> Any:
        return original(raw, key, [b"x", *contexts[1:]], scopes)

    patch.setattr(cr, "verify_batch", verify)


@pytest.mark.parametrize(
    ("breakage", "failing"),
    [
        (honest, {"liar"}),
        (accuses_another, {"liar"}),
        (another_lies, {"credentials"}),
        (wrong_attributes, {"credentials"}),
        (refuses, {"single", "double", "blspy"}),
        (ignores_the_context, {"context"}),
        (misses_double_use, {"double"}),
        (bad_one_in_the_batch, {"batch", "double"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_wrong_fails(
    breakage: Break,
    failing: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    breakage(monkeypatch)
    document = run(capsys, expect=1)
    checks = document["checks"]
    failed = {name for name, check in checks.items() if check["passed"] < check["total"]}
    # Without any valid show there are no nullifiers to compare.
    nothing = {name for name, check in checks.items() if not check["total"]}
    assert nothing == ({"distinct"} if breakage is refuses else set())
    assert failed == failing & checks.keys()


def test_what_is_wrong_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    honest(monkeypatch)
    assert main(["demo", "--credentials", str(COUNT)]) == 1
    out = capsys.readouterr().out
    assert "  FAILED 0 of 3 times the lying authority 2 was named" in out
    assert out.endswith("Some checks failed: see the lines with FAILED.\n")
