"""Tables: one set of records in five formats, whole or not at all, and the same wherever they are opened."""

import csv
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas
import msgspec
import pandas as pd
import pytest
from msgspec.structs import replace

from pipeline.cli.timings import PARTS
from pipeline.model.records import Alert, DoubtNote, Reject, Revision
from pipeline.model.taxonomy import Change, Doubt, Reason, RejectReason, Severity, Side, Standing, Status
from pipeline.tables import (
    COLUMNS,
    INTEGERS,
    NESTED,
    NUMBERS,
    TIMES,
    OutputNameError,
    TableKind,
    write_matches,
    write_records,
)
from tests.cli.driving import Cli, line

ALERT = Alert(
    alert_id="al_1",
    agreement="world",
    agreement_version="1",
    provision="ceasefire",
    article="=1+1",
    incident_id="in_1",
    status=Status.ALLEGED,
    severity=Severity.GRAVE,
    reason=Reason.PROHIBITED_ACTIVITY,
    probability=0.75,
    place_probability=0.75,
    observed_from=datetime(2016, 3, 1, 8, tzinfo=UTC),
    observed_until=datetime(2016, 3, 1, 8, 0, 10, 500_000, tzinfo=UTC),
    line="line",
    side=Side.LEFT,
    chainage_m=1200.5,
    offset_m=-40.0,
    lon=37.6,
    lat=48.2,
    radius_m=100.0,
    report_ids=("test:1", "test:2"),
    doubts=(DoubtNote(Doubt.PLACE_STRADDLES, {"share_inside": 0.75}),),
    readings=(),
    attribution=(),
    standing=Standing.RAISED,
    acknowledged_by=None,
    assignee=None,
    judged_by="abc",
)
NOWHERE = replace(ALERT, alert_id="al_2", lon=None, lat=None, radius_m=None, line=None, side=None, offset_m=None)
REVISION = Revision(
    alert=ALERT, revision=2, decided_at=ALERT.observed_until, change=Change.EVIDENCE_CHANGED, author="monitor"
)
REJECT = Reject(
    file="a.csv",
    row=3,
    position=99,
    field="@lat",
    reason=RejectReason.BAD_VALUE,
    detail="-x is no number",
    source="csv",
    bytes=b"\xfb\xff\x00",
    length=3,
    sha256="0" * 64,
)
SPATIAL = ("parquet", "gpkg", "geojson")


def _read(path: Path) -> Any:
    return geopandas.read_parquet(path) if path.suffix == ".parquet" else geopandas.read_file(path)


def _csv_row(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as table:
        return next(csv.DictReader(table))


def test_alerts_as_ndjson_are_the_records_byte_for_byte(tmp_path: Path) -> None:
    out = tmp_path / "a.ndjson"
    assert write_records(out, TableKind.ALERTS, [ALERT, NOWHERE]) == 2
    assert out.read_bytes() == b"".join(msgspec.json.encode(alert) + b"\n" for alert in (ALERT, NOWHERE))


@pytest.mark.parametrize("ending", SPATIAL)
def test_alerts_open_in_geopandas_with_their_points_and_times(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"a.{ending}"
    write_records(out, TableKind.ALERTS, [ALERT, NOWHERE])
    frame = _read(out)
    assert frame.crs is not None
    assert frame.crs.to_authority()[1] in ("4326", "CRS84")
    assert list(frame["alert_id"]) == ["al_1", "al_2"]
    assert (frame.geometry.iloc[0].x, frame.geometry.iloc[0].y) == (37.6, 48.2)
    assert frame.geometry.iloc[1] is None
    assert frame["observed_until"].iloc[0] == pd.Timestamp(ALERT.observed_until)
    assert frame["chainage_m"].iloc[0] == 1200.5
    assert pd.isna(frame["offset_m"].iloc[1])
    doubts = frame["doubts"].iloc[0]
    said = json.loads(doubts) if isinstance(doubts, str) else doubts
    assert said == [{"doubt": "place_straddles", "figures": {"share_inside": 0.75}}]
    assert set(COLUMNS[TableKind.ALERTS]) <= set(frame.columns)


@pytest.mark.parametrize("ending", ["ndjson", "csv", *SPATIAL])
def test_a_history_has_the_alert_and_its_revision_side_by_side(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"h.{ending}"
    assert write_records(out, TableKind.HISTORY, [REVISION]) == 1
    if ending == "ndjson":
        row = json.loads(out.read_text())
    elif ending == "csv":
        row = _csv_row(out)
    else:
        row = dict(_read(out).iloc[0])
    assert (row["alert_id"], int(row["revision"]), row["change"]) == ("al_1", 2, "evidence_changed")
    assert set(COLUMNS[TableKind.HISTORY]) <= set(row)


@pytest.mark.parametrize("ending", ["ndjson", "csv", "parquet"])
def test_rejects_keep_the_bytes_of_their_rows(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"r.{ending}"
    assert write_records(out, TableKind.REJECTS, [(7, REJECT)]) == 1
    if ending == "ndjson":
        row = json.loads(out.read_text())
    elif ending == "csv":
        row = _csv_row(out)
    else:
        row = dict(pd.read_parquet(out).iloc[0])
    # The bytes are base64: an apostrophe before them would change them.
    assert (row["bytes_base64"], int(row["length"]), int(row["number"])) == ("+/8A", 3, 7)


@pytest.mark.parametrize("ending", ["gpkg", "geojson"])
def test_rejects_have_no_place_to_draw(tmp_path: Path, ending: str) -> None:
    with pytest.raises(OutputNameError, match="no place"):
        write_records(tmp_path / f"r.{ending}", TableKind.REJECTS, [])


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_csv_cell_is_a_formula(tmp_path: Path, begin: str) -> None:
    out = tmp_path / "a.csv"
    write_records(out, TableKind.ALERTS, [replace(ALERT, article=f"{begin}cmd|' /C calc'!A0")])
    row = _csv_row(out)
    assert row["article"].startswith(f"'{begin}")
    assert float(row["offset_m"]) == -40.0


@pytest.mark.parametrize("ending", ["ndjson", "csv", *SPATIAL])
def test_a_table_without_rows_is_still_a_table(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"none.{ending}"
    assert write_matches(out, []) == 0
    if ending in SPATIAL:
        assert len(_read(out)) == 0
        assert "offset_m" in _read(out).columns or ending == "geojson"


@pytest.mark.parametrize("ending", ["ndjson", "csv", *SPATIAL])
def test_a_failure_in_the_records_leaves_what_was_there(tmp_path: Path, ending: str) -> None:
    def broken() -> Iterator[Alert]:
        yield ALERT
        raise KeyboardInterrupt

    out = tmp_path / f"a.{ending}"
    out.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        write_records(out, TableKind.ALERTS, broken())
    assert out.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [out]


def test_every_field_of_an_alert_has_the_form_of_its_type() -> None:
    types = {field.encode_name: field.type for field in msgspec.structs.fields(Alert)}
    for name, kind in types.items():
        said = str(kind)
        assert (name in NUMBERS) == ("float" in said), name
        assert (name in TIMES) == ("datetime" in said), name
        assert (name in NESTED) == ("tuple" in said or "dict" in said), name
        assert name not in INTEGERS


def test_many_batches_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.tables.arrow.BATCH_ROWS", 7)
    alerts = [replace(ALERT, alert_id=f"al_{number:03}") for number in range(50)]
    for ending in ("parquet", "gpkg"):
        out = tmp_path / f"a.{ending}"
        assert write_records(out, TableKind.ALERTS, alerts) == 50
        assert list(_read(out)["alert_id"]) == [alert.alert_id for alert in alerts]


def test_match_says_the_same_in_every_format(cli: Cli, world: Path, tmp_path: Path) -> None:
    area = {"kind": "area", "area_id": "ua-donetsk"}
    rows = [line(1), line(2, footprint=area), line(3, footprint={"kind": "nowhere"}), line(1)]
    (tmp_path / "r.ndjson").write_bytes(b"".join(rows))
    tables = {}
    for ending in ("ndjson", "csv", *SPATIAL):
        told = cli("match", "-a", world, "r.ndjson", "--all", "-o", f"m.{ending}")
        assert (told.code, told.out) == (0, "")
        path = tmp_path / f"m.{ending}"
        if ending == "ndjson":
            frame = pd.DataFrame(map(json.loads, path.read_text().splitlines()))
        else:
            frame = pd.read_csv(path) if ending == "csv" else _read(path)
        tables[ending] = [
            (row.report_id, row.zone if isinstance(row.zone, str) else None, row.probability, row.verdict)
            for row in frame.itertuples()
        ]
    assert len(tables["csv"]) > 4
    assert {"test:1", "test:2", "test:3"} == {row[0] for row in tables["csv"]}
    assert all(table == tables["csv"] for table in tables.values())
    first = json.loads((tmp_path / "m.ndjson").read_text().splitlines()[0])
    assert list(first) == [*COLUMNS[TableKind.MATCHES], "geometry"]
    assert first["geometry"] == {"type": "Point", "coordinates": [37.6, 48.2]}


def test_match_tells_where_the_time_went(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(b"".join(line(number) for number in range(50)))
    assert "seconds" not in cli("match", "-a", world, "r.ndjson", "-o", "m.csv").err
    told = cli("match", "-a", world, "r.ndjson", "-o", "m.csv", "--timings")
    assert (told.code, told.out) == (0, "")
    rows = [words.split() for words in told.err.splitlines()]
    table = {words[0]: float(words[1]) for words in rows if words and words[0] in {*PARTS, "all"}}
    assert list(table) == [*PARTS, "all"]
    assert sum(table[part] for part in PARTS) == pytest.approx(table["all"], abs=0.03)


def test_match_under_strict_writes_nothing(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line(1) + b"{}\n")
    told = cli("match", "-a", world, "r.ndjson", "--strict", "-o", "m.csv")
    assert (told.code, "row 2" in told.err) == (3, True)
    assert not (tmp_path / "m.csv").exists()
    assert cli("match", "-a", world, "r.ndjson", "-o", "m.csv").code == 0
    assert (tmp_path / "m.csv").exists()


def test_versions_of_one_report_keep_their_own_places(cli: Cli, world: Path, tmp_path: Path) -> None:
    moved = {"kind": "disc", "lon": 37.5, "lat": 48.25, "radius_m": 100}
    (tmp_path / "r.ndjson").write_bytes(line(1) + line(1, footprint=moved))
    assert cli("match", "-a", world, "r.ndjson", "-o", "m.ndjson").code == 0
    rows = [json.loads(row) for row in (tmp_path / "m.ndjson").read_text().splitlines()]
    assert {tuple(row["geometry"]["coordinates"]) for row in rows} == {(37.6, 48.2), (37.5, 48.25)}


@pytest.mark.needs("ogrinfo")
def test_ogrinfo_reads_the_layers(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line(1) + line(2))
    for ending in ("gpkg", "geojson"):
        assert cli("match", "-a", world, "r.ndjson", "-o", f"m.{ending}").code == 0
        told = subprocess.run(
            ["ogrinfo", "-ro", "-al", "-so", f"m.{ending}"], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert "Geometry: Point" in told.stdout
        assert "offset_m: Real" in told.stdout
        assert "observed_from: DateTime" in told.stdout
        assert "ERROR" not in told.stderr
