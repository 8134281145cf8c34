"""Seeds for the targets of packets and SURBs."""

from fuzz.clients import CLIENT, reply_surbs, route, seeded
from fuzz.target import fixed_randomness

import sphinxcore as sx


def packets() -> dict[str, list[bytes]]:
    """Seeds of packets.py."""
    with fixed_randomness(b"packets"):
        sent = [
            sx.build_packet(
                route(hops),
                b"message",
                destination=CLIENT.address.identity,
                version=version,
                payload_size=64,
                backend="python",
            )
            for hops in (1, 2)
            for version in (258, 259)
        ]
        recoverable, recovery = sx.build_recoverable_surb(
            route(2), destination=CLIENT.address.identity, identifier=bytes([1]) * 16
        )
    one = reply_surbs(1, layout=2, hops=1)[0]
    own = recovery.to_bytes()
    # Function, rows, size, then the layout of each argument.
    computed = [(0, 9, 0, 0), (1, 17, 10, 3), (2, 3, 12, 5), (3, 8, 19, 1)]
    computed += [(4, 5, 2, 0), (5, 11, 16, 2), (6, 4, 20, 4), (7, 16, 8, 0)]
    # Accepted, point, flag, version, meaningless byte, size (twice), bytes of the layer.
    hop = [0, 0, 0, 0, 0, 0, 6, 0, 8]
    final, replayed, odd = [0, 1, 1, 0, 1, 1, 0, 0, 0], [1, *hop[1:]], [0, 2, 4, 0, 0, 0, 0, 0, 0]
    low_order, short = [0, 4, *hop[2:]], [0, 3, 1, 1, 2, 0, 1, 0, 0]
    return {
        "process_bytes": [*sent, bytes(32) + sent[0][32:], sent[0][:365]],
        "process_authentic": [
            bytes(hop) + seeded("layer", 8) + bytes(final + replayed) + bytes(8),
            bytes(final + odd + low_order) + bytes(8) + bytes(short),
        ],
        "process_rows": [
            bytes([130, 2, 0, 1, 3, 0, 2, 1, 128, 0, 20, 66, 0, 1, 100, 3]),
            bytes([1 | 2 << 1 | 64, 0]) + bytes([129, 0, 39]) * 3,
            bytes([1 | 32, 0, 129, 0, 5]),
        ],
        "packets_input": [seeded(f"packets input {i}", 16) for i in range(10)],
        "recovered_message": [b"message\1" + bytes(9), bytes(16) + b"\1\1"],
        "surb": [
            one.surb.to_bytes(),
            reply_surbs(1, layout=1)[0].surb.to_bytes(),
            recoverable.to_bytes(),
        ],
        "surb_recovery": [bytes([len(own)]) + own + b"message", bytes([17]) + own],
        "primitives": [
            bytes([which, n, size, *[1, layout, 7, 0] * 3]) for which, n, size, layout in computed
        ]
        + [bytes([2, 5, 13, 0, 0, 0, 0, counter, *[1, 0, 7, 0] * 3]) for counter in (2, 3)],
    }


def harnesses() -> dict[str, list[bytes]]:
    """Seeds of the harnesses in c/."""
    # What a row says: how, kind, point, layer, size (twice), filling; here forward, final with an
    # explicit key, from a point of low order, too short, with a wrong MAC, not a packet at all.
    rows = [
        bytes(row)
        for row in (
            (0, 0, 0, 0, 0, 100, 7), (0, 4, 99, 9, 0, 64, 8), (0, 0, 2, 0, 0, 64, 9),
            (0, 0, 1, 0, 0, 20, 10), (0, 128, 99, 1, 0, 50, 11), (2, 3, 0, 0, 0, 77, 12),
            (240, 0, 99, 0, 0, 64, 13), (0, 0, 99, 192, 0, 64, 14, 1, 3, 2),
        )
    ]  # fmt: skip
    many = [bytes([1, 0, 99, layer, 0, 64, layer, 39]) for layer in range(4)]
    return {
        "c_hop": [
            bytes([without, how, 9, 1, 5, 6]) + b"".join(part)
            for without in (0, 0xA2)
            for how in range(4)
            for part in (rows, many)
        ],
        "c_primitives": [
            bytes([without, in_place, which, 70, 0, 130, 1, 40, 0, 7, in_place, 8, 1, 9])
            for which in range(10)
            for without, in_place in ((0, 0), (0xFE, 1))
        ],
    }
