"""One packet through one hop, step by step.

G. Danezis, I. Goldberg, "Sphinx: A Compact and Provably Secure Mix Format" (2009), section 3.6,
with the primitives and sizes of a WireFormat. In the paper's letters: alpha, beta (routing
information), gamma (its MAC), delta (payload); s the shared secret; h_rho, h_mu, h_b, h_tau the
stream key, MAC key, blinding factor and replay tag derived from it.
"""

import hmac
from dataclasses import dataclass

from sphinxcore._python.lioness import lioness_decrypt
from sphinxcore._python.primitives import aes128_ctr, hkdf_sha256, hmac_sha256, x25519
from sphinxcore.formats import WireFormat
from sphinxcore.formats.wire_format import LIONESS_KEY_SIZE
from sphinxcore.status import Status

_ZERO_IV = bytes(16)


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What a hop finds. `output` is the next packet (FORWARD) or the payload (DELIVER)."""

    status: Status
    version: int = 0
    address: bytes = b""
    delay_ns: int = 0
    identifier: bytes = b""
    output: bytes = b""


def authenticate(wire: WireFormat, private_key: bytes, header: bytes) -> tuple[Status, bytes]:
    """Stage 1: AUTHENTIC with the expanded shared secret, or why not, with nothing."""
    alpha, mac, routing = _cut(header, wire.alpha_size, wire.mac_size)
    shared = x25519(private_key, alpha)
    if not any(shared):
        return Status.BAD_PUBLIC_VALUE, b""
    secret = hkdf_sha256(b"", shared, wire.secret_info, wire.secret_size)
    expected = hmac_sha256(secret[wire.secret_part("mac_key")], routing)[: wire.mac_size]
    if not hmac.compare_digest(mac, expected):
        return Status.BAD_MAC, b""
    return Status.AUTHENTIC, secret


def unwrap(wire: WireFormat, secret: bytes, header: bytes, payload: bytes) -> Unwrapped:
    """Stage 2, for an authentic header."""
    alpha, _, routing = _cut(header, wire.alpha_size, wire.mac_size)
    padded = routing + bytes(wire.slot_size)
    plain = aes128_ctr(secret[wire.secret_part("stream_key")], _ZERO_IV, padded)
    flag, field, address, rest = _cut(plain, wire.flag_size, wire.version_size, wire.address_size)
    if flag[0] not in (wire.forward_flag, wire.final_flag):
        return Unwrapped(Status.BAD_ROUTING_FLAG)
    if len(payload) < wire.minimum_payload_size:
        return Unwrapped(Status.BAD_PAYLOAD_LENGTH)
    version = int.from_bytes(field[-2:], "big")  # the first byte means nothing
    payload = lioness_decrypt(payload_key(wire, secret, version), payload)
    if flag[0] == wire.final_flag:
        identifier = rest[: wire.identifier_size]
        return Unwrapped(Status.DELIVER, version, address, 0, identifier, payload)
    delay, rest = _cut(rest, wire.delay_size)
    next_alpha = x25519(secret[wire.secret_part("blinding_factor")], alpha)
    next_header = next_alpha + rest[: wire.mac_size + wire.routing_size]
    delay_ns = int.from_bytes(delay, "big")
    return Unwrapped(Status.FORWARD, version, address, delay_ns, b"", next_header + payload)


def payload_key(wire: WireFormat, secret: bytes, version: int) -> bytes:
    """The LIONESS key of a hop: in the secret itself, or derived from a seed in it."""
    if not wire.uses_payload_seed(version):
        return secret[wire.secret_part("payload_key")]
    seed = secret[wire.payload_seed()]
    return hkdf_sha256(wire.payload_key_salt, seed, wire.payload_key_info, LIONESS_KEY_SIZE)


def _cut(data: bytes, *sizes: int) -> list[bytes]:
    """Pieces of these sizes, and what remains."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]
