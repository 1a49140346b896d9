"""A plane in metres: for repairing and drawing polygons. Nothing is decided in it."""

from functools import cached_property

import numpy as np
import shapely
from numpy.typing import ArrayLike
from pyproj import Transformer

from pipeline.geometry.earth import Floats, Geometry, densify_paths, made_valid, middle, polygons_only

ONE_M = 0.0001
"""Corners of a ring that are no farther apart are one."""

_LEAST_CORNERS = 4
"""Of a ring: three, and the first once more."""

SEAM_M = 0.001
"""The grid on which a repaired polygon's corners are set, so that parts which meet at the antimeridian become one."""


class Projection:
    """A transverse Mercator plane about one place: conformal, near it true to scale.

    Lengths in the plane are too long by half the square of (metres east or west of its middle / the Earth's radius):
    0.05 % at 200 km, 1 % at 900 km.
    """

    def __init__(self, lon: float, lat: float) -> None:
        self.lon, self.lat = float(lon), float(lat)

    @cached_property
    def _transformer(self) -> Transformer:
        plane = f"+proj=tmerc +lat_0={self.lat!r} +lon_0={self.lon!r} +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m"
        return Transformer.from_crs("+proj=longlat +ellps=WGS84", plane, always_xy=True)

    def to_plane(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
        """x and y in metres; not finite where the plane does not reach (the far side of the Earth)."""
        x, y = self._transformer.transform(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
        return np.asarray(x), np.asarray(y)

    def to_lonlat(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Longitude and latitude of places in the plane."""
        lon, lat = self._transformer.transform(
            np.asarray(x, dtype=float), np.asarray(y, dtype=float), direction="INVERSE"
        )
        return np.asarray(lon), np.asarray(lat)

    def polygon_to_plane(self, geometry: Geometry) -> Geometry:
        """A polygon with geodesic edges, in the plane; repaired after projecting, not before."""
        flat = shapely.transform(densify_polygon(geometry), lambda c: np.column_stack(self.to_plane(c[:, 0], c[:, 1])))
        parts = shapely.get_parts(flat)
        sound = [part if part.is_valid else polygons_only(made_valid(part)) for part in parts]
        whole = sound[0] if len(sound) == 1 else shapely.union_all(sound, grid_size=SEAM_M)
        return _without_repeats(whole)

    def polygon_to_lonlat(self, geometry: Geometry) -> Geometry:
        """A polygon of the plane, in longitude and latitude."""
        return shapely.transform(geometry, lambda c: np.column_stack(self.to_lonlat(c[:, 0], c[:, 1])))


def _without_repeats(whole: Geometry) -> Geometry:
    """The same without corners that are all but one."""
    try:
        return shapely.remove_repeated_points(whole, ONE_M)
    except shapely.GEOSException:  # some ring is hardly wider than that, and too few of its corners are left
        return shapely.multipolygons([part for part in map(_sound, shapely.get_parts(whole)) if part is not None])


def _sound(part: shapely.Polygon) -> shapely.Polygon | None:
    """A polygon without corners that are all but one, and without holes that are none; None where it is none itself."""
    rings = [
        shapely.remove_repeated_points(shapely.LineString(ring.coords), ONE_M).coords
        for ring in (part.exterior, *part.interiors)
    ]
    if len(rings[0]) < _LEAST_CORNERS:
        return None
    return shapely.Polygon(rings[0], [ring for ring in rings[1:] if len(ring) >= _LEAST_CORNERS])


def centred_on(lon: ArrayLike, lat: ArrayLike) -> Projection:
    """The plane about the middle of some places' extent, wherever on the Earth they are."""
    return Projection(*middle(lon, lat))


def densify_polygon(geometry: Geometry) -> Geometry:
    """The same polygon or multipolygon with further vertices along its geodesic edges."""
    parts = shapely.get_parts(geometry)
    _, corners, (rings, polygons) = shapely.to_ragged_array(parts)
    dense, begins = densify_paths(corners, np.asarray(rings, dtype=np.int64))
    offsets = [begins, np.asarray(polygons, dtype=np.int64), np.array([0, len(parts)])]
    whole: Geometry = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, dense, offsets)[0]
    return whole
