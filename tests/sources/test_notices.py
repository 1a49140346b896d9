"""Prior notifications as a table: each becomes a notice that suspends what it announces, for its time."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.agreement import Agreement
from pipeline.model.footprint import Area, Disc, MultiPolygon, Polygon
from pipeline.model.report import Attribution, Report
from pipeline.model.taxonomy import Activity, Basis
from pipeline.sources.notices import Notices
from tests.law.folding import NEAR_A, alerts
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows
from tests.worlds import report, world

HEADER = "reference,activity,from,until,notified_at,lon,lat,radius_m,area,wkt,line,party,note\n"
NOTICE = "N1,training,2016-03-01T09:00Z,2016-03-01T14:59Z,{notified},37.45,48.35,3000,,,,a,at the range\n"


def table(*rows: str) -> bytes:
    return (HEADER + "".join(rows)).encode()


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def test_a_row_is_a_notice_of_its_interval_and_place() -> None:
    data = table(NOTICE.format(notified="2016-03-01T06:00:00Z"))
    assert Notices().recognises(data, "x")
    told = only_report(read_rows("notices", data))
    assert (told.report_id, told.activity, told.ledger) == ("notices:N1", "notification", "independent")
    assert (told.observed_from, told.observed_until) == (
        datetime(2016, 3, 1, 9, tzinfo=UTC),
        datetime(2016, 3, 1, 15, tzinfo=UTC),
    )
    assert told.published_at == datetime(2016, 3, 1, 6, tzinfo=UTC)
    assert told.footprint == Disc(37.45, 48.35, 3_000.0)
    assert told.attribution == Attribution("a", "a", Basis.ADMISSION)
    assert told.text == "at the range"
    assert told.remarks is not None
    assert told.remarks[0].said == "training"


def fired(hours: float) -> Report:
    at = timedelta(hours=hours)
    return report(1, NEAR_A, Activity.LIVE_FIRE_TRAINING, at=at, observer="patrol", ledger="independent")


@pytest.mark.parametrize(
    ("notified", "hours", "suspended"),
    [
        ("2016-03-01T06:00:00Z", 10, True),
        ("2016-03-01T06:00:00Z", 16, False),
        ("2016-03-01T08:30:00Z", 10, False),
        ("2016-03-01", 10, False),
        ("2016-02-29", 10, True),
    ],
)
def test_a_notice_suspends_what_it_announces_for_its_time_and_no_longer(
    agreement: Agreement, notified: str, hours: float, suspended: bool
) -> None:
    told = only_report(read_rows("notices", table(NOTICE.format(notified=notified))))
    assert alerts(agreement, "training", fired(hours)) != []
    found = alerts(agreement, "training", fired(hours), told)
    assert all(alert.standing == ("possible" if suspended else "raised") for alert in found)
    assert bool(found) or suspended


def test_the_time_is_that_of_the_named_area() -> None:
    row = "N2,training,2016-03-01,2016-03-02,2016-02-28,,,,Donetsk Oblast,,,a,\n"
    told = only_report(read_rows("notices", table(row)))
    assert told.footprint == Area(area_id="ua-donetsk")
    assert told.observed_from == datetime(2016, 2, 29, 22, tzinfo=UTC)
    assert told.observed_until == datetime(2016, 3, 2, 22, tzinfo=UTC)
    assert told.published_at == datetime(2016, 2, 28, 22, tzinfo=UTC)


SQUARE = '"POLYGON(({0} {1},{0}.1 {1},{0}.1 {1}.1,{0} {1}))"'
DAY = "N1,training,2016-03-01,2016-03-01,2016-02-28,{place},{area},{wkt},,a,\n"


@pytest.mark.parametrize(
    ("row", "offset_h", "doubts"),
    [
        (DAY.format(place="37.45,48.35,3000", area="", wkt=""), 2, 0),
        (DAY.format(place=",,", area="", wkt=SQUARE.format(37, 48)), 2, 0),
        (DAY.format(place="85.3,27.7,3000", area="", wkt=""), 0, 3),
        (DAY.format(place=",,", area="", wkt=SQUARE.format(85, 27)), 0, 3),
        (NOTICE.format(notified="2016-02-28T00:00Z").replace("37.45,48.35", "85.3,27.7"), -9, 0),
    ],
)
def test_a_place_that_has_no_name_has_the_time_of_where_it_lies(row: str, offset_h: int, doubts: int) -> None:
    told = only_report(read_rows("notices", table(row)))
    assert told.observed_from == datetime(2016, 3, 1, tzinfo=UTC) - timedelta(hours=offset_h)
    doubted = [one.field for one in told.remarks or () if one.doubtful and one.rule == "words_unread"]
    assert doubted == ["observed_from", "observed_until", "published_at"][:doubts]


@pytest.mark.parametrize(
    ("place", "wkt", "outcome"),
    [
        ("30.7,46.5,3000", "", "contradicts_named_place footprint"),
        ("48.2,37.6,3000", "", "coordinates_swapped footprint"),
        (",,", SQUARE.format(30, 46), "contradicts_named_place footprint"),
        ("37.6,48.2,3000", "", "notices:N1"),
    ],
)
def test_a_place_far_from_the_area_that_is_named_is_rejected(place: str, wkt: str, outcome: str) -> None:
    row = DAY.format(place=place, area="Donetsk Oblast", wkt=wkt)
    assert outcomes(read_rows("notices", table(row))) == [outcome]


@pytest.mark.parametrize(
    ("wkt", "geometry"),
    [
        ("POLYGON((37 48,38 48,38 49,37 48))", Polygon([[[37, 48], [38, 48], [38, 49], [37, 48]]])),
        ("MULTIPOLYGON(((37 48,38 48,38 49,37 48)))", MultiPolygon([[[[37, 48], [38, 48], [38, 49], [37, 48]]]])),
    ],
)
def test_an_outline_may_be_given_as_wkt(wkt: str, geometry: Polygon | MultiPolygon) -> None:
    told = only_report(read_rows("notices", table(f'N3,t,2016-03-01,2016-03-02,,,,,,"{wkt}",the line,a,\n')))
    assert told.footprint == Area(geometry=geometry)
    assert (told.published_at, told.remarks and told.remarks[1].said) == (None, "the line")


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ("N,t,2016-03-01,2016-03-02,,,,,,,the line,a,", "unknown_area footprint"),
        ("N,t,2016-03-01,2016-03-02,,,,,,,,a,", "missing footprint"),
        ("N,t,2016-03-01,2016-03-02,,,,,Zenda,,,a,", "unknown_area area"),
        ("N,t,2016-03-01,2016-03-02,,37,48,,,,,a,", "missing radius_m"),
        ("N,t,2016-03-01,2016-03-02,,,,,,POINT(1 1),,a,", "bad_geometry footprint"),
        ("N,t,2016-03-01,2016-03-02,,,,,,POLYGON((,,a,", "bad_geometry footprint"),
        ("N,t,2016-03-03,2016-03-01,,37,48,5,,,,a,", "end_before_start observed_until"),
        ("N,t,,2016-03-01,,37,48,5,,,,a,", "missing observed_from"),
        ("N,,2016-03-01,2016-03-02,,37,48,5,,,,a,", "missing activity"),
    ],
)
def test_what_cannot_be_read_is_rejected(row: str, outcome: str) -> None:
    data = table(row + "\n", NOTICE.format(notified=""))
    rows = read_rows("notices", data)
    assert outcomes(rows) == [outcome, "notices:N1"]
    assert_conserved(rows, data)
