"""Tables of ceasefire violations in invented rows: late and early headers, positions, and what the words become."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.model.footprint import Bearing, Disc
from pipeline.model.report import Report
from pipeline.sources.base import InputError, Row
from pipeline.sources.inputs import open_input
from pipeline.sources.osce import Osce
from tests.sources.reading import assert_conserved, outcomes, read_rows

HEADER = "SMM position|Event location|Means|No.|Observation|Description|Weapon|Date, time|Lon|Lat".split("|")
CAMERA = ("SMM camera at the old mill", "37.75", "48.05")


def table(*rows: list[str], header: list[str] = HEADER, titles: tuple[list[str], ...] = ()) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([*titles, header, *rows])
    return text.getvalue().encode()


def event(
    *,
    location: str = "1-5km SSE",
    means: str = "Recorded",
    number: str = "6",
    observation: str = "Explosion",
    description: str = "Undetermined",
    weapon: str = "N/K",
    at: str = "02-Oct-2018, 20:20",
) -> list[str]:
    position, lon, lat = CAMERA
    return [position, location, means, number, observation, description, weapon, at, lon, lat]


def reports(*rows: list[str]) -> list[Report]:
    read = read_rows("osce", table(*rows))
    assert all(row.reject is None for row in read), [row.reject for row in read]
    return [report for row in read for report in row.reports]


def test_a_row_becomes_a_report() -> None:
    (report,) = reports(event())
    assert report.footprint == Bearing(37.75, 48.05, 1000.0, 5000.0, ((146.25, 168.75),), 500.0)
    assert report.observed_from == datetime(2018, 10, 2, 17, 20, tzinfo=UTC)
    assert report.observed_until == datetime(2018, 10, 2, 17, 21, tzinfo=UTC)
    assert (report.activity, report.weapons, report.attribution) == ("explosion", (), None)
    assert (report.ledger, report.observer) == ("independent", "camera at the old mill")
    assert report.count is not None
    assert (report.count.min, report.count.max, report.count.unit) == (6.0, 6.0, "explosion")
    assert report.remarks is not None
    assert {(remark.field, remark.said, remark.rule.value) for remark in report.remarks} == {
        ("footprint", "1-5km SSE", "range_and_winds"),
        ("observer", "Recorded", "as_said"),
        ("activity", "Undetermined", "as_said"),
        ("weapons", "N/K", "as_said"),
    }
    assert report.text == "SMM camera at the old mill | 1-5km SSE | Recorded | 6 | Explosion | Undetermined | N/K"


def test_incoming_and_outgoing_are_kept_as_said_and_decide_nothing() -> None:
    split = "3 incoming / 4 outgoing / 19 undetermined"
    (report,) = reports(event(number="26", observation="Mortar round", description=split, weapon="mortar"))
    (outgoing,) = reports(event(description="Outgoing"))
    assert (report.activity, outgoing.activity) == ("explosion", "explosion")
    assert report.count is not None
    assert (report.count.max, report.count.unit) == (26.0, "round")
    assert any((remark.said, remark.rule) == (split, "as_said") for remark in report.remarks or ())


def test_counts_in_unlike_units_stay_apart() -> None:
    each = reports(event(observation="Explosions and bursts", number="6 / ~30"))
    told = [(one.activity, one.count and (one.count.min, one.count.max, one.count.unit)) for one in each]
    assert told == [("explosion", (6.0, 6.0, "explosion")), ("burst", (15.0, 60.0, "burst"))]
    assert each[1].report_id == each[0].report_id + "-2"


def test_one_number_for_several_things_is_not_divided() -> None:
    (shots,) = reports(event(observation="Shots and bursts", number="about 30", weapon="small arms and HMG"))
    assert shots.count is not None
    assert (shots.count.min, shots.count.max, shots.count.unit) == (15.0, 60.0, "event")
    assert shots.weapons == ("small_arms", "heavy_machine_gun")
    unlike = reports(event(observation="Explosion, illumination flare", number="4"))
    assert [one.activity for one in unlike] == ["explosion", "flare"]
    assert all(one.count is not None and (one.count.min, one.count.max) == (1.0, 4.0) for one in unlike)


def test_numbers_and_kinds_may_stand_in_the_description_alone() -> None:
    each = reports(event(number="", observation="", description="heard 23 explosions and 2 bursts"))
    assert [one.count and one.count.max for one in each] == [23.0, 2.0]
    assert each[0].remarks is not None
    assert ("observer", "Recorded") in {(remark.field, remark.said) for remark in each[0].remarks}


def test_what_happened_is_unknown_where_no_word_says_it_and_that_is_marked() -> None:
    (report,) = reports(event(observation="Something", description=""))
    assert report.activity == "unknown"
    assert any(remark.rule == "words_unread" and remark.doubtful for remark in report.remarks or ())


def test_a_location_that_is_not_known_is_a_broad_disc_about_the_observer() -> None:
    (report,) = reports(event(location="N/K"))
    assert report.footprint == Disc(37.75, 48.05, 20_500.0)
    assert any(remark.field == "footprint" and remark.doubtful for remark in report.remarks or ())


def test_the_early_header_and_a_title_that_names_the_day() -> None:
    header = ["SMM Position", "Location of event", "Number", "Description", "In/out", "Weapon", "Time", "lon", "lat"]
    row = ["Hill", "3-6km W", "26", "explosion", "incoming", "mortar or artillery", "20:20", "37.75", "48.05"]
    title = ["Table of ceasefire violations as of 3 October 2018", *[""] * 8]
    data = table(row, header=header, titles=(title,))
    assert Osce().recognises(data, "x.csv")
    (read,) = read_rows("osce", data)
    (report,) = read.reports
    assert report.observed_from == datetime(2018, 10, 2, 17, 20, tzinfo=UTC)
    assert report.weapons == ("mortar", "artillery")
    assert any((remark.field, remark.said) == ("activity", "incoming") for remark in report.remarks or ())


def written(folder: Path, positions: str, *rows: list[str]) -> list[Row]:
    path = folder / "violations.csv"
    path.write_bytes(table(*(row[:-2] for row in rows), header=HEADER[:-2]))
    (folder / "violations.csv.positions.toml").write_text(positions, encoding="utf-8")
    (given,) = open_input(str(path))
    assert given.source.name == "osce"
    return list(given.rows())


POSITIONS = """
reported = 2018-10-03
[position."smm camera AT the old mill"]
lon = 37.75
lat = 48.05
radius_m = 300
[position.Millbrook]
lon = 38.0
lat = 48.5
radius_m = 1000
"""


def test_positions_and_the_day_of_the_report_stand_in_a_file_beside_the_table(tmp_path: Path) -> None:
    near, named, told = event(at="N/K"), event(), event(location="2 km NE of Millbrook")
    near[0] = "SMM camera 1 km N of Millbrook"
    rows = written(tmp_path, POSITIONS, near, named, told)
    footprints = [report.footprint for row in rows for report in row.reports]
    north, by_name, from_town = footprints
    assert isinstance(north, Bearing)
    assert north.lat == pytest.approx(48.509, abs=1e-3)
    assert north.observer_radius_m == pytest.approx(1000 + 250 + 1250 * 0.195, abs=1)
    assert isinstance(by_name, Bearing)
    assert (by_name.lon, by_name.lat, by_name.observer_radius_m) == (37.75, 48.05, 300.0)
    assert from_town == Bearing(38.0, 48.5, 1500.0, 2500.0, ((33.75, 56.25),), 1000.0)
    begin, end = rows[0].reports[0].observed_from, rows[0].reports[0].observed_until
    assert (begin, end) == (datetime(2018, 10, 2, 16, 30, tzinfo=UTC), datetime(2018, 10, 3, 16, 30, tzinfo=UTC))


def test_a_town_of_the_towns_stands_in_for_a_position(tmp_path: Path) -> None:
    row = event()
    row[0] = "SMM patrol 2 km W of Toretsk"
    (read,) = written(tmp_path, "", row)
    (report,) = read.reports
    assert isinstance(report.footprint, Bearing)
    assert report.footprint.lat == pytest.approx(48.4, abs=0.1)
    assert report.footprint.observer_radius_m > 5000


@pytest.mark.parametrize(
    "text", ["position = 1", "[position.A]\nlon = 1\n", "[position.A]\nlon=0\nlat=0\nradius_m=1", "x"]
)
def test_a_file_of_positions_that_is_wrong_is_an_error_before_the_first_row(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"positions\.toml"):
        written(tmp_path, text, event())


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({0: ""}, "missing position"),
        ({0: "Post 7", 8: "", 9: ""}, "unknown_area position"),
        ({8: "48.05", 9: "37.75"}, "coordinates_swapped footprint"),
        ({8: "0", 9: "0"}, "null_island footprint"),
        ({8: "x"}, "bad_value longitude"),
        ({9: ""}, "missing latitude"),
        ({3: "0"}, "bad_value count"),
        ({7: "02-Oct, 20:20"}, "bad_time observed_from"),
        ({7: "31 Feb 2018"}, "bad_time observed_from"),
        ({7: ""}, "missing observed_from"),
        ({7: "2 Oct 1018, 20:20"}, "time_out_of_range observed_from"),
    ],
)
def test_what_cannot_be_read_is_rejected_and_its_neighbours_are_not(changed: dict[int, str], outcome: str) -> None:
    bad = [changed.get(at, cell) for at, cell in enumerate(event())]
    data = table(event(number="1"), bad, event(number="3"))
    rows = read_rows("osce", data)
    assert outcomes(rows)[1] == outcome
    assert [row.reject is None for row in rows] == [True, False, True]
    assert_conserved(rows, data)


def test_without_its_header_every_row_is_a_reject() -> None:
    data = table(event(), header=event())
    assert not Osce().recognises(data, "x.csv")
    rows = read_rows("osce", data)
    assert outcomes(rows) == ["missing position"] * 2
    assert_conserved(rows, data)


def test_rows_are_read_as_the_csv_module_reads_them() -> None:
    winds = ("N", "NE", "SSE", "W")
    events = [
        event(location=f"{n}-{n + 2}km {winds[n % 4]}", number=str(n), at=f"{n}-Oct-2018, 0{n % 10}:1{n % 6}")
        for n in range(1, 28)
    ]
    data = table(*events)
    kept = list(csv.DictReader(io.StringIO(data.decode())))
    for given, row in zip(kept, read_rows("osce", data), strict=True):
        (report,) = row.reports
        local = datetime.strptime(given["Date, time"] + " +0300", "%d-%b-%Y, %H:%M %z")
        assert report.observed_from == local.astimezone(UTC)
        assert isinstance(report.footprint, Bearing)
        low, high = given["Event location"].split("km")[0].split("-")
        assert (report.footprint.range_min_m, report.footprint.range_max_m) == (int(low) * 1000, int(high) * 1000)
        assert (report.footprint.lon, report.footprint.lat) == (float(given["Lon"]), float(given["Lat"]))
        assert report.count is not None
        assert report.count.min == report.count.max == int(given["No."])


@pytest.mark.parametrize("head", [b"", b"position,location,date,no\n1,2,3,4\n", b"\xff\xfe\0", b"SMM position\n"])
def test_other_tables_are_not_taken_for_it(head: bytes) -> None:
    assert not Osce().recognises(head, "osce.csv")
