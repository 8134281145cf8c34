"""Key rotations: their bytes and ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network import DETERMINISTIC
from report import Report
from shared_files import shared
from tally import Tally

import sphinxcore as sx
from sphinxcore.nym.rotation import UNKNOWN_ROTATION_ID, KeyRotation, rotation_id

FRAMING = "nym2_framing.json"


def test_rotation_ids_of_the_crates(tally: Tally) -> None:
    cases = shared(FRAMING, "rotation_ids")
    report = Report(f"{FRAMING} rotation_ids", [str(c["rotation_id"]) for c in cases], "nym", tally)
    for case in cases:
        found = KeyRotation.of_id(case["rotation_id"])
        report.check(str(case["rotation_id"]), found == case["byte"], f"is {found}")
    report.finish(10, {})


@pytest.mark.parametrize("number", [-1, UNKNOWN_ROTATION_ID + 1])
def test_ids_have_32_bits(number: int) -> None:
    with pytest.raises(sx.SphinxError, match="rotation_id"):
        KeyRotation.of_id(number)


@DETERMINISTIC
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(3, 1000))
def test_rotations_follow_each_other(epoch: int, initial: int, validity: int) -> None:
    found = rotation_id(epoch, initial, validity)
    assert found == (0 if epoch < initial else (epoch - initial) // validity)


def test_epochs_per_rotation() -> None:
    assert [rotation_id(epoch, 100) for epoch in (0, 100, 123, 124, 147, 148)] == [0, 0, 0, 1, 1, 2]
    with pytest.raises(sx.SphinxError, match="validity"):
        rotation_id(5, 0, 2)
    with pytest.raises(TypeError, match="epoch"):
        rotation_id("5", 0)  # type: ignore[arg-type]
