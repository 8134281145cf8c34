"""From what the gateway delivers to messages: acknowledgements, cover, fragments, replies."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sphinxcore import batch
from sphinxcore._backends import pick
from sphinxcore._checks import Bytes, any_bytes, instance, listed
from sphinxcore._secret import secret_rows
from sphinxcore.errors import SphinxError
from sphinxcore.nym.acks import CONTENT_SIZE
from sphinxcore.nym.client_keys import ClientKeys
from sphinxcore.nym.cover import COVER_TEXT
from sphinxcore.nym.errors import AckError, MessageError
from sphinxcore.nym.fragments import COVER_ID, Fragment, FragmentId
from sphinxcore.nym.messages import (
    PlainMessage,
    RepliableMessage,
    ReplyData,
    SurbRequest,
    decode,
    unpad,
)
from sphinxcore.nym.packet_keys import KEY_SIZE, packet_keys
from sphinxcore.nym.reassembly import Reassembler
from sphinxcore.nym.reply_keys import ReplyKey, ReplyKeyring, ReplyKeys
from sphinxcore.nym.sizes import EPHEMERAL_SIZE, PacketSize

_NO_IV = bytes(16)
_LARGEST = PacketSize.EXTENDED_32.delivered_size


@dataclass(frozen=True, slots=True)
class Refused:
    """A payload that was not understood."""

    index: int
    """Its place in what feed() was given."""
    error: SphinxError


@dataclass(slots=True)
class Received:
    """What came out of some payloads."""

    messages: list[PlainMessage | RepliableMessage] = field(default_factory=list)
    """Complete messages of others."""
    replies: list[ReplyData | SurbRequest] = field(default_factory=list)
    """Complete replies to oneself."""
    acks: list[FragmentId] = field(default_factory=list)
    """Fragments of one's own that got to the last node."""
    cover: int = 0
    """Cover packets of one's own."""
    cover_acks: int = 0
    """Acknowledgements of cover packets."""
    refused: list[Refused] = field(default_factory=list)


class MessageReceiver:
    """Opens what a client's gateway delivers, and puts messages together.

    Args:
        keys: the client's own.
        reply_keys: where the keys of SURBs are that the client gave out: ReplyKeys, in memory
            (the default), or SurbStore.reply_keys.
        messages, replies: what holds fragments of incomplete messages, and its limits. Two, so
            that strangers, who can send anything, cannot take the room of replies.
        backend: see Processor.

    A receiver belongs to one thread at a time.
    """

    def __init__(
        self,
        keys: ClientKeys,
        *,
        reply_keys: ReplyKeyring | None = None,
        messages: Reassembler | None = None,
        replies: Reassembler | None = None,
        backend: str | None = None,
    ) -> None:
        self._keys = instance(keys, ClientKeys, "keys")
        self.reply_keys: ReplyKeyring = ReplyKeys() if reply_keys is None else reply_keys
        if not (hasattr(self.reply_keys, "add") and hasattr(self.reply_keys, "take")):
            raise TypeError(f"reply_keys must be a ReplyKeyring, not {type(reply_keys).__name__}")
        sets = Reassembler() if messages is None else messages
        self.messages = instance(sets, Reassembler, "messages")
        sets = Reassembler() if replies is None else replies
        self.replies = instance(sets, Reassembler, "replies")
        pick(backend)  # raises for one that is not here
        self._backend = backend

    def feed(self, payloads: Sequence[Any]) -> Received:
        """Take payloads, as the gateway delivers them, in any number and order.

        A bad payload raises nothing and disturbs no other: it is in `refused`. After a MemoryError
        some of what was fed is lost: a reply key opens one payload, and was perhaps taken.
        """
        found = Received()
        acks: dict[int, bytes] = {}
        data: dict[int, bytes] = {}
        for i, payload in enumerate(listed(payloads, "payloads", "a sequence of bytes")):
            raw = any_bytes(payload, "payload")
            if len(raw) == CONTENT_SIZE:
                acks[i] = raw
            elif EPHEMERAL_SIZE < len(raw) <= _LARGEST:
                data[i] = raw
            else:
                expected = f"{CONTENT_SIZE} bytes, or {EPHEMERAL_SIZE + 1}..{_LARGEST}"
                error = MessageError(f"a payload has {expected}, not {len(raw)}")
                found.refused.append(Refused(i, error))
        self._open_acks(acks, found)
        self._open_data(data, found)
        found.refused.sort(key=lambda refused: refused.index)
        return found

    def _open_acks(self, acks: dict[int, bytes], found: Received) -> None:
        opened = self._keys.acks.decrypt(list(acks.values()), backend=self._backend)
        for i, identifier in zip(acks, opened, strict=True):
            if isinstance(identifier, AckError):
                found.refused.append(Refused(i, identifier))
            elif identifier == COVER_ID:
                found.cover_acks += 1
            else:
                found.acks.append(identifier)

    def _open_data(self, data: dict[int, bytes], found: Received) -> None:
        keys, through_surb = self._find_keys(data, found)
        contents: dict[int, bytes] = {}
        by_size = defaultdict(list)
        for i in keys:
            by_size[len(data[i])].append(i)
        for rows in by_size.values():
            joined = b"".join([data[i][EPHEMERAL_SIZE:] for i in rows])
            encrypted = np.frombuffer(joined, np.uint8).reshape(len(rows), -1)
            secret = secret_rows([keys[i]._secret for i in rows], KEY_SIZE)
            try:
                opened = batch.aes128_ctr(secret, _NO_IV, encrypted, backend=self._backend)
            finally:
                secret.fill(0)
            for i, content in zip(rows, opened, strict=True):
                contents[i] = content.tobytes()
        for i in data:
            if i in contents:
                try:
                    self._take(contents[i], i in through_surb, found)
                except SphinxError as error:
                    found.refused.append(Refused(i, error))

    def _find_keys(
        self, data: dict[int, bytes], found: Received
    ) -> tuple[dict[int, ReplyKey], set[int]]:
        """Key of each payload that has one, and which of these came through a SURB."""
        keys: dict[int, ReplyKey] = {}
        others = []
        for i, raw in data.items():
            reply_key = self.reply_keys.take(raw[:EPHEMERAL_SIZE])
            if reply_key is None:
                others.append(i)
            else:
                keys[i] = reply_key
        through_surb = set(keys)
        if others:
            points = np.frombuffer(b"".join([data[i][:EPHEMERAL_SIZE] for i in others]), np.uint8)
            shared = self._agree(points.reshape(-1, EPHEMERAL_SIZE))
            inner = shared  # wiped in any case
            try:
                inner = packet_keys(shared)
                for i, secret, key in zip(others, shared, inner, strict=True):
                    if secret.any():
                        keys[i] = ReplyKey._of(key)
                    else:
                        error = MessageError("the ephemeral key is a point of low order")
                        found.refused.append(Refused(i, error))
            finally:
                shared.fill(0)
                inner.fill(0)
        return keys, through_surb

    def _agree(self, points: Bytes) -> Bytes:
        own = np.frombuffer(self._keys.encryption._secret, np.uint8)
        return batch.x25519(own, points, backend=self._backend)

    def _take(self, content: bytes, through_surb: bool, found: Received) -> None:
        """Add one decrypted content to `found`."""
        if content.startswith(COVER_TEXT):
            found.cover += 1
            return
        sets = self.replies if through_surb else self.messages
        whole = sets.add(Fragment.from_bytes(content))
        if whole is None:
            return
        message = decode(unpad(whole))
        if isinstance(message, ReplyData | SurbRequest) != through_surb:
            # Anybody can send a message of the type "reply"; only who has a SURB can answer.
            raise MessageError(
                f"a {type(message).__name__} came "
                f"{'through' if through_surb else 'without'} a reply SURB"
            )
        if isinstance(message, ReplyData | SurbRequest):
            found.replies.append(message)
        else:
            found.messages.append(message)
