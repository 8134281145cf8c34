"""Messages: what clients tell each other, before it is cut into fragments."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from sphinxcore._checks import any_bytes, instance, integer
from sphinxcore.nym.addresses import RECIPIENT_SIZE, SENDER_TAG_SIZE, Recipient, SenderTag
from sphinxcore.nym.errors import MessageError
from sphinxcore.nym.fragments import capacity
from sphinxcore.nym.replies import ReplySurb, decode_surb_list, encode_surb_list

_PLAIN, _REPLIABLE, _REPLY = b"\0", b"\1", b"\2"
_REPLY_DATA, _SURB_REQUEST = b"\0", b"\1"
_AMOUNT_SIZE = 4
_END = b"\1"
"""Ends a message; the zeros that fill its last fragment follow."""


class RepliableContent(IntEnum):
    """What a repliable message is for: its content tag in layout 2, and 3 more than in layout 1."""

    DATA = 3
    ADDITIONAL_SURBS = 4
    HEARTBEAT = 5


@dataclass(frozen=True, slots=True)
class PlainMessage:
    """Data from somebody who cannot be answered."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RepliableMessage:
    """Data, or only SURBs, from somebody whom these and earlier SURBs reach."""

    sender_tag: SenderTag
    """What all messages of one unknown sender have in common."""
    content: RepliableContent
    surbs: tuple[ReplySurb, ...] = ()
    data: bytes = field(default=b"", repr=False)
    """Empty unless the content is DATA."""


@dataclass(frozen=True, slots=True)
class ReplyData:
    """An answer, sent with SURBs. It is not empty."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SurbRequest:
    """Asks, by means of a SURB, for more of them."""

    recipient: Recipient
    """Where to send them."""
    amount: int
    """What the other side says, 0..2^32-1. Grant what your policy allows: the network's clients
    send no more than 500, only to those whom they have given SURBs before."""


Message = PlainMessage | RepliableMessage | ReplyData | SurbRequest


def encode(message: Message, layout: int = 2) -> bytes:
    """Type and body of a message.

    Args:
        layout: of a repliable message's list of SURBs, even an empty one: see replies.py. Clients
            of 2.0.0 cannot read 1.

    Raises MessageError for an empty reply, and for data in a message whose content is not DATA.
    """
    integer(layout, 1, 2, "layout")
    if isinstance(message, PlainMessage):
        return _PLAIN + any_bytes(message.data, "data")
    if isinstance(message, RepliableMessage):
        return _REPLIABLE + _encode_repliable(message, layout)
    if isinstance(message, ReplyData):
        if not (data := any_bytes(message.data, "data")):
            raise MessageError("a reply has one byte of data at least")
        return _REPLY + _REPLY_DATA + data
    if isinstance(message, SurbRequest):
        recipient = instance(message.recipient, Recipient, "recipient").to_bytes()
        amount = integer(message.amount, 0, 2**32 - 1, "amount").to_bytes(_AMOUNT_SIZE, "big")
        return _REPLY + _SURB_REQUEST + recipient + amount
    raise TypeError(f"message must be one of {Message}, not {type(message).__name__}")


def _encode_repliable(message: RepliableMessage, layout: int) -> bytes:
    content = instance(message.content, RepliableContent, "content")
    data = any_bytes(message.data, "data")
    if data and content is not RepliableContent.DATA:
        raise MessageError(f"a message for {content.name} has no data, not {len(data)} bytes")
    tag = content if layout == 2 else content - 3
    return b"".join(
        (
            instance(message.sender_tag, SenderTag, "sender_tag").to_bytes(),
            bytes((tag,)),
            encode_surb_list(message.surbs, layout),
            data,
        )
    )


def decode(raw: Any) -> Message:
    """Read what encode() wrote, in either layout.

    Bytes after the SURBs of a message that is for nothing else are ignored. Raises MessageError,
    for its SURBs ReplyError, and for the address of a SurbRequest AddressError.
    """
    data = any_bytes(raw, "message")
    if not data:
        raise MessageError("a message has one byte at least: its type")
    kind, body = data[:1], data[1:]
    if kind == _PLAIN:
        return PlainMessage(body)
    if kind == _REPLIABLE:
        return _decode_repliable(body)
    if kind == _REPLY:
        return _decode_reply(body)
    raise MessageError(f"the type of a message is 0, 1 or 2, not {data[0]}")


def _decode_repliable(body: bytes) -> RepliableMessage:
    if len(body) <= SENDER_TAG_SIZE:
        raise MessageError(
            f"a repliable message begins with a sender tag of {SENDER_TAG_SIZE} bytes and a "
            f"content tag, but there are {len(body)} bytes"
        )
    tag, rest = body[SENDER_TAG_SIZE], body[SENDER_TAG_SIZE + 1 :]
    if tag > RepliableContent.HEARTBEAT:
        raise MessageError(f"the content tag of a repliable message is 0..5, not {tag}")
    layout = 2 if tag >= RepliableContent.DATA else 1
    content = RepliableContent(tag if layout == 2 else tag + 3)
    surbs, end = decode_surb_list(rest, layout)
    data = rest[end:] if content is RepliableContent.DATA else b""
    return RepliableMessage(SenderTag.from_bytes(body[:SENDER_TAG_SIZE]), content, surbs, data)


def _decode_reply(body: bytes) -> ReplyData | SurbRequest:
    tag, rest = body[:1], body[1:]
    if tag and tag not in (_REPLY_DATA, _SURB_REQUEST):
        raise MessageError(f"the content tag of a reply is 0 or 1, not {tag[0]}")
    if not rest:
        raise MessageError(f"a reply has content after its tag, but ends after {len(body)} bytes")
    if tag == _REPLY_DATA:
        return ReplyData(rest)
    if len(rest) != RECIPIENT_SIZE + _AMOUNT_SIZE:
        raise MessageError(
            f"a request for SURBs has an address of {RECIPIENT_SIZE} bytes and an amount of "
            f"{_AMOUNT_SIZE}, not {len(rest)} bytes"
        )
    recipient = Recipient.from_bytes(rest[:RECIPIENT_SIZE])
    return SurbRequest(recipient, int.from_bytes(rest[RECIPIENT_SIZE:], "big"))


def pad(encoded: Any, fragment_size: int) -> bytes:
    """An encoded message, its end and zeros: what fragments.split() cuts into full fragments.

    Args:
        fragment_size: of a fragment with its header: PacketSize.fragment_size.
    """
    data = any_bytes(encoded, "message")
    if not data:
        raise MessageError("a message has one byte at least: its type")
    _, spare = capacity(len(data) + len(_END), fragment_size)
    return data + _END + bytes(spare)


def unpad(raw: Any) -> bytes:
    """The encoded message before the last byte 01; what follows that is not checked.

    Raises MessageError if there is no such byte, or nothing before it.
    """
    data = any_bytes(raw, "padded message")
    end = data.rfind(_END)
    if end < 0:
        raise MessageError("a padded message has a byte 01 at its end, before the zeros")
    if end == 0:
        raise MessageError("a padded message has one byte at least before its end: its type")
    return data[:end]
