"""Result files: the schema, what is stored, what benches write, and the names of CPUs."""

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from bench_results import ROUNDS, STORED, US, cpu_facts, document, goals, paired, report, results

import sphinxcore as sx

BENCHES = results.STORED.parent
SCHEMA = json.loads((BENCHES / "results" / "schema.json").read_text(encoding="ascii"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema"]["const"] == results.SCHEMA


@pytest.mark.parametrize("one", STORED, ids=lambda one: f"{one.bench}-{one.commit}")
def test_stored_results(one: results.Result) -> None:
    """Each is as the schema says, where it belongs, and sums up its own samples."""
    VALIDATOR.validate(one.document)
    assert results.place(one.document, results.STORED) == one.path
    assert one.cpu == cpu_facts.name(one.machine["cpu"])
    for found in one.operations:
        rounds = found.document.get("rounds")
        if rounds is None:
            assert all("unpairedRounds" in row for row in found.summary.values())
            continue
        columns = [*rounds["ns"].values(), rounds["referenceNs"]]
        again = paired.Run(
            [
                paired.Round(dict(zip(rounds["ns"], ns, strict=True)), tuple(reference))
                for *ns, reference in zip(*columns, strict=True)
            ]
        )
        assert again.kept == rounds["kept"]
        assert again.noisy == found.noisy
        assert again.verdict == found.verdict
        assert bool(found.summary) == any(again.kept)
        for who, row in found.summary.items():
            # Samples were rounded to four decimals, or to one.
            assert row["medianNs"] == pytest.approx(again.median(who), abs=0.06)
            assert row["minNs"] == pytest.approx(min(again.times(who)), abs=0.06)
            for other, ratio in row["timesAsFastAs"].items():
                assert ratio == pytest.approx(again.speedup(who, other), rel=1e-5, abs=0.0011)


def test_there_are_stored_results() -> None:
    assert {"peers", "stages", "x25519", "batches", "credentials"} <= {one.bench for one in STORED}


def _without(member: str) -> Callable[[dict[str, Any]], None]:
    return lambda made: made.pop(member)


@pytest.mark.parametrize(
    "spoil",
    [
        _without("machine"),
        _without("ours"),
        lambda made: made.update(schema=1),
        lambda made: made.update(more=1),
        lambda made: made["machine"].pop("commit"),
        lambda made: made["machine"].update(commit="abc"),
        lambda made: made["machine"].update(cpuName="AMD EPYC"),
        lambda made: made["operations"][0]["rounds"]["kept"].append(1),
        lambda made: made["operations"][0]["rounds"]["ns"]["avx2"].append(-1),
        lambda made: made["operations"][0]["summary"]["avx2"].pop("medianNs"),
    ],
)
def test_schema_refuses(spoil: Callable[[dict[str, Any]], None]) -> None:
    made = document(US)
    VALIDATOR.validate(made)
    spoil(made)
    assert not VALIDATOR.is_valid(made)


def test_written_results_are_read(tmp_path: Path) -> None:
    made = [document(US, day=day) for day in (2, 1)]
    for one in made:
        results.write(one, results.place(one, tmp_path))
    found = results.read_all([tmp_path])
    assert [one.document for one in found] == made[::-1]
    assert results.newest(results.by_cpu(found)["intel-6-106-xeon-1234"])["peers"].date[:10] == (
        "2026-01-02"
    )
    assert found[0].path.relative_to(tmp_path).parts[:2] == ("intel-6-106-xeon-1234", "peers")
    longest = max(found[0].path.read_text(encoding="ascii").splitlines(), key=len)
    assert longest.count(",") >= ROUNDS - 1  # samples stay on one line


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"a": {}},
        {"a": [], "b": [{}]},
        {1: 2.5, 3: None},
        {"a": [[1, 2], {"b": [True]}, "\u00e9"]},
    ],
)
def test_written_as_json_has_it(tmp_path: Path, value: object) -> None:
    results.write({"value": value}, tmp_path / "x.json")
    text = (tmp_path / "x.json").read_text(encoding="ascii")
    assert json.loads(text) == json.loads(json.dumps({"value": value}))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', "{}"])
def test_what_is_no_result(tmp_path: Path, text: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(results.ResultError, match=r"result\.json"):
        results.read(path)


def test_report_writes_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What every bench does, in short."""
    monkeypatch.setattr(sys, "argv", ["x", "--rounds", "15", "--save", str(tmp_path)])
    bench = report.Report("smoke", "Doc.", seconds=0.0001)
    work = paired.repeated(lambda: sum(range(100)), 1)
    run = bench.run({"python": work, "other": work})
    bench.add("sum", run, ["other"], batch=3)
    reached = run.speedup("python", "other")
    judged = bench.judge("sum", "verify one", goals.CREDENTIALS, reached, goals.BARE)
    assert [one["required"] for one in judged] == [1.12]
    bench.lacks("something", "a reason")
    assert bench.finish() in (0, 1)
    (one,) = results.read_all([tmp_path])
    VALIDATOR.validate(one.document)
    assert one.path == results.place(one.document, tmp_path)
    assert one.ours == list(sx.available_backends())
    assert one.document["leftOut"][-1] == "something: a reason"
    assert len(one.document["operations"][0]["rounds"]["ns"]["other"]) == 15
    assert "times of" in capsys.readouterr().out


def test_what_belongs_to_no_commit_is_not_stored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "_commit", lambda: ("0" * 40, True))
    monkeypatch.setattr(sys, "argv", ["bench", "--save"])
    with pytest.raises(SystemExit):
        report.Report("smoke", "Doc.")
    assert "figures of a commit, and files differ" in capsys.readouterr().err


def test_pytest_benchmark_becomes_a_result() -> None:
    found = importlib.util.spec_from_file_location("bench_conftest", BENCHES / "conftest.py")
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    made: dict[str, Any] = {
        "benchmarks": [
            {
                "name": f"bench_x25519[{who}-8]",
                "extra_info": {"backend": who, "n": 8, "unit": "batch"},
                "stats": {"min": 16e-6, "median": 24e-6, "rounds": 15},
            }
            for who in ("python", "library")
        ]
    }
    module.pytest_benchmark_update_json(None, [], made)
    VALIDATOR.validate(made)
    (one,) = made["operations"]
    assert one["operation"] == "x25519, batch 8"
    assert one["summary"]["library"] == {"minNs": 2000, "medianNs": 3000, "unpairedRounds": 15}


X86 = """processor\t: 0
vendor_id\t: {}
cpu family\t: {}
model\t\t: {}
model name\t: {}
stepping\t: 1
flags\t\t: fpu

processor\t: 1
"""
ARM = """processor\t: 0
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: {}
CPU revision\t: 0
"""


@pytest.mark.parametrize(
    ("cpuinfo", "name", "title"),
    [
        (
            X86.format("AuthenticAMD", 25, 17, "AMD EPYC"),
            "amd-25-17-epyc",
            "AMD EPYC (cpu family 25, model 17)",
        ),
        (
            X86.format("AuthenticAMD", 25, 1, "AMD EPYC 7763 64-Core Processor"),
            "amd-25-1-epyc-7763",
            "AMD EPYC 7763 (cpu family 25, model 1)",
        ),
        (
            X86.format("GenuineIntel", 6, 106, "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz"),
            "intel-6-106-xeon-platinum-8370c",
            "Intel Xeon Platinum 8370C (cpu family 6, model 106)",
        ),
        (ARM.format("0xd49"), "arm-8-0xd49-neoverse-n2", "Neoverse N2 (cpu family 8, model 0xd49)"),
        (ARM.format("0xfff"), "arm-8-0xfff", "ARM (cpu family 8, model 0xfff)"),
    ],
)
def test_cpu_names(cpuinfo: str, name: str, title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_facts.platform, "system", lambda: "Linux")
    monkeypatch.setattr(cpu_facts.Path, "read_text", lambda _: cpuinfo)
    facts = cpu_facts.facts()
    assert cpu_facts.name(facts) == name
    assert cpu_facts.title(facts) == title
    assert re.fullmatch(SCHEMA["$defs"]["machine"]["properties"]["cpuName"]["pattern"], name)


def test_cpu_name_of_apple(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"machdep.cpu.brand_string": "Apple M1 (Virtual)", "hw.cpufamily": "458787763"}
    monkeypatch.setattr(cpu_facts.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(cpu_facts, "_sysctl", lambda key: told.get(key, ""))
    assert cpu_facts.name(cpu_facts.facts()) == "apple-458787763-m1-virtual"


def test_cpu_name_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_facts.platform, "system", lambda: "Windows")
    told = "Intel64 Family 6 Model 85 Stepping 7, GenuineIntel"
    monkeypatch.setattr(cpu_facts.platform, "processor", lambda: told)
    assert cpu_facts.name(cpu_facts.facts()) == "intel-6-85"


def test_cpu_name_of_this_machine() -> None:
    assert cpu_facts.name(cpu_facts.facts())
