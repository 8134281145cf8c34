"""Key rotation: which of a node's Sphinx keys a packet was made for."""

from enum import IntEnum

from sphinxcore._checks import integer

EPOCHS_PER_ROTATION = 24
UNKNOWN_ROTATION_ID = 2**32 - 1
"""What a topology without rotation data has as its rotation id."""


class KeyRotation(IntEnum):
    """The rotation byte of frames, mix packets and SURB lists."""

    UNKNOWN = 0
    ODD = 1
    EVEN = 2

    @classmethod
    def of_id(cls, rotation_id: int) -> "KeyRotation":
        """The byte for a rotation id, 0..2^32-1; the first and last of these are unknown."""
        number = integer(rotation_id, 0, UNKNOWN_ROTATION_ID, "rotation_id")
        if number in (0, UNKNOWN_ROTATION_ID):
            return cls.UNKNOWN
        return cls.ODD if number % 2 else cls.EVEN


def rotation_id(epoch: int, initial_epoch: int, validity: int = EPOCHS_PER_ROTATION) -> int:
    """The id of the rotation that an epoch is in; rotations last `validity` epochs, at least 3."""
    validity = integer(validity, 3, 2**32 - 1, "validity")
    start = integer(initial_epoch, 0, 2**32 - 1, "initial_epoch")
    return max(integer(epoch, 0, 2**32 - 1, "epoch") - start, 0) // validity
