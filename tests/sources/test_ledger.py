"""A party's daily claims: what is counted, in which unit, and that a claim stands in the reconciliation."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.law.ledgers import reconciled
from pipeline.model.footprint import Area, Disc
from pipeline.model.report import Count
from pipeline.model.taxonomy import CountUnit
from pipeline.sources.ledger import Ledger
from tests.law.standing import sectored, standing
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

HEADER = b"date,party,region,class,count,note\n"


def one(count: str = "13", kind: str = "violations", region: str = "Donetsk Oblast", date: str = "2016-03-05") -> bytes:
    return HEADER + f'{date},a,{region},{kind},"{count}",as told\n'.encode()


def test_a_claim_is_of_the_party_s_ledger_and_of_the_whole_local_day() -> None:
    assert Ledger().recognises(one(), "x")
    report = only_report(read_rows("ledger", one()))
    assert (report.ledger, report.observer, report.activity, report.attribution) == ("party:a", "a", "unknown", None)
    assert report.footprint == Area(area_id="ua-donetsk")
    assert report.observed_from == datetime(2016, 3, 4, 22, tzinfo=UTC)
    assert report.observed_until == datetime(2016, 3, 5, 22, tzinfo=UTC)
    assert (report.count, report.text) == (Count(13.0, 13.0, CountUnit.EVENT), "as told")


@pytest.mark.parametrize(
    ("said", "least", "most", "rule"),
    [
        ("1,200", 1_200, 1_200, None),
        ("12.0", 12, 12, None),
        ("5-7", 5, 7, None),
        ("5 to 7", 5, 7, None),
        ("at least 30", 30, None, "count_open"),
        ("30+", 30, None, "count_open"),
        ("more than 30", 31, None, "count_open"),
        ("about 30", 15, 60, "count_rough"),
        ("N/K", 1, None, "count_not_known"),
        ("uncountable", 1, None, "count_not_known"),
    ],
)
def test_a_count_is_read_by_a_stated_rule(said: str, least: float, most: float | None, rule: str | None) -> None:
    report = only_report(read_rows("ledger", one(said)))
    assert report.count == Count(least, most, CountUnit.EVENT)
    assert [(remark.said, remark.rule) for remark in report.remarks or ()] == ([(said, rule)] if rule else [])


@pytest.mark.parametrize(
    ("kind", "activity", "unit"),
    [("Explosions", "explosion", "explosion"), ("shots", "shot", "shot"), ("air strikes", "air_strike", "event")],
)
def test_the_class_gives_activity_and_unit(kind: str, activity: str, unit: str) -> None:
    report = only_report(read_rows("ledger", one(kind=kind)))
    assert report.count is not None
    assert (report.activity, report.count.unit) == (activity, unit)


def test_a_place_may_be_a_disc_in_kilometres() -> None:
    data = b"Day,Party,Lon,Lat,Radius km,Activity,Number\n2016-03-05,a,37.6,48.2,3,shelling,4\n"
    report = only_report(read_rows("ledger", data))
    assert report.footprint == Disc(37.6, 48.2, 3_000.0)
    assert report.observed_from == datetime(2016, 3, 4, 22, tzinfo=UTC)
    assert report.remarks is None


PLACED = b"date,party,lon,lat,radius_m,class,count,country,region\n2016-03-05,a,%s,3000,shelling,4,%s\n"


@pytest.mark.parametrize(
    ("place", "names", "begins", "doubted"),
    [
        (b"37.6,48.2", b",", datetime(2016, 3, 4, 22, tzinfo=UTC), False),
        (b"37.6,48.2", b",Zenda", datetime(2016, 3, 4, 22, tzinfo=UTC), False),
        (b"85.3,27.7", b"Nepal,", datetime(2016, 3, 4, 18, 15, tzinfo=UTC), False),
        (b"85.3,27.7", b",", datetime(2016, 3, 5, tzinfo=UTC), True),
    ],
)
def test_a_place_that_has_no_name_has_the_time_of_where_it_lies(
    place: bytes, names: bytes, begins: datetime, *, doubted: bool
) -> None:
    report = only_report(read_rows("ledger", PLACED % (place, names)))
    assert report.observed_from == begins
    found = [(one.field, one.said, one.rule, one.doubtful) for one in report.remarks or ()]
    assert found == ([("observed_from", "2016-03-05", "words_unread", True)] if doubted else [])


@pytest.mark.parametrize(
    ("place", "names", "outcome"),
    [
        (b"30.7,46.5", b",Donetsk Oblast", "contradicts_named_place footprint"),
        (b"48.2,37.6", b",Donetsk Oblast", "coordinates_swapped footprint"),
        (b"48.2,37.6", b"Ukraine,", "coordinates_swapped footprint"),
        (b"85.3,27.7", b",Ukraine", "contradicts_named_place footprint"),
    ],
)
def test_coordinates_far_from_the_place_that_is_named_are_rejected(place: bytes, names: bytes, outcome: str) -> None:
    assert outcomes(read_rows("ledger", PLACED % (place, names))) == [outcome]


@pytest.mark.parametrize("said", ["0", "0-5", "at least 0", "about 0"])
def test_a_claim_of_what_may_be_nothing_raises_nothing_and_keeps_its_count(said: str) -> None:
    report = only_report(read_rows("ledger", one(said, "shelling")))
    assert (report.activity, report.activity.group) == ("statement", "speech")
    assert report.count is not None
    assert (report.count.min, report.count.unit) == (0.0, "event")
    remarks = [(one.field, one.said, one.doubtful) for one in report.remarks or () if one.rule == "as_said"]
    assert remarks == [("activity", "shelling", False)]


def test_about_one_is_one_at_least() -> None:
    report = only_report(read_rows("ledger", one("about 1", "shelling")))
    assert (report.activity, report.count) == ("shelling", Count(1.0, 2.0, CountUnit.EVENT))


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (one(region="Zenda"), "unknown_area area"),
        (one(region=""), "missing footprint"),
        (one(kind="dances"), "unknown_term activity"),
        (one(kind=""), "missing activity"),
        (one(""), "missing count"),
        (one("a few"), "bad_value count"),
        (one("7-5"), "bad_value count"),
        (one("-3"), "bad_value count"),
        (one(date="5 March"), "bad_time date"),
        (one(date=""), "missing date"),
    ],
)
def test_what_cannot_be_read_is_rejected(data: bytes, outcome: str) -> None:
    data += one().partition(b"\n")[2]
    rows = read_rows("ledger", data)
    assert outcomes(rows)[0] == outcome
    assert rows[1].reports
    assert_conserved(rows, data)


def test_a_claim_stands_in_the_reconciliation_beside_the_incidents(tmp_path: Path) -> None:
    agreement = sectored(tmp_path)
    told = only_report(read_rows("ledger", one("5-7", "shelling")))
    incident, reports = standing(told)
    (row,) = reconciled([incident], {incident.incident_id: reports}, agreement)
    (figures,) = row.ledgers
    assert (row.first_day, figures.ledger, figures.incidents) == ("2016-03-05", "party:a", 0)
    assert figures.claimed == Count(5.0, 7.0, CountUnit.EVENT)


def test_a_claim_of_nothing_stands_in_the_reconciliation_as_nothing(tmp_path: Path) -> None:
    agreement = sectored(tmp_path)
    incident, reports = standing(only_report(read_rows("ledger", one("0", "shelling"))))
    (row,) = reconciled([incident], {incident.incident_id: reports}, agreement)
    (figures,) = row.ledgers
    assert (figures.incidents, figures.claimed) == (0, Count(0.0, 0.0, CountUnit.EVENT))


@pytest.mark.parametrize("head", [b"", HEADER.replace(b"party", b"actor"), HEADER.replace(b"count", b"note")])
def test_other_tables_are_not_taken_for_it(head: bytes) -> None:
    assert not Ledger().recognises(head, "claims.csv")
