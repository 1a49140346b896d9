"""Footprints: the bounding disc holds the lattice, the lattice fills the footprint."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry.footprints import MOST_CELLS, Footprints, sectors
from pipeline.geometry.projection import GEOD, area_m2, distance_m
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Nowhere, Polygon
from tests.worlds import FOOTPRINTS


@given(footprint=FOOTPRINTS.filter(lambda place: not isinstance(place, Nowhere)))
def test_the_bounding_disc_and_the_cover_hold_every_place_of_the_lattice(footprint: Footprint) -> None:
    placed = Footprints([footprint], {})
    lon, lat = placed.lattice(0)
    assert distance_m(placed.lon[0], placed.lat[0], lon, lat).max() <= placed.reach_m[0] * 1.002 + 0.01
    cover_lon, cover_lat, radius_m = placed.cover(0)
    away = distance_m(lon[:, None], lat[:, None], cover_lon[None, :], cover_lat[None, :])
    assert (away <= radius_m[None, :] + 0.01).any(axis=1).all()
    assert len(cover_lon) < 2_000


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
def test_a_sliver_costs_no_more_than_the_finest_grid(ring: list[list[float]]) -> None:
    placed = Footprints([Area(geometry=Polygon([ring]))], {})
    assert 1 <= len(placed.lattice(0)[0]) <= MOST_CELLS
    assert 1 <= len(placed.cover(0)[0]) < 3_000


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
    lon, lat = named.lattice(0)
    assert len(lon) >= 256
    assert shapely.contains_xy(outline, lon, lat).all()


def test_an_exact_place_is_itself() -> None:
    lon, lat = Footprints([Disc(37.0, 48.0, 0.0)], {}).lattice(0)
    assert np.allclose(lon, 37.0)
    assert np.allclose(lat, 48.0)
