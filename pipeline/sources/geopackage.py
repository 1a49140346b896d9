"""GeoPackages: one layer as CSV text, a row at a time, with its geometry as WKT in WGS 84.

A GeoPackage is an SQLite database, from anybody. It is opened read-only, nothing that stands in its schema is run (no
view, no generated column, no virtual table), and geometries reach GEOS only where they are not nested.
"""

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from pipeline.sources.base import InputError
from pipeline.sources.records import TornInput
from pipeline.sources.sheet_cells import number_text, printable, quoted

GEOMETRY, LON, LAT = "geometry", "lon", "lat"
UNREADABLE = "unreadable"
"""Stands for a geometry that cannot be read, so that no empty cell is taken for a place that was not given."""
_ROWS_AT_ONCE = 1_000
_MOST_VALUE = 64 << 20
_MOST_LAYERS = 1_000
_MOST_COLUMNS = 2_000
_MOST_GEOMETRY = 1 << 20
"""Bytes of a geometry: its text would be longer than a row may be."""
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_WGS_84 = 4326
_MADE = {GEOMETRY, LON, LAT}


class _Layer(NamedTuple):
    name: str
    geometry: str | None
    kind: str
    srs_id: int


def layer_text(path: Path, name: str, layer: str | None) -> Iterator[bytes]:
    """One layer as CSV text in pieces: `layer`, or the only one.

    Args:
        name: what messages call the file.

    Raises:
        InputError: it is another kind of database, is open elsewhere, or holds several layers.
        TornInput: it is damaged.
    """
    beside = path.with_name(path.name + "-wal")
    if beside.exists() and beside.stat().st_size:
        raise InputError(f"{name}: another program has it open and holds rows back; close it there first")
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_VALUE)
        connection.text_factory = _text
        yield from _text_of(connection, name, _chosen(connection, name, layer))
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise TornInput(f"the GeoPackage is damaged: {error}") from error
    finally:
        connection.close()


def _text(value: bytes) -> str:
    """A text as it is; what is no UTF-8 comes out again as the same bytes."""
    return value.decode(errors="surrogateescape")


def _chosen(connection: sqlite3.Connection, name: str, layer: str | None) -> _Layer:
    layers = _layers(connection, name)
    if layer is not None:
        found = [one for one in layers if one.name == layer]
        if not found:
            raise InputError(f"{name}: there is no layer {layer!r}; there are: {_listed(layers)}")
        return found[0]
    if not layers:
        raise InputError(f"{name}: the GeoPackage holds no layer of features or attributes")
    if len(layers) > 1:
        raise InputError(
            f"{name}: it holds {len(layers)} layers: {_listed(layers)}. "
            f'Write {name}#{printable(layers[0].name)} for the first, or `sheet = "…"` in a csv mapping'
        )
    return layers[0]


def _layers(connection: sqlite3.Connection, name: str) -> list[_Layer]:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not {"gpkg_contents", "gpkg_spatial_ref_sys"} <= tables:
        raise InputError(f"{name}: an SQLite database that is no GeoPackage")
    placed = {}
    if "gpkg_geometry_columns" in tables:
        placed = {
            row[0]: row[1:]
            for row in connection.execute(
                "SELECT table_name, column_name, upper(geometry_type_name), srs_id FROM gpkg_geometry_columns LIMIT ?",
                (_MOST_LAYERS,),
            )
        }
    listed = connection.execute(
        "SELECT c.table_name FROM gpkg_contents c JOIN sqlite_schema s ON s.name = c.table_name WHERE s.type = 'table' "
        "AND s.sql LIKE 'CREATE TABLE%' AND c.data_type IN ('features', 'attributes') ORDER BY 1 LIMIT ?",
        (_MOST_LAYERS,),
    )
    return [_Layer(row[0], *placed.get(row[0], (None, "", _WGS_84))) for row in listed]


def _text_of(connection: sqlite3.Connection, name: str, layer: _Layer) -> Iterator[bytes]:
    columns = [(row[1], row[2].upper()) for row in connection.execute(f"PRAGMA table_info({_name(layer.name)})")]
    if len(columns) > _MOST_COLUMNS:
        raise TornInput(f"the layer has {len(columns):,} columns; {_MOST_COLUMNS:,} at most are read")
    own = [column for column, _ in columns if column != layer.geometry]
    flags = [at for at, (_, kind) in enumerate(one for one in columns if one[0] != layer.geometry) if kind == "BOOLEAN"]
    places = _Places(connection, name, layer, own) if layer.geometry is not None else None
    header = b",".join(map(_field, [*own, *(places.columns if places is not None else ())])) + b"\r\n"
    selected = ", ".join(map(_name, [*own, *([layer.geometry] if layer.geometry is not None else [])]))
    rows = connection.execute(f"SELECT {selected} FROM {_name(layer.name)}")
    while some := rows.fetchmany(_ROWS_AT_ONCE):
        lines = [[_field(value) for value in row[: len(own)]] for row in some]
        for at in flags:
            for line in lines:
                line[at] = {b"1": b"true", b"0": b"false"}.get(line[at], line[at])
        if places is not None:
            for line, placed in zip(lines, places.cells([row[-1] for row in some]), strict=True):
                line.extend(placed)
        # A line that holds nothing would be no row.
        yield header + b"".join((b",".join(line) or b'""') + b"\r\n" for line in lines)
        header = b""
    yield header


def _field(value: object) -> bytes:
    if value is None:
        return b""
    if isinstance(value, str):
        return _raw(value) if not value.isascii() else quoted(value)
    if isinstance(value, bytes):
        return value.hex().encode()
    return number_text(value).encode() if isinstance(value, float) and np.isfinite(value) else str(value).encode()


def _raw(text: str) -> bytes:
    try:
        return quoted(text)
    except UnicodeEncodeError:
        return b'"' + text.replace('"', '""').encode(errors="surrogateescape") + b'"'


class _Places:
    """The geometries of a layer, brought to WGS 84.

    Attributes:
        columns: the names of what it adds to a row: the geometry as WKT, and where the layer may hold points and has no
            such columns, their longitude and latitude.
    """

    def __init__(self, connection: sqlite3.Connection, name: str, layer: _Layer, own: Sequence[str]) -> None:
        taken = {column.lower() for column in own}
        self._lonlat = layer.kind in ("POINT", "GEOMETRY") and not {LON, LAT} & taken
        self.columns = [GEOMETRY if GEOMETRY not in taken else f"{GEOMETRY}_wkt", *([LON, LAT] if self._lonlat else [])]
        self._to_wgs_84 = _transformer(connection, name, layer)

    def cells(self, blobs: Sequence[object]) -> list[list[bytes]]:
        """For each geometry the cells of those columns."""
        found = [_wkb(blob) for blob in blobs]
        shapes: NDArray[Any] = shapely.force_2d(shapely.from_wkb([one or None for one in found], on_invalid="ignore"))
        if self._to_wgs_84 is not None:
            shapes = shapely.transform(shapes, self._projected)
        texts = shapely.to_wkt(shapes, rounding_precision=-1)
        cells = [
            [quoted(text) if text is not None else b"" if wkb is None else UNREADABLE.encode()]
            for text, wkb in zip(texts.tolist(), found, strict=True)
        ]
        if self._lonlat:
            is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
            for row, placed, lon, lat in zip(
                cells, is_point.tolist(), shapely.get_x(shapes).tolist(), shapely.get_y(shapes).tolist(), strict=True
            ):
                known = placed and np.isfinite(lon + lat)
                row.extend([repr(lon).encode(), repr(lat).encode()] if known else [b"", b""])
        return cells

    def _projected(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self._to_wgs_84 is not None
        lon, lat = self._to_wgs_84.transform(points[:, 0], points[:, 1])
        # To a tenth of a millimetre: what is left of 30 after two projections is 30.
        return np.round(np.column_stack([lon, lat]), 9)


def _transformer(connection: sqlite3.Connection, name: str, layer: _Layer) -> pyproj.Transformer | None:
    """From the layer's coordinates to longitude and latitude; None where they are that."""
    row = connection.execute(
        "SELECT upper(organization), organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
        (layer.srs_id,),
    ).fetchone()
    if row is None or layer.srs_id in (0, -1):
        raise InputError(f"{name}: the layer {layer.name!r} does not say in which coordinates it is; set its CRS")
    try:
        crs = pyproj.CRS.from_epsg(row[1]) if row[0] == "EPSG" else pyproj.CRS.from_wkt(str(row[2])[:100_000])
        if crs.to_epsg() == _WGS_84:
            return None
        return pyproj.Transformer.from_crs(crs, _WGS_84, always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise InputError(f"{name}: the layer {layer.name!r} is in coordinates that are not known: {error}") from error


def _wkb(blob: object) -> bytes | None:
    """The WKB within a geometry of a GeoPackage; None where there is none, nothing where it cannot be read."""
    if blob is None:
        return None
    if not isinstance(blob, bytes) or not 8 <= len(blob) <= _MOST_GEOMETRY or blob[:2] != b"GP":
        return b""
    envelope = blob[3] >> 1 & 7
    if envelope >= len(_ENVELOPE_BYTES) or blob[3] & 0x20:
        return b""
    wkb = blob[8 + _ENVELOPE_BYTES[envelope] :]
    try:
        return wkb if _is_plain(wkb) else b""
    except struct.error:
        return b""


def _is_plain(wkb: bytes) -> bool:
    """Whether it is a point, a line, a polygon, or several of one kind, and no deeper: nesting is GEOS's to follow."""
    kind, dimensions, end = _head(wkb, 0)
    if kind in (1, 2, 3):
        return True
    if kind not in (4, 5, 6):
        return False
    (parts,) = struct.unpack_from("<I" if wkb[0] else ">I", wkb, end)
    at = end + 4
    for _ in range(parts):
        part, own, end = _head(wkb, at)
        if part != kind - 3 or own != dimensions:
            return False
        at = _skipped(wkb, part, own, end, "<I" if wkb[at] else ">I")
    return True


def _head(wkb: bytes, at: int) -> tuple[int, int, int]:
    """The kind of a geometry, how many numbers a vertex has, and where what follows begins."""
    (word,) = struct.unpack_from("<I" if wkb[at : at + 1] != b"\0" else ">I", wkb, at + 1)
    more, kind = divmod(word, 1000)
    return (kind, (2, 3, 3, 4)[more], at + 5) if more < 4 else (0, 0, at)


def _skipped(wkb: bytes, kind: int, dimensions: int, at: int, count: str) -> int:
    """Where a point, a line or a polygon ends."""
    if kind == 1:
        return at + 8 * dimensions
    rings = 1
    if kind == 3:
        (rings,) = struct.unpack_from(count, wkb, at)
        at += 4
    for _ in range(rings):
        (vertices,) = struct.unpack_from(count, wkb, at)
        at += 4 + 8 * dimensions * vertices
    return at


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(layers: Sequence[_Layer]) -> str:
    more = f" and {len(layers) - 20} more" if len(layers) > 20 else ""
    return ", ".join(repr(layer.name) for layer in layers[:20]) + more
