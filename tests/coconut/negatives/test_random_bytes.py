"""Any bytes give each decoder a value that encodes to them again, or a typed refusal."""

import os
import random
from collections.abc import Callable, Iterator, Mapping

import pytest
from coconut_fields import ATTRIBUTES, HEADER_SIZE
from coconut_messages import Message

import credentials as cr

COUNT = int(os.environ.get("SPHINXCORE_TEST_STRINGS", "100000"))
"""Number of strings of the slow run, for each decoder and on each backend."""


def _strings(message: Message, count: int, seed: int) -> Iterator[bytes]:
    """Random bytes, alone or after a right beginning, and messages with a few changes."""
    draw = random.Random(f"{message.name} {seed}")
    raw = message.raw
    header = 0 if message.name == ATTRIBUTES else HEADER_SIZE
    prefixes = [header, header, header + 40, len(raw) // 2, len(raw) - 33]
    for _ in range(count):
        match draw.randrange(8):
            case 0:
                yield draw.randbytes(draw.randrange(400))
            case 1 | 2 | 3:
                start = raw[: draw.choice(prefixes)]
                yield start + draw.randbytes(draw.randrange(2 * len(raw)))
            case 4 | 5:
                start = raw[: draw.choice(prefixes)]
                yield start + draw.randbytes(len(raw) - len(start))
            case _:
                changed = bytearray(raw)
                for _ in range(draw.randrange(1, 4)):
                    changed[draw.randrange(len(changed))] = draw.choice([0, 1, 255, 128, 3])
                yield bytes(changed)


@pytest.mark.parametrize("count", [1000, pytest.param(COUNT, marks=pytest.mark.slow, id="all")])
def test_random_bytes(
    messages: Mapping[str, Message], count: int, count_strings: Callable[[str, int], None]
) -> None:
    for message in messages.values():
        refused = 0
        for raw in _strings(message, count, count):
            try:
                found = message.decode(raw)
            except cr.CredentialError:
                refused += 1
            else:
                again = found.attribute_bytes() if message.name == ATTRIBUTES else found.to_bytes()
                assert again == raw, f"{message.name}: {raw.hex()}"
        assert 0 < refused <= count
        count_strings(message.name, count)
