"""A credential: a signature that was verified, and the attributes it is on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from credentials._checks import instance
from credentials._sealed import Secret
from credentials.attributes import (
    Attribute,
    Value,
    encode_scalar_attribute,
    read_attribute,
    read_scalar_attribute,
)
from credentials.bls12381 import G1, G1_SIZE, G2, SCALAR_SIZE, Scalar
from credentials.encoding import Reader
from credentials.errors import ProofError
from credentials.keys import VerificationKey, check_key
from credentials.suite import DIGEST_SIZE, EPOCH_SIZE, HEADER_SIZE, Type, header


class Credential(Secret):
    """A signature under a verification key, verified when the object was made. Keep it secret."""

    __slots__ = ("_attributes", "_products", "h", "key", "s")
    # _secret: the scalars m_1..m_q.
    _attributes: Mapping[int, Attribute]
    """All but the nullifier secret."""
    _products: dict[int, G2]
    """m_j * beta_j, where it was needed before."""
    key: VerificationKey
    h: G1
    s: G1

    SIZE: ClassVar[int] = HEADER_SIZE + DIGEST_SIZE + EPOCH_SIZE + 2 * G1_SIZE
    """Bytes of to_bytes()."""

    @classmethod
    def from_bytes(cls, raw: Any, key: VerificationKey, attributes: Any) -> "Credential":
        """Decode a credential and verify its signature.

        Args:
            attributes: their encoding, as attribute_bytes() gave it: no verifier needs it, so
                it is not in to_bytes().

        Raises DecodeError, WrongKeyError, EpochError, or ProofError.
        """
        what = "credential"
        instance(key, VerificationKey, "key")
        reader = Reader(raw, what, Type.CREDENTIAL)
        key_digest = reader.take(DIGEST_SIZE)
        check_key(key_digest, reader.integer(EPOCH_SIZE), key, what)
        reader.rest(2 * G1_SIZE)
        g1 = key.parameters.curve.g1
        h = g1.decode(reader.take(G1_SIZE), f"{what}: h")
        s = g1.decode(reader.take(G1_SIZE), f"{what}: s")
        typed, nullifier = _read_attributes(attributes, key)
        return cls._verified(key, h, s, typed, nullifier, public=())

    @classmethod
    def _verified(
        cls,
        key: VerificationKey,
        h: G1,
        s: G1,
        attributes: Mapping[int, Attribute],
        nullifier: Scalar | None,
        public: Mapping[int, Any] | tuple[()],
    ) -> "Credential":
        """e(h, alpha + sum m_j*beta_j) = e(s, g2), or ProofError.

        `public` are indices whose values the issuers saw: those may take the time they need.
        """
        parameters = key.parameters
        curve = parameters.curve
        scalars = {j: attribute.scalar for j, attribute in attributes.items()}
        if parameters.nullifier is not None and nullifier is not None:
            scalars[parameters.nullifier] = nullifier
        indices = range(1, parameters.attributes + 1)
        self = cls._make(
            _secret=bytearray(b"".join([scalars[j].encode() for j in indices])),
            _attributes=MappingProxyType(dict(attributes)),
            _products={},
            key=key,
            h=h,
            s=s,
        )
        seen = [j for j in indices if j in public]
        signed = key.alpha + curve.g2.sum_public(
            [key.beta[j - 1] for j in seen], [scalars[j] for j in seen]
        )
        for j in indices:
            if j not in public:
                signed = signed + self._product(j)
        if h.is_identity or s.is_identity:
            raise ProofError("the signature of the credential is the identity")
        if not curve.pairing_product_is_one([(h, signed), (-s, curve.g2.generator)]):
            raise ProofError("the signature of the credential does not verify")
        return self

    def to_bytes(self) -> bytes:
        """The signature: one of from_bytes()'s arguments; attribute_bytes() is the other."""
        return b"".join(
            [
                header(Type.CREDENTIAL),
                self.key.digest,
                self.key.key_epoch.to_bytes(EPOCH_SIZE, "big"),
                self.h.encode(),
                self.s.encode(),
            ]
        )

    def attribute_bytes(self) -> bytes:
        """All attributes, typed, ascending: a secret."""
        nullifier = self.key.parameters.nullifier
        return b"".join(
            [
                encode_scalar_attribute(self._scalar(j))
                if j == nullifier
                else self._attributes[j].encoded
                for j in range(1, self.key.parameters.attributes + 1)
            ]
        )

    @property
    def attributes(self) -> Mapping[int, Value]:
        """Values of all attributes but the nullifier secret."""
        return MappingProxyType({j: a.value for j, a in self._attributes.items()})

    def _scalar(self, j: int) -> Scalar:
        start = (j - 1) * SCALAR_SIZE
        return Scalar(int.from_bytes(self._secret[start : start + SCALAR_SIZE], "big"))

    def _product(self, j: int) -> G2:
        """m_j * beta_j: the same in every show, so computed once."""
        product = self._products.get(j)
        if product is None:
            beta = self.key.beta[j - 1]
            product = self.key.parameters.curve.g2.sum_secret([beta], [self._scalar(j)])
            self._products[j] = product
        return product


def _read_attributes(raw: Any, key: VerificationKey) -> tuple[dict[int, Attribute], Scalar | None]:
    """All attributes, ascending; the nullifier secret apart."""
    what = "credential"
    parameters = key.parameters
    reader = Reader.bare(raw, what)
    attributes: dict[int, Attribute] = {}
    nullifier = None
    for j, kind in enumerate(parameters.kinds, 1):
        name = f"{what}: attribute {j}"
        if j == parameters.nullifier:
            nullifier = read_scalar_attribute(reader, name)
        else:
            attributes[j] = read_attribute(reader, kind, name)
    reader.rest(0)
    return attributes, nullifier
