"""The description of the network, and routes drawn from it."""

import dataclasses
import json
import math
from collections import Counter
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from network import DETERMINISTIC, LOW_ORDER, key, seeded

import sphinxcore as sx
from sphinxcore.nym import delays, topology
from sphinxcore.nym.addresses import NodeAddress
from sphinxcore.nym.errors import TopologyError
from sphinxcore.nym.rotation import UNKNOWN_ROTATION_ID, KeyRotation
from sphinxcore.nym.topology import LAYERS, Node, Role, Topology, first_hop, total_delay_ns

GATEWAY = Role.ENTRY | Role.EXIT
MEAN = delays.DEFAULT.packet_delay_ns


def node(i: int, role: Role, weight: float = 1.0) -> Node:
    """Node i, with key(i)."""
    address = NodeAddress(IPv4Address(f"10.0.0.{i}"), 1789)
    return Node(seeded(b"identity %d" % i, 32), address, key(i).public_key, role, weight)


def network(per_layer: int = 2, gateways: int = 2, rotation_id: int = 7) -> Topology:
    """The nodes of layer 1, then those of 2 and 3, then the gateways."""
    roles = [layer for layer in LAYERS for _ in range(per_layer)] + [GATEWAY] * gateways
    return Topology([node(i, role) for i, role in enumerate(roles)], rotation_id)


NET = network()
EGRESS = NET.exits[0].identity


def visited(hop: sx.Hop, nodes: tuple[Node, ...]) -> int:
    """Index of the node that this hop is."""
    (found,) = [i for i, one in enumerate(nodes) if one.address.padded() == hop.address]
    assert hop.public_key == nodes[found].sphinx_key
    return found


def test_nodes_by_role() -> None:
    extra = (node(50, Role.ENTRY), node(51, Role.EXIT), node(52, Role(0)))
    mixed = Topology((*NET.nodes, *extra))
    assert mixed.nodes == (*NET.nodes, *extra)
    assert mixed.layers == NET.layers == (NET.nodes[:2], NET.nodes[2:4], NET.nodes[4:6])
    assert mixed.entries == (*NET.nodes[6:], extra[0])
    assert mixed.exits == (*NET.nodes[6:], extra[1])
    assert mixed.node(bytearray(extra[2].identity)) is extra[2]
    with pytest.raises(TopologyError, match="identity 0000"):
        mixed.node(bytes(32))


def test_rotation() -> None:
    assert (NET.rotation_id, NET.key_rotation) == (7, KeyRotation.ODD)
    assert network(rotation_id=8).key_rotation is KeyRotation.EVEN
    assert Topology([]).rotation_id == UNKNOWN_ROTATION_ID
    assert Topology([]).key_rotation is KeyRotation.UNKNOWN
    with pytest.raises(sx.SphinxError, match="rotation_id"):
        Topology([], 2**32)


def test_what_topologies_refuse() -> None:
    with pytest.raises(TopologyError, match="same identity"):
        Topology([NET.nodes[0], dataclasses.replace(NET.nodes[1], identity=NET.nodes[0].identity)])
    with pytest.raises(TypeError, match="nodes must be Node, not str"):
        Topology(["node"])  # type: ignore[list-item]
    with pytest.raises(TopologyError, match="at most 10000 nodes, not 10001"):
        Topology([NET.nodes[0]] * (topology.MAX_NODES + 1))


@pytest.mark.parametrize("role", [Role.LAYER_1 | Role.LAYER_2, Role.LAYER_3 | Role.EXIT, ~Role(0)])
def test_a_mix_node_has_one_role(role: Role) -> None:
    with pytest.raises(TopologyError, match="no other role"):
        node(0, role)


@pytest.mark.parametrize("weight", [0, -1.0, math.nan, math.inf, 1.01e15, 10**400])
def test_weights_that_are_refused(weight: float) -> None:
    with pytest.raises(TopologyError, match="weight must be above 0"):
        node(0, GATEWAY, weight)


@pytest.mark.parametrize(
    "wrong",
    [
        {"identity": "a" * 32},
        {"address": "10.0.0.1:1789"},
        {"sphinx_key": bytes(32)},
        {"role": 1},
        {"weight": "1"},
        {"weight": True},
    ],
)
def test_other_types_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"{next(iter(wrong))} must be"):
        dataclasses.replace(NET.nodes[0], **wrong)
    with pytest.raises(sx.SphinxError, match="identity must be 32 bytes"):
        dataclasses.replace(NET.nodes[0], identity=bytes(31))


def test_a_route_is_a_node_of_each_layer_and_the_egress() -> None:
    seen: Counter[tuple[int, ...]] = Counter()
    for route in NET.routes(EGRESS, count=400):
        assert type(route) is tuple
        assert len(route) == 4
        seen[tuple(visited(hop, NET.layers[i]) for i, hop in enumerate(route[:3]))] += 1
        assert visited(route[3], NET.nodes) == 6
        assert route[3].delay_ns == 0
    assert len(seen) == 8, "each is missing with a probability below 2^-76"


def test_delays_of_routes(random_stream: Any) -> None:
    random_stream.seed(b"route delays")
    n = 20_000
    routes = NET.routes(EGRESS, count=n)
    waits = np.array([[hop.delay_ns for hop in route[:3]] for route in routes], np.float64)
    assert np.all(np.abs(waits.mean(axis=0) - MEAN) < 4 * MEAN / math.sqrt(n))
    correlation = np.corrcoef(waits.T)
    assert np.all(np.abs(correlation[np.triu_indices(3, 1)]) < 4 / math.sqrt(n))
    assert {hop.delay_ns for hop in NET.routes(EGRESS, mean_delay_ns=0)[0]} == {0}
    slow = NET.routes(EGRESS, count=1000, mean_delay_ns=100 * MEAN)
    assert sum(map(total_delay_ns, slow)) > 1000 * 200 * MEAN


def test_weights(random_stream: Any) -> None:
    random_stream.seed(b"weights")
    weights = {1: [1, 1, 1], 2: [3, 0.5, 1e-300], 3: [1e15, 1e15, 2e15 / 3]}
    nodes = [
        node(10 * layer + i, LAYERS[layer - 1], weight)
        for layer, row in weights.items()
        for i, weight in enumerate(row)
    ]
    net = Topology([*nodes, node(0, GATEWAY)])
    n = 30_000
    routes = net.routes(net.exits[0].identity, count=n)
    for i, row in enumerate(weights.values()):
        seen = Counter(visited(route[i], net.layers[i]) for route in routes)
        for j, weight in enumerate(row):
            share = weight / sum(row)
            assert abs(seen[j] - n * share) <= 4 * math.sqrt(n * share * (1 - share))
    pairs = Counter((route[0].address, route[2].address) for route in routes)
    for (first, last), together in pairs.items():
        expected = (
            sum(route[0].address == first for route in routes)
            * sum(route[2].address == last for route in routes)
            / n
        )
        assert abs(together - expected) < 4 * math.sqrt(expected), "layers are independent"


def test_a_draw_on_the_border_between_nodes(random_stream: Any) -> None:
    random_stream.feed(*[(1 << 63).to_bytes(8, "little")] * 6)
    (route,) = NET.routes(EGRESS)
    assert [visited(hop, NET.layers[i]) for i, hop in enumerate(route[:3])] == [1, 1, 1]


@pytest.mark.parametrize("per_layer", [1, 2, 3, 7, 30])
def test_extremes_of_the_random_source(per_layer: int, random_stream: Any) -> None:
    net = network(per_layer, 1)
    for byte, wanted in ((b"\0", 0), (b"\xff", per_layer - 1)):
        random_stream.feed(*[byte * 8] * 6)
        (route,) = net.routes(net.exits[0].identity)
        assert [visited(hop, net.layers[i]) for i, hop in enumerate(route[:3])] == [wanted] * 3


def test_counts() -> None:
    other = NET.exits[1].identity
    assert len(NET.routes(EGRESS)) == 1
    assert NET.routes(EGRESS, count=0) == NET.routes([]) == NET.routes([], count=0) == []
    assert len(NET.routes(memoryview(EGRESS), count=3)) == 3
    for count in (None, 3):
        routes = NET.routes([EGRESS, other, bytearray(EGRESS)], count=count)
        assert [visited(route[-1], NET.nodes) for route in routes] == [6, 7, 6]
    with pytest.raises(sx.SphinxError, match="count is 2, but egress names 1"):
        NET.routes([EGRESS], count=2)
    with pytest.raises(sx.SphinxError, match="count must be in"):
        NET.routes(EGRESS, count=-1)
    with pytest.raises(TypeError, match="count must be an int"):
        NET.routes(EGRESS, count=1.0)  # type: ignore[arg-type]


def test_routes_without_mix_hops() -> None:
    gateways = Topology(NET.exits)
    routes = gateways.routes([EGRESS, NET.exits[1].identity], mix_hops=False)
    assert [[visited(hop, NET.nodes) for hop in route] for route in routes] == [[6], [7]]
    assert [total_delay_ns(route) for route in routes] == [0, 0]


def test_every_role_can_be_the_egress() -> None:
    for one in (*NET.nodes, node(60, Role(0))):
        net = Topology({*NET.nodes, one})
        assert net.routes(one.identity)[0][-1].address == one.address.padded()


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_a_layer_without_nodes(layer: int) -> None:
    net = Topology([one for one in NET.nodes if one.role != LAYERS[layer - 1]])
    with pytest.raises(TopologyError, match=f"no node in layer {layer}"):
        net.routes(EGRESS)


@pytest.mark.parametrize("mix_hops", [True, False])
def test_egress_that_is_refused(mix_hops: bool) -> None:
    unknown = seeded(b"unknown", 32)
    for egress in (unknown, [EGRESS, unknown]):
        with pytest.raises(TopologyError, match=unknown.hex()):
            NET.routes(egress, mix_hops=mix_hops)
    with pytest.raises(sx.SphinxError, match="egress must be 32 bytes, not 31"):
        NET.routes([EGRESS, bytes(31)], mix_hops=mix_hops)
    with pytest.raises(TypeError, match="egress must be bytes or a sequence of bytes, not str"):
        NET.routes(EGRESS.hex(), mix_hops=mix_hops)  # type: ignore[arg-type]


def test_first_hop_and_total_delay() -> None:
    (route,) = NET.routes(EGRESS)
    assert first_hop(route) == NET.layers[0][visited(route[0], NET.layers[0])].address
    last = dataclasses.replace(route[-1], delay_ns=5)
    assert total_delay_ns([*route[:-1], last]) == sum(hop.delay_ns for hop in route[:-1])
    v6 = NodeAddress(IPv6Address("::1"), 80)
    assert first_hop([sx.Hop(v6.padded(), key(0).public_key)]) == v6


def test_a_packet_follows_its_route() -> None:
    (route,) = NET.routes(EGRESS)
    packet = sx.build_packet(route, b"hello", destination=bytes(32))
    for hop, after in zip(route, [*route[1:], None], strict=True):
        row = sx.Processor(key(visited(hop, NET.nodes))).process([packet])[0]
        if after is None:
            assert row.status is sx.Status.DELIVER
        else:
            assert (row.next_hop, row.delay_ns) == (after.address, hop.delay_ns)
            packet = row.packet


addresses = st.builds(
    NodeAddress,
    st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address),
    st.integers(0, 2**16 - 1),
)
nodes = st.builds(
    Node,
    st.binary(min_size=32, max_size=32),
    addresses,
    st.binary(min_size=32, max_size=32)
    .filter(lambda raw: raw not in LOW_ORDER)
    .map(sx.PublicKey.from_bytes),
    st.sampled_from([*LAYERS, Role.ENTRY, Role.EXIT, GATEWAY, Role(0)]),
    st.floats(0, 1e15, exclude_min=True) | st.integers(1, 10**15),
)
topologies = st.builds(
    Topology,
    st.lists(nodes, max_size=5, unique_by=lambda one: one.identity),
    st.integers(0, UNKNOWN_ROTATION_ID),
)


@DETERMINISTIC
@given(topologies)
def test_json_and_back(net: Topology) -> None:
    text = net.to_json()
    for form in (text, text.encode(), bytearray(text.encode())):
        again = Topology.from_json(form)  # type: ignore[arg-type]
        assert again.nodes == net.nodes
        assert again.rotation_id == net.rotation_id
    assert json.loads(text)["format"] == "sphinxcore-topology/1"


def test_json_of_the_largest_topology_can_be_read() -> None:
    host = IPv6Address("abcd:" * 7 + "abcd")
    longest = [
        Node(i.to_bytes(32, "big"), NodeAddress(host, 65535), key(0).public_key, GATEWAY, 1 / 3e300)
        for i in range(topology.MAX_NODES)
    ]
    text = Topology(longest).to_json()
    assert Topology.from_json(text).nodes == tuple(longest)
    with pytest.raises(TopologyError, match="at most"):
        Topology.from_json(text.replace("[\n", "[\n" + '{"identity": 0},\n'))
    with pytest.raises(TopologyError, match="at most 4194304 bytes, not 4194305"):
        Topology.from_json(text.ljust(topology.MAX_JSON_SIZE + 1))


def test_json_defaults() -> None:
    whole = json.loads(network().to_json())
    del whole["rotation_id"]
    for one in whole["nodes"]:
        del one["weight"]
        one["identity"] = one["identity"].upper()
    read = Topology.from_json(json.dumps(whole))
    assert read.nodes == NET.nodes
    assert read.rotation_id == UNKNOWN_ROTATION_ID


NODE = json.loads(NET.to_json())["nodes"][0]
MALFORMED: dict[str, tuple[Any, str]] = {
    "no object": ([], "must be an object"),
    "empty": ({}, "must have format, nodes"),
    "another format": ({"format": "sphinxcore-topology/2", "nodes": []}, "format"),
    "format no text": ({"format": 1, "nodes": []}, "format"),
    "more fields": (
        {"format": topology.FORMAT, "nodes": [], "x" * 99: 1},
        "has no '" + "x" * 40 + "'",
    ),
    "nodes an object": ({"format": topology.FORMAT, "nodes": {}}, "nodes must be a list"),
    "a node no object": ([5], "a node must be an object"),
    "a node without roles": ([{**NODE, "roles": None}], "roles must be a list"),
    "unknown role": ([{**NODE, "roles": ["layer_4"]}], "roles must be a list"),
    "role no text": ([{**NODE, "roles": [["entry"]]}], "roles must be a list"),
    "two layers": ([{**NODE, "roles": ["layer_1", "layer_2"]}], "no other role"),
    "more fields of a node": ([{**NODE, "name": "n"}], "has no 'name'"),
    "fields missing": ([{"identity": ""}], "must have address, roles, sphinx_key"),
    "identity short": ([{**NODE, "identity": "00" * 31}], "identity must be 32 bytes"),
    "identity no hex": ([{**NODE, "identity": "zz" * 32}], "hex"),
    "identity no text": ([{**NODE, "identity": 5}], "must be str"),
    "key of low order": ([{**NODE, "sphinx_key": "00" * 32}], "low order"),
    "key no text": ([{**NODE, "sphinx_key": None}], "must be str"),
    "address a name": ([{**NODE, "address": "localhost:1789"}], "node address"),
    "address no text": ([{**NODE, "address": 1}], "must be"),
    "weight zero": ([{**NODE, "weight": 0}], "weight must be above 0"),
    "weight no number": ([{**NODE, "weight": "1"}], "weight must be a number"),
    "weight true": ([{**NODE, "weight": True}], "weight must be a number"),
    "the same identity": ([NODE, NODE], "same identity"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case: str) -> None:
    value, message = MALFORMED[case]
    if isinstance(value, list) and value:
        value = {"format": topology.FORMAT, "nodes": value}
    with pytest.raises(TopologyError, match=message):
        Topology.from_json(json.dumps(value))


@pytest.mark.parametrize("rotation_id", [-1, 2**32, 1.0, True, "1", None, 10**400])
def test_malformed_rotation(rotation_id: Any) -> None:
    value = {"format": topology.FORMAT, "nodes": [], "rotation_id": rotation_id}
    with pytest.raises(TopologyError, match="rotation_id must be a number in"):
        Topology.from_json(json.dumps(value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        b"\xff",
        "{",
        "NaN",
        '{"format": 1, "format": 1}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 5000,
        "1e99999",
        json.dumps(NODE).encode("utf-16"),
        NET.to_json().replace("1.0", "Infinity"),
        NET.to_json().replace("1.0", "1e999"),
        NET.to_json().replace('"weight": 1.0', '"weight": 1.0, "weight": 1.0'),
        NET.to_json() + "x",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_no_json(text: Any) -> None:
    with pytest.raises(TopologyError):
        Topology.from_json(text)


@pytest.mark.parametrize("text", [None, 5, [1], {}])
def test_no_text(text: Any) -> None:
    with pytest.raises(TypeError, match="text must be bytes"):
        Topology.from_json(text)


def read(text: Any) -> None:
    """Any text is a topology that survives its own JSON form, or a TopologyError."""
    try:
        net = Topology.from_json(text)
    except TopologyError:
        return
    assert Topology.from_json(net.to_json()).nodes == net.nodes


@DETERMINISTIC
@given(st.text() | st.binary())
def test_any_text(text: Any) -> None:
    read(text)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner)
)


@DETERMINISTIC
@given(values, st.sampled_from([*NODE, "rotation_id", "nodes", "format", "name"]))
def test_any_value_in_any_place(value: Any, field: str) -> None:
    one = {**NODE, field: value} if field in NODE else NODE
    whole = {"format": topology.FORMAT, "rotation_id": 1, "nodes": [one]}
    read(json.dumps(whole if field in NODE else {**whole, field: value}))


@DETERMINISTIC
@given(st.data())
def test_any_change_of_the_text(data: st.DataObject) -> None:
    raw = bytearray(network(1, 1).to_json().encode())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(raw))
