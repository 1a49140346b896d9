"""The geometry of a feature as a footprint, by what the mapping says of points and lines."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import numpy as np
import shapely
from pyproj import Proj

from pipeline.geometry.earth import Geometry
from pipeline.model.check import MAX_RADIUS_M, MAX_VERTICES, check_lonlat
from pipeline.model.footprint import Area, Disc, Footprint, MultiPolygon, Polygon
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import RowError
from pipeline.sources.csv_binding import Binder, Fields
from pipeline.sources.csv_mapping import GeometryPlace

_LONGEST_DEG = 3.0
"""A line that reaches further is not measured well about its middle."""
_LINES = {"LineString": list[list[float]], "MultiLineString": list[list[list[float]]]}


def geometry_of(binder: Binder, spec: GeometryPlace) -> Callable[[object, Fields], Footprint]:
    """The footprint of a geometry, with the properties of its feature."""
    radius = binder.number("place.radius_m", spec.radius_m) if spec.radius_m is not None else None
    within = binder.number("place.within_m", spec.within_m) if spec.within_m is not None else None

    def footprint(geometry: object, fields: Fields) -> Footprint:
        if not isinstance(geometry, dict):
            raise RowError("geometry", RejectReason.MISSING, "the feature has no geometry")
        kind = str(geometry.get("type"))
        try:
            if kind == "Polygon":
                return Area(geometry=msgspec.convert(geometry, Polygon))
            if kind == "MultiPolygon":
                return Area(geometry=msgspec.convert(geometry, MultiPolygon))
            if kind == "Point":
                lon, lat, *_ = msgspec.convert(geometry.get("coordinates"), list[float])
                return Disc(lon, lat, _needed(radius and radius(fields), "a point", "place.radius_m"))
            if kind in _LINES:
                paths = msgspec.convert(geometry.get("coordinates"), _LINES[kind])
                within_m = _needed(within and within(fields), "a line", "place.within_m")
                return _about([paths] if kind == "LineString" else paths, within_m)
        except (ValueError, msgspec.ValidationError) as error:
            raise RowError("geometry", RejectReason.BAD_GEOMETRY, f"its coordinates cannot be read: {error}") from error
        detail = f"{kind[:40]!r} is no geometry that says where something happened"
        raise RowError("geometry", RejectReason.BAD_GEOMETRY, detail)

    return footprint


def _needed(length_m: float | None, what: str, key: str) -> float:
    if length_m is None:
        raise RowError("geometry", RejectReason.MISSING, f"{what} says nothing of its uncertainty: set {key}")
    return length_m


def _about(paths: list[Any], within_m: float) -> Area:
    """All that lies so near to a line; its corners are joined by straight lines about the line's middle."""
    corners = [corner for path in paths for corner in path]
    if len(corners) < 2 or len(corners) > MAX_VERTICES or any(len(path) < 2 for path in paths):
        raise RowError("geometry", RejectReason.BAD_GEOMETRY, "a line has 2 to 20,000 corners")
    for lon, lat, *_ in corners:
        problem = check_lonlat(lon, lat)
        if problem is not None:
            raise RowError(problem.field, problem.reason, problem.detail)
    if not 0.0 < within_m <= MAX_RADIUS_M:
        raise RowError("place.within_m", RejectReason.BAD_VALUE, f"{within_m} m is no distance from a line")
    lines = shapely.MultiLineString([[corner[:2] for corner in path] for path in paths])
    west, south, east, north = lines.bounds
    if east - west > _LONGEST_DEG or north - south > _LONGEST_DEG:
        raise RowError("geometry", RejectReason.BAD_GEOMETRY, f"a line that reaches over {_LONGEST_DEG:g}°: cut it up")
    there = Proj(proj="aeqd", ellps="WGS84", lon_0=(west + east) / 2, lat_0=(south + north) / 2)
    drawn = _moved(lines, there).buffer(within_m)
    outline = _moved(drawn, partial(there, inverse=True))
    return Area(geometry=msgspec.convert(_plain(shapely.geometry.mapping(outline)), Polygon | MultiPolygon))


def _moved(geometry: Geometry, transform: Callable[..., Any]) -> Geometry:
    return shapely.transform(geometry, lambda xy: np.column_stack(transform(xy[:, 0], xy[:, 1])))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
