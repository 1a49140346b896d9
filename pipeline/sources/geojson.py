"""GeoJSON: features of a collection, or one a line, read by a mapping file as a table's rows are."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.gazetteer import Gazetteer
from pipeline.model.check import Problem, check, in_utc
from pipeline.model.footprint import Footprint
from pipeline.model.report import Origin, Report
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import InputError, ReadContext, Row, RowError, reject
from pipeline.sources.csv_binding import Binder, Fields
from pipeline.sources.csv_mapping import GeometryPlace, load_mapping
from pipeline.sources.csv_table import report_of
from pipeline.sources.geojson_places import geometry_of
from pipeline.sources.json_items import Item, items
from pipeline.sources.peeked import Peeked
from pipeline.sources.records import ROW_LIMIT, Span, TornInput, lines

_LOOKED_AT = 1_000
"""Features whose properties tell whether the mapping names one that is there."""
_COLLECTION = re.compile(rb'"type"\s*:\s*"FeatureCollection"')
_FEATURE = re.compile(rb'\s*\x1e?\s*\{.*"type"\s*:\s*"Feature"', re.DOTALL)
_CRS = re.compile(rb'"crs"\s*:\s*(?=\{)')
_WGS_84 = re.compile(r"(?:URN:OGC:DEF:CRS:)?(?:OGC:(?:1\.3)?:?CRS84|EPSG::?4326|CRS84|WGS ?84)")


class GeoJson:
    """Reads features by a mapping file, which says what each property means."""

    name = "geojson"
    title = "GeoJSON features, by a small mapping file"
    describe = """\
GeoJSON (a FeatureCollection, or one feature a line), read by a mapping file in TOML as source csv reads a table: the
properties are the columns, and the feature's own id is the column id where no property has that name. The mapping is
given by --mapping FILE, or lies beside the file as <file name>.mapping.toml.

report_id     geojson:<the mapping's name>:<the id column>; without it geojson:<name>:row-<24 digits of the SHA-256 of
              the feature's bytes>
footprint     place.kind = "geometry": a Polygon or MultiPolygon as it is; a Point with radius_m; a LineString or
              MultiLineString with within_m, as all that lies so near to it. Without that key such features are
              rejected, as are other geometries and features that have none. The other kinds of place go by properties
all else      as for csv
crs           the member that old files have may name WGS 84 alone; any other is an error

A feature may have 1 MiB. One that is damaged costs itself.
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether it is a FeatureCollection, or a first line that is a Feature."""
        begins = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\x1e \t\r\n")
        if not begins.startswith(b"{"):
            return False
        if _at_the_top(begins, _COLLECTION) is not None:
            return True
        return _is_lines(begins)

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each feature.

        Raises:
            InputError: the mapping is wrong, names what no feature has, or the coordinates are not those of WGS 84.
        """
        mapping = load_mapping(context.mapping, context.file)
        assert context.mapping is not None
        held = Peeked(stream)
        _check_crs(held.head, context.file)
        features = _lines(held) if _is_lines(held.head.removeprefix(b"\xef\xbb\xbf")) else items(held, "features")
        looked_at, torn = _some(features)
        binder = _Properties(context.mapping, context.file, looked_at, context.gazetteer)
        place_of: Callable[[Fields], Footprint] | None = None
        if isinstance(mapping.place, GeometryPlace):
            within = geometry_of(binder, mapping.place)

            def place_of(fields: Fields) -> Footprint:
                assert isinstance(fields, _Feature)
                return within(fields.geometry, fields)

        make = report_of(binder, mapping, context.feed, self.name, place_of)
        for item in itertools.chain(looked_at, features):
            yield _row(item, binder, make, context)
        if torn is not None:
            raise torn


class _Feature(list[str]):
    """The properties that the mapping names, and the geometry."""

    geometry: object = None


class _Properties(Binder):
    """Binds a mapping to the properties that it names; they need not be there in every feature."""

    def __init__(self, path: Path, file: str, looked_at: list[Item], gazetteer: Gazetteer) -> None:
        self._known = {"id"}
        for item in looked_at:
            properties = item.value.get("properties")
            if isinstance(properties, dict):
                self._known |= properties.keys()
        super().__init__(path, file, sorted(self._known), gazetteer)
        self._named: list[str] = []
        self._any = bool(looked_at)

    def column(self, key: str, name: str) -> int:
        """The index of the property in what `fields` gives."""
        if self._any and name not in self._known:
            super().column(key, name)
        if name not in self._named:
            self._named.append(name)
        return self._named.index(name)

    def fields(self, feature: dict[str, Any]) -> _Feature:
        """The properties as texts."""
        properties = feature.get("properties")
        given = properties if isinstance(properties, dict) else {}
        found = _Feature(_text(given.get(name)) for name in self._named)
        if "id" in self._named and "id" not in given:
            found[self._named.index("id")] = _text(feature.get("id"))
        found.geometry = feature.get("geometry")
        return found


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _row(item: Item, binder: _Properties, make: Callable[[Fields, Origin], Report], context: ReadContext) -> Row:
    problem = item.problem
    if problem is None and item.value.get("type") != "Feature":
        problem = Problem("", RejectReason.BAD_ROW, "it is no Feature")
    if problem is None:
        try:
            report = make(binder.fields(item.value), Origin(context.file, item.number, item.span.sha256))
        except RowError as error:
            problem = error.problem
        else:
            problem = check(report, context.gazetteer.areas)
            if problem is None:
                return Row(item.number, item.span.position, (in_utc(report),))
    return reject(GeoJson.name, context, item.number, item.span, problem)


def _some(features: Iterator[Item]) -> tuple[list[Item], TornInput | None]:
    """The first features, and the tear that came among them."""
    found: list[Item] = []
    size = 0
    try:
        for item in features:
            found.append(item)
            size += item.span.length
            if len(found) >= _LOOKED_AT or size >= 4 * ROW_LIMIT:
                break
    except TornInput as torn:
        return found, torn
    return found, None


def _is_lines(head: bytes) -> bool:
    first = head.lstrip(b"\x1e \t\r\n").partition(b"\n")[0]
    if _FEATURE.match(first) is None:
        return False
    try:
        return bool(json.loads(first).get("type") == "Feature")
    except (ValueError, RecursionError):
        # A line longer than the head is cut off and cannot be decoded; its beginning has to do.
        return len(first) > len(head) // 2 and _at_the_top(first, _COLLECTION) is None


def _lines(stream: BinaryIO) -> Iterator[Item]:
    number = 0
    for span in lines(stream):
        if span.cut is None and not span.data.strip(b"\x1e \t\r\n"):
            continue
        number += 1
        yield _line(number, span)


def _line(number: int, span: Span) -> Item:
    if span.cut is not None:
        detail = f"{span.cut.length} bytes; a line has {ROW_LIMIT} at most"
        return Item(number, span, {}, Problem("", RejectReason.TOO_LONG, detail))
    try:
        value = json.loads(span.data.decode().strip("\x1e \t\r\n"))
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} of the row is not UTF-8"
        return Item(number, span, {}, Problem("", RejectReason.BAD_ENCODING, detail))
    except (ValueError, RecursionError) as error:
        return Item(number, span, {}, Problem("", RejectReason.NOT_JSON, str(error)[:200]))
    if not isinstance(value, dict):
        return Item(number, span, {}, Problem("", RejectReason.NOT_JSON, "it is no object"))
    return Item(number, span, value)


def _at_the_top(head: bytes, pattern: re.Pattern[bytes]) -> int | None:
    """Where a member of the document itself is in its beginning, and not one of what it holds."""
    match = pattern.search(head)
    if match is None:
        return None
    before = head[: match.start()]
    return match.end() if before.count(b"{") - before.count(b"}") == 1 else None


def _check_crs(head: bytes, file: str) -> None:
    at = _at_the_top(head, _CRS)
    if at is None:
        return
    try:
        crs, _ = json.JSONDecoder().raw_decode(head[at:].decode(errors="replace"))
        name = str(crs["properties"]["name"])
    except (ValueError, KeyError, TypeError, RecursionError):
        name = "one that it does not name"
    if _WGS_84.fullmatch(name.upper()) is None:
        raise InputError(f"{file}: its coordinates are of {name[:80]}, not of WGS 84: transform it to EPSG:4326 first")
