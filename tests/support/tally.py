"""The count of vector cases that a session prints at its end."""

from collections import Counter, defaultdict

PASSED = "vector cases passed"
EVERY_LANE = "packets of vector cases in every lane, mixed"
SKIPPED = "vector cases skipped by name"


class Tally:
    """Numbers of cases by section, by name (a file, or the name of a skip) and by backend."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)

    def add(self, section: str, name: str, backend: str, cases: int) -> None:
        """Count `cases` more."""
        self._counts[section][name, backend] += cases

    def lines(self, section: str) -> list[str]:
        """A line for each name, and one for their sums; none if nothing was counted."""
        counts = self._counts[section]
        if not counts:
            return []
        backends = sorted({backend for _, backend in counts})
        rows = {
            name: [counts[name, backend] for backend in backends]
            for name in sorted({name for name, _ in counts})
        }
        rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
        return [
            f"{name:<46}"
            + "".join(f"{b}: {n:<8,}" for b, n in zip(backends, numbers, strict=True)).rstrip()
            for name, numbers in rows.items()
        ]
