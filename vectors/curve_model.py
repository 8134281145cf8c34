"""BLS12-381 in plain Python: the encodings that backends must agree with, slowly.

Points are affine pairs, None is the identity. A field element is an integer modulo P, or for G2 a
pair (c0, c1) that stands for c0 + c1*i, i^2 = -1.
"""

from typing import Any, NamedTuple

_X = -0xD201000000010000
R = _X**4 - _X**2 + 1
P = (_X - 1) ** 2 * R // 3 + _X

FIELD_SIZE = 48
COMPRESSED, INFINITY, LARGER = 0x80, 0x40, 0x20
"""Flags in the first byte of an encoding; LARGER: y is the larger one of the two roots."""


class Field(NamedTuple):
    """The integers modulo P."""

    b: Any = 4
    """The curve is y^2 = x^3 + b."""
    zero: Any = 0

    def add(self, a: Any, b: Any) -> Any:
        return (a + b) % P

    def sub(self, a: Any, b: Any) -> Any:
        return (a - b) % P

    def mul(self, a: Any, b: Any) -> Any:
        return a * b % P

    def inverse(self, a: Any) -> Any:
        return pow(a, -1, P)

    def sqrt(self, a: Any) -> Any:
        """A root, or None."""
        root = pow(a, (P + 1) // 4, P)
        return root if root * root % P == a % P else None

    def is_larger(self, a: Any) -> bool:
        return bool(2 * a > P)

    def encode(self, a: Any) -> bytes:
        return int.to_bytes(a, FIELD_SIZE, "big")


class Extension(NamedTuple):
    """The field of P^2 elements."""

    b: Any = (4, 4)
    zero: Any = (0, 0)

    def add(self, a: Any, b: Any) -> Any:
        return (a[0] + b[0]) % P, (a[1] + b[1]) % P

    def sub(self, a: Any, b: Any) -> Any:
        return (a[0] - b[0]) % P, (a[1] - b[1]) % P

    def mul(self, a: Any, b: Any) -> Any:
        return (a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P

    def inverse(self, a: Any) -> Any:
        norm = pow(a[0] * a[0] + a[1] * a[1], -1, P)
        return a[0] * norm % P, -a[1] * norm % P

    def sqrt(self, a: Any) -> Any:
        """A root, or None: through the root of the norm."""
        base = Field()
        norm = base.sqrt(a[0] * a[0] + a[1] * a[1])
        if norm is None:
            return None
        for sign in (norm, -norm):
            c0 = base.sqrt((a[0] + sign) * pow(2, -1, P) % P)
            if c0:
                root = c0, a[1] * pow(2 * c0, -1, P) % P
                if self.mul(root, root) == (a[0] % P, a[1] % P):
                    return root
        return None

    def is_larger(self, a: Any) -> bool:
        return bool(2 * (a[1] or a[0]) > P)

    def encode(self, a: Any) -> bytes:
        return b"".join(int.to_bytes(c, FIELD_SIZE, "big") for c in (a[1], a[0]))


class Group(NamedTuple):
    """G1 or G2, and the curve it is on."""

    name: str
    field: Any
    generator: Any
    size: int
    """Bytes of a compressed point."""

    def add(self, a: Any, b: Any) -> Any:
        f = self.field
        if a is None or b is None:
            return b if a is None else a
        if a[0] != b[0]:
            slope = f.mul(f.sub(b[1], a[1]), f.inverse(f.sub(b[0], a[0])))
        elif a[1] == b[1] != f.zero:
            square = f.mul(a[0], a[0])
            slope = f.mul(f.add(f.add(square, square), square), f.inverse(f.add(a[1], a[1])))
        else:
            return None
        x = f.sub(f.sub(f.mul(slope, slope), a[0]), b[0])
        return x, f.sub(f.mul(slope, f.sub(a[0], x)), a[1])

    def multiply(self, point: Any, scalar: int) -> Any:
        total = None
        for bit in bin(scalar)[2:]:
            total = self.add(total, total)
            if bit == "1":
                total = self.add(total, point)
        return total

    def lift(self, x: Any) -> Any:
        """A point of the curve, in the subgroup or not, or None."""
        y = self.field.sqrt(self.field.add(self.field.mul(self.field.mul(x, x), x), self.field.b))
        return None if y is None else (x, y)

    def encode(self, point: Any) -> bytes:
        """Compressed."""
        if point is None:
            return bytes([COMPRESSED | INFINITY]) + bytes(self.size - 1)
        flags = COMPRESSED | (LARGER if self.field.is_larger(point[1]) else 0)
        first, *rest = self.field.encode(point[0])
        return bytes([first | flags, *rest])

    def encode_whole(self, point: Any) -> bytes:
        """Uncompressed."""
        if point is None:
            return bytes([INFINITY]) + bytes(2 * self.size - 1)
        return bytes(self.field.encode(point[0]) + self.field.encode(point[1]))


def _elements(text: str) -> list[int]:
    """Field elements of the standard's uncompressed encodings."""
    raw = bytes.fromhex(text)
    return [int.from_bytes(raw[i : i + FIELD_SIZE], "big") for i in range(0, len(raw), FIELD_SIZE)]


_X1, _Y1 = _elements(
    "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
    "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1"
)
_X2_1, _X2_0, _Y2_1, _Y2_0 = _elements(
    "13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
    "0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be"
    "0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801"
)

G1 = Group("G1", Field(), (_X1, _Y1), FIELD_SIZE)
G2 = Group("G2", Extension(), ((_X2_0, _X2_1), (_Y2_0, _Y2_1)), 2 * FIELD_SIZE)
