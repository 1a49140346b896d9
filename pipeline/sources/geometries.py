"""Geometries that stand in a cell: WKT or GeoJSON, both as the objects of GeoJSON."""

import re
from typing import Any

import msgspec
import shapely

from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import RowError

_WKT = re.compile(
    r"\s*(?:SRID=4326;)?\s*((?:POINT|LINESTRING|MULTILINESTRING|POLYGON|MULTIPOLYGON)\s*(?:ZM|Z|M)?"
    r"\s*\([-+0-9.eE,()\s]*\))\s*",
    re.IGNORECASE,
)
"""Only numbers within: what is nested no deeper than its kind allows is all that GEOS gets to see."""
_POINT = re.compile(r"POINT \((-?[0-9]{1,3}(?:\.[0-9]{1,17})?) (-?[0-9]{1,3}(?:\.[0-9]{1,17})?)\)")
"""A point as most programs write one; nothing but numbers needs to be read of it."""
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def geometry_in(text: str, field: str) -> dict[str, Any]:
    """The geometry that a cell holds, in WGS 84.

    Raises:
        RowError: it holds none; about `field`.
    """
    try:
        return _decode(text) if text.lstrip().startswith("{") else _of_wkt(text)
    except (ValueError, RecursionError, shapely.errors.ShapelyError) as error:
        detail = f"{text[:80]!r} is no point, line or polygon as WKT or GeoJSON has them"
        raise RowError(field, RejectReason.BAD_GEOMETRY, detail) from error


def _of_wkt(text: str) -> dict[str, Any]:
    point = _POINT.fullmatch(text)
    if point is not None:
        return {"type": "Point", "coordinates": [float(point[1]), float(point[2])]}
    match = _WKT.fullmatch(text)
    if match is None:
        raise ValueError("no WKT")
    found: dict[str, Any] = msgspec.json.decode(shapely.to_geojson(shapely.force_2d(shapely.from_wkt(match[1]))))
    return found
