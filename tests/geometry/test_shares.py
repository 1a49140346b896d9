"""The share of a footprint's area in a zone, against the mean over many places, evenly spread.

Whether a place lies in a zone is held to geodesics in test_exact_zones.py; here `zone.contains` is taken at its word,
but for some footprints whose places are all asked of the oracle itself.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import LEFT, RIGHT, Line
from pipeline.geometry.membership import membership
from pipeline.geometry.places import Places
from pipeline.geometry.zones import OffsetZone, PolygonZone, Zone
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Nowhere
from tests.geometry.evenly import MANY, bearing_places, disc_places
from tests.geometry.sharing import (
    GROUPS,
    TOLERANCE,
    WORLDS,
    ZONES,
    assert_shares,
    centres,
    drawn,
    in_zones,
    shares,
)
from tests.geometry.worldwide import OF_EACH_REGION, OF_EACH_WORLD, Path, Vantage, log_floats, seen_from
from tests.oracles import MAY_LEFT, MAY_PAST, MAY_RIGHT, Bools, Floats, OracleLine, walk


def in_offset_zones(oracle: OracleLine, zones: Sequence[Zone], lon: Floats, lat: Floats) -> Bools:
    """Which places lie in which offset zones, by the oracle alone."""
    feet = oracle.feet(lon, lat)
    best, column = feet.away_m.argmin(axis=0), np.arange(len(lon))
    side, away, chainage = (part[best, column] for part in (feet.side, feet.away_m, feet.chainage_m))
    if oracle.closed:  # where it ends it has begun
        chainage = np.where(chainage > oracle.length_m - 0.001, 0.0, chainage)
    hits = []
    for zone in zones:
        assert isinstance(zone, OffsetZone)
        allowed = {LEFT: MAY_LEFT, RIGHT: MAY_RIGHT, 0: MAY_LEFT | MAY_RIGHT}[zone.side]
        low, high = zone.between_m or (0.0, oracle.length_m)
        inside = (side & allowed > 0) & (side != MAY_PAST) & (away >= zone.from_m) & (away <= zone.to_m)
        hits.append(inside & (chainage >= low) & (chainage <= high))
    return np.array(hits)


# Discs


@pytest.mark.parametrize("name", WORLDS)
@OF_EACH_WORLD
@given(centre=centres(), radius_m=log_floats(10.0, 100_000.0))
@example(centre=Vantage(0.5, 0.0, 0.0), radius_m=5_000.0)
@example(centre=Vantage(1.0, 45.0, 100.0), radius_m=3_000.0)
@example(centre=Vantage(0.0, 0.0, 0.0), radius_m=8_058.4)
def test_a_discs_share_is_that_of_its_area(name: str, centre: Vantage, radius_m: float) -> None:
    here = WORLDS[name]
    lon, lat = seen_from(here.oracle, [centre])
    disc = Disc(float(lon[0]), float(lat[0]), radius_m)
    assert_shares(shares([disc], here.zones), in_zones(here.zones, *disc_places(disc)))


@OF_EACH_REGION
@given(
    share=st.floats(0.05, 0.95),
    azimuth_deg=st.floats(0.0, 360.0),
    away_m=st.floats(0.0, 12.0),
    radius_m=log_floats(1.0, 10.0),
)
def test_a_disc_of_some_metres_on_the_line_has_its_share_in_each_side(
    share: float, azimuth_deg: float, away_m: float, radius_m: float
) -> None:
    """What is within half a metre of the line lies in the zones of both sides."""
    here = WORLDS["bent"]
    lon, lat = seen_from(here.oracle, [Vantage(share, azimuth_deg, away_m)])
    disc = Disc(float(lon[0]), float(lat[0]), radius_m)
    assert_shares(shares([disc], here.zones), in_zones(here.zones, *disc_places(disc)))


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("radius_m", [1.0, 2.0, 4.0])
def test_a_disc_of_some_metres_about_an_end_has_the_share_of_what_the_zone_holds(share: float, radius_m: float) -> None:
    here = WORLDS["bent"]
    lon, lat = seen_from(here.oracle, [Vantage(share, 0.0, 0.0)])
    disc = Disc(float(lon[0]), float(lat[0]), radius_m)
    assert_shares(shares([disc], here.zones), in_zones(here.zones, *disc_places(disc)))


@pytest.mark.parametrize("name", WORLDS)
@OF_EACH_WORLD
@given(
    share=st.floats(0.0, 1.0),
    from_m=st.just(0.0) | log_floats(10.0, 30_000.0),
    depth=log_floats(0.02, 3.0),
    radius_m=log_floats(30.0, 60_000.0),
    past=st.floats(-1.2, 1.2),
    side=st.sampled_from([LEFT, 0, RIGHT]),
    stretch=st.none() | st.tuples(st.floats(0.0, 0.5), st.floats(0.01, 0.5)),
)
@example(share=0.5, from_m=0.0, depth=0.1, radius_m=100.0, past=0.75, side=LEFT, stretch=None)
@example(share=0.0, from_m=0.0, depth=1.0, radius_m=1_000.0, past=0.0, side=0, stretch=None)
def test_a_discs_share_in_a_band_of_any_depth(
    name: str,
    share: float,
    from_m: float,
    depth: float,
    radius_m: float,
    past: float,
    side: int,
    stretch: tuple[float, float] | None,
) -> None:
    """Bands from a fiftieth of the disc's radius to three times of it, and discs over either of their edges."""
    here = WORLDS[name]
    length_m = here.oracle.length_m
    between = stretch and (stretch[0] * length_m, (stretch[0] + stretch[1]) * length_m)
    zone = OffsetZone("z", "line", here.line, side, from_m, from_m + depth * radius_m, between)
    lon, lat = here.oracle.at(share * length_m, (side or 1) * (from_m + past * radius_m))
    disc = Disc(float(lon[0]), float(lat[0]), radius_m)
    assert_shares(shares([disc], [zone]), in_zones([zone], *disc_places(disc)))


def thousandths(low: int, high: int) -> st.SearchStrategy[float]:
    return st.integers(low, high).map(lambda number: number / 1_000.0)


def _figure(ring: shapely.LinearRing, turn_deg: float) -> list[tuple[float, float]]:
    """A ring in metres as one about a place near the middle of the bent line, turned."""
    east, north = shapely.get_coordinates(ring).T
    lon, lat = walk(37.6, 48.2, np.degrees(np.arctan2(east, north)) + turn_deg, np.hypot(east, north))
    return list(zip(lon.tolist(), lat.tolist(), strict=True))


@OF_EACH_REGION
@given(
    past=thousandths(-950, 950),
    size=thousandths(30, 400),
    at=st.tuples(thousandths(-900, 900), thousandths(-900, 900)),
    turn_deg=st.floats(0.0, 360.0),
    radius_m=log_floats(20.0, 20_000.0),
)
def test_a_hole_beside_an_edge_is_seen(
    past: float, size: float, at: tuple[float, float], turn_deg: float, radius_m: float
) -> None:
    """All that lies south of an edge, but for a square hole, or for a notch where the hole reaches the edge."""
    wide, edge = 20.0 * radius_m, past * radius_m
    south = shapely.box(-wide, -wide, wide, edge)
    hole = shapely.box(*(radius_m * np.array([at[0], at[1], at[0] + size, at[1] + size])))
    rest = max(shapely.get_parts(south.difference(hole)), key=shapely.area)
    rings = [_figure(ring, turn_deg) for ring in (rest.exterior, *rest.interiors)]
    zone = PolygonZone("z", shapely.Polygon(rings[0], rings[1:]))
    disc = Disc(37.6, 48.2, radius_m)
    assert_shares(shares([disc], [zone]), in_zones([zone], *disc_places(disc)))


@OF_EACH_REGION
@given(middle=st.floats(-0.9, 0.9), width=log_floats(0.01, 0.5), turn_deg=st.floats(0.0, 360.0), inverse=st.booleans())
@example(middle=0.75, width=0.1, turn_deg=0.0, inverse=False)
def test_a_strip_or_a_gap_through_a_disc_is_seen(middle: float, width: float, turn_deg: float, inverse: bool) -> None:
    radius_m = 3_000.0
    low, high, wide = (middle - width / 2.0) * radius_m, (middle + width / 2.0) * radius_m, 20.0 * radius_m
    boxes = [(-wide, -wide, wide, low), (-wide, high, wide, wide)] if inverse else [(-wide, low, wide, high)]
    parts = [shapely.Polygon(_figure(shapely.box(*box).exterior, turn_deg)) for box in boxes]
    zone = PolygonZone("z", shapely.MultiPolygon(parts))
    disc = Disc(37.6, 48.2, radius_m)
    assert_shares(shares([disc], [zone]), in_zones([zone], *disc_places(disc)))


STRAIGHT = Path((37.0, 38.5), (48.0, 48.3))
CORNER = Path((37.0, 37.6, 37.8), (48.0, 48.4, 47.9))
LOOP = Path((37.0, 37.4, 37.5, 37.1, 37.0), (48.0, 48.0, 48.3, 48.35, 48.0))


class Case(NamedTuple):
    """A disc, by share, offset to the right and radius, in a zone."""

    path: Path
    share: float
    right_m: float
    radius_m: float
    side: int
    from_m: float
    to_m: float
    between: tuple[float, float] | None = None


ALONE = {
    "a band of 500 m through the middle of 5 km": Case(STRAIGHT, 0.5, 3_250.0, 5_000.0, RIGHT, 3_000.0, 3_500.0),
    "a band of 500 m at the rim of 5 km": Case(STRAIGHT, 0.5, 8_100.0, 5_000.0, RIGHT, 3_000.0, 3_500.0),
    "a band of 500 m on both sides": Case(STRAIGHT, 0.5, 0.0, 5_000.0, 0, 1_000.0, 1_500.0),
    "a band of 500 m about a corner": Case(CORNER, 0.6, 0.0, 5_000.0, 0, 3_000.0, 3_500.0),
    "a band of 20 m": Case(STRAIGHT, 0.5, 100.0, 1_000.0, RIGHT, 90.0, 110.0),
    "over an end": Case(STRAIGHT, 0.0, 0.0, 5_000.0, 0, 0.0, 4_000.0),
    "over an end, one side": Case(STRAIGHT, 1.0, -2_000.0, 8_000.0, LEFT, 0.0, 6_000.0),
    "over a cut": Case(STRAIGHT, 0.25, 1_000.0, 5_000.0, RIGHT, 0.0, 3_000.0, (0.25, 0.75)),
    "over both cuts": Case(STRAIGHT, 0.5, -1_000.0, 15_000.0, 0, 0.0, 7_000.0, (0.45, 0.55)),
    "over a corner, outside": Case(CORNER, 0.585, -8_000.0, 6_000.0, LEFT, 0.0, 10_000.0),
    "over a corner, inside": Case(CORNER, 0.585, 8_000.0, 6_000.0, RIGHT, 0.0, 7_500.0),
    "over a corner and its line": Case(CORNER, 0.585, 0.0, 6_000.0, RIGHT, 0.0, 7_500.0),
    "where two stretches are equally near": Case(CORNER, 0.75, 15_000.0, 8_000.0, 0, 0.0, 90_000.0, (0.0, 0.5)),
    "over all of a loop": Case(LOOP, 0.5, 0.0, 40_000.0, LEFT, 0.0, 10_000.0),
    "a cut where a loop begins": Case(LOOP, 0.0, 0.0, 5_000.0, 0, 0.0, 3_000.0, (0.0, 0.1)),
    "100 km": Case(CORNER, 0.5, 10_000.0, 100_000.0, RIGHT, 5_000.0, 60_000.0),
}  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_a_discs_share_by_the_oracle_alone(name: str) -> None:
    case = ALONE[name]
    oracle, line = OracleLine(*case.path), Line(*case.path)
    between = case.between and (case.between[0] * oracle.length_m, case.between[1] * oracle.length_m)
    zone = OffsetZone("z", "line", line, case.side, case.from_m, case.to_m, between)
    lon, lat = oracle.at(case.share * oracle.length_m, case.right_m)
    disc = Disc(float(lon[0]), float(lat[0]), case.radius_m)
    hits = in_offset_zones(oracle, [zone], *disc_places(disc))
    assert 0.0 < hits.mean() < 1.0
    assert_shares(shares([disc], [zone]), hits)


def _half_plane_share(radius_m: float, past_m: float) -> float:
    """The share of a disc that lies before a straight edge that its centre is so far past."""
    turn = np.arccos(np.clip(past_m / radius_m, -1.0, 1.0))
    return float((turn - np.sin(turn) * np.cos(turn)) / np.pi)


@pytest.mark.parametrize(("radius_m", "edge_m"), [(1.0, 1_000.0), (30.0, 1_000.0), (3_000.0, 20_000.0)])
@pytest.mark.parametrize("past", [-0.99, -0.5, 0.0, 0.1, 0.9])
def test_across_a_straight_edge_the_share_is_a_segments(radius_m: float, edge_m: float, past: float) -> None:
    line, oracle = Line(*STRAIGHT), OracleLine(*STRAIGHT)
    zone = OffsetZone("z", "line", line, RIGHT, edge_m, 50_000.0)
    lon, lat = oracle.at(0.5 * oracle.length_m, edge_m - past * radius_m)
    each, _ = shares([Disc(float(lon[0]), float(lat[0]), radius_m)], [zone])
    turn = np.arccos(past)
    assert each[0, 0] == pytest.approx((turn - np.sin(turn) * np.cos(turn)) / np.pi, abs=TOLERANCE)


@pytest.mark.parametrize("name", WORLDS)
def test_well_inside_is_one_and_well_outside_is_nothing(name: str) -> None:
    here = WORLDS[name]
    zone = [here.zones[2]]
    lon, lat = here.oracle.at(0.5 * here.oracle.length_m)
    away_lon, away_lat = walk(lon, lat, 10.0, 300_000.0)
    discs = [
        Disc(float(x), float(y), radius_m)
        for x, y in ((lon[0], lat[0]), (away_lon[0], away_lat[0]))
        for radius_m in (0.0, 10.0, 3_000.0)
    ]
    assert shares(discs, zone)[0][0].tolist() == [1.0] * 3 + [0.0] * 3


@OF_EACH_REGION
@given(centre=centres())
def test_an_exact_place_is_in_a_zone_or_not(centre: Vantage) -> None:
    for here in WORLDS.values():
        lon, lat = seen_from(here.oracle, [centre])
        each, union = shares([Disc(float(lon[0]), float(lat[0]), 0.0)], here.zones)
        hits = in_zones(here.zones, lon, lat)
        assert each.tolist() == hits.astype(float).tolist()
        assert union[:, 0].tolist() == [float(hits[list(group)].any()) for group in GROUPS]


# Bearings


def intervals() -> st.SearchStrategy[tuple[tuple[float, float], ...]]:
    one = st.tuples(st.floats(0.0, 359.0), st.floats(1.0, 360.0)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    return st.lists(one, min_size=1, max_size=3).map(tuple)


@pytest.mark.parametrize("name", WORLDS)
@OF_EACH_WORLD
@given(
    centre=centres(),
    near_m=st.just(0.0) | log_floats(10.0, 20_000.0),
    depth_m=log_floats(10.0, 40_000.0),
    seen=intervals(),
)
def test_a_bearings_share_is_that_of_its_sectors(
    name: str, centre: Vantage, near_m: float, depth_m: float, seen: tuple[tuple[float, float], ...]
) -> None:
    here = WORLDS[name]
    lon, lat = seen_from(here.oracle, [centre])
    bearing = Bearing(float(lon[0]), float(lat[0]), near_m, near_m + depth_m, seen)
    assert_shares(shares([bearing], here.zones), in_zones(here.zones, *bearing_places(bearing)))


def _observed(near_m: float, far_m: float, seen: tuple[tuple[float, float], ...], radius_m: float) -> Bearing:
    """What somebody saw who stood about 4 km right of the middle of the bent line."""
    lon, lat = WORLDS["bent"].oracle.at(60_000.0, 4_000.0)
    return Bearing(float(lon[0]), float(lat[0]), near_m, far_m, seen, observer_radius_m=radius_m)


@pytest.mark.parametrize(
    "bearing",
    [
        _observed(0.0, 5_000.0, ((300.0, 330.0),), 200.0),
        _observed(2_000.0, 5_000.0, ((300.0, 330.0),), 1_000.0),
        _observed(3_000.0, 3_500.0, ((350.0, 10.0), (5.0, 20.0)), 3_000.0),
        _observed(4_000.0, 4_200.0, ((0.0, 360.0),), 2_000.0),
        _observed(1_000.0, 20_000.0, ((30.0, 31.0), (200.0, 260.0), (355.0, 356.0)), 500.0),
        _observed(0.0, 500.0, ((90.0, 180.0),), 10_000.0),
        _observed(10_000.0, 30_000.0, ((10.0, 12.0),), 30_000.0),
    ],
)
def test_a_bearings_share_with_an_observers_error_is_the_mean_over_where_the_observer_stood(bearing: Bearing) -> None:
    zones = WORLDS["bent"].zones
    hits = in_zones(zones, *bearing_places(bearing, 12 * MANY))
    assert_shares(shares([bearing], zones), hits)


def test_an_observer_without_an_error_stood_where_the_report_says() -> None:
    exact = _observed(1_000.0, 6_000.0, ((280.0, 340.0),), 0.0)
    plain = Bearing(exact.lon, exact.lat, exact.range_min_m, exact.range_max_m, exact.azimuths_deg)
    near = _observed(1_000.0, 6_000.0, ((280.0, 340.0),), 1.0)
    zones = WORLDS["bent"].zones
    assert shares([exact], zones)[0].tolist() == shares([plain], zones)[0].tolist()
    assert np.abs(shares([near], zones)[0] - shares([plain], zones)[0]).max() < TOLERANCE


# All together


BOX = shapely.box(37.1, 48.0, 37.9, 48.4)
MIXED: list[Footprint] = [
    Disc(37.6, 48.2, 5_000.0),
    Nowhere(),
    Disc(37.3, 48.2, 0.0),
    Bearing(37.4, 48.1, 0.0, 6_000.0, ((350.0, 40.0),)),
    drawn(BOX),
    Area(area_id="x"),
    Disc(37.6, 48.2, 5_000.0),
    Disc(-142.0, -48.0, 1_000.0),
    Bearing(37.4, 48.1, 2_000.0, 6_000.0, ((0.0, 90.0), (180.0, 200.0))),
]


@cache
def _alone(number: int) -> tuple[Floats, Floats]:
    return shares([MIXED[number]], WORLDS["bent"].zones, {"x": BOX})


@OF_EACH_WORLD
@given(order=st.permutations(range(len(MIXED))), count=st.integers(1, len(MIXED)))
def test_a_footprints_share_does_not_depend_on_its_company(order: list[int], count: int) -> None:
    chosen = order[:count]
    together = shares([MIXED[number] for number in chosen], WORLDS["bent"].zones, {"x": BOX})
    for column, number in enumerate(chosen):
        alone = _alone(number)
        assert together[0][:, column].tolist() == alone[0][:, 0].tolist()
        assert together[1][:, column].tolist() == alone[1][:, 0].tolist()


def test_discs_from_arrays_are_discs() -> None:
    rng = np.random.default_rng(11)
    lon, lat = rng.uniform(36.8, 38.8, 200), rng.uniform(47.8, 49.0, 200)
    radius_m = np.where(rng.random(200) < 0.3, 0.0, 10.0 ** rng.uniform(0.0, 4.5, 200))
    placed, zones = Footprints.of_discs(lon, lat, radius_m), WORLDS["bent"].zones
    found = membership(placed, zones, GROUPS, Places(placed.lon, placed.lat))
    listed = [Disc(*one) for one in zip(lon.tolist(), lat.tolist(), radius_m.tolist(), strict=True)]
    each, union = shares(listed, zones)
    assert found.each.tolist() == each.tolist()
    assert found.any.tolist() == union.tolist()
    assert np.allclose(placed.area_m2, np.pi * radius_m**2, rtol=1e-3)


def test_nowhere_has_no_share_in_anything() -> None:
    each, union = shares([Nowhere()], WORLDS["bent"].zones)
    assert each.tolist() == [[0.0]] * len(ZONES)
    assert union.tolist() == [[0.0]] * len(GROUPS)
