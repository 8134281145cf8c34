"""The vector files are under test themselves: schema-valid, numbered, documented."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

import vectors

SCHEMAS: dict[str, Any] = {
    path.name: json.loads(path.read_text(encoding="ascii"))
    for path in sorted((vectors.VECTORS / "schema").iterdir())
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
FILES = [path.relative_to(vectors.VECTORS) for path in vectors.files()]
GOOD = {"forward", "deliver"}


def read(file: Path) -> Any:
    return json.loads((vectors.VECTORS / file).read_text(encoding="ascii"))


@pytest.fixture(params=FILES, ids=str)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def validate(document: Any) -> None:
    schema = SCHEMAS[document["schema"]]
    jsonschema.Draft202012Validator(schema, registry=REGISTRY).validate(document)


def test_there_are_files_of_every_kind() -> None:
    folders = {file.parent.as_posix() for file in FILES}
    releases = ("sphinx_packet_0_6_0", "sphinx_packet_0_8_0", "nym_1_21_6", "nym_2_0_0")
    peers = {f"peers/{release}" for release in releases}
    assert folders == {"sphinx", "credentials", "primitives", *peers}


def test_file_is_valid(file: Path) -> None:
    validate(read(file))


def test_cases_are_numbered(file: Path) -> None:
    cases = vectors.load(file)
    assert [case.tc_id for case in cases] == list(range(1, len(cases) + 1))


def test_flags_are_documented(file: Path) -> None:
    used = {flag for case in vectors.load(file) for flag in case.flags}
    assert used == set(read(file)["notes"])


def test_result_agrees_with_status(file: Path) -> None:
    for case in vectors.load(file):
        rows = case.fields.get("rows", [case.fields])
        statuses = {row["status"] for row in rows if "status" in row}
        assert not statuses or (case.result == "valid") == (statuses <= GOOD), case.id


def test_form_is_canonical(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(vectors.VECTORS)
    render = importlib.import_module("document").render
    text = (vectors.VECTORS / file).read_bytes().decode("ascii")
    assert text == render(json.loads(text))


def test_provenance_is_told() -> None:
    readme = (vectors.VECTORS / "README.md").read_text(encoding="ascii")
    rows = [line for line in readme.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([^`]+\.json)`", row)]
    assert sorted(named) == sorted(file.as_posix() for file in FILES)


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_valid_and_used(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == name
    assert name == "common.schema.json" or name in {read(file)["schema"] for file in FILES}


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_lists_every_member(name: str) -> None:
    def check(schema: object, where: str) -> None:
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                assert "additionalProperties" in schema, where
                assert schema["additionalProperties"] is not True, where
            for key, value in schema.items():
                check(value, f"{where}/{key}")
        if isinstance(schema, list):
            for i, value in enumerate(schema):
                check(value, f"{where}/{i}")

    check(SCHEMAS[name], name)


def mistakes() -> list[Any]:
    """Each is one thing wrong with a good file."""

    def unknown_member(case: Any) -> None:
        case["replaytag"] = case["replayTag"]

    def missing_member(case: Any) -> None:
        del case["nextHop"]

    def member_of_another_status(case: Any) -> None:
        case["destination"] = case["nextHop"]

    def odd_hex(case: Any) -> None:
        case["packet"] = case["packet"][1:]

    def capital_hex(case: Any) -> None:
        case["replayTag"] = case["replayTag"].upper()

    def wrong_length(case: Any) -> None:
        case["replayTag"] += "00"

    def unknown_status(case: Any) -> None:
        case["status"] = "bad-mac"

    def wrong_result(case: Any) -> None:
        case["result"] = "invalid"

    def number_for_uint64(case: Any) -> None:
        case["delayNs"] = int(case["delayNs"])

    return [mistake for name, mistake in locals().items() if callable(mistake)]


@pytest.mark.parametrize("mistake", mistakes(), ids=lambda mistake: mistake.__name__)
def test_mistakes_are_found(mistake: Any) -> None:
    document = read(Path("sphinx/process.json"))
    case = document["testGroups"][0]["tests"][0]
    assert case["status"] == "forward"
    validate(document)
    mistake(case)
    with pytest.raises(jsonschema.ValidationError):
        validate(document)


def test_no_tests_is_an_error(tmp_path: Path) -> None:
    for count, groups in ((0, []), (0, [{"tests": []}]), (1, [{"tests": []}])):
        path = tmp_path / "empty.json"
        path.write_text(json.dumps({"numberOfTests": count, "testGroups": groups}))
        with pytest.raises(ValueError, match="tests"):
            vectors.load(path)


@pytest.mark.parametrize("name", ["generate.py", "generate_credentials.py"])
def test_ours_are_what_is_generated(name: str) -> None:
    done = subprocess.run(
        [sys.executable, vectors.VECTORS / name, "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
