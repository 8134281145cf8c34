"""The vector files under vectors/, read into cases."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


def sha256_stream(seed: bytes, size: int) -> bytes:
    """The first bytes of SHA-256(seed || i) for i = 0, 1, .. as four bytes, big endian."""
    blocks = [hashlib.sha256(seed + i.to_bytes(4, "big")).digest() for i in range(-(-size // 32))]
    return b"".join(blocks)[:size]


def raw(value: str | Mapping[str, Any]) -> bytes:
    """Bytes as a file gives them: hex, or long ones as seed and size."""
    if isinstance(value, str):
        return bytes.fromhex(value)
    return sha256_stream(bytes.fromhex(value["seed"]), value["size"])


@dataclass(frozen=True)
class Case:
    """One test of a vector file. `fields` holds its members and those of its group, as in JSON."""

    file: str
    tc_id: int
    comment: str
    flags: frozenset[str]
    result: str
    fields: dict[str, Any]

    def bytes(self, name: str) -> bytes:
        """The member `name`, which is bytes."""
        return raw(self.fields[name])

    def joined(self, name: str) -> bytes:
        """The pieces in the member `name`, one behind the other."""
        return b"".join(map(raw, self.fields[name]))

    @property
    def id(self) -> str:
        """For pytest: "tc17-flipped-mac"."""
        words = re.sub(r"[^a-z0-9]+", "-", self.comment.lower())
        return f"tc{self.tc_id}-{words[:60]}".strip("-")


def files() -> list[Path]:
    """Every vector file; schemas and what cargo leaves behind are none."""
    found: list[Path] = []
    for folder, below, names in os.walk(VECTORS):
        below[:] = {*below} - {"schema", "target"}
        found += [Path(folder, name) for name in names if name.endswith(".json")]
    return sorted(found)


def load(name: str | Path) -> list[Case]:
    """The cases of one file, named by its path below vectors/ ("sphinx/process.json").

    Raises ValueError if there are none, or not as many as the file says.
    """
    path = VECTORS / name
    document = json.loads(path.read_text(encoding="ascii"))
    relative = path.relative_to(VECTORS).as_posix()
    cases = [
        Case(
            relative,
            test["tcId"],
            test["comment"],
            frozenset(test["flags"]),
            test["result"],
            {name: value for name, value in group.items() if name != "tests"} | test,
        )
        for group in document["testGroups"]
        for test in group["tests"]
    ]
    if not cases or len(cases) != document["numberOfTests"]:
        raise ValueError(f"{relative} has {len(cases)} tests, not {document['numberOfTests']}")
    return cases
