"""Tracks over the ground: where something that flies or drives is, how long that takes, and what it sweeps."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import shapely

from pipeline.geometry.earth import GEOD, Floats
from pipeline.geometry.projection import Projection, centred_on
from pipeline.model.footprint import Area, MultiPolygon, Polygon
from pipeline.recon.assets import Flying

STEP_M = 1_000.0
"""A track is looked at every kilometre for where it may not be."""

STRETCH_S = 600.0
"""A stretch of a track that is told as one takes so long at most."""

_CORNERS = 5
"""Of a stretch's way, beside those of the track."""

_ARC = 3
"""Segments of a quarter of a circle: what is swept is known no better than that."""

DIGITS = 4
"""Of degrees in a footprint: some 10 m."""

Place = tuple[float, float]


class Round(NamedTuple):
    """What one round is made of, in seconds: out to the track, along it, back to its first place, and home again."""

    out_s: float
    along_s: float
    closing_s: float
    home_s: float

    def rounds_within(self, most_s: float) -> int:
        """How often it passes its track before it has to go home; 0 where not even once."""
        once_s = self.out_s + self.along_s + self.home_s
        if once_s > most_s:
            return 0
        again_s = self.along_s + self.closing_s
        return 1 if again_s <= 0.0 else 1 + int((most_s - once_s) / again_s + 1e-9)


class Stretch(NamedTuple):
    """What is swept from one time to another, in seconds after the track's first place was reached."""

    begin_s: float
    until_s: float
    middle: Place
    area: Area


def length_m(begin: Place, end: Place) -> float:
    """The geodesic between two places."""
    return float(GEOD.inv(*begin, *end)[2])


def round_of(flying: Flying) -> Round:
    """How long the parts of a round take; without a track there is none."""
    track, speed = flying.track, flying.speed_m_s
    if not track:
        return Round(0.0, 0.0, 0.0, 0.0)
    along_m = sum(length_m(one, other) for one, other in pairwise(track))
    return Round(
        length_m(flying.home, track[0]) / speed,
        along_m / speed,
        length_m(track[-1], track[0]) / speed,
        length_m(track[-1], flying.home) / speed,
    )


def sampled(flying: Flying) -> tuple[Floats, Floats]:
    """Places a kilometre apart on the way out, along the track, back to its first place, and home."""
    track = flying.track
    legs = list(pairwise((flying.home, *track, *track[:1]))) + ([(track[-1], flying.home)] if track else [])
    corners = [np.array([flying.home])]
    for begin, end in legs:
        between = max(0, int(np.ceil(length_m(begin, end) / STEP_M)) - 1)
        if between:
            corners.append(np.array(GEOD.npts(*begin, *end, between)))
        corners.append(np.array([end]))
    lon, lat = np.concatenate(corners).T
    return lon, lat


def stretches(flying: Flying, stay_s: float) -> tuple[list[Stretch], list[Stretch]]:
    """What is swept along the track once; and from its end back to its first place, if it goes round again.

    Args:
        stay_s: how long it stays at a track of a single place.
    """
    track, plane = flying.track, centred_on(*np.array(flying.track).T)
    if len(track) == 1:
        return _cut(_Path([track[0], track[0]], np.array([stay_s])), 0.0, flying, plane), []
    takes_s = np.array([length_m(*leg) / flying.speed_m_s for leg in pairwise((*track, track[0]))])
    along = _cut(_Path(track, takes_s[:-1]), 0.0, flying, plane)
    return along, _cut(_Path([track[-1], track[0]], takes_s[-1:]), float(takes_s[:-1].sum()), flying, plane)


class _Path:
    """Where something is on its way from place to place.

    Args:
        takes_s: how long each leg takes.
    """

    def __init__(self, corners: Sequence[Place], takes_s: Floats) -> None:
        self.corners_s = np.concatenate([[0.0], np.cumsum(takes_s)])
        self._begin = np.array(corners[:-1])
        legs = [GEOD.inv(*leg[0], *leg[1]) for leg in pairwise(corners)]
        self._azimuth, self._length_m = np.array([leg[0] for leg in legs]), np.array([leg[2] for leg in legs])

    @property
    def whole_s(self) -> float:
        return float(self.corners_s[-1])

    def at(self, time_s: Floats) -> tuple[Floats, Floats]:
        """Longitude and latitude at some times after the beginning."""
        leg = np.clip(np.searchsorted(self.corners_s, time_s, side="right") - 1, 0, len(self._begin) - 1)
        takes_s = np.diff(self.corners_s)[leg]
        share = (time_s - self.corners_s[leg]) / np.where(takes_s > 0.0, takes_s, 1.0)
        from_lon, from_lat = self._begin[leg].T
        lon, lat, _ = GEOD.fwd(from_lon, from_lat, self._azimuth[leg], share * self._length_m[leg])
        return np.asarray(lon), np.asarray(lat)


def _cut(path: _Path, at_s: float, flying: Flying, plane: Projection) -> list[Stretch]:
    """A way in stretches that take equally long."""
    count = int(np.ceil(path.whole_s / STRETCH_S - 1e-9))
    edges_s, found = np.linspace(0.0, path.whole_s, count + 1), []
    for begin_s, until_s in pairwise(edges_s.tolist()):
        inner_s = path.corners_s[(path.corners_s > begin_s) & (path.corners_s < until_s)]
        lon, lat = path.at(np.union1d(np.linspace(begin_s, until_s, _CORNERS), inner_s))
        corners = np.column_stack(plane.to_plane(lon, lat))
        spine = shapely.LineString(corners) if np.ptp(corners, axis=0).max() > 0.0 else shapely.Point(corners[0])
        area = area_of(plane.polygon_to_lonlat(shapely.buffer(spine, flying.swath_m, quad_segs=_ARC)))
        middle_lon, middle_lat = path.at(np.array([(begin_s + until_s) / 2.0]))
        if area is not None:
            middle = float(middle_lon[0]), float(middle_lat[0])
            found.append(Stretch(at_s + begin_s, at_s + until_s, middle, area))
    return found


def area_of(shape: shapely.Geometry) -> Area | None:
    """A footprint of polygons in degrees; None where nothing is left of them."""
    polygons = [one for one in shapely.get_parts(shape) if isinstance(one, shapely.Polygon) and one.area > 0.0]
    rings = [
        [np.round(shapely.get_coordinates(ring), DIGITS).tolist() for ring in (one.exterior, *one.interiors)]
        for one in polygons
    ]
    if not rings:
        return None
    return Area(Polygon(rings[0]) if len(rings) == 1 else MultiPolygon(rings))
