"""Chainage, offset and side of lines everywhere on Earth, edge by edge against pyproj.Geod."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry.line import BEYOND, LEFT, ON, RIGHT, UNPLACED, Line, LineError
from tests.geometry.checking import assert_located
from tests.geometry.worldwide import (
    REGIONS,
    Path,
    Vantage,
    beginnings,
    log_floats,
    paths,
    running_on,
    scattered,
    seen_from,
    vantages,
    wrapped,
)
from tests.oracles import (
    OracleLine,
    tolerance_m,
    walk,
    way,
)


def assert_exact(path: Path, count: int = 300) -> None:
    oracle = OracleLine(path.lon, path.lat)
    assert_located(Line(path.lon, path.lat), oracle, *scattered(oracle, count))


# Anywhere


@pytest.mark.parametrize("region", REGIONS)
@given(data=st.data(), around=vantages())
def test_everywhere_on_earth_the_answers_are_the_geodesics(
    region: str, data: st.DataObject, around: list[Vantage]
) -> None:
    path = data.draw(paths(region))
    line, oracle = Line(path.lon, path.lat), OracleLine(path.lon, path.lat)
    assert line.length_m == pytest.approx(oracle.length_m, abs=0.01, rel=1e-9)
    assert line.closed == oracle.closed
    assert_located(line, oracle, *seen_from(oracle, around))


@given(path=paths(), shares=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_a_place_on_the_line_is_on_it_at_its_chainage(path: Path, shares: list[float]) -> None:
    line, oracle = Line(path.lon, path.lat), OracleLine(path.lon, path.lat)
    chainage_m = np.array(shares) * oracle.length_m
    found = line.locate(*oracle.at(chainage_m))
    assert (found.side == ON).all()
    apart_m = np.abs(found.chainage_m - chainage_m)
    if oracle.closed:
        apart_m = np.minimum(apart_m, oracle.length_m - apart_m)
    nearby = way(*oracle.at(found.chainage_m), *oracle.at(chainage_m))[1]
    assert (np.minimum(apart_m, nearby) <= 1.0).all()


@given(path=paths(), spots=st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(-1e5, 1e5)), min_size=1, max_size=8))
def test_a_place_by_chainage_and_offset_is_where_a_walk_square_to_the_edge_leads(
    path: Path, spots: list[tuple[float, float]]
) -> None:
    line, oracle = Line(path.lon, path.lat), OracleLine(path.lon, path.lat)
    share, across = np.array(spots).T
    chainage_m = share * oracle.length_m
    near_vertex = np.abs(chainage_m[:, None] - oracle.begin_m).min(axis=1) < 0.01
    expected, found = oracle.at(chainage_m, across), line.place(chainage_m, across)
    assert (way(*expected, *found)[1][~near_vertex] < 0.01 + 1e-6 * np.abs(across[~near_vertex])).all()


@given(path=paths(), around=vantages())
def test_how_longitudes_are_written_is_nothing_to_the_line(path: Path, around: list[Vantage]) -> None:
    oracle = OracleLine(*path)
    lon, lat = seen_from(oracle, around)
    one, two = Line(*wrapped(path)).locate(lon, lat), Line(*running_on(path)).locate(lon + 360.0, lat)
    assert np.allclose(np.abs(one.offset_m), np.abs(two.offset_m), atol=1e-3)
    sides = oracle.feet(lon, lat).sides
    doubtful = np.bitwise_and(sides, sides - 1) > 0
    assert ((one.side == two.side) | doubtful).all()


def test_a_place_that_is_none_is_unplaced() -> None:
    found = Line([37.0, 38.0], [48.0, 48.0]).locate([np.nan, 37.5, np.nan], [48.0, np.nan, np.nan])
    assert found.side.tolist() == [UNPLACED] * 3


# The hard shapes, each by name


def _round_pole(lat: float, count: int) -> Path:
    lon = [*np.linspace(0.0, 360.0, count, endpoint=False).tolist(), 0.0]
    return Path(tuple(lon), (lat,) * (count + 1))


def _wiggly(count: int, edge_m: float, most_deg: float, lon: float, lat: float, seed: int = 5) -> Path:
    """Short edges that go on east on the whole, up to `most_deg` off it: a river."""
    rng = np.random.default_rng(seed)
    east = np.cumsum(edge_m * np.cos(np.radians(turn := rng.uniform(-most_deg, most_deg, count))))
    north = np.cumsum(edge_m * np.sin(np.radians(turn)))
    lons, lats = walk(lon, lat, np.degrees(np.arctan2(east, north)), np.hypot(east, north))
    return Path((lon, *lons.tolist()), (lat, *lats.tolist()))


SHAPES = {
    "antimeridian, wrapped": Path((177.5, 179.0, -179.0, -178.2), (52.0, 51.4, 51.5, 52.3)),
    "antimeridian, running on": Path((177.5, 179.0, 181.0, 181.8), (52.0, 51.4, 51.5, 52.3)),
    "antimeridian, westwards": Path((-178.2, -179.0, 179.0), (-16.0, -16.5, -17.0)),
    "antimeridian, from the west shore's own count": Path((-182.5, -181.0, -179.0), (52.0, 51.4, 51.5)),
    "along the antimeridian": Path((180.0, -180.0, 180.0), (-20.0, -18.0, -17.0)),
    "along the equator": Path((-1.0, 0.0, 1.0, 3.0), (0.0, 0.0, 0.0, 0.0)),
    "over the north pole": Path((10.0, -170.0), (85.0, 84.0)),
    "through the north pole": Path((10.0, 10.0, 120.0), (85.0, 90.0, 86.0)),
    "near the south pole": Path((0.0, 60.0, 150.0, -150.0), (-89.9, -89.8, -89.9, -89.0)),
    "round the north pole": _round_pole(88.0, 7),
    "round the south pole": _round_pole(-89.9, 5),
    "round the Arctic": _round_pole(78.0, 40),
    "ten metres": Path((37.0, 37.00008, 37.0001), (48.0, 48.00004, 48.0)),
    "one edge of 3,000 km": Path((20.0, 60.0), (48.0, 50.0)),
    "3,000 km northwards": Path((20.0, 20.0), (40.0, 67.0)),
    "3,000 km in the south": Path((-71.0, -69.0, -68.0), (-20.0, -35.0, -47.0)),
    "3,000 km by the antimeridian": Path((165.0, -170.0, -160.0), (60.0, 65.0, 55.0)),
    "a hairpin of a twentieth of a degree": Path((37.0, 37.0, 37.001), (48.0, 48.9, 48.0)),
    "a long zigzag": Path((37.0, 38.0, 37.02, 38.1, 37.05), (48.0, 48.02, 48.05, 48.06, 48.1)),
    "a spiral": Path(
        (37.0, 38.0, 38.0, 37.2, 37.2, 37.8, 37.8, 37.5), (48.0, 48.0, 48.6, 48.6, 48.2, 48.2, 48.4, 48.4)
    ),
    "a river of 2,000 edges": _wiggly(2_000, 80.0, 75.0, 37.0, 48.0),
    "a river over the antimeridian": _wiggly(500, 2_000.0, 80.0, 176.0, -17.0),
    "a river near the pole": _wiggly(300, 500.0, 80.0, 30.0, 89.2),
}


@pytest.mark.parametrize("name", SHAPES)
def test_hard_shapes(name: str) -> None:
    path = SHAPES[name]
    assert_exact(path, 300 if len(path.lon) < 200 else 30)


def test_both_shores_of_the_antimeridian_are_near_the_line() -> None:
    for lon in ([179.0, -179.0], [179.0, 181.0], [-181.0, -179.0]):
        found = Line(lon, [10.0, 10.0]).locate([179.9, -179.9, 180.0, -180.0, 180.1, 539.9], [10.5] * 6)
        assert found.side.tolist() == [LEFT] * 6
        assert np.abs(found.offset_m).max() < 60_000.0
        assert found.chainage_m[[0, 1]] == pytest.approx([98_640.0, 120_560.0], abs=200.0)


@pytest.mark.parametrize(
    "path",
    [
        Path((-180.0, -35.0, 35.0, 180.0), (89.0, 86.0, 86.0, 89.0)),
        Path((0.0, 90.0, 180.0, 270.0, 360.0), (80.0, 80.0, 80.0, 80.0, 80.0)),
        Path((10.0, 10.0, 100.0, 100.0), (90.0, 80.0, 80.0, 90.0)),
        Path((179.0, 180.0, -179.0, 539.0), (-17.0, -18.0, -16.0, -17.0)),
        Path((-116.764, -26.7640, 63.2360, 153.2360, 243.2360), (80.0, 81.0, 80.0, 81.0, 80.0)),
    ],
    ids=["two names of the antimeridian", "all the way round", "the pole by two longitudes", "one turn on", "rounded"],
)
def test_a_line_that_ends_where_it_began_is_closed_however_that_is_written(path: Path) -> None:
    line = Line(*path)
    assert line.closed
    assert_exact(path)


def test_at_the_end_of_a_line_what_is_past_the_square_is_beyond() -> None:
    path = Path((37.0, 38.0), (48.0, 48.3))
    oracle, line = OracleLine(*path), Line(*path)
    for across in (-150_000.0, -7_500.0, -3.0, 3.0, 7_500.0, 150_000.0):
        margin = 2.0 + 2e-4 * abs(across)
        side = LEFT if across < 0 else RIGHT
        inside = line.locate(*oracle.at([margin, oracle.length_m - margin], across))
        outside = line.locate(*oracle.at([-margin, oracle.length_m + margin], across))
        assert inside.side.tolist() == [side, side]
        assert outside.side.tolist() == [BEYOND, BEYOND]
        assert outside.chainage_m == pytest.approx([0.0, oracle.length_m], abs=0.01)
        assert np.abs(outside.offset_m - np.hypot(across, margin)).max() < tolerance_m(abs(across))


@given(
    beginning=beginnings(),
    first=st.floats(0.0, 360.0),
    turn=st.floats(20.0, 160.0),
    reach_m=log_floats(10.0, 300_000.0),
)
def test_a_line_that_crosses_itself_anywhere_is_refused(
    beginning: tuple[float, float], first: float, turn: float, reach_m: float
) -> None:
    azimuths = np.array([first, first + 180.0, first + turn, first + turn + 180.0])
    lon, lat = walk(*beginning, azimuths, reach_m * np.array([1.0, 0.7, 0.8, 0.9]))
    for path in (wrapped(Path(tuple(lon), tuple(lat))), running_on(Path(tuple(lon), tuple(lat)))):
        with pytest.raises(LineError):
            Line(*path)
