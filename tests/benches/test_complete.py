"""Every bench is run by `make bench` and told of in its README."""

import re

from bench_results import results

BENCHES = results.STORED.parent
NAMES = {path.stem.removeprefix("bench_") for path in BENCHES.glob("bench_*.py")}


def test_make_runs_every_bench() -> None:
    makefile = (BENCHES.parent / "Makefile").read_text(encoding="ascii")
    (listed,) = re.findall(r"^BENCHES := (.*)$", makefile, re.MULTILINE)
    assert sorted(listed.split()) == sorted(NAMES)


def test_readme_lists_every_bench() -> None:
    readme = (BENCHES / "README.md").read_text(encoding="ascii")
    assert sorted(re.findall(r"^\| `bench_(\w+)\.py` \|", readme, re.MULTILINE)) == sorted(NAMES)


def test_stored_results_are_of_benches() -> None:
    assert {one.bench for one in results.read_all([results.STORED])} <= NAMES
