"""What a satellite covers in an interval, as a shape on the map."""

import math
from datetime import datetime
from functools import partial
from typing import cast

import numpy as np
import shapely

from pipeline.geometry.earth import GEOD, Floats, Geometry, made_valid, polygons_only, to_lonlat
from pipeline.recon.earth_fixed import Integers, normals, to_geodetic
from pipeline.recon.elements import Elements, OrbitError
from pipeline.recon.ephemeris import States, states
from pipeline.recon.orbits import Sensor, dot, interval_ms

ALONG_MS = 10_000
"""Between the corners of a swath's edge: some 70 km."""

ACROSS_DEG = 1.5
"""Between the corners of a swath's ends, as a look angle."""

_PIECE = 6
"""So many steps along the track are one piece; the pieces together are the swath."""

_LONGEST_MS = 86_400_000


def swath(elements: Elements, sensor: Sensor, begin: datetime, end: datetime) -> shapely.Polygon | shapely.MultiPolygon:
    """The places to which a satellite is closest in an interval, and which its sensor reaches then: by day and night.

    In longitude and latitude. What crosses the antimeridian is cut there, and what holds a pole reaches along the
    map's whole edge. Corners are exact; between them an edge is straight on the map, 0.1 km from the truth at 45° of
    latitude and 0.3 km at 70°.

    Raises OrbitError for a sensor that looks past the horizon, and for more than a day.
    """
    begin_ms, end_ms = interval_ms(begin, end)
    if end_ms - begin_ms > _LONGEST_MS:
        raise OrbitError("end: a swath is of one day at most")
    steps = max(1, -(-(end_ms - begin_ms) // ALONG_MS))
    time_ms = np.unique(np.linspace(begin_ms, end_ms, steps + 1).astype(np.int64))
    parts: list[Geometry] = []
    for least_deg, greatest_deg in _strips(sensor):
        across = 2 + math.ceil((greatest_deg - least_deg) / ACROSS_DEG)
        parts += _pieces(_scan(elements, time_ms, np.linspace(least_deg, greatest_deg, across)))
    return cast(shapely.Polygon | shapely.MultiPolygon, polygons_only(shapely.union_all(parts)))


def _strips(sensor: Sensor) -> list[tuple[float, float]]:
    """Look angles from edge to edge, right of the track above 0; two strips, if between them it does not look."""
    least_deg, greatest_deg = sensor.least_look_deg, sensor.greatest_look_deg
    right, left = (least_deg, greatest_deg), (-greatest_deg, -least_deg)
    if sensor.looks != "both":
        return [right if sensor.looks == "right" else left]
    return [left, right] if least_deg > 0.0 else [(-greatest_deg, greatest_deg)]


def _scan(elements: Elements, time_ms: Integers, look_deg: Floats) -> Floats:
    """Where a sensor looks at some times under some angles: longitudes and latitudes, of shape (2, times, angles)."""
    state = states(elements, time_ms)
    rows = [_lonlat(state, float(angle_deg)) for angle_deg in look_deg]
    return np.stack(rows, axis=2)


def _lonlat(state: States, look_deg: float) -> Floats:
    """The places that lie so far off nadir, athwart the track: to which the satellite is closest just then."""
    lon, lat, _ = to_geodetic(state.place_m)
    nadir = -normals(lon, lat)
    ahead = state.velocity_m_s / np.sqrt(dot(state.velocity_m_s, state.velocity_m_s))
    climbing = dot(nadir, ahead)
    level = np.sqrt(1.0 - climbing * climbing)
    down = (nadir - climbing * ahead) / level
    right = np.cross(down, ahead, axis=0)
    # In the plane athwart the track, which does not hold nadir where the satellite climbs or sinks.
    cosine = np.minimum(math.cos(math.radians(look_deg)) / level, 1.0)
    sight = cosine * down + math.copysign(1.0, look_deg) * np.sqrt(1.0 - cosine * cosine) * right
    return np.stack(to_lonlat(state.place_m + _range_m(state.place_m, sight, look_deg) * sight))


def _range_m(place_m: Floats, sight: Floats, look_deg: float) -> Floats:
    """How far along lines of sight the ellipsoid is: a sphere, where the axis of the Earth is stretched."""
    stretch = np.array([[1.0], [1.0], [GEOD.a / GEOD.b]])
    place, way = place_m * stretch, sight * stretch
    square, half = dot(way, way), dot(place, way)
    within = half * half - square * (dot(place, place) - GEOD.a**2)
    if (within < 0.0).any():
        raise OrbitError(f"greatest_look_deg: {abs(look_deg):g}° is past the horizon")
    return np.asarray((-half - np.sqrt(within)) / square)


def _pieces(scan: Floats) -> list[Geometry]:
    """The shapes of a scan, in pieces short enough not to cross themselves."""
    pieces: list[Geometry] = []
    for first in range(0, scan.shape[1] - 1, _PIECE):
        some = scan[:, first : first + _PIECE + 1]
        ring = np.concatenate([some[:, 0, :-1], some[:, :-1, -1], some[:, -1, :0:-1], some[:, :0:-1, 0]], axis=1)
        pieces += _on_map(ring)
    return pieces


def _on_map(ring: Floats) -> list[Geometry]:
    """A ring of longitudes and latitudes as shapes between the two edges of the map."""
    closed = np.column_stack([ring, ring[:, :1]])
    lon = np.degrees(np.unwrap(np.radians(closed[0])))
    corners = np.column_stack([lon, closed[1]])
    if abs(lon[-1] - lon[0]) > 180.0:
        pole = math.copysign(90.0, float(closed[1].mean()))
        corners = np.vstack([corners, [[lon[-1], pole], [lon[0], pole]]])
    shape = made_valid(shapely.Polygon(corners))
    turns = range(math.floor((lon.min() + 180.0) / 360.0), math.floor((lon.max() + 180.0) / 360.0) + 1)
    world = shapely.box(-180.0, -90.0, 180.0, 90.0)
    moved = [shapely.transform(shape, partial(np.add, [-360.0 * turn, 0.0])) for turn in turns]
    return [polygons_only(shapely.intersection(part, world)) for part in moved]
