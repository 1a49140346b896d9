"""When to try again, and when to give up: exponential backoff with full jitter, and what the other asks for."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

from pipeline.notify.exchange import Answer

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=5)
MOST_ASKED = timedelta(hours=1)
"""A receiver that asks for a longer pause is asked again after this."""

_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class Verdict(StrEnum):
    """What becomes of something that was sent."""

    DELIVERED = "delivered"
    AGAIN = "again"
    REFUSED = "refused"
    GONE = "gone"


def verdict(status: int) -> Verdict:
    """What a status means. A redirect is not followed: it is tried again until somebody corrects the address.

    >>> verdict(204), verdict(503), verdict(302), verdict(400), verdict(429), verdict(410)
    (<Verdict.DELIVERED: 'delivered'>, <Verdict.AGAIN: 'again'>, <Verdict.AGAIN: 'again'>, \
<Verdict.REFUSED: 'refused'>, <Verdict.AGAIN: 'again'>, <Verdict.GONE: 'gone'>)
    """
    if 200 <= status < 300:
        return Verdict.DELIVERED
    if status == HTTPStatus.GONE:
        return Verdict.GONE
    return Verdict.REFUSED if 400 <= status < 500 and status not in _PASSING else Verdict.AGAIN


def backoff(failures: int, chance: float) -> timedelta:
    """How long to wait after so many failures in a row: anything up to a bound that doubles.

    >>> backoff(1, 0.5), backoff(4, 1.0), backoff(60, 1.0)
    (datetime.timedelta(microseconds=500000), datetime.timedelta(seconds=8), datetime.timedelta(seconds=300))

    Args:
        chance: from 0 to 1, drawn anew each time: whoever failed together does not come back together.
    """
    return chance * min(LONGEST, FIRST * (1 << min(failures - 1, 16)))


def asked_pause(answer: Answer, now: datetime) -> timedelta:
    """The pause that a receiver asks for (Retry-After, seconds or a date); none where it asks for none."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return min(timedelta(seconds=int(said[:9])), MOST_ASKED)
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return timedelta()
    if until.tzinfo is None:
        return timedelta()
    return min(max(until - now, timedelta()), MOST_ASKED)
