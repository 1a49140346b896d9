"""Matches as records, from the columns that the monitor gives; and the same, found one by one."""

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.agreement import Agreement
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import UNPLACED
from pipeline.model.columns import ReportColumns, columns_of
from pipeline.model.records import Match
from pipeline.model.report import Report
from pipeline.model.taxonomy import Verdict
from pipeline.model.times import from_us, to_us
from pipeline.monitor.match import NONE, VERDICTS, MatchColumns, match_columns
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.site import SIDES, Site


def matches(reports: Sequence[Report], agreement: Agreement, *, all_reports: bool = False) -> list[Match]:
    """The rows of the match table, as records."""
    return list(records(match_columns(columns_of(reports), agreement, DEFAULT, all_reports=all_reports)))


def records(columns: MatchColumns) -> Iterator[Match]:
    def figure(value: np.float64) -> float | None:
        return None if np.isnan(value) else float(value)

    for row, report in enumerate(columns.report.tolist()):
        zone, line = int(columns.zone[row]), int(columns.line[row])
        assert (columns.side[row] == UNPLACED) == (line == NONE)
        yield Match(
            report_id=columns.reports.report_ids[report],
            agreement=columns.agreement,
            zone=None if zone == NONE else columns.zone_ids[zone],
            line=None if line == NONE else columns.line_ids[line],
            side=SIDES[int(columns.side[row])],
            chainage_m=figure(columns.chainage_m[row]),
            offset_m=figure(columns.offset_m[row]),
            probability=float(columns.probability[row]),
            verdict=VERDICTS[columns.verdict[row]],
            observed_from=from_us(int(columns.reports.observed_from_us[report])),
            observed_until=from_us(int(columns.reports.observed_until_us[report])),
            lon=figure(columns.lon[row]),
            lat=figure(columns.lat[row]),
        )


def as_columns(row: Match) -> MatchColumns:
    """One match, as the columns that it might stand in; it has a zone and a line."""
    assert row.zone is not None
    assert row.line is not None
    times = (np.array([to_us(time)]) for time in (row.observed_from, row.observed_until))
    figures = {name: np.array([getattr(row, name)]) for name in "chainage_m offset_m probability lon lat".split()}
    return MatchColumns(
        agreement=row.agreement,
        zone_ids=[row.zone],
        line_ids=[row.line],
        reports=ReportColumns([row.report_id], [], None, *times),
        report=np.array([0]),
        zone=np.array([0]),
        line=np.array([0]),
        side=np.array([code for code, side in SIDES.items() if side == row.side], dtype=np.int8),
        verdict=np.array([VERDICTS.index(row.verdict)]),
        **figures,
    )


def one_by_one(reports: Sequence[Report], agreement: Agreement, *, all_reports: bool = False) -> Iterator[Match]:
    """The same rows, as a plain reading of the words has them: report by report, zone by zone."""
    footprints = Footprints([report.footprint for report in reports], agreement.areas)
    site = Site(footprints, agreement, ())
    shares = np.round(site.shares.each, 4)
    for index, report in enumerate(reports):
        zones = [zone for zone in range(len(agreement.zones)) if shares[zone, index] >= DEFAULT.match_from]
        for zone in zones:
            yield _match(report, site, index, zone, float(shares[zone, index]))
        if all_reports and not zones:
            yield _match(report, site, index, None, 0.0)


def _match(report: Report, site: Site, index: int, zone: int | None, probability: float) -> Match:
    where = site.reference(index, zone)
    placed = bool(site.footprints.placed[index])
    inside, outside = probability >= DEFAULT.inside_from, probability <= DEFAULT.outside_to
    return Match(
        report_id=report.report_id,
        agreement=site.agreement.name,
        zone=None if zone is None else site.agreement.zones[zone].zone_id,
        line=where.line,
        side=where.side,
        chainage_m=where.chainage_m,
        offset_m=where.offset_m,
        probability=probability,
        verdict=Verdict.INSIDE if inside else Verdict.OUTSIDE if outside else Verdict.INDETERMINATE,
        observed_from=report.observed_from,
        observed_until=report.observed_until,
        lon=round(float(site.footprints.lon[index]), 6) if placed else None,
        lat=round(float(site.footprints.lat[index]), 6) if placed else None,
    )
