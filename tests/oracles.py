"""Slow, plain answers to hold the fast ones against: pyproj.Geod alone, edge by edge, with no index and no plane."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

GEOD = Geod(ellps="WGS84")

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Masks = NDArray[np.int_]

MAY_LEFT, MAY_ON, MAY_RIGHT, MAY_PAST = 1, 2, 4, 8
"""What the side of a place may be: a mask, of one bit where it is beyond doubt."""


def tolerance_m(away_m: ArrayLike) -> Floats:
    """What the design allows an answer to be off, so far from the line."""
    return 1.0 + 1e-4 * np.asarray(away_m, dtype=float)


def walk(lon: ArrayLike, lat: ArrayLike, azimuth_deg: ArrayLike, by_m: ArrayLike) -> tuple[Floats, Floats]:
    """Where one gets from a place, straight on."""
    there_lon, there_lat, _ = _forward(lon, lat, azimuth_deg, by_m)
    return there_lon, there_lat


def way(lon: ArrayLike, lat: ArrayLike, to_lon: ArrayLike, to_lat: ArrayLike) -> tuple[Floats, Floats]:
    """Azimuth at the first place towards the second, and the distance."""
    one, two, three, four = _alike(lon, lat, to_lon, to_lat)
    azimuth, _, away = GEOD.inv(one, two, three, four)
    return np.asarray(azimuth), np.asarray(away)


class Feet(NamedTuple):
    """For each edge (rows) and place (columns): the edge's nearest place. `side` is a mask of what may be."""

    chainage_m: Floats
    away_m: Floats
    side: Masks

    @property
    def nearest_m(self) -> Floats:
        """The distance of each place from the whole line."""
        return np.asarray(self.away_m.min(axis=0))

    @property
    def admissible(self) -> Bools:
        """Which feet are as near as the nearest, as far as the tolerance tells."""
        return np.asarray(self.away_m <= self.nearest_m + tolerance_m(self.nearest_m))

    @property
    def sides(self) -> Masks:
        """What the side of each place may be, over its admissible feet."""
        return np.asarray(np.bitwise_or.reduce(np.where(self.admissible, self.side, 0), axis=0))


class OracleLine:
    """A line as a list of geodesics, each asked for its own nearest place.

    On each edge the search begins at the nearest of some samples and walks along the edge until the way to the place is
    square to it. An edge may be 3,000 km long and a place 200 km off.
    """

    def __init__(self, lon: Sequence[float] | Floats, lat: Sequence[float] | Floats, step_m: float = 100_000.0) -> None:
        self.lon, self.lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
        self.azimuth, self.edge_m = way(self.lon[:-1], self.lat[:-1], self.lon[1:], self.lat[1:])
        self.begin_m = np.concatenate([[0.0], np.cumsum(self.edge_m)[:-1]])
        self.length_m = float(self.edge_m.sum())
        gap_m = way(self.lon[0], self.lat[0], self.lon[-1], self.lat[-1])[1]
        self.closed = len(self.edge_m) > 2 and bool(gap_m < 1e-6)
        self._samples = int(self.edge_m.max() / step_m) + 3

    def at(self, chainage_m: ArrayLike, right_m: ArrayLike = 0.0) -> tuple[Floats, Floats]:
        """The place at a chainage, or square to the edge there; along the last edge's geodesic past the end."""
        lon, lat, heading = self.heading(chainage_m)
        return walk(lon, lat, heading + 90.0, right_m)

    def heading(self, chainage_m: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """The place at a chainage, and the azimuth there of the edge that leads on from it."""
        chainage = np.atleast_1d(np.asarray(chainage_m, dtype=float))
        edge = np.clip(np.searchsorted(self.begin_m, chainage, side="right") - 1, 0, len(self.begin_m) - 1)
        return _forward(self.lon[:-1][edge], self.lat[:-1][edge], self.azimuth[edge], chainage - self.begin_m[edge])

    def piece(self, from_m: float, to_m: float) -> "OracleLine":
        """The stretch between two chainages."""
        inner = (self.begin_m > from_m) & (self.begin_m < to_m)
        first, last = self.at(from_m), self.at(to_m)
        return OracleLine(
            np.concatenate([first[0], self.lon[:-1][inner], last[0]]),
            np.concatenate([first[1], self.lat[:-1][inner], last[1]]),
        )

    def distance_m(self, lon: ArrayLike, lat: ArrayLike) -> Floats:
        """How far places are from the line."""
        return self.feet(lon, lat).nearest_m

    def feet(self, lon: ArrayLike, lat: ArrayLike) -> Feet:
        """The nearest place of every edge to every place, and on which side of the line it then lies.

        At a vertex the bisector decides. Past an open line's end is what the end's edge has behind it.
        """
        lons, lats = np.atleast_1d(np.asarray(lon, dtype=float)), np.atleast_1d(np.asarray(lat, dtype=float))
        along = self._walk_to_feet(lons, lats, self._first_guess(lons, lats))
        foot_lon, foot_lat, forward = self._on_edges(along)
        towards, away = way(foot_lon, foot_lat, lons[None, :], lats[None, :])
        ahead, up = _headings(foot_lon, foot_lat, forward), _ups(foot_lon, foot_lat)
        out = _headings(foot_lon, foot_lat, towards)
        whole = self.edge_m[:, None]
        near_begin, near_end = along <= 0.01, along >= whole - 0.01
        bisector = ahead + np.where(near_begin[..., None], np.roll(self._arriving, 1, axis=0)[:, None, :], 0.0)
        bisector = bisector + np.where(near_end[..., None], np.roll(self._leaving, -1, axis=0)[:, None, :], 0.0)
        tip_begin, tip_end = self._tips(near_begin, near_end)
        bisector = np.where((tip_begin | tip_end)[..., None], ahead, bisector)
        side = np.where(_dot(up, np.cross(bisector, out)) > 0, MAY_LEFT, MAY_RIGHT)
        past_m = away * np.where(tip_begin, -1.0, 1.0) * _dot(ahead, out)
        slack = tolerance_m(away)
        side = np.where((tip_begin | tip_end) & (past_m > slack), MAY_PAST, side)
        side = np.where((tip_begin | tip_end) & (np.abs(past_m) <= slack), side | MAY_PAST, side)
        side = np.where(away <= slack, side | MAY_LEFT | MAY_ON | MAY_RIGHT, side)
        return Feet(self.begin_m[:, None] + along, away, side)

    def locate(self, lon: float, lat: float) -> tuple[float, float, int, bool]:
        """Chainage, unsigned distance, side (-1 left, 1 right; by the angle bisector at a vertex), past an end."""
        feet = self.feet(lon, lat)
        best = int(np.argmin(feet.away_m[:, 0]))
        side = int(feet.side[best, 0])
        past = side == MAY_PAST or (bool(side & MAY_PAST) and self._past(float(feet.chainage_m[best, 0]), lon, lat))
        return float(feet.chainage_m[best, 0]), float(feet.away_m[best, 0]), (-1 if side & MAY_LEFT else 1), past

    def _past(self, chainage_m: float, lon: float, lat: float) -> bool:
        foot_lon, foot_lat, heading = self.heading(chainage_m)
        turn = np.radians(way(foot_lon, foot_lat, lon, lat)[0] - heading)
        at_begin = chainage_m < self.length_m / 2.0
        return bool(np.cos(turn[0]) < -1e-5) if at_begin else bool(np.cos(turn[0]) > 1e-5)

    def _tips(self, near_begin: Bools, near_end: Bools) -> tuple[Bools, Bools]:
        """Which feet are the open line's own beginning or end."""
        first, last = np.zeros_like(near_begin), np.zeros_like(near_end)
        if not self.closed:
            first[0], last[-1] = near_begin[0], near_end[-1]
        return first, last

    @cached_property
    def _leaving(self) -> Floats:
        return _headings(self.lon[:-1], self.lat[:-1], self.azimuth)

    @cached_property
    def _arriving(self) -> Floats:
        return _headings(*_forward(self.lon[:-1], self.lat[:-1], self.azimuth, self.edge_m))

    def _on_edges(self, along: Floats) -> tuple[Floats, Floats, Floats]:
        return _forward(self.lon[:-1, None], self.lat[:-1, None], self.azimuth[:, None], along)

    def _first_guess(self, lon: Floats, lat: Floats) -> Floats:
        along = self.edge_m[:, None] * np.linspace(0.0, 1.0, self._samples)
        sample_lon, sample_lat, _ = self._on_edges(along)
        away = way(sample_lon[:, :, None], sample_lat[:, :, None], lon, lat)[1]
        return np.take_along_axis(along, away.argmin(axis=1), axis=1)

    def _walk_to_feet(self, lon: Floats, lat: Floats, along: Floats) -> Floats:
        for _ in range(12):
            foot_lon, foot_lat, forward = self._on_edges(along)
            towards, away = way(foot_lon, foot_lat, lon[None, :], lat[None, :])
            step = away * np.cos(np.radians(towards - forward))
            along = np.clip(along + step, 0.0, self.edge_m[:, None])
        return along


class OracleArea:
    """A drawn area: a place lies in a part of it that its rings, walked round, wind about an odd number of times.

    Seen from a place that is not on it, no geodesic edge spans 180 degrees: the angles need no samples in between.
    """

    def __init__(self, outline: BaseGeometry) -> None:
        parts = shapely.get_parts(outline)
        self.parts = [[_corners(ring) for ring in (part.exterior, *part.interiors)] for part in parts]

    def contains(self, lon: ArrayLike, lat: ArrayLike) -> Bools:
        """Which places lie within."""
        lons, lats = np.atleast_1d(np.asarray(lon, dtype=float)), np.atleast_1d(np.asarray(lat, dtype=float))
        within = [
            np.sum([windings(ring[:, 0], ring[:, 1], lons, lats) for ring in rings], axis=0) % 2 == 1
            for rings in self.parts
        ]
        return np.asarray(np.any(within, axis=0))

    def edge_distance_m(self, lon: ArrayLike, lat: ArrayLike) -> Floats:
        """How far places are from the nearest ring."""
        rings = [ring for part in self.parts for ring in part]
        return np.asarray(np.min([OracleLine(*ring.T).distance_m(lon, lat) for ring in rings], axis=0))


def _corners(ring: shapely.LinearRing) -> Floats:
    """A ring's corners without repeated places: no edge is then without a direction."""
    corners = np.asarray(shapely.get_coordinates(ring), dtype=float)
    away = way(corners[:-1, 0], corners[:-1, 1], corners[1:, 0], corners[1:, 1])[1]
    kept: Floats = corners[np.concatenate([[True], away > 1e-6])]
    return kept


def windings(ring_lon: Floats, ring_lat: Floats, lon: Floats, lat: Floats) -> NDArray[np.int_]:
    """How often one who stands at each place and watches the ring walked turns round, counter-clockwise."""
    azimuth = way(lon[:, None], lat[:, None], ring_lon[None, :], ring_lat[None, :])[0]
    turned = (np.diff(azimuth, axis=1) + 180.0) % 360.0 - 180.0
    turns: NDArray[np.int_] = np.rint(-turned.sum(axis=1) / 360.0).astype(int)
    return turns


def _alike(*parts: ArrayLike) -> list[Floats]:
    """Arrays of their own and of one shape, as pyproj wants them."""
    return [part.copy() for part in np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in parts))]


def _forward(lon: ArrayLike, lat: ArrayLike, azimuth_deg: ArrayLike, by_m: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Where one gets from a place, straight on, and the azimuth in which one then goes."""
    one, two, three, four = _alike(lon, lat, azimuth_deg, by_m)
    there_lon, there_lat, back = GEOD.fwd(one, two, three, four)
    return np.asarray(there_lon), np.asarray(there_lat), np.asarray(back) + 180.0


def _ups(lon: Floats, lat: Floats) -> Floats:
    """The ellipsoid's normals, in Earth-centred coordinates."""
    x, y = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)], axis=-1)


def _headings(lon: Floats, lat: Floats, azimuth_deg: Floats) -> Floats:
    """Directions along the ground, in Earth-centred coordinates: the same at the poles as anywhere."""
    x, y, turn = np.radians(lon), np.radians(lat), np.radians(azimuth_deg)
    east = np.stack([-np.sin(x), np.cos(x), np.zeros_like(x)], axis=-1)
    north = np.stack([-np.sin(y) * np.cos(x), -np.sin(y) * np.sin(x), np.cos(y)], axis=-1)
    return np.asarray(np.sin(turn)[..., None] * east + np.cos(turn)[..., None] * north)


def _dot(one: Floats, two: Floats) -> Floats:
    return np.asarray((one * two).sum(axis=-1))
