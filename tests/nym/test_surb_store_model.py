"""The store of SURBs beside a model in plain Python."""

import dataclasses
import shutil
import tempfile
from pathlib import Path

from clock import Clock
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from network import DETERMINISTIC
from stored_surbs import ALICE, BOB, CAROL, EPOCH, NUMBERS, START, numbers, surbs

from sphinxcore.nym.addresses import SenderTag
from sphinxcore.nym.rotation import KeyRotation
from sphinxcore.nym.surb_store import SurbPolicy, SurbStore


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
        self.clock = Clock(START)
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
