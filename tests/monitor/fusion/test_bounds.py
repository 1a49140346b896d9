"""What holds of every incident: no report is lost or told twice, none is too far off, and what cannot be one is two."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings

from pipeline.model.records import Incident
from pipeline.model.report import Report
from pipeline.monitor.fuse.sights import BEGIN, COPY, REACH_M, REACH_S, TIER, Tier, X, Z, sights_of
from tests.monitor.fusion.clusters import clusters, corrected_clusters
from tests.monitor.fusion.telling import OBSERVERS, fused
from tests.monitor.remembering import remembered

FEWER = settings(max_examples=settings().max_examples // 2)
"""Each example is many reports."""


def members(incident: Incident, reports: list[Report]) -> list[Report]:
    named = {report.report_id: report for report in reports}
    return [named[name] for name in incident.report_ids]


@FEWER
@given(reports=clusters())
def test_every_report_is_in_just_one_incident_or_unresolved(reports: list[Report]) -> None:
    found = fused(reports)
    assert sorted(name for one in found for name in one.report_ids) == sorted(one.report_id for one in reports)
    assert len({one.incident_id for one in found}) == len(found)
    assert all(len(one.report_ids) == 1 for one in found if one.unresolved)


@FEWER
@given(reports=corrected_clusters())
def test_corrections_lose_no_report_and_leave_none_that_does_not_stand(reports: list[Report]) -> None:
    """What stands is told once for each window in which a version of it stands; what is revised is told nowhere."""
    found = [name for one in remembered([], [reports]).incidents.values() for name in one.report_ids]
    versions: dict[str, list[Report]] = {}
    for report in reports:
        versions.setdefault(report.report_id, []).append(report)
    revised = {(report.revises, report.ledger) for report in reports if report.revises is not None}
    for name, told in versions.items():
        left = [one for one in told if (one.report_id, one.ledger) not in revised]
        assert found.count(name) <= len(left)
        if left and not any(one.retracted for one in left):
            assert found.count(name) >= 1


@FEWER
@given(reports=clusters(max_size=24))
def test_no_incident_is_wider_or_longer_than_the_reach(reports: list[Report]) -> None:
    for incident in fused(reports):
        sights = sights_of(members(incident, reports), OBSERVERS)
        located = sights.at(np.flatnonzero(sights.marks[:, TIER] == Tier.LOCATED))
        for one, two in combinations(range(located.size), 2):
            a, b = located.table[one], located.table[two]
            assert np.linalg.norm(a[X : Z + 1] - b[X : Z + 1]) <= a[REACH_M]
            assert abs(a[BEGIN] - b[BEGIN]) <= a[REACH_S]


def cannot_be_one(one: Report, two: Report) -> bool:
    """Activities that nobody takes for each other; or two reports of one observer that do not say the same."""
    alike = any({one.activity, two.activity} <= set(terms) for family in OBSERVERS.families for terms in family.alike)
    words = [report.url or report.text for report in (one, two)]
    repeated = words[0] is not None and words[0] == words[1]
    return not alike or (one.observer is not None and one.observer == two.observer and not repeated)


@FEWER
@given(reports=clusters(max_size=24))
def test_what_cannot_be_one_is_in_no_incident_together(reports: list[Report]) -> None:
    """Of one tier, where they joined each other; reports that tell just the same are asked once, by the first."""
    for incident in fused(reports):
        told = members(incident, reports)
        sights = sights_of(told, OBSERVERS)
        rows = np.flatnonzero(sights.marks[:, TIER] == sights.marks[:, TIER].min()).tolist()
        copy = [row if sights.marks[row, TIER] == Tier.LOCATED else int(sights.marks[row, COPY]) for row in rows]
        originals = [told[row] for number, row in enumerate(rows) if copy.index(copy[number]) == number]
        assert not any(cannot_be_one(one, two) for one, two in combinations(originals, 2))


@FEWER
@given(reports=clusters(max_size=24))
def test_posts_change_no_located_incident(reports: list[Report]) -> None:
    """Nor do data sets and whatever else does not locate: the same ids, places and times, with and without them."""
    tier = sights_of(reports, OBSERVERS).marks[:, TIER].tolist()
    located = [report for report, one in zip(reports, tier, strict=True) if one == Tier.LOCATED]
    names = {report.report_id for report in located}
    alone = {one.incident_id: one for one in fused(located)}
    together = {one.incident_id: one for one in fused(reports) if one.report_ids[0] in names}
    assert together.keys() == alone.keys()
    for name, incident in alone.items():
        joined = together[name]
        assert (joined.footprint, joined.observed_from, joined.observed_until) == (
            incident.footprint,
            incident.observed_from,
            incident.observed_until,
        )
        assert [one for one in joined.report_ids if one in names] == list(incident.report_ids)
