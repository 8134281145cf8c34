"""No file of Nym's crates is missing, and none has lost cases."""

from nym_vectors import TOTALS

from vectors import VECTORS, files, load


def test_every_case_is_counted() -> None:
    names = [path.relative_to(VECTORS).as_posix() for path in files()]
    found = {name: len(load(name)) for name in names if name.startswith("peers/nym_")}
    assert found == TOTALS
    assert sum(TOTALS.values()) == 748
