"""Wire formats: what the primitives cannot do is refused before a backend sees it."""

from dataclasses import replace
from typing import Any

import pytest

import sphinxcore as sx


def schedule(**sizes: int) -> tuple[tuple[str, int], ...]:
    """NYM's key schedule with other sizes."""
    return tuple((name, sizes.get(name, size)) for name, size in sx.NYM.key_schedule)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_hops", 0),
        ("alpha_size", 31),
        ("mac_size", 33),
        ("mac_size", 0),
        ("flag_size", 2),
        ("version_size", 1),
        ("address_size", 33),
        ("delay_size", 4),
        ("identifier_size", 0),
        ("forward_flag", 256),
        ("payload_seed_size", 192),
        ("minimum_payload_size", 32),
        ("default_version", -1),
        ("key_schedule", schedule(stream_key=15)),
        ("key_schedule", schedule(payload_key=64)),
        ("key_schedule", schedule(blinding_factor=31)),
        ("key_schedule", schedule(mac_key=0)),
        ("key_schedule", schedule(replay_tag=65)),
    ],
)
def test_values_out_of_range(name: str, value: Any) -> None:
    with pytest.raises(sx.SphinxError, match="must be in"):
        replace(sx.NYM, **{name: value})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key_schedule": sx.NYM.key_schedule[1:]}, "parts of a key schedule must be"),
        ({"key_schedule": sx.NYM.key_schedule[:1] * 5}, "parts of a key schedule must be"),
        ({"zero_prefix_size": 33}, "room for the zero prefix"),
        ({"identifier_size": 25}, "61 bytes do not fit into the 60 bytes"),
        ({"final_flag": sx.NYM.forward_flag}, "must differ"),
        ({"explicit_payload_key_versions": frozenset(range(9))}, "at most 8 versions"),
    ],
)
def test_parts_that_do_not_fit(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(sx.SphinxError, match=reason):
        replace(sx.NYM, **changes)


def test_limits_are_allowed(backend_name: str) -> None:
    """A format at several limits at once works, with the same packets on every backend."""
    wire = replace(
        sx.NYM,
        max_hops=2,
        mac_size=32,
        version_size=2,
        identifier_size=40,
        payload_seed_size=191,
        zero_prefix_size=32,
        key_schedule=schedule(mac_key=64, replay_tag=64),
        explicit_payload_key_versions=frozenset(range(8)),
    )
    keys = [sx.PrivateKey.generate() for _ in range(2)]
    route = [sx.Hop(bytes([i]) * 32, key.public_key, 5) for i, key in enumerate(keys)]
    options = {"destination": bytes(32), "identifier": bytes(40), "wire_format": wire}
    for version in (7, 8):
        packet = sx.build_packet(
            route, b"x", version=version, payload_size=99, backend=backend_name, **options
        )
        for name in (backend_name, "python"):
            row = sx.Processor(keys[0], backend=name, wire_format=wire).process([packet])[0]
            assert (row.status, row.delay_ns) == (sx.Status.FORWARD, 5)
            last = sx.Processor(keys[1], backend=name, wire_format=wire).process([row.packet])[0]
            assert sx.recover_message(last.payload, wire_format=wire) == b"x"
            assert last.identifier == bytes(40)
