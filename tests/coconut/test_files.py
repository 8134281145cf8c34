"""Files: round trips, permissions, passphrases, and damaged ones."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

import credentials as cr
from credentials import files

PASSPHRASE = "correct horse"


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(files._SCRYPT, "n", 1 << 4)


@pytest.fixture
def things(
    dealt: cr.DealtKeys,
    issued: tuple[cr.CredentialRequest, cr.RequestState],
    blinded: dict[int, cr.BlindedShare],
    credential: cr.Credential,
) -> list[tuple[Any, Any]]:
    """Everything that has a file form, with what load() needs beside its type."""
    key = dealt.verification_key
    return [
        (key, None),
        (dealt.key_shares[1], key.parameters),
        (dealt.shares[1], key),
        (issued[0], key),
        (issued[1], key),
        (blinded[1], key),
        (credential, key),
        (cr.present(credential, key, [3], b"x"), key),
        (cr.present(credential, key, [3], b"x", b"y", batchable=True), key),
    ]


SECRETS = (cr.SigningKeyShare, cr.RequestState, cr.Credential)


def test_round_trip(tmp_path: Path, things: list[tuple[Any, Any]]) -> None:
    for i, (thing, key) in enumerate(things):
        path = tmp_path / str(i)
        passphrase = PASSPHRASE if isinstance(thing, SECRETS) else None
        files.save(path, thing, passphrase)
        assert files.load(path, type(thing), key, passphrase) == thing
        mode = stat.S_IMODE(path.stat().st_mode)
        if passphrase:
            assert mode == 0o600
            assert thing._secret.hex()[:32] not in path.read_text()
        with pytest.raises(FileExistsError):
            files.save(path, thing, passphrase)
    assert {type(thing) for thing, _ in things} == set(files._TYPES)


def test_mode_ignores_the_umask(tmp_path: Path, dealt: cr.DealtKeys) -> None:
    before = os.umask(0)
    try:
        files.save(tmp_path / "share", dealt.shares[1], PASSPHRASE)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "share").stat().st_mode) == 0o600


def test_secrets_need_a_passphrase(tmp_path: Path, dealt: cr.DealtKeys) -> None:
    for wrong in (None, "", b"bytes"):
        with pytest.raises(cr.CredentialError):
            files.save(tmp_path / "share", dealt.shares[1], wrong)  # type: ignore[arg-type]
    with pytest.raises(cr.ArgumentError):
        files.save(tmp_path / "key", dealt.verification_key, PASSPHRASE)
    assert not list(tmp_path.iterdir())


def test_wrong_passphrase(tmp_path: Path, dealt: cr.DealtKeys) -> None:
    path = tmp_path / "share"
    files.save(path, dealt.shares[1], PASSPHRASE)
    with pytest.raises(cr.PassphraseError):
        files.load(path, cr.SigningKeyShare, dealt.verification_key, PASSPHRASE + " ")


def test_wrong_type(tmp_path: Path, dealt: cr.DealtKeys) -> None:
    path = tmp_path / "key"
    files.save(path, dealt.verification_key)
    assert files.file_type(path) == "verification-key"
    with pytest.raises(cr.SuiteError):
        files.load(path, cr.CredentialRequest, dealt.verification_key)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"type": "request-state"},
        {"data": "zz"},
        {"data": "00"},
        {"kdf": None},
        {"kdf": {"name": "scrypt", "n": 1 << 30, "r": 8, "p": 1, "salt": "00" * 16}},
        {"cipher": {"name": "none", "nonce": "00" * 12}},
        {"cipher": {"name": "chacha20-poly1305", "nonce": "00" * 12}},
        {"more": 1},
    ],
)
def test_damaged_secret_files(
    tmp_path: Path, dealt: cr.DealtKeys, change: dict[str, object]
) -> None:
    path = tmp_path / "share"
    files.save(path, dealt.shares[1], PASSPHRASE)
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **change}))
    with pytest.raises(cr.CredentialError):
        files.load(path, cr.SigningKeyShare, dealt.verification_key, PASSPHRASE)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100000])
def test_other_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(cr.CredentialError):
        files.load(path, cr.VerificationKey)
