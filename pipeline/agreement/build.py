"""From checked tables to compiled lines, zones and clauses."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import shapely
from msgspec.structs import replace
from shapely.geometry import shape

from pipeline.agreement.clauses import Clause, ReadAs, compile_clauses, compile_suspension
from pipeline.agreement.compiled import Agreement, Sector
from pipeline.agreement.format import (
    BetweenLinesZoneTable,
    CorridorZoneTable,
    LineTable,
    OffsetZoneTable,
    PolygonZoneTable,
    ProvisionTable,
    ReadingTable,
    SeriesZoneTable,
    Tables,
    ZoneTable,
)
from pipeline.agreement.overlays import is_judged, laid_over
from pipeline.agreement.problems import Problems
from pipeline.agreement.series import MAX_SERIES_BYTES, SIDES, Series, SeriesError, dated_zone, read_series
from pipeline.agreement.terms import in_force
from pipeline.geometry.earth import Floats, Geometry, polygons_only
from pipeline.geometry.edges import Indexer
from pipeline.geometry.line import Line, LineError, join
from pipeline.geometry.zones import CorridorZone, OffsetZone, PolygonZone, Zone, between_lines

MAX_GEOJSON_BYTES = 64 << 20
_FAR_MARKER_M = 20_000.0
_LEAST_ZONE_DEG2 = 1e-8
"""Some 100 square metres: less is a slip of the digits, or two drawings of one line, and no zone."""


class Digest(Protocol):
    """What `hashlib` gives."""

    def update(self, data: bytes, /) -> None:
        """Takes bytes in."""

    def hexdigest(self) -> str:
        """The hash so far."""


class _Geometry(Exception):
    """A geometry file that cannot be used."""


def build(
    tables: Tables,
    where: Path,
    areas: Mapping[str, Geometry],
    problems: Problems,
    digest: Digest,
    indexer: Indexer | None = None,
) -> Agreement | None:
    """The compiled agreement; None, with the problems added, where something does not fit.

    Every file that goes into it is added to `digest`. The indexes of its edges come from `indexer`.
    """
    builder = _Builder(tables, where, areas, problems, digest, indexer)
    lines = builder.lines()
    read = [table for index, table in enumerate(tables.lines) if not problems.half_read("lines", index)]
    chainages = {table.id: builder.chainages(table, lines[table.id]) for table in read if table.id in lines}
    sectors = [s for table in read if table.id in lines for s in builder.sectors(table, lines, chainages)]
    series = builder.series()
    zones = builder.zones(lines, chainages, series)
    if problems:
        return None
    return Agreement(
        tables=tables,
        lines=lines,
        zones=tuple(zones),
        clauses=clauses_of(tables),
        sectors=tuple(sectors),
        marker_chainages_m=chainages,
        areas=areas,
        fingerprint=digest.hexdigest()[:16],
        series=series,
    )


class _Builder:
    def __init__(
        self,
        tables: Tables,
        where: Path,
        areas: Mapping[str, Geometry],
        problems: Problems,
        digest: Digest,
        indexer: Indexer | None,
    ) -> None:
        self.tables, self.where, self.areas = tables, where, areas
        self.problems, self.digest, self.indexer = problems, digest, indexer

    def lines(self) -> dict[str, Line]:
        built = {}
        for index, table in enumerate(self.tables.lines):
            try:
                pieces = self._load(table.file, ("LineString", "MultiLineString"))
                if self.problems.half_read("lines", index):
                    continue
                path = join([_corners(piece) for piece in pieces], table.starts_near)
                built[table.id] = Line(path[:, 0], path[:, 1], self.indexer)
            except (_Geometry, LineError) as error:
                self.problems.add("lines", index, "file", str(error), "mend the geometry file", table.id)
        return built

    def chainages(self, table: LineTable, line: Line) -> dict[str, float]:
        """The chainage of every marker; "start" and "end" are markers too."""
        found = {"start": 0.0, "end": line.length_m}
        index = self.tables.lines.index(table)
        for marker in table.markers:
            located = line.locate([marker.lon], [marker.lat])
            if abs(located.offset_m[0]) > _FAR_MARKER_M:
                away = abs(float(located.offset_m[0])) / 1000
                far = f"{away:.0f} km" if np.isfinite(away) else "half the Earth"
                what = f"marker {marker.id!r} lies {far} from the line"
                self.problems.add("lines", index, "", what, "are its lon and lat exchanged?", table.id)
            found[marker.id] = float(located.chainage_m[0])
        return found

    def sectors(
        self, table: LineTable, lines: Mapping[str, Line], chainages: Mapping[str, Mapping[str, float]]
    ) -> list[Sector]:
        known = chainages[table.id]
        return [
            Sector(s.id, s.name, table.id, *sorted((known[s.begin], known[s.end])))
            for s in table.sectors
            if {s.begin, s.end} <= set(known)
        ]

    def series(self) -> dict[str, Series]:
        built: dict[str, Series] = {}
        try:
            zone = ZoneInfo(self.tables.header.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return built  # a problem of the head, told already
        for index, table in enumerate(self.tables.series):
            try:
                raw = self._bytes(table.file, MAX_SERIES_BYTES)
                if not self.problems.half_read("series", index):
                    built[table.id] = read_series(raw, table, zone, self.indexer)
            except (_Geometry, SeriesError) as error:
                self.problems.add("series", index, "file", str(error), "mend the file", table.id)
        return built

    def zones(
        self,
        lines: Mapping[str, Line],
        chainages: Mapping[str, Mapping[str, float]],
        series: Mapping[str, Series],
    ) -> list[Zone]:
        built: list[Zone] = []
        for index, table in enumerate(self.tables.zones):
            if self.problems.half_read("zones", index):
                continue
            try:
                zone = self._zone(table, lines, chainages, series)
            except (_Geometry, SeriesError) as error:
                self.problems.add("zones", index, _key(table), str(error), "", table.id)
                continue
            built += [] if zone is None else [zone]
        return built

    def _zone(
        self,
        table: ZoneTable,
        lines: Mapping[str, Line],
        chainages: Mapping[str, Mapping[str, float]],
        series: Mapping[str, Series],
    ) -> Zone | None:
        """One zone; None where a line or series that it goes by is not there, which is a problem told already."""
        if isinstance(table, SeriesZoneTable):
            return dated_zone(table, series[table.series]) if table.series in series else None
        if isinstance(table, PolygonZoneTable):
            return PolygonZone(table.id, self._outline(table), self.indexer)
        if isinstance(table, BetweenLinesZoneTable):
            return self._between_lines(table, lines)
        if table.line not in lines:
            return None
        line, between = lines[table.line], self._between(table, chainages[table.line])
        if isinstance(table, CorridorZoneTable):
            return CorridorZone(table.id, table.line, line, table.within_m, between)
        return OffsetZone(table.id, table.line, line, SIDES[table.side], table.from_m, table.to_m, between)

    def _between_lines(self, table: BetweenLinesZoneTable, lines: Mapping[str, Line]) -> Zone | None:
        one, other = table.lines
        if one == other or not {one, other} <= lines.keys():
            return None
        first, second = lines[one], lines[other]
        there, back = (np.column_stack([line.lon, line.lat]) for line in (first, second))
        rings = [np.concatenate([there, back]), np.concatenate([there, back[::-1]])]
        if min(shapely.make_valid(shapely.Polygon(ring)).area for ring in rings) < _LEAST_ZONE_DEG2:
            raise _Geometry(f"no area lies between the lines {one!r} and {other!r}")
        return between_lines(table.id, first, second, self.indexer, line_id=one)

    def _between(
        self, table: OffsetZoneTable | CorridorZoneTable, chainages: Mapping[str, float]
    ) -> tuple[float, float] | None:
        if table.between is None:
            return None
        ends = [chainages.get(end) if isinstance(end, str) else end for end in table.between]
        if ends[0] is None or ends[1] is None:
            unknown = [end for end in table.between if isinstance(end, str) and end not in chainages]
            raise _Geometry(f"names no marker of the line: {unknown[0]!r}")
        low, high = sorted((float(ends[0]), float(ends[1])))
        if not 0 <= low < high <= chainages["end"] + 1.0:
            raise _Geometry(f"runs from {low:.0f} to {high:.0f} m; the line from 0 to {chainages['end']:.0f} m")
        return low, high

    def _outline(self, table: PolygonZoneTable) -> Geometry:
        if table.area_ids:
            unknown = [area for area in table.area_ids if area not in self.areas]
            if unknown:
                raise _Geometry(f"area_ids: {unknown[0]!r} is not in the gazetteer (geodata/areas)")
            return shapely.union_all([self.areas[area] for area in table.area_ids])
        if not table.file:
            raise _Geometry("neither file nor area_ids")
        pieces = self._load(table.file, ("Polygon", "MultiPolygon"))
        sound = [shapely.make_valid(shapely.remove_repeated_points(piece)) for piece in pieces]
        whole = polygons_only(shapely.union_all(sound))
        if whole.area < _LEAST_ZONE_DEG2:
            raise _Geometry(f"{table.file}: its polygons enclose nothing")
        return whole

    def _load(self, file: str, kinds: tuple[str, ...]) -> list[Geometry]:
        """The parts of a GeoJSON file's geometries, in degrees."""
        raw = self._bytes(file, MAX_GEOJSON_BYTES)
        try:
            features = json.loads(raw)["features"]
            shapes = [shape(feature["geometry"]) for feature in features]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, shapely.errors.ShapelyError) as error:
            raise _Geometry(f"{file}: no GeoJSON FeatureCollection ({error})") from error
        wrong = [geometry.geom_type for geometry in shapes if geometry.geom_type not in kinds]
        if wrong or not shapes:
            raise _Geometry(f"{file}: holds {wrong[0] if wrong else 'nothing'}; it should hold {' or '.join(kinds)}")
        corners = shapely.get_coordinates(shapes)
        if not np.isfinite(corners).all() or (np.abs(corners) > (180.0, 90.0)).any():
            raise _Geometry(f"{file}: coordinates are not longitude, latitude in degrees")
        return list(shapely.get_parts(shapes))

    def _bytes(self, file: str, most: int) -> bytes:
        """A file's content, which goes into the agreement's hash."""
        path = self.where / file
        try:
            if path.stat().st_size > most:
                raise _Geometry(f"{file}: larger than {most >> 20} MiB")
            raw = path.read_bytes()
        except OSError as error:
            raise _Geometry(f"{file}: {error.strerror}") from error
        self.digest.update(raw)
        return raw


def _key(table: ZoneTable) -> str:
    """The key to which a problem of the zone's geometry is laid."""
    if isinstance(table, SeriesZoneTable):
        return "series"
    if isinstance(table, PolygonZoneTable):
        return "file" if table.file else ""
    return "lines" if isinstance(table, BetweenLinesZoneTable) else "between"


def _corners(piece: Geometry) -> Floats:
    return np.asarray(shapely.get_coordinates(piece))


def clauses_of(tables: Tables) -> tuple[Clause, ...]:
    """What the provisions of some tables ask of an incident, in their order; and what they do as parties read them."""
    zone_index = {table.id: index for index, table in enumerate(tables.zones)}
    exceptions = {table.id: compile_suspension(table, zone_index) for table in tables.exceptions}

    def compiled(table: ProvisionTable, readings: Sequence[ReadingTable]) -> list[Clause]:
        return compile_clauses(
            table,
            zone_index,
            in_force(tables, table),
            [exceptions[name] for name in table.exceptions],
            readings,
        )

    def read_as(table: ProvisionTable, reading: ReadingTable) -> ReadAs | None:
        """None where under the reading one incident decides nothing by itself."""
        read = laid_over(table, reading)
        clause = compiled(read, ())[0] if read is not None else None
        return None if clause is not None and clause.role is not None else ReadAs(reading, clause)

    clauses: list[Clause] = []
    for table in tables.provisions:
        readings = [reading for reading in tables.readings if reading.provision == table.id]
        judged = [reading for reading in readings if is_judged(reading)]
        for clause in compiled(table, readings):
            read = [read_as(table, reading) for reading in judged if clause.role is None]
            clauses.append(replace(clause, read_as=tuple(one for one in read if one is not None)))
    return tuple(clauses)
