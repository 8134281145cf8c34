"""What holds a secret shows it nowhere, is not pickled or copied, and wipes it in the end."""

import copy
import gc
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from network import DESTINATION, IDENTIFIER, key, packet, route, seeded

import sphinxcore as sx
from sphinxcore._secret import secret_rows

RAW = seeded(b"secret", 32)


def surb() -> sx.Surb:
    return sx.build_surb(route(3), destination=DESTINATION)


def recovery() -> sx.SurbRecovery:
    return sx.build_recoverable_surb(route(3), destination=DESTINATION, identifier=IDENTIFIER)[1]


def opened() -> sx.AuthenticatedBatch:
    return sx.Processor(key(0)).authenticate([packet()])


MAKE: dict[str, Callable[[], Any]] = {
    "private key": lambda: sx.PrivateKey.from_bytes(RAW),
    "surb": surb,
    "recovery": recovery,
}
SECRETS = pytest.mark.parametrize("what", MAKE)
ALL = pytest.mark.parametrize("make", [*MAKE.values(), opened], ids=[*MAKE, "opened"])


def twin(secret: Any) -> Any:
    return type(secret).from_bytes(secret.to_bytes())


def shows(text: str, secret: bytes) -> bool:
    """Whether any four bytes of the secret stand in the text as hex, decimal, base64 or raw."""
    pieces = [secret[i : i + 4] for i in range(0, len(secret) - 3)]
    plain = re.sub(r"[^0-9a-z]", "", text.lower())
    return any(
        piece.hex() in plain or repr(piece)[2:-1] in text or ", ".join(map(str, piece)) in text
        for piece in pieces
    )


@SECRETS
def test_nothing_is_shown(what: str) -> None:
    secret = MAKE[what]()
    raw = secret.to_bytes()
    for text in (repr(secret), str(secret), f"{secret}", f"{secret!a}", "%s" % (secret,)):  # noqa: UP031
        assert type(secret).__name__ in text
        assert not shows(text, raw)
        assert len(text) < 40
    assert shows(raw.hex(), raw)
    assert shows(repr(raw), raw)
    assert shows(str(list(raw)), raw)
    assert not hasattr(secret, "__dict__")


def test_a_batch_shows_nothing() -> None:
    batch = opened()
    assert re.fullmatch(r"<AuthenticatedBatch of \d+: \d+ AUTHENTIC>", repr(batch))


@ALL
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_pickle(make: Callable[[], Any], protocol: int) -> None:
    secret = make()
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(secret, protocol)
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps([{"inside": secret}], protocol)


@ALL
def test_no_copy(make: Callable[[], Any]) -> None:
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="secret"):
            duplicate(make())


def test_no_pickle_of_a_processor(backend_name: str) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(sx.Processor(key(0), backend=backend_name))


def test_no_pickle_of_what_a_backend_holds(backend_name: str) -> None:
    batch = sx.Processor(key(0), backend=backend_name).authenticate([packet()])
    (held,) = batch._hop
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            duplicate(held)
    assert not shows(repr(held), key(0).to_bytes())


@SECRETS
def test_equality(what: str) -> None:
    secret = MAKE[what]()
    same = twin(secret)
    assert secret == same
    assert (secret != same) is False
    raw = secret.to_bytes()
    for i in (0, len(raw) // 2, len(raw) - 1):
        other = type(secret).from_bytes(raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :])
        assert secret != other
        assert (secret == other) is False
    assert secret != raw
    assert secret != None  # noqa: E711
    assert secret != object()


def test_secrets_of_different_kinds_are_never_equal() -> None:
    raw = seeded(b"same bytes", 32)
    assert sx.PrivateKey.from_bytes(raw) != sx.SurbRecovery.from_bytes(raw)


def test_secrets_of_different_sizes_are_not_equal() -> None:
    one = seeded(b"bytes", 48)
    assert sx.SurbRecovery.from_bytes(one) != sx.SurbRecovery.from_bytes(one[:32])


@SECRETS
def test_comparison_is_that_of_hmac(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Constant time is compare_digest's; this shows that == goes there and nowhere else."""
    seen = []

    def compare(a: bytes, b: bytes) -> bool:
        seen.append((bytes(a), bytes(b)))
        return False

    secret = MAKE[what]()
    other = twin(secret)
    monkeypatch.setattr("hmac.compare_digest", compare)
    assert secret != other
    assert seen == [(secret.to_bytes(), other.to_bytes())]


@SECRETS
def test_no_hash(what: str) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(MAKE[what]())


@SECRETS
def test_wiped_when_released(what: str) -> None:
    secret = MAKE[what]()
    memory = secret._secret
    assert isinstance(memory, bytearray)
    assert any(memory)
    assert bytes(memory) == secret.to_bytes()
    size = len(memory)
    del secret
    gc.collect()
    assert memory == bytes(size)


@SECRETS
def test_source_and_copies_are_not_wiped(what: str) -> None:
    """What the caller owns is the caller's."""
    secret = MAKE[what]()
    raw = bytearray(secret.to_bytes())
    kept = bytes(raw)
    other = type(secret).from_bytes(raw)
    copied = other.to_bytes()
    del other
    gc.collect()
    assert bytes(raw) == copied == kept
    assert secret.to_bytes() == kept


def test_a_used_surb_is_wiped() -> None:
    made = surb()
    memory = made._secret
    made.use(b"")
    assert not any(memory)


def test_a_refused_surb_leaves_no_half_made_object() -> None:
    with pytest.raises(sx.SphinxError):
        sx.Surb.from_bytes(bytes(10))
    gc.collect()


def test_a_refused_constructor_is_quiet() -> None:
    """__del__ of an object that never got its secret must not complain."""
    for kind in (sx.PrivateKey, sx.Surb, sx.SurbRecovery):
        with pytest.raises(TypeError):
            kind()
        del kind
        gc.collect()


def test_key_rows_are_wiped_after_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor gathers its keys in one buffer for the backend, and zeroes it."""
    processor = sx.Processor([key(0), key(1)], backend="python")
    rows = []
    start = processor._backend.hop

    def hop(wire: Any, keys: Any, *rest: Any) -> Any:
        assert [row.tobytes() for row in keys] == [key(0).to_bytes(), key(1).to_bytes()]
        rows.append(keys)
        return start(wire, keys, *rest)

    monkeypatch.setattr(processor, "_backend", type("Spy", (), {"hop": staticmethod(hop)}))
    assert processor.authenticate([packet()]).status.tolist() == [sx.Status.AUTHENTIC]
    assert len(rows) == 1
    assert not np.any(rows[0])


def test_derived_keys_are_wiped_when_a_kernel_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of memory, say, at the second hop: that is what the caller sees, and no keys are left."""
    backend = sx.backend("python")
    derive, seen = backend.hkdf_sha256, []

    def hkdf_sha256(salt: bytes, ikm: Any, info: bytes, out: Any) -> None:
        if info == sx.NYM.payload_key_info:
            seen.append((ikm, out))
            if len(seen) == 2:
                assert all(rows.any() for rows in seen[0])
                raise MemoryError
        derive(salt, ikm, info, out)

    monkeypatch.setattr(backend, "hkdf_sha256", hkdf_sha256)
    with pytest.raises(MemoryError):
        packet(3, backend="python")
    assert len(seen) == 2
    assert not any(rows.any() for pair in seen for rows in pair)


def test_gathered_secrets_are_wiped_when_one_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.zeros((2, 32), np.uint8)
    monkeypatch.setattr("sphinxcore._secret.np.zeros", lambda *_: rows)
    with pytest.raises(ValueError, match="shape"):
        secret_rows([RAW, RAW[:5]], 32)
    assert not rows.any()
