"""Reply SURBs for tests, along routes whose nodes have addresses of the network's form."""

from collections.abc import Sequence
from functools import cache

from network import DESTINATION, key

import sphinxcore as sx
from sphinxcore.nym.addresses import NodeAddress
from sphinxcore.nym.replies import ReplySurb, build_reply_surbs
from sphinxcore.nym.rotation import KeyRotation


def address(i: int) -> NodeAddress:
    """Where node i listens: every second one has an IPv6 address."""
    return NodeAddress.from_text(f"[2001:db8::{i}]:1789" if i % 2 else f"192.0.2.{i}:1789")


def route(hops: int, first: int = 0) -> list[sx.Hop]:
    """The route first, first + 1, ..., of nodes with the keys of network.key()."""
    return [
        sx.Hop(address=address(i).padded(), public_key=key(i).public_key, delay_ns=1000 * i)
        for i in range(first, first + hops)
    ]


def fresh_surbs(
    firsts: Sequence[int] = (0,),
    *,
    hops: int = 4,
    layout: int = 2,
    key_rotation: KeyRotation = KeyRotation.UNKNOWN,
) -> list[ReplySurb]:
    """New SURBs, one for the route from each of `firsts` on."""
    return build_reply_surbs(
        [route(hops, first) for first in firsts],
        destination=DESTINATION,
        key_rotation=key_rotation,
        version=258 if layout == 1 else 259,
    )


@cache
def kept_surb(
    first: int = 0,
    *,
    hops: int = 4,
    layout: int = 2,
    key_rotation: KeyRotation = KeyRotation.UNKNOWN,
) -> ReplySurb:
    """A SURB for the route from `first` on, the same one at every call: it must not be used."""
    (surb,) = fresh_surbs([first], hops=hops, layout=layout, key_rotation=key_rotation)
    return surb
