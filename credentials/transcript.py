"""Transcripts: what a challenge is the hash of."""

from collections.abc import Iterable
from enum import IntEnum
from struct import Struct

from credentials.suite import SUITE

_TAG_AND_LENGTH = Struct(">BI")


class Item(IntEnum):
    """Tags of transcript items. A field has the same tag in every protocol."""

    PROTOCOL = 1
    SUITE = 2
    HEADER = 3
    KEY_DIGEST = 4
    KEY_EPOCH = 5
    ATTRIBUTES = 6
    DISCLOSED_SET = 7
    DISCLOSED = 8
    # Issuance
    ISSUE_CONTEXT = 16
    COMMITMENT = 17
    BASE = 18
    ATTRIBUTE_COMMITMENTS = 19
    COMMITMENT_NONCE = 20
    ATTRIBUTE_COMMITMENT_NONCES = 21
    # Show
    SIGNATURE_BASE = 32
    SIGNATURE = 33
    KAPPA = 34
    KAPPA_NONCE = 35
    SCOPE = 36
    SCOPE_BASE = 37
    NULLIFIER = 38
    NULLIFIER_NONCE = 39
    CONTEXT = 40
    # Key digest
    SCHEMA = 48
    ALPHA = 49
    BETA = 50
    BETA1 = 51
    # Batch
    RANDOMNESS = 64
    COUNT = 65
    MESSAGE = 66


def transcript(protocol: bytes, items: Iterable[tuple[Item, bytes]]) -> bytes:
    """`tag u8 | length u32 | bytes` of each item, after the protocol and the suite."""
    parts = []
    for tag, data in ((Item.PROTOCOL, protocol), (Item.SUITE, SUITE), *items):
        parts.append(_TAG_AND_LENGTH.pack(tag, len(data)))
        parts.append(data)
    return b"".join(parts)
