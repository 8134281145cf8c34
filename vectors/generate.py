"""Write vectors/sphinx/ with the `python` backend; --check compares instead.

All random bytes, the library's own included, are SHAKE-128("sphinxcore vectors v1" || label):
the same code writes the same bytes.
"""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from accumulated import HEADER, accumulate
from document import Fields, File
from parties import (
    ALPHA,
    KEY_SIZE,
    MAC,
    REGULAR,
    ROUTING,
    WHOLE,
    WIRE,
    build,
    drawn_by_library,
    flip,
    forge,
    inputs,
    intermediate,
    outcome,
    private_key,
    process,
    put,
    recipient,
    refuse,
    result,
    route,
    travel,
)
from stream import Stream
from update import update

import sphinxcore as sx

FOLDER = Path(__file__).resolve().parent / "sphinx"
BACKEND = "python"

SMALLEST, ACK, EXTENDED = WIRE.minimum_payload_size, 38, 8209
UNKNOWN_VERSIONS = (0, 2, 256, 261, 0x8000, 0xFFFF)

P = 2**255 - 19
ORDER_8 = (
    0x00B8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0,
    0x57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F,
)
LOW_ORDER = [u | top for u in (0, 1, *ORDER_8, P - 1, P, P + 1) for top in (0, 1 << 255)]


def process_file() -> File:
    file = File(
        "SphinxProcess",
        "sphinx_process",
        "One node: private key and packet in; status, replay tag and what comes out.",
        "replayTag is that of stage 1: authentic packets have one even if stage 2 rejects them.",
        "A delivered payload without message has lost its padding.",
    )
    for version, hops in ((259, 3), (259, 1), (258, 3), (258, 1), (260, 3), (1, 3)):
        where = f"v{version} {'forward' if hops > 1 else 'final'}"
        case = inputs(f"process {where}", version, hops, ACK, 12)
        packet = build(case, f"process {where}")
        key = private_key(case["hops"][0])
        public = key.public_key.to_bytes()
        file.group(privateKey=key.to_bytes().hex(), publicKey=public.hex())

        add = partial(_add_packet, file, where, key)
        add("as built", [], packet, intermediate=intermediate(key, packet, version))
        add("top bit of alpha flipped", ["TopBitAlpha"], flip(packet, ALPHA.stop - 1, 7))
        add("last byte of the payload", ["FlippedPayload"], flip(packet, len(packet) - 1, 0))
        for byte in (0, ALPHA.stop - 1):
            add(f"alpha, byte {byte}", ["FlippedAlpha"], flip(packet, byte, 0))
        for byte in (MAC.start, MAC.stop - 1):
            add(f"MAC, byte {byte - MAC.start}", ["FlippedMac"], flip(packet, byte, 7))
        for byte in (ROUTING.start, ROUTING.start + WIRE.slot_size, ROUTING.stop - 1):
            comment = f"routing information, byte {byte - ROUTING.start}"
            add(comment, ["FlippedRouting"], flip(packet, byte, 3))
        if version == 259:
            _more_of_one_node(add, key, packet, Stream(f"process {where} forged"), hops > 1)
    return file


def _add_packet(
    file: File,
    where: str,
    key: sx.PrivateKey,
    comment: str,
    flags: list[str],
    packet: bytes,
    **more: Fields,
) -> None:
    fields, _ = process(key, packet)
    fields = {"packet": packet.hex(), **result(fields), **fields, **more}
    file.add(f"{where}: {comment}", flags, fields)


def _more_of_one_node(
    add: Callable[..., None], key: sx.PrivateKey, packet: bytes, rest: Stream, forward: bool
) -> None:
    """What does not depend on the version, or makes its own."""
    flag = WIRE.forward_flag if forward else WIRE.final_flag
    base = (9).to_bytes(KEY_SIZE, "little")

    def layer(flag: int = flag, version: bytes = WIRE.encode_version(259)) -> bytes:
        return bytes([flag]) + version

    for byte in range(WIRE.mac_size):
        for bit in (0, 7):
            add(f"MAC byte {byte} bit {bit}", ["FlippedMac"], flip(packet, MAC.start + byte, bit))
    for byte in range(1, WIRE.routing_size, 13):
        changed = flip(packet, ROUTING.start + byte, byte % 8)
        add(f"routing information byte {byte}", ["FlippedRouting"], changed)
    for byte in range(1, WIRE.alpha_size, 5):
        add(f"alpha byte {byte}", ["FlippedAlpha"], flip(packet, byte, byte % 7))
    for size in (
        0,
        1,
        31,
        32,
        WIRE.header_size - 1,
        WIRE.header_size,
        WIRE.minimum_packet_size - 1,
    ):
        add(f"{size} bytes", ["BadLength"], packet[:size])
    for size in (WIRE.payload_overhead, SMALLEST - 2, SMALLEST - 1):
        add(f"payload of {size} bytes", ["ShortPayload"], packet[: WIRE.header_size + size])
    for u in LOW_ORDER:
        alpha = u.to_bytes(KEY_SIZE, "little")
        forged = forge(key, alpha, layer(), rest, ACK)
        add(f"alpha {alpha.hex()}", ["LowOrderAlpha"], forged)
    for u in (2, 9, 18):
        for value, flags in ((u, []), (u + P, ["NonCanonicalAlpha"])):
            alpha = value.to_bytes(KEY_SIZE, "little")
            comment = f"alpha is {u}{' + p' if flags else ''}"
            add(comment, flags, forge(key, alpha, layer(), Stream("alpha is small"), ACK))
    for wrong in (0, 3, WIRE.forward_flag | 0x80, 0xFF):
        add(f"flag {wrong}", ["BadRoutingFlag"], forge(key, base, layer(wrong), rest, ACK))
    for version in ("000001", "000101", "000102", "000104", "00ffff", "010102", "ff0103"):
        forged = forge(key, base, layer(version=bytes.fromhex(version)), rest, ACK)
        add(f"version bytes {version}", ["OtherVersion"], forged)
    for delay in (0, 2**63, 2**64 - 1) if forward else ():
        address = rest.read(WIRE.address_size)
        timed = layer() + address + delay.to_bytes(WIRE.delay_size, "big")
        add(f"delay {delay}", ["DelayLimits"], forge(key, base, timed, rest, ACK))


def batch_file() -> File:
    file = File(
        "SphinxBatch",
        "sphinx_batch",
        "Batches of packets for one node with the private keys in this order, each with a new",
        "replay filter. key: the key to try, -1 for all in order; keyIndex: the one that fit.",
    )
    cases = [inputs(f"batch {i}", (259, 258, 260)[i % 3], 2, ACK, 12) for i in range(3)]
    one, two, stranger = (build(case, f"batch {i}") for i, case in enumerate(cases))
    keys = [private_key(case["hops"][0]) for case in cases[:2]]
    file.group(privateKeys=[key.to_bytes().hex() for key in keys])
    processor = sx.Processor(keys)

    def add(comment: str, flags: list[str], rows: list[tuple[bytes, int]]) -> None:
        hints = np.array([hint for _, hint in rows], np.int8)
        opened = processor.authenticate([packet for packet, _ in rows], hints)
        tags = opened.replay_tags.copy()
        unwrapped = opened.unwrap(sx.ReplayFilter().add(opened))
        written = []
        for (packet, hint), tag, row in zip(rows, tags, unwrapped, strict=True):
            fields = outcome(row, tag.tobytes())
            if row.key_index is not None:
                fields["keyIndex"] = row.key_index
            written.append({"packet": packet.hex(), "key": hint, **fields})
        file.add(comment, flags, {"rows": written, **result(*written)})

    add("one packet", [], [(one, 0)])
    add("both keys, all tried", ["KeyRotation"], [(one, -1), (two, -1)])
    add("both keys, as hinted", ["KeyRotation"], [(one, 0), (two, 1)])
    add("a hint is binding", ["KeyRotation"], [(one, 1), (two, 0), (two, 1)])
    add("a packet for neither key", ["KeyRotation"], [(one, -1), (stranger, -1), (two, -1)])
    add("a packet twice", ["Replay"], [(one, -1), (two, -1), (one, -1), (one, 0)])
    twin = flip(one, ALPHA.stop - 1, 7)
    add("its twin with the top bit of alpha", ["Replay", "TopBitAlpha"], [(twin, 0), (one, 0)])
    other_payload = flip(one, len(one) - 1, 0)
    add("the same header, another payload", ["Replay"], [(one, 0), (other_payload, 0)])
    bad = flip(one, MAC.start, 0)
    add("a rejected packet does not enter", ["Replay", "FlippedMac"], [(bad, 0), (one, 0)])
    short = one[: WIRE.header_size + SMALLEST - 1]
    add("a short payload uses up the tag", ["Replay", "ShortPayload"], [(short, 0), (one, 0)])
    sized = []
    for i, size in enumerate((REGULAR, SMALLEST, 1000, ACK, 100, REGULAR)):
        case = inputs(f"batch size {i}", 259, 1 + i % 2, size, 5)
        case["hops"][0] = cases[i % 2]["hops"][0]
        sized.append((build(case, f"batch size {i}"), (-1, i % 2)[i // 3]))
    add("mixed sizes", ["MixedSizes"], sized)
    cuts = (0, WIRE.minimum_packet_size - 1, WIRE.header_size + SMALLEST - 1)
    mixed = []
    for (packet, hint), cut in zip(sized[3:], cuts, strict=True):
        mixed += [(packet[:cut], hint), sized[len(mixed) // 2]]
    add("cut ones before whole ones", ["MixedSizes", "BadLength", "ShortPayload"], mixed)
    return file


def build_file() -> File:
    file = File(
        "SphinxBuild",
        "sphinx_build",
        "Packets, and what each hop of the route makes of them.",
        "The library draws initialSecret, then finalPadding.",
    )
    file.group()

    def add(version: int, hops: int, size: int, message: int, *flags: str) -> None:
        comment = f"v{version}, {hops} hops, payload {size}, message {message}"
        case = inputs(comment, version, hops, size, message)
        packet = build(case, comment)
        put(case, "packet", packet, WHOLE)
        case["result"] = "valid"
        case["outcomes"], payload = travel(case, packet)
        if sx.recover_message(payload).hex() != case["message"]:
            raise SystemExit(f"{comment}: the message was lost")
        file.add(comment, flags, case)

    def refused(comment: str, flag: str, hops: int, size: int, message: int) -> None:
        case = inputs(comment, 259, hops, size, message)
        case["initialSecret"] = Stream(f"library {comment}").read(KEY_SIZE).hex()
        refuse(comment, lambda: build(dict(case), comment))
        file.add(comment, [flag], {**case, "result": "invalid"})

    for hops in range(1, WIRE.max_hops + 1):
        for version in (258, 259, 260):
            for size, room in ((SMALLEST, 0), (ACK, 1), (REGULAR, 100)):
                add(version, hops, size, size - WIRE.payload_overhead - room)
        for version in (1, 257):
            add(version, hops, ACK, 10, "LegacyVersion")
    for version in UNKNOWN_VERSIONS:
        add(version, 2, ACK, 10, "UnknownVersion")
    for version in (258, 259):
        add(version, 4, EXTENDED, 600, "ExtendedPayload")
    add(259, 4, ACK, 0)
    refused("no hops", "RouteLength", 0, ACK, 5)
    refused("six hops", "RouteLength", WIRE.max_hops + 1, ACK, 5)
    for size in (0, WIRE.payload_overhead, SMALLEST - 1):
        refused(f"payload size {size}", "PayloadSize", 2, size, 0)
    refused("a message one byte too long", "LongMessage", 2, ACK, ACK - WIRE.payload_overhead + 1)
    return file


def _surb(label: str, version: int, hops: int, size: int) -> tuple[Fields, sx.Surb, bytes]:
    """A SURB, and its recovery material if it has any."""
    case = inputs(label, version, hops, size, 16)
    if version != WIRE.recoverable_surb_version:
        surb = drawn_by_library(
            case,
            label,
            lambda: sx.build_surb(route(case), **recipient(case), version=version),
        )
        return case, surb, b""
    surb, recovery = drawn_by_library(
        case, label, lambda: sx.build_recoverable_surb(route(case), **recipient(case))
    )
    return case, surb, recovery.to_bytes()


def surb_file() -> File:
    file = File(
        "SphinxSurb",
        "sphinx_surb",
        "SURBs made, used with message, and what each hop makes of the reply.",
        "The library draws initialSecret, then finalPadding.",
        "In version 260 the final payload is still sealed: recovery opens it to message.",
    )
    file.group()
    for version in (258, 259, 260):
        for hops, size in [(n, ACK) for n in range(1, WIRE.max_hops + 1)] + [(4, REGULAR)]:
            comment = f"SURB v{version}, {hops} hops, payload {size}"
            case, surb, recovery = _surb(comment, version, hops, size)
            case["surb"] = surb.to_bytes().hex()
            message = bytes.fromhex(case["message"])
            packet, first_hop = surb.use(message, payload_size=size)
            case["firstHop"] = first_hop.hex()
            put(case, "packet", packet, WHOLE)
            case["outcomes"], payload = travel(case, packet)
            flags = {258: ["WholeKeys"], 259: [], 260: ["Recoverable"]}[version]
            if recovery:
                case["recovery"] = recovery.hex()
                recovered = sx.SurbRecovery.from_bytes(recovery).recover(payload)
            else:
                recovered = sx.recover_message(payload)
            if recovered != message:
                raise SystemExit(f"{comment}: the message was lost")
            file.add(comment, flags, {**case, "result": "valid"})
    return file


def surb_parse_file() -> File:
    file = File(
        "SphinxSurbParse",
        "sphinx_surb_parse",
        "Bytes taken as a SURB; where they are one, the reply packet with message.",
    )
    stream = Stream("surb_parse")
    message = stream.read(12)
    file.group(message=message.hex(), payloadSize=ACK)
    fixed = WIRE.header_size + WIRE.address_size
    keys = WIRE.secret_part("payload_key")
    sizes = {"seeds": WIRE.payload_seed_size, "keys": keys.stop - keys.start}

    def add(comment: str, flags: list[str], raw: bytes, **more: str | int) -> None:
        if more:
            packet, first_hop = sx.Surb.from_bytes(raw).use(message, payload_size=ACK)
            more |= {"firstHop": first_hop.hex(), "packet": packet.hex(), "result": "valid"}
        else:
            refuse(comment, lambda: sx.Surb.from_bytes(raw))
            more = {"result": "invalid"}
        file.add(comment, flags, {"surb": raw.hex(), **more})

    for material, size in sizes.items():
        for count in range(1, WIRE.max_hops + 1):
            flags = ["WholeKeys"] if material == "keys" else []
            raw = stream.read(fixed + count * size)
            add(f"{count} {material}", flags, raw, material=material, count=count)
            add(f"{count} {material} and 1 byte", ["MaterialLength"], raw + b"\0")
        add(f"6 {material}", ["MaterialCount"], stream.read(fixed + 6 * size))
    for length in (0, 1, WIRE.header_size, fixed - 1, fixed, fixed + 15):
        add(f"{length} bytes", ["MaterialLength"], stream.read(length))
    return file


def surb_recovery_file() -> File:
    file = File(
        "SphinxRecovery",
        "sphinx_recovery",
        "Final payloads of replies to version 260 SURBs, and the creator's recovery material.",
    )
    file.group()

    def add(comment: str, flags: list[str], recovery: bytes, payload: bytes) -> None:
        fields = {"recovery": recovery.hex(), "payload": payload.hex()}

        def recover() -> bytes:
            return sx.SurbRecovery.from_bytes(recovery).recover(payload)

        if flags:
            refuse(comment, recover)
            fields["result"] = "invalid"
        else:
            fields |= {"result": "valid", "message": recover().hex()}
        file.add(comment, flags, fields)

    for hops in range(1, WIRE.max_hops + 1):
        comment = f"{hops} hops"
        case, surb, recovery = _surb(f"recovery {comment}", 260, hops, ACK)
        packet, _ = surb.use(bytes.fromhex(case["message"]), payload_size=ACK)
        _, payload = travel(case, packet)
        add(comment, [], recovery, payload)
        if hops == 1:  # the layers cancel, whatever the seed is: the payload is in the clear
            continue
        for byte in (WIRE.identifier_size, len(recovery) - 1):
            changed = flip(recovery, byte, 0)
            add(f"{comment}, recovery byte {byte}", ["WrongSeeds"], changed, payload)
        for byte in (0, len(payload) - 1):
            changed = flip(payload, byte, 0)
            add(f"{comment}, payload byte {byte}", ["FlippedPayload"], recovery, changed)
    seed = recovery[-WIRE.payload_seed_size :]
    for size in (0, WIRE.identifier_size, len(recovery) - 1):
        add(f"recovery of {size} bytes", ["RecoveryLength"], recovery[:size], payload)
    add("six seeds", ["RecoveryLength"], recovery + seed, payload)
    for size in (0, WIRE.payload_overhead, SMALLEST - 1):
        add(f"payload of {size} bytes", ["ShortPayload"], recovery, payload[:size])
    return file


def accumulated_file(packets: int) -> File:
    file = File("SphinxAccumulated", "sphinx_accumulated", *HEADER)
    file.group()
    fields = {"packets": packets, "sha256": accumulate(packets, BACKEND), "result": "valid"}
    file.add(f"{packets} packets", ["Damaged"], fields)
    return file


FILES: dict[str, Callable[[], File]] = {
    "process.json": process_file,
    "batch.json": batch_file,
    "build.json": build_file,
    "surb.json": surb_file,
    "surb_parse.json": surb_parse_file,
    "surb_recovery.json": surb_recovery_file,
    "accumulated_100.json": lambda: accumulated_file(100),
    "accumulated_10000.json": lambda: accumulated_file(10_000),
}
SLOW = {"accumulated_10000.json"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare and change nothing")
    parser.add_argument("--slow", action="store_true", help="check the slow files too")
    arguments = parser.parse_args()
    os.environ["SPHINXCORE_BACKEND"] = BACKEND
    left_out = SLOW if arguments.check and not arguments.slow else set()
    return update(FOLDER, FILES, check=arguments.check, left_out=left_out)


if __name__ == "__main__":
    sys.exit(main())
