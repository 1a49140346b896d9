"""Places evenly spread over footprints: the mean over them is the share of the area."""

import numpy as np
import shapely
from numpy.typing import ArrayLike
from pyproj import Proj
from shapely.geometry.base import BaseGeometry

from pipeline.model.footprint import Bearing, Disc
from tests.oracles import Floats, OracleLine, walk

MANY = 20_000
"""Places in a plane figure: the mean over them is right to 0.001."""


def spread(count: int, dimensions: int) -> Floats:
    """Places in the unit cube, of shape (dimensions, count): Kronecker's sequence of the generalised golden ratio."""
    ratio = 2.0
    for _ in range(60):
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1.0)
    return np.asarray((0.5 + np.outer(steps, np.arange(1, count + 1))) % 1.0)


def disc_places(disc: Disc, count: int = MANY) -> tuple[Floats, Floats]:
    """A sunflower."""
    seed = np.arange(count)
    azimuth = 360.0 * (seed * (np.sqrt(5.0) - 1.0) / 2.0 % 1.0)
    return walk(disc.lon, disc.lat, azimuth, disc.radius_m * np.sqrt((seed + 0.5) / count))


def bearing_places(bearing: Bearing, count: int = MANY) -> tuple[Floats, Floats]:
    """All that the observer may have seen, from all the places where the observer may have stood."""
    radius_m = getattr(bearing, "observer_radius_m", 0.0)
    cube = spread(count, 4 if radius_m else 2)
    azimuth, low, high = _azimuths(bearing, cube[0]), bearing.range_min_m**2, bearing.range_max_m**2
    observer: tuple[ArrayLike, ArrayLike] = bearing.lon, bearing.lat
    if radius_m:
        observer = walk(bearing.lon, bearing.lat, 360.0 * cube[2], radius_m * np.sqrt(cube[3]))
    return walk(*observer, azimuth, np.sqrt(low + (high - low) * cube[1]))


def _azimuths(bearing: Bearing, share: Floats) -> Floats:
    """Directions, evenly spread over the union of a bearing's intervals: each of its pieces is counted once."""
    spans = [(start % 360.0, (end - start) % 360.0 or 360.0) for start, end in bearing.azimuths_deg]
    ends = np.unique([0.0, 360.0, *(end % 360.0 for start, width in spans for end in (start, start + width))])
    middle = (ends[:-1] + ends[1:]) / 2.0
    seen = [any((place - start) % 360.0 < width for start, width in spans) for place in middle.tolist()]
    width = np.where(seen, np.diff(ends), 0.0)
    before = np.concatenate([[0.0], np.cumsum(width)])
    piece = np.clip(np.searchsorted(before, share * before[-1], side="right") - 1, 0, len(width) - 1)
    return np.asarray(ends[piece] + share * before[-1] - before[piece])


def area_places(outline: BaseGeometry, count: int = 3 * MANY) -> tuple[Floats, Floats]:
    """Places in a drawn area with geodesic edges, spread in an equal-area plane about it."""
    middle = outline.envelope.centroid
    plane = Proj(proj="laea", ellps="WGS84", lon_0=middle.x, lat_0=middle.y)
    flat = shapely.union_all(
        [
            shapely.Polygon(_flat(part.exterior, plane), [_flat(hole, plane) for hole in part.interiors])
            for part in shapely.get_parts(outline)
        ]
    )
    west, south, east, north = flat.bounds
    right, up = spread(count, 2)
    x, y = west + (east - west) * right, south + (north - south) * up
    inside = shapely.contains_xy(flat, x, y)
    lon, lat = plane(x[inside], y[inside], inverse=True)
    return np.asarray(lon), np.asarray(lat)


def _flat(ring: shapely.LinearRing, plane: Proj) -> Floats:
    edges = OracleLine(*shapely.get_coordinates(ring).T)
    lon, lat = edges.at(np.union1d(np.linspace(0.0, edges.length_m, 500), edges.begin_m))
    return np.column_stack(plane(lon, lat))
