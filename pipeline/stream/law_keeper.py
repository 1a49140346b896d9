"""The keeper of one partition of `findings`: what provisions that remember make of the findings of their agreements.

A record of an agreement goes to one partition, by its name, whoever tells it. The file holds the findings, the folds'
checkpoints, the alerts that they say and those that they watch, and the observation log, by which some folds go. As
with a keeper of tiles, what a batch changes, the offset that is reached and what is to be told others are written in
one transaction; a file that is lost, or was made by other rules, is made anew from `findings` and `alerts`. What the
broker has dropped of acts and observations is read from their own topics, of which nothing is dropped.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice

import msgspec

from pipeline.model.actions import Action
from pipeline.model.records import Alert, Findings, Reject, Revision
from pipeline.model.taxonomy import Change
from pipeline.store.conveyed import Conveyed
from pipeline.store.database import store_errors
from pipeline.store.lawbook import LawBook, Told
from pipeline.store.ledger import AlertBook
from pipeline.store.news import News
from pipeline.store.watchlog import OBSERVATIONS, Entered
from pipeline.stream.adopting import MOST_HEARD, Taken, Topics, latest_of, mark, tended_of
from pipeline.stream.errors import SettingsError
from pipeline.stream.keeper import ACTIONS, AWAY, Common, Kept, action_of, dropped, dropped_actions, state_file
from pipeline.stream.outbox import Answered, Figures, Outbox, Outgoing
from pipeline.stream.told import decode, judged_by
from pipeline.stream.watching import Watching
from pipeline.stream.wire import Tended, failed, refused

_REACHED = "next_offset"
_MOST_AT_ONCE = 64
"""Records in one transaction."""

LOOK_EVERY = timedelta(seconds=60)
"""So often what is known of how well was watched is folded while observations come; when they pause, at once."""

_COVERING = 0
"""The partition whose keeper tells how well was watched lately: each has all observations."""

_MADE_BY = """
CREATE TABLE IF NOT EXISTS made_by (agreement TEXT PRIMARY KEY, judged_by TEXT NOT NULL) STRICT;
"""
_HEARD_OF = """
CREATE TABLE IF NOT EXISTS heard_of (
    incident_id TEXT NOT NULL,
    agreement TEXT NOT NULL,
    reached INTEGER NOT NULL,
    PRIMARY KEY (incident_id, agreement)
) STRICT, WITHOUT ROWID;
"""

_log = logging.getLogger(__name__)
_decode_alert = msgspec.json.Decoder(Alert).decode


class LawKeeper:
    """One partition. Use it from one thread at a time.

    Args:
        name: of its file, in the folder of all.

    Raises:
        BusyStoreError: another worker may still be closing it.
        SettingsError: the file is not ours.
    """

    topic = "findings"

    def __init__(self, partition: int, common: Common, name: str) -> None:
        self.partition, self._common = partition, common
        self.store = state_file(common.folder / name)
        self._sql = self.store.connection
        self._sql.execute(_MADE_BY)
        self._sql.execute(_HEARD_OF)
        self._outbox, self._figures, self._answered = Outbox(self._sql), Figures(self._sql), Answered(self._sql)
        self._book = AlertBook(self._sql)
        self._conveyed = Conveyed(self._sql, self._book, self._concerned, common.clock)
        self._law = LawBook(self._sql, common.agreements, self._book)
        self._law.look_every = LOOK_EVERY
        self._watching = Watching(self._sql, common)
        self._is_watched = False
        self._by = {agreement.name: judged_by(agreement, common.parameters) for agreement in common.agreements}
        self.next_offset = self._figures.get(_REACHED)
        self.is_current = False
        """Whether it has caught up with the group, since it was opened."""

    @property
    def reports(self) -> int:
        """None: keepers of tiles hold them."""
        return 0

    def alerts(self) -> Iterator[Alert]:
        """The alerts that it says; those that it watches are others' to count."""
        return (alert for alert in self.store.alerts() if alert.incident_ids)

    def close(self) -> None:
        """Closes the file; another worker can open it from now on."""
        self.store.close()

    def catch_up(self, offset: int, topics: Topics, progress: Callable[[], None]) -> None:
        """Brings the file to where the group is, `offset`: what others said meanwhile, and what is lost.

        Raises:
            SettingsError: the file was made from topics that are there no more.
        """
        if topics.end(self.topic) < self.next_offset:
            raise SettingsError(
                f"{self.store.path}: has read further than `{self.topic}` reaches: it was made anew since; {AWAY}"
            )
        self._hear_dropped(topics, progress)
        self._begin_anew_where_others_judge()
        said = iter(topics.since("alerts", self._figures.get(mark("alerts"))))
        while some_said := list(islice(said, MOST_HEARD)):
            latest = latest_of(some_said)
            self._adopt([*latest.values()], some_said[-1].offset + 1, tended_of(some_said, latest))
            progress()
        some: list[Taken] = []
        for record in topics.records(self.topic, self.next_offset, offset):
            some.append(record)
            if len(some) == _MOST_AT_ONCE:
                self._hear(some)
                some = []
                progress()
        with self._transaction():
            self._take_over(some)
            self._reach(max(offset, self.next_offset))
            self._say(self._law.look_again(self._common.clock()))
            self._say(self._law.fold_due(self._common.clock()))
        self.is_current = True

    def _hear_dropped(self, topics: Topics, progress: Callable[[], None]) -> None:
        """Keeps the acts and observations of before what the broker still has."""
        acts = list(dropped_actions(topics, self.topic, self.next_offset, progress))
        with self._transaction():
            for action in acts:
                if action.seen.incident_ids:
                    self._conveyed.keep(action)
        watched = iter(dropped(topics, OBSERVATIONS, self.topic, self.next_offset, progress))
        while some := list(islice(watched, _MOST_AT_ONCE)):
            with self._transaction():
                for record in some:
                    self._law.note(self._watching.enter(record, OBSERVATIONS)[0])

    def take(self, records: Sequence[Taken]) -> tuple[list[Kept], Sequence[Taken]]:
        """Takes records in, in order of their offsets, as many as are worth a transaction.

        Those that were taken before are passed over, and those behind a gap are left: `catch_up` has to fill it.
        """
        due, some = self.next_offset, list[Taken]()
        left: Sequence[Taken] = ()
        for index, record in enumerate(records):
            if record.offset > due or len(some) == _MOST_AT_ONCE:
                left = records[index:]
                break
            if record.offset == due:
                some.append(record)
                due += 1
        if not some:
            return [], left
        with self._transaction():
            revisions = self._take_over(some, answer=True)
            folded = self._law.fold_due(self._common.clock())
            self._say(folded)
        return [Kept.said([*revisions, *folded])], left

    def look(self) -> Kept | None:
        """Does what is due where no record comes: looks again, once observations pause, at what they tell."""
        came, self._is_watched = self._is_watched, False
        said = list[Revision]()
        if not came:
            with self._transaction():
                said = self._law.look_again(self._common.clock())
                self._say(said)
        coverage = self._watching.coverage() if self.partition == _COVERING else {}
        return Kept.said(said, coverage) if said or coverage else None

    def outgoing(self, most: int) -> list[Outgoing]:
        """What is still to be sent, in its order."""
        return self._outbox.first(most)

    def sent(self, up_to: int, reached: Mapping[str, int]) -> None:
        """Takes out of the outbox what the broker has acknowledged; `reached` has the offset of the last of a topic."""
        with self._transaction():
            self._outbox.sent(up_to)
            if "alerts" in reached:
                self._figures.note(mark("alerts"), max(reached["alerts"] + 1, self._figures.get(mark("alerts"))))

    def _begin_anew_where_others_judge(self) -> None:
        """Where the data of an agreement, or the rules, were changed: reads what was found by these, and folds anew."""
        before = dict(self._sql.execute("SELECT agreement, judged_by FROM made_by"))
        if before == self._by:
            return
        with self._transaction():
            # What was found stays until it is found anew: so nothing is withdrawn only to be said again.
            self._sql.execute("DELETE FROM checkpoints")
            self._sql.execute("DELETE FROM efforts")
            self._sql.execute("DELETE FROM made_by")
            self._book.open_again()
            self._sql.executemany("INSERT INTO made_by VALUES (?, ?)", self._by.items())
            for agreement in self._by:
                self._law.put_off(agreement, [0])
            self._reach(0)

    def _adopt(self, latest: Sequence[Revision], reached: int, tended: Mapping[str, Tended]) -> None:
        """Takes over what another keeper of the partition said since."""
        own = [one for one in latest if one.alert.incident_ids and one.alert.agreement in self._by]
        with self._transaction():
            self._answered.note(tended.values())
            self._book.adopt(own)
            self._book.open_again()
            self._outbox.forget({one.alert.alert_id: one for one in own})
            self._figures.note(mark("alerts"), reached)
            for agreement in {one.alert.agreement for one in own}:
                self._law.put_off(agreement, [0])

    def _hear(self, records: Sequence[Taken]) -> None:
        with self._transaction():
            self._take_over(records)

    def _take_over(self, records: Sequence[Taken], *, answer: bool = False) -> list[Revision]:
        """What some records tell, into the findings; it is still to be folded.

        Args:
            answer: operators' acts are applied; otherwise others have answered them, and they are kept.

        Returns:
            What was said of acts.
        """
        said: list[Revision] = []
        for record in records:
            if record.kind:
                said += self._take_other(record, answer=answer)
                continue
            try:
                told = decode(record.value)
            except msgspec.DecodeError as error:
                _log.warning("%s/%d@%d is passed over: %s", self.topic, self.partition, record.offset, error)
                continue
            if self._by.get(told.agreement) == told.judged_by:
                self._take_told(told)
        if records:
            self._reach(records[-1].offset + 1)
        return said

    def _take_other(self, record: Taken, *, answer: bool) -> list[Revision]:
        """An operator's act, or observations; a kind that only a newer worker knows is passed over."""
        where = f"{self.topic}/{self.partition}@{record.offset}"
        if record.kind == OBSERVATIONS:
            return self._take_watched(record, where, answer=answer)
        action = action_of(record, where)
        if action is None:
            return []
        if not answer:
            self._conveyed.keep(action)
            self._law.put_off(action.agreement, [0])
            return []
        # What was put off is said first: what the act concerns may be among it.
        said = self._law.fold_due(self._common.clock())
        self._say(said)
        try:
            with self._undone_if_it_fails():
                return said + self._answer(action, where, record.value)
        except sqlite3.Error:
            raise
        except Exception:  # noqa: BLE001 - a fault of ours with one act is not to stop what is behind it
            _log.exception("%s cannot be applied: rejected", where)
            self._say((), [failed(where, 1, ACTIONS, record.value, "applying the act failed")])
            return said

    def _take_watched(self, record: Taken, where: str, *, answer: bool) -> list[Revision]:
        """Enters observations; whoever shared them out has rejected what is bad, unless anybody else wrote them."""
        self._is_watched = True
        try:
            with self._undone_if_it_fails():
                watched, rejects = self._watching.enter(record, where)
        except sqlite3.Error:
            raise
        except Exception:  # noqa: BLE001 - a fault of ours with one record is not to stop what is behind it
            _log.exception("%s cannot be entered: rejected", where)
            watched = Entered([])
            rejects = [failed(where, 1, OBSERVATIONS, record.value, "entering the observations failed")]
        if not answer:
            self._law.note(watched)
            return []
        said = self._law.see(watched, self._common.clock())
        self._say(said, rejects)
        return said

    def _answer(self, action: Action, where: str, value: bytes) -> list[Revision]:
        answer = self._conveyed.take(action, answered=self._answered.has(action.action_id))
        said = [
            *answer.revisions,
            *self._law.watch(answer.revisions, self._common.clock(), Change.EVIDENCE_CHANGED),
        ]
        self._say(said, [refused(where, ACTIONS, value, answer.why)] if answer.why else ())
        return said

    @contextmanager
    def _undone_if_it_fails(self) -> Iterator[None]:
        self._sql.execute("SAVEPOINT act")
        try:
            yield
        except Exception:
            self._sql.execute("ROLLBACK TO act")
            raise
        finally:
            self._sql.execute("RELEASE act")

    def _concerned(self, action: Action) -> list[Alert]:
        """The alerts of an action's provision that rest on its anchor, or have its alert's id."""
        anchors = {action.report_id, action.other_report_id}
        rows = self._sql.execute(
            "SELECT alert FROM alerts WHERE agreement = ? AND provision = ? AND remembered",
            (action.agreement, action.provision),
        )
        alerts = (_decode_alert(row[0]) for row in rows.fetchall())
        ids = action.alert_id, action.other
        return [one for one in alerts if one.alert_id in ids or not anchors.isdisjoint(one.report_ids)]

    def _take_told(self, told: Findings) -> None:
        known = dict(
            self._sql.execute(
                "SELECT incident_id, reached FROM heard_of WHERE agreement = ? "
                "AND incident_id IN (SELECT value FROM json_each(?))",
                (told.agreement, msgspec.json.encode(told.incident_ids).decode()),
            )
        )
        # A keeper that slept while another went on may have woken up and told something old.
        fresh = {name for name in told.incident_ids if known.get(name, -1) <= told.reached}
        self._sql.executemany(
            "INSERT OR REPLACE INTO heard_of VALUES (?, ?, ?)", ((name, told.agreement, told.reached) for name in fresh)
        )
        self._book.adopt(told.revisions)
        found = tuple(one for one in told.findings if one.alert.incident_id in fresh)
        self._law.hear(Told(told.agreement, tuple(sorted(fresh)), found, told.revisions))

    def _say(self, revisions: Sequence[Revision], rejects: Sequence[Reject] = ()) -> None:
        self._outbox.put(News((), (), revisions, rejects))

    def _reach(self, offset: int) -> None:
        self._figures.note(_REACHED, offset)
        self.next_offset = offset

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        reached = self.next_offset
        with store_errors(self.store.path):
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._sql.execute("COMMIT")
            except BaseException:
                self.next_offset = reached
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")
                raise
