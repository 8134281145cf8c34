"""Sphinx mix packets in batches, byte-compatible with the Nym network.

Nodes use Processor, clients build_packets() and build_surb(); both take batches, and compute
them on the best backend this CPU runs (available_backends()). The wire format is NYM.
"""

from sphinxcore import batch
from sphinxcore._backends import available_backends, backend, missing_backends
from sphinxcore._version import VERSION
from sphinxcore.errors import BackendError, SphinxError
from sphinxcore.formats import NYM, WireFormat
from sphinxcore.key_file import read_key, write_key
from sphinxcore.keys import PrivateKey, PublicKey
from sphinxcore.packet import Hop, build_packet, build_packets, recover_message
from sphinxcore.processor import AuthenticatedBatch, Processor
from sphinxcore.replay import ReplayFilter
from sphinxcore.result import BatchResult, Row
from sphinxcore.status import Status
from sphinxcore.surb import (
    Surb,
    SurbRecovery,
    build_recoverable_surb,
    build_recoverable_surbs,
    build_surb,
    build_surbs,
    use_surbs,
)

__version__ = VERSION

__all__ = [
    "NYM",
    "AuthenticatedBatch",
    "BackendError",
    "BatchResult",
    "Hop",
    "PrivateKey",
    "Processor",
    "PublicKey",
    "ReplayFilter",
    "Row",
    "SphinxError",
    "Status",
    "Surb",
    "SurbRecovery",
    "WireFormat",
    "available_backends",
    "backend",
    "batch",
    "build_packet",
    "build_packets",
    "build_recoverable_surb",
    "build_recoverable_surbs",
    "build_surb",
    "build_surbs",
    "missing_backends",
    "read_key",
    "recover_message",
    "use_surbs",
    "write_key",
]
