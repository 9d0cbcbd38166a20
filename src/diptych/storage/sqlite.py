"""The record of the day in one SQLite file: append-only, chained, durable at each commit."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import apsw

from diptych.model import EdgeError, Event, Minute, StaffId, Subject, TaskId
from diptych.storage.chain import GENESIS, check_head, check_repeat, hash_event, verify_chain
from diptych.storage.chain import write_body as _write_body

OLDEST_SQLITE = (3, 51, 3)
"""Older versions can corrupt a file in WAL mode (sqlite.org/wal.html#walresetbug)."""
APPLICATION_ID = 0x44505459
SCHEMA_VERSION = 1
BUSY_MILLISECONDS = 5000

_COLUMNS = 'seq, event_id, kind, subject, task, at, "by", body, corrects, recorded, prev_hash, hash'
_SCHEMA = (
    """CREATE TABLE event (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  event_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL CHECK (subject IN ('A', 'B', 'BOTH', 'SHARED', 'TEAM')),
  task TEXT CHECK (task <> ''),
  at INTEGER NOT NULL,
  "by" TEXT NOT NULL,
  body TEXT NOT NULL,
  corrects INTEGER REFERENCES event (seq),
  recorded TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE
) STRICT""",
    """CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the record is append-only: no row is changed'); END""",
    """CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the record is append-only: no row is removed'); END""",
    """CREATE TRIGGER event_stands_at_the_end BEFORE INSERT ON event
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM event)
  OR EXISTS (SELECT 1 FROM event WHERE event_id = NEW.event_id OR hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'the record is append-only and without gaps'); END""",
)


def utc_now() -> str:
    """The wall clock, ISO 8601 UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def open_log(path: Path, *, clock: Callable[[], str] = utc_now) -> "SqliteEventLog":
    """Open the record at `path`, or begin one if there is no file; the chain is verified.

    `clock` gives the time of recording. Raises EdgeError if SQLite is too old, the folder
    or file cannot be written, another program holds the file, it is not a record of
    Diptych, it is damaged, or a row was tampered with (the message names the row).
    """
    _require_sqlite(apsw.sqlite_lib_version())
    with _telling_apart(path):
        path.parent.mkdir(exist_ok=True)
        connection = apsw.Connection(str(path))
        try:
            _prepare(connection, path)
            log = SqliteEventLog(connection, path, clock)
            log.verify()
        except BaseException:
            connection.close()
            raise
    return log


class SqliteEventLog:
    """An append-only event log on one connection, with one writer at a time.

    Made by `open_log`. Safe to use from several threads. Several processes may append to
    one file too; an event that was decided on an older head is then refused (StaleHead).
    """

    def __init__(self, connection: apsw.Connection, path: Path, clock: Callable[[], str]) -> None:
        self._connection = connection
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = False

    def append(self, event: Event) -> Event:
        """Store the event at the end, durably; return it as stored.

        The log gives seq, recorded, previous_hash and hash. A repeated event_id with the
        same content returns the event stored first; with another content it raises
        EventConflict. If `previous_hash` is not empty it must be the head, else StaleHead.
        Nothing is acknowledged before the commit is on the disk. After a failed write to
        the disk the log takes no more events: what the disk holds is then unknown.
        """
        with self._lock, _telling_apart(self._path):
            if self._failed:
                raise EdgeError(
                    f"the record {self._path.name} stopped after a failed write",
                    remedy="go on with the paper board; mend the disk, then start again",
                )
            try:
                return self._commit(event)
            except (apsw.IOError, apsw.CorruptError):
                self._failed = True
                raise

    def _commit(self, event: Event) -> Event:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            stored = self._insert(event)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return stored

    def _insert(self, event: Event) -> Event:
        before = self._select("WHERE event_id = ?", (event.event_id,))
        if before:
            return check_repeat(before[0], event)
        last = self._select("ORDER BY seq DESC LIMIT 1", ())
        seq, head = (last[0].seq, last[0].hash) if last else (0, GENESIS)
        check_head(event, head)
        placed = replace(event, seq=seq + 1, recorded=self._clock(), previous_hash=head, hash="")
        stored = replace(placed, hash=hash_event(placed))
        marks = ", ".join("?" * len(_row(stored)))
        self._connection.execute(
            f"INSERT INTO event ({_COLUMNS}) VALUES ({marks})",  # noqa: S608 - constants only
            _row(stored),
        )
        return stored

    def events(self, after: int = 0) -> tuple[Event, ...]:
        """All events with seq > after, in order."""
        with self._lock, _telling_apart(self._path):
            return self._select("WHERE seq > ? ORDER BY seq", (after,))

    def verify(self) -> str:
        """The head hash, after checking the file and each row of the chain.

        EdgeError names the first row that is missing, moved or changed.
        """
        with self._lock, _telling_apart(self._path):
            found = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check")]
            events = self._select("ORDER BY seq", ())
        head = verify_chain(events)
        if found != ["ok"]:
            raise _damaged(self._path, found[0])
        return head

    def close(self) -> None:
        """Close the file; the log cannot be used afterwards."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> "SqliteEventLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _select(self, rest: str, values: tuple[object, ...]) -> tuple[Event, ...]:
        query = f"SELECT {_COLUMNS} FROM event {rest}"  # noqa: S608 - constants only
        return tuple(_event(row) for row in self._connection.execute(query, values))


def _row(event: Event) -> tuple[object, ...]:
    return (
        event.seq,
        event.event_id,
        event.kind,
        str(event.subject),
        event.task,
        int(event.at),
        event.by,
        _write_body(event.body),
        event.corrects,
        event.recorded,
        event.previous_hash,
        event.hash,
    )


def _event(row: tuple[object, ...]) -> Event:
    """An event from a row; a row that no event can have had is reported as changed."""
    seq, event_id, kind, subject, task, at, by, body, corrects, recorded, previous, digest = row
    try:
        return Event(
            seq=int(str(seq)),
            event_id=str(event_id),
            kind=str(kind),
            subject=Subject(str(subject)),
            task=None if task is None else TaskId(str(task)),
            at=Minute(int(str(at))),
            by=StaffId(str(by)),
            body=json.loads(str(body)),
            corrects=None if corrects is None else int(str(corrects)),
            recorded=str(recorded),
            previous_hash=str(previous),
            hash=str(digest),
        )
    except ValueError as error:
        raise EdgeError(
            f"row {seq} of the record was changed after it was recorded: {error}",
            remedy="do not write to this file; restore the record from a copy whose head hash"
            " matches a printed page",
        ) from error


def _prepare(connection: apsw.Connection, path: Path) -> None:
    """Set up the connection so that a commit is on the disk, and the table if it is new."""
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    for setting in ("foreign_keys = ON", "cell_size_check = ON", "recursive_triggers = ON"):
        connection.execute(f"PRAGMA {setting}")
    if _first(connection, "PRAGMA schema_version") == 0:
        _create(connection)
    _require_record(connection, path)
    mode = _first(connection, "PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    if mode != "wal" or _first(connection, "PRAGMA synchronous") != 2:
        raise EdgeError(
            f"the record {path} cannot be written safely on this disk (journal {mode!r})",
            remedy="put the case folder on a local disk, not on a network share",
        )


def _create(connection: apsw.Connection) -> None:
    with connection:
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _require_record(connection: apsw.Connection, path: Path) -> None:
    """EdgeError unless the file is a record of this version with all its guards in place."""
    marks = (_first(connection, "PRAGMA application_id"), _first(connection, "PRAGMA user_version"))
    if marks != (APPLICATION_ID, SCHEMA_VERSION):
        raise EdgeError(
            f"{path} is a database, but not a record of the day of version {SCHEMA_VERSION}",
            remedy="move that file away, or open it with the program that made it",
        )
    found = {row[0] for row in connection.execute("SELECT sql FROM sqlite_schema WHERE sql <> ''")}
    if found != set(_SCHEMA):
        raise EdgeError(
            f"the guards of the record {path} were changed: its table or triggers are not those"
            " that Diptych made",
            remedy="keep a copy of the file as it is, and restore the record from a sound copy",
        )


def _first(connection: apsw.Connection, query: str) -> object:
    return next(row[0] for row in connection.execute(query))


def _require_sqlite(version: str) -> None:
    if tuple(int(part) for part in version.split(".")[:3]) < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        raise EdgeError(
            f"SQLite {version} is too old to keep a record safely, expected {wanted} or later",
            remedy="install the package apsw-sqlite3mc, which brings its own SQLite",
        )


def _damaged(path: Path, detail: str) -> EdgeError:
    return EdgeError(
        f"the record {path} is damaged or is no database ({detail})",
        remedy="keep a copy of the file as it is, go on with the paper board, and restore the"
        " record from a sound copy",
    )


@contextmanager
def _telling_apart(path: Path) -> Iterator[None]:
    """Turn the faults of disk and database into errors that say what to do."""
    try:
        yield
    except apsw.FullError as error:
        raise EdgeError(
            f"the disk that holds {path} is full; the entry was not recorded",
            remedy="write it on the paper board, free some space, then enter it again",
        ) from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise EdgeError(
            f"another program holds the record {path}; the entry was not recorded",
            remedy="close the other program, then try again",
        ) from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise _damaged(path, str(error)) from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, OSError) as error:
        raise EdgeError(
            f"the record {path} cannot be opened or written ({error})",
            remedy="make the folder and the file writable for this user, and check the path",
        ) from error
    except apsw.Error as error:
        raise EdgeError(
            f"the record {path} failed ({error})",
            remedy="go on with the paper board; check the disk, then start again",
        ) from error
