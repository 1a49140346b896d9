"""Words for people: figures, times, and text that nobody vouches for. Everything that is shown goes through here."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from pipeline.agreement import Agreement

_KEPT = " \u200c\u200d"
"""The joiners are letters' business in several scripts."""

MAX_TEXT = 2_000
"""Characters of a report's own text that are shown; the record has the rest."""

_WINDS = "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW".split()


def safe(text: str, limit: int = MAX_TEXT) -> str:
    r"""Somebody's text on one line, with whatever could steer a terminal or turn the reading direction written out.

    >>> safe("shots\x1b[2J heard")
    'shots\\x1b[2J heard'
    >>> safe("one\n\ntwo")
    'one two'
    """
    line = " ".join(text[: limit + 1].split())
    shown = "".join(char if _harmless(char) else char.encode("unicode_escape").decode() for char in line)
    return shown if len(text) <= limit else shown[:limit].rstrip() + " …"


def _harmless(char: str) -> bool:
    return unicodedata.category(char)[0] not in "CZ" or char in _KEPT


def nearest(asked: str, ids: Sequence[str], noun: str) -> str:
    """What to say of an id that is none of some: those that begin so, or the nearest.

    >>> nearest("al_x", ["al_y"], "alert")
    "no alert has the id 'al_x'; the nearest are al_y"
    """
    beginning = [known for known in ids if asked and known.startswith(asked)]
    if beginning:
        return f"{safe(asked, 60)}: {len(beginning)} {noun}s begin so: {', '.join(beginning[:5])}"
    if not ids:
        return f"{safe(asked, 60)}: this store has no {noun}s"
    near = get_close_matches(asked[:60], ids, n=3, cutoff=0.0)
    return f"no {noun} has the id {safe(asked, 60)!r}; the nearest are {', '.join(near)}"


def probability(value: float) -> str:
    """A probability as a figure; only what is certain says 1.00.

    >>> probability(0.5), probability(0.9999), probability(1.0), probability(0.0521)
    ('0.50', '0.99', '1.00', '0.05')
    """
    return f"{value if value >= 1.0 else min(value, 0.99):.2f}"


def share(value: float) -> str:
    """A share in per cent.

    >>> share(0.624), share(0.004), share(0.9996)
    ('62 %', '0.4 %', '99.96 %')
    """
    percent = value * 100.0
    if percent < 1.0:
        return f"{percent:.1g} %"
    return f"{percent:.4g} %" if 99.0 < percent < 100.0 else f"{percent:.0f} %"


def distance(metres: float) -> str:
    """A length for people: metres below one kilometre, else kilometres, to two figures or so.

    >>> distance(40.2), distance(851), distance(2140), distance(24_500), distance(996)
    ('40 m', '850 m', '2.1 km', '24 km', '1 km')
    """
    if metres < 995.0:
        return f"{round(metres, -1) if metres >= 100.0 else metres:.0f} m"
    return f"{kilometres(metres)} km"


def kilometres(metres: float) -> str:
    """The figure of a length in kilometres.

    >>> kilometres(2140), kilometres(24_500), kilometres(300)
    ('2.1', '24', '0.3')
    """
    figure = metres / 1000.0
    return f"{figure:.0f}" if figure >= 10.0 else f"{figure:.1f}".removesuffix(".0")


def wind(azimuth_deg: float) -> str:
    """The nearest of the sixteen winds.

    >>> wind(0), wind(-90), wind(140)
    ('N', 'W', 'SE')
    """
    return _WINDS[round(azimuth_deg / 22.5) % 16]


def position(lon: float, lat: float) -> str:
    """A place in degrees, latitude first, as people read it.

    >>> position(37.80401, 48.14)
    '48.1400° N 37.8040° E'
    """
    return f"{abs(lat):.4f}° {'N' if lat >= 0 else 'S'} {abs(lon):.4f}° {'E' if lon >= 0 else 'W'}"


def lasting(span: timedelta) -> str:
    """How long, in the greatest fitting unit.

    >>> [lasting(timedelta(seconds=s)) for s in (0, 40, 420, 7200, 86400, 86400 * 200)]
    ['', '40 s', '7 min', '2 h', '1 d', '200 d']
    """
    seconds = span.total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{kilometres(seconds / length * 1000.0)} {unit}"
    return f"{seconds:.0f} s" if seconds else ""


def zone_of(agreement: Agreement | None) -> tzinfo | None:
    """The time zone in which an agreement's people read the clock."""
    return ZoneInfo(agreement.tables.header.timezone) if agreement is not None else None


def zone_name(zone: tzinfo) -> str:
    """A time zone in one word.

    >>> zone_name(ZoneInfo("Europe/Kyiv"))
    'Kyiv'
    """
    return str(zone).rsplit("/", 1)[-1].replace("_", " ")


def stamp(moment: datetime) -> str:
    """A UTC time to the minute, or to the second where it has any.

    >>> from datetime import UTC
    >>> stamp(datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    '2026-01-02 03:04'
    """
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment.second else f"{moment:%Y-%m-%d %H:%M}"
