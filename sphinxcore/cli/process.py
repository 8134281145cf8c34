"""`sphinxcore process`."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

import sphinxcore as sx

BATCH_BYTES = 1 << 20
LONGEST_PACKET = 1 << 20


@click.command()
@click.option(
    "--key",
    "key_files",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    metavar="FILE",
    help="Private key file, as keygen writes it; several under key rotation, current one first.",
)
@click.option(
    "--packet-size",
    type=click.IntRange(sx.NYM.minimum_packet_size, LONGEST_PACKET),
    required=True,
    metavar="N",
    help="Bytes of each packet.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File for what is to be sent on, packet after packet, in the order of the FORWARD lines.",
)
@click.option("--backend", metavar="NAME", help="Default: SPHINXCORE_BACKEND, else the best.")
def process(
    key_files: tuple[Path, ...], packet_size: int, out: Path | None, backend: str | None
) -> None:
    """Unwrap the packets on standard input.

    \b
    Writes one JSON object per packet and line to standard output:
      index, status    which packet, and what became of it: FORWARD, DELIVER or a reason
      version, key_index, replay_tag
      next_hop, delay_ns                              FORWARD
      destination, identifier, payload, message       DELIVER
    Bytes are in hex, delay_ns is an integer up to 2^64-1; what an outcome lacks is missing.
    message is null if the payload holds none (it was changed, or is a reply in version 260).

    Packets are taken as they arrive, and nothing is kept of them but their replay tags: a packet
    that comes twice is REPLAYED. The reasons are for logs; never send them to anyone.
    """
    keys = [sx.read_key(path) for path in key_files]
    processor = sx.Processor(keys, backend=backend)
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError("packets are read from standard input: redirect a file or a pipe")
    seen = sx.ReplayFilter()
    index = 0
    with contextlib.ExitStack() as files:
        sink = files.enter_context(open(out, "wb")) if out is not None else None
        for packets in _batches(sys.stdin.buffer, packet_size):
            opened = processor.authenticate(packets, packet_size=packet_size)
            rows = list(opened.unwrap(seen.add(opened)))
            if sink is not None:
                sink.write(b"".join([row.packet for row in rows if row.packet is not None]))
                sink.flush()
            lines = [json.dumps(_describe(index + i, row)) for i, row in enumerate(rows)]
            click.echo("\n".join(lines))
            index += len(rows)


def _batches(source: BinaryIO, packet_size: int) -> Iterator[bytes]:
    """Whole packets as they arrive, in batches of up to BATCH_BYTES.

    Raises SphinxError for a partial packet at the end.
    """
    size = max(1, BATCH_BYTES // packet_size) * packet_size
    pending = b""
    # One read of what is there, not a full batch: a slow pipe's packets are not held back.
    while chunk := source.read1(size - len(pending)):  # type: ignore[attr-defined]
        pending += chunk
        whole = len(pending) - len(pending) % packet_size
        if whole:
            yield pending[:whole]
            pending = pending[whole:]
    if pending:
        raise sx.SphinxError(
            f"the input ends inside a packet: {len(pending)} of {packet_size} bytes"
        )


def _describe(index: int, row: sx.Row) -> dict[str, Any]:
    """What one line says."""
    fields: dict[str, Any] = {
        "index": index,
        "status": row.status.name,
        "version": row.version,
        "key_index": row.key_index,
        "replay_tag": row.replay_tag,
        "next_hop": row.next_hop,
        "delay_ns": row.delay_ns,
        "destination": row.destination,
        "identifier": row.identifier,
        "payload": row.payload,
    }
    line = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in fields.items()
        if value is not None
    }
    if row.payload is not None:
        try:
            line["message"] = sx.recover_message(row.payload).hex()
        except sx.SphinxError:
            line["message"] = None
    return line
