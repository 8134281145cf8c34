"""Arrays with secrets are wiped when a step fails, too."""

from typing import Any

import numpy as np
import pytest
from network import DESTINATION, route

import sphinxcore as sx
from sphinxcore import _sender


def test_streams_of_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The MAC fails when all key streams are there."""
    backend = sx.backend("python")
    streams: list[Any] = []
    encrypt = backend.aes128_ctr

    def keep(keys: Any, ivs: Any, data: Any, out: Any) -> None:
        encrypt(keys, ivs, data, out)
        streams.append(out)
        assert out.any()

    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(backend, "aes128_ctr", keep)
    monkeypatch.setattr(backend, "hmac_sha256", fail)
    to = _sender.Recipients(np.frombuffer(DESTINATION, np.uint8)[None], np.zeros((1, 16), np.uint8))
    with pytest.raises(MemoryError):
        _sender.build_headers(sx.NYM, backend, [route(2)], to, 259)
    assert len(streams) == 2
    assert not any(stream.any() for stream in streams)
