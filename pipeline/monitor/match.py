"""Matching: reports against zones, as a table."""

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.footprints import Footprints
from pipeline.model.records import Match
from pipeline.model.report import Report
from pipeline.model.taxonomy import Verdict
from pipeline.monitor.parameters import Parameters
from pipeline.monitor.site import Site


def match_reports(
    reports: Sequence[Report], agreement: Agreement, parameters: Parameters, *, all_reports: bool = False
) -> Iterator[Match]:
    """One match for each report and zone of probability `match_from` or more, in the reports' order.

    With `all_reports`, a report in no zone has one row too, which names the nearest line.
    """
    footprints = Footprints([report.footprint for report in reports], agreement.areas)
    site = Site(footprints, agreement, ())
    shares = np.round(site.shares.each, 4)
    kept = shares >= parameters.match_from
    for index, report in enumerate(reports):
        zones = np.flatnonzero(kept[:, index]).tolist()
        for zone in zones:
            yield _row(report, site, index, zone, float(shares[zone, index]), parameters)
        if all_reports and not zones:
            yield _row(report, site, index, None, 0.0, parameters)


def verdict(probability: float, parameters: Parameters) -> Verdict:
    """Inside, outside or indeterminate."""
    if probability >= parameters.inside_from:
        return Verdict.INSIDE
    return Verdict.OUTSIDE if probability <= parameters.outside_to else Verdict.INDETERMINATE


def _row(report: Report, site: Site, index: int, zone: int | None, probability: float, parameters: Parameters) -> Match:
    where = site.reference(index, zone)
    footprints = site.footprints
    placed = bool(footprints.placed[index])
    return Match(
        report_id=report.report_id,
        agreement=site.agreement.name,
        zone=None if zone is None else site.agreement.zones[zone].zone_id,
        line=where.line,
        side=where.side,
        chainage_m=where.chainage_m,
        offset_m=where.offset_m,
        probability=probability,
        verdict=verdict(probability, parameters),
        observed_from=report.observed_from,
        observed_until=report.observed_until,
        lon=round(float(footprints.lon[index]), 6) if placed else None,
        lat=round(float(footprints.lat[index]), 6) if placed else None,
    )
