"""Footprints: the bounding disc holds the cells, the cells fill the footprint."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry.cells import Cells
from pipeline.geometry.earth import GEOD, Floats, area_m2, distance_m, to_lonlat
from pipeline.geometry.footprints import Footprints, sectors
from pipeline.model.footprint import Area, Bearing, Footprint, MultiPolygon, Nowhere, Polygon
from tests.fans import fan
from tests.worlds import FOOTPRINTS


def fine(placed: Footprints, divisions: int) -> list[Cells]:
    cells = placed.cells([0])
    for _ in range(divisions):
        cells = [some.divided() for some in cells]
    return cells


def centres(placed: Footprints, cells: Cells) -> tuple[Floats, Floats]:
    return to_lonlat(placed.frames([0]).to_earth(cells.owner, *cells.centres_m()))


@given(footprint=FOOTPRINTS.filter(lambda place: not isinstance(place, Nowhere)))
def test_the_bounding_disc_holds_every_cell_and_a_cells_disc_holds_its_parts(footprint: Footprint) -> None:
    placed = Footprints([footprint], {})
    for some in placed.cells([0]):
        lon, lat = centres(placed, some)
        assert distance_m(placed.lon[0], placed.lat[0], lon, lat).max() <= placed.reach_m[0] * 1.002 + 0.01
        parts = some.divided()
        east, north = (np.repeat(figures, 4) for figures in some.centres_m())
        to_east, to_north = parts.centres_m()
        assert (np.hypot(to_east - east, to_north - north) <= np.repeat(some.radius_m(), 4) + 1e-6).all()
        assert parts.weight.sum() == pytest.approx(some.weight.sum())


THIN = [[37.7, -75.0], [37.7000000000001, -75.0], [37.7000000000001, 89.0], [37.7, 89.0], [37.7, -75.0]]


@pytest.mark.parametrize(
    "ring",
    [
        THIN,
        *(
            [[37.0, 48.0], [37.0 + width, 48.0], [37.0 + width, 50.0], [37.0, 50.0], [37.0, 48.0]]
            for width in (1e-7, 1e-9, 1e-11)
        ),
        [[37.0, 48.0], [38.0, 48.9], [38.0, 48.90000001], [37.0, 48.0]],
    ],
)
def test_a_sliver_has_few_cells_that_are_all_of_it(ring: list[list[float]]) -> None:
    (cells,) = Footprints([Area(geometry=Polygon([ring]))], {}).cells([0])
    assert 1 <= len(cells) <= 5_000
    assert cells.weight.sum() == pytest.approx(1.0)
    assert np.isfinite(cells.radius_m()).all()


@given(
    angles=st.lists(st.tuples(st.integers(0, 359), st.integers(0, 359)), min_size=1, max_size=4),
)
def test_joined_sectors_cover_the_same_directions_once(angles: list[tuple[int, int]]) -> None:
    joined = sectors(Bearing(37.0, 48.0, 0.0, 1.0, tuple((float(a), float(b)) for a, b in angles)))
    for degree in np.arange(0.5, 360.0, 1.0):
        given_ = any((degree - a) % 360 < ((b - a) % 360 or 360) for a, b in angles)
        covering = sum((degree - start) % 360 < width for start, width in joined)
        assert covering == given_


@given(start=st.integers(0, 359), width=st.integers(10, 359), near=st.sampled_from([0.0, 2_000.0]))
def test_a_bearings_area_is_that_of_its_outline(start: int, width: int, near: float) -> None:
    bearing = Bearing(37.0, 48.0, near, 5_000.0, ((float(start), float((start + width) % 360)),))
    azimuth = np.linspace(start, start + width, 400)
    there = GEOD.fwd(np.full(400, 37.0), np.full(400, 48.0), azimuth, np.full(400, 5_000.0))
    back = GEOD.fwd(np.full(400, 37.0), np.full(400, 48.0), azimuth[::-1], np.full(400, near))
    ring = np.column_stack([np.concatenate([there[0], back[0]]), np.concatenate([there[1], back[1]])])
    assert Footprints([bearing], {}).area_m2[0] == pytest.approx(area_m2(shapely.Polygon(ring)), rel=0.002)


def test_an_area_by_name_has_that_areas_outline() -> None:
    outline = shapely.box(37.0, 48.0, 37.5, 48.4)
    named = Footprints([Area(area_id="x")], {"x": outline})
    drawn = Footprints([Area(geometry=Polygon([[list(c) for c in outline.exterior.coords]]))], {})
    assert (named.lon[0], named.lat[0], named.reach_m[0]) == (drawn.lon[0], drawn.lat[0], drawn.reach_m[0])
    assert named.area_m2[0] == pytest.approx(1.655e9, rel=0.01)
    (cells,) = fine(named, 3)
    lon, lat = centres(named, cells)
    assert shapely.contains_xy(outline.buffer(0.003), lon, lat).all()


def test_what_two_parts_share_is_theirs_once() -> None:
    west, east = ([[lon, 48.0], [lon + 0.2, 48.0], [lon + 0.2, 48.1], [lon, 48.1], [lon, 48.0]] for lon in (37.0, 37.1))
    whole = [west[0], east[1], east[2], west[3], west[0]]
    both, one = (Area(geometry=drawn) for drawn in (MultiPolygon([[west], [east]]), Polygon([whole])))
    placed = Footprints([both, one], {})
    assert placed.area_m2[0] == pytest.approx(placed.area_m2[1], rel=1e-4)
    filled_m2 = [sum(cells.weight.sum() for cells in placed.cells([index])) for index in range(2)]
    assert filled_m2 == pytest.approx([1.0, 1.0])
    lon, _ = centres(placed, fine(placed, 3)[0])
    assert ((lon > 37.1) & (lon < 37.2)).mean() > 0.1


def test_thin_triangles_across_each_other_have_cells() -> None:
    """A hundred of them: cutting them up all at once would take minutes."""
    placed = Footprints([Area(geometry=fan(100))], {})
    one = area_m2(shapely.Polygon(fan(100).coordinates[0][0]))
    assert 0.3 * 100 * one < placed.area_m2[0] < 100 * 1.5 * one
    (cells,) = placed.cells([0])
    assert cells.weight.sum() == pytest.approx(1.0)
