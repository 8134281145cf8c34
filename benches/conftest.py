"""What pytest-benchmark's JSON says of the machine, for bench_primitives.py."""

from typing import Any

import _cpu
import pytest
from _report import SCHEMA

import sphinxcore as sx


def pytest_configure() -> None:
    _cpu.pin()


def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    machine_info["cpuFacts"] = _cpu.facts()
    machine_info["backends"] = {
        name: dict(sx.backend(name).kernels) for name in sx.available_backends()
    }


def pytest_benchmark_update_json(
    config: pytest.Config, benchmarks: list[Any], output_json: dict[str, Any]
) -> None:
    """Say the schema; leave out the single times, megabytes of them: the statistics stay."""
    output_json["schema"] = SCHEMA
    for one in output_json["benchmarks"]:
        one["stats"].pop("data", None)
