"""A small mixnet inside one process: layers of mix nodes, and gateways as final hops.

Time is simulated: a packet's clock goes forward by the delays it is given, and each node takes
packets in the order of their clocks. Nobody waits.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
import numpy.typing as npt

import sphinxcore as sx

MIX_LAYERS = 3
NODES_PER_LAYER = 2
GATEWAYS = 2
HOPS = MIX_LAYERS + 1
MEAN_DELAY_NS = 15_000_000

Bytes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]


class Node:
    """A mix node or gateway: its key, and a replay filter between the two stages."""

    def __init__(self, backend: str, threads: int) -> None:
        key = sx.PrivateKey.generate()
        self.public_key = key.public_key
        self.address = os.urandom(sx.NYM.address_size)
        self._processor = sx.Processor(key, backend=backend, threads=threads)
        self._seen = sx.ReplayFilter()

    def process(self, packets: Bytes) -> sx.BatchResult:
        """Unwrap the packets of a batch that are authentic and new."""
        opened = self._processor.authenticate(packets)
        return opened.unwrap(accept=self._seen.add(opened))


class Journeys:
    """What became of n packets, one row each."""

    def __init__(self, n: int) -> None:
        self.status = np.zeros(n, np.uint8)
        """(n,) the last status. FORWARD: it was sent to an address that no node has."""
        self.hops = np.zeros(n, np.int64)
        """(n,) how many nodes processed it."""
        self.clocks_ns = np.zeros(n, np.int64)
        """(n,) the sum of its delays."""
        self.last_node = [b""] * n
        """Address of the last node that processed it."""
        self.delivered: dict[int, sx.Row] = {}
        """The results of the DELIVER rows."""
        self.hop_packets = [0] * HOPS
        """How many packets were processed as their first, second, .. hop."""
        self.hop_seconds = [0.0] * HOPS
        """How long that took."""


class Mixnet:
    """Nodes with new keys on one backend.

    Args:
        backend: a name from sx.available_backends().
        threads: how many threads share a batch.
        batch_size: up to how many packets a node processes at once.
    """

    def __init__(self, backend: str, threads: int, batch_size: int) -> None:
        sizes = [NODES_PER_LAYER] * MIX_LAYERS + [GATEWAYS]
        self._layers = [[Node(backend, threads) for _ in range(size)] for size in sizes]
        self._nodes = {node.address: node for layer in self._layers for node in layer}
        self._batch_size = batch_size

    def routes(self, n: int, rng: np.random.Generator) -> list[tuple[sx.Hop, ...]]:
        """n routes through a random node of each layer, with exponential delays."""
        delays = rng.exponential(MEAN_DELAY_NS, (n, HOPS)).astype(np.int64)
        delays[:, -1] = 0  # a final hop delays nothing
        choices = [rng.integers(len(layer), size=n) for layer in self._layers]
        routes = []
        for i in range(n):
            nodes = [layer[c[i]] for layer, c in zip(self._layers, choices, strict=True)]
            routes.append(
                tuple(
                    sx.Hop(node.address, node.public_key, int(delay))
                    for node, delay in zip(nodes, delays[i], strict=True)
                )
            )
        return routes

    def send(
        self, packets: Bytes, first_hops: Sequence[bytes], advance: Callable[[int], None]
    ) -> Journeys:
        """Carry the rows of `packets` from node to node until none is under way.

        `advance` is told how many packets were processed.
        """
        n = len(packets)
        packets = packets.copy()
        to = list(first_hops)
        journeys = Journeys(n)
        under_way: Rows = np.arange(n)
        for hop in range(HOPS):
            order = np.argsort(journeys.clocks_ns[under_way], kind="stable")
            forwarded = []
            for node, rows in self._arrivals(under_way[order], to):
                for start in range(0, len(rows), self._batch_size):
                    batch = rows[start : start + self._batch_size]
                    forwarded.append(_visit(node, hop, batch, packets, to, journeys))
                    advance(len(batch))
            under_way = np.concatenate(forwarded) if forwarded else under_way[:0]
        return journeys

    def _arrivals(self, rows: Rows, to: Sequence[bytes]) -> list[tuple[Node, Rows]]:
        """Rows by the node they were sent to, in the order they come in."""
        groups = defaultdict(list)
        for row in rows.tolist():
            node = self._nodes.get(to[row])
            if node is not None:
                groups[node].append(row)
        return [(node, np.array(group)) for node, group in groups.items()]


def _visit(
    node: Node, hop: int, batch: Rows, packets: Bytes, to: list[bytes], journeys: Journeys
) -> Rows:
    """Let a node process a batch; packets, addresses and journeys are updated in place.

    Returns the rows that travel on.
    """
    inputs = packets[batch]
    start = perf_counter()
    result = node.process(inputs)
    journeys.hop_seconds[hop] += perf_counter() - start
    journeys.hop_packets[hop] += len(batch)

    journeys.status[batch] = result.status
    journeys.hops[batch] += 1
    journeys.clocks_ns[batch] += result.delays_ns.astype(np.int64)
    for i, row in enumerate(batch.tolist()):
        journeys.last_node[row] = node.address
        if result.status[i] == sx.Status.DELIVER:
            journeys.delivered[row] = result[i]
    forward = np.flatnonzero(result.status == sx.Status.FORWARD)
    packets[batch[forward]] = result.buffer.reshape(inputs.shape)[forward]
    for i in forward.tolist():
        to[batch[i]] = result.next_hops[i].tobytes()
    return batch[forward]
