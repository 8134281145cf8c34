"""What check_dist says of wheels that are not as they should be."""

import zipfile
from pathlib import Path

import pytest
from check_dist import check_wheel, packaged

PURE = "sphinxcore-1-py3-none-any.whl"
NATIVE = "sphinxcore-1-cp311-cp311-manylinux_2_17_x86_64.whl"
MODULE = "sphinxcore/_native.cpython-311-x86_64-linux-gnu.so"


def problems_of(folder: Path, name: str, files: set[str], module: bytes = b"MZ") -> list[str]:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for file in sorted(files | {"sphinxcore-1.dist-info/RECORD"}):
            archive.writestr(file, module if file == MODULE else b"")
    return check_wheel(folder / name)


def test_whole_wheels_have_no_problems(tmp_path: Path) -> None:
    assert problems_of(tmp_path, PURE, packaged()) == []
    assert problems_of(tmp_path, NATIVE, packaged() | {MODULE}) == []


@pytest.mark.parametrize("file", ["sphinxcore/py.typed", "credentials/cli/__init__.py"])
def test_missing_file_is_named(tmp_path: Path, file: str) -> None:
    assert problems_of(tmp_path, PURE, packaged() - {file}) == [f"lacks {file}"]


@pytest.mark.parametrize("file", ["sphinxcore/_native.pyx", "tests/conftest.py", "setup.py"])
def test_other_file_is_named(tmp_path: Path, file: str) -> None:
    assert problems_of(tmp_path, PURE, packaged() | {file}) == [f"must not hold {file}"]


def test_native_wheel_is_one_with_the_module(tmp_path: Path) -> None:
    assert problems_of(tmp_path, PURE, packaged() | {MODULE}) == ["holds 1 native modules"]
    assert problems_of(tmp_path, NATIVE, packaged()) == ["holds 0 native modules"]


def test_path_in_the_module_is_shown(tmp_path: Path) -> None:
    module = b"MZ\0/home/somebody/x.h\0"
    problems = problems_of(tmp_path, NATIVE, packaged() | {MODULE}, module)
    assert problems == ["the module has the path /home/somebody/x.h"]
