"""What a backend is, which ones exist here, and which one is used."""

import importlib.util
import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from sphinxcore._checks import Bytes
from sphinxcore.errors import BackendError

if TYPE_CHECKING:
    from sphinxcore._packets import Packets
    from sphinxcore.formats import WireFormat
    from sphinxcore.result import Columns

NAMES = ("avx512", "avx2", "portable", "python")
"""Every backend there is, best first."""

VARIABLE = "SPHINXCORE_BACKEND"


class HopBatch(Protocol):
    """A batch of packets on its way through one hop.

    Both stages take a range of the packets' working order, so that several threads can share a
    batch. They fill the columns they were given and raise nothing for a bad packet.
    """

    def authenticate(self, start: int, stop: int) -> None:
        """Fill status, replay_tags and key_index."""

    def unwrap(
        self, accept: npt.NDArray[np.bool_], result: "Columns", start: int, stop: int
    ) -> None:
        """Fill the other columns, which are zero, and the packets of `result`; wipe the secrets
        of the rows."""

    def wipe(self) -> None:
        """Forget all secrets."""


class Backend(Protocol):
    """Primitives over rows, and the hop of a batch.

    Arrays are (n, size) uint8 with contiguous rows (a row stride of 0 is fine for inputs);
    sizes are right: callers check. `out` may be the array `data` itself.
    """

    name: str
    kernels: Mapping[str, str]
    """Primitive: the instruction set that computes it."""
    lanes: int
    """Rows that the X25519 kernel computes side by side."""

    def x25519(self, scalars: Bytes, points: Bytes | None, out: Bytes) -> None:
        """RFC 7748 X25519; without points, of the base point."""

    def x25519_chain(
        self,
        scalars: npt.NDArray[np.uint8],
        points: Bytes,
        on_curve: npt.NDArray[np.bool_],
        out: Bytes,
    ) -> None:
        """X25519 of each point by scalars[:, 0], of the result by scalars[:, 1], and so on.

        `on_curve` marks points for which a product of the scalars gives the same bytes.
        """

    def x25519_twice(
        self, first: Bytes, second: Bytes, points: Bytes, first_out: Bytes, second_out: Bytes
    ) -> None:
        """X25519 of the points by two scalars each, as a hop needs it: for tests and benches."""

    def aes128_ctr(self, keys: Bytes, ivs: Bytes, data: Bytes, out: Bytes) -> None: ...
    def hmac_sha256(self, keys: Bytes, data: Bytes, out: Bytes) -> None: ...
    def hkdf_sha256(self, salt: bytes, ikm: Bytes, info: bytes, out: Bytes) -> None: ...
    def chacha20(self, keys: Bytes, ivs: Bytes, data: Bytes, out: Bytes) -> None: ...
    def blake2b(self, keys: Bytes, data: Bytes, out: Bytes) -> None: ...
    def lioness_encrypt(self, keys: Bytes, data: Bytes, out: Bytes) -> None: ...
    def lioness_decrypt(self, keys: Bytes, data: Bytes, out: Bytes) -> None: ...

    def prepare(self, wire_format: "WireFormat") -> Any:
        """The format as this backend's hop() takes it: made once, used for every batch."""

    def hop(
        self,
        prepared_format: Any,
        keys: Bytes,
        packets: "Packets",
        key_hints: npt.NDArray[np.int8],
        status: Bytes,
        replay_tags: Bytes,
        key_index: npt.NDArray[np.int8],
        forwarding: bool,
    ) -> HopBatch:
        """Start a batch: (k, 32) private keys, packets, and the columns that stage 1 fills.

        `forwarding` says that most packets will go on; it makes a difference in speed only.
        """


@cache
def _found() -> tuple[dict[str, Any], dict[str, str]]:
    """Backends by name, best first, and why each of the others is missing."""
    backends: dict[str, Any] = {}
    missing: dict[str, str] = {}
    if importlib.util.find_spec("sphinxcore._native") is None:
        missing = dict.fromkeys(NAMES[:-1], "the native module was not built")
    else:
        from sphinxcore import _native  # a broken build must be loud: no except

        for name in NAMES[:-1]:
            try:
                backends[name] = _native.NativeBackend(name)
            except BackendError as error:
                missing[name] = str(error)
    from sphinxcore._python import PythonBackend

    backends["python"] = PythonBackend()
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
        raise TypeError(f"backend must be a name, not {type(name).__name__}")
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
    """The backend `name`, else the one that SPHINXCORE_BACKEND names, else the best."""
    if name is not None:
        return backend(name)
    chosen = os.environ.get(VARIABLE)
    if chosen is None:
        return backend(available_backends()[0])
    try:
        return backend(chosen)
    except BackendError as error:
        raise BackendError(f"{VARIABLE}={chosen!r}: {error}") from None
