"""What a transaction of a store writes that others want to hear of."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from pipeline.model.records import Incident, Reject, Revision
from pipeline.store.lawbook import Told


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one batch, once it is committed.

    Attributes:
        new: for each report, whether it was new.
        late: how many of the new ones were behind the watermark by more than the retention.
        watermark: the latest `observed_from` so far, never past the time of receipt.
        watched: how many observations were new.
        changed: the ids of new reports that the store held with other content before it was opened.
    """

    new: tuple[bool, ...]
    late: tuple[bool, ...]
    matches: int
    outside: int
    revisions: tuple[Revision, ...]
    watermark: datetime | None
    watched: int = 0
    changed: frozenset[str] = frozenset()


class News(NamedTuple):
    """What a transaction writes: the incidents that stand, the ids of those that stand no more, revisions, rejects.

    `told` is for whoever folds, where the work is shared out.
    """

    incidents: Sequence[Incident]
    gone: Sequence[str]
    revisions: Sequence[Revision]
    rejects: Sequence[Reject] = ()
    told: Sequence[Told] = ()


def add_rejects(connection: sqlite3.Connection, rejects: Sequence[Reject]) -> None:
    """Writes rejects, each once, in the transaction that is open."""
    connection.executemany(
        "INSERT OR IGNORE INTO rejects (file, row, position, field, reason, detail, source, bytes, length, sha256) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (r.file, r.row, r.position, r.field, r.reason.value, r.detail, r.source, r.bytes, r.length, r.sha256)
            for r in rejects
        ),
    )
