"""Which places lie within the footprints of observations, and how far from where the asset stands."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.earth import (
    Bools,
    Floats,
    Frames,
    Geometry,
    chord_to_ground_m,
    ground_to_chord_m,
    middle,
    to_earth,
    united,
)
from pipeline.geometry.footprints import outline, sectors
from pipeline.geometry.projection import densify_polygon
from pipeline.model.footprint import Area, Bearing, Disc, Footprint

_ROUND_DEG = 360.0
_WIDEST_DEG = 120.0
"""Of a polygon whose edges are geodesics; in degrees of longitude and of latitude."""


class Within(NamedTuple):
    """For each footprint and place: whether the footprint holds the place, and how far it is from the centre.

    A disc's centre is its own, a bearing's is the observer. An area is swept: distance does not count, and is 0.
    """

    holds: Bools
    away_m: Floats


def within(footprints: Sequence[Footprint], areas: Mapping[str, Geometry], lon: Floats, lat: Floats) -> Within:
    """Holds every place against every footprint; both results have the shape (footprints, places)."""
    holds = np.zeros((len(footprints), len(lon)), dtype=bool)
    away_m = np.zeros(holds.shape)
    round_ = [number for number, one in enumerate(footprints) if isinstance(one, Disc | Bearing)]
    if round_:
        _about(footprints, round_, (lon, lat), Within(holds, away_m))
    for number, one in enumerate(footprints):
        if isinstance(one, Area):
            holds[number] = _inside(outline(one, areas), lon, lat)
    return Within(holds, away_m)


def _about(footprints: Sequence[Footprint], which: list[int], places: tuple[Floats, Floats], found: Within) -> None:
    """Discs and bearings, whose places are told by distance, and bearings' by azimuth too."""
    some = [one for number in which if isinstance(one := footprints[number], Disc | Bearing)]
    reach_m = np.array([one.radius_m if isinstance(one, Disc) else one.range_max_m for one in some])
    least_m = np.array([0.0 if isinstance(one, Disc) else one.range_min_m for one in some])
    lon, lat = np.array([one.lon for one in some]), np.array([one.lat for one in some])
    centres, earth = to_earth(lon, lat), to_earth(*places)
    square = np.zeros((len(some), len(places[0])))
    for axis in range(3):
        apart = earth[axis] - centres[axis][:, None]
        square += apart * apart
    near = square <= (ground_to_chord_m(reach_m) ** 2)[:, None]
    near &= square >= (ground_to_chord_m(least_m) ** 2)[:, None]
    frames = Frames(lon, lat)
    for row, one in enumerate(some):
        if isinstance(one, Bearing):
            columns = np.flatnonzero(near[row])
            east_m, north_m = frames.from_lonlat(row, places[0][columns], places[1][columns])
            near[row, columns] = _faced(one, np.degrees(np.arctan2(east_m, north_m)))
    found.holds[which] = near
    away_m = np.zeros(square.shape)
    away_m[near] = chord_to_ground_m(np.sqrt(square[near]))
    found.away_m[which] = away_m


def _faced(bearing: Bearing, azimuth_deg: Floats) -> Bools:
    """Which azimuths lie in one of a bearing's intervals; both ends do."""
    faced = np.zeros(azimuth_deg.shape, dtype=bool)
    for start, width in sectors(bearing):
        faced |= (azimuth_deg - start) % 360.0 <= width
    return faced


def _inside(area: Geometry, lon: Floats, lat: Floats) -> Bools:
    """Which places lie in one of an area's polygons, or on its edge.

    Edges are geodesics, the shorter way round, and so is what they enclose: a box from 179° to -179° is 2° wide. Of a
    polygon wider or taller than `_WIDEST_DEG` that would often be the wrong part of the Earth: its edges are straight
    in longitude and latitude, as they are written, and a box from -180° to 180° goes round the world.
    """
    holds = np.zeros(lon.shape, dtype=bool)
    parts = shapely.get_parts(area)
    wide = _wide(parts)
    _hold(holds, parts[wide], lon, lat)
    narrow = parts[~wide]
    corners = shapely.get_coordinates(narrow)
    if not len(corners):
        return holds
    # Half the Earth at most is drawn about one middle: polygons farther apart are drawn each about its own.
    together = _in_one_half(corners)
    for group in [narrow] if together else narrow[:, None]:
        some = shapely.get_coordinates(group)
        frame = Frames(*(np.array([degrees]) for degrees in middle(some[:, 0], some[:, 1])))
        dense = densify_polygon(shapely.MultiPolygon(list(group)))
        flat = shapely.transform(dense, partial(_drawn, frame))
        _hold(holds, shapely.get_parts(flat), *frame.from_lonlat(0, lon, lat))
    return holds


def _drawn(frame: Frames, corners: Floats) -> Floats:
    return np.column_stack(frame.from_lonlat(0, corners[:, 0], corners[:, 1]))


def _hold(holds: Bools, polygons: NDArray[np.object_], x: Floats, y: Floats) -> None:
    """Marks the places that lie in one of the polygons, one by one: those may overlap, and each is sound by itself."""
    for polygon in polygons:
        left = np.flatnonzero(~holds)
        sound = united(polygon)
        shapely.prepare(sound)
        holds[left] = shapely.intersects_xy(sound, x[left], y[left])


def _in_one_half(corners: Floats) -> bool:
    """Whether all places lie in the half of the Earth about their middle."""
    lon, lat = middle(corners[:, 0], corners[:, 1])
    return bool((to_earth(lon, lat).reshape(1, 3) @ to_earth(*corners.T) > 0.0).all())


def _wide(polygons: NDArray[np.object_]) -> Bools:
    """Which polygons are wider or taller than `_WIDEST_DEG`, along their edges; from -180° to 180° is once round."""
    corners, owner = shapely.get_coordinates(shapely.get_exterior_ring(polygons), return_index=True)
    lon, lat = corners.T
    step = np.diff(lon, prepend=lon[:1])
    turned = np.where(np.abs(step) < _ROUND_DEG, step - _ROUND_DEG * np.round(step / _ROUND_DEG), step)
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    along = np.cumsum(turned)
    extents = [np.maximum.reduceat(one, begins) - np.minimum.reduceat(one, begins) for one in (along, lat)]
    return np.asarray(np.maximum(*extents) > _WIDEST_DEG)
