"""Which nodes there are, and random routes through them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Flag
from functools import lru_cache, reduce
from itertools import accumulate
from operator import or_
from typing import Any

import numpy as np
import numpy.typing as npt

from sphinxcore._checks import any_bytes, exact_bytes, instance, integer, listed
from sphinxcore._sender import Hop, Route
from sphinxcore.errors import SphinxError
from sphinxcore.keys import PublicKey
from sphinxcore.nym import delays
from sphinxcore.nym.addresses import NodeAddress
from sphinxcore.nym.errors import TopologyError
from sphinxcore.nym.rotation import UNKNOWN_ROTATION_ID, KeyRotation

FORMAT = "sphinxcore-topology/1"
IDENTITY_SIZE = 32
HIGHEST_WEIGHT = 1e15

MAX_NODES = 10_000
MAX_JSON_SIZE = 2**22
"""Bytes. There is room for MAX_NODES nodes as to_json() writes them."""


class Role(Flag):
    """What a node does: mixes in one layer, is a gateway (one or both of them), or Role(0)."""

    LAYER_1 = 1
    LAYER_2 = 2
    LAYER_3 = 4
    ENTRY = 8
    EXIT = 16


LAYERS = (Role.LAYER_1, Role.LAYER_2, Role.LAYER_3)

# As the JSON form has them.
_ROLES = {
    "layer_1": Role.LAYER_1,
    "layer_2": Role.LAYER_2,
    "layer_3": Role.LAYER_3,
    "entry": Role.ENTRY,
    "exit": Role.EXIT,
}


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the network.

    Args:
        identity: its Ed25519 public key, 32 bytes.
        address: where it takes packets from other nodes.
        sphinx_key: the key of the topology's key rotation.
        weight: how often it is chosen, compared with the other nodes of its layer.
    """

    identity: bytes
    address: NodeAddress
    sphinx_key: PublicKey
    role: Role
    weight: float = 1.0

    def __post_init__(self) -> None:
        identity = exact_bytes(self.identity, IDENTITY_SIZE, "identity")
        object.__setattr__(self, "identity", identity)
        for name, kind in (("address", NodeAddress), ("sphinx_key", PublicKey), ("role", Role)):
            instance(getattr(self, name), kind, name)
        if self.role not in LAYERS and any(layer in self.role for layer in LAYERS):
            raise TopologyError("a node that mixes in a layer has no other role beside that")
        object.__setattr__(self, "weight", _weight(self.weight))


def _weight(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"weight must be a number, not {type(value).__name__}")
    if not 0 < value <= HIGHEST_WEIGHT:  # NaN neither
        raise TopologyError(f"weight must be above 0 and at most {HIGHEST_WEIGHT:g}")
    return float(value)


class _Layer:
    """Nodes to choose one of, by weight."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = tuple(nodes)
        self.hops = [(node.address.padded(), node.sphinx_key) for node in nodes]
        # Node i has the numbers of [0, 1) below bounds[i] and not below bounds[i - 1]. The last
        # bound is x / x and so exactly 1.
        bounds = list(accumulate(node.weight for node in nodes))
        self._bounds = np.array([bound / bounds[-1] for bound in bounds], np.float64)

    def choose(self, n: int) -> list[tuple[bytes, PublicKey]]:
        """Addresses and keys of n independent choices."""
        chosen: npt.NDArray[np.int64] = self._bounds.searchsorted(delays.uniform(n), "right")
        hops = self.hops
        return [hops[i] for i in chosen.tolist()]


class Topology:
    """The nodes of the network during one key rotation. Never changes.

    Args:
        nodes: at most MAX_NODES, with different identities.
        rotation_id: of the Sphinx keys.
    """

    def __init__(self, nodes: Iterable[Node], rotation_id: int = UNKNOWN_ROTATION_ID) -> None:
        self._nodes: tuple[Node, ...] = tuple(listed(nodes, "nodes", "a sequence of Node"))
        for node in self._nodes:
            instance(node, Node, "nodes")
        if len(self._nodes) > MAX_NODES:
            raise TopologyError(f"a topology has at most {MAX_NODES} nodes, not {len(self._nodes)}")
        self._by_identity = {node.identity: node for node in self._nodes}
        if len(self._by_identity) < len(self._nodes):
            raise TopologyError("two nodes have the same identity")
        self._rotation_id = integer(rotation_id, 0, UNKNOWN_ROTATION_ID, "rotation_id")
        self._layers = tuple(_Layer(self._having(layer)) for layer in LAYERS)
        # Nothing but its delay sets one hop apart from another at the same node, and the delay of
        # the last hop has no effect.
        self._egress_hops = {
            node.identity: Hop(node.address.padded(), node.sphinx_key) for node in self._nodes
        }

    def _having(self, role: Role) -> tuple[Node, ...]:
        return tuple(node for node in self._nodes if role in node.role)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, as they were given."""
        return self._nodes

    @property
    def layers(self) -> tuple[tuple[Node, ...], ...]:
        """The nodes of the three mix layers."""
        return tuple(layer.nodes for layer in self._layers)

    @property
    def entries(self) -> tuple[Node, ...]:
        """The gateways through which clients send."""
        return self._having(Role.ENTRY)

    @property
    def exits(self) -> tuple[Node, ...]:
        """The gateways that also reach what is outside the network."""
        return self._having(Role.EXIT)

    @property
    def rotation_id(self) -> int:
        """The number of the key rotation, or UNKNOWN_ROTATION_ID."""
        return self._rotation_id

    @property
    def key_rotation(self) -> KeyRotation:
        """The rotation byte of packets and SURBs whose routes are of this topology."""
        return KeyRotation.of_id(self._rotation_id)

    def node(self, identity: Any) -> Node:
        """The node that has this identity. Raises TopologyError if there is none."""
        raw = exact_bytes(identity, IDENTITY_SIZE, "identity")
        try:
            return self._by_identity[raw]
        except KeyError:
            raise _unknown(raw) from None

    def routes(
        self,
        egress: bytes | Sequence[bytes],
        *,
        count: int | None = None,
        mix_hops: bool = True,
        mean_delay_ns: int = delays.DEFAULT.packet_delay_ns,
    ) -> list[tuple[Hop, ...]]:
        """Draw routes: a node of each layer, independently and by weight, then the egress.

        The delays of all hops but the last are exponential. All is drawn from the operating
        system's randomness; no rounding changes a node's share of its layer by more than 1e-11.

        Args:
            egress: identity of the recipient's gateway, or of one for each route. As in the
                network every node can be one, whatever its role.
            count: how many routes; left out, one, or as many as there are identities.
            mix_hops: False gives routes of the egress alone.
            mean_delay_ns: for acknowledgements the ack_delay_ns of the parameters.

        Raises TopologyError if an egress is unknown or a layer has no node.
        """
        instance(mix_hops, bool, "mix_hops")
        last = self._last_hops(egress, count)
        if not mix_hops:
            return [(hop,) for hop in last]
        for number, layer in enumerate(self._layers, 1):
            if not layer.nodes:
                raise TopologyError(f"there is no node in layer {number}")
        n = len(last)
        columns = []
        for layer in self._layers:
            waits = delays.exponential_ns(mean_delay_ns, n).tolist()
            chosen = layer.choose(n)
            columns.append([Hop(*node, wait) for node, wait in zip(chosen, waits, strict=True)])
        return list(zip(*columns, last, strict=True))

    def _last_hops(self, egress: Any, count: int | None) -> list[Hop]:
        one_for_all = isinstance(egress, bytes | bytearray | memoryview)
        given = (
            [egress] if one_for_all else listed(egress, "egress", "bytes or a sequence of bytes")
        )
        identities = [exact_bytes(identity, IDENTITY_SIZE, "egress") for identity in given]
        try:
            hops = [self._egress_hops[identity] for identity in identities]
        except KeyError as missing:
            raise _unknown(missing.args[0]) from None
        if count is None:
            return hops
        n = integer(count, 0, 2**40, "count")
        if one_for_all:
            return hops * n
        if n != len(hops):
            raise SphinxError(f"count is {n}, but egress names {len(hops)} nodes")
        return hops

    def to_json(self) -> str:
        """The topology as text, one node a line; see from_json()."""
        nodes = [
            {
                "identity": node.identity.hex(),
                "address": str(node.address),
                "sphinx_key": node.sphinx_key.to_bytes().hex(),
                "roles": [name for name, role in _ROLES.items() if role in node.role],
                "weight": node.weight,
            }
            for node in self._nodes
        ]
        lines = ",\n".join(map(json.dumps, nodes))
        rotation_id = self._rotation_id
        return f'{{"format": "{FORMAT}", "rotation_id": {rotation_id}, "nodes": [\n{lines}\n]}}\n'

    @classmethod
    def from_json(cls, text: str | bytes) -> "Topology":
        """Read the JSON form, in UTF-8. Raises TopologyError for all other text.

        It is an object with "format": "sphinxcore-topology/1", "rotation_id" (a number; left out:
        unknown) and "nodes", a list of objects with "identity" and "sphinx_key" (hex), "address"
        ("1.2.3.4:1789" or "[::1]:1789"), "roles" (a list of "layer_1", "layer_2", "layer_3",
        "entry" and "exit"; may be empty) and "weight" (a number; left out: 1). Other names, and
        one name twice, are refused.
        """
        what = _fields(_parse(text), "a topology", {"format", "nodes"}, {"rotation_id"})
        if what["format"] != FORMAT:
            raise TopologyError(f"the format of a topology must be {FORMAT}")
        if not isinstance(what["nodes"], list) or len(what["nodes"]) > MAX_NODES:
            raise TopologyError(f"nodes must be a list of at most {MAX_NODES}")
        nodes = []
        for i, node in enumerate(what["nodes"]):
            try:
                nodes.append(_node(node))
            except (SphinxError, TypeError, ValueError) as error:
                raise TopologyError(f"nodes[{i}]: {error}") from None
        rotation_id = what.get("rotation_id", UNKNOWN_ROTATION_ID)
        if type(rotation_id) is not int or not 0 <= rotation_id <= UNKNOWN_ROTATION_ID:
            raise TopologyError(f"rotation_id must be a number in 0..{UNKNOWN_ROTATION_ID}")
        return cls(nodes, rotation_id)


def total_delay_ns(route: Route) -> int:
    """How long a packet is kept on this route: the last hop's delay has no effect."""
    try:
        return sum([hop.delay_ns for hop in route][:-1])
    except (TypeError, AttributeError):
        raise TypeError(f"a route must be a sequence of Hop, not {route!r:.60}") from None


def first_hop(route: Route) -> NodeAddress:
    """The node to which the sender's gateway gives a packet of this route."""
    return _address(route[0].address)


_address = lru_cache(maxsize=MAX_NODES)(NodeAddress.from_bytes)


def _unknown(identity: bytes) -> TopologyError:
    return TopologyError(f"no node of the topology has the identity {identity.hex()}")


def _parse(text: Any) -> Any:
    given = text if isinstance(text, str) else any_bytes(text, "text")
    if len(given) > MAX_JSON_SIZE:
        raise TopologyError(f"a topology has at most {MAX_JSON_SIZE} bytes, not {len(given)}")
    try:
        decoded = given if isinstance(given, str) else given.decode()
        return json.loads(decoded, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise TopologyError(f"a topology must be JSON: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        raise TopologyError("a name stands twice in one object")
    return names


def _fields(value: Any, what: str, needed: set[str], optional: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TopologyError(f"{what} must be an object")
    if missing := needed - value.keys():
        raise TopologyError(f"{what} must have {', '.join(sorted(missing))}")
    if unknown := value.keys() - needed - optional:
        raise TopologyError(f"{what} has no {min(unknown)[:40]!r}")
    return value


def _node(value: Any) -> Node:
    what = _fields(value, "a node", {"identity", "address", "sphinx_key", "roles"}, {"weight"})
    if not isinstance(what["roles"], list) or not all(
        isinstance(name, str) and name in _ROLES for name in what["roles"]
    ):
        raise TopologyError(f"roles must be a list of {', '.join(_ROLES)}")
    return Node(
        bytes.fromhex(what["identity"]),
        NodeAddress.from_text(what["address"]),
        PublicKey.from_bytes(bytes.fromhex(what["sphinx_key"])),
        reduce(or_, [_ROLES[name] for name in what["roles"]], Role(0)),
        what.get("weight", 1.0),
    )
