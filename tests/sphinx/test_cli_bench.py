"""`sphinxcore bench`: tiny rounds, and what is said of noise and of backends that disagree."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import sphinxcore as sx
from sphinxcore import _backends
from sphinxcore.cli import bench, machine, main, rounds
from sphinxcore.cli.rounds import Round, Run

TINY = bench.Effort(rounds=2, seconds=0)
OPERATIONS = [("forward hop", batch) for batch in (1, 8, 64, 1024)] + [
    (name, 64) for name in ("final hop", "build_packets", "use_surbs", "x25519")
]


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "QUICK", TINY)
    monkeypatch.delenv(_backends.VARIABLE, raising=False)


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without noise."""
    monkeypatch.setattr(rounds, "_reference", lambda: 1.0)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer rows at once."""
    monkeypatch.setattr(bench, "BATCH", 4)
    monkeypatch.setattr(bench, "HOP_BATCHES", (1, 4))


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str, expect: int = 0) -> dict[str, Any]:
    """The document of a quick bench."""
    assert main(["bench", "--quick", "--json", *arguments]) == expect
    out, err = capsys.readouterr()
    assert err == ""
    document: dict[str, Any] = json.loads(out)
    return document


def names(operation: dict[str, Any]) -> list[str]:
    return [one["name"] for one in operation["backends"]]


def test_every_operation_on_every_backend(steady: None, capsys: pytest.CaptureFixture[str]) -> None:
    document = as_json(capsys)
    assert document["version"] == sx.__version__
    assert document["cpu"] == {"model": machine.cpu_model(), "count": machine.cpu_count()}
    assert (document["packet_size"], document["packet_version"]) == (2413, 259)
    assert (document["rounds"], document["threads"]) == (TINY.rounds, 1)
    assert [(one["name"], one["batch"]) for one in document["operations"]] == OPERATIONS
    baselines = {"portable", "python"} & set(sx.available_backends())
    for operation in document["operations"]:
        assert (operation["rounds_kept"], operation["noisy"]) == (TINY.rounds, False)
        assert names(operation) == list(sx.available_backends())
        for backend in operation["backends"]:
            assert backend["us"] * backend["per_second"] == pytest.approx(1e6)
            assert set(backend["times_as_fast_as"]) == baselines
            assert min(backend["times_as_fast_as"].values()) > 0
            if backend["name"] in baselines:
                assert backend["times_as_fast_as"][backend["name"]] == 1


def test_a_chosen_backend_beside_the_baselines(
    backend_name: str,
    few: None,
    steady: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted = {backend_name, "portable", "python"} & set(sx.available_backends())
    for operation in as_json(capsys, "--backend", backend_name)["operations"]:
        assert set(names(operation)) == wanted
    monkeypatch.setenv(_backends.VARIABLE, backend_name)
    for operation in as_json(capsys)["operations"]:
        assert set(names(operation)) == wanted


def test_plain_lines_in_a_pipe(few: None, steady: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--quick", "--backend", "python"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.isascii() and "\x1b" not in out and "\r" not in out
    lines = out.splitlines()
    assert machine.cpu_model() in lines[0]
    assert max(map(len, lines[1:])) <= 80
    (row,) = (line.split() for line in lines if line.startswith("  final hop, batch 4 "))
    assert row[4] == sx.available_backends()[-2 if "portable" in sx.available_backends() else -1]
    head = lines[2].split()
    assert head[:4] == ["backend", "us", "per", "second"]
    assert len(row) == 4 + len(head) - head.count("x") - 1
    assert all(float(figure.replace(",", "")) > 0 for figure in row[5:])
    assert lines[-1] == "12 of 12 rounds were quiet; the others do not count."


def noise(monkeypatch: pytest.MonkeyPatch, references: Sequence[float]) -> None:
    """Rounds beside reference times like these."""

    def run(contenders: dict[str, Any], count: int, seconds: float) -> Run:
        return Run([Round(dict.fromkeys(contenders, 5.0), (1.0, after)) for after in references])

    monkeypatch.setattr(rounds, "run", run)


def test_noise_is_said(
    few: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    noise(monkeypatch, [1.0, 2.0])
    assert main(["bench", "--quick"]) == 0
    out = capsys.readouterr().out
    assert "\nx25519, batch 4: 1 of 2 rounds kept: noisy, measure again\n" in out
    assert out.endswith("\n6 of 12 rounds were quiet; the others do not count.\n")
    assert all(one["noisy"] for one in as_json(capsys)["operations"])


def test_only_noise_is_no_figure(
    few: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    noise(monkeypatch, [2.0, 2.0])
    for operation in as_json(capsys, expect=1)["operations"]:
        assert operation["rounds_kept"] == 0
        for backend in operation["backends"]:
            assert backend["us"] is None and backend["per_second"] is None
            assert set(backend["times_as_fast_as"].values()) == {None}
    assert main(["bench", "--quick"]) == 1
    out = capsys.readouterr().out
    assert "nan" not in out
    assert "0 of 2 rounds kept: noisy" in out


@pytest.mark.parametrize("name", ["forward hop", "use_surbs", "x25519"])
def test_backends_that_disagree_are_one_line(
    name: str, few: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if len(sx.available_backends()) < 2:
        pytest.skip("one backend alone cannot disagree")
    if name == "forward hop":
        right_process = sx.Processor.process

        def process(self: sx.Processor, *args: Any, **named: Any) -> sx.BatchResult:
            result = right_process(self, *args, **named)
            if self.backend == "python":
                result.buffer[-1] ^= 1
            return result

        monkeypatch.setattr(sx.Processor, "process", process)
    elif name == "use_surbs":
        right_use = sx.use_surbs

        def use(*args: Any, backend: str, **named: Any) -> Any:
            made = right_use(*args, backend=backend, **named)
            return made[::-1] if backend == "python" else made

        monkeypatch.setattr(sx, "use_surbs", use)
    else:
        right_x25519 = sx.batch.x25519

        def x25519(*args: Any, backend: str, **named: Any) -> Any:
            made = right_x25519(*args, backend=backend, **named)
            return np.flip(made) if backend == "python" else made

        monkeypatch.setattr(sx.batch, "x25519", x25519)
    assert main(["bench", "--quick", "--json"]) == 2
    out, err = capsys.readouterr()
    first = sx.available_backends()[0]
    assert out == ""
    assert err == f"sphinxcore: {name}: backends {first} and python give different outputs\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--backend", "mmx"], "there is no backend 'mmx'; choose one of avx512"),
        (["--bogus"], "No such option '--bogus'."),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert reason in err and err.count("\n") == 1


def test_an_unknown_backend_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(_backends.VARIABLE, "mmx")
    assert main(["bench", "--quick"]) == 2
    assert "SPHINXCORE_BACKEND='mmx'" in capsys.readouterr().err
