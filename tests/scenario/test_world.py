"""What truly happens lies where it should: about hot spots at the line, on both sides, at fixed sites, and far off."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from pipeline.agreement import Agreement
from pipeline.geometry.bands import OUT
from pipeline.geometry.places import Places
from pipeline.scenario.catalogue import scenario_named
from pipeline.scenario.conditions import DAY_MS
from pipeline.scenario.ground import Path, between, length_m, metres_per_degree, moved
from pipeline.scenario.incidents import Incidents
from pipeline.scenario.kinds import KINDS, NUMBER, SITES, Where
from pipeline.scenario.looks import where
from pipeline.scenario.sightings import half_wind
from pipeline.scenario.world import World
from tests.scenario.days import BEGIN_MS, day_of, fresh, only

GEOD = Geod(ellps="WGS84")
WHERE = np.array([list(Where).index(kind.where) for kind in KINDS])


@pytest.fixture(scope="module")
def world(hypothetical: Agreement) -> World:
    return World(hypothetical, fresh(21))


@pytest.fixture(scope="module")
def day(world: World) -> Incidents:
    return day_of(scenario_named("routine"), world, 22)


def test_kinds_happen_as_often_as_the_scenario_says(world: World) -> None:
    day = day_of(only(mortar_fire=9_000.0, traffic=1_000.0), world, 23)
    number = np.bincount(day.kind, minlength=len(KINDS))
    # Poisson: six standard errors.
    assert abs(number[NUMBER["mortar_fire"]] - 9_000) < 6 * 95
    assert abs(number[NUMBER["traffic"]] - 1_000) < 6 * 32
    per_minute = np.bincount((day.begin_ms - BEGIN_MS) // 60_000, minlength=1_440)
    assert per_minute.var() / per_minute.mean() == pytest.approx(1.0, abs=0.25)


def test_the_front_is_on_both_sides_and_thickest_at_hot_spots(world: World, hypothetical: Agreement) -> None:
    many = day_of(only(mortar_fire=8_000.0), world, 24)
    line = next(iter(hypothetical.lines.values()))
    located = line.locate(many.lon, many.lat)
    assert abs((located.side == -1).mean() - 0.5) < 0.05
    assert np.median(np.abs(located.offset_m)) < 3_000.0
    bins = np.sort(np.histogram(located.chainage_m, bins=100, range=(0.0, line.length_m))[0])[::-1]
    assert bins[:20].sum() > 0.5 * bins.sum()


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
    many = day_of(only(guns_withdrawn=3_000.0), world, 25)
    away_m = np.abs(next(iter(hypothetical.lines.values())).locate(many.lon, many.lat).offset_m)
    least, most = KINDS[NUMBER["guns_withdrawn"]].depth_m
    assert away_m.max() < most * 1.01
    assert (away_m > least * 0.9).mean() > 0.9


def test_weapons_that_should_be_gone_come_back_to_the_same_few_places(world: World) -> None:
    kind = KINDS[NUMBER["guns_forward"]]
    many = day_of(only(guns_forward=200.0), world, 26)
    sites = world.sites[NUMBER["guns_forward"]]
    assert len(sites.lon) == kind.sites
    away_m = np.array(
        [
            GEOD.inv(np.full(many.size, lon), np.full(many.size, lat), many.lon, many.lat)[2]
            for lon, lat in zip(sites.lon, sites.lat, strict=True)
        ]
    )
    assert away_m.min(axis=0).max() < 6.0 * kind.scatter_m
    at = np.bincount(away_m.argmin(axis=0), minlength=kind.sites)
    assert at[: kind.sites // 4].sum() > 2 * at[-kind.sites // 4 :].sum()


@pytest.mark.parametrize("number", SITES)
def test_at_a_site_one_thing_ends_before_the_next_of_its_kind_begins(number: int, world: World) -> None:
    kind = KINDS[number]
    many = day_of(only(**{kind.name: 400.0}), world, 27)
    sites = world.sites[number]
    site = np.hypot(many.lon[:, None] - sites.lon, many.lat[:, None] - sites.lat).argmin(axis=1)
    order = np.lexsort((many.begin_ms, site))
    together = np.diff(site[order]) == 0
    gap_ms = many.begin_ms[order][1:] - (many.begin_ms + many.lasts_ms)[order][:-1]
    assert together.sum() > 50
    assert (gap_ms[together] >= 0).all()


def test_a_drone_that_crosses_ends_on_the_other_side(world: World, hypothetical: Agreement) -> None:
    many = day_of(only(drone_crossing=400.0), world, 28)
    line = next(iter(hypothetical.lines.values()))
    sides = [line.locate(*where(many, many.begin_ms + share * many.lasts_ms // 4)).side for share in (0, 4)]
    # Where the line bends sharply, a place a kilometre and a half off one edge may lie across another.
    assert (sides[0] * sides[1] == -1).mean() > 0.9
    halfway = np.array(where(many, many.begin_ms + many.lasts_ms // 2))
    assert halfway[0] == pytest.approx((many.lon + where(many, many.begin_ms + many.lasts_ms)[0]) / 2.0, abs=1e-3)


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
