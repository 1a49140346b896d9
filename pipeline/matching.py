"""Reports against one agreement's zones, as rows of the match table, with a point for each."""

from collections.abc import Iterator, Sequence

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.footprints import Footprints
from pipeline.model.report import Report
from pipeline.monitor.match import match_reports
from pipeline.monitor.parameters import Parameters
from pipeline.tables import PlacedMatch

_PARAMETERS = Parameters()


def placed_matches(
    reports: Sequence[Report], agreement: Agreement, *, all_reports: bool = False
) -> Iterator[PlacedMatch]:
    """A row for each report and zone, in the reports' order; the point is the centre of the report's footprint.

    Args:
        all_reports: also a row for each report in no zone.
    """
    for batch in _without_repeats(reports):
        footprints = Footprints([report.footprint for report in batch], agreement.areas)
        centres = zip(footprints.lon.tolist(), footprints.lat.tolist(), footprints.placed.tolist(), strict=True)
        places = {
            report.report_id: (round(lon, 6), round(lat, 6)) if known else (None, None)
            for report, (lon, lat, known) in zip(batch, centres, strict=True)
        }
        for match in match_reports(batch, agreement, _PARAMETERS, all_reports=all_reports):
            yield PlacedMatch(match, *places[match.report_id])


def _without_repeats(reports: Sequence[Report]) -> Iterator[list[Report]]:
    """The same reports in batches in which no id comes twice, so that a match's id tells which report it is of."""
    batch: dict[str, Report] = {}
    for report in reports:
        if report.report_id in batch:
            yield list(batch.values())
            batch = {}
        batch[report.report_id] = report
    if batch:
        yield list(batch.values())
