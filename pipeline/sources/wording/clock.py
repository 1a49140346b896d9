"""Intervals of local time: a minute is a whole minute, and clocks that are put back make an interval wider."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple


class Interval(NamedTuple):
    """From `begin` up to `end`, in UTC."""

    begin: datetime
    end: datetime


def interval(begin: datetime, end: datetime, zone: tzinfo) -> Interval:
    """The instants that two local times, without a zone, may stand for."""
    return Interval(min(_both(begin, zone)), max(_both(end, zone)))


def at(day: date, minutes: int) -> datetime:
    """The local time so many minutes after a day's beginning; they may be of a day before or after."""
    return datetime.combine(day, time()) + timedelta(minutes=minutes)


def _both(local: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    return (
        local.replace(tzinfo=zone, fold=0).astimezone(UTC),
        local.replace(tzinfo=zone, fold=1).astimezone(UTC),
    )
