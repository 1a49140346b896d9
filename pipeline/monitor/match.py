"""Matching: reports against zones, as columns of a table."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.dated import Intervals
from pipeline.geometry.earth import Floats, Geometry
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import UNPLACED, Located
from pipeline.model.columns import ReportColumns
from pipeline.model.taxonomy import Verdict
from pipeline.monitor.parameters import Parameters
from pipeline.monitor.rounding import rounded
from pipeline.monitor.site import Site

VERDICTS = (Verdict.OUTSIDE, Verdict.INDETERMINATE, Verdict.INSIDE)
"""By their codes in a table."""

NONE = -1
"""The code of a zone or line that is not there."""

Indices = NDArray[np.intp]


class MatchColumns(NamedTuple):
    """The matches of a batch of reports and one agreement, as arrays of one length; a row is what `Match` is.

    `report` is the index of the row's report in `reports`; `zone` and `line` are indices into `zone_ids` and
    `line_ids`, or `NONE`; `side` has the codes of `pipeline.geometry.line`, `UNPLACED` where there is no line;
    `verdict` is an index into `VERDICTS`. Figures are rounded for the record, and NaN where there are none.
    """

    agreement: str
    zone_ids: Sequence[str]
    line_ids: Sequence[str]
    reports: ReportColumns
    report: Indices
    zone: Indices
    line: Indices
    side: NDArray[np.int8]
    chainage_m: Floats
    offset_m: Floats
    probability: Floats
    verdict: Indices
    lon: Floats
    lat: Floats


def match_columns(
    reports: ReportColumns, agreement: Agreement, parameters: Parameters, *, all_reports: bool = False
) -> MatchColumns:
    """A row for each report and zone of probability `match_from` or more, in the reports' order, then the zones'.

    With `all_reports`, a report in no zone has one row too, which names the nearest line.
    """
    footprints = placed(reports, agreement.areas)
    site = Site(footprints, agreement, (), Intervals(reports.observed_from_us, reports.observed_until_us))
    shares = np.round(site.shares.each, 4)
    report, zone = np.nonzero((shares >= parameters.match_from).T)
    probability = shares[zone, report]
    if all_reports:
        alone = np.setdiff1d(np.arange(len(reports.report_ids)), report)
        order = np.argsort(np.concatenate([report, alone]), kind="stable")
        report = np.concatenate([report, alone])[order]
        zone = np.concatenate([zone, np.full(len(alone), NONE)])[order]
        probability = np.concatenate([probability, np.zeros(len(alone))])[order]
    line, side, chainage_m, offset_m = _references(site, report, zone)
    return MatchColumns(
        agreement=agreement.name,
        zone_ids=[each.zone_id for each in agreement.zones],
        line_ids=list(agreement.lines),
        reports=reports,
        report=report,
        zone=zone,
        line=line,
        side=side,
        chainage_m=chainage_m,
        offset_m=offset_m,
        probability=probability,
        verdict=verdicts(probability, parameters),
        lon=rounded(footprints.lon[report], 6),
        lat=rounded(footprints.lat[report], 6),
    )


def verdicts(probability: Floats, parameters: Parameters) -> Indices:
    """Inside, outside or indeterminate, as indices into `VERDICTS`."""
    inside, outside = probability >= parameters.inside_from, probability <= parameters.outside_to
    return np.where(inside, 2, np.where(outside, 0, 1))


def placed(reports: ReportColumns, areas: Mapping[str, Geometry]) -> Footprints:
    """The reports' footprints; straight from arrays where they are discs."""
    if reports.discs is not None:
        return Footprints.of_discs(*reports.discs)
    return Footprints(reports.footprints, areas)


def _references(site: Site, report: Indices, zone: Indices) -> tuple[Indices, NDArray[np.int8], Floats, Floats]:
    """Line, side, chainage and offset of each row: along its zone's line; with none to go by, along the nearest."""
    ids = list(site.agreement.lines)
    own = np.array(
        [NONE if each.line_id is None else ids.index(each.line_id) for each in site.agreement.zones] + [NONE]
    )
    line = own[zone]
    if (line == NONE).any():
        line = np.where(line == NONE, _nearest(site)[report], line)
    side = np.full(len(report), UNPLACED, dtype=np.int8)
    chainage_m, offset_m = np.full((2, len(report)), np.nan)
    for number in range(len(ids)):
        rows = np.flatnonzero(line == number)
        which = report[rows]
        located = _along(site, number)
        side[rows] = located.side[which]
        chainage_m[rows], offset_m[rows] = located.chainage_m[which], located.offset_m[which]
    there = side != UNPLACED
    chainage_m, offset_m = np.where(there, chainage_m, np.nan), np.where(there, offset_m, np.nan)
    return np.where(there, line, NONE), side, rounded(chainage_m, 1), rounded(offset_m, 1)


def _nearest(site: Site) -> Indices:
    """The line nearest to each footprint's centre; none for what lies nowhere."""
    count = len(site.footprints)
    best, least_m = np.full(count, NONE), np.full(count, np.inf)
    for number in range(len(site.agreement.lines)):
        away_m = np.abs(_along(site, number).offset_m)
        nearer = away_m < least_m
        best[nearer], least_m[nearer] = number, away_m[nearer]
    return best


def _along(site: Site, number: int) -> Located:
    return site.places.along(list(site.agreement.lines.values())[number])
