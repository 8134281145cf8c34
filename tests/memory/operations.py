"""Operations in which failures.py lets allocations fail.

Each class is one: made once, by backend; prepare() makes what one run uses up; run() is where
allocations fail, and returns what must be the same every time.
"""

from typing import Any

import numpy as np
from network import DESTINATION, IDENTIFIER, hop, key, packet, route
from nym_network import Network

import sphinxcore as sx
from sphinxcore import batch, nym
from sphinxcore.nym.data_packets import SendOptions

ROWS = 5
THREADED = 40
"""Enough for two threads."""
PACKET = packet()
POINTS = np.frombuffer(key(0).public_key.to_bytes() * ROWS, np.uint8).reshape(ROWS, 32)


def built(backend: str, n: int = ROWS, threads: int = 1) -> Any:
    routes = [route(1 + i % 3) for i in range(n)]
    return sx.build_packets(
        routes,
        [b"message"] * n,
        destination=DESTINATION,
        payload_size=64,
        backend=backend,
        threads=threads,
    )


def rows_of(result: sx.BatchResult) -> list[sx.Row]:
    return list(result)


class Operation:
    ours_only = False
    """Whether only allocations of the native module itself fail."""
    same_draws = False
    """Whether several threads draw random bytes."""
    loses = False
    """Whether the call that again() makes may give less, and what is lost is only counted."""

    def __init__(self, backend: str) -> None:
        self.backend = backend

    def prepare(self) -> Any:
        """Nothing."""

    def shown(self, result: Any) -> Any:
        """The result as something that can be compared."""
        return result


class BuildPackets(Operation):
    def run(self, _: Any) -> bytes:
        return built(self.backend).tobytes()


class BuildPacketsInThreads(Operation):
    ours_only = True
    same_draws = True

    def run(self, _: Any) -> bytes:
        return built(self.backend, THREADED, 2).tobytes()


class Authenticate(Operation):
    def __init__(self, backend: str) -> None:
        super().__init__(backend)
        self.packets = [packet(1 + i % 2, payload_size=64 + i) for i in range(ROWS)]
        self.packets.append(bytes(400))
        self.processor = sx.Processor([key(1), key(0)], backend=backend)

    def run(self, _: Any) -> Any:
        opened = self.processor.authenticate(self.packets)
        return opened.status.tobytes(), opened.replay_tags.tobytes(), opened.key_index.tobytes()


class Unwrap(Authenticate):
    def prepare(self) -> Any:
        return self.processor.authenticate(self.packets)

    def run(self, opened: Any) -> Any:
        return rows_of(opened.unwrap(np.arange(len(opened)) != 1))


class Process(Authenticate):
    """With a result that is used again and again, also after it failed."""

    def __init__(self, backend: str) -> None:
        super().__init__(backend)
        self.out = sx.BatchResult()

    def run(self, _: Any) -> Any:
        return rows_of(self.processor.process(self.packets, out=self.out))


class ProcessInThreads(Process):
    ours_only = True

    def __init__(self, backend: str) -> None:
        super().__init__(backend)
        self.packets = self.packets * (THREADED // len(self.packets) + 1)
        self.processor = sx.Processor([key(1), key(0)], backend=backend, threads=2)


class MakeProcessor(Operation):
    def run(self, _: Any) -> Any:
        processor = sx.Processor(key(0), backend=self.backend)
        return rows_of(processor.process([PACKET]))


class Keys(Operation):
    def run(self, _: Any) -> Any:
        made = sx.PrivateKey.from_bytes(bytes(range(32)))
        same = sx.PrivateKey.from_bytes(made.to_bytes())
        return made == same, made.public_key.to_bytes()


class Replays(Operation):
    def __init__(self, backend: str) -> None:
        super().__init__(backend)
        self.opened = sx.Processor(key(0), backend=backend).authenticate([PACKET] * 3)

    def run(self, _: Any) -> Any:
        return sx.ReplayFilter().add(self.opened).tolist()


class BuildSurbs(Operation):
    def run(self, _: Any) -> Any:
        made = sx.build_surbs([route(3), route(2)], destination=DESTINATION, backend=self.backend)
        return [surb.to_bytes() for surb in made]


class UseSurbs(Operation):
    def prepare(self) -> Any:
        return sx.build_surbs([route(3), route(2)], destination=DESTINATION, backend=self.backend)

    def run(self, surbs: Any) -> Any:
        return sx.use_surbs(surbs, [b"one", b"two"], payload_size=64, backend=self.backend)


class Recover(Operation):
    def prepare(self) -> Any:
        surb, recovery = sx.build_recoverable_surb(
            [hop(0)], destination=DESTINATION, identifier=IDENTIFIER, backend=self.backend
        )
        reply, _ = surb.use(b"reply", payload_size=64, backend=self.backend)
        return recovery, sx.Processor(key(0), backend=self.backend).process([reply])[0].payload

    def run(self, pair: Any) -> Any:
        recovery, payload = pair
        return recovery.recover(payload, backend=self.backend)


class Primitives(Operation):
    def __init__(self, backend: str) -> None:
        super().__init__(backend)
        self.scalars = np.arange(ROWS * 32, dtype=np.uint8).reshape(ROWS, 32) * 7
        self.keys = np.arange(ROWS * 192, dtype=np.uint16).astype(np.uint8).reshape(ROWS, 192) * 5
        self.twice = batch.pick(backend)

    def run(self, _: Any) -> Any:
        chosen, keys, data = self.backend, self.keys, self.keys[:, :100]
        first, second = np.empty((2, ROWS, 32), np.uint8)
        self.twice.x25519_twice(self.scalars, keys[:, :32], POINTS, first, second)
        made = [
            first,
            second,
            batch.x25519(self.scalars, POINTS, backend=chosen),
            batch.x25519(self.scalars, backend=chosen),
            batch.hkdf_sha256(self.scalars, info=b"info", size=96, backend=chosen),
            batch.aes128_ctr(keys[:, :16], bytes(16), data, backend=chosen),
            batch.chacha20(keys[:, :32], bytes(12), data, backend=chosen),
            batch.blake2b(data, keys=keys[:, :64], digest_size=32, backend=chosen),
            batch.hmac_sha256(keys[:, :32], data, backend=chosen),
            batch.lioness_encrypt(keys, data, backend=chosen),
            batch.lioness_decrypt(keys, data, backend=chosen),
        ]
        return [array.tobytes() for array in made]


class NativeObjects(Operation):
    """The classes of the native module by themselves."""

    def run(self, _: Any) -> Any:
        if self.backend != "python":
            from sphinxcore import _native

            made = _native.NativeBackend(self.backend, _native.cpu_features())
            _native.NativeMemory(1 << 16)
            return made.name, made.kernels["x25519"], bool(made.prepare(sx.NYM))


class Decode(Operation):
    """A FrameDecoder that holds a part of a frame, and is given the rest and more."""

    def __init__(self, backend: str) -> None:
        super().__init__(backend)
        size = nym.PacketSize.ACK.packet_size
        packets = np.arange(3 * size, dtype=np.uint32).astype(np.uint8).reshape(3, size)
        self.stream = nym.encode_frames(packets)

    def prepare(self) -> nym.FrameDecoder:
        decoder = nym.FrameDecoder()
        decoder.feed(self.stream[:100])
        return decoder

    def run(self, decoder: Any) -> Any:
        return decoder.feed(self.stream[100:-50])

    shown = staticmethod(list)

    def again(self, decoder: Any) -> Any:
        """What was fed was not taken."""
        return decoder.feed(self.stream[100:-50])


class Messages(Operation):
    def __init__(self, backend: str) -> None:
        super().__init__(backend)
        self.network = Network(backend=backend)
        self.alice = self.network.client(b"alice", 0)
        self.bob = self.network.client(b"bob", 1)
        self.options = SendOptions(backend=backend)


class Prepare(Messages):
    def run(self, _: Any) -> Any:
        made = nym.prepare_message(
            b"question",
            self.bob.address,
            self.network.topology,
            self.alice,
            reply_surbs=1,
            options=self.options,
        )
        return [one.packet for one in made.packets]


class Receive(Messages):
    """A message with a SURB, a reply, and an acknowledgement, of which some are half there."""

    def __init__(self, backend: str) -> None:
        super().__init__(backend)
        topology = self.network.topology
        bob, alice = self.bob, self.alice
        question = nym.prepare_message(
            b"question", bob.address, topology, alice, reply_surbs=1, options=self.options
        )
        self.keys = [one.to_bytes() for one in question.reply_keys]
        delivered = self.network.carry(question.packets)
        (asked,) = nym.MessageReceiver(bob).feed(delivered[bob.address.identity]).messages
        reply = nym.prepare_reply(b"answer", asked.surbs, topology, bob, options=self.options)
        plain = nym.prepare_message(b"x" * 2000, alice.address, topology, bob, options=self.options)
        self.payloads = [
            *self.network.carry(reply.packets)[alice.address.identity],
            *self.network.carry(plain.packets)[alice.address.identity],
            *delivered[alice.address.identity],
        ]

    def prepare(self) -> Any:
        receiver = nym.MessageReceiver(self.alice, backend=self.backend)
        receiver.reply_keys.add([nym.ReplyKey.from_bytes(one) for one in self.keys])
        return receiver

    def run(self, receiver: Any) -> Any:
        return receiver.feed(self.payloads)

    loses = True

    def again(self, receiver: Any) -> Any:
        """The same call on the same receiver: it has forgotten what it opened already."""
        return receiver.feed(self.payloads)


class Store(Messages):
    def __init__(self, backend: str) -> None:
        super().__init__(backend)
        made = nym.build_reply_surbs(
            self.network.topology.routes(self.network.gateways[0], count=2),
            destination=DESTINATION,
            key_rotation=nym.KeyRotation.EVEN,
        )
        self.surbs = [surb.to_bytes() for surb in made]

    def run(self, _: Any) -> Any:
        tag = nym.SenderTag.from_bytes(bytes(16))
        with nym.SurbStore() as store:
            surbs = [nym.ReplySurb.from_bytes(one, nym.KeyRotation.EVEN) for one in self.surbs]
            store.add(tag, surbs)
            store.reply_keys.add([surb.key for surb in surbs])
            found = [store.reply_keys.take(surb.key.digest()) is not None for surb in surbs]
            return found, [surb.to_bytes() for surb in store.take(tag, 2)]


class Careless(Operation):
    """Forgets to wipe its secrets where something fails: failures.py must find that."""

    def run(self, _: Any) -> Any:
        secret = batch.x25519(np.ones((ROWS, 32), np.uint8), POINTS, backend=self.backend)
        sizes = [len(bytes(1000 + i)) for i in range(ROWS)]
        secret.fill(0)
        return sizes


def _all(kind: type) -> list[type]:
    return [kind, *(found for one in kind.__subclasses__() for found in _all(one))]


OPERATIONS = {
    one.__name__: one for one in _all(Operation) if hasattr(one, "run") and one is not Messages
}
