"""Times as numbers: microseconds since 1970 in UTC."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(time: datetime) -> int:
    """Microseconds since the epoch, exact."""
    return (time - EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The time, in UTC, of `us` microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=us)


def to_us_array(times: Iterable[datetime]) -> NDArray[np.int64]:
    """Microseconds since the epoch for many aware times; exact between the years 1900 and 2100."""
    seconds = np.fromiter((time.timestamp() for time in times), dtype=np.float64)
    return np.rint(seconds * 1e6).astype(np.int64)
