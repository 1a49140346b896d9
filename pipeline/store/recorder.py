"""The embedded driver's hand on the record: a batch in, one transaction, what came of it out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import compress
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
from pipeline.monitor.fuse.versions import tombstone
from pipeline.monitor.parameters import DEFAULT, Parameters
from pipeline.monitor.windows import MemoryWindows
from pipeline.store.closing import Closing
from pipeline.store.database import Store, store_errors
from pipeline.store.incidents import IncidentBook
from pipeline.store.isolating import NO_FAULTS, Isolating, Refused, reject_of, take_out
from pipeline.store.late import by_itself, corrected
from pipeline.store.lawbook import LawBook, Told
from pipeline.store.ledger import AlertBook
from pipeline.store.positions import Positions
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
    """What a transaction writes: the incidents that stand, the ids of those that stand no more, revisions, rejects.

    `told` is for whoever folds, where the work is shared out.
    """

    incidents: Sequence[Incident]
    gone: Sequence[str]
    revisions: Sequence[Revision]
    rejects: Sequence[Reject] = ()
    told: Sequence[Told] = ()


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
            self._closing = Closing(store.connection, retention_days)
        self._positions = Positions(store.connection, parameters.judged_by)
        self._monitor = Monitor(agreements, self._windows, areas, parameters, owns)
        self._book = AlertBook(store.connection)
        # Where the work is shared out, no one share has all that a fold goes over.
        self._told: list[Told] = []
        tell = None if owns is None else self._told.append
        self._law = LawBook(store.connection, agreements, self._book, tell)
        self._incidents = IncidentBook(store.connection)
        self._caught_up = False
        self._judging = self._monitor
        self._isolating = Isolating(store, self._windows, self._transaction)
        late_days = parameters.late_days if retention_days is None else retention_days
        self._late_us = timedelta(days=late_days) // timedelta(microseconds=1)
        # A run that was stopped between a batch and what it closes leaves that to the next.
        self._close()

    def record(self, reports: Sequence[Report], rejects: Sequence[Reject] = ()) -> Outcome:
        """Takes a batch into the record: when this returns, it is on disk with all that follows from it.

        Agreements that are behind the log catch up first.

        Raises:
            StoreError: nothing of the batch was taken.
        """
        with store_errors(self.store.path):
            behind = self._windows.is_behind
        if behind or not self._caught_up:
            self.catch_up()
        now = self._clock()
        received = [report if report.received_at else replace(report, received_at=now) for report in reports]
        with self._transaction():
            self._add_rejects(rejects)
            closed = self._closing.closed(received)
            changes = self._monitor.process([one for one, late in zip(received, closed, strict=True) if not late])
            revisions = self._take(changes, now, rejects=rejects)
            for report in compress(received, closed):
                revisions += self._by_itself(report, now)
            self._set_positions()
            rest = iter(changes.new)
            new = tuple(late or next(rest) for late in closed)
            late, watermark = self._watch(received, new, now)
        self._close()
        return Outcome(
            new=new,
            late=late,
            matches=changes.matches,
            outside=changes.outside,
            revisions=tuple(revisions),
            watermark=watermark,
        )

    def _watermark_us(self) -> int | None:
        row = self.store.connection.execute("SELECT value FROM figures WHERE name = 'watermark_us'").fetchone()
        return row[0] if row else None

    def _by_itself(self, report: Report, now: datetime) -> list[Revision]:
        """Judges a report whose window is closed: it is not kept, and changes nothing that was said of that window."""
        (entry,) = self._monitor.place([report])
        taken_back = corrected(self._monitor, self._windows, [entry])
        alone = Monitor(self._agreements, MemoryWindows(), self._areas, self._parameters, self._owns)
        changes = alone.process([report])
        said = [alert.alert_id for alerts in changes.alerts.values() for alert in alerts]
        if self._book.knows(report.report_id, said) or self._windows.retired([tombstone(entry)]):
            return self._take(taken_back, now) if taken_back else []
        revisions = self._take(by_itself(changes, taken_back), now)
        self._closing.remember(revisions)
        return revisions

    def _close(self) -> None:
        """Closes the windows that are too far behind, once for each day."""
        with store_errors(self.store.path):
            day = self._closing.due(self._watermark_us())
        if day is None:
            return
        with self._transaction():
            self._closing.close(day)
        self._closing.reached(day)
        self._forget()

    def catch_up(self, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
        """Judges what is in the log by those agreements that have not yet seen it, or that were changed since.

        A frame at a time, each in its own transaction, so that a crash loses no more than one.

        Args:
            progress: is told the frames done and all of them, for each agreement.

        Returns:
            How many revisions were written.
        """
        written = 0
        with self._transaction():
            restored = self._book.restore()
        for agreement in self._agreements:
            behind, why = self._positions.of(agreement)
            if not behind:
                with self._transaction():
                    written += len(self._law.anew(agreement.name, self._clock(), why))
            self._judging = Monitor([agreement], self._windows, self._areas, self._parameters, self._owns)
            for seq, reports in self.store.reports(behind):
                written += self._isolating.judge(seq, reports, partial(self._judge, agreement, seq, why))
                progress(seq, self._windows.seq)
            with self._transaction():
                anew = restored or why is not Change.EVIDENCE_CHANGED
                written += self._review(agreement, None if anew else behind, why)
        with self._transaction():
            self._set_positions()
        self._caught_up = True
        return written

    def _judge(
        self, agreement: Agreement, seq: int, why: Change, reports: Sequence[Report], refused: Sequence[Refused]
    ) -> int:
        """Judges what a frame touches, once some reports of the log are refused; how many revisions that gave."""
        said = self._refuse(refused) if refused else []
        changes = self._judging.consider(self._judging.place(reports))
        said += self._take(changes, self._clock(), why)
        self._positions.note(agreement, seq, why)
        return len(said)

    def _refuse(self, refused: Sequence[Refused]) -> list[Revision]:
        """Takes reports out of their windows for good, and looks at what was told with them by every agreement."""
        left = take_out(self.store, self._windows, refused)
        self._forget()
        rejects = [reject_of(one.entry.report, f"{self.store.path.name}#{one.seq}", one.line + 1) for one in refused]
        self._add_rejects(rejects)
        return self._take(self._monitor.consider(left), self._clock(), rejects=rejects)

    def _forget(self) -> None:
        """Drops what is kept at hand of the windows: they were changed by others than the monitors."""
        self._windows.forget()
        self._monitor.forget()
        self._judging.forget()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        sql = self.store.connection
        with store_errors(self.store.path):
            sql.execute("BEGIN IMMEDIATE")
            seq = self._windows.look_at_log()
            try:
                yield
                sql.execute("COMMIT")
            except BaseException:
                self._windows.seq = seq
                self._forget()
                if sql.in_transaction:
                    sql.execute("ROLLBACK")
                raise

    def unjudged(self, reports: Iterable[tuple[int, Sequence[Report]]], reached: Callable[[int], None]) -> None:
        """Puts reports into the log that `catch_up` is to judge, a transaction for some of them.

        Args:
            reports: each with a mark, which `reached` is told within the transaction.
        """
        for mark, some in reports:
            self._put(some, partial(reached, mark))
            self._close()
        self._monitor.forget()
        self._caught_up = False

    def _put(self, some: Sequence[Report], reached: Callable[[], None]) -> None:
        """Puts reports into the log; one with which that fails is found by halves, and rejected."""
        now = self._clock()
        try:
            with self._transaction():
                self._put_open(some, now)
                reached()
        except NO_FAULTS:
            raise
        except Exception as error:
            if not some:
                raise
            if len(some) > 1:
                half = len(some) // 2
                self._put(some[:half], lambda: None)
                self._put(some[half:], reached)
                return
            self._isolating.blame(some[0], error)
            rejects = [reject_of(some[0], self.store.path.name, 1)]
            with self._transaction():
                self._add_rejects(rejects)
                self._tells(News((), (), (), rejects))
                reached()

    def _put_open(self, some: Sequence[Report], now: datetime) -> None:
        """What comes for a closed window was judged by itself when it came; here it only takes back what it revises."""
        closed = self._closing.closed(some)
        entries = self._monitor.place([one for one, late in zip(some, closed, strict=True) if not late])
        self._windows.add(entries)
        self._windows.retire(tombstones(entries))
        taken_back = corrected(self._monitor, self._windows, self._monitor.place([*compress(some, closed)]))
        if taken_back:
            self._take(taken_back, now)
        self._watch(some, [False] * len(some), now)

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
            self._closing.remember(revisions)
            # Whoever said them may have stopped before he told those who fold.
            self._law.watch(revisions, self._clock(), Change.EVIDENCE_CHANGED)
            self._tells(News((), (), (), (), self._told.copy()))
            self._told.clear()
        self._monitor.forget()

    def restate(self, revisions: Sequence[Revision]) -> None:
        """Says again what others, who knew less, said otherwise; each revision is above theirs."""
        with self._transaction():
            self._book.restate(revisions)
            self._tells(News((), (), revisions))

    def judge_again(self, report_ids: Iterable[str]) -> None:
        """Judges anew what some reports tell of: others, who knew less, said something of it."""
        held = [report for versions in self.store.versions(report_ids).values() for report in versions]
        self._monitor.forget()
        with self._transaction():
            self._take(self._monitor.consider(self._monitor.place(held)), self._clock())

    def _take(
        self,
        changes: Changes,
        now: datetime,
        why: Change = Change.EVIDENCE_CHANGED,
        rejects: Sequence[Reject] = (),
    ) -> list[Revision]:
        gone = self._incidents.enter(changes, now)
        revisions = self._book.enter(changes, now, why)
        revisions += self._law.enter(changes, revisions, now, why)
        self._tells(News(changes.incidents, gone, revisions, rejects, self._told.copy()))
        self._told.clear()
        return revisions

    def _review(self, agreement: Agreement, behind: int | None, why: Change) -> int:
        """Lays what operators did over what is judged anew, and folds anew what watches alerts that they acted on.

        Args:
            behind: the frame of the log up to which this was done; None for all of it.

        Returns:
            How many revisions that gave.
        """
        revisions = self._book.review(agreement.name, self._clock(), why) if behind is None else []
        acted = self._book.acted_after(agreement.name, behind or 0)
        revisions += self._law.watch([*revisions, *acted], self._clock(), why)
        self._tells(News((), (), revisions, (), self._told.copy()))
        self._told.clear()
        return len(revisions)

    def _set_positions(self) -> None:
        for agreement in self._agreements:
            self._positions.note(agreement, self._windows.seq)

    def _watch(
        self, reports: Sequence[Report], new: Sequence[bool], now: datetime
    ) -> tuple[tuple[bool, ...], datetime | None]:
        """Moves the watermark; says which new reports were behind it by more than the retention.

        A report says itself when it was received; it is not believed to have been later than now.
        """
        now_us, mark = to_us(now), self._watermark_us()
        late = []
        for report, is_new in zip(reports, new, strict=True):
            observed = to_us(report.observed_from)
            late.append(is_new and mark is not None and observed < mark - self._late_us)
            received = min(now_us, to_us(report.received_at)) if report.received_at else now_us
            mark = min(observed, received) if mark is None else max(mark, min(observed, received))
        if mark is None:
            return (), None
        self.store.connection.execute("INSERT OR REPLACE INTO figures VALUES ('watermark_us', ?)", (mark,))
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
