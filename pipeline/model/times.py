"""Times as numbers: microseconds since 1970 in UTC."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EXACT_S = 2.0**32


def to_us(time: datetime) -> int:
    """Microseconds since the epoch, exact."""
    return (time - EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The time, in UTC, of `us` microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=us)


def to_us_array(times: Iterable[datetime]) -> NDArray[np.int64]:
    """Microseconds since the epoch for many aware times, exact."""
    given = times if isinstance(times, list) else list(times)
    # By way of the class, as pandas' own times would give nanoseconds too, which no record has.
    seconds = np.fromiter(map(datetime.timestamp, given), dtype=np.float64, count=len(given))
    us = np.rint(seconds * 1e6).astype(np.int64)
    # Further off, a float of seconds no longer tells one microsecond from the next.
    for index in np.flatnonzero(np.abs(seconds) >= _EXACT_S).tolist():
        us[index] = to_us(given[index])
    return us


def iso_texts(us: NDArray[np.int64]) -> list[str]:
    """Times as RFC 3339 in UTC; with microseconds where there are any.

    >>> iso_texts(np.array([0, 1_500_000]))
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:01.500000Z']
    """
    texts: list[str] = np.datetime_as_string(us.astype("datetime64[us]")).tolist()
    return [f"{text[:19]}Z" if text.endswith(".000000") else f"{text}Z" for text in texts]
