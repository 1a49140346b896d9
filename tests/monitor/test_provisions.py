"""Reports in, alerts out: what each kind of provision makes of a report."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Nowhere, Polygon
from pipeline.model.records import Alert
from pipeline.model.report import Attribution, Report
from pipeline.model.taxonomy import Activity, Basis, Doubt, Standing, Weapon
from pipeline.monitor import MemoryWindows, Monitor
from tests.worlds import OCCURRED, report, world, write_world

NEAR_A = Disc(37.45, 48.35, 50.0)
"""Some 4 km left of the line: A's side."""
NEAR_B = Disc(37.6, 48.15, 50.0)
"""Some 6 km right of the line: B's side."""
FAR_A = Disc(37.5, 48.42, 50.0)
AWAY = Disc(36.0, 50.0, 50.0)


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def alerts(agreement: Agreement, *given: Report) -> dict[str, Alert]:
    changes = Monitor([agreement], MemoryWindows(), {}).process(given)
    return {alert.provision: alert for alert in changes.alerts[agreement.name]}


def doubts(alert: Alert) -> set[Doubt]:
    return {note.doubt for note in alert.doubts}


RAISED, POSSIBLE, NOTHING = "raised", "possible", ""
M, A, U = Weapon.MORTAR, Weapon.ARTILLERY, Weapon.UNKNOWN


@pytest.mark.parametrize(
    ("activity", "fields", "provision", "standing"),
    [
        (Activity.EXPLOSION, {}, "ceasefire", RAISED),
        (Activity.ARMED_CLASH, {}, "ceasefire", RAISED),
        (Activity.HEAT, {}, "ceasefire", NOTHING),
        (Activity.FLARE, {}, "ceasefire", NOTHING),
        (Activity.UNKNOWN, {}, "ceasefire", POSSIBLE),
        (Activity.WEAPON_PRESENCE, {"weapons": (A,), "calibre_mm": 122.0}, "artillery", RAISED),
        (Activity.WEAPON_PRESENCE, {"weapons": (A,), "calibre_mm": 100.0}, "artillery", RAISED),
        (Activity.WEAPON_PRESENCE, {"weapons": (A,), "calibre_mm": 85.0}, "artillery", NOTHING),
        (Activity.WEAPON_PRESENCE, {"weapons": (A,), "calibre_mm": (90.0, 140.0)}, "artillery", POSSIBLE),
        (Activity.WEAPON_PRESENCE, {"weapons": (A,), "calibre_mm": (82.0, 100.0)}, "artillery", POSSIBLE),
        (Activity.WEAPON_PRESENCE, {"weapons": (A,)}, "artillery", POSSIBLE),
        (Activity.WEAPON_PRESENCE, {"weapons": (M,), "calibre_mm": 120.0}, "artillery", NOTHING),
        (Activity.WEAPON_PRESENCE, {"weapons": (M, A), "calibre_mm": 120.0}, "artillery", POSSIBLE),
        (Activity.WEAPON_PRESENCE, {"weapons": ()}, "artillery", POSSIBLE),
        (Activity.TROOP_PRESENCE, {}, "artillery", NOTHING),
        (Activity.MOVEMENT, {"weapons": (A,), "calibre_mm": 152.0}, "artillery", RAISED),
        (Activity.OUTGOING_FIRE, {"weapons": (A,), "calibre_mm": 152.0}, "artillery", RAISED),
        (Activity.IMPACT, {"weapons": (A,), "calibre_mm": 152.0}, "artillery", NOTHING),
        (Activity.TROOP_PRESENCE, {}, "troops-a", RAISED),
        (Activity.FLIGHT, {"weapons": (Weapon.UAV,)}, "drones", RAISED),
        (Activity.FLIGHT, {"weapons": (Weapon.FIXED_WING,)}, "drones", NOTHING),
        (Activity.FLIGHT, {}, "drones", POSSIBLE),
    ],
)
def test_what_a_report_says_decides_which_clause_it_breaks(
    agreement: Agreement, activity: Activity, fields: dict[str, Any], provision: str, standing: str
) -> None:
    found = alerts(agreement, report(1, NEAR_A, activity, **fields)).get(provision)
    assert (found.standing.value if found else NOTHING) == standing
    if standing == POSSIBLE:
        assert found
        assert doubts(found) & {Doubt.WEAPON_UNCLEAR, Doubt.ACTIVITY_UNCLEAR}


@pytest.mark.parametrize(
    ("place", "raised"),
    [
        (NEAR_A, {"ceasefire"}),
        (NEAR_B, {"ceasefire"}),
        (FAR_A, {"ceasefire"}),
        (AWAY, set()),
        (Nowhere(), set()),
    ],
)
def test_fire_is_judged_by_its_place(agreement: Agreement, place: Footprint, raised: set[str]) -> None:
    assert set(alerts(agreement, report(1, place))) == raised


def test_a_clause_of_one_side_holds_on_that_side_only(agreement: Agreement) -> None:
    assert "troops-a" in alerts(agreement, report(1, NEAR_A, Activity.TROOP_PRESENCE))
    assert "troops-a" not in alerts(agreement, report(1, NEAR_B, Activity.TROOP_PRESENCE))


def test_the_monitors_own_drone_is_exempt(agreement: Agreement) -> None:
    own = Attribution("monitor", "monitor", Basis.OBSERVED)
    flight = report(1, NEAR_A, Activity.FLIGHT, weapons=(Weapon.UAV,), attribution=own)
    assert alerts(agreement, flight) == {}


@pytest.mark.parametrize(
    ("at", "lasting", "probability"),
    [
        (timedelta(hours=5, minutes=59), timedelta(0), None),
        (timedelta(hours=6), timedelta(0), 1.0),
        (timedelta(hours=5), timedelta(hours=2), 0.5),
        (timedelta(hours=5), timedelta(hours=1), None),
        (timedelta(hours=12), timedelta(hours=1), None),
        (timedelta(hours=12), timedelta(hours=4), 0.75),
    ],
)
def test_time_counts_like_place(
    agreement: Agreement, at: timedelta, lasting: timedelta, probability: float | None
) -> None:
    found = alerts(agreement, report(1, NEAR_A, at=at, lasting=lasting)).get("ceasefire")
    assert (found.probability if found else None) == (None if probability is None else probability * OCCURRED)


def test_an_exception_may_name_a_group_of_activities(tmp_path: Path) -> None:
    path = write_world(tmp_path)
    text = path.read_text(encoding="utf-8")
    noon = timedelta(hours=12, minutes=10)
    for group, suspended in (("fire", True), ("light", False)):
        path.write_text(
            text.replace('kind = "time_window"', f'kind = "time_window"\nactivities = ["{group}"]'), "utf-8"
        )
        assert (alerts(load_agreement(path), report(1, NEAR_A, Activity.SHELLING, at=noon)) == {}) == suspended


def test_two_zones_that_meet_at_the_line_have_no_edge_there(agreement: Agreement) -> None:
    lon, lat = agreement.lines["line"].place(60_000.0, 100.0)
    gun = report(1, Disc(float(lon), float(lat), 10.0), Activity.WEAPON_PRESENCE, weapons=(A,), calibre_mm=152.0)
    assert Doubt.LINE_ACCURACY not in doubts(alerts(agreement, gun)["artillery"])


def test_a_broad_footprint_is_possible_at_most_unless_the_zone_holds_it_wholly(agreement: Agreement) -> None:
    broad = alerts(agreement, report(1, Disc(37.55, 48.2, 24_000.0)))["ceasefire"]
    assert broad.standing is Standing.POSSIBLE
    assert Doubt.PLACE_BROAD in doubts(broad)
    assert broad.probability > 0.5
    within = alerts(agreement, report(1, Disc(37.55, 48.25, 13_000.0)))["ceasefire"]
    assert within.probability == OCCURRED
    assert within.standing is Standing.RAISED


def test_a_footprint_larger_than_the_zone_is_broad(agreement: Agreement, tmp_path: Path) -> None:
    ring = [[36.5, 47.5], [39.0, 47.5], [39.0, 49.2], [36.5, 49.2], [36.5, 47.5]]
    found = alerts(agreement, report(1, Area(geometry=Polygon([ring]))))["ceasefire"]
    assert found.standing is Standing.POSSIBLE
    assert 0.1 < found.probability < 0.4


def test_a_bearing_is_judged_by_its_sector(agreement: Agreement) -> None:
    towards = Bearing(36.55, 48.2, 22_000.0, 30_000.0, ((45.0, 135.0),))
    away = Bearing(36.55, 48.2, 22_000.0, 30_000.0, ((225.0, 315.0),))
    assert alerts(agreement, report(1, towards))["ceasefire"].probability > 0.4 * OCCURRED
    assert alerts(agreement, report(1, away)) == {}


def test_an_alert_says_where_along_the_line(agreement: Agreement) -> None:
    found = alerts(agreement, report(1, NEAR_A))["ceasefire"]
    assert (found.line, found.side and found.side.value) == ("line", "left")
    assert found.offset_m is not None
    assert -8_000 < found.offset_m < -2_000
    assert (found.lon, found.lat, found.radius_m) == (37.45, 48.35, 50.0)
    assert found.attribution == ()
    assert Doubt.SINGLE_REPORT in doubts(found)


def test_near_a_zones_edge_the_lines_accuracy_is_a_doubt(agreement: Agreement) -> None:
    lon, lat = agreement.lines["line"].place(60_000.0, -24_900.0)
    found = alerts(agreement, report(1, Disc(float(lon), float(lat), 10.0)))["ceasefire"]
    notes = {note.doubt: note.figures for note in found.doubts}
    assert notes[Doubt.LINE_ACCURACY]["line_accuracy_m"] == 200
    assert notes[Doubt.LINE_ACCURACY]["edge_distance_m"] == pytest.approx(90, abs=5)


def test_a_partys_claim_alone_is_marked(agreement: Agreement) -> None:
    found = alerts(agreement, report(1, NEAR_A, ledger="party:a"))["ceasefire"]
    assert Doubt.PARTY_CLAIM in doubts(found)


def test_an_area_is_not_its_middle_point(agreement: Agreement) -> None:
    """A region whose middle lies on the line is a region: it never raises an alert as a place."""
    ring = [[34.0, 46.0], [41.0, 46.0], [41.0, 50.4], [34.0, 50.4], [34.0, 46.0]]
    found = alerts(agreement, report(1, Area(geometry=Polygon([ring]))))
    assert all(alert.standing is Standing.POSSIBLE for alert in found.values())
