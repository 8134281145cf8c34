"""What bench_primitives.py saves: pytest-benchmark's statistics, in the form of all results."""

from typing import Any

import _cpu
import pytest
from _report import kernels, machine
from figures import results

import sphinxcore as sx


def pytest_configure() -> None:
    _cpu.pin()


def pytest_benchmark_update_json(
    config: pytest.Config, benchmarks: list[Any], output_json: dict[str, Any]
) -> None:
    """Put our document in place of theirs: one operation for each function and batch size.

    Statistics only: the single times are megabytes, and they are not paired.
    """
    operations: dict[str, dict[str, Any]] = {}
    for one in output_json["benchmarks"]:
        about = one["extra_info"]
        function = one["name"].partition("[")[0].removeprefix("bench_")
        name = f"{function}, batch {about['n']}"
        operation = operations.setdefault(
            name, {"operation": name, "noisy": None, "summary": {}, "batch": about["n"]}
        )
        operation["summary"][about["backend"]] = {
            "minNs": round(one["stats"]["min"] * 1e9 / about["n"], 3),
            "medianNs": round(one["stats"]["median"] * 1e9 / about["n"], 3),
            "unpairedRounds": one["stats"]["rounds"],
        }
    backends = kernels()
    output_json.clear()
    output_json.update(
        {
            "schema": results.SCHEMA,
            "bench": "primitives",
            "ours": list(backends),
            "machine": machine(backends, sx.missing_backends()),
            "leftOut": [],
            "goals": [],
            "operations": list(operations.values()),
        }
    )
