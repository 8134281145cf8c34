"""Keys, routes and SURBs that targets and their corpus share; always the same ones."""

from functools import cache

from fuzz.target import fixed_randomness
from nodes import seeded

import sphinxcore as sx
from sphinxcore import nym

IDENTITIES = tuple(
    nym.IdentityKey.from_bytes(seeded(f"identity {i}", 32)).public_key for i in range(6)
)
"""Of nodes: three mix layers, entry, exit; and of another gateway."""

NODE_KEYS = tuple(sx.PrivateKey.from_bytes(seeded(f"node {i}", 32)) for i in range(5))

CLIENT = nym.ClientKeys(
    nym.IdentityKey.from_bytes(seeded("client", 32)),
    sx.PrivateKey.from_bytes(seeded("encryption", 32)),
    nym.AckKey.from_bytes(seeded("acks", 16)),
    gateway=IDENTITIES[4],
)

REPLY_KEYS = tuple(nym.ReplyKey.from_bytes(seeded(f"reply {i}", 16)) for i in range(4))


def address(i: int) -> nym.NodeAddress:
    """Where node i listens: every second one has an IPv6 address."""
    return nym.NodeAddress.from_text(f"[2001:db8::{i}]:1789" if i % 2 else f"192.0.2.{i}:1789")


def route(hops: int) -> list[sx.Hop]:
    """A route through the first nodes."""
    return [
        sx.Hop(address(i).padded(), NODE_KEYS[i].public_key, delay_ns=1000 * i) for i in range(hops)
    ]


@cache
def reply_surbs(count: int, *, layout: int, hops: int = 4) -> tuple[nym.ReplySurb, ...]:
    """SURBs that lists of this layout have room for. They must not be used."""
    with fixed_randomness(b"reply surbs"):
        return tuple(
            nym.build_reply_surbs(
                [route(hops)] * count,
                destination=CLIENT.address.identity,
                key_rotation=nym.KeyRotation.ODD if layout == 2 else nym.KeyRotation.UNKNOWN,
                version=258 if layout == 1 else 259,
                backend="python",
            )
        )


@cache
def topology() -> nym.Topology:
    """One node for each role."""
    roles = [nym.Role.LAYER_1, nym.Role.LAYER_2, nym.Role.LAYER_3, nym.Role.ENTRY, nym.Role.EXIT]
    return nym.Topology(
        [
            nym.Node(identity, address(i), NODE_KEYS[i].public_key, role)
            for i, (identity, role) in enumerate(zip(IDENTITIES, roles, strict=False))
        ],
        578,
    )
