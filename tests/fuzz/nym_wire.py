"""Targets: what stands on the wire: frames, addresses, gateway envelopes, acknowledgements."""

from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from fuzz.clients import CLIENT, seeded
from fuzz.target import Input, Targets, attempt, must_refuse, require

import sphinxcore as sx
from sphinxcore import nym
from sphinxcore.nym import base58
from sphinxcore.nym.acks import CONTENT_SIZE
from sphinxcore.nym.frames import UNREAD_LIMIT
from sphinxcore.nym.sizes import ACK_ADDRESS_SIZE, ACK_BLOCK_SIZE

TARGETS = Targets()

# Frames ---------------------------------------------------------------------------------------------


def read(pieces: Iterable[bytes]) -> tuple[list[Any], int]:
    """Frames and errors in order, and how many bytes wait; the columns must agree with the rows."""
    decoder = nym.FrameDecoder()
    found: list[Any] = []
    for piece in pieces:
        while True:
            try:
                frames = decoder.feed(piece)
            except nym.StreamError as error:
                refused = error.offset, str(error)
                if found and found[-1] == refused:  # the end of the stream, once more
                    return found, 0
                found.append(refused)
            else:
                if not frames:
                    break
                require_columns_agree(frames)
                found += frames
            piece = b""
    waiting = decoder.pending
    require((attempt(nym.StreamError, lambda: [decoder.close()]) is None) == bool(waiting), "close")
    return found, waiting


def require_columns_agree(frames: nym.Frames) -> None:
    rows = list(frames)
    require(frames.versions.tolist() == [row.version for row in rows], "versions")
    require(frames.key_rotations.tolist() == [row.key_rotation for row in rows], "key rotations")
    placed = frames.packets
    for row, start, size, tag in zip(
        rows, placed.offsets.tolist(), placed.sizes.tolist(), frames.sizes.tolist(), strict=True
    ):
        require(placed.data[start : start + size].tobytes() == row.packet, "packets")
        require(nym.PacketSize(tag).packet_size == size, "sizes")
    order = placed.sizes[placed.order].tolist()
    require(order == sorted(order), "rows of one size are not neighbours")


def check_stream(stream: bytes, cuts: Iterable[int]) -> None:
    """However a stream is cut it is read alike, and good frames are written as they came."""
    whole, waiting = read([stream])
    places = sorted({min(cut, len(stream)) for cut in cuts})
    pieces = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    require(read(pieces) == (whole, waiting), "cut, it is read otherwise")
    at = 0
    for frame in whole:
        if not isinstance(frame, nym.Frame):
            break
        written = nym.encode_frames(
            [frame.packet], version=frame.version, key_rotation=frame.key_rotation
        )
        require(stream.startswith(written, at), "written, it is another frame")
        at += len(written)
    else:
        require(len(stream) == at + waiting, "bytes were lost")


@TARGETS(max_size=9000)
def frames(raw: bytes) -> None:
    """Two bytes for each of three cuts, and a stream."""
    data = Input(raw)
    cuts = [data.number(2) for _ in range(3)]
    check_stream(data.rest(), cuts)


@TARGETS(max_size=160)
def frame_script(raw: bytes) -> None:
    """A stream of frames that are described: header, and how much of the packet there is."""
    data = Input(raw)
    cuts = [data.number(2) for _ in range(4)]
    parts = []
    while data and len(parts) < 20:
        version, tag, *_ = header = data.bytes(4)
        try:
            size = nym.PacketSize(tag).packet_size
        except ValueError:
            size = 0
        odd = data.number()  # 128: the whole packet
        filler = seeded(f"packet {tag}", size + 127)[: max(size + odd - 128, 0)]
        parts += [header[: 3 if version == 7 else 4], filler]
    check_stream(b"".join(parts), cuts)


@TARGETS(max_size=64, quick=100)
def unread_frames(raw: bytes) -> None:
    """Behind an Outfox frame, a decoder holds no more than its limit, whatever it is fed."""
    data = Input(raw)
    packet = bytes(nym.PacketSize.ACK.packet_size)
    decoder = nym.FrameDecoder()
    outfox = nym.encode_frames([packet] * 2, packet_type=nym.PacketType.OUTFOX)
    attempt(nym.StreamError, decoder.feed, outfox)
    while data:
        piece = nym.encode_frames([packet], version=data.one_of((7, 8))) * data.below(700)
        if data.number() & 1:
            piece = b"" if data.number() & 1 else outfox + piece
        attempt(nym.StreamError, decoder.feed, piece)
        limit = UNREAD_LIMIT + 2 * len(outfox) + len(piece)
        require(decoder.pending <= limit, f"{decoder.pending} bytes are held")


# Addresses ------------------------------------------------------------------------------------------


def as_text(raw: bytes) -> str:
    """Any bytes as text: UTF-8, and lone surrogates for what is not."""
    return raw.decode("utf-8", "surrogateescape")


@TARGETS(max_size=40)
def node_address_bytes(raw: bytes) -> None:
    found = attempt(nym.AddressError, nym.NodeAddress.from_bytes, raw)
    if found is not None:
        require(raw.startswith(found.to_bytes()), "other bytes")
        require(len(found.to_bytes()) == found.unpadded_size, "unpadded_size")
        require(nym.NodeAddress.from_bytes(found.padded()) == found, "padded")
        require(nym.NodeAddress.from_text(str(found)) == found, "text")


@TARGETS(max_size=64)
def node_address_text(raw: bytes) -> None:
    found = attempt(nym.AddressError, nym.NodeAddress.from_text, as_text(raw))
    if found is not None:
        again = nym.NodeAddress.from_text(str(found))
        require((again, str(again)) == (found, str(found)), "its own text")
        require(nym.NodeAddress.from_bytes(found.to_bytes()) == found, "bytes")


@TARGETS(max_size=100)
def recipient_bytes(raw: bytes) -> None:
    found = attempt(nym.AddressError, nym.Recipient.from_bytes, raw)
    if found is not None:
        require(found.to_bytes() == raw, "other bytes")
        require(nym.Recipient.from_text(str(found)) == found, "text")


@TARGETS(max_size=160)
def recipient_text(raw: bytes) -> None:
    text = as_text(raw)
    found = attempt(nym.AddressError, nym.Recipient.from_text, text)
    if found is not None:
        require(str(found) == text, "another text")
        require(nym.Recipient.from_bytes(found.to_bytes()) == found, "bytes")


@TARGETS(max_size=40)
def sender_tag(raw: bytes) -> None:
    found = attempt(nym.AddressError, nym.SenderTag.from_text, as_text(raw))
    if found is not None:
        require(str(found) == as_text(raw), "another text")
    found = attempt(nym.AddressError, nym.SenderTag.from_bytes, raw)
    require((found is None) == (len(raw) != 16), "size")
    if found is not None:
        require(found.to_bytes() == raw, "other bytes")
        require(nym.SenderTag.from_text(str(found)) == found, "text")


@TARGETS(max_size=400)
def base58_text(raw: bytes) -> None:
    require(base58.decode(base58.encode(raw)) == raw, "other bytes")
    text = as_text(raw)
    for limit in (32, base58.MAX_SIZE):
        found = attempt(nym.NymError, base58.decode, text, limit)
        if found is not None:
            require(base58.encode(found) == text, "another text")
            require(len(found) <= limit, "too long")


# Gateway --------------------------------------------------------------------------------------------


@TARGETS(max_size=2600)
def mix_packet(raw: bytes) -> None:
    for form in (1, 2):
        found = attempt(nym.GatewayError, nym.MixPacket.from_bytes, raw, form)
        if found is not None:
            require(found.to_bytes(form) == raw, "other bytes")


RIGHT, WRONG = (nym.GatewayKey.from_bytes(seeded(f"gateway {i}", 32)) for i in range(2))
_CIPHER = AESGCMSIV(RIGHT.to_bytes())


@TARGETS(max_size=2600)
def envelope(raw: bytes) -> None:
    """The input as an envelope; then as the plaintext of one, sealed, changed, sealed otherwise."""
    for plain in (False, True):
        for key in (RIGHT, WRONG):
            for function in (nym.open_packet, nym.open_message):
                attempt(
                    nym.GatewayError,
                    lambda f=function, k=key, p=plain: f(k, raw, allow_plaintext=p),
                )
    data = Input(raw)
    kind, nonce, place, bit = data.number(), data.bytes(12), data.number(2), data.below(8)
    text = data.rest() or b"\0"
    sealed = bytes([kind, 1]) + nonce + _CIPHER.encrypt(nonce, text, None)
    message = attempt(nym.GatewayError, nym.open_message, RIGHT, sealed)
    require(message == (text if kind == 1 else None), "another message")
    packet = attempt(nym.GatewayError, nym.open_packet, RIGHT, sealed)
    if packet is not None:
        require(kind in tuple(nym.RequestKind), "a packet of another kind")
        require(packet.to_bytes(kind) == text, "another packet")
    changed = bytearray(sealed)
    changed[1 + place % (len(sealed) - 1)] ^= 1 << bit  # the kind is not authenticated
    for key, blob in ((WRONG, sealed), (RIGHT, bytes(changed)), (RIGHT, sealed[:-1])):
        must_refuse(nym.GatewayError, nym.open_packet, key, blob)
        must_refuse(nym.GatewayError, nym.open_message, key, blob)


# Ends of routes -------------------------------------------------------------------------------------


@TARGETS(max_size=420)
def ack_block(raw: bytes) -> None:
    found = attempt(nym.NymError, nym.read_ack_block, raw)
    if found is not None:
        first_hop, packet = found
        require(len(raw) == ACK_BLOCK_SIZE, "size")
        require(raw.startswith(first_hop.to_bytes()), "first hop")
        require(packet == raw[ACK_ADDRESS_SIZE:], "packet")


@TARGETS(max_size=64)
def fragment_id(raw: bytes) -> None:
    """An identifier, and a few contents of acknowledgements."""
    found = attempt(nym.FragmentError, nym.FragmentId.from_bytes, raw)
    if found is not None:
        require(found.to_bytes() == raw, "other bytes")
    data = Input(raw)
    contents = []
    while data:
        contents.append(data.bytes(data.one_of((CONTENT_SIZE, CONTENT_SIZE, 0, 20, 22))))
    opened = CLIENT.acks.decrypt(contents, backend="python")
    require(len(opened) == len(contents), "one for each")
    for content, one in zip(contents, opened, strict=True):
        right = len(content) == CONTENT_SIZE
        require(isinstance(one, nym.AckError) or (right and one.set_id >= 0), "type")


_PAYLOAD_SIZES = [size.payload_size for size in nym.PacketSize]


@TARGETS(max_size=2100)
def deliver(raw: bytes) -> None:
    """The input as a payload; then its rest as what a payload of one of the sizes contains."""
    check_delivery(raw)
    data = Input(raw)
    size, end, content = data.one_of(_PAYLOAD_SIZES), data.number(), data.rest()
    check_delivery((bytes(16) + content + bytes([end])).ljust(size, b"\0")[:size])


def check_delivery(payload: bytes) -> None:
    found = attempt(sx.SphinxError, nym.deliver, payload)
    if found is None:
        return
    text = sx.recover_message(payload)
    require((found.ack_packet is None) == (found.ack_first_hop is None), "half an ack")
    if found.ack_packet is None or found.ack_first_hop is None:
        require(len(payload) == nym.PacketSize.ACK.payload_size, "no ack")
        require(found.data == text, "data")
    else:
        require(text.startswith(found.ack_first_hop.to_bytes()), "first hop")
        require(text[ACK_ADDRESS_SIZE:] == found.ack_packet + found.data, "ack or data")
        require(len(found.ack_packet) == nym.PacketSize.ACK.packet_size, "size of the ack")
