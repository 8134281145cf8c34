"""Private key files: 64 hexadecimal digits and a newline, in the clear."""

import os
import re
from pathlib import Path

from sphinxcore._checks import instance, path_text
from sphinxcore.errors import SphinxError
from sphinxcore.keys import PrivateKey

_CONTENT = re.compile(rb"([0-9a-fA-F]{64})\r?\n?")
_LONGEST = 66


def write_key(path: str | Path, key: PrivateKey) -> None:
    """Write a new file that only its owner can read. Raises FileExistsError if there is one."""
    instance(key, PrivateKey, "key")
    descriptor = os.open(path_text(path, "path"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(key.to_bytes().hex().encode() + b"\n")
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        os.unlink(path)  # half a key must not look like one
        raise


def read_key(path: str | Path) -> PrivateKey:
    """The key in a file. Raises SphinxError, without the content, if it is no key file."""
    with open(path_text(path, "path"), "rb") as file:
        content = file.read(_LONGEST + 1)
    match = _CONTENT.fullmatch(content)
    if match is None:
        raise SphinxError(
            f"{path} is not a private key file: 64 hexadecimal digits and a newline were expected"
        )
    return PrivateKey.from_bytes(bytes.fromhex(match[1].decode()))
