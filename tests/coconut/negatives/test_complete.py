"""Every negative test of the scheme's page has a test here, but those of other parts."""

import ast
from collections import defaultdict
from pathlib import Path

from refusals import NEGATIVE

NUMBERS = {
    "encoding": {*range(1, 8)},
    "keys": {*range(8, 16), 55, 56, 74},
    "issuance": {*range(16, 27), 48, 50, 51, 62, 63, 71},
    "show": {*range(27, 36), 52, 64, 65, 66},
    "batch": {*range(36, 40), 53, 54, 67, 73},
    "generation": {*range(40, 46), 47, 49, *range(57, 62)},
    "python": {46, 68, 69, 70, 72},
}
"""The numbers of the page by its headings."""

ELSEWHERE = NUMBERS["generation"] | {26}
"""Distributed generation, and an issuer's store. Of 23, 50 and 51 half is here: what needs none."""


def _tests() -> dict[int, set[str]]:
    """Names of the negative tests by number; each must count what it sees refused."""
    found = defaultdict(set)
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (match := NEGATIVE.match(node.name)):
                arguments = {argument.arg for argument in node.args.args}
                assert arguments & {"negative", "verifier"}, f"{path.name}: {node.name}"
                for number in match[1].rstrip("_").split("_"):
                    found[int(number)].add(node.name)
    return found


def test_every_negative_is_there() -> None:
    page = set.union(*NUMBERS.values())
    assert sum(map(len, NUMBERS.values())) == len(page)
    assert page == {*range(1, 75)}
    assert set(_tests()) == page - ELSEWHERE
