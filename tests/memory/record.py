"""What is secret in a use of the library: found by running it on the python backend, and listening.

Everything that goes into a primitive as a key or a scalar, and comes out as one, is recorded with
its kind, and so are the bytes of every Secret. What is public as well is left out.
"""

import pickle
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import uses
from network import seeded
from nym_network import Network
from wipe import ORDER, Pieces, clamp, forms

import sphinxcore as sx
from sphinxcore import _random
from sphinxcore._python import backend, hop, lioness, primitives
from sphinxcore._secret import Secret
from sphinxcore.nym import data_packets, packet_keys, receiving

DRAWS_SIZE = 1 << 17
PIECE = 8
SCALARS = ("PrivateKey", "random scalar", "blinding factor")
FIRST = ("ReplyKey", "payload keys of a Surb", "payload seed")
"""Kinds whose names win where bytes are of two kinds."""
HMAC_KEYS = ("PRK", "HMAC key", "shared secret", "packet key PRK", "payload seed")


class Elsewhere:
    """What nodes and others do, whose secrets are not those of the process that is searched."""

    def __init__(self) -> None:
        self._network = Network(backend="python")

    def _key(self, i: int) -> sx.PrivateKey:
        return sx.PrivateKey.from_bytes(seeded(b"key of node %d elsewhere" % i, 32))

    def _hop(self, i: int, key: sx.PrivateKey | None = None) -> sx.Hop:
        return sx.Hop(uses.ADDRESS, (key or self._key(i)).public_key, 5)

    def public_keys(self, *numbers: int) -> list[bytes]:
        return [self._key(i).public_key.to_bytes() for i in numbers]

    def packets(self, version: int) -> list[bytes]:
        """Packets that go on from the node in question, and some that end there."""
        keys = [sx.PrivateKey.from_bytes(secret(f"private key {i}", 32)) for i in range(2)]
        routes = [
            [self._hop(0, keys[i % 2]), *([self._hop(1)] if i % 5 else [])]
            for i in range(uses.PACKETS)
        ]
        made = sx.build_packets(
            routes,
            [b"message"] * len(routes),
            destination=bytes(32),
            version=version,
            payload_size=uses.PAYLOAD_SIZE,
            backend="python",
        )
        return [row.tobytes() for row in made]

    def reply(self, packet: bytes) -> list[bytes]:
        """The payload that a packet through nodes 0, 1 and 2 delivers."""
        for i in range(3):
            row = sx.Processor(self._key(i), backend="python").process([packet])[0]
            packet = row.packet or row.payload
        return [packet]

    def topology(self) -> list[bytes]:
        return [self._network.topology.to_json().encode()]

    def delivered(self, identity: bytes, packets: list[tuple[str, bytes]]) -> list[bytes]:
        """What packets deliver to a client."""
        sent = [
            sx.nym.DataPacket(sx.nym.NodeAddress.from_text(first_hop), packet, 0)
            for first_hop, packet in packets
        ]
        return self._network.carry(sent)[identity]


def secret(name: str, size: int) -> bytes:
    return seeded(name.encode(), size)


class Recorder:
    """An Outside that keeps what it gave, and all secrets by their kinds."""

    backend = "python"

    def __init__(self) -> None:
        self._elsewhere = Elsewhere()
        self._listening = True
        self._seen: dict[str, list[bytes]] = defaultdict(list)
        self._public: list[bytes] = []
        self._given = b""
        self._done: list[list[bytes]] = []
        self._salt: bytes | None = None  # of the HKDF that is at work

    # As an Outside

    def secret(self, name: str, size: int) -> bytearray:
        self._given += secret(name, size)
        return bytearray(secret(name, size))

    def done(self, name: str, *arguments: Any) -> list[bytes]:
        self._listening = False
        self._done.append(getattr(self._elsewhere, name)(*arguments))
        self._listening = True
        self._public += self._done[-1]
        for argument in arguments:
            self._public += [argument] if isinstance(argument, bytes) else []
        return list(self._done[-1])

    def public(self, *arrays: Any) -> None:
        self._public += [array.tobytes() for array in arrays]

    # Listening

    def _add(self, kind: str, secret: Any) -> None:
        if self._listening:
            self._seen[kind].append(bytes(secret))

    def _x25519(self, plain: Callable[..., bytes]) -> Callable[..., bytes]:
        def x25519(scalar: bytes, *point: bytes) -> bytes:
            product = plain(scalar, *point)
            known = clamp(scalar) in map(clamp, self._seen["PrivateKey"])
            drawn = scalar in self._drawn
            kind = "random scalar" if drawn else "blinding factor"
            self._add("PrivateKey" if known else kind, clamp(scalar))
            if point:
                self._add("shared secret", product)
            return product

        return x25519

    def _chain(self, plain: Callable[..., None]) -> Callable[..., None]:
        def x25519_chain(self_: Any, scalars: Any, points: Any, on_curve: Any, out: Any) -> None:
            for row in scalars:
                first, *rest = (int.from_bytes(clamp(one.tobytes()), "little") for one in row)
                k = first // 8
                for factor in rest:
                    k = k * factor % ORDER
                    k = ORDER - k if k >> 252 else k
                    self._add("product of scalars", (8 * k).to_bytes(32, "little"))
            plain(self_, scalars, points, on_curve, out)

        return x25519_chain

    def _hkdf(self, plain: Callable[..., bytes]) -> Callable[..., bytes]:
        def hkdf_sha256(salt: bytes, ikm: bytes, info: bytes, size: int) -> bytes:
            self._salt = salt
            made = plain(salt, ikm, info, size)
            self._salt = None
            if size == sx.NYM.secret_size:
                self._add("expanded secret", made[: sx.NYM.secret_part("replay_tag").start])
            else:
                if len(ikm) == sx.NYM.payload_seed_size:
                    self._add("payload seed", ikm)
                self._add("payload key" if size == 192 else "HKDF output", made)
            return made

        return hkdf_sha256

    def _hmac(self, plain: Callable[..., bytes]) -> Callable[..., bytes]:
        def hmac_sha256(key: bytes, data: bytes) -> bytes:
            if key != self._salt:
                self._add("HMAC key" if self._salt is None else "PRK", key)
            return plain(key, data)

        return hmac_sha256

    def _key_of(self, kind: str, plain: Callable[..., bytes]) -> Callable[..., bytes]:
        def cipher(key: bytes, *rest: Any) -> bytes:
            self._add(kind, key)
            return plain(key, *rest)

        return cipher

    def _packet_hmac(self, plain: Callable[..., bytes]) -> Callable[..., bytes]:
        def hmac(key: bytes, data: bytes) -> bytes:
            made = plain(key, data)
            self._add("packet key PRK", made)
            return made

        return hmac

    def _packet_keys(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def made(shared: Any) -> Any:
            keys = plain(shared)
            for one in keys:
                self._add("packet key", one)
            return keys

        return made

    def _of(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def of(kind: type, *parts: Any) -> Any:
            made, secret = plain.__func__(kind, *parts), b"".join(parts)
            if kind is sx.Surb:
                fixed = sx.NYM.header_size + sx.NYM.address_size
                self._add("payload keys of a Surb", secret[fixed:])
            elif kind is sx.SurbRecovery:
                self._add("payload keys of a Surb", secret[sx.NYM.identifier_size :])
            else:
                self._add(kind.__name__, secret)
            return made

        return classmethod(of)

    @contextmanager
    def listen(self, draws: Callable[[Any], None]) -> Iterator[None]:
        """Hear what the python backend computes with, and use these random draws."""
        self._drawn: set[bytes] = set()

        def fill(out: Any) -> None:
            draws(out)
            drawn = bytes(out)
            self._drawn.update(drawn[i : i + 32] for i in range(0, len(drawn), 32))

        functions = {
            "x25519": self._x25519(primitives.x25519),
            "x25519_base": self._x25519(primitives.x25519_base),
            "hkdf_sha256": self._hkdf(primitives.hkdf_sha256),
            "hmac_sha256": self._hmac(primitives.hmac_sha256),
            "aes128_ctr": self._key_of("AES key", primitives.aes128_ctr),
            "chacha20": self._key_of("ChaCha20 key", primitives.chacha20),
            "blake2b": self._key_of("BLAKE2b key", primitives.blake2b),
        }
        listening = self._packet_keys(packet_keys.packet_keys)
        with ExitStack() as stack:

            def replace(where: Any, name: str, what: Any) -> None:
                stack.enter_context(mock.patch.object(where, name, what))

            for module in (primitives, hop, lioness):
                for name, function in functions.items():
                    if hasattr(module, name):
                        replace(module, name, function)
            chain = backend.PythonBackend.x25519_chain
            replace(backend.PythonBackend, "x25519_chain", self._chain(chain))
            replace(packet_keys, "_hmac", self._packet_hmac(packet_keys._hmac))
            replace(data_packets, "packet_keys", listening)
            replace(receiving, "packet_keys", listening)
            replace(Secret, "_of", self._of(Secret._of))
            replace(_random, "fill", fill)
            yield

    def record(self, use: Callable[[Any], Any], folder: Path) -> Pieces:
        """Run a use; write what it takes to run it again; return all its secrets."""
        (folder / "draws").write_bytes(seeded(b"random draws", DRAWS_SIZE))
        same = use.__name__ in uses.WITH_THREADS
        with uses.Draws(folder / "draws", same=same) as draws, self.listen(draws):
            use(self)
        (folder / "secrets").write_bytes(self._given)
        (folder / "done").write_bytes(pickle.dumps(self._done))
        return self.pieces()

    def pieces(self) -> Pieces:
        """All secrets that were heard of, in all their forms."""
        pieces = Pieces()
        others = [kind for kind in self._seen if kind not in FIRST]
        for kind in (*FIRST, *others):
            seen = self._seen[kind]
            rows = list(dict.fromkeys(seen))
            pieces.add(kind, forms(rows, hmac_key=kind in HMAC_KEYS))
            if kind in SCALARS:
                pieces.add(kind, forms([clamp(row) for row in rows], scalar=True))
            elif kind == "product of scalars":
                pieces.add(kind, forms(rows, scalar=True))
        for public in self._public:
            for start in range(len(public) - PIECE + 1):
                pieces.pieces.pop(public[start : start + PIECE], None)
        return pieces

    def counts(self) -> dict[str, int]:
        """How many different secrets of each kind there were."""
        return {kind: len(set(seen)) for kind, seen in self._seen.items()}


def as_table(pieces: Pieces) -> tuple[Any, Any]:
    """Pieces as sorted uint64, and the label of each."""
    words = np.frombuffer(b"".join(pieces.pieces), np.uint64)
    labels = np.fromiter(pieces.pieces.values(), np.int64, len(words))
    order = np.argsort(words)
    return words[order], labels[order]
