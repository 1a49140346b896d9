"""What a source is: it recognises one format and reads it, row by row, into reports or rejects."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

import msgspec

from pipeline.gazetteer import Gazetteer
from pipeline.model.check import Problem, check, in_utc
from pipeline.model.columns import ReportColumns, columns_of
from pipeline.model.records import Observation, Reject
from pipeline.model.report import Origin, Report
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.records import KEPT_BYTES, Record, Span


class InputError(Exception):
    """An input that cannot be used as it was named: the user can mend it, and the message says how."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of an input: what it reports, who watched, or why it could not be read. Just one of them is there.

    `number` counts the rows from 1; `position` is the byte at which the row begins in the decompressed input.
    """

    number: int
    position: int
    reports: tuple[Report, ...] = ()
    reject: Reject | None = None
    observations: tuple[Observation, ...] = ()


class Batch(NamedTuple):
    """Some rows of an input that follow one another: the columns of what they report, and those that are rejects."""

    rows: int
    columns: ReportColumns
    rejects: Sequence[Reject]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Batch":
        """Rows as a batch."""
        reports = [report for row in rows for report in row.reports]
        return cls(len(rows), columns_of(reports), [row.reject for row in rows if row.reject is not None])


class ReadContext(msgspec.Struct, frozen=True):
    """What a source may know besides the bytes: the file as the user wrote it, the gazetteer, the csv mapping."""

    file: str
    gazetteer: Gazetteer
    mapping: Path | None = None
    feed: str | None = None


class Source(Protocol):
    """One format. `read` never raises for what the bytes hold: a row that cannot be read is a reject."""

    @property
    def name(self) -> str:
        """The word for it on the command line, and the beginning of its report ids."""

    @property
    def title(self) -> str:
        """One line for `truceline sources`."""

    @property
    def describe(self) -> str:
        """A page for `truceline sources NAME`: columns, precision codes, what is left unknown."""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether `head`, the first 64 KiB of the decompressed input, is this format beyond doubt."""

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """The rows of the decompressed `stream`, in order."""


@runtime_checkable
class BatchSource(Source, Protocol):
    """A source that is much faster where nobody asks for each report's own record."""

    def batches(self, stream: BinaryIO, context: ReadContext) -> Iterator[Batch]:
        """The same rows as `read` gives, in order, in batches of any size."""


class RowError(Exception):
    """Raised within a source for a row that cannot be read; it becomes that row's reject."""

    def __init__(self, field: str, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(field, reason, detail)


def reject(source: str, context: ReadContext, number: int, span: Span, problem: Problem) -> Row:
    """The row at `span` as a reject: the first 64 KiB of its bytes, their length and SHA-256."""
    return Row(
        number=number,
        position=span.position,
        reject=Reject(
            file=context.file,
            row=number,
            position=span.position,
            field=problem.field,
            reason=problem.reason,
            detail=problem.detail,
            source=source,
            bytes=span.data[:KEPT_BYTES],
            length=span.length,
            sha256=span.sha256,
        ),
    )


def read_table(
    source: str, context: ReadContext, records: Iterable[Record], read: Callable[[list[str], Origin], Report]
) -> Iterator[Row]:
    """One row for each record of a table: `read` makes a report of its fields, or raises RowError.

    The report is checked and brought to UTC here.
    """
    for number, record in enumerate(records, start=1):
        if record.problem is not None:
            yield reject(source, context, number, record.span, record.problem)
            continue
        origin = Origin(context.file, number, record.span.sha256)
        try:
            report = read(record.fields, origin)
        except RowError as error:
            yield reject(source, context, number, record.span, error.problem)
            continue
        problem = check(report, context.gazetteer.areas)
        if problem is not None:
            yield reject(source, context, number, record.span, problem)
        else:
            yield Row(number, record.span.position, (in_utc(report),))


def digest(data: bytes) -> str:
    """The SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
