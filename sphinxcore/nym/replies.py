"""Reply SURBs: what lets the receiver of a message answer a sender whom it does not know.

The sender hands out a SURB together with a key, and keeps the key. The answer's packets carry
the digest of the key, by which the sender finds it again.

Lists of SURBs have two layouts. 2 is what clients of 2.0.0 send and all that they read: version
259, a payload key seed for each of 1..5 hops. 1 is what those of 1.21.6 send by default, though
they read both: version 258, payload keys, always 4 hops.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sphinxcore._checks import any_bytes, exact_bytes, instance, integer, listed
from sphinxcore._sender import Route
from sphinxcore.formats import NYM
from sphinxcore.formats.wire_format import LIONESS_KEY_SIZE
from sphinxcore.nym import base58
from sphinxcore.nym.addresses import NodeAddress
from sphinxcore.nym.errors import AddressError, NymError, ReplyError
from sphinxcore.nym.fragments import capacity
from sphinxcore.nym.reply_keys import REPLY_KEY_SIZE, ReplyKey
from sphinxcore.nym.rotation import KeyRotation
from sphinxcore.nym.sizes import PacketSize
from sphinxcore.surb import Surb, build_surbs, use_surbs

_BASE_SIZE = REPLY_KEY_SIZE + NYM.header_size + NYM.address_size
_V1_SIZE = _BASE_SIZE + 4 * LIONESS_KEY_SIZE
_V2_SIZES = tuple(_BASE_SIZE + n * NYM.payload_seed_size for n in range(1, NYM.max_hops + 1))
_SIZES = (*_V2_SIZES, _V1_SIZE)
_LIST_HEADER_SIZE = 4
"""Of both layouts: a count of 4 bytes, or a count of 2, the seeds in a SURB, the key rotation."""

_REPLY_OVERHEAD = 3
"""A reply's type, its content tag, and the byte that ends it."""


@dataclass(frozen=True, slots=True)
class ReplySurb:
    """A SURB for one packet of a reply, and the key that its creator keeps. Single use.

    Raises ReplyError for a SURB that no layout of lists has room for, or whose first hop is no
    node address.
    """

    key: ReplyKey
    surb: Surb
    key_rotation: KeyRotation = KeyRotation.UNKNOWN
    """That of the nodes' keys which the SURB was made with. It dies with them."""
    first_hop: NodeAddress = field(init=False)
    """The node to give the reply's packet to."""

    def __post_init__(self) -> None:
        instance(self.key, ReplyKey, "key")
        instance(self.key_rotation, KeyRotation, "key_rotation")
        instance(self.surb, Surb, "surb")
        _check_size(self.size)
        try:
            first_hop = NodeAddress.from_bytes(self.surb.first_hop)
        except AddressError as error:
            raise ReplyError(f"the first hop of a reply SURB: {error}") from error
        object.__setattr__(self, "first_hop", first_hop)

    @classmethod
    def from_bytes(cls, raw: Any, key_rotation: KeyRotation = KeyRotation.UNKNOWN) -> "ReplySurb":
        """Take what to_bytes() gave, which says nothing about the key rotation.

        412..476 bytes are a SURB of layout 2, 1164 one of layout 1. Raises ReplyError for all
        other sizes, and for a first hop that is no node address.
        """
        data = any_bytes(raw, "reply SURB")
        _check_size(len(data))
        key, surb = (
            ReplyKey.from_bytes(data[:REPLY_KEY_SIZE]),
            Surb.from_bytes(data[REPLY_KEY_SIZE:]),
        )
        return cls(key, surb, key_rotation)

    @classmethod
    def from_text(cls, text: str, key_rotation: KeyRotation = KeyRotation.UNKNOWN) -> "ReplySurb":
        """Take what to_text() gave. Raises ReplyError as from_bytes() does."""
        try:
            raw = base58.decode(text, max(_SIZES))
        except NymError as error:
            raise ReplyError(f"text of a reply SURB: {error}") from error
        return cls.from_bytes(raw, key_rotation)

    def to_bytes(self) -> bytes:
        """Key, SURB. Raises SphinxError after use: the bytes are gone."""
        return self.key.to_bytes() + self.surb.to_bytes()

    def to_text(self) -> str:
        """The bytes in base58: a secret, like the bytes."""
        return base58.encode(self.to_bytes())

    @property
    def size(self) -> int:
        """Length of to_bytes(), before use and after."""
        return REPLY_KEY_SIZE + len(self.surb._secret)

    @property
    def layout(self) -> int:
        """The only layout of lists that has room for this SURB: 1 or 2."""
        return 1 if self.size == _V1_SIZE else 2


def _check_size(size: int) -> None:
    if size not in _SIZES:
        raise ReplyError(f"a reply SURB has one of {_SIZES} bytes, not {size}")


def encode_surb_list(surbs: Sequence[ReplySurb], layout: int = 2) -> bytes:
    """The list as messages carry it. The SURBs stay usable.

    Raises ReplyError if there are more than 65535 SURBs, or if they do not all have this layout,
    one size and, in layout 2, one key rotation: layout 1 says nothing about that.
    """
    layout = integer(layout, 1, 2, "layout")
    surbs = listed(surbs, "surbs", "a sequence of ReplySurb")
    for i, surb in enumerate(surbs):
        if instance(surb, ReplySurb, "surbs").layout != layout:
            raise ReplyError(f"SURB {i} has layout {surb.layout}, not {layout}")
    if len(surbs) >= 2**16:
        raise ReplyError(f"a list has at most {2**16 - 1} SURBs, not {len(surbs)}")
    if layout == 1:
        header = len(surbs).to_bytes(4, "big")
    elif not surbs:
        header = bytes(_LIST_HEADER_SIZE)
    else:
        size, rotation = surbs[0].size, surbs[0].key_rotation
        for i, surb in enumerate(surbs):
            if (surb.size, surb.key_rotation) != (size, rotation):
                raise ReplyError(
                    f"all SURBs of a list have the size and key rotation of the first, "
                    f"{size} bytes and {rotation.name}: SURB {i} has {surb.size} bytes "
                    f"and {surb.key_rotation.name}"
                )
        seeds = _V2_SIZES.index(size) + 1
        header = len(surbs).to_bytes(2, "big") + bytes((seeds, rotation))
    return header + b"".join([surb.to_bytes() for surb in surbs])


def decode_surb_list(raw: Any, layout: int = 2) -> tuple[tuple[ReplySurb, ...], int]:
    """The SURBs of a list at the start of `raw`, and how many bytes it took.

    What follows the list is not looked at. Raises ReplyError if any of the SURBs is malformed;
    nothing is made of a list that is longer than `raw`.
    """
    data = any_bytes(raw, "SURB list")
    layout = integer(layout, 1, 2, "layout")
    if len(data) < _LIST_HEADER_SIZE:
        raise ReplyError(
            f"a SURB list begins with {_LIST_HEADER_SIZE} bytes, but there are {len(data)}"
        )
    rotation = KeyRotation.UNKNOWN
    if layout == 1:
        count, size = int.from_bytes(data[:4], "big"), _V1_SIZE
    else:
        count, seeds = int.from_bytes(data[:2], "big"), data[2]
        size = _BASE_SIZE + seeds * NYM.payload_seed_size
        if data[3] > max(KeyRotation):
            raise ReplyError(f"the key rotation of a SURB list is 0, 1 or 2, not {data[3]}")
        rotation = KeyRotation(data[3])
        if count and size not in _V2_SIZES:
            raise ReplyError(f"a SURB has 1..{NYM.max_hops} seeds, not {seeds}")
    end = _LIST_HEADER_SIZE + count * size
    if len(data) < end:
        raise ReplyError(f"a list of {count} SURBs has {end} bytes, but there are {len(data)}")
    surbs = []
    for i, start in enumerate(range(_LIST_HEADER_SIZE, end, size)):
        try:
            surbs.append(ReplySurb.from_bytes(data[start : start + size], rotation))
        except ReplyError as error:
            raise ReplyError(f"SURB {i} of {count}: {error}") from error
    return tuple(surbs), end


def max_reply_size(packet_size: PacketSize = PacketSize.REGULAR) -> int:
    """The longest ReplyData.data that one packet, and so one SURB, takes.

    1601 bytes for a regular packet. The crates' `max_msg_len` says 1610: it forgets the header
    of the fragment and the two tags, and a reply of that size takes two packets there as well.
    """
    size = instance(packet_size, PacketSize, "packet_size").fragment_size
    _, spare = capacity(_REPLY_OVERHEAD, size)
    return spare


def build_reply_surbs(
    routes: Sequence[Route],
    *,
    destination: Any,
    key_rotation: KeyRotation,
    version: int = NYM.default_version,
    backend: str | None = None,
) -> list[ReplySurb]:
    """Build one reply SURB per route, each with a fresh key.

    Args:
        destination: the identity that the last hop delivers to, 32 bytes.
        key_rotation: that of the nodes' keys in the routes.
        version: 259; or 258 for layout 1, whose routes have 4 hops.
    """
    instance(key_rotation, KeyRotation, "key_rotation")
    surbs = build_surbs(routes, destination=destination, version=version, backend=backend)
    return [ReplySurb(ReplyKey.generate(), surb, key_rotation) for surb in surbs]


def use_reply_surbs(
    surbs: Sequence[ReplySurb],
    contents: Sequence[Any],
    packet_size: PacketSize = PacketSize.REGULAR,
    *,
    backend: str | None = None,
) -> list[tuple[NodeAddress, bytes]]:
    """Turn each content into a packet with its SURB: (first hop, packet).

    Args:
        contents: acknowledgement block, digest of the SURB's key, fragment encrypted with it:
            exactly the plaintext of a packet.

    Raises SphinxError for other sizes and for SURBs used before; then none is used.
    """
    size = instance(packet_size, PacketSize, "packet_size")
    plain = [exact_bytes(content, size.plaintext_size, "a reply's content") for content in contents]
    blocks = [instance(surb, ReplySurb, "surbs").surb for surb in surbs]
    used = use_surbs(blocks, plain, payload_size=size.payload_size, backend=backend)
    return [(surb.first_hop, packet) for surb, (packet, _) in zip(surbs, used, strict=True)]
