"""Messages and sets of fragments for tests of reassembly, and what comes of them."""

from collections.abc import Iterable
from dataclasses import asdict

import pytest
from network import seeded

from sphinxcore.nym.errors import FragmentError
from sphinxcore.nym.fragments import Fragment, capacity
from sphinxcore.nym.reassembly import Reassembler

SIZE = 17
"""Of a fragment, in bytes."""


def message(fragments: int, seed: bytes = b"message", size: int = SIZE) -> bytes:
    """A message that fills about so many fragments."""
    length = fragments * (size - 7)
    return seeded(seed, length + capacity(length, size)[1])


def counted(sets: Reassembler) -> dict[str, int]:
    """The counters that are not zero."""
    return {name: number for name, number in asdict(sets.counters).items() if number}


def feed(sets: Reassembler, fragments: Iterable[Fragment]) -> list[bytes]:
    """The messages that came out."""
    return [got for fragment in fragments if (got := sets.add(fragment)) is not None]


def refused(sets: Reassembler, fragment: Fragment) -> None:
    """Feed a fragment that must be refused, and look that nothing was kept of it."""
    before = (sets.open_sets, sets.bytes_held)
    with pytest.raises(FragmentError, match=f"fragment {fragment.identifier}: "):
        sets.add(fragment)
    assert (sets.open_sets, sets.bytes_held) == before


def full_set(
    set_id: int, previous_set: int | None = None, next_set: int | None = None, total: int = 255
) -> list[Fragment]:
    """All fragments of a set, with payloads that name it."""
    return [
        Fragment(
            set_id,
            total,
            position,
            f"{set_id}.{position} ".encode(),
            previous_set if position == 1 else None,
            next_set if position == 255 else None,
        )
        for position in range(1, total + 1)
    ]


def payloads(*sets: Iterable[Fragment]) -> bytes:
    return b"".join(fragment.payload for one in sets for fragment in one)
