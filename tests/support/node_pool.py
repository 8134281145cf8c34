"""Every packet at a node that the vector files tell of, for tests that mix them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import own_files as own
import shared_files as peers
from cases import MOD_L, Journey, NodeCase, SurbCase
from random_stream import RandomStream
from running import build, walk

import sphinxcore as sx
from vectors import load

REFERENCE = "python"
"""Makes packets that files give as a hash only, and carries packets from hop to hop."""


def every_node_case(stream: RandomStream) -> list[NodeCase]:
    """From vectors/, and from ../shared/vectors if it is there."""
    pool = list(_own(stream))
    if peers.SHARED.is_dir():
        pool += _shared(stream)
    return pool


def _own(stream: RandomStream) -> Iterator[NodeCase]:
    for file in own.names_of("SphinxProcess"):
        yield from _named(file, (own.node_case(case) for case in load(file)))
    for file in own.names_of("SphinxBuild"):
        # The packets of 0.6.0's blinding are whole in the files, and cannot be made here.
        cases = [case for case in load(file) if case.result == "valid"]
        made = [case for case in cases if own.skip_of(case) != MOD_L]
        packets = build([own.build_case(case) for case in made], REFERENCE, stream)
        journeys = [own.journey(case, packet) for case, packet in zip(made, packets, strict=True)]
        journeys += [own.journey(case, case.bytes("packet")) for case in cases if case not in made]
        yield from _named(file, _hops(journeys))
    for file in own.names_of("SphinxSurb"):
        surbs = load(file)
        yield from _named(file, _hops(own.journey(s, _reply(own.surb_case(s))) for s in surbs))


def _shared(stream: RandomStream) -> Iterator[NodeCase]:
    for file in (peers.FORWARD, peers.SURB):
        journeys = [peers.old_journey(c, peers.raw(c, "packet")) for c in peers.shared(file)]
        yield from _named(file, _hops(journeys))
    odd = [journey for c in peers.shared(peers.SENDER) if (journey := peers.sender_journey(c))]
    yield from _named(peers.SENDER, _hops(odd))
    malformed = peers.shared(peers.MALFORMED)
    nodes = [peers.malformed_node(c) for c in malformed if c["op"] == "process"]
    yield from _named(peers.MALFORMED, nodes)
    chains = [c for c in malformed if c["op"] in ("process_chain", "use_surb_chain")]
    yield from _named(peers.MALFORMED, _hops(map(peers.malformed_journey, chains)))
    inputs = map(peers.input_node, peers.shared(peers.PACKETS, "node_input"))
    yield from _named(f"{peers.PACKETS} node_input", inputs)
    cases = peers.shared(peers.PACKETS)
    packets = build([peers.new_build_case(case) for case in cases], REFERENCE, stream)
    new = [peers.new_journey(case, packet) for case, packet in zip(cases, packets, strict=True)]
    yield from _named(peers.PACKETS, _hops(new))
    for part in ("v259", "v260"):
        surbs = peers.shared(peers.SURBS, part)
        replies = [peers.new_journey(s, _reply(peers.new_surb_case(s))) for s in surbs]
        yield from _named(peers.SURBS, _hops(replies))


def _named(file: str, cases: Iterable[NodeCase]) -> Iterator[NodeCase]:
    return (replace(case, name=f"{file}: {case.name}") for case in cases)


def _hops(journeys: Iterable[Journey]) -> Sequence[NodeCase]:
    return [case for case, _ in walk(list(journeys), REFERENCE)]


def _reply(case: SurbCase) -> bytes:
    inputs = case.inputs
    surb = sx.Surb.from_bytes(case.surb)
    packet, _ = surb.use(inputs.message, payload_size=inputs.payload_size, backend=REFERENCE)
    return packet
