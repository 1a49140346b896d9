"""The keeper of one partition of `findings`: what provisions that remember make of the findings of their agreements.

A record of an agreement goes to one partition, by its name, whoever tells it. The file holds the findings, the folds'
checkpoints, the alerts that they say and those that they watch. As with a keeper of tiles, what a batch changes, the
offset that is reached and what is to be told others are written in one transaction; a file that is lost, or was made by
other rules, is made anew from `findings` and `alerts`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

import msgspec

from pipeline.model.records import Alert, Findings, Revision
from pipeline.store.database import store_errors
from pipeline.store.lawbook import LawBook, Told
from pipeline.store.ledger import AlertBook
from pipeline.store.recorder import News, Outcome
from pipeline.stream.adopting import MOST_HEARD, Taken, Topics, latest_of, mark
from pipeline.stream.errors import SettingsError
from pipeline.stream.keeper import AWAY, Common, Kept, state_file
from pipeline.stream.outbox import Figures, Outbox, Outgoing
from pipeline.stream.told import decode, judged_by

_REACHED = "next_offset"
_MOST_AT_ONCE = 64
"""Records in one transaction."""

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
        self._outbox, self._figures = Outbox(self._sql), Figures(self._sql)
        self._book = AlertBook(self._sql)
        self._law = LawBook(self._sql, common.agreements, self._book)
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
        self._begin_anew_where_others_judge()
        said = iter(topics.since("alerts", self._figures.get(mark("alerts"))))
        while some_said := list(islice(said, MOST_HEARD)):
            self._adopt([*latest_of(some_said).values()], some_said[-1].offset + 1)
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
            self._say(self._law.fold_due(self._common.clock()))
        self.is_current = True

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
            self._take_over(some)
            revisions = self._law.fold_due(self._common.clock())
            self._say(revisions)
        outcome = Outcome(new=(), late=(), matches=0, outside=0, revisions=tuple(revisions), watermark=None)
        return [Kept(outcome, {}, {})], left

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
            self._sql.execute("DELETE FROM made_by")
            self._book.open_again()
            self._sql.executemany("INSERT INTO made_by VALUES (?, ?)", self._by.items())
            for agreement in self._by:
                self._law.put_off(agreement, [0])
            self._reach(0)

    def _adopt(self, latest: Sequence[Revision], reached: int) -> None:
        """Takes over what another keeper of the partition said since."""
        own = [one for one in latest if one.alert.incident_ids and one.alert.agreement in self._by]
        with self._transaction():
            self._book.adopt(own)
            self._book.open_again()
            self._outbox.forget({one.alert.alert_id: one for one in own})
            self._figures.note(mark("alerts"), reached)
            for agreement in {one.alert.agreement for one in own}:
                self._law.put_off(agreement, [0])

    def _hear(self, records: Sequence[Taken]) -> None:
        with self._transaction():
            self._take_over(records)

    def _take_over(self, records: Sequence[Taken]) -> None:
        """What some records tell, into the findings; it is still to be folded."""
        for record in records:
            try:
                told = decode(record.value)
            except msgspec.DecodeError as error:
                _log.warning("%s/%d@%d is passed over: %s", self.topic, self.partition, record.offset, error)
                continue
            if self._by.get(told.agreement) == told.judged_by:
                self._take_told(told)
        if records:
            self._reach(records[-1].offset + 1)

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

    def _say(self, revisions: Sequence[Revision]) -> None:
        self._outbox.put(News((), (), revisions))

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
