"""NASA FIRMS: thermal anomalies that a satellite saw; one row is one pixel."""

import io
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import BinaryIO

from pipeline.model.footprint import Disc
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Origin, Remark, Report
from pipeline.model.taxonomy import Activity, RejectReason
from pipeline.sources.base import ReadContext, Row, RowError, read_table
from pipeline.sources.cells import finite
from pipeline.sources.codes import codes_of
from pipeline.sources.records import Dialect, Record, Table
from pipeline.sources.remembering import remembering

COLUMNS = (
    "latitude longitude bright_ti4 scan track acq_date acq_time satellite instrument confidence version bright_ti5 frp "
    "daynight"
).split()
"""The layout by which a file without a header is read."""
_NEEDED = frozenset("latitude longitude scan track acq_date acq_time satellite confidence frp".split())
_BRIGHTNESS = {"brightness": "MODIS", "bright_ti4": "VIIRS"}
SATELLITES = {
    "t": "Terra", "a": "Aqua", "terra": "Terra", "aqua": "Aqua", "n": "Suomi NPP", "n20": "NOAA-20", "1": "NOAA-20",
    "n21": "NOAA-21",
}  # fmt: skip
LONGEST_KM = 10.0
"""Twice the widest pixel at the edge of a MODIS swath: more is no pixel."""
STRONG_MW = 100.0
"""A radiative power that is much for one pixel; an assumption."""
_LOW = ("l", "low")
_LOW_PERCENT = 30.0
_MINUTE = timedelta(minutes=1)


class Firms:
    """Reads the active fire tables of MODIS and VIIRS, near real time and archive."""

    name = "firms"
    title = "NASA FIRMS: thermal anomalies seen by MODIS and VIIRS (CSV)"
    describe = """\
The active fire tables of NASA's FIRMS, near real time and archive, as CSV. Columns go by their names, in any order.
A row is a pixel that was hot: evidence of heat, and never by itself of a violation.

report_id     firms:row-<24 digits of the row's SHA-256>: FIRMS gives no id
observed      the minute of the pass: acq_date and acq_time in UTC. 35, 0035, 00:35 and 00:35:00 are the same
footprint     a disc about the pixel's centre, of half the pixel's diagonal: scan and track in km are its real size,
              which grows towards the edge of the swath. How the pixel is turned is not known: the disc is
              the least that holds it however it lies. Without a size, or with none up to 10 km: rejected
activity      heat
remark        confidence (0 to 100, or l, n, h, or words), frp in MW, daynight, type and version as they are said.
              Low confidence (below 30) with 100 MW and more is doubtful: code_doubted
ledger        sensor; observer satellite/instrument, such as NOAA-20/VIIRS
weapons, count, attribution, published_at, text, url
              none
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether the first row is a header of FIRMS."""
        first = Table(io.BytesIO(head), Dialect()).take(None)
        return first is not None and _is_header(_plain(first))

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each pixel; the header is no row."""
        table = Table(stream, Dialect())
        first = table.take(None)
        if first is None:
            return
        columns = _plain(first)
        if not _is_header(columns):
            columns = COLUMNS
            table.give_back(first)
        yield from read_table(self.name, context, table.records(len(columns)), _Reader(columns, context).report)


def _plain(record: Record) -> list[str]:
    return [cell.strip().lower() for cell in record.fields]


def _is_header(columns: list[str]) -> bool:
    return set(columns) >= _NEEDED and not _BRIGHTNESS.keys().isdisjoint(columns)


class _Reader:
    """Makes a report of one row's fields."""

    def __init__(self, columns: list[str], context: ReadContext) -> None:
        at = {name: index for index, name in enumerate(columns)}
        self._lon, self._lat, self._scan, self._track = (at[x] for x in ("longitude", "latitude", "scan", "track"))
        self._date, self._time, self._satellite = at["acq_date"], at["acq_time"], at["satellite"]
        self._confidence, self._frp, self._instrument = at["confidence"], at["frp"], at.get("instrument")
        self._others = tuple(at.get(name) for name in ("daynight", "type", "version"))
        self._own = next((name for column, name in _BRIGHTNESS.items() if column in at), "")
        self._feed = context.feed

    def report(self, fields: list[str], origin: Origin) -> Report:
        """The report, not yet checked.

        Raises:
            RowError: the row cannot be read.
        """
        begins, ends = _minute(fields[self._date], fields[self._time])
        instrument = self._own if self._instrument is None else fields[self._instrument]
        daynight, kind, version = ("" if at is None else fields[at] for at in self._others)
        return Report(
            report_id=f"firms:row-{origin.sha256[:24]}",
            source="firms",
            observed_from=begins,
            observed_until=ends,
            footprint=Disc(
                finite(fields[self._lon].strip(), "longitude"),
                finite(fields[self._lat].strip(), "latitude"),
                _radius_m(fields[self._scan], fields[self._track]),
            ),
            activity=Activity.HEAT,
            feed=self._feed,
            observer=_observer(fields[self._satellite], instrument),
            ledger="sensor",
            remarks=(_seen(fields[self._confidence], fields[self._frp], _said(daynight, kind, version)),),
            origin=origin,
        )


@remembering(65_536)
def _radius_m(scan: str, track: str) -> float:
    """Half the diagonal of the pixel."""
    sides = finite(scan.strip(), "scan"), finite(track.strip(), "track")
    for side, field in zip(sides, ("scan", "track"), strict=True):
        if not 0.0 < side <= LONGEST_KM:
            raise RowError(field, RejectReason.BAD_VALUE, f"{side} km is no side of a pixel")
    return math.hypot(*sides) / 2 * 1000


@remembering(16_384)
def _minute(day: str, at: str) -> tuple[datetime, datetime]:
    try:
        begins = datetime.combine(date.fromisoformat(_given(day, "acq_date")), _clock(_given(at, "acq_time")), UTC)
    except ValueError as error:
        raise RowError("acq_time", RejectReason.BAD_TIME, f"{f'{day} {at}'[:80]!r} is no time: {error}") from error
    if not 1900 <= begins.year <= 2100:
        raise RowError("acq_date", RejectReason.TIME_OUT_OF_RANGE, f"{day[:80]!r} is not between 1900 and 2100")
    return begins, begins + _MINUTE


def _given(text: str, field: str) -> str:
    text = text.strip()
    if not text:
        raise RowError(field, RejectReason.MISSING, "the field is empty")
    return text


def _clock(text: str) -> time:
    """The minute of `35`, `0035`, `35.0`, `00:35` or `00:35:00`."""
    hours, colon, rest = text.partition(":")
    if colon:
        minutes, _, seconds = rest.partition(":")
        if seconds and not (seconds.isascii() and seconds.isdigit() and int(seconds) < 60):
            raise ValueError("its seconds cannot be read")
    else:
        digits = hours.removesuffix(".0").zfill(4)
        hours, minutes = digits[:-2], digits[-2:]
    if not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in (hours, minutes)):
        raise ValueError("it is not written as 0035 or 00:35:00")
    return time(int(hours), int(minutes))


@remembering(1_024)
def _observer(satellite: str, instrument: str) -> str:
    name = _given(satellite, "satellite")
    return f"{SATELLITES.get(name.lower(), name)}/{instrument.strip()}".removesuffix("/")[:300]


@remembering(1_024)
def _said(daynight: str, kind: str, version: str) -> str:
    """What a row says beside its confidence and power, where it says it."""
    codes = codes_of("firms")
    for column, cell in (("daynight", daynight), ("type", kind)):
        if cell.strip():
            codes[column].of(cell.strip().removesuffix(".0"), column)
    named = (("daynight", daynight), ("type", kind), ("version", version))
    return "".join(f", {name} {cell.strip()}" for name, cell in named if cell.strip())[:200]


@remembering(1_024)
def _is_low(confidence: str) -> bool:
    """Whether a confidence is low: by word, or in percent."""
    word = _given(confidence, "confidence").lower()
    if word[0].isdigit():
        percent = finite(word, "confidence")
        if percent > 100.0:
            raise RowError("confidence", RejectReason.BAD_VALUE, f"{word[:80]!r} is not between 0 and 100")
        return percent < _LOW_PERCENT
    codes_of("firms")["confidence"].of(word, "confidence")
    return word in _LOW


def _seen(confidence: str, frp: str, others: str) -> Remark:
    """What the source says of the pixel, kept as it is said; doubtful where confidence and power contradict."""
    power = frp.strip()
    doubted = bool(power) and finite(power, "frp") >= STRONG_MW
    doubted = _is_low(confidence) and doubted
    said = f"confidence {confidence.strip()}{f', frp {power[:40]} MW' if power else ''}{others}"
    return Remark("activity", said, RemarkRule.CODE_DOUBTED if doubted else RemarkRule.AS_SAID, doubted)
