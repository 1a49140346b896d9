"""What a keeper's file holds besides a store: the records that it has still to send, and figures of its own."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from pipeline.law.lifecycle import Case
from pipeline.model.records import Findings, Revision
from pipeline.store.desk import Desk
from pipeline.store.news import News
from pipeline.stream.told import encode
from pipeline.stream.wire import Tended, decode_revision, encode_incident, encode_reject, encode_revision

_TABLE = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    key TEXT,
    value BLOB,
    tended BLOB
) STRICT
"""

_ANSWERED = """
CREATE TABLE IF NOT EXISTS answered (action_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID
"""


class Outgoing(NamedTuple):
    """A record for a topic; of `rejects` any partition will do, of `findings` the key's, of the others the keeper's.

    `tended` is what operators had to do with an alert, where they acted on it.
    """

    number: int
    topic: str
    key: str | None
    value: bytes | None
    tended: bytes | None = None


class Outbox:
    """The records to send, in their order, in the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql, self._desk = connection, Desk(connection)
        self._sql.execute(_TABLE)

    def put(self, news: News) -> None:
        """Puts in what a transaction says."""
        rows: list[tuple[str, str | None, bytes | None, bytes | None]] = [
            ("incidents", name, None, None) for name in news.gone
        ]
        rows += [("incidents", one.incident_id, encode_incident(one), None) for one in news.incidents]
        cases = self._desk.cases([revision.alert for revision in news.revisions])
        for revision in news.revisions:
            name, value = revision.alert.alert_id, encode_revision(revision)
            tended = encode(_tended(cases[name])) if name in cases else None
            rows += [("alerts", name, value, tended), ("transitions", name, value, tended)]
        rows += [("rejects", None, encode_reject(reject), None) for reject in news.rejects]
        self._sql.executemany("INSERT INTO outbox (topic, key, value, tended) VALUES (?, ?, ?, ?)", rows)

    def tell(self, records: Iterable[Findings]) -> None:
        """Puts in what those are told who judge by many incidents."""
        rows = (("findings", one.agreement, encode(one)) for one in records)
        self._sql.executemany("INSERT INTO outbox (topic, key, value) VALUES (?, ?, ?)", rows)

    def first(self, most: int) -> list[Outgoing]:
        """What is still to be sent."""
        asked = "SELECT number, topic, key, value, tended FROM outbox ORDER BY number LIMIT ?"
        rows = self._sql.execute(asked, (most,))
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


def _tended(case: Case) -> Tended:
    return Tended(judged=case.judged, acts=tuple(act.action.action_id for act in case.acts))


class Answered:
    """The acts that another has answered, as far as he said of the alerts that he did."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._sql.execute(_ANSWERED)

    def note(self, tended: Iterable[Tended]) -> None:
        """Notes those that belong to some alerts."""
        names = ((name,) for one in tended for name in one.acts)
        self._sql.executemany("INSERT OR IGNORE INTO answered VALUES (?)", names)

    def has(self, action_id: str) -> bool:
        """Whether an act is among them."""
        return self._sql.execute("SELECT 1 FROM answered WHERE action_id = ?", (action_id,)).fetchone() is not None


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
