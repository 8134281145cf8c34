"""What is timed: regular packets of the Nym network, and random rows."""

import os

import numpy as np
import numpy.typing as npt

import sphinxcore as sx
from sphinxcore.packet import REGULAR_PAYLOAD_SIZE

HOPS = 4
MESSAGE = bytes([7]) * (REGULAR_PAYLOAD_SIZE - sx.NYM.payload_overhead)
DESTINATION = bytes(sx.NYM.address_size)


def route(first: sx.PrivateKey, hops: int = HOPS) -> list[sx.Hop]:
    """Through a node with this key, and nodes with others."""
    keys = [first, *(sx.PrivateKey.generate() for _ in range(hops - 1))]
    return [sx.Hop(bytes(sx.NYM.address_size), key.public_key) for key in keys]


def packets(
    key: sx.PrivateKey, n: int, version: int = sx.NYM.default_version, hops: int = HOPS
) -> npt.NDArray[np.uint8]:
    """(n, packet size), for the node with this key."""
    return sx.build_packets(
        [route(key, hops)] * n, [MESSAGE] * n, destination=DESTINATION, version=version
    )


def rows(n: int, size: int) -> npt.NDArray[np.uint8]:
    """(n, size) random bytes."""
    return np.frombuffer(os.urandom(n * size), np.uint8).reshape(n, size)
