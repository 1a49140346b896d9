"""Opening a store's file: whose it is, of which version, and who may write to it."""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import TextIO

from pipeline.store.database import BusyStoreError, ForeignStoreError, NoStoreError, Store, StoreError, store_errors
from pipeline.store.schema import APPLICATION_ID, FROM_VERSION, SCHEMA_VERSION, TABLES

PAGE_CACHE_KIB = 64 << 10


def open_store(path: str | Path, *, write: bool = False, beside: bool = False) -> Store:
    """Opens a store; with `write`, makes it where there is none and takes the writer's lock.

    Args:
        beside: to write what operators do, in a store that is there: a run may hold the lock meanwhile.

    Raises:
        NoStoreError: there is none to read.
        StoreError: the file is no store or of another version, or another run writes to it.
    """
    # Two spellings of one file are one store: the lock stands beside the file itself.
    place = Path(path).resolve() if Path(path).is_symlink() else Path(path)
    if place.is_dir():
        raise StoreError(f"{place}: this is a folder; name a file in it with --store")
    if (beside or not write) and not place.exists():
        raise NoStoreError(f"{place}: there is no store here; make one with `truceline run … --store {place}`")
    lock = _take_lock(place) if write and not beside else None
    try:
        with store_errors(place):
            connection = _connect(place, "rw" if beside else "rwc" if write else "ro")
            _check(place, connection, lock is not None)
    except BaseException:
        if lock is not None:
            lock.close()
            if not place.exists():
                Path(f"{place}-lock").unlink(missing_ok=True)
        raise
    return Store(place, connection, lock)


def _connect(place: Path, mode: str) -> sqlite3.Connection:
    location = f"{place.absolute().as_uri()}?mode={mode}"
    if mode == "ro" and not os.access(place.parent, os.W_OK) and not Path(f"{place}-wal").exists():
        # A log in WAL mode needs a file beside it even to be read; where none can be made, nobody writes either.
        location += "&immutable=1"
    connection = sqlite3.connect(location, uri=True, isolation_level=None, timeout=30, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
    # FULL: what was committed outlives a power cut, and not only a killed process.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _check(place: Path, connection: sqlite3.Connection, write: bool) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if write:
        connection.execute("PRAGMA journal_mode = WAL")
    if not tables and write:
        connection.executescript(
            f"BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
        return
    if not tables and not application:
        raise NoStoreError(f"{place}: there is no store here yet: the file is empty")
    if application != APPLICATION_ID:
        raise ForeignStoreError(f"{place}: this is no Truceline store; name another file with --store")
    if version in FROM_VERSION and write:
        lacking = "".join(FROM_VERSION[since] for since in range(version, SCHEMA_VERSION))
        connection.executescript(f"BEGIN IMMEDIATE; {lacking} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    elif version != SCHEMA_VERSION and version not in FROM_VERSION:
        raise ForeignStoreError(
            f"{place}: a store of version {version}, and this Truceline reads version {SCHEMA_VERSION}; "
            "use the Truceline that wrote it, or run your inputs again into a new --store"
        )


def _take_lock(place: Path) -> TextIO:
    """The writer's lock: the system gives it up when its process ends, however that ends."""
    try:
        lock = Path(f"{place}-lock").open("a+", encoding="ascii")  # noqa: SIM115
    except OSError as error:
        raise StoreError(f"{place}: cannot write here: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read(20).strip() or "unknown"
        lock.close()
        raise BusyStoreError(
            f"{place}: another run (process {holder}) is writing to this store; wait for it, or name another --store"
        ) from error
    try:
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
    except OSError as error:
        lock.close()
        raise StoreError(f"{place}: cannot write here: {error.strerror}") from error
    return lock
