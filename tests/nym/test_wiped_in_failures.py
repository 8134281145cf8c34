"""Arrays with secrets are wiped when a step fails, too."""

from typing import Any

import pytest
from nym_network import Network

from sphinxcore import nym
from sphinxcore.nym import receiving


@pytest.mark.parametrize("step", ["packet_keys", "ReplyKey"])
def test_secrets_of_payloads(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    network = Network()
    keys = network.client(b"alice")
    sent = nym.prepare_message(b"hello", keys.address, network.topology, keys)
    payloads = network.carry(sent.packets, acks=False)[keys.address.identity]
    secrets: list[Any] = []
    derive = receiving.packet_keys

    def keep(shared: Any) -> Any:
        assert shared.any()
        secrets.append(shared)
        if step == "packet_keys":
            raise MemoryError
        secrets.append(derive(shared))
        return secrets[-1]

    class Failing:
        @staticmethod
        def _of(key: Any) -> None:
            assert key.any()
            raise MemoryError

    monkeypatch.setattr(receiving, "packet_keys", keep)
    if step == "ReplyKey":
        monkeypatch.setattr(receiving, "ReplyKey", Failing)
    with pytest.raises(MemoryError):
        nym.MessageReceiver(keys).feed(payloads)
    assert len(secrets) == (1 if step == "packet_keys" else 2)
    assert not any(secret.any() for secret in secrets)
