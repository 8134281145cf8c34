"""Wrong arguments for a whole API: each is to be refused by a check, not by what Python runs into.

A call is a function and keyword arguments that it accepts. One at a time is replaced, or one item
in it, by everything in WRONG.
"""

import inspect
import linecache
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np

import sphinxcore as sx

WRONG: dict[str, Any] = {
    "None": None,
    "int": 5,
    "negative": -1,
    "huge": 2**70,
    "float": 1.5,
    "nan": float("nan"),
    "text": "text",
    "bytes": b"bytes",
    "list": [],
    "dict": {},
    "object": object(),
    "class": sx.Hop,
    "floats": np.zeros((1, 3)),
}

_PACKAGE = os.fspath(Path(sx.__file__).parent)


class Call(NamedTuple):
    """A call that is accepted."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]


def replaced(own: Any, wrong: Any) -> Iterator[Any]:
    """`wrong` in place of an argument, then of each thing in it."""
    yield wrong
    if type(own) in (list, tuple):
        for i, item in enumerate(own):
            for inner in replaced(item, wrong):
                yield type(own)((*own[:i], inner, *own[i + 1 :]))


def sweep(name: str, call: Call, accepted: Iterable[str], *, paths: str = "path") -> int:
    """How many wrong arguments were refused. Raises AssertionError for what is otherwise.

    Args:
        accepted: "argument: key of WRONG" for what is not wrong here, at any depth. What has the
            type of the argument itself never is, nor is no backend.
        paths: the argument that names a file, for which the operating system may refuse it.
    """
    call.function(**call.arguments)
    wanted = set(accepted) | {"backend: None"} & {
        f"{argument}: None" for argument in call.arguments
    }
    missing, refused = set(wanted), 0
    for argument, own in call.arguments.items():
        for key, wrong in WRONG.items():
            for depth, given in enumerate(replaced(own, wrong)):
                place = f"{argument}: {key}"
                try:
                    call.function(**{**call.arguments, argument: given})
                except Exception as error:
                    assert _is_refusal(error) or (
                        argument == paths and isinstance(error, OSError)
                    ), f"{name}({place}, depth {depth}) raises {error!r}"
                    refused += 1
                else:
                    missing.discard(place)
                    assert place in wanted or type(wrong) is type(own), (
                        f"{name}({place}, depth {depth}) is accepted"
                    )
    assert not missing, f"{name} refuses {sorted(missing)}"
    return refused


def _is_refusal(error: Exception) -> bool:
    """Whether a check of the library raised a TypeError or one of the documented classes."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or not isinstance(error, TypeError | sx.SphinxError):
        return False
    file = trace.tb_frame.f_code.co_filename
    line = linecache.getline(file, trace.tb_lineno).strip()
    return file.startswith(_PACKAGE) and line.startswith("raise ")


def public_calls(module: ModuleType) -> dict[str, set[str]]:
    """Arguments of every function, constructor and method with a public name, if it has some."""
    found: dict[str, set[str]] = {}
    names = getattr(module, "__all__", None) or [
        name for name, value in vars(module).items() if inspect.getmodule(value) is module
    ]
    for name in names:
        value = getattr(module, name)
        if inspect.isfunction(value) and not name.startswith("_"):
            found[name] = _parameters(value)
        elif inspect.isclass(value) and not issubclass(value, Exception):
            if Protocol in value.__bases__:
                continue
            if not issubclass(value, Enum):
                found[name] = _parameters(value)
            found |= {f"{name}.{key}": _parameters(it) for key, it in _methods(value)}
        elif isinstance(value, ModuleType):
            found |= {f"{name}.{key}": names for key, names in public_calls(value).items()}
    return {name: parameters for name, parameters in found.items() if parameters}


def _methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for base in kind.__mro__:
        if base.__module__.startswith("sphinxcore"):
            for name, value in vars(base).items():
                if not name.startswith("_") and isinstance(
                    value, classmethod | staticmethod | type(_methods)
                ):
                    yield name, getattr(kind, name)


def _parameters(call: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(call).parameters) - {"self"}
