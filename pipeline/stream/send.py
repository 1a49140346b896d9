"""From any source into `reports` and `observations`: rows are gathered into frames, and counted once the broker has
them.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from pipeline.model.records import Observation, Reject
from pipeline.model.report import Report
from pipeline.sources.arriving import arriving
from pipeline.sources.base import Row
from pipeline.sources.inputs import Input
from pipeline.store.watchlog import OBSERVATIONS
from pipeline.stream.checkpoint import Checkpoint, Reached
from pipeline.stream.courier import Courier, Parcel
from pipeline.stream.settings import Settings
from pipeline.stream.wire import FRAME_BYTES, FRAME_REPORTS, cut, encode, encode_reject


class Summary(msgspec.Struct, kw_only=True):
    """What was sent and is acknowledged. `rows_read = accepted + rejected`, always.

    `skipped` are rows that the checkpoint knew; they are not among the others.
    """

    rows_read: int = 0
    accepted: int = 0
    rejected: int = 0
    reports: int = 0
    observations: int = 0
    skipped: int = 0
    frames: int = 0
    bytes: int = 0
    seconds: float = 0.0


class Sent(NamedTuple):
    """Some rows of an input that are acknowledged, for whoever watches."""

    input: Input
    reports: Counter[tuple[str, str | None]]
    """How many, by source and feed."""
    rejects: Sequence[Reject]


class Pace(NamedTuple):
    """How fast to send: at so many times real time, and so many reports a second at most; None for no bound.

    An observation counts as a report does.
    """

    times: float | None = None
    reports_per_second: float | None = None


class Sender:
    """Gathers the rows of inputs into frames and gives them to a courier.

    Args:
        courier: is open already.
        summary: is kept up to date, also for whoever must tell it after an interruption.
        watch: is told of rows that are acknowledged.
        clock: when a report enters the record, where it does not say so itself.
    """

    def __init__(
        self,
        settings: Settings,
        courier: Courier,
        checkpoint: Checkpoint,
        summary: Summary,
        watch: Callable[[Sent], None] = lambda _sent: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._courier, self._checkpoint, self._summary = courier, checkpoint, summary
        self._reports_topic, self._rejects_topic = settings.prefix + "reports", settings.prefix + "rejects"
        self._observations_topic = settings.prefix + OBSERVATIONS
        self._gather_s = settings.gather_ms / 1000
        self._watch, self._clock = watch, clock

    def send(self, inputs: Sequence[Input], pace: Pace, tick: Callable[[], None] = lambda: None) -> None:
        """Sends inputs one after the other; returns when the broker has acknowledged all of it.

        Args:
            tick: is called often, also while a feed is silent; may raise to end it.

        Raises:
            NoConnectionError: the broker does not let us in.
            TopicError: it does not take what is sent.
            SettingsError: the checkpoint is of another file.
            OutputError: the checkpoint cannot be written.
        """
        began = time.monotonic()
        try:
            for given in inputs:
                self._send(given, pace, tick)
            self._courier.deliver()
        finally:
            self._summary.seconds = round(time.monotonic() - began, 3)

    def _send(self, given: Input, pace: Pace, tick: Callable[[], None]) -> None:
        before, rows = self._checkpoint.before(given), 0
        batch = _Batch(given)
        for row in arriving(given, self._gather_s, pace.times, pace.reports_per_second):
            if row is None:
                batch = self._dispatch(batch)
                self._courier.settle()
                tick()
                continue
            rows += 1
            if row.number <= before.row:
                self._skip(given, row, before)
                continue
            lines = _Lines([*map(self._encoded, row.reports)], [*map(self._encoded, row.observations)])
            if not batch.takes(row, lines):
                batch = self._dispatch(batch)
                batch.takes(row, lines)
                tick()
        self._dispatch(batch)
        self._checkpoint.finish(given, rows, before)

    def _encoded(self, record: Report | Observation) -> bytes:
        """A record as a line; one that does not say when it was received was received now."""
        return encode(record if record.received_at is not None else replace(record, received_at=self._clock()))

    def _skip(self, given: Input, row: Row, before: Reached) -> None:
        self._checkpoint.check(given, row, before)
        self._summary.skipped += 1

    def _dispatch(self, batch: "_Batch") -> "_Batch":
        """Sends what was gathered; gives what is gathered next."""
        if not batch.rows:
            return batch
        parcels = [Parcel(self._rejects_topic, [encode_reject(reject)]) for reject in batch.rejects]
        frames = [Parcel(self._reports_topic, frame) for frame in cut(batch.lines)]
        for asset, lines in batch.watched.items():
            frames += [Parcel(self._observations_topic, frame, key=asset.encode()) for frame in cut(lines)]
        parcels += frames
        parcels[-1].settle = lambda: self._settle(batch, len(frames))
        for parcel in parcels:
            self._courier.send(parcel)
        return _Batch(batch.input)

    def _settle(self, batch: "_Batch", frames: int) -> None:
        summary = self._summary
        summary.rows_read += batch.rows
        summary.rejected += len(batch.rejects)
        summary.accepted += batch.rows - len(batch.rejects)
        summary.reports += len(batch.lines)
        summary.observations += sum(map(len, batch.watched.values()))
        summary.frames += frames
        summary.bytes += batch.size
        assert batch.last is not None, "a batch of no row is never sent"
        self._checkpoint.reach(batch.input, batch.last.number, batch.last.position)
        counts = Counter((report.source, report.feed) for report in batch.reports)
        self._watch(Sent(batch.input, counts, batch.rejects))


class _Lines(NamedTuple):
    """What a row brings, each as a line."""

    reports: list[bytes]
    observations: list[bytes]


class _Batch:
    """Rows of one input that go on their way together.

    Their reports go as one frame, their observations as one for each asset, their rejects one by one; where the last
    row brought more than fits, a frame is cut.
    """

    def __init__(self, given: Input) -> None:
        self.input = given
        self.rows, self.size = 0, 0
        self.reports: list[Report] = []
        self.lines: list[bytes] = []
        self.watched: dict[str, list[bytes]] = {}
        self.rejects: list[Reject] = []
        self.last: Row | None = None

    def takes(self, row: Row, lines: _Lines) -> bool:
        """Adds a row with its lines, unless it is too much for the same frame; the first one never is."""
        size = self.size + sum(len(line) + 1 for some in lines for line in some)
        if self.rows and (size > FRAME_BYTES or self.rows >= FRAME_REPORTS or len(self.lines) >= FRAME_REPORTS):
            return False
        self.rows += 1
        self.size = size
        self.last = row
        self.lines += lines.reports
        for one, line in zip(row.observations, lines.observations, strict=True):
            self.watched.setdefault(one.asset, []).append(line)
        self.reports += row.reports
        if row.reject is not None:
            self.rejects.append(row.reject)
        return True
