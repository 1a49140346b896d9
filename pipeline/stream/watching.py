"""The observation log of a keeper of findings: what comes on its topic is entered, and how well was watched is told."""

import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from pipeline.metrics.run import COVERAGE_EVERY_S
from pipeline.model.records import Observation, Reject
from pipeline.model.times import from_us
from pipeline.store.efforts import StoredEfforts
from pipeline.store.watchlog import Entered, WatchLog, watched_span
from pipeline.stream.adopting import Taken
from pipeline.stream.intake import observed
from pipeline.stream.keeper import Common, Coverage


class Watching:
    """The observations of one keeper's file, in the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection, common: Common) -> None:
        self._sql, self._common = connection, common
        self._log = WatchLog(connection, self._number, common.clock)
        self._efforts = {one.name: StoredEfforts(connection, one) for one in common.agreements}
        self._told_at: float | None = None

    def enter(self, record: Taken, where: str) -> tuple[Entered, Sequence[Reject]]:
        """Enters the observations of a record; what was entered before changes nothing."""
        watched, rejects = observed(record.value, where, self._common.gazetteer)
        return self._log.enter([_received(one, record.taken_at) for one in watched]), rejects

    def coverage(self) -> Coverage:
        """Of each agreement, by line and sector, how well was watched lately: every minute, as it is some work.

        Lately is before now, or before the end of a log that ends earlier: a plan reaches beyond what has happened.
        """
        now = time.monotonic()
        if self._told_at is not None and now - self._told_at < COVERAGE_EVERY_S:
            return {}
        span = watched_span(self._sql)
        if span is None:
            return {}
        self._told_at = now
        until = min(from_us(span[1]), self._common.clock())
        return {name: efforts.just_now(until) for name, efforts in self._efforts.items()}

    def _number(self) -> int:
        """The number of the log's next frame: of a keeper of findings, acts are the only others, and none goes."""
        (last,) = self._sql.execute("SELECT max(seq) FROM frames").fetchone()
        return (last or 0) + 1


def _received(one: Observation, taken_at: float) -> Observation:
    """What comes on its way has the time noted; what is read from `observations` itself may not."""
    return one if one.received_at else replace(one, received_at=datetime.fromtimestamp(taken_at, UTC))
