"""Targets: packets and SURBs, and the primitives, on every backend there is.

All backends must say the same; the last one, `python`, is the specification.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from fuzz.clients import NODE_KEYS, seeded
from fuzz.target import Input, Targets, attempt, must_refuse, require

import sphinxcore as sx
from sphinxcore import NYM, batch
from sphinxcore._python.hop import payload_key
from sphinxcore._python.lioness import lioness_encrypt
from sphinxcore._python.primitives import aes128_ctr, hkdf_sha256, hmac_sha256, x25519

TARGETS = Targets()
BACKENDS = sx.available_backends()
S = sx.Status

COLUMNS = (
    "status", "replay_tags", "key_index", "versions", "next_hops", "delays_ns", "destinations",
    "identifiers", "buffer", "offsets",
)  # fmt: skip


def agreed(compute: Callable[[str], Any]) -> Any:
    """What `compute` gives on every backend."""
    first, *others = [compute(name) for name in BACKENDS]
    for name, other in zip(BACKENDS[1:], others, strict=True):
        require(other == first, f"{name} and {BACKENDS[0]} do not agree")
    return first


# Processing -----------------------------------------------------------------------------------------


def process(
    packets: Any,
    *,
    keys: Sequence[sx.PrivateKey] = NODE_KEYS[:1],
    hints: Any = None,
    accept: Any = None,
) -> sx.BatchResult:
    """The result of both stages, which must be the same on every backend."""
    results = []
    for name in BACKENDS:
        opened = sx.Processor(keys, backend=name).authenticate(packets, hints)
        tags = opened.replay_tags.copy()
        results.append((opened.unwrap(accept), opened.status, tags))
    first, status, tags = results[0]
    for name, (result, other_status, other_tags) in zip(BACKENDS, results, strict=True):
        for column in COLUMNS:
            same = np.array_equal(getattr(result, column), getattr(first, column))
            require(same, f"{column} of {name} and {BACKENDS[0]}")
        require(np.array_equal(status, other_status), f"stage 1 of {name}")
        require(np.array_equal(tags, other_tags), f"tags of stage 1 of {name}")
    for row, view in zip(first, first.packets, strict=True):
        output = row.packet if row.packet is not None else row.payload
        require(row.status.rejected == (output is None), "output")
        require(bytes(view) == (output or b""), "packets")
    return first


@TARGETS(max_size=2500, quick=60)
def process_bytes(raw: bytes) -> None:
    """Any bytes, as a packet."""
    row = process([raw])[0]
    short = len(raw) < NYM.minimum_packet_size
    require((row.status is S.BAD_LENGTH) == short, "length")


_FLAGS = (1, 2, 1, 2, 0, 3, 255)
_VERSIONS = (259, 258, 260, 1, 257, 0, 256, 65535)
_POINTS = [
    *(x25519(seeded(f"initial {i}", 32), (9).to_bytes(32, "little")) for i in range(4)),
    *(value.to_bytes(32, "little") for value in (0, 1, 2, 9, 2**255 - 20, 2**255 - 19, 2**256 - 1)),
]


def authentic_packet(data: Input, key: bytes) -> tuple[bytes, sx.Row]:
    """A packet with a right MAC that says what the input wants, and what a node must find."""
    alpha = data.bytes(32) if (which := data.below(16)) >= len(_POINTS) else _POINTS[which]
    flag = data.one_of(_FLAGS)
    version = v if (v := data.number(2)) >= len(_VERSIONS) else _VERSIONS[v]
    meaningless = data.number() & 3
    size = data.one_of((33, 17, 32, 34, 47, 48, 64, 96, 97, 161, 300, 1057))
    size += data.number() & 3
    plain = bytes([flag, meaningless]) + version.to_bytes(2, "big")
    plain += data.bytes(data.number() & 63)
    plain += seeded("routing", NYM.routing_size - len(plain))

    shared = x25519(key, alpha)
    secret = hkdf_sha256(b"", shared, NYM.secret_info, NYM.secret_size)
    stream_key = secret[NYM.secret_part("stream_key")]
    routing = aes128_ctr(stream_key, bytes(16), plain)
    mac = hmac_sha256(secret[NYM.secret_part("mac_key")], routing)[: NYM.mac_size]
    payload = text = seeded("payload", size)
    if size >= NYM.minimum_payload_size:
        payload = lioness_encrypt(payload_key(NYM, secret, version), text)
    packet = alpha + mac + routing + payload

    if not any(shared):
        return packet, sx.Row(S.BAD_PUBLIC_VALUE, None, None, None)
    if flag not in (1, 2):
        return packet, sx.Row(S.BAD_ROUTING_FLAG, None, None, None)
    if size < NYM.minimum_payload_size:
        return packet, sx.Row(S.BAD_PAYLOAD_LENGTH, None, None, None)
    tag = secret[NYM.secret_part("replay_tag")]
    address, rest = plain[4:36], plain[36:]
    if flag == NYM.final_flag:
        found = sx.Row(
            S.DELIVER, tag, version, 0, destination=address, identifier=rest[:16], payload=text
        )
        return packet, found
    # Behind what is sent on stand the zeros that this hop appends, encrypted.
    tail = aes128_ctr(stream_key, bytes(16), bytes(NYM.routing_size + NYM.slot_size))
    header = rest[8:] + tail[NYM.routing_size :]
    onward = x25519(secret[NYM.secret_part("blinding_factor")], alpha) + header + text
    delay = int.from_bytes(rest[:8], "big")
    return packet, sx.Row(
        S.FORWARD, tag, version, 0, next_hop=address, delay_ns=delay, packet=onward
    )


@TARGETS(max_size=400, quick=60)
def process_authentic(raw: bytes) -> None:
    """Packets with a right MAC and any routing information, in one batch, some of them replayed."""
    data = Input(raw)
    packets, expected, accept = [], [], []
    key = NODE_KEYS[0].to_bytes()
    while data and len(packets) < 12:
        accept.append(data.number() != 1)
        packet, row = authentic_packet(data, key)
        packets.append(packet)
        authentic = row.status not in (S.BAD_PUBLIC_VALUE, S.BAD_LENGTH)
        if authentic and not accept[-1]:
            shared = x25519(key, packet[:32])
            secret = hkdf_sha256(b"", shared, NYM.secret_info, NYM.secret_size)
            row = sx.Row(S.REPLAYED, secret[NYM.secret_part("replay_tag")], None, 0)
        expected.append(row)
    result = process(packets, accept=np.array(accept, np.bool_))
    for found, wanted in zip(result, expected, strict=True):
        require(found == wanted, f"{found} instead of {wanted}")


_GOOD = [
    sx.build_packet(
        [sx.Hop(bytes(32), NODE_KEYS[key].public_key)] * hops,
        b"message",
        destination=bytes(32),
        payload_size=64,
        backend="python",
    )
    for key in range(3)
    for hops in (1, 2)
]


@TARGETS(max_size=300, quick=25)
def process_rows(raw: bytes) -> None:
    """Many rows of all sizes and kinds, for several keys, in every form that batches may have."""
    data = Input(raw)
    form, count = data.number(), data.below(4)
    keys = NODE_KEYS[: count or 1]
    rows, hints = [], []
    while data and len(rows) < 150:
        kind, hint = data.number(), data.below(len(keys) + 1) - 1
        packet = _GOOD[kind % len(_GOOD)]
        size = data.number(2) % 500 if kind & 64 else len(packet)
        packet = (packet + seeded("rest", 100))[:size].ljust(size, b"\1")
        for _ in range(1 + (kind >> 7) * data.below(40)):
            rows.append(packet)
            hints.append(hint)
    as_rows: Any = rows
    if len({len(row) for row in rows}) == 1 and rows[0] and form & 1:
        size, gap = len(rows[0]), form >> 1 & 7
        table = np.zeros((len(rows), size + 2 * gap), np.uint8)[:, gap : gap + size]
        table[:] = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, size)
        table = np.repeat(table, 2, axis=1)[:, ::2] if form & 32 else table
        as_rows = table[::-1] if form & 64 else table
        hints = hints[::-1] if form & 64 else hints
        rows = rows[::-1] if form & 64 else rows
    elif form & 2:
        as_rows = [memoryview(bytearray(row)) for row in rows]
    chosen = np.array(hints, np.int8) if form & 128 else None
    result = process(as_rows, keys=keys, hints=chosen)
    require(len(result) == len(rows), "rows")
    if as_rows is not rows:
        same = sx.Processor(keys, backend=BACKENDS[0]).process(rows, chosen)
        require(list(same) == list(result), "in another form, the rows are others")
    for row, packet in zip(result, rows, strict=True):
        require((row.status is S.BAD_LENGTH) == (len(packet) < NYM.minimum_packet_size), "length")


@TARGETS(max_size=200)
def packets_input(raw: bytes) -> None:
    """Arguments that are no batch, or a strange one: refused, or as many rows as they have."""
    data = Input(raw)
    size: Any = data.one_of((None, 0, 1, 3, data.number(), 2**31, -1))
    shape = tuple(data.below(5) for _ in range(data.below(4)))
    dtype = data.one_of(("u1", "u1", "i1", "u2", "f4", "O"))
    step = data.one_of((1, 2, -1))
    kind = data.number()
    content = data.rest()
    packets: Any = (
        content,
        bytearray(content),
        memoryview(content)[::step],
        [content] * (kind >> 4),
        [content, bytearray(content), np.frombuffer(content, np.uint8)[::step]],
        [content, step],
        np.zeros(shape, dtype)[..., ::step] if shape else np.zeros(shape, dtype),
        content.decode("latin-1"),
        {content: 1},
        None,
    )[kind % 10]
    node = sx.Processor(NODE_KEYS[0], backend=BACKENDS[0])
    result = attempt((sx.SphinxError, TypeError), lambda: node.process(packets, packet_size=size))
    if result is not None and len(content) < NYM.minimum_packet_size:
        require(all(row.status is S.BAD_LENGTH for row in result), "status")


# Payloads and SURBs ---------------------------------------------------------------------------------


@TARGETS(max_size=400)
def recovered_message(raw: bytes) -> None:
    for payload in (raw, bytes(NYM.zero_prefix_size) + raw):
        found = attempt(sx.SphinxError, sx.recover_message, payload)
        if found is not None:
            start = bytes(NYM.zero_prefix_size) + found + b"\1"
            require(payload.startswith(start), "another message")
            require(b"\1" not in payload[len(start) :], "an end mark is left")


@TARGETS(max_size=1400, quick=60)
def surb(raw: bytes) -> None:
    """A SURB; its last 16 bytes are the message, too."""
    found = attempt(sx.SphinxError, sx.Surb.from_bytes, raw)
    if found is None:
        return
    require(found.to_bytes() == raw, "other bytes")
    message, size = raw[-16:], 33 + raw[-1]
    header, first = raw[: NYM.header_size], raw[NYM.header_size :][: NYM.address_size]
    require(found.first_hop == first, "first hop")

    def use(name: str) -> tuple[bytes, bytes]:
        one = sx.Surb.from_bytes(raw)
        made = one.use(message, payload_size=size, backend=name)
        must_refuse(sx.SphinxError, one.to_bytes)
        must_refuse(sx.SphinxError, one.use, message)
        return made

    packet, first_hop = agreed(use)
    require((packet[: len(header)], first_hop) == (header, first), "another header")
    require(len(packet) == NYM.packet_size(size), "size")


@TARGETS(max_size=400, quick=60)
def surb_recovery(raw: bytes) -> None:
    """The size of a recovery, it, and a payload."""
    data = Input(raw)
    size = data.number()
    own, payload = data.bytes(size), data.rest()
    found = attempt(sx.SphinxError, sx.SurbRecovery.from_bytes, own)
    if found is not None:
        require(found.to_bytes() == own, "other bytes")
        require(found.identifier == own[:16], "identifier")
        agreed(lambda name: attempt(sx.SphinxError, lambda: found.recover(payload, backend=name)))
        made = sx.Surb.from_bytes(bytes(NYM.header_size + NYM.address_size) + own[-16:])
        sent, _ = made.use(payload[:16], payload_size=48)
        # As if its hops had taken their layers off.
        layers = np.frombuffer(own[16:], np.uint8).reshape(-1, 16)
        block = np.frombuffer(sent[NYM.header_size :], np.uint8)[None]
        for seed in layers:
            block = batch.lioness_decrypt(lioness_key(seed.tobytes()), block)
        recovered = agreed(lambda name: found.recover(block, backend=name))
        require(recovered == payload[:16], "another message")


def lioness_key(seed: bytes) -> bytes:
    return hkdf_sha256(NYM.payload_key_salt, seed, NYM.payload_key_info, batch.LIONESS_KEY_SIZE)


# Primitives -----------------------------------------------------------------------------------------

_SIZES = (
    0,
    1,
    15,
    16,
    17,
    31,
    32,
    33,
    34,
    55,
    56,
    63,
    64,
    65,
    96,
    127,
    128,
    129,
    192,
    255,
    256,
    400,
)


def table(data: Input, rows: int, usual: int) -> Any:
    """Rows of an argument: `rows` of the usual size, or something else, in any layout."""
    n = rows if (choice := data.number()) & 3 else data.below(20)
    size = data.one_of(_SIZES) if choice & 12 == 12 else usual
    layout = data.below(9)
    fill = data.number()
    content = np.frombuffer(seeded(f"rows {fill}", n * size), np.uint8).reshape(n, size)
    if fill >= 254:
        content = np.full((n, size), fill & 1 and 255, np.uint8)
    one = seeded(f"row {fill}", size)
    return (
        content,
        np.asfortranarray(content),
        np.repeat(content, 2, axis=0)[::2],
        np.repeat(content, 2, axis=1)[:, ::2],
        content[::-1, ::-1],
        one,
        bytearray(one),
        np.frombuffer(one, np.uint8),
        content.astype(data.one_of((np.int8, np.uint16))) if data.number() > 250 else content,
    )[layout]


@TARGETS(max_size=40, quick=100)
def primitives(raw: bytes) -> None:
    """One primitive on arguments of any shapes: the same rows, or the same refusal, everywhere."""
    data = Input(raw)
    which, n, size = data.below(8), data.below(20), data.one_of(_SIZES)
    options: dict[str, Any] = {}
    function: Callable[..., Any]
    if which == 0:
        function, arguments = batch.x25519, [table(data, n, 32), table(data, n, 32)]
        arguments = arguments[: 1 + data.below(2)]
    elif which == 1:
        sizes = (16, 16, size)
        function, arguments = batch.aes128_ctr, [table(data, n, s) for s in sizes]
    elif which == 2:
        options["counter"] = data.one_of((0, 1, 2**32 - 1, 2**32 - 2, data.number(4)))
        sizes = (32, 12, size)
        function, arguments = batch.chacha20, [table(data, n, s) for s in sizes]
    elif which == 3:
        key_size = data.one_of(_SIZES)
        function, arguments = batch.hmac_sha256, [table(data, n, s) for s in (key_size, size)]
    elif which == 4:
        options = {
            "salt": seeded("salt", data.one_of(_SIZES)),
            "info": seeded("info", data.one_of(_SIZES)),
            "size": data.one_of((*_SIZES, 8160, 8161)),
        }
        function, arguments = batch.hkdf_sha256, [table(data, n, size)]
    elif which == 5:
        options = {"digest_size": data.below(66), "keys": table(data, n, data.one_of(_SIZES))}
        function, arguments = batch.blake2b, [table(data, n, size)]
    else:
        function = batch.lioness_encrypt if which == 6 else batch.lioness_decrypt
        arguments = [table(data, n, s) for s in (192, max(size, 33))]

    def compute(name: str) -> Any:
        try:
            made = function(*arguments, backend=name, **options)
        except (sx.SphinxError, TypeError) as error:
            return type(error), str(error)
        return made.shape, made.tobytes()

    agreed(compute)
