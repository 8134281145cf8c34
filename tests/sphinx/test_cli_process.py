"""`sphinxcore process`, against the library."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import sphinxcore as sx
from sphinxcore import write_key
from sphinxcore.cli import main, process

# Whoever runs the tests may have told their processes to ignore SIGINT.
MAIN = """
import signal, sys
from sphinxcore.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""
RUN = [sys.executable, "-P", "-c", MAIN]
PAYLOAD_SIZE = 100
PACKET_SIZE = sx.NYM.packet_size(PAYLOAD_SIZE)
DESTINATION = b"d" * sx.NYM.address_size
IDENTIFIER = b"i" * sx.NYM.identifier_size
NEXT_HOP = b"n" * sx.NYM.address_size
DELAY_NS = 2**64 - 1


class Node:
    """A node with a key file, and packets for it."""

    def __init__(self, directory: Path) -> None:
        self.key = sx.PrivateKey.generate()
        self.key_file = directory / f"{self.key.public_key.to_bytes().hex()[:8]}.key"
        write_key(self.key_file, self.key)

    def packet(self, message: bytes, *, final: bool = False) -> bytes:
        hops = [sx.Hop(bytes(sx.NYM.address_size), self.key.public_key, DELAY_NS)]
        if not final:
            hops.append(sx.Hop(NEXT_HOP, sx.PrivateKey.generate().public_key))
        return sx.build_packet(
            hops,
            message,
            destination=DESTINATION,
            identifier=IDENTIFIER,
            payload_size=PAYLOAD_SIZE,
        )


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def unwrap(
    packets: bytes,
    keys: list[Path],
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
    expect: int = 0,
) -> tuple[list[dict[str, Any]], str]:
    """Run the command on these bytes: its lines, and what it says on standard error."""
    key_options = [part for path in keys for part in ("--key", str(path))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packets)))
        code = main(["process", *key_options, "--packet-size", str(PACKET_SIZE), *arguments])
    out, err = capsys.readouterr()
    assert code == expect, err
    return [json.loads(line) for line in out.splitlines()], err


def damaged(packet: bytes) -> bytes:
    at = sx.NYM.alpha_size
    return packet[:at] + bytes([packet[at] ^ 1]) + packet[at + 1 :]


def test_every_outcome(
    node: Node, tmp_path: Path, backend_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    forward, final = node.packet(b"on its way"), node.packet(b"hello", final=True)
    spoilt = final[:-1] + bytes([final[-1] ^ 1])
    other = node.packet(b"another", final=True)
    packets = [forward, damaged(forward), final, forward, bytes(PACKET_SIZE), spoilt, other]
    out = tmp_path / "sent-on"
    lines, _ = unwrap(
        b"".join(packets), [node.key_file], capsys, "--backend", backend_name, "--out", str(out)
    )
    rows = sx.Processor(node.key, backend="python").process(packets)
    assert [line["index"] for line in lines] == list(range(len(packets)))
    assert [line["status"] for line in lines] == [
        "FORWARD",
        "BAD_MAC",
        "DELIVER",
        "REPLAYED",
        "BAD_PUBLIC_VALUE",
        "REPLAYED",  # the same header as `final`
        "DELIVER",
    ]
    tag, message = rows[0].replay_tag, b"hello"
    assert lines[0] == {
        "index": 0,
        "status": "FORWARD",
        "version": sx.NYM.default_version,
        "key_index": 0,
        "replay_tag": tag.hex() if tag else None,
        "next_hop": NEXT_HOP.hex(),
        "delay_ns": DELAY_NS,
    }
    assert lines[1] == {"index": 1, "status": "BAD_MAC"}
    assert lines[2]["destination"] == DESTINATION.hex()
    assert lines[2]["identifier"] == IDENTIFIER.hex()
    assert lines[2]["message"] == message.hex()
    assert sx.recover_message(bytes.fromhex(lines[2]["payload"])) == message
    assert lines[3]["replay_tag"] == lines[0]["replay_tag"]
    assert out.read_bytes() == rows[0].packet


def test_a_payload_without_a_message(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    final = node.packet(b"hello", final=True)
    (line,), _ = unwrap(final[:-1] + bytes([final[-1] ^ 1]), [node.key_file], capsys)
    assert line["status"] == "DELIVER"
    assert line["message"] is None
    assert len(bytes.fromhex(line["payload"])) == PAYLOAD_SIZE


def test_key_rotation(node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    previous = Node(tmp_path)
    packets = node.packet(b"new", final=True) + previous.packet(b"old", final=True)
    lines, _ = unwrap(packets, [node.key_file, previous.key_file], capsys)
    assert [(line["key_index"], line["message"]) for line in lines] == [
        (0, b"new".hex()),
        (1, b"old".hex()),
    ]


def test_more_packets_than_a_batch(
    node: Node,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(process, "BATCH_BYTES", 4 * PACKET_SIZE - 1)
    packets = [node.packet(bytes([i])) for i in range(7)]
    out = tmp_path / "sent-on"
    replayed = b"".join([*packets, packets[0]])
    lines, _ = unwrap(replayed, [node.key_file], capsys, "--out", str(out))
    assert [line["index"] for line in lines] == list(range(8))
    assert [line["status"] for line in lines] == ["FORWARD"] * 7 + ["REPLAYED"]
    expected = sx.Processor(node.key).process(packets)
    assert out.read_bytes() == expected.buffer.tobytes()


def test_no_packets(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    assert unwrap(b"", [node.key_file], capsys) == ([], "")


@pytest.mark.parametrize("rest", [1, PACKET_SIZE - 1])
def test_a_partial_packet_is_an_error_after_the_whole_ones(
    rest: int, node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    packets = node.packet(b"one", final=True) + node.packet(b"two", final=True)
    cut = node.packet(b"three")[:rest]
    lines, err = unwrap(packets + cut, [node.key_file], capsys, expect=2)
    assert [line["message"] for line in lines] == [b"one".hex(), b"two".hex()]
    assert err == f"sphinxcore: the input ends inside a packet: {rest} of {PACKET_SIZE} bytes\n"


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--packet-size", "364", "364 is not in the range 365<=x<=1048576"),
        ("--backend", "mmx", "there is no backend 'mmx'"),
        ("--out", "none/sent-on", "none/sent-on: No such file or directory"),
        ("--key", "none.key", "none.key: No such file or directory"),
        ("--key", ".", ".: Is a directory"),
    ],
)
def test_wrong_options_are_one_line(
    option: str,
    value: str,
    reason: str,
    node: Node,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    lines, err = unwrap(b"", [node.key_file], capsys, option, value, expect=2)
    assert lines == []
    assert reason in err and err.count("\n") == 1


def test_a_terminal_is_no_input(
    node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert main(["process", "--key", str(node.key_file), "--packet-size", "400"]) == 2
    assert "packets are read from standard input" in capsys.readouterr().err


def start(node: Node) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*RUN, "process", "--key", str(node.key_file), "--packet-size", str(PACKET_SIZE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_slow_pipe_is_not_held_back(node: Node) -> None:
    with start(node) as running:
        assert running.stdin and running.stdout and running.stderr
        for i in range(3):
            packet = node.packet(bytes([i]), final=True)
            for part in (packet[:200], packet[200:]):
                running.stdin.write(part)
                running.stdin.flush()
                time.sleep(0.01)
            line = json.loads(running.stdout.readline())
            assert (line["index"], line["message"]) == (i, bytes([i]).hex())
        running.stdin.close()
        assert running.wait(10) == 0
        assert running.stderr.read() == b""


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_reader_that_goes_away(node: Node) -> None:
    with start(node) as running:
        assert running.stdin and running.stdout and running.stderr
        running.stdout.close()
        with pytest.raises(BrokenPipeError):
            while True:
                running.stdin.write(bytes(100 * PACKET_SIZE))
        assert running.wait(10) == 141
        assert running.stderr.read() == b""
        with pytest.raises(BrokenPipeError):
            running.stdin.close()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupted(node: Node) -> None:
    with start(node) as running:
        assert running.stdin and running.stdout and running.stderr
        running.stdin.write(node.packet(b"one"))
        running.stdin.flush()
        running.stdout.readline()  # it is up
        time.sleep(0.5)  # and waits for more: a signal just before that would not end the wait
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 130
        assert running.stderr.read() == b""
