"""`sphinxcore info`."""

import json
import platform
from collections import defaultdict
from typing import Any

import click
import numpy as np

import sphinxcore as sx
from sphinxcore import _backends
from sphinxcore.cli import machine
from sphinxcore.cli.screen import Screen


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def info(as_json: bool) -> None:
    """Show the CPU, its features, the backends, and why one is missing."""
    facts = _facts()
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    else:
        _show(facts, Screen())


def _facts() -> dict[str, Any]:
    missing = sx.missing_backends()
    features = machine.cpu_features()
    return {
        "version": sx.__version__,
        "python": machine.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "native_module": machine.native_is_built(),
        "cpu": {
            "model": machine.cpu_model(),
            "count": machine.cpu_count(),
            "features": None if features is None else list(features),
        },
        "default_backend": _backends.pick(None).name,
        "backends": [
            {"name": name, "available": False, "reason": missing[name]}
            if name in missing
            else _describe(sx.backend(name))
            for name in _backends.NAMES
        ],
    }


def _describe(backend: _backends.Backend) -> dict[str, Any]:
    return {
        "name": backend.name,
        "available": True,
        "lanes": backend.lanes,
        "kernels": dict(backend.kernels),
    }


def _show(facts: dict[str, Any], screen: Screen) -> None:
    cpu = facts["cpu"]
    features = cpu["features"]
    if features is None:
        features = ["unknown: the native module reads them, and it was not built"]
    for name, value in (
        ("sphinxcore", facts["version"]),
        ("Python", f"{facts['python']}, NumPy {facts['numpy']}"),
        ("platform", facts["platform"]),
        ("CPU", f"{cpu['model']}, {cpu['count']} usable"),
        ("features", " ".join(features) or "none that a kernel uses"),
        ("native", "built" if facts["native_module"] else "not built"),
    ):
        screen.pair(name, value)
    screen.line()
    screen.line("Backends, best first")
    for backend in facts["backends"]:
        name = backend["name"]
        if not backend["available"]:
            screen.pair(name, f"missing: {backend['reason']}", style="dim")
            continue
        used = ", used by default" if name == facts["default_backend"] else ""
        lanes = backend["lanes"]
        screen.pair(name, f"runs{used}; {lanes} X25519 at a time" if lanes > 1 else f"runs{used}")
        by_kernel = defaultdict(list)
        for primitive, kernel in backend["kernels"].items():
            by_kernel[kernel].append(primitive)
        screen.pair("", "; ".join(f"{k}: {', '.join(names)}" for k, names in by_kernel.items()))
