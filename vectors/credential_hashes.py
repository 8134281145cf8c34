"""Vectors of typed attributes and of hashes to scalars and to G1."""

from credential_basics import SCOPE, common_keys, encodings, new, refusal
from document import File
from tampering import scalar

import credentials as cr
from credentials.attributes import Attribute, read_attribute
from credentials.bls12381 import hash_to_scalars
from credentials.encoding import Reader
from credentials.suite import (
    BYTES_TAG,
    GENERATOR_TAG,
    ISSUANCE_TAG,
    NONCE_TAG,
    SCOPE_TAG,
    SHOW_TAG,
    TEXT_TAG,
)


def attribute_file() -> File:
    file = new(
        "CredentialAttribute",
        "credential_attribute",
        "Typed attributes and their scalars. value: bytes in hex, text as it is, an integer in",
        "decimal.",
    )
    file.group()

    def add(comment: str, value: bytes | str | int) -> None:
        one = Attribute(value, comment)
        shown = value.hex() if isinstance(value, bytes) else str(value)
        fields = {"kind": int(one.kind), "value": shown, "encoded": one.encoded.hex()}
        fields |= {"scalar": one.scalar.encode().hex(), "result": "valid"}
        file.add(comment, [], fields)

    def refuse(comment: str, flag: str, encoded: bytes) -> None:
        def run() -> None:
            reader = Reader.bare(encoded, comment)
            read_attribute(reader, cr.Kind.ANY, comment)
            reader.rest(0)

        file.add(comment, [flag], {"encoded": encoded.hex(), **refusal(comment, run)})

    add("no bytes", b"")
    add("no text", "")
    add("integer 0", 0)
    add("bytes", b"bronze")
    add("the same as text", "bronze")
    add("the same as an integer", int.from_bytes(b"bronze", "big"))
    add("text, composed", "caf\u00e9")
    add("text, decomposed", "cafe\u0301")
    add("text outside the basic plane", "\U0001f600")
    add("a NUL", "a\0b")
    add("integer 1", 1)
    add("integer 2^64", 1 << 64)
    add("integer 2^128 - 1", (1 << 128) - 1)
    add("300 bytes", bytes(range(256)) + bytes(44))
    refuse("kind 4", "AttributeKind", bytes([4, 0, 0]))
    refuse("kind any", "AttributeKind", bytes([255, 0, 0]))
    refuse("a scalar", "AttributeKind", bytes([3]) + scalar(1))
    refuse("nothing", "WrongLength", b"")
    refuse("half a length", "WrongLength", bytes([0, 0]))
    refuse("bytes are missing", "WrongLength", bytes([0, 0, 2, 1]))
    refuse("bytes are too many", "WrongLength", bytes([0, 0, 1, 1, 1]))
    refuse("an integer of 15 bytes", "WrongLength", bytes([2]) + bytes(15))
    refuse("an integer of 17 bytes", "WrongLength", bytes([2]) + bytes(17))
    refuse("text that is not UTF-8", "NotUtf8", bytes([1, 0, 1, 0xFF]))
    refuse("text in an overlong form", "NotUtf8", bytes([1, 0, 2, 0xC0, 0x80]))
    refuse("text with a lone surrogate", "NotUtf8", bytes([1, 0, 3, 0xED, 0xA0, 0x80]))
    return file


def hash_to_g1_file() -> File:
    file = new(
        "HashToG1",
        "hash_to_g1",
        "The generators hs_1, hs_2, hs_64, bases of nullifier scopes, and a hash for issuance.",
    )
    file.group()
    curve = common_keys().verification_key.parameters.curve

    def add(comment: str, message: bytes, tag: bytes) -> None:
        point = curve.hash_to_g1(message, tag).encode()
        fields = {"tag": tag.hex(), "message": message.hex(), "point": point.hex()}
        file.add(comment, [], {**fields, "result": "valid"})

    for j in (1, 2, 64):
        add(f"hs_{j}", j.to_bytes(4, "big"), GENERATOR_TAG)
    for scope in (b"\0", SCOPE, bytes(1024)):
        add(f"scope of {len(scope)} bytes", scope, SCOPE_TAG)
    add("issuance", b"statement", ISSUANCE_TAG)
    return file


def hash_to_scalar_file() -> File:
    file = new(
        "HashToScalar",
        "hash_to_scalar",
        "hash_to_field with m = 1, L = 48 and expand_message_xmd, SHA-256.",
    )
    file.group()
    for tag in (BYTES_TAG, TEXT_TAG, SHOW_TAG, NONCE_TAG):
        for message, count in ((b"", 1), (b"abc", 1), (bytes(200), 1), (b"three", 3)):
            scalars = hash_to_scalars(message, tag, count)
            file.add(
                f"{len(message)} bytes to {count}",
                [],
                {
                    "tag": tag.hex(),
                    "message": message.hex(),
                    "scalars": encodings(scalars),
                    "result": "valid",
                },
            )
    return file
