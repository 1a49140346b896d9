"""`truceline match`: reports against zones, as a table; no store, no judging."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import (
    STRICT,
    UNFINISHED,
    AgreementsOption,
    FeedOption,
    InputsArgument,
    MappingOption,
    OutOption,
    StrictOption,
    UserError,
    load_agreements,
    open_inputs,
    plural,
    say,
)
from pipeline.cli.progress import Progress
from pipeline.cli.timings import Timings

if TYPE_CHECKING:
    from pipeline.model.columns import ReportColumns
    from pipeline.model.records import Reject
    from pipeline.sources.inputs import Input

AllOption = Annotated[bool, typer.Option("--all", help="Also the reports that lie in no zone, with the nearest line.")]
TimingsOption = Annotated[bool, typer.Option("--timings", help="Tell at the end where the time went.")]

BATCH_REPORTS = 16_000
"""Reports that are matched together: enough for arrays to pay, few enough to be held in little memory."""


def match(
    inputs: InputsArgument,
    agreements: AgreementsOption,
    out: OutOption,
    all_reports: AllOption = False,
    strict: StrictOption = False,
    timings: TimingsOption = False,
    mapping: MappingOption = None,
    feed: FeedOption = None,
) -> None:
    """Write a table of which reports lie in which zones, with chainage and offset.

    The geometry is the centre of where a report says that it happened, as a point. Reports are taken as they stand in
    the input: repeats and corrections are not sorted out, which is `run`'s business.
    """
    timed = Timings()
    with timed.part("start"):
        from pipeline.monitor.match import match_columns
        from pipeline.monitor.parameters import DEFAULT
        from pipeline.tables import TableKind, check_output, write_matches

        check_output(out, TableKind.MATCHES)
        loaded = load_agreements(agreements)
        opened = open_inputs(inputs, mapping, feed)
    looked_s = sum(given.seconds_read for given in opened)
    with Progress(opened) as progress, timed.part("write"):
        reading = _Reading(opened, strict, progress)
        batches = timed.each("decode", reading.columns())
        pairs = ((columns, agreement) for columns in batches for agreement in loaded)
        matches = (match_columns(*pair, DEFAULT, all_reports=all_reports) for pair in pairs)
        written = write_matches(out, timed.each("match", matches))
    read = f"{plural(reading.rows, 'row')}, {plural(reading.rejected, 'reject')}"
    say(f"{read}: {plural(written, 'match', 'matches')} in {out}")
    if timings:
        # Reading is done while rows are decoded; the stream alone knows how long it took.
        timed.move("decode", "read", sum(given.seconds_read for given in opened) - looked_s)
        timed.show(reading.rows)
    if reading.first_reject:
        say(f"first reject: {reading.first_reject}")
    if torn := [given.file for given in opened if given.torn]:
        raise UserError(f"{', '.join(torn)}: breaks off; what could be read is in {out}", UNFINISHED)


class _Reading:
    """The inputs' reports, in batches, and what became of the rows."""

    def __init__(self, inputs: "Sequence[Input]", strict: bool, progress: Progress) -> None:
        self._inputs, self._strict, self._progress = inputs, strict, progress
        self.rows = self.rejected = 0
        self.first_reject = ""

    def columns(self) -> "Iterator[ReportColumns]":
        """The reports, some thousands at a time."""
        from pipeline.model.columns import joined

        waiting: list[ReportColumns] = []
        count = 0
        for given in self._inputs:
            for batch in given.batches():
                self.rows += batch.rows
                for reject in batch.rejects:
                    self._reject(reject)
                if not batch.columns.report_ids:
                    continue
                waiting.append(batch.columns)
                count += len(batch.columns.report_ids)
                if count >= BATCH_REPORTS:
                    yield joined(waiting)
                    waiting, count = [], 0
                    self._progress.show(given.file, self.rows, f" · {plural(self.rejected, 'reject')}")
        if waiting:
            yield joined(waiting)

    def _reject(self, reject: "Reject") -> None:
        from pipeline.model.taxonomy import RejectReason

        self.rejected += 1
        said = f"{reject.file}: row {reject.row}: {reject.field + ': ' if reject.field else ''}{reject.detail}"
        self.first_reject = self.first_reject or said
        if self._strict and reject.reason is not RejectReason.TORN_INPUT:
            raise UserError(f"stopped at a row that cannot be read, nothing is written: {said}", STRICT)
