"""Lines that touch themselves, or nearly: the sides about the place, by hand; and what is no line at all."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.geometry.line import LEFT, RIGHT, Line, LineError
from tests.geometry.checking import assert_located, astray
from tests.geometry.worldwide import Path, Vantage, beginnings, log_floats, scattered, seen_from, vantages
from tests.oracles import Bools, Floats, OracleLine, walk


def _arms(beginning: tuple[float, float], azimuths: Sequence[float], reach_m: float) -> list[tuple[float, float]]:
    lon, lat = walk(*beginning, np.array(azimuths), reach_m)
    return list(zip(lon.tolist(), lat.tolist(), strict=True))


def _touching(
    middle: tuple[float, float], azimuths: Sequence[float], second: tuple[float, float] | None, reach_m: float
) -> Path:
    """In by the first arm, out by the second, straight over to the third, in by it, and out by the fourth.

    The first pass bends at `middle`, the second at `second`; None: the first pass goes by it without a vertex.
    """
    arms = _arms(middle, azimuths, reach_m)
    vertices = [arms[0], middle, arms[1], arms[2], second or middle, arms[3]]
    if second is None:
        vertices.pop(1)
    lon, lat = zip(*vertices, strict=True)
    return Path(lon, lat)


def _by_hand(azimuths: Sequence[float], seen_deg: Floats, away_m: Floats) -> tuple[NDArray[np.int_], Bools]:
    """The sides that the angularly nearest arms give to places about the touch, and which of them are clear.

    Clockwise of an arm that leads out lies its right, of one that leads in its left.
    """
    apart = (seen_deg[:, None] - np.array(azimuths) + 180.0) % 360.0 - 180.0
    turn = np.abs(apart)
    sides = np.where((apart > 0) == np.array([False, True, False, True]), RIGHT, LEFT)
    nearest = turn.min(axis=1)
    level = turn < nearest[:, None] + 0.1
    expected = np.take_along_axis(sides, turn.argmin(axis=1)[:, None], axis=1)[:, 0]
    clear = (~level | (sides == expected[:, None])).all(axis=1)
    off_line = away_m * np.sin(np.radians(np.minimum(nearest, 90.0))) > 1.0
    return expected, clear & off_line


FOUR_ARMS = {
    "like two wedges, tip on tip": (200.0, 340.0, 20.0, 160.0),
    "all arms to the north, the south wide open": (280.0, 320.0, 10.0, 60.0),
    "all arms to the east": (20.0, 60.0, 100.0, 150.0),
    "counter-clockwise": (160.0, 20.0, 340.0, 200.0),
    "one wedge within the other": (270.0, 90.0, 60.0, 300.0),
    "one wedge within the other, from its far arm": (270.0, 90.0, 300.0, 60.0),
}


def _assert_sectors(
    line: Line, middle: tuple[float, float], azimuths: Sequence[float], seen_deg: Floats, away_m: Floats
) -> int:
    """Every place about the touch has the side of its nearest arm; how many were looked at."""
    expected, clear = _by_hand(azimuths, seen_deg, away_m)
    found = line.locate(*walk(*middle, seen_deg, away_m)).side
    assert astray(seen_deg, away_m, clear & (found != expected)) == []
    return int(clear.sum())


ALL_ROUND = np.tile(np.arange(0.5, 360.0, 1.0), 2)
NEAR_AND_FAR_M = np.repeat([20.0, 200.0], 360)


@pytest.mark.parametrize("middle", [(37.3, 48.2), (180.0, -17.0), (20.0, 85.0)])
@pytest.mark.parametrize("name", [name for name in FOUR_ARMS if "far arm" not in name])
def test_where_a_vertex_touches_a_vertex_each_sector_has_its_side(name: str, middle: tuple[float, float]) -> None:
    azimuths = FOUR_ARMS[name]
    line = Line(*_touching(middle, azimuths, middle, 5_000.0))
    assert _assert_sectors(line, middle, azimuths, ALL_ROUND, NEAR_AND_FAR_M) > 500


def test_an_arm_cannot_be_reached_across_the_other_pass() -> None:
    azimuths = FOUR_ARMS["one wedge within the other, from its far arm"]
    with pytest.raises(LineError):
        Line(*_touching((37.3, 48.2), azimuths, (37.3, 48.2), 5_000.0))


@given(
    middle=beginnings(),
    gaps=st.lists(st.floats(15.0, 100.0), min_size=4, max_size=4),
    first=st.floats(0.0, 360.0),
    mirrored=st.booleans(),
    spots=st.lists(st.tuples(st.floats(0.0, 360.0), log_floats(3.0, 500.0)), min_size=8, max_size=16),
)
def test_where_a_line_touches_itself_the_angularly_nearest_pass_decides(
    middle: tuple[float, float], gaps: list[float], first: float, mirrored: bool, spots: list[tuple[float, float]]
) -> None:
    steps = np.cumsum([0.0, *(np.array(gaps[:3]) * min(1.0, 345.0 / sum(gaps)))])
    azimuths = (first + (-steps if mirrored else steps)).tolist()
    line = Line(*_touching(middle, azimuths, middle, 5_000.0))
    seen_deg, away_m = np.array(spots).T
    _assert_sectors(line, middle, azimuths, seen_deg, away_m)


EDGE_AND_VERTEX = (270.0, 90.0, 50.0, 310.0)


@pytest.mark.parametrize("middle", [(37.3, 48.2), (180.0, -17.0), (20.0, 85.0), (-60.0, 0.0)])
@pytest.mark.parametrize("turn", [0.0, 17.0, 123.0, 251.0])
def test_where_a_vertex_touches_the_middle_of_an_edge_each_sector_has_its_side(
    middle: tuple[float, float], turn: float
) -> None:
    azimuths = [azimuth + turn for azimuth in EDGE_AND_VERTEX]
    line = Line(*_touching(middle, azimuths, None, 5_000.0))
    assert _assert_sectors(line, middle, azimuths, ALL_ROUND, NEAR_AND_FAR_M) > 500


@pytest.mark.parametrize("gap_m", [0.001, 0.01, 0.1, 1.0])
@pytest.mark.parametrize("name", [name for name in FOUR_ARMS if "far arm" not in name])
def test_a_line_that_nearly_touches_itself_is_no_less_clear(name: str, gap_m: float) -> None:
    azimuths, middle = FOUR_ARMS[name], (37.3, 48.2)
    inner = (azimuths[2] + ((azimuths[3] - azimuths[2] + 180.0) % 360.0 - 180.0) / 2.0) % 360.0
    lon, lat = walk(*middle, inner, gap_m)
    line = Line(*_touching(middle, azimuths, (float(lon), float(lat)), 5_000.0))
    away_m = NEAR_AND_FAR_M * 2.5
    expected, clear = _by_hand(azimuths, ALL_ROUND, away_m)
    turn = np.abs((ALL_ROUND[:, None] - np.array(azimuths) + 180.0) % 360.0 - 180.0)
    to_arms_m = np.sort(away_m[:, None] * np.sin(np.radians(np.minimum(turn, 90.0))), axis=1)
    clear &= (to_arms_m[:, 0] > 2.0 + gap_m) & (to_arms_m[:, 1] - to_arms_m[:, 0] > 1.0 + 2.0 * gap_m)
    found = line.locate(*walk(*middle, ALL_ROUND, away_m)).side
    assert astray(ALL_ROUND, away_m, clear & (found != expected)) == []
    assert clear.sum() > 300


@pytest.mark.parametrize("gap_m", [0.001, 0.01, 0.1, 1.0])
@pytest.mark.parametrize("turn", [0.0, 100.0, 205.0])
def test_a_vertex_that_nearly_touches_an_edge_is_seen_as_the_oracle_sees_it(turn: float, gap_m: float) -> None:
    azimuths, middle = [azimuth + turn for azimuth in EDGE_AND_VERTEX], (37.3, 48.2)
    lon, lat = walk(*middle, turn, gap_m)
    path = _touching(middle, azimuths, (float(lon), float(lat)), 5_000.0)
    path = Path(path.lon[:1] + path.lon[2:], path.lat[:1] + path.lat[2:])
    oracle = OracleLine(*path)
    assert_located(Line(*path), oracle, *scattered(oracle, 400, 20_000.0))


@pytest.mark.parametrize("middle", [(37.3, 48.2), (180.0, -17.0), (20.0, 85.0)])
@pytest.mark.parametrize("gap_m", [0.0, 0.001, 0.01, 0.1, 1.0])
@pytest.mark.parametrize("reach_m", [500.0, 5_000.0, 40_000.0])
def test_across_an_edge_from_what_nearly_touches_it_the_edge_alone_decides(
    middle: tuple[float, float], gap_m: float, reach_m: float
) -> None:
    for turn in (0.0, 17.0, 100.0, 205.0, 251.0):
        azimuths = [azimuth + turn for azimuth in EDGE_AND_VERTEX]
        lon, lat = walk(*middle, turn, gap_m)
        path = _touching(middle, azimuths, (float(lon), float(lat)), reach_m)
        line = Line(path.lon[:1] + path.lon[2:], path.lat[:1] + path.lat[2:])
        seen_deg = np.tile(turn + np.linspace(100.0, 260.0, 81), 4)
        away_m = np.repeat([12.0, 20.0, 200.0, 450.0], 81)
        found = line.locate(*walk(*middle, seen_deg, away_m)).side
        assert astray(seen_deg, away_m, found != RIGHT) == []


@pytest.mark.parametrize("poke_m", [0.1, 1.0, 10.0, 1_000.0])
@pytest.mark.parametrize("turn", [0.0, 100.0, 205.0])
def test_a_vertex_that_pokes_through_an_edge_is_a_crossing(turn: float, poke_m: float) -> None:
    azimuths, middle = [azimuth + turn for azimuth in EDGE_AND_VERTEX], (37.3, 48.2)
    lon, lat = walk(*middle, turn + 180.0, poke_m)
    path = _touching(middle, azimuths, (float(lon), float(lat)), 5_000.0)
    with pytest.raises(LineError):
        Line(path.lon[:1] + path.lon[2:], path.lat[:1] + path.lat[2:])


@given(middle=beginnings(), first=st.floats(0.0, 360.0), gaps=st.tuples(*[st.floats(15.0, 110.0)] * 3))
def test_two_passes_that_cross_at_a_common_vertex_are_refused(
    middle: tuple[float, float], first: float, gaps: tuple[float, float, float]
) -> None:
    assume(sum(gaps) < 345.0)
    one, three, two = (first + np.cumsum(gaps)).tolist()
    with pytest.raises(LineError):
        Line(*_touching(middle, (first, three, two, one), middle, 5_000.0))


def _on_one_geodesic(*shares: float) -> list[tuple[float, float]]:
    """Places along one geodesic to the north-east, in units of 10 km."""
    lon, lat = walk(37.0, 48.0, 45.0, 10_000.0 * np.array(shares))
    return list(zip(lon.tolist(), lat.tolist(), strict=True))


TRIANGLE = [(37.0, 48.0), (38.0, 48.0), (38.0, 48.5)]
RUN_BACK = {
    "there and back": _on_one_geodesic(0.0, 1.0, 0.0),
    "half back": _on_one_geodesic(0.0, 1.0, 0.5),
    "back and past": _on_one_geodesic(0.0, 1.0, -0.5),
    "back at the last": _on_one_geodesic(0.0, 1.0, 2.0, 0.5),
    "along itself again": [*_on_one_geodesic(0.0, 1.0), (37.5, 48.2), *_on_one_geodesic(0.8, 0.3)],
    "along itself again, the same way": [*_on_one_geodesic(0.0, 1.0), (37.5, 47.9), *_on_one_geodesic(0.3, 0.8)],
    "a loop twice": [*TRIANGLE, *TRIANGLE, TRIANGLE[0]],
    "a loop there and back": [*TRIANGLE, TRIANGLE[0], *TRIANGLE[::-1]],
}


@pytest.mark.parametrize("name", RUN_BACK)
def test_a_line_that_runs_back_over_itself_is_refused(name: str) -> None:
    with pytest.raises(LineError):
        Line(*np.array(RUN_BACK[name]).T)


@given(middle=beginnings(), petals=st.integers(2, 4), first=st.floats(0.0, 360.0), around=vantages())
def test_petals_about_one_place_are_a_line(
    middle: tuple[float, float], petals: int, first: float, around: list[Vantage]
) -> None:
    """A closed line that comes back to its beginning several times, as loops side by side."""
    step = 360.0 / petals
    lon, lat = [middle[0]], [middle[1]]
    for number in range(petals):
        arms = _arms(middle, [first + number * step + 5.0, first + (number + 1) * step - 15.0 - step / 4], 30_000.0)
        for place in (*arms, middle):
            lon.append(place[0])
            lat.append(place[1])
    oracle = OracleLine(lon, lat)
    assert_located(Line(lon, lat), oracle, *seen_from(oracle, around))
