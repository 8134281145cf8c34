"""The outcome of a list of vector cases: what differs, what is skipped by name, how many ran."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import pytest
from cases import MOD_L, Blob, Expected, Got, Journey, NodeCase
from running import differences, process, walk
from tally import PASSED, SKIPPED, Tally

import sphinxcore as sx


class Report:
    """The cases of one list: which differ, which are skipped by name. One test, one report."""

    def __init__(
        self,
        source: str,
        names: Iterable[str],
        backend: str,
        tally: Tally,
        section: str = PASSED,
    ) -> None:
        self.source = source
        self.backend = backend
        self.names = list(names)
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"{source}: names of cases are not unique")
        self._tally = tally
        self._section = section
        self._problems: dict[str, list[str]] = defaultdict(list)
        self._skipped: dict[str, str] = {}

    def check(self, name: str, ok: bool, problem: str) -> None:
        """Note a problem of a case unless `ok`."""
        if not ok:
            self._problems[name].append(problem)

    def add(self, name: str, problems: Iterable[str]) -> None:
        """Note all these problems of a case."""
        for problem in problems:
            self.check(name, False, problem)

    def refuses(self, name: str, call: Callable[[], object], *types: type[Exception]) -> None:
        """Note a problem unless the call raises SphinxError, or one of `types`."""
        try:
            call()
        except (sx.SphinxError, *types):
            return
        self.check(name, False, "was not refused")

    def compare(self, name: str, expected: Expected, got: Got, where: str = "") -> None:
        """Note what differs in an outcome."""
        self.add(name, (where + text for text in differences(expected, got)))
        if expected.mod_l and expected.output and got.row.packet is not None:
            self.built(name, expected.output, got.row.packet, mod_l=True)

    def built(self, name: str, expected: Blob, packet: bytes, *, mod_l: bool) -> None:
        """Compare a packet; with `mod_l` another one is a named skip, not a problem."""
        if not expected.matches(packet):
            if mod_l:
                self.skip(name, MOD_L)
            else:
                self.add(name, ["another packet was built"])

    def walk(self, journeys: Sequence[Journey]) -> list[tuple[NodeCase, Got]]:
        """Send packets along their routes and note what differs."""
        seen = walk(journeys, self.backend)
        for case, got in seen:
            name, _, hop = case.name.rpartition(", ")
            self.compare(name, case.expected, got, f"{hop}: ")
        return seen

    def process(self, cases: Sequence[NodeCase]) -> None:
        """Process packets and note what differs."""
        for case, got in zip(cases, process(cases, self.backend), strict=True):
            self.compare(case.name, case.expected, got)

    def skip(self, name: str, reason: str) -> None:
        """Count a case under the name of a skip. What is checked of it must still be right."""
        self._skipped[name] = reason

    def finish(self, cases: int, skips: Mapping[str, int]) -> None:
        """Fail if anything differs, or if other numbers of cases ran or were skipped by name."""
        if unknown := (self._problems.keys() | self._skipped.keys()) - set(self.names):
            raise ValueError(f"{self.source}: no cases of this report: {unknown}")
        if self._problems:
            lines = [f"{name}: {'; '.join(texts)}" for name, texts in self._problems.items()]
            shown = "\n".join(lines[:50])
            pytest.fail(f"{self.source}: {len(lines)} cases differ\n{shown}", pytrace=False)
        counted = Counter(self._skipped.values())
        ran = (len(self.names), dict(counted))
        if ran != (cases, skips):
            wanted = (cases, dict(skips))
            pytest.fail(f"{self.source}: cases and skips are {ran}, not {wanted}", pytrace=False)
        for reason, number in counted.items():
            self._tally.add(SKIPPED, reason, self.backend, number)
        self._tally.add(self._section, self.source, self.backend, cases - counted.total())
