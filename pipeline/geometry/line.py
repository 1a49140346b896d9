"""Oriented lines and linear referencing: chainage, signed offset, side."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
import shapely.ops
from numpy.typing import ArrayLike, NDArray

from pipeline.geometry.projection import GEOD, Bools, Floats, Geometry, centred_on, densify, distance_m

ON_M = 0.5
"""A place within half a metre of the line is on it: no survey of a ceasefire line is better than that."""

JOIN_M = 100.0
"""Pieces whose ends are nearer than this are one line (published pieces seldom end at the same digit)."""

LEFT, ON, RIGHT, BEYOND, UNPLACED = -1, 0, 1, 2, 3
"""Codes of `Located.side`. `UNPLACED`: so far off that the line's plane does not reach it."""


class LineError(ValueError):
    """A line that cannot be: pieces that do not join, a line that crosses itself."""


class Located(NamedTuple):
    """Where places lie, seen along a line. Arrays of one length.

    `chainage_m` of the nearest place on the line; `offset_m` the geodesic distance to it, left negative; `side` one
    of the codes above; `end_m` the distance to the nearer end, infinite for a closed line. Beyond an open line's end
    the offset is the distance to the end, positive.
    """

    chainage_m: Floats
    offset_m: Floats
    side: NDArray[np.int8]
    end_m: Floats

    def part(self, which: Bools) -> "Located":
        """Some of the places."""
        return Located(self.chainage_m[which], self.offset_m[which], self.side[which], self.end_m[which])


class Line:
    """An oriented polyline with geodesic edges.

    Args:
        lon, lat: vertices in degrees, from the line's beginning to its end; at least two.

    Raises:
        LineError: fewer than two distinct vertices, or a line that crosses itself.
    """

    def __init__(self, lon: ArrayLike, lat: ArrayLike) -> None:
        given_lon, given_lat = _distinct(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
        self.lon, self.lat = densify(given_lon, given_lat)
        self.projection = centred_on(self.lon, self.lat)
        self._x, self._y = self.projection.to_plane(self.lon, self.lat)
        self.plane = shapely.LineString(np.column_stack([self._x, self._y]))
        if not self.plane.is_simple:
            raise LineError("the line crosses or touches itself")
        shapely.prepare(self.plane)
        self._flat_m = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(self._x), np.diff(self._y)))])
        edges_m = np.asarray(GEOD.inv(self.lon[:-1], self.lat[:-1], self.lon[1:], self.lat[1:])[2])
        self._chainage_m = np.concatenate([[0.0], np.cumsum(edges_m)])
        self.closed = bool(self.lon[0] == self.lon[-1] and self.lat[0] == self.lat[-1])

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
        x, y = self.projection.to_plane(lons, lats)
        reached = np.isfinite(x) & np.isfinite(y)
        x, y = np.where(reached, x, 0.0), np.where(reached, y, 0.0)
        edge, share, sign, beyond = self._nearest(x, y)
        foot_x = self._x[edge] + share * (self._x[edge + 1] - self._x[edge])
        foot_y = self._y[edge] + share * (self._y[edge + 1] - self._y[edge])
        away_m = self.projection.ground_m(x, y, foot_x, foot_y)
        chainage_m = self._chainage_m[edge] + share * (self._chainage_m[edge + 1] - self._chainage_m[edge])
        side = np.where(away_m <= ON_M, ON, np.where(beyond, BEYOND, np.where(sign >= 0, LEFT, RIGHT)))
        side = np.where(reached, side, UNPLACED).astype(np.int8)
        offset_m = np.where((sign >= 0) & ~beyond, -away_m, away_m)
        return Located(chainage_m, np.where(reached, offset_m, np.inf), side, self._to_ends_m(x, y))

    def place(self, chainage_m: ArrayLike, offset_m: ArrayLike = 0.0) -> tuple[Floats, Floats]:
        """Longitude and latitude of places given by chainage and offset (left negative), square to their edge."""
        along, across = np.broadcast_arrays(np.asarray(chainage_m, float), np.asarray(offset_m, float))
        edge = np.clip(np.searchsorted(self._chainage_m, along, side="right") - 1, 0, len(self._chainage_m) - 2)
        azimuth = np.asarray(GEOD.inv(self.lon[edge], self.lat[edge], self.lon[edge + 1], self.lat[edge + 1])[0])
        lon, lat, back = GEOD.fwd(self.lon[edge], self.lat[edge], azimuth, along - self._chainage_m[edge])
        heading = np.where(along > self._chainage_m[edge], np.asarray(back) + 180.0, azimuth)
        lon, lat, _ = GEOD.fwd(lon, lat, heading + 90.0, across)
        return np.asarray(lon), np.asarray(lat)

    def piece(self, from_m: float, to_m: float) -> Geometry:
        """The stretch between two chainages, in the plane."""
        flat = np.interp([from_m, to_m], self._chainage_m, self._flat_m)
        return shapely.ops.substring(self.plane, *flat)

    def _to_ends_m(self, x: Floats, y: Floats) -> Floats:
        if self.closed:
            return np.full(x.shape, np.inf)
        ends = [
            self.projection.ground_m(x, y, np.full(x.shape, self._x[end]), np.full(y.shape, self._y[end]))
            for end in (0, -1)
        ]
        return np.minimum(*ends)

    def _nearest(self, x: Floats, y: Floats) -> tuple[NDArray[np.intp], Floats, Floats, Bools]:
        """For places in the plane: nearest edge, share along it, sign of the side (left positive), past an end."""
        flat = shapely.line_locate_point(self.plane, shapely.points(x, y))
        last = len(self._flat_m) - 2
        edge = np.clip(np.searchsorted(self._flat_m, flat, side="right") - 1, 0, last)
        length = self._flat_m[edge + 1] - self._flat_m[edge]
        share = np.clip((flat - self._flat_m[edge]) / length, 0.0, 1.0)
        ux, uy = self._directions()
        at_start, at_end = share * length < _AT_VERTEX_M, (1.0 - share) * length < _AT_VERTEX_M
        before = np.where(at_start, edge - 1, edge)
        after = np.where(at_end, edge + 1, edge)
        if self.closed:
            before, after = before % (last + 1), after % (last + 1)
        before, after = np.clip(before, 0, last), np.clip(after, 0, last)
        to_x, to_y = x - self._x[edge] - share * length * ux[edge], y - self._y[edge] - share * length * uy[edge]
        # At a vertex the bisector decides: neither edge alone knows its neighbour's side.
        tx, ty = ux[before] + ux[after], uy[before] + uy[after]
        sign = tx * to_y - ty * to_x
        past_start = at_start & (edge == 0) & (ux[0] * to_x + uy[0] * to_y < -_PAST_M)
        past_end = at_end & (edge == last) & (ux[last] * to_x + uy[last] * to_y > _PAST_M)
        beyond = (past_start | past_end) if not self.closed else np.zeros(x.shape, dtype=bool)
        return edge, share, sign, beyond

    def _directions(self) -> tuple[Floats, Floats]:
        length = np.diff(self._flat_m)
        return np.diff(self._x) / length, np.diff(self._y) / length


_AT_VERTEX_M = 1e-6
_PAST_M = 1e-3


def _distinct(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    if len(lon) < 2 or len(lon) != len(lat):
        raise LineError("a line needs at least two vertices")
    kept = np.concatenate([[True], (np.diff(lon) != 0) | (np.diff(lat) != 0)])
    if kept.sum() < 2:
        raise LineError("a line needs at least two distinct vertices")
    return lon[kept], lat[kept]


def join(pieces: Sequence[Floats], starts_near: tuple[float, float]) -> Floats:
    """One line, as an array of longitude and latitude, from pieces in any order and direction.

    Args:
        pieces: arrays of shape (n, 2).
        starts_near: longitude and latitude near the end at which the line begins.

    Raises:
        LineError: a piece's end is more than `JOIN_M` from any other's.
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
    chosen: Floats = free[np.argmin(distance_m(near[0], near[1], free[:, 0], free[:, 1]))]
    return chosen
