"""What differs from one Sphinx packet format to another, as a value."""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from sphinxcore._checks import instance, integer
from sphinxcore.errors import SphinxError

LIONESS_KEY_SIZE = 192
"""A payload key, in bytes: K1 (32), K2 (64), K3 (32), K4 (64)."""
_MOST_EXPLICIT_VERSIONS = 8  # for more hop.h has no room

# Lowest and highest values. X25519, AES-128, LIONESS, HMAC-SHA256 and Hop fix most of them.
_LIMITS = {
    "max_hops": (1, 32),
    "alpha_size": (32, 32),
    "mac_size": (1, 32),
    "flag_size": (1, 1),
    "version_size": (2, 8),
    "address_size": (32, 32),
    "delay_size": (8, 8),
    "identifier_size": (1, 64),
    "forward_flag": (0, 255),
    "final_flag": (0, 255),
    "payload_seed_size": (1, 191),  # explicit keys are longer: that is how SURBs are told apart
    "zero_prefix_size": (1, 64),
    "minimum_payload_size": (33, 2**16),
    "default_version": (0, 2**16 - 1),
    "recoverable_surb_version": (0, 2**16 - 1),
}
_TYPES: dict[str, type] = {
    "name": str,
    "key_schedule": tuple,
    "secret_info": bytes,
    "payload_key_salt": bytes,
    "payload_key_info": bytes,
    "explicit_payload_key_versions": frozenset,
    "surb_versions": frozenset,
}
_KEY_SIZES = {
    "stream_key": (16, 16),
    "mac_key": (1, 64),
    "payload_key": (LIONESS_KEY_SIZE, LIONESS_KEY_SIZE),
    "blinding_factor": (32, 32),
    "replay_tag": (1, 64),
}


@dataclass(frozen=True)
class WireFormat:
    """Every size (in bytes), label and version number of a Sphinx packet format.

    A packet is alpha (the group element), the header MAC (gamma), the encrypted routing
    information (beta) and the payload (delta), one after the other. A hop's layer of the routing
    information is flag, version, then either next address, delay, next MAC and next routing
    information, or, at the final hop, destination, identifier and padding.
    """

    name: str
    max_hops: int
    alpha_size: int
    mac_size: int
    flag_size: int
    version_size: int
    address_size: int
    delay_size: int
    identifier_size: int
    forward_flag: int
    final_flag: int
    payload_seed_size: int
    zero_prefix_size: int
    """Zero bytes in front of a message: the end-to-end integrity check of the payload."""
    minimum_payload_size: int
    """Payloads below this cannot be encrypted (LIONESS has a left half of 32 bytes)."""
    key_schedule: tuple[tuple[str, int], ...]
    """Names and sizes of the parts of the expanded shared secret, in order."""
    secret_info: bytes
    """HKDF info of the expanded shared secret; its salt is empty."""
    payload_key_salt: bytes
    payload_key_info: bytes
    explicit_payload_key_versions: frozenset[int]
    """Versions that take the payload key from the secret itself, not from its seed."""
    default_version: int
    surb_versions: frozenset[int]
    recoverable_surb_version: int

    def __post_init__(self) -> None:
        """Refuse what the primitives cannot do, or what backends have no room for."""
        for name, (low, high) in _LIMITS.items():
            integer(getattr(self, name), low, high, name)
        for name, kind in _TYPES.items():
            instance(getattr(self, name), kind, name)
        for version in self.explicit_payload_key_versions | self.surb_versions:
            integer(version, 0, 2**16 - 1, "a version")
        for part in self.key_schedule:
            if not isinstance(part, tuple) or len(part) != 2 or not isinstance(part[0], str):
                raise TypeError("key_schedule must be a tuple of pairs of a name and a size")
        if sorted(name for name, _ in self.key_schedule) != sorted(_KEY_SIZES):
            raise SphinxError(f"the parts of a key schedule must be {', '.join(_KEY_SIZES)}")
        for name, size in self.key_schedule:
            integer(size, *_KEY_SIZES[name], name)
        if self.payload_overhead > self.minimum_payload_size:
            raise SphinxError(
                "a minimum payload must have room for the zero prefix and an end mark"
            )
        if self.final_meta_size > self.slot_size:
            raise SphinxError(
                f"the final layer's {self.final_meta_size} bytes do not fit into the "
                f"{self.slot_size} bytes of a hop"
            )
        if self.forward_flag == self.final_flag:
            raise SphinxError("the flags of forward and final layers must differ")
        if len(self.explicit_payload_key_versions) > _MOST_EXPLICIT_VERSIONS:
            raise SphinxError(f"at most {_MOST_EXPLICIT_VERSIONS} versions have explicit keys")

    @cached_property
    def meta_size(self) -> int:
        """What a forward hop reads for itself: flag, version, next address, delay."""
        return self.flag_size + self.version_size + self.address_size + self.delay_size

    @cached_property
    def slot_size(self) -> int:
        """What one forward hop takes of the routing information."""
        return self.meta_size + self.mac_size

    @cached_property
    def final_meta_size(self) -> int:
        """What the final hop reads: flag, version, destination, identifier."""
        return self.flag_size + self.version_size + self.address_size + self.identifier_size

    @cached_property
    def routing_size(self) -> int:
        """Size of beta."""
        return self.max_hops * self.slot_size

    @cached_property
    def header_size(self) -> int:
        """Everything before the payload."""
        return self.alpha_size + self.mac_size + self.routing_size

    @cached_property
    def payload_overhead(self) -> int:
        """Bytes of a payload that a message cannot have: zero prefix and end mark."""
        return self.zero_prefix_size + 1

    @cached_property
    def minimum_packet_size(self) -> int:
        """What a node looks at at all. Shorter packets are not Sphinx packets."""
        return self.header_size + self.payload_overhead

    @cached_property
    def secret_size(self) -> int:
        """Size of the expanded shared secret."""
        return sum(size for _, size in self.key_schedule)

    def secret_part(self, name: str) -> slice:
        """Where a part of the key schedule stands in the expanded shared secret."""
        instance(name, str, "name")
        ends = list(accumulate(size for _, size in self.key_schedule))
        for (part, size), end in zip(self.key_schedule, ends, strict=True):
            if part == name:
                return slice(end - size, end)
        raise SphinxError(f"{self.name} has no key {name!r} in its key schedule")

    def payload_seed(self) -> slice:
        """Where the payload key seed stands: the first bytes of the payload key."""
        start = self.secret_part("payload_key").start
        return slice(start, start + self.payload_seed_size)

    def padding_size(self, hops: int) -> int:
        """Random bytes that the sender of a route of this many hops puts behind the final layer."""
        integer(hops, 1, self.max_hops, "hops")
        return self.routing_size - (hops - 1) * self.slot_size - self.final_meta_size

    def encode_version(self, version: int) -> bytes:
        """The version field of a layer: big endian."""
        return integer(version, 0, 2**16 - 1, "version").to_bytes(self.version_size, "big")

    def uses_payload_seed(self, version: int) -> bool:
        """Whether the payload key is derived from the seed in the secret."""
        return integer(version, 0, 2**16 - 1, "version") not in self.explicit_payload_key_versions

    def packet_size(self, payload_size: int) -> int:
        """Size of a packet with a payload of this size."""
        return self.header_size + integer(payload_size, 0, 2**31 - 1, "payload_size")
