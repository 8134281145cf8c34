"""All targets, by name."""

from fuzz import credential_messages, nym_messages, nym_wire, packets
from fuzz.target import Targets, attempt, require

from sphinxcore import nym

TARGETS = Targets(
    nym_wire.TARGETS | nym_messages.TARGETS | packets.TARGETS | credential_messages.TARGETS
)

PLANTED = Targets()
"""What a fuzzer must find: run.py asks for it first."""


@PLANTED(max_size=64)
def planted(raw: bytes) -> None:
    """Wrongly says that no bytes are a node address."""
    require(attempt(nym.AddressError, nym.NodeAddress.from_bytes, raw) is None, "planted")
