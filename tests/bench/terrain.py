"""A made line and made places, of any size: what the geometry benches work on. Seeded; the same everywhere."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

Floats = NDArray[np.float64]

MIDDLE = (37.6, 48.4)
"""Longitude and latitude about which the line is drawn: eastern Ukraine."""

PLANE = f"+proj=tmerc +lon_0={MIDDLE[0]} +lat_0={MIDDLE[1]} +k=1 +ellps=WGS84 +units=m"
"""The plane that the peers work in: the best choice for this line, within 300 km of its middle."""

LENGTH_M = 420_000.0
_SPAN_M = 260_000.0
_SEED = 20_150_212


class Course(NamedTuple):
    """A line, from its beginning to its end, in degrees."""

    lon: Floats
    lat: Floats


def to_plane() -> Transformer:
    return Transformer.from_crs("+proj=longlat +ellps=WGS84", PLANE, always_xy=True)


def course(vertices: int) -> Course:
    """A line of 420 km that never crosses itself, with the roughness of a surveyed front and abrupt bends.

    It runs from north to south along a gentle S. Across that it strays by a sum of bends of every size, and at one
    vertex in forty it leaps aside, so that it turns there by up to some 150 degrees. As it never runs back along the
    S, it does not cross itself.
    """
    rng = np.random.default_rng([_SEED, vertices])
    step = rng.lognormal(0.0, 0.5, vertices)
    along = np.cumsum(step) / step.sum()
    aside = _bends(rng, along) + _leaps(rng, vertices)
    x, y = _on_the_s(along, aside)
    # The roughness lengthens the line: all of it is drawn smaller until it is as long as it should be.
    scale = LENGTH_M / np.hypot(np.diff(x), np.diff(y)).sum()
    x, y = x * scale, y * scale
    if not shapely.LineString(np.column_stack([x, y])).is_simple:
        raise ValueError(f"the line of {vertices} vertices crosses itself: choose another seed")
    lon, lat = to_plane().transform(x, y, direction="INVERSE")
    return Course(np.round(lon, 7), np.round(lat, 7))


def _bends(rng: np.random.Generator, along: Floats) -> Floats:
    """Metres aside: waves from 150 km down to the shortest that the vertices can show, each as high as it is long."""
    shortest = 4.0 * _SPAN_M / len(along)
    lengths = np.geomspace(150_000.0, max(shortest, 200.0), 24)
    phase = rng.uniform(0.0, 2.0 * np.pi, 24)
    waves = np.sin(2.0 * np.pi * along[:, None] * _SPAN_M / lengths + phase)
    return np.asarray((waves * lengths * 0.03).sum(axis=1))


def _leaps(rng: np.random.Generator, vertices: int) -> Floats:
    edge_m = _SPAN_M / vertices
    leaps = np.where(rng.random(vertices) < 1 / 40, rng.uniform(-3.0, 3.0, vertices) * edge_m, 0.0)
    return np.asarray(leaps)


def _on_the_s(along: Floats, aside: Floats) -> tuple[Floats, Floats]:
    """Places beside a gentle S, square to it."""
    swing, turn = 40_000.0, 2.0 * np.pi * along
    heading_x, heading_y = swing * 2.0 * np.pi * np.cos(turn), np.full(along.shape, -_SPAN_M)
    size = np.hypot(heading_x, heading_y)
    x = swing * np.sin(turn) - aside * heading_y / size
    y = _SPAN_M * (0.5 - along) + aside * heading_x / size
    return x, y


def places(line: Course, count: int) -> tuple[Floats, Floats]:
    """Longitudes and latitudes: six in ten within 60 km of the line, the others up to 300 km away; in no order."""
    rng = np.random.default_rng([_SEED, count, 1])
    x, y = to_plane().transform(line.lon, line.lat)
    edge, share = rng.integers(0, len(x) - 1, count), rng.random(count)
    near = rng.random(count) < 0.6
    away = np.where(near, rng.uniform(0.0, 60_000.0, count), rng.uniform(60_000.0, 300_000.0, count))
    bearing = rng.uniform(0.0, 2.0 * np.pi, count)
    lon, lat = to_plane().transform(
        x[edge] + share * (x[edge + 1] - x[edge]) + away * np.cos(bearing),
        y[edge] + share * (y[edge + 1] - y[edge]) + away * np.sin(bearing),
        direction="INVERSE",
    )
    return np.round(lon, 6), np.round(lat, 6)
