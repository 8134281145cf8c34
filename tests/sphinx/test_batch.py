"""Batched primitives against hashlib, hmac, OpenSSL (pyca/cryptography) and libsodium (PyNaCl)."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import example, given
from hypothesis import strategies as st
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from network import DETERMINISTIC, LOW_ORDER, seeded

import sphinxcore as sx

Rows = npt.NDArray[np.uint8]

ROWS = (0, 1, 2, 7, 8, 9, 17, 63, 64, 65, 130)
BORDERS = (0, 1, 15, 16, 17, 55, 56, 63, 64, 65, 119, 127, 128, 129, 255, 256, 257, 1000)
SIZES = st.one_of(st.sampled_from(BORDERS), st.integers(0, 300))
COUNTS = st.sampled_from((1, 2, 3, 9))
ONE_ROW: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "array": lambda raw: np.frombuffer(raw, np.uint8),
}


def rows(n: int, size: int, seed: object = "rows") -> Rows:
    raw = seeded(repr(seed).encode(), n * size)
    return np.frombuffer(raw, np.uint8).reshape(n, size)


def each(function: Callable[..., bytes], *columns: Rows) -> list[bytes]:
    return [function(*(row.tobytes() for row in line)) for line in zip(*columns, strict=True)]


def listed(array: Rows) -> list[bytes]:
    return [row.tobytes() for row in array]


# The references ------------------------------------------------------------------------------------


def aes_reference(key: bytes, iv: bytes, data: bytes) -> bytes:
    return Cipher(AES(key), CTR(iv)).encryptor().update(data)


def chacha20_reference(key: bytes, nonce: bytes, data: bytes, counter: int = 0) -> bytes:
    iv = counter.to_bytes(4, "little") + nonce
    return Cipher(ChaCha20(key, iv), mode=None).encryptor().update(data)


def hmac_reference(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf_reference(ikm: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    return HKDF(SHA256(), size, salt, info).derive(ikm) if size else b""


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def lioness_reference(key: bytes, block: bytes) -> bytes:
    """Anderson and Biham's four rounds: stream, hash, stream, hash."""
    left, right = block[:32], block[32:]
    for stream_key, hash_key in ((key[:32], key[32:96]), (key[96:128], key[128:])):
        right = chacha20_reference(xor(left, stream_key), bytes(12), right)
        left = xor(left, hashlib.blake2b(right, key=hash_key, digest_size=32).digest())
    return left + right


# Every primitive in one shape: its row arguments with their sizes, and a call ----------------------


class Primitive:
    """`sizes` of the row arguments, by name; `call` takes them and options; so does `expect`."""

    def __init__(
        self,
        call: Callable[..., Rows],
        expect: Callable[..., bytes],
        **sizes: int,
    ) -> None:
        self.call, self.expect, self.sizes = call, expect, sizes

    def columns(self, n: int) -> dict[str, Rows]:
        return {name: rows(n, size, name) for name, size in self.sizes.items()}


PRIMITIVES = {
    "x25519": Primitive(sx.batch.x25519, crypto_scalarmult, scalars=32, points=32),
    "x25519-base": Primitive(sx.batch.x25519, crypto_scalarmult_base, scalars=32),
    "aes128_ctr": Primitive(sx.batch.aes128_ctr, aes_reference, keys=16, ivs=16, data=100),
    "chacha20": Primitive(sx.batch.chacha20, chacha20_reference, keys=32, nonces=12, data=100),
    "hmac_sha256": Primitive(sx.batch.hmac_sha256, hmac_reference, keys=20, data=100),
    "hkdf_sha256": Primitive(
        lambda ikm, backend=None: sx.batch.hkdf_sha256(
            ikm, salt=b"salt", info=b"info", size=100, backend=backend
        ),
        lambda ikm: hkdf_reference(ikm, b"salt", b"info", 100),
        ikm=40,
    ),
    "blake2b": Primitive(
        lambda keys, data, backend=None: sx.batch.blake2b(data, keys=keys, backend=backend),
        lambda key, data: hashlib.blake2b(data, key=key).digest(),
        keys=30,
        data=200,
    ),
    "lioness_encrypt": Primitive(sx.batch.lioness_encrypt, lioness_reference, keys=192, data=100),
    "lioness_decrypt": Primitive(
        lambda keys, data, backend=None: sx.batch.lioness_decrypt(
            keys, sx.batch.lioness_encrypt(keys, data, backend="python"), backend=backend
        ),
        lambda key, data: data,
        keys=192,
        data=100,
    ),
}
EACH = pytest.mark.parametrize("name", PRIMITIVES)


@EACH
@pytest.mark.parametrize("n", ROWS)
def test_all_row_counts(name: str, n: int, backend_name: str) -> None:
    primitive = PRIMITIVES[name]
    columns = primitive.columns(n)
    kept = {argument: column.copy() for argument, column in columns.items()}
    out = primitive.call(**columns, backend=backend_name)
    assert isinstance(out, np.ndarray)
    assert out.dtype == np.uint8
    assert out.ndim == 2
    assert out.flags.c_contiguous
    assert out.flags.writeable
    assert listed(out) == each(primitive.expect, *columns.values())
    for argument, column in columns.items():
        assert (column == kept[argument]).all()
        assert not np.shares_memory(out, column)


def layouts(column: Rows) -> dict[str, Rows]:
    n, size = column.shape
    shifted = np.empty(column.size + 3, np.uint8)[3:].reshape(n, size)
    shifted[:] = column
    return {
        "unaligned": shifted,
        "fortran": np.asfortranarray(column),
        "gaps between rows": np.pad(column, ((0, 0), (2, 5)))[:, 2 : 2 + size],
        "gaps between bytes": column.repeat(2, axis=1)[:, ::2],
        "every second row": column.repeat(2, axis=0)[::2],
        "rows backwards": column[::-1].copy()[::-1],
        "bytes backwards": column[:, ::-1].copy()[:, ::-1],
    }


@EACH
@pytest.mark.parametrize("layout", layouts(rows(1, 1)))
def test_layouts_of_arrays(name: str, layout: str, backend_name: str) -> None:
    primitive = PRIMITIVES[name]
    columns = primitive.columns(9)
    expected = each(primitive.expect, *columns.values())
    changed = {argument: layouts(column)[layout] for argument, column in columns.items()}
    assert listed(primitive.call(**changed, backend=backend_name)) == expected


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("layout", layouts(rows(1, 1)))
def test_layouts_of_short_rows(layout: str, size: int, backend_name: str) -> None:
    keys, data = rows(9, 20, "keys"), rows(9, size)
    out = sx.batch.hmac_sha256(keys, layouts(data)[layout], backend=backend_name)
    assert listed(out) == each(hmac_reference, keys, data)


@EACH
@pytest.mark.parametrize("form", ONE_ROW)
def test_one_row_for_all(name: str, form: str, backend_name: str) -> None:
    primitive = PRIMITIVES[name]
    convert = ONE_ROW[form]
    for n in (1, 5, 65):
        columns = primitive.columns(n)
        for single in columns:
            if len(columns) == 1:
                continue
            spread = {
                argument: np.broadcast_to(column[0], column.shape) if argument == single else column
                for argument, column in columns.items()
            }
            expected = each(primitive.expect, *spread.values())
            given_row = columns | {single: convert(columns[single][0].tobytes())}
            if name != "lioness_decrypt":
                assert listed(primitive.call(**given_row, backend=backend_name)) == expected
            assert listed(primitive.call(**spread, backend=backend_name)) == expected


@EACH
def test_no_rows_at_all(name: str, backend_name: str) -> None:
    primitive = PRIMITIVES[name]
    single = {argument: column[0] for argument, column in primitive.columns(1).items()}
    for given_rows in (single, {argument: row.tobytes() for argument, row in single.items()}):
        with pytest.raises(sx.SphinxError, match="2-D"):
            primitive.call(**given_rows, backend=backend_name)


@EACH
def test_row_counts_that_differ(name: str, backend_name: str) -> None:
    primitive = PRIMITIVES[name]
    for argument in primitive.sizes:
        if len(primitive.sizes) > 1:
            columns = primitive.columns(3) | {argument: primitive.columns(2)[argument]}
            with pytest.raises(sx.SphinxError, match="differ"):
                primitive.call(**columns, backend=backend_name)


# What counts as a wrong row size: those sizes that the primitive fixes.
FIXED = [
    (name, argument, size)
    for name, primitive in PRIMITIVES.items()
    for argument, size in primitive.sizes.items()
    if argument in ("scalars", "points", "ivs", "nonces")
    or (argument == "keys" and name not in ("hmac_sha256", "blake2b"))
]


@pytest.mark.parametrize(("name", "argument", "size"), FIXED)
def test_wrong_row_sizes(name: str, argument: str, size: int) -> None:
    primitive = PRIMITIVES[name]
    for wrong in (0, size - 1, size + 1, 2 * size):
        columns: dict[str, Any] = primitive.columns(3)
        for value in (rows(3, wrong), bytes(wrong)):
            with pytest.raises(sx.SphinxError, match=rf"{size} bytes, not {wrong}"):
                primitive.call(**columns | {argument: value})


@EACH
def test_wrong_dimensions(name: str) -> None:
    primitive = PRIMITIVES[name]
    columns: dict[str, Any] = primitive.columns(3)
    for argument, size in primitive.sizes.items():
        for value in (np.zeros((1, 3, size), np.uint8), np.array(5, np.uint8)):
            with pytest.raises(sx.SphinxError):
                primitive.call(**columns | {argument: value})


@EACH
def test_wrong_types(name: str) -> None:
    primitive = PRIMITIVES[name]
    columns: dict[str, Any] = primitive.columns(3)
    for argument, size in primitive.sizes.items():
        for value in (
            "a" * size,
            5,
            [bytes(size)] * 3,
            np.zeros((3, size), np.int8),
            np.zeros((3, size), np.int64),
            np.zeros((3, size)),
            np.zeros((3, size), np.bool_),
            object(),
        ):
            with pytest.raises(TypeError):
                primitive.call(**columns | {argument: value})
    if "points" not in primitive.sizes:
        for argument in primitive.sizes:
            with pytest.raises(TypeError):
                primitive.call(**columns | {argument: None})
    with pytest.raises(sx.BackendError):
        primitive.call(**columns, backend="nonsense")


# Contents and sizes --------------------------------------------------------------------------------


@DETERMINISTIC
@given(n=COUNTS, size=SIZES, seed=st.integers(0, 999))
def test_aes128_ctr(backend_name: str, n: int, size: int, seed: int) -> None:
    keys, ivs, data = rows(n, 16, (seed, "k")), rows(n, 16, (seed, "iv")), rows(n, size, seed)
    out = sx.batch.aes128_ctr(keys, ivs, data, backend=backend_name)
    assert out.shape == data.shape
    assert listed(out) == each(aes_reference, keys, ivs, data)


@pytest.mark.parametrize("low", range(1, 17))
def test_aes128_counter_carries_through_all_bytes(low: int, backend_name: str) -> None:
    keys, data = rows(4, 16), rows(4, 200)
    ivs = rows(4, 16, "ivs").copy()
    ivs[:, 16 - low :] = 0xFF
    ivs[0, -1] -= 1
    ivs[1, -1] -= 7
    out = sx.batch.aes128_ctr(keys, ivs, data, backend=backend_name)
    assert listed(out) == each(aes_reference, keys, ivs, data)


@DETERMINISTIC
@given(n=COUNTS, size=SIZES, counter=st.integers(0, 2**32 - 20), seed=st.integers(0, 999))
@example(n=2, size=256, counter=2**32 - 4, seed=0)
@example(n=2, size=257, counter=2**32 - 5, seed=0)
@example(n=2, size=1, counter=2**32 - 1, seed=0)
@example(n=2, size=0, counter=2**32 - 1, seed=0)
def test_chacha20(backend_name: str, n: int, size: int, counter: int, seed: int) -> None:
    keys, nonces, data = rows(n, 32, (seed, "k")), rows(n, 12, (seed, "n")), rows(n, size, seed)
    out = sx.batch.chacha20(keys, nonces, data, counter=counter, backend=backend_name)
    assert out.shape == data.shape
    expected = each(lambda *row: chacha20_reference(*row, counter), keys, nonces, data)
    assert listed(out) == expected


@pytest.mark.parametrize(
    ("size", "counter"),
    [(1, 2**32), (0, 2**32), (0, 2**32 + 1), (64, 2**32), (65, 2**32 - 1), (1, -1)],
)
def test_chacha20_counter_does_not_wrap(size: int, counter: int, backend_name: str) -> None:
    with pytest.raises(sx.SphinxError, match="counter"):
        sx.batch.chacha20(
            bytes(32), bytes(12), rows(1, size), counter=counter, backend=backend_name
        )


def test_chacha20_counter_of_numpy(backend_name: str) -> None:
    for counter in (np.int64(7), np.uint32(7), np.uint8(7)):
        out = sx.batch.chacha20(
            bytes(32), bytes(12), rows(1, 5), counter=counter, backend=backend_name
        )
        assert listed(out) == [chacha20_reference(bytes(32), bytes(12), rows(1, 5).tobytes(), 7)]
    for wrong in ("7", 7.0, None):
        with pytest.raises(TypeError):
            sx.batch.chacha20(bytes(32), bytes(12), rows(1, 5), counter=wrong)


@DETERMINISTIC
@given(n=COUNTS, key_size=SIZES, size=SIZES, seed=st.integers(0, 999))
@example(n=2, key_size=64, size=0, seed=0)
@example(n=2, key_size=65, size=55, seed=0)
@example(n=2, key_size=0, size=0, seed=0)
def test_hmac_sha256(backend_name: str, n: int, key_size: int, size: int, seed: int) -> None:
    keys, data = rows(n, key_size, (seed, "k")), rows(n, size, seed)
    out = sx.batch.hmac_sha256(keys, data, backend=backend_name)
    assert out.shape == (n, 32)
    assert listed(out) == each(hmac_reference, keys, data)


@pytest.mark.parametrize("size", BORDERS)
def test_hmac_sha256_at_block_borders(size: int, backend_name: str) -> None:
    keys, data = rows(3, size, "keys"), rows(3, size)
    out = sx.batch.hmac_sha256(keys, data, backend=backend_name)
    assert listed(out) == each(hmac_reference, keys, data)


@DETERMINISTIC
@given(
    n=COUNTS,
    size=SIZES,
    ikm_size=SIZES,
    salt=st.binary(max_size=200),
    info=st.binary(max_size=200),
)
@example(n=2, size=0, ikm_size=32, salt=b"", info=b"")
@example(n=2, size=32, ikm_size=0, salt=b"", info=b"")
@example(n=1, size=8160, ikm_size=32, salt=b"s", info=b"i" * 107)
@example(n=3, size=8160, ikm_size=1, salt=b"", info=b"")
@example(n=3, size=8129, ikm_size=64, salt=b"s" * 65, info=b"i" * 1000)
def test_hkdf_sha256(
    backend_name: str, n: int, size: int, ikm_size: int, salt: bytes, info: bytes
) -> None:
    ikm = rows(n, ikm_size)
    out = sx.batch.hkdf_sha256(ikm, salt=salt, info=info, size=size, backend=backend_name)
    assert out.shape == (n, size)
    assert listed(out) == each(lambda row: hkdf_reference(row, salt, info, size), ikm)


def test_hkdf_sha256_without_salt_and_info(backend_name: str) -> None:
    ikm = rows(3, 40)
    out = sx.batch.hkdf_sha256(ikm, size=42, backend=backend_name)
    assert listed(out) == each(lambda row: hkdf_reference(row, b"", b"", 42), ikm)


def test_hkdf_sha256_refusals(backend_name: str) -> None:
    for size in (8161, -1, 2**40):
        with pytest.raises(sx.SphinxError, match="size"):
            sx.batch.hkdf_sha256(rows(1, 32), size=size, backend=backend_name)
    for wrong in ({"size": "32"}, {"size": None}, {"salt": "salt"}, {"info": None}):
        with pytest.raises(TypeError):
            sx.batch.hkdf_sha256(rows(1, 32), **{"size": 32} | wrong)  # type: ignore[arg-type]
    assert sx.batch.hkdf_sha256(rows(1, 32), size=1, salt=bytearray(b"s")).shape == (1, 1)


@DETERMINISTIC
@given(
    n=COUNTS,
    size=SIZES,
    key_size=st.integers(0, 64),
    digest_size=st.integers(1, 64),
    seed=st.integers(0, 999),
)
@example(n=2, size=0, key_size=0, digest_size=64, seed=0)
@example(n=2, size=0, key_size=64, digest_size=1, seed=0)
@example(n=2, size=128, key_size=64, digest_size=32, seed=0)
@example(n=2, size=128, key_size=0, digest_size=32, seed=0)
@example(n=2, size=256, key_size=0, digest_size=64, seed=0)
def test_blake2b(
    backend_name: str, n: int, size: int, key_size: int, digest_size: int, seed: int
) -> None:
    keys, data = rows(n, key_size, (seed, "k")), rows(n, size, seed)
    out = sx.batch.blake2b(data, keys=keys, digest_size=digest_size, backend=backend_name)
    assert out.shape == (n, digest_size)
    assert listed(out) == each(
        lambda key, row: hashlib.blake2b(row, key=key, digest_size=digest_size).digest(),
        keys,
        data,
    )


@pytest.mark.parametrize("size", BORDERS)
def test_blake2b_at_block_borders(size: int, backend_name: str) -> None:
    data = rows(3, size)
    out = sx.batch.blake2b(data, backend=backend_name)
    assert listed(out) == each(lambda row: hashlib.blake2b(row).digest(), data)


def test_blake2b_refusals(backend_name: str) -> None:
    for wrong in ({"digest_size": 0}, {"digest_size": 65}, {"digest_size": -1}):
        with pytest.raises(sx.SphinxError, match="digest_size"):
            sx.batch.blake2b(rows(1, 32), backend=backend_name, **wrong)
    with pytest.raises(sx.SphinxError, match="64"):
        sx.batch.blake2b(rows(1, 32), keys=bytes(65), backend=backend_name)
    for size in ("32", 32.0, None):
        with pytest.raises(TypeError):
            sx.batch.blake2b(rows(1, 32), digest_size=size)  # type: ignore[arg-type]


@DETERMINISTIC
@given(
    n=COUNTS,
    size=st.one_of(
        st.sampled_from((33, 34, 63, 64, 65, 95, 96, 97, 159, 160, 161, 288, 2065)),
        st.integers(33, 400),
    ),
    seed=st.integers(0, 999),
)
def test_lioness(backend_name: str, n: int, size: int, seed: int) -> None:
    keys, data = rows(n, 192, (seed, "k")), rows(n, size, seed)
    out = sx.batch.lioness_encrypt(keys, data, backend=backend_name)
    assert out.shape == data.shape
    assert listed(out) == each(lioness_reference, keys, data)
    assert listed(sx.batch.lioness_decrypt(keys, out, backend=backend_name)) == listed(data)
    back = sx.batch.lioness_decrypt(keys, data, backend=backend_name)
    assert listed(sx.batch.lioness_encrypt(keys, back, backend=backend_name)) == listed(data)


@pytest.mark.parametrize("size", [0, 1, 31, 32])
def test_lioness_blocks_that_are_too_short(size: int, backend_name: str) -> None:
    for function in (sx.batch.lioness_encrypt, sx.batch.lioness_decrypt):
        with pytest.raises(sx.SphinxError, match="33"):
            function(rows(2, 192), rows(2, size), backend=backend_name)


def test_low_order_points_give_zero(backend_name: str) -> None:
    points = np.frombuffer(b"".join(LOW_ORDER), np.uint8).reshape(-1, 32)
    out = sx.batch.x25519(rows(len(points), 32), points, backend=backend_name)
    assert not out.any()
