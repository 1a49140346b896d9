"""How far event time has come in a store, and which reports came too far behind it."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.model.report import Report
from pipeline.model.times import from_us, to_us


class Watermark:
    """The latest `observed_from` so far, never past the time of receipt; in the transaction that is open.

    Args:
        late_days: what is further behind it is late.
    """

    def __init__(self, connection: sqlite3.Connection, late_days: float) -> None:
        self._sql, self._late_us = connection, timedelta(days=late_days) // timedelta(microseconds=1)

    @property
    def us(self) -> int | None:
        """Where it is, in microseconds since 1970."""
        row = self._sql.execute("SELECT value FROM figures WHERE name = 'watermark_us'").fetchone()
        return row[0] if row else None

    def watch(
        self, reports: Sequence[Report], new: Sequence[bool], now: datetime
    ) -> tuple[tuple[bool, ...], datetime | None]:
        """Moves it; says which new reports were behind it by more than the retention.

        A report says itself when it was received; it is not believed to have been later than now.
        """
        now_us, mark = to_us(now), self.us
        late = []
        for report, is_new in zip(reports, new, strict=True):
            observed = to_us(report.observed_from)
            late.append(is_new and mark is not None and observed < mark - self._late_us)
            received = min(now_us, to_us(report.received_at)) if report.received_at else now_us
            mark = min(observed, received) if mark is None else max(mark, min(observed, received))
        if mark is None:
            return (), None
        self._sql.execute("INSERT OR REPLACE INTO figures VALUES ('watermark_us', ?)", (mark,))
        return tuple(late), from_us(mark)
