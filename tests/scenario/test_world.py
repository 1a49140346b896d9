"""What truly happens lies where it should: about hot spots at the line, on both sides, in exchanges, and far off."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from pipeline.agreement import Agreement
from pipeline.geometry.bands import OUT
from pipeline.geometry.places import Places
from pipeline.scenario.catalogue import Scenario, scenario_named
from pipeline.scenario.ground import Path, between, length_m, metres_per_degree, moved
from pipeline.scenario.incidents import DAY_MS, EXCHANGE_LASTS_MS, Incidents, happen
from pipeline.scenario.kinds import KINDS, NUMBER, Where
from pipeline.scenario.sightings import half_wind
from pipeline.scenario.world import World

GEOD = Geod(ellps="WGS84")
BEGIN_MS = 1_772_323_200_000
WHERE = np.array([list(Where).index(kind.where) for kind in KINDS])


def fresh(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.fixture(scope="module")
def world(hypothetical: Agreement) -> World:
    return World(hypothetical, fresh(21))


@pytest.fixture(scope="module")
def day(world: World) -> Incidents:
    return happen(scenario_named("routine"), world, BEGIN_MS, DAY_MS, fresh(22))


def only(exchanges: float, **per_day: float) -> Scenario:
    return Scenario(name="x", title="", description="", per_day=per_day, exchanges_per_day=exchanges)


def test_kinds_happen_as_often_as_the_scenario_says(world: World) -> None:
    ten = happen(only(0.0, mortar_fire=900.0, traffic=100.0), world, BEGIN_MS, 10 * DAY_MS, fresh(23))
    number = np.bincount(ten.kind, minlength=len(KINDS))
    # Poisson: six standard errors.
    assert abs(number[NUMBER["mortar_fire"]] - 9_000) < 6 * 95
    assert abs(number[NUMBER["traffic"]] - 1_000) < 6 * 32
    per_hour = np.bincount((ten.begin_ms - BEGIN_MS) // 3_600_000, minlength=240)
    assert per_hour.var() / per_hour.mean() == pytest.approx(1.0, abs=0.5)


def test_the_front_is_on_both_sides_and_thickest_at_hot_spots(world: World, hypothetical: Agreement) -> None:
    many = happen(only(0.0, mortar_fire=8_000.0), world, BEGIN_MS, DAY_MS, fresh(24))
    line = next(iter(hypothetical.lines.values()))
    located = line.locate(many.lon, many.lat)
    assert abs((located.side == -1).mean() - 0.5) < 0.05
    assert np.median(np.abs(located.offset_m)) < 3_000.0
    bins = np.sort(np.histogram(located.chainage_m, bins=100, range=(0.0, line.length_m))[0])[::-1]
    assert bins[:20].sum() > 0.5 * bins.sum()


def test_an_exchange_is_within_a_kilometre_and_a_quarter_of_an_hour(world: World) -> None:
    # One exchange a day at most, so that the days tell them apart.
    for seed in range(40):
        one = happen(only(0.3), world, BEGIN_MS, DAY_MS, fresh(seed))
        if one.size == 0 or len(np.unique(one.chainage_m)) > 1:
            continue
        assert 3 <= one.size <= 10
        assert np.ptp(one.begin_ms) <= EXCHANGE_LASTS_MS
        away_m = GEOD.inv(np.full(one.size, one.lon[0]), np.full(one.size, one.lat[0]), one.lon, one.lat)[2]
        assert max(away_m) < 1_500.0
        return
    pytest.fail("no seed gave an exchange by itself")


def test_incidents_stay_in_their_span(day: Incidents) -> None:
    assert day.begin_ms.min() >= BEGIN_MS
    assert day.begin_ms.max() < BEGIN_MS + DAY_MS
    assert (np.diff(day.begin_ms) >= 0).all()


def test_what_is_far_off_is_in_no_zone(day: Incidents, hypothetical: Agreement) -> None:
    far = day.at(np.flatnonzero(WHERE[day.kind] == list(Where).index(Where.FAR)))
    places = Places(far.lon, far.lat)
    for zone in hypothetical.zones:
        assert (zone.settle(places, np.full(far.size, 10_000.0)) == OUT).all()


def test_what_lies_in_depth_is_as_deep_as_it_should_be(world: World, hypothetical: Agreement) -> None:
    """Near a bend a place may be nearer to another edge than to its own; further off it never is, but for rounding."""
    many = happen(only(0.0, guns_forward=3_000.0), world, BEGIN_MS, DAY_MS, fresh(25))
    away_m = np.abs(next(iter(hypothetical.lines.values())).locate(many.lon, many.lat).offset_m)
    least, most = KINDS[NUMBER["guns_forward"]].depth_m
    assert away_m.max() < most * 1.01
    assert (away_m > least * 0.9).mean() > 0.9


@given(st.floats(-75.0, 75.0))
def test_degrees_have_their_length(lat: float) -> None:
    east, north = metres_per_degree(np.array([lat]))
    assert east[0] == pytest.approx(1e3 * GEOD.inv(0.0, lat, 1e-3, lat)[2], rel=1e-5)
    assert north[0] == pytest.approx(1e3 * GEOD.inv(0.0, lat - 5e-4, 0.0, lat + 5e-4)[2], rel=1e-5)


@given(st.floats(-60.0, 60.0), st.floats(-3e4, 3e4), st.floats(-3e4, 3e4))
def test_a_shift_has_its_length_and_its_way_back(lat: float, east_m: float, north_m: float) -> None:
    start = np.array([30.0]), np.array([lat])
    there = moved(*start, np.array([east_m]), np.array([north_m]))
    expected = float(np.hypot(east_m, north_m))
    assert GEOD.inv(30.0, lat, there[0][0], there[1][0])[2] == pytest.approx(expected, rel=5e-3, abs=0.2)
    assert length_m(*between(*start, *there))[0] == pytest.approx(expected, rel=5e-3, abs=0.2)


@given(st.floats(0.0, 359.99))
def test_half_winds_are_the_nearest_of_thirty_two(azimuth: float) -> None:
    east, north = np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))
    found = int(half_wind(np.array([east]), np.array([north]))[0])
    assert abs((found * 11.25 - azimuth + 180.0) % 360.0 - 180.0) < 5.625 + 1e-6


def test_places_along_a_path_keep_their_side_and_distance(hypothetical: Agreement) -> None:
    line = next(iter(hypothetical.lines.values()))
    path = Path(line.lon, line.lat)
    assert path.length_m == pytest.approx(line.length_m, rel=1e-4)
    chainage_m = np.linspace(0.0, path.length_m, 500)
    lon, lat = path.place(chainage_m, np.full(500, 300.0))
    located = line.locate(lon, lat)
    assert (located.side == 1).mean() > 0.95
    assert np.median(located.offset_m) == pytest.approx(300.0, abs=2.0)
