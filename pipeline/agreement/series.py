"""A dated series of shapes, out of its file: which day each is of, when it holds, and what it is as a zone."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import shapely

from pipeline.agreement.format import SeriesTable, SeriesZoneTable
from pipeline.geometry.dated import BOTH, BoundaryZone, BuiltShapes, DatedZone, Span
from pipeline.geometry.earth import Geometry
from pipeline.geometry.edges import Indexer
from pipeline.geometry.line import Line, LineError, join
from pipeline.geometry.zones import CorridorZone, OffsetZone, PolygonZone, Zone
from pipeline.model.times import to_us

MAX_SERIES_BYTES = 256 << 20
MAX_DAYS = 5_000
_LEAST_DEG2 = 1e-8

AREAS, LINES = ("Polygon", "MultiPolygon"), ("LineString", "MultiLineString")
SIDES = {"left": -1, "right": 1, "both": 0}


class SeriesError(Exception):
    """A series that cannot be used."""


class _Properties(msgspec.Struct):
    content_date: date


class _Feature(msgspec.Struct):
    properties: _Properties
    geometry: msgspec.Raw


class _Collection(msgspec.Struct):
    features: list[_Feature]


class Series(msgspec.Struct, frozen=True):
    """A series, compiled.

    Attributes:
        shapes: its days' shapes, in the order of the days.
        of_lines: whether they are lines, and no areas.
    """

    shapes: BuiltShapes
    of_lines: bool

    @property
    def days(self) -> list[date]:
        """The days of which there are shapes."""
        return [span.content_date for span in self.shapes.spans]


def read_series(raw: bytes, table: SeriesTable, zone: ZoneInfo, indexer: Indexer | None) -> Series:
    """The series of a file's bytes.

    Raises:
        SeriesError: it cannot be used.
    """
    try:
        features = msgspec.json.decode(raw, type=_Collection).features
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise SeriesError(
            f"{table.file}: no FeatureCollection with a content_date for each feature ({error})"
        ) from error
    if not 0 < len(features) <= MAX_DAYS:
        raise SeriesError(f"{table.file}: holds {len(features)} days; it should hold 1 to {MAX_DAYS:,}")
    by_day = {feature.properties.content_date: feature for feature in features}
    if len(by_day) < len(features):
        raise SeriesError(f"{table.file}: holds two shapes of one day")
    days = sorted(by_day)
    drawn = [_geometry(by_day[day], day, table.file) for day in days]
    kinds = {geometry.geom_type in LINES for geometry in drawn}
    if len(kinds) > 1:
        raise SeriesError(f"{table.file}: holds areas and lines; it should hold one or the other")
    spans = _spans(days, table.gap_days, zone)
    corners = shapely.get_num_coordinates(drawn).tolist()
    if kinds == {False}:
        return Series(BuiltShapes(spans, corners, lambda number: PolygonZone(table.id, drawn[number], indexer)), False)
    lines = [_line(geometry, table, day) for geometry, day in zip(drawn, days, strict=True)]
    return Series(
        BuiltShapes(spans, corners, lambda number: CorridorZone(table.id, table.id, lines[number], 1.0)), True
    )


def _geometry(feature: _Feature, day: date, file: str) -> Geometry:
    try:
        geometry = shapely.force_2d(shapely.from_geojson(bytes(feature.geometry)))
    except (shapely.errors.ShapelyError, ValueError, RecursionError) as error:
        raise SeriesError(f"{file}: the shape of {day} cannot be read ({error})") from error
    if geometry.geom_type not in (*AREAS, *LINES):
        raise SeriesError(f"{file}: {day} holds {geometry.geom_type}; it should hold {' or '.join((*AREAS, *LINES))}")
    corners = shapely.get_coordinates(geometry)
    if not np.isfinite(corners).all() or (np.abs(corners) > (180.0, 90.0)).any():
        raise SeriesError(f"{file}: coordinates of {day} are not longitude, latitude in degrees")
    if geometry.geom_type in AREAS:
        sound = geometry if geometry.is_valid else shapely.make_valid(geometry)
        if sound.area < _LEAST_DEG2:
            raise SeriesError(f"{file}: the polygons of {day} enclose nothing")
    return geometry


def _line(geometry: Geometry, table: SeriesTable, day: date) -> Line:
    if table.starts_near is None:
        raise SeriesError(f"{table.file}: holds lines; starts_near must say at which end they begin")
    pieces = [np.asarray(shapely.get_coordinates(piece)) for piece in shapely.get_parts(geometry)]
    try:
        path = join(pieces, table.starts_near)
        return Line(path[:, 0], path[:, 1])
    except LineError as error:
        raise SeriesError(f"{table.file}: the line of {day}: {error}") from error


def _spans(days: Sequence[date], gap_days: int, zone: ZoneInfo) -> list[Span]:
    """Each day's shape holds from that day's beginning until the next shape's day, and no longer than it may stand."""
    begins = [*days[1:], date.max]
    ends = [min(after, _later(day, 1 + gap_days)) for day, after in zip(days, begins, strict=True)]
    return [Span(_midnight_us(day, zone), _midnight_us(end, zone), day) for day, end in zip(days, ends, strict=True)]


def _later(day: date, days: int) -> date:
    return min(day, date.max - timedelta(days=days)) + timedelta(days=days)


def _midnight_us(day: date, zone: ZoneInfo) -> int:
    return to_us(datetime.combine(day, time(), zone))


def dated_zone(table: SeriesZoneTable, series: Series) -> DatedZone:
    """The zone that a table asks for.

    Raises:
        SeriesError: the table asks an area what only a line has, or the other way round.
    """
    side, within_m = table.side or BOTH, table.within_m

    def of_area(area: Any) -> Zone:
        return area if within_m is None else BoundaryZone(table.id, area, side, within_m)

    def of_line(carrier: Any) -> Zone:
        assert within_m is not None
        if side == BOTH:
            return CorridorZone(table.id, table.series, carrier.line, within_m)
        return OffsetZone(table.id, table.series, carrier.line, SIDES[side], 0.0, within_m)

    if series.of_lines and (within_m is None or side not in SIDES):
        raise SeriesError("is of lines: give within_m, and a side that is left, right or both")
    if not series.of_lines and side in ("left", "right"):
        raise SeriesError(f"is of areas, which have no {side}: the side is inside, outside or both")
    if not series.of_lines and within_m is None and table.side is not None:
        raise SeriesError("a side is that of the boundary: give within_m, too")
    return DatedZone(table.id, series.shapes, of_line if series.of_lines else of_area)
