"""The system's random bytes, by the native module and without it."""

from typing import Any

import numpy as np
import pytest

import sphinxcore as sx
from sphinxcore import _random

SIZES = (0, 1, 16, 255, 256, 257, 512, 70_000)


@pytest.fixture(params=["native", "python"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.setattr(_random, "_native_fill", lambda: lambda out: False)
    elif sx.available_backends() == ("python",):
        pytest.skip(next(iter(sx.missing_backends().values())))
    elif not _random._native_fill()(bytearray(1)):
        pytest.skip("no function for it is known on this system")


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [bytearray, lambda size: np.zeros(size, np.uint8)])
def test_every_byte_is_drawn(kind: Any, size: int) -> None:
    first, second = kind(size), kind(size)
    _random.fill(first)
    _random.fill(second)
    for i in range(0, size - 15, 16):
        assert bytes(first[i : i + 16]) != bytes(16)
        assert bytes(first[i : i + 16]) != bytes(second[i : i + 16])
    ends = set()
    for _ in range(200):
        _random.fill(first)
        ends.add(bytes(first[-1:]))
    assert len(ends) > (50 if size else 0)


@pytest.mark.usefixtures("source")
def test_bytes_and_rows() -> None:
    assert len(_random.random_bytes(33)) == 33
    rows = _random.random_rows(5, 32)
    assert rows.shape == (5, 32) and len({row.tobytes() for row in rows}) == 5
    assert _random.random_rows(0, 32).shape == (0, 32)


@pytest.mark.usefixtures("source")
def test_keys() -> None:
    keys = {sx.PrivateKey.generate().to_bytes() for _ in range(20)}
    assert len(keys) == 20 and bytes(32) not in keys


@pytest.mark.usefixtures("source")
def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises((TypeError, ValueError, BufferError)):
        _random.fill(bytes(32))
