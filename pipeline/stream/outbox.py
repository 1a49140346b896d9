"""What a keeper's file holds besides a store: the records that it has still to send, and figures of its own."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from pipeline.model.records import Findings, Revision
from pipeline.store.recorder import News
from pipeline.stream.told import encode
from pipeline.stream.wire import decode_revision, encode_incident, encode_reject, encode_revision

_TABLE = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    key TEXT,
    value BLOB
) STRICT
"""


class Outgoing(NamedTuple):
    """A record for a topic; of `rejects` any partition will do, of `findings` the key's, of the others the keeper's."""

    number: int
    topic: str
    key: str | None
    value: bytes | None


class Outbox:
    """The records to send, in their order, in the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._sql.execute(_TABLE)

    def put(self, news: News) -> None:
        """Puts in what a transaction says."""
        rows: list[tuple[str, str | None, bytes | None]] = [("incidents", name, None) for name in news.gone]
        rows += [("incidents", one.incident_id, encode_incident(one)) for one in news.incidents]
        for revision in news.revisions:
            value = encode_revision(revision)
            rows += [("alerts", revision.alert.alert_id, value), ("transitions", revision.alert.alert_id, value)]
        rows += [("rejects", None, encode_reject(reject)) for reject in news.rejects]
        self._sql.executemany("INSERT INTO outbox (topic, key, value) VALUES (?, ?, ?)", rows)

    def tell(self, records: Iterable[Findings]) -> None:
        """Puts in what those are told who judge by many incidents."""
        rows = (("findings", one.agreement, encode(one)) for one in records)
        self._sql.executemany("INSERT INTO outbox (topic, key, value) VALUES (?, ?, ?)", rows)

    def first(self, most: int) -> list[Outgoing]:
        """What is still to be sent."""
        rows = self._sql.execute("SELECT number, topic, key, value FROM outbox ORDER BY number LIMIT ?", (most,))
        return [Outgoing(*row) for row in rows]

    def sent(self, up_to: int) -> None:
        """Takes out what the broker has acknowledged."""
        self._sql.execute("DELETE FROM outbox WHERE number <= ?", (up_to,))

    def forget(self, heard: Mapping[str, Revision]) -> None:
        """Takes out what others have said of an alert already, or said more lately."""
        rows = self._sql.execute(
            "SELECT number, key, value FROM outbox WHERE topic IN ('alerts', 'transitions') "
            "AND key IN (SELECT value FROM json_each(?))",
            (msgspec.json.encode([*heard]).decode(),),
        )
        known = [
            (number,)
            for number, key, value in rows.fetchall()
            if decode_revision(value).revision <= heard[key].revision
        ]
        self._sql.executemany("DELETE FROM outbox WHERE number = ?", known)


class Figures:
    """Whole numbers by their name."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def note(self, name: str, value: int) -> None:
        """Writes one."""
        self._sql.execute("INSERT OR REPLACE INTO figures VALUES (?, ?)", (name, value))

    def get(self, name: str) -> int:
        """Reads one; 0 where it was never written."""
        row = self._sql.execute("SELECT value FROM figures WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0
