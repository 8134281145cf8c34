"""No file of Nym's crates goes without a test, and none has lost cases."""

from nym_vectors import TOTALS
from own_files import NYM, names_of

from vectors import load


def test_every_case_is_counted() -> None:
    files = [name for algorithm in NYM for name in names_of(algorithm)]
    assert sorted(files) == sorted(TOTALS)
    assert {file: len(load(file)) for file in files} == TOTALS
    assert sum(TOTALS.values()) == 748
