"""Targets: fragments, messages, SURBs, what a receiver makes of payloads, and the topology."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from fuzz.clients import CLIENT, REPLY_KEYS, seeded, topology
from fuzz.nym_wire import as_text
from fuzz.target import Input, Targets, attempt, must_refuse, require

import sphinxcore as sx
from sphinxcore import batch, nym
from sphinxcore.nym.acks import CONTENT_SIZE
from sphinxcore.nym.cover import COVER_TEXT
from sphinxcore.nym.fragments import FRAGMENTS_PER_SET, capacity
from sphinxcore.nym.messages import decode, encode, pad, unpad
from sphinxcore.nym.packet_keys import packet_keys
from sphinxcore.nym.replies import decode_surb_list, encode_surb_list

TARGETS = Targets()

# Fragments ------------------------------------------------------------------------------------------


@TARGETS(max_size=64)
def fragment(raw: bytes) -> None:
    found = attempt(nym.FragmentError, nym.Fragment.from_bytes, raw)
    if found is not None:
        require(found.to_bytes() == raw, "other bytes")
        require(found.identifier == (found.set_id, found.position), "identifier")


_LIMITS = {"max_open_sets": 5, "max_bytes": 1 << 16, "max_chain_sets": 3, "max_finished": 4}
_FULL = FRAGMENTS_PER_SET


@TARGETS(max_size=96, quick=60)
def reassembler(raw: bytes) -> None:
    """Fragments of few sets, one by one or many at once, and time that passes."""
    data = Input(raw)
    clock = [0.0]
    sets = nym.Reassembler(**_LIMITS, max_age_s=10.0, clock=lambda: clock[0])
    fills = 0
    while data:
        command, set_id = data.number(), data.below(8) + 1
        if command < 64 or fills == 5:
            total = data.one_of((1, 2, 3, _FULL - 1, _FULL, data.number()))
            position = data.one_of((1, 2, total, total - 1, data.number()))
            payload = data.bytes(data.below(3)) if command else bytes(20_000)
            links = [None, None]
            if which := data.below(3):
                links[which - 1] = data.below(9)
            one = attempt(sx.SphinxError, nym.Fragment, set_id, total, position, payload, *links)
            if one is not None:
                add(sets, one)
        elif command < 80:
            clock[0] += data.below(14)
        else:
            fills += 1
            previous_set, next_set = (data.below(9) or None for _ in range(2))
            step = data.one_of((1, -1))
            skipped = data.number()
            for position in range(1, _FULL + 1)[::step]:
                if position != skipped:
                    links = [
                        previous_set if position == 1 else None,
                        next_set if position == _FULL else None,
                    ]
                    payload = bytes([set_id, position])
                    one = attempt(
                        sx.SphinxError, nym.Fragment, set_id, _FULL, position, payload, *links
                    )
                    if one is not None:
                        add(sets, one)
        check_held(sets)


def add(sets: nym.Reassembler, one: nym.Fragment) -> None:
    """Add a fragment; what comes out must be what was held, and limits must hold."""
    sets.expire()
    held = dict(sets._open)
    contradicts = False
    if kept := held.get(one.set_id):
        other_total = len(kept.fragments) != one.total
        contradicts = other_total or kept.fragments[one.position - 1] not in (None, one)
    before = sets.open_sets, sets.bytes_held, sum(sets._counts.values())
    try:
        whole = sets.add(one)
    except nym.FragmentError:
        require((sets.open_sets, sets.bytes_held) == before[:2], "something refused was kept")
        require(sum(sets._counts.values()) == before[2] + 1, "it was not counted")
        return
    require(not contradicts, "it contradicts what came first")
    require(sets.open_sets <= _LIMITS["max_open_sets"], "open sets")
    require(sets.bytes_held <= _LIMITS["max_bytes"], "bytes")
    if whole is None:
        return
    parts = {set_id: kept.fragments for set_id, kept in held.items()}
    parts.setdefault(one.set_id, [one])
    chain = [one.set_id]
    while previous_set := parts[chain[0]][0].previous_set:
        chain.insert(0, previous_set)
    while next_set := parts[chain[-1]][-1].next_set:
        chain.append(next_set)
    require(whole == b"".join(f.payload for part in chain for f in parts[part]), "another message")
    require(len(set(chain)) == len(chain) <= _LIMITS["max_chain_sets"], "chain")
    require(not set(chain) & sets._open.keys(), "a finished set is still open")


def check_held(sets: nym.Reassembler) -> None:
    """What a reassembler says of what it holds is so."""
    require(len(sets._finished) <= _LIMITS["max_finished"], "finished")
    require(sets.bytes_held == sum(kept.cost for kept in sets._open.values()), "cost")
    for kept in sets._open.values():
        require(kept.fragments.count(None) == kept.missing, "missing")
        require(kept.missing < len(kept.fragments), "an empty set")


@TARGETS(max_size=96, quick=60)
def split_and_join(raw: bytes) -> None:
    """What was split is put together in any order, with resent fragments among them."""
    data = Input(raw)
    size = 11 + data.below(30)
    length = 1 + data.number(2) % (700 * (size - 7))
    swaps = [(data.number(2), data.number(2)) for _ in range(min(len(data) // 4, 16))]
    sent = seeded("split", length + capacity(length, size)[1])
    count, spare = capacity(len(sent), size)
    require(spare == 0, "spare bytes")
    made = nym.split(sent, size, set_ids=range(1, 1 - (-count // _FULL)))
    require(len(made) == count and all(len(f.to_bytes()) == size for f in made), "fragments")
    order = list(range(count))
    for a, b in swaps:
        a, b = a % len(order), b % len(order)
        order[a], order[b] = order[b], order[a]
        order.insert(a, order[b])
    sets = nym.Reassembler()
    whole = [
        found
        for i in order
        if (found := sets.add(nym.Fragment.from_bytes(made[i].to_bytes()))) is not None
    ]
    require(whole == [sent], "another message")
    require((sets.open_sets, sets.bytes_held) == (0, 0), "something is still held")


# Messages -------------------------------------------------------------------------------------------


def check_message(raw: bytes) -> None:
    found = attempt(nym.NymError, decode, raw)
    if found is None:
        return
    layout = 2
    if isinstance(found, nym.RepliableMessage):
        layout = 2 if raw[17] >= 3 else 1
    written = encode(found, layout)
    require(decode(written) == found, "another message")
    if isinstance(found, nym.RepliableMessage):
        # Header bytes of an empty list, and bytes after SURBs alone, mean nothing.
        if found.content is nym.RepliableContent.DATA:
            require(len(written) == len(raw), "another size")
        if found.surbs:
            require(raw.startswith(written), "other bytes")
    else:
        require(written == raw, "other bytes")


@TARGETS(max_size=1600)
def message(raw: bytes) -> None:
    check_message(raw)


@TARGETS(max_size=1600)
def padded_message(raw: bytes) -> None:
    found = attempt(nym.MessageError, unpad, raw)
    require((found is None) == (b"\1" not in raw[1:]), "end")
    if found is not None:
        require(raw.startswith(found + b"\1") and b"\1" not in raw[len(found) + 1 :], "end")
        check_message(found)
        for size in (11, 40, nym.PacketSize.REGULAR.fragment_size):
            padded = pad(found, size)
            require(unpad(padded) == found, "padding")
            require(capacity(len(padded), size)[1] == 0, "spare bytes")


# SURBs ----------------------------------------------------------------------------------------------


@TARGETS(max_size=3600)
def surb_list(raw: bytes) -> None:
    for layout in (1, 2):
        found = attempt(nym.ReplyError, decode_surb_list, raw, layout)
        if found is not None:
            surbs, end = found
            require(4 <= end <= len(raw), "end")
            require(decode_surb_list(raw[:end], layout) == found, "what follows was read")
            if surbs:
                require(encode_surb_list(surbs, layout) == raw[:end], "other bytes")
                must_refuse(nym.ReplyError, decode_surb_list, raw[: end - 1], layout)


@TARGETS(max_size=1200)
def reply_surb_bytes(raw: bytes) -> None:
    found = attempt(nym.ReplyError, nym.ReplySurb.from_bytes, raw)
    if found is not None:
        require(found.to_bytes() == raw, "other bytes")
        require(found.size == len(raw), "size")
        listed = encode_surb_list([found], found.layout)
        require(decode_surb_list(listed, found.layout) == ((found,), len(listed)), "list")


@TARGETS(max_size=1620)
def reply_surb_text(raw: bytes) -> None:
    text = as_text(raw)
    found = attempt(nym.ReplyError, nym.ReplySurb.from_text, text)
    if found is not None:
        require(found.to_text() == text, "another text")


# A receiver -----------------------------------------------------------------------------------------

_EPHEMERAL = np.frombuffer(seeded("ephemeral", 32), np.uint8)[None]
_PUBLIC = batch.x25519(_EPHEMERAL, backend="python").tobytes()
_INNER_KEY = packet_keys(
    batch.x25519(_EPHEMERAL, CLIENT.address.encryption_key, backend="python")
).tobytes()
_LOW_ORDER = bytes(32)
_PUBLIC_KEY = packet_keys(np.zeros((1, 32), np.uint8)).tobytes()
"""What everybody knows: the key from a point of low order."""
_DIGESTS = {key.digest() for key in REPLY_KEYS}


def payload_of(content: bytes, through_surb: int | None) -> bytes:
    """What the gateway delivers if somebody encrypts this content for CLIENT."""
    if through_surb is None:
        prefix, key = _PUBLIC, _INNER_KEY
    elif through_surb == len(REPLY_KEYS):
        prefix, key = _LOW_ORDER, _PUBLIC_KEY
    else:
        reply_key = REPLY_KEYS[through_surb]
        prefix, key = reply_key.digest(), reply_key.to_bytes()
    rows = np.frombuffer(content, np.uint8)[None]
    return prefix + batch.aes128_ctr(key, bytes(16), rows, backend="python").tobytes()


def payloads_of(data: Input) -> list[bytes]:
    """Payloads as the input describes them."""
    made: list[bytes] = []
    while data and len(made) < 12:
        kind = data.number()
        through_surb = data.below(len(REPLY_KEYS) + 1) if kind & 1 else None
        match kind >> 1 & 7:
            case 0:
                made.append(data.bytes(data.number()))
            case 1:
                made.append(data.bytes(CONTENT_SIZE))
            case 2:
                made.append(payload_of(COVER_TEXT + data.bytes(4), through_surb))
            case 3:
                made.append(payload_of(data.bytes(1 + data.number()), through_surb))
            case _:
                # Of sets of at most two fragments, so that messages get complete.
                head = bytes([0x80, 0, 0, data.below(3)]) + bytes([data.below(4), data.below(4)])
                text = data.bytes(data.number()) + (b"\1" if kind & 64 else b"")
                made.append(payload_of(head + bytes(1) + text, through_surb))
    return made


def new_receiver(backend: str) -> nym.MessageReceiver:
    keys = nym.ReplyKeys(clock=lambda: 0.0)
    keys.add(REPLY_KEYS)
    sets = [nym.Reassembler(clock=lambda: 0.0) for _ in range(2)]
    return nym.MessageReceiver(
        CLIENT, reply_keys=keys, messages=sets[0], replies=sets[1], backend=backend
    )


def as_row(found: nym.Received) -> tuple[Any, ...]:
    """What was received, comparable."""
    refused = [(one.index, type(one.error), str(one.error)) for one in found.refused]
    return (
        found.messages, found.replies, found.acks, found.cover, found.cover_acks, refused
    )  # fmt: skip


@TARGETS(max_size=800, quick=100)
def receiver(raw: bytes) -> None:
    """Payloads that get past the decryption, all at once and one by one, on two backends."""
    payloads = payloads_of(Input(raw))
    first, *others = sx.available_backends()
    found = new_receiver(first).feed(payloads)
    for one in found.refused:
        require(isinstance(one.error, nym.NymError), f"{type(one.error)} is not typed")
    require(
        all(isinstance(m, nym.PlainMessage | nym.RepliableMessage) for m in found.messages),
        "type of a message",
    )
    require(
        all(isinstance(r, nym.ReplyData | nym.SurbRequest) for r in found.replies),
        "type of a reply",
    )
    for each in (*found.messages, *found.replies):
        if isinstance(each, nym.RepliableMessage):
            continue
        require(decode(encode(each)) == each, "another message")
    refused = {one.index for one in found.refused}
    for i, payload in enumerate(payloads):
        require(not payload.startswith(_LOW_ORDER) or i in refused, "anybody could have read it")
    direct = [payload for payload in payloads if payload[:32] not in _DIGESTS]
    require(not new_receiver(first).feed(direct).replies, "a reply that no SURB brought")
    once = {payload[:32]: payload for payload in payloads if payload[:32] in _DIGESTS}
    require(not new_receiver(first).feed([*once.values()]).messages, "no reply, by a SURB")
    singly = nym.Received()
    sets = new_receiver(others[-1] if others else first)
    for i, payload in enumerate(payloads):
        one = sets.feed([payload])
        singly.messages += one.messages
        singly.replies += one.replies
        singly.acks += one.acks
        singly.cover += one.cover
        singly.cover_acks += one.cover_acks
        singly.refused += [nym.Refused(i, refused.error) for refused in one.refused]
    require(as_row(singly) == as_row(found), "one by one, something else is received")


# Topology -------------------------------------------------------------------------------------------


def check_topology(read: Callable[[], nym.Topology]) -> None:
    found = attempt(nym.TopologyError, read)
    if found is None:
        return
    text = found.to_json()
    again = nym.Topology.from_json(text)
    require((again.nodes, again.rotation_id) == (found.nodes, found.rotation_id), "another one")
    require(again.to_json() == text, "another text")
    for node in found.nodes:
        require(found.node(node.identity) == node, "node")
        routes = attempt(nym.TopologyError, lambda i=node.identity: found.routes(i, count=2))
        require((routes is not None) == all(found.layers), "routes")


@TARGETS(max_size=3000)
def topology_json(raw: bytes) -> None:
    check_topology(lambda: nym.Topology.from_json(raw))
    check_topology(lambda: nym.Topology.from_json(as_text(raw)))


_FIELDS = ("identity", "address", "sphinx_key", "roles", "weight")


@TARGETS(max_size=300)
def topology_fields(raw: bytes) -> None:
    """Good JSON of a node with one or two values that are the input's."""
    node = json.loads(topology().to_json())["nodes"][0]
    data = Input(raw)
    for _ in range(1 + data.below(2)):
        name = data.one_of(_FIELDS)
        value = as_text(data.bytes(data.number()))
        try:
            node[name] = json.loads(value) if data.number() & 1 else value
        except (ValueError, RecursionError):
            node[name] = [value]
    text = json.dumps({"format": "sphinxcore-topology/1", "nodes": [node]})
    check_topology(lambda: nym.Topology.from_json(text))
