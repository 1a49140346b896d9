"""Worlds for the tests of shares: lines, zones of every kind about them, and footprints; and how shares are held."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import LEFT, RIGHT, Line
from pipeline.geometry.membership import membership
from pipeline.geometry.places import Places
from pipeline.geometry.zones import CorridorZone, OffsetZone, PolygonZone, Zone
from pipeline.model.footprint import Area, Footprint, MultiPolygon, Polygon
from tests.geometry.worldwide import Path, Vantage, log_floats
from tests.oracles import Bools, Floats, OracleLine, walk

TOLERANCE = 0.005

Ring = list[list[float]]


class World(NamedTuple):
    """A line, and zones of every kind about it."""

    oracle: OracleLine
    line: Line
    zones: tuple[Zone, ...]


ZONES = ("left", "right", "both", "far left", "stretch", "thin band", "drawn", "corridor of a stretch", "corridor")
GROUPS = ((0, 1), (0, 1, 2), (0, 3), (4, 6), (5, 7), tuple(range(9)), ())


def world(path: Path) -> World:
    oracle, line = OracleLine(*path), Line(*path)
    length_m = oracle.length_m
    middle_lon, middle_lat = (float(part[0]) for part in oracle.at(0.5 * length_m))
    rings = [
        [
            [float(x), float(y)]
            for x, y in zip(*walk(middle_lon, middle_lat, -60.0 * np.arange(6), reach_m), strict=True)
        ]
        for reach_m in (18_000.0, 4_000.0)
    ]
    on = [[[middle_lon + (x - middle_lon + 180.0) % 360.0 - 180.0, y] for x, y in [*ring, ring[0]]] for ring in rings]
    zones = (
        OffsetZone("left", "line", line, LEFT, 0.0, 7_500.0),
        OffsetZone("right", "line", line, RIGHT, 0.0, 7_500.0),
        OffsetZone("both", "line", line, 0, 0.0, 25_000.0),
        OffsetZone("far left", "line", line, LEFT, 7_500.0, 25_000.0),
        OffsetZone("stretch", "line", line, 0, 0.0, 10_000.0, (0.3 * length_m, 0.6 * length_m)),
        OffsetZone("thin band", "line", line, RIGHT, 3_000.0, 3_500.0),
        PolygonZone("drawn", shapely.Polygon(on[0], [on[1]])),
        CorridorZone("corridor of a stretch", "line", line, 5_000.0, (0.4 * length_m, 0.7 * length_m)),
        CorridorZone("corridor", "line", line, 1_500.0),
    )
    return World(oracle, line, zones)


def _river() -> Path:
    rng = np.random.default_rng(7)
    turn = np.radians(rng.uniform(-75.0, 75.0, 400))
    east, north = np.cumsum(80.0 * np.cos(turn)), np.cumsum(80.0 * np.sin(turn))
    lon, lat = walk(37.0, 48.0, np.degrees(np.arctan2(east, north)), np.hypot(east, north))
    return Path((37.0, *lon.tolist()), (48.0, *lat.tolist()))


WORLDS = {
    "bent": world(Path((37.0, 37.3, 37.25, 37.9, 38.5, 38.4), (48.0, 48.2, 48.35, 48.1, 48.6, 48.9))),
    "hairpin": world(Path((37.0, 37.5, 37.12, 37.6), (48.0, 48.3, 48.03, 48.02))),
    "antimeridian": world(Path((179.2, 179.8, -179.7, -179.3), (-17.0, -17.4, -17.1, -16.6))),
    "far north": world(Path((15.0, 17.0, 20.0, 22.0), (80.1, 80.4, 80.0, 80.3))),
    "river": world(_river()),
}


def shares(
    footprints: Sequence[Footprint], zones: Sequence[Zone], areas: Mapping[str, BaseGeometry] | None = None
) -> tuple[Floats, Floats]:
    """Shares in each zone and each group, of shape (zones, footprints) and (groups, footprints)."""
    placed = Footprints(footprints, areas or {})
    groups = [group for group in GROUPS if all(row < len(zones) for row in group)]
    found = membership(placed, zones, groups, Places(placed.lon, placed.lat))
    return found.each, found.any


def assert_shares(found: tuple[Floats, Floats], hits: Bools) -> None:
    """Shares that are those of the places in the zones (`hits`), and 1 only where every place is within."""
    each, union = found[0][:, 0], found[1][:, 0]
    groups = [group for group in GROUPS if all(row < len(hits) for row in group)]
    union_hits = np.array([hits[list(group)].any(axis=0) for group in groups])
    assert unlike(each, hits.mean(axis=1)) == []
    assert unlike(union, union_hits.mean(axis=1)) == []
    assert hits[each == 1.0].all()
    assert union_hits[union == 1.0].all()
    assert ((found[0] >= 0.0) & (found[0] <= 1.0)).all()
    assert ((found[1] >= 0.0) & (found[1] <= 1.0)).all()


def unlike(found: Floats, expected: Floats) -> list[tuple[int, float, float]]:
    """The shares that differ: of which zone or group, what was found, what was expected."""
    rows = np.flatnonzero(~(np.abs(found - expected) < TOLERANCE)).tolist()
    return [(row, round(float(found[row]), 5), round(float(expected[row]), 5)) for row in rows]


def in_zones(zones: Sequence[Zone], lon: Floats, lat: Floats) -> Bools:
    """Which places lie in which zones, by the zones themselves."""
    places = Places(lon, lat)
    return np.array([zone.contains(places) for zone in zones])


def centres() -> st.SearchStrategy[Vantage]:
    """Where footprints lie: up to 40 km off a line."""
    shares_ = st.floats(0.0, 1.0) | st.sampled_from([0.0, 0.3, 0.4, 0.6, 0.7, 1.0])
    return st.builds(Vantage, shares_, st.floats(0.0, 360.0), st.floats(0.0, 40_000.0) | log_floats(1.0, 10_000.0))


def drawn(outline: BaseGeometry) -> Area:
    """An area footprint of an outline."""
    rings: list[list[Ring]] = [
        [[[float(x), float(y)] for x, y in ring.coords] for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(outline)
    ]
    return Area(geometry=Polygon(rings[0]) if isinstance(outline, shapely.Polygon) else MultiPolygon(rings))
