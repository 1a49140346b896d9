"""What of a record is asked for: what happened in an interval, as far as it was known by a time."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from pipeline.model.records import Observation
from pipeline.model.report import Report
from pipeline.sources.base import Row
from pipeline.sources.inputs import Input


class Period(NamedTuple):
    """An interval of event time, and a time of knowledge; None is no bound.

    Attributes:
        begin, until: what happened in `[begin, until)`, as far as any of it may have.
        as_of: what was received, and decided, by then. Of what nobody says when it was received, that is not known.
    """

    begin: datetime | None = None
    until: datetime | None = None
    as_of: datetime | None = None

    def takes(self, report: Report) -> bool:
        """Whether a report belongs to it."""
        if (self.begin is not None and report.observed_until < self.begin) or not self.known(report):
            return False
        return self.until is None or report.observed_from < self.until

    def known(self, record: Report | Observation) -> bool:
        """Whether a record had been received by the time of knowledge."""
        return self.as_of is None or (record.received_at is not None and record.received_at <= self.as_of)

    def decided(self, at: datetime) -> bool:
        """Whether what was decided at a time had been decided by then."""
        return self.as_of is None or at <= self.as_of


class Chosen(Input):
    """Another input's rows, as far as they belong to a period; a row of which nothing does is no row.

    Attributes:
        undated: how many reports were left out because nobody says when they were received.
    """

    def __init__(self, given: Input, period: Period) -> None:
        self.file, self.source, self.size, self.torn = given.file, given.source, given.size, False
        self.undated = 0
        self._given, self._period = given, period

    @property
    def bytes_read(self) -> int:
        """Of the other input."""
        return self._given.bytes_read

    @property
    def seconds_read(self) -> float:
        """Of the other input."""
        return self._given.seconds_read

    def rows(self) -> Iterator[Row]:
        """The rows that are left, once."""
        for row in self._given.rows():
            if row.reject is not None:
                yield row
                continue
            reports = tuple(filter(self._period.takes, row.reports))
            observations = tuple(filter(self._period.known, row.observations))
            if self._period.as_of is not None:
                self.undated += sum(report.received_at is None for report in row.reports)
            if reports or observations:
                yield Row(row.number, row.position, reports, None, observations)
        self.torn = self._given.torn
