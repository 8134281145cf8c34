"""A verifier checks many shows under one key, at less than half the cost each.

With own random coefficients delta, eps, zeta of 128 bits for every show i, one product of
pairings stands for all equations of all shows:

    prod e(delta_i*h'_i + eps_i*c_i*g1, kappa_i)                 i = 1..n
    * e(sum delta_i*h'_i, alpha)
    * prod e(sum delta_i*m_ij*h'_i, beta_j)                      j disclosed
    * e(sum zeta_i*(z_si*H_i - T_i - c_i*N_i) - sum delta_i*s'_i, g2)
    * e(g1, sum eps_i*(A_i - z_bi*g2 - sum z_ij*beta_j))         j hidden
    = 1

It is the sum, in the exponent, of delta_i times the signature's equation, eps_i times that of
kappa and zeta_i times that of the nullifier. Multiples of kappa_i are taken in G1, where they are
cheaper, and all points of G1 that meet g2 are one sum.
"""

from collections.abc import Sequence
from typing import Any

from credentials._checks import any_bytes, instance, listed
from credentials.bls12381 import G1, G2, Scalar
from credentials.claims import Claims, make_claims
from credentials.coefficients import Coefficients
from credentials.errors import (
    ArgumentError,
    ArgumentTypeError,
    CredentialError,
    DoubleUseError,
)
from credentials.keys import VerificationKey
from credentials.presentation import BatchablePresentation
from credentials.show import checked_context, checked_scope
from credentials.suite import BATCH_TAG, LARGEST_BATCH
from credentials.verification import Checked, check_one, nullifier_answer, recompute_challenge

_DELTA, _EPS, _ZETA = range(3)

_SMALLEST_PRODUCT = 3
"""Fewer shows cost less one by one, as measured."""


def verify_batch(
    shown: Sequence[Any],
    key: VerificationKey,
    contexts: Sequence[Any],
    scopes: Sequence[Any] | None = None,
) -> list[Claims | CredentialError]:
    """Verify shows under one key: for each the claims, or the error, as verify() gives them.

    A nullifier that an earlier valid show of the batch has, too, is a DoubleUseError.

    Args:
        shown: 1..65536 BatchablePresentation objects, or their bytes.
        contexts: one per show.
        scopes: one per show, or None in its place; or None for all.

    Raises CredentialError only for what does not concern one show: an empty batch, lengths that
    do not match, contexts and scopes that are none.
    """
    instance(key, VerificationKey, "key")
    # Copies, before anything is computed: what other threads change later does not count.
    items = [_copied(one) for one in listed(shown, "shown")]
    texts = listed(contexts, "contexts")
    n = len(items)
    if not 1 <= n <= LARGEST_BATCH:
        raise ArgumentError(f"a batch has 1..{LARGEST_BATCH} presentations, not {n}")
    places = [None] * n if scopes is None else listed(scopes, "scopes")
    if len(texts) != n or len(places) != n:
        raise ArgumentError(
            f"{n} presentations, {len(texts)} contexts and {len(places)} scopes do not match"
        )
    checked_contexts = [checked_context(text) for text in texts]
    checked_scopes = [checked_scope(scope, key) for scope in places]

    results: list[Claims | CredentialError | None] = [None] * n
    open_items: list[tuple[int, Checked]] = []
    for i in range(n):
        try:
            one = _decoded(items[i], key)
            checked = recompute_challenge(one, key, checked_contexts[i], checked_scopes[i])
        except CredentialError as error:
            results[i] = error
        else:
            open_items.append((i, checked))
    errors = _Search(key, open_items, checked_contexts).errors()
    seen: set[bytes] = set()
    for i, checked in open_items:
        results[i] = errors.get(i) or _accept(checked, seen)
    return [result for result in results if result is not None]


def _copied(shown: Any) -> Any:
    """Bytes of any kind as bytes; anything else as it is."""
    is_bytes = isinstance(shown, bytes | bytearray | memoryview)
    return any_bytes(shown, "presentation") if is_bytes else shown


def _decoded(shown: Any, key: VerificationKey) -> BatchablePresentation:
    if isinstance(shown, BatchablePresentation):
        return shown
    if isinstance(shown, bytes):
        return BatchablePresentation.from_bytes(shown, key)
    raise ArgumentTypeError(
        f"a batch is of BatchablePresentation or bytes, not {type(shown).__name__}"
    )


def _accept(checked: Checked, seen: set[bytes]) -> Claims | CredentialError:
    """The claims, unless the nullifier was seen before."""
    claims = make_claims(checked.shown, checked.challenge)
    if claims.nullifier is not None:
        if claims.nullifier in seen:
            return DoubleUseError("the nullifier is that of an earlier presentation in the batch")
        seen.add(claims.nullifier)
    return claims


class _Search:
    """Finds the bad shows: halves of a bad batch are checked again, as long as that is cheap.

    A product that is not one has a bad show in it, for certain; if one half's product is one,
    the bad ones are in the other half. Errors come from single checks.
    """

    def __init__(
        self, key: VerificationKey, items: list[tuple[int, Checked]], contexts: list[bytes]
    ) -> None:
        self._key = key
        self._items = items
        # The bytes have the disclosed values; the scope enters through the challenge.
        self._coefficients = Coefficients(
            b"batch",
            BATCH_TAG,
            len(items),
            (
                part
                for i, checked in items
                for part in (
                    checked.shown.to_bytes(),
                    contexts[i],
                    checked.challenge.encode(),
                )
            ),
        )
        # A show in a product costs about half of a single check. With at most 2n of them and n
        # single checks, a batch that is bad throughout costs about 2n single checks.
        self._budget = 2 * len(items)

    def errors(self) -> dict[int, CredentialError]:
        """The error of each bad show, by its place."""
        found: dict[int, CredentialError] = {}
        self._search(self._items, found)
        return found

    def _search(self, items: list[tuple[int, Checked]], found: dict[int, CredentialError]) -> None:
        """Find the bad shows among items, if there are any."""
        if len(items) < _SMALLEST_PRODUCT or self._budget < len(items):
            self._check_each(items, found)
        elif not self._product_is_one(items):
            self._search_bad(items, found)

    def _search_bad(
        self, items: list[tuple[int, Checked]], found: dict[int, CredentialError]
    ) -> None:
        """Find the bad shows among items of which at least one is bad."""
        middle = len(items) // 2
        left, right = items[:middle], items[middle:]
        if len(left) < _SMALLEST_PRODUCT or self._budget < len(left):
            self._check_each(items, found)
        elif self._product_is_one(left):
            self._search_bad(right, found)  # without another product
        else:
            self._search_bad(left, found)
            self._search(right, found)

    def _check_each(
        self, items: list[tuple[int, Checked]], found: dict[int, CredentialError]
    ) -> None:
        for i, checked in items:
            try:
                check_one(checked, self._key)
            except CredentialError as error:
                found[i] = error

    def _product_is_one(self, items: list[tuple[int, Checked]]) -> bool:
        self._budget -= len(items)
        return _product_is_one(items, self._key, self._coefficients)


def _product_is_one(
    items: list[tuple[int, Checked]], key: VerificationKey, coefficients: Coefficients
) -> bool:
    """The equation of this module's docstring."""
    curve = key.parameters.curve
    g1, g2 = curve.g1, curve.g2
    base = [g1.generator]
    pairs: list[tuple[G1, G2]] = []
    scaled_h: list[G1] = []
    by_index: dict[int, tuple[list[G1], list[Scalar]]] = {}
    answers: dict[int, Scalar] = {}
    blinding = Scalar(0)
    moves: list[G2] = []
    eps_of: list[Scalar] = []
    at_g2: list[G1] = []
    at_g2_scalars: list[Scalar] = []
    scopes: dict[G1, Scalar] = {}
    for i, (shown, c, nullifier) in items:
        delta, eps = coefficients.get(i, _DELTA), coefficients.get(i, _EPS)
        h = g1.sum_public([shown.h], [delta])
        scaled_h.append(h)
        pairs.append((h + g1.sum_public(base, [eps * c]), shown.kappa))
        for j, attribute in shown.disclosed.items():
            points, scalars = by_index.setdefault(j, ([], []))
            points.append(h)
            scalars.append(attribute.scalar)
        for j, answer in shown.answers.items():
            answers[j] = answers.get(j, Scalar(0)) + eps * answer
        blinding = blinding + eps * shown.blinding_answer
        moves.append(shown.first_move)
        eps_of.append(eps)
        at_g2.append(shown.s)
        at_g2_scalars.append(-delta)
        if nullifier is not None:
            zeta = coefficients.get(i, _ZETA)
            z_s = zeta * nullifier_answer(shown, key)
            scopes[nullifier.base] = scopes.get(nullifier.base, Scalar(0)) + z_s
            at_g2 += (nullifier.nonce, nullifier.point)
            at_g2_scalars += (-zeta, -(zeta * c))
    one = Scalar(1)
    pairs.append((g1.sum_public(scaled_h, [one] * len(scaled_h)), key.alpha))
    for j, (points, scalars) in by_index.items():
        pairs.append((g1.sum_public(points, scalars), key.beta[j - 1]))
    pairs.append(
        (
            g1.sum_public([*at_g2, *scopes], [*at_g2_scalars, *scopes.values()]),
            g2.generator,
        )
    )
    proof = g2.sum_public(
        [*moves, g2.generator, *(key.beta[j - 1] for j in answers)],
        [*eps_of, -blinding, *(-z for z in answers.values())],
    )
    pairs.append((g1.generator, proof))
    return curve.pairing_product_is_one(pairs)
