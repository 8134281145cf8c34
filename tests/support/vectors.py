"""The vector files under vectors/, read into cases."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


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
        """The member `name`, decoded from hex."""
        return bytes.fromhex(self.fields[name])

    @property
    def id(self) -> str:
        """For pytest: "tc17-flipped-mac"."""
        words = re.sub(r"[^a-z0-9]+", "-", self.comment.lower())
        return f"tc{self.tc_id}-{words[:60]}".strip("-")


def files() -> list[Path]:
    """Every vector file; schemas and what cargo leaves behind are none."""
    found = sorted(VECTORS.rglob("*.json"))
    return [
        path for path in found if not {"schema", "target"} & set(path.relative_to(VECTORS).parts)
    ]


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
