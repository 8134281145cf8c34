"""Files of the store of SURBs: opened again, damaged, shared, and a client that is killed."""

import contextlib
import os
import random
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clock import Clock
from network import seeded
from stored_surbs import ALICE, NUMBERS, START, numbers, reply_key, surb, surbs

from sphinxcore.nym.errors import ReplyError
from sphinxcore.nym.rotation import KeyRotation
from sphinxcore.nym.surb_store import SurbStore


def everything(path: Path) -> bytes:
    """What is in the store's files."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name + "*")))


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


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReplyError, match="cannot be used as a SURB store"):
        SurbStore(tmp_path)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"], ids=ascii)
def test_names_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReplyError, match="cannot be used as a SURB store"):
        SurbStore(f"{tmp_path}/{name}")


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
