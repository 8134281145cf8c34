"""Private key files."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

import sphinxcore as sx


def test_no_half_key_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        sx.write_key(tmp_path / "own.key", sx.PrivateKey.generate())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [Path, str])
def test_round_trip(kind: Any, tmp_path: Path) -> None:
    key = sx.PrivateKey.generate()
    path = kind(tmp_path / "own.key")
    sx.write_key(path, key)
    assert sx.read_key(path) == key
    if os.name == "posix":
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with pytest.raises(FileExistsError):
        sx.write_key(path, sx.PrivateKey.generate())
    assert sx.read_key(path) == key


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_files_may_end_as_editors_end_them(ending: str, tmp_path: Path) -> None:
    path = tmp_path / "own.key"
    path.write_bytes(("Ab" * 32 + ending).encode())
    assert sx.read_key(path).to_bytes() == b"\xab" * 32


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        bytes(32),
        b"ab" * 31,
        b"ab" * 32 + b"a",
        b"ab" * 33,
        b"ab" * 32 + b"\n\n",
        b" " + b"ab" * 32,
        b"xy" * 32,
        b"-----BEGIN PRIVATE KEY-----\n" + b"ab" * 32,
    ],
)
def test_other_files_are_no_keys(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "own.key"
    path.write_bytes(content)
    with pytest.raises(sx.SphinxError, match="64 hexadecimal digits") as caught:
        sx.read_key(path)
    assert "ab" * 31 not in str(caught.value)


def test_only_a_private_key_is_written(tmp_path: Path) -> None:
    wrong: Any = sx.PrivateKey.generate().public_key
    with pytest.raises(TypeError, match="key must be PrivateKey, not PublicKey"):
        sx.write_key(tmp_path / "own.key", wrong)
    assert list(tmp_path.iterdir()) == []
