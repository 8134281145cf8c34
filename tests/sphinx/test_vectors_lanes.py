"""Every packet at a node, of every vector file, in every lane of a kernel and mixed in batches.

A kernel works on `lanes` rows side by side, in an order in which packets of one size are
neighbours. Here the packets of each size are repeated until they fill whole blocks of lanes, and
turn by one row from batch to batch. A batch mixes sizes, outcomes and up to 127 private keys.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest
from cases import Got, NodeCase
from node_pool import every_node_case
from random_stream import RandomStream, filling
from report import Report
from running import chunks, differences, process
from tally import EVERY_LANE, Tally

import sphinxcore as sx
from sphinxcore import _random

LEAST_TURNS = 16
"""Batches of a kernel that has few lanes. The reference backend has none: one batch."""


@pytest.fixture(scope="module")
def pool() -> list[NodeCase]:
    """All cases, those of one key together, the keys in an order that mixes the files."""
    stream = RandomStream()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_random, "fill", filling(stream))
        cases = every_node_case(stream)
    by_key: dict[bytes, list[NodeCase]] = defaultdict(list)
    for case in cases:
        by_key[case.private_key].append(case)
    keys = sorted(by_key)
    random.Random(0).shuffle(keys)
    return [case for key in keys for case in by_key[key]]


def turned(cases: Sequence[NodeCase], lanes: int, turns: int) -> Iterator[list[NodeCase]]:
    """Batches of whole blocks of lanes for each packet size, the sizes mixed."""
    by_size: dict[int, list[NodeCase]] = defaultdict(list)
    for case in cases:
        by_size[len(case.packet)].append(case)
    blocks = []
    for group in by_size.values():
        rows = -(-len(group) // lanes) * lanes
        blocks.append([group[i % len(group)] for i in range(rows)])
    for turn in range(turns):
        rows_of_sizes = [
            (i, group[(i + turn) % len(group)]) for group in blocks for i in range(len(group))
        ]
        rows_of_sizes.sort(key=lambda row: row[0])
        yield [case for _, case in rows_of_sizes]


def test_every_lane(pool: list[NodeCase], backend_name: str, tally: Tally) -> None:
    lanes = sx.backend(backend_name).lanes
    turns = 1 if backend_name == "python" else max(LEAST_TURNS, 2 * lanes)
    names = [case.name for case in pool]
    report = Report("packets at a node", names, backend_name, tally, EVERY_LANE)
    first: dict[str, Got] = {}
    for chunk in chunks(pool):
        for batch in turned(chunk, lanes, turns):
            for case, got in zip(batch, process(batch, backend_name), strict=True):
                if case.name not in first:
                    first[case.name] = got
                    report.add(case.name, differences(case.expected, got))
                elif got != first[case.name]:
                    report.add(case.name, ["another lane gives another result"])
    report.finish(len(first), {})
