"""Reporting days: an agreement's own, on its clock and with its hour of ending, right where clocks are put on or back.

A day is a number, the days from 1970-01-01 to its date, as in numpy's `datetime64[D]`; its date is that on which it
ends. One that ends at 24:00 is the plain local date; "00:00" is read so too.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.model.times import from_us, to_us

Ints = NDArray[np.int64]

_FIRST = date(1970, 1, 1).toordinal()
_DAY_US = 86_400_000_000
_SECOND_US = 1_000_000
_MIDNIGHT = time()


class ReportingDays:
    """The days by which an agreement's reports are counted.

    A day begins where the one before it ends, so every moment is in one day and no two. Where the local clock is put
    on over the hour of ending, the day ends as it is put on; where it shows that hour twice, at the first.

    >>> days = ReportingDays("Europe/Kyiv", "19:30")
    >>> days.day_of(np.array([to_us(datetime(2015, 2, 15, 17, 29, tzinfo=UTC))])) == days.number_of(date(2015, 2, 15))
    array([ True])
    >>> f"{days.begins(days.number_of(date(2015, 2, 15)))}"
    '2015-02-14 17:30:00+00:00'
    """

    def __init__(self, timezone: str, day_ends: str = "24:00") -> None:
        """`timezone` is an IANA name; `day_ends` a local time as `HH:MM`, `24:00` being midnight."""
        self.timezone, self.day_ends = timezone, day_ends
        self._zone = ZoneInfo(timezone)
        self._wall = _MIDNIGHT if day_ends == "24:00" else time.fromisoformat(day_ends)
        self._known: dict[int, int] = {}

    def day_of(self, times_us: Ints) -> Ints:
        """The day of each time; times are microseconds since 1970 in UTC."""
        if not len(times_us):
            return np.zeros(0, dtype=np.int64)
        # No clock is further than a day from UTC.
        first, last = int(times_us.min()) // _DAY_US - 1, int(times_us.max()) // _DAY_US + 2
        ends_us = np.array([self._ends_us(day) for day in range(first, last + 1)], dtype=np.int64)
        return first + np.searchsorted(ends_us, times_us, side="right")

    def begins(self, day: int) -> datetime:
        """When a day begins, in UTC; that moment is in it."""
        return from_us(self._ends_us(day - 1))

    def ends(self, day: int) -> datetime:
        """When a day ends, in UTC; that moment is in the next."""
        return from_us(self._ends_us(day))

    @staticmethod
    def number_of(named: date) -> int:
        """The number of the day that is named by a date."""
        return named.toordinal() - _FIRST

    @staticmethod
    def date_of(day: int) -> date:
        """The date by which a day is named: that on which it ends."""
        return date.fromordinal(day + _FIRST)

    def _ends_us(self, day: int) -> int:
        known = self._known.get(day)
        if known is None:
            # Midnight is the end of one date and the beginning of the next.
            on = self.date_of(day + 1 if self._wall == _MIDNIGHT else day)
            known = self._known[day] = self._first_shown_us(datetime.combine(on, self._wall, self._zone))
        return known

    def _first_shown_us(self, wall: datetime) -> int:
        """The first moment at which the local clock shows a time, or a later one where it is put on over it."""
        by_old, by_new = to_us(wall.astimezone(UTC)), to_us(wall.replace(fold=1).astimezone(UTC))
        if by_old <= by_new:
            return by_old
        # The clock is put on after `by_new` and not after `by_old`, on a full second.
        before, after = by_new // _SECOND_US, by_old // _SECOND_US
        old = self._offset(before)
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if self._offset(middle) == old else (before, middle)
        return after * _SECOND_US

    def _offset(self, second: int) -> timedelta | None:
        return from_us(second * _SECOND_US).astimezone(self._zone).utcoffset()
