"""Matches as a table, straight from columns: no record is made for a row."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.model.times import iso_texts
from pipeline.monitor.match import VERDICTS, MatchColumns
from pipeline.monitor.site import SIDES
from pipeline.tables.arrow import points_wkb
from pipeline.tables.kinds import COLUMNS, TableKind, schema
from pipeline.tables.rows import inert

if TYPE_CHECKING:
    import pyarrow

_SIDE_CODES = sorted(SIDES)
_SIDE_WORDS = [None if (side := SIDES[code]) is None else side.value for code in _SIDE_CODES]
_VERDICT_WORDS = [verdict.value for verdict in VERDICTS]

_encoder = msgspec.json.Encoder()


class _Point(msgspec.Struct, tag_field="type", tag="Point", gc=False):
    coordinates: tuple[float, float]


_Properties: Any = msgspec.defstruct("_Properties", [(name, Any) for name in COLUMNS[TableKind.MATCHES]], gc=False)
_Line: Any = msgspec.defstruct("_Line", [*((name, Any) for name in COLUMNS[TableKind.MATCHES]), ("geometry", Any)])
_Feature: Any = msgspec.defstruct(
    "_Feature", [("geometry", Any), ("properties", Any)], tag_field="type", tag="Feature", gc=False
)


def arrow_batches(batches: Iterable[MatchColumns]) -> "Iterator[pyarrow.RecordBatch]":
    """Matches as batches of Arrow."""
    import pyarrow

    form = schema(TableKind.MATCHES)

    def named(words: Sequence[str | None], codes: NDArray[np.integer[Any]]) -> "pyarrow.Array[Any]":
        # The null at the end is what the code -1 stands for.
        return pyarrow.array([*words, None], type=pyarrow.string()).take(codes % (len(words) + 1))

    for batch in batches:
        reports, count = batch.reports, len(batch.report)
        if not count:
            continue
        columns = {
            "report_id": pyarrow.array(reports.report_ids, type=pyarrow.string()).take(batch.report),
            "agreement": named([batch.agreement], np.zeros(count, dtype=np.intp)),
            "zone": named(batch.zone_ids, batch.zone),
            "line": named(batch.line_ids, batch.line),
            "side": named(_SIDE_WORDS, np.searchsorted(_SIDE_CODES, batch.side)),
            "verdict": named(_VERDICT_WORDS, batch.verdict),
            "observed_from": pyarrow.array(reports.observed_from_us[batch.report]),
            "observed_until": pyarrow.array(reports.observed_until_us[batch.report]),
            "geometry": points_wkb(batch.lon, batch.lat),
        }
        for name in ("chainage_m", "offset_m", "probability", "lon", "lat"):
            columns[name] = pyarrow.array(getattr(batch, name), from_pandas=True)
        yield pyarrow.RecordBatch.from_arrays([columns[field.name].cast(field.type) for field in form], schema=form)


def write_ndjson(path: Path, batches: Iterable[MatchColumns]) -> int:
    """One match a line, with its point; returns the rows."""
    written = 0
    with path.open("wb") as out:
        for batch in batches:
            rows = [_Line(*row, point) for row, point in zip(_cells(batch), _points(batch), strict=True)]
            out.write(_encoder.encode_lines(rows))
            written += len(rows)
    return written


def write_geojson(path: Path, batches: Iterable[MatchColumns]) -> int:
    """A FeatureCollection of points; returns the rows."""
    written = 0
    with path.open("wb") as out:
        out.write(b'{"type":"FeatureCollection","features":[')
        for batch in batches:
            properties = starmap(_Properties, _cells(batch))
            rows = list(map(_Feature, _points(batch), properties))
            if rows:
                out.write(b",\n" if written else b"\n")
                # No line break is left within a line of JSON.
                out.write(_encoder.encode_lines(rows)[:-1].replace(b"\n", b",\n"))
                written += len(rows)
        out.write(b"\n]}\n")
    return written


def write_csv(path: Path, batches: Iterable[MatchColumns]) -> int:
    """Cells apart by commas, and the point as WKT; returns the rows."""
    written = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\r\n")
        table.writerow([*COLUMNS[TableKind.MATCHES], "geometry"])
        for batch in batches:
            points = ("" if point is None else "POINT ({} {})".format(*point.coordinates) for point in _points(batch))
            table.writerows((*row, point) for row, point in zip(_cells(batch, inert), points, strict=True))
            written += len(batch.report)
    return written


TEXT_WRITERS: Mapping[str, Callable[[Path, Iterable[MatchColumns]], int]] = {
    ".ndjson": write_ndjson,
    ".csv": write_csv,
    ".geojson": write_geojson,
}
"""By ending."""


def _cells(batch: MatchColumns, text: Callable[[str], str] = str) -> Iterator[tuple[Any, ...]]:
    """The rows' cells, in the columns' order.

    Args:
        text: what stands for a text that was given from outside.
    """
    reports = batch.reports
    used, which = (part.tolist() for part in np.unique(batch.report, return_inverse=True))
    ids = [text(reports.report_ids[index]) for index in used]
    begins, ends = iso_texts(reports.observed_from_us[used]), iso_texts(reports.observed_until_us[used])
    zones, lines = ([*map(text, words), None] for words in (batch.zone_ids, batch.line_ids))
    columns = {
        "report_id": [ids[index] for index in which],
        "agreement": [text(batch.agreement)] * len(which),
        "zone": [zones[code] for code in batch.zone.tolist()],
        "line": [lines[code] for code in batch.line.tolist()],
        "side": [_SIDE_WORDS[code] for code in np.searchsorted(_SIDE_CODES, batch.side).tolist()],
        "verdict": [_VERDICT_WORDS[code] for code in batch.verdict.tolist()],
        "observed_from": [begins[index] for index in which],
        "observed_until": [ends[index] for index in which],
        **{name: _numbers(getattr(batch, name)) for name in ("chainage_m", "offset_m", "probability", "lon", "lat")},
    }
    return zip(*(columns[name] for name in COLUMNS[TableKind.MATCHES]), strict=True)


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    """Figures, with None for NaN."""
    found: list[float | None] = values.tolist()
    for index in np.flatnonzero(np.isnan(values)).tolist():
        found[index] = None
    return found


def _lonlat(batch: MatchColumns) -> Iterator[tuple[float | None, float | None]]:
    return zip(_numbers(batch.lon), _numbers(batch.lat), strict=True)


def _points(batch: MatchColumns) -> Iterator[_Point | None]:
    return (None if lon is None or lat is None else _Point((lon, lat)) for lon, lat in _lonlat(batch))
