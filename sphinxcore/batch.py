"""Batched primitives: one operation on many rows at a time.

Every argument that has rows is (n, size) uint8, or one row for all: bytes, or a 1-D uint8 array.
At least one must have rows; the result is a new (n, size) uint8 array. `backend` is a name
from available_backends(), None: SPHINXCORE_BACKEND, else the best. Wrong sizes raise
SphinxError, wrong types TypeError.
"""

from typing import Any

import numpy as np

from sphinxcore._backends import pick
from sphinxcore._checks import Bytes, any_bytes, integer
from sphinxcore.errors import SphinxError
from sphinxcore.formats.wire_format import LIONESS_KEY_SIZE

"""Bytes of a LIONESS key."""
LIONESS_MINIMUM_SIZE = 33
"""Bytes of the shortest block that LIONESS encrypts: a left half of 32, and one more."""
_HKDF_LIMIT = 255 * 32
_CHACHA20_BLOCK = 64


def _rows(**arguments: tuple[Any, int | None]) -> list[Bytes]:
    """Arguments, each with its row size (None: any), as (n, size) arrays with the same n."""
    arrays = {}
    for name, (value, size) in arguments.items():
        array = value if isinstance(value, np.ndarray) else _row(value, name)
        if array.dtype != np.uint8:
            raise TypeError(f"{name} must be an array of uint8, not of {array.dtype}")
        if array.ndim not in (1, 2):
            raise SphinxError(f"{name} must have 1 or 2 dimensions, not {array.ndim}")
        if size is not None and array.shape[-1] != size:
            raise SphinxError(f"{name} must have rows of {size} bytes, not {array.shape[-1]}")
        arrays[name] = array
    counts = {name: len(array) for name, array in arrays.items() if array.ndim == 2}
    if not counts:
        raise SphinxError(f"one of {', '.join(arrays)} must be a 2-D array, one row each")
    if len(set(counts.values())) > 1:
        raise SphinxError(f"numbers of rows differ: {counts}")
    n = next(iter(counts.values()))
    shaped = []
    for array in arrays.values():
        if array.shape[-1] > 1 and array.strides[-1] != 1:
            array = np.ascontiguousarray(array)
        shaped.append(np.broadcast_to(array, (n, array.shape[-1])))
    return shaped


def _row(value: Any, name: str) -> Bytes:
    return np.frombuffer(any_bytes(value, name), np.uint8)


def _like(data: Bytes, size: int | None = None) -> Bytes:
    return np.empty((len(data), data.shape[1] if size is None else size), np.uint8)


def x25519(scalars: Any, points: Any = None, *, backend: str | None = None) -> Bytes:
    """RFC 7748 X25519: (n, 32) scalars, clamped here, times (n, 32) u-coordinates.

    Without points: public keys, multiples of the base point. Rows of low-order points give zero,
    as the RFC has it: check where that matters. Constant time in scalars and points.
    """
    if points is None:
        (scalars,) = _rows(scalars=(scalars, 32))
    else:
        scalars, points = _rows(scalars=(scalars, 32), points=(points, 32))
    out = _like(scalars)
    pick(backend).x25519(scalars, points, out)
    return out


def aes128_ctr(keys: Any, ivs: Any, data: Any, *, backend: str | None = None) -> Bytes:
    """AES-128 in counter mode (NIST SP 800-38A): (n, 16) keys and first counter blocks, (n, m) data.

    All 128 bits of the counter block count, big endian. Encrypts and decrypts.
    """
    keys, ivs, data = _rows(keys=(keys, 16), ivs=(ivs, 16), data=(data, None))
    out = _like(data)
    pick(backend).aes128_ctr(keys, ivs, data, out)
    return out


def chacha20(
    keys: Any, nonces: Any, data: Any, *, counter: int = 0, backend: str | None = None
) -> Bytes:
    """ChaCha20 (RFC 8439, section 2.4): (n, 32) keys, (n, 12) nonces, (n, m) data.

    `counter` is the number of the first block, the same for all rows. Encrypts and decrypts.
    """
    keys, nonces, data = _rows(keys=(keys, 32), nonces=(nonces, 12), data=(data, None))
    blocks = -(-data.shape[1] // _CHACHA20_BLOCK)
    counter = integer(counter, 0, 2**32 - max(blocks, 1), "counter")
    ivs = np.empty((len(data), 16), np.uint8)
    ivs[:, :4] = np.frombuffer(counter.to_bytes(4, "little"), np.uint8)
    ivs[:, 4:] = nonces
    out = _like(data)
    pick(backend).chacha20(keys, ivs, data, out)
    return out


def hmac_sha256(keys: Any, data: Any, *, backend: str | None = None) -> Bytes:
    """HMAC-SHA256 (RFC 2104): keys and data of any size, (n, 32) tags."""
    keys, data = _rows(keys=(keys, None), data=(data, None))
    out = _like(data, 32)
    pick(backend).hmac_sha256(keys, data, out)
    return out


def hkdf_sha256(
    ikm: Any, *, salt: bytes = b"", info: bytes = b"", size: int, backend: str | None = None
) -> Bytes:
    """HKDF-SHA256 (RFC 5869): (n, m) input key material to (n, size) output, size <= 8160.

    Salt and info are the same for all rows.
    """
    (ikm,) = _rows(ikm=(ikm, None))
    integer(size, 0, _HKDF_LIMIT, "size")
    out = _like(ikm, size)
    pick(backend).hkdf_sha256(any_bytes(salt, "salt"), ikm, any_bytes(info, "info"), out)
    return out


def blake2b(
    data: Any, *, keys: Any = b"", digest_size: int = 64, backend: str | None = None
) -> Bytes:
    """BLAKE2b (RFC 7693): (n, m) data, keys of 0..64 bytes, digests of 1..64 bytes."""
    keys, data = _rows(keys=(keys, None), data=(data, None))
    if keys.shape[1] > 64:
        raise SphinxError(f"keys must have rows of at most 64 bytes, not {keys.shape[1]}")
    out = _like(data, integer(digest_size, 1, 64, "digest_size"))
    pick(backend).blake2b(keys, data, out)
    return out


def lioness_encrypt(keys: Any, data: Any, *, backend: str | None = None) -> Bytes:
    """LIONESS with ChaCha20 and BLAKE2b: (n, 192) keys, (n, m) blocks of more than 32 bytes."""
    keys, data = _lioness_rows(keys, data)
    out = _like(data)
    pick(backend).lioness_encrypt(keys, data, out)
    return out


def lioness_decrypt(keys: Any, data: Any, *, backend: str | None = None) -> Bytes:
    """The inverse of lioness_encrypt()."""
    keys, data = _lioness_rows(keys, data)
    out = _like(data)
    pick(backend).lioness_decrypt(keys, data, out)
    return out


def _lioness_rows(keys: Any, data: Any) -> list[Bytes]:
    rows = _rows(keys=(keys, LIONESS_KEY_SIZE), data=(data, None))
    if rows[1].shape[1] < LIONESS_MINIMUM_SIZE:
        raise SphinxError(
            f"data must have rows of at least {LIONESS_MINIMUM_SIZE} bytes, not {rows[1].shape[1]}"
        )
    return rows
