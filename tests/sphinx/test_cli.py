"""The command line but for process and demo: errors, info, keygen."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import sphinxcore as sx
from sphinxcore import _backends
from sphinxcore.cli import machine, main

RUN = [sys.executable, "-P", "-c", "import sys; from sphinxcore.cli import main; sys.exit(main())"]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail: its one line on standard error, without the name."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sphinxcore: ")
    assert err.count("\n") == 1 and err.endswith("\n")
    return err.removeprefix("sphinxcore: ").rstrip("\n")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    for command in ("bench", "demo", "info", "keygen", "process"):
        assert f"\n  {command} " in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"sphinxcore {sx.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["bogus"], "No such command 'bogus'."),
        (["info", "--bogus"], "No such option '--bogus'."),
        (["info", "x"], "Got unexpected extra argument (x)"),
        (["process", "--packet-size", "400"], "Missing option '--key'."),
        (["demo", "--packets", "many"], "'many' is not a valid integer range"),
        (["demo", "--packets", "0"], "0 is not in the range"),
        (["demo", "--threads", "0"], "0 is not in the range"),
        (["demo", "--backend", "mmx"], "there is no backend 'mmx'; choose one of avx512, avx2"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason in refused(capsys, *arguments)


@pytest.mark.parametrize("command", ["info", "demo", "keygen"])
def test_unknown_backend_in_the_environment_is_one_line(
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(_backends.VARIABLE, "mmx")
    assert refused(capsys, command).startswith("SPHINXCORE_BACKEND='mmx': there is no backend")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", ["click", "rich"])
def test_missing_extra_says_how_to_install_it(package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; {RUN[-1]}"
    ended = subprocess.run([*RUN[:-1], code, "info"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"sphinxcore: the command line needs {package}, which is not installed: "
        'pip install "sphinxcore[cli]"\n'
    )


def test_another_missing_module_is_a_bug_and_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sphinxcore.cli.run", raising=False)
    monkeypatch.setitem(sys.modules, "sphinxcore.cli.demo", None)
    with pytest.raises(ModuleNotFoundError):
        main(["info"])


def test_info_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    facts = json.loads(out)
    assert facts["version"] == sx.__version__
    assert facts["cpu"]["model"] and facts["cpu"]["count"] >= 1
    assert facts["native_module"] is machine.native_is_built()
    assert (facts["cpu"]["features"] is not None) is facts["native_module"]
    assert [backend["name"] for backend in facts["backends"]] == list(_backends.NAMES)
    for backend in facts["backends"]:
        if backend["available"]:
            there = sx.backend(backend["name"])
            assert backend["lanes"] == there.lanes
            assert backend["kernels"] == dict(there.kernels)
        else:
            assert backend["reason"] == sx.missing_backends()[backend["name"]]
    assert facts["default_backend"] == _backends.pick(None).name


def test_info_shows_what_the_json_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert machine.cpu_model() in out
    assert out.count("used by default") == 1
    for reason in sx.missing_backends().values():
        assert f"missing: {reason}" in out


def test_info_without_the_native_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "native_is_built", lambda: False)
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert "features    unknown: the native module reads them, and it was not built" in out
    assert "native      not built" in out


def test_keygen_writes_a_private_file_and_prints_the_public_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.key"
    assert main(["keygen", "--out", str(path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    content = path.read_text()
    assert len(content) == 65 and content.endswith("\n")
    key = sx.read_key(path)
    assert key.to_bytes() == bytes.fromhex(content)
    assert out == key.public_key.to_bytes().hex() + "\n"
    assert content.strip() not in out
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keygen_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.key"
    path.write_text("precious")
    assert refused(capsys, "keygen", "--out", str(path)) == (
        f"{path} exists: keys are never overwritten"
    )
    assert path.read_text() == "precious"


def test_keygen_into_no_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none" / "own.key"
    assert refused(capsys, "keygen", "--out", str(path)) == f"{path}: No such file or directory"
