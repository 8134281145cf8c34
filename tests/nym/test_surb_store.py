"""The store of SURBs and reply keys: policy, limits, files, and that nothing is used twice."""

import contextlib
import dataclasses
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from network import DETERMINISTIC, key, seeded

import sphinxcore as sx
from sphinxcore.nym import replies
from sphinxcore.nym.addresses import NodeAddress, Recipient, SenderTag
from sphinxcore.nym.errors import ReplyError
from sphinxcore.nym.replies import ReplySurb
from sphinxcore.nym.reply_keys import ReplyKey, ReplyKeyring
from sphinxcore.nym.rotation import UNKNOWN_ROTATION_ID, KeyRotation
from sphinxcore.nym.sizes import PacketSize
from sphinxcore.nym.surb_store import DEFAULT_POLICY, SurbCounters, SurbPolicy, SurbStore

ADDRESS = NodeAddress(IPv4Address("10.0.0.1"), 1789).padded()
ALICE, BOB, CAROL = (SenderTag(seeded(name, 16)) for name in (b"alice", b"bob", b"carol"))
START = 1_700_000_000.0
EPOCH, ROTATION = 3600.0, 24 * 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[SurbStore]:
    with SurbStore(clock=clock) as made:
        yield made


def surb(i: int, rotation: KeyRotation = KeyRotation.UNKNOWN) -> ReplySurb:
    """A SURB of the right form, which no node would process."""
    raw = seeded(b"surb %d" % i, 460)
    return ReplySurb.from_bytes(raw[:364] + ADDRESS + raw[396:], rotation)


def surbs(*numbers: int, rotation: KeyRotation = KeyRotation.UNKNOWN) -> list[ReplySurb]:
    return [surb(i, rotation) for i in numbers]


NUMBERS = {surb(i).to_bytes(): i for i in range(1000)}


def numbers(taken: list[ReplySurb]) -> list[int]:
    return [NUMBERS[one.to_bytes()] for one in taken]


def reply_key(i: int) -> ReplyKey:
    return ReplyKey.from_bytes(seeded(b"key %d" % i, 16))


def everything(path: Path) -> bytes:
    """What is in the store's files."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name + "*")))


def test_policy_of_the_network() -> None:
    network = dataclasses.asdict(DEFAULT_POLICY)
    assert {name: network[name] for name in list(network)[:9]} == {
        "minimum": 10,
        "buffer": 0,
        "maximum": 200,
        "smallest_request": 10,
        "largest_request": 50,
        "largest_answer": 500,
        "answer_batch": 100,
        "ask_again_s": 10,
        "give_up_s": 5 * 60,
    }
    assert DEFAULT_POLICY.key_lifetime_s == 24 * 3600


def test_oldest_first_and_each_once(store: SurbStore) -> None:
    store.add(ALICE, surbs(5, 3))
    store.add(BOB, surbs(9))
    store.add(ALICE, surbs(4))
    assert (store.count(ALICE), store.count(BOB), store.count(CAROL)) == (3, 1, 0)
    assert numbers(store.take(ALICE, 2)) == [5, 3]
    assert numbers(store.take(ALICE, 0)) == []
    assert numbers(store.take(ALICE, 2)) == [4]
    assert store.take(ALICE, 2) == store.take(CAROL, 2) == []
    assert store.count(BOB) == 1


def test_some_are_kept_back(store: SurbStore) -> None:
    store.add(ALICE, surbs(*range(12)))
    assert numbers(store.take(ALICE, 5, keep=10)) == [0, 1]
    assert store.take(ALICE, 5, keep=10) == store.take(ALICE, 5, keep=11) == []
    assert numbers(store.take(ALICE, 1)) == [2]


def test_the_key_rotation_is_kept(store: SurbStore) -> None:
    for rotation in KeyRotation:
        store.add(ALICE, surbs(rotation, rotation=rotation))
    assert [one.key_rotation for one in store.take(ALICE, 9)] == list(KeyRotation)


def test_real_surbs_make_replies(store: SurbStore) -> None:
    route = [sx.Hop(ADDRESS, key(i).public_key) for i in range(4)]
    made = replies.build_reply_surbs(
        [route] * 2, destination=bytes(32), key_rotation=KeyRotation.ODD
    )
    store.add(ALICE, made)
    store.reply_keys.add([one.key for one in made])
    taken = store.take(ALICE, 2)
    content = bytes(PacketSize.REGULAR.plaintext_size)
    for (first_hop, packet), one in zip(
        replies.use_reply_surbs(taken, [content] * 2), taken, strict=True
    ):
        assert first_hop == one.first_hop
        assert len(packet) == PacketSize.REGULAR.packet_size
        assert store.reply_keys.take(one.key.digest()) == one.key
    with pytest.raises(sx.SphinxError, match="used before"):
        store.add(BOB, taken)
    assert store.count(BOB) == 0


def test_shortage(store: SurbStore) -> None:
    assert store.shortage(ALICE, 5) == 0, "there is nothing to ask with"
    store.add(ALICE, surbs(*range(9)))
    assert store.shortage(ALICE) == 10
    store.add(ALICE, surbs(9))
    assert [store.shortage(ALICE, queued) for queued in (0, 1, 10, 11, 50, 51, 10**6)] == [
        *(0, 10, 10, 11, 50, 50, 50)
    ]
    store.requested(ALICE, 20)
    assert [store.shortage(ALICE, queued) for queued in (20, 21)] == [0, 21]
    store.requested(ALICE, 170)
    assert store.shortage(ALICE, 10**6) == 0, "the maximum"
    store.add(ALICE, surbs(10), asked_for=True)
    assert store.shortage(ALICE, 10**6) == 0
    store.add(ALICE, surbs(*range(11, 31)))
    store.take(ALICE, 22)
    assert store.shortage(ALICE, 10**6) == 50


def test_shortage_with_a_buffer(clock: Clock) -> None:
    with SurbStore(policy=SurbPolicy(minimum=2, buffer=5), clock=clock) as store:
        store.add(ALICE, surbs(*range(6)))
        assert store.shortage(ALICE) == 10
        store.add(ALICE, surbs(6))
        assert [store.shortage(ALICE, queued) for queued in (0, 1, 10)] == [0, 10, 15]


def test_asking_again(store: SurbStore, clock: Clock) -> None:
    store.add(ALICE, surbs(0))
    clock.now += 100
    store.requested(ALICE, 30)
    clock.now += 10
    assert store.shortage(ALICE, 20) == 0
    clock.now += 0.5
    assert store.shortage(ALICE, 20) == 20, "what was asked for is lost"
    store.requested(ALICE, 20)
    assert store.shortage(ALICE, 11) == 0
    assert store.shortage(ALICE, 12) == 12
    clock.now += 9
    store.add(ALICE, surbs(1), asked_for=True)
    clock.now += 9
    assert store.shortage(ALICE, 11) == 0, "SURBs came: the others may come, too"
    assert store.shortage(ALICE, 12) == 12
    clock.now += 2
    assert store.shortage(ALICE, 11) == 11
    store.add(ALICE, surbs(2))
    assert store.shortage(ALICE, 11) == 11, "lost ones stay lost"


def test_unreachable(store: SurbStore, clock: Clock) -> None:
    assert store.unreachable(ALICE)
    store.add(ALICE, surbs(0, 1))
    clock.now += 1000
    assert not store.unreachable(ALICE)
    store.requested(ALICE, 10)
    clock.now += 200
    store.requested(ALICE, 10)
    clock.now += 100
    assert not store.unreachable(ALICE)
    clock.now += 1
    assert store.unreachable(ALICE), "asked 301 s ago"
    store.add(ALICE, surbs(2))
    assert not store.unreachable(ALICE)
    store.take(ALICE, 3)
    clock.now += 300
    assert not store.unreachable(ALICE)
    clock.now += 1
    assert store.unreachable(ALICE), "none for 301 s, and none left"
    store.requested(BOB, 5)
    assert store.unreachable(BOB)


def test_a_rotation_is_applied_at_its_second_call(store: SurbStore, clock: Clock) -> None:
    store.add(ALICE, surbs(0, 1))
    store.add(BOB, surbs(2))
    assert store.rotate(7, START - ROTATION / 2) == {}, "the first one ever changes nothing"
    assert store.rotate(7, START - ROTATION / 2) == {}
    clock.now += 1
    started = clock.now
    assert store.rotate(8, started) == {}
    assert store.shortage(ALICE, 10) == 10
    clock.now += EPOCH / 8
    store.add(ALICE, surbs(3, rotation=KeyRotation.EVEN))
    assert store.rotate(8, started) == {ALICE: 3, BOB: 1}
    assert store.rotate(8, started) == {}
    store.add(ALICE, surbs(4, 5, rotation=KeyRotation.EVEN))
    assert numbers(store.take(ALICE, 3)) == [4, 5, 0], "fresh ones first"
    assert store.shortage(ALICE) == 10, "possibly stale ones do not count"
    clock.now = started + EPOCH
    store.rotate(8, started)
    assert (store.count(ALICE), store.count(BOB)) == (2, 1)
    clock.now += 1
    store.add(BOB, surbs(6))
    store.rotate(8, started)
    assert (store.count(ALICE), store.count(BOB)) == (0, 1)
    assert store.counters == SurbCounters(stale=3)


def test_a_rotation_that_is_not_confirmed(store: SurbStore) -> None:
    store.add(ALICE, surbs(0))
    assert [store.rotate(number, START) for number in (7, 8, 7, 8, 9)] == [{}] * 5
    assert store.rotate(9, START) == {ALICE: 1}
    assert store.rotate(9, START) == {}


def test_a_client_that_slept(store: SurbStore, clock: Clock) -> None:
    started = START + EPOCH / 2
    store.rotate(7, started - ROTATION)
    store.add(ALICE, surbs(0))
    clock.now = started + EPOCH
    store.add(ALICE, surbs(1))
    clock.now += 1
    store.add(ALICE, surbs(2))
    assert store.rotate(8, started) == {}
    assert store.rotate(8, started) == {ALICE: 2}
    assert numbers(store.take(ALICE, 9)) == [2], "received when there were only new keys"


@pytest.mark.parametrize(("rotation_id", "left"), [(7, [0, 1]), (8, [0, 2]), (0, [0, 1, 2])])
def test_surbs_of_the_other_rotation_go_at_once(
    store: SurbStore, rotation_id: int, left: list[int]
) -> None:
    for rotation in KeyRotation:
        store.add(ALICE, surbs(rotation, rotation=rotation))
    store.rotate(rotation_id, START)
    assert numbers(store.take(ALICE, 9)) == left
    assert store.counters == SurbCounters(other_rotation=3 - len(left))


def test_surbs_received_before_the_rotation(store: SurbStore, clock: Clock) -> None:
    store.add(ALICE, surbs(0))
    clock.now += 1
    store.add(ALICE, surbs(1))
    store.rotate(7, clock.now + EPOCH)
    assert numbers(store.take(ALICE, 9)) == [1]
    assert store.counters == SurbCounters(outdated=1)


@pytest.mark.parametrize("options", [{"epoch_stuck": True}, {}])
def test_when_the_rotation_is_unknown_only_age_counts(
    store: SurbStore, clock: Clock, options: dict[str, bool]
) -> None:
    rotation_id = 8 if options else UNKNOWN_ROTATION_ID
    store.add(ALICE, surbs(0, rotation=KeyRotation.ODD))
    clock.now += 1
    store.add(ALICE, surbs(1, rotation=KeyRotation.ODD))
    clock.now += 25 * EPOCH - 1
    for _ in range(3):
        assert store.rotate(rotation_id, clock.now, **options) == {}
    assert numbers(store.take(ALICE, 9)) == [1]
    store.add(ALICE, surbs(2))
    clock.now += 40
    store.rotate(rotation_id, 0, epoch_s=10, validity=3, **options)
    assert store.count(ALICE) == 0
    assert store.counters == SurbCounters(outdated=2)


def test_silent_peers_are_forgotten(store: SurbStore, clock: Clock) -> None:
    policy = store.policy
    for tag in (ALICE, BOB):
        store.add(tag, surbs(0))
        store.take(tag, 1)
    clock.now += 200
    store.requested(BOB, 10)
    clock.now += policy.give_up_s - 200
    store.rotate(7, START)
    store.add(ALICE, [])
    store.requested(ALICE, 10)
    assert not store.unreachable(ALICE)
    clock.now += policy.give_up_s + 1
    store.rotate(7, START)
    for tag in (ALICE, BOB):
        store.requested(tag, 10)
        store.add(tag, surbs(1))
        assert store.shortage(tag, 5) == 10, "what was asked for is forgotten"


@pytest.mark.parametrize(
    ("rotation_id", "options", "error"),
    [
        (-1, {}, sx.SphinxError),
        (2**32, {}, sx.SphinxError),
        (7.0, {}, TypeError),
        (7, {"validity": 2}, sx.SphinxError),
        (7, {"epoch_s": "1"}, TypeError),
    ],
)
def test_rotations_that_are_refused(
    store: SurbStore, rotation_id: Any, options: Any, error: type[Exception]
) -> None:
    store.add(ALICE, surbs(0, rotation=KeyRotation.EVEN))
    with pytest.raises(error):
        store.rotate(rotation_id, START, **options)
    assert store.count(ALICE) == 1


def test_too_many_surbs(clock: Clock) -> None:
    with SurbStore(policy=SurbPolicy(max_surbs=3), clock=clock) as store:
        store.add(ALICE, surbs(0, 1))
        store.add(BOB, surbs(9))
        store.add(ALICE, surbs(2, 3))
        store.rotate(7, START)
        store.rotate(8, START)
        store.rotate(8, START)
        store.add(ALICE, surbs(4))
        assert store.counters == SurbCounters(too_many=2)
        assert numbers(store.take(ALICE, 9)) == [4, 2, 3]
        store.add(ALICE, surbs(*range(10, 20)))
        assert numbers(store.take(ALICE, 9)) == [17, 18, 19]
        assert store.counters == SurbCounters(too_many=9)
        assert store.count(BOB) == 1


def test_too_many_peers(clock: Clock) -> None:
    with SurbStore(policy=SurbPolicy(max_peers=2), clock=clock) as store:
        for tag in (ALICE, BOB, ALICE):
            store.add(tag, surbs(0))
            clock.now += 1
        clock.now -= 100  # the newest one is not dropped, even if the clock went back
        store.add(CAROL, surbs(1))
        assert [store.count(tag) for tag in (ALICE, BOB, CAROL)] == [2, 0, 1]
        assert store.unreachable(BOB)
        assert store.counters == SurbCounters(of_dropped_peers=1)


def test_own_tags(tmp_path: Path) -> None:
    one, other = (Recipient(bytes(32), seeded(name, 32), bytes(32)) for name in (b"a", b"b"))
    with SurbStore(tmp_path / "store") as store:
        tag = store.own_tag(one)
        assert store.own_tag(one) == tag != store.own_tag(other)
    with SurbStore(tmp_path / "store") as store:
        assert store.own_tag(one) == tag


def test_reply_keys(store: SurbStore) -> None:
    keyring: ReplyKeyring = store.reply_keys
    keyring.add(reply_key(i) for i in range(3))
    keyring.add([reply_key(1)])
    assert len(store.reply_keys) == 3
    assert keyring.take(bytearray(reply_key(1).digest())) == reply_key(1)
    assert keyring.take(reply_key(1).digest()) is None
    assert keyring.take(reply_key(3).digest()) is None
    assert len(store.reply_keys) == 2


def test_reply_keys_die_of_age(store: SurbStore, clock: Clock) -> None:
    keys, lifetime = store.reply_keys, store.policy.key_lifetime_s
    keys.add([reply_key(0), reply_key(1)])
    clock.now += 1
    keys.add([reply_key(2), reply_key(3)])
    clock.now = START + lifetime
    assert keys.take(reply_key(0).digest()) is None
    assert keys.take(reply_key(2).digest()) == reply_key(2)
    store.rotate(7, START)
    assert len(keys) == 1
    assert (keys.expired, keys.dropped) == (2, 0)
    clock.now += 1
    keys.purge()
    assert (len(keys), keys.expired) == (0, 3)


def test_too_many_reply_keys(clock: Clock) -> None:
    with SurbStore(policy=SurbPolicy(max_keys=3), clock=clock) as store:
        for i in range(5):
            store.reply_keys.add([reply_key(i)])
        assert len(store.reply_keys) == 3
        assert store.reply_keys.dropped == 2
        assert [store.reply_keys.take(reply_key(i).digest()) for i in range(5)] == [
            *(None, None, reply_key(2), reply_key(3), reply_key(4))
        ]


def test_other_types_are_refused(store: SurbStore) -> None:
    raw: Any = ALICE.raw
    for call in (store.count, store.shortage, store.unreachable):
        with pytest.raises(TypeError, match="tag must be SenderTag, not bytes"):
            call(raw)
    for wrong, message in ((surb(0).to_bytes(), "surbs must be ReplySurb"), (5, "iterable")):
        with pytest.raises(TypeError, match=message):
            store.add(ALICE, [surb(1), wrong] if isinstance(wrong, bytes) else wrong)  # type: ignore[list-item]
    with pytest.raises(TypeError, match="recipient must be Recipient"):
        store.own_tag(raw)
    with pytest.raises(TypeError, match="keys must be ReplyKey"):
        store.reply_keys.add([reply_key(0), raw])
    with pytest.raises(sx.SphinxError, match="digest must be 32 bytes"):
        store.reply_keys.take(bytes(31))
    for call, values in ((store.take, (-1, 2**31)), (store.requested, (-1, 2**32))):
        for value in values:
            with pytest.raises(sx.SphinxError, match="must be in"):
                call(ALICE, value)
    with pytest.raises(sx.SphinxError, match="keep must be in"):
        store.take(ALICE, 1, keep=-1)
    assert store.count(ALICE) == len(store.reply_keys) == 0


def test_the_slower_thread_gets_no_key(store: SurbStore, monkeypatch: pytest.MonkeyPatch) -> None:
    found = reply_key(0).to_bytes(), START
    monkeypatch.setattr(store._database, "row", lambda *query: found)
    assert store.reply_keys.take(reply_key(0).digest()) is None


@pytest.fixture
def busy_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("busy_threads")
def test_threads_share_a_store(store: SurbStore) -> None:
    store.add(ALICE, surbs(*range(200)))
    store.reply_keys.add(map(reply_key, range(200)))
    taken: list[int] = []
    found: list[ReplyKey] = []

    def run() -> None:
        while some := store.take(ALICE, 3):
            taken.extend(numbers(some))
        for i in range(200):
            if (one := store.reply_keys.take(reply_key(i).digest())) is not None:
                found.append(one)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(200))
    assert len(found) == 200


def test_a_file_is_opened_again(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "store"
    with SurbStore(path, clock=clock) as store:
        store.add(ALICE, surbs(0, 1, 2, rotation=KeyRotation.ODD))
        store.requested(ALICE, 20)
        store.reply_keys.add([reply_key(0)])
        assert numbers(store.take(ALICE, 1)) == [0]
    with SurbStore(os.fsencode(path), clock=clock) as store:  # type: ignore[arg-type]
        assert store.shortage(ALICE, 12) == 0
        assert store.shortage(ALICE, 13) == 13
        assert store.reply_keys.take(reply_key(0).digest()) == reply_key(0)
        (one, _) = taken = store.take(ALICE, 5)
        assert numbers(taken) == [1, 2]
        assert one.key_rotation is KeyRotation.ODD
    with pytest.raises(sqlite3.ProgrammingError):
        store.count(ALICE)


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX systems")
def test_files_are_their_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "store"
    before = os.umask(0)
    try:
        with SurbStore(path) as store:
            store.add(ALICE, surbs(0))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"store": 0o600, "store-wal": 0o600}


def test_what_is_deleted_is_overwritten(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "store"
    secrets = [surb(0).to_bytes()[-64:], reply_key(0).to_bytes()]
    with SurbStore(path, clock=clock) as store:
        store.add(ALICE, surbs(0))
        store.reply_keys.add([reply_key(0)])
        store.rotate(7, START)
        assert all(secret in path.read_bytes() for secret in secrets)
        store.take(ALICE, 1)
        store.reply_keys.take(reply_key(0).digest())
        store.rotate(7, START)
        assert not any(secret in everything(path) for secret in secrets)
        store.add(ALICE, surbs(0))
        store.take(ALICE, 1)
    assert not any(secret in everything(path) for secret in secrets)
    assert [file.name for file in tmp_path.iterdir()] == ["store"]


def test_one_store_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "store"
    for _ in range(2):  # a new file, and one that was there
        with SurbStore(path), pytest.raises(ReplyError, match="locked"):
            SurbStore(path)


def test_an_empty_file_is_a_new_store(tmp_path: Path) -> None:
    path = tmp_path / "store"
    path.touch()
    with SurbStore(path) as store:
        store.add(ALICE, surbs(0))
        assert store.count(ALICE) == 1


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        SurbStore(tmp_path / "folder" / "store")


@pytest.mark.parametrize("version", [0, 2, -1])
def test_other_versions_are_refused(tmp_path: Path, version: int) -> None:
    path = tmp_path / "store"
    SurbStore(path).close()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(ReplyError, match=f"has version {version}, not 1"):
        SurbStore(path)
    assert path.read_bytes() == before


def test_other_databases_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE surbs (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(ReplyError, match="no SURB store"):
        SurbStore(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "raw",
    [b"x", bytes(511), bytes(4096), seeded(b"no database", 5000)],
    ids=["one byte", "short", "zeros", "random"],
)
def test_other_files_are_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "store"
    path.write_bytes(raw)
    with pytest.raises(ReplyError, match="cannot be used"):
        SurbStore(path)
    assert path.read_bytes() == raw


@pytest.mark.parametrize("half", ["SELECT id", "DELETE FROM surbs WHERE id"])
def test_a_failure_undoes_all_of_it(tmp_path: Path, half: str) -> None:
    with SurbStore(tmp_path / "store") as store:
        store.add(ALICE, surbs(0, 1))
        connection = store._database._connection

        class Failing:
            """Runs statements until one that starts so."""

            def __getattr__(self, name: str) -> Any:
                return getattr(connection, name)

            def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
                if statement.startswith(half):
                    raise sqlite3.OperationalError("disk is full")
                return connection.execute(statement, *values)

        store._database._connection = Failing()  # type: ignore[assignment]
        with pytest.raises(sqlite3.OperationalError, match="full"):
            store.take(ALICE, 2)
        store._database._connection = connection
        assert numbers(store.take(ALICE, 2)) == [0, 1]


def test_only_what_must_waits_for_the_disk(store: SurbStore) -> None:
    store.add(ALICE, surbs(0, 1))
    run: list[str] = []
    store._database._connection.set_trace_callback(run.append)
    store.take(ALICE, 1)
    assert run[:2] == ["PRAGMA synchronous = FULL", "BEGIN IMMEDIATE"]
    assert run[-2:] == ["COMMIT", "PRAGMA synchronous = NORMAL"]
    del run[:]
    store.add(ALICE, surbs(2))
    store.reply_keys.add([reply_key(0)])
    assert not [statement for statement in run if "synchronous" in statement]


USER = """
import sys
from sphinxcore.nym.addresses import SenderTag
from sphinxcore.nym.surb_store import SurbStore

store = SurbStore(sys.argv[1])
while surbs := store.take(SenderTag.from_text(sys.argv[2]), 2):
    print(*(surb.to_bytes().hex() for surb in surbs), flush=True)
"""


def test_a_client_that_is_killed_uses_no_surb_twice(tmp_path: Path) -> None:
    path, total, chance = tmp_path / "store", 120, random.Random(1)
    with SurbStore(path) as store:
        store.add(ALICE, surbs(*range(total)))
    command = [sys.executable, "-c", USER, os.fspath(path), str(ALICE)]
    used: list[int] = []
    kills = 5
    for _ in range(kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            lines = [client.stdout.readline() for _ in range(chance.randint(1, 5))]
            client.kill()
            lines += client.stdout.readlines()
        # The last line may be cut: a SURB that was not used.
        whole = [raw for line in lines if line.endswith("\n") for raw in line.split()]
        used += [NUMBERS[bytes.fromhex(raw)] for raw in whole]
    with SurbStore(path) as store:
        left = numbers(store.take(ALICE, total))
    assert len(set(used)) == len(used) >= kills
    assert not set(used) & set(left)
    assert used == sorted(used)
    assert left == list(range(total - len(left), total))
    assert total - len(left) - len(used) <= 2 * kills, "what was taken when the client was killed"


@dataclasses.dataclass
class Peer:
    """What the model knows of a peer; its SURBs are (stale, number, rotation, received)."""

    received: float
    surbs: list[tuple[bool, int, KeyRotation, float]] = dataclasses.field(default_factory=list)
    awaited: int = 0
    asked_first: float | None = None
    asked_last: float = 0.0


tags = st.sampled_from([ALICE, BOB, CAROL])
POLICY = SurbPolicy(minimum=2, maximum=12, max_surbs=15, max_peers=2)


class StoreModel(RuleBasedStateMachine):
    """A store in a file beside a model in plain Python."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.clock = Clock()
        self.peers: dict[SenderTag, Peer] = {}
        self.next, self.rotation_id, self.started = 0, 7, START
        self.open()

    def open(self) -> None:
        self.store = SurbStore(Path(self.folder, "store"), policy=POLICY, clock=self.clock)
        self.applied, self.seen = 0, 0

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def awaited(self, peer: Peer) -> int:
        silent = self.clock.now - max(peer.received, peer.asked_last)
        return peer.awaited if silent <= POLICY.ask_again_s else 0

    @rule(
        tag=tags, n=st.integers(0, 20), rotation=st.sampled_from(KeyRotation), asked=st.booleans()
    )
    def add(self, tag: SenderTag, n: int, rotation: KeyRotation, asked: bool) -> None:
        new = [(self.next + i) % len(NUMBERS) for i in range(n)]
        self.next += n
        self.store.add(tag, surbs(*new, rotation=rotation), asked_for=asked)
        if not n:
            return
        now = self.clock.now
        peer = self.peers.setdefault(tag, Peer(now))
        peer.awaited = max(self.awaited(peer) - (n if asked else 0), 0)
        peer.received, peer.asked_first = now, None
        peer.surbs += [(False, i, rotation, now) for i in new]
        while len(peer.surbs) > POLICY.max_surbs:
            del peer.surbs[0]
        if len(self.peers) > POLICY.max_peers:
            others = [other for other in self.peers if other != tag]
            del self.peers[min(others, key=lambda one: (self.peers[one].received, one.raw))]

    @rule(tag=tags, n=st.integers(0, 5), keep=st.integers(0, 3))
    def take(self, tag: SenderTag, n: int, keep: int) -> None:
        taken = self.store.take(tag, n, keep=keep)
        peer = self.peers.get(tag, Peer(0))
        n = min(n, max(len(peer.surbs) - keep, 0))
        expected = sorted(peer.surbs, key=lambda one: one[0])[:n]
        assert numbers(taken) == [number for _, number, _, _ in expected]
        assert [one.key_rotation for one in taken] == [rotation for _, _, rotation, _ in expected]
        for one in expected:
            peer.surbs.remove(one)

    @rule(tag=tags, amount=st.integers(0, 20))
    def requested(self, tag: SenderTag, amount: int) -> None:
        self.store.requested(tag, amount)
        if peer := self.peers.get(tag):
            peer.awaited = self.awaited(peer) + amount
            peer.asked_last = self.clock.now
            if peer.asked_first is None:
                peer.asked_first = self.clock.now

    @rule(seconds=st.sampled_from([0.5, 5, 11, 301, EPOCH / 8, EPOCH + 1, 25 * EPOCH]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def next_rotation(self) -> None:
        self.rotation_id += 1
        self.started = self.clock.now

    @rule(delays=st.lists(st.sampled_from([1, EPOCH / 8, EPOCH]), max_size=3))
    def change_rotation(self, delays: list[float]) -> None:
        """As a client sees it that is there all the time."""
        self.rotate(stuck=False)
        self.next_rotation()
        for seconds in delays:
            self.clock.now += seconds
            self.rotate(stuck=False)

    @rule(stuck=st.booleans())
    def rotate(self, stuck: bool) -> None:
        now, started = self.clock.now, self.started
        confirmed = False
        if not stuck:
            confirmed = self.seen == self.rotation_id != self.applied != 0
            if self.applied == 0 or confirmed:
                self.applied = self.rotation_id
            self.seen = self.rotation_id
        marked = {}
        for tag, peer in list(self.peers.items()):
            kept = []
            for stale, number, rotation, received in peer.surbs:
                if stuck:
                    if now - received < 25 * EPOCH:
                        kept.append((stale, number, rotation, received))
                    continue
                fits = rotation in (KeyRotation.UNKNOWN, KeyRotation.of_id(self.rotation_id))
                if not fits or received < started - EPOCH:
                    continue
                if confirmed and received <= started + EPOCH:
                    stale = True
                    marked[tag] = marked.get(tag, 0) + 1
                if not (stale and now > started + EPOCH):
                    kept.append((stale, number, rotation, received))
            peer.surbs = kept
            if not kept and now - max(peer.received, peer.asked_last) > POLICY.give_up_s:
                del self.peers[tag]
        assert self.store.rotate(self.rotation_id, started, epoch_stuck=stuck) == marked

    @rule()
    def open_again(self) -> None:
        self.store.close()
        self.open()

    @invariant()
    def agrees(self) -> None:
        for tag in (ALICE, BOB, CAROL):
            peer = self.peers.get(tag)
            found = peer.surbs if peer else []
            assert self.store.count(tag) == len(found)
            fresh = sum(not stale for stale, *_ in found)
            for queued in (0, 3, 60):
                have = fresh + (self.awaited(peer) if peer else 0)
                wanted = max(10, min(queued, 50))
                asks = found and have < 12 and have < queued + 2
                assert self.store.shortage(tag, queued) == (wanted if asks else 0)
            if peer is None:
                hopeless = True
            elif peer.asked_first is not None:
                hopeless = self.clock.now - peer.asked_first > POLICY.give_up_s
            else:
                hopeless = not found and self.clock.now - peer.received > POLICY.give_up_s
            assert self.store.unreachable(tag) is hopeless


TestStoreModel = StoreModel.TestCase
TestStoreModel.settings = settings(DETERMINISTIC, max_examples=40, stateful_step_count=40)
