"""Fragments as the crates cut and read them, and messages as they put them together."""

import hashlib
from collections.abc import Sequence

import pytest
from cases import OTHER_TOTAL
from nym_vectors import Cases
from own_files import name_of, names_of, skip_of
from tally import Tally

from sphinxcore import nym
from sphinxcore.nym.fragments import capacity
from vectors import raw


@pytest.mark.parametrize("file", names_of("NymFragments"))
def test_fragments(file: str, tally: Tally) -> None:
    """Cut as the crate cuts; put together again backwards."""
    cases = Cases(file, tally)
    for case in cases.cases:
        fields, data = case.fields, case.bytes("data")
        room = capacity(fields["length"], fields["fragmentSize"])
        cases.equal(case, "capacity", room, (fields["count"], fields["spare"]))
        cases.equal(case, "size", len(data), fields["length"] + fields["spare"])
        parts = nym.split(data, fields["fragmentSize"], set_ids=fields["setIds"])
        made = [part.to_bytes() for part in parts]
        cases.equal(case, "count", len(made), fields["count"])
        digest = hashlib.sha256(b"".join(made)).hexdigest()
        cases.equal(case, "allSha256", digest, fields["allSha256"])
        for shown in fields["fragments"]:
            part, header = made[shown["index"]], raw(shown["header"])
            cases.equal(case, "header", part[: len(header)], header)
            cases.equal(case, "sha256", hashlib.sha256(part).hexdigest(), shown["sha256"])
        cases.equal(case, "read again", [nym.Fragment.from_bytes(part) for part in made], parts)
        whole, refused = put_together(made[::-1])
        cases.equal(case, "put together", (whole, refused), ([(len(made) - 1, data)], []))
    cases.end()


@pytest.mark.parametrize("file", names_of("NymFragmentHeaders"))
def test_fragment_headers(file: str, tally: Tally) -> None:
    cases = Cases(file, tally)
    for case in cases.cases:
        fields, part = case.fields, case.bytes("fragment")
        found = cases.read(case, nym.FragmentError, nym.Fragment.from_bytes, part)
        if found is None:
            continue
        wanted = nym.Fragment(
            fields["setId"],
            fields["total"],
            fields["position"],
            case.bytes("payload"),
            fields.get("previousSet"),
            fields.get("nextSet"),
        )
        cases.equal(case, "fragment", found, wanted)
        cases.equal(case, "bytes", wanted.to_bytes(), part)
        identifier = case.bytes("identifier")
        cases.equal(case, "identifier", found.identifier.to_bytes(), identifier)
        cases.equal(
            case, "identifier, read", nym.FragmentId.from_bytes(identifier), found.identifier
        )
    cases.end()


def put_together(parts: Sequence[bytes]) -> tuple[list[tuple[int, bytes]], list[int]]:
    """Messages with the index of the fragment that completed each, and indices of refused ones.

    Finished messages are not remembered: the crate does not, and gives a message out again.
    """
    sets = nym.Reassembler(max_finished=0)
    whole, refused = [], []
    for i, part in enumerate(parts):
        try:
            data = sets.add(nym.Fragment.from_bytes(part))
        except nym.FragmentError:
            refused.append(i)
        else:
            if data is not None:
                whole.append((i, data))
    return whole, refused


@pytest.mark.parametrize("file", names_of("NymReconstruction"))
def test_reconstruction(file: str, tally: Tally) -> None:
    """With `refused`, what does not fit its set: the crate takes it for good, or panics."""
    cases = Cases(file, tally)
    for case in cases.cases:
        whole, refused = put_together([raw(part) for part in case.fields["fragments"]])
        messages = [(one["after"], raw(one["message"])) for one in case.fields["messages"]]
        cases.equal(case, "messages", whole, messages)
        cases.equal(case, "refused", refused, case.fields.get("refused", []))
        if (skip := skip_of(case)) is not None:
            cases.skip(name_of(case), skip)
    cases.end({OTHER_TOTAL: 2})
