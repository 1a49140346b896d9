"""A report has the same share of every zone, to the last bit, alone, among a few and among thousands."""

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec
import numpy as np
import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.geometry.footprints import Footprints
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Polygon
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity
from pipeline.monitor import MemoryWindows, Monitor
from pipeline.monitor.site import Site
from tests.matches import matches
from tests.monitor.remembering import AREAS
from tests.worlds import report, world

AMONG = 4_000
ALONE = 75
BLOCKS = (2, 3, 5, 7, 8, 9, 16, 17, 31, 33)
NAMED = ["ua", "ua-donetsk", "ua-luhansk", "ua-kharkiv"]
RADII_M = [0.0, 0.0, 10.0, 400.0, 3_000.0, 20_000.0, 200_000.0]

Judged = dict[str, list[bytes]]
Judge = Callable[[Sequence[Report], Agreement], Judged]


def footprint(rng: random.Random, west: float, south: float, east: float, north: float) -> Footprint:
    lon, lat = rng.uniform(west, east), rng.uniform(south, north)
    kind = rng.random()
    if kind < 0.6:
        return Disc(lon, lat, rng.choice(RADII_M))
    if kind < 0.8:
        start = rng.uniform(0.0, 359.0)
        sectors = ((start, start + rng.choice([2.0, 40.0, 200.0])), (rng.uniform(0.0, 90.0), 100.0))
        return Bearing(lon, lat, rng.choice([0.0, 1_000.0]), rng.uniform(2e3, 3e4), sectors[: rng.randint(1, 2)])
    if kind < 0.85:
        return Area(area_id=rng.choice(NAMED))
    wide, high = rng.uniform(0.0005, 0.2), rng.uniform(0.0005, 0.2)
    ring = [[lon, lat], [lon + wide, lat], [lon + wide, lat + high], [lon + wide / 3, lat + high / 2], [lon, lat]]
    return Area(geometry=Polygon([ring]))


@pytest.fixture(scope="module", params=["donbas-2015", "small world"])
def agreement(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    if request.param == "small world":
        return world(tmp_path_factory.mktemp("world"))
    return load_agreement(request.param)


@pytest.fixture(scope="module")
def reports(agreement: Agreement) -> list[Report]:
    rng = random.Random(7)
    box = (36.6, 47.7, 38.9, 48.9) if agreement.name == "world" else (36.0, 46.5, 40.5, 50.5)
    began = agreement.in_force[0]
    first = began - report(0, Disc(37.0, 48.0, 0.0)).observed_from
    activities = [Activity.EXPLOSION, Activity.WEAPON_PRESENCE, Activity.TROOP_PRESENCE, Activity.FLIGHT]
    # Of one observer: no two of them are one incident, whatever the company.
    return [
        report(
            number,
            footprint(rng, *box),
            rng.choice(activities),
            at=first + timedelta(minutes=rng.randint(-1_000, 10**6)),
            lasting=timedelta(minutes=rng.choice([0, 1, 600])),
            observer="somebody",
        )
        for number in range(AMONG)
    ]


def matched(reports: Sequence[Report], agreement: Agreement) -> Judged:
    found: Judged = defaultdict(list)
    for row in matches(reports, agreement, all_reports=True):
        found[row.report_id].append(msgspec.json.encode(row))
    return found


def alerted(reports: Sequence[Report], agreement: Agreement) -> Judged:
    changes = Monitor([agreement], MemoryWindows(), AREAS).process(reports)
    found: Judged = defaultdict(list)
    for alert in changes.alerts[agreement.name]:
        found[alert.report_ids[0]].append(msgspec.json.encode(alert))
    return found


def unrounded(reports: Sequence[Report], agreement: Agreement) -> Judged:
    """The figures before any rounding: shares, chainage, offset."""
    groups = [clause.zone_indices for clause in agreement.clauses]
    site = Site(Footprints([one.footprint for one in reports], AREAS), agreement, groups)
    tables = [site.shares.each, site.shares.any]
    tables += [
        np.stack([found.chainage_m, found.offset_m]) for found in map(site.places.along, agreement.lines.values())
    ]
    return {
        one.report_id: [row[index].tobytes() for table in tables for row in table] for index, one in enumerate(reports)
    }


@pytest.mark.parametrize("judge", [matched, alerted, unrounded])
def test_a_report_is_judged_alone_and_in_any_company_alike(
    judge: Judge, agreement: Agreement, reports: list[Report]
) -> None:
    among_all = judge(reports, agreement)
    rng = random.Random(1)
    alone = [[one] for one in rng.sample(reports, ALONE)]
    starts = [(rng.randrange(AMONG - size), size) for size in BLOCKS for _ in range(3)]
    blocks = [reports[start : start + size] for start, size in starts]
    differing = [
        one.report_id
        for few in itertools.chain(alone, blocks)
        for found in [judge(few, agreement)]
        for one in few
        if found.get(one.report_id, []) != among_all.get(one.report_id, [])
    ]
    assert differing == []
    assert sum(map(bool, among_all.values())) > AMONG // 20
