"""Oriented lines and linear referencing: chainage, signed offset, side. `docs/geometry.md` defines the answers."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import shapely
import shapely.ops
from numpy.typing import ArrayLike, NDArray

from pipeline.geometry.earth import (
    GEOD,
    Bools,
    Floats,
    chord_to_ground_m,
    densify,
    distance_m,
    to_earth,
)
from pipeline.geometry.edges import Edges, Indexer
from pipeline.geometry.ends import Cut, End
from pipeline.geometry.projection import centred_on
from pipeline.geometry.touching import CrossingError, noded

ON_M = 0.5
"""A place within half a metre of the line is on it: no survey of a ceasefire line is better than that."""

JOIN_M = 100.0
"""Pieces whose ends are nearer than this are one line (published pieces seldom end at the same digit)."""

FAR_END_M = 20_000.0
"""No end of a line is so far from the place near which it is said to begin, unless that was written wrongly."""

CLOSED_M = 0.001
"""A line that ends within a millimetre of where it began is closed: nearer than this, two vertices are one."""

LEFT, ON, RIGHT, BEYOND, UNPLACED = -1, 0, 1, 2, 3
"""Codes of `Located.side`. `UNPLACED`: of a place that is nowhere."""


class LineError(ValueError):
    """A line that cannot be: pieces that do not join, a line that crosses itself."""


class Located(NamedTuple):
    """Where places lie, seen along a line. Arrays of one length.

    `chainage_m` of the nearest place on the line; `offset_m` the geodesic distance to it, left negative; `side` one
    of the codes above. Beyond an open line's end the offset is the distance to the end, positive; `left` then says on
    which side of the line, drawn on, the place lies.
    """

    chainage_m: Floats
    offset_m: Floats
    side: NDArray[np.int8]
    left: Bools

    def part(self, which: Bools | NDArray[np.intp]) -> "Located":
        """Some of the places."""
        return Located(self.chainage_m[which], self.offset_m[which], self.side[which], self.left[which])


class Line:
    """An oriented polyline with geodesic edges. It may touch itself.

    Args:
        lon, lat: vertices in degrees, from the line's beginning to its end; at least two.
        indexer: where the index of its edges comes from (see `Edges`).

    Raises:
        LineError: fewer than two distinct vertices, or a line that crosses itself or runs back over itself.
    """

    def __init__(self, lon: ArrayLike, lat: ArrayLike, indexer: Indexer | None = None) -> None:
        given = _distinct(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
        self.lon, self.lat = densify(*given)
        self.projection = centred_on(self.lon, self.lat)
        x, y = self.projection.to_plane(self.lon, self.lat)
        self.plane = shapely.LineString(np.column_stack([x, y]))
        self._give_common_vertices()
        self.edges = Edges([np.column_stack([self.lon, self.lat])], indexer)
        self._length_m = np.asarray(GEOD.inv(self.lon[:-1], self.lat[:-1], self.lon[1:], self.lat[1:])[2])
        self._chainage_m = np.concatenate([[0.0], np.cumsum(self._length_m)])
        self.closed = self.edges.closed[0]

    def _give_common_vertices(self) -> None:
        """Where the line touches itself it gets a vertex on each of its passes."""
        corners = shapely.get_coordinates(self.plane)
        known = dict(
            zip(map(tuple, corners.tolist()), zip(self.lon.tolist(), self.lat.tolist(), strict=True), strict=True)
        )
        try:
            made = noded([corners])[0]
        except CrossingError as error:
            lon, lat = self.projection.to_lonlat(*error.args)
            raise LineError(f"the line crosses or runs over itself at {lon:.5f}, {lat:.5f}") from error
        if made is corners:
            return
        self.plane = shapely.LineString(made)
        self.lon, self.lat = np.array([known[tuple(corner)] for corner in made.tolist()]).T

    @property
    def length_m(self) -> float:
        """The geodesic length."""
        return float(self._chainage_m[-1])

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> Located:
        """Chainage, signed offset and side of many places.

        >>> line = Line([37.0, 38.0], [48.0, 48.0])
        >>> found = line.locate([37.5, 37.5], [48.1, 47.9])
        >>> found.side.tolist(), found.offset_m.round(-2).tolist()
        ([-1, 1], [-11000.0, 11200.0])
        """
        lons, lats = np.atleast_1d(np.asarray(lon, dtype=float)), np.atleast_1d(np.asarray(lat, dtype=float))
        return self.locate_earth(to_earth(lons, lats))

    def locate_earth(self, earth: Floats) -> Located:
        """The same for Earth-centred places, of shape (3, n); NaN is nowhere."""
        known = np.isfinite(earth[0])
        if known.all():
            return self._locate(earth)
        whole = Located(
            np.full(known.shape, np.nan),
            np.full(known.shape, np.inf),
            np.full(known.shape, UNPLACED, dtype=np.int8),
            np.zeros(known.shape, dtype=bool),
        )
        found = self._locate(earth[:, known])
        whole.chainage_m[known], whole.offset_m[known] = found.chainage_m, found.offset_m
        whole.side[known], whole.left[known] = found.side, found.left
        return whole

    def _locate(self, earth: Floats) -> Located:
        edge, share, chord_m, left, beyond = self.edges.nearest(earth)
        chainage_m = self._chainage_m[edge] + share * self._length_m[edge]
        away_m = chord_to_ground_m(chord_m)
        side = np.where(left, np.int8(LEFT), np.int8(RIGHT))
        side[beyond] = BEYOND
        side[away_m <= ON_M] = ON
        offset_m = np.where(left & ~beyond, -away_m, away_m)
        return Located(chainage_m, offset_m, side, left)

    def place(self, chainage_m: ArrayLike, offset_m: ArrayLike = 0.0) -> tuple[Floats, Floats]:
        """Longitude and latitude of places given by chainage and offset (left negative), square to their edge."""
        along, across = np.broadcast_arrays(np.asarray(chainage_m, float), np.asarray(offset_m, float))
        edge = self._edge_at(along)
        azimuth = np.asarray(GEOD.inv(self.lon[edge], self.lat[edge], self.lon[edge + 1], self.lat[edge + 1])[0])
        lon, lat, back = GEOD.fwd(self.lon[edge], self.lat[edge], azimuth, along - self._chainage_m[edge])
        heading = np.where(along > self._chainage_m[edge], np.asarray(back) + 180.0, azimuth)
        lon, lat, _ = GEOD.fwd(lon, lat, heading + 90.0, across)
        return np.asarray(lon), np.asarray(lat)

    def piece(self, from_m: float, to_m: float) -> Floats:
        """The stretch between two chainages: longitudes and latitudes, of shape (n, 2)."""
        inner = (self._chainage_m > from_m + CLOSED_M) & (self._chainage_m < to_m - CLOSED_M)
        ends = np.column_stack(self.place([from_m, to_m]))
        return np.vstack([ends[:1], np.column_stack([self.lon, self.lat])[inner], ends[1:]])

    def cut(self, chainage_m: float, *, forward: bool) -> Cut:
        """The cut at a chainage; it leads out forward or back. At a vertex it is square to the edge outside."""
        at = np.array([chainage_m])
        edge, share = int(self._edge_at(at)[0]), 1.0
        if not forward and chainage_m <= self._chainage_m[edge] and (edge > 0 or self.closed):
            edge -= 1
        elif forward and self.closed and chainage_m >= self.length_m:
            edge, share = 0, 0.0
        else:
            share = (chainage_m - self._chainage_m[edge]) / self._length_m[edge]
        tangent = self.edges.tangent(edge, share)
        return Cut(to_earth(*self.place(at)), tangent if forward else -tangent)

    @cached_property
    def ends(self) -> list[End]:
        """Both ends; a closed line has none."""
        if self.closed:
            return []
        path = to_earth(self.lon, self.lat)
        cuts = self.cut(0.0, forward=False), self.cut(self.length_m, forward=True)
        return [End(cuts[0], path), End(cuts[1], path[:, ::-1])]

    def _edge_at(self, chainage_m: Floats) -> NDArray[np.intp]:
        return np.clip(np.searchsorted(self._chainage_m, chainage_m, side="right") - 1, 0, len(self._length_m) - 1)


_ONE_DEG = 1e-10
"""Hundredths of a millimetre: two vertices that are no farther apart are one."""


def _distinct(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    if len(lon) < 2 or len(lon) != len(lat):
        raise LineError("a line needs at least two vertices")
    # One longitude for one place: 180 and -180, 190 and -170, and any at a pole.
    lon = np.where((lon >= 180.0) | (lon < -180.0), (lon + 180.0) % 360.0 - 180.0, lon)
    lon = np.where(np.abs(lat) == 90.0, 0.0, lon)
    kept = np.concatenate([[True], (np.abs(np.diff(lon)) > _ONE_DEG) | (np.abs(np.diff(lat)) > _ONE_DEG)])
    if kept.sum() < 2:
        raise LineError("a line needs at least two distinct vertices")
    lon, lat = lon[kept], lat[kept]
    if len(lon) > 2 and distance_m(lon[0], lat[0], lon[-1], lat[-1]) <= CLOSED_M:
        lon[-1], lat[-1] = lon[0], lat[0]
    return lon, lat


def join(pieces: Sequence[Floats], starts_near: tuple[float, float]) -> Floats:
    """One line, as an array of longitude and latitude, from pieces in any order and direction.

    Args:
        pieces: arrays of shape (n, 2).
        starts_near: longitude and latitude near the end at which the line begins.

    Raises:
        LineError: a piece's end is more than `JOIN_M` from any other's; no end of the line is near `starts_near`.
    """
    left = [np.asarray(piece, dtype=float)[:, :2] for piece in pieces]
    ends = np.array([[piece[0], piece[-1]] for piece in left]).reshape(-1, 2)
    line = np.empty((0, 2))
    at = _first_end(ends, np.asarray(starts_near, dtype=float))
    while left:
        near = [min(distance_m(*at, *piece[0]), distance_m(*at, *piece[-1])) for piece in left]
        index = int(np.argmin(near))
        if len(line) and near[index] > JOIN_M:
            raise LineError(
                f"the pieces do not join: the next one begins {float(near[index]) / 1000:.1f} km from "
                f"{at[0]:.4f}, {at[1]:.4f}"
            )
        piece = left.pop(index)
        if distance_m(*at, *piece[-1]) < distance_m(*at, *piece[0]):
            piece = piece[::-1]
        line = np.concatenate([line, piece[1:] if len(line) else piece])
        at = line[-1]
    return line


def _first_end(ends: Floats, near: Floats) -> Floats:
    """The free end (one that no other piece's end touches) nearest to `near`; any end where the line is closed."""
    alone = [bool(np.sort(distance_m(end[0], end[1], ends[:, 0], ends[:, 1]))[1] > JOIN_M) for end in ends]
    free = ends[alone] if any(alone) else ends
    away = distance_m(near[0], near[1], free[:, 0], free[:, 1])
    chosen: Floats = free[np.argmin(away)]
    if any(alone) and away.min() > FAR_END_M:
        raise LineError(
            f"starts_near is {float(away.min()) / 1000:,.0f} km from the nearer end of the line, which is at "
            f"{chosen[0]:.4f}, {chosen[1]:.4f} (longitude, latitude)"
        )
    return chosen
