"""Records as tables: matches, alerts, histories and rejects, written as NDJSON, CSV, GeoParquet, GeoPackage or GeoJSON.

NDJSON keeps the records whole; in the other four, which are flat, what is nested becomes a JSON string. The geometry is
the centre of where it happened, as a point: a table for looking at and for joining, not the footprint itself. A file
appears whole or not at all: it is written beside its place and moved there at the end.
"""

import base64
import csv
import errno
import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pipeline.model.records import Alert, Match, Reject, Revision
from pipeline.outputs import OutputError, whole_or_nothing

if TYPE_CHECKING:
    import geopandas
    import pyarrow

BATCH_ROWS = 20_000
"""Rows that are held at a time."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text cell that begins so would be run by a spreadsheet: it gets an apostrophe before it."""

_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}
"""What makes a Parquet file a GeoParquet one; with no `crs` it is longitude and latitude in WGS 84."""

_encode = msgspec.json.Encoder().encode


class OutputNameError(OutputError):
    """What was named cannot be an output: an unknown ending, a folder that is not there, a kind without places."""


class NumberedReject(NamedTuple):
    """A reject with its number in the store."""

    number: int
    reject: Reject


class TableKind(Enum):
    """What a table holds, and so the type of its records."""

    MATCHES = "matches"
    """`Match`"""
    ALERTS = "alerts"
    """`Alert`"""
    HISTORY = "history"
    """`Revision`"""
    REJECTS = "rejects"
    """`NumberedReject`, or a pair of that form; they have no place"""


class _Row(NamedTuple):
    """One row: its cells by column, nested ones still nested, and its point."""

    cells: dict[str, Any]
    lon: float | None = None
    lat: float | None = None


_ALERT = tuple(field.name for field in msgspec.structs.fields(Alert))
_REVISION = ("revision", "decided_at", "change", "author", "supersedes", "superseded_by")
_REJECT = tuple("bytes_base64" if field.name == "bytes" else field.name for field in msgspec.structs.fields(Reject))
COLUMNS: Mapping[TableKind, tuple[str, ...]] = {
    TableKind.MATCHES: tuple(field.name for field in msgspec.structs.fields(Match)),
    TableKind.ALERTS: _ALERT,
    TableKind.HISTORY: (*_ALERT, *_REVISION),
    TableKind.REJECTS: ("number", *_REJECT),
}
"""The columns of each kind; a `geometry` comes on top where the kind has places."""

NUMBERS = frozenset("chainage_m offset_m probability place_probability lon lat radius_m".split())
INTEGERS = frozenset("number row position length revision".split())
TIMES = frozenset("observed_from observed_until decided_at".split())
NESTED = frozenset("report_ids doubts readings attribution supersedes superseded_by".split())
"""The columns that are no text, by what they hold instead."""

_INERT = NUMBERS | INTEGERS | TIMES | NESTED | {"bytes_base64"}
"""Columns whose cells no spreadsheet can take for a formula with a call in it."""


def write_records(path: Path, kind: TableKind, records: Iterable[Any]) -> int:
    """Writes records to a file in the format of its ending, in their order, and returns how many.

    Raises:
        OutputNameError: the ending, the folder or the kind will not do.
        OutputError: the file cannot be written; what stood there before still does.
    """
    check_output(path, kind)
    write = _WRITERS[path.suffix.lower()]
    with whole_or_nothing(path) as beside:
        return write(beside, kind, (_ROWS[kind](record) for record in records))


def check_output(path: Path, kind: TableKind) -> None:
    """Makes sure, before any work is done, that a table of this kind can have this name.

    Raises:
        OutputNameError: it cannot.
    """
    ending = path.suffix.lower()
    if ending not in _WRITERS:
        said = f"its ending {path.suffix!r} is none of" if path.suffix else "it has no ending; use one of"
        raise OutputNameError(f"{path}: {said} {', '.join(_WRITERS)}")
    if kind is TableKind.REJECTS and ending in (".gpkg", ".geojson"):
        raise OutputNameError(f"{path}: rejects have no place to draw; use .ndjson, .csv or .parquet")
    if not path.parent.is_dir():
        raise OutputNameError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise OutputNameError(f"{path}: this is a folder")


def to_geodataframe(kind: TableKind, records: Iterable[Any]) -> "geopandas.GeoDataFrame":
    """Records as a GeoDataFrame in WGS 84, with the columns that the flat files have."""
    import geopandas
    import pyarrow

    schema = _schema(kind)
    batches = list(_arrow_batches(kind, (_ROWS[kind](record) for record in records)))
    frame = pyarrow.Table.from_batches(batches, schema).to_pandas()
    points = geopandas.GeoSeries.from_wkb(frame.pop("geometry"), crs="EPSG:4326")
    return geopandas.GeoDataFrame(frame, geometry=points)


def _placed_row(record: Match | Alert) -> _Row:
    return _Row(msgspec.structs.asdict(record), record.lon, record.lat)


def _revision_row(revision: Revision) -> _Row:
    cells = msgspec.structs.asdict(revision.alert)
    cells.update((name, getattr(revision, name)) for name in _REVISION)
    return _Row(cells, revision.alert.lon, revision.alert.lat)


def _reject_row(numbered: tuple[int, Reject]) -> _Row:
    number, reject = numbered
    cells = {"number": number, **msgspec.structs.asdict(reject)}
    cells["bytes_base64"] = base64.b64encode(cells.pop("bytes")).decode()
    return _Row({name: cells[name] for name in COLUMNS[TableKind.REJECTS]})


_ROWS: Mapping[TableKind, Callable[[Any], _Row]] = {
    TableKind.MATCHES: _placed_row,
    TableKind.ALERTS: _placed_row,
    TableKind.HISTORY: _revision_row,
    TableKind.REJECTS: _reject_row,
}


def _write_ndjson(path: Path, kind: TableKind, rows: Iterable[_Row]) -> int:
    written = 0
    with path.open("wb") as out:
        for row in rows:
            cells = row.cells if kind is not TableKind.MATCHES else {**row.cells, "geometry": _geojson_point(row)}
            out.write(_encode(cells))
            out.write(b"\n")
            written += 1
    return written


def _write_csv(path: Path, kind: TableKind, rows: Iterable[_Row]) -> int:
    written = 0
    columns = COLUMNS[kind]
    with_geometry = kind is TableKind.MATCHES
    with path.open("w", encoding="utf-8", newline="") as out:
        # Python quotes a lone carriage return only where the line's end has one.
        table = csv.writer(out, lineterminator="\r\n")
        table.writerow([*columns, "geometry"] if with_geometry else columns)
        for row in rows:
            cells = [_csv_cell(name, _flat(name, row.cells[name])) for name in columns]
            if with_geometry:
                cells.append(f"POINT ({row.lon} {row.lat})" if row.lon is not None else "")
            table.writerow(cells)
            written += 1
    return written


def _write_geojson(path: Path, _kind: TableKind, rows: Iterable[_Row]) -> int:
    written = 0
    with path.open("wb") as out:
        out.write(b'{"type":"FeatureCollection","features":[')
        for row in rows:
            properties = {name: _flat(name, cell) for name, cell in row.cells.items()}
            out.write(b",\n" if written else b"\n")
            out.write(_encode({"type": "Feature", "geometry": _geojson_point(row), "properties": properties}))
            written += 1
        out.write(b"\n]}\n")
    return written


def _write_parquet(path: Path, kind: TableKind, rows: Iterable[_Row]) -> int:
    import pyarrow.parquet

    written = 0
    schema = _schema(kind)
    if "geometry" in schema.names:
        schema = schema.with_metadata({"geo": _encode(_GEO)})
    with path.open("wb") as out, pyarrow.parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in _arrow_batches(kind, rows):
            writer.write_batch(batch.replace_schema_metadata(schema.metadata))
            written += batch.num_rows
    return written


def _write_gpkg(path: Path, kind: TableKind, rows: Iterable[_Row]) -> int:
    import pyarrow
    import pyogrio

    feed = _Feed(_arrow_batches(kind, rows))
    reader = pyarrow.RecordBatchReader.from_batches(_schema(kind), iter(feed))
    try:
        pyogrio.write_arrow(
            reader,
            path,
            layer=kind.value,
            driver="GPKG",
            geometry_name="geometry",
            geometry_type="Point",
            crs="EPSG:4326",
            dataset_options={"VERSION": "1.3"},
            layer_options={"GEOMETRY_NAME": "geometry"},
        )
        kept = pyogrio.read_info(path)["features"]
    except (RuntimeError, ValueError) as error:
        if feed.error is not None:
            raise feed.error from None
        raise _gdal_error(path, error, feed.size) from error
    if feed.error is not None:
        raise feed.error
    if kept != feed.rows:
        raise OSError(errno.EIO, f"only {kept} of {feed.rows} rows were taken")
    return feed.rows


def _gdal_error(path: Path, error: Exception, given: int) -> OSError:
    """GDAL's errors as the system's. It often tells of a full disk by what failed afterwards, so the room is measured.

    Args:
        given: the bytes that GDAL had been given to write.
    """
    room = shutil.disk_usage(path.parent).free + (path.stat().st_size if path.exists() else 0)
    if room < given or "disk is full" in str(error):
        return OSError(errno.ENOSPC, str(error))
    return OSError(errno.EIO, " ".join(str(error).split()))


class _Feed:
    """Batches on their way through GDAL. An error in making them must not get lost in there: it ends the batches."""

    def __init__(self, batches: Iterable["pyarrow.RecordBatch"]) -> None:
        self._batches = batches
        self.rows = self.size = 0
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator["pyarrow.RecordBatch"]:
        try:
            for batch in self._batches:
                self.rows += batch.num_rows
                self.size += batch.nbytes
                yield batch
        except BaseException as error:  # noqa: BLE001 - raised again when GDAL has let go of the file
            self.error = error


_WRITERS: Mapping[str, Callable[[Path, TableKind, Iterable[_Row]], int]] = {
    ".ndjson": _write_ndjson,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".gpkg": _write_gpkg,
    ".geojson": _write_geojson,
}


def _arrow_batches(kind: TableKind, rows: Iterable[_Row]) -> Iterator["pyarrow.RecordBatch"]:
    import numpy as np
    import pyarrow
    import shapely

    schema = _schema(kind)
    columns = COLUMNS[kind]
    remaining = iter(rows)
    while batch := list(itertools.islice(remaining, BATCH_ROWS)):
        arrays = [
            pyarrow.array([_flat(name, row.cells[name]) for row in batch], type=schema.field(name).type)
            for name in columns
        ]
        if "geometry" in schema.names:
            known = [row.lon is not None for row in batch]
            places = np.array([(row.lon, row.lat) if row.lon is not None else (0.0, 0.0) for row in batch])
            points = np.asarray(shapely.to_wkb(shapely.points(places)), dtype=object)
            points[~np.array(known)] = None
            arrays.append(pyarrow.array(points.tolist(), type=pyarrow.binary()))
        yield pyarrow.RecordBatch.from_arrays(arrays, schema=schema)


def _schema(kind: TableKind) -> "pyarrow.Schema":
    import pyarrow

    def form(name: str) -> Any:
        if name in NUMBERS:
            return pyarrow.float64()
        if name in INTEGERS:
            return pyarrow.int64()
        return pyarrow.timestamp("us", tz="UTC") if name in TIMES else pyarrow.string()

    fields = [pyarrow.field(name, form(name)) for name in COLUMNS[kind]]
    if kind is not TableKind.REJECTS:
        fields.append(pyarrow.field("geometry", pyarrow.binary()))
    return pyarrow.schema(fields)


def _flat(name: str, cell: Any) -> Any:
    """A cell for a flat table: nested ones as JSON, terms as plain words."""
    if name in NESTED:
        return _encode(cell).decode()
    return cell.value if isinstance(cell, Enum) else cell


def _csv_cell(name: str, cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if name not in _INERT and isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell


def _geojson_point(row: _Row) -> dict[str, Any] | None:
    return None if row.lon is None else {"type": "Point", "coordinates": [row.lon, row.lat]}
