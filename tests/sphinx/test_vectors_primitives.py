"""The primitives of every backend against RFCs, Wycheproof and other implementations.

Cases of one shape are one batch. It is computed once more for each lane, turned by one row, so
that every case is in every lane.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from own_files import blob, name_of, names_of
from report import Report
from tally import Tally

import sphinxcore as sx
from vectors import Case, load

Rows = npt.NDArray[np.uint8]
Compute = Callable[[Sequence[Case]], Rows]


def rows(cases: Sequence[Case], name: str) -> Rows:
    """A member of every case, all of the same size, as one array."""
    joined = b"".join(case.bytes(name) for case in cases)
    return np.frombuffer(joined, np.uint8).reshape(len(cases), -1)


def compare(
    report: Report,
    cases: Sequence[Case],
    shape: Callable[[Case], Hashable],
    output: str,
    compute: Compute,
) -> None:
    """Compute batches of the cases of each shape, in every lane, and compare member `output`."""
    groups: dict[Hashable, list[Case]] = defaultdict(list)
    for case in cases:
        groups[shape(case)].append(case)
    lanes = sx.backend(report.backend).lanes
    for group in groups.values():
        full = group * -(-lanes // len(group))
        for turn in range(lanes):
            turned = full[turn:] + full[:turn]
            for case, row in zip(turned, compute(turned), strict=True):
                wanted = blob(case.fields, output)
                same = wanted is not None and wanted.matches(row.tobytes())
                report.check(name_of(case), same, f"{output} differs")


def sizes(*names: str) -> Callable[[Case], Hashable]:
    """Shape of a case: how long these members are."""
    return lambda case: tuple(len(case.fields[name]) for name in names)


def start(file: str, backend: str, tally: Tally) -> tuple[list[Case], Report]:
    cases = load(file)
    return cases, Report(file, map(name_of, cases), backend, tally)


@pytest.mark.parametrize("file", names_of("X25519"))
def test_x25519(file: str, backend_name: str, tally: Tally) -> None:
    """Wycheproof's "acceptable" cases count: X25519 computes what RFC 7748 says for every input."""
    cases, report = start(file, backend_name, tally)

    def once(group: Sequence[Case]) -> Rows:
        return sx.batch.x25519(rows(group, "private"), rows(group, "public"), backend=backend_name)

    compare(report, [c for c in cases if "iterations" not in c.fields], sizes(), "shared", once)
    for case in cases:
        if "iterations" in case.fields:
            key, point = rows([case], "private"), rows([case], "public")
            for _ in range(case.fields["iterations"]):
                key, point = sx.batch.x25519(key, point, backend=backend_name), key
            report.check(name_of(case), key.tobytes() == case.bytes("shared"), "shared differs")
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("AES-128-CTR"))
def test_aes128_ctr(file: str, backend_name: str, tally: Tally) -> None:
    cases, report = start(file, backend_name, tally)

    def compute(group: Sequence[Case]) -> Rows:
        return sx.batch.aes128_ctr(
            *(rows(group, name) for name in ("key", "iv", "input")), backend=backend_name
        )

    compare(report, cases, sizes("input"), "output", compute)
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("ChaCha20"))
def test_chacha20(file: str, backend_name: str, tally: Tally) -> None:
    cases, report = start(file, backend_name, tally)

    def compute(group: Sequence[Case]) -> Rows:
        return sx.batch.chacha20(
            *(rows(group, name) for name in ("key", "nonce", "input")),
            counter=group[0].fields["counter"],
            backend=backend_name,
        )

    def shape(case: Case) -> Hashable:
        return case.fields["counter"], len(case.fields["input"])

    compare(report, cases, shape, "output", compute)
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("HMAC-SHA256"))
def test_hmac_sha256(file: str, backend_name: str, tally: Tally) -> None:
    """A tag of fewer than 32 bytes is the beginning of one."""
    cases, report = start(file, backend_name, tally)

    def compute(group: Sequence[Case]) -> Rows:
        tags = sx.batch.hmac_sha256(
            rows(group, "key"), rows(group, "message"), backend=backend_name
        )
        return tags[:, : len(group[0].bytes("tag"))]

    compare(report, cases, sizes("key", "message", "tag"), "tag", compute)
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("HKDF-SHA256"))
def test_hkdf_sha256(file: str, backend_name: str, tally: Tally) -> None:
    cases, report = start(file, backend_name, tally)

    def compute(group: Sequence[Case]) -> Rows:
        first = group[0]
        return sx.batch.hkdf_sha256(
            rows(group, "ikm"),
            salt=first.bytes("salt"),
            info=first.bytes("info"),
            size=first.fields["size"],
            backend=backend_name,
        )

    def shape(case: Case) -> Hashable:
        return len(case.fields["ikm"]), *(case.fields[name] for name in ("salt", "info", "size"))

    compare(report, cases, shape, "okm", compute)
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("BLAKE2b"))
def test_blake2b(file: str, backend_name: str, tally: Tally) -> None:
    cases, report = start(file, backend_name, tally)

    def compute(group: Sequence[Case]) -> Rows:
        return sx.batch.blake2b(
            rows(group, "message"),
            keys=rows(group, "key"),
            digest_size=len(group[0].bytes("digest")),
            backend=backend_name,
        )

    compare(report, cases, sizes("message", "key", "digest"), "digest", compute)
    report.finish(len(cases), {})


@pytest.mark.parametrize("file", names_of("LIONESS"))
def test_lioness(file: str, backend_name: str, tally: Tally) -> None:
    """`encrypted` and `decrypted` are both made from `input`."""
    cases, report = start(file, backend_name, tally)
    operations = {
        "encrypted": sx.batch.lioness_encrypt,
        "decrypted": sx.batch.lioness_decrypt,
    }
    for output, operation in operations.items():

        def compute(group: Sequence[Case], operation: Callable[..., Rows] = operation) -> Rows:
            return operation(rows(group, "key"), rows(group, "input"), backend=backend_name)

        valid = [case for case in cases if case.result == "valid"]
        compare(report, valid, sizes("input"), output, compute)
        for case in cases:
            if case.result == "invalid":
                report.refuses(name_of(case), lambda case=case: compute([case]))
    report.finish(len(cases), {})
