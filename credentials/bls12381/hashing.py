"""Hashing to bytes and scalars: RFC 9380, expand_message_xmd with SHA-256."""

from hashlib import sha256

from credentials.bls12381.constants import WIDE_SIZE
from credentials.bls12381.scalar import Scalar
from credentials.errors import ArgumentError

_DIGEST_SIZE = 32
_BLOCK_SIZE = 64
_MOST_BLOCKS = 255
_LONGEST_TAG = 255


def expand_message(message: bytes, tag: bytes, size: int) -> bytes:
    """`size` bytes (RFC 9380, section 5.3.1)."""
    blocks = -(-size // _DIGEST_SIZE)
    if not 1 <= blocks <= _MOST_BLOCKS:
        raise ArgumentError(f"1..{_MOST_BLOCKS * _DIGEST_SIZE} bytes can be made, not {size}")
    if not 1 <= len(tag) <= _LONGEST_TAG:
        raise ArgumentError(f"a tag must be 1..{_LONGEST_TAG} bytes, not {len(tag)}")
    suffix = tag + bytes([len(tag)])
    first = sha256(bytes(_BLOCK_SIZE) + message + size.to_bytes(2, "big") + b"\0" + suffix).digest()
    block = sha256(first + b"\1" + suffix).digest()
    output = block
    for i in range(2, blocks + 1):
        mixed = int.from_bytes(first, "big") ^ int.from_bytes(block, "big")
        block = sha256(mixed.to_bytes(_DIGEST_SIZE, "big") + bytes([i]) + suffix).digest()
        output += block
    return output[:size]


def hash_to_scalars(message: bytes, tag: bytes, count: int) -> list[Scalar]:
    """`count` uniform scalars (RFC 9380, section 5.2, with m = 1 and L = 48)."""
    wide = expand_message(message, tag, count * WIDE_SIZE)
    return [
        Scalar.reduce(int.from_bytes(wide[i : i + WIDE_SIZE], "big"))
        for i in range(0, len(wide), WIDE_SIZE)
    ]


def hash_to_scalar(message: bytes, tag: bytes) -> Scalar:
    """One uniform scalar."""
    return Scalar.reduce(int.from_bytes(expand_message(message, tag, WIDE_SIZE), "big"))
