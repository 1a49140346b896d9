"""A store, followed: what its history has after an entry, and how the alerts stand now."""

from pathlib import Path
from typing import NamedTuple

from pipeline.law.waiting import Waiting
from pipeline.store import Store, open_store
from pipeline.store.database import store_errors
from pipeline.store.history import Entry, entries_after, marked, reached, standing

AT_ONCE = 200
"""So many entries are taken in at once."""


class Position(NamedTuple):
    """How far a store was read; `mark` says what its last entry was."""

    entry: int
    mark: str


class Seen(NamedTuple):
    """What is new.

    Attributes:
        now: the alerts of which the entries tell, as they stand.
        position: how far it goes.
        behind: so many numbers of the history are still to come.
        version: SQLite's number of what was looked at.
    """

    entries: list[Entry]
    now: list[Waiting]
    position: Position
    behind: int
    version: int


class Whole(NamedTuple):
    """All alerts that wait for an outcome, and how far the history goes."""

    open: list[Waiting]
    position: Position


class AnotherRecordError(Exception):
    """The store is not the one that was followed: another stands in its place."""


class Follower:
    """Reads a store while others write to it.

    Every method raises a StoreError where there is no store, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: Store | None = None
        self._version, self._file = -1, _file(path)

    def __enter__(self) -> "Follower":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def whole(self) -> Whole:
        """How everything stands."""
        store = self._opened()
        with store_errors(self._path):
            store.connection.execute("BEGIN")
            try:
                number = reached(store.connection)
                return Whole(standing(store), Position(number, marked(store.connection, number)))
            finally:
                store.connection.execute("COMMIT")

    def look(self, after: Position) -> Seen | None:
        """What is new after a position, at most `AT_ONCE` entries; None where nothing was written since it `took`.

        Raises:
            AnotherRecordError: what is there now was never before that position.
        """
        store = self._opened()
        with store_errors(self._path):
            (version,) = store.connection.execute("PRAGMA data_version").fetchone()
            if version == self._version:
                return None
            store.connection.execute("BEGIN")
            try:
                return _seen(store, after, version)
            finally:
                store.connection.execute("COMMIT")

    def took(self, seen: Seen) -> None:
        """What was seen last is kept, and need not be seen again."""
        # A page that is full may not have been the last.
        if len(seen.entries) < AT_ONCE:
            self._version = seen.version

    def _opened(self) -> Store:
        if self._store is not None and self._file != _file(self._path):
            self.close()
        if self._store is None:
            self._file = _file(self._path)
            self._store = open_store(self._path)
        return self._store

    def close(self) -> None:
        """Closes the store."""
        if self._store is not None:
            self._store.close()
        self._store, self._version = None, -1


def _seen(store: Store, after: Position, version: int) -> Seen:
    last, mark = reached(store.connection), marked(store.connection, after.entry)
    if last < after.entry or (mark and after.mark and mark != after.mark):
        raise AnotherRecordError
    entries = entries_after(store, after.entry, AT_ONCE)
    full = len(entries) == AT_ONCE
    number = entries[-1].number if full else last
    now = standing(store, [one.said.alert.alert_id for one in entries])
    return Seen(entries, now, Position(number, marked(store.connection, number)), last - number, version)


def _file(path: Path) -> tuple[int, int] | None:
    """Which file has a name now."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino
