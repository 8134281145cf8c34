"""No file under vectors/ goes without a test."""

from own_files import ALGORITHMS, algorithm_of

from vectors import VECTORS, files


def test_every_file_has_tests() -> None:
    found = {algorithm_of(path.relative_to(VECTORS).as_posix()) for path in files()}
    assert found == ALGORITHMS
