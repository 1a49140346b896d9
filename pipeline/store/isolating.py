"""One report with which judging the log fails is found and refused, so that the rest of the log can be judged.

That is a fault of Truceline's own, which no report may bring down the record with. Whatever is taken in one batch after
the other fails with the report that brings the fault about; so it is here: of the log's reports, in their order, the
first with which judging fails is the one. It is gone from its window from then on, with a reject that holds what it
said; the frame that it came in stays as it was.
"""

import hashlib
import logging
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import NamedTuple, TypeVar

import msgspec

from pipeline.model.records import Reject, Window
from pipeline.model.report import Report
from pipeline.model.taxonomy import RejectReason
from pipeline.monitor.fuse.shelf import around
from pipeline.monitor.windows import Entry, Tombstone
from pipeline.sources.records import KEPT_BYTES
from pipeline.store.database import Store, StoreError
from pipeline.store.windows import SqliteWindows

MOST_REFUSED = 32
"""In one run: more than that is no fault with a report, but one with all of them, and is not to empty the record."""

NO_FAULTS = StoreError, MemoryError
"""What no report is to blame for."""

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_T = TypeVar("_T")


class Refused(NamedTuple):
    """A report of the log with which judging failed, and where it stands."""

    seq: int
    line: int
    entry: Entry


class _TakenBack(Exception):
    """An attempt did not fail, and is undone."""


class Isolating:
    """Judges the log's frames.

    Args:
        transaction: opens one, and undoes it where it fails.
    """

    def __init__(
        self, store: Store, windows: SqliteWindows, transaction: Callable[[], AbstractContextManager[object]]
    ) -> None:
        self._store, self._windows, self._transaction = store, windows, transaction
        self._left = MOST_REFUSED

    def judge(
        self, seq: int, reports: Sequence[Report], judged: Callable[[Sequence[Report], Sequence[Refused]], _T]
    ) -> _T:
        """Judges a frame in one transaction.

        Args:
            judged: judges reports of the frame, in the transaction that is open, after it has refused others.
        """
        refused: list[Refused] = []
        while True:
            try:
                with self._transaction():
                    return judged(_without(seq, reports, refused), refused)
            except NO_FAULTS:
                raise
            except Exception as error:
                found = self._first_failing(seq, reports, judged, refused)
                if found is None:
                    raise
                self.blame(found.entry.report, error)
                refused.append(found)

    def blame(self, report: Report, error: Exception) -> None:
        """A report is to be refused for what went wrong; where that were too many, raises it."""
        if not self._left:
            raise error
        self._left -= 1
        _log.error("%s cannot be judged, and is rejected", report.report_id, exc_info=error)

    def _first_failing(
        self,
        seq: int,
        reports: Sequence[Report],
        judged: Callable[[Sequence[Report], Sequence[Refused]], object],
        refused: Sequence[Refused],
    ) -> Refused | None:
        """The first report of the log up to which judging the frame fails; None where it is no report's doing.

        It may only have led to the one at fault, which came before it and was out of the frame's reach until then. So
        the frame is judged as the log was before it, with all of the days around it and around what it revises; where
        that fails, the one looked for is among what came before, and is searched for likewise. What is found comes
        earlier each time; a second search is seldom called for. A search is a logarithm of the log's length in tries:
        of the frame at first, with those days later. These cost about what refusing the reports found so far would.
        """

        def fails(near: Collection[Window], upto: int, line: int) -> bool:
            shown = reports if upto > seq else reports[: line + 1] if upto == seq else ()
            try:
                with self._windows.as_of(upto, line), self._transaction():
                    held = [entry.report for entry in _of_days_around(self._windows, near) if entry not in gone]
                    judged([*_without(seq, shown, refused), *held], refused)
                    raise _TakenBack
            except _TakenBack:
                return False
            except NO_FAULTS:
                raise
            except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
                return True

        gone = {one.entry for one in refused}
        if fails((), 0, -1):
            return None
        found, names = None, set[str]()
        earlier = self._first(partial(fails, ()))
        while earlier is not None:
            found = earlier
            names.update(filter(None, (found.entry.report.report_id, found.entry.report.revises)))
            near = {group.window for group in self._windows.holding(sorted(names))}
            earlier = self._first(partial(fails, near), found)
        return found

    def _first(self, fails: Callable[[int, int], bool], before: Refused | None = None) -> Refused | None:
        """The first report of the log, or of what comes before one, up to which something fails; None if nothing does.

        Earlier frames than the one that is judged too: what was revised by what is refused now stands again.
        """
        frames = self._frames(before)
        if not frames or not fails(frames[-1][0], frames[-1][1] - 1):
            return None
        last = len(frames) - 1
        upto, count = frames[bisect_left(frames, True, hi=last, key=lambda frame: fails(frame[0], frame[1] - 1))]
        line = bisect_left(range(count), True, hi=count - 1, key=lambda line: fails(upto, line))
        return self._refused(upto, line)

    def _frames(self, before: Refused | None) -> list[tuple[int, int]]:
        """The frames of reports, each with how many it holds; up to a report, where one is given."""
        seq, line = (before.seq, before.line) if before else (self._windows.seq + 1, 0)
        asked = (
            "SELECT seq, iif(seq = :seq, :line, reports) AS many FROM frames "
            "WHERE kind = 'reports' AND seq <= :seq AND many > 0 ORDER BY seq"
        )
        return self._store.connection.execute(asked, {"seq": seq, "line": line}).fetchall()

    def _refused(self, seq: int, line: int) -> Refused | None:
        asked = "SELECT tile, day, content FROM reports WHERE seq = ? AND line = ?"
        row = self._store.connection.execute(asked, (seq, line)).fetchone()
        if row is None:
            return None
        tile, day, content = row
        return Refused(seq, line, Entry(Window(tile, day), content, self._store.lines(seq, [line])[line]))


def take_out(store: Store, windows: SqliteWindows, refused: Sequence[Refused]) -> list[Entry]:
    """Takes reports out of their windows, in the transaction that is open.

    Returns:
        Them, and all that is held of their days: what is told of those may have had to do with them.
    """
    sql = store.connection
    sql.executemany("DELETE FROM reports WHERE seq = ? AND line = ?", [(one.seq, one.line) for one in refused])
    sql.execute("UPDATE figures SET value = value - ? WHERE name = 'reports'", (len(refused),))
    _take_back(store, refused)
    windows.forget()
    return [one.entry for one in refused] + _of_days_around(windows, {one.entry.window for one in refused})


def reject_of(report: Report, place: str, row: int) -> Reject:
    """The reject of a report with which judging fails; `place` and `row` say where it was, if it does not say so."""
    said = _encode(report)
    return Reject(
        file=report.origin.file if report.origin else place,
        row=report.origin.row if report.origin else row,
        position=0,
        field="",
        reason=RejectReason.FAILED,
        detail="judging it failed; the log of the run or the worker says how",
        source=report.source,
        bytes=said[:KEPT_BYTES],
        length=len(said),
        sha256=hashlib.sha256(said).hexdigest(),
    )


def _of_days_around(windows: SqliteWindows, some: Collection[Window]) -> list[Entry]:
    """All that some windows hold, and those of their days and of the days before and after."""
    days = around([window.day for window in some if window.day], reach_s=1.0)
    return list(dict.fromkeys(windows.of_windows(sorted(some)) + windows.of_days(sorted(days))))


def _without(seq: int, reports: Sequence[Report], refused: Sequence[Refused]) -> Sequence[Report]:
    lines = {one.line for one in refused if one.seq == seq}
    return [report for line, report in enumerate(reports) if line not in lines] if lines else reports


def _take_back(store: Store, refused: Sequence[Refused]) -> None:
    """Takes back the tombstones of what is refused, unless others of the log retire the same."""
    places = {(one.seq, one.line) for one in refused}
    gone = {Tombstone(one.entry.report.revises, one.entry.report.ledger) for one in refused if one.entry.report.revises}
    if not gone:
        return
    for seq, reports in store.reports():
        for line, report in enumerate(reports):
            if report.revises and (seq, line) not in places:
                gone.discard(Tombstone(report.revises, report.ledger))
    rows = [(one.report_id, one.ledger or "") for one in gone]
    store.connection.executemany("DELETE FROM tombstones WHERE report_id = ? AND ledger = ?", rows)
