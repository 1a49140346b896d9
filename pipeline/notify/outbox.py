"""The notifier's own book, a file beside the store: how far it has read, what it has still to say and to whom.

All that one step changes is one transaction: whatever kills the process, the book is as before the step or as after.
After a power cut it may be a few steps behind, and these are taken again: at least once, never not at all.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from pipeline.store import StoreError
from pipeline.store.database import BusyStoreError, NoStoreError, store_errors

APPLICATION_ID = 0x54524E46
"""'TRNF'."""

VERSION = 1

OWNER_ONLY = 0o600
"""Nobody else reads it: it says what the store does. What SQLite lays beside it is made alike."""

RECORD = """
CREATE TABLE IF NOT EXISTS record (
    one INTEGER PRIMARY KEY CHECK (one = 0),
    name TEXT NOT NULL
) STRICT
"""
"""What the record is called that is in the store's place, where it is not the first."""

TABLES = """
CREATE TABLE position (
    one INTEGER PRIMARY KEY CHECK (one = 0),
    entry INTEGER NOT NULL,
    mark TEXT NOT NULL
) STRICT;

CREATE TABLE receivers (
    name TEXT PRIMARY KEY,
    delivered INTEGER NOT NULL DEFAULT 0,
    delivered_us INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    pause_us INTEGER NOT NULL DEFAULT 0,
    trouble TEXT NOT NULL DEFAULT '',
    trouble_us INTEGER,
    stopped TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE told (
    receiver TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    PRIMARY KEY (receiver, alert_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver TEXT NOT NULL,
    event_id TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    body BLOB NOT NULL,
    made_us INTEGER NOT NULL,
    due_us INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    trouble TEXT NOT NULL DEFAULT '',
    dead_us INTEGER,
    UNIQUE (receiver, event_id)
) STRICT;

CREATE INDEX deliveries_due ON deliveries (receiver, due_us, number) WHERE dead_us IS NULL;
CREATE INDEX deliveries_in_order ON deliveries (receiver, alert_id, number) WHERE dead_us IS NULL;
CREATE INDEX deliveries_dead ON deliveries (receiver, number) WHERE dead_us IS NOT NULL;

CREATE TABLE standing (
    labels TEXT PRIMARY KEY,
    alert_id TEXT NOT NULL,
    pushed BLOB NOT NULL,
    resolved_us INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    told INTEGER NOT NULL DEFAULT 0,
    due_us INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX standing_by_alert ON standing (alert_id);
CREATE INDEX standing_due ON standing (due_us);
"""


def place_of(store: Path) -> Path:
    """The book's file."""
    return Path(f"{store.resolve() if store.is_symlink() else store}-notify")


class Outbox:
    """The book, opened. Use `open_outbox`; it is a context manager."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: TextIO | None) -> None:
        self.path, self._connection, self._lock = path, connection, lock

    def __enter__(self) -> "Outbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        with store_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    def change(self, sql: str, *values: Any) -> int:
        """Changes rows; gives how many."""
        with store_errors(self.path):
            return self._connection.execute(sql, values).rowcount

    def record(self) -> str:
        """What the record is called that is followed; empty for the first."""
        rows = self.query("SELECT name FROM record")
        return str(rows[0][0]) if rows else ""

    def name_record(self, name: str) -> None:
        """Another record is followed from now on."""
        self.change("INSERT OR REPLACE INTO record VALUES (0, ?)", name)

    @contextmanager
    def step(self) -> Iterator[None]:
        """A step: all that is changed in the block, or nothing."""
        self.change("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.change("ROLLBACK")
            raise
        self.change("COMMIT")


def open_outbox(store: Path, *, run: bool = False) -> Outbox:
    """Opens the book of a store.

    Args:
        run: to follow the store, which only one process at a time may; the book is made where there is none.

    Raises:
        BusyStoreError: another process follows the store.
        NoStoreError: nobody has followed it yet.
        StoreError: the file cannot be used.
    """
    path = place_of(store)
    if not run and not path.exists():
        raise NoStoreError(f"{path}: nobody has followed this store yet; `truceline notify run` does")
    lock = _lock(path) if run else None
    try:
        with store_errors(path):
            if run and not path.exists():
                # Where this fails SQLite says why.
                with suppress(OSError):
                    path.touch(mode=OWNER_ONLY)
            connection = sqlite3.connect(path, isolation_level=None, timeout=10)
            _prepare(path, connection)
            if run:
                connection.execute(RECORD)
    except BaseException:
        if lock is not None:
            lock.close()
        raise
    return Outbox(path, connection, lock)


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if (tables or application) and (application, version) != (APPLICATION_ID, VERSION):
        raise StoreError(f"{path}: this is no book of this Truceline's notifier; move it away")
    connection.execute("PRAGMA journal_mode = WAL")
    # What a power cut takes back is read from the store, or sent, once more.
    connection.execute("PRAGMA synchronous = NORMAL")
    if not tables:
        connection.executescript(
            f"BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {VERSION}; COMMIT;"
        )


def _lock(path: Path) -> TextIO:
    """The right to follow the store: the system takes it back when its process ends, however that ends."""
    try:
        lock = Path(f"{path}-lock").open("a+", encoding="ascii")  # noqa: SIM115
    except OSError as error:
        raise StoreError(f"{path}: cannot write here: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise BusyStoreError(f"{path}: another `truceline notify run` follows this store") from error
    return lock
