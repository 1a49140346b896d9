"""GDELT: three layouts, codes with their zeros, centres of areas and reckoned dates, invented and real."""

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model.footprint import Area, Disc, Footprint
from pipeline.sources.codes import codes_of
from pipeline.sources.gdelt import LAYOUTS, RADIUS_M, Gdelt
from pipeline.sources.inputs import open_input
from pipeline.sources.registry import recognise
from tests.sources.reading import assert_conserved, only_report, opened, outcomes, read_rows

EVENT = {
    "globaleventid": "700", "sqldate": "20200318", "monthyear": "202003", "year": "2020", "fractiondate": "2020.2137",
    "actor1name": "RURITANIA", "isrootevent": "1", "eventcode": "190", "eventbasecode": "190", "eventrootcode": "19",
    "quadclass": "4", "goldsteinscale": "-10", "nummentions": "12", "numsources": "2", "numarticles": "12",
    "actiongeo_type": "4", "actiongeo_fullname": "Avdiyivka, Donets'ka Oblast', Ukraine",
    "actiongeo_countrycode": "UP", "actiongeo_lat": "48.14", "actiongeo_long": "37.74",
    "actiongeo_featureid": "-1030591", "dateadded": "20200318104500", "sourceurl": "https://example.org/a",
}  # fmt: skip


def event(width: int = 61, /, **changed: str) -> bytes:
    return "\t".join((EVENT | changed).get(column, "") for column in LAYOUTS[width]).encode()


def table(*rows: bytes) -> bytes:
    return b"\n".join([*rows, b""])


def test_a_row_becomes_a_report() -> None:
    report = only_report(read_rows("gdelt", table(event())))
    assert (report.report_id, report.activity, report.observer, report.ledger) == (
        "gdelt:700", "armed_clash", "GDELT", "public",
    )  # fmt: skip
    assert report.observed_from == datetime(2020, 3, 18, tzinfo=UTC)
    assert report.observed_until == datetime(2020, 3, 19, tzinfo=UTC)
    assert report.published_at == datetime(2020, 3, 18, 10, 45, tzinfo=UTC)
    assert (report.url, report.text) == ("https://example.org/a", None)
    assert report.attribution is not None
    assert (report.attribution.party, report.attribution.author, report.attribution.basis) == (
        "RURITANIA", "GDELT", "coded",
    )  # fmt: skip


def test_the_number_of_mentions_is_no_count_of_the_incident() -> None:
    report = only_report(read_rows("gdelt", table(event(nummentions="500"))))
    assert report.count is None
    assert "NumMentions 500" in [remark.said for remark in report.remarks or ()]


@pytest.mark.parametrize("width", [57, 58, 61])
def test_each_layout_is_recognised_and_read(width: int) -> None:
    added = "20200318" if width < 61 else "20200318104500"
    data = table(event(width, dateadded=added, globaleventid="1"), event(width, dateadded=added, globaleventid="2"))
    assert recognise(data, "x") == ["gdelt"]
    rows = read_rows("gdelt", data)
    assert outcomes(rows) == ["gdelt:1", "gdelt:2"]
    assert (rows[0].reports[0].published_at is None) == (width < 61)
    assert (rows[0].reports[0].url is None) == (width == 57)


@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_a_table_with_a_header_goes_by_its_names(delimiter: str) -> None:
    columns = sorted(EVENT)
    cells = [f'"{EVENT[column]}"' if delimiter == "," else EVENT[column] for column in columns]
    data = f"{delimiter.join(columns).upper()}\r\n{delimiter.join(cells)}\r\n".encode()
    assert recognise(data, "x") == ["gdelt"]
    assert outcomes(read_rows("gdelt", data)) == ["gdelt:700"]


def test_a_damaged_first_row_hides_neither_the_format_nor_its_neighbours() -> None:
    data = table(b"\xff\tdamaged", event(globaleventid="2"), event(globaleventid="3"))
    assert recognise(data, "x") == ["gdelt"]
    rows = read_rows("gdelt", data)
    assert [row.reject is None for row in rows] == [False, True, True]
    assert_conserved(rows, data)


@pytest.mark.parametrize(
    ("code", "activity"),
    [("043", "other"), ("020", "statement"), ("0871", "statement"), ("173", "detention"), ("1952", "drone_strike"),
     ("202", "attack_on_civilians"), ("145", "other"), ("180", "unknown"), ("183", "explosion"), ("138", "statement")],
)  # fmt: skip
def test_a_code_keeps_its_zeros(code: str, activity: str) -> None:
    assert only_report(read_rows("gdelt", table(event(eventcode=code)))).activity == activity


@pytest.mark.parametrize("code", ["43", "20", "331", "210", "---", "19"])
def test_a_code_that_is_not_listed_or_lost_its_zero_is_refused(code: str) -> None:
    assert outcomes(read_rows("gdelt", table(event(eventcode=code)))) == ["unknown_term activity"]


def test_only_what_says_armed_force_is_fire() -> None:
    armed = {code for code, meaning in codes_of("gdelt")["EventCode"].codes.items() if meaning.activity is not None
             and meaning.activity.group in ("fire", "harm") and meaning.activity != "detention"}  # fmt: skip
    assert armed == set("183 1831 1832 1833 1834 190 193 194 195 1951 1952 196 200 202 203 204 2041 2042".split())


@pytest.mark.parametrize(
    ("changed", "footprint"),
    [
        ({}, Disc(37.74, 48.14, 15_000.0)),
        ({"actiongeo_type": "3", "actiongeo_fullname": "Austin, Texas, United States"}, Disc(37.74, 48.14, 15_000.0)),
        ({"actiongeo_type": "1", "actiongeo_fullname": "Ukraine"}, Area(area_id="ua")),
        ({"actiongeo_type": "1", "actiongeo_fullname": "Ruritania"}, Disc(37.74, 48.14, 2_000_000.0)),
        ({"actiongeo_type": "2", "actiongeo_fullname": "Idaho, United States"}, Disc(37.74, 48.14, 700_000.0)),
        ({"actiongeo_type": "2", "actiongeo_fullname": "Alaska, United States", "actiongeo_adm1code": "USAK"},
         Disc(37.74, 48.14, 2_000_000.0)),
        ({"actiongeo_type": "5", "actiongeo_fullname": "Donets'ka Oblast', Ukraine"}, Area(area_id="ua-donetsk")),
        ({"actiongeo_type": "5", "actiongeo_fullname": "Zenda, Ruritania"}, Disc(37.74, 48.14, 150_000.0)),
    ],
)  # fmt: skip
def test_the_kind_of_place_decides_the_footprint(changed: dict[str, str], footprint: Footprint) -> None:
    report = only_report(read_rows("gdelt", table(event(**changed))))
    assert report.footprint == footprint
    rules = [remark.rule for remark in report.remarks or () if remark.field == "footprint"]
    assert rules == ["centre_of_an_area" if changed.get("actiongeo_type", "4") in "125" else "as_said"]


@pytest.mark.parametrize("feature", ["UP", "UP05", "-1030591", "1022548", ""])
def test_a_feature_id_may_be_a_number_or_text(feature: str) -> None:
    assert outcomes(read_rows("gdelt", table(event(actiongeo_featureid=feature)))) == ["gdelt:700"]


@pytest.mark.parametrize(
    ("happened", "added", "days", "rules"),
    [
        ("20140218", "20150218230000", 366, ["dates_differ"]),
        ("20190319", "20200318104500", 366, ["dates_differ"]),
        ("20190318", "20200318104500", 367, ["dates_differ"]),
        ("20200325", "20200318104500", 8, ["dates_differ"]),
        ("20200311", "20200318104500", 8, ["relative_time"]),
        ("20200217", "20200318104500", 31, ["relative_time"]),
        ("20200317", "20200318104500", 1, []),
        ("20200319", "20200318104500", 1, []),
        ("20200301", "20200318104500", 1, []),
    ],
)
def test_a_reckoned_date_is_as_broad_as_its_doubt(happened: str, added: str, days: int, rules: list[str]) -> None:
    report = only_report(read_rows("gdelt", table(event(sqldate=happened, dateadded=added))))
    assert report.observed_until - report.observed_from == timedelta(days=days)
    assert f"{report.observed_from:%Y%m%d}" == (min(happened, added[:8]) if rules else happened)
    doubts = [remark for remark in report.remarks or () if remark.field == "observed_from"]
    assert [remark.rule for remark in doubts] == rules
    assert all(remark.doubtful for remark in doubts)


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"actiongeo_lat": "", "actiongeo_long": "", "actiongeo_type": "0"}, "missing actiongeo_lat"),
        ({"actiongeo_long": ""}, "missing actiongeo_long"),
        ({"actiongeo_lat": "0", "actiongeo_long": "0", "actiongeo_fullname": ""}, "null_island footprint"),
        ({"actiongeo_lat": "0.0", "actiongeo_long": "-0"}, "null_island footprint"),
        ({"actiongeo_type": "6"}, "bad_value actiongeo_type"),
        ({"actiongeo_type": ""}, "missing actiongeo_type"),
        ({"actiongeo_lat": "37.74", "actiongeo_long": "48.14"}, "coordinates_swapped footprint"),
        ({"actiongeo_lat": "-33", "actiongeo_long": "151"}, "contradicts_named_place footprint"),
        ({"sqldate": ""}, "missing sqldate"),
        ({"sqldate": "20200230"}, "bad_time sqldate"),
        ({"sqldate": "18.3.2020"}, "bad_time sqldate"),
        ({"sqldate": "00010101"}, "time_out_of_range sqldate"),
        ({"dateadded": "20200318996000"}, "bad_time dateadded"),
        ({"dateadded": "2020031810"}, "bad_time dateadded"),
        ({"globaleventid": "x"}, "bad_value globaleventid"),
        ({"globaleventid": "701.0"}, "gdelt:701"),
        ({"eventcode": ""}, "missing activity"),
    ],
)
def test_what_cannot_be_read_is_rejected_and_names_the_column(changed: dict[str, str], outcome: str) -> None:
    data = table(event(globaleventid="1"), event(**changed), event(globaleventid="3"))
    rows = read_rows("gdelt", data)
    assert outcomes(rows) == ["gdelt:1", outcome, "gdelt:3"]
    assert_conserved(rows, data)


def test_a_file_that_breaks_off_gives_what_was_whole() -> None:
    data = table(*(event(globaleventid=str(number)) for number in range(1, 400)))
    packed = gzip.compress(data)
    rows = list(opened("gdelt", packed[: len(packed) // 2]).rows())
    *whole, torn = rows
    assert torn.reject is not None
    assert torn.reject.reason == "torn_input"
    assert len(whole) > 10
    assert all(row.reject is None for row in whole)
    assert_conserved(rows, data)


def test_a_long_name_is_not_remembered_and_is_cut_in_its_remark() -> None:
    report = only_report(read_rows("gdelt", table(event(actiongeo_fullname="A" * 1000))))
    assert [len(remark.said) for remark in report.remarks or () if remark.field == "footprint"] == [300]


def test_a_blank_id_is_derived_from_the_row() -> None:
    report = only_report(read_rows("gdelt", table(event(), event(globaleventid="")))[1:])
    assert report.origin is not None
    assert report.report_id == f"gdelt:row-{report.origin.sha256[:24]}"


def test_a_citation_that_is_no_address_is_kept() -> None:
    report = only_report(read_rows("gdelt", table(event(sourceurl="BBC Monitoring"))))
    assert report.url is None
    assert ("url", "BBC Monitoring") in [(remark.field, remark.said) for remark in report.remarks or ()]


@pytest.mark.parametrize("head", [b"", b"1\t2\t3\n", b"\t" * 60 + b"\n", b"a" * 65_536, event(quadclass="9"),
                                  event(monthyear="202004"), event()[:-90].replace(b"\t", b",")])  # fmt: skip
def test_other_tables_are_not_taken_for_it(head: bytes) -> None:
    assert not Gdelt().recognises(head, "gdelt.tsv")


@pytest.mark.parametrize(
    ("name", "events", "missing", "years"),
    [("gdelt2_events_100.tsv", 100, 3, 28), ("gdeltPyR_events1samp_reconstructed.tsv", 50, 0, 18)],
)
def test_every_row_of_the_real_tables_is_read_as_the_csv_module_reads_it(
    shared_data: Callable[[str], Path], name: str, events: int, missing: int, years: int
) -> None:
    path = shared_data(f"gdelt/{name}")
    with path.open(encoding="utf-8", newline="") as file:
        cells = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    columns = [cell.lower() for cell in cells.pop(0)] if cells[0][0] == "GLOBALEVENTID" else LAYOUTS[len(cells[0])]
    (given,) = open_input(str(path))
    assert given.source.name == "gdelt"
    rows = list(given.rows())
    assert_conserved(rows, path.read_bytes())
    assert len(rows) == len(cells) == events
    outcome: Counter[str] = Counter()
    for values, row in zip(cells, rows, strict=True):
        cell = dict(zip(columns, values, strict=True))
        if not cell["actiongeo_lat"]:
            assert row.reject is not None
            outcome[f"{row.reject.reason} {row.reject.field}"] += 1
            continue
        (report,) = row.reports
        assert report.report_id == f"gdelt:{cell['globaleventid']}"
        assert report.url == cell["sourceurl"]
        centre = float(cell["actiongeo_long"]), float(cell["actiongeo_lat"])
        assert report.footprint == Disc(*centre, RADIUS_M[int(cell["actiongeo_type"])])
        assert report.activity == codes_of("gdelt")["EventCode"].of(cell["eventcode"]).activity
        assert report.observed_from.date() == date.fromisoformat(cell["sqldate"])
        added = date.fromisoformat(cell["dateadded"][:8])
        assert report.observed_until.date() in (report.observed_from.date() + timedelta(days=1),
                                                added + timedelta(days=1))  # fmt: skip
        if len(cell["dateadded"]) == 14:
            assert report.published_at is not None
            assert f"{report.published_at:%Y%m%d%H%M%S}" == cell["dateadded"]
        outcome.update(remark.rule for remark in report.remarks or () if remark.rule == "dates_differ")
    assert outcome["missing actiongeo_lat"] == missing
    assert outcome["dates_differ"] == years
