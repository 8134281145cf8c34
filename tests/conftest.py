"""Backends, randomness, slow tests, and the count of vector cases."""

import os
from collections.abc import Iterator

import pytest
from random_stream import RandomStream, filling
from tally import EVERY_LANE, PASSED, SKIPPED, Tally

import sphinxcore as sx
from sphinxcore import _random
from sphinxcore._backends import NAMES as ALL

_TALLY = pytest.StashKey[Tally]()

REQUIRED = "SPHINXCORE_TEST_BACKENDS"
"""Environment variable: the backends, comma separated, that must not be skipped."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes long; runs with --slow only")
    config.stash[_TALLY] = Tally()
    required = [name for name in os.environ.get(REQUIRED, "").split(",") if name]
    unknown = [name for name in required if name not in ALL]
    if unknown:
        raise pytest.UsageError(
            f"{REQUIRED}: no backend {', '.join(unknown)}; there are {', '.join(ALL)}"
        )
    missing = sx.missing_backends()
    for name in required:
        if name in missing:
            raise pytest.UsageError(f"{REQUIRED}: backend {name} is missing: {missing[name]}")


def pytest_report_header() -> list[str]:
    lines = []
    for name in sx.available_backends():
        backend = sx.backend(name)
        kernels = ", ".join(f"{what}: {how}" for what, how in backend.kernels.items())
        lines.append(f"backend {name}: runs, lanes: {backend.lanes}, {kernels}")
    for name, reason in sx.missing_backends().items():
        lines.append(f"backend {name}: skipped, {reason}")
    return lines


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow: needs --slow"))


@pytest.fixture(params=ALL)
def backend_name(request: pytest.FixtureRequest) -> str:
    """Every backend there is, so that test ids are the same on every machine."""
    name: str = request.param
    if name in sx.missing_backends():
        pytest.skip(f"{name}: {sx.missing_backends()[name]}")
    return name


@pytest.fixture
def random_stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[RandomStream]:
    """Deterministic randomness; what a test feeds must be used up at its end."""
    stream = RandomStream()
    monkeypatch.setattr(_random, "fill", filling(stream))
    yield stream
    assert stream.unused == 0


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """The session's count of vector cases, printed at its end."""
    return request.config.stash[_TALLY]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for section in (PASSED, EVERY_LANE, SKIPPED):
        if lines := config.stash[_TALLY].lines(section):
            terminalreporter.section(section)
            for line in lines:
                terminalreporter.write_line(line)
