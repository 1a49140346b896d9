"""A store as Parquet and back: nothing is lost, nothing is there twice, and other tools read it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import geopandas
import pytest
import shapely
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.archive import Added, Archive, ArchiveError, Period, archive_store
from pipeline.archive.kinds import ALERTS, INCIDENTS
from pipeline.gazetteer import load_gazetteer
from pipeline.model.footprint import Area, Disc, Nowhere, Polygon
from pipeline.model.records import Observation
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind
from pipeline.model.watch_terms import ObservationState
from pipeline.store import Recorder, Store, open_store
from pipeline.store.acting import Acting
from tests.worlds import DAY, report, world

NOW = DAY + timedelta(days=9)
BOX = Area(geometry=Polygon([[[37.5, 48.1], [37.9, 48.1], [37.9, 48.4], [37.5, 48.4], [37.5, 48.1]]]))


def seen(number: int, at: timedelta = timedelta(hours=8)) -> Report:
    """A patrol's report of an explosion on A's side."""
    return report(number, Disc(37.45, 48.35, 100.0), at=at, observer=f"patrol-{number}", ledger="independent")


REPORTED = (
    seen(1),
    seen(2, timedelta(days=1)),
    report(3, BOX, at=timedelta(days=3), text="ünïcode\n\x00 and, a 'quote'"),
    report(4, Nowhere(), at=timedelta(days=3)),
)


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def store(tmp_path: Path, agreement: Agreement) -> Iterator[Store]:
    """A store with reports, an act and a watch."""
    with open_store(tmp_path / "t.db", write=True) as opened:
        recorder(opened, agreement).record(list(REPORTED), (), [watched(1)])
        alert = next(opened.alerts(possible=True))
        Acting(opened, lambda: NOW).act(alert, ActionKind.COMMENT, "Ines", text="Seen from the ridge.")
        yield opened


def recorder(store: Store, agreement: Agreement) -> Recorder:
    return Recorder(store, [agreement], load_gazetteer().outlines, clock=lambda: NOW)


def watched(number: int) -> Observation:
    return Observation(
        observation_id=f"watch:{number}",
        source="test",
        asset=f"post-{number}",
        observed_from=DAY,
        observed_until=DAY + timedelta(hours=6),
        footprint=BOX,
        state=next(iter(ObservationState)),
        received_at=NOW,
    )


def archived(store: Store, folder: Path, now: datetime = NOW) -> Added:
    added = Added()
    list(archive_store(store, folder, added, now))
    return added


def test_the_way_back_is_lossless(store: Store, tmp_path: Path) -> None:
    archived(store, tmp_path / "archive")
    archive = Archive(tmp_path / "archive")
    kept = {one.report_id: one for _, some in store.reports() for one in some}
    assert {one.report_id: one for one in archive.reports(Period())} == kept
    assert list(archive.observations(Period())) == list(store.watch_log())
    assert archive.actions(Period()) == list(store.actions())
    key = INCIDENTS.key
    assert sorted(archive.records(INCIDENTS), key=key) == sorted(store.incidents(unresolved=None), key=key)
    assert sorted(archive.records(ALERTS), key=ALERTS.key) == sorted(store.history(), key=ALERTS.key)


def test_to_archive_twice_is_to_archive_once_and_no_file_is_touched_again(
    store: Store, agreement: Agreement, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    first = archived(store, folder)
    before = {file: file.read_bytes() for file in folder.rglob("*.parquet")}
    again = archived(store, folder, NOW + timedelta(hours=1))
    assert (set(again.new.values()), again.known) == ({0}, first.new)
    assert {file: file.read_bytes() for file in folder.rglob("*.parquet")} == before
    recorder(store, agreement).record([seen(5, timedelta(days=1, hours=5))])
    later = archived(store, folder, NOW + timedelta(hours=2))
    assert later.new["reports"] == 1
    assert {file: file.read_bytes() for file in before} == before
    key = INCIDENTS.key
    stand = sorted(Archive(folder).records(INCIDENTS), key=key)
    assert stand == sorted(store.incidents(unresolved=None), key=key)


def test_an_incident_that_stands_no_more_is_not_told_last(store: Store, agreement: Agreement, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    archived(store, folder)
    gone = replace(REPORTED[1], retracted=True, published_at=NOW)
    recorder(store, agreement).record([gone])
    archived(store, folder, NOW + timedelta(hours=1))
    archive = Archive(folder)
    day = (DAY + timedelta(days=1)).astimezone(UTC).date().isoformat()
    assert day in archive.days(INCIDENTS)
    assert {one.incident_id for one in archive.records(INCIDENTS)} == {
        one.incident_id for one in store.incidents(unresolved=None)
    }


def test_duckdb_reads_a_day_and_what_stands(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    archived(store, folder)
    day = (DAY + timedelta(days=3)).date()
    with duckdb.connect() as sql:
        files = f"read_parquet('{folder}/reports/*/*.parquet', hive_partitioning = true)"
        rows = sql.execute(f"SELECT report_id, lon FROM {files} WHERE day = ? ORDER BY 1", [day]).fetchall()
        assert [(name, lon and round(lon, 3)) for name, lon in rows] == [("test:3", 37.7), ("test:4", None)]
        files = f"read_parquet('{folder}/incidents/*/*/*.parquet', hive_partitioning = true)"
        asked = (
            f"SELECT count(*) FROM {files} WHERE (day, taken) IN (SELECT (day, max(taken)) FROM {files} GROUP BY day)"
        )
        assert sql.execute(asked).fetchall() == [(len(list(store.incidents(unresolved=None))),)]


def test_geopandas_reads_reports_alerts_and_incidents_as_geoparquet(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    archived(store, folder)
    reports = geopandas.read_parquet(folder / "reports")
    assert reports.crs is not None
    assert reports.crs.is_geographic
    assert len(reports) == len(REPORTED)
    assert reports.set_index("report_id").geometry["test:3"].distance(shapely.Point(37.7, 48.25)) < 0.01
    assert reports.set_index("report_id").geometry["test:4"] is None
    alerts = geopandas.read_parquet(folder / "alerts")
    assert set(alerts["agreement"].astype(str)) == {"world"}
    assert set(alerts["alert_id"]) == {entry.alert.alert_id for entry in store.history()}


def test_a_folder_that_is_no_archive_is_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Dear")
    with pytest.raises(ArchiveError, match="no archive"):
        archived(store, tmp_path / "mine")
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_a_damaged_file_is_named(store: Store, tmp_path: Path) -> None:
    archived(store, tmp_path / "archive")
    file = next((tmp_path / "archive" / "reports").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ArchiveError, match=file.name):
        list(Archive(tmp_path / "archive").reports(Period()))
