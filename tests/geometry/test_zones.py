"""Which footprints lie in which zones: exact places against the oracle, shares against a plain Monte Carlo."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import Line
from pipeline.geometry.membership import membership
from pipeline.geometry.places import Places
from pipeline.geometry.zones import OffsetZone, PolygonZone, Zone, zone_area_m2
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Nowhere, Polygon
from tests.geometry.test_linear_referencing import BENT, BENT_ORACLE
from tests.oracles import GEOD

SQUARE = shapely.box(37.4, 47.9, 37.8, 48.3)
ZONES: tuple[Zone, ...] = (
    OffsetZone("left", "line", BENT, -1, 0.0, 7_500.0),
    OffsetZone("right", "line", BENT, 1, 0.0, 7_500.0),
    OffsetZone("both", "line", BENT, 0, 0.0, 25_000.0),
    OffsetZone("far", "line", BENT, -1, 7_500.0, 25_000.0),
    OffsetZone("stretch", "line", BENT, 0, 0.0, 10_000.0, (30_000.0, 60_000.0)),
    PolygonZone("square", SQUARE),
)
LON, LAT = st.floats(36.3, 39.2), st.floats(47.4, 49.4)


def shares(
    footprint: Footprint, groups: tuple[tuple[int, ...], ...] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    footprints = Footprints([footprint], {})
    found = membership(footprints, ZONES, groups, Places(footprints.lon, footprints.lat))
    return found.each[:, 0], found.any[:, 0]


def monte_carlo(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    places = Places(lon, lat)
    return np.array([zone.contains(places).mean() for zone in ZONES])


@given(lon=LON, lat=LAT)
def test_an_exact_place_is_in_a_zone_or_not(lon: float, lat: float) -> None:
    chainage, away, side, past = BENT_ORACLE.locate(lon, lat)
    edges = [0.0, 7_500.0, 25_000.0, 10_000.0]
    if min(abs(away - edge) for edge in edges) < 2.0 + 2e-4 * away or min(abs(chainage - c) for c in (30e3, 60e3)) < 10:
        return
    signed = -away if side < 0 else away
    expected = [
        not past and -7_500 <= signed <= 0,
        not past and 0 <= signed <= 7_500,
        not past and away <= 25_000,
        not past and -25_000 <= signed <= -7_500,
        not past and away <= 10_000 and 30_000 <= chainage <= 60_000,
        bool(SQUARE.contains(shapely.Point(lon, lat))),
    ]
    each, _ = shares(Disc(lon, lat, 0.0))
    close_to_square = SQUARE.boundary.distance(shapely.Point(lon, lat)) < 0.01
    assert each[:5].tolist() == expected[:5]
    assert close_to_square or each[5] == expected[5]


@given(lon=LON, lat=LAT, radius=st.floats(10.0, 30_000.0), seed=st.integers(0, 2**32 - 1))
def test_a_discs_share_is_the_share_of_its_area(lon: float, lat: float, radius: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 6_000
    lons, lats, _ = GEOD.fwd(
        np.full(n, lon), np.full(n, lat), rng.uniform(0, 360, n), radius * np.sqrt(rng.uniform(0, 1, n))
    )
    each, _ = shares(Disc(lon, lat, radius))
    assert np.abs(each - monte_carlo(np.asarray(lons), np.asarray(lats))).max() < 0.035


@given(
    lon=LON,
    lat=LAT,
    low=st.floats(0.0, 4_000.0),
    depth=st.floats(100.0, 6_000.0),
    start=st.floats(0.0, 360.0),
    width=st.floats(5.0, 350.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_bearings_share_is_the_share_of_its_sector(
    lon: float, lat: float, low: float, depth: float, start: float, width: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n = 6_000
    ranges = np.sqrt(rng.uniform(low**2, (low + depth) ** 2, n))
    lons, lats, _ = GEOD.fwd(np.full(n, lon), np.full(n, lat), start + rng.uniform(0, width, n), ranges)
    each, _ = shares(Bearing(lon, lat, low, low + depth, ((start, (start + width) % 360.0),)))
    assert np.abs(each - monte_carlo(np.asarray(lons), np.asarray(lats))).max() < 0.035


def test_an_areas_share_is_the_share_of_its_outline() -> None:
    ring = [[37.0, 47.8], [38.2, 47.8], [38.2, 48.4], [37.0, 48.4], [37.0, 47.8]]
    rng = np.random.default_rng(1)
    lon = rng.uniform(37.0, 38.2, 40_000)
    lat = np.degrees(np.arcsin(rng.uniform(np.sin(np.radians(47.8)), np.sin(np.radians(48.4)), 40_000)))
    each, _ = shares(Area(geometry=Polygon([ring])))
    assert np.abs(each - monte_carlo(lon, lat)).max() < 0.015


def test_the_union_of_zones_counts_no_place_twice() -> None:
    straddling = Disc(float(BENT.lon[3]), float(BENT.lat[3]), 3_000.0)
    each, union = shares(straddling, ((0, 1), (0, 1, 2), (0, 3), ()))
    assert each[0] + each[1] == pytest.approx(1.0, abs=0.01)
    assert union[0] == pytest.approx(1.0, abs=0.01)
    assert union[1] == pytest.approx(each[2], abs=1e-9)
    assert union[2] >= each[0]
    assert union[3] == 0.0


def test_nowhere_is_in_no_zone() -> None:
    each, union = shares(Nowhere(), ((0, 1, 2, 3, 4, 5),))
    assert each.tolist() == [0.0] * 6
    assert union.tolist() == [0.0]


@pytest.mark.parametrize("offset", [7_500.0, -7_500.0, 25_000.0, -25_000.0])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_two_metres_either_side_of_an_edge_are_told_apart(offset: float, share: float) -> None:
    line = Line([37.0, 39.0], [48.0, 48.4])
    zone = OffsetZone("z", "line", line, -1 if offset < 0 else 1, 0.0, abs(offset))
    margin = 2.0 + 2e-4 * abs(offset)
    for shift, inside in ((-margin, True), (margin, False)):
        signed = offset + (shift if offset > 0 else -shift)
        lon, lat = line.place(share * line.length_m, signed)
        places = Places(lon, lat)
        assert zone.contains(places)[0] == inside


def test_nothing_past_the_end_of_an_open_line_is_in_its_zones() -> None:
    lon, lat, _ = GEOD.fwd(float(BENT.lon[0]), float(BENT.lat[0]), 225.0, 3_000.0)
    each, _ = shares(Disc(lon, lat, 100.0))
    assert each[:5].tolist() == [0.0] * 5


@pytest.mark.parametrize("index", range(6))
def test_the_drawing_has_about_the_zones_area(index: int) -> None:
    rng = np.random.default_rng(3)
    west, south, east, north = 36.0, 47.0, 40.0, 49.8
    n = 60_000
    lon = rng.uniform(west, east, n)
    low, high = np.sin(np.radians([south, north]))
    lat = np.degrees(np.arcsin(rng.uniform(low, high, n)))
    box_m2 = 6_371_007.2**2 * np.radians(east - west) * (high - low)
    inside = ZONES[index].contains(Places(lon, lat)).mean()
    assert zone_area_m2(ZONES[index]) == pytest.approx(inside * box_m2, rel=0.12)


def test_one_means_wholly_and_a_gap_is_seen() -> None:
    """A zone with a hole, or with a gap right through it, does not hold what lies across."""
    ring = [[37.45, 47.95], [37.75, 47.95], [37.75, 48.25], [37.45, 48.25], [37.45, 47.95]]
    area, disc = Area(geometry=Polygon([ring])), Disc(37.6, 48.1, 9_000.0)
    hole = shapely.Point(37.6, 48.1).buffer(0.012)
    gap = shapely.box(37.595, 47.9, 37.605, 48.3)
    for outline, wholly in (
        (SQUARE, True),
        (shapely.box(37.45, 47.95, 37.75, 48.25), True),
        (SQUARE.difference(hole), False),
        (SQUARE.difference(gap), False),
    ):
        zone = PolygonZone("z", outline)
        for footprint in (area, disc):
            if isinstance(footprint, Disc) and outline.area < 0.1:
                continue  # the region itself, which no disc about its middle fills
            footprints = Footprints([footprint], {})
            share = membership(footprints, [zone], [(0,)], Places(footprints.lon, footprints.lat))
            assert (share.each[0, 0] == 1.0, share.any[0, 0] == 1.0) == (wholly, wholly)
            assert share.each[0, 0] > 0.9
