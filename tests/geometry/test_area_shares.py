"""The share of a drawn area's area in a zone, against the mean over many places, evenly spread over its outline."""

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from pipeline.model.footprint import Area
from tests.geometry.evenly import MANY, area_places
from tests.geometry.sharing import WORLDS, assert_shares, centres, drawn, in_zones, shares
from tests.geometry.worldwide import OF_EACH_REGION, Vantage, log_floats, seen_from
from tests.oracles import Floats, walk

TEETH = [(37.0 + 0.02 * number, 48.3 if number % 2 else 48.05) for number in range(50)]
BOX = shapely.box(37.1, 48.0, 37.9, 48.4)
OUTLINES: dict[str, tuple[str, BaseGeometry]] = {
    "a box": ("bent", BOX),
    "a box with a hole": ("bent", BOX.difference(shapely.box(37.3, 48.1, 37.7, 48.3))),
    "two boxes": ("bent", shapely.union(shapely.box(37.0, 48.0, 37.2, 48.1), shapely.box(38.0, 48.0, 38.6, 48.5))),
    "a triangle of 10 m": ("bent", shapely.Polygon([(37.15, 48.1001), (37.1502, 48.1001), (37.15, 48.0998)])),
    "a sliver along the line": ("bent", shapely.Polygon([(37.0, 48.001), (37.3, 48.201), (37.3, 48.199)])),
    "a comb": ("bent", shapely.Polygon([(37.0, 48.0), *TEETH, (38.0, 48.0)])),
    "a region": ("bent", shapely.Polygon([(36.0, 47.0), (39.5, 47.2), (39.8, 49.3), (37.0, 49.6)])),
    "a country": ("bent", shapely.Polygon([(31.0, 46.0), (41.0, 46.0), (41.0, 50.0), (31.0, 50.0)])),
    "about the antimeridian": (
        "antimeridian",
        shapely.MultiPolygon([shapely.box(179.6, -17.4, 180.0, -16.9), shapely.box(-180.0, -17.4, -179.8, -16.9)]),
    ),
    "in the far north": ("far north", shapely.box(16.0, 80.0, 20.0, 80.4)),
    "by a river": ("river", shapely.box(37.1, 47.98, 37.2, 48.05)),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTLINES)
def test_an_areas_share_is_that_of_its_outline(name: str) -> None:
    here, outline = WORLDS[OUTLINES[name][0]], OUTLINES[name][1]
    found = shares([drawn(outline)], here.zones)
    places = _across_antimeridian(outline) if name == "about the antimeridian" else area_places(outline, 10 * MANY)
    assert_shares(found, in_zones(here.zones, *places))
    named = shares([Area(area_id="x")], here.zones, {"x": outline})
    assert named[0].tolist() == found[0].tolist()
    assert named[1].tolist() == found[1].tolist()


def _across_antimeridian(outline: BaseGeometry) -> tuple[Floats, Floats]:
    """The places of two parts on the two shores, drawn on one sheet."""
    parts = shapely.get_parts(outline)
    east = shapely.transform(parts[1], lambda corners: corners + np.array([360.0, 0.0]))
    return area_places(shapely.MultiPolygon([parts[0], east]), 3 * MANY)


@OF_EACH_REGION
@given(
    centre=centres(),
    reach_m=log_floats(100.0, 60_000.0),
    reaches=st.lists(st.floats(0.2, 1.0), min_size=3, max_size=9),
    hole=st.booleans(),
)
@example(
    Vantage(0.4, 338.45866109269843, 454.9928639893953), 6_780.0, [0.836, 0.674, 0.909, 0.738, 0.205, 0.843], False
)
@example(Vantage(0.7, 178.37312009480212, 77.96819416436163), 101.0, [0.882, 0.206, 0.48], True)
def test_a_stars_share_is_that_of_its_outline(
    centre: Vantage, reach_m: float, reaches: list[float], hole: bool
) -> None:
    here = WORLDS["bent"]
    lon, lat = seen_from(here.oracle, [centre])
    azimuth = -360.0 * np.arange(len(reaches)) / len(reaches)
    rings = [
        np.column_stack(walk(lon[0], lat[0], azimuth, share * reach_m * np.array(reaches)))
        for share in ((1.0, 0.5) if hole else (1.0,))
    ]
    outline = shapely.Polygon(rings[0], rings[1:])
    assert_shares(shares([drawn(outline)], here.zones), in_zones(here.zones, *area_places(outline, 2 * MANY)))
