"""Reports in, incidents out: which reports are one thing that happened, and what is then known of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from pipeline.agreement import Agreement
from pipeline.model.footprint import Disc
from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import Activity, CountUnit, Standing, Status, Weapon
from pipeline.monitor.place import tile_ids
from tests.monitor.fusion.telling import OBSERVERS, disc, fused, only, parts, told
from tests.monitor.remembering import remembered
from tests.worlds import world

FIVE = [
    told(1, "array-1", disc(0, 0, 150), at_s=0.5),
    told(2, "array-2", disc(60, -40, 200), at_s=-0.5),
    told(3, "camera-1", disc(-150, 100, 300), at_s=-20, lasting_s=40),
    told(4, "drone-1", disc(30, 20, 120), at_s=1, lasting_s=8),
    told(5, "patrol-1", disc(200, -150, 400), at_s=30, lasting_s=20),
]
"""One explosion that lasted for ten seconds, by five observers, each of its own errors."""

FIRE = OBSERVERS.families[0]


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def test_five_reports_of_one_explosion_are_one_incident_and_one_alert(agreement: Agreement) -> None:
    incident = only(FIVE)
    assert set(incident.report_ids) == {report.report_id for report in FIVE}
    assert incident.report_ids[0] == min(FIVE, key=lambda report: report.observed_from).report_id
    assert list(incident.report_ids[1:]) == sorted(incident.report_ids[1:])
    assert incident.origins == 5
    assert incident.occurred > max(only([report]).occurred for report in FIVE)
    (alert,) = remembered([agreement], [FIVE]).alerts.values()
    assert (alert.provision, alert.standing, alert.status) == ("ceasefire", Standing.RAISED, Status.CORROBORATED)
    assert alert.report_ids == incident.report_ids


def test_several_place_it_better_than_any_of_them() -> None:
    footprint = only(FIVE).footprint
    assert isinstance(footprint, Disc)
    radii_m = [report.footprint.radius_m for report in FIVE if isinstance(report.footprint, Disc)]
    assert footprint.radius_m < min(radii_m)
    # The best of them counts for most.
    assert abs(footprint.lon - 37.45) * 74_000 < 60


def test_the_sharpest_clocks_say_when_it_was() -> None:
    incident, first = only(FIVE), FIVE[0]
    assert abs(incident.observed_from - first.observed_from) <= timedelta(seconds=1)
    assert abs(incident.observed_until - first.observed_until) <= timedelta(seconds=1)


def test_one_report_alone_is_what_it_says() -> None:
    report = told(1, "array-1", weapons=(Weapon.MORTAR,), calibre_mm=(82.0, 120.0), count=Count(3, 5, CountUnit.ROUND))
    incident = only([report])
    assert incident.report_ids == ("test:1",)
    assert (incident.footprint, incident.observed_from, incident.observed_until) == (
        report.footprint,
        report.observed_from,
        report.observed_until,
    )
    assert (incident.weapons, incident.calibre_mm, incident.counts) == (
        report.weapons,
        report.calibre_mm,
        (report.count,),
    )
    assert incident.origins == 1


TOGETHER, APART = ["1 2"], ["1", "2"]


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        # An observer who reports twice tells of two things, however alike.
        ({"observer": "array-1"}, {"observer": "array-1"}, APART),
        ({"observer": "array-1"}, {"observer": "array-2"}, TOGETHER),
        ({"observer": "array-1", "text": "as heard"}, {"observer": "array-1", "text": "as heard"}, TOGETHER),
        # Places: within what the errors allow.
        ({}, {"footprint": disc(150)}, TOGETHER),
        ({}, {"footprint": disc(1_500)}, APART),
        ({"footprint": disc(radius_m=1_400)}, {"footprint": disc(1_500, radius_m=1_400)}, TOGETHER),
        # Times: an array's clock is good to a second, a camera's notebook to half a minute.
        ({}, {"at_s": 2}, TOGETHER),
        ({}, {"at_s": 20}, APART),
        ({"observer": "camera-1"}, {"observer": "camera-2", "at_s": 20}, TOGETHER),
        ({"observer": "camera-1"}, {"observer": "camera-2", "at_s": 600}, APART),
        # What it was: an explosion may be an impact, and is no burst.
        ({}, {"activity": Activity.IMPACT}, TOGETHER),
        ({}, {"activity": Activity.BURST}, APART),
        ({}, {"activity": Activity.FLARE}, APART),
        ({}, {"activity": Activity.MINE_EXPLOSION}, APART),
        ({"activity": Activity.ARMED_CLASH}, {"activity": Activity.BURST}, TOGETHER),
    ],
)
def test_what_two_say_decides_whether_it_is_one(one: dict[str, Any], two: dict[str, Any], expected: list[str]) -> None:
    first = {"observer": "array-1", **one}
    second = {"observer": "array-2", **two}
    assert parts([told(1, **first), told(2, **second)]) == expected
    assert parts([told(1, **second), told(2, **first)]) == expected


@pytest.mark.parametrize(
    ("weapons", "apart_m", "expected"),
    [
        ((Weapon.MORTAR,), 1_400, TOGETHER),
        ((), 1_400, TOGETHER),
        ((Weapon.UNKNOWN,), 1_400, TOGETHER),
        ((Weapon.ARTILLERY,), 0, TOGETHER),
        ((Weapon.ARTILLERY,), 1_400, APART),
    ],
)
def test_weapons_that_exclude_each_other_weigh_against_it(
    weapons: tuple[Weapon, ...], apart_m: float, expected: list[str]
) -> None:
    """Not for ever: where place and hour leave no doubt, one of the two took it for another."""
    first = told(1, "camera-1", disc(radius_m=500), weapons=(Weapon.MORTAR, Weapon.TANK))
    second = told(2, "camera-2", disc(apart_m, radius_m=500), at_s=40, weapons=weapons)
    assert parts([first, second]) == expected


def test_several_leave_only_the_weapons_that_all_of_them_allow() -> None:
    both = told(1, "array-1", weapons=(Weapon.MORTAR, Weapon.TANK)), told(2, "array-2", weapons=(Weapon.MORTAR,))
    assert only(both).weapons == (Weapon.MORTAR,)
    disjoint = told(1, "array-1", weapons=(Weapon.TANK,)), told(2, "array-2", weapons=(Weapon.MORTAR,))
    assert only(disjoint).weapons == (Weapon.MORTAR, Weapon.TANK)


def test_a_drone_that_passes_by_joins_what_a_camera_saw_whole() -> None:
    camera = told(1, "camera-1", at_s=0, lasting_s=1_200)
    passing = told(2, "drone-1", disc(100), at_s=500, lasting_s=60)
    incident = only([camera, passing])
    assert (incident.observed_from, incident.observed_until) == (camera.observed_from, camera.observed_until)
    before = told(2, "drone-1", disc(100), at_s=-500, lasting_s=60)
    assert parts([camera, before]) == APART


def test_a_clear_term_stands_for_one_that_leaves_it_open() -> None:
    three = [told(1, "array-1"), told(2, "array-2"), told(3, "camera-1", activity=Activity.IMPACT)]
    assert only(three).activity is Activity.IMPACT


def test_a_ring_that_would_be_wider_than_the_reach_stays_apart() -> None:
    """Chains do not run on: what lies between two incidents joins one of them."""
    step_m = 0.4 * FIRE.reach_m
    chain = [told(number, f"camera-{number}", disc(number * step_m, radius_m=1_500)) for number in range(8)]
    found = parts(chain)
    assert len(found) > 2
    for numbers in found:
        told_by = [int(number) for number in numbers.split()]
        assert (max(told_by) - min(told_by)) * step_m <= FIRE.reach_m


def test_where_an_observer_tells_of_many_the_evidence_is_weaker() -> None:
    """A pair that is one incident on a quiet day may be two of many under fire."""
    pair = [told(1, "camera-1", disc(radius_m=400)), told(2, "camera-2", disc(750, radius_m=400), at_s=80)]
    others = [
        told(f"{who} {number}", f"camera-{who}", disc(200 * (number % 7), 1_500 + 1_000 * (who - 1)), at_s=20 * number)
        for who in (1, 2)
        for number in range(-15, 15)
    ]
    assert parts(pair) == TOGETHER
    crowded = [one for one in fused([*pair, *others]) if "test:1" in one.report_ids]
    assert [one.report_ids for one in crowded] == [("test:1",)]


def test_reports_across_midnight_are_one() -> None:
    midnight = timedelta(days=1)
    pair = [told(1, "array-1", day=midnight, at_s=-0.5), told(2, "camera-1", disc(50), day=midnight, at_s=30)]
    incident = only(pair)
    assert {report.observed_from.day for report in pair} == {1}
    later = [told(1, "array-1", day=midnight, at_s=4.0), told(2, "camera-1", disc(50), day=midnight, at_s=20)]
    assert {report.observed_from.day for report in later} == {1, 2}
    assert only(later).window.day == "2016-03-01"
    assert incident.window.day == "2016-03-01"


def tiles_of(reports: Sequence[Report]) -> list[str]:
    places = [report.footprint for report in reports if isinstance(report.footprint, Disc)]
    return tile_ids(np.array([one.lon for one in places]), np.array([one.lat for one in places]))


@pytest.mark.parametrize(
    "border",
    [(36.455696, 48.35), (37.0, 49.5), (179.9999, -17.0), (-180.0, 66.3), (0.0, 0.0)],
    ids=["tile", "band", "antimeridian", "antimeridian in the north", "where no number has a sign"],
)
def test_reports_across_a_border_are_one(border: tuple[float, float]) -> None:
    four = [
        told(1, "array-1", disc(-120, -30, 150, border)),
        told(2, "array-2", disc(110, -70, 200, border)),
        told(3, "camera-1", disc(-90, 100, 300, border), at_s=15),
        told(4, "drone-1", disc(140, 120, 120, border), at_s=1, lasting_s=8),
    ]
    incident = only(four)
    assert len(set(tiles_of(four))) > 1
    assert len(incident.report_ids) == 4
    assert isinstance(incident.footprint, Disc)
    assert abs((incident.footprint.lon - border[0] + 180.0) % 360.0 - 180.0) < 0.003
    assert abs(incident.footprint.lat - border[1]) < 0.003
    assert incident.footprint.radius_m < 120
