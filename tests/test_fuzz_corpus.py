"""The fuzz targets hold for their corpus and for some inputs made from it; `make fuzz` does more."""

import random
import sys
from collections.abc import Iterator

import pytest
from fuzz.make_corpus import CORPUS, seeds
from fuzz.target import Target
from fuzz.targets import PLANTED, TARGETS

HARNESSES = ("c_hop", "c_primitives")
MAX_CORPUS_SIZE = 300_000


def corpus(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def inputs(target: Target) -> Iterator[bytes]:
    """Random bytes, and changed inputs of the corpus."""
    draw = random.Random(target.name)
    known = corpus(target.name)
    for i in range(target.quick):
        if i % 4 == 0:
            raw = draw.randbytes(draw.randrange(draw.choice((8, 40, target.max_size)) + 1))
        else:
            changed = bytearray(draw.choice(known))
            for _ in range(draw.choice((1, 1, 2, 5))):
                at, size = draw.randrange(len(changed) + 1), draw.choice((0, 1, 1, 2, 8))
                other = draw.choice((draw.randbytes(size), b"\0" * size, b"\xff" * size))
                changed[at : at + draw.choice((0, size, size, size + 1))] = other
            raw = bytes(changed)
        yield raw[: target.max_size]


@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str) -> None:
    target = TARGETS[name]
    known = corpus(name)
    assert known
    for raw in known:
        assert len(raw) <= target.max_size
        target.run(raw)
    for raw in inputs(target):
        try:
            target.run(raw)
        except Exception as error:
            error.add_note(f"input of {name}: {raw.hex()}")
            raise


def test_planted_fault_is_found() -> None:
    """As everything else, without luck: an input of another target's corpus is enough."""
    (target,) = PLANTED.values()
    with pytest.raises(Exception, match="planted"):
        for raw in corpus("node_address_bytes"):
            target.run(raw)


def test_corpus_is_what_make_corpus_writes() -> None:
    made = seeds()
    assert made.keys() == {*TARGETS, *HARNESSES} == {path.name for path in CORPUS.iterdir()}
    for name, files in made.items():
        kept = {path.name: path.read_bytes() for path in (CORPUS / name).glob("seed_*")}
        assert kept == files
    assert (
        sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < MAX_CORPUS_SIZE
    )


def test_without_atheris_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from fuzz import run

    monkeypatch.setitem(sys.modules, "atheris", None)
    monkeypatch.setattr(sys, "argv", ["run.py"])
    assert run.main() == 2
    assert "nothing is fuzzed" in capsys.readouterr().err
