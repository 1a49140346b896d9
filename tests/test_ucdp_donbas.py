"""A real public table against a real agreement: every row accounted for, by an independent reading of both."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.agreement import load_agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Doubt, Standing
from pipeline.resources import folder
from pipeline.sources.inputs import open_input
from pipeline.store import Recorder, open_store
from pipeline.store.runner import Summary, run
from tests.oracles import OracleLine

TABLE = "ucdp_ged/ged_ukraine_2014_2019_hdx.csv"
IN_FORCE_FROM = "2015-02-15"
ZONE_M = 25_000.0
PLACE_RADIUS_M = 2_000.0


class Outcome:
    """The rows as the csv module reads them, and the alerts of each by its report id."""

    def __init__(self, table: Path, store: Path) -> None:
        with table.open(encoding="utf-8-sig", newline="") as file:
            self.rows = {f"ucdp:{row['id']}": row for row in csv.DictReader(file) if row["id"]}
        with open_store(store, write=True) as record:
            recorder = Recorder(record, [load_agreement("donbas-2015")], load_gazetteer().outlines)
            self.summary = run(recorder, open_input(str(table)), summary=Summary())
            self.alerts: dict[str, list[Alert]] = {}
            for alert in record.alerts(possible=True):
                self.alerts.setdefault(alert.report_ids[0], []).append(alert)

    def since(self, *where_prec: str) -> dict[str, dict[str, Any]]:
        return {
            name: row
            for name, row in self.rows.items()
            if row["where_prec"] in where_prec and row["date_start"] >= IN_FORCE_FROM
        }

    def standings(self, name: str) -> set[Standing]:
        return {alert.standing for alert in self.alerts.get(name, [])}


@pytest.fixture(scope="module")
def outcome(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return Outcome(shared_data(TABLE), tmp_path_factory.mktemp("ucdp") / "t.db")


def test_every_row_is_read(outcome: Outcome) -> None:
    summary = outcome.summary
    assert (summary.rows_read, summary.accepted, summary.rejected) == (1167, 1167, 0)
    assert (summary.reports, summary.duplicates, summary.incidents) == (1167, 0, 1167)
    assert summary.late == 175
    assert len(outcome.rows) == 1167


def test_a_region_never_raises_an_alert_as_a_place(outcome: Outcome) -> None:
    regions = outcome.since("3", "4", "5", "6")
    assert len(regions) == 443
    assert [name for name in regions if Standing.RAISED in outcome.standings(name)] == []
    told = [alert for name in regions for alert in outcome.alerts.get(name, [])]
    assert all(Doubt.PLACE_BROAD in {note.doubt for note in alert.doubts} for alert in told)


def test_each_exact_place_is_raised_or_lies_outside_every_zone(outcome: Outcome) -> None:
    """By a walk along the line: within 25 km of it with the whole footprint, or beyond with all of it."""
    (feature,) = json.loads((folder("geodata") / "lines" / "donbas-contact-2015.geojson").read_bytes())["features"]
    lon, lat = zip(*(place[:2] for place in feature["geometry"]["coordinates"]), strict=True)
    line = OracleLine(list(lon), list(lat), step_m=2_000.0)
    places = outcome.since("1")
    assert len(places) == 179
    expected = {}
    for name, row in places.items():
        _, away, _, past = line.locate(float(row["longitude"]), float(row["latitude"]))
        inside = not past and away < ZONE_M - PLACE_RADIUS_M
        outside = past or away > ZONE_M + PLACE_RADIUS_M
        expected[name] = "raised" if inside else "none" if outside else "either"
    found = {
        name: "raised"
        if Standing.RAISED in outcome.standings(name)
        else "possible"
        if outcome.standings(name)
        else "none"
        for name in places
    }
    wrong = {name: (expected[name], found[name]) for name in places if expected[name] not in ("either", found[name])}
    assert wrong == {}
    assert Counter(expected.values())["either"] < 20
    assert Counter(found.values())["raised"] > 150


def test_nothing_before_the_ceasefire_is_raised(outcome: Outcome) -> None:
    before = {name for name, row in outcome.rows.items() if row["date_end"][:10] < IN_FORCE_FROM}
    assert len(before) > 300
    assert before.isdisjoint(outcome.alerts)


def test_a_row_that_straddles_the_first_day_counts_by_its_days(outcome: Outcome) -> None:
    straddling = [
        name
        for name, row in outcome.rows.items()
        if row["date_start"] < IN_FORCE_FROM <= row["date_end"] and outcome.alerts.get(name)
    ]
    assert straddling
    for name in straddling:
        (alert,) = (alert for alert in outcome.alerts[name] if alert.provision == "ceasefire")
        share = next(note.figures["share_in_force"] for note in alert.doubts if note.doubt is Doubt.TIME_STRADDLES)
        length = (alert.observed_until - alert.observed_from).total_seconds()
        begin = load_agreement("donbas-2015").in_force[0]
        assert share == pytest.approx((alert.observed_until - begin).total_seconds() / length, abs=1e-4)
