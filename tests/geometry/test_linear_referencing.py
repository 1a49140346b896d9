"""Chainage, offset and side, against a plain walk along the geodesics."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.geometry.line import BEYOND, LEFT, ON, RIGHT, UNPLACED, Line, LineError, join
from tests.oracles import GEOD, OracleLine

BENT_LON = [37.0, 37.3, 37.25, 37.9, 38.5, 38.4]
BENT_LAT = [48.0, 48.2, 48.35, 48.1, 48.6, 48.9]
BENT = Line(BENT_LON, BENT_LAT)
BENT_ORACLE = OracleLine(BENT_LON, BENT_LAT)


def tolerance_m(distance_m: float) -> float:
    return 1.0 + 1e-4 * distance_m


@given(lon=st.floats(35.5, 40.0), lat=st.floats(46.8, 50.0))
@example(lon=37.31, lat=48.205)
@example(lon=36.9, lat=47.9)
def test_offset_chainage_and_side_are_the_oracles(lon: float, lat: float) -> None:
    chainage, away, side, past = BENT_ORACLE.locate(lon, lat)
    found = BENT.locate([lon], [lat])
    assert abs(found.offset_m[0]) == pytest.approx(away, abs=tolerance_m(away))
    # Near a bisector between two edges either foot is right: hold the distance to our own foot instead.
    foot = BENT.place(found.chainage_m[0])
    assert GEOD.inv(lon, lat, float(foot[0]), float(foot[1]))[2] == pytest.approx(away, abs=tolerance_m(away))
    if abs(found.chainage_m[0] - chainage) < 50.0 and away > 5.0:
        expected = BEYOND if past else (LEFT if side < 0 else RIGHT)
        assert found.side[0] == expected


@pytest.mark.parametrize(
    ("lon", "lat", "side"),
    [
        (37.5, 48.5, LEFT),
        (37.5, 48.0, RIGHT),
        (36.0, 47.5, BEYOND),
        (38.2, 50.0, BEYOND),
    ],
)
def test_sides_are_seen_along_the_line(lon: float, lat: float, side: int) -> None:
    assert BENT.locate([lon], [lat]).side[0] == side


def test_a_place_on_the_line_is_on_it() -> None:
    chainages = np.linspace(0.0, BENT.length_m, 50)
    found = BENT.locate(*BENT.place(chainages))
    assert (found.side == ON).all()
    assert np.allclose(found.chainage_m, chainages, atol=0.5)


@given(share=st.floats(0.02, 0.98), offset=st.floats(-2000.0, 2000.0))
def test_place_and_locate_are_inverse_near_the_line(share: float, offset: float) -> None:
    straight = Line([37.0, 38.0], [48.0, 48.3])
    found = straight.locate(*straight.place(share * straight.length_m, offset))
    assert found.chainage_m[0] == pytest.approx(share * straight.length_m, abs=0.5)
    assert found.offset_m[0] == pytest.approx(offset, abs=0.5)


@given(lon=st.floats(35.5, 40.0), lat=st.floats(46.8, 50.0))
def test_turning_a_line_round_mirrors_every_answer(lon: float, lat: float) -> None:
    forth = BENT.locate([lon], [lat])
    back = Line(BENT_LON[::-1], BENT_LAT[::-1]).locate([lon], [lat])
    assert abs(back.offset_m[0]) == pytest.approx(abs(forth.offset_m[0]), abs=0.01)
    swapped = {LEFT: RIGHT, RIGHT: LEFT}.get(int(forth.side[0]), int(forth.side[0]))
    assert back.side[0] == swapped


def test_at_a_sharp_corner_the_bisector_decides_and_not_the_nearest_edge() -> None:
    # A hairpin that opens to the south: seen along the line, everything beyond its tip lies left.
    hairpin = Line([37.0, 37.1, 37.2], [48.0, 48.5, 48.0])
    found = hairpin.locate([37.05, 37.1, 37.15, 37.1], [48.6, 48.6, 48.6, 48.3])
    assert found.side.tolist() == [LEFT, LEFT, LEFT, RIGHT]


def test_the_far_side_of_the_earth_is_no_place_along_the_line() -> None:
    found = BENT.locate([-142.3], [-48.2])
    assert found.side[0] in (UNPLACED, BEYOND)
    assert found.offset_m[0] > 1e7


@given(order=st.permutations(range(4)), turned=st.lists(st.booleans(), min_size=4, max_size=4))
def test_pieces_join_in_any_order_and_direction(order: list[int], turned: list[bool]) -> None:
    corners = np.array([[37.0, 48.0], [37.2, 48.1], [37.5, 48.0], [37.9, 48.3], [38.4, 48.2]])
    pieces = [corners[n : n + 2][:: -1 if turned[n] else 1] for n in order]
    assert join(pieces, (36.9, 48.0)).tolist() == corners.tolist()
    assert join(pieces, (38.5, 48.2)).tolist() == corners[::-1].tolist()


def test_pieces_that_leave_a_gap_are_refused() -> None:
    with pytest.raises(LineError, match=r"do not join: the next one begins 1\d\.\d km"):
        join([np.array([[37.0, 48.0], [37.2, 48.1]]), np.array([[37.4, 48.1], [37.6, 48.1]])], (37.0, 48.0))


@given(
    first=st.floats(0.0, 360.0),
    turn=st.floats(20.0, 160.0),
    lengths=st.lists(st.floats(2_000.0, 80_000.0), min_size=4, max_size=4),
)
def test_a_line_that_crosses_itself_is_refused(first: float, turn: float, lengths: list[float]) -> None:
    azimuths = [first, first + 180.0, first + turn, first + turn + 180.0]
    lon, lat, _ = GEOD.fwd([38.0] * 4, [48.5] * 4, azimuths, lengths)
    with pytest.raises(LineError, match="crosses"):
        Line(lon, lat)
