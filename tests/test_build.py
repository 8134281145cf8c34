"""Building and packaging: what is said when something is wrong, and what must agree."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import sphinxcore as sx

ROOT = Path(__file__).resolve().parent.parent


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="ascii"))


@pytest.mark.parametrize("value", ["", "0", "AUTO", "portable"])
def test_unknown_native_names_the_choices(value: str) -> None:
    run = subprocess.run(
        [sys.executable, "setup.py", "--version"],
        cwd=ROOT,
        env=os.environ | {"SPHINXCORE_NATIVE": value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stdout == ""
    message = f"SPHINXCORE_NATIVE must be one of auto, require, off, not {value!r}"
    assert run.stderr.splitlines()[-1] == message


def test_make_refuses_old_python(tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    old.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "sys.version_info = (3, 10, 4, 'final', 0)\n"
        "sys.argv = sys.argv[1:]\n"
        "exec(sys.argv[1])\n"
    )
    old.chmod(0o755)
    environment = {name: v for name, v in os.environ.items() if not name.startswith("MAKE")}
    run = subprocess.run(
        ["make", "--silent", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}", "test"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    message = f"sphinxcore needs Python >= 3.11, and {old} is 3.10: set PYTHON=python3.x"
    assert run.stderr.splitlines()[0] == message
    assert not (tmp_path / "venv").exists()


def test_every_package_is_listed() -> None:
    found = (path for name in ("sphinxcore", "credentials") for path in (ROOT / name).rglob("*.py"))
    folders = {path.parent for path in found if path.name == "__init__.py"}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert set(pyproject()["tool"]["setuptools"]["packages"]) == names


def test_build_group_is_what_a_build_requires() -> None:
    project = pyproject()
    assert project["dependency-groups"]["build"] == project["build-system"]["requires"]


def test_pythons_agree() -> None:
    """Classifiers, the linters' target and CI name the same versions."""
    project = pyproject()
    prefix = "Programming Language :: Python :: 3."
    named = project["project"]["classifiers"]
    minors = [int(name[len(prefix) :]) for name in named if name.startswith(prefix)]
    oldest = minors[0]
    assert project["project"]["requires-python"] == f">=3.{oldest}"
    assert project["tool"]["ruff"]["target-version"] == f"py3{oldest}"
    assert project["tool"]["mypy"]["python_version"] == f"3.{oldest}"
    versions = ", ".join(f'"3.{minor}"' for minor in minors)
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="ascii")
    assert f"python: [{versions}]\n" in workflow
    makefile = (ROOT / "Makefile").read_text(encoding="ascii")
    assert f"v >= (3, {oldest})" in makefile


def test_version_is_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="ascii")
    assert f"\n## {sx.__version__}, " in changelog
