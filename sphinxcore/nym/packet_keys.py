"""Keys of the encryption inside a data packet: AES-128 keys from X25519 secrets.

HKDF (RFC 5869) over HMAC-BLAKE3, without salt and info, as the crate nym-crypto 2.0.0 has it.
"""

import numpy as np
from blake3 import blake3

from sphinxcore._checks import Bytes

KEY_SIZE = 16
_BLOCK_SIZE = 64
_INNER = int.from_bytes(b"\x36" * _BLOCK_SIZE)
_OUTER = int.from_bytes(b"\x5c" * _BLOCK_SIZE)
_NO_SALT = bytes(_BLOCK_SIZE)
_FIRST = b"\1"
"""The number of HKDF-Expand's only block."""


def packet_keys(shared: Bytes) -> Bytes:
    """(n, 16) keys from (n, 32) X25519 results; the caller wipes both.

    A result of zero, from a point of low order, gives a key that everybody knows.
    """
    keys = np.empty((len(shared), KEY_SIZE), np.uint8)
    for key, secret in zip(keys, shared, strict=True):
        extracted = _hmac(_NO_SALT, secret.tobytes())
        expanded = _hmac(extracted.ljust(_BLOCK_SIZE, b"\0"), _FIRST)
        key[:] = np.frombuffer(expanded, np.uint8, KEY_SIZE)
    return keys


def _hmac(key: bytes, data: bytes) -> bytes:
    """HMAC (RFC 2104) with a key of one block, and BLAKE3 as its hash."""
    number = int.from_bytes(key)  # no table is read at an address that the key decides
    inner = blake3((number ^ _INNER).to_bytes(_BLOCK_SIZE) + data).digest()
    return blake3((number ^ _OUTER).to_bytes(_BLOCK_SIZE) + inner).digest()
