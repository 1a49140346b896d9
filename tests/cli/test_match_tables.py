"""A table of matches, written from columns, has the bytes that writing record after record gives."""

import csv
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pyarrow.parquet
import pytest
import shapely
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.columns import columns_of
from pipeline.model.footprint import Disc, Nowhere
from pipeline.model.records import Match
from pipeline.model.report import Report
from pipeline.monitor.match import MatchColumns, match_columns
from pipeline.monitor.parameters import DEFAULT
from pipeline.tables import COLUMNS, TableKind, write_matches
from tests.matches import one_by_one
from tests.worlds import report

NAMES = COLUMNS[TableKind.MATCHES]


@pytest.fixture
def agreement(world: Path) -> Agreement:
    return load_agreement(world)


@pytest.fixture
def reports() -> list[Report]:
    """Near the line and far from it, from nowhere, with parts of a second, and with ids that no table may trust."""
    names = ["test:1", "=1+1:2", 'test:a,"b"', "test:№ 5", "test:line\nbreak", "test:\\", "test:\x1f", "＠x:'"]
    made = [
        report(
            number,
            Nowhere()
            if number % 5 == 4
            else Disc(37.0 + number / 50.0, 48.0 + number % 7 / 10.0, 100.0 * (number % 3)),
            at=timedelta(microseconds=number * 250_001 if number % 2 else number * 1_000_000),
        )
        for number in range(60)
    ]
    return [replace(one, report_id=names[number % len(names)]) for number, one in enumerate(made)]


def batches(reports: Sequence[Report], agreement: Agreement, size: int) -> list[MatchColumns]:
    starts = range(0, len(reports), size)
    parts = [columns_of(reports[start : start + size]) for start in starts]
    return [match_columns(part, agreement, DEFAULT, all_reports=True) for part in parts]


def point(row: Match) -> dict[str, object] | None:
    return None if row.lon is None else {"type": "Point", "coordinates": [row.lon, row.lat]}


def test_ndjson(tmp_path: Path, reports: list[Report], agreement: Agreement) -> None:
    rows = list(one_by_one(reports, agreement, all_reports=True))
    out = tmp_path / "m.ndjson"
    assert write_matches(out, batches(reports, agreement, 7)) == len(rows)
    expected = [msgspec.json.encode({**msgspec.structs.asdict(row), "geometry": point(row)}) + b"\n" for row in rows]
    assert out.read_bytes() == b"".join(expected)


def test_geojson(tmp_path: Path, reports: list[Report], agreement: Agreement) -> None:
    rows = list(one_by_one(reports, agreement, all_reports=True))
    out = tmp_path / "m.geojson"
    assert write_matches(out, batches(reports, agreement, 7)) == len(rows)
    features = [
        msgspec.json.encode({"type": "Feature", "geometry": point(row), "properties": msgspec.structs.asdict(row)})
        for row in rows
    ]
    assert out.read_bytes() == b'{"type":"FeatureCollection","features":[\n' + b",\n".join(features) + b"\n]}\n"
    assert len(json.loads(out.read_bytes())["features"]) == len(rows)


def test_csv(tmp_path: Path, reports: list[Report], agreement: Agreement) -> None:
    rows = list(one_by_one(reports, agreement, all_reports=True))
    out, plain = tmp_path / "m.csv", tmp_path / "plain.csv"
    assert write_matches(out, batches(reports, agreement, 7)) == len(rows)
    with plain.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\r\n")
        table.writerow([*NAMES, "geometry"])
        for row in rows:
            cells = json.loads(msgspec.json.encode(row))
            wkt = "" if row.lon is None else f"POINT ({row.lon} {row.lat})"
            name = f"'{row.report_id}" if row.report_id[0] in "=＠" else row.report_id
            table.writerow([name, *(cells[column] for column in NAMES[1:]), wkt])
    assert out.read_bytes() == plain.read_bytes()


def test_parquet(tmp_path: Path, reports: list[Report], agreement: Agreement) -> None:
    rows = list(one_by_one(reports, agreement, all_reports=True))
    out = tmp_path / "m.parquet"
    assert write_matches(out, batches(reports, agreement, 7)) == len(rows)
    table = pyarrow.parquet.read_table(out)
    known = [None if row.lon is None or row.lat is None else shapely.Point(row.lon, row.lat) for row in rows]
    points = [None if place is None else shapely.to_wkb(place) for place in known]
    assert table.column("geometry").to_pylist() == points
    expected = [
        {**msgspec.structs.asdict(row), "side": row.side and row.side.value, "verdict": row.verdict.value}
        for row in rows
    ]
    assert table.drop_columns(["geometry"]).to_pylist() == expected


@pytest.mark.parametrize("ending", ["ndjson", "csv", "geojson", "parquet"])
def test_the_file_does_not_show_in_which_batches_its_rows_came(
    tmp_path: Path, reports: list[Report], agreement: Agreement, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.tables.arrow.BATCH_ROWS", 30)
    files = []
    for size in (1, 7, len(reports)):
        out = tmp_path / f"{size}.{ending}"
        write_matches(out, batches(reports, agreement, size))
        files.append(out.read_bytes())
    assert files[0] == files[1] == files[2]
    if ending == "parquet":
        groups = pyarrow.parquet.ParquetFile(out).metadata
        assert {groups.row_group(at).num_rows for at in range(groups.num_row_groups - 1)} == {30}
