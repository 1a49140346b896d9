"""Records as the rows of a table: alerts, histories, incidents and rejects, in every format."""

import base64
import csv
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pipeline.model.records import Alert, Incident, Reject, Revision
from pipeline.tables import arrow
from pipeline.tables.kinds import (
    BOOLEANS,
    CENTRE,
    COLUMNS,
    INTEGERS,
    NESTED,
    NUMBERS,
    REVISION,
    TIMES,
    TableKind,
    schema,
)

if TYPE_CHECKING:
    import pyarrow

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text cell that begins so would be run by a spreadsheet: it gets an apostrophe before it."""

_INERT = NUMBERS | INTEGERS | BOOLEANS | TIMES | NESTED | {"bytes_base64"}
"""Columns whose cells no spreadsheet can take for a formula with a call in it."""

_encode = msgspec.json.Encoder().encode


class Row(NamedTuple):
    """One row: the record by its fields, nested ones still nested, its point, and what a flat table has beside it."""

    cells: dict[str, Any]
    lon: float | None = None
    lat: float | None = None
    beside: Mapping[str, Any] = MappingProxyType({})

    def cell(self, column: str) -> Any:
        """What stands in a column of a flat table."""
        return self.beside[column] if column in self.beside else self.cells[column]


def _alert_rows(alerts: Iterable[Alert]) -> Iterator[Row]:
    for alert in alerts:
        yield Row(msgspec.structs.asdict(alert), alert.lon, alert.lat)


def _revision_rows(revisions: Iterable[Revision]) -> Iterator[Row]:
    for revision in revisions:
        cells = msgspec.structs.asdict(revision.alert)
        cells.update((name, getattr(revision, name)) for name in REVISION)
        yield Row(cells, revision.alert.lon, revision.alert.lat)


def _incident_rows(incidents: Iterable[Incident]) -> Iterator[Row]:
    """Incidents with the discs that hold their footprints, some at once."""
    from pipeline.gazetteer import load_gazetteer
    from pipeline.geometry.footprints import Footprints

    areas = load_gazetteer().outlines
    remaining = iter(incidents)
    while batch := list(itertools.islice(remaining, arrow.BATCH_ROWS)):
        placed = Footprints([incident.footprint for incident in batch], areas)
        columns = placed.lon.round(6), placed.lat.round(6), placed.reach_m.round(1)
        for incident, known, *disc in zip(batch, placed.placed.tolist(), *(c.tolist() for c in columns), strict=True):
            beside = dict(zip(CENTRE, disc if known else (None, None, None), strict=True))
            yield Row(msgspec.structs.asdict(incident), beside["lon"], beside["lat"], beside)


def _reject_rows(rejects: Iterable[tuple[int, Reject]]) -> Iterator[Row]:
    for number, reject in rejects:
        cells = {"number": number, **msgspec.structs.asdict(reject)}
        cells["bytes_base64"] = base64.b64encode(cells.pop("bytes")).decode()
        yield Row({name: cells[name] for name in COLUMNS[TableKind.REJECTS]})


ROWS: Mapping[TableKind, Callable[[Iterable[Any]], Iterator[Row]]] = {
    TableKind.ALERTS: _alert_rows,
    TableKind.HISTORY: _revision_rows,
    TableKind.INCIDENTS: _incident_rows,
    TableKind.REJECTS: _reject_rows,
}
"""How records of each kind become rows."""


def write_ndjson(path: Path, _kind: TableKind, rows: Iterable[Row]) -> int:
    """One record a line, nested; returns the rows."""
    written = 0
    with path.open("wb") as out:
        for row in rows:
            out.write(_encode(row.cells))
            out.write(b"\n")
            written += 1
    return written


def write_csv(path: Path, kind: TableKind, rows: Iterable[Row]) -> int:
    """Cells apart by commas; returns the rows."""
    written = 0
    columns = COLUMNS[kind]
    with path.open("w", encoding="utf-8", newline="") as out:
        # Python quotes a lone carriage return only where the line's end has one.
        table = csv.writer(out, lineterminator="\r\n")
        table.writerow(columns)
        for row in rows:
            table.writerow([_csv_cell(name, _flat(name, row.cell(name))) for name in columns])
            written += 1
    return written


def write_geojson(path: Path, kind: TableKind, rows: Iterable[Row]) -> int:
    """A FeatureCollection of points; returns the rows."""
    written = 0
    with path.open("wb") as out:
        out.write(b'{"type":"FeatureCollection","features":[')
        for row in rows:
            properties = {name: _flat(name, row.cell(name)) for name in COLUMNS[kind]}
            point = None if row.lon is None else {"type": "Point", "coordinates": [row.lon, row.lat]}
            out.write(b",\n" if written else b"\n")
            out.write(_encode({"type": "Feature", "geometry": point, "properties": properties}))
            written += 1
        out.write(b"\n]}\n")
    return written


def arrow_batches(kind: TableKind, rows: Iterable[Row]) -> "Iterator[pyarrow.RecordBatch]":
    """Rows as batches of Arrow."""
    import numpy as np
    import pyarrow

    form = schema(kind)
    columns = COLUMNS[kind]
    remaining = iter(rows)
    while batch := list(itertools.islice(remaining, arrow.BATCH_ROWS)):
        arrays = [
            pyarrow.array([_flat(name, row.cell(name)) for row in batch], type=form.field(name).type)
            for name in columns
        ]
        if "geometry" in form.names:
            places = np.array([(row.lon, row.lat) for row in batch], dtype=float)
            arrays.append(arrow.points_wkb(places[:, 0], places[:, 1]))
        yield pyarrow.RecordBatch.from_arrays(arrays, schema=form)


def inert(text: str) -> str:
    """A text cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def iso(time: datetime) -> str:
    """A time as CSV has it, in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _flat(name: str, cell: Any) -> Any:
    """A cell for a flat table: nested ones as JSON, terms as plain words."""
    if name in NESTED:
        return _encode(cell).decode()
    return cell.value if isinstance(cell, Enum) else cell


def _csv_cell(name: str, cell: Any) -> Any:
    if isinstance(cell, datetime):
        return iso(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return inert(cell) if name not in _INERT and isinstance(cell, str) else cell


TEXT_WRITERS: Mapping[str, Callable[[Path, TableKind, Iterable[Row]], int]] = {
    ".ndjson": write_ndjson,
    ".csv": write_csv,
    ".geojson": write_geojson,
}
"""By ending."""
