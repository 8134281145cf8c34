"""The Nym message layer: everything between a message and the packets on the wire.

Compatible with the nym-sphinx crates 2.0.0; reads what clients of 1.21.6 send. A client prepares
messages (prepare_messages, prepare_reply, loop_packets) and reads what its gateway delivers
(MessageReceiver); a node reads and writes frames (FrameDecoder, encode_frames) and takes payloads
apart at the end of a route (deliver). Needs the extra `nym`.
"""

import importlib.util

if importlib.util.find_spec("blake3") is None:
    raise ModuleNotFoundError(
        'sphinxcore.nym needs blake3, which is not installed: pip install "sphinxcore[nym]"',
        name="blake3",
    )

from sphinxcore.nym.acks import AckKey, build_ack_blocks, read_ack_block
from sphinxcore.nym.addresses import NodeAddress, Recipient, SenderTag
from sphinxcore.nym.client_keys import ClientKeys, IdentityKey
from sphinxcore.nym.cover import loop_packets
from sphinxcore.nym.data_packets import DataPacket, SendOptions
from sphinxcore.nym.delays import NetworkParameters, exponential_ns, retransmission_timeout_ns
from sphinxcore.nym.egress import Delivery, deliver
from sphinxcore.nym.errors import (
    AckError,
    AddressError,
    FragmentError,
    FrameError,
    GatewayError,
    MessageError,
    NymError,
    ReplyError,
    TopologyError,
)
from sphinxcore.nym.fragments import COVER_ID, Fragment, FragmentId, split
from sphinxcore.nym.frames import (
    Frame,
    FrameDecoder,
    Frames,
    PacketType,
    StreamError,
    encode_frames,
)
from sphinxcore.nym.gateway import (
    GatewayKey,
    MixPacket,
    RequestKind,
    ResponseKind,
    open_message,
    open_packet,
    seal_message,
    seal_packets,
)
from sphinxcore.nym.messages import (
    PlainMessage,
    RepliableContent,
    RepliableMessage,
    ReplyData,
    SurbRequest,
)
from sphinxcore.nym.reassembly import Counters, Reassembler
from sphinxcore.nym.receiving import MessageReceiver, Received, Refused
from sphinxcore.nym.replies import ReplySurb, build_reply_surbs, max_reply_size
from sphinxcore.nym.reply_keys import ReplyKey, ReplyKeyring, ReplyKeys
from sphinxcore.nym.rotation import UNKNOWN_ROTATION_ID, KeyRotation, rotation_id
from sphinxcore.nym.sending import (
    Outgoing,
    Prepared,
    prepare_fragments,
    prepare_message,
    prepare_messages,
    prepare_reply,
    prepare_reply_fragments,
    surbs_needed,
)
from sphinxcore.nym.sizes import PacketSize
from sphinxcore.nym.surb_store import SurbCounters, SurbPolicy, SurbStore
from sphinxcore.nym.topology import Node, Role, Topology, total_delay_ns

__all__ = [
    "COVER_ID",
    "UNKNOWN_ROTATION_ID",
    "AckError",
    "AckKey",
    "AddressError",
    "ClientKeys",
    "Counters",
    "DataPacket",
    "Delivery",
    "Fragment",
    "FragmentError",
    "FragmentId",
    "Frame",
    "FrameDecoder",
    "FrameError",
    "Frames",
    "GatewayError",
    "GatewayKey",
    "IdentityKey",
    "KeyRotation",
    "MessageError",
    "MessageReceiver",
    "MixPacket",
    "NetworkParameters",
    "Node",
    "NodeAddress",
    "NymError",
    "Outgoing",
    "PacketSize",
    "PacketType",
    "PlainMessage",
    "Prepared",
    "Reassembler",
    "Received",
    "Recipient",
    "Refused",
    "RepliableContent",
    "RepliableMessage",
    "ReplyData",
    "ReplyError",
    "ReplyKey",
    "ReplyKeyring",
    "ReplyKeys",
    "ReplySurb",
    "RequestKind",
    "ResponseKind",
    "Role",
    "SendOptions",
    "SenderTag",
    "StreamError",
    "SurbCounters",
    "SurbPolicy",
    "SurbRequest",
    "SurbStore",
    "Topology",
    "TopologyError",
    "build_ack_blocks",
    "build_reply_surbs",
    "deliver",
    "encode_frames",
    "exponential_ns",
    "loop_packets",
    "max_reply_size",
    "open_message",
    "open_packet",
    "prepare_fragments",
    "prepare_message",
    "prepare_messages",
    "prepare_reply",
    "prepare_reply_fragments",
    "read_ack_block",
    "retransmission_timeout_ns",
    "rotation_id",
    "seal_message",
    "seal_packets",
    "split",
    "surbs_needed",
    "total_delay_ns",
]
