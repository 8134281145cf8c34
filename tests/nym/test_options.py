"""Options with values that nothing could be done with are refused when they are made."""

from typing import Any

import pytest

import sphinxcore as sx
from sphinxcore import nym


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"packet_size": 3}, TypeError, "packet_size must be PacketSize, not int"),
        ({"packet_size": nym.PacketSize.ACK}, nym.NymError, "no room for a fragment"),
        ({"mix_hops": "no"}, TypeError, "mix_hops must be bool, not str"),
        ({"parameters": None}, TypeError, "parameters must be NetworkParameters, not NoneType"),
        ({"backend": "fast"}, sx.BackendError, "there is no backend 'fast'"),
        ({"threads": 0}, sx.SphinxError, r"threads must be in 1\.\.1024, not 0"),
        ({"threads": 1025}, sx.SphinxError, r"threads must be in 1\.\.1024, not 1025"),
    ],
)
def test_send_options(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        nym.SendOptions(**options)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"packet_delay_ns": -1}, "packet_delay_ns must be in 0..288230376151711744, not -1"),
        ({"ack_delay_ns": 2**58 + 1}, "ack_delay_ns must be in"),
        ({"ack_wait_factor": -0.5}, "ack_wait_factor must be in 0..1e[+]06, not -0.5"),
        ({"ack_wait_factor": float("inf")}, "ack_wait_factor must be in"),
        ({"ack_wait_factor": float("nan")}, "ack_wait_factor must be in"),
        ({"topology_refresh_ns": -1}, "topology_refresh_ns must be in"),
    ],
)
def test_network_parameters(parameters: Any, message: str) -> None:
    with pytest.raises(sx.SphinxError, match=message):
        nym.NetworkParameters(**parameters)


def test_network_parameters_at_their_limits() -> None:
    for value in (0, 2**58):
        assert nym.NetworkParameters(packet_delay_ns=value).packet_delay_ns == value
    for factor in (0, 1e6):
        assert nym.NetworkParameters(ack_wait_factor=factor).ack_wait_factor == factor


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"minimum": -1}, r"minimum must be in 0\.\.2147483647, not -1"),
        ({"max_keys": 2**31}, "max_keys must be in"),
        ({"ask_again_s": -1}, "ask_again_s must be in"),
        ({"give_up_s": float("nan")}, "give_up_s must be in"),
        ({"key_lifetime_s": float("inf")}, "key_lifetime_s must be in"),
    ],
)
def test_surb_policy(policy: Any, message: str) -> None:
    with pytest.raises(sx.SphinxError, match=message):
        nym.SurbPolicy(**policy)


def test_no_replies_are_no_packets() -> None:
    """And no error of NumPy's."""
    gateway = bytes(32)
    assert nym.SendOptions() == nym.SendOptions(packet_size=nym.PacketSize.REGULAR)
    keys = nym.ClientKeys.generate(gateway=nym.IdentityKey.from_bytes(gateway).public_key)
    node = nym.Node(
        keys.address.gateway,
        nym.NodeAddress.from_text("192.0.2.1:1789"),
        sx.PrivateKey.generate().public_key,
        nym.Role.ENTRY,
    )
    options = nym.SendOptions(mix_hops=False)
    topology = nym.Topology([node])
    assert nym.prepare_reply_fragments([], topology, keys, options=options) == []
    assert nym.prepare_fragments([], topology, keys, options=options) == []
    assert nym.prepare_messages([], topology, keys, options=options) == []
