"""No file under vectors/ goes without a test of the library that runs its cases."""

import ast
from pathlib import Path

import pytest
from own_files import algorithm_of

from vectors import VECTORS, files

TESTS = Path(__file__).resolve().parents[1]
MODEL = "test_vectors_model.py"
"""Runs cases on a model, not on the library."""
ENDS = {"finish", "end"}
"""What a test calls when all cases ran: it fails unless they did, and counts them."""


def algorithms_in(source: str) -> set[str]:
    """Whose files the tests in this source are parametrised with, if they end as they should."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        called = {one.func.attr for one in ast.walk(node) if _is_method_call(one)}
        if not called & ENDS:
            continue
        for decorator in node.decorator_list:
            for one in ast.walk(decorator):
                if isinstance(one, ast.Call) and ast.unparse(one.func) == "names_of":
                    found |= {ast.literal_eval(argument) for argument in one.args}
    return found


def _is_method_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def test_every_file_has_a_test() -> None:
    """Found in the sources of the tests: the same on every machine, whatever was selected."""
    sources = [path for path in TESTS.rglob("test_vectors*.py") if path.name != MODEL]
    tested = set().union(*(algorithms_in(path.read_text(encoding="ascii")) for path in sources))
    names = [path.relative_to(VECTORS).as_posix() for path in files()]
    assert [name for name in names if algorithm_of(name) not in tested] == []


@pytest.mark.parametrize(
    ("decorator", "definition", "counts"),
    [
        ("@mark('file', names_of('A'))", "def test_x(): report.finish()", True),
        ("@mark('file', [f for f in names_of('A')])", "def test_x(): cases.end()", True),
        ("@mark('file', names_of('A'))", "def test_x(): load(file)", False),
        ("@mark('file', names_of('A'))", "def x(): report.finish()", False),
        ("@mark('file', FILES)", "def test_x(): report.finish()", False),
        ("", "def test_x(): names_of('A'), report.finish()", False),
    ],
)
def test_what_counts_as_a_test(decorator: str, definition: str, counts: bool) -> None:
    assert algorithms_in(f"{decorator}\n{definition}") == ({"A"} if counts else set())
