"""The file of users: opened, checked, and written in transactions."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline.console.access.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES
from pipeline.store.database import StoreError

OWNER_ONLY = 0o600
PATIENCE_S = 5.0
"""How long one who writes waits for another: a server and `truceline users` share the file."""


class AccessError(StoreError):
    """The file of users cannot be used: it is not ours, of another version, open to others, or its disk fails."""


class NoAccessError(AccessError):
    """There is no file of users where one was to be read."""


class AccessFile:
    """The file of users, opened. Use `open_access`; it is a context manager.

    It is used by one thread at a time.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path, self._connection = path, connection

    def __enter__(self) -> "AccessFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes it."""
        self._connection.close()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a statement gives."""
        with _errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of what a statement gives."""
        return next(iter(self.rows(sql, *values)), None)

    def do(self, sql: str, *values: Any) -> int:
        """Does what a statement says; how many rows it was about."""
        with _errors(self.path):
            return self._connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written within is written, or nothing of it."""
        with _errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction by itself.
                with suppress(sqlite3.OperationalError):
                    self._connection.execute("ROLLBACK")
                raise


def open_access(path: str | Path, *, make: bool = False) -> AccessFile:
    """Opens a file of users; with `make`, makes it where there is none, for its owner's eyes only.

    Raises:
        NoAccessError: there is none.
        AccessError: it is no such file, one of another version, or one that others may read.
    """
    place = Path(path)
    if place.is_dir():
        raise AccessError(f"{place}: this is a folder; name a file in it")
    if not place.exists() and not make:
        raise NoAccessError(f"{place}: there is no file of users here; make one with `truceline users add`")
    with _errors(place):
        if make:
            _touch(place)
        _check_rights(place)
        connection = sqlite3.connect(
            f"{place.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=PATIENCE_S,
            check_same_thread=False,
        )
        try:
            _check(place, connection, make)
        except BaseException:
            connection.close()
            raise
    return AccessFile(place, connection)


def _touch(place: Path) -> None:
    """Makes an empty file that nobody else could have opened at any moment."""
    with suppress(FileExistsError):
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY))


def _check_rights(place: Path) -> None:
    if stat.S_IMODE(place.stat().st_mode) & ~OWNER_ONLY:
        raise AccessError(f"{place}: others may read or write it, and it decides who may do what; chmod 600 {place}")


def _check(place: Path, connection: sqlite3.Connection, make: bool) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and application != APPLICATION_ID:
        raise AccessError(f"{place}: this is no file of users; name another")
    if tables and version != SCHEMA_VERSION:
        raise AccessError(f"{place}: of version {version}, and this Truceline reads version {SCHEMA_VERSION}")
    if not tables and not make:
        raise NoAccessError(f"{place}: there are no users here yet: the file is empty; `truceline users add` adds one")
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: an entry of the trail outlives a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    if not tables:
        connection.executescript(
            f"BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )


@contextmanager
def _errors(place: Path) -> Iterator[None]:
    """Turns errors of SQLite and of the system into ones that name the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise AccessError(f"{place}: {_plain(error)}") from error
    except OSError as error:
        raise AccessError(f"{place}: {error.strerror or error}") from error


def _plain(error: sqlite3.DatabaseError) -> str:
    said = str(error)
    if "full" in said:
        return "the disk is full: nothing can be recorded, and so nothing is done. Make room"
    if "not a database" in said:
        return "this is no file of users; name another"
    return said
