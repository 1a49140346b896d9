"""What the terminal says of alerts: signs, times, and text that can steer no terminal."""

import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from pipeline.agreement import Agreement
from pipeline.console.records import Listed
from pipeline.law.waiting import is_unacknowledged
from pipeline.model.taxonomy import Severity, Standing

SIGNS = {Severity.GRAVE: "▲△", Severity.SERIOUS: "◆◇", Severity.MINOR: "●○"}
"""Of each severity: the sign of what nobody has acknowledged, and that of the rest."""

GRAVEST_FIRST = tuple(reversed(Severity))

_JOINERS = "\u200c\u200d"
_NAME = 40


def harmless(text: str, limit: int = 400) -> str:
    r"""Somebody's words on one line; what could steer a terminal, or turn the reading direction, is written out.

    >>> harmless("one\x1b[2J\ntwo")
    'one\\x1b[2J two'
    """
    line = " ".join(text[:limit].split())
    if line.isprintable():
        return line
    return "".join(one if _shown(one) else one.encode("unicode_escape").decode() for one in line)


def _shown(char: str) -> bool:
    return char == " " or char in _JOINERS or unicodedata.category(char)[0] not in "CZ"


def plain(term: str) -> str:
    """A term of a list as people read it.

    >>> plain("not_a_violation")
    'not a violation'
    """
    return term.replace("_", " ")


def sign(severity: Severity, waits: bool) -> str:
    """The sign of a severity, filled where an alert waits for somebody to acknowledge it."""
    return SIGNS[severity][0 if waits else 1]


def chance(probability: float) -> str:
    """A probability as it is told everywhere: certainty is said of nothing.

    >>> chance(0.9999), chance(1.0)
    ('0.99', '1.00')
    """
    return f"{1.0 if probability >= 1.0 else min(probability, 0.99):.2f}"


def lasting(span: timedelta) -> str:
    """How long, in the unit that fits.

    >>> [lasting(timedelta(minutes=minutes)) for minutes in (0.5, 40, 200, 4000)]
    ['30 s', '40 min', '3 h', '3 days']
    """
    minutes = max(span, timedelta()) / timedelta(minutes=1)
    if minutes < 1:
        return f"{round(minutes * 60)} s"
    if minutes < 90:
        return f"{round(minutes)} min"
    return f"{round(minutes / 60)} h" if minutes < 48 * 60 else f"{round(minutes / 1_440)} days"


def zone_of(agreement: Agreement | None) -> tzinfo:
    """The time zone of an agreement; UTC where its data is not at hand."""
    return UTC if agreement is None else ZoneInfo(agreement.tables.header.timezone)


def zone_name(zone: tzinfo) -> str:
    """A time zone in one word.

    >>> zone_name(ZoneInfo("Europe/Kyiv"))
    'Kyiv'
    """
    return str(zone).rpartition("/")[2].replace("_", " ")


def clock(time: datetime) -> str:
    """The time of the day in UTC."""
    return f"{time.astimezone(UTC):%H:%M:%S} UTC"


def both(time: datetime, zone: tzinfo) -> str:
    """A time in the agreement's zone and in UTC.

    >>> both(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), ZoneInfo("Europe/Kyiv"))
    '2026-03-02 01:30 Kyiv (2026-03-01 23:30 UTC)'
    """
    utc = time.astimezone(UTC)
    if zone is UTC:
        return f"{utc:%Y-%m-%d %H:%M} UTC"
    here = time.astimezone(zone)
    same = here.date() == utc.date()
    return f"{here:%Y-%m-%d %H:%M} {zone_name(zone)} ({utc:{'%H:%M' if same else '%Y-%m-%d %H:%M'}} UTC)"


def marks(alert: Listed, overdue: bool, short: bool) -> list[str]:
    """How an alert stands, in a few words each; in fewer where there is little room."""
    found = [plain(alert.status)]
    if alert.standing is Standing.POSSIBLE:
        found.append("only possible")
    if overdue:
        found.append("OVERDUE")
    elif is_unacknowledged(alert):
        # Its sign is filled, which says the same.
        found += [] if short else ["not acknowledged"]
    elif alert.acknowledged_by:
        found.append(f"seen by {harmless(alert.acknowledged_by, _NAME)}")
    if alert.assignee:
        found.append(f"for {harmless(alert.assignee, _NAME)}")
    return found


def whereabouts(alert: Listed) -> str:
    """Where an alert is, and how far off the line."""
    return " · ".join(harmless(one) for one in (alert.place, alert.off_line) if one)
