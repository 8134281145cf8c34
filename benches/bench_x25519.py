"""Time X25519 per operation: batches of every backend, and what other libraries take for one.

OpenSSL derives with one context over and over, the fastest it can be called, and libsodium
multiplies, both from C. PyNaCl and cryptography are called as Python users call them, with a new
point each time. Crates need cargo. What is missing is left out, by name.
"""

import ctypes
import ctypes.util
import sys
from importlib.metadata import version

import _cpu
import _native
import _peer
import _quoted
import _rounds
import _work
from _report import TROUBLE, Report
from _rounds import Run, Timed
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from nacl.bindings import crypto_scalarmult

import sphinxcore as sx

BATCHES = (1, 4, 8, 16, 64, 256)
GOAL_BATCH = 64
CALLS = 16
OPENSSL = "OpenSSL"
_EVP_PKEY_X25519 = 1034
_ABORTS = "/usr/lib/libcrypto.dylib"
"""macOS's own, without a version in its name."""


class LibraryError(Exception):
    """A library is not there, or computes something else."""


def openssl(scalar: bytes, point: bytes, product: bytes) -> tuple[str, Timed]:
    """EVP_PKEY_derive of the system's libcrypto, called from C with one context."""
    crypto = _library("crypto")
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    crypto.OpenSSL_version.restype = ctypes.c_char_p
    for name, arguments in {
        "EVP_PKEY_new_raw_private_key": [ctypes.c_int, pointer, ctypes.c_char_p, size],
        "EVP_PKEY_new_raw_public_key": [ctypes.c_int, pointer, ctypes.c_char_p, size],
        "EVP_PKEY_CTX_new": [pointer, pointer],
    }.items():
        function = getattr(crypto, name)
        function.restype, function.argtypes = pointer, arguments
    crypto.EVP_PKEY_derive_init.argtypes = [pointer]
    crypto.EVP_PKEY_derive_set_peer.argtypes = [pointer, pointer]
    key = crypto.EVP_PKEY_new_raw_private_key(_EVP_PKEY_X25519, None, scalar, len(scalar))
    peer = crypto.EVP_PKEY_new_raw_public_key(_EVP_PKEY_X25519, None, point, len(point))
    context = crypto.EVP_PKEY_CTX_new(key, None)
    out = ctypes.create_string_buffer(32)
    again = _native.load("derive").derive_again
    again.argtypes = [pointer, pointer, pointer, ctypes.c_uint64]

    def derive() -> None:
        if again(ctypes.cast(crypto.EVP_PKEY_derive, pointer), context, out, CALLS) != 1:
            raise LibraryError("EVP_PKEY_derive failed")

    if not (
        key
        and peer
        and context
        and crypto.EVP_PKEY_derive_init(context) == 1
        and crypto.EVP_PKEY_derive_set_peer(context, peer) == 1
    ):
        raise LibraryError("libcrypto gives no X25519 context")
    derive()
    name = " ".join(crypto.OpenSSL_version(0).decode().split()[:2])
    _check(name, out.raw, product)
    return name, _rounds.repeated(derive, CALLS)


def libsodium(scalar: bytes, point: bytes, product: bytes) -> tuple[str, Timed]:
    """crypto_scalarmult of the system's libsodium, called from C."""
    sodium = _library("sodium")
    if sodium.sodium_init() < 0:
        raise LibraryError("sodium_init failed")
    sodium.sodium_version_string.restype = ctypes.c_char_p
    pointer = ctypes.c_void_p
    out = ctypes.create_string_buffer(32)
    again = _native.load("derive").scalarmult_again
    again.argtypes = [pointer, pointer, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64]
    function = ctypes.cast(sodium.crypto_scalarmult, pointer)

    def multiply() -> None:
        if again(function, out, scalar, point, CALLS) != 1:
            raise LibraryError("crypto_scalarmult failed")

    multiply()
    name = f"libsodium {sodium.sodium_version_string().decode()}"
    _check(name, out.raw, product)
    return name, _rounds.repeated(multiply, CALLS)


def python_libraries(scalar: bytes, point: bytes, product: bytes) -> dict[str, Timed]:
    """One call per operation; cryptography keeps the private key and takes a new point."""
    key = X25519PrivateKey.from_private_bytes(scalar)

    def exchange() -> bytes:
        return key.exchange(X25519PublicKey.from_public_bytes(point))

    works = {
        f"PyNaCl {version('pynacl')}": lambda: crypto_scalarmult(scalar, point),
        f"cryptography {version('cryptography')}": exchange,
    }
    for name, work in works.items():
        _check(name, work(), product)
    return {name: _rounds.repeated(work, 1, calls=CALLS) for name, work in works.items()}


def _library(name: str) -> ctypes.CDLL:
    found = ctypes.util.find_library(name)
    if found is None:
        raise LibraryError(f"lib{name} was not found")
    if found == _ABORTS:
        raise LibraryError(f"{found} ends programs that load it")
    return ctypes.CDLL(found)


def _check(name: str, product: bytes, expected: bytes) -> None:
    if product != expected:
        raise LibraryError(f"{name} computes something else")


def batched(backend: str, n: int) -> Timed:
    """n rows at once, every scalar and point another one, through sphinxcore.batch."""
    scalars, points = _work.rows(n, 32), _work.rows(n, 32)
    return _rounds.repeated(
        lambda: sx.batch.x25519(scalars, points, backend=backend), n, calls=-(-CALLS // n)
    )


def others(report: Report, scalar: bytes, point: bytes, product: bytes) -> dict[str, Timed]:
    """Every other library that there is, OpenSSL first."""
    found = {}
    for what, library in ((OPENSSL, openssl), ("libsodium", libsodium)):
        try:
            name, timed = library(scalar, point, product)
        except (LibraryError, _native.NativeError) as error:
            report.lacks(what, error)
        else:
            found[name] = timed
    return found | python_libraries(scalar, point, product)


def crates(peer: _peer.Peer, scalar: bytes, point: bytes, product: bytes) -> dict[str, Timed]:
    """The Rust crates."""

    def timed(request: str) -> Timed:
        asked = f"{request} {scalar.hex()} {point.hex()}"
        return lambda seconds: peer.timed(asked, seconds)

    for crate, result in peer.x25519(scalar, point).items():
        _check(crate, bytes.fromhex(result), product)
    return {name: timed(request) for request, name in _peer.MULTIPLIERS.items()}


def table(runs: dict[int, Run], baseline: str | None) -> str:
    """Microseconds per operation: contenders down, batch sizes across."""
    lines = ["\nX25519, us per operation", f"  {'batch':<24}" + "".join(f"{n:>9}" for n in runs)]
    first = next(iter(runs.values()))
    for name in first.rounds[0].ns:
        cells = "".join(f"{run.median(name) / 1000:>9.2f}" for run in runs.values())
        lines.append(f"  {name:<24}{cells}")
    if baseline is not None:
        lines.append(f"  times as fast as {baseline}")
        for name in first.rounds[0].ns:
            cells = "".join(f"{run.speedup(name, baseline):>9.2f}" for run in runs.values())
            lines.append(f"  {name:<24}{cells}")
    lines += [f"  batch {n}: {run.verdict}" for n, run in runs.items()]
    return "\n".join(lines)


def main() -> int:
    report = Report("x25519", __doc__, seconds=0.05)
    programs = {}
    try:
        programs[_peer.CRATE] = _peer.build(_peer.CRATE)
    except _peer.PeerError as error:
        report.lacks(", ".join(_peer.MULTIPLIERS.values()), error)
    report.machine["core"] = _cpu.pin()
    scalar, base = _work.rows(1, 32), _work.rows(1, 32)
    points = sx.batch.x25519(base, backend="python")
    product = sx.batch.x25519(scalar, points, backend="python").tobytes()
    case = scalar.tobytes(), points.tobytes(), product
    try:
        with _peer.running(programs) as peers:
            single = others(report, *case)
            for peer in peers.values():
                single |= crates(peer, *case)
            baseline = next((name for name in single if name.startswith(OPENSSL)), None)
            runs = {}
            for n in BATCHES:
                contenders = {name: batched(name, n) for name in report.backends}
                runs[n] = report.run(contenders | single)
                baselines = [baseline] if baseline else []
                report.add(f"X25519, batch {n}", runs[n], baselines, batch=n)
            print(table(runs, baseline))
            print(_quoted.text(_quoted.X25519), flush=True)
            if baseline is not None:
                for backend in report.backends:
                    reached = runs[GOAL_BATCH].speedup(backend, baseline)
                    what = f"X25519, batch {GOAL_BATCH}"
                    report.judge(what, "X25519", backend, reached)
        return report.finish()
    except (_peer.PeerError, LibraryError, _native.NativeError, OSError) as error:
        print(error, file=sys.stderr)
        return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
