"""The embedded driver's hand on the record: a batch in, one transaction, what came of it out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import compress

from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.geometry.earth import Geometry
from pipeline.model.actions import Action
from pipeline.model.records import Alert, Incident, Observation, Reject, Revision, Window
from pipeline.model.report import Report
from pipeline.model.taxonomy import Change
from pipeline.monitor import Changes, Monitor
from pipeline.monitor.core import tombstones
from pipeline.monitor.fuse.versions import tombstone
from pipeline.monitor.parameters import DEFAULT, Parameters
from pipeline.monitor.windows import MemoryWindows
from pipeline.store.anchors import Anchors
from pipeline.store.closing import Closing
from pipeline.store.conveyed import Answer, Conveyed
from pipeline.store.database import Store, store_errors
from pipeline.store.incidents import IncidentBook
from pipeline.store.isolating import NO_FAULTS, Isolating, Refused, reject_of, take_out
from pipeline.store.late import by_itself, corrected
from pipeline.store.lawbook import LawBook, Told
from pipeline.store.ledger import AlertBook
from pipeline.store.news import News, Outcome, add_rejects
from pipeline.store.positions import Positions
from pipeline.store.tasking import restore_tasks
from pipeline.store.watchlog import WatchLog
from pipeline.store.watermark import Watermark
from pipeline.store.windows import SqliteWindows


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
        anchors = Anchors(self._windows, agreements, parameters, owns or (lambda _: True))
        self._book = AlertBook(store.connection, None if owns is None else anchors.is_elsewhere)
        self._conveyed = Conveyed(store.connection, self._book, anchors.alerts, clock)
        # Where the work is shared out, no one share has all that a fold goes over.
        self._told: list[Told] = []
        tell = None if owns is None else self._told.append
        self._law = LawBook(store.connection, agreements, self._book, tell)
        self._incidents = IncidentBook(store.connection)
        self._watch_log = WatchLog(store.connection, self._windows.next_frame, clock)
        self._caught_up = self._kept_acts = False
        self._judging = self._monitor
        self._isolating = Isolating(store, self._windows, self._transaction)
        late_days = parameters.late_days if retention_days is None else retention_days
        self._watermark = Watermark(store.connection, late_days)
        # A run that was stopped between a batch and what it closes leaves that to the next.
        self._close()

    def record(
        self,
        reports: Sequence[Report],
        rejects: Sequence[Reject] = (),
        observations: Sequence[Observation] = (),
        within: Callable[[], object] = lambda: None,
    ) -> Outcome:
        """Takes a batch into the record: when this returns, it is on disk with all that follows from it.

        Agreements that are behind the log catch up first. `within` is called in the batch's transaction.

        Raises:
            StoreError: nothing of the batch was taken.
        """
        if not self._caught_up:
            self.catch_up()
        now = self._clock()
        received = [report if report.received_at else replace(report, received_at=now) for report in reports]
        with self._transaction() as heeded:
            within()
            add_rejects(self.store.connection, rejects)
            closed = self._closing.closed(received)
            changes = self._monitor.process([one for one, late in zip(received, closed, strict=True) if not late])
            revisions = heeded + self._take(changes, now, rejects=rejects)
            for report in compress(received, closed):
                revisions += self._by_itself(report, now)
            watched = self._watch_log.enter(observations)
            revisions += self._law.see(watched, now)
            self._set_positions()
            rest = iter(changes.new)
            new = tuple(late or next(rest) for late in closed)
            late, watermark = self._watermark.watch(received, new, now)
        self._close()
        return Outcome(
            new=new,
            late=late,
            matches=changes.matches,
            outside=changes.outside,
            revisions=tuple(revisions),
            watermark=watermark,
            watched=sum(watched.new),
            changed=self._windows.changed,
        )

    def wait_to_look(self, every: timedelta) -> None:
        """Lets what is known of how well was watched wait for so long until it bears on alerts: it is some work."""
        self._law.look_every = every

    def settle(self) -> list[Revision]:
        """Lets what is known by now of how well was watched bear on alerts; for when nothing more comes for a while."""
        with self._transaction():
            revisions = self._law.look_again(self._clock())
            self._say(revisions)
        return revisions

    def act(self, action: Action, rejects: Callable[[str], Sequence[Reject]], *, answered: bool) -> Answer:
        """Takes in what an operator did elsewhere, with all that follows from it; told twice, it is one.

        Args:
            rejects: gives what is to be told of an act that is not in force, by the reason.
            answered: another has said what came of it.
        """
        if not self._caught_up:
            self.catch_up()
        with self._transaction():
            answer = self._conveyed.take(action, answered=answered)
            said = [
                *answer.revisions,
                *self._law.watch(answer.revisions, self._clock(), Change.EVIDENCE_CHANGED),
            ]
            refused = rejects(answer.why) if answer.why else ()
            add_rejects(self.store.connection, refused)
            self._windows.look_at_log()
            self._set_positions()
            self._say(said, refused)
        return answer._replace(revisions=said)

    def keep(self, actions: Iterable[Action]) -> None:
        """Keeps what operators did and others have answered; `catch_up` is to lay it over what is judged then."""
        with self._transaction():
            for action in actions:
                self._kept_acts |= self._conveyed.keep(action)
            self._windows.look_at_log()
        self._caught_up = False

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
            day = self._closing.due(self._watermark.us)
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
        written, begun = 0, self._windows.seq
        with self._transaction():
            restored = self._book.restore()
            restore_tasks(self.store.connection)
            written += len(self._law.look_again(self._clock()))
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
                anew = restored or self._kept_acts or why is not Change.EVIDENCE_CHANGED
                written += len(self._review(agreement, None if anew else behind, why))
        with self._transaction():
            written += len(self._heed(begun))
            self._set_positions()
        self._caught_up, self._kept_acts = True, False
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
        add_rejects(self.store.connection, rejects)
        return self._take(self._monitor.consider(left), self._clock(), rejects=rejects)

    def _forget(self) -> None:
        """Drops what is kept at hand of the windows: they were changed by others than the monitors."""
        self._windows.forget()
        self._monitor.forget()
        self._judging.forget()

    @contextmanager
    def _transaction(self) -> Iterator[list[Revision]]:
        """A transaction; what follows from what operators did beside this recorder meanwhile is in it, and is given."""
        since = self._windows.seq
        try:
            with self.store.transaction():
                is_behind = self._windows.look_at_log() > since and self._caught_up
                yield self._heed(since) if is_behind else []
        except BaseException:
            self._windows.seq = since
            self._forget()
            raise

    def _heed(self, since: int) -> list[Revision]:
        """What watches alerts follows what operators did after a frame of the log."""
        now = Change.EVIDENCE_CHANGED
        return [said for agreement in self._agreements for said in self._review(agreement, since, now)]

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
                add_rejects(self.store.connection, rejects)
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
        self._watermark.watch(some, [False] * len(some), now)

    def adopt(
        self,
        incidents: Mapping[str, Incident | None],
        revisions: Sequence[Revision],
        judged: Mapping[str, Alert] | None = None,
        *,
        anew: bool = False,
    ) -> None:
        """Takes over what others said: incidents by their ids (None: it stands no more), latest revisions of alerts.

        Args:
            judged: those alerts that operators acted on, by id, as the reports alone have them.
            anew: these are all the incidents that stand.
        """
        with self._transaction():
            self._incidents.adopt(incidents, anew=anew)
            self._book.adopt(revisions, judged)
            self._closing.remember(revisions)
            # Whoever said them may have stopped before he told those who fold.
            self._law.watch(revisions, self._clock(), Change.EVIDENCE_CHANGED)
            self._say()
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

    def _review(self, agreement: Agreement, behind: int | None, why: Change) -> list[Revision]:
        """Lays what operators did over what is judged anew, and folds anew what watches alerts that they acted on.

        Args:
            behind: the frame of the log up to which this was done; None for all of it.
        """
        revisions = self._book.review(agreement.name, self._clock(), why) if behind is None else []
        acted = self._book.acted_after(agreement.name, behind or 0)
        revisions += self._law.watch([*revisions, *acted], self._clock(), why)
        self._say(revisions)
        return revisions

    def _say(self, revisions: Sequence[Revision] = (), rejects: Sequence[Reject] = ()) -> None:
        """Tells what was written of alerts alone."""
        self._tells(News((), (), revisions, rejects, self._told.copy()))
        self._told.clear()

    def _set_positions(self) -> None:
        for agreement in self._agreements:
            self._positions.note(agreement, self._windows.seq)
