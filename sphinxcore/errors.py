"""What this package raises."""


class SphinxError(ValueError):
    """Something was refused: the message says what was wrong and what was expected."""


class BackendError(SphinxError):
    """The backend asked for is unknown, was not built, or cannot run on this CPU."""
