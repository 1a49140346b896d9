"""The Python API: what `pipeline.__all__` promises is there, documented, and does what the command line does."""

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pytest
import shapely

import pipeline
from pipeline.tables import COLUMNS, TableKind
from tests.cli.driving import Cli, line

CONTRACT = {"read_reports", "load_agreement", "match", "Monitor", "open_store"}


def test_all_is_complete_documented_and_nothing_else() -> None:
    assert set(pipeline.__all__) >= CONTRACT
    assert len(set(pipeline.__all__)) == len(pipeline.__all__)
    for name in pipeline.__all__:
        assert getattr(pipeline, name).__doc__, name
    assert set(pipeline.__all__) <= set(dir(pipeline))
    with pytest.raises(AttributeError, match="nosuch"):
        pipeline.nosuch  # noqa: B018


def test_importing_the_package_loads_nothing_heavy() -> None:
    ask = "import sys, pipeline; print(sorted({'numpy', 'shapely', 'geopandas', 'msgspec'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_reports_are_read_and_rejects_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    path.write_bytes(line(1) + b"{}\n" + line(2))
    reports = pipeline.read_reports(path, "ndjson")
    for _ in range(2):
        assert [report.report_id for report in reports] == ["test:1", "test:2"]
        assert [reject.row for reject in reports.rejects] == [2]
        assert (reports.rows_read, reports.torn) == (3, [])


def test_a_torn_file_gives_what_could_be_read(tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson.gz"
    packed = gzip.compress(b"".join(line(number) for number in range(500)))
    path.write_bytes(packed[: len(packed) * 9 // 10])
    reports = pipeline.read_reports(path)
    assert len(list(reports)) > 100
    assert reports.torn == [str(path)]
    assert reports.rejects[-1].reason.value == "torn_input"


def test_an_input_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(pipeline.InputError, match="no such file"):
        pipeline.read_reports(tmp_path / "none.ndjson")
    with pytest.raises(pipeline.AgreementError):
        pipeline.load_agreement("nosuch")
    with pytest.raises(pipeline.StoreError):
        pipeline.open_store(tmp_path / "none.db")


def test_match_gives_the_same_table_as_the_command(cli: Cli, world: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    path.write_bytes(line(1) + line(2, footprint={"kind": "nowhere"}) + line(3))
    table = pipeline.match(pipeline.read_reports(path), world, all_reports=True)
    assert cli("match", "-a", world, path, "--all", "-o", "m.parquet").code == 0
    written = geopandas.read_parquet(tmp_path / "m.parquet")
    assert list(table.columns) == [*COLUMNS[TableKind.MATCHES], "geometry"]
    assert table.drop(columns="geometry").equals(written.drop(columns="geometry"))
    assert table.geometry.to_wkt().equals(written.geometry.to_wkt())
    assert table.crs == "EPSG:4326"


def test_match_takes_a_frame_in_any_coordinate_system(world: Path) -> None:
    shapes: list[Any] = [shapely.Point(37.6, 48.2), shapely.box(37.55, 48.15, 37.65, 48.25), None]
    frame = geopandas.GeoDataFrame({"radius_m": [100.0, 0.0, 0.0]}, geometry=shapes, crs="EPSG:4326")
    table = pipeline.match(frame, pipeline.load_agreement(world), all_reports=True)
    assert set(table["report_id"]) == {"frame:0", "frame:1", "frame:2"}
    assert "observed_from" not in table.columns
    inside = table[(table["report_id"] == "frame:0") & (table["zone"] == "both")]
    assert list(inside["verdict"]) == ["inside"]
    moved = pipeline.match(frame.to_crs("EPSG:32637"), world, all_reports=True)
    assert list(moved["zone"].fillna("")) == list(table["zone"].fillna(""))
    assert moved["offset_m"].sub(table["offset_m"]).abs().max() < 0.2


def test_match_refuses_what_is_no_place(world: Path) -> None:
    bare = geopandas.GeoDataFrame(geometry=[shapely.Point(37.6, 48.2)])
    with pytest.raises(ValueError, match="coordinate system"):
        pipeline.match(bare, world)
    track = geopandas.GeoDataFrame(geometry=[shapely.LineString([(37, 48), (38, 48)])], crs="EPSG:4326")
    with pytest.raises(ValueError, match="LineString"):
        pipeline.match(track, world)
    null = geopandas.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs="EPSG:4326")
    with pytest.raises(ValueError, match="frame:0"):
        pipeline.match(null, world)


TIMES = pd.to_datetime(["2016-03-01T08:00:00.123456789Z", "1950-01-01T00:00:00.999999999Z", "2016-03-01T08:00:00.0Z"])


def points(**columns: Any) -> geopandas.GeoDataFrame:
    shapes = [shapely.Point(37.6, 48.2), shapely.Point(), shapely.Point(37.3, 48.15)]
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"radius_m": [0, 5, 20_000]},
        {"report_id": ["a:1", "b:2", "b:2"], "observed_from": TIMES, "observed_until": TIMES},
        {"observed_from": TIMES.as_unit("s"), "observed_until": TIMES.tz_convert("Asia/Tokyo")},
    ],
)
def test_points_match_as_reports_do(world: Path, columns: dict[str, Any]) -> None:
    """A column of objects, as every table of other things may have, is read row by row."""
    frame = points(**columns)
    at_once = pipeline.match(frame, world, all_reports=True)
    for name in {"radius_m", "observed_from"} & set(columns):
        frame[name] = frame[name].astype(object)
    by_row = pipeline.match(
        frame.assign(radius_m=frame.get("radius_m", pd.Series([0.0] * 3)).astype(object)), world, all_reports=True
    )
    pd.testing.assert_frame_equal(pd.DataFrame(at_once), pd.DataFrame(by_row))
    assert len(at_once) > 5


NOT_A_TIME = pd.DatetimeIndex(["2016-03-01T08:00:00Z", pd.NaT, pd.NaT])


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"report_id": ["a:1", "b:2", "b"]}, "b: report_id: 'b' does not begin with"),
        ({"report_id": ["a:", "b", "b:1"]}, "a:: report_id: 'a:' does not begin with"),
        ({"report_id": ["a:1", "b:2", "b:" + "x" * 300]}, "longer than 300"),
        ({"radius_m": [1.0, -1.0, -2.0]}, "frame:2: footprint.radius_m: -2.0 m is not between"),
        ({"radius_m": [float("nan"), 0.0, 0.0]}, "frame:0: footprint.radius_m: nan m is not between"),
        ({"observed_from": NOT_A_TIME, "observed_until": TIMES}, "frame:1: observed_from: a time without a zone"),
        (
            {"observed_from": TIMES, "observed_until": TIMES[[1, 1, 1]]},
            "frame:0: observed_until: .* is before its start",
        ),
        ({"observed_from": TIMES}, "frame:0: observed_until"),
        ({"observed_from": pd.to_datetime(["1800-01-01T00:00:00Z"] * 3)}, "the year 1800"),
        ({"observed_from": TIMES.tz_localize(None)}, "a time without a zone"),
        ({"geometry": [None, shapely.Point(200, 10), shapely.Point(0, 0)]}, "frame:1: footprint: longitude 200"),
        ({"geometry": [shapely.Point(float("nan"), 1), None, None]}, "frame:0: footprint: longitude nan"),
    ],
)
def test_match_says_which_row_of_a_frame_is_no_report(world: Path, columns: dict[str, Any], said: str) -> None:
    frame = points().assign(**columns)
    with pytest.raises(ValueError, match=said):
        pipeline.match(frame, world)
    frame["radius_m"] = frame.get("radius_m", pd.Series([0.0] * 3)).astype(object)
    with pytest.raises(ValueError, match=said):
        pipeline.match(frame, world)


def test_a_store_is_read_while_python_asks(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line(1))
    assert cli("run", "-a", world, "r.ndjson").code == 0
    with pipeline.open_store("truceline.db") as store:
        (alert,) = store.alerts()
        assert (alert.agreement, alert.report_ids) == ("world", ("test:1",))
