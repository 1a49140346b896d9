"""What was seen and not seen since: how long ago that was, as of a day. Silence does not say that it is gone."""

from datetime import date, datetime
from typing import Any, NamedTuple

from pipeline.agreement.days import ReportingDays
from pipeline.law.saying import plural
from pipeline.model.records import Alert
from pipeline.model.times import to_us_array


class Unseen(NamedTuple):
    """How an alert of something that lasts stands at the end of a day.

    Attributes:
        last_seen: the reporting day of the latest sighting.
        days: so many reporting days have ended since.
        ends_on: the day with whose end it is over, should nobody see it again; None where silence ends nothing.
        over: whether that day has ended.
        seen_again: when it was seen after it had lapsed: that is another alert.
    """

    last_seen: date
    days: int
    ends_on: date | None
    over: bool
    seen_again: date | None


def unseen(alert: Alert, days: ReportingDays, as_of: date) -> Unseen | None:
    """How long an alert's subject has not been seen; None of what does not last, or was seen to be gone."""
    figures = alert.figures
    if not isinstance(figures.get("last_seen"), str) or figures.get("closed") is not None:
        return None
    last, again = _day(figures, "last_seen", days), _day(figures, "seen_again", days)
    assert last is not None
    ends = date.fromisoformat(figures["ends_on"]) if figures.get("ends_on") else None
    number = max(0, days.number_of(as_of) - days.number_of(last))
    return Unseen(last, number, ends, ends is not None and ends <= as_of, again)


def last_seen_words(days: int, last_seen: date) -> str:
    """How long ago something was seen last; empty where that was on the day itself.

    >>> last_seen_words(45, date(2016, 3, 1))
    'last seen 45 days ago, on 2016-03-01; not seen since'
    """
    return f"last seen {plural(days, 'day')} ago, on {last_seen}; not seen since" if days > 0 else ""


def _day(figures: dict[str, Any], name: str, days: ReportingDays) -> date | None:
    if figures.get(name) is None:
        return None
    return days.date_of(int(days.day_of(to_us_array([datetime.fromisoformat(figures[name])]))[0]))
