"""Acknowledgements, and the end of a route where they are cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network import DETERMINISTIC
from nym_network import Network
from random_stream import RandomStream

import sphinxcore as sx
from sphinxcore import nym

NETWORK = Network()
ALICE = NETWORK.client(b"alice")
SET_IDS = st.integers(0, 2**31 - 1)
IDENTIFIERS = st.builds(nym.FragmentId, SET_IDS, st.integers(0, 255))


@DETERMINISTIC
@given(st.lists(IDENTIFIERS, max_size=5))
def test_round_trip(identifiers: list[nym.FragmentId]) -> None:
    contents = ALICE.acks.encrypt(identifiers)
    assert contents.shape == (len(identifiers), 21)
    assert ALICE.acks.decrypt(list(contents)) == identifiers


def test_ivs_are_fresh(random_stream: RandomStream) -> None:
    random_stream.feed(bytes(range(32)))
    contents = ALICE.acks.encrypt([nym.FragmentId(1, 1)] * 2)
    assert contents[:, :16].tobytes() == bytes(range(32))
    assert contents[0, 16:].tobytes() != contents[1, 16:].tobytes()


@DETERMINISTIC
@given(st.lists(st.binary(max_size=25), max_size=5))
def test_any_content(contents: list[bytes]) -> None:
    opened = ALICE.acks.decrypt(contents)
    for content, found in zip(contents, opened, strict=True):
        if len(content) != 21:
            assert isinstance(found, nym.AckError)
            assert f"not {len(content)}" in str(found)
        else:
            assert isinstance(found, nym.AckError | nym.FragmentId)


def test_another_key_gives_another_identifier() -> None:
    other = NETWORK.client(b"bob").acks
    identifiers = [nym.FragmentId(i, 1) for i in range(1, 41)]
    opened = other.decrypt(list(ALICE.acks.encrypt(identifiers)))
    assert not set(identifiers) & {one for one in opened if isinstance(one, nym.FragmentId)}
    assert any(isinstance(one, nym.AckError) for one in opened)


def test_blocks() -> None:
    identifiers = [nym.FragmentId(i, 1) for i in (1, 2, 3)]
    routes = NETWORK.topology.routes(ALICE.address.gateway, count=3)
    blocks = nym.build_ack_blocks(identifiers, routes, ALICE.acks, ALICE.address.identity)
    assert blocks.shape == (3, 405)
    packets = []
    for block, route in zip(blocks, routes, strict=True):
        first_hop, packet = nym.read_ack_block(block)
        assert first_hop.padded() == route[0].address
        packets.append(nym.DataPacket(first_hop, packet, 0))
    delivered = NETWORK.carry(packets)
    assert list(delivered) == [ALICE.address.identity]
    assert ALICE.acks.decrypt(delivered[ALICE.address.identity]) == identifiers


@DETERMINISTIC
@given(st.binary(max_size=30) | st.binary(min_size=404, max_size=406))
def test_any_block(raw: bytes) -> None:
    try:
        first_hop, packet = nym.read_ack_block(raw)
    except nym.NymError:
        return
    assert raw[:19].startswith(first_hop.to_bytes())
    assert packet == raw[19:]
    assert len(raw) == 405


def payload(message: bytes, size: int) -> bytes:
    return (bytes(16) + message + b"\1").ljust(size, b"\0")


def test_deliver() -> None:
    block = nym.NodeAddress.from_text("1.2.3.4:5").padded(19) + bytes(386)
    delivery = nym.deliver(payload(block + b"for the client", 2065))
    assert delivery.data == b"for the client"
    assert str(delivery.ack_first_hop) == "1.2.3.4:5"
    assert delivery.ack_packet == bytes(386)
    assert nym.deliver(payload(b"an ack", 38)) == nym.Delivery(b"an ack", None, None)
    assert "client" not in repr(delivery)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (payload(b"", 2064), "a payload has one of 38, 2065, 8209, 16401, 32785 bytes, not 2064"),
        (bytes(2065), "no 0x01 byte"),
        (b"\1" * 2065, "zero bytes"),
        (payload(bytes(404), 2065), "405 bytes, but has 404"),
        (payload(bytes(405), 2065), "type 4 or 6"),
    ],
)
def test_bad_deliveries(raw: bytes, reason: str) -> None:
    with pytest.raises(sx.SphinxError, match=reason):
        nym.deliver(raw)
