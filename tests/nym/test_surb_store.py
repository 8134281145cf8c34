"""The store of SURBs and reply keys: policy, limits, and that nothing is used twice."""

import dataclasses
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clock import Clock
from network import key, seeded
from stored_surbs import (
    ADDRESS,
    ALICE,
    BOB,
    CAROL,
    EPOCH,
    ROTATION,
    START,
    numbers,
    reply_key,
    surb,
    surbs,
)

import sphinxcore as sx
from sphinxcore.nym import replies
from sphinxcore.nym.addresses import Recipient
from sphinxcore.nym.reply_keys import ReplyKey, ReplyKeyring
from sphinxcore.nym.rotation import UNKNOWN_ROTATION_ID, KeyRotation
from sphinxcore.nym.sizes import PacketSize
from sphinxcore.nym.surb_store import DEFAULT_POLICY, SurbCounters, SurbPolicy, SurbStore


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


def test_a_rotation_that_failed_is_applied_at_the_next_call(store: SurbStore, clock: Clock) -> None:
    store.rotate(7, START - ROTATION / 2)
    store.add(ALICE, surbs(1, 2, 3))
    started = START + 10
    clock.now = started
    store.rotate(8, started)
    counted = dataclasses.replace(store.counters)
    fail = "BEGIN SELECT RAISE(ROLLBACK, 'the disk is full, say'); END"
    connection = store._database._connection
    connection.execute(f"CREATE TEMP TRIGGER full BEFORE UPDATE ON surbs {fail}")
    with pytest.raises(sqlite3.Error, match="the disk is full, say"):
        store.rotate(8, started)
    connection.execute("DROP TRIGGER full")
    assert store.counters == counted
    assert store.rotate(8, started) == {ALICE: 3}


def test_what_was_rolled_back_is_not_counted(store: SurbStore) -> None:
    store.add(ALICE, surbs(*range(store.policy.max_surbs)))
    fail = "BEGIN SELECT RAISE(ABORT, 'the disk is full, say'); END"
    store._database._connection.execute(f"CREATE TEMP TRIGGER full AFTER DELETE ON surbs {fail}")
    with pytest.raises(sqlite3.Error, match="the disk is full, say"):
        store.add(ALICE, surbs(7))
    assert store.counters == SurbCounters()
    assert store.count(ALICE) == store.policy.max_surbs


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
    for wrong, message in (
        (surb(0).to_bytes(), "surbs must be ReplySurb"),
        (5, "surbs must be a sequence"),
    ):
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
