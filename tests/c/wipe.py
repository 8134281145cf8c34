"""Nothing secret is left on the stack, in vector registers or in freed memory; see wipe.c.

Exits with 1 if something is found, or if what is left on purpose is not.
"""

import hashlib
import hmac
import os
import shutil
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import compiling
from c_cases import format_in_c
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from nacl.bindings import crypto_scalarmult
from nodes import hop, key, seeded

import sphinxcore as sx

ROWS = 77
"""As in wipe.c."""
COMPILERS = ("gcc", "clang")
WRAPPED = ("malloc", "free", "sphinx_wipe_stack")
ORDER = 2**252 + 27742317777372353535851937790883648493
INFO = b"info\0"
PAYLOAD_SIZE = 200
VERSIONS = (257, 258, 259)
KEYS = 2
PIECE = 8

Rows = Sequence[bytes]


# Secrets --------------------------------------------------------------------------------------------


def hkdf(ikm: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    prk = extract(ikm, salt)
    done, block = b"", b""
    for i in range(-(-size // 32)):
        block = hmac.digest(prk, block + info + bytes([i + 1]), "sha256")
        done += block
    return done[:size]


def extract(ikm: bytes, salt: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def clamp(scalar: bytes) -> bytes:
    number = int.from_bytes(scalar, "little")
    return (number & (2**254 - 8) | 2**254).to_bytes(32, "little")


def scalar_product(a: bytes, b: bytes) -> bytes:
    """As pipeline/scalars.c has it: 8 k with k below 2^252."""
    k = int.from_bytes(clamp(a), "little") // 8 * int.from_bytes(clamp(b), "little") % ORDER
    return (8 * (ORDER - k if k >> 252 else k)).to_bytes(32, "little")


def teeth(scalar: bytes) -> bytes:
    """The scalar over 8, made odd, and as the combs take it."""
    k = int.from_bytes(scalar, "little") // 8
    odd = k if k % 2 else ORDER - k
    signs = (odd - 1) // 2 + 2**255
    words = [signs >> 64 * i & (2**64 - 1) for i in range(4)]
    bits = [word ^ words[3] for word in words[:3]]
    return b"".join(
        number.to_bytes(size, "little")
        for number, size in ((k, 32), (odd, 32), (signs, 32), *((word, 8) for word in bits))
    )


def padded(secret: bytes, byte: int) -> bytes:
    """The part of HMAC's padded key that depends on the key."""
    return bytes(b ^ byte for b in secret)


def root(n: int, k: int) -> int:
    """The first 32 bits of the fraction of the k-th root of n."""
    target, found = n << 32 * k, 0
    for bit in reversed(range(40)):
        found += (found + (1 << bit)) ** k <= target and 1 << bit
    return found % 2**32


PRIMES = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
INITIAL = [root(n, 2) for n in PRIMES[:8]]
CONSTANTS = [root(n, 3) for n in PRIMES]


def compress(block: bytes) -> bytes:
    """The state of SHA-256 after its first block, as words in the order of this machine."""

    def rotated(x: int, *counts: int) -> int:
        return sum(((x >> n | x << 32 - n) % 2**32) << 40 * i for i, n in enumerate(counts))

    def mixed(x: int, *counts: int, shift: int = 0) -> int:
        turned = rotated(x, *counts)
        found = x >> shift if shift else 0
        for i in range(len(counts)):
            found ^= turned >> 40 * i & (2**32 - 1)
        return found

    w = list(struct.unpack(">16I", block))
    for i in range(16, 64):
        first, last = mixed(w[i - 15], 7, 18, shift=3), mixed(w[i - 2], 17, 19, shift=10)
        w.append((w[i - 16] + first + w[i - 7] + last) % 2**32)
    a, b, c, d, e, f, g, h = INITIAL
    for constant, word in zip(CONSTANTS, w, strict=True):
        t = h + mixed(e, 6, 11, 25) + (e & f ^ ~e & g) + constant + word
        h, g, f, e = g, f, e, (d + t) % 2**32
        d, c, b, a = c, b, a, (t + mixed(a, 2, 13, 22) + (b & c | a & (b | c))) % 2**32
    state = (a, b, c, d, e, f, g, h)
    return struct.pack("=8I", *((x + y) % 2**32 for x, y in zip(state, INITIAL, strict=True)))


def hmac_states(key: bytes) -> bytes:
    """All that HMAC needs of a key, in the order of states and in that of the SHA instructions."""
    states = [
        compress(padded(key, byte) + bytes([byte]) * (64 - len(key))) for byte in (0x36, 0x5C)
    ]
    words = [struct.unpack("=8I", state) for state in states]
    turned = [struct.pack("=8I", *(word[i] for i in (5, 4, 1, 0, 7, 6, 3, 2))) for word in words]
    return b"".join([*states, *turned])


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def lioness_keys(block: bytes, key: bytes, *, decrypt: bool) -> bytes:
    """The keys of LIONESS's two stream ciphers for a block."""
    left, right, found = block[:32], block[32:], []
    keys = [key[:32], key[32:96], key[96:128], key[128:192]]
    for part in reversed(keys) if decrypt else keys:
        if len(part) == 32:
            found.append(xor(left, part))
            right = Cipher(ChaCha20(found[-1], bytes(16)), None).encryptor().update(right)
        else:
            left = xor(left, hashlib.blake2b(right, key=part, digest_size=32).digest())
    return b"".join(found)


def swapped(secret: bytes) -> bytes:
    """The words of 32 bits of a secret, turned around, as SHA-256 takes them."""
    words = len(secret) // 4
    return struct.pack(f"<{words}I", *struct.unpack(f">{words}I", secret[: 4 * words]))


def beside(rows: Rows) -> Iterator[bytes]:
    """Words of 32 bits of two rows side by side, as in the lanes of vectors."""
    for a, b in pairwise(rows):
        for i in range(0, len(a) - 3, 4):
            yield a[i : i + 4] + b[i : i + 4]


def forms(rows: Rows, *, hmac_key: bool = False, scalar: bool = False) -> Iterator[bytes]:
    """Everything that would give the secrets away."""
    given = [list(rows)]
    if hmac_key:
        given += [[padded(row, byte) for row in rows] for byte in (0x36, 0x5C)]
        given.append([hmac_states(row) for row in rows])
    if scalar:
        given.append([teeth(row) for row in rows])
    for form in given:
        for plain in (form, [swapped(row) for row in form]):
            yield from plain
            yield from beside(plain)


class Pieces:
    """All runs of PIECE bytes of secrets, at every fourth byte, and the name of each."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.pieces: dict[bytes, int] = {}

    def add(self, name: str, secrets: Iterable[bytes]) -> None:
        label = len(self.names)
        self.names.append(name)
        for secret in secrets:
            for i in range(0, len(secret) - PIECE + 1, 4):
                piece = secret[i : i + PIECE]
                if len(set(piece)) > PIECE // 2:  # not some padding
                    self.pieces.setdefault(piece, label)


# Cases ----------------------------------------------------------------------------------------------


def make_packets() -> tuple[list[bytes], list[int], list[sx.Status]]:
    """Packets of all versions, forward and final, for two keys; the last ones are not authentic."""
    packets, keys = [], []
    for i in range(ROWS):
        first = i % KEYS
        route = [hop(first)] if i % 5 == 4 else [hop(first), hop(first + KEYS)]
        packets.append(
            sx.build_packet(
                route,
                seeded(f"message {i}", PAYLOAD_SIZE // 2),
                destination=seeded("destination", 32),
                identifier=seeded("identifier", 16),
                version=VERSIONS[i % len(VERSIONS)],
                payload_size=PAYLOAD_SIZE,
                backend="python",
            )
        )
        keys.append(first)
    mac = sx.NYM.alpha_size
    for i in range(ROWS - 5, ROWS):
        packets[i] = packets[i][:mac] + bytes(sx.NYM.mac_size) + packets[i][mac + sx.NYM.mac_size :]
    processor = sx.Processor([key(i) for i in range(KEYS)], backend="python")
    return packets, keys, [row.status for row in processor.process(packets)]


def add_packets(pieces: Pieces, packets: Rows, keys: Sequence[int]) -> None:
    wire = sx.NYM
    shared, secrets, blinding, payload_keys = [], [], [], []
    for i, (packet, index) in enumerate(zip(packets, keys, strict=True)):
        shared.append(crypto_scalarmult(key(index).to_bytes(), packet[: wire.alpha_size]))
        secret = hkdf(shared[-1], b"", wire.secret_info, wire.secret_size)
        secrets.append(secret[: wire.secret_part("replay_tag").start])  # the tag is public
        blinding.append(clamp(secret[wire.secret_part("blinding_factor")]))
        payload_key = secret[wire.secret_part("payload_key")]
        if VERSIONS[i % len(VERSIONS)] not in wire.explicit_payload_key_versions:
            seed = payload_key[: wire.payload_seed_size]
            payload_key = hkdf(seed, wire.payload_key_salt, wire.payload_key_info, len(payload_key))
        payload_keys.append(payload_key)
    private = [clamp(key(i).to_bytes()) for i in range(KEYS)]
    pieces.add("node key", forms(private, scalar=True))
    pieces.add("shared secret", forms(shared, hmac_key=True))
    pieces.add("PRK", forms([extract(one, b"") for one in shared], hmac_key=True))
    pieces.add(
        "header MAC key", forms([s[wire.secret_part("mac_key")] for s in secrets], hmac_key=True)
    )
    pieces.add("blinding factor", forms(blinding, scalar=True))
    pieces.add("expanded secret", forms(secrets))
    pieces.add("payload key", forms(payload_keys))
    payloads = [packet[wire.header_size :] for packet in packets]
    pairs = list(zip(payloads, payload_keys, strict=True))
    pieces.add("stream keys of a payload", forms([lioness_keys(*p, decrypt=True) for p in pairs]))


def write_cases(path: Path) -> list[str]:
    """Write the file that wipe.c reads; return the names of the secrets."""
    pieces = Pieces()
    packets, hints, statuses = make_packets()
    add_packets(pieces, packets, hints)

    def rows(name: str, size: int) -> list[bytes]:
        return [seeded(f"{name} {i}", size) for i in range(ROWS)]

    first, second, keys, data = (
        rows("a", 32),
        rows("b", 32),
        rows("key", 192),
        rows("data", 200),
    )
    points = [key(i).public_key.to_bytes() for i in range(ROWS)]
    products = [crypto_scalarmult(*pair) for pair in zip(first, points, strict=True)]
    for name, scalars in (("scalar", first), ("second scalar", second)):
        pieces.add(name, forms([clamp(one) for one in scalars], scalar=True))
    both = [scalar_product(a, b) for a, b in zip(first, second, strict=True)]
    pieces.add("product of scalars", forms(both, scalar=True))
    pieces.add("product of a scalar and a point", forms(products))
    seconds = [crypto_scalarmult(*pair) for pair in zip(second, points, strict=True)]
    pieces.add("product of the second scalar", forms(seconds))
    pieces.add("key", forms(keys))
    pieces.add("HMAC key", forms([one[:16] for one in keys], hmac_key=True))
    prks = [extract(one[:32], b"") for one in keys]
    pieces.add("PRK of a key", forms(prks, hmac_key=True))
    pieces.add("HKDF of a key", forms([hkdf(one[:32], b"", INFO, 192) for one in keys]))
    pieces.add("data", forms(data))
    for decrypt in (False, True):
        pairs = zip(data, keys, strict=True)
        streams = [lioness_keys(*pair, decrypt=decrypt) for pair in pairs]
        pieces.add("stream keys of LIONESS", forms(streams))

    tables: list[Rows] = [
        [key(i).to_bytes() for i in range(KEYS)],
        packets,
        [bytes([i]) for i in hints],
        [bytes([status]) for status in statuses],
        first,
        second,
        points,
        products,
        keys,
        data,
        list(pieces.pieces),
        [bytes([label]) for label in pieces.pieces.values()],
    ]
    path.write_bytes(b"".join(struct.pack("=QQ", len(t), len(t[0])) + b"".join(t) for t in tables))
    return pieces.names


# Runs -----------------------------------------------------------------------------------------------


def main() -> None:
    found = [name for name in COMPILERS if shutil.which(name)]
    if not found:
        sys.exit(f"wipe: none of {', '.join(COMPILERS)} is installed")
    for name in COMPILERS:
        if name not in found:
            print(f"wipe: {name} is not installed: not checked with it")
    for name in found:
        os.environ["CC"] = name
        check(name, compiling.BUILD / f"wipe-{name}")


def check(compiler: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = write_cases(folder / "cases")
    program = build(folder)

    def run(*mode: str) -> list[list[str]]:
        command = [program, folder / "cases", *mode]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
        if done.returncode:
            sys.exit(f"wipe: {compiler}: {' '.join(mode) or 'the program'} failed")
        return [line.split() for line in done.stdout.splitlines()]

    lines = run()
    calls = [line for line in lines if line[0] == "ran"]
    left = Counter(tuple(line[1:5]) for line in lines if line[0] == "found")
    for (backend, call, where, label), count in sorted(left.items()):
        print(f"wipe: {compiler}: {backend} {call}: {where}: {names[int(label)]}, {count} pieces")
    if left:
        sys.exit(f"wipe: {compiler}: secrets are left, see above")
    for mode in ("planted-stack", "planted-heap"):
        if not any(line[0] == "found" for line in run(mode)):
            sys.exit(f"wipe: {compiler}: {mode} was not found: this check finds nothing")
    lines = run("unwiped")
    unwiped = {line[1] for line in lines if line[0] == "found"}
    for place in ("stack", "registers"):
        if not any(line[3] == place for line in lines if line[0] == "found"):
            sys.exit(
                f"wipe: {compiler}: nothing in {place} is found without sphinx_wipe_stack, either"
            )
    deepest = max((int(line[3]), *line[1:3]) for line in lines if line[0] == "ran")
    (wiped,) = (int(line[1]) for line in lines if line[0] == "wipes")
    if deepest[0] > wiped:
        sys.exit(f"wipe: {compiler}: {deepest[1:]} takes {deepest[0]} bytes of stack")
    print(
        f"wipe: {compiler}: {len(calls)} calls left nothing of {len(names)} kinds of secrets; without "
        f"sphinx_wipe_stack those of {', '.join(sorted(unwiped))} do; at most {deepest[0]} bytes of "
        f"stack ({' '.join(deepest[1:])}), {wiped} are wiped"
    )


def build(folder: Path) -> Path:
    sizes = {
        "HEADER": sx.NYM.header_size,
        "SECRET": sx.NYM.secret_size,
        "PACKET": 4096,
        "COMB": 1 << 14,
    }
    limits = "".join(f"#define MAX_{name} {size}\n" for name, size in sizes.items())
    (folder / "cases.h").write_text(format_in_c() + limits, encoding="ascii")
    flags = [f"-I{folder}", "-O1", "-Wno-unused-const-variable"]
    objects = compiling.library(folder)
    harness = compiling.compile_object(compiling.HERE / "wipe.c", folder, extra=flags)
    wrap = [f"-Wl,--wrap={name}" for name in WRAPPED]
    return compiling.link(folder / "wipe", [harness, *objects], extra=["-Wl,-z,now", *wrap])


if __name__ == "__main__":
    main()
