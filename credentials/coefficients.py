"""Random coefficients that make one check of many."""

from collections.abc import Iterable

from credentials import _random
from credentials.bls12381 import Scalar, expand_message
from credentials.suite import DIGEST_SIZE, digest
from credentials.transcript import Item, transcript

_SIZE = 16


class Coefficients:
    """Coefficients of 128 bits, never zero, from fresh randomness and all that is checked.

    The randomness alone would do. The rest keeps them unpredictable to whoever chose the
    statements if the system's randomness fails.
    """

    def __init__(self, protocol: bytes, tag: bytes, count: int, parts: Iterable[bytes]) -> None:
        items = [
            (Item.RANDOMNESS, _random.random_bytes(DIGEST_SIZE)),
            (Item.COUNT, count.to_bytes(4, "big")),
            *((Item.MESSAGE, part) for part in parts),
        ]
        self._tag = tag
        self._seed = digest(transcript(protocol, items), tag)

    def get(self, i: int, which: int) -> Scalar:
        """Coefficient of relation `which` of item i."""
        place = self._seed + i.to_bytes(4, "big") + bytes([which])
        return Scalar(1 + int.from_bytes(expand_message(place, self._tag, _SIZE), "big"))
