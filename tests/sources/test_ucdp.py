"""UCDP GED: each precision to its footprint, each day to its interval, on invented rows and on the real table."""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.gazetteer import load_gazetteer
from pipeline.model.footprint import Area, Disc, Footprint
from pipeline.sources.inputs import open_input
from pipeline.sources.ucdp import COLUMNS, RADIUS_M, Ucdp
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

IN_ODESA = {"latitude": "46.48", "longitude": "30.72"}
REAL = "ucdp_ged/ged_ukraine_2014_2019_hdx.csv"
GOOD = {
    "id": "101",
    "relid": "UKR-2016-1-1-1",
    "year": "2016",
    "type_of_violence": "1",
    "source_headline": "Two killed",
    "where_prec": "1",
    "where_description": "near the mill",
    "adm_1": "Donetsk Oblast",
    "latitude": "48.10",
    "longitude": "37.80",
    "country": "Ukraine",
    "date_prec": "1",
    "date_start": "2016-03-26 00:00:00.000",
    "date_end": "2016-03-27 00:00:00.000",
    "best": "2",
    "high": "3",
    "low": "1",
}


def row(**changed: str) -> bytes:
    event = GOOD | changed
    return ",".join(event.get(column, "") for column in COLUMNS).encode()


def table(*rows: bytes) -> bytes:
    return b"\n".join([",".join(COLUMNS).encode(), *rows, b""])


def test_a_row_becomes_a_report() -> None:
    report = only_report(read_rows("ucdp", table(row())))
    assert report.report_id == "ucdp:101"
    assert report.activity == "armed_clash"
    assert (report.observer, report.ledger, report.text) == ("UCDP", "independent", "Two killed")
    assert (report.weapons, report.attribution, report.published_at, report.revises) == ((), None, None, None)
    assert report.count is not None
    assert (report.count.min, report.count.max, report.count.unit) == (1.0, 3.0, "fatality")


def test_days_are_whole_local_days_through_a_change_of_the_clocks() -> None:
    report = only_report(read_rows("ucdp", table(row())))
    assert report.observed_from == datetime(2016, 3, 25, 22, tzinfo=UTC)
    assert report.observed_until == datetime(2016, 3, 27, 21, tzinfo=UTC)


def test_days_of_a_country_that_is_not_known_are_days_in_utc() -> None:
    report = only_report(read_rows("ucdp", table(row(country="Ruritania", date_end="2016-03-26"))))
    assert report.observed_from == datetime(2016, 3, 26, tzinfo=UTC)
    assert report.observed_until == datetime(2016, 3, 27, tzinfo=UTC)


@pytest.mark.parametrize("country", ["Nepal", "Nepal (Gorkha)"])
def test_days_of_a_country_that_only_the_towns_know_are_its_local_days(country: str) -> None:
    report = only_report(read_rows("ucdp", table(row(country=country))))
    assert report.observed_from == datetime(2016, 3, 25, 18, 15, tzinfo=UTC)
    assert report.observed_until == datetime(2016, 3, 27, 18, 15, tzinfo=UTC)


@pytest.mark.parametrize(("clarity", "said"), [("1", []), ("", []), ("2", ["event_clarity 2"])])
def test_an_event_that_is_not_told_of_clearly_says_so(clarity: str, said: list[str]) -> None:
    remarks = only_report(read_rows("ucdp", table(row(event_clarity=clarity)))).remarks or ()
    assert [one.said for one in remarks] == said
    assert all((one.field, one.rule, one.doubtful) == ("activity", "as_said", False) for one in remarks)


@pytest.mark.parametrize(
    ("changed", "footprint"),
    [
        ({"where_prec": "1"}, Disc(37.8, 48.1, 2_000.0)),
        ({"where_prec": "2"}, Disc(37.8, 48.1, 25_000.0)),
        ({"where_prec": "3"}, Disc(37.8, 48.1, 30_000.0)),
        ({"where_prec": "4"}, Area(area_id="ua-donetsk")),
        ({"where_prec": "4", "adm_1": "Odessa Oblast"} | IN_ODESA, Area(area_id="ua-odesa")),
        ({"where_prec": "4", "adm_1": "Zenda"}, Disc(37.8, 48.1, 150_000.0)),
        ({"where_prec": "4", "adm_1": ""}, Disc(37.8, 48.1, 150_000.0)),
        ({"where_prec": "5"}, Disc(37.8, 48.1, 150_000.0)),
        ({"where_prec": "6"}, Area(area_id="ua")),
        ({"where_prec": "6", "country": "Ruritania"}, Disc(37.8, 48.1, 500_000.0)),
        ({"where_prec": "7"}, Disc(37.8, 48.1, 100_000.0)),
        ({"where_prec": "2.0"}, Disc(37.8, 48.1, 25_000.0)),
    ],
)
def test_where_prec_decides_the_footprint(changed: dict[str, str], footprint: Footprint) -> None:
    assert only_report(read_rows("ucdp", table(row(**changed)))).footprint == footprint


def test_the_documented_radii_are_those_in_force() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    rows = {line[2]: line for line in page.splitlines() if line[:2] == "| " and line[3:5] == " |" and line[2].isdigit()}
    told = {line.split()[0]: line for line in Ucdp.describe.splitlines() if line.strip()[:1].isdigit()}
    assert set(rows) == set(told) == {str(precision) for precision in RADIUS_M}
    for precision, radius_m in RADIUS_M.items():
        assert f"disc of {radius_m / 1000:.0f} km" in rows[str(precision)]
        assert f"disc of {radius_m / 1000:.0f} km" in told[str(precision)]


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"id": "214797.0"}, "ucdp:214797"),
        ({"id": ""}, "missing id"),
        ({"id": "12a"}, "bad_value id"),
        ({"where_prec": "8"}, "bad_value where_prec"),
        ({"where_prec": "0"}, "bad_value where_prec"),
        ({"where_prec": "1.5"}, "bad_value where_prec"),
        ({"where_prec": ""}, "missing where_prec"),
        ({"type_of_violence": "4"}, "bad_value type_of_violence"),
        ({"latitude": ""}, "missing latitude"),
        ({"latitude": "NaN"}, "bad_value latitude"),
        ({"latitude": "1_0"}, "bad_value latitude"),
        ({"latitude": "999"}, "coordinates_out_of_range footprint"),
        ({"latitude": "0", "longitude": "0"}, "null_island footprint"),
        ({"latitude": "37.80", "longitude": "48.10"}, "coordinates_swapped footprint"),
        ({"latitude": "55.0", "longitude": "82.0"}, "contradicts_named_place footprint"),
        ({"where_prec": "4"} | IN_ODESA, "contradicts_named_place footprint"),
        ({"where_prec": "4", "latitude": "37.80", "longitude": "48.10"}, "coordinates_swapped footprint"),
        ({"where_prec": "3"} | IN_ODESA, "ucdp:101"),
        ({"latitude": "55.0", "longitude": "82.0", "country": "Ruritania"}, "ucdp:101"),
        ({"date_start": ""}, "missing date_start"),
        ({"date_start": "26.3.2016"}, "bad_time date_start"),
        ({"date_start": "2016-02-30"}, "bad_time date_start"),
        ({"date_start": "0000-01-01"}, "time_out_of_range date_start"),
        ({"date_end": "3000-01-01"}, "time_out_of_range date_end"),
        ({"date_end": "9999-12-31"}, "time_out_of_range date_end"),
        ({"date_start": "2016-03-28 00:00:00.000"}, "end_before_start date_end"),
        ({"low": "-1"}, "bad_value count"),
        ({"low": "many"}, "bad_value low"),
    ],
)
def test_what_cannot_be_read_is_rejected_and_names_the_column(changed: dict[str, str], outcome: str) -> None:
    data = table(row(id="1"), row(**changed), row(id="3"))
    rows = read_rows("ucdp", data)
    assert outcomes(rows) == ["ucdp:1", outcome, "ucdp:3"]
    assert_conserved(rows, data)


@pytest.mark.parametrize(
    ("deaths", "interval"),
    [(("35", "228", "35"), (35, 228)), (("2", "1", "2"), (1, 2)), (("", "4", ""), (4, 4)), (("0", "0", "9"), (0, 9))],
)
def test_the_count_holds_all_three_estimates(deaths: tuple[str, str, str], interval: tuple[int, int]) -> None:
    low, best, high = deaths
    count = only_report(read_rows("ucdp", table(row(low=low, best=best, high=high)))).count
    assert count is not None
    assert (count.min, count.max) == interval


def test_no_figure_of_deaths_is_no_count() -> None:
    assert only_report(read_rows("ucdp", table(row(low="", best="", high="")))).count is None


def test_one_sided_violence_is_an_attack_on_civilians() -> None:
    assert only_report(read_rows("ucdp", table(row(type_of_violence="3")))).activity == "attack_on_civilians"
    assert only_report(read_rows("ucdp", table(row(type_of_violence="2")))).activity == "armed_clash"


def test_a_file_without_a_header_row_is_recognised_and_read() -> None:
    data = row(id="7") + b"\n" + row(id="8") + b"\n"
    assert Ucdp().recognises(data, "candidate.csv")
    assert outcomes(read_rows("ucdp", data)) == ["ucdp:7", "ucdp:8"]


def test_a_row_of_tags_below_the_header_is_no_row() -> None:
    tags = ",".join("#geo+lat" if column == "latitude" else "" for column in COLUMNS).encode()
    assert outcomes(read_rows("ucdp", table(tags, row()))) == ["ucdp:101"]


def test_columns_go_by_their_names_in_any_order() -> None:
    columns = sorted(GOOD)
    data = ",".join(columns).upper() + "\r\n" + ",".join(GOOD[column] for column in columns) + "\r\n"
    assert Ucdp().recognises(data.encode(), "x")
    assert outcomes(read_rows("ucdp", data.encode())) == ["ucdp:101"]


@pytest.mark.parametrize("head", [b"", b"id,latitude,longitude\n1,2,3\n", b"a" * 65_536, row(relid="7"), b"\xff\xfe\0"])
def test_other_tables_are_not_taken_for_it(head: bytes) -> None:
    assert not Ucdp().recognises(head, "ucdp.csv")


def test_every_row_of_the_real_table_is_read_as_the_csv_module_reads_it(shared_data: Callable[[str], Path]) -> None:
    path = shared_data(REAL)
    with path.open(encoding="utf-8", newline="") as file:
        events = [event for event in csv.DictReader(file) if not event["latitude"].startswith("#")]
    (given,) = open_input(str(path))
    assert given.source.name == "ucdp"
    rows = list(given.rows())
    assert_conserved(rows, path.read_bytes())
    assert len(rows) == len(events) == 1167
    assert given.bytes_read == given.size == path.stat().st_size
    gazetteer = load_gazetteer()
    kyiv = ZoneInfo("Europe/Kyiv")
    kinds: Counter[tuple[str, str]] = Counter()
    for event, row in zip(events, rows, strict=True):
        (report,) = row.reports
        assert report.report_id == "ucdp:" + event["id"]
        assert report.text == (event["source_headline"] or event["where_description"])
        begins, ends = report.observed_from.astimezone(kyiv), report.observed_until.astimezone(kyiv)
        assert f"{begins:%Y-%m-%d %H:%M:%S}" == event["date_start"][:19]
        assert f"{ends - timedelta(days=1):%Y-%m-%d %H:%M:%S}" == event["date_end"][:19]
        precision, footprint = int(event["where_prec"]), report.footprint
        if isinstance(footprint, Area):
            assert footprint.area_id is not None
            assert gazetteer.areas[footprint.area_id].name == event["adm_1"]
        else:
            expected = Disc(float(event["longitude"]), float(event["latitude"]), RADIUS_M[precision])
            assert footprint == expected
        kinds[event["where_prec"], type(footprint).__name__] += 1
    assert kinds == {
        ("1", "Disc"): 390,
        ("2", "Disc"): 271,
        ("3", "Disc"): 2,
        ("4", "Area"): 343,
        ("5", "Disc"): 160,
        ("7", "Disc"): 1,
    }
