"""A time that tests set."""


class Clock:
    """Stands in for time.time and time.monotonic."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
