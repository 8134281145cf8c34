"""What a client keeps about replies, in a file: SURBs of its peers, and keys of its own SURBs."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

from sphinxcore._checks import (
    exact_bytes,
    function,
    instance,
    integer,
    listed,
    number,
    path_text,
)
from sphinxcore.nym.addresses import Recipient, SenderTag
from sphinxcore.nym.errors import ReplyError
from sphinxcore.nym.replies import ReplySurb
from sphinxcore.nym.reply_keys import KEY_LIFETIME_S, ReplyKey
from sphinxcore.nym.rotation import EPOCHS_PER_ROTATION, UNKNOWN_ROTATION_ID, KeyRotation
from sphinxcore.nym.sizes import EPHEMERAL_SIZE

MEMORY = ":memory:"
EPOCH_S = 3600.0

Run = Callable[..., sqlite3.Cursor]
"""Runs one SQL statement of an open transaction."""

_MOST = 2**31 - 1
_LONGEST_S = 1e12
"""Seconds: 31,000 years, long enough for any age and any clock."""
_SMALLEST_FILE = 512
_APPLICATION_ID = 0x53505852
_SCHEMA_VERSION = 1
_SCHEMA = (
    # A peer is who sent us SURBs; `awaited` of them were asked for and have not come.
    """CREATE TABLE peers (
        tag BLOB PRIMARY KEY, received REAL NOT NULL,
        awaited INTEGER NOT NULL DEFAULT 0, asked_first REAL, asked_last REAL
    ) WITHOUT ROWID""",
    "CREATE INDEX peers_by_age ON peers (received)",
    # Ids grow in the order of arrival.
    """CREATE TABLE surbs (
        id INTEGER PRIMARY KEY, tag BLOB NOT NULL, surb BLOB NOT NULL, rotation INTEGER NOT NULL,
        received REAL NOT NULL, stale INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX surbs_by_use ON surbs (tag, stale, id)",
    """CREATE TABLE reply_keys (
        id INTEGER PRIMARY KEY, digest BLOB UNIQUE NOT NULL, key BLOB NOT NULL, added REAL NOT NULL
    )""",
    "CREATE INDEX reply_keys_by_age ON reply_keys (added)",
    "CREATE TABLE own_tags (recipient BLOB PRIMARY KEY, tag BLOB NOT NULL) WITHOUT ROWID",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_SCHEMA_VERSION}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurbPolicy:
    """How many SURBs a client wants and gives, and when it asks; the network's defaults.

    Args:
        minimum: SURBs of a peer that should always be there; the last ones are what asks for more.
        buffer: as many above the minimum, in advance.
        maximum: with this many a client asks for none.
        smallest_request, largest_request: how many it asks for at once.
        largest_answer: how many it gives at most when it is asked.
        answer_batch: how many of them go into one message.
        ask_again_s: without an answer for so long, it asks again.
        give_up_s: without an answer for so long, it drops what it had to say.
        max_surbs: kept for each peer; beyond that the oldest are dropped.
        max_peers: beyond that, the peers are dropped that sent no SURBs for longest.
        max_keys: the last so many reply keys are kept.
        key_lifetime_s: how long a reply key is kept.
    """

    minimum: int = 10
    buffer: int = 0
    maximum: int = 200
    smallest_request: int = 10
    largest_request: int = 50
    largest_answer: int = 500
    answer_batch: int = 100
    ask_again_s: float = 10.0
    give_up_s: float = 300.0
    max_surbs: int = 1000
    max_peers: int = 10_000
    max_keys: int = 1_000_000
    key_lifetime_s: float = KEY_LIFETIME_S

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_s"):
                number(value, 0, _LONGEST_S, field.name)
            else:
                integer(value, 0, _MOST, field.name)


DEFAULT_POLICY = SurbPolicy()


@dataclass(slots=True)
class SurbCounters:
    """SURBs that were dropped since the store was opened, by reason."""

    too_many: int = 0
    """More than max_surbs of one peer."""
    of_dropped_peers: int = 0
    """Of peers that were dropped for max_peers."""
    outdated: int = 0
    """Received too long before the key rotation."""
    other_rotation: int = 0
    """Made for the other key rotation."""
    stale: int = 0
    """Possibly stale, and the last rotation's keys are gone."""


class _Database:
    """The connection, for one thread at a time."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        if path != MEMORY:
            # SQLite gives its other files the mode of this one.
            try:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except FileExistsError:
                pass
            except ValueError as error:
                raise ReplyError(f"{path!a} cannot be used as a SURB store: {error}") from None
            # SQLite would take these for empty ones.
            if 0 < os.path.getsize(path) < _SMALLEST_FILE:
                raise ReplyError(f"{path} cannot be used as a SURB store: it is no database")
        try:
            self._connection = sqlite3.connect(
                path, timeout=0.1, isolation_level=None, check_same_thread=False
            )
            try:
                self._open(path)
            except BaseException:
                self.close()
                raise
        except sqlite3.DatabaseError as error:
            raise ReplyError(f"{path} cannot be used as a SURB store: {error}") from error

    def _open(self, path: str) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA secure_delete = ON")
        (application,), (version,), (tables,) = (
            run(query).fetchone()
            for query in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
        is_new = (application, version, tables) == (0, 0, 0)
        if not is_new and application != _APPLICATION_ID:
            raise ReplyError(f"{path} is a database, but no SURB store")
        if not is_new and version != _SCHEMA_VERSION:
            raise ReplyError(f"SURB store {path} has version {version}, not {_SCHEMA_VERSION}")
        run("PRAGMA journal_mode = WAL")  # a database in memory stays without
        run("PRAGMA synchronous = NORMAL")
        with self.transaction() as run:
            for statement in _SCHEMA if is_new else ():
                run(statement)

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Run]:
        """All or nothing. With `durable` no loss of power after the end undoes it, either."""
        with self._lock:
            run = self._connection.execute
            if durable:
                run("PRAGMA synchronous = FULL")
            run("BEGIN IMMEDIATE")
            try:
                yield run
                run("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite may have ended it itself
                    run("ROLLBACK")
                raise
            finally:
                if durable:
                    run("PRAGMA synchronous = NORMAL")

    def row(self, query: str, *values: Any) -> Any:
        """The first row that a query finds, or None."""
        with self._lock:
            return self._connection.execute(query, values).fetchone()

    def truncate_log(self) -> None:
        """Overwrite, in the file itself, what was deleted, and cut the log that still has it."""
        with self._lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        with self._lock:
            self._connection.close()


class SurbStore:
    """SURBs by the tag of who sent them, keys of SURBs given out, and the tags given to peers.

    In a file, which one store at a time has open, or in memory. The file is as secret as a private
    key, and in the clear, as the network's clients have it: who reads it can answer in the peers'
    conversations and read the replies to come. A new file can be read by its owner only, and what
    is deleted is overwritten: in the file when rotate() or close() is called, but disks and their
    file systems may keep copies. A store can be shared between threads.

    Args:
        path: a file, which is made if there is none; or ":memory:".
        clock: the time in seconds; of a clock that goes on while the program does not run.

    Raises ReplyError if the file is something else, was made by another version, or is in use.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] = MEMORY,
        *,
        policy: SurbPolicy = DEFAULT_POLICY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        instance(policy, SurbPolicy, "policy")
        self._clock = function(clock, "clock")
        self._database = _Database(path_text(path, "path"))
        # The last one that rotate() applied, and that of its last call.
        self._rotations: tuple[int | None, int | None] = None, None
        self.policy = policy
        self.counters = SurbCounters()
        self.reply_keys = StoredReplyKeys(self._database, policy, clock)

    def close(self) -> None:
        """Close the file. The store cannot be used any more."""
        self._database.close()

    def __enter__(self) -> "SurbStore":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def own_tag(self, recipient: Recipient) -> SenderTag:
        """The tag by which this peer knows us: drawn at the first call, then always the same."""
        peer = instance(recipient, Recipient, "recipient").to_bytes()
        with self._database.transaction() as run:
            run("INSERT OR IGNORE INTO own_tags VALUES (?, ?)", (peer, SenderTag.generate().raw))
            (tag,) = run("SELECT tag FROM own_tags WHERE recipient = ?", (peer,)).fetchone()
        return SenderTag(tag)

    def add(self, tag: SenderTag, surbs: Sequence[ReplySurb], *, asked_for: bool = False) -> None:
        """Keep SURBs that came from a peer. From now on they must be used by take() only.

        Args:
            asked_for: they came as additional SURBs, and answer what requested() noted.
        """
        peer = instance(tag, SenderTag, "tag").raw
        instance(asked_for, bool, "asked_for")
        now = self._clock()
        rows = [
            (peer, instance(surb, ReplySurb, "surbs").to_bytes(), int(surb.key_rotation), now)
            for surb in listed(surbs, "surbs", "a sequence of ReplySurb")
        ]
        if not rows:
            return
        with self._transaction() as run:
            awaited = max(self._awaited(run, peer) - (len(rows) if asked_for else 0), 0)
            columns = "INSERT OR IGNORE INTO peers (tag, received) VALUES (?, ?)"
            is_new = run(columns, (peer, now)).rowcount == 1
            run(
                "UPDATE peers SET received = ?, awaited = ?, asked_first = NULL WHERE tag = ?",
                (now, awaited, peer),
            )
            for row in rows:
                run("INSERT INTO surbs (tag, surb, rotation, received) VALUES (?, ?, ?, ?)", row)
            self._drop_excess_surbs(run, peer)
            if is_new:
                self._drop_excess_peers(run, peer)

    @contextmanager
    def _transaction(self) -> Iterator[Run]:
        """One that takes back what it counted, and which rotation there is, if it fails."""
        counters, rotations = replace(self.counters), self._rotations
        try:
            with self._database.transaction() as run:
                yield run
        except BaseException:
            self.counters, self._rotations = counters, rotations
            raise

    def _drop_excess_surbs(self, run: Run, peer: bytes) -> None:
        excess = sum(_count(run, peer)) - self.policy.max_surbs
        if excess > 0:
            oldest = "SELECT id FROM surbs WHERE tag = ? ORDER BY id LIMIT ?"
            run(f"DELETE FROM surbs WHERE id IN ({oldest})", (peer, excess))
            self.counters.too_many += excess

    def _drop_excess_peers(self, run: Run, newest: bytes) -> None:
        (peers,) = run("SELECT count(*) FROM peers").fetchone()
        query = "SELECT tag FROM peers WHERE tag != ? ORDER BY received, tag LIMIT ?"
        excess = max(peers - self.policy.max_peers, 0)
        for row in run(query, (newest, excess)).fetchall():
            surbs = run("DELETE FROM surbs WHERE tag = ?", row).rowcount
            self.counters.of_dropped_peers += surbs
            run("DELETE FROM peers WHERE tag = ?", row)

    def take(self, tag: SenderTag, n: int, *, keep: int = 0) -> list[ReplySurb]:
        """Give out SURBs of a peer, at most n and fewer if there are fewer; each only once.

        Fresh ones come before possibly stale ones, and older before newer. They are gone from the
        file before this returns, so that none is used twice whatever happens then.

        Args:
            keep: leave as many; policy.minimum, but for asking for more.
        """
        peer = instance(tag, SenderTag, "tag").raw
        wanted, left = integer(n, 0, _MOST, "n"), integer(keep, 0, _MOST, "keep")
        with self._database.transaction(durable=True) as run:
            wanted = min(wanted, max(sum(_count(run, peer)) - left, 0))
            rows = run(
                "SELECT id, surb, rotation FROM surbs WHERE tag = ? ORDER BY stale, id LIMIT ?",
                (peer, wanted),
            ).fetchall()
            for row in rows:
                run("DELETE FROM surbs WHERE id = ?", row[:1])
        return [ReplySurb.from_bytes(raw, KeyRotation(rotation)) for _, raw, rotation in rows]

    def count(self, tag: SenderTag) -> int:
        """How many SURBs of this peer there are, possibly stale ones included."""
        with self._database.transaction() as run:
            return sum(_count(run, instance(tag, SenderTag, "tag").raw))

    def shortage(self, tag: SenderTag, queued: int = 0) -> int:
        """How many SURBs the peer should be asked for now; 0 if none, or none is left to ask with.

        It is asked when those that are fresh and those that were asked for do not make up for the
        packets that are queued and the minimum, and are fewer than the maximum.

        Args:
            queued: packets that wait for SURBs of this peer.
        """
        policy = self.policy
        waiting = integer(queued, 0, _MOST, "queued") + policy.buffer
        peer = instance(tag, SenderTag, "tag").raw
        with self._database.transaction() as run:
            fresh, stale = _count(run, peer)
            coming = fresh + self._awaited(run, peer)
        if fresh + stale == 0 or coming >= min(policy.maximum, waiting + policy.minimum):
            return 0
        return min(max(waiting, policy.smallest_request), policy.largest_request)

    def _awaited(self, run: Run, peer: bytes) -> int:
        """SURBs that were asked for and may still come."""
        query = (
            "SELECT awaited, max(received, ifnull(asked_last, received)) FROM peers WHERE tag = ?"
        )
        awaited, since = run(query, (peer,)).fetchone() or (0, 0.0)
        return awaited if self._clock() - since <= self.policy.ask_again_s else 0

    def requested(self, tag: SenderTag, amount: int) -> None:
        """Note that the peer was asked for so many SURBs. Nothing happens for unknown peers."""
        peer = instance(tag, SenderTag, "tag").raw
        more, now = integer(amount, 0, 2**32 - 1, "amount"), self._clock()
        with self._database.transaction() as run:
            run(
                "UPDATE peers SET awaited = ?, asked_first = ifnull(asked_first, ?), "
                "asked_last = ? WHERE tag = ?",
                (self._awaited(run, peer) + more, now, now, peer),
            )

    def unreachable(self, tag: SenderTag) -> bool:
        """Whether there is no hope for replies to this peer.

        It is unknown, or since give_up_s has sent no SURBs though it was asked for some, or though
        none is left.
        """
        peer = instance(tag, SenderTag, "tag").raw
        with self._database.transaction() as run:
            row = run("SELECT received, asked_first FROM peers WHERE tag = ?", (peer,)).fetchone()
            surbs = sum(_count(run, peer))
        if row is None:
            return True
        received, asked = row
        if asked is None and surbs:
            return False
        since: float = received if asked is None else asked
        return self._clock() - since > self.policy.give_up_s

    def rotate(
        self,
        rotation_id: int,
        started: float,
        *,
        epoch_s: float = EPOCH_S,
        validity: int = EPOCHS_PER_ROTATION,
        epoch_stuck: bool = False,
    ) -> dict[SenderTag, int]:
        """Drop the SURBs that died with their nodes' keys; to be called 8 times an epoch.

        Gone are those of the other rotation, and those received more than an epoch before this one
        started. At the second call that has a new rotation_id (by then the peers know of it, too)
        all others become possibly stale. They go an epoch after the start, when the nodes drop
        their old keys; SURBs received later than that are of new keys and stay fresh.

        Args:
            rotation_id: of the topology, or UNKNOWN_ROTATION_ID: as if epoch_stuck.
            started: when this rotation did, in seconds of the clock.
            epoch_s: seconds in an epoch.
            validity: epochs in a rotation.
            epoch_stuck: the network is late. SURBs only die of age, after validity + 1 epochs.

        Returns how many SURBs of which peers became possibly stale: to be asked for again.
        """
        expected = KeyRotation.of_id(rotation_id)
        epochs = integer(validity, 3, 2**32 - 1, "validity")
        number(started, -_LONGEST_S, _LONGEST_S, "started")
        number(epoch_s, 0, _LONGEST_S, "epoch_s")
        instance(epoch_stuck, bool, "epoch_stuck")
        now = self._clock()
        marked: dict[SenderTag, int] = {}
        with self._transaction() as run:

            def drop(where: str, *values: float) -> int:
                return run(f"DELETE FROM surbs WHERE {where}", values).rowcount

            if epoch_stuck or rotation_id == UNKNOWN_ROTATION_ID:
                self.counters.outdated += drop("received <= ?", now - (epochs + 1) * epoch_s)
            else:
                self.counters.outdated += drop("received < ?", started - epoch_s)
                if expected is not KeyRotation.UNKNOWN:
                    unknown = int(KeyRotation.UNKNOWN)
                    self.counters.other_rotation += drop(
                        "rotation NOT IN (?, ?)", unknown, int(expected)
                    )
                if self._is_second_call_of(rotation_id):
                    until = started + epoch_s
                    counts = "SELECT tag, count(*) FROM surbs WHERE received <= ? GROUP BY tag"
                    marked = {SenderTag(tag): n for tag, n in run(counts, (until,))}
                    run("UPDATE surbs SET stale = 1 WHERE received <= ?", (until,))
                if now > started + epoch_s:
                    self.counters.stale += drop("stale = 1")
            # Peers without SURBs that have long been silent will not come back.
            run(
                "DELETE FROM peers WHERE max(received, ifnull(asked_last, received)) < ? "
                "AND NOT EXISTS (SELECT 1 FROM surbs WHERE surbs.tag = peers.tag)",
                (now - self.policy.give_up_s,),
            )
        self.reply_keys.purge()
        self._database.truncate_log()
        return marked

    def _is_second_call_of(self, rotation_id: int) -> bool:
        """Whether this rotation is new, and was so at the call before. The first one ever is not."""
        current, before = self._rotations
        is_second = rotation_id == before != current
        if current is None or is_second:
            current = rotation_id
        self._rotations = current, rotation_id
        return is_second


def _count(run: Run, peer: bytes) -> tuple[int, int]:
    """How many fresh and how many possibly stale SURBs there are."""
    query = "SELECT count(*), ifnull(sum(stale), 0) FROM surbs WHERE tag = ?"
    every, stale = run(query, (peer,)).fetchone()
    return every - stale, stale


class StoredReplyKeys:
    """The ReplyKeyring of a SurbStore. Keys are single use, and die of age."""

    def __init__(self, database: _Database, policy: SurbPolicy, clock: Callable[[], float]) -> None:
        self._database, self._policy, self._clock = database, policy, clock
        self.expired = 0
        """Keys that were dropped for their age."""
        self.dropped = 0
        """Keys that were dropped because there were too many."""

    def __len__(self) -> int:
        (count,) = self._database.row("SELECT count(*) FROM reply_keys")
        return int(count)

    def add(self, keys: Iterable[ReplyKey]) -> None:
        """Keep these keys, from now on."""
        now = self._clock()
        given = listed(keys, "keys", "a sequence of ReplyKey")
        checked = [instance(key, ReplyKey, "keys") for key in given]
        rows = [(key.digest(), key.to_bytes(), now) for key in checked]
        with self._database.transaction() as run:
            for row in rows:
                run("INSERT OR REPLACE INTO reply_keys (digest, key, added) VALUES (?, ?, ?)", row)
            # Ids are given in order, so that no counting is needed.
            last = "SELECT ifnull(max(id), 0) - ? FROM reply_keys"
            dropped = run(f"DELETE FROM reply_keys WHERE id <= ({last})", (self._policy.max_keys,))
            self.dropped += dropped.rowcount

    def take(self, digest: Any) -> ReplyKey | None:
        """Give out the key with this digest, 32 bytes, and forget it; None if there is none."""
        wanted = exact_bytes(digest, EPHEMERAL_SIZE, "digest")
        # A receiver asks for every packet of data; most are no replies.
        row = self._database.row("SELECT key, added FROM reply_keys WHERE digest = ?", wanted)
        if row is None:
            return None
        raw, added = row
        with self._database.transaction() as run:
            deleted = run("DELETE FROM reply_keys WHERE digest = ?", (wanted,)).rowcount
        if not deleted:  # another thread was faster
            return None
        if self._clock() - added >= self._policy.key_lifetime_s:
            self.expired += 1
            return None
        return ReplyKey.from_bytes(raw)

    def purge(self) -> None:
        """Drop the keys that are too old."""
        before = self._clock() - self._policy.key_lifetime_s
        with self._database.transaction() as run:
            self.expired += run("DELETE FROM reply_keys WHERE added <= ?", (before,)).rowcount
