"""Where the fields of each message of `credentials` are, from the scheme's tables of encodings."""

from collections.abc import Iterator
from typing import NamedTuple

HEADER_SIZE = 7
_SIZES = {"scalar": 32, "G1": 48, "G2": 96}

_KEY = "key_digest:32 key_epoch:8 "
_SHARE = _KEY + "share_epoch:8 t:2 n:2 id:2 "
_POINTS = "alpha:G2 beta:G2*q beta1:G1*q"
_SHOW = _KEY + "bitmap disclosed h:G1 s:G1 kappa:G2 "
_ANSWERS = " z:scalar*hidden z_b:scalar"

LAYOUTS = {
    "verification key": "schema key_epoch:8 q:1 " + _POINTS,
    "verification key share": _SHARE + _POINTS,
    "signing key share": _SHARE + "x:scalar y:scalar*q",
    "request": _KEY + "q:1 bitmap issue_context:32 cm:G1 C:G1*hidden disclosed "
    "c:scalar z_o:scalar z_m:scalar*hidden z_oj:scalar*hidden",
    "request state": "bitmap hidden o:scalar*hidden request",
    "blinded share": "request_digest:32 id:2 share_epoch:8 c:G1",
    "credential": _KEY + "h:G1 s:G1",
    "presentation": _SHOW + "c:scalar" + _ANSWERS,
    "presentation with nullifier": _SHOW + "c:scalar" + _ANSWERS + " N:G1",
    "batchable presentation": _SHOW + "A:G2" + _ANSWERS,
    "batchable presentation with nullifier": _SHOW + "A:G2" + _ANSWERS + " N:G1 T_N:G1",
}
"""`name`, `name:size` in bytes, `name:kind`, or one for each index of a set."""

ATTRIBUTES = "credential's attributes"
"""A message of its own, without a header: all attributes, typed."""


class Field(NamedTuple):
    """One field of an encoding. Its kind is "G1", "G2", "scalar" or "bytes"."""

    name: str
    kind: str
    start: int
    size: int

    def of(self, raw: bytes) -> bytes:
        """Its bytes."""
        return raw[self.start : self.start + self.size]

    def put(self, raw: bytes, value: bytes) -> bytes:
        """The encoding with other bytes in this place."""
        return raw[: self.start] + value + raw[self.start + self.size :]


def fields(message: str, raw: bytes, q: int) -> dict[str, Field]:
    """The fields of an encoding for a key of q attributes, by name."""
    walk = _Walk(raw, q)
    found = {field.name: field for field in walk.message(message)}
    if walk.at != len(raw):
        raise AssertionError(f"{message}: {walk.at} of {len(raw)} bytes are in its layout")
    return found


class _Walk:
    def __init__(self, raw: bytes, q: int) -> None:
        self.raw = raw
        self.q = q
        self.at = 0
        self.disclosed: list[int] = []

    def message(self, message: str, prefix: str = "") -> Iterator[Field]:
        if message == ATTRIBUTES:
            yield from self._typed("attribute", range(1, self.q + 1))
            return
        yield self._next(prefix + "header", "bytes", HEADER_SIZE)
        for item in LAYOUTS[message].split():
            yield from self._item(item, prefix)

    def _next(self, name: str, kind: str, size: int) -> Field:
        field = Field(name, kind, self.at, size)
        self.at += size
        return field

    def _item(self, item: str, prefix: str) -> Iterator[Field]:
        name, _, form = item.partition(":")
        kind, _, indices = form.partition("*")
        hidden = [j for j in range(1, self.q + 1) if j not in self.disclosed]
        match name:
            case "schema":
                start = self.at + self.raw[self.at] + 2
                domain = int.from_bytes(self.raw[start : start + 2], "big")
                yield self._next(name, "bytes", start + 2 + domain - self.at)
            case "bitmap":
                field = self._next(prefix + name, "bytes", (self.q + 7) // 8)
                bits = int.from_bytes(field.of(self.raw), "big")
                self.disclosed = [j for j in range(1, self.q + 1) if bits >> (j - 1) & 1]
                yield field
            case "disclosed":
                yield from self._typed(prefix + name, self.disclosed)
            case "hidden":
                yield from self._typed(prefix + name, hidden)
            case "request":
                yield from self.message(name, "request.")
            case _ if indices:
                for j in hidden if indices == "hidden" else range(1, self.q + 1):
                    yield self._next(f"{prefix}{name}_{j}", kind, _SIZES[kind])
            case _ if kind in _SIZES:
                yield self._next(prefix + name, kind, _SIZES[kind])
            case _:
                yield self._next(prefix + name, "bytes", int(kind))

    def _typed(self, name: str, indices: list[int] | range) -> Iterator[Field]:
        for j in indices:
            kind = self._next(f"{name}_{j}.kind", "bytes", 1)
            yield kind
            match self.raw[kind.start]:
                case 2:  # integer
                    yield self._next(f"{name}_{j}", "bytes", 16)
                case 3:  # scalar
                    yield self._next(f"{name}_{j}", "scalar", _SIZES["scalar"])
                case _:
                    length = self._next(f"{name}_{j}.length", "bytes", 2)
                    yield length
                    size = int.from_bytes(length.of(self.raw), "big")
                    yield self._next(f"{name}_{j}", "bytes", size)
