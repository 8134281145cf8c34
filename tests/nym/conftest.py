"""A store of SURBs in memory, and its clock."""

from collections.abc import Iterator

import pytest
from clock import Clock
from stored_surbs import START

from sphinxcore.nym.surb_store import SurbStore


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def store(clock: Clock) -> Iterator[SurbStore]:
    with SurbStore(clock=clock) as made:
        yield made
