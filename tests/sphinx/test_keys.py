"""X25519 keys."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from nacl.bindings import crypto_scalarmult_base
from network import LOW_ORDER, key, seeded

import sphinxcore as sx

RAW = seeded(b"a key", 32)


def test_public_key_is_kept_to_the_letter() -> None:
    for raw in (RAW, b"\xff" * 32, b"\x02" + bytes(31), seeded(b"k", 31) + b"\x80"):
        public = sx.PublicKey.from_bytes(raw)
        assert type(public.to_bytes()) is bytes
        assert public.to_bytes() == raw


@pytest.mark.parametrize("form", [bytearray, memoryview, lambda raw: np.frombuffer(raw, np.uint8)])
def test_keys_may_come_in_any_buffer(form: Any) -> None:
    assert sx.PublicKey.from_bytes(form(RAW)).to_bytes() == RAW
    assert sx.PrivateKey.from_bytes(form(RAW)).to_bytes() == RAW


def test_public_key_does_not_follow_its_buffer() -> None:
    buffer = bytearray(RAW)
    public, private = sx.PublicKey.from_bytes(buffer), sx.PrivateKey.from_bytes(buffer)
    buffer[:] = bytes(32)
    assert public.to_bytes() == private.to_bytes() == RAW


@pytest.mark.parametrize("raw", LOW_ORDER, ids=bytes.hex)
def test_points_of_low_order_are_refused(raw: bytes) -> None:
    with pytest.raises(sx.SphinxError, match="low order"):
        sx.PublicKey.from_bytes(raw)


def test_there_are_14_encodings_of_low_order() -> None:
    assert len(set(LOW_ORDER)) == 14


@pytest.mark.parametrize("raw", LOW_ORDER, ids=bytes.hex)
def test_neighbours_of_low_order_points_are_taken(raw: bytes) -> None:
    for step in (2, -2, 3, 7):
        near = ((int.from_bytes(raw, "little") + step) % 2**256).to_bytes(32, "little")
        if near not in LOW_ORDER:
            assert sx.PublicKey.from_bytes(near).to_bytes() == near


@pytest.mark.parametrize("kind", [sx.PublicKey, sx.PrivateKey])
@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_other_sizes_are_refused(kind: Any, size: int) -> None:
    with pytest.raises(sx.SphinxError, match=rf"32 bytes, not {size}"):
        kind.from_bytes(bytes([9]) * size)


@pytest.mark.parametrize("kind", [sx.PublicKey, sx.PrivateKey])
@pytest.mark.parametrize("raw", [None, 5, "k" * 32, [9] * 32, object()])
def test_other_types_are_refused(kind: Any, raw: Any) -> None:
    with pytest.raises(TypeError):
        kind.from_bytes(raw)


@pytest.mark.parametrize("kind", [sx.PublicKey, sx.PrivateKey])
def test_no_other_constructor(kind: Any) -> None:
    with pytest.raises(TypeError, match="from_bytes"):
        kind()
    with pytest.raises(TypeError):
        kind(RAW)


def test_equality_and_hash_of_public_keys() -> None:
    one, same = sx.PublicKey.from_bytes(RAW), sx.PublicKey.from_bytes(bytearray(RAW))
    other = sx.PublicKey.from_bytes(RAW[:-1] + bytes([RAW[-1] ^ 0x80]))
    assert one == same
    assert hash(one) == hash(same) == hash(RAW)
    assert one != other
    assert len({one, same, other}) == 2
    assert one != RAW
    assert one != sx.PrivateKey.from_bytes(RAW)


def test_public_keys_are_shown_pickled_and_copied() -> None:
    public = sx.PublicKey.from_bytes(RAW)
    assert RAW.hex() in repr(public)
    assert eval(repr(public), {"PublicKey": sx.PublicKey}) == public
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(public, protocol)) == public
    assert copy.copy(public) == copy.deepcopy(public) == public
    with pytest.raises(AttributeError):
        public.other = 1  # type: ignore[attr-defined]


def test_pickles_are_checked_too() -> None:
    public = sx.PublicKey.from_bytes(RAW)
    with pytest.raises(sx.SphinxError, match="low order"):
        pickle.loads(pickle.dumps(public).replace(RAW, LOW_ORDER[1]))


def test_public_key_of_a_private_key(backend_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPHINXCORE_BACKEND", backend_name)
    for raw in (RAW, bytes(32), b"\xff" * 32, seeded(b"another", 32)):
        private = sx.PrivateKey.from_bytes(raw)
        assert private.to_bytes() == raw
        assert type(private.public_key) is sx.PublicKey
        assert private.public_key.to_bytes() == crypto_scalarmult_base(raw)


def test_generated_keys_differ() -> None:
    keys = [sx.PrivateKey.generate() for _ in range(100)]
    assert len({one.to_bytes() for one in keys}) == 100
    assert len({one.public_key for one in keys}) == 100


def test_keys_are_drawn_from_the_one_source(random_stream: Any) -> None:
    random_stream.feed(RAW)
    assert sx.PrivateKey.generate().to_bytes() == RAW


def test_on_curve_is_told_from_the_twist() -> None:
    assert key(0).public_key.on_curve
    assert sx.PublicKey.from_bytes(b"\x09" + bytes(31)).on_curve
    assert not sx.PublicKey.from_bytes(b"\x02" + bytes(31)).on_curve
