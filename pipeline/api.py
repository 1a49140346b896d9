"""The functions of the Python API; `import pipeline` has them all."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.agreement import Agreement, load_agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.check import check, dubious_discs, dubious_ids, dubious_times
from pipeline.model.columns import Discs, ReportColumns, columns_of
from pipeline.model.footprint import Area, Disc, Footprint, Nowhere
from pipeline.model.records import Reject
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity
from pipeline.model.times import EPOCH
from pipeline.monitor.match import match_columns
from pipeline.monitor.parameters import DEFAULT
from pipeline.sources.inputs import Input, open_input
from pipeline.tables import matches_frame

if TYPE_CHECKING:
    import geopandas
    import pandas


class Reports:
    """The reports of an input, read as they are asked for; each pass over them reads the input anew.

    Attributes:
        rejects: the rows that could not be read; complete when a pass has come to its end.
        torn: the files that break off; likewise.
        rows_read: the rows of the pass so far.
    """

    def __init__(self, word: str, source: str | None, mapping: Path | None) -> None:
        self._word, self._source, self._mapping = word, source, mapping
        self._inputs: list[Input] | None = self._open()
        self.rejects: list[Reject] = []
        self.torn: list[str] = []
        self.rows_read = 0

    def _open(self) -> list[Input]:
        return open_input(self._word, self._source, self._mapping)

    def __iter__(self) -> Iterator[Report]:
        inputs, self._inputs = self._inputs or self._open(), None
        self.rejects, self.torn, self.rows_read = [], [], 0
        for given in inputs:
            for row in given.rows():
                self.rows_read += 1
                if row.reject is not None:
                    self.rejects.append(row.reject)
                yield from row.reports
            if given.torn:
                self.torn.append(given.file)


def read_reports(input: str | Path, source: str | None = None, *, mapping: str | Path | None = None) -> Reports:
    r"""The reports of a file, a folder or standard input (`-`), one after the other.

    A row that cannot be read stops nothing: it is in `.rejects` afterwards, with its reason and its bytes.

    Args:
        input: as on the command line: a path, `SOURCE=PATH`, or `-`; plain, `.gz` or `.zst`.
        source: the source's name, where the content does not tell it.
        mapping: the mapping file of a csv table.

    Raises:
        InputError: there is no such input, or its source is not known beyond doubt.

    >>> import tempfile, pathlib
    >>> line = ('{"report_id":"ndjson:1","source":"ndjson","observed_from":"2026-01-02T10:00:00Z",'
    ...     '"observed_until":"2026-01-02T10:00:00Z","activity":"explosion",'
    ...     '"footprint":{"kind":"disc","lon":37.8,"lat":48.1,"radius_m":100}}')
    >>> path = pathlib.Path(tempfile.mkdtemp(), "reports.ndjson")
    >>> _ = path.write_text(line + "\nno report\n")
    >>> reports = read_reports(path)
    >>> [report.report_id for report in reports], [reject.reason.value for reject in reports.rejects]
    (['ndjson:1'], ['not_json'])
    """
    return Reports(str(input), source, None if mapping is None else Path(mapping))


def match(
    reports: "Iterable[Report] | geopandas.GeoDataFrame",
    agreement: Agreement | str | Path,
    *,
    all_reports: bool = False,
) -> "geopandas.GeoDataFrame":
    """The match table: one row for each report and zone with probability 0.01 or more.

    Columns as in docs/records.md: lengths in metres, offsets left of the line negative; the geometry is the centre of
    where the report says it happened.

    Args:
        reports: reports; or a GeoDataFrame in any coordinate system. Its points, or polygons as areas, are matched
            as reports `frame:` and their index, or by a column `report_id`; a column `radius_m` gives points their
            radius, else they are exact. Columns `observed_from` and `observed_until` hold aware times; they may be
            absent, from here and so from the result.
        agreement: loaded, or a shipped name, or the path of a TOML file.
        all_reports: also a row for each report in no zone, with the nearest line.

    Raises:
        AgreementError: there is no such agreement, or it has problems.
        ValueError: the frame has no coordinate system, or a geometry is no valid point or polygon.

    >>> import geopandas, shapely
    >>> places = geopandas.GeoDataFrame(geometry=[shapely.Point(37.75, 48.08)], index=["here"], crs="EPSG:4326")
    >>> sorted(match(places, "donbas-2015")["report_id"].unique())
    ['frame:here']
    """
    import geopandas

    loaded = agreement if isinstance(agreement, Agreement) else load_agreement(agreement)
    if isinstance(reports, geopandas.GeoDataFrame):
        table = matches_frame([match_columns(_columns_of(reports), loaded, DEFAULT, all_reports=all_reports)])
        return table.drop(columns=[name for name in _TIMES if name not in reports.columns])
    known = columns_of(reports if isinstance(reports, Sequence) else list(reports))
    return matches_frame([match_columns(known, loaded, DEFAULT, all_reports=all_reports)])


_TIMES = ("observed_from", "observed_until")


def _columns_of(frame: "geopandas.GeoDataFrame") -> ReportColumns:
    """What of a frame is matched. Points go straight to arrays; polygons, and times as objects, by way of reports."""
    if frame.crs is None:
        raise ValueError("the frame has no coordinate system: set it, as in frame.set_crs('EPSG:4326')")
    shapes = frame.geometry.to_crs("EPSG:4326")
    rows = _Rows(frame, shapes)
    plain = rows.columns()
    return columns_of([rows.report(index) for index in range(len(frame))]) if plain is None else plain


class _Rows:
    """A frame's rows as reports that say no more than where, and when where they say it."""

    def __init__(self, frame: "geopandas.GeoDataFrame", shapes: "geopandas.GeoSeries") -> None:
        self._shapes = shapes
        given = frame["report_id"] if "report_id" in frame.columns else [f"frame:{label}" for label in frame.index]
        self._ids = [str(report_id) for report_id in given]
        self._radii = frame["radius_m"] if "radius_m" in frame.columns else None
        self._times = [frame[name] if name in frame.columns else None for name in _TIMES]

    def report(self, index: int) -> Report:
        """One row's report.

        Raises:
            ValueError: there can be no such report.
        """
        report_id, shape = self._ids[index], self._shapes.iloc[index]
        begin, end = (EPOCH if times is None else _whole_us(times.iloc[index]) for times in self._times)
        report = Report(
            report_id=report_id,
            source=report_id.partition(":")[0],
            observed_from=begin,
            observed_until=end,
            footprint=_footprint(shape, 0.0 if self._radii is None else float(self._radii.iloc[index])),
            activity=Activity.UNKNOWN,
        )
        if (problem := check(report, load_gazetteer().areas)) is not None:
            raise ValueError(f"{report_id}: {problem.field}: {problem.detail}")
        return report

    def columns(self) -> ReportColumns | None:
        """All rows, where they are points, or without a place, and their columns are of plain types; else None.

        Raises:
            ValueError: a row can be no report.
        """
        shapes = np.asarray(self._shapes)
        radius_m = np.zeros(len(shapes)) if self._radii is None else _floats(self._radii)
        begin, end = (np.zeros(len(shapes), dtype=np.int64) if times is None else _us(times) for times in self._times)
        missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        if radius_m is None or begin is None or end is None or not (missing | _is_point(shapes)).all():
            return None
        # An empty point has no coordinates to ask for.
        points = shapes.copy()
        points[missing] = None
        discs = Discs(shapely.get_x(points), shapely.get_y(points), np.where(missing, np.nan, radius_m))
        dubious = dubious_times(begin, end) | (dubious_discs(discs) & ~missing) | dubious_ids(self._ids)
        for index in np.flatnonzero(dubious).tolist():
            self.report(index)
        return ReportColumns(self._ids, [], discs, begin, end)


def _is_point(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(shapely.get_type_id(shapes) == shapely.GeometryType.POINT)


def _floats(column: "pandas.Series[Any]") -> NDArray[np.float64] | None:
    """Figures as an array; None for a column of any other type."""
    plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf"
    return column.to_numpy(dtype=np.float64) if plain else None


def _whole_us(time: Any) -> Any:
    """A time without the nanoseconds that pandas may know, as everywhere here."""
    import pandas

    return time.floor("us") if isinstance(time, pandas.Timestamp) else time


def _us(column: "pandas.Series[Any]") -> NDArray[np.int64] | None:
    """Aware times in microseconds since 1970, NaT long before; None for a column of any other type."""
    import pandas

    if not isinstance(column.dtype, pandas.DatetimeTZDtype):
        return None
    count, unit = column.astype("int64").to_numpy(dtype=np.int64), column.dtype.unit
    if unit == "ns":
        return np.asarray(count // 1_000)
    return np.asarray(count * {"us": 1, "ms": 1_000, "s": 1_000_000}[unit])


def _footprint(shape: Any, radius_m: float) -> Footprint:
    if shape is None or shape.is_empty:
        return Nowhere()
    if shape.geom_type == "Point":
        return Disc(shape.x, shape.y, radius_m)
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"a {shape.geom_type} says of no place that it happened there: give points or polygons")
    return msgspec.convert({"kind": "area", "geometry": shapely.geometry.mapping(shape)}, Area)
