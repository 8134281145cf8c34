"""What a curve backend is, which ones exist here, and which one is used."""

import importlib
import importlib.util
import os
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

from credentials.errors import ArgumentTypeError, BackendError

NAMES = ("blst", "blspy")
"""Every backend there is, best first."""

VARIABLE = "SPHINXCORE_CURVE"


class Group(Protocol):
    """G1 or G2 of one backend. Points are whatever its library has; callers never look inside.

    Scalars are integers in [0, r).
    """

    backend: str
    size: int
    """Bytes of an encoded point."""
    identity: Any
    generator: Any

    def decode(self, encoded: bytes) -> Any:
        """The point. Raises ValueError unless the bytes are the canonical encoding of a point on
        the curve and in the subgroup; the identity is one."""

    def encode(self, point: Any) -> bytes: ...
    def add(self, a: Any, b: Any) -> Any: ...
    def negate(self, point: Any) -> Any: ...
    def equal(self, a: Any, b: Any) -> bool: ...

    def base(self, point: Any) -> Any:
        """A point that will be multiplied often, as sum_public() takes it in place of a point."""

    def sum_public(self, points: Sequence[Any], scalars: Sequence[int]) -> Any:
        """Sum of scalar * point, in a time that depends on all of them."""

    def multiply_secret(self, point: Any, scalar: int) -> Any:
        """scalar * point, the curve arithmetic in a time that depends on neither.

        Raises BackendError if the library has no such operation.
        """


class Backend(Protocol):
    """Both groups, the hash to G1 and products of pairings."""

    name: str
    g1: Group
    g2: Group

    def hash_to_g1(self, message: bytes, tag: bytes) -> Any:
        """RFC 9380, BLS12381G1_XMD:SHA-256_SSWU_RO_."""

    def pairing_product_is_one(self, pairs: Sequence[tuple[Any, Any]]) -> bool:
        """Whether the product of e(a, b) is 1; no point is the identity."""


class _Source(NamedTuple):
    module: str
    library: str


_SOURCES = {
    "blst": _Source("credentials.bls12381.blst_backend", "pyblst"),
    "blspy": _Source("credentials.bls12381.blspy_backend", "blspy"),
}


@cache
def _found() -> tuple[dict[str, Any], dict[str, str]]:
    """Backends by name, best first, and why each of the others is missing."""
    backends: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name in NAMES:
        source = _SOURCES[name]
        if importlib.util.find_spec(source.library) is None:
            missing[name] = f"the package {source.library} is not installed"
        else:  # a broken library must be loud: no except
            backends[name] = importlib.import_module(source.module).make()
    return backends, missing


def available_backends() -> tuple[str, ...]:
    """Names of the backends that run here, best first."""
    return tuple(_found()[0])


def missing_backends() -> dict[str, str]:
    """Names of the other backends, each with the reason."""
    return dict(_found()[1])


def backend(name: str) -> Backend:
    """The backend of this name, as an object: for tests and benches.

    Raises BackendError if there is none of this name or if it cannot run here.
    """
    if not isinstance(name, str):
        raise ArgumentTypeError(f"backend must be a name, not {type(name).__name__}")
    backends, missing = _found()
    if name in missing:
        raise BackendError(
            f"backend {name!r} is not available: {missing[name]}; here are: {', '.join(backends)}"
        )
    if name not in backends:
        raise BackendError(f"there is no backend {name!r}; choose one of {', '.join(NAMES)}")
    found: Backend = backends[name]
    return found


def pick(name: str | None) -> Backend:
    """The backend `name`, else the one that SPHINXCORE_CURVE names, else the best."""
    if name is not None:
        return backend(name)
    chosen = os.environ.get(VARIABLE)
    if chosen is None:
        available = available_backends()
        if not available:
            raise BackendError(
                'no curve backend is installed: pip install "sphinxcore[credentials]"'
            )
        return backend(available[0])
    try:
        return backend(chosen)
    except BackendError as error:
        raise BackendError(f"{VARIABLE}={chosen!r}: {error}") from None
