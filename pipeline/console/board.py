"""The alerts of a store at hand, as they stand: read once, and then only what the history says has changed."""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline.law.waiting import Waiting
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Severity
from pipeline.model.times import to_us
from pipeline.store import Store, open_store
from pipeline.store.database import store_errors
from pipeline.store.history import Entry, entries_after, last_entry
from pipeline.store.watching import waiting

Key = tuple[int, int, str]
"""By which alerts are listed: the gravest first, then the last raised, then by id."""

AT_ONCE = 5_000
"""So many entries of the history are read at once."""

_alert = msgspec.json.Decoder(Alert).decode
_RANK = {severity: rank for rank, severity in enumerate(reversed(Severity))}


class Row(NamedTuple):
    """An alert as it stands; `raised_at` is when it was first raised, under whichever id."""

    alert: Alert
    revision: int
    raised_at: datetime

    @property
    def key(self) -> Key:
        """Its place in the list."""
        return _RANK[self.alert.severity], -to_us(self.raised_at), self.alert.alert_id

    @property
    def waiting(self) -> Waiting:
        """The alert with its age."""
        return Waiting(self.alert, self.raised_at)


class Snapshot:
    """Every alert at one moment, superseded ones too.

    Attributes:
        entry: the number of the last entry of the history that is in it.
    """

    def __init__(self, rows: Mapping[str, Row], entry: int) -> None:
        self.rows, self.entry = rows, entry

    @cached_property
    def listed(self) -> Sequence[Row]:
        """All of them, in the order of the list."""
        return sorted(self.rows.values(), key=lambda row: row.key)

    @cached_property
    def _keys(self) -> Sequence[Key]:
        return [row.key for row in self.listed]

    def after(self, key: Key | None) -> Sequence[Row]:
        """What is listed after a place, whether or not anything stands there still."""
        return self.listed if key is None else self.listed[bisect_right(self._keys, key) :]


class Board:
    """The alerts of a store. It may be asked from several threads.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._version, self._file = -1, _file(path)
        self.snapshot = Snapshot({}, 0)

    def refresh(self) -> list[Entry]:
        """Takes in what changed since, up to `AT_ONCE` entries; gives these.

        The first time it takes in all that there is, and gives none.
        """
        with self._lock, store_errors(self.path):
            store = self._opened()
            (version,) = store.connection.execute("PRAGMA data_version").fetchone()
            if version == self._version:
                return []
            store.connection.execute("BEGIN")
            try:
                begun = self._version < 0
                entries = [] if begun else entries_after(store, self.snapshot.entry, AT_ONCE)
                self.snapshot = _all(store) if begun else self._with(store, entries)
            finally:
                store.connection.execute("COMMIT")
            # A page that is full may not have been the last.
            if begun or len(entries) < AT_ONCE:
                self._version = version
            return entries

    def close(self) -> None:
        """Closes the store."""
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store, self._version = None, -1

    def _opened(self) -> Store:
        if self._store is not None and self._file != _file(self.path):
            # Another file has its name: what is at hand is of another record.
            self._store.close()
            self._store, self._version = None, -1
        if self._store is None:
            self._file = _file(self.path)
            self._store = open_store(self.path)
        return self._store

    def _with(self, store: Store, entries: Sequence[Entry]) -> Snapshot:
        if not entries:
            return self.snapshot
        names = {one.said.alert.alert_id for one in entries}
        changed = rows_of(store, names)
        rows = {name: row for name, row in self.snapshot.rows.items() if name not in names}
        return Snapshot({**rows, **changed}, entries[-1].number)


def _file(path: Path) -> tuple[int, int] | None:
    """Which file has a name now."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino


def _all(store: Store) -> Snapshot:
    asked = "SELECT alert, revision FROM alerts"
    return Snapshot(_with_times(store, store.connection.execute(asked)), last_entry(store.connection))


def rows_of(store: Store, names: Iterable[str]) -> dict[str, Row]:
    """Some alerts as the store has them, by id."""
    asked = "SELECT alert, revision FROM json_each(?) AS asked CROSS JOIN alerts ON alert_id = asked.value"
    listed = msgspec.json.encode(sorted(names)).decode()
    return _with_times(store, store.connection.execute(asked, (listed,)))


def _with_times(store: Store, found: Iterable[tuple[bytes, int]]) -> dict[str, Row]:
    pairs = [(_alert(said), revision) for said, revision in found]
    times = waiting(store, [alert for alert, _ in pairs])
    return {
        alert.alert_id: Row(alert, revision, one.raised_at) for (alert, revision), one in zip(pairs, times, strict=True)
    }
