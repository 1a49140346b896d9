"""The store: what is read of it, its transactions and its errors. `opening` opens one; what writes is in `recorder`."""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO

import msgspec

from pipeline.model.actions import Action
from pipeline.model.records import Alert, Incident, Observation, Reject, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import Standing, Status
from pipeline.model.times import from_us, to_us
from pipeline.store.frames import decode_frame, decode_lines
from pipeline.store.watchlog import observations_between, watched_span

PATIENCE_S = 30.0
_AGAIN_S = 0.002

_action = msgspec.json.Decoder(Action).decode
_alert = msgspec.json.Decoder(Alert).decode
_incident = msgspec.json.Decoder(Incident).decode
_observation = msgspec.json.Decoder(Observation).decode
_revision = msgspec.json.Decoder(Revision).decode


class StoreError(Exception):
    """The store cannot be used: it is missing, not ours, of another version, locked, or its disk fails."""


class NoStoreError(StoreError):
    """There is no store where one was to be read."""


class BusyStoreError(StoreError):
    """Another run writes to it, or its turn to write did not come in time."""


class ForeignStoreError(StoreError):
    """The file is no store, or one of another version."""


class Store:
    """One store, opened. Reading sees the last committed state, also while a run writes.

    Use `open_store`; it is a context manager.

    Attributes:
        patience_s: how long a transaction waits for its turn, where others write too.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: TextIO | None) -> None:
        self.path, self.connection, self._lock = path, connection, lock
        self.patience_s = PATIENCE_S

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; a writer's lock is given up."""
        self.connection.close()
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that writes, all of it or nothing; a run and those who act beside it take turns.

        Raises:
            BusyStoreError: the turn did not come.
        """
        with store_errors(self.path):
            self._begin()
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def _begin(self) -> None:
        """Begins as soon as nobody else writes: SQLite's own waiting sleeps through the moment between two batches."""
        until = time.monotonic() + self.patience_s
        (waits_ms,) = self.connection.execute("PRAGMA busy_timeout").fetchone()
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            while not self._begun():
                if time.monotonic() >= until:
                    raise BusyStoreError(f"{self.path}: another program is writing to this store; try again")
                time.sleep(_AGAIN_S)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {waits_ms}")

    def _begun(self) -> bool:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
        return True

    def alerts(self, *, possible: bool = False) -> Iterator[Alert]:
        """The current view, sorted by id: raised alerts, and with `possible` those too."""
        standings = [Standing.RAISED.value, *([Standing.POSSIBLE.value] if possible else [])]
        marks = ", ".join("?" * len(standings))
        rows = self._query(
            f"SELECT alert FROM alerts WHERE status != ? AND standing IN ({marks}) ORDER BY alert_id",
            Status.SUPERSEDED.value,
            *standings,
        )
        return (_alert(row[0]) for row in rows)

    def superseded(self) -> Iterator[Alert]:
        """Alerts that are no longer in the current view, as they were said last; sorted by id."""
        asked = "SELECT alert FROM alerts WHERE status = ? ORDER BY alert_id"
        return (_alert(row[0]) for row in self._query(asked, Status.SUPERSEDED.value))

    def alert(self, alert_id: str) -> Alert | None:
        """One alert as it stands now, superseded or not; a beginning of its id will do where only one begins so."""
        upper = alert_id + "\U0010ffff"
        rows = list(
            self._query("SELECT alert FROM alerts WHERE alert_id >= ? AND alert_id < ? LIMIT 2", alert_id, upper)
        )
        return _alert(rows[0][0]) if len(rows) == 1 else None

    def history(self, alert_id: str | None = None) -> Iterator[Revision]:
        """All that was ever said of one alert, or of all, in the order in which it was said."""
        where, values = ("WHERE alert_id = ?", [alert_id]) if alert_id else ("", [])
        return (_revision(row[0]) for row in self._query(f"SELECT said FROM history {where} ORDER BY entry", *values))

    def incidents(self, *, unresolved: bool | None = False) -> Iterator[Incident]:
        """The incidents that stand, in order of time; with `unresolved` the rumours instead, with None both."""
        where = "" if unresolved is None else f"WHERE unresolved = {int(unresolved)}"
        rows = self._query(f"SELECT incident FROM incidents {where} ORDER BY observed_from, incident_id")
        return (_incident(row[0]) for row in rows)

    def incident(self, incident_id: str) -> Incident | None:
        """One incident that stands; a beginning of its id will do where only one begins so."""
        upper = incident_id + "\U0010ffff"
        rows = list(
            self._query(
                "SELECT incident FROM incidents WHERE incident_id >= ? AND incident_id < ? LIMIT 2", incident_id, upper
            )
        )
        return _incident(rows[0][0]) if len(rows) == 1 else None

    def successors(self, incident_id: str) -> list[str]:
        """The incidents that took the place of one that stands no more."""
        asked = "SELECT successor FROM successions WHERE incident_id = ? ORDER BY successor"
        return [row[0] for row in self._query(asked, incident_id)]

    def predecessors(self, incident_id: str) -> list[str]:
        """The incidents whose place one took."""
        asked = "SELECT incident_id FROM successions WHERE successor = ? ORDER BY incident_id"
        return [row[0] for row in self._query(asked, incident_id)]

    def rejects(self) -> Iterator[tuple[int, Reject]]:
        """Every reject with its number."""
        names = [field.name for field in msgspec.structs.fields(Reject)]
        for number, *row in self._query(f"SELECT number, {', '.join(names)} FROM rejects ORDER BY number"):
            yield number, msgspec.convert(dict(zip(names, row, strict=True)), Reject)

    def versions(self, report_ids: Iterable[str]) -> dict[str, list[Report]]:
        """Every version of some reports that the record holds, in the order in which they came.

        Each frame of the log is opened once, however many of them it holds.
        """
        asked = msgspec.json.encode(sorted(set(report_ids))).decode()
        places: dict[int, list[int]] = {}
        rows = self._query(
            "SELECT seq, line FROM json_each(?) AS asked CROSS JOIN reports ON reports.report_id = asked.value", asked
        )
        for seq, line in rows:
            places.setdefault(seq, []).append(line)
        found: dict[str, list[Report]] = {}
        for seq, lines in sorted(places.items()):
            for report in self.lines(seq, sorted(lines)).values():
                found.setdefault(report.report_id, []).append(report)
        return found

    def retired(self, report_ids: Iterable[str]) -> set[str]:
        """Those of some reports that another report revises."""
        asked = msgspec.json.encode(sorted(set(report_ids))).decode()
        rows = self._query(
            "SELECT report_id FROM tombstones WHERE report_id IN (SELECT value FROM json_each(?))", asked
        )
        return {row[0] for row in rows}

    def reports(self, after_seq: int = 0) -> Iterator[tuple[int, list[Report]]]:
        """The log from a frame on: each frame's number and reports."""
        seq, following = after_seq, "SELECT min(seq) FROM frames WHERE seq > ? AND kind = 'reports'"
        while (row := self._one(following, seq)) and row[0] is not None:
            seq = row[0]
            yield seq, self.frame(seq)

    def frame(self, seq: int) -> list[Report]:
        """The reports of one frame of the log."""
        return decode_frame(*self._payloads(seq))

    def lines(self, seq: int, lines: Iterable[int]) -> dict[int, Report]:
        """Some reports of one frame of the log, by their line."""
        return decode_lines(*self._payloads(seq), lines)

    def _payloads(self, seq: int) -> tuple[bytes, bytes]:
        row = self._one(
            "SELECT frames.payload, sealable.payload FROM frames JOIN sealable USING (seq) WHERE seq = ?", seq
        )
        if row is None:
            raise StoreError(f"{self.path}: the log has no frame {seq}")
        return row[0], row[1]

    def observations(self, begin: datetime, until: datetime) -> Iterator[Observation]:
        """Who watched in an interval: every version of the records of which one reaches into it, sorted by id.

        `pipeline.recon.log.Log.of` makes of them what counts.
        """
        with store_errors(self.path):
            yield from observations_between(self.connection, to_us(begin), to_us(until))

    def watch_log(self) -> Iterator[Observation]:
        """Every version of every record of who watched, as it came in, sorted by id."""
        for (blob,) in self._query("SELECT observation FROM observations ORDER BY observation_id, content"):
            yield _observation(blob)

    def actions(self) -> Iterator[Action]:
        """What operators did, in the order in which it was written down."""
        for (blob,) in self._query("SELECT action FROM actions ORDER BY seq, action_id"):
            yield _action(blob)

    def watched_from(self) -> datetime | None:
        """From when on the observation log tells anything that stands; None where it tells nothing."""
        span = self._watched()
        return None if span is None else from_us(span[0])

    def watched_until(self) -> datetime | None:
        """Until when it does; of a plan that reaches beyond, until when it was over as it was told."""
        span = self._watched()
        return None if span is None else from_us(span[1])

    def _watched(self) -> tuple[int, int] | None:
        with store_errors(self.path):
            return watched_span(self.connection)

    def figures(self) -> dict[str, int]:
        """What the record holds, by name: reports, observations, incidents, alerts, rejects, frames and so on."""
        counts = dict(
            self._query(
                "SELECT standing, count(*) FROM alerts WHERE status != ? GROUP BY standing", Status.SUPERSEDED.value
            )
        )
        kept = dict(self._query("SELECT name, value FROM figures"))
        return {
            "reports": kept.get("reports", 0),
            "observations": self._count("observations"),
            "incidents": self._count("incidents WHERE NOT unresolved"),
            "unresolved": self._count("incidents WHERE unresolved"),
            "alerts": counts.get(Standing.RAISED.value, 0),
            "possible": counts.get(Standing.POSSIBLE.value, 0),
            "rejects": self._count("rejects"),
            "frames": self._count("frames"),
        }

    def fingerprint(self, agreement: str) -> str | None:
        """By which data of an agreement the record was judged last; None where it was not."""
        row = self._one("SELECT fingerprint FROM positions WHERE agreement = ?", agreement)
        return str(row[0]) if row else None

    def parties(self, agreement: str) -> tuple[str, ...]:
        """The ids of the parties of an agreement, as it was when the record was judged by it; none where it was not."""
        row = self._one("SELECT parties FROM positions WHERE agreement = ?", agreement)
        return msgspec.json.decode(row[0], type=tuple[str, ...]) if row else ()

    def last_day(self) -> date | None:
        """The last UTC day on which something in the record began; tracks aside."""
        row = self._one("SELECT max(day) FROM reports")
        return date.fromisoformat(row[0]) if row and row[0] else None

    def agreements(self) -> dict[str, str]:
        """The agreements by which the record was judged, each with its version."""
        return dict(self._query("SELECT agreement, version FROM positions ORDER BY agreement"))

    def _count(self, table: str) -> int:
        row = self._one(f"SELECT count(*) FROM {table}")
        return int(row[0]) if row else 0

    def _one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        return next(self._query(sql, *values), None)

    def _query(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        with store_errors(self.path):
            yield from self.connection.execute(sql, values)


@contextmanager
def store_errors(place: Path) -> Iterator[None]:
    """Turns SQLite's errors into ones that name the file and say what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        kind = ForeignStoreError if "not a database" in str(error) else StoreError
        raise kind(f"{place}: {_plain(error)}") from error


def _plain(error: sqlite3.DatabaseError) -> str:
    said = str(error)
    if "full" in said:
        return "the disk is full; what was acknowledged is safe. Make room and run the same command again"
    if "readonly" in said or "unable to open" in said:
        return f"cannot write here ({said}); check the folder's permissions"
    if "not a database" in said:
        return "this is no Truceline store; name another file with --store"
    if "malformed" in said:
        return f"the file is damaged ({said}); restore it from a copy, or run your inputs again into a new --store"
    return said
