"""What every event log must do, and what the one on disk must stand."""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from day_builders import MemoryLog, draft

from diptych.model import EdgeError, Event, EventLog, Subject, TaskId
from diptych.storage import sqlite
from diptych.storage.chain import GENESIS, EventConflict, StaleHead, hash_event, verify_chain
from diptych.storage.sqlite import open_log


class EventLogContract:
    """Every log that the theatre may write to passes this."""

    @pytest.fixture
    def log(self) -> Iterator[EventLog]:
        raise NotImplementedError

    def test_a_new_log_is_empty(self, log: EventLog) -> None:
        assert log.events() == ()

    def test_gives_place_and_chain(self, log: EventLog) -> None:
        one, two = log.append(draft(1)), log.append(draft(2))
        assert (one.seq, two.seq) == (1, 2)
        assert one.previous_hash == GENESIS
        assert two.previous_hash == one.hash == hash_event(one)
        assert one.recorded != ""
        assert log.events() == (one, two)
        assert verify_chain(log.events()) == two.hash

    def test_keeps_every_field(self, log: EventLog) -> None:
        first = log.append(draft(1))
        body = {"b": "<b>\u202e \U0001f6d1", "a": '"'}
        sent = draft(
            2, subject=Subject.B, task=TaskId("t"), at=-5, body=body, corrects=first.seq, kind="x"
        )
        kept = log.append(sent)
        names = ("event_id", "kind", "subject", "task", "at", "by", "corrects")
        assert [getattr(kept, n) for n in names] == [getattr(sent, n) for n in names]
        assert dict(kept.body) == body
        assert log.events(1) == (kept,)

    def test_a_repeated_event_is_stored_once(self, log: EventLog) -> None:
        one = log.append(draft(1))
        log.append(draft(2))
        assert log.append(draft(1)) == one
        assert len(log.events()) == 2

    def test_same_id_with_other_content_is_a_conflict(self, log: EventLog) -> None:
        log.append(draft(1))
        with pytest.raises(EventConflict, match="recorded already \\(number 1\\)"):
            log.append(draft(1, subject=Subject.A))
        assert len(log.events()) == 1

    def test_an_event_decided_on_an_older_head_is_refused(self, log: EventLog) -> None:
        one = log.append(draft(1))
        log.append(draft(2, previous_hash=one.hash))
        with pytest.raises(StaleHead, match="moved on"):
            log.append(draft(3, previous_hash=one.hash))
        assert len(log.events()) == 2

    def test_events_after(self, log: EventLog) -> None:
        for number in range(1, 6):
            log.append(draft(number))
        assert [event.seq for event in log.events(3)] == [4, 5]
        assert log.events(5) == log.events(99) == ()

    def test_eight_threads_leave_no_gap(self, log: EventLog) -> None:
        def work(worker: int) -> None:
            for number in range(12):
                log.append(draft(100 * worker + number))

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stored = log.events()
        assert [event.seq for event in stored] == list(range(1, 97))
        assert verify_chain(stored) == stored[-1].hash


class TestMemoryLog(EventLogContract):
    @pytest.fixture
    def log(self) -> Iterator[EventLog]:
        yield MemoryLog()


class TestSqliteLog(EventLogContract):
    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[EventLog]:
        with open_log(tmp_path / "theatre" / "log.db") as log:
            yield log


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    with open_log(path) as log:
        for number in range(1, 21):
            log.append(draft(number, subject=Subject.A))
    return path


def tamper(path: Path, *statements: str) -> None:
    """Change the file behind the log's back, guards taken off and put back."""
    connection = apsw.Connection(str(path))
    guards = [
        row[0] for row in connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger'")
    ]
    names = list(connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'"))
    for (name,) in names:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in (*statements, *guards):
        connection.execute(statement)
    connection.close()


def test_survives_closing(written: Path) -> None:
    with open_log(written) as log:
        assert [event.seq for event in log.events()] == list(range(1, 21))
        assert log.verify() == log.events()[-1].hash


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("UPDATE event SET subject = 'B' WHERE seq = 7", 7),
        ("UPDATE event SET at = at + 1 WHERE seq = 20", 20),
        ("UPDATE event SET body = '{' WHERE seq = 4", 4),
        ("UPDATE event SET recorded = 'x' WHERE seq = 1", 1),
        ("DELETE FROM event WHERE seq = 12", 12),
        ("DELETE FROM event WHERE seq = 1", 1),
    ],
)
def test_tampering_is_found_and_the_row_named(written: Path, statement: str, row: int) -> None:
    tamper(written, statement)
    with pytest.raises(EdgeError, match=f"row {row} of the record"):
        open_log(written)


def test_a_rehashed_row_breaks_the_next_one(written: Path) -> None:
    with open_log(written) as log:
        event = log.events()[9]
    changed = hash_event(event.__class__(**{**_fields(event), "subject": Subject.B}))
    tamper(written, f"UPDATE event SET subject = 'B', hash = '{changed}' WHERE seq = 10")
    with pytest.raises(EdgeError, match="row 11 of the record does not follow"):
        open_log(written)


def _fields(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


def test_dropped_guards_are_found(written: Path) -> None:
    connection = apsw.Connection(str(written))
    connection.execute("DROP TRIGGER event_is_never_changed")
    connection.close()
    with pytest.raises(EdgeError, match=r"guards of the record .* were changed"):
        open_log(written)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET at = 1",
        "DELETE FROM event",
        "INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 3",
        'INSERT OR REPLACE INTO event SELECT 21, event_id, kind, subject, task, at, "by", body,'
        " corrects, recorded, prev_hash, 'other' FROM event WHERE seq = 3",
        "INSERT INTO event SELECT 30, 'other-id', kind, subject, task, at, \"by\", body,"
        " corrects, recorded, prev_hash, 'other' FROM event WHERE seq = 3",
    ],
)
def test_the_file_refuses_change(written: Path, statement: str) -> None:
    connection = apsw.Connection(str(written))
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        connection.execute(statement)
    connection.close()
    with open_log(written) as log:
        assert len(log.events()) == 20


def test_a_row_without_a_twin_is_refused(written: Path) -> None:
    connection = apsw.Connection(str(written))
    for subject in ("NULL", "''", "'C'"):
        with pytest.raises(apsw.ConstraintError, match="subject"):
            connection.execute(
                f"INSERT INTO event SELECT 21, 'other-id', kind, {subject}, task, at, \"by\","
                " body, corrects, recorded, prev_hash, 'other' FROM event WHERE seq = 3"
            )
    connection.close()


def test_commits_reach_the_disk(tmp_path: Path) -> None:
    with open_log(tmp_path / "log.db") as log:
        settings = [
            next(iter(log._connection.execute(f"PRAGMA {name}")))[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]


def test_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite.apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(EdgeError, match=r"SQLite 3.51.2 is too old .* expected 3.51.3"):
        open_log(tmp_path / "log.db")
    assert not (tmp_path / "log.db").exists()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"not a database, but long enough to look at" * 40)
    with pytest.raises(EdgeError, match="is damaged or is no database"):
        open_log(path)


def test_a_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(EdgeError, match="not a record of the day"):
        open_log(path)


def test_flipped_bytes_never_pass_unseen(written: Path) -> None:
    whole = written.read_bytes()
    with open_log(written) as log:
        truth = log.events()
    for place in range(100, len(whole), 397):
        copy = written.with_name("copy.db")
        copy.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            with open_log(copy) as log:
                assert log.events() == truth, f"byte {place}"
        except EdgeError:
            pass
        for left in written.parent.glob("copy.db*"):
            left.unlink()


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="cannot be opened or written"):
        open_log(tmp_path / "no" / "such" / "log.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(EdgeError, match="cannot be opened or written"):
            open_log(tmp_path / "log.db")
    finally:
        tmp_path.chmod(0o700)


def test_a_file_held_by_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MILLISECONDS", 20)
    path = tmp_path / "log.db"
    with open_log(path) as log:
        log.append(draft(1))
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EdgeError, match="another program holds the record"):
            log.append(draft(2))
        other.execute("ROLLBACK")
        other.close()
        assert log.append(draft(2)).seq == 2


def test_full_disk_refuses_and_then_goes_on(tmp_path: Path) -> None:
    with open_log(tmp_path / "log.db") as log:
        log.append(draft(1))
        pages = next(iter(log._connection.execute("PRAGMA page_count")))[0]
        log._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(EdgeError, match=r"disk .* is full; the entry was not recorded"):
            log.append(draft(2, body={"text": "x" * 20000}))
        assert len(log.events()) == 1
        log._connection.execute("PRAGMA max_page_count = 100000")
        assert log.append(draft(2, body={"text": "x" * 20000})).seq == 2
        assert log.verify() == log.events()[-1].hash


def test_after_a_failed_write_nothing_more_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_log(tmp_path / "log.db") as log:
        log.append(draft(1))

        def fail(event: Event) -> Event:
            raise apsw.IOError("disk I/O error")

        monkeypatch.setattr(log, "_insert", fail)
        with pytest.raises(EdgeError, match="failed"):
            log.append(draft(2))
        monkeypatch.undo()
        with pytest.raises(EdgeError, match="stopped after a failed write"):
            log.append(draft(2))
        assert len(log.events()) == 1


def test_two_logs_on_one_file_keep_one_chain(tmp_path: Path) -> None:
    with open_log(tmp_path / "log.db") as one, open_log(tmp_path / "log.db") as two:
        for number in range(0, 20, 2):
            one.append(draft(number))
            two.append(draft(number + 1))
        assert one.verify() == two.verify()
        assert len(one.events()) == 20


def test_a_copy_opens_elsewhere(written: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(written, copy)
    with open_log(copy) as log:
        assert len(log.events()) == 20
