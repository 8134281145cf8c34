"""From messages to packets: for recipients whose address is known, and replies through SURBs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from sphinxcore._checks import Bytes, any_bytes, instance, integer, listed
from sphinxcore._secret import secret_rows
from sphinxcore.nym.addresses import Recipient, SenderTag
from sphinxcore.nym.client_keys import ClientKeys
from sphinxcore.nym.data_packets import (
    DEFAULT_OPTIONS,
    DataPacket,
    SendOptions,
    ack_blocks,
    build_data_packets,
    check_sender,
    plaintexts,
)
from sphinxcore.nym.errors import MessageError, ReplyError
from sphinxcore.nym.fragments import Fragment, split
from sphinxcore.nym.messages import (
    PlainMessage,
    RepliableContent,
    RepliableMessage,
    ReplyData,
    SurbRequest,
    encode,
    pad,
)
from sphinxcore.nym.replies import ReplySurb, build_reply_surbs, use_reply_surbs
from sphinxcore.nym.reply_keys import REPLY_KEY_SIZE, ReplyKey
from sphinxcore.nym.sizes import EPHEMERAL_SIZE
from sphinxcore.nym.topology import Topology

T = TypeVar("T")

MAX_REPLY_SURBS = 500
"""The most SURBs that the network's clients give at a time."""
_REPLY_HOPS_WITH_DELAY = 3


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send.

    Args:
        message: its data, or a PlainMessage or RepliableMessage that was made before.
        recipient: whom it is for.
        reply_surbs: how many SURBs go with the data, so that the recipient can answer without
            knowing who asks. 0, and no sender_tag: a plain message.
        sender_tag: names this conversation to the recipient; None: a new one.
    """

    message: Any
    recipient: Recipient
    reply_surbs: int = 0
    sender_tag: SenderTag | None = None

    def __post_init__(self) -> None:
        integer(self.reply_surbs, 0, MAX_REPLY_SURBS, "reply_surbs")
        instance(self.recipient, Recipient, "recipient")
        if self.sender_tag is not None:
            instance(self.sender_tag, SenderTag, "sender_tag")
        if isinstance(self.message, PlainMessage | RepliableMessage):
            if self.repliable:
                raise MessageError("reply_surbs and sender_tag go with data, not with a message")
        else:
            object.__setattr__(self, "message", any_bytes(self.message, "message"))

    @property
    def repliable(self) -> bool:
        """Whether SURBs are to be made for the message."""
        return self.reply_surbs > 0 or self.sender_tag is not None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message as packets."""

    packets: list[DataPacket]
    fragments: list[Fragment] = field(repr=False)
    """fragments[i] is what packets[i] carries: what to send anew if it is not acknowledged."""
    reply_keys: list[ReplyKey]
    """Keys of the SURBs in the message: the receiver's keyring needs them before it is sent."""


def prepare_message(
    message: Any,
    recipient: Recipient,
    topology: Topology,
    keys: ClientKeys,
    *,
    reply_surbs: int = 0,
    sender_tag: SenderTag | None = None,
    options: SendOptions = DEFAULT_OPTIONS,
) -> Prepared:
    """Prepare one message; see Outgoing and prepare_messages()."""
    outgoing = Outgoing(message, recipient, reply_surbs, sender_tag)
    return prepare_messages([outgoing], topology, keys, options=options)[0]


def prepare_messages(
    outgoing: Sequence[Outgoing],
    topology: Topology,
    keys: ClientKeys,
    *,
    options: SendOptions = DEFAULT_OPTIONS,
) -> list[Prepared]:
    """Prepare messages, all together: SURBs, acknowledgements and data packets are one build each.

    Raises a NymError for a recipient that cannot be reached or encrypted to, and a SphinxError for
    what does not fit.
    """
    check_sender(topology, keys, options)
    given = listed(outgoing, "outgoing", "a sequence of Outgoing")
    outgoing = [instance(one, Outgoing, "outgoing") for one in given]
    messages, reply_keys = _with_surbs(outgoing, topology, keys, options)
    parts = [_fragments(message, options) for message in messages]
    pairs = [
        (fragment, one.recipient)
        for one, fragments in zip(outgoing, parts, strict=True)
        for fragment in fragments
    ]
    packets = iter(prepare_fragments(pairs, topology, keys, options=options))
    return [
        Prepared([next(packets) for _ in fragments], fragments, kept)
        for fragments, kept in zip(parts, reply_keys, strict=True)
    ]


def prepare_fragments(
    fragments: Sequence[tuple[Fragment, Recipient]],
    topology: Topology,
    keys: ClientKeys,
    *,
    options: SendOptions = DEFAULT_OPTIONS,
) -> list[DataPacket]:
    """A packet for each fragment: to send again what was not acknowledged."""
    check_sender(topology, keys, options)
    parts, recipients = _pairs(fragments, Recipient)
    return build_data_packets(
        _rows(parts, options),
        [fragment.identifier for fragment in parts],
        recipients,
        topology,
        keys,
        options,
    )


def prepare_reply(
    message: Any,
    surbs: Sequence[ReplySurb],
    topology: Topology,
    keys: ClientKeys,
    *,
    options: SendOptions = DEFAULT_OPTIONS,
) -> Prepared:
    """Prepare a reply through SURBs, of which each packet uses one, from the first on.

    Args:
        message: data, or a SurbRequest.
        surbs: at least surbs_needed(message); those that are not needed stay as they are.

    Raises ReplyError if there are too few SURBs, before any is used.
    """
    check_sender(topology, keys, options)
    surbs = listed(surbs, "surbs", "a sequence of ReplySurb")
    fragments = _reply_fragments(message, options)
    if len(surbs) < len(fragments):
        raise ReplyError(f"the reply needs {len(fragments)} SURBs, but has {len(surbs)}")
    pairs = list(zip(fragments, surbs, strict=False))
    packets = prepare_reply_fragments(pairs, topology, keys, options=options)
    return Prepared(packets, fragments, [])


def surbs_needed(message: Any, *, options: SendOptions = DEFAULT_OPTIONS) -> int:
    """How many SURBs a reply uses."""
    return len(_reply_fragments(message, instance(options, SendOptions, "options")))


def prepare_reply_fragments(
    fragments: Sequence[tuple[Fragment, ReplySurb]],
    topology: Topology,
    keys: ClientKeys,
    *,
    options: SendOptions = DEFAULT_OPTIONS,
) -> list[DataPacket]:
    """A packet for each fragment through a SURB of its own."""
    check_sender(topology, keys, options)
    parts, surbs = _pairs(fragments, ReplySurb)
    contents = _rows(parts, options)
    identifiers = [fragment.identifier for fragment in parts]
    acks, ack_delays = ack_blocks(identifiers, topology, keys, options)
    digests = np.frombuffer(b"".join([surb.key.digest() for surb in surbs]), np.uint8)
    digests = digests.reshape(len(surbs), EPHEMERAL_SIZE)
    reply_keys = secret_rows([surb.key._secret for surb in surbs], REPLY_KEY_SIZE)
    try:
        texts = plaintexts(acks, digests, reply_keys, contents, options.backend)
    finally:
        reply_keys.fill(0)
    # How long the SURBs' own routes take only their maker knows.
    estimate = _REPLY_HOPS_WITH_DELAY * options.parameters.packet_delay_ns
    packets = use_reply_surbs(
        surbs, list(texts), packet_size=options.packet_size, backend=options.backend
    )
    return [
        DataPacket(first_hop, packet, estimate + ack_delay)
        for (first_hop, packet), ack_delay in zip(packets, ack_delays, strict=True)
    ]


def _pairs(pairs: Any, kind: type[T]) -> tuple[list[Fragment], list[T]]:
    """Fragments, and what stands beside each."""
    wanted = f"a sequence of pairs of Fragment and {kind.__name__}"
    given = listed(pairs, "fragments", wanted)
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in given):
        raise TypeError(f"fragments must be {wanted}")
    return (
        [instance(fragment, Fragment, "the first of each pair") for fragment, _ in given],
        [instance(other, kind, "the second of each pair") for _, other in given],
    )


def _with_surbs(
    outgoing: Sequence[Outgoing], topology: Topology, keys: ClientKeys, options: SendOptions
) -> tuple[list[PlainMessage | RepliableMessage], list[list[ReplyKey]]]:
    """The messages, and for each the reply keys of the SURBs that were made for it."""
    routes = topology.routes(
        keys.address.gateway,
        count=sum(one.reply_surbs for one in outgoing),
        mix_hops=options.mix_hops,
        mean_delay_ns=options.parameters.packet_delay_ns,
    )
    made = iter(
        build_reply_surbs(
            routes,
            destination=keys.address.identity,
            key_rotation=topology.key_rotation,
            backend=options.backend,
        )
    )
    messages: list[PlainMessage | RepliableMessage] = []
    reply_keys = []
    for one in outgoing:
        surbs = tuple(next(made) for _ in range(one.reply_surbs))
        if one.repliable:
            tag = one.sender_tag or SenderTag.generate()
            messages.append(RepliableMessage(tag, RepliableContent.DATA, surbs, one.message))
        elif isinstance(one.message, bytes):
            messages.append(PlainMessage(one.message))
        else:
            messages.append(one.message)
        reply_keys.append([surb.key for surb in surbs])
    return messages, reply_keys


def _reply_fragments(message: Any, options: SendOptions) -> list[Fragment]:
    if not isinstance(message, ReplyData | SurbRequest):
        message = ReplyData(any_bytes(message, "message"))
    return _fragments(message, options)


def _fragments(
    message: PlainMessage | RepliableMessage | ReplyData | SurbRequest, options: SendOptions
) -> list[Fragment]:
    size = options.packet_size.fragment_size
    return split(pad(encode(message), size), size)


def _rows(fragments: Sequence[Fragment], options: SendOptions) -> Bytes:
    """Fragments as (n, fragment size) bytes."""
    size = options.packet_size.fragment_size
    rows = [fragment.to_bytes() for fragment in fragments]
    for row in rows:
        if len(row) != size:
            raise MessageError(
                f"a fragment of {len(row)} bytes does not fill a packet with room for {size}: "
                "it was made for another packet size"
            )
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, size)
