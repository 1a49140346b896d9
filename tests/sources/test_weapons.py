"""Tables of weapons in invented rows: what was seen where, and what the state of compliance decides."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.model.footprint import Disc
from pipeline.model.report import Report
from pipeline.sources.inputs import open_input
from pipeline.sources.weapons import Weapons
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

HEADER = "id class count state place lon lat radius_m date serial side observer".split()
GOOD = {
    "id": "w1",
    "class": "tanks (T-72)",
    "count": "three",
    "state": "beyond withdrawal lines but outside designated storage sites",
    "lon": "37.75",
    "lat": "48.05",
    "radius_m": "500",
    "date": "2018-10-02",
    "observer": "patrol",
}


def table(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(**changed: str) -> Report:
    return only_report(read_rows("weapons", table(GOOD | changed)))


def test_a_row_becomes_a_report() -> None:
    report = read(serial="A-17", side="armed formations")
    assert Weapons().recognises(table(), "x")
    assert (report.report_id, report.activity, report.weapons, report.calibre_mm) == (
        *("weapons:w1", "weapon_presence"),
        *(("tank",), 125.0),
    )
    assert report.count is not None
    assert (report.count.min, report.count.max, report.count.unit) == (3.0, 3.0, "vehicle")
    assert report.footprint == Disc(37.75, 48.05, 500.0)
    assert report.observed_from == datetime(2018, 10, 1, 21, tzinfo=UTC)
    assert report.observed_until == datetime(2018, 10, 2, 21, tzinfo=UTC)
    assert (report.track_id, report.attribution, report.ledger) == ("A-17", None, "independent")
    said = {(remark.field, remark.said): remark.rule for remark in report.remarks or ()}
    assert said["activity", GOOD["state"]] == "as_said"
    assert said["attribution", "armed formations"] == "as_said"


@pytest.mark.parametrize(
    ("state", "activity"),
    [
        ("In violation of withdrawal lines", "weapon_presence"),
        ("beyond withdrawal lines but outside designated storage sites", "weapon_presence"),
        ("could not be verified as withdrawn", "weapon_presence"),
        ("missing from storage", "statement"),
        ("again missing", "statement"),
    ],
)
def test_what_is_missing_is_no_presence(state: str, activity: str) -> None:
    assert read(state=state).activity == activity


@pytest.mark.parametrize(
    ("kind", "number", "unit", "interval"),
    [
        ("11 MLRS (BM-21)", "", "weapon", (11, 11)),
        ("BMP", "about 4", "vehicle", (2, 8)),
        ("mini-UAV", "1", "aircraft", (1, 1)),
        ("D-30", "N/K", "weapon", (1, None)),
        ("82mm mortar", "0", "weapon", (0, 0)),
    ],
)
def test_how_many_of_what(kind: str, number: str, unit: str, interval: tuple[float, float | None]) -> None:
    how_many = read(**{"class": kind, "count": number}).count
    assert how_many is not None
    assert ((how_many.min, how_many.max), how_many.unit) == (interval, unit)


def test_of_several_numbers_in_the_words_none_is_taken_for_the_whole() -> None:
    report = read(**{"class": "3 tanks and 2 howitzers", "count": ""})
    assert (report.count, report.weapons) == (None, ("tank", "artillery"))


def test_a_place_in_words_needs_a_known_place(tmp_path: Path) -> None:
    path = tmp_path / "seen.csv"
    data = table(
        GOOD | {"lon": "", "lat": "", "place": "storage site B"},
        GOOD | {"lon": "", "lat": "", "place": "storage site C"},
    )
    path.write_bytes(data)
    beside = '[position."Storage site B"]\nlon = 38.5\nlat = 48.5\nradius_m = 400\n'
    path.with_name("seen.csv.positions.toml").write_text(beside, encoding="utf-8")
    (given,) = open_input(str(path))
    rows = list(given.rows())
    assert rows[0].reports[0].footprint == Disc(38.5, 48.5, 400.0)
    assert outcomes(rows)[1] == "unknown_area position"
    assert_conserved(rows, data)


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"state": "fine"}, "unknown_term state"),
        ({"state": ""}, "missing state"),
        ({"class": ""}, "missing weapons"),
        ({"lon": "", "lat": ""}, "missing footprint"),
        ({"lon": "0", "lat": "0"}, "null_island footprint"),
        ({"lat": ""}, "missing latitude"),
        ({"date": ""}, "missing observed_from"),
        ({"date": "2 Oct"}, "bad_time observed_from"),
        ({"id": ""}, None),
    ],
)
def test_what_cannot_be_read_is_rejected(changed: dict[str, str], outcome: str | None) -> None:
    data = table(GOOD, GOOD | changed, GOOD)
    rows = read_rows("weapons", data)
    assert_conserved(rows, data)
    told = outcomes(rows)
    assert told[0] == told[2] == "weapons:w1"
    assert told[1] == outcome or (outcome is None and told[1].startswith("weapons:row-"))


def test_a_damaged_header_rejects_every_row() -> None:
    rows = read_rows("weapons", table(GOOD).replace(b"state", b"stote"))
    assert outcomes(rows) == ["missing state"] * 2
