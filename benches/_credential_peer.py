"""The Rust program in benches/credential_peers, which times credential crates."""

from pathlib import Path

from _peer import compiled, with_version

_FOLDER = Path(__file__).resolve().parent / "credential_peers"

COCONUT = with_version(_FOLDER, "coconut-crypto")
ECASH = with_version(_FOLDER, "nym-compact-ecash")


def build() -> Path:
    """Compile the program, or see that it is up to date. Returns where it is."""
    return compiled(_FOLDER, "credential-peer-bench", _FOLDER / "target")
