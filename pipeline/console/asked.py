"""What requests ask with: kinds of parameters that several paths have."""

from datetime import UTC, datetime
from typing import Annotated, overload

from litestar.params import FromQuery, QueryParameter

Name = Annotated[str | None, QueryParameter(max_length=200)]
Cursor = Annotated[str | None, QueryParameter(max_length=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]
Moment = FromQuery[datetime | None]
From = Annotated[datetime | None, QueryParameter(name="from")]


@overload
def utc(time: datetime) -> datetime: ...


@overload
def utc(time: None) -> None: ...


def utc(time: datetime | None) -> datetime | None:
    """A time of a request: UTC, unless it has a zone of its own.

    >>> utc(datetime(2016, 3, 1)).isoformat()
    '2016-03-01T00:00:00+00:00'
    """
    return time if time is None or time.tzinfo is not None else time.replace(tzinfo=UTC)
