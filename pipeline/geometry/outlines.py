"""Footprints as polygons, where what lies in one is asked for as in a drawn zone."""

from collections.abc import Mapping

import numpy as np
import shapely

from pipeline.geometry.drawings import unwrapped
from pipeline.geometry.earth import GEOD, Floats, Geometry
from pipeline.geometry.footprints import outline, sectors
from pipeline.model.footprint import Area, Bearing, Disc, Footprint

_CORNERS = 128
_AROUND = 1.0 / np.cos(np.pi / _CORNERS)
"""The polygon's corners lie so much further out than the arc, so that the arc lies within it."""

_LEAST_M = 1.0


def polygon_of(footprint: Footprint, areas: Mapping[str, Geometry]) -> Geometry | None:
    """The polygon that holds a footprint and hardly more, in degrees; None for *nowhere*.

    >>> from pipeline.geometry.earth import area_m2
    >>> round(area_m2(polygon_of(Disc(37.5, 48.0, 1_000.0), {})) / (np.pi * 1e6), 3)
    1.0
    """
    if isinstance(footprint, Area):
        return outline(footprint, areas)
    if isinstance(footprint, Disc):
        return shapely.Polygon(_arc(footprint.lon, footprint.lat, max(footprint.radius_m, _LEAST_M), 0.0, 360.0))
    if isinstance(footprint, Bearing):
        return shapely.union_all([_sector(footprint, start, width) for start, width in sectors(footprint)])
    return None


def _sector(bearing: Bearing, start: float, width: float) -> Geometry:
    """The part of a ring between two azimuths; that the observer's own place is uncertain is left aside."""
    far = _arc(bearing.lon, bearing.lat, bearing.range_max_m, start, width)
    if bearing.range_min_m < _LEAST_M:
        middle = np.array([[bearing.lon, bearing.lat]])
        return shapely.Polygon(far if width >= 360.0 else unwrapped(np.vstack([middle, far])))
    near = _arc(bearing.lon, bearing.lat, bearing.range_min_m / _AROUND, start, width)
    if width >= 360.0:
        return shapely.Polygon(far, [near])
    return shapely.Polygon(unwrapped(np.vstack([far, near[::-1]])))


def _arc(lon: float, lat: float, radius_m: float, start: float, width: float) -> Floats:
    """Corners about an arc, from one azimuth on clockwise; of a whole round, closed."""
    azimuth = np.linspace(start, start + width, _CORNERS + 1)
    around_m = np.full(azimuth.shape, radius_m * _AROUND)
    lons, lats, _ = GEOD.fwd(np.full(azimuth.shape, lon), np.full(azimuth.shape, lat), azimuth, around_m)
    path = unwrapped(np.column_stack([lons, lats]))
    if width >= 360.0:
        path[-1] = path[0]
    return path
