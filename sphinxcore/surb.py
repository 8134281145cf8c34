"""Single-use reply blocks: whoever holds one can answer without knowing the route.

Surb is what is handed out. Versions 258 and 259 give its user one payload key or seed per hop.
Version 260 gives the last hop's seed only, so that the user cannot recognise the reply on its
way; the creator, who must be the final hop itself, keeps a SurbRecovery.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from sphinxcore import _sender
from sphinxcore._backends import Backend, pick
from sphinxcore._checks import Bytes, any_bytes, instance, integer, listed, one_per_row
from sphinxcore._secret import Secret, secret_rows
from sphinxcore._sender import Recipients, Route
from sphinxcore.errors import SphinxError
from sphinxcore.formats import NYM, WireFormat
from sphinxcore.formats.wire_format import LIONESS_KEY_SIZE
from sphinxcore.packet import REGULAR_PAYLOAD_SIZE, recover_message

T = TypeVar("T")

_USED = "this SURB was used before: once is all, and its bytes are gone"


class Surb(Secret):
    """A reply block: header, address of the first hop, payload keys or seeds. Single use."""

    __slots__ = ("_unused", "_wire")
    _unused: list[bool]
    _wire: WireFormat

    @classmethod
    def _make(cls, wire: WireFormat, *parts: Any) -> "Surb":
        surb: Surb = cls._of(*parts)
        surb._wire = wire
        surb._unused = [True]  # taken by use(); list.pop is atomic
        return surb

    @classmethod
    def from_bytes(cls, raw: Any, *, wire_format: WireFormat = NYM) -> "Surb":
        """Take the bytes that the creator handed out.

        They do not say their version: fewer than 192 bytes behind the address are 1..5 seeds of
        16 bytes (259, 260), others 1..5 keys of 192 bytes (258). Raises SphinxError for all else.
        """
        data = any_bytes(raw, "SURB")
        instance(wire_format, WireFormat, "wire_format")
        fixed = wire_format.header_size + wire_format.address_size
        rest = len(data) - fixed
        size = wire_format.payload_seed_size if rest < LIONESS_KEY_SIZE else LIONESS_KEY_SIZE
        if rest < size or rest % size or rest // size > wire_format.max_hops:
            raise SphinxError(
                f"a SURB has {fixed} bytes and 1..{wire_format.max_hops} seeds of "
                f"{wire_format.payload_seed_size} or keys of {LIONESS_KEY_SIZE} bytes, "
                f"not {len(data)} bytes in all"
            )
        return cls._make(wire_format, data)

    def to_bytes(self) -> bytes:
        """What is handed out. Raises SphinxError after use: the bytes are gone."""
        self._check_unused()
        return super().to_bytes()

    def _check_unused(self) -> None:
        if not self._unused:
            raise SphinxError(_USED)

    @property
    def first_hop(self) -> bytes:
        """Address of the node to give the reply to, 32 bytes."""
        self._check_unused()
        start = self._wire.header_size
        return bytes(self._secret[start : start + self._wire.address_size])

    @property
    def _material(self) -> memoryview:
        return memoryview(self._secret)[self._wire.header_size + self._wire.address_size :]

    def use(
        self,
        message: Any,
        *,
        payload_size: int = REGULAR_PAYLOAD_SIZE,
        backend: str | None = None,
    ) -> tuple[bytes, bytes]:
        """The reply packet, and the address of its first hop (32 bytes).

        Raises SphinxError at the second use, and for messages that do not fit.
        """
        return use_surbs([self], [message], payload_size=payload_size, backend=backend)[0]

    def _take(self) -> None:
        try:
            self._unused.pop()
        except IndexError:
            raise SphinxError(_USED) from None


def use_surbs(
    surbs: Sequence[Surb],
    messages: Sequence[Any],
    *,
    payload_size: int = REGULAR_PAYLOAD_SIZE,
    backend: str | None = None,
) -> list[tuple[bytes, bytes]]:
    """Use many SURBs at once: (packet, first hop) for each.

    If one of them cannot be used none is.
    """
    surbs = [instance(surb, Surb, "surbs") for surb in listed(surbs, "surbs", "a sequence of Surb")]
    wire = surbs[0]._wire if surbs else NYM
    payload_size = _sender.check_payload_size(wire, payload_size)
    texts = _sender.check_messages(wire, messages, len(surbs), payload_size)
    chosen = pick(backend)
    taken: list[Surb] = []
    try:
        for surb in surbs:
            surb._take()
            taken.append(surb)
    except SphinxError:
        for surb in taken:
            surb._unused.append(True)
        raise
    replies: list[tuple[bytes, bytes]] = [(b"", b"")] * len(surbs)
    header_size, first_size = wire.header_size, wire.header_size + wire.address_size
    materials = [surb._material for surb in surbs]
    for _, rows in _sender.by_length(materials):
        keys = _payload_keys(wire, chosen, [materials[i] for i in rows])
        try:
            payloads = _sender.build_payloads(
                wire, chosen, keys, [texts[i] for i in rows], payload_size
            )
        finally:
            keys.fill(0)
        for i, payload in zip(rows.tolist(), payloads, strict=True):
            public = bytes(surbs[i]._secret[:first_size])
            replies[i] = public[:header_size] + payload.tobytes(), public[header_size:]
            surbs[i]._wipe()
    return replies


def _payload_keys(wire: WireFormat, backend: Backend, material: Sequence[memoryview]) -> Bytes:
    """(n, layers, 192) payload keys from seeds or keys, as many of each SURB. The caller wipes them."""
    secret = secret_rows(material, len(material[0]))
    if len(material[0]) >= LIONESS_KEY_SIZE:
        return secret.reshape(len(material), -1, LIONESS_KEY_SIZE)
    try:
        seeds = secret.reshape(len(material), -1, wire.payload_seed_size)
        return _sender.payload_keys(wire, backend, wire.recoverable_surb_version, seeds)
    finally:
        secret.fill(0)


class SurbRecovery(Secret):
    """What the creator of a version 260 SURB keeps: its identifier, and every hop's seed."""

    __slots__ = ("_wire",)
    _wire: WireFormat

    @classmethod
    def _make(cls, wire: WireFormat, *parts: Any) -> "SurbRecovery":
        recovery: SurbRecovery = cls._of(*parts)
        recovery._wire = wire
        return recovery

    @classmethod
    def from_bytes(cls, raw: Any, *, wire_format: WireFormat = NYM) -> "SurbRecovery":
        """Take what to_bytes() gave: identifier (16 bytes), 1..5 seeds of 16 bytes."""
        data = any_bytes(raw, "SURB recovery")
        instance(wire_format, WireFormat, "wire_format")
        seeds = len(data) - wire_format.identifier_size
        size = wire_format.payload_seed_size
        if seeds < size or seeds % size or seeds // size > wire_format.max_hops:
            raise SphinxError(
                f"a SURB recovery has an identifier of {wire_format.identifier_size} bytes and "
                f"1..{wire_format.max_hops} seeds of {size} bytes, not {len(data)} bytes in all"
            )
        return cls._make(wire_format, data)

    @property
    def identifier(self) -> bytes:
        """What the reply's final hop finds as its identifier: the key to look this object up by."""
        return bytes(self._secret[: self._wire.identifier_size])

    def recover(self, payload: Any, *, backend: str | None = None) -> bytes:
        """The message in the payload that the final hop unwrapped.

        Raises SphinxError if it was changed on its way or belongs to another SURB.
        """
        wire = self._wire
        raw = any_bytes(payload, "payload")
        if len(raw) < wire.minimum_payload_size:
            raise SphinxError(
                f"a payload has at least {wire.minimum_payload_size} bytes, not {len(raw)}"
            )
        chosen = pick(backend)
        seeds = np.frombuffer(self._secret, np.uint8)[wire.identifier_size :]
        keys = _sender.payload_keys(
            wire,
            chosen,
            wire.recoverable_surb_version,
            seeds.reshape(1, -1, wire.payload_seed_size),
        )
        try:
            block = np.frombuffer(bytearray(raw), np.uint8).reshape(1, -1)
            # Every hop took a layer off, the final one included; the user had put on the last one's.
            for i in reversed(range(keys.shape[1])):
                chosen.lioness_encrypt(keys[:, i], block, block)
            chosen.lioness_decrypt(keys[:, -1], block, block)
        finally:
            keys.fill(0)
        return recover_message(block, wire_format=wire)


def build_surb(
    hops: Route,
    *,
    destination: Any,
    identifier: Any = bytes(16),
    version: int = NYM.default_version,
    backend: str | None = None,
    wire_format: WireFormat = NYM,
) -> Surb:
    """Build one SURB; see build_surbs()."""
    (surb,) = build_surbs(
        [hops],
        destination=any_bytes(destination, "destination"),
        identifier=any_bytes(identifier, "identifier"),
        version=version,
        backend=backend,
        wire_format=wire_format,
    )
    return surb


def build_surbs(
    routes: Sequence[Route],
    *,
    destination: Any,
    identifier: Any = bytes(16),
    version: int = NYM.default_version,
    backend: str | None = None,
    wire_format: WireFormat = NYM,
) -> list[Surb]:
    """Build one SURB per route of 1..5 hops, the last of which gets the reply.

    Args:
        destination, identifier: as in build_packets(); what the final hop will find.
        version: 259 (payload seeds), or 258 (payload keys), which Nym 2.0.0 no longer takes.
    """
    instance(wire_format, WireFormat, "wire_format")
    if integer(version, 0, 2**16 - 1, "version") not in wire_format.surb_versions:
        raise SphinxError(
            f"a SURB has version {' or '.join(map(str, sorted(wire_format.surb_versions)))}, "
            f"not {version!r}; build_recoverable_surb() makes {wire_format.recoverable_surb_version}"
        )

    def make(public: bytes, _: bytes, keys: Sequence[Bytes]) -> Surb:
        return Surb._make(wire_format, public, *keys)

    return _build(make, routes, destination, identifier, version, backend, wire_format)


def build_recoverable_surb(
    hops: Route,
    *,
    destination: Any,
    identifier: Any,
    backend: str | None = None,
    wire_format: WireFormat = NYM,
) -> tuple[Surb, SurbRecovery]:
    """Build one version 260 SURB; see build_recoverable_surbs()."""
    (pair,) = build_recoverable_surbs(
        [hops],
        destination=any_bytes(destination, "destination"),
        identifier=any_bytes(identifier, "identifier"),
        backend=backend,
        wire_format=wire_format,
    )
    return pair


def build_recoverable_surbs(
    routes: Sequence[Route],
    *,
    destination: Any,
    identifier: Any,
    backend: str | None = None,
    wire_format: WireFormat = NYM,
) -> list[tuple[Surb, SurbRecovery]]:
    """Build one version 260 SURB per route, each with what its creator keeps.

    The creator must be the final hop of the route itself. The identifier must not be zero: the
    creator finds the recovery by it.
    """
    version = instance(wire_format, WireFormat, "wire_format").recoverable_surb_version

    def make(public: bytes, own: bytes, seeds: Sequence[Bytes]) -> tuple[Surb, SurbRecovery]:
        surb = Surb._make(wire_format, public, seeds[-1])
        return surb, SurbRecovery._make(wire_format, own, *seeds)

    return _build(
        make, routes, destination, identifier, version, backend, wire_format, nonzero=True
    )


def _build(
    make: Callable[[bytes, bytes, Sequence[Bytes]], T],
    routes: Sequence[Route],
    destination: Any,
    identifier: Any,
    version: int,
    backend: str | None,
    wire: WireFormat,
    *,
    nonzero: bool = False,
) -> list[T]:
    """make() of each route: of header and first hop, identifier, and payload keys or seeds in route
    order, which are wiped afterwards."""
    checked = _sender.check_routes(wire, routes)
    n = len(checked)
    to = Recipients(
        one_per_row(destination, n, wire.address_size, "destination"),
        one_per_row(identifier, n, wire.identifier_size, "identifier"),
    )
    if nonzero and not to.identifiers.any(axis=1).all():
        raise SphinxError("the identifier of a recoverable SURB must not be zero")
    chosen = pick(backend)
    size = wire.payload_seed_size if wire.uses_payload_seed(version) else LIONESS_KEY_SIZE
    made: dict[int, T] = {}
    for _, rows in _sender.by_length(checked):
        group = Recipients(to.destinations[rows], to.identifiers[rows])
        headers, material = _sender.build_headers(
            wire, chosen, [checked[i] for i in rows], group, version
        )
        try:
            for j, i in enumerate(rows.tolist()):
                public = headers[j].tobytes() + checked[i][0].address
                made[i] = make(public, to.identifiers[i].tobytes(), list(material[j, :, :size]))
        finally:
            material.fill(0)
    return [made[i] for i in range(n)]
