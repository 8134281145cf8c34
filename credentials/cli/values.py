"""Attribute values in JSON: text, a number, or {"hex": ...} for bytes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import credentials as cr
from credentials.attributes import Value

_LARGEST = 1 << 24


def read_attributes(path: Path) -> tuple[dict[int, Any], dict[int, Any]]:
    """The hidden and the disclosed attributes of {"hidden": {...}, "disclosed": {...}}."""
    with open(path, "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise cr.DecodeError(f"{path} is larger than {_LARGEST} bytes")
    try:
        document = json.loads(content, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        raise cr.DecodeError(f"{path} is not JSON, or names something twice") from None
    if not isinstance(document, dict) or document.keys() != {"hidden", "disclosed"}:
        raise cr.DecodeError(f'{path} must have "hidden" and "disclosed", and nothing else')
    hidden, disclosed = (_values(document[name], path) for name in ("hidden", "disclosed"))
    return hidden, disclosed


def as_json(values: Mapping[int, Value]) -> dict[str, Any]:
    """Values as read_attributes() takes them."""
    return {
        str(j): {"hex": value.hex()} if isinstance(value, bytes) else value
        for j, value in values.items()
    }


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; json.loads() alone takes the last of two members of one name."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _values(members: Any, path: Path) -> dict[int, Any]:
    if not isinstance(members, dict):
        raise cr.DecodeError(f"{path}: hidden and disclosed must be objects")
    values = {}
    for name, value in members.items():
        if not (name.isascii() and name.isdecimal() and str(int(name[:4])) == name):
            raise cr.DecodeError(f"{path}: {name!r} is not the index of an attribute")
        values[int(name)] = _bytes(value, path) if isinstance(value, dict) else value
    return values


def _bytes(value: dict[str, Any], path: Path) -> bytes:
    try:
        if value.keys() == {"hex"}:
            return bytes.fromhex(value["hex"])
    except (TypeError, ValueError):
        pass
    raise cr.DecodeError(f'{path}: bytes are written as {{"hex": "00ff"}}')
