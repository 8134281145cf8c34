"""README.md lists the negative tests: no number without a test, and the errors that tests expect."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from refusals import NEGATIVE

HERE = Path(__file__).parent
README = (HERE / "README.md").read_text(encoding="ascii")
NUMBERS = {*range(1, 75)}
"""All that the scheme asks for."""


def _listed() -> dict[int, set[str]]:
    """The errors of each number in the README's tables."""
    rows = re.findall(r"^\| (\d\d) \| [^|]+ \| ([^|]*)\|$", README, re.MULTILINE)
    assert len({number for number, _ in rows}) == len(rows)
    return {int(number): set(re.findall(r"`(\w+)`", errors)) for number, errors in rows}


def _tested() -> dict[int, set[str]]:
    """The errors that the tests of each number name; each test must count what it sees refused."""
    found = defaultdict(set)
    for path in sorted(HERE.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="ascii"))):
            if isinstance(node, ast.FunctionDef) and (match := NEGATIVE.match(node.name)):
                arguments = {argument.arg for argument in node.args.args}
                assert arguments & {"negative", "verifier"}, f"{path.name}: {node.name}"
                errors = expected(ast.unparse(node))
                for number in match[1].rstrip("_").split("_"):
                    found[int(number)] |= errors
    return found


def expected(source: str) -> set[str]:
    """Names of errors in a test, but that of all errors."""
    errors = set(re.findall(r"\bcr\.(\w+Error)\b", source)) - {"CredentialError"}
    return errors | ({"DecodeError", "LengthError"} if "is_no_encoding" in source else set())


def test_readme_lists_the_tests() -> None:
    assert _listed() == _tested()


def test_every_number_is_told() -> None:
    """Those that are not here are named as such."""
    absent = {
        int(number)
        for cells in re.findall(r"^\| ([\d ]+) \| [^|]+ \|$", README, re.MULTILINE)
        for number in cells.split()
    }
    assert not absent & _listed().keys()
    assert absent | _listed().keys() == NUMBERS
