"""Rows in the time in which they come: a live feed as it arrives, a log at a pace, or so many reports a second.

None stands between rows where what was gathered so far should go on its way, as nothing more may come for a while.
"""

import queue
import threading
import time
from collections.abc import Iterator
from datetime import datetime

from pipeline.sources.base import Row
from pipeline.sources.inputs import Input

QUEUED_ROWS = 4_000
"""How many rows of a live feed may wait to be taken."""

_NAP_S = 0.2
"""The longest sleep: somebody may want to end."""


def arriving(
    given: Input, gather_s: float, pace: float | None = None, per_second: float | None = None
) -> Iterator[Row | None]:
    """The rows of an input, once, with None where what was gathered is due.

    Args:
        gather_s: for how long a live feed's rows are gathered.
        pace: plays the record at so many times real time: reports by `observed_from`, observations as they were told.
        per_second: lets so many reports and observations through each second at most.
    """
    rows: Iterator[Row | None] = iter(given.rows())
    if given.size is None:
        rows = _as_it_comes(rows, gather_s)
    if pace is not None:
        rows = _paced(rows, gather_s, pace)
    return rows if per_second is None else _limited(rows, gather_s, per_second)


def _paced(rows: Iterator[Row | None], gather_s: float, pace: float) -> Iterator[Row | None]:
    begun: tuple[float, datetime] | None = None
    for row in rows:
        at = None if row is None else _told_at(row)
        if at is not None:
            begun = begun or (time.monotonic(), at)
            yield from _until(begun[0] + (at - begun[1]).total_seconds() / pace, gather_s)
        yield row


def _told_at(row: Row) -> datetime | None:
    """When a row is due; None where it goes with those around it.

    A watch is told of when it was received, which a plan is before it begins and a log when it is over; or when it was
    over, at the latest, as a record of years ago may have been received today.
    """
    if row.reports:
        return row.reports[0].observed_from
    if not row.observations:
        return None
    one = row.observations[0]
    told = one.received_at or one.published_at
    return one.observed_from if told is None else min(told, one.observed_until)


def _limited(rows: Iterator[Row | None], gather_s: float, per_second: float) -> Iterator[Row | None]:
    begun, count = time.monotonic(), 0
    for row in rows:
        if row is not None:
            yield from _until(begun + count / per_second, gather_s)
            # After a pause there is no catching up: a limit is one at any time.
            begun = max(begun, time.monotonic() - count / per_second - 1.0)
            count += len(row.reports) + len(row.observations)
        yield row


def _until(due: float, gather_s: float) -> Iterator[None]:
    """Waits for a time of the monotonic clock; asks before each nap that what was gathered goes on its way."""
    while (wait := due - time.monotonic()) > gather_s / 2:
        yield None
        time.sleep(max(0.0, min(wait, _NAP_S)))


def _as_it_comes(rows: Iterator[Row | None], gather_s: float) -> Iterator[Row | None]:
    """Reads a live feed from a thread of its own, so that what has come goes on within `gather_s`, come what may."""
    arrived: queue.Queue[Row | BaseException | None] = queue.Queue(maxsize=QUEUED_ROWS)

    def read() -> None:
        try:
            for row in rows:
                arrived.put(row)
            arrived.put(None)
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits for rows
            arrived.put(error)

    threading.Thread(target=read, daemon=True).start()
    gathered, due = False, 0.0
    while True:
        try:
            row = arrived.get(timeout=max(0.0, due - time.monotonic()) if gathered else _NAP_S)
        except queue.Empty:
            yield None
            gathered = False
            continue
        if row is None:
            return
        if isinstance(row, BaseException):
            raise row
        if not gathered:
            gathered, due = True, time.monotonic() + gather_s
        yield row
        if time.monotonic() >= due:
            yield None
            gathered = False
