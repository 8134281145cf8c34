"""The primitives of a hop, for one message each, on PyNaCl, pyca/cryptography and hashlib."""

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import CTR
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import RuntimeError as NaClRuntimeError

SHA256_SIZE = 32


def x25519(scalar: bytes, point: bytes) -> bytes:
    """RFC 7748, section 5. Zero for points of low order."""
    try:
        return crypto_scalarmult(scalar, point)
    except NaClRuntimeError:  # libsodium refuses to return zero
        return bytes(32)


def x25519_base(scalar: bytes) -> bytes:
    """RFC 7748, section 6.1: the public key of a private key."""
    return crypto_scalarmult_base(scalar)


def aes128_ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    """NIST SP 800-38A, section 6.5; `iv` is the first counter block."""
    return Cipher(AES(key), CTR(iv)).encryptor().update(data)


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """RFC 2104."""
    return hmac.digest(key, data, "sha256")


def hkdf_sha256(salt: bytes, ikm: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869."""
    key = hmac_sha256(salt, ikm)
    block, okm = b"", b""
    for counter in range(1, -(-size // SHA256_SIZE) + 1):
        block = hmac_sha256(key, block + info + bytes([counter]))
        okm += block
    return okm[:size]


def chacha20(key: bytes, iv: bytes, data: bytes) -> bytes:
    """RFC 8439, section 2.4; `iv` is the counter (4 bytes, little endian) and the nonce (12)."""
    return Cipher(ChaCha20(key, iv), mode=None).encryptor().update(data)


def blake2b(key: bytes, data: bytes, size: int) -> bytes:
    """RFC 7693, keyed or (empty key) not."""
    return hashlib.blake2b(data, key=key, digest_size=size).digest()
