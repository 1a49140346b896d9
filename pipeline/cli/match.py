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

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.model.records import Match, Reject
    from pipeline.model.report import Report
    from pipeline.sources.inputs import Input

AllOption = Annotated[bool, typer.Option("--all", help="Also the reports that lie in no zone, with the nearest line.")]

BATCH_REPORTS = 4_000


def match(
    inputs: InputsArgument,
    agreements: AgreementsOption,
    out: OutOption,
    all_reports: AllOption = False,
    strict: StrictOption = False,
    mapping: MappingOption = None,
    feed: FeedOption = None,
) -> None:
    """Write a table of which reports lie in which zones, with chainage and offset.

    The geometry is the centre of where a report says that it happened, as a point. Reports are taken as they stand in
    the input: repeats and corrections are not sorted out, which is `run`'s business.
    """
    from pipeline.tables import TableKind, check_output, write_records

    check_output(out, TableKind.MATCHES)
    loaded = load_agreements(agreements)
    opened = open_inputs(inputs, mapping, feed)
    with Progress(opened) as progress:
        reading = _Reading(opened, strict, progress)
        written = write_records(out, TableKind.MATCHES, reading.matches(loaded, all_reports))
    read = f"{plural(reading.rows, 'row')}, {plural(reading.rejected, 'reject')}"
    say(f"{read}: {plural(written, 'match', 'matches')} in {out}")
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

    def matches(self, agreements: "Sequence[Agreement]", all_reports: bool) -> "Iterator[Match]":
        """The rows of the table, in the order of the reports and the agreements."""
        from pipeline.monitor.match import match_reports
        from pipeline.monitor.parameters import DEFAULT

        for batch in self._batches():
            for agreement in agreements:
                yield from match_reports(batch, agreement, DEFAULT, all_reports=all_reports)

    def _batches(self) -> "Iterator[list[Report]]":
        batch: list[Report] = []
        for given in self._inputs:
            for row in given.rows():
                self.rows += 1
                batch.extend(row.reports)
                if row.reject is not None:
                    self._reject(row.reject)
                if len(batch) >= BATCH_REPORTS:
                    yield batch
                    batch = []
                    self._progress.show(given.file, self.rows, f" · {plural(self.rejected, 'reject')}")
        if batch:
            yield batch

    def _reject(self, reject: "Reject") -> None:
        from pipeline.model.taxonomy import RejectReason

        self.rejected += 1
        said = f"{reject.file}: row {reject.row}: {reject.field + ': ' if reject.field else ''}{reject.detail}"
        self.first_reject = self.first_reject or said
        if self._strict and reject.reason is not RejectReason.TORN_INPUT:
            raise UserError(f"stopped at a row that cannot be read, nothing is written: {said}", STRICT)
