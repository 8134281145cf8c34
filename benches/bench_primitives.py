"""Time the batched primitives of sphinxcore.batch, on every backend, against the libraries.

A library is the fastest that a Python user can call, once per row: PyNaCl, cryptography, hashlib,
hmac. Sizes are those of a regular packet. Every bench compares its result with the other side's
once. `python bench_primitives.py [--save [FOLDER]] [pytest's arguments]` runs them by
pytest-benchmark.
"""

import argparse
import hashlib
import hmac
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import _work
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from figures import results
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from pytest_benchmark.fixture import BenchmarkFixture

import sphinxcore as sx
from sphinxcore.batch import LIONESS_KEY_SIZE
from sphinxcore.packet import REGULAR_PAYLOAD_SIZE

BATCHES = (1, 8, 64, 1024)
LIBRARY = "library"
WIRE = sx.NYM
RIGHT_SIZE = REGULAR_PAYLOAD_SIZE - WIRE.alpha_size
"""What LIONESS encrypts and hashes: the payload but 32 bytes."""

Ours = Callable[[str], Any]
"""The batch on the backend of that name."""

Theirs = Callable[..., bytes]
"""One row."""


@pytest.fixture(params=BATCHES, name="n")
def _n(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(params=(*sx.available_backends(), LIBRARY), name="who")
def _who(request: pytest.FixtureRequest) -> str:
    return request.param


def _compare(
    benchmark: BenchmarkFixture, who: str, ours: Ours, theirs: Theirs | None, *columns: Any
) -> None:
    """Time `who`, once per batch, and compare it with somebody else."""
    n = len(columns[0])
    rows = list(zip(*([row.tobytes() for row in column] for column in columns), strict=True))
    benchmark.extra_info.update(backend=who, n=n, unit="batch")

    def by_library() -> list[bytes]:
        return [theirs(*row) for row in rows]

    if who == LIBRARY:
        result = benchmark(by_library)
        expected = [row.tobytes() for row in ours("python")]
    else:
        result = [row.tobytes() for row in benchmark(ours, who)]
        expected = by_library() if theirs else [row.tobytes() for row in ours("python")]
    assert result == expected


def bench_x25519(benchmark: BenchmarkFixture, who: str, n: int) -> None:
    scalars, points = _work.rows(n, 32), sx.batch.x25519(_work.rows(n, 32))
    _compare(
        benchmark,
        who,
        lambda backend: sx.batch.x25519(scalars, points, backend=backend),
        crypto_scalarmult,
        scalars,
        points,
    )


def bench_x25519_base(benchmark: BenchmarkFixture, who: str, n: int) -> None:
    scalars = _work.rows(n, 32)
    _compare(
        benchmark,
        who,
        lambda backend: sx.batch.x25519(scalars, backend=backend),
        crypto_scalarmult_base,
        scalars,
    )


def bench_aes128_ctr(benchmark: BenchmarkFixture, who: str, n: int) -> None:
    keys, ivs = _work.rows(n, 16), _work.rows(n, 16)
    data = _work.rows(n, WIRE.routing_size + WIRE.slot_size)
    _compare(
        benchmark,
        who,
        lambda backend: sx.batch.aes128_ctr(keys, ivs, data, backend=backend),
        lambda key, iv, row: Cipher(AES(key), CTR(iv)).encryptor().update(row),
        keys,
        ivs,
        data,
    )


def bench_chacha20(benchmark: BenchmarkFixture, who: str, n: int) -> None:
    keys, nonces, data = _work.rows(n, 32), _work.rows(n, 12), _work.rows(n, RIGHT_SIZE)
    _compare(
        benchmark,
        who,
        lambda backend: sx.batch.chacha20(keys, nonces, data, backend=backend),
        lambda key, nonce, row: (
            Cipher(ChaCha20(key, bytes(4) + nonce), None).encryptor().update(row)
        ),
        keys,
        nonces,
        data,
    )


def bench_hmac_sha256(benchmark: BenchmarkFixture, who: str, n: int) -> None:
    keys, data = _work.rows(n, 16), _work.rows(n, WIRE.routing_size)
    _compare(
        benchmark,
        who,
        lambda backend: sx.batch.hmac_sha256(keys, data, backend=backend),
        lambda key, row: hmac.digest(key, row, "sha256"),
        keys,
        data,
    )


def bench_hkdf_sha256(benchmark: BenchmarkFixture, who: str, n: int) -> None:
    size, info = WIRE.secret_size, WIRE.secret_info
    ikm = _work.rows(n, 32)
    _compare(
        benchmark,
        who,
        lambda backend: sx.batch.hkdf_sha256(ikm, info=info, size=size, backend=backend),
        lambda row: HKDF(SHA256(), size, None, info).derive(row),
        ikm,
    )


def bench_blake2b(benchmark: BenchmarkFixture, who: str, n: int) -> None:
    keys, data = _work.rows(n, 64), _work.rows(n, RIGHT_SIZE)
    _compare(
        benchmark,
        who,
        lambda backend: sx.batch.blake2b(data, keys=keys, digest_size=32, backend=backend),
        lambda key, row: hashlib.blake2b(row, key=key, digest_size=32).digest(),
        keys,
        data,
    )


@pytest.mark.parametrize("who", sx.available_backends())  # no library has it
def bench_lioness_encrypt(benchmark: BenchmarkFixture, who: str, n: int) -> None:
    _lioness(benchmark, who, n, sx.batch.lioness_encrypt)


@pytest.mark.parametrize("who", sx.available_backends())
def bench_lioness_decrypt(benchmark: BenchmarkFixture, who: str, n: int) -> None:
    _lioness(benchmark, who, n, sx.batch.lioness_decrypt)


def _lioness(benchmark: BenchmarkFixture, who: str, n: int, function: Callable[..., Any]) -> None:
    keys, data = _work.rows(n, LIONESS_KEY_SIZE), _work.rows(n, REGULAR_PAYLOAD_SIZE)
    _compare(
        benchmark, who, lambda backend: function(keys, data, backend=backend), None, keys, data
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--save", type=Path, nargs="?", const=results.STORED, metavar="FOLDER")
    given, arguments = parser.parse_known_args()
    here = Path(__file__).resolve()
    arguments = ["-c", str(here.with_name("pytest.ini")), str(here), *arguments]
    if given.save is None:
        return pytest.main(arguments)
    with TemporaryDirectory() as folder:
        written = Path(folder, "primitives.json")
        code = pytest.main([*arguments, f"--benchmark-json={written}"])
        if code == pytest.ExitCode.OK:
            document = results.read(written).document
            results.write(document, results.place(document, given.save))
    return code


if __name__ == "__main__":
    sys.exit(main())
