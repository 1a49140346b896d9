"""Between longitude and latitude and a plane in metres, and what is measured on the ellipsoid itself."""

from functools import cached_property

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod, Transformer
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Geometry = BaseGeometry

GEOD = Geod(ellps="WGS84")
MAX_EDGE_M = 10_000.0
"""Edges are geodesics: cut to this length, a straight edge in the plane strays from its geodesic by a decimetre."""


SCALED_TO_M = 300_000.0
SCALED_WITHIN_M = 600_000.0
"""Up to this distance, and this far east or west of the plane's middle, the scale's series is good to 1e-5."""


class Projection:
    """A transverse Mercator plane about one place: conformal, near it true to scale.

    A distance in the plane is no distance: `ground_m` corrects it by the local scale.
    """

    def __init__(self, lon: float, lat: float) -> None:
        self.lon, self.lat = float(lon), float(lat)
        flattening = 1.0 - GEOD.es * np.sin(np.radians(self.lat)) ** 2
        self._radius_m = GEOD.a * np.sqrt(1.0 - GEOD.es) / flattening

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

    def ground_m(self, x: Floats, y: Floats, to_x: Floats, to_y: Floats) -> Floats:
        """Distances on the ellipsoid between places of the plane.

        Near the middle, the plane's distance divided by the scale, which Simpson's rule averages along the way (Snyder,
        Map Projections: A Working Manual, 1987, eq. 8-7 on the sphere of the place's mean curvature); further out, the
        geodesic itself.
        """
        away = np.hypot(to_x - x, to_y - y)
        slow = 1.0 / self.scale(x) + 4.0 / self.scale((x + to_x) / 2.0) + 1.0 / self.scale(to_x)
        ground = away * slow / 6.0
        far = (away > SCALED_TO_M) | (np.maximum(np.abs(x), np.abs(to_x)) > SCALED_WITHIN_M)
        if far.any():
            ends = (*self.to_lonlat(x[far], y[far]), *self.to_lonlat(to_x[far], to_y[far]))
            ground[far] = distance_m(*ends)
        return np.asarray(ground)

    def scale(self, x: Floats) -> Floats:
        """How much longer lengths are in the plane than on the ground, at places so far east or west of its middle."""
        share = (x / self._radius_m) ** 2
        return np.asarray(1.0 + share / 2.0 + share**2 / 24.0)

    def polygon_to_plane(self, geometry: Geometry) -> Geometry:
        """A polygon with geodesic edges, in the plane; repaired after projecting, not before."""
        flat = shapely.transform(densify_polygon(geometry), lambda c: np.column_stack(self.to_plane(c[:, 0], c[:, 1])))
        return flat if flat.is_valid else polygons_only(shapely.make_valid(flat))

    def polygon_to_lonlat(self, geometry: Geometry) -> Geometry:
        """A polygon of the plane, in longitude and latitude."""
        return shapely.transform(geometry, lambda c: np.column_stack(self.to_lonlat(c[:, 0], c[:, 1])))


def centred_on(lon: ArrayLike, lat: ArrayLike) -> Projection:
    """The plane about the middle of some places' extent."""
    lons, lats = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    return Projection(float(lons.min() + lons.max()) / 2, float(lats.min() + lats.max()) / 2)


def densify(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """The same path with further vertices along its geodesic edges, so that none is longer than `MAX_EDGE_M`."""
    lons, lats = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    azimuth, _, length = GEOD.inv(lons[:-1], lats[:-1], lons[1:], lats[1:])
    pieces = np.maximum(1, np.ceil(np.asarray(length) / MAX_EDGE_M)).astype(int)
    edge = np.repeat(np.arange(len(pieces)), pieces)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    along = np.asarray(length)[edge] * step / pieces[edge]
    inner_lon, inner_lat, _ = GEOD.fwd(lons[edge], lats[edge], np.asarray(azimuth)[edge], along)
    kept = step == 0
    dense_lon = np.append(np.where(kept, lons[edge], inner_lon), lons[-1])
    dense_lat = np.append(np.where(kept, lats[edge], inner_lat), lats[-1])
    return dense_lon, dense_lat


def densify_polygon(geometry: Geometry) -> Geometry:
    """The same polygon or multipolygon with further vertices along its geodesic edges."""
    return shapely.multipolygons(
        [
            shapely.Polygon(_dense_ring(part.exterior), [_dense_ring(hole) for hole in part.interiors])
            for part in shapely.get_parts(geometry)
        ]
    )


def _dense_ring(ring: shapely.LinearRing) -> Floats:
    corners = shapely.get_coordinates(ring)
    return np.column_stack(densify(corners[:, 0], corners[:, 1]))


def distance_m(lon: ArrayLike, lat: ArrayLike, to_lon: ArrayLike, to_lat: ArrayLike) -> Floats:
    """Geodesic distances in metres."""
    one, two, three, four = np.broadcast_arrays(lon, lat, to_lon, to_lat)
    return np.asarray(GEOD.inv(one.astype(float), two.astype(float), three.astype(float), four.astype(float))[2])


def area_m2(geometry: Geometry) -> float:
    """The area of a polygon on the ellipsoid; its rings may run either way."""
    valid = geometry if geometry.is_valid else polygons_only(shapely.make_valid(geometry))
    return abs(float(GEOD.geometry_area_perimeter(shapely.orient_polygons(valid))[0]))


def polygons_only(geometry: Geometry) -> Geometry:
    """The polygons of a repaired geometry, without the lines and points that repairing may leave."""
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.Polygon()
