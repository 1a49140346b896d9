"""Intervals for people: a moment by the clock; whole days, and what is longer, by days."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pipeline.agreement.days import ReportingDays
from pipeline.cli.words import stamp, zone_name
from pipeline.model.times import from_us, to_us, to_us_array

_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)


class Told(NamedTuple):
    """An interval by days, and how long that is: whole days by their number, whatever the clock does meanwhile."""

    words: str
    lasts: timedelta


def by_days(begin: datetime, end: datetime, days: ReportingDays | None) -> Told | None:
    """An interval of whole days, or longer than a day, as people write it; None where it is shorter.

    Whole days are the agreement's reporting days, days on its clock, or days of UTC. Of what is longer than a day and
    made of none of these, the days that it touches are named.

    >>> begin = datetime(2015, 2, 14, 22, tzinfo=UTC)
    >>> by_days(begin, begin + timedelta(days=1), ReportingDays("Europe/Kyiv")).words
    '2015-02-15 (Kyiv), all day'
    >>> by_days(begin, begin + timedelta(days=1, hours=3), ReportingDays("Europe/Kyiv")).words
    '2015-02-15 to 02-16 (Kyiv)'
    >>> early = begin - timedelta(hours=4.5)
    >>> by_days(early, early + timedelta(days=1), ReportingDays("Europe/Kyiv", "19:30")).words
    '2015-02-15 (to 19:30, Kyiv), all day'
    """
    if end <= begin:
        return None
    if days is not None and (reporting := _reporting(begin, end, days)) is not None:
        ends = "" if _ends_at_midnight(days) else f"to {days.day_ends}, "
        return _told(*reporting, f"{ends}{zone_name(ZoneInfo(days.timezone))}")
    zones: list[tzinfo] = [UTC] if days is None else [ZoneInfo(days.timezone), UTC]
    for zone in zones:
        first, after = begin.astimezone(zone), end.astimezone(zone)
        if first.time() == after.time() == datetime.min.time():
            return _told(first.date(), after.date() - _DAY, zone_name(zone))
    if end - begin < _DAY:
        return None
    first, last = begin.astimezone(zones[0]), (end - _TICK).astimezone(zones[0])
    return Told(_words(first.date(), last.date(), zone_name(zones[0])), end - begin)


def between(begin: datetime, end: datetime, days: ReportingDays | None) -> str:
    """An interval in UTC and, in brackets, on the agreement's clock; before both the days, where it is made of days."""
    said = f"{_span(begin, end)} UTC"
    if days is not None:
        zone = ZoneInfo(days.timezone)
        said += f" ({_span(begin.astimezone(zone), end.astimezone(zone))} {zone_name(zone)})"
    told = by_days(begin, end, days)
    return said if told is None else f"{told.words}: {said}"


def _reporting(begin: datetime, end: datetime, days: ReportingDays) -> tuple[date, date] | None:
    """The first and the last of the reporting days of which an interval is made; None where it is not."""
    first, last = days.day_of(to_us_array([begin, from_us(to_us(end) - 1)])).tolist()
    if days.begins(first) != begin or days.ends(last) != end:
        return None
    return days.date_of(first), days.date_of(last)


def _ends_at_midnight(days: ReportingDays) -> bool:
    return days.day_ends in ("24:00", "00:00")


def _told(first: date, last: date, whose: str) -> Told:
    return Told(_words(first, last, whose), last - first + _DAY)


def _words(first: date, last: date, whose: str) -> str:
    if first == last:
        return f"{first} ({whose}), all day"
    return f"{first} to {last if first.year != last.year else f'{last:%m-%d}'} ({whose})"


def _span(begin: datetime, end: datetime) -> str:
    if begin == end:
        return stamp(begin)
    until = stamp(end)
    return f"{stamp(begin)} to {until[11:] if begin.date() == end.date() else until}"
