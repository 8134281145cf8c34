"""What is shown: presentations in two encodings, and what their challenge is the hash of."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, Self

from credentials._checks import instance
from credentials._sealed import Encoded
from credentials.attributes import Attribute, read_attribute
from credentials.bls12381 import (
    G1,
    G1_SIZE,
    G2,
    G2_SIZE,
    SCALAR_SIZE,
    Curve,
    Scalar,
    hash_to_scalar,
)
from credentials.encoding import Reader, bitmap_size, decode_indices, encode_indices
from credentials.errors import DecodeError
from credentials.keys import VerificationKey, check_key
from credentials.parameters import Parameters
from credentials.suite import DIGEST_SIZE, EPOCH_SIZE, SCOPE_TAG, SHOW_TAG, Type, header
from credentials.transcript import Item, transcript

_SCOPES = 64


@lru_cache(_SCOPES)
def scope_base(curve: Curve, scope: bytes) -> G1:
    """H_scope: what nullifiers of this scope are multiples of."""
    return curve.hash_to_g1(scope, SCOPE_TAG).as_base()


class Nullifier(NamedTuple):
    """The places of the nullifier in a statement."""

    scope: bytes
    base: G1
    point: G1
    nonce: G1


class ShowStatement(NamedTuple):
    """All that a show proves something about, but the caller's context and the first move."""

    key: VerificationKey
    disclosed: Mapping[int, Attribute]
    """Ascending."""
    h: G1
    s: G1
    kappa: G2

    def transcript(
        self, first_move: G2 | None, nullifier: Nullifier | None, context: bytes
    ) -> bytes:
        """What the challenge is the hash of. The same for both encodings of a show."""
        count = self.key.parameters.attributes
        if nullifier is None:
            places = (b"", b"", b"", b"")
        else:
            places = (
                nullifier.scope,
                nullifier.base.encode(),
                nullifier.point.encode(),
                nullifier.nonce.encode(),
            )
        scope, base, point, nonce = places
        return transcript(
            b"show",
            [
                (Item.HEADER, header(Type.PRESENTATION)),
                (Item.KEY_DIGEST, self.key.digest),
                (Item.KEY_EPOCH, self.key.key_epoch.to_bytes(EPOCH_SIZE, "big")),
                (Item.ATTRIBUTES, bytes([count])),
                (Item.DISCLOSED_SET, encode_indices(self.disclosed, count)),
                (Item.DISCLOSED, b"".join([a.encoded for a in self.disclosed.values()])),
                (Item.SIGNATURE_BASE, self.h.encode()),
                (Item.SIGNATURE, self.s.encode()),
                (Item.KAPPA, self.kappa.encode()),
                (Item.KAPPA_NONCE, b"" if first_move is None else first_move.encode()),
                (Item.SCOPE, scope),
                (Item.SCOPE_BASE, base),
                (Item.NULLIFIER, point),
                (Item.NULLIFIER_NONCE, nonce),
                (Item.CONTEXT, context),
            ],
        )

    def challenge(self, first_move: G2, nullifier: Nullifier | None, context: bytes) -> Scalar:
        """The challenge of the show."""
        return hash_to_scalar(self.transcript(first_move, nullifier, context), SHOW_TAG)


class Shown(Encoded):
    """A show of a credential, without the context and the scope it was made for."""

    __slots__ = (
        "_raw",
        "answers",
        "blinding_answer",
        "disclosed",
        "h",
        "kappa",
        "key_digest",
        "key_epoch",
        "nullifier",
        "parameters",
        "s",
    )
    _raw: bytes
    parameters: Parameters
    key_digest: bytes
    key_epoch: int
    disclosed: Mapping[int, Attribute]
    h: G1
    s: G1
    kappa: G2
    answers: Mapping[int, Scalar]
    """Of the hidden attributes, ascending."""
    blinding_answer: Scalar
    nullifier: G1 | None

    _plain: ClassVar[Type]
    _with_nullifier: ClassVar[Type]
    _proof_size: ClassVar[int]
    _nullifier_size: ClassVar[int]
    _name: ClassVar[str]

    @classmethod
    def from_bytes(cls, raw: Any, key: VerificationKey) -> Self:
        """Decode a show under this key. Nothing is verified yet.

        Raises DecodeError; WrongKeyError or EpochError if it is for another key.
        """
        what = cls._name
        instance(key, VerificationKey, "key")
        reader = Reader(raw, what, cls._plain, cls._with_nullifier)
        key_digest = reader.take(DIGEST_SIZE)
        key_epoch = reader.integer(EPOCH_SIZE)
        check_key(key_digest, key_epoch, key, what)
        parameters = key.parameters
        count = parameters.attributes
        indices = decode_indices(reader.take(bitmap_size(count)), count, what)
        if parameters.nullifier in indices:
            raise DecodeError(f"{what}: the nullifier attribute is disclosed")
        with_nullifier = reader.type is cls._with_nullifier
        if with_nullifier and parameters.nullifier is None:
            raise DecodeError(f"{what}: it has a nullifier, and the key's schema has none")
        disclosed = {
            j: read_attribute(reader, parameters.kinds[j - 1], f"{what}: attribute {j}")
            for j in indices
        }
        hidden = [j for j in range(1, count + 1) if j not in disclosed]
        reader.rest(
            2 * G1_SIZE
            + G2_SIZE
            + cls._proof_size
            + SCALAR_SIZE * (len(hidden) + 1)
            + (cls._nullifier_size if with_nullifier else 0)
        )
        g1, g2 = parameters.curve.g1, parameters.curve.g2
        encoded_h, encoded_s = reader.take(G1_SIZE), reader.take(G1_SIZE)
        encoded_kappa, proof = reader.take(G2_SIZE), reader.take(cls._proof_size)
        answers = {j: reader.scalar(f"the answer of attribute {j}") for j in hidden}
        blinding_answer = reader.scalar("the answer of the blinding")
        fields: dict[str, Any] = {"nullifier": None}
        fields["h"] = g1.decode(encoded_h, f"{what}: h")
        fields["s"] = g1.decode(encoded_s, f"{what}: s")
        fields["kappa"] = g2.decode(encoded_kappa, f"{what}: kappa")
        cls._read_proof(fields, proof, parameters.curve)
        if with_nullifier:
            fields["nullifier"] = g1.decode(reader.take(G1_SIZE), f"{what}: the nullifier")
            cls._read_nullifier_proof(fields, reader, parameters.curve)
        return cls._make(
            _raw=reader.raw,
            parameters=parameters,
            key_digest=key_digest,
            key_epoch=key_epoch,
            disclosed=disclosed,
            answers=answers,
            blinding_answer=blinding_answer,
            **fields,
        )

    @classmethod
    def _read_proof(cls, fields: dict[str, Any], proof: bytes, curve: Curve) -> None:
        raise NotImplementedError

    @classmethod
    def _read_nullifier_proof(cls, fields: dict[str, Any], reader: Reader, curve: Curve) -> None:
        """What follows the nullifier."""

    @classmethod
    def _of(
        cls,
        statement: ShowStatement,
        answers: Mapping[int, Scalar],
        blinding_answer: Scalar,
        challenge: Scalar,
        first_move: G2,
        nullifier: Nullifier | None,
    ) -> Self:
        key = statement.key
        self = cls._make(
            parameters=key.parameters,
            key_digest=key.digest,
            key_epoch=key.key_epoch,
            disclosed=statement.disclosed,
            h=statement.h,
            s=statement.s,
            kappa=statement.kappa,
            answers=answers,
            blinding_answer=blinding_answer,
            nullifier=None if nullifier is None else nullifier.point,
            **cls._proof_fields(challenge, first_move, nullifier),
        )
        raw = b"".join(
            [
                header(cls._plain if nullifier is None else cls._with_nullifier),
                key.digest,
                key.key_epoch.to_bytes(EPOCH_SIZE, "big"),
                encode_indices(statement.disclosed, key.parameters.attributes),
                *(attribute.encoded for attribute in statement.disclosed.values()),
                statement.h.encode(),
                statement.s.encode(),
                statement.kappa.encode(),
                self._proof_bytes(),
                *(answer.encode() for answer in answers.values()),
                blinding_answer.encode(),
                *self._nullifier_bytes(),
            ]
        )
        object.__setattr__(self, "_raw", raw)
        return self

    @classmethod
    def _proof_fields(
        cls, challenge: Scalar, first_move: G2, nullifier: Nullifier | None
    ) -> dict[str, Any]:
        raise NotImplementedError

    def _proof_bytes(self) -> bytes:
        raise NotImplementedError

    def _nullifier_bytes(self) -> list[bytes]:
        return [] if self.nullifier is None else [self.nullifier.encode()]

    def to_bytes(self) -> bytes:
        """The canonical encoding, as from_bytes() takes it."""
        return self._raw

    def _statement(self, key: VerificationKey) -> ShowStatement:
        return ShowStatement(key, self.disclosed, self.h, self.s, self.kappa)


class Presentation(Shown):
    """A show in its short encoding: the challenge and the answers."""

    __slots__ = ("challenge",)
    challenge: Scalar

    _plain = Type.PRESENTATION
    _with_nullifier = Type.PRESENTATION_NULLIFIER
    _proof_size = SCALAR_SIZE
    _nullifier_size = G1_SIZE
    _name = "presentation"

    @classmethod
    def _read_proof(cls, fields: dict[str, Any], proof: bytes, curve: Curve) -> None:
        fields["challenge"] = Scalar.decode(proof, f"{cls._name}: the challenge")

    @classmethod
    def _proof_fields(
        cls, challenge: Scalar, first_move: G2, nullifier: Nullifier | None
    ) -> dict[str, Any]:
        return {"challenge": challenge}

    def _proof_bytes(self) -> bytes:
        return self.challenge.encode()


class BatchablePresentation(Shown):
    """A show in the encoding that verify_batch() takes: first moves in place of the challenge."""

    __slots__ = ("first_move", "nullifier_nonce")
    first_move: G2
    nullifier_nonce: G1 | None

    _plain = Type.BATCHABLE
    _with_nullifier = Type.BATCHABLE_NULLIFIER
    _proof_size = G2_SIZE
    _nullifier_size = 2 * G1_SIZE
    _name = "batchable presentation"

    @classmethod
    def _read_proof(cls, fields: dict[str, Any], proof: bytes, curve: Curve) -> None:
        fields["first_move"] = curve.g2.decode(proof, f"{cls._name}: A")
        fields["nullifier_nonce"] = None

    @classmethod
    def _read_nullifier_proof(cls, fields: dict[str, Any], reader: Reader, curve: Curve) -> None:
        fields["nullifier_nonce"] = curve.g1.decode(
            reader.take(G1_SIZE), f"{cls._name}: the nullifier's first move"
        )

    @classmethod
    def _proof_fields(
        cls, challenge: Scalar, first_move: G2, nullifier: Nullifier | None
    ) -> dict[str, Any]:
        nonce = None if nullifier is None else nullifier.nonce
        return {"first_move": first_move, "nullifier_nonce": nonce}

    def _proof_bytes(self) -> bytes:
        return self.first_move.encode()

    def _nullifier_bytes(self) -> list[bytes]:
        if self.nullifier is None or self.nullifier_nonce is None:
            return []
        return [self.nullifier.encode(), self.nullifier_nonce.encode()]
