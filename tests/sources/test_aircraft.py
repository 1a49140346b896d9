"""Tracks of aircraft: each layout's columns, and what a row says of how well its place is known."""

from datetime import UTC, datetime

import pytest

from pipeline.model.footprint import Disc
from pipeline.sources.aircraft import Aircraft
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

OPENSKY = (
    "time,icao24,lat,lon,velocity,heading,vertrate,callsign,onground,alert,spi,squawk,baroaltitude,geoaltitude,"
    "lastposupdate,lastcontact"
)
STATE = "1598918400,3C6444,48.1,37.8,200,90,0,TEST1  ,{ground},False,False,1000,1234.5,1300,1598918398.5,1598918399"


def one(header: str, row: str) -> bytes:
    return f"{header}\n{row}\n".encode()


def test_a_state_vector_is_a_fix_of_the_time_of_its_position() -> None:
    data = one(OPENSKY, STATE.format(ground="False"))
    assert Aircraft().recognises(data, "x")
    report = only_report(read_rows("aircraft", data))
    assert report.report_id.startswith("aircraft:row-")
    assert (report.track_id, report.activity, report.weapons) == ("3c6444", "flight", ("unknown",))
    assert report.observed_from == report.observed_until == datetime(2020, 8, 31, 23, 59, 58, 500_000, tzinfo=UTC)
    assert report.footprint == Disc(37.8, 48.1, 1_000.0)
    assert report.remarks is not None
    assert [remark.said for remark in report.remarks] == ["baroaltitude 1234.5", "onground False"]


def test_an_aircraft_on_the_ground_does_not_fly() -> None:
    assert only_report(read_rows("aircraft", one(OPENSKY, STATE.format(ground="True")))).activity == "other"
    header = "timestamp,hex,longitude,latitude,alt_baro"
    assert only_report(read_rows("aircraft", one(header, "2026-01-02T03:04:05Z,ab,37,48,ground"))).activity == "other"


@pytest.mark.parametrize(
    ("written", "begins", "lasts_s"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), 0),
        ("2026-01-02 03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC), 0),
        ("2026-01-02 03:04", datetime(2026, 1, 2, 3, 4, tzinfo=UTC), 60),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC), 86_400),
        ("1598918400", datetime(2020, 9, 1, tzinfo=UTC), 0),
        ("1598918400250", datetime(2020, 9, 1, 0, 0, 0, 250_000, tzinfo=UTC), 0),
    ],
)
def test_a_time_is_as_precise_as_it_is_written(written: str, begins: datetime, lasts_s: float) -> None:
    report = only_report(read_rows("aircraft", one("time,id,lon,lat,altitude", f"{written},a,37,48,900")))
    assert report.observed_from == begins
    assert (report.observed_until - begins).total_seconds() == lasts_s


@pytest.mark.parametrize(
    ("column", "word", "radius_m"),
    [("nac_p", "9", 30.0), ("nacp", "0", 37_040.0), ("NIC", "8", 185.2), ("rc", "186", 186.0), ("nic", "", 1_000.0)],
)
def test_the_stated_accuracy_is_the_radius(column: str, word: str, radius_m: float) -> None:
    rows = read_rows("aircraft", one(f"time,id,lon,lat,altitude,{column}", f"2026-01-02,a,37,48,900,{word}"))
    assert only_report(rows).footprint == Disc(37.0, 48.0, radius_m)


@pytest.mark.parametrize(
    ("column", "word", "weapon"),
    [
        ("category", "A7", "rotary_wing"),
        ("category", "b6", "uav"),
        ("category", "10", "balloon"),
        ("category", "A0", "unknown"),
        ("type", "fixed_wing", "fixed_wing"),
        ("type", "B738", "unknown"),
    ],
)
def test_the_kind_is_the_weapon(column: str, word: str, weapon: str) -> None:
    rows = read_rows("aircraft", one(f"time,id,lon,lat,altitude,{column}", f"2026-01-02,a,37,48,900,{word}"))
    assert only_report(rows).weapons == (weapon,)


def test_a_fix_that_is_there_twice_is_one_report_and_order_does_not_matter() -> None:
    rows = b"2026-01-02T03:04:06Z,a,37,48,9\n2026-01-02T03:04:05Z,a,37,48,9\r\n2026-01-02T03:04:06Z,a,37,48,9\n"
    first, second, again = outcomes(read_rows("aircraft", b"time,id,lon,lat,altitude\n" + rows))
    assert first == again != second


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        (",a,37,48,9,", "missing observed_from"),
        ("noon,a,37,48,9,", "bad_time observed_from"),
        ("20260102,a,37,48,9,", "bad_time observed_from"),
        ("1026-01-02,a,37,48,9,", "time_out_of_range observed_from"),
        ("2026-01-02, ,37,48,9,", "missing track_id"),
        ("2026-01-02,a,,,9,", "missing lon"),
        ("2026-01-02,a,0,0,9,", "null_island footprint"),
        ("2026-01-02,a,37,48,9,Z9", "unknown_term weapons"),
        ("2026-01-02,a,37", "bad_row"),
    ],
)
def test_what_cannot_be_read_is_rejected(row: str, outcome: str) -> None:
    data = f"time,id,lon,lat,altitude,category\n2026-01-02,x,37,48,1,\n{row}\n".encode()
    rows = read_rows("aircraft", data)
    assert outcomes(rows)[1] == outcome
    assert_conserved(rows, data)


@pytest.mark.parametrize("head", [b"", b"time,id,lon,lat\n", b"id,lon,lat,altitude\n", b"lat,lon,acq_time\n"])
def test_other_tables_are_not_taken_for_it(head: bytes) -> None:
    assert not Aircraft().recognises(head, "tracks.csv")
