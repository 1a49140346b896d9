"""Closing windows: what is so far behind the watermark that it is kept no longer, where a retention is set.

A closed window's reports and incidents are gone from the file; its alerts stay, so that none is ever raised again. A
report that comes for it all the same is judged by itself.
"""

import sqlite3
from datetime import UTC, date, datetime, timedelta

HALO_DAYS = 4
"""For so many days more than the retention a window stays: for the incidents of its neighbours."""


def closed_before(watermark: datetime, retention_days: int) -> date:
    """The first day whose windows are still open."""
    return (watermark - timedelta(days=retention_days + HALO_DAYS)).date()


def begins(day: date) -> datetime:
    """When a day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def close_windows(sql: sqlite3.Connection, day: date) -> None:
    """Takes out, in the transaction that is open, the windows of all days before one, and what follows from them.

    A track is closed when the incident that it is began before that day.
    """
    until = day.isoformat()
    sql.execute(
        "DELETE FROM reports WHERE day = '' AND tile IN (SELECT json_extract(CAST(incident AS TEXT), '$.window.tile') "
        "FROM incidents WHERE observed_from < ?)",
        (until,),
    )
    sql.execute("DELETE FROM reports WHERE day < ? AND day != ''", (until,))
    sql.execute("DELETE FROM incidents WHERE observed_from < ?", (until,))
    sql.execute("DELETE FROM successions WHERE decided_at < ?", (until,))
    sql.execute("DELETE FROM history WHERE alert_id IN (SELECT alert_id FROM alerts WHERE observed_from < ?)", (until,))
    for table in ("sealable", "frames"):
        sql.execute(f"DELETE FROM {table} WHERE seq NOT IN (SELECT seq FROM reports)")
    sql.execute("UPDATE figures SET value = (SELECT count(*) FROM reports) WHERE name = 'reports'")
