"""Bearings that cross: what several observers' sectors have in common."""

from collections.abc import Sequence

import numpy as np
import shapely

from pipeline.geometry.earth import Floats, Frames, to_lonlat
from pipeline.model.footprint import Area, Bearing, MultiPolygon, Polygon

_STEP_DEG = 3.0
"""An arc of so many degrees is drawn as a straight edge: half a thousandth of the range is lost."""

LEAST_M2 = 10_000.0
"""Sectors that have less than a hectare in common do not cross; they touch."""


def crossing(bearings: Sequence[Bearing]) -> Area | None:
    """The area that some bearings have in common, in degrees; None where there is none to speak of."""
    frames = Frames(np.array([one.lon for one in bearings]), np.array([one.lat for one in bearings]))
    common = shapely.intersection_all([_seen(bearing, frames, number) for number, bearing in enumerate(bearings)])
    parts = [one for one in shapely.get_parts(common) if isinstance(one, shapely.Polygon) and one.area >= LEAST_M2]
    if not parts:
        return None
    drawn = [_in_degrees(part, frames) for part in parts]
    return Area(geometry=Polygon(drawn[0]) if len(drawn) == 1 else MultiPolygon(drawn))


def _seen(bearing: Bearing, frames: Frames, number: int) -> shapely.Geometry:
    """A bearing in metres east and north of the first observer: drawn about its own, by its own north."""
    sectors = shapely.union_all([_sector(bearing, *pair) for pair in bearing.azimuths_deg])
    # An observer who may be anywhere in a circle widens it by that.
    sectors = sectors.buffer(bearing.observer_radius_m) if bearing.observer_radius_m else sectors

    def turned(places: Floats) -> Floats:
        earth = frames.to_earth(np.full(len(places), number, dtype=np.intp), *places.T)
        return np.column_stack(frames.from_lonlat(0, *to_lonlat(earth)))

    return shapely.make_valid(shapely.transform(sectors, turned))


def _sector(bearing: Bearing, begin_deg: float, end_deg: float) -> shapely.Geometry:
    width = (end_deg - begin_deg) % 360.0 or 360.0
    azimuths = np.radians(begin_deg + np.linspace(0.0, width, 2 + int(width / _STEP_DEG)))
    arc = np.column_stack([np.sin(azimuths), np.cos(azimuths)])
    outer = bearing.range_max_m * arc
    if width == 360.0:
        holes = [bearing.range_min_m * arc] if bearing.range_min_m > 0.0 else []
        return shapely.Polygon(outer, holes)
    inner = bearing.range_min_m * arc[::-1] if bearing.range_min_m > 0.0 else np.zeros((1, 2))
    return shapely.Polygon(np.concatenate([outer, inner]))


def _in_degrees(part: shapely.Polygon, frames: Frames) -> list[list[list[float]]]:
    rings = [part.exterior, *part.interiors]
    drawn = []
    for ring in rings:
        east, north = shapely.get_coordinates(ring).T
        earth = frames.to_earth(np.zeros(len(east), dtype=np.intp), east, north)
        lon, lat = to_lonlat(earth)
        drawn.append(np.column_stack([lon.round(6), lat.round(6)]).tolist())
    return drawn
