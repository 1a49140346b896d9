"""The embedded driver's hand on the record: a batch in, one transaction, what came of it out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.geometry.earth import Geometry
from pipeline.model.records import Incident, Reject, Revision, Window
from pipeline.model.report import Report
from pipeline.model.taxonomy import Change
from pipeline.model.times import from_us, to_us
from pipeline.monitor import Changes, Monitor
from pipeline.monitor.core import tombstones
from pipeline.monitor.parameters import DEFAULT, Parameters
from pipeline.monitor.windows import MemoryWindows
from pipeline.store.closing import begins, close_windows, closed_before
from pipeline.store.database import Store, store_errors
from pipeline.store.incidents import IncidentBook
from pipeline.store.ledger import AlertBook
from pipeline.store.windows import SqliteWindows


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one batch, once it is committed.

    Attributes:
        new: for each report, whether it was new.
        late: how many of the new ones were behind the watermark by more than the retention.
        watermark: the latest `observed_from` so far, never past the time of receipt.
    """

    new: tuple[bool, ...]
    late: tuple[bool, ...]
    matches: int
    outside: int
    revisions: tuple[Revision, ...]
    watermark: datetime | None


class News(NamedTuple):
    """What a transaction writes: the incidents that stand, the ids of those that stand no more, revisions, rejects."""

    incidents: Sequence[Incident]
    gone: Sequence[str]
    revisions: Sequence[Revision]
    rejects: Sequence[Reject] = ()


class Recorder:
    """Writes batches to a store under some agreements. Use it from one thread.

    Args:
        store: opened for writing.
        agreements: of different names.
        areas: outlines in degrees by `area_id`.
        clock: the driver's clock; the core has none.
        owns: whose windows' incidents are told, where the work is shared out; all without it.
        tells: is told, within each transaction, what it writes of incidents and alerts.
        retention_days: for how long a window stays open, behind the watermark; for ever without it.
    """

    def __init__(
        self,
        store: Store,
        agreements: Sequence[Agreement],
        areas: Mapping[str, Geometry],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        parameters: Parameters = DEFAULT,
        *,
        owns: Callable[[Window], bool] | None = None,
        tells: Callable[[News], None] = lambda _: None,
        retention_days: int | None = None,
    ) -> None:
        self.store, self._clock, self._parameters = store, clock, parameters
        self._owns, self._tells = owns, tells
        self._agreements = tuple(agreements)
        self._areas = areas
        with store_errors(store.path):
            self._windows = SqliteWindows(store, clock)
        self._monitor = Monitor(agreements, self._windows, areas, parameters, owns)
        self._book = AlertBook(store.connection)
        self._incidents = IncidentBook(store.connection)
        self._caught_up = False
        self._retention_days = retention_days
        late_days = parameters.late_days if retention_days is None else retention_days
        self._late_us = timedelta(days=late_days) // timedelta(microseconds=1)
        self._open_from = self._opened_from()

    def record(self, reports: Sequence[Report], rejects: Sequence[Reject] = ()) -> Outcome:
        """Takes a batch into the record: when this returns, it is on disk with all that follows from it.

        Agreements that are behind the log catch up first.

        Raises:
            StoreError: nothing of the batch was taken.
        """
        if not self._caught_up:
            self.catch_up()
        now = self._clock()
        received = [report if report.received_at else replace(report, received_at=now) for report in reports]
        with self._transaction():
            self._add_rejects(rejects)
            closed = [report for report in received if self._is_closed(report)]
            changes = self._monitor.process(
                [one for one in received if not self._is_closed(one)] if closed else received
            )
            revisions = self._take(changes, now, rejects=rejects)
            revisions += [said for report in closed for said in self._by_itself(report, now)]
            self._set_positions()
            rest = iter(changes.new)
            new = tuple(self._is_closed(report) or next(rest) for report in received) if closed else changes.new
            late, watermark = self._watch(received, new)
        self._close()
        return Outcome(
            new=new,
            late=late,
            matches=changes.matches,
            outside=changes.outside,
            revisions=tuple(revisions),
            watermark=watermark,
        )

    def _opened_from(self) -> datetime | None:
        """From when on windows are open; None where all are."""
        mark = self._watermark_us()
        if self._retention_days is None or mark is None:
            return None
        return begins(closed_before(from_us(mark), self._retention_days))

    def _watermark_us(self) -> int | None:
        row = self.store.connection.execute("SELECT value FROM figures WHERE name = 'watermark_us'").fetchone()
        return row[0] if row else None

    def _is_closed(self, report: Report) -> bool:
        return self._open_from is not None and report.track_id is None and report.observed_from < self._open_from

    def _by_itself(self, report: Report, now: datetime) -> list[Revision]:
        """Judges a report whose window is closed: it is not kept, and changes nothing that was said."""
        alone = Monitor(self._agreements, MemoryWindows(), self._areas, self._parameters, self._owns)
        changes = alone.process([report])
        said = [alert.alert_id for alerts in changes.alerts.values() for alert in alerts]
        return [] if self._book.knows(said) else self._take(changes, now)

    def _close(self) -> None:
        """Closes the windows that are too far behind, once for each day."""
        opened = self._opened_from()
        if opened is None or opened == self._open_from:
            return
        with self._transaction():
            close_windows(self.store.connection, opened.date())
        self._monitor.forget()
        self._open_from = opened

    def catch_up(self, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
        """Judges what is in the log by those agreements that have not yet seen it, or that were changed since.

        A frame at a time, each in its own transaction, so that a crash loses no more than one.

        Args:
            progress: is told the frames done and all of them, for each agreement.

        Returns:
            How many revisions were written.
        """
        written = 0
        for agreement in self._agreements:
            behind, why = self._position(agreement)
            monitor = Monitor([agreement], self._windows, self._areas, self._parameters, self._owns)
            for seq, reports in self.store.reports(behind):
                with self._transaction():
                    changes = monitor.consider(monitor.place(reports))
                    written += len(self._take(changes, self._clock(), why))
                    self._set_position(agreement, seq, why)
                progress(seq, self._windows.seq)
        with self._transaction():
            self._set_positions()
        self._caught_up = True
        return written

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        sql = self.store.connection
        with store_errors(self.store.path):
            sql.execute("BEGIN IMMEDIATE")
            seq = self._windows.seq
            try:
                yield
                sql.execute("COMMIT")
            except BaseException:
                self._windows.seq = seq
                self._monitor.forget()
                if sql.in_transaction:
                    sql.execute("ROLLBACK")
                raise

    def unjudged(self, reports: Iterable[tuple[int, Sequence[Report]]], reached: Callable[[int], None]) -> None:
        """Puts reports into the log that `catch_up` is to judge, a transaction for some of them.

        Args:
            reports: each with a mark, which `reached` is told within the transaction.
        """
        for mark, some in reports:
            with self._transaction():
                entries = self._monitor.place(some)
                self._windows.add(entries)
                self._windows.retire(tombstones(entries))
                reached(mark)
        self._monitor.forget()
        self._caught_up = False

    def adopt(
        self, incidents: Mapping[str, Incident | None], revisions: Sequence[Revision], *, anew: bool = False
    ) -> None:
        """Takes over what others said: incidents by their ids (None: it stands no more), latest revisions of alerts.

        Args:
            anew: these are all the incidents that stand.
        """
        with self._transaction():
            self._incidents.adopt(incidents, anew=anew)
            self._book.adopt(revisions)
        self._monitor.forget()

    def _take(
        self,
        changes: Changes,
        now: datetime,
        why: Change = Change.EVIDENCE_CHANGED,
        rejects: Sequence[Reject] = (),
    ) -> list[Revision]:
        gone = self._incidents.enter(changes, now)
        revisions = self._book.enter(changes, now, why)
        self._tells(News(changes.incidents, gone, revisions, rejects))
        return revisions

    def _position(self, agreement: Agreement) -> tuple[int, Change]:
        """Up to which frame the log was judged by this agreement, and why it is judged anew from there."""
        row = self.store.connection.execute(
            "SELECT fingerprint, judged_by, seq, why FROM positions WHERE agreement = ?", (agreement.name,)
        ).fetchone()
        if row is None:
            return 0, Change.REPORTED
        if row[0] != agreement.fingerprint:
            return 0, Change.AGREEMENT_CHANGED
        if row[1] != self._parameters.judged_by:
            return 0, Change.CORE_CHANGED
        return row[2], msgspec.convert(row[3], Change)

    def _set_positions(self) -> None:
        for agreement in self._agreements:
            self._set_position(agreement, self._windows.seq)

    def _set_position(self, agreement: Agreement, seq: int, why: Change = Change.EVIDENCE_CHANGED) -> None:
        """Notes how far the log is judged; `why` is kept for what is left of it, should the process end here."""
        values = agreement.fingerprint, self._parameters.judged_by, agreement.version, seq, why.value
        self.store.connection.execute(
            "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?)", (agreement.name, *values)
        )

    def _watch(self, reports: Sequence[Report], new: Sequence[bool]) -> tuple[tuple[bool, ...], datetime | None]:
        """Moves the watermark; says which new reports were behind it by more than the retention."""
        sql = self.store.connection
        mark = self._watermark_us()
        late = []
        for report, is_new in zip(reports, new, strict=True):
            observed = to_us(report.observed_from)
            late.append(is_new and mark is not None and observed < mark - self._late_us)
            received = to_us(report.received_at) if report.received_at else observed
            mark = min(observed, received) if mark is None else max(mark, min(observed, received))
        if mark is None:
            return (), None
        sql.execute("INSERT OR REPLACE INTO figures VALUES ('watermark_us', ?)", (mark,))
        return tuple(late), from_us(mark)

    def _add_rejects(self, rejects: Sequence[Reject]) -> None:
        self.store.connection.executemany(
            "INSERT OR IGNORE INTO rejects (file, row, position, field, reason, detail, source, bytes, length, sha256) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (r.file, r.row, r.position, r.field, r.reason.value, r.detail, r.source, r.bytes, r.length, r.sha256)
                for r in rejects
            ),
        )
