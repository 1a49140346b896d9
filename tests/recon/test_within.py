"""What footprints hold: overlapping parts, parts far apart, and outlines that go round the world."""

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.geometry.earth import GEOD, Bools
from pipeline.model.footprint import Area, MultiPolygon, Polygon, Ring
from pipeline.recon.within import within
from tests.fans import fan


def held(geometry: Polygon | MultiPolygon, *places: tuple[float, float]) -> Bools:
    lon, lat = np.array(places, dtype=float).T
    return np.asarray(within([Area(geometry=geometry)], {}, lon, lat).holds[0])


def box(west: float, south: float, east: float, north: float) -> Ring:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def test_what_two_parts_share_is_held() -> None:
    parts = MultiPolygon([[box(37.0, 48.0, 39.0, 49.0)], [box(38.0, 48.0, 40.0, 49.0)]])
    assert held(parts, (37.5, 48.5), (38.5, 48.5), (39.5, 48.5), (40.5, 48.5)).tolist() == [True, True, True, False]


@pytest.mark.parametrize("number", [1, 100, 1_000])
def test_thin_triangles_through_one_place_hold_what_one_of_them_holds(number: int) -> None:
    triangles = fan(number)
    assert held(triangles, *(_within(rings[0]) for rings in triangles.coordinates)).all()
    assert not held(triangles, (37.0, 52.0), (43.0, 48.0), (37.0, -48.0)).any()


def _within(triangle: Ring) -> tuple[float, float]:
    """Half way between its long sides' middles, along geodesics: those bend by more than it is wide."""
    one, two = (_half_way(triangle[at], triangle[at + 1]) for at in (0, 2))
    return _half_way(one, two)


def _half_way(one: Sequence[float], two: Sequence[float]) -> tuple[float, float]:
    lon, lat = GEOD.npts(one[0], one[1], two[0], two[1], 1)[0]
    return lon, lat


def test_parts_on_opposite_sides_of_the_earth_hold_their_own() -> None:
    parts = MultiPolygon([[box(37.0, 48.0, 38.0, 49.0)], [box(-143.0, -49.0, -142.0, -48.0)]])
    assert held(parts, (37.5, 48.5), (-142.5, -48.5), (37.5, -48.5), (0.0, 0.0)).tolist() == [True, True, False, False]


@pytest.mark.parametrize("ring", [box(-180.0, -90.0, 180.0, 90.0), box(-179.0, -89.0, 179.0, 89.0)])
def test_an_outline_round_the_world_holds_the_world(ring: Ring) -> None:
    assert held(Polygon([ring]), (37.0, 48.0), (0.5, 1.0), (-150.0, -70.0), (178.0, 0.0)).all()


@pytest.mark.parametrize(
    ("ring", "inside", "outside"),
    [
        (box(-90.0, -45.0, 90.0, 60.0), [(37.0, 48.0), (-80.0, 59.0), (0.0, -44.0)], [(100.0, 48.0), (37.0, -48.0)]),
        (box(-180.0, 40.0, 180.0, 60.0), [(37.0, 41.0), (-179.0, 59.0)], [(37.0, 39.0), (0.0, 90.0)]),
        (box(0.0, -70.0, 20.0, 70.0), [(1.0, 69.0), (19.0, 0.0)], [(-1.0, 0.0), (10.0, 71.0)]),
    ],
    ids=["wide", "round", "tall"],
)
def test_a_wide_or_tall_outline_is_meant_as_it_is_written(
    ring: Ring, inside: list[tuple[float, float]], outside: list[tuple[float, float]]
) -> None:
    assert held(Polygon([ring]), *inside).all()
    assert not held(Polygon([ring]), *outside).any()


def test_a_box_over_the_antimeridian_is_the_narrow_one() -> None:
    over = Polygon([box(179.0, 10.0, -179.0, 12.0)])
    assert held(over, (179.5, 11.0), (-179.5, 11.0), (0.0, 11.0), (178.5, 11.0)).tolist() == [True, True, False, False]
