"""Key, credential and message files: JSON, the secret ones encrypted and for their owner only.

A public file is {"format", "type", "data"}, with the encoding in hexadecimal. A secret one has the
encoding under a passphrase in its place: scrypt makes the key of ChaCha20-Poly1305, which also
covers the rest of the file.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from credentials import _random
from credentials.blinded_share import BlindedShare
from credentials.credential import Credential
from credentials.errors import (
    ArgumentError,
    ArgumentTypeError,
    DecodeError,
    PassphraseError,
    SuiteError,
)
from credentials.keys import SigningKeyShare, VerificationKey, VerificationKeyShare
from credentials.presentation import BatchablePresentation, Presentation
from credentials.request import CredentialRequest, RequestState

__all__ = ["FORMAT", "file_type", "load", "save"]

FORMAT = "sphinxcore-credentials-v1"
"""The member `format` of every file."""

_PUBLIC: dict[type, str] = {
    VerificationKey: "verification-key",
    VerificationKeyShare: "verification-key-share",
    CredentialRequest: "request",
    BlindedShare: "blinded-share",
    Presentation: "presentation",
    BatchablePresentation: "batchable-presentation",
}
_SECRET: dict[type, str] = {
    SigningKeyShare: "signing-key-share",
    RequestState: "request-state",
    Credential: "credential",
}
_TYPES = {**_PUBLIC, **_SECRET}

_LARGEST = 1 << 24
_SCRYPT = {"n": 1 << 17, "r": 8, "p": 1}
"""About 0.4 s and 128 MiB: what is recommended for files."""
_SALT_SIZE = 16
_NONCE_SIZE = 12
_CIPHER_KEY_SIZE = 32

T = TypeVar("T")


def save(path: str | os.PathLike[str], thing: Any, passphrase: str | None = None) -> None:
    """Write a new file; secrets need a passphrase. Raises FileExistsError if there is one."""
    kind = _TYPES.get(type(thing))
    if kind is None:
        raise ArgumentTypeError(f"there is no file form of {type(thing).__name__}")
    document: dict[str, Any] = {"format": FORMAT, "type": kind}
    if type(thing) in _SECRET:
        # A credential's own bytes do not have its attributes.
        extra = thing.attribute_bytes() if isinstance(thing, Credential) else b""
        _encrypt(document, thing.to_bytes() + extra, _checked_passphrase(passphrase))
        mode = 0o600
    elif passphrase is not None:
        raise ArgumentError(f"a {kind} is public: it is not encrypted")
    else:
        document["data"] = thing.to_bytes().hex()
        mode = 0o644
    _write(Path(path), json.dumps(document, indent=2).encode() + b"\n", mode)


def load(
    path: str | os.PathLike[str], kind: type[T], key: Any = None, passphrase: str | None = None
) -> T:
    """Read a file of this type.

    Args:
        kind: such as CredentialRequest.
        key: what its from_bytes() takes as second argument: the key, the parameters of a
            VerificationKeyShare, the backend of a VerificationKey.

    Raises CredentialError: DecodeError if this is no such file, PassphraseError.
    """
    name = _TYPES.get(kind)
    if name is None:
        raise ArgumentTypeError(f"there is no file form of {kind.__name__}")
    document = _read(Path(path))
    if document.get("type") != name:
        raise SuiteError(f"{path} has a {document.get('type')}, not a {name}")
    if kind not in _SECRET:
        _expect(document, {"format", "type", "data"}, path)
        raw = _hex(document["data"], path)
    else:
        raw = _decrypt(document, _checked_passphrase(passphrase), path)
    found: T = _decode(kind, raw, key)
    return found


def file_type(path: str | os.PathLike[str]) -> str:
    """What a file holds, such as "request", without decoding it."""
    name = _read(Path(path)).get("type")
    if name not in _TYPES.values():
        raise SuiteError(f"{path} has an unknown type")
    return str(name)


def _decode(kind: Any, raw: bytes, key: Any) -> Any:
    if kind is not Credential:
        return kind.from_bytes(raw, key)
    size = Credential.SIZE
    return Credential.from_bytes(raw[:size], key, raw[size:])


def _checked_passphrase(passphrase: Any) -> bytes:
    if type(passphrase) is not str:
        raise ArgumentTypeError("a secret file needs a passphrase, a str")
    if not passphrase:
        raise ArgumentError("the passphrase is empty")
    try:
        return passphrase.encode()
    except UnicodeEncodeError:
        raise ArgumentError(
            "the passphrase has a lone surrogate, which UTF-8 cannot hold"
        ) from None


def _cipher(passphrase: bytes, salt: bytes) -> ChaCha20Poly1305:
    scrypt = Scrypt(salt=salt, length=_CIPHER_KEY_SIZE, **_SCRYPT)
    return ChaCha20Poly1305(scrypt.derive(passphrase))


def _covered(document: Mapping[str, Any]) -> bytes:
    """What the tag covers beside the secret: all other fields."""
    rest = {name: value for name, value in document.items() if name != "data"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()


def _encrypt(document: dict[str, Any], secret: bytes, passphrase: bytes) -> None:
    salt = _random.random_bytes(_SALT_SIZE)
    nonce = _random.random_bytes(_NONCE_SIZE)
    document["kdf"] = {"name": "scrypt", **_SCRYPT, "salt": salt.hex()}
    document["cipher"] = {"name": "chacha20-poly1305", "nonce": nonce.hex()}
    sealed = _cipher(passphrase, salt).encrypt(nonce, secret, _covered(document))
    document["data"] = sealed.hex()


def _decrypt(document: Mapping[str, Any], passphrase: bytes, path: Any) -> bytes:
    _expect(document, {"format", "type", "kdf", "cipher", "data"}, path)
    kdf, cipher = document["kdf"], document["cipher"]
    if not isinstance(kdf, dict) or not isinstance(cipher, dict):
        raise DecodeError(f"{path} has no valid kdf and cipher")
    salt, nonce = _hex(kdf.get("salt"), path), _hex(cipher.get("nonce"), path)
    # Only what save() writes: a file that names its own costs could ask for any memory.
    if kdf != {"name": "scrypt", **_SCRYPT, "salt": salt.hex()} or len(salt) != _SALT_SIZE:
        raise DecodeError(f"{path} has another kdf than scrypt with {_SCRYPT}")
    known = {"name": "chacha20-poly1305", "nonce": nonce.hex()}
    if cipher != known or len(nonce) != _NONCE_SIZE:
        raise DecodeError(f"{path} has another cipher than chacha20-poly1305")
    data = _hex(document["data"], path)
    try:
        return _cipher(passphrase, salt).decrypt(nonce, data, _covered(document))
    except InvalidTag:
        raise PassphraseError(f"{path}: the passphrase is wrong, or the file was changed") from None


def _expect(document: Mapping[str, Any], fields: set[str], path: Any) -> None:
    if document.keys() != fields:
        raise DecodeError(f"{path} must have the fields {', '.join(sorted(fields))}")


def _hex(text: Any, path: Any) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except (TypeError, ValueError):
        raise DecodeError(f"{path} has a field that is not hexadecimal") from None
    if raw.hex() != text:
        raise DecodeError(f"{path} has a field that is not plain lower-case hexadecimal")
    return raw


def _read(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise DecodeError(f"{path} is larger than {_LARGEST} bytes")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise DecodeError(f"{path} is not a JSON file") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise SuiteError(f"{path} is not a {FORMAT} file")
    return document


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        path.unlink()  # half a key must not look like one
        raise
