"""The same work with shapely and geopandas, as anyone would write it and as well as it can be done.

Neither knows lines with two sides.

A peer is prepared once (its index, its polygons: not timed) and then asked about places in degrees. Each works
in one transverse Mercator plane about the line's middle.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from pipeline.geometry.line import BEYOND, LEFT, ON, ON_M, RIGHT
from tests.bench.terrain import PLANE, Course, Floats, to_plane

Bools = NDArray[np.bool_]
Numbers = NDArray[np.intp]
Geometry = BaseGeometry


class Band(NamedTuple):
    """A zone: one side of the line (-1 left, 1 right), between two distances from it."""

    side: int
    from_m: float
    to_m: float


class Found(NamedTuple):
    """What is asked of places: zones (of shape zones × places), chainage, offset (left negative) and side."""

    zones: Bools
    chainage_m: Floats
    offset_m: Floats
    side: NDArray[np.int8]

    def part(self, which: Numbers) -> "Found":
        """Some of the places."""
        return Found(self.zones[:, which], self.chainage_m[which], self.offset_m[which], self.side[which])


class Missing(Exception):
    """A peer that is not installed; the message says how to get it."""


class Peer(Protocol):
    """One way to do the work. `share` of the places is as many as it can do in a bearable time."""

    name: str
    share: float

    def __call__(self, lon: Floats, lat: Floats) -> Found: ...


Making = Callable[[Course, Sequence[Band]], Peer]


class Plane:
    """A line in the plane, as arrays: its vertices, its edges and their chainages."""

    def __init__(self, x: Floats, y: Floats) -> None:
        self.x, self.y = x, y
        self.length_m = np.hypot(np.diff(self.x), np.diff(self.y))
        self.chainage_m = np.concatenate([[0.0], np.cumsum(self.length_m)])
        self.ux, self.uy = np.diff(self.x) / self.length_m, np.diff(self.y) / self.length_m

    @classmethod
    def of(cls, course: Course) -> "Plane":
        """A line in the plane in which all peers work."""
        return cls(*to_plane().transform(course.lon, course.lat))

    @cached_property
    def line(self) -> shapely.LineString:
        return shapely.LineString(np.column_stack([self.x, self.y]))

    @cached_property
    def edges(self) -> NDArray[np.object_]:
        ends = np.stack([np.column_stack([self.x, self.y])[:-1], np.column_stack([self.x, self.y])[1:]], axis=1)
        return np.asarray(shapely.linestrings(ends))

    def outline(self, band: Band) -> Geometry:
        """What everybody takes for such a zone: a single-sided buffer."""
        outer, inner = (
            self.line.buffer(-band.side * distance_m, single_sided=True, cap_style="flat", quad_segs=16)
            for distance_m in (band.to_m, band.from_m)
        )
        zone = outer.difference(inner) if band.from_m else outer
        shapely.prepare(zone)
        return zone

    def measure(self, x: Floats, y: Floats, edge: Numbers) -> tuple[Floats, Floats, NDArray[np.int8]]:
        """Chainage, offset and side of places from their nearest edges; at a vertex its bisector decides the side."""
        to_x, to_y = x - self.x[edge], y - self.y[edge]
        along = to_x * self.ux[edge] + to_y * self.uy[edge]
        inside = np.clip(along, 0.0, self.length_m[edge])
        at_start, at_end = inside == 0.0, inside == self.length_m[edge]
        last = len(self.ux) - 1
        other = np.clip(np.where(at_start, edge - 1, np.where(at_end, edge + 1, edge)), 0, last)
        to_x -= inside * self.ux[edge]
        to_y -= inside * self.uy[edge]
        away_m = np.hypot(to_x, to_y)
        left = (self.ux[edge] + self.ux[other]) * to_y - (self.uy[edge] + self.uy[other]) * to_x >= 0.0
        beyond = ((edge == 0) & (along < 0.0)) | ((edge == last) & (along > self.length_m[edge]))
        side = np.where(away_m <= ON_M, ON, np.where(beyond, BEYOND, np.where(left, LEFT, RIGHT))).astype(np.int8)
        return self.chainage_m[edge] + inside, np.where(left & ~beyond, -away_m, away_m), side

    def naive_side(self, x: Floats, y: Floats, edge: Numbers) -> NDArray[np.int8]:
        """The side of the nearest edge alone: what is usually written, and wrong beyond a sharp bend."""
        left = self.ux[edge] * (y - self.y[edge]) - self.uy[edge] * (x - self.x[edge]) >= 0.0
        return np.where(left, LEFT, RIGHT).astype(np.int8)


def in_bands(bands: Sequence[Band], offset_m: Floats, side: NDArray[np.int8]) -> Bools:
    away_m = np.abs(offset_m)
    return np.array(
        [(away_m >= b.from_m) & (away_m <= b.to_m) & ((side == b.side) | (side == ON)) for b in bands], dtype=bool
    )


class Plain:
    """As anyone would write it: geopandas.sjoin with buffers, distances to the line, the side of the nearest edge."""

    name = "geopandas, plainly: sjoin with buffers, distance, line_locate_point"
    share = 0.01

    def __init__(self, course: Course, bands: Sequence[Band]) -> None:
        self._plane = Plane.of(course)
        self._zones = geopandas.GeoDataFrame(geometry=[self._plane.outline(band) for band in bands], crs=PLANE)
        shapely.prepare(self._plane.line)

    def __call__(self, lon: Floats, lat: Floats) -> Found:
        frame = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(lon, lat), crs=4326).to_crs(PLANE)
        joined = frame.sjoin(self._zones, predicate="intersects")
        zones = np.zeros((len(self._zones), len(frame)), dtype=bool)
        zones[joined["index_right"], joined.index] = True
        points: NDArray[np.object_] = np.asarray(frame.geometry)
        chainage_m = shapely.line_locate_point(self._plane.line, points)
        away_m = shapely.distance(self._plane.line, points)
        last = len(self._plane.length_m) - 1
        edge = np.clip(np.searchsorted(self._plane.chainage_m, chainage_m, side="right") - 1, 0, last)
        side = self._plane.naive_side(shapely.get_x(points), shapely.get_y(points), edge)
        return Found(zones, chainage_m, np.where(side == LEFT, -away_m, away_m), side)


class Tree:
    """shapely done well: an STRtree of the edges, asked in an order that keeps its pages near, and numpy for the rest.

    Zones are decided by distance and side, as ours are.
    """

    name = "shapely, done well: STRtree of edges, zones by distance and side"
    share = 0.2
    _cell_m = 5_000.0

    def __init__(self, course: Course, bands: Sequence[Band]) -> None:
        self._transformer = to_plane()
        self.plane, self._bands = Plane.of(course), bands
        self._tree = shapely.STRtree(self.plane.edges, node_capacity=4)

    def __call__(self, lon: Floats, lat: Floats) -> Found:
        x, y = self._transformer.transform(lon, lat)
        measured = self.plane.measure(x, y, self.nearest(x, y))
        return Found(self.zones(x, y, *measured[1:]), *measured)

    def nearest(self, x: Floats, y: Floats) -> Numbers:
        """The nearest edge of each place."""
        row, column = (np.floor(part / self._cell_m).astype(np.int32) for part in (y, x))
        order = np.argsort(row * 10_000 + np.where(row % 2, -column, column))
        edge = np.empty(len(x), dtype=np.intp)
        edge[order] = self._tree.nearest(shapely.points(x[order], y[order]))
        return edge

    def zones(self, x: Floats, y: Floats, offset_m: Floats, side: NDArray[np.int8]) -> Bools:
        return in_bands(self._bands, offset_m, side)


class TreeAndOutlines(Tree):
    """The same, with zones as prepared polygons."""

    name = "shapely, done well: STRtree of edges, zones as prepared buffers"

    def __init__(self, course: Course, bands: Sequence[Band]) -> None:
        super().__init__(course, bands)
        self._outlines = [self.plane.outline(band) for band in bands]

    def zones(self, x: Floats, y: Floats, offset_m: Floats, side: NDArray[np.int8]) -> Bools:
        return np.array([shapely.contains_xy(outline, x, y) for outline in self._outlines])


PEERS: tuple[Making, ...] = (Plain, Tree, TreeAndOutlines)
