"""The Rust program in benches/credential_peers, which times credential crates, as a co-process."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from _peer import PeerError

_FOLDER = Path(__file__).resolve().parent / "credential_peers"
_MANIFEST = _FOLDER / "Cargo.toml"
_PROGRAM = "credential-peer-bench"

_PINNED: dict[str, Any] = tomllib.loads(_MANIFEST.read_text())["dependencies"]


def _with_version(crate: str) -> str:
    pinned = _PINNED[crate]
    version = pinned if isinstance(pinned, str) else pinned["version"]
    return f"{crate} {version.removeprefix('=')}"


COCONUT = _with_version("coconut-crypto")
ECASH = _with_version("nym-compact-ecash")


def build() -> Path:
    """Compile the program, or see that it is up to date. Returns where it is."""
    if shutil.which("cargo") is None:
        raise PeerError("cargo was not found: the peers are built with it (https://rustup.rs)")
    target = _FOLDER / "target"
    command = ["cargo", "build", "--release", "--locked", "--quiet"]
    command += ["--manifest-path", str(_MANIFEST), "--target-dir", str(target)]
    environment = os.environ | {"RUSTFLAGS": ""}
    if subprocess.run(command, check=False, env=environment).returncode:
        raise PeerError(f"cargo cannot build {_FOLDER}")
    return target / "release" / _PROGRAM
