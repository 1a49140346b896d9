"""How many rows of each source one core reads a second: from the bytes to checked reports, and nothing after that."""

import csv
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import geopandas
import openpyxl

from pipeline.sources.base import BatchSource
from pipeline.sources.inputs import Input, open_input
from tests.bench import CHECKOUT, Effort, Figure, one_core, rates
from tests.sources.real_tables import MAPPINGS
from tests.sources.samples import SAMPLES
from tests.sources.test_geojson import collection, feature

ROWS = 200_000
DATA = CHECKOUT.parent / "shared" / "data"
_CIR = "cir_events.mapping.toml"
_GEOMETRIES = """
name = "t"
id.column = "n"
time = { column = "day", timezone = "UTC" }
activity.value = "other"
place = { kind = "geometry", radius_m = 500 }
"""


class Given(NamedTuple):
    """A file to read, the source and the mapping where it is not told from the content, and what it holds."""

    word: str
    note: str
    mapping: Path | None = None


def run(effort: Effort) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name, one_core() as alone:
        return [_figure(source, given, effort.repeats, alone) for source, given in _files(Path(name), effort.of(ROWS))]


def _figure(name: str, given: Given, repeats: int, alone: bool) -> Figure:
    """The same file read as often as asked, after a first time that is not counted."""
    read = [_read(given) for _ in range(repeats + 1)][1:]
    (rows, reports, rejects), _ = read[0]
    core = "" if alone else "; not held to one core"
    note = f"{given.note}; {rows:,} rows, {reports:,} reports, {rejects:,} rejects{core}"
    return Figure(name, rates([seconds for _, seconds in read], rows), "rows/s", note)


def _read(given: Given) -> tuple[tuple[int, int, int], float]:
    began = perf_counter()
    (opened,) = open_input(given.word, mapping=given.mapping)
    counted = _count(opened)
    return counted, perf_counter() - began


def _count(opened: Input) -> tuple[int, int, int]:
    """Rows, reports and rejects, by the way that a run takes."""
    rows = reports = rejects = 0
    if isinstance(opened.source, BatchSource):
        for batch in opened.batches():
            rows += batch.rows
            reports += len(batch.columns.report_ids)
            rejects += len(batch.rejects)
        return rows, reports, rejects
    for row in opened.rows():
        rows += 1
        reports += len(row.reports)
        rejects += row.reject is not None
    return rows, reports, rejects


def _files(folder: Path, rows: int) -> Iterator[tuple[str, Given]]:
    """Real tables where they are at hand, else invented ones; repeated until they have so many rows."""
    real = (
        ("ucdp", DATA / "ucdp_ged/ged_ukraine_2014_2019_hdx.csv", 2),
        ("acled", DATA / "acled/acled_asia_2015_part.csv", 1),
        ("firms", DATA / "firms/MODIS_C6_1_Global_24h_part.csv", 1),
        ("gdelt", DATA / "gdelt/gdelt2_events_100.tsv", 0),
    )
    at_hand = {source: (path.read_bytes(), head) for source, path, head in real if path.is_file()}
    for source, sample in SAMPLES.items():
        data, head = at_hand.get(source) or (sample(), 0 if source in ("ndjson", "gdelt") else 1)
        note = "a real table over and over" if source in at_hand else "an invented table over and over"
        if source in ("cap", "liveuamap"):
            continue
        path = folder / f"{source}.txt"
        path.write_bytes(_repeated(data, head, rows))
        yield source, Given(f"{source}={path}", note)
    if (events := DATA / "cir/events.csv").is_file():
        path = folder / "cir.csv"
        path.write_bytes(_repeated(events.read_bytes(), 1, rows))
        yield "csv", Given(f"csv={path}", "a real table over and over", MAPPINGS / _CIR)
    yield from _workbook(folder, folder / "osce.txt", rows // 4)
    yield from _geometries(folder, rows // 2)


def _repeated(data: bytes, head: int, rows: int) -> bytes:
    lines = data.splitlines(keepends=True)
    body = lines[head:]
    if not body[-1].endswith(b"\n"):
        body[-1] += b"\n"
    return b"".join(lines[:head]) + b"".join(body) * -(-rows // len(body))


def _workbook(folder: Path, table: Path, rows: int) -> Iterator[tuple[str, Given]]:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    text = table.read_text(encoding="utf-8")
    for _, cells in zip(range(rows + 1), csv.reader(io.StringIO(text)), strict=False):
        sheet.append(cells)
    path = folder / "osce.xlsx"
    book.save(path)
    yield "osce, XLSX", Given(f"osce={path}", "an invented table over and over, as text cells")


def _geometries(folder: Path, rows: int) -> Iterator[tuple[str, Given]]:
    """The same points as GeoJSON and as a GeoPackage."""
    mapping = folder / "geometry.mapping.toml"
    mapping.write_text(_GEOMETRIES)
    shaped = geopandas.GeoDataFrame(
        {"day": ["2022-03-01"] * rows, "n": range(rows)},
        geometry=geopandas.points_from_xy(*_spread(rows)),
        crs="EPSG:4326",
    )
    shaped.to_file(folder / "points.gpkg", driver="GPKG")
    yield "csv, GeoPackage", Given(f"csv={folder / 'points.gpkg'}", "invented points", mapping)
    points = (
        feature({"type": "Point", "coordinates": [lon, lat]}, n=number, day="2022-03-01")
        for number, (lon, lat) in enumerate(zip(*_spread(rows), strict=True))
    )
    (folder / "points.geojson").write_bytes(collection(*points))
    yield "geojson", Given(f"geojson={folder / 'points.geojson'}", "the same points", mapping)


def _spread(rows: int) -> tuple[list[float], list[float]]:
    return [36.0 + number % 4001 / 1000 for number in range(rows)], [
        47.0 + number % 2999 / 1000 for number in range(rows)
    ]
