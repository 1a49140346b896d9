"""Places on the ellipsoid, in Earth-centred coordinates: where nearby distances are chords, and no map is in the way.

A place is a column of an array of shape (3, n): x, y, z in metres on the WGS 84 ellipsoid. There are no seams in these
coordinates: neither the antimeridian nor a pole is a special place.
"""

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Geometry = BaseGeometry

GEOD = Geod(ellps="WGS84")
RADIUS_M = 6_371_008.8
"""The Earth's mean radius (IUGG): turns a chord of 200 km into its geodesic to 0.1 m, wherever and whichever way."""

MAX_EDGE_M = 10_000.0
"""Edges are geodesics: cut to this length, a chord keeps to its geodesic, but for a sagitta (2 m) that is put right."""

CHUNK = 16_384
"""Places that are looked at together: enough to be fast, few enough for the processor's cache."""

_B2 = GEOD.b * GEOD.b
_A2 = GEOD.a * GEOD.a


def to_earth(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Degrees to Earth-centred metres, of shape (3, n).

    >>> to_earth([0.0, 180.0], [0.0, 0.0])[0].round(1).tolist()
    [6378137.0, -6378137.0]
    """
    lons, lats = np.broadcast_arrays(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    earth = np.empty((3, lons.size))
    for begin in range(0, lons.size, CHUNK):
        part = slice(begin, begin + CHUNK)
        east, along = _sine_and_cosine(lons.ravel()[part])
        up, out = _sine_and_cosine(lats.ravel()[part])
        prime_m = GEOD.a / np.sqrt(1.0 - GEOD.es * up * up)
        out *= prime_m
        np.multiply(out, along, out=earth[0, part])
        np.multiply(out, east, out=earth[1, part])
        np.multiply(prime_m * (1.0 - GEOD.es), up, out=earth[2, part])
    return earth.reshape(3, *lons.shape)


def _sine_and_cosine(degrees: Floats) -> tuple[Floats, Floats]:
    """Both from the tangent of half the angle: one function, and one that numpy computes ten times as fast."""
    half = np.tan(np.radians(degrees) * 0.5)
    square = half * half
    below = 1.0 / (1.0 + square)
    return 2.0 * half * below, (1.0 - square) * below


def to_lonlat(earth: Floats) -> tuple[Floats, Floats]:
    """Earth-centred metres, on the ellipsoid or near it, to degrees."""
    lon = np.degrees(np.arctan2(earth[1], earth[0]))
    normal = earth / np.array([_A2, _A2, _B2]).reshape(3, *[1] * (earth.ndim - 1))
    return lon, np.degrees(np.arctan2(normal[2], np.hypot(normal[0], normal[1])))


def chord_to_ground_m(chord_m: Floats) -> Floats:
    """Geodesic lengths of chords; right to 0.1 m at 200 km, to 1e-4 at 3,000 km."""
    return np.asarray(2.0 * RADIUS_M * np.arcsin(np.minimum(chord_m / (2.0 * RADIUS_M), 1.0)))


def ground_to_chord_m(ground_m: ArrayLike) -> Floats:
    """Chords of geodesic lengths."""
    return np.asarray(2.0 * RADIUS_M * np.sin(np.asarray(ground_m, dtype=float) / (2.0 * RADIUS_M)))


class Frames:
    """Local coordinates about some places: metres east and north along the ground, true to scale near the place.

    The sphere of the ellipsoid's normals carries them: a place so many metres east and north is the one whose normal is
    turned by the arcs that those metres span there. What that neglects, the change of the curvature with latitude, is
    1e-4 of the distance at 100 km.
    """

    def __init__(self, lon: Floats, lat: Floats) -> None:
        longitude, latitude = np.radians(lon), np.radians(lat)
        sin_lon, cos_lon, sin_lat, cos_lat = np.sin(longitude), np.cos(longitude), np.sin(latitude), np.cos(latitude)
        self._up = np.array([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat])
        self._east = np.array([-sin_lon, cos_lon, np.zeros_like(longitude)])
        self._north = np.array([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat])
        squeezed = 1.0 - GEOD.es * sin_lat * sin_lat
        self._prime_m = GEOD.a / np.sqrt(squeezed)
        self._meridian_m = GEOD.a * (1.0 - GEOD.es) / (squeezed * np.sqrt(squeezed))

    def to_earth(self, which: NDArray[np.intp], east_m: Floats, north_m: Floats) -> Floats:
        """Earth-centred places, of shape (3, n), each in the frame of the number given in `which`."""
        east, north = east_m / self._prime_m[which], north_m / self._meridian_m[which]
        arc = np.hypot(east, north)
        sine = np.sinc(arc / np.pi)
        cosine = np.cos(arc)
        normal = [
            cosine * self._up[axis, which] + sine * (east * self._east[axis, which] + north * self._north[axis, which])
            for axis in range(3)
        ]
        x, y, z = normal
        length = np.sqrt(_A2 * (x * x + y * y) + _B2 * (z * z))
        return np.array([_A2 / length * x, _A2 / length * y, _B2 / length * z])

    def from_lonlat(self, which: int, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Metres east and north, in one frame, of places in degrees."""
        longitude, latitude = np.radians(lon), np.radians(lat)
        normal = np.array(
            [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
        )
        east, north, up = (
            axes[0, which] * normal[0] + axes[1, which] * normal[1] + axes[2, which] * normal[2]
            for axes in (self._east, self._north, self._up)
        )
        sine = np.hypot(east, north)
        arc = np.arctan2(sine, up)
        stretched = np.where(sine > 0.0, arc / np.where(sine > 0.0, sine, 1.0), 1.0)
        return east * stretched * self._prime_m[which], north * stretched * self._meridian_m[which]


def middle(lon: ArrayLike, lat: ArrayLike) -> tuple[float, float]:
    """The middle of some places' extent in degrees, wherever on the Earth they are; that of a mirror image, mirrored.

    >>> middle([179.0, -179.0], [10.0, 20.0])
    (-180.0, 15.0)
    """
    lons, lats = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    mean = to_earth(lons, lats).mean(axis=1)
    towards = float(np.degrees(np.arctan2(mean[1], mean[0])))
    aside = (lons - towards + 180.0) % 360.0 - 180.0
    east = towards + float(aside.min() + aside.max()) / 2.0
    return (east + 180.0) % 360.0 - 180.0, float(lats.min() + lats.max()) / 2.0


def densify(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """The same path with further vertices along its geodesic edges, so that none is longer than `MAX_EDGE_M`."""
    corners = np.column_stack([np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)])
    dense_lon, dense_lat = np.ascontiguousarray(densify_paths(corners, np.array([0, len(corners)]))[0].T)
    return dense_lon, dense_lat


def densify_paths(corners: Floats, begins: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """The same for several paths at once.

    Args:
        corners: longitude and latitude, of shape (n, 2), of one path after the other.
        begins: where each begins, and where the last one ends; so are those of the answer given back.
    """
    lon, lat = corners.T
    azimuth, _, length_m = map(np.asarray, GEOD.inv(lon[:-1], lat[:-1], lon[1:], lat[1:]))
    pieces = np.maximum(1, np.ceil(length_m / MAX_EDGE_M)).astype(np.int64)
    pieces[begins[1:-1] - 1] = 1  # from one path to the next there is no edge
    at = np.concatenate([[0], np.cumsum(pieces), [pieces.sum() + 1]])
    edge = np.append(np.repeat(np.arange(len(pieces)), pieces), len(pieces))
    step = np.arange(len(edge)) - at[edge]
    inner = np.flatnonzero(step)
    of = edge[inner]
    dense = corners[edge]
    along_m = length_m[of] * step[inner] / pieces[of]
    dense[inner, 0], dense[inner, 1], _ = GEOD.fwd(lon[of], lat[of], azimuth[of], along_m)
    return dense, at[begins]


def distance_m(lon: ArrayLike, lat: ArrayLike, to_lon: ArrayLike, to_lat: ArrayLike) -> Floats:
    """Geodesic distances in metres."""
    one, two, three, four = np.broadcast_arrays(lon, lat, to_lon, to_lat)
    return np.asarray(GEOD.inv(one.astype(float), two.astype(float), three.astype(float), four.astype(float))[2])


def area_m2(geometry: Geometry) -> float:
    """The area of a polygon on the ellipsoid; its rings may run either way."""
    return abs(float(GEOD.geometry_area_perimeter(shapely.orient_polygons(united(geometry)))[0]))


def made_valid(geometry: Geometry) -> Geometry:
    """The same, repaired: whatever that leaves, lines and points included."""
    try:
        return shapely.make_valid(geometry)
    except shapely.GEOSException:  # corners a hair apart can be too much for it, and are nothing to a buffer
        return shapely.buffer(geometry, 0.0)


def polygons_only(geometry: Geometry) -> Geometry:
    """The polygons of a repaired geometry, without the lines and points that repairing may leave."""
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def united(geometry: Geometry) -> Geometry:
    """A polygon or multipolygon, valid: each part repaired by itself, then all of them as one.

    To repair overlapping parts together takes time that grows with the square of their crossings, and cuts out what
    two of them share.
    """
    if geometry.is_valid:
        return geometry
    parts = shapely.get_parts(geometry)
    broken = ~shapely.is_valid(parts)
    parts[broken] = [polygons_only(made_valid(part)) for part in parts[broken]]
    return shapely.union_all(parts)
