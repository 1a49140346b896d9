"""An area of an alert as a footprint: circles, polygons, or a name. CAP writes latitude first, and kilometres."""

import re
from xml.etree.ElementTree import Element

import shapely

from pipeline.gazetteer import Gazetteer
from pipeline.geometry.outlines import polygon_of
from pipeline.model.check import MAX_RADIUS_M, MAX_VERTICES, check_lonlat
from pipeline.model.footprint import Area, Disc, Footprint, MultiPolygon, Polygon, Ring
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Remark
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import RowError
from pipeline.sources.cells import finite

_FINEST_DEG = 1e-5
_PAIR = re.compile(r"\s*,\s*")
Remarks = tuple[Remark, ...]


def footprint(area: Element, gazetteer: Gazetteer) -> tuple[Footprint, Remarks]:
    """Where an area is, and what has to be said of that.

    Raises:
        RowError: it has neither an outline that can be read nor a name that is known.
    """
    circles = [_circle(text) for text in _texts(area, "circle")]
    rings = [_ring(text) for text in _texts(area, "polygon")]
    named = tuple(
        Remark("footprint", f"{name}: {text}"[:300], RemarkRule.AS_SAID)
        for name in ("areaDesc", "altitude", "ceiling")
        for text in _texts(area, name)
    )
    if not circles and not rings:
        return _known(area, gazetteer), named
    if len(circles) == 1 and not rings:
        return circles[0], named
    rings, simplified = _bounded(rings)
    rings += [_round(circle) for circle in circles]
    outline = Polygon([rings[0]]) if len(rings) == 1 else MultiPolygon([[ring] for ring in rings])
    return Area(geometry=outline), (*named, *simplified)


def _texts(area: Element, name: str) -> list[str]:
    found = (child.text for child in area if child.tag.rpartition("}")[2] == name)
    return [text.strip() for text in found if text and text.strip()]


def _circle(text: str) -> Disc:
    centre, _, radius = text.rpartition(" ")
    lon, lat = _position(centre.strip(), "circle")
    return Disc(lon, lat, finite(radius.strip(), "circle") * 1000.0)


def _ring(text: str) -> Ring:
    return [list(_position(pair, "polygon")) for pair in _PAIR.sub(",", text).split()]


def _position(pair: str, field: str) -> tuple[float, float]:
    """Longitude and latitude of what is written latitude,longitude."""
    lat, comma, lon = pair.partition(",")
    if not comma:
        raise RowError(field, RejectReason.BAD_GEOMETRY, f"{pair[:40]!r} is no latitude,longitude")
    return finite(lon.strip(), field), finite(lat.strip(), field)


def _round(circle: Disc) -> Ring:
    if check_lonlat(circle.lon, circle.lat) is not None or not 0.0 <= circle.radius_m <= MAX_RADIUS_M:
        raise RowError("circle", RejectReason.BAD_GEOMETRY, "a circle that lies nowhere on Earth")
    drawn = polygon_of(circle, {})
    assert isinstance(drawn, shapely.Polygon)
    return [[x, y] for x, y in drawn.exterior.coords]


def _bounded(rings: list[Ring]) -> tuple[list[Ring], Remarks]:
    """The rings with no more corners than a report may have, and by how much they moved for that."""
    corners = sum(map(len, rings))
    if corners <= MAX_VERTICES:
        return rings, ()
    simpler, tolerance = rings, _FINEST_DEG
    while sum(map(len, simpler)) > MAX_VERTICES and tolerance < 1.0:
        simpler = [_simplified(ring, tolerance) for ring in rings]
        tolerance *= 2
    said = f"an outline of {corners:,} corners, simplified to within {tolerance / 2:.6f} degrees"
    return simpler, (Remark("footprint", said, RemarkRule.AS_SAID),)


def _simplified(ring: Ring, tolerance: float) -> Ring:
    if len(ring) < 4:
        return ring
    return [[x, y] for x, y in shapely.simplify(shapely.LinearRing(ring), tolerance).coords]


def _known(area: Element, gazetteer: Gazetteer) -> Area:
    """The area of the gazetteer that a name or a code stands for."""
    codes = [child for child in area if child.tag.rpartition("}")[2] == "geocode"]
    names = [*_texts(area, "areaDesc"), *(value for code in codes for value in _texts(code, "value"))]
    found = next((known for name in names if (known := gazetteer.areas.get(name) or gazetteer.find(name))), None)
    if found is None:
        detail = f"neither polygon nor circle, and {', '.join(names)[:80]!r} is not in the gazetteer"
        raise RowError("area", RejectReason.UNKNOWN_AREA, detail)
    return Area(area_id=found.area_id)
