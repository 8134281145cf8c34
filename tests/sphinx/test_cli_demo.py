"""`sphinxcore demo`: a small run, and that it fails when something is wrong."""

import json
import os
import select
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import sphinxcore as sx
from sphinxcore.cli import machine, main, mixnet, peers, trial
from vectors import VECTORS

PACKETS = 100
PEERS = VECTORS / "peers"  # an installed package does not have them
CHECKS = {
    "messages": PACKETS,
    "replies": trial.REPLIES,
    "replays": trial.REPLAYS,
    "header_bits": trial.HEADER_FLIPS,
    "payload_bits": trial.PAYLOAD_FLIPS,
}


def run(capsys: pytest.CaptureFixture[str], *arguments: str, expect: int = 0) -> dict[str, Any]:
    """The document of a demo with --json."""
    code = main(["demo", "--json", "--packets", str(PACKETS), *arguments])
    out, err = capsys.readouterr()
    assert err == ""
    document: dict[str, Any] = json.loads(out)
    assert code == expect
    assert document["passed"] is (code == 0)
    return document


@pytest.fixture
def no_peers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As after `pip install` of a wheel."""
    monkeypatch.setattr(peers, "DIRECTORY", tmp_path / "site-packages" / "vectors" / "peers")


def test_a_small_run(backend_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = run(
        capsys,
        "--backend",
        backend_name,
        "--threads",
        "2",
        "--batch-size",
        "64",
        "--peer-vectors",
        str(PEERS),
    )
    assert document["version"] == sx.__version__
    assert document["cpu"]["model"]
    assert document["mixnet"] == {
        "packets": PACKETS,
        "packet_size": 2413,
        "packet_version": 259,
        "hops": 4,
        "threads": 2,
        "batch_size": 64,
        "delays": "simulated",
        "mean_delay_ns_per_mix_node": 15_000_000,
    }
    (backend,) = document["backends"]
    assert backend["name"] == backend_name
    assert backend["build_packets_per_second"] > 0
    assert len(backend["hop_packets_per_second"]) == mixnet.HOPS
    assert min(backend["hop_packets_per_second"]) > 0
    # The mean of 100 sums of three delays: 45 ms, standard deviation 2.6 ms.
    assert 25e6 < backend["mean_delay_ns_per_packet"] < 65e6
    assert backend["checks"] == {
        name: {"passed": total, "total": total, "failures": []} for name, total in CHECKS.items()
    }
    agreement = backend["peers"]
    assert agreement["differences"] == []
    assert agreement["agree"] == agreement["compared"] > 1000
    assert agreement["refused"] == agreement["to_refuse"] > 0
    assert document["peers"]["sources"] == ["sphinx-packet 0.6.0", "sphinx-packet 0.8.0"]


def test_all_backends_unless_one_is_chosen(
    monkeypatch: pytest.MonkeyPatch, no_peers: None, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SPHINXCORE_BACKEND", raising=False)
    every = run(capsys)
    assert [backend["name"] for backend in every["backends"]] == list(sx.available_backends())
    monkeypatch.setenv("SPHINXCORE_BACKEND", "python")
    one = run(capsys)
    assert [backend["name"] for backend in one["backends"]] == ["python"]


def test_one_packet(no_peers: None, capsys: pytest.CaptureFixture[str]) -> None:
    document = run(capsys, "--packets", "1")
    checks = document["backends"][0]["checks"]
    assert [checks[name]["total"] for name in ("messages", "replies", "replays")] == [1, 1, 1]


def test_plain_lines_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--peer-vectors", str(PEERS)]
    assert main(["demo", "--packets", str(PACKETS), "--backend", "python", *where]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "\x1b" not in out and "\r" not in out
    assert out.isascii()
    lines = out.splitlines()
    assert max(len(line) for line in lines if machine.cpu_model() not in line) <= 80
    assert "Packets made by sphinx-packet 0.6.0 and sphinx-packet 0.8.0" in lines
    assert "  python    ok     100 of 100 messages arrived unchanged and on schedule" in lines
    assert any("50 of 50 replays caught" in line for line in lines)
    assert any("Delays are simulated" in line for line in lines)
    table = [line.split() for line in lines if line.startswith("  python  ")][-1]
    assert len(table) == 2 + mixnet.HOPS
    assert all(float(rate.replace(",", "")) > 0 for rate in table[1:])
    assert lines[-1] == "All checks passed."


def test_the_peers_packets_are_not_installed(
    no_peers: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--packets", "1", "--backend", "python"]) == 0
    out = capsys.readouterr().out
    assert "Not compared: the peers' packets are not here" in out
    assert "--peer-vectors" in out
    document = run(capsys, "--backend", "python", "--packets", "1")
    assert document["peers"] is None
    assert document["backends"][0]["peers"] is None


def change(directory: Path, flag: str, name: str, value: Any) -> str:
    """Change a field of the first case with a flag; the case's name in what is reported."""
    path = directory / "sphinx_packet_0_8_0" / "process.json"
    document = json.loads(path.read_text())
    case = next(
        case
        for group in document["testGroups"]
        for case in group["tests"]
        if flag in case["flags"] and name in case
    )
    assert case[name] != value
    case[name] = value
    path.write_text(json.dumps(document))
    return f"sphinx-packet 0.8.0, process.json tcId {case['tcId']} ({case['comment']})"


@pytest.mark.parametrize(
    ("flag", "name", "value"),
    [
        ("TopBitAlpha", "nextHop", "00" * 32),
        ("TopBitAlpha", "delayNs", "17"),
        ("TopBitAlpha", "replayTag", "00" * 32),
        ("TopBitAlpha", "nextPacket", ""),
        ("FlippedMac", "status", "forward"),
        ("LowOrderAlpha", "status", "forward"),
        ("BadRoutingFlag", "replayTag", "00" * 32),
        ("SwappedFlag", "payload", "00"),
    ],
)
def test_a_disagreement_with_the_peers(
    flag: str, name: str, value: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = "sphinx_packet_0_8_0"
    (tmp_path / release).mkdir()
    shutil.copy(PEERS / release / "process.json", tmp_path / release)
    case = change(tmp_path, flag, name, value)
    document = run(
        capsys, "--peer-vectors", str(tmp_path), "--backend", "python", "--packets", "1", expect=1
    )
    (difference,) = document["backends"][0]["peers"]["differences"]
    assert difference.startswith(case)
    assert difference.endswith(f"another {name}")


def test_a_disagreement_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = PEERS / "sphinx_packet_0_8_0"
    shutil.copytree(source, tmp_path / source.name)
    case = change(tmp_path, "TopBitAlpha", "nextHop", "00" * 32)
    arguments = ["--peer-vectors", str(tmp_path), "--backend", "python", "--packets", "1"]
    assert main(["demo", *arguments]) == 1
    out = capsys.readouterr().out
    assert f"    {case}: hop 1 of 1 gives FORWARD, another nextHop\n" in out
    assert "  python    FAILED " in out
    assert out.endswith("Some checks failed: see the lines with FAILED.\n")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"testGroups": [{}]}', None])
def test_files_that_are_no_vectors(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "peer").mkdir()
    if content is not None:
        (tmp_path / "peer" / "process.json").write_text(content)
    assert main(["demo", "--peer-vectors", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"sphinxcore: {tmp_path}") and err.count("\n") == 1


Breakage = Callable[[sx.BatchResult], None]


def forget_replays(result: sx.BatchResult) -> None:
    result.status[result.status == sx.Status.REPLAYED] = sx.Status.FORWARD


def accept_bad_macs(result: sx.BatchResult) -> None:
    result.status[result.status == sx.Status.BAD_MAC] = sx.Status.DELIVER


def lose_packets(result: sx.BatchResult) -> None:
    result.status[:] = sx.Status.BAD_MAC


def lose_the_next_hop(result: sx.BatchResult) -> None:
    result.next_hops[:] = 0


def delay_longer(result: sx.BatchResult) -> None:
    result.delays_ns[result.status == sx.Status.FORWARD] += np.uint64(1)


def change_payloads(result: sx.BatchResult) -> None:
    result.buffer.reshape(len(result), -1)[:, -1] ^= 1


def change_identifiers(result: sx.BatchResult) -> None:
    result.identifiers[:, 0] ^= 1


def change_destinations(result: sx.BatchResult) -> None:
    result.destinations[:, 0] ^= 1


def change_versions(result: sx.BatchResult) -> None:
    result.versions[:] = sx.NYM.default_version + 1


@pytest.mark.parametrize(
    ("breakage", "failing"),
    [
        (forget_replays, "replays"),
        (accept_bad_macs, "header_bits"),
        (lose_packets, "messages"),
        (lose_the_next_hop, "messages"),
        (delay_longer, "replies"),
        (change_payloads, "messages"),
        (change_identifiers, "messages"),
        (change_destinations, "replies"),
        (change_versions, "messages"),
    ],
)
def test_a_node_that_errs_is_found_out(
    breakage: Breakage,
    failing: str,
    no_peers: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    right = mixnet.Node.process

    def wrong(node: mixnet.Node, packets: npt.NDArray[np.uint8]) -> sx.BatchResult:
        result = right(node, packets)
        breakage(result)
        return result

    monkeypatch.setattr(mixnet.Node, "process", wrong)
    document = run(capsys, "--backend", sx.available_backends()[0], "--packets", "20", expect=1)
    check = document["backends"][0]["checks"][failing]
    assert check["failures"] and check["passed"] == check["total"] - len(check["failures"])


def test_a_message_in_a_damaged_payload_is_found_out(
    no_peers: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = sx.recover_message

    def wrong(payload: bytes) -> bytes:
        try:
            return right(payload)
        except sx.SphinxError:
            return b"anything"

    monkeypatch.setattr(sx, "recover_message", wrong)
    document = run(capsys, "--backend", "python", "--packets", "1", expect=1)
    check = document["backends"][0]["checks"]["payload_bits"]
    assert len(check["failures"]) == CHECKS["payload_bits"]


def test_many_failures_are_cut_short(
    no_peers: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = mixnet.Node.process

    def wrong(node: mixnet.Node, packets: npt.NDArray[np.uint8]) -> sx.BatchResult:
        result = right(node, packets)
        result.status[:] = sx.Status.BAD_MAC
        return result

    monkeypatch.setattr(mixnet.Node, "process", wrong)
    assert main(["demo", "--packets", "20", "--backend", "python"]) == 1
    out = capsys.readouterr().out
    assert "  python    FAILED 0 of 20 messages arrived" in out
    assert "    message 0: BAD_MAC at hop 1\n" in out
    assert "    and 15 more\n" in out


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_progress_on_a_terminal(no_peers: None) -> None:
    import pty

    # The child runs in a new process: a fork of this one would take its threads' locks along.
    code = "import sys; from sphinxcore.cli import main; sys.exit(main())"
    command = [sys.executable, "-P", "-c", code, "demo", "--packets", "100", "--backend", "python"]
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    process = os.posix_spawn(
        sys.executable,
        command,
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, slave, 1), (os.POSIX_SPAWN_DUP2, slave, 2)],
    )
    os.close(slave)
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            part = os.read(master, 4096)
        except OSError:  # Linux: the other side was closed
            break
        if not part:
            break
        shown += part
    os.close(master)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    text = shown.decode()
    assert "%" in text and "\x1b[2K" in text  # a bar, drawn and wiped
    assert "messages arrived unchanged" in text
    assert "Traceback" not in text
