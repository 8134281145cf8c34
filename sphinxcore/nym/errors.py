"""What this package raises, one class for each thing that can be malformed."""

from sphinxcore.errors import SphinxError


class NymError(SphinxError):
    """Something of the Nym message layer was refused."""


class AddressError(NymError):
    """A node address, a recipient or a sender tag is malformed."""


class FrameError(NymError):
    """A node-to-node frame is malformed."""


class FragmentError(NymError):
    """A fragment is malformed, or does not fit the set it names."""


class MessageError(NymError):
    """A message, or the payload of one of its packets, is malformed."""


class AckError(NymError):
    """An acknowledgement, or the block that carries one, is malformed."""


class ReplyError(NymError):
    """A reply SURB or a list of them is malformed, there are too few of them, or a file is no store
    of them that can be opened."""


class GatewayError(NymError):
    """What passes between a client and its gateway is malformed or was not sealed with its key."""


class TopologyError(NymError):
    """A description of the network is malformed, or has no route as asked for."""
