"""Compare the native backends with libsodium and with each other on many random cases.

X25519 of random points and scalars, every eighth of them an edge case, against libsodium by
PyNaCl; whole packets, good and bad ones, on every native backend against each other, and some of
them against the Python backend. Prints how many cases agreed, and the seed: --seed repeats a run.
Exits with 1 at a difference.
"""

import argparse
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))

import numpy as np
import numpy.typing as npt
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import RuntimeError as NaclRuntimeError
from random_stream import filling

import sphinxcore as sx
from sphinxcore import _random, batch

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
KEY_SIZE = 32
CHUNK = 4096
"""Cases at a time, about: every chunk has another number of rows."""

WITH_COMBS = ("avx512",)
"""Backends that multiply points differently if that is done twice."""

Rows = npt.NDArray[np.uint8]


class DifferenceError(Exception):
    """A backend computed something else."""


# X25519 ---------------------------------------------------------------------------------------------

LOW_ORDER = (
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    P - 1,
)


@cache
def edge_points() -> list[int]:
    """Points around 0, p, 2^255 and powers of two, of low order, and with long carries."""
    near = [base + i for base in (0, P, 2**255) for i in range(-20, 21)]
    powers = [2**k + i for k in range(0, 255, 3) for i in (-1, 0, 1)]
    limbs = [sum(2**k for k in range(start, 255, 51)) for start in range(51)]
    numbers = {
        n % 2**255 for n in (*near, *powers, *limbs, *LOW_ORDER, *(P + n for n in range(19)))
    }
    return [number + top for number in sorted(numbers) for top in (0, 2**255)]


def edge_scalars() -> list[int]:
    """Scalars around 0, multiples of the group's order, powers of two, and with long runs of bits."""
    near = [base + i for base in (0, 2**255, 2**256) for i in range(-20, 21)]
    multiples = [ORDER * k + i for k in (1, 2, 4, 8) for i in range(-9, 10)]
    bits = [2**k for k in range(256)] + [2**k - 1 for k in range(256)]
    patterns = [int.from_bytes(bytes([byte]) * KEY_SIZE, "little") for byte in (0x55, 0xAA, 0x0F)]
    return sorted({n % 2**256 for n in (*near, *multiples, *bits, *patterns)})


def to_rows(numbers: Sequence[int]) -> Rows:
    raw = b"".join(number.to_bytes(KEY_SIZE, "little") for number in numbers)
    return np.frombuffer(raw, np.uint8).reshape(-1, KEY_SIZE)


def x25519_cases(n: int, rng: random.Random) -> Iterator[tuple[Rows, Rows]]:
    """Scalars and points, n of them in all. Edge points and edge scalars come alone and together."""
    points, scalars = to_rows(edge_points()), to_rows(edge_scalars())
    while n:
        rows = min(n, CHUNK + rng.randrange(-16, 17))
        columns = []
        for edges, parts in ((scalars, (0, 1)), (points, (1, 2))):
            column = np.frombuffer(rng.randbytes(rows * KEY_SIZE), np.uint8)
            column = column.reshape(rows, KEY_SIZE).copy()
            for i in range(rows):
                if i % 24 // 8 in parts and i % 8 == 7:
                    column[i] = edges[rng.randrange(len(edges))]
            columns.append(column)
        yield columns[0], columns[1]
        n -= rows


def sodium(scalar: bytes, point: bytes) -> bytes:
    """What libsodium has for a product; it refuses those that are zero."""
    try:
        return crypto_scalarmult(scalar, point)
    except NaclRuntimeError:
        return bytes(KEY_SIZE)


def compare_x25519(n: int, backends: Sequence[str], rng: random.Random) -> None:
    counts: Counter[str] = Counter()
    for scalars, points in x25519_cases(n, rng):
        raw = [(s.tobytes(), p.tobytes()) for s, p in zip(scalars, points, strict=True)]
        expected = [sodium(*pair) for pair in raw]
        counts["zero"] += expected.count(bytes(KEY_SIZE))
        products = np.frombuffer(b"".join(expected), np.uint8).reshape(-1, KEY_SIZE)
        every = slice(None, None, 16)
        keys = [crypto_scalarmult_base(scalar) for scalar, _ in raw[every]]
        public = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY_SIZE)
        for name in backends:
            same(
                name,
                "X25519",
                batch.x25519(scalars, points, backend=name),
                products,
                scalars,
                points,
            )
            same(
                name,
                "base point",
                batch.x25519(scalars[every], backend=name),
                public,
                scalars[every],
            )
            counts[f"{name}: X25519"] += len(scalars)
            counts[f"{name}: base point"] += len(public)
            if name in WITH_COMBS:
                first, second = np.empty_like(products), np.empty_like(products)
                sx.backend(name).x25519_twice(scalars, scalars, points, first, second)
                same(name, "first of two", first, products, scalars, points)
                same(name, "second of two", second, products, scalars, points)
                counts[f"{name}: X25519 with combs"] += 2 * len(scalars)
    report("X25519 against libsodium", counts)


def same(name: str, what: str, found: Rows, expected: Rows, *columns: Rows) -> None:
    wrong = np.flatnonzero((found != expected).any(axis=1))
    if wrong.size:
        i = wrong[0]
        inputs = ", ".join(column[i].tobytes().hex() for column in columns)
        raise DifferenceError(
            f"{name}: {what} of {inputs} is {found[i].tobytes().hex()}, not "
            f"{expected[i].tobytes().hex()}; {wrong.size} of {len(found)} rows are wrong"
        )


# Packets --------------------------------------------------------------------------------------------

NODES = 3
VERSIONS = (1, 257, 258, 259)
ODD_FLAGS = replace(sx.NYM, forward_flag=0, final_flag=3)
PAYLOAD_SIZES = (sx.NYM.minimum_payload_size, 64, 333, 2065)


def make_packets(
    n: int, keys: Sequence[sx.PrivateKey], backends: Sequence[str], rng: random.Random
) -> list[bytes]:
    """Packets of all versions, numbers of hops and some sizes; a third of them is changed.

    All backends build them, of the same randomness.
    """
    hops = [
        sx.Hop(address=rng.randbytes(32), public_key=key.public_key, delay_ns=rng.randrange(2**64))
        for key in keys
    ]
    packets: list[bytes] = []
    while len(packets) < n:
        rows = min(n - len(packets), rng.randrange(1, 200))
        length, size = rng.randint(1, sx.NYM.max_hops), rng.choice(PAYLOAD_SIZES)
        routes = [rng.choices(hops, k=length) for _ in range(rows)]
        longest = size - sx.NYM.zero_prefix_size - 1
        messages = [rng.randbytes(rng.randint(0, longest)) for _ in range(rows)]
        options: dict[str, Any] = {
            "destination": rng.randbytes(sx.NYM.address_size),
            "identifier": rng.randbytes(sx.NYM.identifier_size),
            "version": rng.choice(VERSIONS),
            "payload_size": size,
            "wire_format": ODD_FLAGS if rng.random() < 0.1 else sx.NYM,
        }
        seed = rng.randbytes(32)
        built = []
        for name in backends:
            _random.fill = filling(random.Random(seed).randbytes)
            built.append(sx.build_packets(routes, messages, backend=name, **options))
            if not np.array_equal(built[0], built[-1]):
                raise DifferenceError(f"{name} and {backends[0]} build different packets")
        packets += [row.tobytes() for row in built[0]]
    rng.shuffle(packets)
    return [change(packet, rng) if rng.random() < 1 / 3 else packet for packet in packets]


def change(packet: bytes, rng: random.Random) -> bytes:
    """The packet with a byte changed, another alpha, cut short, or nothing but noise."""
    kind = rng.randrange(5)
    if kind == 0:
        return packet[: rng.randrange(len(packet))]
    if kind == 1:
        point = rng.choice(edge_points())
        return point.to_bytes(KEY_SIZE, "little") + packet[KEY_SIZE:]
    if kind == 2:
        return rng.randbytes(len(packet))
    place = rng.randrange(len(packet) if kind == 3 else sx.NYM.header_size)
    flipped = packet[place] ^ rng.randrange(1, 256)
    return packet[:place] + bytes([flipped]) + packet[place + 1 :]


def columns(result: sx.BatchResult) -> dict[str, npt.NDArray[np.generic]]:
    """Everything that a result says, by name."""
    names = ("status", "replay_tags", "key_index", "versions", "next_hops", "delays_ns")
    names += ("destinations", "identifiers", "buffer", "offsets")
    return {name: np.asarray(getattr(result, name)) for name in names}


def compare_packets(n: int, n_python: int, backends: Sequence[str], rng: random.Random) -> None:
    keys = [sx.PrivateKey.from_bytes(rng.randbytes(KEY_SIZE)) for _ in range(NODES)]
    statuses: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    while counts["packets"] < n:
        rows = min(n - counts["packets"], rng.randrange(1, 2000))
        with_python = counts["python"] < n_python
        if with_python:
            rows = min(rows, 200, n_python - counts["python"])
        names = [*backends, "python"] if with_python else [*backends]
        sent = make_packets(rows, keys, names, rng)
        forwarding = rng.random() < 0.5
        expected: dict[str, npt.NDArray[np.generic]] = {}
        for name in names:
            processor = sx.Processor(keys, backend=name, threads=rng.randint(1, 2))
            processor._forwarding = forwarding
            found = columns(processor.process(sent))
            expected = expected or found
            for what, column in found.items():
                if not np.array_equal(column, expected[what]):
                    raise DifferenceError(
                        f"{name} and {names[0]}: {what} differ in a batch of {rows}"
                    )
            counts[name] += rows
        counts["packets"] += rows
        counts["batches"] += 1
        statuses.update(sx.Status(status).name.lower() for status in expected["status"].tolist())
    report("Packets", counts)
    report("of which", statuses)


# The program ----------------------------------------------------------------------------------------


def report(title: str, counts: Counter[str]) -> None:
    print(f"{title}:")
    for what, count in sorted(counts.items()):
        print(f"  {count:>9,}  {what}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--x25519", type=int, default=10**6, help="products (default: %(default)s)")
    parser.add_argument("--packets", type=int, default=10**5, help="packets (default: %(default)s)")
    parser.add_argument(
        "--python",
        type=int,
        default=2000,
        help="of them also on the Python backend (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=secrets.randbits(64))
    arguments = parser.parse_args()
    backends = [name for name in sx.available_backends() if name != "python"]
    if not backends:
        sys.exit("differential: no native backend was built")
    for name, reason in sx.missing_backends().items():
        print(f"{name} is not compared: {reason}")
    print(f"Seed {arguments.seed}, backends {', '.join(backends)}")
    rng = random.Random(arguments.seed)
    start = time.monotonic()
    try:
        compare_x25519(arguments.x25519, backends, rng)
        compare_packets(arguments.packets, arguments.python, backends, rng)
    except DifferenceError as error:
        sys.exit(f"differential: {error}")
    print(f"No difference, in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
