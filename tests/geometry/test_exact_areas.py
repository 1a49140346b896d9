"""Which exact places lie in drawn areas, whose edges are geodesics: against how their rings wind about the places."""

from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from pipeline.geometry.line import Line
from pipeline.geometry.places import Places
from pipeline.geometry.zones import PolygonZone, between_lines
from tests.geometry.checking import SOMEWHERE, beside, misjudged
from tests.geometry.worldwide import Path, beginnings, log_floats, running_on, scattered, wrapped
from tests.oracles import OracleArea, OracleLine, walk


def geojson(*rings: list[tuple[float, float]]) -> shapely.Polygon:
    return shapely.Polygon(rings[0], rings[1:])


def assert_drawn(outline: BaseGeometry, count: int = 1_500, reach_m: float = 50_000.0) -> None:
    """The zone holds what its rings wind about, a metre from every edge and farther; places all about its rings."""
    zone, oracle = PolygonZone("z", outline), OracleArea(outline)
    inside = 0
    for part in oracle.parts:
        for number, ring in enumerate(part):
            lon, lat = scattered(OracleLine(*ring.T), count, reach_m, number)
            sure = oracle.edge_distance_m(lon, lat) > 1.0
            expected = oracle.contains(lon, lat)
            inside += int(expected.sum())
            assert misjudged(zone.contains(Places(lon, lat)), expected, lon, lat, sure) == []
    assert inside > 0


def regular(
    middle: tuple[float, float], corners: int, reach_m: float, turn_deg: float = 0.0
) -> list[tuple[float, float]]:
    """Corners about a place, counter-clockwise, the first repeated as the last."""
    lon, lat = walk(*middle, turn_deg - 360.0 * np.arange(corners) / corners, reach_m)
    ring = list(zip(np.unwrap(lon, period=360.0).tolist(), lat.tolist(), strict=True))
    return [*ring, ring[0]]


SQUARE = [(37.0, 48.0), (38.0, 48.0), (38.0, 49.0), (37.0, 49.0), (37.0, 48.0)]
DRAWN: dict[str, BaseGeometry] = {
    "a square": geojson(SQUARE),
    "clockwise": geojson(SQUARE[::-1]),
    "with a hole": geojson(SQUARE, [(37.3, 48.3), (37.6, 48.7), (37.7, 48.3), (37.3, 48.3)]),
    "with a hole, clockwise": geojson(SQUARE, [(37.3, 48.3), (37.7, 48.3), (37.6, 48.7), (37.3, 48.3)]),
    "a hole that touches the shell": geojson(SQUARE, [(37.0, 48.0), (37.6, 48.7), (37.7, 48.3), (37.0, 48.0)]),
    "two holes that touch": geojson(
        SQUARE,
        [(37.2, 48.2), (37.5, 48.5), (37.5, 48.2), (37.2, 48.2)],
        [(37.5, 48.5), (37.8, 48.8), (37.5, 48.8), (37.5, 48.5)],
    ),
    "two parts apart": shapely.MultiPolygon([geojson(SQUARE), geojson(regular((39.0, 48.0), 5, 20_000.0))]),
    "two parts that meet along an edge": shapely.MultiPolygon(
        [geojson(SQUARE), geojson([(38.0, 48.0), (39.0, 48.2), (38.0, 49.0), (38.0, 48.0)])]
    ),
    "two parts that meet in a place": shapely.MultiPolygon(
        [geojson(SQUARE), geojson([(38.0, 49.0), (39.0, 49.2), (38.5, 49.6), (38.0, 49.0)])]
    ),
    "a part in another's hole": shapely.MultiPolygon(
        [geojson(SQUARE, regular((37.5, 48.5), 6, 25_000.0)), geojson(regular((37.5, 48.5), 4, 12_000.0))]
    ),
    "a ring that touches itself": geojson(
        [(37.0, 48.0), (37.5, 48.5), (38.0, 48.0), (38.0, 49.0), (37.5, 48.5), (37.0, 49.0), (37.0, 48.0)]
    ),
    "a ring that encloses a hole": geojson(
        [*SQUARE[:3], (37.4, 48.6), (37.6, 48.2), (37.3, 48.4), (37.4, 48.6), *SQUARE[3:]]
    ),
    "a bow-tie": geojson([(37.0, 48.0), (38.0, 49.0), (38.0, 48.0), (37.0, 49.0), (37.0, 48.0)]),
    "a bow-tie of 400 km": geojson([(35.0, 46.0), (40.0, 49.0), (40.0, 46.0), (35.0, 49.0), (35.0, 46.0)]),
    "a corner given twice": geojson([SQUARE[0], SQUARE[1], SQUARE[1], *SQUARE[2:]]),
    "two corners a nanometre apart": geojson([SQUARE[0], SQUARE[1], (38.0, 48.00000000000001), *SQUARE[2:]]),
    "a spike": geojson([(37.0, 48.0), (38.0, 48.0), (38.5, 48.0), (38.0, 48.0), (38.0, 49.0), (37.0, 48.0)]),
    "edges of 500 km": geojson([(30.0, 50.0), (37.0, 50.0), (37.0, 54.0), (30.0, 54.0), (30.0, 50.0)]),
    "edges of 2,000 km": geojson([(20.0, 50.0), (50.0, 50.0), (48.0, 60.0), (22.0, 60.0), (20.0, 50.0)]),
    "ten metres": geojson([(37.0, 48.0), (37.00014, 48.0), (37.00014, 48.00009), (37.0, 48.00009), (37.0, 48.0)]),
    "many corners": geojson(regular((37.0, 48.0), 1_000, 60_000.0)),
    "over the antimeridian, as RFC 7946 cuts it": shapely.MultiPolygon(
        [
            geojson([(178.0, -18.0), (180.0, -18.0), (180.0, -16.0), (178.0, -16.0), (178.0, -18.0)]),
            geojson([(-180.0, -18.0), (-178.5, -17.5), (-178.5, -16.5), (-180.0, -16.0), (-180.0, -18.0)]),
        ]
    ),
    "over the antimeridian, running on": geojson(
        [(178.0, -18.0), (181.5, -17.5), (181.5, -16.5), (178.0, -16.0), (178.0, -18.0)]
    ),
    "over the antimeridian, running on in the west": geojson(
        [(-182.0, 66.0), (-178.5, 66.5), (-178.5, 68.5), (-182.0, 69.0), (-182.0, 66.0)]
    ),
    "along the antimeridian": geojson([(180.0, 60.0), (180.0, 62.0), (177.0, 61.0), (180.0, 60.0)]),
    "in the far north": geojson(regular((20.0, 84.0), 5, 200_000.0)),
    "near the north pole": geojson(regular((20.0, 89.0), 5, 50_000.0)),
    "about the equator": geojson(regular((0.0, 0.0), 7, 300_000.0)),
    "in the south": geojson(regular((-68.0, -54.0), 6, 90_000.0)),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawn_area_holds_what_its_rings_wind_about(name: str) -> None:
    few = name == "many corners"
    reach_m = 50.0 if name == "ten metres" else 50_000.0
    assert_drawn(DRAWN[name], 40 if few else 400, reach_m)


def test_the_two_notations_of_the_antimeridian_are_one_area() -> None:
    cut = shapely.MultiPolygon([shapely.box(178.0, -18.0, 180.0, -16.0), shapely.box(-180.0, -18.0, -178.0, -16.0)])
    on = shapely.box(178.0, -18.0, 182.0, -16.0)
    lon, lat = np.array([179.99, -179.99, 180.0, -180.0, 181.0, -178.1, 177.9]), np.full(7, -17.0)
    for outline in (cut, on):
        assert PolygonZone("z", outline).contains(Places(lon, lat)).tolist() == [True] * 6 + [False]


@pytest.mark.parametrize("pole", [90.0, -90.0])
def test_an_area_about_a_pole_holds_the_pole(pole: float) -> None:
    rim = np.sign(pole) * 80.0
    ring = [(-180.0, rim), (-90.0, rim), (0.0, rim), (90.0, rim), (180.0, rim), (180.0, pole), (-180.0, pole)]
    zone = PolygonZone("z", geojson([*ring, ring[0]]))
    inside = [(0.0, pole), (77.0, np.sign(pole) * 85.0), (180.0, np.sign(pole) * 84.0), (-45.0, np.sign(pole) * 89.0)]
    outside = [(45.0, np.sign(pole) * 81.0), (0.0, np.sign(pole) * 79.0), (10.0, 0.0), (180.0, -np.sign(pole) * 85.0)]
    assert zone.contains(Places(*np.array(inside).T)).tolist() == [True] * 4
    assert zone.contains(Places(*np.array(outside).T)).tolist() == [False] * 4


def test_an_edge_is_a_geodesic_and_no_straight_line_of_a_map() -> None:
    """The geodesic between two places at 50 degrees north goes 4.6 km north of the parallel in the middle."""
    zone = PolygonZone("z", DRAWN["edges of 500 km"])
    lon, lat = OracleLine([30.0, 37.0], [50.0, 50.0]).at(np.array([0.25, 0.5, 0.75]) * 501_000.0)
    assert lat.max() > 50.04
    assert zone.contains(Places(*walk(lon, lat, 0.0, 2.0))).all()
    assert not zone.contains(Places(*walk(lon, lat, 180.0, 2.0))).any()


@pytest.mark.parametrize("name", ["a square", "edges of 500 km", "in the far north", "about the equator", "ten metres"])
def test_two_metres_on_either_side_of_a_drawn_edge(name: str) -> None:
    zone, corners = PolygonZone("z", DRAWN[name]), OracleArea(DRAWN[name]).parts[0][0]
    ring = OracleLine(*corners.T)
    inwards = -1.0 if shapely.is_ccw(shapely.linearrings(corners)) else 1.0
    middle = ring.begin_m + ring.edge_m * 0.41
    for across, inside in ((2.0 * inwards, True), (-2.0 * inwards, False)):
        places = Places(*ring.at(middle, across))
        assert zone.contains(places).tolist() == [inside] * len(middle)


@given(
    middle=beginnings(),
    reach_m=log_floats(10.0, 1_000_000.0),
    shares=st.lists(st.floats(0.3, 1.0), min_size=3, max_size=12),
    hole=st.booleans(),
    writing=st.sampled_from([wrapped, running_on]),
    spots=st.lists(st.tuples(st.floats(0.0, 360.0), st.floats(0.0, 1.3)), min_size=4, max_size=16),
)
def test_a_star_anywhere_holds_what_it_winds_about(
    middle: tuple[float, float],
    reach_m: float,
    shares: list[float],
    hole: bool,
    writing: Callable[[Path], Path],
    spots: list[tuple[float, float]],
) -> None:
    azimuth = -360.0 * np.arange(len(shares)) / len(shares)
    lon, lat = walk(*middle, azimuth, reach_m * np.array(shares))
    ring = writing(Path((*lon.tolist(), float(lon[0])), (*lat.tolist(), float(lat[0]))))
    across = np.abs(np.diff(ring.lon)).max() > 180.0 or abs(ring.lon[0] - ring.lon[-1]) > 1.0
    if across:
        return  # written so, the ring says something else: GeoJSON cuts it, or lets it run on
    rings = [list(zip(*ring, strict=True))]
    if hole:
        hole_lon, hole_lat = walk(*middle, azimuth, 0.2 * reach_m * np.array(shares))
        hole_lon = np.asarray(ring.lon[0]) + (hole_lon - ring.lon[0] + 180.0) % 360.0 - 180.0
        rings.append(list(zip([*hole_lon, hole_lon[0]], [*hole_lat, hole_lat[0]], strict=True)))
    outline = geojson(*rings)
    zone, oracle = PolygonZone("z", outline), OracleArea(outline)
    turn, share = np.array(spots).T
    places = walk(*middle, turn, share * reach_m)
    sure = oracle.edge_distance_m(*places) > 1.0
    assert misjudged(zone.contains(Places(*places)), oracle.contains(*places), *places, sure) == []


# Between two lines


@pytest.mark.parametrize("name", SOMEWHERE)
@pytest.mark.parametrize("turned", [False, True])
def test_between_two_lines_is_what_they_and_their_ends_enclose(name: str, turned: bool) -> None:
    """Whichever way the second line runs."""
    first = SOMEWHERE[name]
    second = beside(first, 40_000.0)
    ring = [*zip(*running_on(first), strict=True), *list(zip(*running_on(second), strict=True))[::-1]]
    oracle = OracleArea(shapely.Polygon(ring))
    drawn_second = Path(second.lon[::-1], second.lat[::-1]) if turned else second
    zone = between_lines("z", Line(*first), Line(*drawn_second))
    lon, lat = scattered(OracleLine(*first), 800, 80_000.0)
    expected = oracle.contains(lon, lat)
    assert 100 < expected.sum() < 750
    assert misjudged(zone.contains(Places(lon, lat)), expected, lon, lat, oracle.edge_distance_m(lon, lat) > 1.0) == []


def test_between_two_lines_with_a_common_end_is_a_wedge() -> None:
    first, second = Path((37.0, 38.0, 39.0), (48.0, 48.3, 48.1)), Path((37.0, 38.0, 39.0), (48.0, 47.9, 47.6))
    zone = between_lines("z", Line(*first), Line(*second))
    assert zone.contains(Places(np.array([37.5, 38.5, 37.5, 39.2]), np.array([48.05, 48.0, 48.3, 48.0]))).tolist() == [
        True,
        True,
        False,
        False,
    ]
