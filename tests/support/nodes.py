"""Nodes with fixed keys, and bytes that look random; needs nothing that only tests need."""

import hashlib
from functools import cache

import sphinxcore as sx


def seeded(seed: str | bytes, size: int) -> bytes:
    """`size` bytes that look random and are always the same."""
    raw = seed.encode() if isinstance(seed, str) else seed
    return hashlib.shake_128(raw).digest(size)


@cache
def key(i: int) -> sx.PrivateKey:
    """The private key of node i."""
    return sx.PrivateKey.from_bytes(hashlib.sha256(b"key of node %d" % i).digest())


@cache
def hop(i: int) -> sx.Hop:
    """Node i as a sender sees it."""
    address = hashlib.sha256(b"address of node %d" % i).digest()
    return sx.Hop(address=address, public_key=key(i).public_key, delay_ns=10**6 * i)
