"""Every kernel against the reference backend, not only those that this CPU's backends take.

A backend takes the best kernels that the CPU runs. The others are reached by backends made for a
CPU that has less: `cpu` masks its instruction sets.
"""

import importlib.util
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from network import (
    DESTINATION,
    LOW_ORDER,
    SMALL_PAYLOAD,
    bad_packets,
    key,
    packet,
    route,
    seeded,
)
from random_stream import RandomStream

import sphinxcore as sx
from sphinxcore import _backends
from sphinxcore._curve import is_on_curve

if importlib.util.find_spec("sphinxcore._native") is None:
    pytest.skip("the native module was not built", allow_module_level=True)

from sphinxcore._native import NativeBackend, cpu_features

Rows = npt.NDArray[np.uint8]

SOURCES = Path(__file__).resolve().parents[2] / "sphinxcore" / "kernels"

KERNELS: dict[str, dict[str, set[str]]] = {
    "x25519": {
        "ifma": {"ifma", "avx512", "bmi2"},
        "avx2": {"avx2", "bmi2"},
        "portable": set(),
    },
    "sha256": {
        "avx512": {"avx512", "bmi2", "shani"},
        "shani": {"shani"},
        "avx2": {"avx2", "bmi2"},
        "portable": set(),
    },
    "aes128": {
        "vaes": {"vaes", "avx512", "bmi2", "aesni"},
        "aesni": {"aesni"},
        "portable": set(),
    },
    "chacha20": {
        "avx512": {"avx512", "bmi2"},
        "avx2": {"avx2", "bmi2"},
        "portable": set(),
    },
    "blake2b": {
        "avx512": {"avx512", "avx2", "bmi2"},
        "avx2": {"avx2", "bmi2"},
        "portable": set(),
    },
}
"""Primitive: its kernels, best first, and the CPU features that each of them needs."""

REGISTERS = {"avx512_registers", "portable_registers"}
"""Files that clear registers: no kernel of a primitive. tests/c/wipe.py has them checked."""

CURVE_KERNELS = {"avx512": "ifma", "avx2": "avx2", "portable": "portable"}
"""Backend: the kernel of its name, without which it is refused."""

LEFT_OUT = {"avx512": set(), "avx2": {"avx512", "ifma"}, "portable": set(cpu_features())}
"""Backend: CPU features that it never uses."""

NAMES = [f"{name}_{primitive}" for primitive, names in KERNELS.items() for name in names]
SYMMETRIC = [name for name in NAMES if not name.endswith("_x25519")]
CURVE = [name for name in NAMES if name.endswith("_x25519")]

MOST_ROWS = 130
COUNTS = (*range(34), 64, 65, MOST_ROWS)
"""Numbers of rows up to twice the most lanes and one more, and about the pipeline's groups of 64."""


def masks() -> Iterator[frozenset[str]]:
    """Every set of features of this CPU, the smaller ones first."""
    features = cpu_features()
    for size in range(len(features) + 1):
        for chosen in combinations(features, size):
            yield frozenset(chosen)


@cache
def backends() -> tuple[NativeBackend, ...]:
    """One backend for every choice of kernels that a mask leads to."""
    found: dict[tuple[str, ...], NativeBackend] = {}
    for mask in masks():
        for name, curve_kernel in CURVE_KERNELS.items():
            if KERNELS["x25519"][curve_kernel] <= mask:
                made = NativeBackend(name, cpu=mask)
                found.setdefault((name, *made.kernels.values()), made)
    return tuple(found.values())


@pytest.fixture
def kernel(request: pytest.FixtureRequest) -> tuple[NativeBackend, str]:
    """A backend that uses the kernel named by the parameter, and the kernel's primitive."""
    name, primitive = request.param.split("_")
    for backend in backends():
        if backend.kernels[primitive] == name:
            return backend, primitive
    if missing := KERNELS[primitive][name] - set(cpu_features()):
        pytest.skip(f"this CPU lacks {', '.join(sorted(missing))}")
    pytest.fail(f"no mask leads to {request.param}")


def on(names: Sequence[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kernel", names, indirect=True)


# Which kernels a backend takes ---------------------------------------------------------------------


def test_every_kernel_file_is_known() -> None:
    assert {path.stem for path in SOURCES.glob("*_*.c")} == {*NAMES, *REGISTERS}


def test_readme_lists_every_kernel() -> None:
    readme = (SOURCES / "README.md").read_text(encoding="ascii")
    listed = re.findall(r"^\| `(\w+)\.c` \| [^|]+ \|([^|]*)\|$", readme, re.MULTILINE)
    assert [name for name, _ in listed] == NAMES
    for name, needs in listed:
        instruction_set, primitive = name.split("_")
        assert set(re.findall(r"\w+", needs)) == KERNELS[primitive][instruction_set], name


def test_masks_choose_the_best_kernels_that_are_left() -> None:
    for mask in masks():
        for name, curve_kernel in CURVE_KERNELS.items():
            missing = KERNELS["x25519"][curve_kernel] - mask
            if missing:
                with pytest.raises(sx.BackendError) as caught:
                    NativeBackend(name, cpu=mask)
                reason = str(caught.value)  # other processors have no such kernels at all
                assert "not built" in reason or all(feature in reason for feature in missing)
                continue
            usable = mask - LEFT_OUT[name]
            assert NativeBackend(name, cpu=mask).kernels == {
                primitive: next(kernel for kernel, needs in kernels.items() if needs <= usable)
                for primitive, kernels in KERNELS.items()
            }, (name, mask)


def test_no_mask_is_every_feature() -> None:
    for name in CURVE_KERNELS:
        if name in sx.available_backends():
            unmasked = NativeBackend(name, cpu=cpu_features())
            assert sx.backend(name).kernels == unmasked.kernels


# Rows and lengths ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Primitive:
    """A method of backends. Its arguments are rows of `sizes` bytes, and the data."""

    method: str
    sizes: tuple[int, ...]
    result_size: int | None = None
    """None: as much as data."""
    data_sizes: tuple[int, ...] = (6, 64, 65, 200, 300, 360, 700, 1100, 2033)
    """Sizes that leave ends of 1 to 11 blocks, and those of a packet's parts."""

    def run(self, backend: Any, columns: Sequence[Rows], out: Rows) -> Rows:
        getattr(backend, self.method)(*columns, out)
        return out

    def new(self, n: int, size: int) -> Rows:
        return np.empty((n, size if self.result_size is None else self.result_size), np.uint8)


PRIMITIVES = {
    "x25519": Primitive("x25519", (32,), 32, (32,)),
    "sha256": Primitive("hmac_sha256", (20,), 32),
    "aes128": Primitive("aes128_ctr", (16, 16)),
    "chacha20": Primitive("chacha20", (32, 16)),
    "blake2b": Primitive("blake2b", (64,), 32),
}


def rows(seed: object, n: int, size: int) -> Rows:
    return np.frombuffer(seeded(repr(seed).encode(), n * size), np.uint8).reshape(n, size)


def as_rows(values: Sequence[bytes], size: int) -> Rows:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, size)


@cache
def case(primitive: str, size: int, n: int) -> tuple[tuple[Rows, ...], Rows]:
    """Random arguments with `size` bytes of data, and the results."""
    what = PRIMITIVES[primitive]
    columns = tuple(rows((primitive, i, s), n, s) for i, s in enumerate((*what.sizes, size)))
    return columns, what.run(sx.backend("python"), columns, what.new(n, size))


def check(kernel: tuple[NativeBackend, str], size: int, counts: Sequence[int], most: int) -> None:
    backend, primitive = kernel
    what = PRIMITIVES[primitive]
    columns, expected = case(primitive, size, most)
    for n in counts:
        out = what.run(backend, [column[:n] for column in columns], what.new(n, size))
        assert (out == expected[:n]).all(), (size, n)


@on(NAMES)
def test_row_counts(kernel: tuple[NativeBackend, str]) -> None:
    for size in PRIMITIVES[kernel[1]].data_sizes:
        check(kernel, size, COUNTS, MOST_ROWS)


@on(SYMMETRIC)
def test_lengths(kernel: tuple[NativeBackend, str]) -> None:
    """Every length up to three hundred, and all borders of vectors of up to sixteen blocks."""
    borders = [64 * blocks + i for blocks in range(5, 34) for i in (-1, 0, 1)]
    for size in (*range(300), *borders):
        check(kernel, size, (1, 3, 18), 18)


def placed(values: Rows, offset: int, gap: int) -> tuple[Rows, Rows]:
    """A copy in the middle of other bytes, with a gap after each row; and all of those bytes."""
    n, size = values.shape
    whole = np.full(64 + offset + n * (size + gap) + 64, 0xA5, np.uint8)
    copy = whole[64 + offset : -64].reshape(n, size + gap)[:, :size]
    copy[:] = values
    return copy, whole


@on(NAMES)
@pytest.mark.parametrize("gap", [0, 1, 9], ids="gap {}".format)
def test_unaligned_rows(kernel: tuple[NativeBackend, str], gap: int) -> None:
    """Nothing but the rows of the result is written."""
    backend, primitive = kernel
    what = PRIMITIVES[primitive]
    n = 19
    for size in what.data_sizes[-3:]:
        columns, expected = case(primitive, size, n)
        for offset in range(8):
            copies = [placed(column, (offset + i) % 8, gap) for i, column in enumerate(columns)]
            kept = [whole.copy() for _, whole in copies]
            out, around = placed(np.zeros_like(expected), offset, gap)
            what.run(backend, [copy for copy, _ in copies], out)
            assert (around == placed(expected, offset, gap)[1]).all(), (size, offset)
            for (_, whole), before in zip(copies, kept, strict=True):
                assert (whole == before).all()


@on(NAMES)
def test_in_place(kernel: tuple[NativeBackend, str]) -> None:
    backend, primitive = kernel
    what = PRIMITIVES[primitive]
    for size in what.data_sizes if what.result_size is None else (what.result_size,):
        for n in (1, 2, 7, 19):
            columns, expected = case(primitive, size, n)
            for offset in range(8):
                data, whole = placed(columns[-1], offset, 3)
                what.run(backend, [*columns[:-1], data], data)
                assert (whole == placed(expected, offset, 3)[1]).all(), (size, n, offset)


# What each primitive has besides -------------------------------------------------------------------


@on([name for name in SYMMETRIC if name.endswith("_aes128")])
def test_aes128_counters(kernel: tuple[NativeBackend, str]) -> None:
    """Counters that overflow 1 to 16 bytes, soon and late in the data."""
    ahead = (0, 1, 2, 3, 4, 7, 8, 15, 16, 23, 24, 40)
    counters = [
        ((0xC3 << 120 | 256**size - 1) - back) % 2**128 for size in range(1, 17) for back in ahead
    ]
    ivs = as_rows([value.to_bytes(16, "big") for value in counters], 16)
    n = len(ivs)
    for size in (16, 100, 400, 700):
        columns = rows("keys", n, 16), ivs, rows("data", n, size)
        what = PRIMITIVES["aes128"]
        expected = what.run(sx.backend("python"), columns, what.new(n, size))
        assert (what.run(kernel[0], columns, what.new(n, size)) == expected).all(), size


@on([name for name in SYMMETRIC if name.endswith("_chacha20")])
def test_chacha20_counters(kernel: tuple[NativeBackend, str]) -> None:
    """The last block counters there are, which differ from row to row."""
    n = 19
    for size in (1, 64, 65, 300, 700, 1024, 1100, 2033):
        blocks = -(-size // 64)
        ivs = rows("ivs", n, 16).copy()
        last = [(2**32 - blocks - i).to_bytes(4, "little") for i in range(n)]
        ivs[:, :4] = as_rows(last, 4)
        columns = rows("keys", n, 32), ivs, rows("data", n, size)
        what = PRIMITIVES["chacha20"]
        expected = what.run(sx.backend("python"), columns, what.new(n, size))
        assert (what.run(kernel[0], columns, what.new(n, size)) == expected).all(), size


@on([name for name in SYMMETRIC if name.endswith("_blake2b")])
def test_blake2b_keys_and_digests(kernel: tuple[NativeBackend, str]) -> None:
    for key_size in (0, 1, 31, 32, 63, 64):
        for size in (0, 1, 127, 128, 129, 256):
            columns = rows("keys", 17, key_size), rows("data", 17, size)
            for digest_size in (1, 7, 32, 33, 63, 64):
                expected = np.empty((17, digest_size), np.uint8)
                sx.backend("python").blake2b(*columns, expected)
                for n in (1, 4, 17):
                    out = np.empty((n, digest_size), np.uint8)
                    kernel[0].blake2b(*(column[:n] for column in columns), out)
                    assert (out == expected[:n]).all(), (key_size, size, digest_size, n)


@on([name for name in SYMMETRIC if name.endswith("_sha256")])
def test_sha256_hmac_keys_and_hkdf(kernel: tuple[NativeBackend, str]) -> None:
    reference = sx.backend("python")
    for n in (1, 2, 5, 17, 65):
        for size in (0, 1, 55, 56, 63, 64, 65, 200):
            columns = rows("keys", n, size), rows("data", n, 100)
            expected, out = np.empty((2, n, 32), np.uint8)
            reference.hmac_sha256(*columns, expected)
            kernel[0].hmac_sha256(*columns, out)
            assert (out == expected).all(), (n, size)
        for size in (0, 1, 32, 33, sx.NYM.secret_size, 1000):
            expected, out = np.empty((2, n, size), np.uint8)
            for backend, result in ((reference, expected), (kernel[0], out)):
                backend.hkdf_sha256(b"salt", rows("ikm", n, 32), b"info", result)
            assert (out == expected).all(), (n, size)


# X25519 --------------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
"""Order of the prime subgroup."""

LIMB_BORDERS = (
    *([-(-255 * i // limbs) for i in range(limbs + 1)] for limbs in (5, 9, 10)),
    *([bits * i for i in range(255 // bits + 1)] + [255] for bits in (32, 52, 64)),
)
"""Bits at which limbs begin, of 51, 28 1/3 and 25 1/2 bits (rounded up), and of whole words."""


def little(value: int) -> bytes:
    return value.to_bytes(32, "little")


def limb_patterns() -> set[int]:
    """All ones in one limb, in every second limb, in all but one; and values near the borders."""
    values = set()
    for borders in LIMB_BORDERS:
        limbs = [2**end - 2**start for start, end in pairwise(borders)]
        values |= {*limbs, *(sum(limbs) - limb for limb in limbs)}
        values |= {sum(limbs), sum(limbs[::2]), sum(limbs[1::2])}
        values |= {2**border + near for border in borders[1:-1] for near in (-1, 0, 1)}
    return values | {P - value for value in values if value <= P}


def special_points() -> list[bytes]:
    """Points of low order, at the border of p, with the top bit set, and limb patterns."""
    values = limb_patterns()
    values |= {value + P for value in range(19)} | {P - value for value in range(1, 20)}
    values |= set(range(20)) | {2**255 - 1}
    encoded = [little(value) for value in sorted(values)]
    top_bit = [little(value + 2**255) for value in (*range(20), P - 1, P, P + 1, 2**255 - 1)]
    return [*LOW_ORDER, *encoded, *top_bit]


EXTREME_SCALARS = (b"\xff" * 32, bytes(32))
"""The largest and the least when clamped."""


@cache
def x25519_case() -> tuple[Rows, Rows, Rows]:
    """Scalars, points and results."""
    special = special_points()
    scalars = [*EXTREME_SCALARS, b"\xa5" * 32, *map(bytes, rows("scalars", 2, 32))]
    columns = (
        as_rows([scalar for scalar in scalars for _ in special], 32),
        as_rows(special * len(scalars), 32),
    )
    expected = np.empty_like(columns[0])
    sx.backend("python").x25519(*columns, expected)
    return *columns, expected


@on(CURVE)
def test_x25519_special_points(kernel: tuple[NativeBackend, str]) -> None:
    scalars, points, expected = x25519_case()
    on_curve = sum(is_on_curve(point.tobytes()) for point in points)
    assert 0.3 < on_curve / len(points) < 0.7  # both the curve and its twist
    out = np.empty_like(expected)
    kernel[0].x25519(scalars, points, out)
    wrong = np.flatnonzero((out != expected).any(axis=1))
    assert [(scalars[i].tobytes().hex(), points[i].tobytes().hex()) for i in wrong] == []


@on(CURVE)
def test_x25519_base(kernel: tuple[NativeBackend, str]) -> None:
    scalars = x25519_case()[0][:: len(x25519_case()[0]) // 5]
    scalars = np.concatenate([scalars, rows("scalars of the base point", MOST_ROWS, 32)])
    expected = np.empty_like(scalars)
    sx.backend("python").x25519(scalars, None, expected)
    for n in COUNTS:
        out = np.empty((n, 32), np.uint8)
        kernel[0].x25519(scalars[:n], None, out)
        assert (out == expected[:n]).all(), n


@on(CURVE)
def test_x25519_in_place_of_scalars(kernel: tuple[NativeBackend, str]) -> None:
    (scalars, points), expected = case("x25519", 32, 19)
    out = scalars.copy()
    kernel[0].x25519(out, points, out)
    assert (out == expected).all()


@on(CURVE)
def test_x25519_scalars_that_are_not_clamped(kernel: tuple[NativeBackend, str]) -> None:
    """Kernels meet them as products: eight times these."""
    targets = [pow(8, -1, L), *range(1, 6), *(L - i for i in range(1, 6)), 2**64, 2**251, 2**252]
    draw = random.Random(0)
    factors = []
    while len(factors) < len(targets):
        first = draw.randrange(2**251, 2**252)
        second = targets[len(factors)] * pow(8 * first, -1, L) % L
        if 2**251 <= second < 2**252:  # eight times it is clamped
            factors.append(little(8 * first) + little(8 * second))
    scalars = as_rows(factors, 64).reshape(-1, 2, 32)
    points = [point for point in map(bytes, rows("on the curve", 80, 32)) if is_on_curve(point)]
    points = [little(9), *points][: len(targets)]
    columns = as_rows(points, 32), np.ones(len(targets), bool)
    expected, out = np.empty((2, len(targets), 32), np.uint8)
    sx.backend("python").x25519_chain(scalars, *columns, expected)
    kernel[0].x25519_chain(scalars, *columns, out)
    assert (out == expected).all()
    assert bytes(out[0]) == little(9)  # not what is the same modulo p


@on(CURVE)
def test_x25519_low_order_rows_leave_their_neighbours_alone(
    kernel: tuple[NativeBackend, str],
) -> None:
    """Rows share an inversion, and a zero among them would zero them all."""
    n = 70
    (scalars, points), expected = case("x25519", 32, n)
    low_order = as_rows(LOW_ORDER, 32)
    several = [range(0, n, 2), range(8), range(1, n), range(n)]
    for where in (*([i] for i in range(n)), *map(list, several)):
        changed, wanted = points.copy(), expected.copy()
        changed[where] = low_order[np.array(where) % len(low_order)]
        wanted[where] = 0
        out = np.empty_like(wanted)
        kernel[0].x25519(scalars, changed, out)
        assert (out == wanted).all(), where


# Packets, with every choice of kernels -------------------------------------------------------------

PAYLOADS = [size - sx.NYM.header_size for size in (386, 2413, 8557)]
VERSIONS = (257, 258, 259, 260)


@contextmanager
def in_its_place(backend: NativeBackend) -> Iterator[str]:
    """Makes this backend the one of its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(_backends._found()[0], backend.name, backend)
        yield backend.name


def mixed_batch() -> list[bytes]:
    """Sizes, versions, routes, keys and all kinds of bad packets, in no order."""
    batch = []
    for payload_size in PAYLOADS:
        for version in VERSIONS:
            options = {"payload_size": payload_size, "version": version}
            for hops in (1, 2, 5):
                message = b"%d, %d hops" % (version, hops)
                batch.append(packet(hops, message, **options))
                batch.append(
                    sx.build_packet(route(hops, 1), message, destination=DESTINATION, **options)
                )
        batch += bad_packets(batch[-6]).values()
    random.Random(0).shuffle(batch)
    return batch


def test_hops_of_mixed_batches(random_stream: RandomStream) -> None:
    batch = mixed_batch()
    assert len(batch) > 64
    keys = [key(1), key(0)]
    expected = sx.Processor(keys, backend="python").process(batch)
    assert set(expected.status) == {sx.Status.FORWARD, sx.Status.DELIVER, *bad_packets(batch[0])}
    for backend in backends():
        with in_its_place(backend) as name:
            processor = sx.Processor(keys, backend=name)
            for n in (len(batch), 9, 2, 1):
                result = processor.process(batch[:n])
                assert list(result) == list(expected)[:n], dict(backend.kernels)
                assert [*map(bytes, result.packets)] == [*map(bytes, expected.packets[:n])]


def packets_with(alphas: Rows, private_key: bytes, flag: int) -> Rows:
    """Packets for the node with this key that have these alphas, and this routing flag."""
    wire = sx.NYM
    n = len(alphas)
    shared = sx.batch.x25519(private_key, alphas, backend="python")
    secrets = sx.batch.hkdf_sha256(
        shared, info=wire.secret_info, size=wire.secret_size, backend="python"
    )
    layers = rows("layers", n, wire.routing_size).copy()
    layers[:, 0] = flag
    stream_keys, mac_keys = (
        secrets[:, wire.secret_part(name)] for name in ("stream_key", "mac_key")
    )
    routing = sx.batch.aes128_ctr(stream_keys, bytes(16), layers, backend="python")
    macs = sx.batch.hmac_sha256(mac_keys, routing, backend="python")[:, : wire.mac_size]
    return np.concatenate([alphas, macs, routing, rows("payloads", n, SMALL_PAYLOAD)], axis=1)


Batch = tuple[Rows, list[sx.Row], list[bytes]]


@cache
def special_alphas() -> list[tuple[sx.PrivateKey, Batch, Batch]]:
    """Keys, each with a batch that goes on and one that ends here, and what comes of them."""
    special = special_points()
    on_curve = [point for point in special if is_on_curve(point)]
    found = []
    for secret in (*EXTREME_SCALARS, bytes(rows("node key", 1, 32))):
        private_key = sx.PrivateKey.from_bytes(secret)
        processor = sx.Processor(private_key, backend="python")
        for points in (special, on_curve):
            alphas = as_rows(points, 32)
            batches = []
            for flag, status, some in (
                (sx.NYM.forward_flag, sx.Status.FORWARD, alphas),
                (sx.NYM.final_flag, sx.Status.DELIVER, alphas[-17:]),
            ):
                sent = packets_with(some, secret, flag)
                result = processor.process(sent)
                assert {*map(bytes, some[result.status != status])} <= {*LOW_ORDER}
                batches.append((sent, list(result), [*map(bytes, result.packets)]))
            found.append((private_key, *batches))
    return found


@on(CURVE)
def test_hops_of_special_alphas(kernel: tuple[NativeBackend, str]) -> None:
    """A hop multiplies alpha twice, and may do so in another way than by two calls."""
    for private_key, forward, final in special_alphas():
        with in_its_place(kernel[0]) as name:
            processor = sx.Processor(private_key, backend=name)
        for sent, expected, packets in (forward, final, forward):
            # The processor may remember what the last batch was like.
            result = processor.process(sent)
            assert list(result) == expected
            assert [*map(bytes, result.packets)] == packets


def test_packets_and_replies(random_stream: RandomStream) -> None:
    routes = [route(1 + i % 5, i % 3) for i in range(35)]
    messages = [b"message %d" % i for i in range(len(routes))]

    def made(name: str) -> list[Any]:
        random_stream.seed(b"packets and replies")
        common = {"destination": DESTINATION, "backend": name}
        found: list[Any] = []
        for version in VERSIONS:
            for payload_size in PAYLOADS:
                options = {"version": version, "payload_size": payload_size}
                found.append(sx.build_packets(routes, messages, **common, **options).tobytes())
        surbs = sx.build_surbs(routes, **common, version=258)
        surbs += sx.build_surbs(routes, **common, version=259)
        found += [surb.to_bytes() for surb in surbs]
        found += sx.use_surbs(surbs, 2 * messages, backend=name)
        return found

    expected = made("python")
    for backend in backends():
        with in_its_place(backend) as name:
            assert made(name) == expected, dict(backend.kernels)
