"""Reporting days: every moment is in one, named by the date of its end, also where clocks are put on or back."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.agreement.days import ReportingDays
from pipeline.model.times import to_us, to_us_array

ZONES = (
    "Europe/Kyiv",
    "Asia/Damascus",
    "Asia/Beirut",  # put on at midnight: the date begins at 01:00
    "America/Havana",  # put back from 01:00: midnight comes twice
    "America/Asuncion",  # put back at midnight: the last hour of a date comes twice
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # put on by half an hour
    "Pacific/Apia",  # had no 30 December 2011
    "UTC",
)
ENDS = ("24:00", "00:00", "19:30", "02:30", "23:30", "00:30", "03:00")
moments = st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
clocks = st.builds(ReportingDays, st.sampled_from(ZONES), st.sampled_from(ENDS))


def day_of(days: ReportingDays, *moments: datetime) -> list[date]:
    return [days.date_of(day) for day in days.day_of(to_us_array(moments)).tolist()]


def kyiv(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo("Europe/Kyiv"))  # type: ignore[arg-type, misc] # year to microsecond


def test_a_day_is_named_by_the_date_of_its_end() -> None:
    days = ReportingDays("Europe/Kyiv", "19:30")
    told = day_of(days, kyiv(2018, 10, 5, 19, 29, 59, 999_999), kyiv(2018, 10, 5, 19, 30), kyiv(2018, 10, 6, 0, 0))
    assert told == [date(2018, 10, 5), date(2018, 10, 6), date(2018, 10, 6)]
    day = days.number_of(date(2018, 10, 5))
    assert days.begins(day) == kyiv(2018, 10, 4, 19, 30)
    assert days.ends(day) == kyiv(2018, 10, 5, 19, 30)


@pytest.mark.parametrize("ends", ["24:00", "00:00"])
def test_midnight_is_the_end_of_the_local_date(ends: str) -> None:
    days = ReportingDays("Europe/Kyiv", ends)
    assert day_of(days, kyiv(2018, 10, 5, 0, 0), kyiv(2018, 10, 5, 23, 59)) == [date(2018, 10, 5)] * 2


@pytest.mark.parametrize(
    ("ends", "named", "hours"),
    [
        ("19:30", date(2018, 3, 24), 24.0),
        ("19:30", date(2018, 3, 25), 23.0),
        ("19:30", date(2018, 10, 28), 25.0),
        ("24:00", date(2018, 3, 25), 23.0),
        ("24:00", date(2018, 10, 28), 25.0),
        ("03:30", date(2018, 3, 25), 23.5),  # put on from 03:00 to 04:00: the day ends there
        ("03:30", date(2018, 3, 26), 23.5),
        ("03:30", date(2018, 10, 28), 24.0),  # 03:30 comes twice: the day ends at the first
        ("03:30", date(2018, 10, 29), 25.0),
    ],
)
def test_days_are_longer_or_shorter_where_clocks_change(ends: str, named: date, hours: float) -> None:
    days = ReportingDays("Europe/Kyiv", ends)
    day = days.number_of(named)
    assert days.ends(day) - days.begins(day) == timedelta(hours=hours)


def test_where_midnight_is_left_out_the_date_begins_as_the_clock_is_put_on() -> None:
    days = ReportingDays("Asia/Beirut")
    day = days.number_of(date(2022, 3, 27))
    assert days.begins(day).astimezone(ZoneInfo("Asia/Beirut")).time() == time(1)


def test_a_date_that_never_was_is_empty() -> None:
    days = ReportingDays("Pacific/Apia")
    skipped = days.number_of(date(2011, 12, 30))
    assert days.begins(skipped) == days.ends(skipped)
    assert day_of(days, days.ends(skipped)) == [date(2011, 12, 31)]


@given(moments, st.sampled_from(ZONES))
def test_without_an_hour_of_its_own_a_day_is_the_local_date(moment: datetime, zone: str) -> None:
    assert day_of(ReportingDays(zone), moment) == [moment.astimezone(ZoneInfo(zone)).date()]


@given(clocks, st.lists(moments, min_size=1, max_size=8))
def test_every_moment_is_in_its_day_and_in_no_other(days: ReportingDays, told: list[datetime]) -> None:
    for moment, day in zip(told, days.day_of(to_us_array(told)).tolist(), strict=True):
        assert days.begins(day) <= moment < days.ends(day)
        assert days.ends(day) == days.begins(day + 1)
        assert days.day_of(np.array([to_us(moment)])).tolist() == [day]


@given(clocks, moments)
def test_the_clock_shows_the_hour_of_ending_or_was_put_on_over_it(days: ReportingDays, moment: datetime) -> None:
    (day,) = days.day_of(np.array([to_us(moment)])).tolist()
    zone, wall = ZoneInfo(days.timezone), time() if days.day_ends == "24:00" else time.fromisoformat(days.day_ends)
    shown, just_before = (days.ends(day) - ago for ago in (timedelta(), timedelta(microseconds=1)))
    named = days.date_of(day + 1 if wall == time() else day)
    assert shown.astimezone(zone).replace(tzinfo=None) >= datetime.combine(named, wall)
    assert just_before.astimezone(zone).replace(tzinfo=None) < datetime.combine(named, wall)


def test_of_no_times_there_are_no_days() -> None:
    assert ReportingDays("UTC").day_of(np.zeros(0, dtype=np.int64)).tolist() == []
