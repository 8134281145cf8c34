"""What refusals of arguments say: what was wrong and what was expected, to the letter."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from network import DESTINATION, IDENTIFIER, LOW_ORDER, SMALL_PAYLOAD, key, packet, route

import sphinxcore as sx
from sphinxcore._packets import as_packets

PREFIX = bytes(sx.NYM.zero_prefix_size)
ROWS = np.zeros((2, 32), np.uint8)
"""Two rows for primitives that take any size."""


def one_hop(**changed: Any) -> sx.Hop:
    return sx.Hop(**{"address": bytes(32), "public_key": key(0).public_key} | changed)


def packets(**changed: Any) -> Any:
    """Two packets."""
    options = {"routes": [route(1), route(2)], "messages": [b"one", b"two"]} | changed
    options = {"payload_size": SMALL_PAYLOAD, "destination": DESTINATION} | options
    return sx.build_packets(**options)


def surb(**changed: Any) -> sx.Surb:
    return sx.build_surb(**{"hops": route(2), "destination": DESTINATION} | changed)


def recoverable(**changed: Any) -> tuple[sx.Surb, sx.SurbRecovery]:
    options = {"hops": route(2), "destination": DESTINATION, "identifier": IDENTIFIER} | changed
    return sx.build_recoverable_surb(**options)


def used_surb() -> sx.Surb:
    made = surb()
    made.use(b"")
    return made


def process(given: Any, keys: Any = None, packet_size: Any = None) -> sx.BatchResult:
    return sx.Processor(key(0)).process(given, keys, packet_size=packet_size)


def opened() -> sx.AuthenticatedBatch:
    """A batch of one packet."""
    return sx.Processor(key(0)).authenticate([packet()])


def unwrap_twice() -> None:
    batch = opened()
    batch.unwrap()
    batch.unwrap()


TYPES: list[tuple[str, Callable[[], object]]] = [
    # Keys and hops
    ("use PublicKey.from_bytes()", lambda: sx.PublicKey()),
    ("use the constructors of Surb, such as from_bytes()", lambda: sx.Surb()),
    ("public key must be bytes, not str", lambda: sx.PublicKey.from_bytes("k" * 32)),
    ("private key must be bytes, not NoneType", lambda: sx.PrivateKey.from_bytes(None)),
    ("PrivateKey is secret: it is not pickled or copied", lambda: copy.copy(key(0))),
    ("address must be bytes, not str", lambda: one_hop(address="a" * 32)),
    ("public_key must be a PublicKey, not bytes", lambda: one_hop(public_key=bytes(32))),
    ("delay_ns must be an int, not float", lambda: one_hop(delay_ns=1.5)),
    # Packets that are built, and read
    ("a route is made of Hop, not bytes", lambda: packets(routes=[[b"hop"], route(1)])),
    (
        "messages must be a sequence of bytes, one per packet, not bytes",
        lambda: packets(messages=b"ab"),
    ),
    ("message must be bytes, not str", lambda: packets(messages=[b"one", "two"])),
    (
        "destination must be bytes or a sequence of bytes, not int",
        lambda: packets(destination=5),
    ),
    ("destination must be bytes, not str", lambda: packets(destination=[bytes(32), "d" * 32])),
    (
        "destination must be an array of uint8, not of int64",
        lambda: packets(destination=np.zeros((2, 32), np.int64)),
    ),
    (
        "identifier must be bytes or a sequence of bytes, not NoneType",
        lambda: packets(identifier=None),
    ),
    ("threads must be an int, not str", lambda: packets(threads="2")),
    ("destination must be bytes, not list", lambda: packet(destination=[DESTINATION])),
    ("identifier must be bytes, not list", lambda: packet(identifier=[IDENTIFIER])),
    ("payload must be bytes, not str", lambda: sx.recover_message("payload")),
    # SURBs
    ("SURB must be bytes, not str", lambda: sx.Surb.from_bytes("surb")),
    ("SURB recovery must be bytes, not str", lambda: sx.SurbRecovery.from_bytes("recovery")),
    ("destination must be bytes, not list", lambda: surb(destination=[DESTINATION])),
    ("identifier must be bytes, not list", lambda: surb(identifier=[IDENTIFIER])),
    ("destination must be bytes, not list", lambda: recoverable(destination=[DESTINATION])),
    ("identifier must be bytes, not list", lambda: recoverable(identifier=[IDENTIFIER])),
    ("version must be an int, not str", lambda: surb(version="259")),
    ("surbs must be Surb, not bytes", lambda: sx.use_surbs([b"surb"], [b""])),
    ("payload must be bytes, not str", lambda: recoverable()[1].recover("payload")),
    # Packets that are processed
    ("keys must be PrivateKey, not bytes", lambda: sx.Processor([bytes(32)])),
    ("threads must be an int, not float", lambda: sx.Processor(key(0), threads=1.0)),
    (
        "packets must be a 2-D uint8 array, a flat buffer or a sequence of buffers, not int",
        lambda: process(5),
    ),
    ("packets must be an array of uint8, not of int8", lambda: process(np.zeros((1, 9), np.int8))),
    ("packet_size must be an int, not str", lambda: process(bytes(9), packet_size="9")),
    (
        "key_hints must be an (n,) array of int8 key indices, not of float64",
        lambda: process([packet()], [0.0]),
    ),
    ("accept must be an (n,) array of bool, not of int64", lambda: opened().unwrap([1])),
    ("out must be a BatchResult, not list", lambda: opened().unwrap(out=[])),
    (
        "AuthenticatedBatch holds secrets: it is not pickled or copied",
        lambda: copy.copy(opened()),
    ),
    ("a batch was expected, not bytes", lambda: sx.ReplayFilter().add(b"tags")),
    # Primitives
    ("keys must be bytes, not NoneType", lambda: sx.batch.hmac_sha256(None, ROWS)),
    (
        "data must be an array of uint8, not of float64",
        lambda: sx.batch.hmac_sha256(ROWS, np.zeros((2, 32))),
    ),
    ("salt must be bytes, not str", lambda: sx.batch.hkdf_sha256(ROWS, salt="salt", size=1)),
    ("info must be bytes, not NoneType", lambda: sx.batch.hkdf_sha256(ROWS, info=None, size=1)),
]

VALUES: list[tuple[str, Callable[[], object]]] = [
    # Keys and hops
    ("public key must be 32 bytes, not 31", lambda: sx.PublicKey.from_bytes(bytes(31))),
    (
        f"public key {LOW_ORDER[1].hex()} is a point of low order: "
        "a key of a point of high order was expected",
        lambda: sx.PublicKey.from_bytes(LOW_ORDER[1]),
    ),
    ("private key must be 32 bytes, not 33", lambda: sx.PrivateKey.from_bytes(bytes(33))),
    ("address must be 32 bytes, not 31", lambda: one_hop(address=bytes(31))),
    ("delay_ns must be in 0..18446744073709551615, not -1", lambda: one_hop(delay_ns=-1)),
    # Packets that are built, and read
    ("a route has 1..5 hops, not 6", lambda: packets(routes=[route(1), route(6)])),
    ("2 messages were expected, one per packet, not 1", lambda: packets(messages=[b"one"])),
    (
        "a message of 48 bytes does not fit: a payload of 64 bytes has room for 47",
        lambda: packets(messages=[b"one", bytes(48)]),
    ),
    ("payload_size must be in 33..2147483647, not 32", lambda: packets(payload_size=32)),
    ("threads must be in 1..1024, not 0", lambda: packets(threads=0)),
    ("destination must be 32 bytes, not 31", lambda: packets(destination=bytes(31))),
    (
        "destination must have the shape (32,) or (2, 32), not (3, 32)",
        lambda: packets(destination=np.zeros((3, 32), np.uint8)),
    ),
    (
        "destination: one for each of the 2 rows was expected, not 3",
        lambda: packets(destination=[DESTINATION] * 3),
    ),
    ("identifier must be 16 bytes, not 17", lambda: packets(identifier=bytes(17))),
    ("a payload has at least 17 bytes, not 16", lambda: sx.recover_message(PREFIX)),
    (
        "the payload does not begin with 16 zero bytes: it was changed",
        lambda: sx.recover_message(b"\1" * 17),
    ),
    (
        "the payload has no 0x01 byte that ends its message",
        lambda: sx.recover_message(PREFIX + b"\2"),
    ),
    # SURBs
    (
        "a SURB has 380 bytes and 1..5 seeds of 16 or keys of 192 bytes, not 381 bytes in all",
        lambda: sx.Surb.from_bytes(bytes(381)),
    ),
    (
        "a SURB recovery has an identifier of 16 bytes and 1..5 seeds of 16 bytes, "
        "not 31 bytes in all",
        lambda: sx.SurbRecovery.from_bytes(bytes(31)),
    ),
    ("destination must be 32 bytes, not 31", lambda: surb(destination=bytes(31))),
    ("identifier must be 16 bytes, not 17", lambda: surb(identifier=bytes(17))),
    (
        "the identifier of a recoverable SURB must not be zero",
        lambda: recoverable(identifier=bytes(16)),
    ),
    ("version must be in 0..65535, not -1", lambda: surb(version=-1)),
    (
        "a SURB has version 258 or 259, not 260; build_recoverable_surb() makes 260",
        lambda: surb(version=260),
    ),
    *(
        ("this SURB was used before: once is all, and its bytes are gone", again)
        for again in (
            lambda: used_surb().use(b""),
            lambda: used_surb().to_bytes(),
            lambda: used_surb().first_hop,
        )
    ),
    ("a payload has at least 33 bytes, not 32", lambda: recoverable()[1].recover(bytes(32))),
    # Packets that are processed
    ("1..127 private keys were expected, not 0", lambda: sx.Processor([])),
    ("threads must be in 1..1024, not 0", lambda: sx.Processor(key(0), threads=0)),
    (
        "packets is one buffer: give packet_size= to say how it is cut, "
        "or a list of buffers, one per packet",
        lambda: process(bytes(9)),
    ),
    (
        "packets has 1 dimensions: a 2-D array (one row per packet) was expected, "
        "or a flat buffer with packet_size=",
        lambda: process(np.zeros(9, np.uint8)),
    ),
    (
        "9 bytes are not a whole number of packets of 2 bytes",
        lambda: process(bytes(9), packet_size=2),
    ),
    ("packet_size must be in 1..2147483647, not 0", lambda: process(bytes(9), packet_size=0)),
    (
        "packet_size=8, but the rows of packets have 9 bytes",
        lambda: process(np.zeros((1, 9), np.uint8), packet_size=8),
    ),
    (
        "packet_size= goes with one flat buffer, not with a sequence",
        lambda: process([bytes(9)], packet_size=9),
    ),
    (
        "packet_size= goes with one flat buffer, not with Packets",
        lambda: process(as_packets([bytes(9)]), packet_size=9),
    ),
    ("key_hints must have the shape (1,), not (2,)", lambda: process([packet()], [0, 0])),
    ("key_hints must be in -1..0 (-1: try all), not -2..-2", lambda: process([packet()], [-2])),
    ("accept must have the shape (1,), not (1, 1)", lambda: opened().unwrap([[True]])),
    ("accept must have the shape (1,)", lambda: opened().unwrap([[True], []])),
    ("this batch was unwrapped before: once is all", unwrap_twice),
    # Primitives
    (
        "one of keys, ivs, data must be a 2-D array, one row each",
        lambda: sx.batch.aes128_ctr(bytes(16), bytes(16), b""),
    ),
    (
        "data must have 1 or 2 dimensions, not 3",
        lambda: sx.batch.hmac_sha256(ROWS, np.zeros((1, 2, 3), np.uint8)),
    ),
    ("scalars must have rows of 32 bytes, not 16", lambda: sx.batch.x25519(ROWS[:, :16])),
    (
        "numbers of rows differ: {'keys': 2, 'data': 1}",
        lambda: sx.batch.hmac_sha256(ROWS, ROWS[:1]),
    ),
    (
        "counter must be in 0..4294967294, not 4294967295",
        lambda: sx.batch.chacha20(ROWS, bytes(12), bytes(65), counter=2**32 - 1),
    ),
    ("size must be in 0..8160, not 8161", lambda: sx.batch.hkdf_sha256(ROWS, size=8161)),
    ("digest_size must be in 1..64, not 65", lambda: sx.batch.blake2b(ROWS, digest_size=65)),
    (
        "keys must have rows of at most 64 bytes, not 65",
        lambda: sx.batch.blake2b(ROWS, keys=bytes(65)),
    ),
    (
        "data must have rows of at least 33 bytes, not 32",
        lambda: sx.batch.lioness_encrypt(bytes(192), ROWS),
    ),
]


@pytest.mark.parametrize(("message", "call"), TYPES)
def test_wrong_types(message: str, call: Callable[[], object]) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize(("message", "call"), VALUES)
def test_wrong_values(message: str, call: Callable[[], object]) -> None:
    with pytest.raises(sx.SphinxError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "packet_size", "message"),
    [
        (memoryview(bytes(18))[::2], 9, "packets must be a contiguous buffer: ."),
        ([b"packet", None], None, "packets must be a sequence of buffers: ."),
    ],
)
def test_reasons_of_the_interpreter_are_passed_on(
    given: Any, packet_size: int | None, message: str
) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        process(given, packet_size=packet_size)
