"""What an issuer answers."""

from typing import Any

from credentials._checks import instance
from credentials._sealed import Encoded
from credentials.bls12381 import G1, G1_SIZE
from credentials.encoding import Reader
from credentials.errors import DecodeError
from credentials.keys import KEYS, Key
from credentials.suite import DIGEST_SIZE, EPOCH_SIZE, Type, header

_ID_SIZE = 2


class BlindedShare(Encoded):
    """One authority's signature on the attributes of a request, blinded by the wallet.

    It is not secret, but nothing in it says who sent it: move it over an authenticated channel,
    or signed.
    """

    __slots__ = ("_raw", "c", "id", "request_digest", "share_epoch")
    _raw: bytes
    request_digest: bytes
    id: int
    share_epoch: int
    c: G1

    @classmethod
    def from_bytes(cls, raw: Any, key: Key) -> "BlindedShare":
        """Decode a share on the key's backend. Raises DecodeError."""
        what = "blinded share"
        instance(key, KEYS, "key")
        reader = Reader(raw, what, Type.BLINDED_SHARE)
        request_digest = reader.take(DIGEST_SIZE)
        number = reader.integer(_ID_SIZE)
        share_epoch = reader.integer(EPOCH_SIZE)
        reader.rest(G1_SIZE)
        if not number:
            raise DecodeError(f"{what}: the id is zero")
        c = key.parameters.curve.g1.decode(reader.take(G1_SIZE), f"{what}: c")
        return cls._of(request_digest, number, share_epoch, c)

    @classmethod
    def _of(cls, request_digest: bytes, number: int, share_epoch: int, c: G1) -> "BlindedShare":
        raw = b"".join(
            [
                header(Type.BLINDED_SHARE),
                request_digest,
                number.to_bytes(_ID_SIZE, "big"),
                share_epoch.to_bytes(EPOCH_SIZE, "big"),
                c.encode(),
            ]
        )
        return cls._make(
            _raw=raw, request_digest=request_digest, id=number, share_epoch=share_epoch, c=c
        )

    def to_bytes(self) -> bytes:
        """The canonical encoding, as from_bytes() takes it."""
        return self._raw

    def __repr__(self) -> str:
        return f"<BlindedShare of {self.id}>"
