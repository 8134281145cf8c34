"""What travels and what stays at issuance: the request, and the wallet's state."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from credentials._checks import instance
from credentials._sealed import Encoded, Secret
from credentials.attributes import (
    Attribute,
    Value,
    encode_scalar_attribute,
    read_attribute,
    read_scalar_attribute,
)
from credentials.bls12381 import G1, G1_SIZE, SCALAR_SIZE, Scalar
from credentials.encoding import Reader, bitmap_size, decode_indices, encode_indices
from credentials.errors import DecodeError, LocalStateError
from credentials.keys import KEYS, Key, check_key
from credentials.parameters import Parameters
from credentials.suite import (
    DIGEST_SIZE,
    EPOCH_SIZE,
    ISSUANCE_TAG,
    ISSUE_CONTEXT_SIZE,
    REQUEST_TAG,
    Type,
    digest,
    header,
)
from credentials.transcript import Item, transcript


class IssuanceStatement:
    """What a request asks to be signed: all that fixes h, and h."""

    __slots__ = (
        "attributes",
        "commitment",
        "disclosed",
        "h",
        "issue_context",
        "key_digest",
        "key_epoch",
        "parameters",
        "set",
    )

    def __init__(
        self,
        parameters: Parameters,
        key_digest: bytes,
        key_epoch: int,
        disclosed: Mapping[int, Attribute],
        issue_context: bytes,
        commitment: G1,
    ) -> None:
        """`disclosed` is ascending."""
        self.parameters = parameters
        self.key_digest = key_digest
        self.key_epoch = key_epoch.to_bytes(EPOCH_SIZE, "big")
        self.attributes = bytes([parameters.attributes])
        self.set = encode_indices(disclosed, parameters.attributes)
        self.disclosed = disclosed
        self.issue_context = issue_context
        self.commitment = commitment
        self.h = parameters.curve.hash_to_g1(
            b"".join(
                [
                    header(Type.REQUEST),
                    key_digest,
                    self.key_epoch,
                    self.attributes,
                    self.set,
                    issue_context,
                    commitment.encode(),
                    *(attribute.scalar.encode() for attribute in disclosed.values()),
                ]
            ),
            ISSUANCE_TAG,
        )

    @property
    def hidden(self) -> list[int]:
        """Indices of the hidden attributes, ascending."""
        return [j for j in range(1, self.parameters.attributes + 1) if j not in self.disclosed]

    def transcript(
        self,
        commitments: Sequence[G1],
        commitment_nonce: G1 | None = None,
        nonces: Sequence[G1] = (),
    ) -> bytes:
        """Statement and first move of the proof; without nonces, the statement alone."""
        first_move = b"" if commitment_nonce is None else commitment_nonce.encode()
        return transcript(
            b"issue",
            [
                (Item.HEADER, header(Type.REQUEST)),
                (Item.KEY_DIGEST, self.key_digest),
                (Item.KEY_EPOCH, self.key_epoch),
                (Item.ATTRIBUTES, self.attributes),
                (Item.DISCLOSED_SET, self.set),
                (Item.DISCLOSED, b"".join([a.encoded for a in self.disclosed.values()])),
                (Item.ISSUE_CONTEXT, self.issue_context),
                (Item.COMMITMENT, self.commitment.encode()),
                (Item.BASE, self.h.encode()),
                (Item.ATTRIBUTE_COMMITMENTS, b"".join([p.encode() for p in commitments])),
                (Item.COMMITMENT_NONCE, first_move),
                (Item.ATTRIBUTE_COMMITMENT_NONCES, b"".join([p.encode() for p in nonces])),
            ],
        )


class RequestProof(tuple[Scalar, ...]):
    """Challenge, answer for the opening of the commitment, for the attributes, their openings."""

    __slots__ = ()

    @property
    def challenge(self) -> Scalar:
        return self[0]

    @property
    def opening(self) -> Scalar:
        return self[1]

    @property
    def attributes(self) -> tuple[Scalar, ...]:
        return tuple(self[2 : 2 + (len(self) - 2) // 2])

    @property
    def openings(self) -> tuple[Scalar, ...]:
        return tuple(self[2 + (len(self) - 2) // 2 :])

    @staticmethod
    def length(hidden: int) -> int:
        """Number of scalars for so many hidden attributes."""
        return 2 + 2 * hidden


class CredentialRequest(Encoded):
    """A request for a credential: one for all issuers.

    What an issuer decides on are `disclosed` and `issue_context`; sign() checks the proof.
    """

    __slots__ = ("_accepted", "_raw", "_statement", "commitments", "digest", "disclosed", "proof")
    _raw: bytes
    _statement: IssuanceStatement
    _accepted: bool
    """Whether the proof was checked: a function of the bytes, so once is enough."""
    commitments: tuple[G1, ...]
    """C_j of the hidden attributes, ascending."""
    disclosed: Mapping[int, Value]
    """Values of the disclosed attributes."""
    digest: bytes
    proof: RequestProof

    @classmethod
    def from_bytes(cls, raw: Any, key: Key) -> "CredentialRequest":
        """Decode a request for this key, given as the verification key or a share.

        Raises DecodeError; WrongKeyError or EpochError if it is for another key. The proof is
        not checked yet.
        """
        what = "request"
        instance(key, KEYS, "key")
        reader = Reader(raw, what, Type.REQUEST)
        key_digest = reader.take(DIGEST_SIZE)
        key_epoch = reader.integer(EPOCH_SIZE)
        check_key(key_digest, key_epoch, key, what)
        parameters = key.parameters
        count = parameters.attributes
        if reader.integer(1) != count:
            raise DecodeError(f"{what}: the key has {count} attributes")
        indices = decode_indices(reader.take(bitmap_size(count)), count, what)
        hidden = count - len(indices)
        if not hidden:
            raise DecodeError(f"{what}: no attribute is hidden")
        if parameters.nullifier in indices:
            raise DecodeError(f"{what}: the nullifier attribute is disclosed")
        issue_context = reader.take(ISSUE_CONTEXT_SIZE)
        encoded_commitment = reader.take(G1_SIZE)
        encoded = [reader.take(G1_SIZE) for _ in range(hidden)]
        disclosed = {
            j: read_attribute(reader, parameters.kinds[j - 1], f"{what}: attribute {j}")
            for j in indices
        }
        reader.rest(SCALAR_SIZE * RequestProof.length(hidden))
        proof = RequestProof(
            [reader.scalar("the proof") for _ in range(RequestProof.length(hidden))]
        )
        g1 = parameters.curve.g1
        commitment = g1.decode(encoded_commitment, f"{what}: the commitment")
        commitments = [g1.decode(c, f"{what}: an attribute's commitment") for c in encoded]
        statement = IssuanceStatement(
            parameters, key_digest, key_epoch, disclosed, issue_context, commitment
        )
        if statement.h.is_identity:
            raise DecodeError(f"{what}: h is the identity")
        return cls._of(statement, commitments, proof, reader.raw)

    @classmethod
    def _of(
        cls,
        statement: IssuanceStatement,
        commitments: Sequence[G1],
        proof: RequestProof,
        raw: bytes | None = None,
    ) -> "CredentialRequest":
        if raw is None:
            raw = b"".join(
                [
                    header(Type.REQUEST),
                    statement.key_digest,
                    statement.key_epoch,
                    statement.attributes,
                    statement.set,
                    statement.issue_context,
                    statement.commitment.encode(),
                    *(point.encode() for point in commitments),
                    *(attribute.encoded for attribute in statement.disclosed.values()),
                    *(scalar.encode() for scalar in proof),
                ]
            )
        return cls._make(
            _raw=raw,
            _statement=statement,
            _accepted=False,
            commitments=tuple(commitments),
            disclosed=MappingProxyType({j: a.value for j, a in statement.disclosed.items()}),
            digest=digest(raw, REQUEST_TAG),
            proof=proof,
        )

    @property
    def parameters(self) -> Parameters:
        """Those of the key that the request was made for."""
        return self._statement.parameters

    @property
    def key_digest(self) -> bytes:
        """Digest of the verification key."""
        return self._statement.key_digest

    @property
    def key_epoch(self) -> int:
        """The epoch of that key."""
        return int.from_bytes(self._statement.key_epoch, "big")

    @property
    def issue_context(self) -> bytes:
        """The 32 bytes that tie the request to a deposit or an id."""
        return self._statement.issue_context

    @property
    def h(self) -> G1:
        """The point that is signed on: nobody chose it."""
        return self._statement.h

    def to_bytes(self) -> bytes:
        """The canonical encoding, as from_bytes() takes it."""
        return self._raw


class RequestState(Secret):
    """The wallet's side of one request: attributes and openings. Store it before the request
    leaves, and make another one after a loss."""

    __slots__ = ("_hidden", "request")
    # _secret: the openings o_j of the hidden attributes, then the nullifier secret, if any.
    _hidden: Mapping[int, Attribute]
    """The hidden attributes but the nullifier secret."""
    request: CredentialRequest

    @classmethod
    def from_bytes(cls, raw: Any, key: Key) -> "RequestState":
        """Decode a state. Raises DecodeError; WrongKeyError or EpochError for another key's."""
        what = "request state"
        instance(key, KEYS, "key")
        reader = Reader(raw, what, Type.REQUEST_STATE)
        parameters = key.parameters
        count = parameters.attributes
        indices = decode_indices(reader.take(bitmap_size(count)), count, what)
        hidden: dict[int, Attribute] = {}
        secret: Scalar | None = None
        for j in range(1, count + 1):
            name = f"{what}: attribute {j}"
            if j == parameters.nullifier:
                secret = read_scalar_attribute(reader, name)
            elif j not in indices:
                hidden[j] = read_attribute(reader, parameters.kinds[j - 1], name)
        openings = [reader.scalar("an opening") for _ in range(count - len(indices))]
        request = CredentialRequest.from_bytes(reader.remaining(), key)
        if tuple(request.disclosed) != indices:
            raise DecodeError(f"{what}: its index set is not that of its request")
        return cls._of(request, hidden, openings, secret)

    @classmethod
    def _of(
        cls,
        request: CredentialRequest,
        hidden: Mapping[int, Attribute],
        openings: Sequence[Scalar],
        nullifier: Scalar | None,
    ) -> "RequestState":
        scalars = [*openings] if nullifier is None else [*openings, nullifier]
        secret = bytearray(b"".join([scalar.encode() for scalar in scalars]))
        return cls._make(_secret=secret, _hidden=MappingProxyType(dict(hidden)), request=request)

    def to_bytes(self) -> bytes:
        """The secret itself, as from_bytes() takes it."""
        statement = self.request._statement
        openings, nullifier = self._scalars()
        typed = []
        for j in statement.hidden:
            if j in self._hidden:
                typed.append(self._hidden[j].encoded)
            elif nullifier is not None:
                typed.append(encode_scalar_attribute(nullifier))
        return b"".join(
            [
                header(Type.REQUEST_STATE),
                statement.set,
                *typed,
                *(opening.encode() for opening in openings),
                self.request.to_bytes(),
            ]
        )

    def _scalars(self) -> tuple[list[Scalar], Scalar | None]:
        """The openings o_j, and the nullifier secret."""
        raw, size = self._secret, SCALAR_SIZE
        scalars = [
            Scalar(int.from_bytes(raw[i : i + size], "big")) for i in range(0, len(raw), size)
        ]
        count = len(self.request.commitments)
        return scalars[:count], (scalars[count] if len(scalars) > count else None)

    def _attributes(self) -> tuple[dict[int, Attribute], Scalar | None]:
        """All attributes but the nullifier secret, and that one."""
        disclosed = self.request._statement.disclosed
        parameters = self.request.parameters
        nullifier = self._scalars()[1]
        both = {**disclosed, **self._hidden}
        if len(both) + (nullifier is not None) != parameters.attributes:
            raise LocalStateError("the state does not have all attributes")
        return {j: both[j] for j in sorted(both)}, nullifier
