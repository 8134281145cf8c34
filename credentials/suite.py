"""The suite: names, type numbers, domain separation tags and limits."""

from enum import IntEnum

from credentials.bls12381 import expand_message

SUITE = b"SPHINXCORE-COCONUT-V01-CS01"

_MAGIC = b"SXCC"
_VERSION = 1
_SUITE_NUMBER = 1

PREFIX = _MAGIC + bytes([_VERSION, _SUITE_NUMBER])
HEADER_SIZE = len(PREFIX) + 1

DIGEST_SIZE = 32
EPOCH_SIZE = 8
ISSUE_CONTEXT_SIZE = 32

MOST_ATTRIBUTES = 64
MOST_AUTHORITIES = 1024
HIGHEST_EPOCH = (1 << 64) - 1
LONGEST_DOMAIN = 255
LONGEST_CONTEXT = 65535
LONGEST_SCOPE = 1024
LARGEST_BATCH = 65536


class Type(IntEnum):
    """Last byte of a header: what follows."""

    VERIFICATION_KEY = 1
    VERIFICATION_KEY_SHARE = 2
    SIGNING_KEY_SHARE = 3
    REQUEST = 4
    REQUEST_STATE = 5
    BLINDED_SHARE = 6
    CREDENTIAL = 7
    PRESENTATION = 8
    PRESENTATION_NULLIFIER = 9
    BATCHABLE = 10
    BATCHABLE_NULLIFIER = 11


def header(kind: Type) -> bytes:
    """What an encoding of this type begins with."""
    return PREFIX + bytes([kind])


def curve_tag(use: str) -> bytes:
    """Tag of the hash to G1 for one use."""
    return SUITE + f"-{use}-with-BLS12381G1_XMD:SHA-256_SSWU_RO_".encode()


def expand_tag(use: str) -> bytes:
    """Tag of the hash to scalars or to a digest for one use."""
    return SUITE + f"-{use}-with-expand-XMD:SHA-256".encode()


GENERATOR_TAG = curve_tag("generator")
ISSUANCE_TAG = curve_tag("issuance")
SCOPE_TAG = curve_tag("scope")

BYTES_TAG = expand_tag("attribute-bytes")
TEXT_TAG = expand_tag("attribute-text")
ISSUE_TAG = expand_tag("challenge-issue")
SHOW_TAG = expand_tag("challenge-show")
BATCH_TAG = expand_tag("batch")
KEYCHECK_TAG = expand_tag("keycheck")
NONCE_TAG = expand_tag("nonce")
KEY_TAG = expand_tag("vk")
REQUEST_TAG = expand_tag("request")


def digest(message: bytes, tag: bytes) -> bytes:
    """32 bytes that stand for the message."""
    return expand_message(message, tag, DIGEST_SIZE)
