"""Georgia's arrangement binds one side: what the other side has near the line breaks nothing."""

from datetime import UTC, datetime

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.report import Count
from pipeline.model.taxonomy import Activity, CountUnit, Standing, Weapon
from tests.agreement.placing import Lonlat, broken, oracle_line, place, report, whose, within
from tests.monitor.remembering import in_memory

AT = datetime(2009, 3, 10, 9, tzinfo=UTC)
GORI_M = 45_000.0
"""About the chainage at which the line of towns passes Gori."""


@pytest.fixture(scope="module")
def georgia() -> Agreement:
    return load_agreement("georgia-2009")


@pytest.fixture(scope="module")
def near() -> Lonlat:
    """On Georgia's side, 5 km from the boundary line with Abkhazia."""
    return place(oracle_line("georgia-abl-abkhazia"), 20_000.0, "right", 5_000.0)


@pytest.mark.parametrize("chainage_m", [15_000.0, 60_000.0, 100_000.0])
def test_fifteen_kilometres_on_georgia_s_side_alone(georgia: Agreement, chainage_m: float) -> None:
    line = oracle_line("georgia-abl-abkhazia")
    where = [place(line, chainage_m, "right", away_m) for away_m in (100.0, 14_975.0, 15_025.0)]
    where += [place(line, chainage_m, "left", away_m) for away_m in (100.0, 5_000.0)]
    assert within(georgia, ("adjacent-abkhazia",), *where) == [True, True, False, False, False]


@pytest.mark.parametrize(("side", "inside"), [("left", True), ("right", False)])
def test_north_of_the_line_of_khashuri_and_gori_and_not_south_of_it(
    georgia: Agreement, side: str, inside: bool
) -> None:
    where = place(oracle_line("georgia-towns-line"), GORI_M, side, 25.0)
    assert within(georgia, ("adjacent-south-ossetia",), where) == [inside]


@pytest.mark.parametrize(
    ("weapon", "calibre_mm", "raised"),
    [
        (Weapon.ARTILLERY, 122.0, True),
        (Weapon.ARTILLERY, 100.0, False),
        (Weapon.MORTAR, 120.0, True),
        (Weapon.MORTAR, 82.0, False),
        (Weapon.MULTIPLE_ROCKET_LAUNCHER, 122.0, False),
    ],
)
def test_guns_and_mortars_from_120_mm_up(
    georgia: Agreement, near: Lonlat, weapon: Weapon, calibre_mm: float, raised: bool
) -> None:
    seen = report(1, AT, near, Activity.WEAPON_PRESENCE, weapon, calibre_mm=calibre_mm, attribution=whose("georgia"))
    assert broken(georgia, seen) == ({"guns"} if raised else set())


def test_the_other_side_s_guns_break_nothing(georgia: Agreement, near: Lonlat) -> None:
    told = {"calibre_mm": 152.0, "attribution": whose("beyond")}
    assert broken(georgia, report(1, AT, near, Activity.WEAPON_PRESENCE, Weapon.ARTILLERY, **told)) == set()


def test_guns_of_whom_nobody_says_whose_they_are_are_possible_at_most(georgia: Agreement, near: Lonlat) -> None:
    seen = report(1, AT, near, Activity.WEAPON_PRESENCE, Weapon.ARTILLERY, calibre_mm=152.0)
    (alert,) = in_memory([georgia], [[seen]]).values()
    assert alert.standing is Standing.POSSIBLE
    assert "attribution_needed" in [note.doubt for note in alert.doubts]
    assert "line_disputed" in [note.doubt for note in alert.doubts]


@pytest.mark.parametrize(("number", "raised"), [(5, False), (6, True)])
def test_five_armoured_vehicles_are_free(georgia: Agreement, near: Lonlat, number: int, raised: bool) -> None:
    told = {"calibre_mm": 100.0, "count": Count(number, number, CountUnit.VEHICLE), "attribution": whose("georgia")}
    seen = report(1, AT, near, Activity.WEAPON_PRESENCE, Weapon.ARMOURED_VEHICLE, **told)
    assert broken(georgia, seen) == ({"armour"} if raised else set())
