"""What this package raises.

Argument of a wrong type: TypeError. Values and bytes that are refused: SphinxError, or a kind of it.
A packet that is refused raises nothing: its row has a Status.
"""


class SphinxError(ValueError):
    """Something was refused: the message says what was wrong and what was expected."""


class BackendError(SphinxError):
    """The backend asked for is unknown, was not built, or cannot run on this CPU."""
