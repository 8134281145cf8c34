"""The node's side of the files under vectors/: packets, and the messages in final payloads."""

import numpy as np
import pytest
from cases import LOW_ORDER_ALPHA, MOD_L, Got
from own_files import expected, name_of, names_of, node_case, skip_of
from report import Report
from running import accepted_or_none
from tally import Tally

import sphinxcore as sx
from sphinxcore import NYM, Status
from vectors import load

SKIPS = {
    "peers/sphinx_packet_0_6_0/process.json": {MOD_L: 4, LOW_ORDER_ALPHA: 40},
    "peers/sphinx_packet_0_8_0/process.json": {LOW_ORDER_ALPHA: 40},
}


@pytest.mark.parametrize("file", names_of("SphinxProcess"))
def test_process(file: str, backend_name: str, tally: Tally) -> None:
    cases = load(file)
    report = Report(file, map(name_of, cases), backend_name, tally)
    report.process([node_case(case) for case in cases])
    for case in cases:
        if (skip := skip_of(case)) == LOW_ORDER_ALPHA:
            assert case.fields["status"] == "bad_public_value"
            report.skip(name_of(case), skip)
    report.finish(len(cases), SKIPS.get(file, {}))


@pytest.mark.parametrize("file", names_of("SphinxBatch"))
def test_batch(file: str, backend_name: str, tally: Tally) -> None:
    """Batches at a node with several keys and a replay filter."""
    cases = load(file)
    report = Report(file, map(name_of, cases), backend_name, tally)
    for case in cases:
        keys = [sx.PrivateKey.from_bytes(bytes.fromhex(key)) for key in case.fields["privateKeys"]]
        rows = case.fields["rows"]
        opened = sx.Processor(keys, backend=backend_name).authenticate(
            [bytes.fromhex(row["packet"]) for row in rows], [row["key"] for row in rows]
        )
        stage_1 = [
            (Status(int(status)), tag.tobytes())
            for status, tag in zip(opened.status, opened.replay_tags, strict=True)
        ]
        result = opened.unwrap(sx.ReplayFilter().add(opened))
        for i, (wanted, found, row) in enumerate(zip(rows, stage_1, result, strict=True)):
            report.compare(
                name_of(case), expected(wanted, mod_l=False), Got(*found, row), f"row {i}: "
            )
            same = row.key_index == wanted.get("keyIndex")
            report.check(name_of(case), same, f"row {i}: key index is {row.key_index}")
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("SphinxKeySchedule"))
def test_key_schedule(file: str, backend_name: str, tally: Tally) -> None:
    """From a shared secret to the keys of a hop."""
    cases = load(file)
    report = Report(file, map(name_of, cases), backend_name, tally)
    parts = {
        "streamKey": "stream_key",
        "macKey": "mac_key",
        "payloadKey": "payload_key",
        "blindingFactor": "blinding_factor",
        "replayTag": "replay_tag",
    }
    assert set(parts.values()) == {name for name, _ in NYM.key_schedule}
    for case in cases:
        shared = np.frombuffer(case.bytes("sharedSecret"), np.uint8).reshape(1, -1)
        secret = sx.batch.hkdf_sha256(
            shared, info=NYM.secret_info, size=NYM.secret_size, backend=backend_name
        ).tobytes()
        for member, part in parts.items():
            same = secret[NYM.secret_part(part)] == case.bytes(member)
            report.check(name_of(case), same, f"{member} differs")
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("SphinxMessage"))
def test_recover_message(file: str, backend_name: str, tally: Tally) -> None:
    cases = load(file)
    report = Report(file, map(name_of, cases), backend_name, tally)
    for case in cases:
        payload = case.bytes("payload")
        message = accepted_or_none(lambda payload=payload: sx.recover_message(payload))
        wanted = case.bytes("message") if case.result == "valid" else None
        report.check(name_of(case), message == wanted, f"the message is {message!r}")
    report.finish(len(cases), {})
