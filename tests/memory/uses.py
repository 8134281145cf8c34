"""Uses of the library whose memory is searched afterwards; see scan.py.

What is secret comes from a file, in bytearrays that are zeroed as soon as an object was made of
them; so what is found later are the library's own copies. What other machines would do is done by the recorder only, and read from a file
here: their secrets are not in this process.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import sphinxcore as sx
from sphinxcore import batch, nym
from sphinxcore.nym.data_packets import SendOptions

ADDRESS = b"address of a node".ljust(32, b".")
PAYLOAD_SIZE = 300
PACKETS = 48
"""Enough for two threads."""
STAYING: list[Any] = []
"""What is not dropped with the objects of a use."""


class Outside(Protocol):
    """Where a use gets from, and gives to, what is not its own memory."""

    backend: str

    def secret(self, name: str, size: int) -> bytearray:
        """A secret: the same bytes for each name. The caller zeroes it."""

    def done(self, name: str, *arguments: Any) -> list[bytes]:
        """What others do: see record.Elsewhere."""

    def public(self, *arrays: Any) -> None:
        """Say that this is no secret."""


def zeroed(secret: bytearray) -> None:
    secret[:] = bytes(len(secret))


def made_of(outside: Outside, name: str, size: int, make: Callable[[Any], Any]) -> Any:
    """An object of the library with a secret."""
    secret = outside.secret(name, size)
    try:
        return make(secret)
    finally:
        zeroed(secret)


def private_key(outside: Outside, i: int) -> sx.PrivateKey:
    return made_of(outside, f"private key {i}", 32, sx.PrivateKey.from_bytes)


def rows_of(outside: Outside, name: str, n: int, size: int) -> Any:
    """(n, size) secret bytes that a caller made; they are zeroed by drop()."""
    return np.frombuffer(outside.secret(name, n * size), np.uint8).reshape(n, size)


def drop(*arrays: Any) -> None:
    for array in arrays:
        array.fill(0)


def hops(outside: Outside, *numbers: int) -> list[sx.Hop]:
    """A route through nodes of which only public keys are known here."""
    keys = outside.done("public_keys", *numbers)
    return [sx.Hop(ADDRESS, sx.PublicKey.from_bytes(key), 5) for key in keys]


# Uses -----------------------------------------------------------------------------------------------


def node(outside: Outside) -> list[Any]:
    """Two keys, two threads, batches with a replay filter, a result used again, and bad packets."""
    keys = [private_key(outside, i) for i in range(2)]
    processor = sx.Processor(keys, backend=outside.backend, threads=2)
    seen = sx.ReplayFilter()
    result = None
    for version in (259, 258):
        packets = outside.done("packets", version)
        packets[3] = packets[3][:40] + bytes(8) + packets[3][48:]
        packets[4] = packets[5]
        for _ in range(2):
            opened = processor.authenticate(packets)
            result = opened.unwrap(seen.add(opened), out=result)
            outside.public(result.buffer)
        processor.authenticate(packets)  # dropped without being unwrapped
        processor.process(packets, [i % 2 for i in range(len(packets))])
        sx.Processor(keys[0], backend=outside.backend).process(packets[:1])
    unopened = processor.authenticate(packets)
    return [processor, keys, unopened, sx.PrivateKey.generate()]


class Full(sx.BatchResult):
    """There is no memory for its columns."""

    def _start(self, *_: Any) -> None:
        raise MemoryError


def interrupted(outside: Outside) -> list[Any]:
    """A batch of which the second stage could not begin, in a node that goes on."""
    processor = sx.Processor(private_key(outside, 0), backend=outside.backend)
    STAYING.append(processor)
    packets = outside.done("packets", 259)
    unopened = processor.authenticate(packets)
    with suppress(MemoryError):
        processor.authenticate(packets).unwrap(out=Full())
    return [unopened]


def sender(outside: Outside) -> list[Any]:
    """Packets of all kinds of payload keys, for routes of several lengths, by two threads."""
    for version in (259, 258):
        routes = [hops(outside, *range(2 + i // 24)) for i in range(PACKETS)]
        messages = [b"message"] * PACKETS
        packets = sx.build_packets(
            routes,
            messages,
            destination=bytes(32),
            version=version,
            payload_size=PAYLOAD_SIZE,
            threads=2,
            backend=outside.backend,
        )
    sx.build_packet(routes[0], b"one", destination=bytes(32), backend=outside.backend)
    return [packets]


def surbs(outside: Outside) -> list[Any]:
    """Reply blocks of all versions, made, used and recovered; none is handed out."""
    routes = [hops(outside, 0, 1, 2) for _ in range(4)]
    options: dict[str, Any] = {"destination": bytes(32), "backend": outside.backend}
    unused = []
    for version in (259, 258):
        made = sx.build_surbs(routes, version=version, **options)
        for surb in made[:2]:
            surb.use(b"reply", payload_size=PAYLOAD_SIZE, backend=outside.backend)
        unused += made[2:]
    pairs = sx.build_recoverable_surbs(routes, identifier=bytes([1]) * 16, **options)
    for surb, recovery in pairs:
        packet, _ = surb.use(b"reply", payload_size=PAYLOAD_SIZE, backend=outside.backend)
        (payload,) = outside.done("reply", packet)
        recovery.recover(payload, backend=outside.backend)
    return [unused, pairs]


def primitives(outside: Outside) -> list[Any]:
    """All batched primitives, on arrays that the caller zeroes."""
    n, chosen = 40, outside.backend
    scalars, keys = rows_of(outside, "scalars", n, 32), rows_of(outside, "keys", n, 192)
    points = np.frombuffer(b"".join(outside.done("public_keys", *range(n))), np.uint8)
    data = np.zeros((n, 200), np.uint8)
    products = batch.x25519(scalars, points.reshape(n, 32), backend=chosen)
    batch.x25519(scalars, backend=chosen)
    made = [
        products,
        batch.hkdf_sha256(products, info=b"info", size=96, backend=chosen),
        batch.aes128_ctr(keys[:, :16], bytes(16), data, backend=chosen),
        batch.chacha20(keys[:, :32], bytes(12), data, backend=chosen),
        batch.blake2b(data, keys=keys[:, :64], digest_size=32, backend=chosen),
        batch.hmac_sha256(keys[:, :32], data, backend=chosen),
    ]
    block = batch.lioness_encrypt(keys, data, backend=chosen)
    batch.lioness_decrypt(keys, block, backend=chosen)
    drop(scalars, keys, *made)
    return made


class Clients:
    """Two clients of a network, and its topology."""

    def __init__(self, outside: Outside) -> None:
        (text,) = outside.done("topology")
        self.topology = nym.Topology.from_json(text)
        self.options = SendOptions(backend=outside.backend)
        self._outside = outside
        self.alice, self.bob = self._client("alice"), self._client("bob")

    def _client(self, name: str) -> nym.ClientKeys:
        keys = [
            made_of(self._outside, f"identity of {name}", 32, nym.IdentityKey.from_bytes),
            made_of(self._outside, f"encryption key of {name}", 32, sx.PrivateKey.from_bytes),
            made_of(self._outside, f"acknowledgement key of {name}", 16, nym.AckKey.from_bytes),
        ]
        return nym.ClientKeys(*keys, gateway=self.topology.nodes[-1].identity)

    def receiver(self, client: nym.ClientKeys, **options: Any) -> nym.MessageReceiver:
        return nym.MessageReceiver(client, backend=self._outside.backend, **options)

    def delivered(self, prepared: nym.Prepared, to: nym.ClientKeys) -> list[bytes]:
        packets = [(str(packet.first_hop), packet.packet) for packet in prepared.packets]
        return self._outside.done("delivered", to.address.identity, packets)

    def prepared(self, message: bytes, **options: Any) -> nym.Prepared:
        """A message from Alice to Bob."""
        everything = (message, self.bob.address, self.topology, self.alice)
        return nym.prepare_message(*everything, options=self.options, **options)


def messages(outside: Outside) -> list[Any]:
    """A client that sends and one that receives."""
    clients = Clients(outside)
    receiver = clients.receiver(clients.bob)
    for message in (b"one", b"x" * 4000):
        sent = clients.delivered(clients.prepared(message), clients.bob)
        if [got.data for got in receiver.feed(sent).messages] != [message]:
            raise AssertionError("the message did not arrive")
    return [clients, receiver]


def replies(outside: Outside) -> list[Any]:
    """Messages with SURBs, and replies to them; keys and SURBs in memory, and in a store."""
    clients = Clients(outside)
    alice, bob = clients.alice, clients.bob
    answerer = clients.receiver(bob)
    store = nym.SurbStore()
    in_memory = clients.receiver(alice)
    for receiver in (in_memory, clients.receiver(alice, reply_keys=store.reply_keys)):
        question = clients.prepared(b"question", reply_surbs=3)
        receiver.reply_keys.add(question.reply_keys)
        (got,) = answerer.feed(clients.delivered(question, bob)).messages
        store.add(got.sender_tag, got.surbs)
        surbs = store.take(got.sender_tag, 1)
        reply = nym.prepare_reply(b"answer", surbs, clients.topology, bob, options=clients.options)
        received = receiver.feed(clients.delivered(reply, alice))
        if [answer.data for answer in received.replies] != [b"answer"]:
            raise AssertionError("the reply did not arrive")
    store.close()
    return [clients, in_memory, got]


USES = {
    use.__name__: use for use in (node, interrupted, sender, surbs, primitives, messages, replies)
}

WITH_THREADS = ("sender",)
"""Uses in which several threads draw random bytes."""


# Randomness -----------------------------------------------------------------------------------------


class Draws:
    """Stands in for sphinxcore._random.fill: the bytes of a file, one after the other.

    With `same` the size of a draw decides where it begins, so that it makes no difference which of
    several threads draws first.
    """

    def __init__(self, path: Path, *, same: bool) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self._same = same
        self._at = 0

    def __enter__(self) -> "Draws":
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._file)

    def rewind(self) -> None:
        """Begin anew."""
        self._at = 0

    def __call__(self, out: Any) -> None:
        at = 8 * len(out) if self._same else self._at
        if os.preadv(self._file, [out], at) < len(out):
            raise AssertionError("the file of random draws is too short")
        self._at += len(out)
