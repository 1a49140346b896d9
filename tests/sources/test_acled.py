"""ACLED: both layouts, each precision to its footprint and interval, named places, and the real table."""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.model.footprint import Area, Disc, Footprint
from pipeline.model.taxonomy import Activity, Weapon
from pipeline.sources.acled import RADIUS_M, Acled
from pipeline.sources.codes import codes_of
from pipeline.sources.inputs import open_input
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

IN_KYIV = {"latitude": "50.45", "longitude": "30.52"}
REAL = "acled/acled_asia_2015_part.csv"
ZONES = {
    "Bangladesh": "Asia/Dhaka",
    "Cambodia": "Asia/Phnom_Penh",
    "India": "Asia/Kolkata",
    "Laos": "Asia/Vientiane",
    "Myanmar": "Asia/Yangon",
    "Nepal": "Asia/Kathmandu",
    "Pakistan": "Asia/Karachi",
    "Sri Lanka": "Asia/Colombo",
    "Thailand": "Asia/Bangkok",
    "Vietnam": "UTC",  # the library's time zone database gives it two
}
OLD = (
    "GWNO,EVENT_ID_CNTY,EVENT_ID_NO_CNTY,EVENT_DATE,YEAR,TIME_PRECISION,EVENT_TYPE,ACTOR1,ALLY_ACTOR_1,INTER1,ACTOR2,"
    "ALLY_ACTOR_2,INTER2,INTERACTION,COUNTRY,ADMIN1,ADMIN2,ADMIN3,LOCATION,LATITUDE,LONGITUDE,GEO_PRECISION,SOURCE,"
    "NOTES,FATALITIES"
).split(",")
NEW = (
    "event_id_cnty,event_date,year,time_precision,disorder_type,event_type,sub_event_type,actor1,assoc_actor_1,inter1,"
    "actor2,assoc_actor_2,inter2,interaction,civilian_targeting,iso,region,country,admin1,admin2,admin3,location,"
    "latitude,longitude,geo_precision,source,source_scale,notes,fatalities,tags,timestamp"
).split(",")
GOOD = {
    "event_id_cnty": "7UKR",
    "event_date": "26-March-2016",
    "time_precision": "1",
    "event_type": "Battle-No change of territory",
    "actor1": "Military Forces of Ruritania",
    "actor2": "Black Elphberg Militia",
    "country": "Ukraine",
    "admin1": "Donetsk",
    "admin2": "",
    "location": "Mill Corner",
    "latitude": "48.10",
    "longitude": "37.80",
    "geo_precision": "1",
    "notes": "Shots were heard.",
    "fatalities": "2",
}


def row(columns: list[str] = OLD, /, **changed: str) -> bytes:
    event = GOOD | changed
    cells = (event.get(column.lower(), "") for column in columns)
    return ",".join('"' + cell.replace('"', '""') + '"' if set(cell) & set('",\n') else cell for cell in cells).encode()


def table(*rows: bytes, columns: list[str] = OLD) -> bytes:
    return b"\r\n".join([",".join(columns).encode(), *rows, b""])


def current(**changed: str) -> bytes:
    return table(row(NEW, **{"event_type": "Battles", "event_date": "2016-03-26", **changed}), columns=NEW)


def test_a_row_of_the_old_layout_becomes_a_report() -> None:
    assert Acled().recognises(table(row()), "x")
    report = only_report(read_rows("acled", table(row()), feed="weekly"))
    assert report.report_id == "acled:7UKR"
    assert report.activity == "armed_clash"
    assert (report.observer, report.ledger, report.text) == ("ACLED", "independent", "Shots were heard.")
    assert (report.feed, report.published_at, report.weapons, report.remarks) == ("weekly", None, (), None)
    assert report.count is not None
    assert (report.count.min, report.count.max, report.count.unit) == (2.0, 2.0, "fatality")


def test_a_row_of_the_current_layout_has_its_sub_event_type_and_its_stamp() -> None:
    data = current(sub_event_type="Shelling/artillery/missile attack", timestamp="1700000000")
    assert Acled().recognises(data, "x")
    report = only_report(read_rows("acled", data))
    assert report.activity == "shelling"
    assert {Weapon.MORTAR, Weapon.ARTILLERY, Weapon.BALLISTIC_MISSILE} <= set(report.weapons)
    assert report.published_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_the_two_actors_do_not_say_who_fired() -> None:
    assert only_report(read_rows("acled", table(row()))).attribution is None
    assert only_report(read_rows("acled", current(sub_event_type="Attack"))).attribution is None


def test_no_deaths_are_a_number_and_no_figure_is_no_count() -> None:
    none = only_report(read_rows("acled", table(row(fatalities="0")))).count
    assert none is not None
    assert (none.min, none.max) == (0.0, 0.0)
    assert only_report(read_rows("acled", table(row(fatalities="")))).count is None


@pytest.mark.parametrize(
    ("day", "precision", "first", "after_last"),
    [
        ("26-March-2016", "1", (2016, 3, 26), (2016, 3, 27)),
        ("26 March 2016", "1", (2016, 3, 26), (2016, 3, 27)),
        ("26-Mar-2016", "1.0", (2016, 3, 26), (2016, 3, 27)),
        ("2016-03-26 00:00:00", "1", (2016, 3, 26), (2016, 3, 27)),
        ("06-January-2016", "2", (2016, 1, 3), (2016, 1, 10)),
        ("16-February-2016", "3", (2016, 2, 1), (2016, 3, 3)),
        ("19-November-2015", "3", (2015, 11, 1), (2015, 12, 5)),
        ("01-December-2015", "3", (2015, 11, 16), (2016, 1, 1)),
    ],
)
def test_time_precision_decides_the_interval_in_local_days(
    day: str, precision: str, first: tuple[int, int, int], after_last: tuple[int, int, int]
) -> None:
    report = only_report(read_rows("acled", table(row(event_date=day, time_precision=precision))))
    kyiv = ZoneInfo("Europe/Kyiv")
    assert report.observed_from == datetime(*first, tzinfo=kyiv).astimezone(UTC)
    assert report.observed_until == datetime(*after_last, tzinfo=kyiv).astimezone(UTC)


def test_days_of_a_country_of_many_time_zones_or_none_that_is_known_are_days_in_utc() -> None:
    for country in ("Russia", "Ruritania"):
        report = only_report(read_rows("acled", table(row(country=country, admin1=""))))
        assert report.observed_from == datetime(2016, 3, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "footprint"),
    [
        ({"geo_precision": "1"}, Disc(37.8, 48.1, 5_000.0)),
        ({"geo_precision": "2"}, Disc(37.8, 48.1, 25_000.0)),
        ({"geo_precision": "2.0"}, Disc(37.8, 48.1, 25_000.0)),
        ({"geo_precision": "3"}, Area(area_id="ua-donetsk")),
        ({"geo_precision": "3", "admin1": "Kyiv"} | IN_KYIV, Area(area_id="ua-kyiv")),
        ({"geo_precision": "3", "admin1": "Kyiv City"} | IN_KYIV, Area(area_id="ua-kyiv-city")),
        ({"geo_precision": "3", "admin1": ""}, Disc(37.8, 48.1, 150_000.0)),
        ({"geo_precision": "3", "admin1": "Zenda"}, Disc(37.8, 48.1, 150_000.0)),
    ],
)
def test_geo_precision_decides_the_footprint(changed: dict[str, str], footprint: Footprint) -> None:
    assert only_report(read_rows("acled", table(row(**changed)))).footprint == footprint


def test_the_documented_radii_are_those_in_force() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "sources" / "acled.md").read_text(encoding="utf-8")
    for precision, radius_m in RADIUS_M.items():
        words = f"disc of {radius_m / 1000:.0f} km"
        assert any(line.startswith(f"| {precision} |") and words in line for line in page.splitlines())
        assert any(line.split()[:1] == [str(precision)] and words in line for line in Acled.describe.splitlines())


@pytest.mark.parametrize("precision", ["1", "2", "3"])
def test_a_town_that_is_elsewhere_makes_the_footprint_take_in_both_and_is_marked(precision: str) -> None:
    # The quirk of the real table: the coordinates that it gives for Srinagar are some 150 km off.
    changed = {"country": "India", "admin1": "Jammu and Kashmir", "admin2": "Kashmir", "location": "Srinagar"}
    place = {"latitude": "33.45", "longitude": "76.23", "geo_precision": precision}
    report = only_report(read_rows("acled", table(row(**changed, **place))))
    assert isinstance(report.footprint, Disc)
    assert (report.footprint.lon, report.footprint.lat) == (76.23, 33.45)
    assert 145_000 < report.footprint.radius_m - RADIUS_M[int(precision)] < 155_000
    assert report.remarks is not None
    (remark,) = report.remarks
    assert (remark.field, remark.rule, remark.doubtful) == ("footprint", "places_differ", True)
    assert remark.said == "Srinagar, India at 33.45, 76.23"


def test_a_town_that_is_there_is_not_marked() -> None:
    changed = {"country": "India", "location": "SRINAGAR", "latitude": "34.08", "longitude": "74.80"}
    assert only_report(read_rows("acled", table(row(**changed)))).remarks is None


@pytest.mark.parametrize(
    "notes",
    ["The LoC was quiet; the ceasefire holds.", "Local people set up a road block.", "shelling, mortars, 40 dead"],
)
def test_the_notes_are_kept_and_never_searched(notes: str) -> None:
    plain = only_report(read_rows("acled", table(row(notes="-"))))
    told = only_report(read_rows("acled", table(row(notes=notes))))
    assert told.text == notes
    for field in ("activity", "footprint", "weapons", "count", "attribution", "remarks", "observed_from"):
        assert getattr(told, field) == getattr(plain, field)


def test_rows_end_with_crlf_and_notes_hold_bare_line_feeds() -> None:
    data = table(row(event_id_cnty="1UKR", notes="first line,\nsecond line"), row(event_id_cnty="2UKR"))
    rows = read_rows("acled", data)
    assert outcomes(rows) == ["acled:1UKR", "acled:2UKR"]
    assert rows[0].reports[0].text == "first line,\nsecond line"
    assert_conserved(rows, data)


def test_both_spellings_of_an_event_type_are_one() -> None:
    for word in ("Violence against civilians", "Violence Against Civilians"):
        assert only_report(read_rows("acled", table(row(event_type=word)))).activity == "attack_on_civilians"


def test_demonstrations_are_no_fire() -> None:
    codes = codes_of("acled")
    harmless = [code for column in codes.values() for word, code in column.codes.items() if "rotest" in word]
    assert len(harmless) >= 6
    fire = {activity for activity in Activity if activity.group == "fire"}
    assert not fire & {code.activity for code in harmless}


def test_an_empty_id_is_derived_from_the_row() -> None:
    first, again, other = read_rows(
        "acled", table(row(event_id_cnty=""), row(event_id_cnty=""), row(event_id_cnty=" "))
    )
    assert first.reports[0].report_id == again.reports[0].report_id != other.reports[0].report_id
    assert first.reports[0].report_id.startswith("acled:row-")


def test_a_row_of_tags_below_the_header_is_no_row() -> None:
    tags = ",".join("#date" if column == "EVENT_DATE" else "" for column in OLD).encode()
    assert outcomes(read_rows("acled", table(tags, row()))) == ["acled:7UKR"]


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"event_type": "Levitation"}, "unknown_term activity"),
        ({"event_type": ""}, "missing activity"),
        ({"event_date": ""}, "missing event_date"),
        ({"event_date": "26/03/2016"}, "bad_time event_date"),
        ({"event_date": "30-February-2016"}, "bad_time event_date"),
        ({"event_date": "26-Brumaire-2016"}, "bad_time event_date"),
        ({"event_date": "26-March-1016"}, "time_out_of_range event_date"),
        ({"time_precision": "4"}, "bad_value time_precision"),
        ({"time_precision": ""}, "missing time_precision"),
        ({"geo_precision": "0"}, "bad_value geo_precision"),
        ({"geo_precision": ""}, "missing geo_precision"),
        ({"latitude": ""}, "missing latitude"),
        ({"longitude": "east"}, "bad_value longitude"),
        ({"latitude": "0", "longitude": "0"}, "null_island footprint"),
        ({"latitude": "37.80", "longitude": "48.10"}, "coordinates_swapped footprint"),
        ({"latitude": "55.0", "longitude": "82.0"}, "contradicts_named_place footprint"),
        ({"geo_precision": "3"} | IN_KYIV, "contradicts_named_place footprint"),
        ({"geo_precision": "1"} | IN_KYIV, "acled:7UKR"),
        ({"fatalities": "many"}, "bad_value fatalities"),
        ({"fatalities": "-1"}, "bad_value count"),
    ],
)
def test_what_cannot_be_read_is_rejected_and_names_the_column(changed: dict[str, str], outcome: str) -> None:
    data = table(row(event_id_cnty="1UKR"), row(**changed), row(event_id_cnty="3UKR"))
    rows = read_rows("acled", data)
    assert outcomes(rows) == ["acled:1UKR", outcome, "acled:3UKR"]
    assert_conserved(rows, data)


def test_a_sub_event_type_or_a_stamp_that_is_not_known_is_rejected() -> None:
    assert outcomes(read_rows("acled", current(sub_event_type="Levitation"))) == ["unknown_term activity"]
    assert outcomes(read_rows("acled", current(timestamp="99999999999999"))) == ["bad_time timestamp"]


def test_an_event_type_that_is_not_listed_is_rejected_though_its_sub_event_type_is() -> None:
    data = current(event_type="Levitation", sub_event_type="Armed clash")
    assert outcomes(read_rows("acled", data)) == ["unknown_term activity"]
    assert only_report(read_rows("acled", current(event_type="", sub_event_type="Armed clash"))).remarks is None


@pytest.mark.parametrize(
    ("kind", "special", "doubted"),
    [
        ("Protests", "Armed clash", True),
        ("Battles", "Shelling/artillery/missile attack", True),
        ("Riots/Protests", "Armed clash", True),
        ("Battles", "armed  Clash", False),
        ("Explosions/Remote violence", "Shelling/artillery/missile attack", False),
        ("Protests", "Excessive force against protestors", False),
        ("Battle-No change of territory", "Armed clash", False),
    ],
)
def test_a_sub_event_type_of_another_event_type_is_in_doubt(kind: str, special: str, *, doubted: bool) -> None:
    remarks = only_report(read_rows("acled", current(event_type=kind, sub_event_type=special))).remarks or ()
    found = [(one.field, one.said, one.rule, one.doubtful) for one in remarks]
    assert found == ([("activity", f"{kind}: {special}", "code_doubted", True)] if doubted else [])


def test_every_sub_event_type_that_is_listed_belongs_to_one_event_type() -> None:
    for special in codes_of("acled")["sub_event_type"].codes:
        doubted = [
            only_report(read_rows("acled", current(event_type=kind, sub_event_type=special))).remarks is not None
            for kind in (
                *("Battles", "Explosions/Remote violence", "Violence against civilians", "Protests", "Riots"),
                "Strategic developments",
            )
        ]
        assert doubted.count(False) == 1, special


def test_under_a_damaged_header_every_row_is_a_reject_and_so_is_the_header() -> None:
    data = table(row()).replace(b"EVENT_DATE", b"EVENT?DATE", 1)
    assert not Acled().recognises(data, "acled.csv")
    rows = read_rows("acled", data)
    assert [row.reject is not None for row in rows] == [True, True]
    assert_conserved(rows, data)


def test_every_row_of_the_real_table_is_read_as_the_csv_module_reads_it(shared_data: Callable[[str], Path]) -> None:
    path = shared_data(REAL)
    with path.open(encoding="utf-8", newline="") as file:
        events = list(csv.DictReader(file))
    (given,) = open_input(str(path))
    assert given.source.name == "acled"
    rows = list(given.rows())
    assert_conserved(rows, path.read_bytes())
    assert len(rows) == len(events) == 1362
    flagged: Counter[str] = Counter()
    for event, row in zip(events, rows, strict=True):
        (report,) = row.reports
        assert report.report_id == "acled:" + event["EVENT_ID_CNTY"]
        assert report.text == event["NOTES"].strip()
        assert report.count is not None
        assert report.count.min == report.count.max == float(event["FATALITIES"])
        zone = ZoneInfo(ZONES[event["COUNTRY"]])
        begins, ends = report.observed_from.astimezone(zone), report.observed_until.astimezone(zone)
        assert begins.time() == ends.time() == time()
        day = datetime.strptime(event["EVENT_DATE"], "%d-%B-%Y").replace(tzinfo=UTC).date()
        before, after = day - begins.date(), ends.date() - day
        if event["TIME_PRECISION"] == "3":
            assert begins.date() <= day.replace(day=1)
            assert min(before, after) >= timedelta(days=15)
        else:
            around = {"1": 0, "2": 3}[event["TIME_PRECISION"]]
            assert (before, after) == (timedelta(days=around), timedelta(days=around + 1))
        disc = report.footprint
        assert isinstance(disc, Disc)
        assert (disc.lon, disc.lat) == (float(event["LONGITUDE"]), float(event["LATITUDE"]))
        usual_m = RADIUS_M[int(event["GEO_PRECISION"])]
        if report.remarks is None:
            assert disc.radius_m == usual_m
        else:
            assert disc.radius_m > usual_m + 30_000.0
            flagged[event["LOCATION"]] += 1
    assert flagged["Srinagar"] == sum(event["LOCATION"] == "Srinagar" for event in events) == 104
    # Dhaka stands at 23.42, 90.22: its degrees and minutes, written as a decimal fraction.
    assert flagged["Dhaka"] == 36
    assert flagged.total() < 210


@pytest.mark.parametrize("location", ["", "-", "…"])
def test_a_place_without_a_name_is_held_against_none(location: str) -> None:
    report = only_report(
        read_rows("acled", table(row(location=location, country="Russia", latitude="51.2", longitude="35.2")))
    )
    assert isinstance(report.footprint, Disc)
    assert (report.footprint.radius_m, report.remarks) == (RADIUS_M[1], None)
