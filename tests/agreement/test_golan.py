"""The Golan's disengagement of 1974: nested areas on either side of two lines, and stocks, held against pyproj.Geod."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pyproj import Geod

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.report import Attribution, Count, Report
from pipeline.model.taxonomy import Activity, Basis, CountUnit, Weapon
from tests.agreement.placing import Lonlat, broken, oracle_line, place, report, within
from tests.oracles import OracleLine

AT = datetime(1975, 3, 3, 8, tzinfo=UTC)
SIDES = [("israel", "a", "right"), ("syria", "b", "left")]
"""The party, its line, and on which side of it its area of limitation lies, looking southwards."""
Lines = dict[str, OracleLine]
HALFWAY_M = 55_000.0


@pytest.fixture(scope="module")
def golan() -> Agreement:
    return load_agreement("golan-1974")


@pytest.fixture(scope="module")
def lines() -> Lines:
    return {name: oracle_line(f"golan-line-{name}-1974") for name in ("a", "b")}


def told(number: int, where: Lonlat, activity: Activity, weapon: Weapon, **fields: Any) -> Report:
    return report(number, AT, where, activity, weapon, **fields)


def counted(where: Lonlat, weapon: Weapon, least: float, most: float) -> Report:
    return told(1, where, Activity.WEAPON_PRESENCE, weapon, count=Count(least, most, CountUnit.WEAPON))


@pytest.mark.parametrize(("party", "line", "side"), SIDES)
@pytest.mark.parametrize(
    ("zone", "near_m", "far_m"), [("ten", 0, 10_000), ("ten-to-twenty", 10_000, 20_000), ("twenty-five", 0, 25_000)]
)
def test_an_area_of_limitation_is_counted_from_its_own_side_s_line(
    golan: Agreement, lines: Lines, party: str, line: str, side: str, zone: str, near_m: int, far_m: int
) -> None:
    away = (near_m - 25, near_m + 25, far_m - 25, far_m + 25)
    where = [place(lines[line], HALFWAY_M, side, one) for one in away if one > 0]
    expected = [False, True, True, False][-len(where) :]
    assert within(golan, (f"{zone}-{party}",), *where) == expected


@pytest.mark.parametrize(("party", "line", "side"), SIDES)
@pytest.mark.parametrize(("least", "most", "breaks"), [(75, 75, False), (76, 76, True), (70, 80, False)])
def test_seventy_five_tanks_are_allowed_on_each_side(
    golan: Agreement,
    lines: Lines,
    party: str,
    line: str,
    side: str,
    least: int,
    most: int,
    breaks: bool,
) -> None:
    where = place(lines[line], HALFWAY_M, side, 5_000.0)
    assert broken(golan, counted(where, Weapon.TANK, least, most)) == ({"ten-km"} if breaks else set())


@pytest.mark.parametrize(("party", "line", "side"), SIDES)
def test_more_guns_may_stand_further_off(golan: Agreement, lines: Lines, party: str, line: str, side: str) -> None:
    near, far, beyond = (place(lines[line], HALFWAY_M, side, away) for away in (5_000.0, 15_000.0, 24_000.0))
    assert broken(golan, counted(near, Weapon.ARTILLERY, 36, 36)) == set()
    assert broken(golan, counted(near, Weapon.ARTILLERY, 37, 37)) == {"ten-km"}
    assert broken(golan, counted(far, Weapon.ARTILLERY, 162, 162)) == set()
    assert broken(golan, counted(far, Weapon.ARTILLERY, 163, 163)) == {"ten-to-twenty-km"}
    assert broken(golan, counted(beyond, Weapon.ARTILLERY, 500, 500)) == set()


@pytest.mark.parametrize(("party", "line", "side"), SIDES)
def test_missiles_stand_25_km_off(golan: Agreement, lines: Lines, party: str, line: str, side: str) -> None:
    seen = Activity.WEAPON_PRESENCE
    inside, outside = (place(lines[line], HALFWAY_M, side, away) for away in (22_000.0, 28_000.0))
    for weapon in (Weapon.SURFACE_TO_AIR_MISSILE, Weapon.TACTICAL_MISSILE):
        assert broken(golan, told(1, inside, seen, weapon)) == {"missiles"}
        assert broken(golan, told(1, outside, seen, weapon)) == set()


def test_between_the_lines_are_no_forces_but_the_united_nations(golan: Agreement) -> None:
    middle = (35.865, 33.18)
    assert within(golan, ("separation",), middle) == [True]
    for party, told_of in (("israel", {"separation"}), ("syria", {"separation"}), ("undof", set())):
        whose = Attribution(party, "post", Basis.OBSERVED)
        seen = told(1, middle, Activity.TROOP_PRESENCE, Weapon.SMALL_ARMS, attribution=whose)
        assert broken(golan, seen) == told_of
    assert broken(golan, told(1, middle, Activity.TROOP_PRESENCE, Weapon.SMALL_ARMS)) == set()
    assert broken(golan, told(1, middle, Activity.SHELLING, Weapon.ARTILLERY)) == {"ceasefire"}


def test_the_limits_hold_from_the_day_on_which_the_disengagement_was_carried_out(golan: Agreement) -> None:
    middle, early = (35.865, 33.18), datetime(1974, 6, 10, 9, tzinfo=UTC)
    assert broken(golan, report(1, early, middle, Activity.TROOP_PRESENCE, Weapon.SMALL_ARMS)) == set()
    assert broken(golan, report(1, early, middle, Activity.SHELLING, Weapon.ARTILLERY)) == {"ceasefire"}


def test_the_area_of_separation_is_an_eighth_larger_than_is_reported(lines: Lines) -> None:
    """235 km² are reported; the lines of Natural Earth enclose 265 km²."""
    lon = [*lines["a"].lon, *lines["b"].lon[::-1]]
    lat = [*lines["a"].lat, *lines["b"].lat[::-1]]
    area_m2, _ = Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)
    assert abs(area_m2) / 1e6 == pytest.approx(265.0, abs=0.5)
