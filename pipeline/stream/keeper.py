"""The keeper of one partition of `tiles`: its windows, its book of alerts, and what it has still to send.

All of it is one SQLite file, and what a batch of records changes is written in one transaction: the reports, what
follows from them, the offset that is reached, and the records that tell others of it (the outbox). Only when the broker
has acknowledged these are they taken out, and only then is the batch acknowledged. Whatever crashes in between is done
again from where it was, and gives the same.

The file may be older than what others made of the partition since, or be lost: then what was said meanwhile is read
from `incidents` and `alerts`, so that no revision goes backwards, and the reports from `tiles`; and all of it is judged
anew, which tells only of what nobody has told yet.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from pipeline.agreement import Agreement
from pipeline.gazetteer import Gazetteer
from pipeline.model.records import Incident, Reject, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import RejectReason
from pipeline.monitor.parameters import DEFAULT, Parameters
from pipeline.monitor.shards import Shards
from pipeline.sources.base import digest
from pipeline.sources.records import KEPT_BYTES
from pipeline.store.database import Store, StoreError, open_store
from pipeline.store.recorder import News, Outcome, Recorder
from pipeline.stream.wire import (
    decode_frame,
    decode_incident,
    decode_revision,
    encode_incident,
    encode_reject,
    encode_revision,
)

MOST_AT_ONCE = 20_000
"""Reports in one transaction."""

OUTBOX = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    key TEXT,
    value BLOB
) STRICT
"""

_KEPT = frozenset({"incidents", "alerts"})
"""The topics whose records are heard again where a file is made anew."""

_HEARD, _HEARD_AT = "heard_", "heard_at"
_STALE_S = 5 * 86_400
"""The broker keeps for a week that something stands no more."""

_log = logging.getLogger(__name__)
_decode_lines = msgspec.json.Decoder(Report).decode_lines


class Taken(NamedTuple):
    """A record of `tiles`; `taken_at` is when the broker took the reports in it (seconds since 1970)."""

    offset: int
    value: bytes
    taken_at: float = 0.0


class Kept(NamedTuple):
    """What one transaction took in, and what came of it; `taken_at` is when the broker took each report, by its id."""

    reports: Sequence[Report]
    outcome: Outcome
    taken_at: Mapping[str, float]


class _Read(NamedTuple):
    record: Taken
    reports: list[Report]
    rejects: list[Reject]


class Outgoing(NamedTuple):
    """A record for a topic; for `rejects` any partition will do, for the others it is the keeper's own."""

    number: int
    topic: str
    key: str | None
    value: bytes | None


class Common(NamedTuple):
    """What all keepers of a worker share."""

    folder: Path
    agreements: Sequence[Agreement]
    gazetteer: Gazetteer
    shards: Shards
    clock: Callable[[], datetime]
    retention_days: int
    parameters: Parameters = DEFAULT


class Said(NamedTuple):
    """A record of `incidents` or `alerts`; without a value, the key stands no more."""

    offset: int
    key: str
    value: bytes | None


class Topics(Protocol):
    """The topics from which a keeper's file can be made anew: readers of its own partition of each."""

    def tiles(self, begin: int, end: int) -> Iterable[Taken]:
        """The records of `tiles` from an offset on, and before another; what the broker has dropped is not there."""

    def end(self, topic: str) -> int:
        """The offset that the next record of a topic will have."""

    def since(self, topic: str, begin: int) -> Iterable[Said]:
        """The records of a compacted topic from an offset on, in their order."""


class Keeper:
    """One partition. Use it from one thread at a time.

    Args:
        name: of its file, in the folder of all.

    Raises:
        StoreError: the file cannot be used; another worker may still be closing it.
    """

    def __init__(self, partition: int, common: Common, name: str) -> None:
        self.partition, self._common = partition, common
        common.folder.mkdir(parents=True, exist_ok=True)
        self.store: Store = open_store(common.folder / name, write=True)
        self._sql = self.store.connection
        self._sql.execute(OUTBOX)
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
        self.next_offset = self._figure("next_offset")
        self._reaching: int | None = None
        self.is_current = False
        """Whether it has caught up with the group, since it was opened."""

    @property
    def reports(self) -> int:
        """How many reports it holds."""
        return self._figure("reports")

    def close(self) -> None:
        """Closes the file; another worker can open it from now on."""
        self.store.close()

    def catch_up(self, offset: int, topics: Topics, progress: Callable[[], None]) -> None:
        """Brings the file to where the group is, `offset`: what others did meanwhile, and what is lost.

        Raises:
            StoreError: the file was made from topics that are there no more.
        """
        if topics.end("tiles") < self.next_offset:
            raise StoreError(
                f"{self.store.path}: has read further than `tiles` reaches: the topic was made anew since; "
                "remove the state folder, and it is made anew as well"
            )
        self._adopt(topics, progress)
        if offset > self.next_offset:
            self._recorder.unjudged(self._missed(offset, topics, progress), self._reached)
        self._recorder.catch_up(lambda _done, _all: progress())
        self.is_current = True

    def take(self, records: Sequence[Taken]) -> tuple[list[Kept], Sequence[Taken]]:
        """Takes records of `tiles` in, in order of their offsets, as many as are worth a transaction.

        Those that were taken before are passed over. Whatever a record holds, it is taken: what cannot be read of it
        goes to the rejects.

        Returns:
            What came of them, and the records that are left.
        """
        fresh = [record for record in records if record.offset >= self.next_offset]
        some, many = list[_Read](), 0
        while len(some) < len(fresh) and many < MOST_AT_ONCE:
            some.append(self._read(fresh[len(some)]))
            many += len(some[-1].reports)
        return self._record(some) if some else [], fresh[len(some) :]

    def _record(self, some: "Sequence[_Read]") -> list[Kept]:
        """Takes what was read of some records in; one with which that fails is found, and rejected whole."""
        reports = [report for one in some for report in one.reports]
        taken_at = {report.report_id: one.record.taken_at for one in some for report in one.reports}
        self._reaching = some[-1].record.offset + 1
        try:
            outcome = self._recorder.record(reports, [reject for one in some for reject in one.rejects])
            return [Kept(reports, outcome, taken_at)]
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - a fault of ours with one record is not to stop those behind it
            if len(some) > 1:
                return [kept for one in some for kept in self._record([one])]
            record = some[0].record
            _log.exception("tiles/%d@%d cannot be judged: rejected", self.partition, record.offset)
            return [Kept([], self._recorder.record([], [self._poison(record)]), {})]
        finally:
            self._reaching = None

    def _poison(self, record: Taken) -> Reject:
        return Reject(
            file=f"tiles/{self.partition}@{record.offset}",
            row=1,
            position=0,
            field="",
            reason=RejectReason.FAILED,
            detail="judging what is in it failed; the worker's log says how",
            source="tiles",
            bytes=record.value[:KEPT_BYTES],
            length=len(record.value),
            sha256=digest(record.value),
        )

    def outgoing(self, most: int) -> list[Outgoing]:
        """What is still to be sent, in its order."""
        rows = self._sql.execute("SELECT number, topic, key, value FROM outbox ORDER BY number LIMIT ?", (most,))
        return [Outgoing(*row) for row in rows]

    def sent(self, up_to: int, reached: Mapping[str, int]) -> None:
        """Takes out of the outbox what the broker has acknowledged.

        Args:
            reached: for each topic the offset of the last of it.
        """
        with self._sql:
            self._sql.execute("BEGIN IMMEDIATE")
            self._sql.execute("DELETE FROM outbox WHERE number <= ?", (up_to,))
            for topic in reached.keys() & _KEPT:
                self._note(_HEARD + topic, max(reached[topic] + 1, self._figure(_HEARD + topic)))
            self._note(_HEARD_AT, round(self._common.clock().timestamp()))

    def _read(self, record: Taken) -> "_Read":
        """What another worker has checked needs no check; a record of anybody else's may hold anything."""
        try:
            return _Read(record, _decode_lines(record.value), [])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            place = f"tiles/{self.partition}@{record.offset}"
            return _Read(record, *decode_frame(record.value, place, self._common.gazetteer))

    def _tell(self, news: News) -> None:
        """Puts what a transaction says into the outbox, and how far it reaches, within it."""
        rows: list[tuple[str, str | None, bytes | None]] = [("incidents", name, None) for name in news.gone]
        rows += [("incidents", one.incident_id, encode_incident(one)) for one in news.incidents]
        for revision in news.revisions:
            value = encode_revision(revision)
            rows += [("alerts", revision.alert.alert_id, value), ("transitions", revision.alert.alert_id, value)]
        rows += [("rejects", None, encode_reject(reject)) for reject in news.rejects]
        self._sql.executemany("INSERT INTO outbox (topic, key, value) VALUES (?, ?, ?)", rows)
        if self._reaching is not None:
            self._reached(self._reaching)

    def _reached(self, offset: int) -> None:
        self._note("next_offset", offset)
        self.next_offset = offset

    def _note(self, name: str, value: int) -> None:
        self._sql.execute("INSERT OR REPLACE INTO figures VALUES (?, ?)", (name, value))

    def _figure(self, name: str) -> int:
        row = self._sql.execute("SELECT value FROM figures WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def _missed(self, offset: int, topics: Topics, progress: Callable[[], None]) -> Iterable[tuple[int, list[Report]]]:
        """The reports of the records before an offset that the file lacks, with the offset that each part reaches."""
        reports: list[Report] = []
        for record in topics.tiles(self.next_offset, offset):
            reports += self._read(record).reports
            if len(reports) >= MOST_AT_ONCE:
                progress()
                yield record.offset + 1, reports
                reports = []
        yield offset, reports

    def _adopt(self, topics: Topics, progress: Callable[[], None]) -> None:
        """Takes over what others said of the partition's incidents and alerts since the file last heard of them.

        Where that is too long ago, the broker may have dropped that an incident stands no more, and all is heard anew.
        """
        now_s = round(self._common.clock().timestamp())
        anew = now_s - self._figure(_HEARD_AT) > _STALE_S
        heard = {topic: 0 if anew else self._figure(_HEARD + topic) for topic in _KEPT}
        incidents: dict[str, Incident | None] = {}
        for said in topics.since("incidents", heard["incidents"]):
            heard["incidents"] = said.offset + 1
            with _readable(said):
                incidents[said.key] = decode_incident(said.value) if said.value else None
        progress()
        latest: dict[str, Revision] = {}
        for said in topics.since("alerts", heard["alerts"]):
            heard["alerts"] = said.offset + 1
            with _readable(said):
                revision = decode_revision(said.value or b"")
                # A worker that slept while another went on may have woken up and said something old.
                if revision.revision >= latest.get(said.key, revision).revision:
                    latest[said.key] = revision
        progress()
        self._recorder.adopt(incidents, list(latest.values()), anew=anew)
        self._forget(latest)
        for topic, offset in heard.items():
            self._note(_HEARD + topic, offset)
        self._note(_HEARD_AT, now_s)

    def _forget(self, heard: Mapping[str, Revision]) -> None:
        """Takes out of the outbox what others have said of an alert already, or said more lately."""
        rows = self._sql.execute("SELECT number, key, value FROM outbox WHERE topic IN ('alerts', 'transitions')")
        known = [
            (number,)
            for number, key, value in rows.fetchall()
            if key in heard and decode_revision(value).revision <= heard[key].revision
        ]
        self._sql.executemany("DELETE FROM outbox WHERE number = ?", known)


@contextmanager
def _readable(said: Said) -> Iterator[None]:
    """Passes over what a newer version says in terms that this one does not know: it is said anew in ours."""
    try:
        yield
    except msgspec.DecodeError as error:
        _log.warning("%s@%d is passed over: %s", said.key, said.offset, error)
