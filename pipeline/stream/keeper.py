"""The keeper of one partition of `tiles`: its windows, its book of alerts, and what it has still to send.

All of it is one SQLite file, and what a batch of records changes is written in one transaction: the reports, what
follows from them, the offset that is reached, and the records that tell others of it (the outbox). Only when the broker
has acknowledged these are they taken out, and only then is the batch acknowledged. Whatever crashes in between is done
again from where it was, and gives the same.

The file may be older than what others made of the partition since, or be lost: then what was said meanwhile is read
from `incidents` and `alerts`, so that no revision goes backwards, and the reports from `tiles`; and all of it is judged
anew, which tells only of what nobody has told yet. What operators did comes on `tiles` as well; where the broker has
dropped the beginning of that, it is read from `actions`, of which nothing is dropped.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from pipeline.agreement import Agreement
from pipeline.gazetteer import Gazetteer
from pipeline.geometry.footprints import Footprints
from pipeline.model.actions import Action
from pipeline.model.records import Alert, Reject, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind
from pipeline.monitor.parameters import DEFAULT, Parameters
from pipeline.monitor.place import place
from pipeline.monitor.shards import Shards
from pipeline.store.database import ForeignStoreError, Store, StoreError
from pipeline.store.news import News, Outcome
from pipeline.store.opening import open_store
from pipeline.store.recorder import Recorder
from pipeline.stream.adopting import HEARD_AT, KEPT, Adoption, Said, Taken, Topics, mark
from pipeline.stream.errors import SettingsError
from pipeline.stream.outbox import Answered, Figures, Outbox, Outgoing
from pipeline.stream.routing import decode_action
from pipeline.stream.told import judged_by, records
from pipeline.stream.wire import decode_frame, failed, refused

__all__ = ["Common", "Keeper", "Kept", "Outgoing", "Said", "Taken", "Topics"]

MOST_AT_ONCE = 20_000
"""Reports in one transaction."""

_REACHED = "next_offset"
ACTIONS = "actions"
AWAY = "move the state folder away, and it is made anew from the topics"

_log = logging.getLogger(__name__)
_decode_lines = msgspec.json.Decoder(Report).decode_lines


Coverage = Mapping[str, Mapping[tuple[str, str], float]]


class Kept(NamedTuple):
    """What one transaction took in, and what came of it.

    Attributes:
        taken_at: when the broker took each report, by its id.
        late: how many by source came after the retention of their window, of the windows that the partition owns.
        coverage: of each agreement, by line and sector, how well was watched lately; empty where that is not told.
    """

    outcome: Outcome
    taken_at: Mapping[str, float]
    late: Mapping[str, int]
    coverage: Coverage = MappingProxyType({})

    @classmethod
    def said(cls, revisions: Sequence[Revision], coverage: Coverage = MappingProxyType({})) -> "Kept":
        """What came of anything but reports."""
        outcome = Outcome(new=(), late=(), matches=0, outside=0, revisions=tuple(revisions), watermark=None)
        return cls(outcome, {}, {}, coverage)


class _Read(NamedTuple):
    record: Taken
    reports: list[Report]
    rejects: list[Reject]


class Common(NamedTuple):
    """What all keepers of a worker share."""

    folder: Path
    agreements: Sequence[Agreement]
    gazetteer: Gazetteer
    shards: Shards
    clock: Callable[[], datetime]
    retention_days: int
    parameters: Parameters = DEFAULT


def state_file(path: Path) -> Store:
    """The file of a keeper, which is made where it is missing.

    Raises:
        BusyStoreError: another worker may still be closing it.
        SettingsError: the file is not ours.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return open_store(path, write=True)
    except ForeignStoreError as error:
        raise SettingsError(f"{path}: no state of this version; {AWAY}") from error


class Keeper:
    """One partition. Use it from one thread at a time.

    Args:
        name: of its file, in the folder of all.

    Raises:
        BusyStoreError: another worker may still be closing it.
        SettingsError: the file is not ours.
    """

    topic = "tiles"

    def __init__(self, partition: int, common: Common, name: str) -> None:
        self.partition, self._common = partition, common
        self.store = state_file(common.folder / name)
        self._sql = self.store.connection
        self._outbox, self._figures, self._answered = Outbox(self._sql), Figures(self._sql), Answered(self._sql)
        self._recorder = Recorder(
            self.store,
            common.agreements,
            common.gazetteer.outlines,
            common.clock,
            common.parameters,
            owns=lambda window: common.shards.owner(window.tile) == partition,
            tells=self._tell,
            retention_days=common.retention_days,
        )
        self._by = {agreement.name: judged_by(agreement, common.parameters) for agreement in common.agreements}
        self.next_offset = self._figures.get(_REACHED)
        self._reaching: int | None = None
        self.is_current = False
        """Whether it has caught up with the group, since it was opened."""

    @property
    def reports(self) -> int:
        """How many reports it holds."""
        return self._figures.get("reports")

    def alerts(self) -> Iterator[Alert]:
        """The alerts that it says; those of provisions that remember are another keeper's to count."""
        return (alert for alert in self.store.alerts() if not alert.incident_ids)

    def close(self) -> None:
        """Closes the file; another worker can open it from now on."""
        self.store.close()

    def catch_up(self, offset: int, topics: Topics, progress: Callable[[], None]) -> None:
        """Brings the file to where the group is, `offset`: what others did meanwhile, and what is lost.

        Args:
            progress: is called often; what it raises ends this, and leaves nothing half done.

        Raises:
            SettingsError: the file was made from topics that are there no more.
        """
        if topics.end("tiles") < self.next_offset:
            raise SettingsError(
                f"{self.store.path}: has read further than `tiles` reaches: the topic was made anew since; {AWAY}"
            )
        ahead = self.next_offset > offset
        now = self._common.clock()
        adoption = Adoption(self.store, self._recorder, self._outbox, now, ahead=ahead, progress=progress)
        adoption.hear(topics)
        dropped = dropped_actions(topics, self.topic, self.next_offset, progress)
        self._recorder.keep([one for one in dropped if not one.seen.incident_ids])
        if offset > self.next_offset:
            self._recorder.unjudged(self._missed(offset, topics, progress), self._reached)
        self._recorder.catch_up(lambda _done, _all: progress())
        adoption.finish()
        self.is_current = True

    def take(self, records: Sequence[Taken]) -> tuple[list[Kept], Sequence[Taken]]:
        """Takes records of `tiles` in, in order of their offsets, as many as are worth a transaction.

        Those that were taken before are passed over, and those behind a gap are left: `catch_up` has to fill it.
        Whatever a record holds, it is taken: what cannot be read of it goes to the rejects.

        Returns:
            What came of them, and the records that are left.
        """
        some, many, due = list[_Read](), 0, self.next_offset
        for index, record in enumerate(records):
            if record.offset > due or many >= MOST_AT_ONCE or (some and record.kind):
                return self._record(some), records[index:]
            if record.offset == due and record.kind:
                return [self._take_other(record)], records[index + 1 :]
            if record.offset == due:
                some.append(self._read(record))
                many += len(some[-1].reports)
                due += 1
        return self._record(some), []

    def _take_other(self, record: Taken) -> Kept:
        """Takes a record in that holds no reports; a kind that only a newer worker knows is passed over."""
        where = f"{self.topic}/{self.partition}@{record.offset}"
        self._reaching = record.offset + 1
        try:
            action = action_of(record, where)
            if action is not None:
                answer = self._recorder.act(
                    action,
                    lambda why: [refused(where, ACTIONS, record.value, why)],
                    answered=self._answered.has(action.action_id),
                )
                return Kept.said(answer.revisions)
            self._recorder.record([])
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - a fault of ours with one act is not to stop what is behind it
            _log.exception("%s cannot be applied: rejected", where)
            self._recorder.record([], [failed(where, 1, ACTIONS, record.value, "applying the act failed")])
        finally:
            self._reaching = None
        return Kept.said(())

    def _record(self, some: "Sequence[_Read]") -> list[Kept]:
        """Takes what was read of some records in; one with which that fails is found, and rejected whole."""
        if not some:
            return []
        reports = [report for one in some for report in one.reports]
        taken_at = {report.report_id: one.record.taken_at for one in some for report in one.reports}
        self._reaching = some[-1].record.offset + 1
        try:
            outcome = self._recorder.record(reports, [reject for one in some for reject in one.rejects])
            return [Kept(outcome, taken_at, self._late(reports, outcome))]
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - a fault of ours with one record is not to stop those behind it
            if len(some) > 1:
                return [kept for one in some for kept in self._record([one])]
            record = some[0].record
            where = f"tiles/{self.partition}@{record.offset}"
            _log.exception("%s cannot be judged: rejected", where)
            reject = failed(where, 1, "tiles", record.value, "judging what is in it failed")
            return [Kept(self._recorder.record([], [reject]), {}, {})]
        finally:
            self._reaching = None

    def _late(self, reports: Sequence[Report], outcome: Outcome) -> Counter[str]:
        """Of the reports that came too late, those of the partition's own windows: others hear of them as well."""
        late = [report for report, was in zip(reports, outcome.late, strict=False) if was]
        if not late:
            return Counter()
        windows = place(late, Footprints([report.footprint for report in late], self._common.gazetteer.outlines))
        owner = self._common.shards.owner
        return Counter(
            report.source for report, window in zip(late, windows, strict=True) if owner(window.tile) == self.partition
        )

    @staticmethod
    def look() -> Kept | None:
        """Nothing is due where no record comes."""
        return None

    def outgoing(self, most: int) -> list[Outgoing]:
        """What is still to be sent, in its order."""
        return self._outbox.first(most)

    def sent(self, up_to: int, reached: Mapping[str, int]) -> None:
        """Takes out of the outbox what the broker has acknowledged.

        Args:
            reached: for each topic the offset of the last of it.
        """
        with self._sql:
            self._sql.execute("BEGIN IMMEDIATE")
            self._outbox.sent(up_to)
            for topic in reached.keys() & KEPT:
                self._figures.note(mark(topic), max(reached[topic] + 1, self._figures.get(mark(topic))))
            self._figures.note(HEARD_AT, round(self._common.clock().timestamp()))

    def _read(self, record: Taken) -> "_Read":
        """What another worker has checked needs no check; a record of anybody else's may hold anything."""
        try:
            return _Read(record, _decode_lines(record.value), [])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            place = f"tiles/{self.partition}@{record.offset}"
            return _Read(record, *decode_frame(record.value, place, self._common.gazetteer))

    def _tell(self, news: News) -> None:
        """Puts what a transaction says into the outbox, and how far it reaches, within it."""
        self._outbox.put(news)
        reached = self.next_offset if self._reaching is None else self._reaching
        self._outbox.tell(
            record for told in news.told for record in records(told, self._by[told.agreement], self.partition, reached)
        )
        if self._reaching is not None:
            self._reached(self._reaching)

    def _reached(self, offset: int) -> None:
        self._figures.note(_REACHED, offset)
        self.next_offset = offset

    def _missed(self, offset: int, topics: Topics, progress: Callable[[], None]) -> Iterable[tuple[int, list[Report]]]:
        """The reports of the records before an offset that the file lacks, with the offset that each part reaches."""
        reports: list[Report] = []
        for record in topics.records(self.topic, self.next_offset, offset):
            if record.kind:
                action = action_of(record, f"{self.topic}/{self.partition}@{record.offset}")
                self._recorder.keep([] if action is None else [action])
                continue
            reports += self._read(record).reports
            if len(reports) >= MOST_AT_ONCE:
                progress()
                yield record.offset + 1, reports
                reports = []
        yield offset, reports


def action_of(record: Taken, where: str) -> Action | None:
    """The operator's act in a record that holds no reports; None where it is something else."""
    try:
        return decode_action(record.value) if record.kind == ACTIONS else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _log.warning("%s is passed over: %s", where, error)
        return None


def dropped_actions(topics: Topics, topic: str, reached: int, progress: Callable[[], None]) -> Iterator[Action]:
    """All acts of before what the broker still has of a topic, where a file lacks some of that."""
    for record in dropped(topics, ACTIONS, topic, reached, progress):
        action = action_of(record, ACTIONS)
        if action is not None and action.kind is not ActionKind.SEAL:
            yield action


def dropped(topics: Topics, kind: str, topic: str, reached: int, progress: Callable[[], None]) -> Iterator[Taken]:
    """What came on a topic and is there no more, from the topic of its kind itself, where a file lacks some of that.

    What was put on the topic and dropped since, the broker took before the first record that is there.
    """
    begin, taken_at = topics.begin(topic)
    if reached < begin:
        for record in topics.everywhere(kind, taken_at):
            progress()
            yield record
