"""The Korean agreement of 2018: its distances by aircraft and half of the line, held against pyproj.Geod alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyproj import Geod

from pipeline.agreement import Agreement, load_agreement
from pipeline.agreement.format import FlightTable, ProhibitedActivityTable
from pipeline.model.footprint import Disc
from pipeline.model.report import Attribution, Report
from pipeline.model.taxonomy import Activity, Basis, Weapon
from tests.agreement.placing import Lonlat, broken, oracle_line, place, report, within
from tests.oracles import OracleLine

IN_FORCE = datetime(2019, 5, 1, 3, tzinfo=UTC)
WEST_M, EAST_M = 60_000.0, 150_000.0
"""Chainages of two places, far from the ends and from marker 0646."""
OFFSETS = [
    ("no-fixed-wing", WEST_M, 20_000.0),
    ("no-fixed-wing", EAST_M, 40_000.0),
    ("no-rotary-wing", WEST_M, 10_000.0),
    ("no-rotary-wing", EAST_M, 10_000.0),
    ("no-uav", WEST_M, 10_000.0),
    ("no-uav", EAST_M, 15_000.0),
    ("no-balloons", WEST_M, 25_000.0),
    ("no-balloons", EAST_M, 25_000.0),
    ("artillery-live-fire", WEST_M, 5_000.0),
    ("artillery-live-fire", EAST_M, 5_000.0),
]
"""The Defence White Paper's figures: the provision, where along the line, metres on each side."""


@pytest.fixture(scope="module")
def korea() -> Agreement:
    return load_agreement("korea-2018")


@pytest.fixture(scope="module")
def line() -> OracleLine:
    return oracle_line("korea-mdl-1953")


def told(number: int, where: Lonlat, activity: Activity, weapon: Weapon, **fields: Any) -> Report:
    return report(number, fields.pop("at", IN_FORCE), where, activity, weapon, **fields)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("provision", "chainage_m", "limit_m"), OFFSETS)
def test_just_inside_is_inside_and_just_outside_is_not(
    korea: Agreement, line: OracleLine, provision: str, chainage_m: float, limit_m: float, side: str
) -> None:
    (table,) = [one for one in korea.tables.provisions if one.id == provision]
    assert isinstance(table, FlightTable | ProhibitedActivityTable)
    ids = table.zones
    inside, outside = (place(line, chainage_m, side, limit_m + by) for by in (-25.0, 25.0))
    assert within(korea, ids, inside, outside) == [True, False]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    ("weapon", "away_m", "west", "east"),
    [
        (Weapon.UAV, 5_000.0, {"no-uav"}, {"no-uav"}),
        (Weapon.UAV, 11_900.0, set(), {"no-uav"}),
        (Weapon.UAV, 18_500.0, set(), set()),
        (Weapon.FIXED_WING, 16_000.0, {"no-fixed-wing"}, {"no-fixed-wing"}),
        (Weapon.FIXED_WING, 30_000.0, set(), {"no-fixed-wing"}),
        (Weapon.FIXED_WING, 44_000.0, set(), set()),
        (Weapon.ROTARY_WING, 6_000.0, {"no-rotary-wing"}, {"no-rotary-wing"}),
        (Weapon.ROTARY_WING, 14_000.0, set(), set()),
        (Weapon.BALLOON, 20_000.0, {"no-balloons"}, {"no-balloons"}),
        (Weapon.BALLOON, 29_000.0, set(), set()),
    ],
)
def test_a_flight_is_judged_by_its_kind_and_its_half_of_the_line(
    korea: Agreement, line: OracleLine, weapon: Weapon, away_m: float, west: set[str], east: set[str], side: str
) -> None:
    for chainage_m, expected in ((WEST_M, west), (EAST_M, east)):
        where = place(line, chainage_m, side, away_m)
        assert broken(korea, told(1, where, Activity.FLIGHT, weapon)) == expected


@pytest.mark.parametrize("side", ["left", "right"])
def test_fire_and_drills_near_the_line(korea: Agreement, line: OracleLine, side: str) -> None:
    near, far = (place(line, EAST_M, side, away_m) for away_m in (1_500.0, 9_000.0))
    drill = Activity.LIVE_FIRE_TRAINING
    assert broken(korea, told(1, near, Activity.SHELLING, Weapon.ARTILLERY)) == {"no-attack"}
    assert broken(korea, told(1, near, drill, Weapon.ARTILLERY)) == {"artillery-live-fire"}
    assert broken(korea, told(1, near, drill, Weapon.SMALL_ARMS)) == set()
    assert broken(korea, told(1, far, drill, Weapon.ARTILLERY)) == set()
    assert broken(korea, told(1, far, drill, Weapon.AIR_BOMB)) == {"air-live-fire"}


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_flight_that_was_notified_and_a_commercial_one_are_free(
    korea: Agreement, line: OracleLine, side: str
) -> None:
    where = place(line, EAST_M, side, 5_000.0)
    flight = told(1, where, Activity.FLIGHT, Weapon.ROTARY_WING)
    notice = Report(
        report_id="test:2", source="test", observer="register", ledger="independent", activity=Activity.NOTIFICATION,
        observed_from=IN_FORCE - timedelta(hours=1), observed_until=IN_FORCE + timedelta(hours=1),
        published_at=IN_FORCE - timedelta(hours=5), footprint=Disc(*where, 3_000.0),
    )  # fmt: skip
    cargo = Attribution("commercial", "tower", Basis.OBSERVED)
    assert broken(korea, flight) == {"no-rotary-wing"}
    assert broken(korea, flight, notice) == set()
    assert broken(korea, told(1, where, Activity.FLIGHT, Weapon.FIXED_WING, attribution=cargo)) == set()


def test_what_was_suspended_is_judged_no_more(korea: Agreement, line: OracleLine) -> None:
    where = place(line, EAST_M, "right", 1_500.0)

    def on(at: datetime) -> set[str]:
        flight = told(1, where, Activity.FLIGHT, Weapon.ROTARY_WING, at=at)
        return broken(korea, flight, told(2, where, Activity.SHELLING, Weapon.ARTILLERY, at=at))

    assert on(datetime(2018, 10, 31, 14, tzinfo=UTC)) == set()
    assert on(datetime(2018, 10, 31, 16, tzinfo=UTC)) == {"no-rotary-wing", "no-attack"}
    assert on(datetime(2023, 11, 21, 14, tzinfo=UTC)) == {"no-rotary-wing", "no-attack"}
    assert on(datetime(2023, 11, 21, 16, tzinfo=UTC)) == {"no-attack"}
    assert on(datetime(2024, 6, 3, 16, tzinfo=UTC)) == set()


def test_the_line_is_shorter_than_is_published_as_its_bends_are_cut_off(line: OracleLine) -> None:
    """238 to 250 km are commonly given for the land part; the line of Natural Earth has 44 vertices."""
    own = Geod(ellps="WGS84").line_length(line.lon, line.lat)
    assert own == pytest.approx(203_884, abs=1.0)
    assert 0.80 < own / 248_000 < 0.90
