"""Layers for maps: every collection read by GDAL itself, and what the standard asks of pages, boxes and times."""

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.model.records import Observation
from pipeline.model.watch_terms import ObservationState
from pipeline.store import open_store
from tests.console.conftest import Record, recorder, some_reports
from tests.console.serving import Served, client, served
from tests.console.test_alerts import every
from tests.monitor.fusion.telling import disc
from tests.worlds import DAY

COLLECTIONS = ("alerts", "incidents", "lines", "zones", "coverage")


@pytest.fixture
def watched(path: Path, agreement: Path, record: Record) -> None:
    """Somebody watched for a day."""
    record(*some_reports(24))
    one = Observation(
        observation_id="test:watch-1",
        source="test",
        asset="post-1",
        make="post",
        observed_from=DAY,
        observed_until=DAY + timedelta(days=1),
        footprint=disc(0.0, 0.0, 5_000.0),
        state=ObservationState.WATCHING,
    )
    with open_store(path, write=True) as store:
        recorder(store, agreement).record([], observations=[one])


def gdal(*command: str | Path) -> str:
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "GDAL_HTTP_TIMEOUT": "60"}
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    return done.stdout


@pytest.mark.needs("ogrinfo")
@pytest.mark.usefixtures("watched")
def test_gdal_reads_every_collection(path: Path, agreement: Path, tmp_path: Path) -> None:
    with served(path, agreement) as at:
        source = f"OAPIF:{at.url}/ogc"
        listed = gdal("ogrinfo", source)
        assert all(name in listed for name in COLLECTIONS)
        with client(at) as asking:
            for name in COLLECTIONS:
                out = tmp_path / f"{name}.gpkg"
                gdal("ogr2ogr", "-f", "GPKG", out, source, name)
                told = json.loads(gdal("ogr2ogr", "-f", "GeoJSON", "/vsistdout/", out, name))
                items = asking.get(f"/ogc/collections/{name}/items", params={"limit": 10_000}).json()
                assert len(told["features"]) == len(items["features"]) > 0, name


@pytest.mark.needs("ogrinfo")
def test_gdal_reads_on_over_pages_and_in_a_box(console: Served, asking: httpx.Client, tmp_path: Path) -> None:
    source = f"OAPIF:{console.url}/ogc"
    out = tmp_path / "all.gpkg"
    gdal("ogr2ogr", "-f", "GPKG", out, source, "incidents", "-oo", "PAGE_SIZE=5")
    assert "Feature Count: 24" in gdal("ogrinfo", "-so", out, "incidents")
    placed = [one for one in every(asking, standing="all") if one["lon"] is not None]
    west = sorted(one["lon"] for one in placed)[len(placed) // 2]
    box = tmp_path / "box.gpkg"
    gdal("ogr2ogr", "-f", "GPKG", box, source, "alerts", "-spat", str(west), "-90", "180", "90")
    told = json.loads(gdal("ogr2ogr", "-f", "GeoJSON", "/vsistdout/", box, "alerts"))
    # GDAL looks at the middles, the console at the discs about them.
    expected = {one["alert_id"] for one in placed if one["lon"] >= west}
    assert {one["properties"]["alert_id"] for one in told["features"]} == expected


def pages(asking: httpx.Client, name: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    url = f"/ogc/collections/{name}/items"
    while True:
        answer = asking.get(url, params=params or None)
        assert answer.headers["content-type"] == "application/geo+json"
        told = answer.json()
        assert told["numberReturned"] == len(told["features"])
        found += told["features"]
        following = [link["href"] for link in told["links"] if link["rel"] == "next"]
        if not following:
            return found
        url, params = following[0], {}


@pytest.mark.parametrize("name", ["alerts", "incidents", "lines", "zones"])
def test_pages_give_every_feature_once(asking: httpx.Client, name: str) -> None:
    whole = pages(asking, name, limit=10_000)
    assert pages(asking, name, limit=2) == whole
    assert len({one["id"] for one in whole}) == len(whole) > 0
    offset = asking.get(f"/ogc/collections/{name}/items", params={"offset": 1, "limit": 10_000}).json()["features"]
    assert offset == whole[1:]
    one = asking.get(f"/ogc/collections/{name}/items/{whole[0]['id']}").json()
    assert one["properties"] == whole[0]["properties"]


def test_a_time_takes_what_has_a_moment_in_common_with_it(asking: httpx.Client) -> None:
    whole = every(asking, standing="all")
    span = "2016-03-01T08:00:00Z/2016-03-01T09:00:00Z"
    expected = {
        one["alert_id"]
        for one in whole
        if one["observed_until"] >= "2016-03-01T08:00:00Z" and one["observed_from"] <= "2016-03-01T09:00:00Z"
    }
    assert {one["id"] for one in pages(asking, "alerts", datetime=span)} == expected
    assert {one["id"] for one in pages(asking, "alerts", datetime="2016-03-01T00:00:00Z/..")} == {
        one["alert_id"] for one in whole
    }
    assert pages(asking, "alerts", datetime="../2015-01-01") == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("alerts/items?datetime=soon", 400),
        ("alerts/items?datetime=2016-03-02/2016-03-01", 400),
        ("alerts/items?bbox=1,2", 400),
        ("alerts/items?colour=red", 400),
        ("alerts/items?limit=0", 400),
        ("elsewhere/items", 404),
        ("elsewhere", 404),
        ("alerts/items/al_none", 404),
    ],
)
def test_what_the_standard_refuses_is_refused(asking: httpx.Client, asked: str, status: int) -> None:
    assert asking.get(f"/ogc/collections/{asked}").status_code == status


def test_the_landing_page_leads_to_everything(asking: httpx.Client) -> None:
    links = {link["rel"]: link["href"] for link in asking.get("/ogc").json()["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= set(links)
    for href in links.values():
        assert asking.get(href).status_code == 200
    conforms = asking.get(links["conformance"]).json()["conformsTo"]
    assert any(one.endswith("/conf/core") for one in conforms)
    assert [one["id"] for one in asking.get(links["data"]).json()["collections"]] == list(COLLECTIONS)
