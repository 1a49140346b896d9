"""Zones as polygons, for maps and areas. Nothing is decided by them.

Arcs are flattened to chords of 90/32 degrees, which is 0.03 % of the distance; and the plane's lengths are a little
long (see `Projection`). At 150 km an edge is so drawn within about 100 m of where it is, near the line's middle.
"""

import numpy as np
import shapely
import shapely.ops
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats, Geometry, distance_m
from pipeline.geometry.line import Line

Between = tuple[float, float] | None


def band(line: Line, side: int, from_m: float, to_m: float, between_m: Between) -> Geometry:
    """What lies between two distances of a line, with square ends."""
    stretch = _stretch(line, between_m)
    whole: Geometry = shapely.buffer(stretch, to_m, cap_style="flat", quad_segs=32)
    if from_m > 0.0:
        whole = whole.difference(shapely.buffer(stretch, from_m, cap_style="flat", quad_segs=32))
    if side:
        whole = _one_side(whole, line, stretch, side, to_m)
    return line.projection.polygon_to_lonlat(whole)


def corridor(line: Line, within_m: float, between_m: Between) -> Geometry:
    """What lies within a distance of a line, with round ends."""
    return line.projection.polygon_to_lonlat(shapely.buffer(_stretch(line, between_m), within_m, quad_segs=32))


def ends_apart_m(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The distance between two places, each longitude and latitude."""
    return float(distance_m(one[0], one[1], other[0], other[1]))


def unwrapped(path: Floats) -> Floats:
    """The same path with longitudes that run on past 180 degrees instead of leaping."""
    return np.column_stack([np.unwrap(path[:, 0], period=360.0), path[:, 1]])


def _stretch(line: Line, between_m: Between) -> Geometry:
    if between_m is None:
        return line.plane
    piece = line.piece(*between_m)
    return shapely.LineString(np.column_stack(line.projection.to_plane(piece[:, 0], piece[:, 1])))


def _one_side(whole: Geometry, line: Line, stretch: Geometry, side: int, to_m: float) -> Geometry:
    parts = [
        part
        for part in shapely.get_parts(shapely.ops.split(whole, _extended(stretch, 3.0 * to_m)))
        if line.locate(*_inner_place(line, part)).side[0] == side
    ]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def _extended(stretch: Geometry, by_m: float) -> Geometry:
    """A polyline with both ends drawn out straight, so that it cuts a band about it in two."""
    corners = shapely.get_coordinates(stretch)
    before, after = corners[0] - corners[1], corners[-1] - corners[-2]
    first = corners[0] + before / np.hypot(*before) * by_m
    last = corners[-1] + after / np.hypot(*after) * by_m
    return shapely.LineString(np.vstack([first, corners, last]))


def _inner_place(line: Line, part: Geometry) -> tuple[Floats, Floats]:
    place = part.representative_point()
    return line.projection.to_lonlat([place.x], [place.y])
