"""LIONESS, a block cipher for blocks of any size above 32 bytes.

R. Anderson, E. Biham, "Two practical and provably secure block ciphers: BEAR and LION" (1996),
here with ChaCha20 as the stream cipher S and keyed BLAKE2b as the hash H. The key is
K1 (32 bytes), K2 (64), K3 (32), K4 (64); the block is L (32 bytes) and R (the rest).
"""

from sphinxcore._python.primitives import blake2b, chacha20
from sphinxcore.formats.wire_format import LIONESS_KEY_SIZE

LEFT_SIZE = 32
_K1, _K2, _K3, _K4 = slice(0, 32), slice(32, 96), slice(96, 128), slice(128, LIONESS_KEY_SIZE)
_IV = bytes(16)


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(len(a), "little")


def _stream(key: bytes, left: bytes, right: bytes) -> bytes:
    """R ^ S(L ^ K)."""
    return chacha20(_xor(left, key), _IV, right)


def _hash(key: bytes, left: bytes, right: bytes) -> bytes:
    """L ^ H(K, R)."""
    return _xor(left, blake2b(key, right, LEFT_SIZE))


def lioness_encrypt(key: bytes, block: bytes) -> bytes:
    """Encrypt one block."""
    left, right = block[:LEFT_SIZE], block[LEFT_SIZE:]
    right = _stream(key[_K1], left, right)
    left = _hash(key[_K2], left, right)
    right = _stream(key[_K3], left, right)
    left = _hash(key[_K4], left, right)
    return left + right


def lioness_decrypt(key: bytes, block: bytes) -> bytes:
    """Decrypt one block."""
    left, right = block[:LEFT_SIZE], block[LEFT_SIZE:]
    left = _hash(key[_K4], left, right)
    right = _stream(key[_K3], left, right)
    left = _hash(key[_K2], left, right)
    right = _stream(key[_K1], left, right)
    return left + right
