"""The embedded driver: inputs in, batches into the record, a summary out."""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial

import msgspec

from pipeline.model.records import Observation, Reject
from pipeline.model.report import Report
from pipeline.sources.arriving import arriving
from pipeline.sources.base import Row
from pipeline.sources.following import Following
from pipeline.sources.growing import Gathered, Position
from pipeline.sources.inputs import Input
from pipeline.store.exports import LaterExport, note_export
from pipeline.store.followed import note_position
from pipeline.store.news import Outcome
from pipeline.store.recorder import Recorder

BATCH_REPORTS = 20_000
"""One transaction's: the more, the less of each one's neighbourhood is looked at again."""

GATHER_S = 0.05
"""How long a live feed's reports are gathered before they are written."""


class Summary(msgspec.Struct, kw_only=True):
    """What a run did. `rows_read = accepted + rejected`, always.

    `incidents`, `unresolved`, `alerts` and `possible` are the record's own, when the run ended; the rest is this run's.
    `duplicates` are reports that were seen before. `added`, `changed`, `withdrawn`, `unchanged` and `doubtful` tell how
    a later export differs from the earlier ones, in reports' ids; null where none is replaced.
    """

    rows_read: int = 0
    accepted: int = 0
    rejected: int = 0
    reports: int = 0
    observations: int = 0
    duplicates: int = 0
    outside: int = 0
    matches: int = 0
    incidents: int = 0
    unresolved: int = 0
    alerts: int = 0
    possible: int = 0
    late: int = 0
    seconds: float = 0.0
    added: int | None = None
    changed: int | None = None
    withdrawn: int | None = None
    unchanged: int | None = None
    doubtful: int | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One batch that is now on disk, for whoever watches the run.

    `read_at` is when its first row was read, `committed_at` when it was on disk (seconds of a monotonic clock).
    """

    input: Input
    reports: tuple[Report, ...]
    rejects: tuple[Reject, ...]
    observations: tuple[Observation, ...]
    outcome: Outcome
    summary: Summary
    read_at: float
    committed_at: float


class StrictStop(Exception):
    """A row was rejected, and the run was told to stop at the first."""

    def __init__(self, reject: Reject, summary: Summary) -> None:
        field = f"{reject.field}: " if reject.field else ""
        super().__init__(f"{reject.file}: row {reject.row}: {field}{reject.detail}")
        self.reject, self.summary = reject, summary


class _Batch:
    """Rows gathered until they are worth a transaction."""

    def __init__(self) -> None:
        self.rows, self.reports, self.rejects = 0, list[Report](), list[Reject]()
        self.observations = list[Observation]()
        self.read_at = 0.0

    @classmethod
    def of(cls, reports: Sequence[Report]) -> "_Batch":
        """Reports that no row gave."""
        batch = cls()
        batch.reports, batch.read_at = [*reports], time.monotonic()
        return batch

    def take(self, row: Row) -> None:
        if not self.rows:
            self.read_at = time.monotonic()
        self.rows += 1
        self.reports.extend(row.reports)
        self.observations.extend(row.observations)
        if row.reject is not None:
            self.rejects.append(row.reject)


def run(
    recorder: Recorder,
    inputs: Sequence[Input],
    *,
    summary: Summary,
    pace: float | None = None,
    strict: bool = False,
    watch: Callable[[Step], None] = lambda _step: None,
    export: LaterExport | None = None,
    replaced: Collection[str] = (),
) -> Summary:
    """Reads inputs one after the other into the record.

    Args:
        summary: is kept up to date, also for whoever must tell it after an interruption.
        pace: plays the reports at so many times real time, by `observed_from`; None for as fast as they can be read.
        strict: stops at the first rejected row, once it is recorded.
        watch: is told of every batch, once it is on disk.
        export: the inputs are a later export, which was compared and settled.
        replaced: the names of the earlier ones.

    Raises:
        StoreError: the record cannot be written.
        StrictStop: `strict`, and a row was rejected.
    """
    began = time.monotonic()
    try:
        for given in inputs:
            rows = arriving(given, GATHER_S, pace)
            revised = rows if export is None else (row and export.revised(row) for row in rows)
            within: Callable[[], object] = partial(note_export, recorder.store.connection, given.file, replaced)
            for batch in _batches(revised, strict):
                _record(recorder, given, batch, summary, watch, within)
                within = _nothing
                if strict and batch.rejects:
                    raise StrictStop(batch.rejects[0], summary)
        for retractions in export.withdrawals() if export is not None else ():
            _record(recorder, inputs[-1], _Batch.of(retractions), summary, watch)
        if export is not None:
            summary.withdrawn = export.difference.withdrawn
        recorder.settle()
    finally:
        _conclude(recorder, summary, began)
    return summary


def follow(
    recorder: Recorder,
    following: Following,
    *,
    summary: Summary,
    strict: bool = False,
    watch: Callable[[Step], None] = lambda _step: None,
) -> Summary:
    """Reads inputs into the record as they grow, side by side; ends when all of them are over.

    How far a file is read is on disk with what was read of it. Otherwise as `run`.
    """
    began, watched = time.monotonic(), False
    try:
        for some in _joined(following.gathered(GATHER_S)):
            if some is None:
                if watched:
                    recorder.settle()
                watched = False
                continue
            batch = _Batch()
            for row in some.rows:
                batch.take(row)
            watched |= bool(batch.observations)
            within: Callable[[], object] = _nothing
            if some.position is not None:
                within = partial(_note, recorder.store.connection, some, some.position)
            _record(recorder, some.input, batch, summary, watch, within)
            if strict and batch.rejects:
                raise StrictStop(batch.rejects[0], summary)
        recorder.settle()
    finally:
        _conclude(recorder, summary, began)
    return summary


def _joined(gathered: Iterable[Gathered | None]) -> Iterator[Gathered | None]:
    """The same, in fewer pieces: what follows on one input at once, up to a batch."""
    held: Gathered | None = None
    for some in gathered:
        if held is not None and some is not None and some.file == held.file and len(held.rows) < BATCH_REPORTS:
            held = Gathered(some.file, some.input, held.rows + some.rows, some.position)
            continue
        if held is not None:
            yield held
        held = some
        if some is None:
            yield None
    if held is not None:
        yield held


def _note(sql: sqlite3.Connection, some: Gathered, position: Position) -> None:
    note_export(sql, some.input.file)
    note_position(sql, some.file, position)


def _conclude(recorder: Recorder, summary: Summary, began: float) -> None:
    figures = recorder.store.figures()
    summary.incidents, summary.alerts = figures["incidents"], figures["alerts"]
    summary.possible, summary.unresolved = figures["possible"], figures["unresolved"]
    summary.seconds = round(time.monotonic() - began, 3)


def _nothing() -> None:
    pass


def _record(
    recorder: Recorder,
    given: Input,
    batch: _Batch,
    summary: Summary,
    watch: Callable[[Step], None],
    within: Callable[[], object] = _nothing,
) -> None:
    outcome = recorder.record(batch.reports, batch.rejects, batch.observations, within)
    new = sum(outcome.new)
    summary.rows_read += batch.rows
    summary.rejected += len(batch.rejects)
    summary.accepted += batch.rows - len(batch.rejects)
    summary.reports += len(batch.reports)
    summary.observations += len(batch.observations)
    summary.duplicates += len(batch.reports) - new
    summary.outside += outcome.outside
    summary.matches += outcome.matches
    summary.late += sum(outcome.late)
    watch(
        Step(
            input=given,
            reports=tuple(batch.reports),
            rejects=tuple(batch.rejects),
            observations=tuple(batch.observations),
            outcome=outcome,
            summary=summary,
            read_at=batch.read_at,
            committed_at=time.monotonic(),
        )
    )


def _batches(rows: Iterable[Row | None], strict: bool) -> Iterator[_Batch]:
    """Batches of rows; None ends one, and with `strict` the first reject does."""
    batch = _Batch()
    for row in rows:
        if row is not None:
            batch.take(row)
        full = len(batch.reports) >= BATCH_REPORTS or batch.rows >= BATCH_REPORTS
        if batch.rows and (row is None or full or (strict and batch.rejects)):
            yield batch
            batch = _Batch()
    if batch.rows:
        yield batch
