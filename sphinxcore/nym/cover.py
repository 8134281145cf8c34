"""Cover traffic: packets to oneself that look like any others (crate nym-sphinx-cover 2.0.0)."""

import numpy as np

from sphinxcore._checks import integer
from sphinxcore.nym.client_keys import ClientKeys
from sphinxcore.nym.data_packets import (
    DEFAULT_OPTIONS,
    DataPacket,
    SendOptions,
    build_data_packets,
    check_sender,
)
from sphinxcore.nym.errors import NymError
from sphinxcore.nym.fragments import COVER_ID
from sphinxcore.nym.topology import Topology

COVER_TEXT = b"The cake is a lie!"
"""What a cover packet's content begins with. The first bit of a fragment is set, here it is not."""


def loop_packets(
    count: int,
    topology: Topology,
    keys: ClientKeys,
    *,
    options: SendOptions = DEFAULT_OPTIONS,
) -> list[DataPacket]:
    """`count` packets to oneself; they go through the mix layers always."""
    check_sender(topology, keys, options)
    if not options.mix_hops:
        raise NymError("cover packets go through the mix layers: mix_hops must be True")
    count = integer(count, 0, 2**31 - 1, "count")
    text = (COVER_TEXT + b"\1").ljust(options.packet_size.fragment_size, b"\0")
    contents = np.broadcast_to(np.frombuffer(text, np.uint8), (count, len(text)))
    recipients = [keys.address] * count
    return build_data_packets(contents, [COVER_ID] * count, recipients, topology, keys, options)
