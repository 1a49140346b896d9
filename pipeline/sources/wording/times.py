"""When, in words: "02-Oct, 20:20", "night of 2-3 Oct 2018", "between 08:40 and 12:30", "N/K"."""

import re
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from pipeline.model.remark_terms import RemarkRule
from pipeline.sources.wording.clock import Interval, at, interval
from pipeline.sources.wording.reading import Reading, is_unknown, plain

DAY_ENDS = 19 * 60 + 30
"""The minute of the local day at which the reporting day of the OSCE's Special Monitoring Mission ended."""
_DAY = 24 * 60
PARTS = {
    "early hours": (0, 7 * 60),
    "morning": (4 * 60, 12 * 60),
    "afternoon": (12 * 60, 19 * 60),
    "evening": (16 * 60, _DAY),
    "daytime": (6 * 60, 20 * 60),
    "day": (6 * 60, 20 * 60),
    "overnight": (18 * 60, _DAY + 8 * 60),
    "night": (18 * 60, _DAY + 8 * 60),
}
"""Minutes from the day's beginning: our assumption, broad enough for the latitude of 48° in June and in December."""
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            *("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug"),
            *("september sept sep", "october oct", "november nov", "december dec"),
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_CLOCK = r"(?<![0-9:.])([01]?[0-9]|2[0-4])[:.h]([0-5][0-9])(?::([0-5][0-9]))?(?![0-9:])(?:hrs|h)?"
_CLOCKS = re.compile(rf"{_CLOCK}(?: ?(?:-|to|and|until) ?{_CLOCK})?", re.IGNORECASE)
_ISO = re.compile(r"(?<![0-9])([12][0-9]{3})-([01][0-9])-([0-3][0-9])(?![0-9])(?:t(?=[0-9]))?", re.IGNORECASE)
_POINTS = re.compile(r"(?<![0-9])([0-3]?[0-9])[./]([01]?[0-9])[./]([12][0-9]{3})(?![0-9])")
_NAMED = re.compile(
    rf"(?<![0-9:.])([0-3]?[0-9])(?:st|nd|rd|th)?(?: ?(?:-|to|and) ?([0-3]?[0-9])(?:st|nd|rd|th)?)?"
    rf"[ -]?\b({_MONTH})\b\.?"
    r"(?:,?[ -]([12][0-9]{3})\b)?",
    re.IGNORECASE,
)
_PART = re.compile(rf"\b({'|'.join(sorted(PARTS, key=len, reverse=True))})\b", re.IGNORECASE)
_FILLER = re.compile(
    r"\b(?:night|of|on|the|at|in|and|between|from|during|to|hrs|hours|local|time|day|unknown|n/k|to|throughout|"
    r"around|about|approximately|mon|tues?|wed(?:nes)?|thurs?|fri|sat(?:ur)?|sun)(?:day)?\b|[.,;:&()~]",
    re.IGNORECASE,
)


def dates(words: str, near: date | None) -> tuple[list[date], str] | None:
    """The days that are named, and the words without them; a day without a year is the nearest to `near`.

    Where months and days cannot be told apart in figures, the day comes first, as in Europe. None for what is no date.
    """
    text = plain(words)
    found: list[date] = []
    try:
        found += [date(int(match[1]), int(match[2]), int(match[3])) for match in _ISO.finditer(text)]
        text = _ISO.sub(" ", text)
        found += [date(int(match[3]), int(match[2]), int(match[1])) for match in _POINTS.finditer(text)]
        text = _POINTS.sub(" ", text)
        named = list(_NAMED.finditer(text))
        year = next((int(match[4]) for match in reversed(named) if match[4]), None)
        for match in named:
            month = _MONTHS[match[3].casefold()]
            last = _dated(int(match[2] or match[1]), month, year, near)
            if match[2]:
                found.append(_dated(int(match[1]), month, last.year, near))
            found.append(last)
    except ValueError:
        return None
    return found, _NAMED.sub(" ", text)


def _dated(day: int, month: int, year: int | None, near: date | None) -> date:
    if year is not None:
        return date(year, month, day)
    if near is None:
        raise ValueError("no year is named")
    years = [near.year + shift for shift in (-1, 0, 1)]
    possible = [date(year, month, day) for year in years if (month, day) != (2, 29) or year % 4 == 0]
    return min(possible, key=lambda tried: abs(tried - near))


def when(words: str, zone: tzinfo, reported: date | None) -> Reading[Interval] | None:
    """The interval that the words name; None where they name no day and none is known otherwise, or no rule reads them.

    `reported` is the day at whose 19:30 the reporting day ends. A time of the clock without a day is of that reporting
    day, and what is not known is all of it.

    >>> from zoneinfo import ZoneInfo
    >>> when("02-Oct, 20:20", ZoneInfo("Europe/Kyiv"), date(2018, 10, 3)).value.begin.isoformat()
    '2018-10-02T17:20:00+00:00'
    """
    day, _, clock = words.rpartition(" ")
    past = _PAST_MIDNIGHT.get(clock)
    if past is not None and day:
        midnight = _midnight(day, zone, reported)
        if midnight is not None:
            begin = midnight + past
            return Reading(Interval(begin, begin + _MINUTE))
    return _remembered(words, zone, reported)


_MINUTE = timedelta(minutes=1)
_PAST_MIDNIGHT = {f"{minutes // 60:02d}:{minutes % 60:02d}": minutes * _MINUTE for minutes in range(_DAY)}


@lru_cache(maxsize=16_384)
def _midnight(day: str, zone: tzinfo, reported: date | None) -> datetime | None:
    """When a day begins that is written as one and has no change of the clocks: what follows its time needs no rule."""
    read = _remembered(day, zone, reported)
    if read is None or read.rule is not None or read.value.end - read.value.begin != timedelta(days=1):
        return None
    return read.value.begin


@lru_cache(maxsize=16_384)
def _remembered(words: str, zone: tzinfo, reported: date | None) -> Reading[Interval] | None:
    try:
        return _when(words, zone, reported)
    except (OverflowError, ValueError):
        return None


def _when(words: str, zone: tzinfo, reported: date | None) -> Reading[Interval] | None:
    text = plain(words)
    given = dates(text, reported)
    if given is None:
        return None
    days, rest = given
    clocks = list(_CLOCKS.finditer(rest))
    rest = _CLOCKS.sub(" ", rest)
    parts = [match[1].casefold() for match in _PART.finditer(rest)]
    left = _FILLER.sub(" ", _PART.sub(" ", rest)).strip(" -/")
    if not days and reported is None:
        return None
    if (left and not is_unknown(rest)) or len(clocks) > 2 or len(days) > 2:
        return _unread(days, zone, reported)
    if len(clocks) == 2:
        return _from_day_to_day(clocks, days, zone) or _unread(days, zone, reported)
    if clocks:
        return _clocked(clocks[0], days, zone, reported)
    if parts:
        return _parted(parts, days, zone, reported)
    rule = RemarkRule.TIME_NOT_KNOWN if not days or rest.strip(" ,.;-") else None
    return Reading(_whole(days, zone, reported), rule)


def _unread(days: list[date], zone: tzinfo, reported: date | None) -> Reading[Interval]:
    return Reading(_whole(days, zone, reported), RemarkRule.WORDS_UNREAD, doubtful=True)


def _whole(days: list[date], zone: tzinfo, reported: date | None) -> Interval:
    """The days that are named, or else the reporting day."""
    if days:
        return interval(at(min(days), 0), at(max(days), _DAY), zone)
    assert reported is not None
    return interval(at(reported, DAY_ENDS - _DAY), at(reported, DAY_ENDS), zone)


def _clocked(clock: re.Match[str], days: list[date], zone: tzinfo, reported: date | None) -> Reading[Interval] | None:
    """A time of the clock, or a span between two."""
    begin_s = _seconds(clock[1], clock[2], clock[3])
    last = clock[4] is not None
    end_s = _seconds(clock[4], clock[5], clock[6]) if last else begin_s
    length_s = 0 if (clock[6] if last else clock[3]) else 60
    rule = RemarkRule.AS_SAID if last else None
    if not days:
        assert reported is not None
        day = reported - timedelta(days=begin_s >= DAY_ENDS * 60)
        rule = RemarkRule.PART_OF_DAY
    else:
        day = min(days)
    over = timedelta(days=1 if end_s < begin_s else 0)
    if len(days) == 2 and last:
        over = max(days) - day
    elif len(days) == 2:
        return _unread(days, zone, reported)
    begin = at(day, 0) + timedelta(seconds=begin_s)
    end = at(day, 0) + over + timedelta(seconds=end_s + length_s)
    if end < begin:
        return _unread(days, zone, reported)
    doubtful = len(days) < 2 and bool(over) and end - begin > timedelta(hours=12)
    return Reading(interval(begin, end, zone), rule, doubtful)


def _from_day_to_day(clocks: list[re.Match[str]], days: list[date], zone: tzinfo) -> Reading[Interval] | None:
    """From a time of one day to a time of another, each written with its day."""
    first, last = clocks
    if len(days) != 2 or first[4] or last[4]:
        return None
    begin = at(days[0], 0) + timedelta(seconds=_seconds(first[1], first[2], first[3]))
    end = at(days[1], 0) + timedelta(seconds=_seconds(last[1], last[2], last[3]) + (0 if last[3] else 60))
    return Reading(interval(begin, end, zone), RemarkRule.AS_SAID) if begin < end else None


def _seconds(hour: str, minute: str, second: str | None) -> int:
    return int(hour) * 3600 + int(minute) * 60 + int(second or 0)


def _parted(parts: list[str], days: list[date], zone: tzinfo, reported: date | None) -> Reading[Interval]:
    """A part of a day, or several: all of it from the first to the last."""
    if not days:
        assert reported is not None
        days = [reported - timedelta(days=1), reported]
    first, last = min(days), max(days)
    doubtful = False
    begin_day, end_day = first, last
    if {"night", "overnight"} & set(parts):
        # A night runs into the day after; of one day alone, it may be the night before it or the night after.
        end_day = last - timedelta(days=1) if first != last else first
        doubtful = first == last
        begin_day = first - timedelta(days=1) if doubtful and len(parts) == 1 else first
    elif first != last:
        doubtful = True
    begin = min(PARTS[part][0] for part in parts)
    end = max(PARTS[part][1] for part in parts)
    if {"night", "overnight"} & set(parts) and "evening" not in parts and len(parts) > 1:
        begin = min(begin, PARTS["night"][0])
    spanned = interval(at(begin_day, begin), at(end_day, end), zone)
    return Reading(spanned, RemarkRule.PART_OF_DAY, doubtful)
