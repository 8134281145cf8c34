"""Reading and writing frames beside Processor.process of the packets in them, in percent.

A stream comes in pieces, as from a socket. Reading takes the frames of each piece as a node needs
them: the packets and their key rotations. Writing makes frames of what process() gave for them.
"""

import sys
from collections.abc import Iterator

import _cpu
import _rounds
import _work
import numpy as np
from _report import TROUBLE, Report
from _rounds import Run, Timed

import sphinxcore as sx
from sphinxcore.nym.frames import FrameDecoder, Frames, encode_frames
from sphinxcore.nym.rotation import KeyRotation
from sphinxcore.nym.sizes import PacketSize

PACKETS = 1024
KINDS = ("regular", "regular and ack, 1:1")
VERSIONS = (7, 8)
PIECES = (1 << 16, 1 << 20)


class FramesError(Exception):
    """What was read or written is not what was sent."""


def packets(key: sx.PrivateKey, kind: str) -> list[bytes]:
    """Packets for the node with this key, which all go on."""
    regular = _work.packets(key, PACKETS)
    if kind == KINDS[0]:
        return [row.tobytes() for row in regular]
    acks = sx.build_packets(
        [_work.route(key)] * PACKETS,
        [bytes(PacketSize.ACK.plaintext_size)] * PACKETS,
        destination=_work.DESTINATION,
        payload_size=PacketSize.ACK.payload_size,
    )
    return [(acks if i % 2 else regular)[i].tobytes() for i in range(PACKETS)]


def contenders(
    processor: sx.Processor, sent: list[bytes], version: int, size: int
) -> dict[str, Timed]:
    """Decoder, encoder and processor, each on all pieces of one stream."""
    stream = encode_frames(sent, version=version, key_rotation=KeyRotation.ODD)
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    decoder = FrameDecoder()

    def read() -> Iterator[Frames]:
        for piece in pieces:
            found = decoder.feed(piece)
            _ = found.packets, found.key_rotations
            yield found

    def decode() -> None:
        for _ in read():
            pass

    found = list(read())
    if [frame.packet for one in found for frame in one] != sent:
        raise FramesError("other packets were read than were sent")
    results = [processor.process(one.packets) for one in found]
    outputs = [result.packets for result in results]
    rotations = [one.key_rotations for one in found]

    def write() -> Iterator[bytes]:
        for rows, rotation in zip(outputs, rotations, strict=True):
            yield encode_frames(rows, version=version, key_rotation=rotation)

    def encode() -> None:
        for _ in write():
            pass

    def process() -> None:
        for one, result in zip(found, results, strict=True):
            processor.process(one.packets, out=result)

    for result in results:
        if not np.all(result.status == sx.Status.FORWARD):
            raise FramesError("a packet does not go on")
    forwarded = [bytes(row) for rows in outputs for row in rows]
    back = FrameDecoder().feed(b"".join(write()))
    if [frame.packet for frame in back] != forwarded:
        raise FramesError("other frames were written than were to be sent")
    return {
        "decode": _rounds.repeated(decode, PACKETS),
        "encode": _rounds.repeated(encode, PACKETS),
        "process": _rounds.repeated(process, PACKETS),
    }


def percent(run: Run, name: str) -> float:
    """Of the time of process(): the median of the rounds."""
    return 100 / run.speedup(name, "process")


def table(title: str, run: Run) -> str:
    """As text."""
    lines = [f"\n{title} ({run.verdict})", f"  {'':<10}{'us':>9}{'%':>8}"]
    for name in run.rounds[0].ns:
        lines.append(f"  {name:<10}{run.median(name) / 1000:>9.3f}{percent(run, name):>8.2f}")
    return "\n".join(lines)


def main() -> int:
    report = Report("frames", __doc__, ours=("decode", "encode"))
    report.machine["core"] = _cpu.pin()
    report.machine["batch"] = PACKETS
    backend = report.backends[0]
    key = sx.PrivateKey.generate()
    processor = sx.Processor(key, backend=backend)
    try:
        for kind in KINDS:
            sent = packets(key, kind)
            for version in VERSIONS:
                for size in PIECES:
                    name = f"{kind}, version {version}, pieces of {size >> 10} KiB"
                    run = report.run(contenders(processor, sent, version, size))
                    print(table(f"{name}, {backend}", run), flush=True)
                    report.add(name, run, ["process"], backend=backend)
                    for what in ("decode", "encode"):
                        text = f"{what} {name}, %"
                        report.judge(text, "framing", backend, percent(run, what))
        return report.finish()
    except (FramesError, OSError) as error:
        print(error, file=sys.stderr)
        return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
