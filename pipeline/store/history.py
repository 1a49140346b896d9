"""The history of a store, for whoever follows it: every entry has a number, and the numbers only grow."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from pipeline.law.transitions import OPEN
from pipeline.law.waiting import Waiting
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Standing
from pipeline.store.database import Store, store_errors
from pipeline.store.watching import waiting

_alert = msgspec.json.Decoder(Alert).decode
_revision = msgspec.json.Decoder(Revision).decode


class Entry(NamedTuple):
    """One entry of the history, with its number."""

    number: int
    said: Revision


def entries_after(store: Store, number: int, limit: int, last: int | None = None) -> list[Entry]:
    """The history after an entry, in order.

    Args:
        last: the number of the last entry to give.
    """
    asked = "SELECT entry, said FROM history WHERE entry > ? AND entry <= ? ORDER BY entry LIMIT ?"
    with store_errors(store.path):
        rows = store.connection.execute(asked, (number, (1 << 62) if last is None else last, limit))
        return [Entry(entry, _revision(said)) for entry, said in rows]


def last_entry(connection: sqlite3.Connection) -> int:
    """The number of the last entry of the history; 0 where there is none."""
    return int(connection.execute("SELECT coalesce(max(entry), 0) FROM history").fetchone()[0])


def marked(connection: sqlite3.Connection, number: int) -> str:
    """Which entry of the history has a number: another record has another there; empty where it is gone."""
    row = connection.execute("SELECT alert_id, revision FROM history WHERE entry = ?", (number,)).fetchone()
    return f"{row[0]}/{row[1]}" if row else ""


def standing(store: Store, alert_ids: Iterable[str] | None = None) -> list[Waiting]:
    """Alerts as they stand now, each with the time at which it was first raised.

    Args:
        alert_ids: of which; None for all that wait for an outcome.
    """
    if alert_ids is None:
        marks = ", ".join("?" * len(OPEN))
        asked = f"SELECT alert FROM alerts WHERE standing = ? AND status IN ({marks}) ORDER BY alert_id"
        values = (Standing.RAISED.value, *sorted(status.value for status in OPEN))
    else:
        asked = "SELECT alert FROM json_each(?) AS asked CROSS JOIN alerts ON alert_id = asked.value"
        values = (msgspec.json.encode(sorted(set(alert_ids))).decode(),)
    with store_errors(store.path):
        return waiting(store, [_alert(row[0]) for row in store.connection.execute(asked, values)])


def reached(connection: sqlite3.Connection) -> int:
    """How far the numbers of the history have come; an entry of a closed window may be gone, its number is not."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'history'").fetchone()
    return int(row[0]) if row else 0
