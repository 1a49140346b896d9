"""A store that mirrors the topics: what workers say, what operators do and what both rest on, as one ordinary record.

Nobody judges here. What each record says is taken over with the offset that is reached, in one transaction, so that a
mirror that is killed goes on where it was, and neither loses nor repeats anything. All that reads a store reads a
mirror; but only the mirror writes to it, since whatever else was written there no worker would ever hear of.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from pipeline.gazetteer import Gazetteer
from pipeline.law.transitions import unsaid
from pipeline.model.actions import Action
from pipeline.model.records import Incident, Observation, Reject
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind
from pipeline.monitor import Monitor
from pipeline.monitor.core import tombstones
from pipeline.store.database import Store, StoreError
from pipeline.store.desk import Desk, log_action
from pipeline.store.incidents import IncidentBook
from pipeline.store.ledger import AlertBook
from pipeline.store.news import add_rejects
from pipeline.store.watchlog import WatchLog
from pipeline.store.windows import SqliteWindows
from pipeline.stream.errors import SettingsError
from pipeline.stream.intake import observed, received
from pipeline.stream.mirror_said import SaidBook, Utterance
from pipeline.stream.outbox import Figures
from pipeline.stream.routing import decode_action
from pipeline.stream.wire import decode_frame, decode_incident, decode_reject, decode_revision, decode_tended

TOPICS = ("tiles", "actions", "observations", "incidents", "transitions", "rejects")
"""What is mirrored. Of `alerts` nothing is needed that `transitions` does not have, unless the broker dropped some."""

_FRAMED = frozenset({"tiles", "observations"})
MOST_REPORTS = 20_000
"""So many are taken over in one transaction."""

_OF, _ANYBODY = "mirror_of", 1
_ID = "mirrored_id/"
_WRITING = "mirror_writing"
_LACKING = "mirror_lacks_transitions"
_HEARD_AT = "mirror_heard_at"
_STALE_S = 5 * 86_400
"""The broker keeps for a week that an incident stands no more."""

_GUARDS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS mirrored_{table} BEFORE INSERT ON {table} "
    f"WHEN NOT EXISTS (SELECT 1 FROM figures WHERE name = '{_WRITING}') "
    "BEGIN SELECT RAISE(ABORT, 'it mirrors the topics of a broker, and workers would not hear of what is written "
    "here: act with --kafka HOST:PORT'); END"
    for table in ("frames", "history", "positions")
)

_log = logging.getLogger(__name__)
_decode_lines = msgspec.json.Decoder(Report).decode_lines


class Record(NamedTuple):
    """A record of a topic.

    Attributes:
        taken_at: when the broker took it (seconds since 1970).
        kind: what it is where it is not the topic's own (`routing`).
        tended: what operators had to do with an alert, where they acted on it.
    """

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    taken_at: float = 0.0
    kind: str = ""
    tended: bytes | None = None

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.topic}/{self.partition}@{self.offset}"


def is_mirror(store: Store) -> bool:
    """Whether a store mirrors a broker's topics."""
    return Figures(store.connection).get(_OF) != 0


class Mirror:
    """A store that takes records over. Use it from one thread.

    Args:
        store: opened for writing; empty, or a mirror already.
        clock: the driver's clock.

    Raises:
        SettingsError: the store is another's.
    """

    def __init__(self, store: Store, gazetteer: Gazetteer, clock: Callable[[], datetime]) -> None:
        self.store, self._gazetteer, self._clock = store, gazetteer, clock
        self._sql = store.connection
        self._figures = Figures(self._sql)
        self._make()
        self._desk, self._incidents = Desk(self._sql), IncidentBook(self._sql)
        self._said = SaidBook(self._sql, AlertBook(self._sql), self._desk)
        self._windows = SqliteWindows(store, clock)
        self._monitor = Monitor([], self._windows, gazetteer.outlines)
        self._watch_log = WatchLog(self._sql, self._windows.next_frame, clock)

    @property
    def lacks_transitions(self) -> bool:
        """Whether the broker had dropped some transitions before they were taken over: `alerts` has what is left."""
        return self._figures.get(_LACKING) != 0

    @property
    def heard_long_ago(self) -> bool:
        """Whether it was so long ago that the broker may have dropped that an incident stands no more."""
        heard_at = self._figures.get(_HEARD_AT)
        return heard_at > 0 and self._clock().timestamp() - heard_at > _STALE_S

    def claim(self, source: str) -> None:
        """Makes sure that it mirrors these topics, and no others.

        Args:
            source: names whose topics they are.

        Raises:
            SettingsError: it mirrors others.
        """
        this = _number(source)
        known = self._figures.get(_OF)
        if known not in {_ANYBODY, this}:
            raise SettingsError(
                f"{self.store.path}: mirrors the topics of another broker, or of another prefix; name another --store"
            )
        if known == _ANYBODY:
            with self.store.transaction():
                self._figures.note(_OF, this)

    def recognise(self, topic_ids: Mapping[str, str]) -> None:
        """Makes sure that the topics are those that were read before: of one made anew, the offsets mean other records.

        Args:
            topic_ids: the broker's own id of each topic, as far as it tells.

        Raises:
            SettingsError: one was made anew.
        """
        ids = {name: _number(topic_id) for name, topic_id in topic_ids.items()}
        known = {name: self._figures.get(_ID + name) for name in ids}
        anew = sorted(name for name in ids if known[name] not in {0, ids[name]})
        if anew:
            raise SettingsError(
                f"{self.store.path}: `{'`, `'.join(anew)}` was made anew since it was read: the records of both would "
                "be mixed; name another --store, or move the file away, and it is made anew"
            )
        if ids != known:
            with self.store.transaction():
                for name, number in ids.items():
                    self._figures.note(_ID + name, number)

    def reached(self, topic: str, partition: int) -> int:
        """The offset of the next record that is to be taken over."""
        return self._figures.get(_mark(topic, partition))

    def knows(self, action_ids: Iterable[str]) -> bool:
        """Whether it has all of some operators' acts."""
        return all(self._desk.has(name) for name in action_ids)

    def take(self, records: Sequence[Record]) -> None:
        """Takes records over, each partition's by their offsets; those that were taken before are passed over.

        Whatever a record holds, it is taken: what cannot be read of it is passed over, and the log says so.

        Raises:
            StoreError: nothing of the last transaction was taken.
        """
        for some in _portions(_ascending(records)):
            try:
                self._take(some)
            except StoreError:
                raise
            except Exception:  # noqa: BLE001 - a fault of ours with one record is not to stop what is behind it
                for record in some:
                    self._take_alone(record)

    def skip(self, topic: str, partition: int, offset: int) -> None:
        """Goes on from an offset: what was before it the broker has dropped."""
        with self._transaction():
            self._figures.note(_mark(topic, partition), offset)
            if topic == "transitions":
                self._figures.note(_LACKING, 1)

    def fill(self, records: Sequence[Record]) -> None:
        """Takes records of `alerts` over, where the transitions that said so are gone: the last revision is left."""
        with self._transaction():
            self._said.take(_utterances(records))

    def filled(self) -> None:
        """Notes that all that is left of what was dropped is taken over."""
        with self._transaction():
            self._figures.note(_LACKING, 0)

    def forget_incidents(self, partitions: Iterable[int]) -> None:
        """Drops the incidents, which are to be heard from the beginning again."""
        with self._transaction():
            self._incidents.adopt({}, anew=True)
            for partition in partitions:
                self._figures.note(_mark("incidents", partition), 0)

    def hear(self) -> None:
        """Notes that it is as far as the topics are."""
        with self._transaction():
            self._figures.note(_HEARD_AT, round(self._clock().timestamp()))

    def _make(self) -> None:
        if is_mirror(self.store):
            return
        if self._sql.execute("SELECT 1 FROM frames UNION ALL SELECT 1 FROM positions").fetchone():
            raise SettingsError(
                f"{self.store.path}: is a store of `truceline run`, and no mirror; name another --store"
            )
        with self.store.transaction():
            for guard in _GUARDS:
                self._sql.execute(guard)
            self._figures.note(_OF, _ANYBODY)

    def _take_alone(self, record: Record) -> None:
        try:
            self._take([record])
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - as above; the log has it whole
            _log.exception("%s cannot be taken over: passed over", record.place)
            with self._transaction():
                self._figures.note(_mark(record.topic, record.partition), record.offset + 1)

    def _take(self, records: Sequence[Record]) -> None:
        fresh = dict[str, list[Record]]()
        due = dict[tuple[str, int], int]()
        for record in records:
            place = record.topic, record.partition
            if place not in due:
                due[place] = self.reached(*place)
            if record.offset >= due[place]:
                fresh.setdefault(record.topic, []).append(record)
                due[place] = record.offset + 1
        if not fresh:
            return
        with self._transaction():
            # What others rest on comes first: acts go by which report revises which, and alerts by acts.
            self._take_reports(fresh.get("tiles", ()))
            self._take_actions(fresh.get("actions", ()))
            self._take_observations(fresh.get("observations", ()))
            self._take_incidents(fresh.get("incidents", ()))
            self._said.take(_utterances(fresh.get("transitions", ())))
            add_rejects(self._sql, list(_rejects(fresh.get("rejects", ()))))
            for (topic, partition), offset in due.items():
                self._figures.note(_mark(topic, partition), offset)

    def _take_reports(self, records: Sequence[Record]) -> None:
        reports = [report for record in records if not record.kind for report in self._reports(record)]
        if not reports:
            return
        entries = self._monitor.place(reports)
        self._windows.add(entries)
        self._windows.retire(tombstones(entries))
        self._windows.forget()
        self._said.follow(report.report_id for report in reports if report.revises is not None)

    def _reports(self, record: Record) -> list[Report]:
        value = record.value or b""
        try:
            return _decode_lines(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return decode_frame(value, record.place, self._gazetteer)[0]

    def _take_actions(self, records: Sequence[Record]) -> None:
        new = list[Action]()
        for record in records:
            with _readable(record):
                action = decode_action(record.value or b"")
                if _is_fit(action) and not self._desk.has(action.action_id):
                    self._desk.file(action, log_action(self._sql, action, self._clock()))
                    new.append(action)
        self._windows.look_at_log()
        self._said.act(new)

    def _take_observations(self, records: Sequence[Record]) -> None:
        watched = list[Observation]()
        for record in records:
            taken_at = datetime.fromtimestamp(record.taken_at, UTC)
            some, _ = observed(record.value or b"", record.place, self._gazetteer)
            watched += [received(one, taken_at) for one in some]
        self._watch_log.enter(watched)

    def _take_incidents(self, records: Sequence[Record]) -> None:
        heard = dict[str, Incident | None]()
        for record in records:
            with _readable(record):
                heard[record.key] = decode_incident(record.value) if record.value else None
        if heard:
            self._incidents.adopt(heard, anew=False)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self.store.transaction():
                self._figures.note(_WRITING, 1)
                self._windows.look_at_log()
                yield
                self._sql.execute("DELETE FROM figures WHERE name = ?", (_WRITING,))
        except BaseException:
            # It has counted frames that are not there.
            self._windows = SqliteWindows(self.store, self._clock)
            self._monitor = Monitor([], self._windows, self._gazetteer.outlines)
            self._watch_log = WatchLog(self._sql, self._windows.next_frame, self._clock)
            raise


def _mark(topic: str, partition: int) -> str:
    """The figure that says how far a partition is taken over."""
    return f"mirrored/{topic}/{partition}"


def _number(name: str) -> int:
    """A name as a figure, which is neither 0 nor `_ANYBODY`."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7]) | 2


def _ascending(records: Sequence[Record]) -> list[Record]:
    """Records with those of each partition by offset: whatever came out of turn would be passed over for good."""
    lanes = dict[tuple[str, int], list[Record]]()
    for record in records:
        lanes.setdefault((record.topic, record.partition), []).append(record)
    turns = {place: iter(sorted(some, key=lambda one: one.offset)) for place, some in lanes.items()}
    return [next(turns[record.topic, record.partition]) for record in records]


def _portions(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Records in portions that are worth a transaction; a line of `tiles` is a report."""
    some, many = list[Record](), 0
    for record in records:
        some.append(record)
        many += 1 + (record.value.count(b"\n") if record.value and record.topic in _FRAMED else 0)
        if many >= MOST_REPORTS:
            yield some
            some, many = [], 0
    if some:
        yield some


def _is_fit(action: Action) -> bool:
    """Whether workers pass an act on: what they turn away is no part of the record."""
    return action.kind is not ActionKind.SEAL and not unsaid(action)


def _utterances(records: Iterable[Record]) -> Iterator[Utterance]:
    for record in records:
        with _readable(record):
            tended = None if record.tended is None else decode_tended(record.tended)
            yield Utterance(decode_revision(record.value or b""), tended)


def _rejects(records: Iterable[Record]) -> Iterator[Reject]:
    for record in records:
        with _readable(record):
            yield decode_reject(record.value or b"")


@contextmanager
def _readable(record: Record) -> Iterator[None]:
    """Passes over what is none of ours, or is said in terms that only a newer version knows."""
    try:
        yield
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _log.warning("%s is passed over: %s", record.place, error)
