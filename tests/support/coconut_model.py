"""The scheme written down once more, from its page and README.md, over another curve library.

It takes what was drawn and gives bytes; it checks nothing and hides nothing. Of the library under
test it uses nothing.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import py_arkworks_bls12381 as arkworks

R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
SUITE = b"SPHINXCORE-COCONUT-V01-CS01"
G1, G2 = arkworks.G1Point(), arkworks.G2Point()

Attributes = Mapping[int, bytes]
"""Typed attributes by index."""


def number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


def scalar(value: int) -> bytes:
    return number(value % R, 32)


def reduced(raw: bytes) -> int:
    return int.from_bytes(raw, "big") % R


def times(point: Any, value: int) -> Any:
    return point * arkworks.Scalar.from_be_bytes(scalar(value))


def combine(points: Sequence[Any], values: Sequence[int]) -> Any:
    """Sum of the products; there is at least one."""
    first, *rest = (times(p, v) for p, v in zip(points, values, strict=True))
    return sum(rest, first)


def encode(*points: Any) -> bytes:
    return b"".join(bytes(point.to_compressed_bytes()) for point in points)


def point1(raw: bytes) -> Any:
    return arkworks.G1Point.from_compressed_bytes(raw)


def expand(message: bytes, tag: bytes, size: int) -> bytes:
    """RFC 9380, section 5.3.1."""
    prime = tag + bytes([len(tag)])
    first = sha256(bytes(64) + message + number(size, 2) + b"\0" + prime).digest()
    blocks = [sha256(first + b"\1" + prime).digest()]
    while 32 * len(blocks) < size:
        mixed = bytes(a ^ b for a, b in zip(first, blocks[-1], strict=True))
        blocks.append(sha256(mixed + bytes([len(blocks) + 1]) + prime).digest())
    return b"".join(blocks)[:size]


def hash_to_bytes(message: bytes, use: str, size: int) -> bytes:
    return expand(message, SUITE + f"-{use}-with-expand-XMD:SHA-256".encode(), size)


def hash_to_scalars(message: bytes, use: str, count: int = 1) -> list[int]:
    wide = hash_to_bytes(message, use, 48 * count)
    return [reduced(wide[i : i + 48]) for i in range(0, len(wide), 48)]


def hash_to_g1(message: bytes, use: str) -> Any:
    tag = SUITE + f"-{use}-with-BLS12381G1_XMD:SHA-256_SSWU_RO_".encode()
    return arkworks.G1Point.hash_to_curve(message, tag)


def header(kind: int) -> bytes:
    return b"SXCC" + bytes([1, 1, kind])


def transcript(protocol: bytes, items: Sequence[tuple[int, bytes]]) -> bytes:
    every = [(1, protocol), (2, SUITE), *items]
    return b"".join(bytes([tag]) + number(len(data), 4) + data for tag, data in every)


def bitmap(indices: Sequence[int], attributes: int) -> bytes:
    return number(sum(1 << (j - 1) for j in indices), (attributes + 7) // 8)


def attribute_scalar(typed: bytes) -> int:
    if typed[0] in (0, 1):
        use = ("attribute-bytes", "attribute-text")[typed[0]]
        return hash_to_scalars(typed[3:], use)[0]
    return int.from_bytes(typed[1:], "big")


def joined(attributes: Attributes) -> bytes:
    return b"".join(attributes[j] for j in sorted(attributes))


class Key(NamedTuple):
    """A verification key."""

    schema: bytes
    epoch: int
    alpha: Any
    beta: list[Any]
    beta1: list[Any]

    @classmethod
    def of(cls, schema: bytes, epoch: int, x: int, y: Sequence[int]) -> "Key":
        beta, beta1 = [times(G2, y_j) for y_j in y], [times(G1, y_j) for y_j in y]
        return cls(schema, epoch, times(G2, x), beta, beta1)

    @property
    def attributes(self) -> int:
        return len(self.beta)

    @property
    def points(self) -> bytes:
        return encode(self.alpha, *self.beta, *self.beta1)

    @property
    def transcript(self) -> bytes:
        items = [(6, bytes([self.attributes])), (48, self.schema), (49, encode(self.alpha))]
        return transcript(b"vk", [*items, (50, encode(*self.beta)), (51, encode(*self.beta1))])

    @property
    def digest(self) -> bytes:
        return hash_to_bytes(self.transcript, "vk", 32)

    @property
    def raw(self) -> bytes:
        middle = self.schema + number(self.epoch, 8) + bytes([self.attributes])
        return header(1) + middle + self.points

    def share(self, kind: int, threshold: int, authorities: int, i: int) -> bytes:
        """What the encoding of a share begins with, in share epoch 0."""
        epochs = number(self.epoch, 8) + bytes(8)
        counts = number(threshold, 2) + number(authorities, 2) + number(i, 2)
        return header(kind) + self.digest + epochs + counts


def request(
    key: Key,
    hidden: Mapping[int, int],
    disclosed: Attributes,
    issue_context: bytes,
    opening: int,
    openings: Sequence[int],
    fresh: bytes,
) -> dict[str, Any]:
    """A request and all that is computed for it; `hidden` are scalars."""
    indices, m = sorted(hidden), [hidden[j] for j in sorted(hidden)]
    marked = bitmap(list(disclosed), key.attributes)
    bases = [G1, *(hash_to_g1(number(j, 4), "generator") for j in indices)]
    cm = combine(bases, [opening, *m])
    start = [key.digest, number(key.epoch, 8), bytes([key.attributes]), marked]
    scalars = [scalar(attribute_scalar(disclosed[j])) for j in sorted(disclosed)]
    h = hash_to_g1(b"".join([header(4), *start, issue_context, encode(cm), *scalars]), "issuance")
    commitments = [combine([G1, h], pair) for pair in zip(openings, m, strict=True)]

    def statement(first: bytes, others: bytes) -> bytes:
        items = [(3, header(4)), *zip((4, 5, 6, 7), start, strict=True), (8, joined(disclosed))]
        items += [(16, issue_context), (17, encode(cm)), (18, encode(h))]
        return transcript(b"issue", [*items, (19, encode(*commitments)), (20, first), (21, others)])

    secrets = [opening, *m, *openings]
    message = b"".join(map(scalar, secrets)) + fresh + statement(b"", b"")
    w = hash_to_scalars(message, "nonce", len(secrets))
    count = len(bases)
    first = combine(bases, w[:count])
    others = [combine([G1, h], pair) for pair in zip(w[count:], w[1:count], strict=True)]
    text = statement(encode(first), encode(*others))
    (c,) = hash_to_scalars(text, "challenge-issue")
    proof = [scalar(c), *(scalar(a + c * b) for a, b in zip(w, secrets, strict=True))]
    points = encode(cm, *commitments)
    raw = b"".join([header(4), *start, issue_context, points, joined(disclosed), *proof])
    return {
        "nonces": [scalar(a) for a in w],
        "commitment": encode(cm),
        "h": encode(h),
        "firstMove": encode(first),
        "firstMoves": [encode(point) for point in others],
        "transcript": text,
        "challenge": scalar(c),
        "request": raw,
        "requestDigest": hash_to_bytes(raw, "request", 32),
    }


def blinded_share(
    h: Any, commitments: Mapping[int, Any], disclosed: Attributes, x: int, y: Sequence[int]
) -> bytes:
    """c of an authority."""
    exponent = x + sum(attribute_scalar(disclosed[j]) * y[j - 1] for j in disclosed)
    points = [h, *commitments.values()]
    return encode(combine(points, [exponent, *(y[j - 1] for j in commitments)]))


def show(
    key: Key,
    h: Any,
    s: Any,
    m: Mapping[int, int],
    disclosed: Attributes,
    nullifier: int,
    context: bytes,
    scope: bytes | None,
    drawn: Sequence[bytes],
    batchable: bool,
) -> dict[str, Any]:
    """A show and all that is computed for it; `m` are all scalars."""
    a, b, fresh = reduced(drawn[0]), reduced(drawn[1]), drawn[2]
    hidden = [j for j in sorted(m) if j not in disclosed]
    marked = bitmap(list(disclosed), key.attributes)
    h_shown = times(h, a)
    s_shown = times(s, a) + times(h_shown, b)
    bases = [*(key.beta[j - 1] for j in hidden), G2]
    secrets = [*(m[j] for j in hidden), b]
    kappa = combine(bases, secrets)
    start = [key.digest, number(key.epoch, 8)]
    points = [encode(h_shown), encode(s_shown), encode(kappa)]

    def statement(move: bytes, places: Sequence[bytes]) -> bytes:
        items = [(3, header(8)), *zip((4, 5), start, strict=True), (6, bytes([key.attributes]))]
        items += [(7, marked), (8, joined(disclosed)), *zip((32, 33, 34), points, strict=True)]
        items += [(35, move), *zip((36, 37, 38, 39), places, strict=True), (40, context)]
        return transcript(b"show", items)

    none = (b"", b"", b"", b"")
    message = b"".join(map(scalar, secrets)) + fresh + statement(b"", none) + (scope or b"")
    w = hash_to_scalars(message, "nonce", len(secrets))
    move = encode(combine(bases, w))
    found: dict[str, Any] = {}
    places: tuple[bytes, ...] = none
    if scope is not None:
        base = hash_to_g1(scope, "scope")
        point, own_move = times(base, m[nullifier]), times(base, w[hidden.index(nullifier)])
        places = (scope, encode(base), encode(point), encode(own_move))
        found = dict(zip(("scopeBase", "nullifier", "nullifierFirstMove"), places[1:], strict=True))
    text = statement(move, places)
    (c,) = hash_to_scalars(text, "challenge-show")
    answers = [scalar(x + c * y) for x, y in zip(w, secrets, strict=True)]
    kind = (10 if batchable else 8) + (scope is not None)
    tail = (places[2:] if batchable else places[2:3]) if scope is not None else ()
    proof = move if batchable else scalar(c)
    raw = b"".join(
        [header(kind), *start, marked, joined(disclosed), *points, proof, *answers, *tail]
    )
    return {
        **found,
        "a": scalar(a),
        "b": scalar(b),
        "nonces": [scalar(x) for x in w],
        "firstMove": move,
        "transcript": text,
        "challenge": scalar(c),
        "presentation": raw,
    }
