"""Closing windows: what is so far behind the watermark that it is kept no longer, where a retention is set.

A closed window's reports and incidents are gone from the file; its alerts stay, and so does which reports they rested
on, so that none is ever raised again. What its incidents were to provisions that remember stays as well, since those
are folded anew from it. A report that comes for a closed window all the same is judged by itself: its alerts are told,
but no provision that remembers counts it, as it may have been counted as a part of what is closed.
"""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from pipeline.model.records import Revision, track_tile
from pipeline.model.report import Report
from pipeline.model.times import from_us

HALO_DAYS = 4
"""For so many days more than the retention a window stays: for the incidents of its neighbours."""

_FIRST = datetime.min.replace(tzinfo=UTC)
_OPEN_DAY = "first_open_day"
"""The figure that says from when on windows are open, counted in days from the year 1: what was closed stays so."""


def closed_before(watermark: datetime, retention_days: int) -> date:
    """The first day whose windows are still open."""
    behind = timedelta(days=retention_days + HALO_DAYS)
    return (max(watermark, _FIRST + behind) - behind).date()


class Closing:
    """Which windows of a store are closed, and closing them, in the transaction that is open.

    Args:
        retention_days: for how long a window stays open, behind the watermark; for ever without it.
    """

    def __init__(self, connection: sqlite3.Connection, retention_days: int | None) -> None:
        self._sql, self._retention_days = connection, retention_days
        self._open_from: datetime | None = None
        if retention_days is not None:
            row = connection.execute("SELECT value FROM figures WHERE name = ?", (_OPEN_DAY,)).fetchone()
            self._open_from = _begins(date.fromordinal(row[0])) if row else None

    def closed(self, reports: Sequence[Report]) -> list[bool]:
        """Which of some reports would go into a window that is closed."""
        if self._open_from is None:
            return [False] * len(reports)
        return [report.observed_from < self._open_from and not self._goes_on(report) for report in reports]

    def due(self, watermark_us: int | None) -> date | None:
        """The first day that stays open, where windows before it are to be closed now."""
        if self._retention_days is None or watermark_us is None:
            return None
        day = closed_before(from_us(watermark_us), self._retention_days)
        return day if self._open_from is None or _begins(day) > self._open_from else None

    def close(self, day: date) -> None:
        """Takes out the windows of all days before one, and what follows from them."""
        _remember(self._sql, day)
        _take_out(self._sql, day)
        self._sql.execute("INSERT OR REPLACE INTO figures VALUES (?, ?)", (_OPEN_DAY, day.toordinal()))

    def reached(self, day: date) -> None:
        """Those windows are closed for good."""
        self._open_from = _begins(day)

    def remember(self, revisions: Sequence[Revision]) -> None:
        """Keeps on which reports alerts of closed windows rest."""
        if self._open_from is not None:
            reports = {
                (report_id,)
                for said in revisions
                if said.alert.observed_from < self._open_from
                for report_id in said.alert.report_ids
            }
            self._sql.executemany("INSERT OR IGNORE INTO told VALUES (?)", sorted(reports))

    def _goes_on(self, report: Report) -> bool:
        """Whether it is of a track that is kept."""
        asked = "SELECT 1 FROM reports WHERE day = '' AND tile = ? LIMIT 1"
        return report.track_id is not None and bool(self._sql.execute(asked, (track_tile(report.track_id),)).fetchone())


def _begins(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _remember(sql: sqlite3.Connection, day: date) -> None:
    """Keeps all reports on which an alert, or a finding, of the windows before a day rests or once rested."""
    until = day.isoformat()
    sql.execute(
        "INSERT OR IGNORE INTO told SELECT told_of.value FROM alerts CROSS JOIN history USING (alert_id), "
        "json_each(CAST(said AS TEXT), '$.alert.report_ids') AS told_of WHERE observed_from < ?",
        (until,),
    )
    sql.execute(
        "INSERT OR IGNORE INTO told SELECT told_of.value FROM incidents CROSS JOIN findings USING (incident_id), "
        "json_each(CAST(finding AS TEXT), '$.alert.report_ids') AS told_of WHERE observed_from < ?",
        (until,),
    )


def _take_out(sql: sqlite3.Connection, day: date) -> None:
    """A track is taken out when the incident that it is began before that day."""
    until = day.isoformat()
    sql.execute(
        "DELETE FROM reports WHERE day = '' AND tile IN (SELECT json_extract(CAST(incident AS TEXT), '$.window.tile') "
        "FROM incidents WHERE observed_from < ?)",
        (until,),
    )
    sql.execute("DELETE FROM reports WHERE day < ? AND day != ''", (until,))
    sql.execute("DELETE FROM incidents WHERE observed_from < ?", (until,))
    sql.execute("DELETE FROM successions WHERE decided_at < ?", (until,))
    sql.execute(
        "DELETE FROM history WHERE alert_id IN "
        "(SELECT alert_id FROM alerts WHERE observed_from < ? AND NOT remembered)",
        (until,),
    )
    sql.execute("DELETE FROM sealable WHERE seq NOT IN (SELECT seq FROM reports)")
    sql.execute("DELETE FROM frames WHERE kind = 'reports' AND seq NOT IN (SELECT seq FROM reports)")
    sql.execute("UPDATE figures SET value = (SELECT count(*) FROM reports) WHERE name = 'reports'")
