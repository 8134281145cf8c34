"""Keys: the verification key, and the authorities' shares of it and of the signing key."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from credentials import lagrange
from credentials._checks import any_bytes, instance, listed
from credentials._random import random_scalar
from credentials._sealed import Encoded, Secret
from credentials.bls12381 import G1, G1_SIZE, G2, G2_SIZE, SCALAR_SIZE, Curve, Scalar, pick_curve
from credentials.coefficients import Coefficients
from credentials.encoding import Reader
from credentials.errors import (
    ArgumentError,
    BackendError,
    DecodeError,
    EpochError,
    ShareError,
    TooFewSharesError,
    WrongKeyError,
)
from credentials.parameters import Parameters
from credentials.suite import (
    DIGEST_SIZE,
    EPOCH_SIZE,
    KEY_TAG,
    KEYCHECK_TAG,
    MOST_AUTHORITIES,
    Type,
    digest,
    header,
)
from credentials.transcript import Item, transcript

_DECODED_KEYS = 64
_COUNT_SIZE = 2
_ID_SIZE = 2


def _concat(points: Iterable[G1 | G2]) -> bytes:
    return b"".join([point.encode() for point in points])


def _read_points(
    reader: Reader, curve: Curve, attributes: int, what: str
) -> tuple[G2, tuple[G2, ...], tuple[G1, ...]]:
    """alpha, beta, beta1: the rest of an encoding. None is the identity."""
    reader.rest(G2_SIZE * (attributes + 1) + G1_SIZE * attributes)
    indices = range(1, attributes + 1)
    alpha = curve.g2.decode(reader.take(G2_SIZE), f"{what}: alpha")
    beta = tuple(curve.g2.decode(reader.take(G2_SIZE), f"{what}: beta_{j}") for j in indices)
    beta1 = tuple(curve.g1.decode(reader.take(G1_SIZE), f"{what}: beta1_{j}") for j in indices)
    return alpha, beta, beta1


def _check_groups_agree(
    curve: Curve, beta: Sequence[G2], beta1: Sequence[G1], what: str, error: type[Exception]
) -> None:
    """e(sum rho_j*beta1_j, g2) = e(g1, sum rho_j*beta_j): the same y_j in both groups."""
    coefficients = Coefficients(b"key", KEYCHECK_TAG, len(beta), [_concat(beta), _concat(beta1)])
    rho = [coefficients.get(j, 0) for j in range(len(beta))]
    in_g1 = curve.g1.sum_public(beta1, rho)
    in_g2 = curve.g2.sum_public(beta, rho)
    pairs = [(in_g1, curve.g2.generator), (-curve.g1.generator, in_g2)]
    if not curve.pairing_product_is_one(pairs):
        raise error(f"{what}: beta and beta1 are not of the same secrets")


class VerificationKey(Encoded):
    """The public key that credentials verify under. Pin it: a key per user would name the user."""

    __slots__ = ("_raw", "alpha", "beta", "beta1", "digest", "key_epoch", "parameters")
    _raw: bytes
    parameters: Parameters
    key_epoch: int
    alpha: G2
    beta: tuple[G2, ...]
    beta1: tuple[G1, ...]
    digest: bytes
    """What stands for the key, without its epoch, in messages and proofs."""

    @classmethod
    def from_bytes(cls, raw: Any, backend: str | None = None) -> "VerificationKey":
        """Decode and check a key. The last ones are remembered, with their tables.

        Raises DecodeError, and WrongKeyError for a key that is not a valid one.
        """
        return _decode_key(any_bytes(raw, "verification key"), pick_curve(backend).name)

    @classmethod
    def _of(
        cls,
        parameters: Parameters,
        key_epoch: int,
        points: tuple[G2, tuple[G2, ...], tuple[G1, ...]],
    ) -> "VerificationKey":
        alpha, beta, beta1 = points
        if any(point.is_identity for point in (alpha, *beta, *beta1)):
            raise WrongKeyError("verification key: a point is the identity")
        if len({point.encode() for point in beta}) != len(beta):
            raise WrongKeyError("verification key: two attributes have the same key")
        encoded = (alpha.encode(), _concat(beta), _concat(beta1))
        items = [
            (Item.ATTRIBUTES, bytes([parameters.attributes])),
            (Item.SCHEMA, parameters.schema),
            *zip((Item.ALPHA, Item.BETA, Item.BETA1), encoded, strict=True),
        ]
        raw = b"".join(
            [
                header(Type.VERIFICATION_KEY),
                parameters.schema,
                key_epoch.to_bytes(EPOCH_SIZE, "big"),
                bytes([parameters.attributes]),
                *encoded,
            ]
        )
        return cls._make(
            _raw=raw,
            parameters=parameters,
            key_epoch=key_epoch,
            alpha=alpha,
            beta=tuple(point.as_base() for point in beta),
            beta1=beta1,
            digest=digest(transcript(b"vk", items), KEY_TAG),
        )

    def to_bytes(self) -> bytes:
        """The canonical encoding, as from_bytes() takes it."""
        return self._raw


@lru_cache(_DECODED_KEYS)
def _decode_key(raw: bytes, backend: str) -> VerificationKey:
    what = "verification key"
    reader = Reader(raw, what, Type.VERIFICATION_KEY)
    parameters = Parameters._read(reader, backend)
    key_epoch = reader.integer(EPOCH_SIZE)
    if reader.integer(1) != parameters.attributes:
        raise DecodeError(f"{what}: its number of attributes is not that of its schema")
    points = _read_points(reader, parameters.curve, parameters.attributes, what)
    key = VerificationKey._of(parameters, key_epoch, points)
    _check_groups_agree(parameters.curve, key.beta, key.beta1, what, WrongKeyError)
    return key


class ShareFields(NamedTuple):
    """What the shares of one authority say about themselves, in their order on the wire."""

    digest: bytes
    key_epoch: int
    share_epoch: int
    threshold: int
    authorities: int
    id: int


class ShareInfo:
    """These fields as attributes."""

    __slots__ = ()
    parameters: Parameters
    digest: bytes
    """Digest of the verification key."""
    key_epoch: int
    share_epoch: int
    """Reserved for a refresh of the shares under the same key; 0 today."""
    threshold: int
    authorities: int
    id: int

    def _fields(self) -> ShareFields:
        return ShareFields(
            self.digest,
            self.key_epoch,
            self.share_epoch,
            self.threshold,
            self.authorities,
            self.id,
        )

    def _same_key(self) -> tuple[Any, ...]:
        return self._fields()[:-1]

    def _prefix(self, kind: Type) -> bytes:
        return b"".join(
            [
                header(kind),
                self.digest,
                self.key_epoch.to_bytes(EPOCH_SIZE, "big"),
                self.share_epoch.to_bytes(EPOCH_SIZE, "big"),
                self.threshold.to_bytes(_COUNT_SIZE, "big"),
                self.authorities.to_bytes(_COUNT_SIZE, "big"),
                self.id.to_bytes(_ID_SIZE, "big"),
            ]
        )


def _read_fields(reader: Reader, what: str) -> ShareFields:
    fields = ShareFields(
        digest=reader.take(DIGEST_SIZE),
        key_epoch=reader.integer(EPOCH_SIZE),
        share_epoch=reader.integer(EPOCH_SIZE),
        threshold=reader.integer(_COUNT_SIZE),
        authorities=reader.integer(_COUNT_SIZE),
        id=reader.integer(_ID_SIZE),
    )
    if not 1 <= fields.threshold <= fields.authorities <= MOST_AUTHORITIES:
        raise DecodeError(
            f"{what}: a threshold of {fields.threshold} of {fields.authorities} authorities"
        )
    if not fields.id:
        raise DecodeError(f"{what}: the id is zero")
    return fields


class VerificationKeyShare(Encoded, ShareInfo):
    """The public key of one authority."""

    __slots__ = (
        "_raw",
        "alpha",
        "authorities",
        "beta",
        "beta1",
        "digest",
        "id",
        "key_epoch",
        "parameters",
        "share_epoch",
        "threshold",
    )
    _raw: bytes
    alpha: G2
    beta: tuple[G2, ...]
    beta1: tuple[G1, ...]

    @classmethod
    def from_bytes(cls, raw: Any, parameters: Parameters) -> "VerificationKeyShare":
        """Decode and check a share. Raises DecodeError or WrongKeyError."""
        what = "verification key share"
        instance(parameters, Parameters, "parameters")
        reader = Reader(raw, what, Type.VERIFICATION_KEY_SHARE)
        fields = _read_fields(reader, what)
        points = _read_points(reader, parameters.curve, parameters.attributes, what)
        _check_groups_agree(parameters.curve, points[1], points[2], what, WrongKeyError)
        return cls._of(parameters, fields, points)

    @classmethod
    def _of(
        cls,
        parameters: Parameters,
        fields: ShareFields,
        points: tuple[G2, tuple[G2, ...], tuple[G1, ...]],
    ) -> "VerificationKeyShare":
        alpha, beta, beta1 = points
        self = cls._make(
            parameters=parameters, alpha=alpha, beta=beta, beta1=beta1, **fields._asdict()
        )
        raw = self._prefix(Type.VERIFICATION_KEY_SHARE) + _concat((alpha, *beta, *beta1))
        object.__setattr__(self, "_raw", raw)
        return self

    def to_bytes(self) -> bytes:
        """The canonical encoding, as from_bytes() takes it."""
        return self._raw

    def __repr__(self) -> str:
        return f"<VerificationKeyShare {self.id}>"


class SigningKeyShare(Secret, ShareInfo):
    """The secret key of one authority: x and y_1..y_q."""

    __slots__ = (
        "authorities",
        "digest",
        "id",
        "key_epoch",
        "parameters",
        "share_epoch",
        "threshold",
    )

    @classmethod
    def from_bytes(cls, raw: Any, key: VerificationKey) -> "SigningKeyShare":
        """Decode a share of this key. Raises DecodeError, WrongKeyError or EpochError."""
        what = "signing key share"
        instance(key, VerificationKey, "key")
        reader = Reader(raw, what, Type.SIGNING_KEY_SHARE)
        fields = _read_fields(reader, what)
        check_key(fields.digest, fields.key_epoch, key, what)
        attributes = key.parameters.attributes
        reader.rest(SCALAR_SIZE * (attributes + 1))
        scalars = [reader.scalar("a secret") for _ in range(attributes + 1)]
        if not all(scalars):
            raise DecodeError(f"{what}: a secret is zero")
        if len(set(scalars[1:])) != attributes:
            raise DecodeError(f"{what}: two attributes have the same secret")
        return cls._of(key.parameters, fields, scalars)

    @classmethod
    def _of(
        cls, parameters: Parameters, fields: ShareFields, scalars: Sequence[Scalar]
    ) -> "SigningKeyShare":
        secret = bytearray(b"".join([scalar.encode() for scalar in scalars]))
        return cls._make(parameters=parameters, _secret=secret, **fields._asdict())

    def to_bytes(self) -> bytes:
        """The secret itself, as from_bytes() takes it."""
        return self._prefix(Type.SIGNING_KEY_SHARE) + self._secret

    def _scalars(self) -> tuple[Scalar, list[Scalar]]:
        """x, and y_1..y_q."""
        size = SCALAR_SIZE
        raw = self._secret
        x, *y = (Scalar(int.from_bytes(raw[i : i + size], "big")) for i in range(0, len(raw), size))
        return x, y

    def verification_key_share(self) -> VerificationKeyShare:
        """The public key of this share, computed anew."""
        curve = self.parameters.curve
        x, y = self._scalars()
        g1, g2 = [curve.g1.generator], [curve.g2.generator]
        alpha = curve.g2.sum_secret(g2, [x])
        beta = tuple(curve.g2.sum_secret(g2, [y_j]) for y_j in y)
        beta1 = tuple(curve.g1.sum_secret(g1, [y_j]) for y_j in y)
        return VerificationKeyShare._of(self.parameters, self._fields(), (alpha, beta, beta1))

    def __repr__(self) -> str:
        return f"<SigningKeyShare {self.id}>"


KEYS = (VerificationKey, VerificationKeyShare, SigningKeyShare)
Key = VerificationKey | VerificationKeyShare | SigningKeyShare
"""What says for which key a message must be: digest, epoch, parameters."""


def check_key(key_digest: bytes, key_epoch: int, key: Key, what: str) -> None:
    """Refuse what was made for another key (WrongKeyError) or key epoch (EpochError)."""
    instance(key, KEYS, "key")
    if key_digest != key.digest:
        raise WrongKeyError(f"{what} is for the key {key_digest.hex()}, not {key.digest.hex()}")
    if key_epoch != key.key_epoch:
        raise EpochError(f"{what} is of key epoch {key_epoch}, not {key.key_epoch}")


def check_same_parameters(parameters: Parameters, key: Key, what: str) -> None:
    """Refuse objects of two backends or, though they name one key, of two schemas."""
    if parameters.backend != key.parameters.backend:
        raise BackendError(
            f"{what} is on backend {parameters.backend!r}, the key on {key.parameters.backend!r}"
        )
    if parameters.schema != key.parameters.schema:
        raise WrongKeyError(f"{what} has another schema than the key")


def check_shares_agree(shares: Sequence[VerificationKeyShare]) -> None:
    """Refuse shares of different keys, epochs or thresholds, and ids that are not distinct."""
    first = shares[0]
    ids = [share.id for share in shares]
    if len(set(ids)) != len(ids):
        raise ArgumentError(f"ids are not distinct: {ids}")
    for share in shares:
        if share.parameters != first.parameters or share.digest != first.digest:
            raise WrongKeyError(f"key shares {first.id} and {share.id} are of different keys")
        if share._same_key() != first._same_key():
            raise EpochError(
                f"key shares {first.id} and {share.id} differ in epoch, threshold or authorities"
            )


def interpolate(shares: Sequence[VerificationKeyShare]) -> tuple[Any, ...]:
    """The points of the key that these shares are of, at zero."""
    curve = shares[0].parameters.curve
    numerators, factor = lagrange.at_zero([share.id for share in shares])
    weights = [numerator * factor for numerator in numerators]
    alpha = curve.g2.sum_public([share.alpha for share in shares], weights)
    columns = zip(*(share.beta for share in shares), strict=True)
    columns1 = zip(*(share.beta1 for share in shares), strict=True)
    beta = tuple(curve.g2.sum_public(column, weights) for column in columns)
    beta1 = tuple(curve.g1.sum_public(column, weights) for column in columns1)
    return alpha, beta, beta1


def _check_polynomial(shares: Sequence[VerificationKeyShare], threshold: int) -> None:
    """Refuse more shares than the threshold that do not lie on one polynomial.

    The words (p(i)) of polynomials of degree t - 1 are those that all words (v_i * f(i)) with
    deg f < n - t are orthogonal to. One random f, and a random sum of the elements, decide.
    """
    spare = len(shares) - threshold
    if spare <= 0:
        return
    curve = shares[0].parameters.curve
    f = [random_scalar() for _ in range(spare)]
    ids = [share.id for share in shares]
    weights = [
        v * lagrange.evaluate(f, i) for i, v in zip(ids, lagrange.dual_weights(ids), strict=True)
    ]
    rho = [random_scalar() for _ in range(shares[0].parameters.attributes + 1)]
    in_g2 = curve.g2.sum_public(
        [point for share in shares for point in (share.alpha, *share.beta)],
        [weight * r for weight in weights for r in rho],
    )
    in_g1 = curve.g1.sum_public(
        [point for share in shares for point in share.beta1],
        [weight * r for weight in weights for r in rho[1:]],
    )
    if not (in_g1.is_identity and in_g2.is_identity):
        raise ShareError(f"the key shares of {ids} do not lie on one polynomial", ids)


def aggregate_keys(shares: Iterable[VerificationKeyShare]) -> VerificationKey:
    """The verification key of at least `threshold` shares, which must be the one they name.

    Raises TooFewSharesError; ShareError if more shares than the threshold do not lie on one
    polynomial; WrongKeyError or EpochError if they are not of one key, or if the result is not
    the key whose digest they carry: then one of them was chosen after the others.
    """
    given = listed(shares, "shares")
    for share in given:
        instance(share, VerificationKeyShare, "a key share")
    if not given:
        raise TooFewSharesError("no key shares")
    check_shares_agree(given)
    first = given[0]
    if len(given) < first.threshold:
        raise TooFewSharesError(f"{len(given)} key shares, the threshold is {first.threshold}")
    _check_polynomial(given, first.threshold)
    points = interpolate(given[: first.threshold])
    _check_groups_agree(
        first.parameters.curve, points[1], points[2], "verification key", WrongKeyError
    )
    key = VerificationKey._of(first.parameters, first.key_epoch, (points[0], points[1], points[2]))
    if key.digest != first.digest:
        raise WrongKeyError(
            f"the key shares give the key {key.digest.hex()}, but name {first.digest.hex()}"
        )
    return key
