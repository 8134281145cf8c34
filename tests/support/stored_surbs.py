"""SURBs and reply keys with numbers, for tests of the store that holds them."""

from ipaddress import IPv4Address

from network import seeded

from sphinxcore.nym.addresses import NodeAddress, SenderTag
from sphinxcore.nym.replies import ReplySurb
from sphinxcore.nym.reply_keys import ReplyKey
from sphinxcore.nym.rotation import KeyRotation

ADDRESS = NodeAddress(IPv4Address("10.0.0.1"), 1789).padded()
ALICE, BOB, CAROL = (SenderTag(seeded(name, 16)) for name in (b"alice", b"bob", b"carol"))
START = 1_700_000_000.0
EPOCH, ROTATION = 3600.0, 24 * 3600.0


def surb(i: int, rotation: KeyRotation = KeyRotation.UNKNOWN) -> ReplySurb:
    """A SURB of the right form, which no node would process."""
    raw = seeded(b"surb %d" % i, 460)
    return ReplySurb.from_bytes(raw[:364] + ADDRESS + raw[396:], rotation)


def surbs(*numbers: int, rotation: KeyRotation = KeyRotation.UNKNOWN) -> list[ReplySurb]:
    return [surb(i, rotation) for i in numbers]


NUMBERS = {surb(i).to_bytes(): i for i in range(1000)}


def numbers(taken: list[ReplySurb]) -> list[int]:
    return [NUMBERS[one.to_bytes()] for one in taken]


def reply_key(i: int) -> ReplyKey:
    return ReplyKey.from_bytes(seeded(b"key %d" % i, 16))
