"""The embedded driver: inputs in, batches into the record, a summary out."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from pipeline.model.records import Reject
from pipeline.model.report import Report
from pipeline.sources.base import Row
from pipeline.sources.inputs import Input
from pipeline.store.recorder import Outcome, Recorder

BATCH_REPORTS = 4_000
"""About a frame of 1 MiB."""

GATHER_S = 0.05
"""How long a live feed's reports are gathered before they are written."""

_FLUSH = None


class Summary(msgspec.Struct, kw_only=True):
    """What a run did. `rows_read = accepted + rejected`, always.

    `incidents`, `unresolved`, `alerts` and `possible` are the record's own, when the run ended; the rest is this run's.
    """

    rows_read: int = 0
    accepted: int = 0
    rejected: int = 0
    reports: int = 0
    duplicates: int = 0
    outside: int = 0
    matches: int = 0
    incidents: int = 0
    unresolved: int = 0
    alerts: int = 0
    possible: int = 0
    late: int = 0
    seconds: float = 0.0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One batch that is now on disk, for whoever watches the run.

    `read_at` is when its first row was read, `committed_at` when it was on disk (seconds of a monotonic clock).
    """

    input: Input
    reports: tuple[Report, ...]
    rejects: tuple[Reject, ...]
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
        self.read_at = 0.0

    def take(self, row: Row) -> None:
        if not self.rows:
            self.read_at = time.monotonic()
        self.rows += 1
        self.reports.extend(row.reports)
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
) -> Summary:
    """Reads inputs one after the other into the record.

    Args:
        summary: is kept up to date, also for whoever must tell it after an interruption.
        pace: plays the reports at so many times real time, by `observed_from`; None for as fast as they can be read.
        strict: stops at the first rejected row, once it is recorded.
        watch: is told of every batch, once it is on disk.

    Raises:
        StoreError: the record cannot be written.
        StrictStop: `strict`, and a row was rejected.
    """
    began = time.monotonic()
    try:
        for given in inputs:
            for batch in _batches(_timed(given, pace), strict):
                _record(recorder, given, batch, summary, watch)
                if strict and batch.rejects:
                    raise StrictStop(batch.rejects[0], summary)
    finally:
        figures = recorder.store.figures()
        summary.incidents, summary.alerts = figures["incidents"], figures["alerts"]
        summary.possible, summary.unresolved = figures["possible"], figures["unresolved"]
        summary.seconds = round(time.monotonic() - began, 3)
    return summary


def _record(recorder: Recorder, given: Input, batch: _Batch, summary: Summary, watch: Callable[[Step], None]) -> None:
    outcome = recorder.record(batch.reports, batch.rejects)
    new = sum(outcome.new)
    summary.rows_read += batch.rows
    summary.rejected += len(batch.rejects)
    summary.accepted += batch.rows - len(batch.rejects)
    summary.reports += len(batch.reports)
    summary.duplicates += len(batch.reports) - new
    summary.outside += outcome.outside
    summary.matches += outcome.matches
    summary.late += sum(outcome.late)
    watch(
        Step(
            input=given,
            reports=tuple(batch.reports),
            rejects=tuple(batch.rejects),
            outcome=outcome,
            summary=summary,
            read_at=batch.read_at,
            committed_at=time.monotonic(),
        )
    )


def _batches(rows: Iterable[Row | None], strict: bool) -> Iterator[_Batch]:
    """Batches of rows; with `strict`, one ends at the first reject."""
    batch = _Batch()
    for row in rows:
        if row is not _FLUSH:
            batch.take(row)
        full = len(batch.reports) >= BATCH_REPORTS or batch.rows >= BATCH_REPORTS
        if batch.rows and (row is _FLUSH or full or (strict and batch.rejects)):
            yield batch
            batch = _Batch()
    if batch.rows:
        yield batch


def _timed(given: Input, pace: float | None) -> Iterator[Row | None]:
    rows: Iterator[Row | None] = iter(given.rows())
    if given.size is None:
        rows = _flushed_when_idle(rows)
    return rows if pace is None else _paced(rows, pace)


def _paced(rows: Iterator[Row | None], pace: float) -> Iterator[Row | None]:
    """Holds each row back until its report's time has come; asks for a flush before each wait."""
    begun: tuple[float, datetime] | None = None
    for row in rows:
        if row is not _FLUSH and row.reports:
            observed = row.reports[0].observed_from
            begun = begun or (time.monotonic(), observed)
            due = begun[0] + (observed - begun[1]).total_seconds() / pace
            while (wait := due - time.monotonic()) > GATHER_S / 2:
                yield _FLUSH
                time.sleep(min(wait, 0.5))
        yield row


def _flushed_when_idle(rows: Iterator[Row | None]) -> Iterator[Row | None]:
    """Reads a live feed from a thread of its own, so that what has come is written within `GATHER_S`, come what may."""
    arrived: queue.Queue[Row | BaseException | None] = queue.Queue(maxsize=BATCH_REPORTS)
    ended = object()

    def read() -> None:
        try:
            for row in rows:
                arrived.put(row)
            arrived.put(ended)  # type: ignore[arg-type]
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits for rows
            arrived.put(error)

    threading.Thread(target=read, daemon=True).start()
    due = time.monotonic() + GATHER_S
    while True:
        try:
            row = arrived.get(timeout=max(0.0, due - time.monotonic()))
        except queue.Empty:
            row = _FLUSH
        if row is ended:
            return
        if isinstance(row, BaseException):
            raise row
        yield row
        if row is _FLUSH or time.monotonic() >= due:
            yield _FLUSH
            due = time.monotonic() + GATHER_S
