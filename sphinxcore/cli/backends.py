"""Which backends a command compares."""

import os

import sphinxcore as sx
from sphinxcore import _backends


def chosen_backends(name: str | None) -> list[str]:
    """The backend `name`, else the one that SPHINXCORE_BACKEND names, else all, best first."""
    if name is not None:
        return [sx.backend(name).name]
    if _backends.VARIABLE in os.environ:
        return [_backends.pick(None).name]
    return list(sx.available_backends())
