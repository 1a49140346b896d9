"""Times in a table's cells: as precise as they are written, in the zone that the mapping names."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from enum import IntEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import RowError
from pipeline.sources.cells import finite
from pipeline.sources.csv_binding import REMEMBERED, Binder, Fields, Getter
from pipeline.sources.csv_mapping import Cell, Moment, Observed
from pipeline.sources.remembering import Remembered


class Precision(IntEnum):
    """How long a written time lasts, from the finest to the coarsest."""

    INSTANT = 0
    MINUTE = 1
    HOUR = 2
    DAY = 3
    MONTH = 4
    YEAR = 5


_EPOCHS = {"epoch_s": 1.0, "epoch_ms": 1000.0}
_PROBE = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
_ISO_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:([ T][0-9]{2})(:[0-9]{2})?(:[0-9]{2})?.*)?", re.DOTALL)
Written = tuple[datetime, Precision]
Interval = tuple[datetime, datetime]


def observed(binder: Binder, spec: Observed) -> Callable[[Fields], Interval]:
    """The interval of a row."""
    start = moment(binder, "time", "observed_from", spec)
    until = moment(binder, "time.until", "observed_until", spec.until) if spec.until is not None else None
    stated = Cell(value=spec.precision) if isinstance(spec.precision, str) else spec.precision
    precision = binder.cell("time.precision", stated, _precision) if stated is not None else None
    minutes = (
        binder.number("time.duration_minutes", spec.duration_minutes) if spec.duration_minutes is not None else None
    )
    if until is not None and minutes is not None:
        raise binder.wrong("time", "give either until or duration_minutes")

    def interval(fields: Fields) -> Interval:
        coarse = (precision(fields) if precision is not None else None) or Precision.INSTANT
        written = start(fields)
        if written is None:
            raise RowError("observed_from", RejectReason.MISSING, "the time is empty")
        first, last = _lasting(written, coarse)
        ended = until(fields) if until is not None else None
        if ended is not None:
            end = _lasting(ended, coarse)[1]
            if end < first or _lasting(ended, coarse)[0] < first:
                raise RowError("observed_until", RejectReason.END_BEFORE_START, f"{ended[0]} is before {written[0]}")
            return first, end
        lasts = minutes(fields) if minutes is not None else None
        return first, last if lasts is None else _later(last, lasts)

    return interval


def moment(binder: Binder, key: str, field: str, spec: Moment) -> Getter[Written]:
    """A time and how precisely it is written; None where its cells are empty."""
    columns = [spec.column] if isinstance(spec.column, str) else spec.column
    places = [binder.column(f"{key}.column", name) for name in columns]
    zone = _zone(binder, key, spec.timezone)
    if not places or not spec.formats:
        raise binder.wrong(key, "give at least one column and one format")
    readers = [_reader(binder, f"{key}.formats", form) for form in spec.formats]
    named = " and ".join(repr(name) for name in columns)

    def read(cells: str) -> Written | None:
        text = cells.strip()
        if not text:
            return None
        for reader in readers:
            try:
                time, precision = reader(text)
            except (ValueError, OverflowError, OSError, RowError):
                continue
            return _placed(time, zone, field, text), precision
        listed = ", ".join(spec.formats)
        raise RowError(field, RejectReason.BAD_TIME, f"column {named}: {text[:80]!r} is not written as {listed}")

    written, first = Remembered(read, REMEMBERED), places[0]
    if len(places) == 1:
        return lambda fields: written[fields[first]]
    return lambda fields: written[" ".join([fields[at].strip() for at in places])]


def published(binder: Binder, spec: Moment) -> Getter[datetime]:
    """A single time: the beginning of what is written."""
    get = moment(binder, "published_at", "published_at", spec)

    def beginning(fields: Fields) -> datetime | None:
        written = get(fields)
        return None if written is None else _lasting(written, Precision.INSTANT)[0]

    return beginning


def _precision(value: object) -> Precision:
    word = str(value).upper()
    if word not in Precision.__members__:
        raise ValueError(f"{value!r} is none of {', '.join(name.lower() for name in Precision.__members__)}")
    return Precision[word]


def _zone(binder: Binder, key: str, name: str | None) -> tzinfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise binder.wrong(f"{key}.timezone", f"{name!r} is no IANA time zone such as 'Europe/Kyiv'") from error


def _reader(binder: Binder, key: str, form: str) -> Callable[[str], Written]:
    if form == "iso":
        return _iso
    if form in _EPOCHS:
        per_second = _EPOCHS[form]
        return lambda text: (datetime.fromtimestamp(finite(text, key) / per_second, UTC), Precision.INSTANT)
    try:
        probe = datetime.strptime(_PROBE.strftime(form), form)  # noqa: DTZ007 - only to see which parts it has
    except ValueError as error:
        raise binder.wrong(
            key, f"{form!r} is no format: {error}. Write 'iso', 'epoch_s', 'epoch_ms' or such as '%Y-%m-%d'."
        ) from error
    if probe.year != _PROBE.year:
        raise binder.wrong(key, f"{form!r} has no year")
    precision = _precision_of(probe)
    return lambda text: (datetime.strptime(text, form), precision)  # noqa: DTZ007 - _placed sets the zone


def _precision_of(probe: datetime) -> Precision:
    parts = (
        (probe.month == _PROBE.month, Precision.YEAR),
        (probe.day == _PROBE.day, Precision.MONTH),
        (probe.hour == _PROBE.hour, Precision.DAY),
        (probe.minute == _PROBE.minute, Precision.HOUR),
        (probe.second == _PROBE.second, Precision.MINUTE),
    )
    return next((without for there, without in parts if not there), Precision.INSTANT)


def _iso(text: str) -> Written:
    match = _ISO_TIME.fullmatch(text)
    if match is None:
        raise ValueError("it is not written YYYY-MM-DD")
    by_parts = (Precision.DAY, Precision.HOUR, Precision.MINUTE, Precision.INSTANT)
    return datetime.fromisoformat(text), by_parts[sum(part is not None for part in match.groups())]


def _placed(time: datetime, zone: tzinfo | None, field: str, text: str) -> datetime:
    """The time in its zone, of a year in which arithmetic is safe."""
    if not 1900 <= time.year <= 2100:
        raise RowError(field, RejectReason.TIME_OUT_OF_RANGE, f"{text[:80]!r} is not between 1900 and 2100")
    if time.tzinfo is not None:
        return time if zone is None else time.astimezone(zone)
    if zone is None:
        raise RowError(field, RejectReason.BAD_TIME, f"{text[:80]!r} has no zone, and the mapping names no timezone")
    return time.replace(tzinfo=zone)


@lru_cache(maxsize=REMEMBERED)
def _lasting(written: Written, coarse: Precision) -> Interval:
    """The interval that a written time stands for, in UTC.

    A local time that occurs twice, or never, in the night of a change of the clocks lasts over both of its readings.
    """
    time, natural = written
    precision = max(natural, coarse)
    begin, end = _floor(time, precision), _floor(time, precision)
    if precision is Precision.DAY:
        end = end + timedelta(days=1)
    elif precision is Precision.MONTH:
        end = (end + timedelta(days=31)).replace(day=1)
    elif precision is Precision.YEAR:
        end = end.replace(year=end.year + 1)
    lasts = timedelta(minutes={Precision.MINUTE: 1, Precision.HOUR: 60}.get(precision, 0))
    first = min(begin.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    last = max(end.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, last + lasts


def _floor(time: datetime, precision: Precision) -> datetime:
    if precision >= Precision.MINUTE:
        time = time.replace(second=0, microsecond=0)
    if precision >= Precision.HOUR:
        time = time.replace(minute=0)
    if precision >= Precision.DAY:
        time = time.replace(hour=0)
    if precision >= Precision.MONTH:
        time = time.replace(day=1)
    return time.replace(month=1) if precision >= Precision.YEAR else time


def _later(time: datetime, minutes: float) -> datetime:
    if not 0 <= minutes <= 60 * 24 * 366 * 100:
        raise RowError("observed_until", RejectReason.BAD_VALUE, f"{minutes} minutes are no duration")
    return time + timedelta(minutes=minutes)
