"""Events of a real table near the edge of the same day's control area: by the pipeline, and by plain geopandas.

The areas of a day are those that did not change and those that were gained; a day without a shape counts no event.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import shape

from pipeline.agreement import Agreement, load_agreement
from pipeline.agreement.making import Care, as_geojson, in_order, make_day
from pipeline.agreement.published import find_files, read_published
from pipeline.model.columns import Discs, ReportColumns, columns_of
from pipeline.monitor.match import match_columns
from pipeline.monitor.parameters import DEFAULT
from tests.sources.reading import read_rows

MAPPING = Path(__file__).parent / "sources" / "cir_events.mapping.toml"

ONLY = {"type": ("nochange", "gains")}
CARE = Care(tolerance_m=25.0)

PLANE = "EPSG:32636"
"""Out of scale by 15 m in 5 km at most; edges are moved by 25 m at most. The event nearest to a limit is 34 m off."""

AGREEMENT = """
format = 1
name = "counted"
version = "1"
title = "Made for a count"
hypothetical = true
timezone = "Europe/Kyiv"
in_force_from = 2022-01-01T00:00:00+02:00
[[sources]]
id = "s"
title = "Daily areas"
where = "their publisher"
confidence = "low"
[[series]]
id = "control"
title = "Control"
file = "control.geojson"
accuracy_m = 2000
source = "s"
confidence = "low"
"""

ZONE = """
[[zones]]
id = "{id}"
title = "{id}"
kind = "series"
series = "control"
source = "s"
confidence = "low"
{asks}
"""

ZONES = {"inside": "", "near": "within_m = 5000", "nearish": "within_m = 10000"}


class Counted(NamedTuple):
    """The rows of the table, by their numbers from 1, that lie in each zone; and the rows that were asked about."""

    rows: frozenset[int]
    zones: dict[str, frozenset[int]]


@pytest.fixture(scope="module")
def areas(shared_data: Callable[[str], Path]) -> list[Path]:
    """The files of the year of which there are events; on the days of the others nothing happened."""
    return sorted(one for one in shared_data("nzz").glob("202*.json") if one.name < "2023")


@pytest.fixture(scope="module")
def events(shared_data: Callable[[str], Path]) -> Path:
    return shared_data("cir/events.csv")


@pytest.fixture(scope="module")
def agreement(areas: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    folder = tmp_path_factory.mktemp("counted")
    drawn = [one for file in find_files(areas) for one in read_published(file, ONLY)]
    days, dropped = in_order([make_day(one, CARE) for one in drawn])
    assert dropped == ["2022-03-08.json: 2022-03-05 once more, as in 2022-03-05.json"]
    assert len(days) == len(areas) - 1
    assert not [day.content_date for day in days if day.doubtful]
    (folder / "control.geojson").write_bytes(as_geojson(days))
    zones = "".join(ZONE.format(id=name, asks=asks) for name, asks in ZONES.items())
    path = folder / "counted.toml"
    path.write_text(AGREEMENT + zones, encoding="utf-8")
    return load_agreement(path)


def by_the_pipeline(agreement: Agreement, events: Path) -> Counted:
    rows = read_rows("csv", events.read_bytes(), MAPPING)
    reports = [report for row in rows for report in row.reports]
    numbers = [row.number for row in rows for _ in row.reports]
    columns = exact(columns_of(reports))
    matched = match_columns(columns, agreement, DEFAULT)
    zones: dict[str, set[int]] = {name: set() for name in ZONES}
    for report, zone in zip(matched.report.tolist(), matched.zone.tolist(), strict=True):
        zones[matched.zone_ids[zone]].add(numbers[report])
    return Counted(frozenset(numbers), {name: frozenset(found) for name, found in zones.items()})


def exact(columns: ReportColumns) -> ReportColumns:
    """The same with each place taken as exact."""
    assert columns.discs is not None
    lon, lat, _ = columns.discs
    return columns._replace(discs=Discs(lon, lat, np.zeros(len(lon))))


def by_geopandas(areas: list[Path], events: Path) -> Counted:
    table = pd.read_csv(events, dtype=str, keep_default_na=False)
    table.index += 1
    table["day"] = pd.to_datetime(table["date"], format="%Y-%m-%d", errors="coerce").fillna(
        pd.to_datetime(table["date"], format="%m/%d/%Y", errors="coerce")
    )
    there = table[table["country"].str.lower().str.startswith("ukrain") & table["day"].notna()]
    points = geopandas.GeoSeries.from_xy(
        there["lon"].astype(float), there["lat"].astype(float), index=there.index, crs="EPSG:4326"
    ).to_crs(PLANE)
    zones: dict[str, set[int]] = {name: set() for name in ZONES}
    rows: set[int] = set()
    for day, area in plain_areas(areas).items():
        some = geopandas.GeoSeries(points[there["day"] == pd.Timestamp(day)])
        away_m, inside = some.distance(shapely.boundary(area)), some.within(area)
        rows |= set(some.index)
        zones["inside"] |= set(some.index[inside])
        zones["near"] |= set(some.index[away_m <= 5_000.0])
        zones["nearish"] |= set(some.index[away_m <= 10_000.0])
    return Counted(frozenset(rows), {name: frozenset(found) for name, found in zones.items()})


def plain_areas(areas: list[Path]) -> dict[str, Any]:
    """The areas by the day of their content, as anyone would take them; mended after projecting."""
    found = {}
    for file in areas:
        features = json.loads(file.read_bytes())["value"]["features"]
        some = [one for one in features if one["properties"]["type"] in ONLY["type"]]
        frame = geopandas.GeoSeries([shape(one["geometry"]) for one in some], crs="EPSG:4326").to_crs(PLANE)
        found[some[0]["properties"]["date"]] = shapely.buffer(frame.make_valid().union_all(), 0.0)
    return found


def test_the_count_is_that_of_plain_geopandas(agreement: Agreement, areas: list[Path], events: Path) -> None:
    ours, plain = by_the_pipeline(agreement, events), by_geopandas(areas, events)
    assert plain.rows <= ours.rows, "no row of these days is rejected"
    assert len(plain.rows) == 431
    assert {name: len(rows) for name, rows in plain.zones.items()} == {"inside": 98, "near": 125, "nearish": 181}
    for name, rows in plain.zones.items():
        assert ours.zones[name] & plain.rows == rows
    # Beside them the pipeline counts what lies there by its place, and by its column in another country or in none.
    others = {name: sorted(found - plain.rows) for name, found in ours.zones.items()}
    assert others == {"inside": [], "near": [531, 792], "nearish": [488, 531, 792]}
