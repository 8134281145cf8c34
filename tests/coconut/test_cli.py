"""The command line on files: from keys to verified claims, and errors of one line."""

import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import credentials as cr
import sphinxcore as sx
from credentials import files
from credentials.cli import main
from credentials.cli.options import PASSPHRASE_VARIABLE

PASSPHRASE = "correct horse"
ISSUE_CONTEXT = "ab" * 32
RUN = [sys.executable, "-P", "-c", "import sys; from credentials.cli import main; sys.exit(main())"]
COMMANDS = ("keygen", "request", "sign", "aggregate", "present", "verify", "inspect", "demo")


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(files._SCRYPT, "n", 1 << 4)


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)


class Folder:
    """A folder in which commands run."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capsys = capsys

    def run(self, *arguments: str) -> str:
        """What a command prints; nothing on standard error."""
        code = main(arguments)
        out, err = self._capsys.readouterr()
        assert (code, err) == (0, "")
        return out

    def refused(self, *arguments: str) -> str:
        """The one line of a command that must fail, without the command's name."""
        before = self.names()
        assert main(arguments) == 2
        out, err = self._capsys.readouterr()
        assert out == ""
        assert err.startswith("credentials: ")
        assert err.count("\n") == 1 and err.endswith("\n")
        assert self.names() == before
        return err.removeprefix("credentials: ").rstrip("\n")

    def names(self) -> set[str]:
        return {path.relative_to(self.path).as_posix() for path in self.path.rglob("*")}

    def change(self, name: str, **members: Any) -> None:
        """Change members of a file's document."""
        path = self.path / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **members}))

    def edit(self, name: str, edit: Callable[[bytearray], None]) -> None:
        """Change the encoding in a public file."""
        raw = bytearray.fromhex(json.loads((self.path / name).read_text())["data"])
        edit(raw)
        self.change(name, data=raw.hex())


KEYGEN = ["--attributes", "4", "--domain", "tests", "--nullifier", "1", "--threshold", "2"]
KEY = ["--key", "keys/key.json"]
ATTRIBUTES = {"hidden": {"2": {"hex": "00ff"}}, "disclosed": {"3": "2026-11", "4": 2**100}}
REQUEST = ["request", *KEY, "--attributes", "a.json", "--issue-context", ISSUE_CONTEXT]
REQUEST += ["--state", "state.json", "--out", "request.json"]
KEY_SHARES = [part for i in (1, 2, 3) for part in ("--key-share", f"keys/key-share-{i}.json")]
AGGREGATE = ["aggregate", *KEY, *KEY_SHARES, "--state", "state.json", "--out", "credential.json"]
PRESENT = ["present", *KEY, "--credential", "credential.json", "--disclose", "3"]
VERIFY = ["verify", *KEY, "--context", "gate|1"]


def sign(i: int, out: str | None = None) -> list[str]:
    return [
        *("sign", *KEY, "--share", f"keys/signing-{i}.json", "--issue-context", ISSUE_CONTEXT),
        *("--out", out or f"blinded-{i}.json", "request.json"),
    ]


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Folder:
    """With keys of 2 of 3 authorities and attributes."""
    monkeypatch.chdir(tmp_path)
    here = Folder(tmp_path, capsys)
    here.run("keygen", *KEYGEN, "--authorities", "3", "--out", "keys")
    (tmp_path / "a.json").write_text(json.dumps(ATTRIBUTES))
    return here


@pytest.fixture
def wallet(folder: Folder) -> Folder:
    """With a credential."""
    folder.run(*REQUEST)
    for i in (1, 3):
        folder.run(*sign(i))
    folder.run(*AGGREGATE, "blinded-1.json", "blinded-3.json")
    return folder


@pytest.mark.parametrize("batchable", [[], ["--batchable"]])
@pytest.mark.parametrize("scope", [[], ["--scope", "today"]])
def test_from_keys_to_claims(wallet: Folder, batchable: list[str], scope: list[str]) -> None:
    wallet.run(*PRESENT, "--context", "gate|1", *scope, *batchable, "--out", "shown.json")
    claims = json.loads(wallet.run(*VERIFY, *scope, "shown.json"))
    assert claims.keys() == {"claims", "nullifier", "challenge"}
    assert claims["claims"] == {"3": "2026-11"}
    assert (claims["nullifier"] is None) == (not scope)
    assert len(claims["challenge"]) == 64


def test_secret_files_are_private_and_encrypted(wallet: Folder) -> None:
    key = files.load("keys/key.json", cr.VerificationKey)
    secret: dict[str, Any] = {
        "keys/signing-1.json": cr.SigningKeyShare,
        "state.json": cr.RequestState,
        "credential.json": cr.Credential,
    }
    for name, kind in secret.items():
        thing = files.load(name, kind, key, PASSPHRASE)
        assert thing._secret.hex()[:32] not in (wallet.path / name).read_text()
        if os.name == "posix":
            assert stat.S_IMODE((wallet.path / name).stat().st_mode) == 0o600
        shown = json.loads(wallet.run("inspect", name))
        assert shown == {"type": files.file_type(name), "encrypted": True}


def test_values_come_back_with_their_types(wallet: Folder) -> None:
    wallet.run(
        *PRESENT, "--disclose", "2", "--disclose", "4", "--context", "gate|1", "--out", "s.json"
    )
    claims = json.loads(wallet.run(*VERIFY, "s.json"))["claims"]
    assert claims == {**ATTRIBUTES["hidden"], **ATTRIBUTES["disclosed"]}


def test_inspect(wallet: Folder) -> None:
    wallet.run(*PRESENT, "--context", "gate|1", "--scope", "today", "--out", "shown.json")
    key = json.loads(wallet.run("inspect", "keys/key.json"))
    assert key["type"] == "verification-key"
    assert key["kinds"] == ["scalar", "any", "any", "any"]
    assert key["nullifier"] == 1
    assert bytes.fromhex(key["domain"]) == b"tests"
    request = json.loads(wallet.run("inspect", *KEY, "request.json"))
    assert request["issue_context"] == ISSUE_CONTEXT
    assert request["disclosed"] == ATTRIBUTES["disclosed"]
    assert request["key"] == key["digest"]
    share = json.loads(wallet.run("inspect", *KEY, "keys/key-share-2.json"))
    assert (share["id"], share["threshold"], share["authorities"]) == (2, 2, 3)
    blinded = json.loads(wallet.run("inspect", *KEY, "blinded-3.json"))
    assert (blinded["id"], blinded["request"]) == (3, request["digest"])
    shown = json.loads(wallet.run("inspect", *KEY, "shown.json"))
    assert shown["not_verified"] == {"3": "2026-11"}
    assert len(shown["nullifier"]) == 96
    for name in ("request.json", "keys/key-share-2.json", "blinded-3.json", "shown.json"):
        assert "needs --key" in wallet.refused("inspect", name)


def test_keygen_prints_the_digest(folder: Folder) -> None:
    out = folder.run("keygen", *KEYGEN, "--authorities", "2", "--key-epoch", "9", "--out", "other")
    key = files.load("other/key.json", cr.VerificationKey)
    assert (out, key.key_epoch) == (key.digest.hex() + "\n", 9)
    assert len(folder.names()) == len({"a.json", "keys", "other"}) + 1 + 2 * 3 + 1 + 2 * 2
    if os.name == "posix":
        assert stat.S_IMODE((folder.path / "other").stat().st_mode) == 0o700


def test_kinds(folder: Folder) -> None:
    folder.run(
        *("keygen", "--attributes", "text,integer,bytes,any", "--domain", "d"),
        *("--threshold", "1", "--authorities", "1", "--out", "typed"),
    )
    assert json.loads(folder.run("inspect", "typed/key.json"))["kinds"] == [
        "text",
        "integer",
        "bytes",
        "any",
    ]


def test_an_authority_that_lies_is_named(wallet: Folder) -> None:
    wallet.run(*sign(2))
    good = json.loads((wallet.path / "blinded-3.json").read_text())["data"]
    data = json.loads((wallet.path / "blinded-2.json").read_text())["data"]
    wallet.change("blinded-2.json", data=data[:-96] + good[-96:])
    (wallet.path / "credential.json").unlink()
    reason = wallet.refused(*AGGREGATE, "blinded-1.json", "blinded-2.json", "blinded-3.json")
    assert reason == "the shares of [2] are wrong"


def test_refusals(wallet: Folder) -> None:
    wallet.run(*PRESENT, "--context", "gate|1", "--out", "plain.json")
    wallet.run(*PRESENT, "--context", "gate|1", "--scope", "today", "--out", "scoped.json")
    assert "does not verify" in wallet.refused("verify", *KEY, "--context", "gate|2", "plain.json")
    assert "one is required" in wallet.refused(*VERIFY, "--scope", "today", "plain.json")
    assert "no scope was given" in wallet.refused(*VERIFY, "scoped.json")
    assert "does not verify" in wallet.refused(*VERIFY, "--scope", "now", "scoped.json")

    def flip(raw: bytearray) -> None:
        raw[-1] ^= 1

    wallet.edit("plain.json", flip)
    assert "does not verify" in wallet.refused(*VERIFY, "plain.json")
    wallet.edit("request.json", flip)
    assert "does not verify" in wallet.refused(*sign(2))
    assert "does not verify" in wallet.refused("inspect", *KEY, "request.json")
    assert "the nullifier" in wallet.refused(
        *PRESENT, "--disclose", "1", "--context", "x", "--out", "x.json"
    )
    wallet.run("keygen", *KEYGEN, "--authorities", "3", "--out", "other")
    assert "is for the key" in wallet.refused(
        "verify", "--key", "other/key.json", "--context", "gate|1", "scoped.json"
    )


def test_another_issue_context_is_not_signed(folder: Folder) -> None:
    folder.run(*REQUEST)
    arguments = sign(1)
    arguments[arguments.index(ISSUE_CONTEXT)] = "cd" * 32
    assert "has the issue context abab" in folder.refused(*arguments)


def test_nothing_is_overwritten(wallet: Folder) -> None:
    before = {name: (wallet.path / name).stat().st_mtime_ns for name in wallet.names()}
    answers = ["blinded-1.json", "blinded-3.json"]
    for arguments, name in (
        (["keygen", *KEYGEN, "--authorities", "3", "--out", "keys"], "keys"),
        (REQUEST, "state.json"),
        (sign(1), "blinded-1.json"),
        ([*AGGREGATE, *answers], "credential.json"),
        ([*PRESENT, "--context", "x", "--out", "a.json"], "a.json"),
    ):
        assert wallet.refused(*arguments) == f"{name} exists: nothing is overwritten"
    assert before == {name: (wallet.path / name).stat().st_mtime_ns for name in wallet.names()}


def test_keygen_leaves_no_half_keys(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    save, left = files.save, [4]

    def full(*arguments: Any) -> None:
        left[0] -= 1
        if not left[0]:
            raise OSError(28, "No space left on device")
        save(*arguments)

    monkeypatch.setattr(files, "save", full)
    arguments = ["keygen", *KEYGEN, "--authorities", "3", "--out", "other"]
    assert folder.refused(*arguments) == "No space left on device"
    assert left == [0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"hidden": {"2": "a"}, "hidden": {"2": "b"}, "disclosed": {}}', "names something twice"),
        ('{"hidden": {"2": "a", "2": "b"}, "disclosed": {}}', "names something twice"),
        ("[]", 'must have "hidden" and "disclosed"'),
        ('{"hidden": {}}', 'must have "hidden" and "disclosed"'),
        ('{"hidden": [], "disclosed": {}}', "must be objects"),
        ('{"hidden": {"two": 1}, "disclosed": {}}', "is not the index"),
        ('{"hidden": {"02": 1}, "disclosed": {}}', "is not the index"),
        ('{"hidden": {"\\u0662": 1}, "disclosed": {}}', "is not the index"),
        ('{"hidden": {"2": {"hex": "0"}}, "disclosed": {}}', "bytes are written as"),
        ('{"hidden": {"2": {"base64": "aa"}}, "disclosed": {}}', "bytes are written as"),
        ('{"hidden": {"2": true}, "disclosed": {"3": 1, "4": 1}}', "not bool"),
        ('{"hidden": {"2": 1.5}, "disclosed": {"3": 1, "4": 1}}', "not float"),
        ('{"hidden": {"2": null}, "disclosed": {"3": 1, "4": 1}}', "not NoneType"),
        ('{"hidden": {"2": -1}, "disclosed": {"3": 1, "4": 1}}', "must be in [0, 2^128)"),
        ('{"hidden": {"2": "\\ud800"}, "disclosed": {"3": 1, "4": 1}}', "a lone surrogate"),
        ('{"hidden": {"2": 1}, "disclosed": {"3": 1}}', "attributes [4] are missing"),
        ('{"hidden": {"1": 1}, "disclosed": {"2": 1, "3": 1, "4": 1}}', "is the nullifier"),
        ('{"hidden": {"5": 1}, "disclosed": {}}', "must be in 1..4"),
    ],
)
def test_other_attributes(folder: Folder, content: str, reason: str) -> None:
    (folder.path / "a.json").write_text(content)
    assert reason in folder.refused(*REQUEST)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["bogus"], "No such command 'bogus'."),
        (["verify", "--bogus"], "No such option '--bogus'."),
        (["verify", "x"], "Missing option '--key'."),
        (["keygen", "--attributes", "65"], "1..64 was expected, or kinds"),
        (["keygen", "--attributes", "scalar"], "1..64 was expected, or kinds"),
        (["keygen", "--attributes", "\u0662"], "1..64 was expected, or kinds"),
        (["keygen", "--threshold", "0"], "0 is not in the range"),
        (["keygen", *KEYGEN, "--authorities", "1", "--out", "new"], "threshold must be in 1..1"),
        (["request", "--issue-context", "ab"], "64 hexadecimal digits were expected"),
        (["request", "--issue-context", "xy" * 32], "64 hexadecimal digits were expected"),
        (["verify", "--context", "\udcff"], "it is not UTF-8"),
        (["demo", "--credentials", "0"], "0 is not in the range"),
        (["demo", "--backend", "mmx"], "there is no backend 'mmx'"),
        (["inspect", "none.json"], "none.json: No such file or directory"),
        (["inspect", "."], ".: Is a directory"),
        (["inspect", "a.json"], "a.json is not a sphinxcore-credentials-v1 file"),
        ([*VERIFY, "keys/key.json"], "has a verification-key, not a presentation"),
        (["verify", "--key", "keys/key-share-1.json", "--context", "x", "a.json"], "not a verif"),
        ([*VERIFY[:3], "--context", "", "keys/key.json"], "has a verification-key"),
    ],
)
def test_wrong_usage_is_one_line(folder: Folder, arguments: list[str], reason: str) -> None:
    assert reason in folder.refused(*arguments)


def test_files_of_strangers_do_not_control_the_terminal(folder: Folder) -> None:
    (folder.path / "a.json").write_text(
        json.dumps({"format": files.FORMAT, "type": "\x1b[2J\r\u202e", "data": ""})
    )
    reason = folder.refused(*VERIFY, "a.json")
    assert "unknown type" in reason or "?[2J" in reason
    assert reason.isprintable()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    places = [out.index(f"\n  {command} ") for command in COMMANDS]
    assert places == sorted(places)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"credentials {cr.__version__}\n"
    assert cr.__version__ == sx.__version__


@pytest.mark.parametrize("package", ["click", "rich"])
def test_missing_extra_says_how_to_install_it(package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; {RUN[-1]}"
    ended = subprocess.run([*RUN[:-1], code, "demo"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"credentials: the command line needs {package}, which is not installed: "
        'pip install "sphinxcore[cli,credentials]"\n'
    )


def test_nothing_of_sphinxcore_is_imported() -> None:
    code = f"import sys; sys.modules['sphinxcore'] = None; {RUN[-1]}"
    ended = subprocess.run([*RUN[:-1], code, "-h"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


# Passphrases


def test_wrong_passphrase(wallet: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "other")
    reason = wallet.refused(*PRESENT, "--context", "x", "--out", "x.json")
    assert reason == "credential.json: the passphrase is wrong, or the file was changed"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_passphrase_of_a_file(wallet: Folder, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "other")
    (wallet.path / "p").write_bytes((PASSPHRASE + ending).encode())
    wallet.run(*PRESENT, "--context", "x", "--passphrase-file", "p", "--out", "x.json")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the passphrase is empty"),
        (b"\n", "the passphrase is empty"),
        (b"\xff", "the passphrase is not UTF-8"),
        (b"x" * 5000, "longer than 4096 bytes"),
        (b"correct horse\n\n", "the passphrase is wrong"),
    ],
)
def test_other_passphrase_files(wallet: Folder, content: bytes, reason: str) -> None:
    (wallet.path / "p").write_bytes(content)
    arguments = [*PRESENT, "--context", "x", "--passphrase-file", "p", "--out", "x.json"]
    assert reason in wallet.refused(*arguments)


def test_no_passphrase_and_no_terminal(wallet: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    reason = wallet.refused(*PRESENT, "--context", "x", "--out", "x.json")
    assert reason.startswith("a passphrase is needed")


@pytest.mark.parametrize(("second", "code"), [(b"secret\n", 0), (b"typo\n", None)])
def test_passphrase_is_asked_for_twice_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: bytes, code: int | None
) -> None:
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    arguments = ["--attributes", "1", "--domain", "d", "--threshold", "1", "--authorities", "1"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*RUN, "keygen", *arguments, "--out", str(tmp_path / "keys")],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        for prompt, answer in ((b"Passphrase:", b"secret\n"), (b"confirmation:", second)):
            while prompt not in shown.rpartition(b"secret")[2]:
                shown += os.read(ours, 1000)
            os.write(ours, answer)
        if code is None:  # it asks again
            while b"do not match" not in shown:
                shown += os.read(ours, 1000)
            assert not list(tmp_path.glob("keys/signing*"))
        else:
            assert process.wait(20) == code
            key = files.load(tmp_path / "keys/key.json", cr.VerificationKey)
            monkeypatch.setitem(files._SCRYPT, "n", 1 << 17)
            path = tmp_path / "keys/signing-1.json"
            assert files.load(path, cr.SigningKeyShare, key, "secret").id == 1
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"secret" not in shown and b"typo" not in shown


# The reader of the output


def test_reader_that_goes_away() -> None:
    process = subprocess.Popen(
        [*RUN, "demo", "--credentials", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(20) == 141
    process.stderr.close()


def test_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cr, "Parameters", interrupt)
    assert main(["demo"]) == 130
